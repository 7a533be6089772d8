/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables of ptformat.h.  A level's "large" bit is P on the last level, where every present
 * entry is a leaf.  CR4.PSE has no say in PAE mode.  What no CPU of ours reserves (PAT bits) is
 * ignored, as a CPU with PAT does.
 */
#include "arch/x86/mmu/ptformat.h"

#define HIGH_RSVD 0x7ffffff000000000ull /* bits 62-36 */
#define XD_RSVD PTE_XD                  /* where XD does not exist it is reserved */

/* clang-format off */
const struct ptformat ptformats[PTF_COUNT] = {
	[PTF_NONE] = { .name = "none", .id = PTF_NONE },
	[PTF_32] = {
		.name = "32-bit", .id = PTF_32, .levels = 2, .entry_size = 4, .cr3_mask = 0xfffff000,
		.level = {
			{ 22, 0,     0, 0, 0 },
			{ 12, PTE_P, 0, 0, 0xfffff000 },
		},
	},
	[PTF_32_PSE] = {
		.name = "32-bit, PSE", .id = PTF_32_PSE, .levels = 2, .entry_size = 4, .cr3_mask = 0xfffff000,
		.level = {
			{ 22, PTE_PS, 0, 0x003fe000, 0xffc00000 },
			{ 12, PTE_P,  0, 0,          0xfffff000 },
		},
	},
	[PTF_PAE] = {
		.name = "PAE", .id = PTF_PAE, .levels = 3, .entry_size = 8, .pdptes = true, .cr3_mask = 0xffffffe0,
		.level = {
			{ 30, 0,      PDPTE_RESERVED,      0,                               0 },
			{ 21, PTE_PS, HIGH_RSVD | XD_RSVD, HIGH_RSVD | XD_RSVD | 0x1fe000, 0xfffe00000 },
			{ 12, PTE_P,  0,                   HIGH_RSVD | XD_RSVD,             PTE_FRAME },
		},
	},
	[PTF_PAE_NX] = {
		.name = "PAE, NX", .id = PTF_PAE_NX, .levels = 3, .entry_size = 8, .pdptes = true,
		.xd = PTE_XD, .cr3_mask = 0xffffffe0,
		.level = {
			{ 30, 0,      PDPTE_RESERVED, 0,                    0 },
			{ 21, PTE_PS, HIGH_RSVD,      HIGH_RSVD | 0x1fe000, 0xfffe00000 },
			{ 12, PTE_P,  0,              HIGH_RSVD,            PTE_FRAME },
		},
	},
};
/* clang-format on */
