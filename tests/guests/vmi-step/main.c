/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Single steps through everything a kernel does with the ROM: calls, IRET in all its ways, int 0x80
 * by the direct gate, with and without an interrupt that is pending.  Each step is an exception at
 * an instruction of the ROM that nobody thinks of, and what is stepped through must come out as
 * without.  And ring-3 code on 16-bit stacks and in 16-bit segments, whose ESP no exit to the
 * hypervisor may change (an IRET of this kernel to a 16-bit stack gives ESP the upper half of the
 * kernel's, as on every CPU).
 */
#include "tests/lib/vmi.h"

#define TF 0x100u
#define IF 0x200u
#define USER_CODE 0x600000u
#define USER_STACK 0x700000u
#define CODE16 0x9000u /* jumps in 16-bit code stay below 64 KB */
#define FRESH_PAGE 0xc00000u
#define CODE16_SELECTOR (FREE_SELECTOR + 3)
#define STACK16_SELECTOR (FREE_SELECTOR + 8 + 3)
#define KERNEL_STACK16 (FREE_SELECTOR + 16)

static volatile u32 steps, rom_steps, ticks, syscalls, interrupted_if;

static void step(struct trap_frame *frame)
{
	steps++;
	rom_steps += frame->eip >= VMI_GATE;
}

static void tick(struct trap_frame *frame)
{
	ticks++;
	interrupted_if += (frame->eflags & IF) != 0;
	outb(0x20, 0x20);
}

static void system_call(struct trap_frame *frame)
{
	syscalls++;
	frame->ebx ^= frame->eax;
}

static void timer_in(u32 count)
{
	outb(0x43, 0x30);
	outb(0x40, (u8)count);
	outb(0x40, (u8)(count >> 8));
}

static void timer_init(void)
{
	outb(0x20, 0x11);
	outb(0x21, 0x20);
	outb(0x21, 0x04);
	outb(0x21, 0x01);
	outb(0x21, 0xfe);
}

/* Wait without interrupts until the 8259 has one for us. */
static void until_pending(void)
{
	timer_in(200);
	do
		outb(0x20, 0x0a);
	while (!(inb(0x20) & 1));
}

static void step_on(void)
{
	__asm__ volatile("pushfl\n\torl %0, (%%esp)\n\tpopfl" : : "i"(TF) : "cc");
}

static void step_off(void)
{
	__asm__ volatile("pushfl\n\tandl %0, (%%esp)\n\tpopfl" : : "i"(~TF) : "cc");
}

/* ---- ring 1 ---- */

static u32 addresses[VMI_CALL_COUNT];
static u32 stepped(enum vmi_call call, u32 a, u32 d, u32 c)
{
	u32 address = addresses[call];

	step_on();
	__asm__ volatile("call *%3" : "+a"(a), "+d"(d), "+c"(c) : "r"(address) : "memory");
	step_off();
	return a;
}

static void calls(void)
{
	u32 wrong = 0;

	steps = rom_steps = 0;
	for (u32 i = 0; i < 20; i++) {
		wrong += stepped(VMI_CALL_GetCR3, 0, 0, 0) != (u32)page_directory;
		wrong += stepped(VMI_CALL_GetTR, 0, 0, 0) != TSS_SELECTOR;
		wrong += stepped(VMI_CALL_DisableInterrupts, 77, 0, 0) != 77;
		wrong += stepped(VMI_CALL_GetInterruptMask, 0, 0, 0) != 0;
		wrong += stepped(VMI_CALL_EnableInterrupts, 78, 0, 0) != 78;
		wrong += stepped(VMI_CALL_GetInterruptMask, 0, 0, 0) != IF;
		wrong += stepped(VMI_CALL_SetInterruptMask, 0, 0, 0) != 0;
		wrong += vmi_get_if();
		stepped(VMI_CALL_SetCR3, (u32)page_directory, 0, 0);
		stepped(VMI_CALL_FlushTLB, 3, 0, 0);
		stepped(VMI_CALL_UpdateKernelStack, KERNEL_DS, tss[1], 0);
	}
	check(wrong == 0, "calls are the same under single steps (%u steps, %u in the ROM, %u wrong)", steps,
	      rom_steps, wrong);
	check(rom_steps > 100, "and the steps go through the ROM");
}

static void pending_interrupt(void)
{
	u32 wrong = 0;

	ticks = interrupted_if = 0;
	for (u32 i = 0; i < 20; i++) {
		until_pending();
		wrong += ticks != 2 * i;
		stepped(VMI_CALL_EnableInterrupts, 0, 0, 0);
		wrong += ticks != 2 * i + 1;
		vmi_set_if(false);
		until_pending();
		stepped(VMI_CALL_SetInterruptMask, IF, 0, 0);
		wrong += ticks != 2 * i + 2;
		vmi_set_if(false);
	}
	check(wrong == 0 && interrupted_if == 40, "a pending interrupt comes once, when it may (%u wrong, %u with IF)",
	      wrong, interrupted_if);
}

/* An IRET to the next instruction, stepped; with an interrupt pending and IF in its frame, or not. */
static void stepped_iret(u32 eflags)
{
	__asm__ volatile("pushl %0\n\tpushl %1\n\tpushl $1f\n\tpushfl\n\torl $0x100, (%%esp)\n\tpopfl\n\t"
			 "jmp *%%cs:iret_routine\n1:\tnop" : : "r"(eflags), "r"((u32)read_cs()));
	step_off();
}

static void irets(void)
{
	u32 wrong = 0;

	ticks = interrupted_if = 0;
	for (u32 i = 0; i < 20; i++) {
		stepped_iret(2 | TF);
		wrong += vmi_get_if();
		stepped_iret(2 | IF);
		wrong += !vmi_get_if() || ticks != i;
		vmi_set_if(false);
		until_pending();
		stepped_iret(2);
		wrong += ticks != i;
		stepped_iret(2 | TF | IF);
		wrong += ticks != i + 1;
		vmi_set_if(false);
	}
	check(wrong == 0 && interrupted_if == 20, "IRET in the kernel under single steps (%u wrong)", wrong);
}

static void kernel_int80(void)
{
	u32 wrong = 0;

	for (u32 i = 0; i < 20; i++) {
		u32 a = i * 0x1234567, b = ~i, calls_before = syscalls;

		step_on();
		__asm__ volatile("int $0x80" : "+b"(b) : "a"(a));
		step_off();
		wrong += b != (~i ^ a) || syscalls != calls_before + 1;
	}
	check(wrong == 0, "int 0x80 of the kernel under single steps (%u wrong)", wrong);
}

/* ---- ring 3 ---- */

extern u8 user_step[], user_16[], user_code_end[];
__asm__("user_step:\n\tmovl $20, %ecx\n1:\tmovl %ecx, %eax\n\tint $0x80\n\tloop 1b\n\tint $0x81\n"
	"user_16:\n\t.code16\n1:\tpushw %cx\n\tpopw %cx\n\tdecl %ecx\n\tjnz 1b\n"
	"\tint $0x81\n\t.code32\nuser_code_end:\n");

static u32 user_address(const u8 *code)
{
	return USER_CODE + (u32)(code - user_step);
}

static void ring3(void)
{
	struct user_registers registers = {
		.eip = user_address(user_step), .cs = USER_CS, .eflags = 2 | IF | TF, .esp = USER_STACK,
		.ss = USER_DS, .ebx = 0,
	};
	u32 calls_before = syscalls, r, xor = 0;

	for (u32 i = 1; i <= 20; i++)
		xor ^= i;
	steps = 0;
	timer_in(5000);
	r = user_run(&registers);
	check(r == 0 && syscalls - calls_before == 20 && last_trap.ebx == xor,
	      "system calls of ring 3 under single steps (%u, %u calls, %u steps)", r,
	      syscalls - calls_before, steps);
	check(steps > 40, "each instruction is a step");
}

static void segments16(void)
{
	static const struct {
		u32 cs, ss, count; /* the second is interpreted */
		const char *what;
	} cases[] = {
		{ CODE16_SELECTOR, USER_DS, 0x1000000, "16-bit code, 32-bit stack" },
		{ CODE16_SELECTOR, STACK16_SELECTOR, 0x40000, "16-bit code and stack" },
	};

	for (u32 i = 0; user_16 + i < user_code_end; i++)
		((u8 *)CODE16)[i] = user_16[i];
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 esp = cases[i].ss == STACK16_SELECTOR ? 0x7800 : USER_STACK, r;
		struct user_registers registers = {
			.eip = CODE16, .cs = cases[i].cs, .eflags = 2 | IF, .esp = esp, .ss = cases[i].ss,
			.ecx = cases[i].count,
		};

		ticks = 0;
		timer_in(500);
		r = user_run(&registers);
		check(r == 0 && (u16)last_trap.esp == (u16)esp && last_trap.ecx == 0 && ticks == 1,
		      "%s: interrupted and right (%u at %x:%x, esp %x, ecx %x, %u interrupts)",
		      cases[i].what, r, last_trap.cs, last_trap.eip, last_trap.esp, last_trap.ecx, ticks);
	}
}

/* Ring 3 loads a 16-bit stack by itself, without the hypervisor's knowledge. */
extern u8 user_load16[], user_load16_end[];
__asm__("user_load16:\n\tmovw %ax, %ss\n\tmovl $0x12345678, %esp\n\tmovl (%edx), %eax\n"
	"\tmovl %esp, %ebx\n\tint $0x81\nuser_load16_end:\n");

static void loaded_by_itself(void)
{
	struct user_registers registers = {
		.eip = USER_CODE + 0x800, .cs = USER_CS, .eflags = 2 | IF, .esp = USER_STACK,
		.ss = USER_DS, .eax = STACK16_SELECTOR, .edx = FRESH_PAGE,
	};
	u32 r;

	for (u32 i = 0; user_load16 + i < user_load16_end; i++)
		((u8 *)USER_CODE)[0x800 + i] = user_load16[i];
	r = user_run(&registers);
	check(r == 0 && last_trap.ebx == 0x12345678,
	      "a 16-bit stack that ring 3 loads keeps its ESP over an exit (%u, %x)", r, last_trap.ebx);
}

static void install(u32 selector, u64 raw)
{
	vmi_write_entry(VMI_CALL_WriteGDTEntry, (u32)gdt, selector / 8, raw);
}

void guest_main(void)
{
	print("vmi-step\n");
	paging_init();
	if (!vmi_start())
		return;
	user_init();
	for (u32 i = 0; i < VMI_CALL_COUNT; i++)
		addresses[i] = vmi_relocation(i).eip;
	for (u32 i = 0; user_step + i < user_code_end; i++)
		((u8 *)USER_CODE)[i] = user_step[i];
	set_handler(1, step);
	set_handler(0x20, tick);
	set_handler(0x80, system_call);
	set_gate(0x80, 0xe, 3, NULL);
	vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 0x80, idt[0x80]);
	install(CODE16_SELECTOR, 0x008ffa000000ffffull);
	install(STACK16_SELECTOR, 0x008ff2000000ffffull);
	timer_init();
	calls();
	pending_interrupt();
	irets();
	kernel_int80();
	ring3();
	segments16();
	loaded_by_itself();
}
