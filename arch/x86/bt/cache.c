/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The store of blocks.  Code, blocks, links and marks are taken from the ends of their arrays; when one
 * is full everything is forgotten and made again as it is needed: simple, and what is needed comes
 * back at the rate at which it is executed.
 *
 * A dropped block keeps its bytes until then, but nothing leads to it: not the host's hash table, not
 * the guest's tables, no link.
 */
#include "arch/x86/bt/bt_priv.h"

#include "hv/core/kheap.h"
#include "hv/lib/assert.h"
#include "hv/lib/string.h"

/* Links and marks that one block may need. */
#define LINKS_LEAST (MAX_INSNS + 1)
#define MARKS_LEAST ((MAX_INSNS * 12 + 64) * 5)

u32 block_number(const struct bt *bt, const struct bt_block *block)
{
	return (u32)(block - bt->blocks);
}

static u32 *bucket(struct bt *bt, u32 eip)
{
	return &bt->buckets[(eip ^ eip >> 12) % BUCKETS];
}

u32 find_block(const struct bt *bt, u32 eip)
{
	u32 i = *bucket((struct bt *)bt, eip);

	while (i && bt->blocks[i].eip != eip)
		i = bt->blocks[i].hash_next;
	return i;
}

static u32 *branch_entry(struct bt *bt, u32 eip)
{
	return (u32 *)bt->config.cache + (eip & 0xffff);
}

struct hash_entry {
	u32 eip, target;
};

static struct hash_entry *hash_entry(struct bt *bt, u32 eip)
{
	struct hash_entry *table = (struct hash_entry *)(bt->config.cache + HASH_OFFSET);

	return &table[(eip ^ eip >> 12) % HASH_ENTRIES];
}

/* A free entry has no target, and an EIP whose probes begin elsewhere: those of EIP 0 begin at 0. */
static void free_entry(struct bt *bt, u32 index)
{
	struct hash_entry *table = (struct hash_entry *)(bt->config.cache + HASH_OFFSET);

	table[index] = (struct hash_entry){ index < HASH_PROBES ? HASH_ENTRIES / 2 : 0, 0 };
}

static void free_entries(struct bt *bt)
{
	for (u32 i = 0; i < HASH_ENTRIES + HASH_PROBES; i++)
		free_entry(bt, i);
}

void insert_block(struct bt *bt, u32 number)
{
	struct bt_block *block = &bt->blocks[number];
	u32 *head = bucket(bt, block->eip);

	block->hash_next = *head;
	*head = number;
	if (block->pad)
		bt_enter_indirect(bt, block->eip);
}

/* Make the block at @eip, if there is one, the target of indirect branches there. */
void bt_enter_indirect(struct bt *bt, u32 eip)
{
	u32 number = find_block(bt, eip);
	struct bt_block *block = &bt->blocks[number];
	struct hash_entry *entry = hash_entry(bt, eip);
	u32 way = number % HASH_PROBES; /* if none is free */

	if (!number || !may_chain(bt, number))
		return;
	if (!block->pad && room_for_block(bt)) {
		struct bt_block *pad = block_begin(bt, eip, BLOCK_PAD);
		struct emit e;

		emit_begin(bt, &e, pad);
		emit_pad(&e, eip);
		emit_mark(&e, eip, 0, 0);
		emit_jump(&e, block_body(block));
		emit_end(&e);
		block->pad = pad->begin;
	}
	if (block->pad)
		*branch_entry(bt, eip) = tc_linear(bt, block->pad);
	for (u32 i = 0; i < HASH_PROBES; i++)
		if (!entry[i].target || entry[i].eip == eip) {
			way = i;
			break;
		}
	entry[way] = (struct hash_entry){ eip, tc_linear(bt, block_body(block)) };
}

void leave_tables(struct bt *bt, const struct bt_block *block)
{
	const struct hash_entry *entry = hash_entry(bt, block->eip);
	u32 index = (u32)(entry - (struct hash_entry *)(bt->config.cache + HASH_OFFSET));

	if (block->pad && *branch_entry(bt, block->eip) == tc_linear(bt, block->pad))
		*branch_entry(bt, block->eip) = tc_linear(bt, bt->slow_routine);
	for (u32 i = 0; i < HASH_PROBES; i++)
		if (entry[i].target == tc_linear(bt, block_body(block)))
			free_entry(bt, index + i);
}

void drop_block(struct bt *bt, u32 number)
{
	struct bt_block *block = &bt->blocks[number];
	u32 *at = bucket(bt, block->eip);

	ASSERT(block->kind == BLOCK_CODE);
	while (*at != number)
		at = &bt->blocks[*at].hash_next;
	*at = block->hash_next;
	leave_tables(bt, block);
	unlink_all(bt, block);
	for (u32 i = 0; i < 2; i++)
		if (block->gfn[i] != NO_GFN)
			page_remove_block(bt, number, i);
	block->kind = BLOCK_DEAD;
	bt->generation++;
	bt->stats.dropped++;
}

bool room_for_block(const struct bt *bt)
{
	return bt->code_used + BLOCK_ROOM <= bt->code_end && bt->block_count + 2 <= BLOCK_LIMIT &&
	       bt->link_count + LINKS_LEAST <= LINK_LIMIT &&
	       bt->mark_bytes + MARKS_LEAST <= MARK_LIMIT && bt->page_count + 2 <= PAGE_LIMIT &&
	       bt->map_count + 2 <= MAP_LIMIT && bt->region_count + 2 <= REGIONS;
}

struct bt_block *block_begin(struct bt *bt, u32 eip, enum block_kind kind)
{
	struct bt_block *block = &bt->blocks[bt->block_count++];

	*block = (struct bt_block){ .eip = eip, .gfn = { NO_GFN, NO_GFN }, .kind = (u8)kind };
	block->begin = bt->code_used;
	block->mark = bt->mark_bytes;
	block->first_link = bt->link_count;
	/* Whatever it begins with is known from its first byte on. */
	return block;
}

void bt_flush(struct bt *bt)
{
	u32 *table = (u32 *)bt->config.cache;
	struct bt_block *routine;
	struct emit e;

	forget_pages(bt);
	forget_map(bt);
	memset(bt->buckets, 0, sizeof(bt->buckets));
	free_entries(bt);
	bt->code_used = CODE_OFFSET;
	bt->block_count = bt->link_count = 1; /* number 0 is none */
	bt->mark_bytes = bt->sysexit_count = 0;
	bt->last = NULL;
	memset(bt->places, 0, sizeof(bt->places));
	memset(bt->patches, 0, sizeof(bt->patches));
	bt->generation++;
	bt->stats.flushes++;

	routine = block_begin(bt, 0, BLOCK_ROUTINE);
	bt->slow_routine = routine->begin;
	emit_begin(bt, &e, routine);
	emit_slow_routine(&e);
	emit_end(&e);
	for (u32 i = 0; i < BRANCH_ENTRIES; i++)
		table[i] = tc_linear(bt, bt->slow_routine);
}

void bt_move(struct bt *bt, u32 cache_linear, u32 shared_linear, u32 if_linear)
{
	bt->config.cache_linear = cache_linear;
	bt->config.shared_linear = shared_linear;
	bt->config.if_linear = if_linear;
	bt_flush(bt);
}

static bool allocate(struct bt *bt)
{
	bt->blocks = kheap_alloc(BLOCK_LIMIT * sizeof(*bt->blocks));
	bt->links = kheap_alloc(LINK_LIMIT * sizeof(*bt->links));
	bt->marks = kheap_alloc(MARK_LIMIT);
	bt->pages = kheap_alloc(PAGE_LIMIT * sizeof(*bt->pages));
	bt->map = kheap_alloc(MAP_LIMIT * sizeof(*bt->map));
	return bt->blocks && bt->links && bt->marks && bt->pages && bt->map;
}

struct bt *bt_create(const struct bt_config *config)
{
	struct bt *bt = kheap_alloc(sizeof(*bt));
	u32 room = BT_CACHE_BYTES - CODE_OFFSET;

	if (!bt)
		return NULL;
	bt->config = *config;
	bt->max_insns = config->knobs.max_insns ? MIN(config->knobs.max_insns, MAX_INSNS) : MAX_INSNS;
	if (config->knobs.cache_bytes)
		room = MIN(MAX(config->knobs.cache_bytes, 2 * BLOCK_ROOM), room);
	bt->code_end = CODE_OFFSET + room;
	if (!allocate(bt)) {
		bt_destroy(bt);
		return NULL;
	}
	bt_flush(bt);
	bt->stats.flushes = 0;
	gmem_listen(config->gmem, GMEM_CODE, bt_code_written, bt);
	gmem_listen(config->gmem, GMEM_CODEMAP, bt_table_written, bt);
	return bt;
}

void bt_destroy(struct bt *bt)
{
	if (!bt)
		return;
	if (bt->pages && bt->map) {
		forget_pages(bt);
		forget_map(bt);
	}
	gmem_listen(bt->config.gmem, GMEM_CODE, NULL, NULL);
	gmem_listen(bt->config.gmem, GMEM_CODEMAP, NULL, NULL);
	kheap_free(bt->blocks);
	kheap_free(bt->links);
	kheap_free(bt->marks);
	kheap_free(bt->pages);
	kheap_free(bt->map);
	kheap_free(bt);
}

void note_sysexit(struct bt *bt, const struct bt_block *block)
{
	if (bt->sysexit_count < SYSEXITS)
		bt->sysexits[bt->sysexit_count] = block_number(bt, block);
	bt->sysexit_count++;
}

/* A kernel with a task in vm86() changes the MSR that this comes from at each switch to that and back. */
static void drop_sysexits(struct bt *bt)
{
	if (bt->sysexit_count > SYSEXITS)
		bt_flush(bt);
	for (u32 i = 0; i < bt->sysexit_count; i++)
		if (bt->blocks[bt->sysexits[i]].kind == BLOCK_CODE)
			drop_block(bt, bt->sysexits[i]);
	bt->sysexit_count = 0;
}

void bt_set_mode(struct bt *bt, const struct bt_mode *mode)
{
	bool same = bt->has_mode && mode->cs == bt->mode.cs && mode->format == bt->mode.format &&
		    mode->polled == bt->mode.polled;

	if (same && mode->sysexit_cs == bt->mode.sysexit_cs)
		return;
	bt->mode = *mode;
	bt->has_mode = true;
	if (same)
		drop_sysexits(bt);
	else
		bt_flush(bt);
}

/* A place for EIP inside of the block that the guest left just now. */
static u32 search_block(const struct bt *bt, u32 number, u32 eip)
{
	const struct bt_block *block = &bt->blocks[number];
	u32 end = number + 1 < bt->block_count ? block[1].mark : bt->mark_bytes;
	u32 at_eip = block->eip, at = block->begin;
	struct bt_mark mark;

	if (eip - block->eip >= block->length)
		return 0;
	for (const u8 *next = &bt->marks[block->mark]; next < &bt->marks[end];) {
		next = mark_read(next, &mark);
		at_eip += mark.eip;
		at += mark.tc;
		if (at_eip == eip && mark_is_boundary(&mark))
			return at;
	}
	return 0;
}

/* Most of a kernel's code runs once, at boot: it is not worth a translation.  (Two EIPs may share a bit.) */
static bool is_worth_it(struct bt *bt, u32 eip)
{
	u32 bit = (eip ^ eip >> 15) % MET_BITS, *word = &bt->met[bit / 32];

	if (!bt->config.warm_up || *word & BIT(bit % 32))
		return true;
	*word |= BIT(bit % 32);
	return false;
}

/* Mostly it is the same instruction, or the next one. */
static u32 resume_in_block(const struct bt *bt, u32 eip)
{
	const struct bt_place *last = bt->last;

	if (!last || bt->blocks[last->block].kind != BLOCK_CODE)
		return 0;
	if (eip == last->next_eip && last->next)
		return last->next;
	if (eip == last->eip && mark_is_boundary(&last->mark))
		return last->at;
	return search_block(bt, last->block, eip);
}

u32 bt_enter(struct bt *bt, struct x86_cpu *cpu, enum bt_exit after)
{
	bool branch = after == BT_EXIT_LINK || after == BT_EXIT_MISS;
	u32 number, place = branch ? 0 : resume_in_block(bt, cpu->eip);

	if (place)
		return tc_linear(bt, place);
	number = find_block(bt, cpu->eip);
	if (!number && is_worth_it(bt, cpu->eip))
		number = translate(bt, cpu, cpu->eip, after == BT_EXIT_MISS);
	return number ? tc_linear(bt, block_body(&bt->blocks[number])) : 0;
}

/* A thunk's block, which is known by nothing but its place. */
static void thunk_begin(struct bt *bt, struct emit *e, u32 eip, enum block_kind kind)
{
	emit_begin(bt, e, block_begin(bt, eip, kind));
}

static u32 thunk_end(struct emit *e)
{
	emit_stubs(e);
	emit_end(e);
	link_known(e->bt, e->block);
	return tc_linear(e->bt, e->block->begin);
}

void bt_sysenter_thunks(struct bt *bt, u32 eip, u32 place[2])
{
	struct emit e;

	if (!room_for_block(bt))
		bt_flush(bt);
	for (u32 i = 0; i < 2; i++) {
		thunk_begin(bt, &e, eip, BLOCK_ROUTINE);
		emit_thunk(&e, eip, i);
		place[i] = thunk_end(&e);
	}
}

u32 bt_trap_thunk(struct bt *bt, const struct bt_trap_gate *gate)
{
	struct emit e;

	if (!room_for_block(bt))
		bt_flush(bt);
	thunk_begin(bt, &e, gate->eip, BLOCK_TRAP);
	emit_trap_thunk(&e, gate);
	return thunk_end(&e);
}

u32 bt_generation(const struct bt *bt)
{
	return bt->generation;
}

void bt_get_stats(const struct bt *bt, struct bt_stats *stats)
{
	*stats = bt->stats;
}

u32 bt_flushes(const struct bt *bt)
{
	return bt->stats.flushes;
}

u32 bt_block_length(const struct bt *bt, u32 eip)
{
	return bt->blocks[find_block(bt, eip)].length;
}
