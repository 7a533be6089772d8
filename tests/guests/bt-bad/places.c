/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Execution where no code is, reached in every way: missing pages, memory that is not there, the end of the
 * linear space, and the places that a hypervisor may have kept for itself.
 */
#include "tests/guests/bt-bad/bad_code.h"

#define EDGE (LINEAR + 0x200000) /* a page of code, with nothing behind it */
#define NO_MEMORY 0xe0000000u

const char *way_name(enum way way)
{
	static const char *const names[WAYS] = { "JMP", "CALL", "RET", "IRET", "RETF", "JMP direct",
						 "JE direct", "JMP far", "CALL direct" };

	return names[way];
}

/* EBX is the address. */
static void emit_way(u8 *at, enum way way, u32 address)
{
	EMIT(at, 0x90);
	switch (way) {
	case WAY_JMP:
		EMIT(at, 0xff, 0xe3);
		break;
	case WAY_CALL:
		EMIT(at, 0xff, 0xd3, 0xc3);
		break;
	case WAY_RET:
		EMIT(at, 0x53, 0xc3);
		break;
	case WAY_IRET:
		EMIT(at, 0x9c, 0x0e, 0x53, 0xcf);
		break;
	case WAY_RETF:
		EMIT(at, 0x0e, 0x53, 0xcb);
		break;
	case WAY_JMP_DIRECT:
		emit_branch(at, 0xe9, (void *)address);
		break;
	case WAY_JE_DIRECT:
		EMIT(at, 0x39, 0xc0, 0x0f);
		emit_branch(at, 0x84, (void *)address);
		break;
	case WAY_JMP_FAR:
		EMIT(at, 0xea);
		at = emit32(at, address);
		EMIT(at, KERNEL_CS, 0);
		break;
	default:
		at = emit_branch(at, 0xe8, (void *)address);
		EMIT(at, 0xc3);
	}
}

u32 go(enum way way, u32 address)
{
	static u8 *page, *at;
	struct code_state s = { .ebx = address, .eflags = 2 };

	if (!at || at + 32 > page + 4096)
		page = at = page ? page : pages(1);
	emit_way(at, way, address);
	at += 32;
	return code_try(at - 32, &s);
}

bool is_fault(u32 result, u32 address, u32 error)
{
	return result == 14 + 1 && last_cr2 == address && last_trap.eip == address && last_trap.error == error;
}

/* Nothing at @address, now and the next times; ring 3 too. */
static bool nothing_at(u32 address)
{
	for (enum way way = 0; way < WAYS; way++) {
		u32 r = go(way, address);

		if (is_fault(r, address, 0))
			continue;
		print("%s to %x: vector %d at %x, cr2 %x error %x\n", way_name(way), address, (int)r - 1,
		      last_trap.eip, last_cr2, last_trap.error);
		return false;
	}
	return is_fault(run_user(address, USER_STACK_TOP), address, 4);
}

/* There is nothing, then there is code, then nothing again. */
static bool come_and_go(void)
{
	u32 frame = (u32)pages(1);
	bool good = true;

	emit_return((u8 *)frame + 0x10, 77);
	for (u32 i = 0; i < 200 && good; i++) {
		enum way way = i % 2 ? WAY_CALL : WAY_CALL_DIRECT;

		code_map(HOLE, 0, 0);
		good = is_fault(go(way, HOLE + 0x10), HOLE + 0x10, 0);
		code_map(HOLE, frame, PTE_P);
		good &= go(way, HOLE + 0x10) == 0 && code_call((void *)(HOLE + 0x10)) == 77;
	}
	code_map(HOLE, 0, 0);
	return good;
}

/* Code that runs over the end of its page: a #PF there, with all done before it; and on, if it is there. */
static bool over_the_edge(void)
{
	u8 *frame = pages(2), *at = (u8 *)EDGE + 0xff0;
	bool good = true;

	code_map(EDGE, (u32)frame, PTE_P | PTE_W);
	memset(at, 0x40, 16);
	frame[4096] = 0x40;
	frame[4097] = 0xc3;
	for (u32 i = 0; i < 200 && good; i++) {
		struct code_state s = { .eflags = 2 }, t = { .eflags = 2 };

		code_map(EDGE + 0x1000, 0, 0);
		good = is_fault(code_try(at + i % 16, &s), EDGE + 0x1000, 0) && last_trap.eax == 16 - i % 16;
		code_map(EDGE + 0x1000, (u32)frame + 4096, PTE_P);
		code_run(at + i % 16, &t);
		good &= t.eax == 17 - i % 16;
	}
	return good;
}

void test_places(void)
{
	code_map(HOLE, 0, 0);
	check(nothing_at(HOLE) && nothing_at(HOLE + 0x123) && nothing_at(0x80000000) && nothing_at(0xfffffff0) &&
	      nothing_at(0xbfffffff), "%u ways to a missing page", WAYS);
	check(come_and_go(), "a page of code that comes and goes");
	check(over_the_edge(), "code that runs over the end of its page");
}

/* ---- no memory ------------------------------------------------------------------------------------- */
/* Reads as ones: FF FF is #UD.  (QEMU alone reads zeros there.) */
void test_no_memory(void)
{
	static const u32 physical[] = { NO_MEMORY, 0x7ff00000, 0xfee00000, 0xa0000 };
	u8 *frame = pages(1);
	bool good = true, across = true;

	if (on_bare())
		return;
	for (u32 i = 0; i < 100 && good; i++) {
		u32 at = HOLE + i * 31;

		code_map(HOLE, physical[i % 4], PTE_P | PTE_W | PTE_U);
		good = go(i % WAYS, at) == 6 + 1 && last_trap.eip == at;
		good &= run_user(at, USER_STACK_TOP) == 6 + 1 && last_trap.eip == at;
	}
	check(good, "where no memory is, FF FF is #UD");
	/* MOV EAX, imm32 with its last two bytes there; then FF FF. */
	frame[0xffd] = 0xb8;
	frame[0xffe] = frame[0xfff] = 1;
	code_map(EDGE, (u32)frame, PTE_P | PTE_W);
	for (u32 i = 0; i < 100 && across; i++) {
		code_map(EDGE + 0x1000, physical[i % 4], PTE_P);
		across = go(i % WAYS, EDGE + 0xffd) == 6 + 1 && last_trap.eip == EDGE + 0x1002 &&
			 last_trap.eax == 0xffff0101;
	}
	check(across, "an instruction half in memory, half not");
	code_map(HOLE, 0, 0);
}

/* ---- the end of the linear space ----------------------------------------------------------------- */
static u32 *top_table;

static void map_top(u32 physical)
{
	if (!top_table)
		top_table = (u32 *)pages(1);
	page_directory[1023] = (u32)top_table | PTE_P | PTE_W;
	top_table[1023] = physical ? physical | PTE_P | PTE_W : 0;
	invlpg(0xfffff000);
}

void test_corner(void)
{
	u8 *top = pages(1), *bottom = pages(1);
	u32 old = *pte_of(0);
	bool on = true, missing = true, across = true;

	code_map(0, (u32)bottom, PTE_P | PTE_W);
	map_top((u32)top);
	memset(top + 0xff0, 0x40, 16);
	EMIT(bottom, 0x40, 0xc3);
	bottom -= 2;
	for (u32 i = 0; i < 100; i++) {
		struct code_state s = { .eflags = 2 }, t = { .eflags = 2 };
		u32 r;

		code_run((void *)(0xfffffff0 + i % 16), &s);
		on &= s.eax == 17 - i % 16;
		code_map(0, 0, 0);
		missing &= is_fault(code_try((void *)(0xfffffff0 + i % 16), &t), 0, 0) &&
			   last_trap.eax == 16 - i % 16;
		code_map(0, (u32)bottom, PTE_P | PTE_W);
		/* B8 in the last byte: it wraps, or is over the segment's limit. */
		top[0xfff] = 0xb8;
		memcpy(bottom, "\x2a\0\0\0\xc3", 5);
		r = code_try((void *)0xffffffff, &t);
		across &= r == 13 + 1 ? last_trap.eip == 0xffffffff : !r && t.eax == 42;
		top[0xfff] = 0x40;
		memcpy(bottom, "\x40\xc3", 2);
	}
	check(on, "code goes on from FFFFFFFF to 0");
	check(missing, "with no page there it is #PF at 0");
	check(across, "an instruction from FFFFFFFF on wraps, or is #GP");
	map_top(0);
	page_directory[1023] = 0;
	code_map(0, old & ~0xfffu, old & 0xfff);
	write_cr3(read_cr3());
}

/* ---- the slots ----------------------------------------------------------------------------------------- */
static bool slot_is_empty(u32 base)
{
	static const u32 offsets[] = { 0, 1, 2, 0x10, 0x7f, 0xffc, 0xfff };

	for (u32 page = 0; page < SLOT_SIZE; page += page < 0x80000 || page - 0x200000 < 0x8000 ? 4096 : 0x11000) {
		u32 at = base + page + offsets[page / 4096 % 7];
		u32 r = go(page / 4096 % WAYS, at), u;

		if (!is_fault(r, at, 0)) {
			print("to %x: vector %d at %x, cr2 %x error %x\n", at, (int)r - 1, last_trap.eip,
			      last_cr2, last_trap.error);
			return false;
		}
		u = run_user(at, USER_STACK_TOP);
		if (!is_fault(u, at, 4))
			return false;
	}
	return true;
}

void test_slots(void)
{
	static const u32 slots[] = SLOTS;

	for (u32 i = 0; i < ARRAY_SIZE(slots); i++)
		check(slot_is_empty(slots[i]), "4 MB at %x: nothing to execute", slots[i]);
}
