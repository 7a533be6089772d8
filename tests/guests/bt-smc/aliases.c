/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code written through another linear address, by the kernel and by ring 3; and patching as Linux does it:
 * INT3 first, the tail, then the first byte (kprobes, ftrace, alternatives, static keys).
 */
#include "tests/guests/bt-smc/smc.h"

#define ALIAS LINEAR
#define USER_CODE (LINEAR + 0x10000)
#define USER_STACK (LINEAR + 0x12000)

static bool two_mappings(bool run_alias, bool run_both)
{
	u8 *page = pages(1), *code = page + 0x222, *other = (u8 *)ALIAS + 0x222;

	code_map(ALIAS, (u32)page, PTE_P | PTE_W);
	emit_return(code, 0);
	for (u32 i = 0; i < ROUNDS; i++) {
		u8 *run = run_alias ? other : code, *write = run_alias ? code : other;

		*(volatile u32 *)(write + 1) = i;
		serialize();
		if (code_call(run) != i || (run_both && code_call(write) != i))
			return false;
		/* And from where it runs. */
		*(volatile u32 *)(run + 1) = ~i;
		serialize();
		if (code_call(run) != ~i || (run_both && code_call(write) != ~i))
			return false;
	}
	return true;
}

/* The block itself stores through the alias to the instruction behind a serializing one. */
static bool block_through_alias(void)
{
	u8 *page = pages(1), *code = page + 0x100, *at = code;

	code_map(ALIAS, (u32)page, PTE_P | PTE_W);
	EMIT(at, 0x53, 0xff, 0x05);
	at = emit32(at, ALIAS + 0x100 + 12);
	EMIT(at, 0x0f, 0xa2, 0x5b); /* CPUID; POP EBX */
	emit_return(at + 1, 0);
	*at = 0x90;
	for (u32 i = 0; i < ROUNDS; i++)
		if (code_call(code) != i + 1)
			return false;
	return true;
}

/* Ring 3 has the page of kernel code mapped writable. */
static bool by_user(void)
{
	u8 *page = pages(2), *code = page + 0x40, *user = page + 0x1000, *at = user;

	code_map(ALIAS, (u32)page, PTE_P | PTE_W | PTE_U);
	code_map(USER_CODE, (u32)user, PTE_P | PTE_W | PTE_U);
	code_map(USER_STACK - 0x1000, (u32)pages(1), PTE_P | PTE_W | PTE_U);
	*pte_of((u32)page) &= ~PTE_U;
	invlpg((u32)page);
	EMIT(at, 0x89, 0x1d); /* MOV EBX to the code; CALL it by the alias; INT */
	at = emit32(at, ALIAS + 0x41);
	at = emit_branch(at, 0xe8, (u8 *)ALIAS + 0x40 - (USER_CODE - (u32)user));
	EMIT(at, 0xcd, USER_EXIT);
	emit_return(code, 0);
	for (u32 i = 0; i < ROUNDS; i++) {
		struct user_registers r = { .eip = USER_CODE, .cs = USER_CS, .ss = USER_DS, .eflags = 0x202,
					    .esp = USER_STACK, .ebx = i * 77 };

		if (user_run(&r) || last_trap.eax != i * 77)
			return false;
		serialize();
		if (code_call(code) != i * 77)
			return false;
		*(volatile u32 *)(code + 1) = 3; /* the kernel in between */
		if (code_call(code) != 3)
			return false;
	}
	return true;
}

void test_aliases(void)
{
	check(two_mappings(false, false) && two_mappings(true, false), "writes through another linear address");
	check(two_mappings(false, true) && two_mappings(true, true), "the same, run at both");
	check(block_through_alias(), "a block that writes to itself through another address");
	check(by_user(), "ring 3 writes kernel code, and both run it");
}

/* ---- INT3 ------------------------------------------------------------------------------------------- */
static volatile u32 breakpoints, steps;
static u32 hook_eip;   /* where a hit goes on */
static u32 step_back;  /* EIP behind the instruction that is stepped in its copy */
static u8 *slot;

static void skip(struct trap_frame *frame)
{
	breakpoints++;
	frame->eip = hook_eip;
}

/* MOV EAX, 0; 5 bytes to patch; INC EAX; RET.  ADD_1000, which they may call. */
static u8 *make_site(u8 *page, u8 **site)
{
	u8 *at = page, *add = page + 0x80;

	EMIT(at, 0xb8, 0, 0, 0, 0);
	*site = at;
	EMIT(at, 0x0f, 0x1f, 0x44, 0, 0, 0x40, 0xc3);
	EMIT(add, 0x05, 0, 0x10, 0, 0, 0xc3);
	return page + 0x80;
}

/* From one to another content of 5 bytes, calling it after each step: with INT3 the site is skipped. */
static bool poke(u8 *code, volatile u8 *site, const u8 *new, u32 want)
{
	u32 before = breakpoints;

	hook_eip = (u32)site + 5;
	site[0] = 0xcc;
	if (code_call(code) != 1 || breakpoints != before + 1)
		return false;
	for (u32 i = 1; i < 5; i++) {
		site[i] = new[i];
		if (code_call(code) != 1)
			return false;
	}
	site[0] = new[0];
	return breakpoints == before + 5 && code_call(code) == want && code_call(code) == want;
}

static bool pokes(bool handler_is_trap_gate)
{
	u8 *page = pages(1), *site, *add = make_site(page, &site), call[5], jump[5], at_random[5];
	static const u8 nop[] = { 0x0f, 0x1f, 0x44, 0, 0 };

	set_gate(3, handler_is_trap_gate ? 0xf : 0xe, 3, NULL);
	set_handler(3, skip);
	emit32(emit8(call, 0xe8), (u32)add - (u32)site - 5);
	emit32(emit8(jump, 0xe9), 1); /* over INC */
	for (u32 i = 0; i < ROUNDS / 3; i++) {
		emit32(emit8(at_random, 0xb8), i);
		if (!poke(page, site, call, 0x1001) || !poke(page, site, jump, 0) ||
		    !poke(page, site, at_random, i + 1) || !poke(page, site, nop, 1))
			return false;
	}
	return true;
}

/* As kprobes: the replaced instruction runs in a copy, single-stepped. */
static void probe(struct trap_frame *frame)
{
	breakpoints++;
	step_back = frame->eip + 4;
	frame->eip = (u32)slot;
	frame->eflags |= FLAG_TF;
}

static void stepped(struct trap_frame *frame)
{
	steps++;
	frame->eflags &= ~FLAG_TF;
	if (frame->eip == (u32)slot + 5)
		frame->eip = step_back;
}

static bool kprobes(void)
{
	u8 *page = pages(1), *site;

	make_site(page, &site);
	slot = pages(1) + 0x20;
	set_handler(3, probe);
	set_handler(1, stepped);
	for (u32 i = 0; i < ROUNDS; i++) {
		emit32(emit8(site, 0x05), i); /* ADD EAX, i */
		memcpy(slot, site, 5);
		breakpoints = steps = 0;
		if (code_call(page) != i + 1 || breakpoints)
			return false;
		*(volatile u8 *)site = 0xcc;
		if (code_call(page) != i + 1 || code_call(page) != i + 1 || breakpoints != 2 || steps != 2)
			return false;
		*(volatile u8 *)site = 0x05;
		if (code_call(page) != i + 1)
			return false;
	}
	return true;
}

void test_probes(void)
{
	check(pokes(false), "INT3, tail, first byte: NOP, CALL, JMP, MOV");
	check(pokes(true), "the same with a trap gate");
	check(kprobes(), "breakpoints whose instruction is stepped in a copy");
	set_handler(3, NULL);
	set_handler(1, NULL);
}
