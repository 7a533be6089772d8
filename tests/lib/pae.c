/* SPDX-License-Identifier: GPL-2.0 */
/* PAE tables for test kernels; see pae.h. */
#include "tests/lib/pae.h"

#include "tests/lib/guest.h"

#define TABLES 32

u64 pae_pdpt[4] ALIGNED(32), pae_directory[512] ALIGNED(4096);
static u64 tables[TABLES][512] ALIGNED(4096);

u64 *pae_pte_of(u32 address)
{
	return &tables[address >> 21][address >> 12 & 511];
}

void pae_build(void)
{
	for (u32 i = 0; i < TABLES; i++) {
		pae_directory[i] = (u32)tables[i] | PTE_P | PTE_W | PTE_U;
		for (u32 j = 0; j < 512; j++)
			tables[i][j] = (i << 21 | j << 12) | PTE_P | PTE_W | PTE_U;
	}
	pae_pdpt[0] = (u32)pae_directory | PTE_P;
}

void pae_paging_init(void)
{
	pae_build();
	__asm__ volatile("movl %%cr4, %%eax\n\torl %1, %%eax\n\tmovl %%eax, %%cr4\n\t"
			 "movl %0, %%cr3\n\t"
			 "movl %%cr0, %%eax\n\torl $0x80010000, %%eax\n\tmovl %%eax, %%cr0"
			 : : "r"(pae_pdpt), "i"(CR4_PAE) : "eax", "memory");
}
