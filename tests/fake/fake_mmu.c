/* SPDX-License-Identifier: GPL-2.0 */
/* See fake_mmu.h. */
#include "tests/fake/fake_mmu.h"

#include <string.h>

#include "arch/x86/isa/excp.h"
#include "hv/arch.h"
#include "hv/lib/assert.h"

#define FRAME 0xffffff000ull
#define HIGH_RSVD 0x7ffffff000000000ull

static u64 *entry_of(u64 table, u32 index)
{
	return (u64 *)arch_hpa_to_ptr(hpa(table & FRAME)) + index;
}

/* Walk the tables.  Marks A and D if @mark. */
static bool walk(const u64 pdpte[4], bool nx, u32 address, struct fake_tlb_entry *out, bool mark,
		 bool write)
{
	u64 *pde, *pte, rights, xd;

	*out = (struct fake_tlb_entry){ .page = address >> 12 };
	if (!(pdpte[address >> 30] & 1))
		return false;
	ASSERT(!(pdpte[address >> 30] & (HIGH_RSVD | BIT64(63) | 0x1e6)));
	pde = entry_of(pdpte[address >> 30], address >> 21 & 511);
	if (!(*pde & 1))
		return false;
	ASSERT(!(*pde & HIGH_RSVD) && (nx || !(*pde >> 63)));
	pte = *pde & 0x80 ? pde : entry_of(*pde, address >> 12 & 511);
	if (!(*pte & 1))
		return false;
	out->reserved = pte != pde && *pte & HIGH_RSVD;
	if (out->reserved)
		return false;
	ASSERT(!(*pte & HIGH_RSVD) && (nx || !(*pte >> 63)));
	ASSERT(pte != pde || !(*pte & 0x1fe000));
	if (mark)
		*pde |= 0x20;
	if (mark)
		*pte |= write && (*pde & *pte & 2) ? 0x60 : 0x20;
	rights = *pde & *pte;
	xd = *pde | *pte;
	out->valid = true;
	out->frame = pte == pde ? (*pte & FRAME) + (address & 0x1ff000) : *pte & FRAME;
	out->writable = rights & 2;
	out->user = rights & 4;
	out->no_execute = xd >> 63;
	return true;
}

static bool allows(const struct fake_tlb_entry *entry, u32 access)
{
	return !((access & PF_W) && !entry->writable) && !((access & PF_U) && !entry->user) &&
	       !((access & PF_I) && entry->no_execute);
}

void fake_mmu_load(struct fake_mmu *mmu, hpa_t cr3)
{
	ASSERT(!(cr3.v & 31) && cr3.v < BIT64(32));
	memcpy(mmu->pdpte, arch_hpa_to_ptr(cr3), sizeof(mmu->pdpte));
	memset(mmu->tlb, 0, sizeof(mmu->tlb));
}

bool fake_mmu_access(struct fake_mmu *mmu, u32 address, u32 access, hpa_t *at, u32 *error)
{
	struct fake_tlb_entry *entry = &mmu->tlb[(address >> 12 ^ address >> 22) % FAKE_TLB_SIZE];
	bool present = entry->valid && entry->page == address >> 12;

	if (!present || !allows(entry, access))
		present = walk(mmu->pdpte, mmu->nx, address, entry, true, access & PF_W);
	if (present && allows(entry, access)) {
		*at = hpa(entry->frame + (address & 0xfff));
		return true;
	}
	entry->valid = false;
	*error = (present ? PF_P : 0) | (entry->reserved ? PF_P | PF_RSVD : 0) |
		 (access & (PF_W | PF_U)) | (mmu->nx ? access & PF_I : 0);
	return false;
}

bool fake_mmu_tlb_is_true(const struct fake_mmu *mmu, hpa_t cr3)
{
	const u64 *pdpte = arch_hpa_to_ptr(cr3);

	for (u32 i = 0; i < FAKE_TLB_SIZE; i++) {
		const struct fake_tlb_entry *entry = &mmu->tlb[i];
		struct fake_tlb_entry now;

		if (!entry->valid)
			continue;
		if (!walk(pdpte, mmu->nx, entry->page << 12, &now, false, false) ||
		    now.frame != entry->frame || (entry->writable && !now.writable) ||
		    (entry->user && !now.user) || (!entry->no_execute && now.no_execute))
			return false;
	}
	return true;
}
