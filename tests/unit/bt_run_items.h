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
	bool fpu = !random_below(6);
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
	switch (random_below(gap.size < 128 ? 6 : 3)) {
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

	switch (random_below(4)) {
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

/* Through a register, through memory, by RET: to what comes next behind a gap. */
static void add_indirect(struct piece *piece)
{
	static struct piece gap, jump;
	u32 reg = random_below(8), slot = DATA + random_below(DATA_SIZE - 4),
	    kind = random_below(6);
	static const u8 size[6] = { 7, 7, 16, 16, 6, 8 };
	u32 target;

	make_gap(&gap);
	jump.size = 0;
	target = here(piece) + size[kind] + gap.size;
	if (kind < 2) { /* MOV reg, target; JMP or CALL reg */
		add32(&jump, 0xb8 + reg, target);
		ADD(&jump, 0xff, (u8)((kind ? 0xd0 : 0xe0) + reg));
	} else if (kind < 4) { /* MOV [slot], target; JMP or CALL [slot] */
		ADD(&jump, 0xc7, 0x05, (u8)slot, (u8)(slot >> 8), (u8)(slot >> 16),
		    (u8)(slot >> 24), (u8)target, (u8)(target >> 8), (u8)(target >> 16),
		    (u8)(target >> 24));
		add32(&jump, kind == 2 ? 0xff25 : 0xff15, slot);
	} else {
		add32(&jump, 0x68, target);
		if (kind == 4)
			ADD(&jump, 0xc3);
		else
			ADD(&jump, 0xc2, (u8)random_below(32), 0);
	}
	append(piece, &jump);
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

static void add_system(struct piece *piece)
{
	static const u8 cr[] = { 0, 2, 3, 4 };
	u8 reg = (u8)random_below(8);

	switch (random_below(6)) {
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
