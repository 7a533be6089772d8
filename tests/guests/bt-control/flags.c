/* SPDX-License-Identifier: GPL-2.0 */
/*
 * EFLAGS across instructions that do not change them, between code that sets and code that reads them:
 * exactly as they were, interrupt flag and all.  IRQs are masked at the controller.
 */
#include "tests/guests/bt-control/control.h"

struct snippet {
	const char *name;
	u8 size, bytes[15];
	bool clears_if, sets_if;
};

/* EBX, ESI, EDI and EBP point to a buffer; ECX is 3.  What a snippet pushes it pops. */
static const struct snippet snippets[] = {
	{ "nop", 1, { 0x90 }, 0, 0 },
	{ "call, ret", 8, { 0xe8, 2, 0, 0, 0, 0xeb, 1, 0xc3 }, 0, 0 },
	{ "jmp", 2, { 0xeb, 0 }, 0, 0 },
	{ "jmp near", 5, { 0xe9, 0, 0, 0, 0 }, 0, 0 },
	{ "call, pop", 6, { 0xe8, 0, 0, 0, 0, 0x58 }, 0, 0 },
	{ "call, pop, lea, jmp *", 12, { 0xe8, 0, 0, 0, 0, 0x58, 0x8d, 0x40, 7, 0xff, 0xe0, 0x90 }, 0, 0 },
	{ "call, pop, lea, push, ret", 11, { 0xe8, 0, 0, 0, 0, 0x58, 0x8d, 0x40, 6, 0x50, 0xc3 }, 0, 0 },
	{ "call, move return, ret", 12, { 0xe8, 2, 0, 0, 0, 0xeb, 4, 0xff, 0x34, 0x24, 0xc3, 0x58 }, 0, 0 },
	{ "push, pop", 2, { 0x50, 0x58 }, 0, 0 },
	{ "pusha, popa", 2, { 0x60, 0x61 }, 0, 0 },
	{ "push, pop in memory", 4, { 0xff, 0x33, 0x8f, 0x03 }, 0, 0 },
	{ "pushf, popf", 2, { 0x9c, 0x9d }, 0, 0 },
	{ "pushfw, popfw", 4, { 0x66, 0x9c, 0x66, 0x9d }, 0, 0 },
	{ "pushf, pop, push, popf", 4, { 0x9c, 0x5a, 0x52, 0x9d }, 0, 0 },
	{ "pushf, cli, popf", 3, { 0x9c, 0xfa, 0x9d }, 0, 0 },
	{ "pushf, sti, popf", 3, { 0x9c, 0xfb, 0x9d }, 0, 0 },
	{ "pushf, cmp, std, popf", 5, { 0x9c, 0x39, 0xc8, 0xfd, 0x9d }, 0, 0 },
	{ "cli", 1, { 0xfa }, 1, 0 },
	{ "sti", 1, { 0xfb }, 0, 1 },
	{ "cli, sti", 2, { 0xfa, 0xfb }, 0, 1 },
	{ "sti, cli", 2, { 0xfb, 0xfa }, 1, 0 },
	{ "lahf, sahf", 2, { 0x9f, 0x9e }, 0, 0 },
	{ "mov", 2, { 0x89, 0xd8 }, 0, 0 },
	{ "mov to memory", 2, { 0x89, 0x03 }, 0, 0 },
	{ "lea", 3, { 0x8d, 0x40, 1 }, 0, 0 },
	{ "not", 2, { 0xf7, 0xd0 }, 0, 0 },
	{ "xchg", 2, { 0x87, 0x03 }, 0, 0 },
	{ "bswap", 2, { 0x0f, 0xc8 }, 0, 0 },
	{ "movzx, movsx", 6, { 0x0f, 0xb6, 0xc1, 0x0f, 0xbf, 0xc1 }, 0, 0 },
	{ "xlat", 3, { 0xb0, 0xc0, 0xd7 }, 0, 0 },
	{ "cwde, cdq", 2, { 0x98, 0x99 }, 0, 0 },
	{ "loop", 2, { 0xe2, 0xfe }, 0, 0 },
	{ "jecxz", 2, { 0xe3, 0 }, 0, 0 },
	{ "rep movsb", 2, { 0xf3, 0xa4 }, 0, 0 },
	{ "rep stosl", 2, { 0xf3, 0xab }, 0, 0 },
	{ "lodsl", 1, { 0xad }, 0, 0 },
	{ "push ds, pop ds", 2, { 0x1e, 0x1f }, 0, 0 },
	{ "mov to ss", 4, { 0x8c, 0xd0, 0x8e, 0xd0 }, 0, 0 },
	{ "mov from cr0", 3, { 0x0f, 0x20, 0xc0 }, 0, 0 },
	{ "in", 2, { 0xe4, 0x21 }, 0, 0 },
	{ "rdtsc", 2, { 0x0f, 0x31 }, 0, 0 },
	{ "cpuid", 2, { 0x0f, 0xa2 }, 0, 0 },
	{ "clts", 2, { 0x0f, 0x06 }, 0, 0 },
	{ "invlpg", 3, { 0x0f, 0x01, 0x3b }, 0, 0 },
	{ "enter, leave", 5, { 0xc8, 8, 0, 0, 0xc9 }, 0, 0 },
	{ "sgdt", 3, { 0x0f, 0x01, 0x03 }, 0, 0 },
};

#define BUFFER (AREA + 0x100000)

static bool one_snippet(const void *code, const struct snippet *snippet, u32 flags)
{
	struct code_state s = {
		.eflags = flags, .ebx = BUFFER, .esi = BUFFER + 64, .edi = BUFFER + 128, .ebp = BUFFER + 256, .ecx = 3,
	};
	u32 want = (flags & ~(snippet->clears_if ? FLAG_IF : 0u)) | (snippet->sets_if ? FLAG_IF : 0);

	code_run(code, &s);
	__asm__ volatile("cli");
	if (s.eflags == want && !s.esp_lost)
		return true;
	print("%s: flags %x became %x, esp moved by %d\n", snippet->name, flags, s.eflags, (int)s.esp_lost);
	return false;
}

static bool all_combinations(const struct snippet *snippet)
{
	u8 *at = (u8 *)AREA;
	bool good = true;

	memset(at, 0x90, 32);
	memcpy(at, snippet->bytes, snippet->size);
	at[snippet->size + 2] = 0xc3;
	for (u32 i = 0; i < STATUS_COMBINATIONS * 4 && good; i++)
		good = one_snippet((void *)AREA, snippet,
				   code_flags(i) | (i >> 6 & 1 ? FLAG_IF : 0) | (i >> 7 & 1 ? FLAG_DF : 0));
	return good;
}

/* Flags of one ALU instruction, a call between, a conditional branch behind. */
static bool across_calls(void)
{
	u8 *at = (u8 *)AREA;
	bool good = true;

	EMIT(at, 0x39, 0xd8);		      /* CMP EAX, EBX */
	EMIT(at, 0xe8, 8, 0, 0, 0);	      /* CALL 1 */
	EMIT(at, 0xb8, 0, 0, 0, 0, 0x72, 3, 0xc3); /* MOV EAX, 0; JB over 1's RET and NOP */
	EMIT(at, 0x90, 0xc3, 0x90);	      /* 1: RET is at +10h */
	EMIT(at, 0xb8, 1, 0, 0, 0, 0xc3);
	for (u32 i = 0; i < 300; i++) {
		struct code_state s = { .eax = i % 7, .ebx = i % 5, .eflags = 2 };

		code_run((void *)AREA, &s);
		good &= s.eax == (i % 7 < i % 5);
	}
	return good;
}

void test_flags(void)
{
	u32 bad = 0;

	for (u32 i = 0; i < ARRAY_SIZE(snippets); i++)
		bad += !all_combinations(&snippets[i]);
	check(!bad, "%u pieces of code keep all combinations of flags, and IF and DF", ARRAY_SIZE(snippets));
	check(across_calls(), "flags live across CALL and RET");
}
