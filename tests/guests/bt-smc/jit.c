/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code that is made all the time: a JIT that overwrites what it has made, code on pages of data, stacks on
 * pages of code, code that is moved, pages that change their use.
 */
#include "tests/guests/bt-smc/smc.h"
#include "tests/lib/random.h"

#define JIT_PAGES 16u
#define SLOT_SIZE 48u
#define SLOTS (JIT_PAGES * 4096u / SLOT_SIZE)

static u32 jit_value[SLOTS];

/* A function that returns @value, by one of several programs; some call a slot made before. */
static void make_function(u8 *jit, u32 n, u32 value)
{
	u8 *at = jit + n * SLOT_SIZE;
	u32 called = random_u32() % (n + 1);

	switch (value % 4) {
	case 0:
		emit_return(at, value);
		break;
	case 1: /* a loop */
		EMIT(at, 0x31, 0xc0, 0xb9, 7, 0, 0, 0, 0x05);
		at = emit32(at, value);
		EMIT(at, 0xe2, 0xf9, 0x2d);
		emit8(emit32(at, value * 6), 0xc3);
		break;
	case 2: /* a call of one that is there */
		at = emit_branch(at, 0xe8, called < n ? jit + called * SLOT_SIZE : jit + SLOTS * SLOT_SIZE);
		EMIT(at, 0x05);
		at = emit32(at, value - (called < n ? jit_value[called] : 0));
		emit8(at, 0xc3);
		jit_value[n] = value;
		return;
	default: /* both ways of a branch */
		EMIT(at, 0xb8);
		at = emit32(at, value);
		EMIT(at, 0xa8, 4, 0x74, 1, 0xc3, 0x90, 0x83, 0xf0, 0, 0xc3);
	}
	jit_value[n] = value;
}

static bool jit(void)
{
	u8 *code = pages(JIT_PAGES + 1);

	emit_return(code + SLOTS * SLOT_SIZE, 0);
	for (u32 round = 0; round < 4; round++) {
		/* Callees first: a slot calls only slots made in the same round. */
		for (u32 n = 0; n < SLOTS; n++) {
			make_function(code, n, random_u32());
			if (code_call(code + n * SLOT_SIZE) != jit_value[n])
				return false;
		}
		for (u32 i = 0; i < SLOTS; i++) {
			u32 n = random_u32() % SLOTS;

			if (code_call(code + n * SLOT_SIZE) != jit_value[n])
				return false;
		}
	}
	return true;
}

/* One buffer, filled, run once, filled again. */
static bool one_buffer(void)
{
	u8 *code = pages(2), scratch[64];

	for (u32 i = 0; i < 3000; i++) {
		u32 shift = i % 3 ? 0 : i % 61, size = (u32)(emit_return(scratch, i) - scratch);

		memcpy(code + shift + (i % 5 ? 0 : 0xff0), scratch, size);
		if (code_call(code + shift + (i % 5 ? 0 : 0xff0)) != i)
			return false;
	}
	return true;
}

void test_jit(void)
{
	check(jit(), "a JIT: %u functions made, run and overwritten 4 times", SLOTS);
	check(one_buffer(), "one buffer for 3000 functions, run once each");
}

/* ---- code and data on one page ------------------------------------------------------------------- */
/* INC of a counter next to the loop; the counter @distance bytes behind. */
static bool counter(u32 distance)
{
	u8 *code = pages(1) + 0x200, *at = code;
	volatile u32 *count = (volatile u32 *)(code + distance);

	EMIT(at, 0xff, 0x05);
	at = emit32(at, (u32)count);
	EMIT(at, 0x49, 0x75, 0xf7, 0xa1);
	at = emit32(at, (u32)count);
	emit8(at, 0xc3);
	*count = 0;
	for (u32 i = 1; i <= 50; i++) {
		struct code_state s = { .ecx = 100, .eflags = 2 };

		code_run(code, &s);
		if (s.eax != 100 * i || *count != 100 * i)
			return false;
	}
	return true;
}

/* The stack at the end of the page (or in its middle), the code before or behind it. */
static bool stack_on_code(u32 code_at, u32 stack_at)
{
	u8 *page = pages(1), *code = page + code_at, *at = code;

	EMIT(at, 0x55, 0x89, 0xe5, 0xbc); /* PUSH EBP; MOV EBP, ESP; MOV ESP */
	at = emit32(at, (u32)page + stack_at);
	EMIT(at, 0x31, 0xc0, 0xb9, 50, 0, 0, 0);
	EMIT(at, 0xe8, 10, 0, 0, 0, 0x51, 0x60, 0x61, 0x59, 0xe2, 0xf5); /* CALL; PUSH, PUSHA.. LOOP */
	EMIT(at, 0x89, 0xec, 0x5d, 0xc3);
	EMIT(at, 0x9c, 0x40, 0x9d, 0xc3); /* PUSHF; INC; POPF; RET */
	for (u32 i = 0; i < 20; i++)
		if (code_call(code) != 50)
			return false;
	return true;
}

void test_mixed(void)
{
	check(counter(0x20) && counter(0x100) && counter(0xc00) && counter(-0x100u),
	      "a counter on the page of the loop that counts");
	check(stack_on_code(0x100, 0xff0) && stack_on_code(0x800, 0x7f0) && stack_on_code(0xf00, 0x200),
	      "a stack on the page of its code");
}

/* ---- code that moves, pages that change ---------------------------------------------------------- */
/* A routine that copies itself @by bytes on and runs there, until ECX is 0: as decompressors do. */
static bool crawling(u32 by)
{
	u8 *area = pages(3), *at = area;

	/* CALL next; POP ESI; SUB ESI, 5; LEA EDI, by(ESI); MOV EDX, EDI; PUSH ECX; MOV ECX, size;
	 * REP MOVSB; POP ECX; INC EAX; LOOP to JMP *EDX; RET */
	EMIT(at, 0xe8, 0, 0, 0, 0, 0x5e, 0x83, 0xee, 5, 0x8d, 0xbe);
	at = emit32(at, by);
	EMIT(at, 0x89, 0xfa, 0x51, 0xb9, 34, 0, 0, 0, 0xf3, 0xa4, 0x59, 0x40, 0xe2, 1, 0xc3, 0xff, 0xe2);
	memset(at, 0x90, 8);
	for (u32 i = 1; i < 100; i++) {
		struct code_state s = { .ecx = MIN(i, 8000 / by), .eflags = 2 };
		u32 want = s.ecx;

		code_run(area, &s);
		if (s.eax != want || s.esp_lost)
			return false;
	}
	return true;
}

/* A page is code, data, page table, code again. */
static bool changing_use(void)
{
	u8 *page = pages(1);
	u32 *table = (u32 *)page, target = (u32)pages(1), directory = page_directory[LINEAR >> 22];

	for (u32 i = 0; i < 200; i++) {
		u32 sum = 0;

		emit_return(page, i);
		if (code_call(page) != i || code_call(page) != i)
			return false;
		for (u32 n = 0; n < 1024; n++)
			table[n] = n * i;
		for (u32 n = 0; n < 1024; n++)
			sum += table[n];
		if (sum != i * (1023 * 1024 / 2))
			return false;
		memset(table, 0, 4096);
		table[3] = target | PTE_P | PTE_W;
		page_directory[LINEAR >> 22] = (u32)page | PTE_P | PTE_W;
		write_cr3(read_cr3());
		emit_return((u8 *)LINEAR + 0x3000, i + 7);
		serialize();
		if (code_call((u8 *)LINEAR + 0x3000) != i + 7 || code_call((u8 *)target) != i + 7)
			return false;
		page_directory[LINEAR >> 22] = directory;
		write_cr3(read_cr3());
	}
	return true;
}

/* Data that was read and written as such, then runs; many pages, one after the other. */
static bool data_to_code(void)
{
	u8 *area = pages(64);

	for (u32 i = 0; i < 64 * 8; i++) {
		u8 *page = area + i % 64 * 4096;

		memset(page, (int)i, 4096);
		if (page[4095] != (u8)i)
			return false;
		emit_return(page + 8 * (i % 100), i);
		memcpy(page + 2048, page, 1024); /* copied, too */
		if (code_call(page + 8 * (i % 100)) != i || code_call(page + 2048 + 8 * (i % 100)) != i)
			return false;
	}
	return true;
}

/* REP MOVSB over what stands behind it. */
static bool copied_over(void)
{
	u8 *code = pages(1), *at = code, new[6];

	EMIT(at, 0x56, 0x57, 0xbe);
	at = emit32(at, (u32)new);
	EMIT(at, 0xbf);
	at = emit32(at, (u32)code + 22);
	EMIT(at, 0xb9, 5, 0, 0, 0, 0xf3, 0xa4, 0x5f, 0x5e, 0x90);
	emit_return(at, 0);
	for (u32 i = 0; i < ROUNDS; i++) {
		emit_return(new, i);
		if (code_call(code) != i)
			return false;
	}
	return true;
}

void test_reuse(void)
{
	check(crawling(40) && crawling(64) && crawling(0x800) && crawling(0x1000 - 17),
	      "code that copies itself and runs on in the copy");
	check(copied_over(), "REP MOVSB over the code behind it");
	check(data_to_code(), "data pages that become code");
	check(changing_use(), "a page that is code, data, page table, and code again");
}
