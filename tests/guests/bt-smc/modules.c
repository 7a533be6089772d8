/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One linear address, several codes: modules that are loaded and unloaded, address spaces with code of their
 * own at the same place; reached by calls from pages that stay, which a translator may have chained.
 */
#include "tests/guests/bt-smc/smc.h"

#define MODULE LINEAR
#define MODULES 4u

static u8 *bodies[MODULES];
static u8 *caller; /* CALL MODULE + 10h; ADD EAX, 1; RET */

/* Each body at +10h returns its number * 100 through a call into its second page. */
static void make_modules(void)
{
	u8 *at;

	for (u32 i = 0; i < MODULES; i++) {
		bodies[i] = pages(2);
		at = bodies[i] + 0x10;
		EMIT(at, 0x31, 0xc0);
		at = emit_branch(at, 0xe8, bodies[i] + 0x1010 + 4 * i);
		EMIT(at, 0xc3);
		at = bodies[i] + 0x1010 + 4 * i;
		emit_return(at, i * 100);
	}
	caller = at = pages(1);
	at = emit_branch(at, 0xe8, (u8 *)MODULE + 0x10);
	EMIT(at, 0x83, 0xc0, 1, 0xc3);
}

enum flush { FLUSH_INVLPG, FLUSH_CR3 };

static void load(u32 number, enum flush flush)
{
	for (u32 i = 0; i < 2; i++) {
		u32 linear = MODULE + i * 4096, entry = ((u32)bodies[number] + i * 4096) | PTE_P | PTE_W;

		*(volatile u32 *)pte_of(linear) = entry;
		if (flush == FLUSH_INVLPG)
			invlpg(linear);
	}
	if (flush == FLUSH_CR3)
		write_cr3(read_cr3());
}

static bool switching(enum flush flush, u32 rounds)
{
	for (u32 i = 0; i < rounds; i++) {
		u32 number = i * i / 3 % MODULES;

		load(number, flush);
		if (code_call(caller) != number * 100 + 1 || code_call((u8 *)MODULE + 0x10) != number * 100)
			return false;
	}
	return true;
}

/* Unloaded: the call faults; loaded again, it works. */
static bool unloading(void)
{
	for (u32 i = 0; i < ROUNDS; i++) {
		struct code_state s = { .eflags = 2 };

		load(i % MODULES, FLUSH_INVLPG);
		if (code_call(caller) != i % MODULES * 100 + 1)
			return false;
		code_map(MODULE + (i & 4) * 1024, 0, 0);
		if (code_try(caller, &s) != 14 + 1 ||
		    last_trap.eip != MODULE + (i & 4 ? 0x1010 + i % MODULES * 4 : 0x10) ||
		    last_cr2 != last_trap.eip)
			return false;
	}
	return true;
}

/* The page that runs maps itself away: MOV to its entry, INVLPG, and what follows is the other page's. */
static bool under_itself(void)
{
	u8 *from = pages(1), *to = pages(1), *at = from + 0x40;

	EMIT(at, 0xa3); /* MOV EAX to the entry */
	at = emit32(at, (u32)pte_of(MODULE));
	EMIT(at, 0x0f, 0x01, 0x3d); /* INVLPG */
	at = emit32(at, MODULE);
	memcpy(to, from, 4096);
	emit_return(at, 1);
	emit_return(to + (at - from), 2);
	for (u32 i = 0; i < 2 * ROUNDS; i++) {
		u8 *next = i * 5 / 3 % 2 ? to : from;
		struct code_state s = { .eax = (u32)next | PTE_P | PTE_W, .eflags = 2 };

		code_map(MODULE, (u32)(i % 3 ? to : from), PTE_P | PTE_W);
		code_run((u8 *)MODULE + 0x40, &s);
		if (s.eax != (next == to ? 2 : 1))
			return false;
	}
	return true;
}

void test_modules(void)
{
	make_modules();
	check(switching(FLUSH_INVLPG, 3000), "a module's address leads elsewhere after INVLPG, 3000 times");
	check(switching(FLUSH_CR3, 1000), "the same by loading CR3");
	check(unloading(), "modules unloaded and loaded: #PF exactly where");
	check(under_itself(), "code that maps another page under itself");
}

/* ---- address spaces ---------------------------------------------------------------------------- */
#define SPACES 5u
static u32 spaces[SPACES]; /* CR3 */
static u32 *tables[SPACES];

/* Copies of the directory; MODULE's 4 MB have a page table of their own in each. */
static void make_spaces(void)
{
	for (u32 i = 0; i < SPACES; i++) {
		u32 *directory = (u32 *)pages(1);
		u8 *code = pages(2), *at = code + 0x10;

		tables[i] = (u32 *)pages(1);
		memcpy(directory, page_directory, 4096);
		directory[MODULE >> 22] = (u32)tables[i] | PTE_P | PTE_W;
		tables[i][0] = (u32)code | PTE_P | PTE_W;
		tables[i][1] = ((u32)code + 4096) | PTE_P | PTE_W;
		emit_return(at, i * 100);
		at = code + 0x40; /* MOV CR3, ECX: and on in another space */
		EMIT(at, 0x0f, 0x22, 0xd9);
		emit_return(at, 5000 + i);
		at = code + 0xffc; /* across both pages */
		emit_return(at, i * 0x01010101);
		spaces[i] = (u32)directory;
	}
}

static bool one_space(u32 i, u32 value)
{
	return code_call(caller) == value * 100 + 1 && code_call((u8 *)MODULE + 0xffc) == i * 0x01010101;
}

static bool spaces_in_turn(void)
{
	u32 home = read_cr3(), kept[SPACES];
	bool good = true;

	for (u32 i = 0; i < SPACES; i++)
		kept[i] = i;
	for (u32 round = 0; round < 3000 && good; round++) {
		u32 i = round * round / 7 % SPACES;

		write_cr3(spaces[i]);
		good = one_space(i, kept[i]);
		if (round % 50 == 49) { /* in this one alone the code changes */
			kept[i] = round;
			*(volatile u32 *)(MODULE + 0x11) = round * 100;
			good &= one_space(i, kept[i]);
		}
	}
	write_cr3(home);
	return good;
}

static bool switch_in_code(void)
{
	u32 home = read_cr3();
	bool good = true;

	for (u32 round = 0; round < 2000 && good; round++) {
		u32 to = round * 3 / 2 % SPACES;
		struct code_state s = { .ecx = spaces[to], .eflags = 2 };

		write_cr3(spaces[round % SPACES]);
		code_run((u8 *)MODULE + 0x40, &s);
		good = s.eax == 5000 + to;
	}
	write_cr3(home);
	return good;
}

/* The directory entry alone is changed; and the frames of two spaces are exchanged. */
static bool directory_entries(void)
{
	u32 home = read_cr3(), *directory = (u32 *)spaces[0];
	bool good = true;

	write_cr3(spaces[0]);
	for (u32 round = 0; round < 1000 && good; round++) {
		u32 i = round * 2 / 3 % SPACES;

		*(volatile u32 *)&directory[MODULE >> 22] = (u32)tables[i] | PTE_P | PTE_W;
		if (round % 2)
			write_cr3(spaces[0]);
		else
			invlpg(MODULE), invlpg(MODULE + 4096);
		good = code_call((u8 *)MODULE + 0xffc) == i * 0x01010101;
	}
	directory[MODULE >> 22] = (u32)tables[0] | PTE_P | PTE_W;
	write_cr3(home);
	return good;
}

void test_spaces(void)
{
	make_spaces();
	check(spaces_in_turn(), "%u address spaces with code of their own, 3000 switches", SPACES);
	check(switch_in_code(), "code that goes on in another address space");
	check(directory_entries(), "a directory entry that leads to other tables, 1000 times");
}
