/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of bt-bad; each reports its checks. */
#ifndef TESTS_GUESTS_BT_BAD_BAD_CODE_H
#define TESTS_GUESTS_BT_BAD_BAD_CODE_H

#include "tests/lib/code.h"

#define LINEAR 0x2000000u /* linear addresses up to 4000000 to map at will */
#define HOLE (LINEAR + 0x100000) /* not present, but for a while */
#define USER_STACK_TOP 0x700000u
#define SLOT_SIZE 0x400000u
#define SLOTS { 0xffc00000u, 0xff400000u, 0xfc000000u, 0xf0000000u }

/* How to get to an address. */
enum way {
	WAY_JMP, WAY_CALL, WAY_RET, WAY_IRET, WAY_RETF, WAY_JMP_DIRECT, WAY_JE_DIRECT, WAY_JMP_FAR,
	WAY_CALL_DIRECT, WAYS
};
/* Go to @address in that way, once; 0, or vector + 1. */
u32 go(enum way way, u32 address);
bool is_fault(u32 result, u32 address, u32 error);
const char *way_name(enum way way);

void test_places(void);
void test_no_memory(void);
void test_corner(void);
void test_own_page(void);
void test_own_tables(void);
void test_slots(void);
void test_stacks(void);
void test_nx(void);
/* Does not come back if the command line has one of its words. */
void end_badly(void);

#endif
