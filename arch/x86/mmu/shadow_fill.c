/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page faults of direct execution.  The guest's own walk decides first: if its tables forbid the
 * access, the fault is the guest's.  Otherwise the fault is ours (hidden), and the walk, which has
 * set the A and D bits, has all that the shadow entries need:
 *
 *   guest page of 4 KB            shadow table for the guest's, shared by all that map it
 *   larger page, or no paging     a 2 MB entry where the p2m has an unbroken extent; else a "split"
 *                                 table for those 2 MB, whose rights stand in the entry above it
 *
 * With CR0.WP = 0 a supervisor may write read-only pages, but the CPU runs with WP = 1 (the gate
 * needs that).  A user page that is read-only is mapped U=1 W=0 when it was read and U=0 W=1 when
 * the supervisor has written to it; either turns into the other by a hidden fault.
 *
 * Along with the entry that was asked for go its neighbours, if the guest's A bit says that they
 * would have been in use anyway.
 */
#include "arch/x86/mmu/shadow_priv.h"

#include "hv/lib/assert.h"

#define PREFETCH 8u       /* entries of a guest table, an aligned group */
#define SPLIT_PREFETCH 32u
#define ABSENT_GROUP 32u  /* entries that are not present and are marked at once */

/* W and U of a leaf.  @write: for a supervisor's write under WP = 0. */
static u32 leaf_rights(bool wp, bool writable, bool user, bool dirty, bool write)
{
	u32 may_write = dirty ? PTE_W : 0;

	if (wp || writable)
		return (writable ? may_write : 0) | (user ? PTE_U : 0);
	if (user)
		return write ? may_write : PTE_U;
	return may_write;
}

/* A leaf for the frame at @address with @rights, as far as gmem lets it; 0 if there is no frame. */
static u64 leaf(const struct shadow *shadow, gpa_t address, u64 rights)
{
	enum gmem_type type;
	hpa_t frame;
	u8 flags;

	type = gmem_page(shadow->gmem, address, &frame, &flags);
	if (type == GMEM_NONE)
		return 0;
	if (type != GMEM_RAM || flags)
		rights &= ~(u64)PTE_W;
	return frame.v | rights | PTE_P | PTE_A | PTE_D;
}

u64 spte_of_gpte(struct shadow *shadow, const struct shadow_page *sp, u64 gpte, bool write)
{
	const struct ptformat *format = sp_format(sp);
	const struct ptformat_level *level = &format->level[format->levels - 1];
	u32 low = (u32)gpte;
	u64 rights;

	if ((low & (PTE_P | PTE_A)) != (PTE_P | PTE_A) || (gpte & level->leaf_reserved))
		return 0;
	rights = leaf_rights(sp->role & ROLE_WP, (low & PTE_W) && (sp->role & ROLE_PARENT_W),
			     low & PTE_U, low & PTE_D, write);
	if (shadow->nx)
		rights |= gpte & format->xd;
	return leaf(shadow, gpa(gpte & level->leaf_frame), rights);
}

static u64 table_pointer(const struct shadow_page *sp, u64 rights)
{
	return (u64)sp->pfn << PAGE_SHIFT | rights | PTE_P;
}

/* Make entry @i of @sp point to a table with @rights, unless it does; its A bit is the CPU's. */
static void point_to(struct shadow *shadow, struct shadow_page *sp, u32 i,
		     const struct shadow_page *table, u64 rights)
{
	u64 want = table_pointer(table, rights);

	if ((sp->entries[i] ^ want) & ~(u64)(PTE_A | PTE_D))
		spte_set(shadow, sp, i, want);
}

/* The page directory for @address in the current root; not recycled until unpinned. */
static struct shadow_page *pin_directory(struct shadow *shadow, u32 address)
{
	const struct root *root = &shadow->roots[shadow->current_root];
	u32 place = address >> 30;
	struct shadow_page *pd;

	pd = sp_get(shadow, root->table[place], root->role | SP_PD | place << ROLE_PLACE_SHIFT);
	shadow->pinned = pd;
	if (shadow->has_gate && place == shadow->gate_base.v >> 30 &&
	    sp_at(shadow, 0)->entries[shadow->current_root * 4u + place] !=
		    (table_pointer(pd, 0) | PTE_A))
		shadow->gate_written = true; /* nobody has watched the directory until now */
	point_to(shadow, sp_at(shadow, 0), shadow->current_root * 4u + place, pd, 0);
	return pd;
}

/* Neighbours of entry @i in the guest's table at @table, of which @sp shows what starts at @base. */
static void prefetch(struct shadow *shadow, struct shadow_page *sp, u32 i, gpa_t table, u32 base)
{
	u32 size = sp_format(sp)->entry_size, first = ALIGN_DOWN(i, PREFETCH);
	const u8 *gpte_at = gmem_ptr(shadow->gmem, gpa(table.v + (base + first) * size),
				     PREFETCH * size, false);

	if (!gpte_at)
		return;
	for (u32 n = first; n < first + PREFETCH; n++, gpte_at += size) {
		u64 gpte = READ_ONCE(*(const u32 *)gpte_at), spte;

		if (n == i || sp->entries[n])
			continue;
		if (!((u32)gpte & PTE_P) && shadow->mark_absent)
			spte_mark_absent(sp, n);
		if (!((u32)gpte & PTE_A))
			continue;
		if (size == 8)
			gpte |= (u64)READ_ONCE(*(const u32 *)(gpte_at + 4)) << 32;
		spte = spte_of_gpte(shadow, sp, gpte, false);
		if (spte && !sp->entries[n]) {
			spte_set(shadow, sp, n, spte);
			shadow->stats.prefetches++;
		}
	}
}

static u32 page_table_role(const struct shadow_page *pd, u64 pde, u32 address)
{
	const struct ptformat *format = sp_format(pd);
	u32 id = format->id == PTF_32_PSE ? PTF_32 : format->id; /* alike on the last level */
	u32 role = SP_PT | id << ROLE_FORMAT_SHIFT | (pd->role & ROLE_WP);

	if (format->entry_size == 4)
		role |= (address >> LARGE_PAGE_SHIFT & 1) << ROLE_PLACE_SHIFT;
	if ((pd->role & ROLE_WP) || (pde & PTE_W))
		role |= ROLE_PARENT_W;
	return role;
}

/* The guest page has 4 KB.  Returns the leaf. */
static u64 fill_page(struct shadow *shadow, struct shadow_page *pd, u32 address,
		     const struct walk_result *walk, bool write)
{
	u64 pde = walk->entry[walk->levels - 2], gpte = walk->entry[walk->levels - 1];
	u64 rights = (pde & PTE_U) | (pd->role & ROLE_WP ? pde & PTE_W : PTE_W);
	u32 table = (u32)((pde & PTE_FRAME) >> PAGE_SHIFT), i = address >> PAGE_SHIFT & (ENTRIES - 1);
	struct shadow_page *pt = sp_get(shadow, table, page_table_role(pd, pde, address));
	u64 spte;

	if (shadow->nx)
		rights |= pde & sp_format(pd)->xd;
	point_to(shadow, pd, address >> LARGE_PAGE_SHIFT & (ENTRIES - 1), pt, rights);
	/* The walk set A (and D), except where the table is in ROM: there they count as set. */
	gpte |= PTE_A | (write ? PTE_D : 0);
	spte = spte_of_gpte(shadow, pt, gpte, write);
	prefetch(shadow, pt, i, gpa_of_pfn(table), sp_place(pt) * ENTRIES);
	spte_set(shadow, pt, i, spte); /* last: what comes later may zap what came before */
	return spte;
}

/* The guest page is larger, or there is no paging.  Returns the entry that decides. */
static u64 fill_region(struct shadow *shadow, struct shadow_page *pd, u32 address,
		       const struct walk_result *walk, bool write)
{
	u32 at = address >> LARGE_PAGE_SHIFT & (ENTRIES - 1);
	u32 i = address >> PAGE_SHIFT & (ENTRIES - 1), first = ALIGN_DOWN(i, SPLIT_PREFETCH);
	gpa_t region = gpa(ALIGN_DOWN(walk->gpa.v, LARGE_PAGE_SIZE));
	u64 rights = leaf_rights(pd->role & ROLE_WP, walk->writable, walk->user,
				 walk->dirty || write, write);
	struct shadow_page *split;
	u64 spte;
	hpa_t frame;

	if (walk->no_execute && shadow->nx)
		rights |= PTE_XD;
	if (gmem_large_frame(shadow->gmem, region, &frame)) {
		spte = frame.v | rights | PTE_PS | PTE_P | PTE_A | PTE_D;
		spte_set(shadow, pd, at, spte);
		return spte;
	}
	split = sp_get(shadow, (u32)(region.v >> LARGE_PAGE_SHIFT), SP_SPLIT);
	point_to(shadow, pd, at, split, rights);
	for (u32 n = first; n < first + SPLIT_PREFETCH; n++)
		if (!split->entries[n])
			spte_set(shadow, split, n,
				 leaf(shadow, gpa(region.v + n * PAGE_SIZE), PTE_W | PTE_U));
	spte = leaf(shadow, gpa(region.v + i * PAGE_SIZE), PTE_W | PTE_U);
	spte_set(shadow, split, i, spte);
	return spte;
}

static enum shadow_fault fill(struct shadow *shadow, gva_t address, const struct walk_result *walk,
			      bool write)
{
	struct shadow_page *pd;
	u64 spte;

	shadow->stats.fills++;
	pd = pin_directory(shadow, address.v);
	if (walk->page_shift == PAGE_SHIFT && walk->levels)
		spte = fill_page(shadow, pd, address.v, walk, write);
	else
		spte = fill_region(shadow, pd, address.v, walk, write);
	shadow->pinned = NULL;
	/* Tracing a table on the way may have taken the right to write just now. */
	return write && !(spte & PTE_W) ? SHADOW_EMULATE : SHADOW_RETRY;
}

/* Has the guest's access to @address to go to the interpreter, whatever the shadow holds? */
static bool beyond_shadow(const struct shadow *shadow, gva_t linear, gpa_t address, bool write)
{
	enum gmem_type type;
	hpa_t frame;
	u8 flags;

	type = gmem_page(shadow->gmem, address, &frame, &flags);
	return type == GMEM_NONE || (write && (type != GMEM_RAM || flags)) ||
	       in_gate(shadow, linear.v);
}

/* The guest's fault was for want of the entry that @walk ended with.  If that is in a page table, what of its
 * neighbours is not present either will be met next. */
static void note_absent(struct shadow *shadow, const struct ptformat *format, const struct walk_result *walk)
{
	gpa_t at = walk->entry_gpa[walk->levels - 1u];
	u32 size = format->entry_size, index = ((u32)at.v & PAGE_MASK) / size;
	u32 first = ALIGN_DOWN(index, ABSENT_GROUP);
	const u8 *gpte = gmem_ptr(shadow->gmem, gpa(at.v - (index - first) * size), ABSENT_GROUP * size, false);

	for (struct shadow_page *sp = sp_first(shadow, (u32)gpa_pfn(at)); sp && gpte; sp = sp_next(shadow, sp)) {
		if (sp_kind(sp) != SP_PT || index / ENTRIES != sp_place(sp))
			continue;
		for (u32 n = 0; n < ABSENT_GROUP; n++)
			if (!(READ_ONCE(gpte[n * size]) & PTE_P) && !sp->entries[(first + n) % ENTRIES])
				spte_mark_absent(sp, (first + n) % ENTRIES);
	}
}

enum shadow_fault shadow_page_fault(struct shadow *shadow, struct x86_cpu *cpu, gva_t address,
				    u32 error)
{
	bool write = error & PF_W;
	struct walk_result *walk = &shadow->walk;

	ASSERT(shadow->current_root);
	if (mmu_walk(cpu, shadow->gmem, address, error & (PF_W | PF_U | PF_I), walk)) {
		const struct ptformat *format = ptformat_of(cpu);

		shadow->stats.guest_faults++;
		if (shadow->mark_absent && !(cpu->fault.error & PF_P) && walk->levels == format->levels)
			note_absent(shadow, format, walk);
		return SHADOW_GUEST;
	}
	if (beyond_shadow(shadow, address, walk->gpa, write))
		return SHADOW_EMULATE;
	return fill(shadow, address, walk, write);
}

const struct walk_result *shadow_last_walk(const struct shadow *shadow)
{
	return &shadow->walk;
}
