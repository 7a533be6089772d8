/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of vmi-attack-frames: descriptors, and what the architecture says of them. */
#ifndef TESTS_FRAMES_H
#define TESTS_FRAMES_H

#include "tests/lib/vmi.h"

#define LANDED 0x82u /* int $0x82 stands where transfers go */
#define HOST_FIRST 0xffd8u
#define HOST_CS 0xffe0u
#define HOST_DS 0xffe8u
#define FREE_INDEX (FREE_SELECTOR / 8)

enum { A_RO = 0x10, A_RW = 0x12, A_DOWN = 0x16, A_CODE = 0x18, A_CODE_R = 0x1a, A_CONFORMING = 0x1c,
       A_CONFORMING_R = 0x1e };

u64 descriptor(u32 type, u32 dpl, bool present, u32 base, u32 limit, u32 flags);
#define FLAT32 0xcu
#define FLAT16 0x8u
#define BYTES32 0x4u

/* What happens: 0 for success, or 1 + vector, with an error code. */
struct expectation {
	u32 result, error;
};
/* The kernel's own selectors may have RPL 0 or that of its ring. */
u32 rpl_of(u32 selector);
struct expectation expect_data(u64 raw, u32 selector, u32 cpl);
struct expectation expect_ss(u64 raw, u32 selector, u32 cpl);
struct expectation expect_jump(u64 raw, u32 selector, u32 cpl, u32 offset, bool call);
/* A far return or IRET at @cpl; *to: the level it goes to. */
struct expectation expect_return(u64 cs_raw, u32 cs, u64 ss_raw, u32 ss, u32 cpl, u32 offset, u32 *to);

/* The guest's descriptor of @selector, or 0. */
u64 raw_of(u32 selector);
extern u64 ldt[16];

/* Ring-3 code, copied where user code is. */
#define USER_CODE 0x600000u
#define USER_STACK 0x700000u
u32 user_address(const u8 *code);
extern u8 user_segments[], user_ss[], user_jump[], user_call[], user_return[], user_landing[];
extern u8 user_iret[], user_end[];

/* last_trap is as @expected with result @r; for a landing at level @level.  Counts and reports. */
bool matches(struct expectation expected, u32 r, u32 level, const char *what, u32 selector, u64 raw);
extern u32 mismatches;

void test_returns(void);
void test_tables(void);
void test_system(void);

#endif
