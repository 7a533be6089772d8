/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inspector: does the shadow allow more than the guest's tables do?  What it allows less costs
 * hidden faults, but is right.  Each present leaf under the current root is compared with
 * mmu_probe's answer for the same address; then every shadow page is looked at for what the other
 * files rely on (traced tables, complete reverse map).  For tests and the monitor: slow.
 */
#include "arch/x86/mmu/shadow_priv.h"

#include "hv/arch.h"
#include "hv/core/log.h"
#include "hv/lib/string.h"

struct check {
	struct shadow *shadow;
	const struct x86_cpu *cpu;
	u32 differences;
};

/* What the hardware would make of an address: a leaf with the rights of all levels. */
struct mapping {
	u32 address;
	u64 frame;
	bool writable, user, no_execute;
};

static void differ(struct check *check, u32 address, u64 spte, const char *what)
{
	check->differences++;
	log_error("shadow: %08x entry %08x%08x: %s", address, (u32)(spte >> 32), (u32)spte, what);
}

/* The guest's leaf, with the bits set that ROM could not take. */
static u64 guest_leaf(const struct check *check, const struct walk_result *walk)
{
	gpa_t at;

	if (!walk->levels)
		return PTE_A | PTE_D;
	at = walk->entry_gpa[walk->levels - 1];
	if (gmem_type(check->shadow->gmem, at) != GMEM_RAM)
		return PTE_A | PTE_D;
	return walk->entry[walk->levels - 1];
}

static const char *compare(const struct check *check, const struct mapping *map)
{
	struct gmem *gmem = check->shadow->gmem;
	u32 access = map->user ? ACCESS_USER : ACCESS_READ;
	struct walk_result walk;
	hpa_t frame;

	if (in_gate(check->shadow, map->address))
		return "a guest page in the gate";
	if (mmu_probe(check->cpu, gmem, gva(map->address), access, &walk))
		return map->user ? "user access that the guest denies" : "guest maps nothing";
	if (!gmem_frame(gmem, walk.gpa, &frame) || frame.v != map->frame)
		return "wrong frame";
	if (!(guest_leaf(check, &walk) & PTE_A))
		return "A is clear";
	if (walk.no_execute && check->shadow->nx && !map->no_execute)
		return "executable";
	if (!map->writable)
		return NULL;
	if (gmem_type(gmem, walk.gpa) != GMEM_RAM || gmem_flags(gmem, walk.gpa))
		return "a writable ROM or traced page";
	if (mmu_probe(check->cpu, gmem, gva(map->address), access | ACCESS_WRITE, &walk))
		return "writable";
	return guest_leaf(check, &walk) & PTE_D ? NULL : "D is clear";
}

static void check_leaf(struct check *check, u32 address, u64 pde, u64 spte, u64 frame)
{
	struct mapping map = {
		.address = address,
		.frame = frame,
		.writable = pde & spte & PTE_W,
		.user = pde & spte & PTE_U,
		.no_execute = (pde | spte) & PTE_XD,
	};
	const char *what = compare(check, &map);

	if (what)
		differ(check, address, spte, what);
}

static void check_absent(struct check *check, u32 address)
{
	u32 leaf = ptformat_of(check->cpu)->levels;
	struct walk_result walk;

	if (!mmu_probe(check->cpu, check->shadow->gmem, gva(address), ACCESS_READ, &walk) ||
	    walk.levels != leaf || walk.entry[leaf - 1] & PTE_P)
		differ(check, address, SPTE_ABSENT, "marked as absent, and it is not");
}

static void check_region(struct check *check, u32 address, u64 pde)
{
	const u64 *table = arch_hpa_to_ptr(hpa(pde & PTE_FRAME));

	for (u32 i = 0; i < ENTRIES; i++)
		if (table[i] == SPTE_ABSENT)
			check_absent(check, address + i * PAGE_SIZE);
		else if (table[i] & PTE_P)
			check_leaf(check, address + i * PAGE_SIZE, pde, table[i], table[i] & PTE_FRAME);
		else if (table[i])
			differ(check, address + i * PAGE_SIZE, table[i], "not present, not 0");
}

static void check_directory(struct check *check, u32 place, u64 pdpte)
{
	const u64 *table = arch_hpa_to_ptr(hpa(pdpte & PTE_FRAME));

	for (u32 i = 0; i < ENTRIES; i++) {
		u32 address = place << 30 | i << LARGE_PAGE_SHIFT;
		u64 pde = table[i];

		if (in_gate(check->shadow, address)) {
			if (pde != check->shadow->gate_pde[i & 1])
				differ(check, address, pde, "not the gate");
		} else if (!(pde & PTE_P)) {
			if (pde)
				differ(check, address, pde, "not present, not 0");
		} else if (pde & PTE_PS) {
			for (u32 n = 0; n < ENTRIES; n++)
				check_leaf(check, address + n * PAGE_SIZE, pde, pde,
					   (pde & PTE_FRAME) + n * PAGE_SIZE);
		} else {
			check_region(check, address, pde);
		}
	}
}

static void check_page(struct check *check, struct shadow_page *sp)
{
	struct shadow *shadow = check->shadow;
	gpa_t table = gpa_of_pfn(sp->gfn);
	u32 live = 0;

	if (sp_has_table(sp) && gmem_type(shadow->gmem, table) != GMEM_NONE &&
	    !(gmem_flags(shadow->gmem, table) & GMEM_TRACED))
		differ(check, 0, sp->gfn, "table is not traced");
	for (u32 i = 0; i < ENTRIES; i++) {
		u64 spte = sp->entries[i];

		if (sp_gate_entry(shadow, sp, i))
			continue;
		live += spte != 0;
		if (spte && sp_kind(sp) != SP_ROOTS && !(sp->touched & BIT(i / TOUCHED_GROUP)))
			differ(check, 0, spte, "in a group that is not marked");
		if (spte_tracked(shadow, sp, spte) && !rmap_knows(shadow, location_of(sp, i), spte))
			differ(check, 0, spte, "not in the reverse map");
	}
	if (sp_kind(sp) != SP_ROOTS && live != sp->live)
		differ(check, 0, live, "wrong count of entries");
}

u32 shadow_check(struct shadow *shadow, struct x86_cpu *cpu)
{
	struct check check = { shadow, cpu, 0 };
	const u64 *root = &sp_at(shadow, 0)->entries[shadow->current_root * 4u];

	for (u32 i = 0; i < shadow->page_count; i++)
		if (sp_kind(sp_at(shadow, i)) != SP_FREE)
			check_page(&check, sp_at(shadow, i));
	for (u32 place = 0; place < 4; place++)
		if (root[place] & PTE_P)
			check_directory(&check, place, root[place]);
	return check.differences;
}
