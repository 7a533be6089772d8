/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of cpu-paging share. */
#ifndef TESTS_GUESTS_CPU_PAGING_PAGING_H
#define TESTS_GUESTS_CPU_PAGING_PAGING_H

#include "tests/lib/guest.h"

#define IF 0x200u
#define STACK 0x700000u
#define WINDOW 0xc00000u  /* the linear page that is mapped in many ways */
#define PAGE_1 0xa00000u  /* two physical pages: `int $0x81`, then their address */
#define PAGE_2 0xa01000u
#define ABSENT 0x1000000u /* what is mapped nowhere, but by large pages */

#define CR0_WP (1u << 16)
#define CR0_PG (1u << 31)
#define CR4_PSE (1u << 4)
#define CR4_PAE (1u << 5)
#define CR4_PGE (1u << 7)
#define PTE_PS 0x80u
#define PTE_G 0x100u

enum access { READ, WRITE, EXECUTE };
#define ACCESS_OK (~0u)
/* One access at @address in @ring: ACCESS_OK, or the error code of its page fault (which must be at
 * @address).  Other ends count in `strange`. */
u32 access_at(u32 ring, enum access access, u32 address);
extern u32 strange;
/* What the register had when access_at() came to an end. */
u32 value_read(void);

static inline void invlpg(u32 address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}
static inline u32 get_cr0(void)
{
	u32 value;

	__asm__ volatile("movl %%cr0, %0" : "=r"(value));
	return value;
}
static inline void set_cr0(u32 value)
{
	__asm__ volatile("movl %0, %%cr0" : : "r"(value) : "memory");
}
static inline void set_cr3(u32 value)
{
	__asm__ volatile("movl %0, %%cr3" : : "r"(value) : "memory");
}
static inline u32 get_cr4(void)
{
	u32 value;

	__asm__ volatile("movl %%cr4, %0" : "=r"(value));
	return value;
}
static inline void set_cr4(u32 value)
{
	__asm__ volatile("movl %0, %%cr4" : : "r"(value) : "memory");
}

void pae_tests(void); /* pae.c */

#endif
