/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of bt-control; each reports its checks. */
#ifndef TESTS_GUESTS_BT_CONTROL_CONTROL_H
#define TESTS_GUESTS_BT_CONTROL_CONTROL_H

#include "tests/lib/code.h"

/* Physical memory that the parts use one after the other, identity-mapped; the kernel is below. */
#define AREA 0x800000u
#define AREA_END 0x1000000u
#define LINEAR 0x2000000u /* linear addresses up to 4000000 that a part may map as it likes */
#define LINEAR_END 0x4000000u
#define STATUS_COMBINATIONS 64u

void test_calls(void);
void test_targets(void);
void test_conditions(void);
void test_loops(void);
void test_flags(void);
void test_popf(void);
void test_lengths(void);
void test_pages(void);
void test_prefixes(void);
void test_faults(void);
void test_interrupts(void);

/* Some of what the above do, without a report: false if something was wrong. */
bool calls_all(void);
void make_places(void); /* before the next */
bool targets_all(void);
bool loops_all(void);

/* branches.S */
u32 calls_recurse(u32 depth);
u32 calls_longjmp(u32 depth);
u32 calls_retpoline(u32 (*to)(u32), u32 argument);
u32 calls_skip(u32 bytes);
u32 calls_where(void);
u32 calls_push_ret(u32 bytes);
u32 calls_ret_imm(void);
u32 calls_indirect(void);
u32 calls_esp(void);
u32 calls_mutual(u32 n);

#endif
