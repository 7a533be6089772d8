/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of cpu-segments share. */
#ifndef TESTS_GUESTS_CPU_SEGMENTS_SEGMENTS_H
#define TESTS_GUESTS_CPU_SEGMENTS_SEGMENTS_H

#include "tests/lib/code.h"
#include "tests/lib/guest.h"

#define IF 0x200u
#define STACK 0x700000u
#define DATA 0x600000u /* a page with known contents */

/* Selectors of this test, all in the GDT. */
enum {
	SEL_TLS = FREE_SELECTOR,
	SEL_READ_ONLY = SEL_TLS + 8,
	SEL_EXECUTE_ONLY = SEL_TLS + 16,
	SEL_CONFORMING = SEL_TLS + 24,
	SEL_ABSENT = SEL_TLS + 32,
	SEL_CODE16 = SEL_TLS + 40, /* ring 0; base LOW_CODE */
	SEL_STACK16 = SEL_TLS + 48, /* ring 0 */
	SEL_USER_CODE16 = SEL_TLS + 56,
	SEL_USER_STACK16 = SEL_TLS + 64,
	SEL_RING1_CODE = SEL_TLS + 72,
	SEL_RING1_DATA = SEL_TLS + 80,
	SEL_RING2_CODE = SEL_TLS + 88,
	SEL_RING2_DATA = SEL_TLS + 96,
	SEL_GATE = SEL_TLS + 104,
	SEL_EXPAND_DOWN = SEL_TLS + 112,
	SEL_LDT2 = SEL_TLS + 120,
	SEL_RING3_CONFORMING = SEL_TLS + 128,
};

#define DPL(n) ((u64)(n) << 45)
#define SEGMENT_P (1ull << 47)
#define SEGMENT_G (1ull << 55)
#define SEGMENT_D (1ull << 54)
#define ACCESSED (1ull << 40)
#define FLAT_LIMIT 0x000f00000000ffffull
#define READ_DATA (SEGMENT_P | 0x10ull << 40)
#define WRITE_DATA (SEGMENT_P | 0x12ull << 40)
#define EXPAND_DOWN (SEGMENT_P | 0x16ull << 40)
#define ONLY_CODE (SEGMENT_P | 0x18ull << 40)
#define READ_CODE (SEGMENT_P | 0x1aull << 40)
#define CONFORMING_CODE (SEGMENT_P | 0x1eull << 40)
#define FLAT (FLAT_LIMIT | SEGMENT_G | SEGMENT_D)

static inline u64 with_base(u64 raw, u32 base)
{
	return (raw & 0x00ffff000000ffffull) | (u64)(base & 0xffffff) << 16 | (u64)(base >> 24) << 56;
}
static inline u64 with_limit(u64 raw, u32 limit)
{
	return (raw & ~FLAT_LIMIT) | (limit & 0xffff) | (u64)(limit >> 16 & 0xf) << 48;
}

/* Run @code in @ring with EAX, EDX. */
u32 run_with(u32 ring, const void *code, u32 eax, u32 edx);

void load_tests(void);	  /* loads.c */
void tls_tests(void);	  /* tls.c */
void transfer_tests(void); /* transfers.c */
void question_tests(void); /* questions.c */

#endif
