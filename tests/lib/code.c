/* SPDX-License-Identifier: GPL-2.0 */
/* Running made code; see code.h.  Not reentrant: one piece of code at a time. */
#include "tests/lib/code.h"

extern u32 code_esp;
extern const void *code_target;
extern struct code_state *code_current;
u32 code_esp;
const void *code_target;
struct code_state *code_current;
u32 code_if;
void code_enter(u32 unused);

/* Offsets are those of struct code_state. */
__asm__(".text\n.globl code_enter\ncode_enter:\n\tpusha\n\tmovl %esp, code_esp\n\t"
	"movl code_current, %eax\n\tpushl 28(%eax)\n\tmovl 0(%eax), %edi\n\tmovl 4(%eax), %esi\n\t"
	"movl 8(%eax), %ebp\n\tmovl 12(%eax), %ebx\n\tmovl 16(%eax), %edx\n\tmovl 20(%eax), %ecx\n\t"
	"movl 24(%eax), %eax\n\tpopfl\n\tcall *code_target\n\t"
	"pushfl\n\tpushl %eax\n\tmovl code_current, %eax\n\tpopl 24(%eax)\n\tpopl 28(%eax)\n\t"
	"cld\n\tmovl %edi, 0(%eax)\n\tmovl %esi, 4(%eax)\n\tmovl %ebp, 8(%eax)\n\t"
	"movl %ebx, 12(%eax)\n\tmovl %edx, 16(%eax)\n\tmovl %ecx, 20(%eax)\n\t"
	"movl code_esp, %ecx\n\tmovl %ecx, %edx\n\tsubl %esp, %ecx\n\tmovl %ecx, 32(%eax)\n\t"
	"movl %edx, %esp\n\tpopa\n\tret\n");

void code_run(const void *code, struct code_state *state)
{
	code_target = code;
	code_current = state;
	state->eflags |= code_if;
	code_enter(0);
	state->eflags &= ~code_if;
}

u32 code_try(const void *code, struct code_state *state)
{
	code_target = code;
	code_current = state;
	state->eflags |= code_if;
	return guest_try(code_enter, 0);
}

u32 code_flags(u32 number)
{
	static const u32 flags[] = { FLAG_CF, FLAG_PF, FLAG_AF, FLAG_ZF, FLAG_SF, FLAG_OF };
	u32 value = FLAG_ONE;

	for (u32 i = 0; i < ARRAY_SIZE(flags); i++)
		if (number >> i & 1)
			value |= flags[i];
	return value;
}

void code_map(u32 at, u32 page, u32 flags)
{
	*pte_of(at) = page | flags;
	invlpg(at);
}

static u32 next_page = PAGES_START;

u8 *pages(u32 count)
{
	u8 *first = (u8 *)next_page;

	next_page += count * 4096;
	if (next_page > PAGES_END) {
		check(false, "there is memory for the test");
		guest_exit();
	}
	memset(first, 0, count * 4096);
	return first;
}
