/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code that writes to the block it is in: the next instruction, itself, one before, one behind; and fields
 * of instructions one by one.  Through the same linear address, so that a CPU sees it at once.
 */
#include "tests/guests/bt-smc/smc.h"

/* C7 05: MOV to memory at @to of @value. */
static u8 *emit_store(u8 *at, const void *to, u32 value)
{
	EMIT(at, 0xc7, 0x05);
	return emit32(emit32(at, (u32)to), value);
}

/* FF 05: INC of memory at @to. */
static u8 *emit_inc(u8 *at, const void *to)
{
	EMIT(at, 0xff, 0x05);
	return emit32(at, (u32)to);
}

/* Store, @between NOPs, and the instruction that was stored to. */
static bool behind(u32 between)
{
	u8 *page = pages(1), *code = page + 0x40, *at = code, *victim = code + 10 + between;

	memset(at, 0x90, 256);
	emit_store(at, victim + 1, 0);
	emit_return(victim, 0x55);
	for (u32 i = 0; i < ROUNDS; i++) {
		*(volatile u32 *)(code + 6) = i;
		*(volatile u32 *)(victim + 1) = ~i;
		if (code_call(code) != i)
			return false;
	}
	/* And without writes from outside: INC of its own operand. */
	at = emit_inc(code, victim + 1);
	memset(at, 0x90, (u32)(victim - at));
	*(volatile u32 *)(victim + 1) = 0;
	for (u32 i = 0; i < ROUNDS; i++)
		if (code_call(code) != i + 1)
			return false;
	return true;
}

/* MOV EAX, n; INC of that n; DEC ECX; JNZ back. */
static bool before(void)
{
	u8 *code = pages(1) + 0x80, *at = emit8(code, 0xb8);

	at = emit32(at, 0);
	at = emit_inc(at, code + 1);
	EMIT(at, 0x49, 0x75, 0xf2, 0xc3);
	for (u32 i = 1; i < ROUNDS; i++) {
		struct code_state s = { .ecx = i % 20 + 1, .eflags = 2 };

		*(volatile u32 *)(code + 1) = i;
		code_run(code, &s);
		if (s.eax != i + i % 20 || *(volatile u32 *)(code + 1) != s.eax + 1)
			return false;
	}
	return true;
}

/* ADD own imm8 to itself: 1, 2, 4 .. 64. */
static bool itself(void)
{
	u8 *code = pages(1) + 0x80, *at = code;

	EMIT(at, 0x80, 0x05); /* ADD byte */
	at = emit32(at, (u32)code + 6);
	EMIT(at, 1, 0xc3);
	for (u32 i = 0; i < ROUNDS; i++) {
		code[6] = 1;
		for (u32 n = 1; n < 8; n++) {
			code_call(code);
			if (*(volatile u8 *)(code + 6) != 1u << n)
				return false;
		}
	}
	/* Overwrites its own opcode: INC becomes RET of the second run. */
	at = code;
	EMIT(at, 0xc6, 0x05);
	at = emit32(at, (u32)code);
	EMIT(at, 0xc3, 0xb8, 7, 0, 0, 0, 0xc3);
	for (u32 i = 0; i < ROUNDS; i++) {
		struct code_state s = { .eax = 1, .eflags = 2 }, t = s;

		*(volatile u8 *)code = 0xc6;
		code_run(code, &s);
		code_run(code, &t);
		if (s.eax != 7 || t.eax != 1)
			return false;
	}
	return true;
}

/* A called function, in another page, writes behind its return address. */
static bool by_callee(void)
{
	u8 *page = pages(2), *callee = page + 0x1000, *at = emit_branch(page, 0xe8, callee);

	emit_return(at, 0);
	at = callee; /* POP ECX; INC dword 1(ECX); JMP *ECX, and at +8 the same by RET */
	EMIT(at, 0x59, 0xff, 0x41, 1, 0xff, 0xe1, 0x90, 0x90, 0x8b, 0x0c, 0x24, 0xff, 0x41, 1, 0xc3);
	for (u32 i = 1; i < ROUNDS; i++) {
		if (i == ROUNDS / 2)
			emit_branch(page, 0xe8, callee + 8);
		if (code_call(page) != i)
			return false;
	}
	return true;
}

/* #UD's handler writes NOPs over the UD2 and goes on; a store in the loop puts it back. */
static volatile u32 uds;
static void mend_ud(struct trap_frame *frame)
{
	uds++;
	*(volatile u16 *)frame->eip = 0x9090;
}

static bool by_handler(void)
{
	u8 *code = pages(1) + 0x300, *at = code;

	EMIT(at, 0xb8, 5, 0, 0, 0, 0x40, 0x0f, 0x0b, 0x40, 0xc3);
	set_handler(6, mend_ud);
	uds = 0;
	for (u32 i = 0; i < ROUNDS; i++) {
		*(volatile u16 *)(code + 6) = 0x0b0f;
		if (code_call(code) != 7 || uds != i + 1 || code_call(code) != 7)
			return false;
	}
	set_handler(6, NULL);
	return true;
}

void test_in_block(void)
{
	bool good = true;

	for (u32 between = 0; between < 100; between = between * 2 + 1)
		good &= behind(between);
	check(good, "stores to an instruction 1 to 64 instructions later");
	check(before(), "stores to an instruction before, in a loop");
	check(itself(), "instructions that write to themselves");
	check(by_callee(), "a called function that writes behind its return address");
	check(by_handler(), "an exception handler that mends the code");
}

/* ---- fields ------------------------------------------------------------------------------------------ */
struct field {
	u8 size, at; /* of the code, of the byte that changes */
	u8 values[2];
	u8 bytes[16];
	u32 results[2];
};

static const struct field fields[] = {
	{ 3, 0, { 0x40, 0x48 }, { 0x40, 0x90, 0xc3 }, { 101, 99 } },		    /* opcode: INC, DEC */
	{ 3, 1, { 0xc0, 0xc8 }, { 0xff, 0xc0, 0xc3 }, { 101, 99 } },		    /* ModRM */
	{ 4, 2, { 5, 0xfb }, { 0x83, 0xc0, 5, 0xc3 }, { 105, 95 } },		    /* imm8 */
	{ 4, 2, { 5, 0x80 }, { 0x8d, 0x40, 5, 0xc3 }, { 105, 0xffffffe4 } },	    /* disp8 */
	{ 5, 3, { 0x00, 0x10 }, { 0x8d, 0x44, 0x00, 0x00, 0xc3 }, { 200, 216 } }, /* disp8 behind a SIB */
	{ 5, 2, { 0x00, 0x40 }, { 0x8d, 0x44, 0x00, 0x00, 0xc3 }, { 200, 300 } }, /* SIB: scale */
	{ 4, 0, { 0x90, 0x66 }, { 0x90, 0x48, 0x48, 0xc3 }, { 98, 98 } },	    /* a prefix comes and goes */
	{ 5, 1, { 1, 2 }, { 0xeb, 1, 0x40, 0x40, 0xc3 }, { 101, 100 } },	    /* JMP's displacement */
	{ 7, 2, { 0x74, 0x75 }, { 0x39, 0xc0, 0x74, 2, 0x40, 0x40, 0xc3 }, { 100, 102 } }, /* JE, JNE */
	{ 7, 3, { 0, 1 }, { 0x39, 0xc0, 0x74, 0, 0x40, 0x40, 0xc3 }, { 102, 101 } },
	{ 10, 1, { 1, 2 }, { 0xe8, 1, 0, 0, 0, 0xc3, 0x40, 0x40, 0xc3, 0x90 }, { 102, 101 } }, /* CALL's */
	{ 5, 2, { 0xc3, 0x40 }, { 0x40, 0x40, 0xc3, 0x40, 0xc3 }, { 102, 104 } },  /* RET in the middle */
	{ 5, 0, { 0xeb, 0x3c }, { 0xeb, 2, 0x40, 0x40, 0xc3 }, { 100, 102 } },	    /* JMP, CMP AL */
	{ 4, 1, { 0xfa, 0x40 }, { 0x9c, 0xfa, 0x9d, 0xc3 }, { 100, 101 } },	    /* CLI, INC */
};

static bool one_field(const struct field *field)
{
	u8 *code = pages(1) + 0x123;

	memcpy(code, field->bytes, field->size);
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 which = i % 7 % 2;
		struct code_state s = { .eax = 100, .eflags = 2 };

		*(volatile u8 *)(code + field->at) = field->values[which];
		code_run(code, &s);
		if (s.eax != field->results[which])
			return false;
	}
	return true;
}

void test_fields(void)
{
	u32 bad = 0;

	for (u32 i = 0; i < ARRAY_SIZE(fields); i++) {
		bool good = one_field(&fields[i]);

		if (!good)
			print("field %u is wrong\n", i);
		bad += !good;
	}
	check(!bad, "one byte of %u instructions, to and fro", ARRAY_SIZE(fields));
}

/* ---- across two pages ------------------------------------------------------------------------------- */
/* MOV EAX, imm32 with @in_first bytes in the first page; patched by bytes, by halves, by one store. */
static bool across(u32 in_first, u32 kind)
{
	u8 *page = pages(2), *code = page + 0x1000 - in_first;
	volatile u8 *bytes = code + 1;
	u32 value = 0x01020304;

	emit_return(code, value);
	for (u32 i = 0; i < ROUNDS / 3; i++) {
		u32 new = value;

		if (kind == 0) {
			new = i * 0x01010111;
			*(volatile u32 *)bytes = new;
		} else if (kind == 1) { /* one half alone */
			u32 byte = i % 2 ? 0 : 3;

			bytes[byte] = (u8)i;
			new = (value & ~(0xffu << 8 * byte)) | (i & 0xff) << 8 * byte;
		} else {
			*(volatile u16 *)(bytes + i % 3) = (u16)(i * 0x123);
			new = (value & ~(0xffffu << 8 * (i % 3))) | (u32)(u16)(i * 0x123) << 8 * (i % 3);
		}
		value = new;
		if (code_call(code) != value || code_call(code) != value)
			return false;
	}
	return true;
}

void test_spanning(void)
{
	bool good = true;

	for (u32 in_first = 0; in_first <= 6; in_first++)
		for (u32 kind = 0; kind < 3; kind++)
			good &= across(in_first, kind);
	check(good, "stores to an instruction in two pages: either half, and both at once");
}
