/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shadow pages of a VM.  All memory of the shadow MMU comes out of one budget: arrays are taken
 * at creation, pages for tables on demand, and when the budget (or the host) has no more, the page
 * that was used least recently by a fault gives way.  A page that the CPU uses without faults would
 * look old, so one whose A bit the CPU has set since it was last looked at gets another chance.
 *
 * Pages are found by guest page and role through a hash table.  The hash is over the guest page
 * alone: a write to that page finds all that was made from it in one chain.
 */
#include "arch/x86/mmu/shadow_priv.h"

#include "hv/arch.h"
#include "hv/core/kheap.h"
#include "hv/lib/assert.h"
#include "hv/lib/err.h"

#define RESERVE 4u          /* shadow pages that exist from the start: enough for any one fault */
#define NODES_PER_TABLE 64u /* per shadow page */
#define SECOND_CHANCES 4u

/* ---- memory ---- */

static u32 pages_for(u32 count, u32 per_page)
{
	return (count + per_page - 1) / per_page;
}

static u32 bits_for(u32 count)
{
	u32 bits = 4;

	while (BIT(bits) < count)
		bits++;
	return bits;
}

static u32 node_count(u32 tables)
{
	return tables * NODES_PER_TABLE;
}

/* Pages that the arrays for @tables shadow pages take. */
static u32 array_pages(u32 tables)
{
	return pages_for(tables, SP_PER_PAGE) + pages_for(node_count(tables), NODES_PER_PAGE) +
	       pages_for(BIT(bits_for(node_count(tables) / 4)), HEADS_PER_PAGE) +
	       pages_for(BIT(bits_for(tables)), BUCKETS_PER_PAGE);
}

bool pool_take_frame(struct shadow *shadow, hpa_t *frame)
{
	if (shadow->stats.pages_used >= shadow->stats.pages_total ||
	    !shadow->source.alloc_page(shadow->source.opaque, frame))
		return false;
	shadow->stats.pages_used++;
	return true;
}

/* An array in pages: the table of their addresses, or NULL. */
static void *take_array(struct shadow *shadow, u32 pages)
{
	void **table = kheap_alloc(pages * sizeof(void *));
	hpa_t frame;

	for (u32 i = 0; table && i < pages; i++) {
		if (!pool_take_frame(shadow, &frame))
			break; /* the rest stays NULL, and the caller looks at the last */
		table[i] = arch_hpa_to_ptr(frame);
	}
	return table;
}

static void give_array(struct shadow *shadow, void *array, u32 pages)
{
	void **table = array;

	for (u32 i = 0; table && i < pages && table[i]; i++)
		shadow->source.free_page(shadow->source.opaque, arch_ptr_to_hpa(table[i]));
	kheap_free(table);
}

/* Give shadow page number page_count its memory. */
static bool grow(struct shadow *shadow)
{
	struct shadow_page *sp;
	hpa_t frame;

	if (shadow->page_count >= shadow->page_limit || !pool_take_frame(shadow, &frame))
		return false;
	sp = sp_at(shadow, shadow->page_count);
	sp->number = (u16)shadow->page_count;
	sp->pfn = (u32)hpa_pfn(frame);
	sp->entries = arch_hpa_to_ptr(frame);
	sp->hash_next = shadow->free_pages;
	shadow->free_pages = (u16)shadow->page_count++;
	return true;
}

int pool_create(struct shadow *shadow, u32 pool_pages)
{
	u32 tables = MIN(pool_pages, SP_MAX), sps, nodes, heads, buckets;

	shadow->stats.pages_total = pool_pages;
	while (tables + 1 + array_pages(tables) > pool_pages) /* 1: the gate's page */
		tables--;
	shadow->page_limit = tables;
	shadow->node_count = node_count(tables);
	shadow->fresh_node = 1;
	shadow->head_bits = bits_for(shadow->node_count / 4);
	shadow->bucket_bits = bits_for(tables);
	sps = pages_for(tables, SP_PER_PAGE);
	nodes = pages_for(shadow->node_count, NODES_PER_PAGE);
	heads = pages_for(BIT(shadow->head_bits), HEADS_PER_PAGE);
	buckets = pages_for(BIT(shadow->bucket_bits), BUCKETS_PER_PAGE);
	shadow->pages = take_array(shadow, sps);
	shadow->nodes = take_array(shadow, nodes);
	shadow->heads = take_array(shadow, heads);
	shadow->buckets = take_array(shadow, buckets);
	if (!shadow->pages || !shadow->pages[sps - 1] || !shadow->nodes ||
	    !shadow->nodes[nodes - 1] || !shadow->heads || !shadow->heads[heads - 1] ||
	    !shadow->buckets || !shadow->buckets[buckets - 1])
		return ERR(-ENOMEM);
	for (u32 i = 0; i <= RESERVE; i++)
		if (!grow(shadow))
			return ERR(-ENOMEM);
	/* Number 0 came first, so it is the last of the free list; it serves the roots. */
	sp_at(shadow, 0)->role = SP_ROOTS;
	return 0;
}

void pool_destroy(struct shadow *shadow)
{
	for (u32 i = 0; i < shadow->page_count; i++)
		shadow->source.free_page(shadow->source.opaque,
					 hpa_of_pfn(sp_at(shadow, i)->pfn));
	give_array(shadow, shadow->pages, pages_for(shadow->page_limit, SP_PER_PAGE));
	give_array(shadow, shadow->nodes, pages_for(shadow->node_count, NODES_PER_PAGE));
	give_array(shadow, shadow->heads, pages_for(BIT(shadow->head_bits), HEADS_PER_PAGE));
	give_array(shadow, shadow->buckets, pages_for(BIT(shadow->bucket_bits), BUCKETS_PER_PAGE));
}

/* ---- entries ---- */

static bool points_to_table(const struct shadow *shadow, const struct shadow_page *sp, u64 spte)
{
	if (sp_kind(sp) == SP_ROOTS)
		return (spte & PTE_FRAME) >> PAGE_SHIFT != shadow->gate_pfn;
	return sp_kind(sp) == SP_PD && !(spte & PTE_PS);
}

bool spte_tracked(const struct shadow *shadow, const struct shadow_page *sp, u64 spte)
{
	return (spte & PTE_P) && ((spte & PTE_W) || points_to_table(shadow, sp, spte));
}

void spte_set(struct shadow *shadow, struct shadow_page *sp, u32 i, u64 spte)
{
	u64 old = sp->entries[i], differ = old ^ spte;
	bool moved = differ & (PTE_FRAME | PTE_PS);
	bool was = spte_tracked(shadow, sp, old), is = spte_tracked(shadow, sp, spte);

	if (was && (!is || moved))
		rmap_remove(shadow, location_of(sp, i), old);
	sp->entries[i] = spte;
	sp->live = (u16)(sp->live + !!spte - !!old);
	if (is && (!was || moved))
		rmap_add(shadow, location_of(sp, i), spte);
	if (sp_kind(sp) == SP_ROOTS ||
	    ((old & PTE_P) &&
	     (moved || (old & ~spte & (PTE_P | PTE_W | PTE_U)) || (spte & ~old & PTE_XD))))
		shadow->tlb_flush = true;
}

void spte_zap(struct shadow *shadow, u32 location)
{
	struct shadow_page *sp = sp_at(shadow, location / ENTRIES);
	u32 i = location % ENTRIES;
	u64 empty = 0;

	if (sp_kind(sp) == SP_ROOTS)
		empty = root_empty(shadow, i % 4);
	spte_set(shadow, sp, i, empty);
}

/* ---- recency ---- */

static void unlink_recency(struct shadow *shadow, struct shadow_page *sp)
{
	if (sp->newer)
		sp_at(shadow, sp->newer)->older = sp->older;
	else
		shadow->newest = sp->older;
	if (sp->older)
		sp_at(shadow, sp->older)->newer = sp->newer;
	else
		shadow->oldest = sp->newer;
}

static void link_newest(struct shadow *shadow, struct shadow_page *sp)
{
	sp->newer = 0;
	sp->older = shadow->newest;
	if (shadow->newest)
		sp_at(shadow, shadow->newest)->newer = sp->number;
	else
		shadow->oldest = sp->number;
	shadow->newest = sp->number;
}

static void touch(struct shadow *shadow, struct shadow_page *sp)
{
	if (shadow->newest == sp->number)
		return;
	unlink_recency(shadow, sp);
	link_newest(shadow, sp);
}

/* ---- keys ---- */

static u16 *bucket_of(const struct shadow *shadow, u32 gfn)
{
	u32 i = (gfn * 0x9e3779b1u) >> (32 - shadow->bucket_bits);

	return &shadow->buckets[i / BUCKETS_PER_PAGE][i % BUCKETS_PER_PAGE];
}

/* From number @i of a chain on, the first page with a table in @gfn. */
static struct shadow_page *table_in_chain(const struct shadow *shadow, u32 i, u32 gfn)
{
	for (; i; i = sp_at(shadow, i)->hash_next) {
		struct shadow_page *sp = sp_at(shadow, i);

		if (sp->gfn == gfn && sp_has_table(sp))
			return sp;
	}
	return NULL;
}

struct shadow_page *sp_first(const struct shadow *shadow, u32 gfn)
{
	return table_in_chain(shadow, *bucket_of(shadow, gfn), gfn);
}

struct shadow_page *sp_next(const struct shadow *shadow, const struct shadow_page *sp)
{
	return table_in_chain(shadow, sp->hash_next, sp->gfn);
}

static struct shadow_page *find(const struct shadow *shadow, u32 gfn, u32 role)
{
	struct shadow_page *sp;

	for (u32 i = *bucket_of(shadow, gfn); i; i = sp->hash_next) {
		sp = sp_at(shadow, i);
		if (sp->gfn == gfn && sp->role == role)
			return sp;
	}
	return NULL;
}

/* ---- life of a shadow page ---- */

static bool note_use(struct shadow *shadow, u32 location, u64 spte)
{
	struct shadow_page *parent = sp_at(shadow, location / ENTRIES);

	if (sp_kind(parent) == SP_ROOTS) {
		struct root *root = &shadow->roots[location % ENTRIES / 4];

		shadow->use_seen |= root->referenced;
		root->referenced = false;
	} else if (spte & PTE_A) {
		parent->entries[location % ENTRIES] = spte & ~(u64)PTE_A;
		shadow->use_seen = true;
	}
	return true;
}

/* Has the CPU, or a switch to a root, used @sp since the last time we asked? */
static bool used_lately(struct shadow *shadow, struct shadow_page *sp)
{
	shadow->use_seen = false;
	rmap_each(shadow, sp->pfn, false, note_use);
	return shadow->use_seen;
}

static void recycle(struct shadow *shadow)
{
	for (u32 i = 0; i < SECOND_CHANCES; i++) {
		struct shadow_page *sp = sp_at(shadow, shadow->oldest);

		if (sp != shadow->pinned && !used_lately(shadow, sp))
			break;
		touch(shadow, sp);
	}
	if (sp_at(shadow, shadow->oldest) == shadow->pinned)
		touch(shadow, shadow->pinned);
	shadow->stats.recycled++;
	sp_free(shadow, sp_at(shadow, shadow->oldest));
}

/* Put @pde into the gate's two entries of @sp, if it has them. */
static void set_gate_entries(const struct shadow *shadow, struct shadow_page *sp, const u64 pde[2])
{
	u32 first = (shadow->gate_base.v >> LARGE_PAGE_SHIFT) % ENTRIES;

	if (!sp_gate_entry(shadow, sp, first))
		return;
	sp->entries[first] = pde[0];
	sp->entries[first + 1] = pde[1];
}

static struct shadow_page *create(struct shadow *shadow, u32 gfn, u32 role)
{
	struct shadow_page *sp;
	u16 *bucket = bucket_of(shadow, gfn);

	if (!shadow->free_pages && !grow(shadow))
		recycle(shadow);
	sp = sp_at(shadow, shadow->free_pages);
	shadow->free_pages = sp->hash_next;
	sp->gfn = gfn;
	sp->role = role;
	sp->live = 0;
	sp->writes = 0;
	sp->hash_next = *bucket;
	*bucket = sp->number;
	link_newest(shadow, sp);
	set_gate_entries(shadow, sp, shadow->gate_pde);
	return sp;
}

struct shadow_page *sp_get(struct shadow *shadow, u32 gfn, u32 role)
{
	struct shadow_page *sp = find(shadow, gfn, role);

	if (!sp) {
		sp = create(shadow, gfn, role);
		if (sp_has_table(sp)) {
			gmem_set_flags(shadow->gmem, gpa_of_pfn(gfn), GMEM_TRACED, 0);
			shadow_write_protect(shadow, gpa_of_pfn(gfn));
		}
	}
	touch(shadow, sp);
	sp->writes = 0;
	return sp;
}

static bool zap_parent(struct shadow *shadow, u32 location, u64 spte)
{
	(void)spte;
	spte_zap(shadow, location);
	return true;
}

static void unhash(struct shadow *shadow, struct shadow_page *sp)
{
	u16 *link = bucket_of(shadow, sp->gfn);

	while (*link && *link != sp->number)
		link = &sp_at(shadow, *link)->hash_next;
	ASSERT(*link);
	*link = sp->hash_next;
}

void sp_free(struct shadow *shadow, struct shadow_page *sp)
{
	rmap_each(shadow, sp->pfn, false, zap_parent);
	for (u32 i = 0; i < ENTRIES && sp->live; i++)
		if (sp->entries[i] && !sp_gate_entry(shadow, sp, i))
			spte_set(shadow, sp, i, 0);
	set_gate_entries(shadow, sp, (const u64[2]){ 0, 0 });
	unhash(shadow, sp);
	unlink_recency(shadow, sp);
	if (sp_has_table(sp) && !sp_first(shadow, sp->gfn))
		gmem_set_flags(shadow->gmem, gpa_of_pfn(sp->gfn), 0, GMEM_TRACED);
	sp->role = SP_FREE;
	sp->hash_next = shadow->free_pages;
	shadow->free_pages = sp->number;
}

void sp_unshadow(struct shadow *shadow, u32 gfn)
{
	struct shadow_page *sp;

	while ((sp = sp_first(shadow, gfn))) {
		shadow->stats.unshadowed++;
		sp_free(shadow, sp);
	}
}

void sp_free_all(struct shadow *shadow)
{
	while (shadow->newest)
		sp_free(shadow, sp_at(shadow, shadow->newest));
}
