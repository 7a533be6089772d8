/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What loads all of EFLAGS, and what stores it: POPF, IRET to the same ring, SAHF, and the frames of
 * INT n. IRQs are masked at the controller.
 */
#include "tests/guests/bt-control/control.h"

#define WRITABLE (FLAGS_STATUS | FLAG_IF | FLAG_DF | 0x3000u | FLAG_NT | FLAG_AC | FLAG_ID)
#define WRITABLE_BITS 14u
#define RF 0x10000u
#define TRAP_VECTOR 0x90u
#define INTERRUPT_VECTOR 0x91u

/* The @number-th combination of the bits of @mask. */
static u32 spread(u32 number, u32 mask)
{
	u32 value = 0;

	for (; mask; mask &= mask - 1, number >>= 1)
		if (number & 1)
			value |= mask & -mask;
	return value;
}

/* Each reads EFLAGS right behind what loads it, and leaves it harmless. */
u32 flags_popf(u32 value);
u32 flags_popfw(u32 value);
u32 flags_iret(u32 value);
u32 flags_sahf(u32 value);
__asm__("flags_popf:\n\tpushl 4(%esp)\n\tpopfl\n\tpushfl\n\tpopl %eax\n\tpushl $2\n\tpopfl\n\tret\n"
	"flags_popfw:\n\tpushw 4(%esp)\n\tpopfw\n\tpushfl\n\tpopl %eax\n\tpushl $2\n\tpopfl\n\tret\n"
	"flags_iret:\n\tpushl 4(%esp)\n\tpushl %cs\n\tpushl $1f\n\tiretl\n1:\tpushfl\n\tpopl %eax\n\t"
	"pushl $2\n\tpopfl\n\tret\n"
	"flags_sahf:\n\tmovb 4(%esp), %ah\n\tsahf\n\tmovl $0, %eax\n\tlahf\n\tmovzbl %ah, %eax\n\tret\n");

static bool loads(u32 (*load)(u32), u32 mask, u32 noise)
{
	for (u32 i = 0; i < BIT(WRITABLE_BITS); i++) {
		u32 flags = spread(i, WRITABLE);

		if (load(flags | (i & 1 ? noise : 0)) == ((flags & mask) | FLAG_ONE))
			continue;
		print("%x became %x\n", flags | noise, load(flags | (i & 1 ? noise : 0)));
		return false;
	}
	return true;
}

static bool sahf(void)
{
	for (u32 i = 0; i < 256; i++)
		if (flags_sahf(i) != ((i & FLAGS_STATUS) | FLAG_ONE))
			return false;
	return true;
}

/* ---- INT n ------------------------------------------------------------------------------------------- */
extern u32 int_inside, int_frame, int_eip;
u32 int_inside, int_frame, int_eip;
extern u8 int_entry[], int_site90[], int_site91[];
void int90(u32 flags);
void int91(u32 flags);
__asm__("int_entry:\n\tpushfl\n\tpopl int_inside\n\tpushl 8(%esp)\n\tpopl int_frame\n\t"
	"pushl (%esp)\n\tpopl int_eip\n\tcmpl $1, int_eip\n\tiretl\n"
	"int90:\n\tpushl 4(%esp)\n\tpopfl\n\tint $0x90\nint_site90:\n\tpushfl\n\tpopl %eax\n\tpushl $2\n\t"
	"popfl\n\tcmpl 4(%esp), %eax\n\tje 1f\n\tud2\n1:\tret\n"
	"int91:\n\tpushl 4(%esp)\n\tpopfl\n\tint $0x91\nint_site91:\n\tpushfl\n\tpopl %eax\n\tpushl $2\n\t"
	"popfl\n\tcmpl 4(%esp), %eax\n\tje 1f\n\tud2\n1:\tret\n");

static bool one_int(void (*through)(u32), u32 cleared, const u8 *site, u32 flags)
{
	return !guest_try(through, flags) && int_frame == flags && int_inside == (flags & ~cleared) &&
	       int_eip == (u32)site;
}

static void ints(void)
{
	bool trap = true, interrupt = true;

	set_gate(TRAP_VECTOR, 0xf, 0, int_entry);
	set_gate(INTERRUPT_VECTOR, 0xe, 0, int_entry);
	for (u32 i = 0; i < BIT(WRITABLE_BITS); i += 3) {
		u32 flags = spread(i, WRITABLE) | FLAG_ONE;

		trap &= one_int(int90, FLAG_NT, int_site90, flags);
		interrupt &= one_int(int91, FLAG_NT | FLAG_IF, int_site91, flags);
	}
	check(trap, "INT n through a trap gate: flags in the handler, in the frame, after IRET");
	check(interrupt, "the same through an interrupt gate");
}

/* Loops of what kernels do: save, disable, restore, nested. */
static bool save_and_restore(void)
{
	u32 outer, inner, after;

	for (u32 i = 0; i < 1000; i++) {
		u32 flags = spread(i * 16 + i / 7, WRITABLE & ~FLAG_NT) | FLAG_ONE;

		__asm__ volatile("pushl %3\n\tpopfl\n\tpushfl\n\tpopl %0\n\tcli\n\tpushfl\n\tpopl %1\n\t"
				 "pushl %1\n\tpopfl\n\tpushl %0\n\tpopfl\n\tpushfl\n\tpopl %2\n\t"
				 "pushl $2\n\tpopfl"
				 : "=&r"(outer), "=&r"(inner), "=&r"(after)
				 : "r"(flags)
				 : "cc", "memory");
		if (outer != flags || inner != (flags & ~FLAG_IF) || after != flags)
			return false;
	}
	return true;
}

void test_popf(void)
{
	check(loads(flags_popf, ~0u, RF | 0xffc28028), "POPF loads what it may, of %u combinations",
	      BIT(WRITABLE_BITS));
	check(loads(flags_popfw, 0xffff, 0x8028), "POPFW the lower half");
	check(loads(flags_iret, ~0u, RF | 0xffc08028), "IRET to the same ring the same");
	check(sahf(), "SAHF and LAHF");
	ints();
	check(save_and_restore(), "interrupt flag saved, cleared, restored, 1000 times");
}
