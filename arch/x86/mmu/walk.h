/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Translating a guest's linear address by the guest's own page tables, exactly as its CPU would:
 * no paging (identity), 2-level with 4 MB pages, PAE with NX; CR0.WP, U/S, accessed and dirty
 * bits, reserved bits, error codes.  [SDM3A 4]
 *
 * The formats are const tables (ptformat.h); the walker is generic.  A and D bits are set in guest
 * memory by a locked compare-and-exchange against the entry that was checked, and the walk starts
 * over if the entry changed meanwhile.
 */
#ifndef ARCH_X86_MMU_WALK_H
#define ARCH_X86_MMU_WALK_H

#include "arch/x86/isa/regs.h"
#include "hv/core/gmem.h"

/* What an access is, in the bit positions of a page-fault error code. */
#define ACCESS_READ 0u
#define ACCESS_WRITE PF_W
#define ACCESS_USER PF_U /* made at CPL 3; implicit supervisor accesses (descriptors) lack it */
#define ACCESS_FETCH PF_I

#define WALK_MAX_LEVELS 3

struct walk_result {
	gpa_t gpa;       /* what the linear address translates to */
	u8 page_shift;   /* 12, 21 or 22: size of the guest page (12 without paging) */
	u8 levels;       /* entries below that are valid; 0 without paging */
	bool writable;   /* the AND of R/W over the levels */
	bool user;       /* the AND of U/S */
	bool no_execute; /* the OR of XD, with EFER.NXE */
	bool global;     /* leaf G bit, with CR4.PGE */
	bool dirty;      /* leaf D bit after the walk */
	u64 entry[WALK_MAX_LEVELS];  /* entries as used, root first */
	gpa_t entry_gpa[WALK_MAX_LEVELS]; /* where each was read (PDPTEs: gpa 0, they are cached) */
};

/* Translate @address for @access (ACCESS_* bits), setting A (and D for writes) in the guest's
 * tables.  0 and *result; or -EFAULT with cpu->fault holding the #PF, nothing set in the tables
 * that a CPU would not have set.  Tables that lie outside RAM read as all ones. */
int mmu_walk(struct x86_cpu *cpu, struct gmem *gmem, gva_t address, u32 access,
	     struct walk_result *result);

/* The same question without side effects: A/D bits stay, cpu->fault is untouched.
 * 0, or -EFAULT.  For inspectors and prefetch. */
int mmu_probe(const struct x86_cpu *cpu, struct gmem *gmem, gva_t address, u32 access,
	      struct walk_result *result);

/* Load cpu->pdpte from cpu->cr3 as MOV to CR3 does in PAE mode.  False if a present PDPTE has a
 * reserved bit set (#GP is the caller's to raise); then cpu->pdpte is unchanged. */
bool mmu_load_pdptes(struct x86_cpu *cpu, struct gmem *gmem);

#endif
