/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of bt-smc; each reports its checks. */
#ifndef TESTS_GUESTS_BT_SMC_SMC_H
#define TESTS_GUESTS_BT_SMC_SMC_H

#include "tests/lib/code.h"

/* Physical memory for code, identity-mapped; each check takes pages of its own, so that none inherits
 * what a hypervisor thinks of a page by now. */
#define AREA 0x800000u
#define AREA_END 0x1800000u
#define LINEAR 0x2000000u /* linear addresses up to 4000000 to map at will */
/* Patches of each kind: enough for a page to be treated as often written, and to be forgiven. */
#define ROUNDS 600u

/* Fresh pages, zeroed: the address of the first. */
u8 *pages(u32 count);

/* Needed on a CPU after code was written through another linear address. */
static inline void serialize(void)
{
	u32 eax = 0;

	__asm__ volatile("cpuid" : "+a"(eax) : : "ebx", "ecx", "edx", "memory");
}

void test_stores(void);
void test_in_block(void);
void test_fields(void);
void test_spanning(void);
void test_aliases(void);
void test_probes(void);
void test_jit(void);
void test_modules(void);
void test_spaces(void);
void test_mixed(void);
void test_reuse(void);

#endif
