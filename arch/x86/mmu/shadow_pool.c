/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shadow pages of a VM: finding, creating, recycling, and changing their entries.  When
 * shadow_memory.c has no more pages, the one that was used least recently by a fault gives way.  A
 * page that the CPU uses without faults would look old, so one whose A bit the CPU has set since it
 * was last looked at gets another chance.
 *
 * Pages are found by guest page and role through a hash table.  The hash is over the guest page
 * alone: a write to that page finds all that was made from it in one chain.
 */
#include "arch/x86/mmu/shadow_priv.h"

#include "hv/lib/assert.h"

#define SECOND_CHANCES 4u
#define EPOCH_FILLS 64u

/* ---- entries ---- */

void spte_set(struct shadow *shadow, struct shadow_page *sp, u32 i, u64 spte)
{
	u64 old = sp->entries[i];
	bool moved = (old ^ spte) & (PTE_FRAME | PTE_PS);
	bool was = spte_tracked(shadow, sp, old), is = spte_tracked(shadow, sp, spte);
	u32 lost = (u32)old & ~(u32)spte & (PTE_P | PTE_W | PTE_U);

	if (was && (!is || moved))
		rmap_remove(shadow, location_of(sp, i), old);
	sp->entries[i] = spte;
	sp->touched |= BIT(i / TOUCHED_GROUP);
	sp->live = (u16)(sp->live + !!spte - !!old);
	if (is && (!was || moved))
		rmap_add(shadow, location_of(sp, i), spte);
	if (((u32)old & PTE_P) && (moved || lost || (spte & ~old & PTE_XD)))
		shadow->tlb_flush = true;
	if (sp_kind(sp) == SP_ROOTS)
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

/* The same, once in a while: "recently" need not be exact. */
static void touch_lazily(struct shadow *shadow, struct shadow_page *sp)
{
	u8 epoch = (u8)(shadow->stats.fills / EPOCH_FILLS);

	if (sp->epoch != epoch)
		touch(shadow, sp);
	sp->epoch = epoch;
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

	if (!shadow->free_pages && !pool_grow(shadow))
		recycle(shadow);
	sp = sp_at(shadow, shadow->free_pages);
	shadow->free_pages = sp->hash_next;
	sp->gfn = gfn;
	sp->role = (u16)role;
	sp->live = 0;
	sp->touched = 0;
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
	touch_lazily(shadow, sp);
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

/* The entries from @first on of a page that is about to be free. */
static void clear_group(struct shadow *shadow, struct shadow_page *sp, u32 first)
{
	for (u32 i = first; i < first + TOUCHED_GROUP && sp->live; i++) {
		u64 spte = sp->entries[i];

		if (!spte || sp_gate_entry(shadow, sp, i))
			continue;
		if (spte_tracked(shadow, sp, spte))
			rmap_remove(shadow, location_of(sp, i), spte);
		sp->entries[i] = 0;
		sp->live--;
	}
}

void sp_free(struct shadow *shadow, struct shadow_page *sp)
{
	rmap_each(shadow, sp->pfn, false, zap_parent);
	shadow->tlb_flush |= sp->live;
	if (sp_kind(sp) == SP_PD)
		note_directories(shadow, ALL_REGIONS);
	for (u32 left = sp->touched; left; left &= left - 1)
		clear_group(shadow, sp, (u32)__builtin_ctz(left) * TOUCHED_GROUP);
	set_gate_entries(shadow, sp, (const u64[2]){ 0, 0 });
	unhash(shadow, sp);
	unlink_recency(shadow, sp);
	if (sp_has_table(sp) && !sp_first(shadow, sp->gfn)) {
		gmem_set_flags(shadow->gmem, gpa_of_pfn(sp->gfn), 0, GMEM_TRACED);
		give_back_right(shadow, sp->gfn);
	}
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
