/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults in the delivery of faults: which of them make a double fault, error codes with EXT, stacks in
 * the TSS that are no good; and triple faults in several ways.
 */
#include "tests/guests/cpu-faults/faults.h"

#define ROUNDS 20u
#define P_BIT (1ull << 47)
#define RING1_CODE FREE_SELECTOR
#define RING1_BAD (FREE_SELECTOR + 8) /* no data segment of ring 1 */
#define T_ESP0 1
#define T_SS0 2
#define T_ESP1 3
#define T_SS1 4

extern u8 do_ud[], do_div[], do_int3[], do_page[], do_gp[], do_int_ring1[], do_bad_load[];
__asm__("do_ud: ud2\ndo_div: xorl %ecx, %ecx\n\tdivl %ecx\ndo_int3: int3\ndo_page: movl 0xa01000, %eax\n"
	"do_gp: hlt\ndo_int_ring1: int $0x91\ndo_bad_load: movl $0xfff8, %eax\n\tmovl %eax, %ds\n");

static u32 run(u32 ring, const u8 *code)
{
	struct user_registers registers = { .eip = (u32)code, .eflags = 2 | IF, .esp = STACK };

	return run_in_ring(ring, &registers);
}

/* Each exception with its own gate not present. */
static void missing_gates(u32 ring)
{
	static const struct {
		const char *text;
		const u8 *code;
		u32 vector, result, error;
	} cases[] = {
		{ "#UD without a gate is #NP with EXT", do_ud, 6, 11, 6 * 8 + 3 },
		{ "#DE without a gate is a double fault", do_div, 0, 8, 0 },
		{ "#GP without a gate is a double fault", do_bad_load, 13, 8, 0 },
		{ "#PF without a gate is a double fault", do_page, 14, 8, 0 },
		{ "INT3 without a gate is #NP without EXT", do_int3, 3, 11, 3 * 8 + 2 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 wrong = 0, result = 0;

		for (u32 j = 0; j < ROUNDS; j++) {
			idt[cases[i].vector] &= ~P_BIT;
			result = run(ring, cases[i].code);
			idt[cases[i].vector] |= P_BIT;
			wrong += result != cases[i].result + 1;
			/* TCG leaves EXT out. */
			wrong += result != 8 + 1 &&
				 (last_trap.error | (on_bare() && cases[i].vector == 6)) != cases[i].error;
		}
		check(wrong == 0, "ring %u: %s (%u wrong: %d, error %x)", ring, cases[i].text, wrong,
		      (int)result - 1, last_trap.error);
	}
}

/* The kernel's stack is no good when ring 3 faults. */
static void bad_kernel_stack(void)
{
	u32 esp0 = tss[T_ESP0], ss0 = tss[T_SS0], wrong = 0, result = 0;

	for (u32 i = 0; i < ROUNDS; i++) {
		tss[T_ESP0] = BAD + 0x800;
		result = run(3, do_ud);
		tss[T_ESP0] = esp0;
		wrong += result != 8 + 1 || last_trap.eip != (u32)do_ud || last_trap.esp != STACK;
	}
	check(wrong == 0, "#UD of ring 3 with an absent kernel stack is a double fault (%u wrong: %d)", wrong,
	      (int)result - 1);
	for (u32 i = 0; i < ROUNDS; i++) {
		tss[T_SS0] = KERNEL_CS;
		result = run(3, do_ud);
		tss[T_SS0] = ss0;
		wrong += result != 8 + 1 || last_trap.eip != (u32)do_ud || last_trap.esp != STACK;
	}
	check(wrong == 0, "and with a bad SS0 (%u wrong: %d)", wrong, (int)result - 1);
}

/* An inner stack of ring 1, where #TS can be delivered. */
static void bad_ring1_stack(void)
{
	u32 wrong = 0, result = 0;

	gdt[RING1_CODE / 8] = 0x00cfba000000ffffull;
	gdt[RING1_BAD / 8] = 0x00cf92000000ffffull;
	set_gate(0x91, 0xe, 3, do_ud);
	idt[0x91] = (idt[0x91] & ~0xffff0000ull) | RING1_CODE << 16;
	tss[T_ESP1] = STACK - 0x1000;
	for (u32 i = 0; i < ROUNDS; i++) {
		tss[T_SS1] = RING1_BAD | 1;
		result = run(3, do_int_ring1);
		wrong += result != 10 + 1 || last_trap.error != RING1_BAD || last_trap.eip != (u32)do_int_ring1;
		tss[T_SS1] = 0;
		result = run(3, do_int_ring1);
		wrong += result != 10 + 1 || last_trap.error != 0;
	}
	check(wrong == 0, "INT to ring 1 with a bad SS1 is #TS (%u wrong: %d, error %x)", wrong, (int)result - 1,
	      last_trap.error);
}

/* The handler's own code is absent: the frame is complete, the page fault comes in the handler. */
static void absent_handler(void)
{
	u32 wrong = 0, result = 0;

	for (u32 i = 0; i < ROUNDS; i++) {
		set_gate(6, 0xe, 0, (void *)(BAD + 0x10));
		result = run(3, do_ud);
		set_gate(6, 0xe, 0, NULL);
		wrong += result != 14 + 1 || last_trap.eip != BAD + 0x10 || last_cr2 != BAD + 0x10;
		wrong += last_trap.cs != KERNEL_CS || last_trap.error != 0;
	}
	check(wrong == 0, "a handler in an absent page (%u wrong: %d at %x)", wrong, (int)result - 1,
	      last_trap.eip);
}

void delivery_tests(void)
{
	u32 result;

	missing_gates(0);
	missing_gates(3);
	bad_kernel_stack();
	bad_ring1_stack();
	absent_handler();
	result = run(3, do_gp);
	check(result == 14 && last_trap.error == 0 && last_trap.eip == (u32)do_gp, "HLT in ring 3 is #GP(0) (%u)",
	      result);
}

static const struct PACKED {
	u16 limit;
	u32 base;
} empty = { 0, 0 };

void triple_fault(void)
{
	print("going\n");
	if (boot_word("idt"))
		__asm__ volatile("lidt %0\n\tud2" : : "m"(empty));
	if (boot_word("stack"))
		__asm__ volatile("movl $0xf0000000, %esp\n\tpushl %eax");
	if (boot_word("gate")) {
		idt[8] &= ~P_BIT;
		idt[14] &= ~P_BIT;
		__asm__ volatile("movl %0, 0xf0000000" : : "r"(0));
	}
	if (boot_word("user")) {
		tss[T_SS0] = 0;
		run(3, do_ud);
	}
	print("FAIL: still there\n");
	guest_exit();
}
