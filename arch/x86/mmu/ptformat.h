/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page-table formats an IA-32 guest can choose, as data: one const table per combination of
 * CR0.PG, CR4.PAE, CR4.PSE and EFER.NXE that differs.  A walker reads the table and needs no case
 * of its own.  [SDM3A 4.3, 4.4, figures 4-4 and 4-7]
 *
 *   32-bit entry   31..12 frame        11..9 -  8 G  7 PS/PAT  6 D  5 A  4 PCD  3 PWT  2 U  1 W  0 P
 *   PAE entry      63 XD  62..36 rsvd  35..12 frame, then the same
 *   PAE PDPTE      63..36 rsvd  35..12 frame  8..5 rsvd  4 PCD  3 PWT  2..1 rsvd  0 P
 *
 * MAXPHYADDR is 36, and PSE-36 is not offered: bits 13-21 of a 4 MB entry are reserved.
 */
#ifndef ARCH_X86_MMU_PTFORMAT_H
#define ARCH_X86_MMU_PTFORMAT_H

#include "arch/x86/isa/regs.h"

#define PTE_P BIT(0)
#define PTE_W BIT(1)
#define PTE_U BIT(2)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_PS BIT(7)
#define PTE_G BIT(8)
#define PTE_XD BIT64(63)
#define PTE_FRAME 0xffffff000ull /* bits 35-12 */

#define PTFORMAT_MAX_LEVELS 3

enum ptformat_id { PTF_NONE, PTF_32, PTF_32_PSE, PTF_PAE, PTF_PAE_NX, PTF_COUNT };

struct ptformat_level {
	u8 shift;      /* an entry translates 2^shift bytes */
	u32 large;     /* PS if such an entry may be a leaf; 0; or P on the last level */
	u64 reserved;      /* must be 0 in a present entry that refers to a table */
	u64 leaf_reserved; /* must be 0 in a present leaf */
	u64 leaf_frame;    /* the address bits of a leaf */
};

struct ptformat {
	const char *name;
	u8 id;         /* enum ptformat_id */
	u8 levels;     /* 0: linear addresses are physical */
	u8 entry_size; /* 4 or 8 */
	bool pdptes;   /* the first level is cached in the CPU */
	u64 xd;        /* the execute-disable bit where there is one */
	u32 cr3_mask;  /* the address bits of CR3 */
	struct ptformat_level level[PTFORMAT_MAX_LEVELS]; /* root first */
};

extern const struct ptformat ptformats[PTF_COUNT];

/* Bits of a PDPTE that make its load fail. */
#define PDPTE_RESERVED 0xfffffff0000001e6ull

static inline const struct ptformat *ptformat_of(const struct x86_cpu *cpu)
{
	u32 id = PTF_NONE;

	if (cpu->cr0 & CR0_PG) {
		if (cpu->cr4 & CR4_PAE)
			id = cpu->efer & EFER_NXE ? PTF_PAE_NX : PTF_PAE;
		else
			id = cpu->cr4 & CR4_PSE ? PTF_32_PSE : PTF_32;
	}
	return &ptformats[id];
}

/* Where the entry for @address is in its table, a page: in bytes. */
static inline u32 ptformat_offset(const struct ptformat *format, const struct ptformat_level *level,
				  u32 address)
{
	return (address >> level->shift) * format->entry_size & PAGE_MASK;
}

/* Does a present @entry of @level end the walk? */
static inline bool ptformat_is_leaf(const struct ptformat_level *level, u64 entry)
{
	return (u32)entry & level->large;
}

#endif
