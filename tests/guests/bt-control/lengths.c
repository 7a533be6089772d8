/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where instructions begin and end: runs longer than any block, entered anywhere; one byte string read
 * in several ways; instructions at the end of a page, across two pages, and too long.
 */
#include "tests/guests/bt-control/control.h"

#define LONGEST 15u
#define RUN 200u

static bool long_runs(void)
{
	u8 *at = (u8 *)AREA;
	bool good = true;

	memset(at, 0x40, RUN); /* INC EAX */
	at[RUN] = 0xc3;
	for (u32 i = 0; i <= RUN; i++) {
		struct code_state s = { .eax = 1000, .eflags = FLAG_ONE };

		code_run(at + (i * 77 % (RUN + 1)), &s);
		good &= s.eax == 1000 + RUN - i * 77 % (RUN + 1);
	}
	for (u32 n = 1; n < RUN; n++) {
		struct code_state s = { .eax = 0, .eflags = FLAG_ONE };

		at[n] = 0xc3;
		code_run(at, &s);
		at[n] = 0x40;
		good &= s.eax == n;
	}
	return good;
}

/* 05 40 41 42 43: ADD EAX, 43424140h from its first byte, increments from the others. */
static bool overlapping(void)
{
	static const u32 wants[][4] = {
		{ 0x43424140, 0, 0, 0 }, { 1, 1, 1, 1 }, { 0, 1, 1, 1 }, { 0, 0, 1, 1 }, { 0, 0, 0, 1 },
	};
	u8 *at = (u8 *)AREA;

	EMIT(at, 0x05, 0x40, 0x41, 0x42, 0x43, 0xc3);
	/* MOV EAX, 909003EBh, two increments: from its second byte JMP to the last of them. */
	EMIT(at, 0xb8, 0xeb, 0x03, 0x90, 0x90, 0x40, 0x40, 0xc3);
	/* Jumps into its own second byte: EB FF C0: JMP -1 to FF C0, INC EAX. */
	EMIT(at, 0xeb, 0xff, 0xc0, 0xc3);
	for (u32 i = 0; i < 500; i++) {
		u32 entry = i < 250 ? i / 50 : i % 5;
		struct code_state s = { .eflags = 2 }, t = { .eflags = 2 }, u = { .eflags = 2 };

		code_run((void *)(AREA + entry), &s);
		code_run((void *)(AREA + 6 + i % 2), &t);
		code_run((void *)(AREA + 14), &u);
		if (s.eax != wants[entry][0] || s.ecx != wants[entry][1] || s.edx != wants[entry][2] ||
		    s.ebx != wants[entry][3] || t.eax != (i % 2 ? 1 : 0x909003ed) || u.eax != 1)
			return false;
	}
	return true;
}

/* An instruction of @length bytes that adds 1 to EAX. */
static void put_increment(u8 *at, u32 length)
{
	memset(at, 0x3e, length - 1);
	at[length - 1] = 0x40;
}

/* One of @length (11 or more) that adds @value to what EBX + 4 ECX + 8 points to. */
static void put_add(u8 *at, u32 length, u32 value)
{
	memset(at, 0x3e, length - 11);
	at += length - 11;
	EMIT(at, 0x81, 0x84, 0x8b);
	emit32(emit32(at, 8), value);
}

static bool every_length(void)
{
	u8 *at = (u8 *)AREA;
	struct code_state s = { .eflags = 2 };

	for (u32 length = 1; length <= LONGEST; length++)
		for (u32 i = 0; i < 10; i++, at += length)
			put_increment(at, length);
	*at = 0xc3;
	code_run((void *)AREA, &s);
	return s.eax == 10 * LONGEST;
}

static bool too_long(void)
{
	u8 *at = (u8 *)AREA;
	struct code_state s = { .eflags = 2 };

	EMIT(at, 0x40, 0x40, 0x41);
	put_increment(at, LONGEST + 1);
	at[LONGEST + 1] = 0xc3;
	for (u32 i = 0; i < 10; i++)
		if (code_try((void *)AREA, &s) != 13 + 1 || last_trap.eip != (u32)at || last_trap.error ||
		    last_trap.eax != 2 || last_trap.ecx != 1)
			return false;
	memset(at, 0x66, 40);
	return code_try((void *)AREA, &s) == 13 + 1 && last_trap.eip == (u32)at;
}

void test_lengths(void)
{
	check(long_runs(), "runs of up to %u instructions, entered at each", RUN);
	check(overlapping(), "jumps into the middle of instructions");
	check(every_length(), "instructions of 1 to 15 bytes");
	check(too_long(), "16 bytes are #GP, after the instructions before it");
}

/* ---- pages ------------------------------------------------------------------------------------------ */
#define FIRST LINEAR
#define SECOND (LINEAR + 0x1000)
#define DATA (AREA + 0x100000)

/* FIRST and SECOND, far apart in physical memory; SECOND without @present. */
static void map_both(bool present)
{
	code_map(FIRST, AREA, PTE_P | PTE_W);
	code_map(SECOND, AREA + 0x20000, present ? PTE_P | PTE_W : PTE_W);
}

static bool across(u32 length, u32 before)
{
	u8 *at = (u8 *)(SECOND - before);
	struct code_state s = { .eflags = 2, .ecx = 3, .ebx = DATA };
	volatile u32 *data = (volatile u32 *)(DATA + 12 + 8);

	memset(at - 3, 0x40, 3);
	put_increment(at, length);
	at[length] = 0xc3;
	code_run(at - 3, &s);
	if (length < 11)
		return s.eax == 4;
	put_add(at, length, 0x12345678);
	*data = 1;
	code_run(at - 3, &s);
	return s.eax == 7 && *data == 0x12345679;
}

/* The last instruction of a page, with nothing behind; and one that needs a byte of it. */
static bool at_the_end(u32 length)
{
	u8 *at = (u8 *)SECOND - length - 1;
	struct code_state s = { .eflags = 2 }, t = { .eflags = 2 };

	put_increment(at, length);
	at[length] = 0xc3;
	code_run(at - 3, &s);
	if (s.eax != 4)
		return false;
	if (length == LONGEST)
		return true;
	*at = 0x40;
	memset(at + 1, 0x3e, length); /* prefixes up to the end */
	return code_try(at - 2, &t) == 14 + 1 && last_trap.eip == (u32)at + 1 && last_cr2 == SECOND &&
	       !last_trap.error && last_trap.eax == 3;
}

void test_pages(void)
{
	bool good = true, end = true;

	map_both(true);
	memset((void *)FIRST, 0x40, 4096);
	for (u32 round = 0; round < 3; round++)
		for (u32 length = 1; length <= LONGEST; length++)
			for (u32 before = 0; before <= length; before++)
				good &= across(length, before);
	check(good, "instructions of all lengths across two pages, at each byte");
	for (u32 round = 0; round < 3; round++)
		for (u32 length = 1; length <= LONGEST; length++) {
			map_both(true);
			memset((void *)(SECOND - 32), 0x40, 32);
			map_both(false);
			end &= at_the_end(length);
		}
	check(end, "the end of a page, with no page behind it: #PF only where a byte is needed");
	code_map(SECOND, SECOND, PTE_P | PTE_W | PTE_U);
}
