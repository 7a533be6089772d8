/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Debug registers.  A breakpoint of the guest works on the guest's accesses, and has no effect on
 * the hypervisor, wherever it points: into the gate, or to addresses at which the hypervisor has
 * its own stack and data.  The words from= and to= of the command line name such a range.
 */
#include "tests/lib/vmi.h"

#define PAGE 0x1000u
#define BREAK_ON_ALL 0xffff0055u /* reads and writes of four bytes by all four, local */
#define DR6_BS 0x4000u
#define TF 0x100u

static void set_breakpoints(u32 address)
{
	for (u32 i = 0; i < 4; i++)
		vmi(VMI_CALL_SetDR, i, address + 4 * i, 0);
	vmi(VMI_CALL_SetDR, 6, 0, 0);
	vmi(VMI_CALL_SetDR, 7, BREAK_ON_ALL, 0);
}

static void clear_breakpoints(void)
{
	vmi(VMI_CALL_SetDR, 7, 0, 0);
}

static void touch(u32 address)
{
	__asm__ volatile("movl %%eax, (%0)\n\tnop" : : "r"(address) : "memory");
}

static u32 word[4] ALIGNED(16);
static void own_breakpoint(void)
{
	u32 r, dr6;

	set_breakpoints((u32)word);
	r = guest_try(touch, (u32)&word[2]);
	dr6 = vmi(VMI_CALL_GetDR, 6, 0, 0);
	clear_breakpoints();
	check(r == 1 + 1 && (dr6 & 0xf) == 4, "a data breakpoint of the kernel works (%u, DR6 %x)", r, dr6);
	check(guest_try(touch, (u32)&word[2]) == 0, "and is gone when it is cleared");
}

/* ---- ring 3, with its own breakpoint and single steps ---- */

#define USER_CODE 0x600000u
#define USER_STACK 0x700000u
extern u8 user_touch[], user_touch_end[];
__asm__("user_touch:\n\tmovl %eax, (%ebx)\n\tnop\n\tint $0x81\nuser_touch_end:\n");

static u32 user(u32 address, u32 eflags)
{
	struct user_registers registers = {
		.eip = USER_CODE, .cs = USER_CS, .eflags = eflags, .esp = USER_STACK, .ss = USER_DS,
		.ebx = address,
	};

	return user_run(&registers);
}

static void user_breakpoints(void)
{
	u32 r, dr6;

	for (u32 i = 0; user_touch + i < user_touch_end; i++)
		((u8 *)USER_CODE)[i] = user_touch[i];
	set_breakpoints((u32)word);
	r = user((u32)&word[1], 0x202);
	dr6 = vmi(VMI_CALL_GetDR, 6, 0, 0);
	check(r == 1 + 1 && (dr6 & 0xf) == 2 && last_trap.eip == USER_CODE + 2,
	      "a data breakpoint in ring 3 works (%u, DR6 %x, at %x)", r, dr6, last_trap.eip);
	clear_breakpoints();
	vmi(VMI_CALL_SetDR, 6, 0, 0);
	r = user((u32)&word[1], 0x202 | TF);
	dr6 = vmi(VMI_CALL_GetDR, 6, 0, 0);
	check(r == 1 + 1 && dr6 & DR6_BS && last_trap.eip == USER_CODE + 2,
	      "and so does a single step (%u, DR6 %x, at %x)", r, dr6, last_trap.eip);
}

/* ---- where they must have no effect ---- */

static u32 disturbed;
static void live_with(u32 address)
{
	set_breakpoints(address);
	disturbed += vmi(VMI_CALL_GetTR, 0, 0, 0) != TSS_SELECTOR;
	disturbed += user((u32)&word[0], 0x202) != 0;
	clear_breakpoints();
}

static void harmless(u32 from, u32 to, u32 step, const char *what)
{
	disturbed = 0;
	for (u32 at = from; at - from < to - from; at += step)
		live_with(at);
	check(disturbed == 0, "breakpoints on %s disturb nothing (%u did)", what, disturbed);
}

void guest_main(void)
{
	u32 from = boot_number("from=", 0), to = boot_number("to=", 0);

	print("vmi-attack-debug, from=%x to=%x\n", from, to);
	paging_init();
	if (!vmi_start())
		return;
	user_init();
	double_fault_init();
	own_breakpoint();
	user_breakpoints();
	harmless(vmi_gate(GATE_TEXT), vmi_gate(GATE_TEXT) + 0x900, 16, "the gate's text");
	harmless(vmi_gate(GATE_ENTRY_STACK) + 0xf00, vmi_gate(GATE_ENTRY_STACK) + PAGE, 16,
		 "the entry stack");
	harmless(vmi_gate(GATE_TSS), vmi_gate(GATE_TSS) + 0x90, 16, "the TSS");
	harmless(vmi_gate(GATE_GDT) + 0xffd0, vmi_gate(GATE_GDT) + 0x10000, 16, "the GDT");
	harmless(vmi_gate(GATE_IDT), vmi_gate(GATE_IDT) + 0x800, 16, "the IDT");
	if (to > from)
		harmless(from & ~15u, to, 16, "the hypervisor's addresses");
}
