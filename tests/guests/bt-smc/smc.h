/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of bt-smc; each reports its checks. */
#ifndef TESTS_GUESTS_BT_SMC_SMC_H
#define TESTS_GUESTS_BT_SMC_SMC_H

#include "tests/lib/code.h"

#define LINEAR 0x2000000u /* linear addresses up to 4000000 to map at will */
/* Patches of each kind: enough for a page to be treated as often written, and to be forgiven. */
#define ROUNDS 600u

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
