/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The paging unit of a CPU that runs a guest on shadow tables: PAE, CR0.WP = 1, with a TLB that is
 * as stubborn as a real one (an entry stays until it is flushed, replaced, or causes a fault).  It
 * aborts on tables that no CPU should see: frames outside the arena, reserved bits above the last level.
 */
#ifndef TESTS_FAKE_FAKE_MMU_H
#define TESTS_FAKE_FAKE_MMU_H

#include "hv/lib/addr.h"

#define FAKE_TLB_SIZE 64u

struct fake_tlb_entry {
	bool valid;
	bool reserved; /* the page-table entry has reserved bits set */
	u32 page;
	u64 frame;
	bool writable, user, no_execute;
};

struct fake_mmu {
	u64 pdpte[4]; /* as loaded */
	bool nx;
	struct fake_tlb_entry tlb[FAKE_TLB_SIZE];
};

/* Load CR3: PDPTEs are read, the TLB is flushed. */
void fake_mmu_load(struct fake_mmu *mmu, hpa_t cr3);
/* Access @address; @access is PF_W, PF_U, PF_I.  True and the host address, or false and the error
 * code. */
bool fake_mmu_access(struct fake_mmu *mmu, u32 address, u32 access, hpa_t *at, u32 *error);
/* Does the TLB hold nothing but what the tables at @cr3 still allow? */
bool fake_mmu_tlb_is_true(const struct fake_mmu *mmu, hpa_t cr3);

#endif
