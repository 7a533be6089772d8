/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Creation, roots, the gate, and what happens when the guest changes its tables.
 *
 * A root is four PDPTEs in one page that all roots share.  It is known by the guest's page
 * directories (CR3's, or the four in PAE's PDPTE registers), format and CR0.WP, so it costs no page
 * of its own, and a page directory that two roots share is shadowed once.
 *
 * A write to a traced table refreshes the entries of page tables at once, which saves the fault
 * that would follow; entries of page directories are dropped.  A table that is written again and
 * again while no fault needed it is being built or torn down, or is no page table any more: it is
 * forgotten, and the guest may write to it freely.  Refreshed entries have no A bit: if the CPU has
 * set it by the next write, the table is in use after all and the count starts anew (kmap windows).
 */
#include "arch/x86/mmu/shadow_priv.h"

#include "hv/arch.h"
#include "hv/core/kheap.h"
#include "hv/lib/assert.h"
#include "hv/lib/string.h"

#define FLOOD_LIMIT 5u      /* writes to a table between faults that use it */
#define BULK_WRITE 32u      /* bytes: more at once is a copy or a device, not a page-table update */
#define POOL_LEAST 16u

/* ---- creation ---- */

struct shadow *shadow_create(struct gmem *gmem, const struct gmem_source *source, u32 pool_pages,
			     bool nx)
{
	struct shadow *shadow = kheap_alloc(sizeof(*shadow));
	hpa_t gate;

	ASSERT(pool_pages >= POOL_LEAST);
	if (!shadow)
		return NULL;
	shadow->gmem = gmem;
	shadow->source = *source;
	shadow->nx = nx;
	shadow->tlb_flush = true;
	note_directories(shadow, ALL_REGIONS);
	if (pool_create(shadow, pool_pages) || !pool_take_frame(shadow, &gate)) {
		pool_destroy(shadow);
		kheap_free(shadow);
		return NULL;
	}
	shadow->gate_pfn = (u32)hpa_pfn(gate);
	gmem_listen(gmem, GMEM_TRACED, shadow_guest_write, shadow);
	return shadow;
}

void shadow_destroy(struct shadow *shadow)
{
	if (!shadow)
		return;
	sp_free_all(shadow);
	gmem_listen(shadow->gmem, GMEM_TRACED, NULL, NULL);
	shadow->source.free_page(shadow->source.opaque, hpa_of_pfn(shadow->gate_pfn));
	pool_destroy(shadow);
	kheap_free(shadow);
}

void shadow_set_gate(struct shadow *shadow, gva_t base, const u64 pde[2])
{
	u64 *gate_table = arch_hpa_to_ptr(hpa_of_pfn(shadow->gate_pfn));
	struct shadow_page *roots = sp_at(shadow, 0);
	u32 first = (base.v >> LARGE_PAGE_SHIFT) % ENTRIES;

	ASSERT(IS_ALIGNED(base.v, BIT(22)));
	sp_free_all(shadow);
	memset(gate_table, 0, PAGE_SIZE);
	memcpy(&gate_table[first], pde, 2 * sizeof(pde[0]));
	memcpy(shadow->gate_pde, pde, sizeof(shadow->gate_pde));
	shadow->gate_base = base;
	shadow->has_gate = true;
	for (u32 i = 0; i < ENTRIES; i++)
		roots->entries[i] = root_empty(shadow, i % 4);
	shadow->tlb_flush = true;
}

/* ---- roots ---- */

static struct root root_key(const struct x86_cpu *cpu)
{
	const struct ptformat *format = ptformat_of(cpu);
	struct root key = { .role = (u32)format->id << ROLE_FORMAT_SHIFT | ROLE_WP };

	if (!format->levels)
		return key;
	if (!(cpu->cr0 & CR0_WP))
		key.role &= ~ROLE_WP;
	if (!format->pdptes) {
		key.table[0] = key.table[1] = key.table[2] = key.table[3] = cpu->cr3 >> PAGE_SHIFT;
		return key;
	}
	for (u32 i = 0; i < 4; i++) {
		if (cpu->pdpte[i] & PTE_P)
			key.table[i] = (u32)((cpu->pdpte[i] & PTE_FRAME) >> PAGE_SHIFT);
		else
			key.table[i] = NO_TABLE;
	}
	return key;
}

static bool same_root(const struct root *a, const struct root *b)
{
	return !((a->table[0] ^ b->table[0]) | (a->table[1] ^ b->table[1]) |
		 (a->table[2] ^ b->table[2]) | (a->table[3] ^ b->table[3]) | (a->role ^ b->role));
}

static u8 *root_bucket(struct shadow *shadow, const struct root *key)
{
	u32 mix = key->table[0] + key->table[1] * 5 + key->table[2] * 17 + key->role;

	return &shadow->root_bucket[mix * 0x9e3779b1u / (~0u / ROOTS + 1)];
}

/* A slot that has not been switched to for a while, emptied. */
static u8 vacate_root(struct shadow *shadow)
{
	struct root *root;
	u8 *link;

	do {
		shadow->root_hand = (u8)(shadow->root_hand % (ROOTS - 1) + 1);
		root = &shadow->roots[shadow->root_hand];
		if (!root->used)
			return shadow->root_hand;
		if (!root->referenced && shadow->root_hand != shadow->current_root)
			break;
		root->referenced = false;
	} while (true);
	link = root_bucket(shadow, root);
	while (*link != shadow->root_hand)
		link = &shadow->roots[*link].next;
	*link = root->next;
	for (u32 i = 0; i < 4; i++)
		spte_zap(shadow, shadow->root_hand * 4u + i);
	note_directories(shadow, ALL_REGIONS);
	root->used = false;
	return shadow->root_hand;
}

static u8 find_root(struct shadow *shadow, const struct root *key)
{
	u8 *bucket = root_bucket(shadow, key), i;

	for (i = *bucket; i; i = shadow->roots[i].next)
		if (same_root(&shadow->roots[i], key)) {
			shadow->stats.roots_reused++;
			return i;
		}
	i = vacate_root(shadow);
	shadow->roots[i] = *key;
	shadow->roots[i].used = true;
	shadow->roots[i].next = *bucket;
	*bucket = i;
	shadow->stats.roots_built++;
	return i;
}

hpa_t shadow_root(struct shadow *shadow, const struct x86_cpu *cpu)
{
	const struct root key = root_key(cpu);

	if (!shadow->current_root || !same_root(&shadow->roots[shadow->current_root], &key))
		shadow->current_root = find_root(shadow, &key);
	shadow->roots[shadow->current_root].referenced = true;
	return hpa(((u64)sp_at(shadow, 0)->pfn << PAGE_SHIFT) +
		   shadow->current_root * 4u * sizeof(u64));
}

/* ---- changes by the guest ---- */

void shadow_invlpg(struct shadow *shadow, const struct x86_cpu *cpu, gva_t address)
{
	/* Traced tables have no stale entries; only the hardware's TLB may. */
	(void)cpu;
	(void)address;
	shadow->tlb_flush = true;
}

void shadow_flush(struct shadow *shadow, bool global)
{
	(void)global; /* no hardware entry is global */
	shadow->tlb_flush = true;
}

bool shadow_take_tlb_flush(struct shadow *shadow)
{
	bool flush = shadow->tlb_flush;

	shadow->tlb_flush = false;
	return flush;
}

static u64 read_gpte(const struct shadow *shadow, const struct shadow_page *sp, u32 index)
{
	u32 size = sp_format(sp)->entry_size;
	const u32 *at = gmem_ptr(shadow->gmem, gpa(((u64)sp->gfn << PAGE_SHIFT) + index * size),
				 size, false);

	if (!at)
		return 0;
	return READ_ONCE(at[0]) | (size == 8 ? (u64)READ_ONCE(at[1]) << 32 : 0);
}

/* Guest entry @index of the table behind @sp, a page table, has changed. */
static void refresh(struct shadow *shadow, struct shadow_page *sp, u32 index)
{
	u32 i = index - sp_place(sp) * ENTRIES;
	u64 gpte, spte;

	if (i >= ENTRIES)
		return;
	/* The entry written last, or this one, was used since: the table is in use. */
	if ((sp->entries[i] & (SPTE_REFRESHED | PTE_A)) == (SPTE_REFRESHED | PTE_A) ||
	    (sp->entries[sp->refreshed] & (SPTE_REFRESHED | PTE_A)) == (SPTE_REFRESHED | PTE_A))
		sp->writes = 0;
	sp->refreshed = (u16)i;
	gpte = read_gpte(shadow, sp, index);
	spte = spte_of_gpte(shadow, sp, gpte, false);
	if (spte)
		spte = (spte & ~(u64)PTE_A) | SPTE_REFRESHED;
	else if (shadow->mark_absent && !((u32)gpte & PTE_P))
		spte = SPTE_ABSENT;
	spte_set(shadow, sp, i, spte);
}

/* The same for a page directory: a 32-bit entry has two shadow entries. */
static void drop(struct shadow *shadow, struct shadow_page *sp, u32 index)
{
	u32 i = index, count = 1;

	if (sp_format(sp)->entry_size == 4) {
		if (index / 256 != sp_place(sp))
			return;
		i = index % 256 * 2;
		count = 2;
	}
	for (; count--; i++) {
		if (sp_gate_entry(shadow, sp, i))
			shadow->gate_written = true;
		else if (sp->entries[i])
			spte_set(shadow, sp, i, 0);
		note_directories(shadow, sp_place(sp) * ENTRIES + i, sp_place(sp) * ENTRIES + i);
	}
}

bool shadow_take_directories(struct shadow *shadow, u32 *first, u32 *last)
{
	*first = shadow->dir_first;
	*last = shadow->dir_last;
	shadow->dir_first = ~0u;
	shadow->dir_last = 0;
	return *first <= *last;
}

bool shadow_directories_changed(const struct shadow *shadow)
{
	return shadow->dir_first <= shadow->dir_last;
}

bool shadow_take_gate_write(struct shadow *shadow)
{
	bool written = shadow->gate_written;

	shadow->gate_written = false;
	return written;
}

bool shadow_slot_claimed(const struct shadow *shadow, const struct x86_cpu *cpu, gva_t base)
{
	const struct ptformat *format = ptformat_of(cpu);
	const struct ptformat_level *level = &format->level[format->pdptes];
	u64 table = cpu->cr3 & format->cr3_mask;
	u32 count = format->pdptes ? 2 : 1, size = format->entry_size;
	const u8 *at;

	if (!format->levels)
		return false;
	if (format->pdptes) {
		if (!(cpu->pdpte[base.v >> 30] & PTE_P))
			return false;
		table = cpu->pdpte[base.v >> 30] & PTE_FRAME;
	}
	at = gmem_ptr(shadow->gmem, gpa(table + ptformat_offset(format, level, base.v)),
		      count * size, false);
	if (!at)
		return true;
	for (u32 i = 0; i < count; i++)
		if (READ_ONCE(*(const u32 *)(at + i * size)) & PTE_P)
			return true;
	return false;
}

/* Follow the change of @size bytes at @offset of @sp's table.  False if @sp is not worth it. */
static bool follow(struct shadow *shadow, struct shadow_page *sp, u32 offset, u32 size)
{
	u32 entry_size = sp_format(sp)->entry_size;

	for (u32 i = offset / entry_size; i <= (offset + size - 1) / entry_size; i++) {
		if (sp_kind(sp) == SP_PT)
			refresh(shadow, sp, i);
		else
			drop(shadow, sp, i);
	}
	sp->writes++;
	/* A window in use never gets to its second write, and need not be looked up. */
	return sp->writes < 2 || (sp->writes <= FLOOD_LIMIT && rmap_referenced(shadow, sp));
}

void shadow_guest_write(void *opaque, gpa_t address, u32 size)
{
	struct shadow *shadow = opaque;
	u32 gfn = (u32)gpa_pfn(address), offset = (u32)address.v & PAGE_MASK;
	bool useful = size <= BULK_WRITE;

	shadow->stats.traced_writes++;
	for (struct shadow_page *sp = sp_first(shadow, gfn); sp && useful; sp = sp_next(shadow, sp))
		useful = follow(shadow, sp, offset, size);
	if (!useful)
		sp_unshadow(shadow, gfn);
}

/* A kernel writes to a page, makes it a page table, and when that has ended writes to it again: for which the fault
 * is saved by keeping the entry's location.  The entry itself tells whether it is still what it was. */
static bool take_right_to_write(struct shadow *shadow, u32 location, u64 spte)
{
	u64 without = (spte & ~(u64)PTE_W) | (spte & PTE_PS ? 0 : SPTE_LENT);

	spte_set(shadow, sp_at(shadow, location / ENTRIES), location % ENTRIES, without);
	shadow->lent_from = location;
	return true;
}

void give_back_right(struct shadow *shadow, u32 gfn)
{
	const struct lent *lent = &shadow->lent[gfn % LENT_COUNT];
	struct shadow_page *sp = sp_at(shadow, lent->location / ENTRIES);
	u32 i = lent->location % ENTRIES;
	hpa_t frame;
	u64 spte;

	if (!lent->location || lent->gfn != gfn || sp_kind(sp) == SP_FREE || gmem_flags(shadow->gmem, gpa_of_pfn(gfn)))
		return;
	spte = sp->entries[i];
	if (!(spte & SPTE_LENT) || !gmem_frame(shadow->gmem, gpa_of_pfn(gfn), &frame) ||
	    (spte & PTE_FRAME) != frame.v)
		return;
	spte_set(shadow, sp, i, (spte | PTE_W) & ~(u64)SPTE_LENT);
}

void shadow_write_protect(struct shadow *shadow, gpa_t address)
{
	gpa_t region = gpa(ALIGN_DOWN(address.v, LARGE_PAGE_SIZE));
	u32 gfn = (u32)gpa_pfn(address);
	hpa_t frame;

	shadow->lent_from = 0;
	if (gmem_frame(shadow->gmem, address, &frame))
		rmap_each(shadow, (u32)hpa_pfn(frame), false, take_right_to_write);
	shadow->lent[gfn % LENT_COUNT] = (struct lent){ gfn, shadow->lent_from };
	if (gmem_frame(shadow->gmem, region, &frame))
		rmap_each(shadow, (u32)hpa_pfn(frame), true, take_right_to_write);
}

void shadow_mark_absent(struct shadow *shadow)
{
	shadow->mark_absent = true;
}

void shadow_get_stats(const struct shadow *shadow, struct shadow_stats *stats)
{
	*stats = shadow->stats;
}

bool shadow_forget(struct shadow *shadow, const struct x86_cpu *cpu, gva_t address)
{
	struct walk_result walk;

	if (mmu_probe(cpu, shadow->gmem, address, ACCESS_WRITE, &walk) ||
	    !sp_first(shadow, (u32)gpa_pfn(walk.gpa)))
		return false;
	sp_unshadow(shadow, (u32)gpa_pfn(walk.gpa));
	return true;
}
