/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first VMI guest: finds the ROM as Linux does, calls VMI_Init, and works in ring 1: prints
 * from there, takes and returns from exceptions, uses the interrupt flag calls, gets a timer
 * interrupt, runs ring-3 code that makes system calls through the direct gate.
 */
#include "tests/lib/vmi.h"

#define IF 0x200u

static volatile u32 ticks;
static void tick(struct trap_frame *frame)
{
	ticks++;
	check(frame->eflags & IF, "a timer interrupt comes with IF set in its frame");
	check(!vmi_get_if(), "and finds interrupts masked");
	outb(0x20, 0x20);
}

static void timer_test(void)
{
	set_handler(0x20, tick);
	outb(0x20, 0x11);
	outb(0x21, 0x20);
	outb(0x21, 0x04);
	outb(0x21, 0x01);
	outb(0x43, 0x30); /* channel 0, one shot */
	outb(0x40, 0xff);
	outb(0x40, 0x10);
	outb(0x21, 0xfe);
	for (volatile u32 i = 0; i < 3000000; i++)
		;
	check(ticks == 0, "no interrupt while masked");
	vmi_set_if(true);
	for (u32 i = 0; i < 100 && !ticks; i++)
		vmi(VMI_CALL_Halt, 0, 0, 0);
	vmi_set_if(false);
	check(ticks == 1, "the timer interrupted once (%u)", ticks);
}

static void breakpoint(struct trap_frame *frame)
{
	check((frame->cs & 3) == 1, "an exception frame shows CS with RPL 1 (%x)", frame->cs);
	frame->eax = 0x1234;
}

static volatile u32 user_calls;
static void system_call(struct trap_frame *frame)
{
	user_calls++;
	if (user_calls == 1) {
		check((frame->cs & 3) == 3, "int 0x80 comes from ring 3 (%x)", frame->cs);
		check(frame->eax == 77 && frame->ebx == 88, "with its registers");
		check(!vmi_get_if(), "through an interrupt gate: IF is clear");
	}
	frame->eax++;
}

static volatile u32 kernel_calls;
static void kernel_call(struct trap_frame *frame)
{
	kernel_calls++;
	check((frame->cs & 3) == 1, "int 0x80 from ring 1 shows CS of ring 1 (%x)", frame->cs);
	check(!(frame->eflags & IF) == (kernel_calls == 2), "and the virtual IF in its flags");
	check(!vmi_get_if(), "through an interrupt gate: IF is clear");
}

extern u8 user_code[], user_code_end[];
__asm__("user_code:\n\tmovl $77, %eax\n\tmovl $88, %ebx\n\tint $0x80\n\tint $0x80\n\tint $0x80\n"
	"\tmovl $0x600000, %ecx\n1:\tdecl %ecx\n\tjnz 1b\n\tint $0x81\nuser_code_end:\n");

static void user_test(void)
{
	u8 *to = (u8 *)0x600000;

	for (u8 *from = user_code; from < user_code_end; from++)
		*to++ = *from;
	set_handler(0x80, system_call);
	set_gate(0x80, 0xe, 3, NULL);
	user_init();
	vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 0x80, idt[0x80]);
	check(run_user(0x600000, 0x700000) == 0, "ring 3 ran and came back");
	set_handler(0x80, kernel_call);
	vmi_set_if(true);
	__asm__ volatile("int $0x80");
	vmi_set_if(false);
	__asm__ volatile("int $0x80");
	check(kernel_calls == 2, "the kernel's own int 0x80 arrives on its own stack");
	check(user_calls == 3 && last_trap.eax == 80, "three system calls (%u, %u)", user_calls, last_trap.eax);
}

void guest_main(void)
{
	u32 result;

	print("vmi-first: hello from ring %u\n", read_cs() & 3);
	paging_init();
	if (!vmi_start())
		return;
	print("hello from ring %u\n", read_cs() & 3);
	check(!vmi_get_if(), "interrupts start masked");
	vmi_set_if(true);
	check(vmi_get_if(), "EnableInterrupts");
	vmi_set_if(false);
	check(!vmi_get_if(), "DisableInterrupts");
	set_handler(3, breakpoint);
	__asm__ volatile("int3" : "=a"(result));
	check(result == 0x1234, "int3 returns through the ROM's IRET");
	timer_test();
	user_test();
}
