/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The program that the benchmark "tcc" compiles, with our decoder and what that needs: it checks a
 * few instructions, then disassembles itself, so that a compiler that went wrong is noticed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/isa/insn.h"
#include "hv/lib/assert.h"

#define SELF_BYTES 2000u

NORETURN void assert_failed(const char *expression, const char *file, int line)
{
	printf("%s:%d: %s\n", file, line, expression);
	exit(2);
}

static const struct {
	const char *bytes;
	u32 size;
	const char *text;
} known[] = {
	{ "\x89\xd8", 2, "mov eax, ebx" },
	{ "\x0f\x20\xc0", 3, "mov eax, cr0" },
	{ "\xf4", 1, "hlt" },
	{ "\x8b\x44\x8a\x10", 4, "mov eax, dword ptr [edx+ecx*4+0x10]" },
};

static int check(u32 i)
{
	struct x86_insn insn;
	char text[80];

	if (insn_decode((const u8 *)known[i].bytes, known[i].size, true, &insn) != DECODE_OK)
		return 0;
	insn_format(&insn, 0, text, sizeof(text));
	if (strcmp(text, known[i].text) == 0)
		return 1;
	printf("%s; expected %s\n", text, known[i].text);
	return 0;
}

int main(void)
{
	const u8 *code = (const u8 *)check;
	struct x86_insn insn;
	u32 at = 0, count = 0;

	for (u32 i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!check(i))
			return 1;
	for (; at < SELF_BYTES; count++, at += insn.length)
		if (insn_decode(code + at, INSN_MAX_LENGTH, true, &insn) != DECODE_OK)
			break;
	return count < 10;
}
