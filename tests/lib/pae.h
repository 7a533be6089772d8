/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The linear space of paging_init once more, in PAE tables: the first 64 MB identity-mapped by 4 KB
 * pages, user-accessible.  For kernels that run in both formats.
 */
#ifndef TESTS_LIB_PAE_H
#define TESTS_LIB_PAE_H

#include "hv/lib/types.h"

#define CR4_PAE 0x20u
#define MSR_EFER 0xc0000080u
#define EFER_NXE 0x800u
#define PTE_NX (1ull << 63)

extern u64 pae_pdpt[4], pae_directory[512];

/* Fill the tables. */
void pae_build(void);
/* The same, and turn paging with PAE on (paging is off before). */
void pae_paging_init(void);
u64 *pae_pte_of(u32 address); /* in the first 64 MB */

#endif
