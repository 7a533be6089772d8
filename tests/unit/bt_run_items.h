/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Items of random code for test_bt_run.c: any instruction, branches of all kinds with something to
 * pass over, flags and what only a kernel does.
 *
 * What leaves flags undefined is followed by a CMP, and so no other instruction ever reads them.
 */
#ifndef TESTS_UNIT_BT_RUN_ITEMS_H
#define TESTS_UNIT_BT_RUN_ITEMS_H

#include "tests/unit/bt_run_machine.h"
#include "tests/unit/interp_random.h"

#define CASE_ROOM 1024u
#define MOST_ITEMS 20u

struct piece {
	u8 bytes[CASE_ROOM];
	u8 starts[CASE_ROOM]; /* an instruction begins here */
	u32 size;
};
/* The case: code at @base, and what is known of it. */
static struct {
	struct piece code;
	u32 base;
	u32 target[2 * MOST_ITEMS]; /* offsets of items */
	u32 targets;
	bool for_unicorn; /* nothing that TCG does otherwise */
	bool portable;    /* and items that are not are avoided */
	bool ends_by_fault;
} made;

static void add(struct piece *piece, const void *bytes, u32 size)
{
	piece->starts[piece->size] = 1;
	memcpy(piece->bytes + piece->size, bytes, size);
	piece->size += size;
}
#define ADD(piece, ...) add(piece, (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }))

/* An opcode and 32 bits. */
static void add32(struct piece *piece, u32 opcode, u32 value)
{
	u8 bytes[6];
	u32 at = 0;

	if (opcode > 0xff)
		bytes[at++] = (u8)(opcode >> 8);
	bytes[at++] = (u8)opcode;
	memcpy(bytes + at, &value, 4);
	add(piece, bytes, at + 4);
}

static u32 data_address(void)
{
	return DATA + (random_below(16) ? random_below(DATA_SIZE)
					: random_below(2) * DATA_SIZE + random_below(32) - 16);
}

/* ---- plain instructions ---- */
static bool is_wanted(const struct x86_insn *insn)
{
	if (insn->prefixes & PREFIX_SEG && (insn->mem.seg == SREG_FS || insn->mem.seg == SREG_GS))
		return false; /* GS is this process's */
	if (insn->props & (INSN_BRANCH | INSN_IO) || insn->op == OP_PUSHF || insn->op == OP_RDTSC)
		return false;
	return random_is_integer(insn) || random_is_string(insn);
}

static bool is_wanted_fpu(const struct x86_insn *insn)
{
	if (insn->prefixes & PREFIX_SEG)
		return false;
	return random_is_x87(insn) || random_is_sse(insn);
}

/* A displacement of 32 bits: make it one that leads to the data. */
static void tame(u8 *bytes, struct x86_insn *insn)
{
	u32 mod = insn->modrm >> 6, disp;
	bool absolute = insn->mem.base == REG_NONE;

	if (!insn->has_modrm || mod == 3 || insn->address_size == 2 || !(mod == 2 || absolute))
		return;
	disp = absolute && insn->mem.index == REG_NONE ? data_address() : random_below(256) - 128;
	for (u32 i = 1; i + 4 <= insn->length; i++)
		if (!memcmp(bytes + i, &insn->mem.disp, 4)) {
			memcpy(bytes + i, &disp, 4);
			insn->mem.disp = disp;
			return;
		}
}

static void add_plain(struct piece *piece)
{
	bool fpu = !made.portable && !random_below(6);
	struct x86_cpu any = { .gpr = { 0, 17 } };
	struct x86_insn insn;
	u8 bytes[16];

	random_instruction(bytes, true, fpu ? is_wanted_fpu : is_wanted, &insn);
	tame(bytes, &insn);
	if (insn.props & INSN_STRING)
		add32(piece, 0xb8 + REG_ECX, random_below(24));
	add(piece, bytes, insn.length);
	if (random_undefined_flags(&insn, &any))
		ADD(piece, 0x39, (u8)(0xc0 | random_below(64)));
	if (fpu || insn.op == OP_CMPXCHG8B) /* its flags are wrong now and then */
		made.for_unicorn = false;
}

/* What a branch passes over: reached only from behind. */
static void make_gap(struct piece *gap)
{
	memset(gap, 0, sizeof(*gap));
	for (u32 count = random_below(3); count-- > 0;)
		add_plain(gap);
}

static void append(struct piece *to, const struct piece *from)
{
	memcpy(to->bytes + to->size, from->bytes, from->size);
	memcpy(to->starts + to->size, from->starts, from->size);
	to->size += from->size;
}

/* ---- control transfer ---- */
static u32 here(const struct piece *piece)
{
	return made.base + piece->size;
}

/* The opcode of LOOPNE, LOOPE, LOOP, and for @below 4 JECXZ.  Behind them Unicorn mixes up flags
 * that it has not computed yet. */
static u8 loop_opcode(u32 below)
{
	made.for_unicorn = false;
	return (u8)(0xe0 + random_below(below));
}

static void add_forward(struct piece *piece)
{
	static struct piece gap;
	u8 distance;

	make_gap(&gap);
	distance = (u8)gap.size;
	switch (random_below(gap.size >= 128 ? 3 : made.portable ? 4 : 6)) {
	case 0:
		add32(piece, 0xe9, gap.size);
		break;
	case 1:
		add32(piece, 0x0f80 + random_below(16), gap.size);
		break;
	case 2:
		add32(piece, 0xe8, gap.size);
		break;
	case 3:
		ADD(piece, (u8)(0x70 + random_below(16)), distance);
		break;
	case 4:
		ADD(piece, loop_opcode(4), distance);
		break;
	case 5:
		ADD(piece, 0x67, loop_opcode(4), distance);
		break;
	}
	append(piece, &gap);
}

static void add_backward(struct piece *piece)
{
	u32 to = made.base + made.target[random_below(made.targets)];
	u32 distance = to - here(piece);

	switch (random_below(made.portable ? 3 : 4)) {
	case 0:
		add32(piece, 0xe8, distance - 5); /* to a RET or so */
		break;
	case 1:
		add32(piece, 0x0f80 + random_below(16), distance - 6);
		break;
	case 2:
		ADD(piece, (u8)(0x70 + random_below(16)), (u8)(distance - 2));
		break;
	case 3:
		ADD(piece, 0xb9, (u8)(1 + random_below(6)), 0, 0, 0);
		made.target[made.targets++] = piece->size;
		append(piece, &(struct piece){ .bytes = { 0x40 }, .starts = { 1 }, .size = 1 });
		ADD(piece, loop_opcode(3), (u8)-3);
		break;
	}
}

/* MOV dword [@at], @value. */
static void add_store(struct piece *piece, u32 at, u32 value)
{
	u8 bytes[10] = { 0xc7, 0x05 };

	memcpy(bytes + 2, &at, 4);
	memcpy(bytes + 6, &value, 4);
	add(piece, bytes, sizeof(bytes));
}

/* How to get to a target: what makes it known, and the jump. */
enum by { BY_REGISTER, BY_MEMORY, BY_RET, BY_RET_IMM, BY_STACK, BY_ECX, BY_COUNT };
static const u8 by_size[BY_COUNT] = { 7, 16, 6, 8, 8, 18 };

static void add_jump(struct piece *piece, enum by by, u32 target)
{
	u32 reg = random_below(8), slot = DATA + random_below(DATA_SIZE - 4);
	u8 call = random_below(2) ? 0x10 : 0x20; /* in ModRM: CALL or JMP */

	switch (by) {
	case BY_REGISTER:
		add32(piece, 0xb8 + reg, target);
		ADD(piece, 0xff, (u8)(0xc0 | call | reg));
		break;
	case BY_MEMORY:
		add_store(piece, slot, target);
		add32(piece, 0xff05u | call, slot);
		break;
	case BY_RET:
		add32(piece, 0x68, target);
		ADD(piece, 0xc3);
		break;
	case BY_RET_IMM:
		add32(piece, 0x68, target);
		ADD(piece, 0xc2, (u8)random_below(32), 0);
		break;
	case BY_STACK:
		add32(piece, 0x68, target);
		ADD(piece, 0xff, (u8)(0x04 | call), 0x24);
		break;
	default:
		add_store(piece, slot, target);
		add32(piece, 0xb8 + REG_ECX, slot + 8);
		ADD(piece, 0xff, (u8)(0x41 | call), (u8)-8);
		break;
	}
}

/* To what comes next behind a gap. */
static void add_indirect(struct piece *piece)
{
	static struct piece gap;
	enum by by = random_below(BY_COUNT);

	make_gap(&gap);
	add_jump(piece, by, here(piece) + by_size[by] + gap.size);
	append(piece, &gap);
}

static void add_return(struct piece *piece)
{
	if (random_below(3))
		ADD(piece, 0xc3);
	else
		ADD(piece, 0xc2, (u8)random_below(16), 0);
}

/* ---- flags and system ---- */
static void add_popf(struct piece *piece)
{
	u32 allowed = EFLAGS_ARITH | EFLAGS_DF | EFLAGS_IF;

	if (!random_below(8)) /* what the interpreter is for */
		allowed |= EFLAGS_NT | EFLAGS_IOPL;
	if (random_below(2)) {
		add32(piece, 0x68, random32() & allowed);
	} else {
		ADD(piece, 0x81, 0x24, 0x24, (u8)allowed, (u8)(allowed >> 8), 0, 0);
	}
	ADD(piece, 0x9d);
	if (allowed & EFLAGS_NT && random_below(2)) { /* back to what is translated */
		ADD(piece, 0x6a, 0);
		ADD(piece, 0x9d);
	}
}

/* Within the kernel, to what comes next behind a gap. */
static void add_iret(struct piece *piece)
{
	static struct piece gap;
	u32 flags = random32() & (EFLAGS_ARITH | EFLAGS_DF | EFLAGS_IF);

	make_gap(&gap);
	if (!random_below(8))
		flags |= random32() & (EFLAGS_NT | EFLAGS_IOPL);
	add32(piece, 0x68, flags);
	add32(piece, 0x68, KERNEL_CS);
	add32(piece, 0x68, here(piece) + 6 + gap.size);
	ADD(piece, 0xcf);
	append(piece, &gap);
	made.for_unicorn = false; /* it has no such segment */
}

static void add_system(struct piece *piece)
{
	static const u8 cr[] = { 0, 2, 3, 4 };
	u8 reg = (u8)random_below(8);

	switch (random_below(made.portable ? 3 : 8)) {
	case 0:
		ADD(piece, 0xfa);
		return;
	case 1:
	case 2:
		ADD(piece, 0xfb);
		return;
	case 3:
		ADD(piece, 0x0f, 0x20, (u8)(0xc0 | cr[random_below(4)] << 3 | reg));
		break;
	case 4:
		ADD(piece, 0x8c, (u8)(0xc0 | random_below(6) << 3 | reg));
		break;
	case 6:
	case 7:
		add_iret(piece);
		break;
	case 5:
		ADD(piece, (u8)(0x06 + 8 * random_below(4)));
		break;
	}
	made.for_unicorn = false;
}

static void add_item(struct piece *piece)
{
	switch (random_below(20)) {
	case 0:
	case 1:
		add_forward(piece);
		break;
	case 2:
		add_backward(piece);
		break;
	case 3:
		add_indirect(piece);
		break;
	case 4:
		add_return(piece);
		break;
	case 5:
		add_popf(piece);
		break;
	case 6:
		ADD(piece, 0x9c);
		break;
	case 7:
	case 8:
		add_system(piece);
		break;
	case 9:
		ADD(piece, (u8)(0x50 + random_below(16)));
		break;
	default:
		add_plain(piece);
	}
}

#endif
