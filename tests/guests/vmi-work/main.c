/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VMI guest that works for as long as the word seconds= says and checks all it does: ring 3 with
 * random registers and system calls, exceptions in both rings, demand paging, single steps, timer
 * interrupts, calls, x87 and SSE registers.  For runs in which something else happens meanwhile:
 * NMIs, or another VM that misbehaves.
 */
#include "tests/lib/random.h"
#include "tests/lib/vmi.h"

#define USER_CODE 0x600000u
#define USER_STACK 0x700000u
#define DEMAND 0xa00000u
#define DEMAND_PAGES 16u
#define IF 0x200u
#define TF 0x100u
#define CR4_OSFXSR 0x200u

static u32 wrong, rounds;
static volatile u32 ticks, faults, syscalls;

static void expect(bool ok, const char *what, u32 a, u32 b)
{
	if (ok)
		return;
	if (wrong++ < 10)
		print("round %u: %s: %x %x\n", rounds, what, a, b);
}

/* ---- handlers ---- */

static void tick(struct trap_frame *frame)
{
	ticks++;
	expect(frame->eflags & IF, "interrupt with IF clear", frame->eflags, frame->eip);
	outb(0x20, 0x20);
}

static void page_fault(struct trap_frame *frame)
{
	u32 address;

	(void)frame;
	__asm__ volatile("movl %%cr2, %0" : "=r"(address));
	if (address - DEMAND >= DEMAND_PAGES * 4096) {
		print("FAIL: page fault at %x, address %x\n", frame->eip, address);
		guest_exit();
	}
	faults++;
	*pte_of(address) |= PTE_P;
	vmi(VMI_CALL_InvalPage, address, 0, 0);
}

static void system_call(struct trap_frame *frame)
{
	syscalls++;
	frame->eax += frame->ebx;
}

static void skip_two(struct trap_frame *frame)
{
	frame->eip += 2;
	frame->ecx++;
}

/* ---- ring 3 ---- */

extern u8 user_work[], user_work_end[];
__asm__("user_work:\n\tmovl $20, %ecx\n"
	"1:\taddl %ebx, (%edi)\n\tint $0x80\n\tpushl %eax\n\tpopl %eax\n\tdecl %ecx\n\tjnz 1b\n"
	"\tmovl $2000, %ecx\n2:\tincl %edx\n\tdecl %ecx\n\tjnz 2b\n\tint $0x81\nuser_work_end:\n");

static void work_in_ring3(void)
{
	u32 page = DEMAND + random_u32() % DEMAND_PAGES * 4096, calls = syscalls, r;
	struct user_registers registers = {
		.eip = USER_CODE, .cs = USER_CS, .eflags = 2 | IF, .esp = USER_STACK, .ss = USER_DS,
		.eax = random_u32(), .ebx = random_u32(), .edx = random_u32(), .esi = random_u32(),
		.edi = page + 8, .ebp = random_u32(),
	};

	*(u32 *)(page + 8) = 0;
	if (random_u32() % 2) {
		*pte_of(page) &= ~PTE_P;
		vmi(VMI_CALL_InvalPage, page, 0, 0);
	}
	r = user_run(&registers);
	expect(r == 0, "ring 3 ended", r, last_trap.eip);
	expect(syscalls - calls == 20, "system calls", syscalls - calls, 20);
	expect(last_trap.eax == registers.eax + 20 * registers.ebx, "eax", last_trap.eax, registers.eax);
	expect(last_trap.edx == registers.edx + 2000, "edx", last_trap.edx, registers.edx);
	expect(last_trap.ebx == registers.ebx && last_trap.esi == registers.esi &&
		       last_trap.ebp == registers.ebp && last_trap.edi == registers.edi,
	       "registers", last_trap.ebx, registers.ebx);
	expect(*(u32 *)(page + 8) == 20 * registers.ebx, "memory", *(u32 *)(page + 8), registers.ebx);
	expect(last_trap.esp == USER_STACK && (last_trap.eflags & IF), "esp", last_trap.esp,
	       last_trap.eflags);
}

static void step_in_ring3(void)
{
	struct user_registers registers = {
		.eip = USER_CODE, .cs = USER_CS, .eflags = 2 | IF | TF, .esp = USER_STACK, .ss = USER_DS,
	};
	u32 r = user_run(&registers);

	expect(r == 1 + 1 && last_trap.eip == USER_CODE + 5, "single step", r, last_trap.eip);
}

/* ---- ring 1 ---- */

static void exceptions_in_ring1(void)
{
	u32 count = 0;

	__asm__ volatile("ud2\n\tud2" : "+c"(count));
	expect(count == 2, "ud2", count, 2);
	__asm__ volatile("xorl %%edx, %%edx\n\tmovl $1, %%eax\n\tdivl %%edx"
			 : "+c"(count) : : "eax", "edx");
	expect(count == 3, "divide", count, 3);
}

static void calls(void)
{
	struct PACKED {
		u16 limit;
		u32 base;
	} table;

	vmi(VMI_CALL_GetGDT, (u32)&table, 0, 0);
	expect(table.base == (u32)gdt && table.limit == sizeof(gdt) - 1, "GetGDT", table.base,
	       table.limit);
	expect(vmi(VMI_CALL_GetTR, 0, 0, 0) == TSS_SELECTOR, "GetTR", 0, 0);
	vmi(VMI_CALL_SetCR3, (u32)page_directory, 0, 0);
	expect(vmi(VMI_CALL_GetCR3, 0, 0, 0) == (u32)page_directory, "GetCR3", 0, 0);
}

static u8 fpu_image[2][512] ALIGNED(16);
static void fill_fpu(void)
{
	u32 *image = (u32 *)fpu_image[0];

	__asm__ volatile("fninit\n\tfxsave %0" : "=m"(fpu_image[0]));
	for (u32 i = 40; i < 72; i++) /* XMM0-7 */
		image[i] = random_u32();
	for (u32 i = 8; i < 40; i++) /* ST0-7: mantissas of 64 bits */
		if (i % 4 < 2)
			image[i] = random_u32() | 0x80000000;
	__asm__ volatile("fxrstor %0" : : "m"(fpu_image[0]));
}

static void check_fpu(void)
{
	__asm__ volatile("fxsave %0" : "=m"(fpu_image[1]));
	for (u32 i = 32; i < 288; i++)
		expect(fpu_image[0][i] == fpu_image[1][i] || (i < 160 && i % 16 > 9),
		       "FPU register", i, fpu_image[1][i]);
}

static void timer_start(void)
{
	outb(0x20, 0x11);
	outb(0x21, 0x20);
	outb(0x21, 0x04);
	outb(0x21, 0x01);
	outb(0x43, 0x34);
	outb(0x40, 0xa9); /* 1193: about 1 kHz */
	outb(0x40, 0x04);
	outb(0x21, 0xfe);
}

static u32 rtc_second(void)
{
	outb(0x70, 0);
	return inb(0x71);
}

static void set_up(void)
{
	for (u32 i = 0; user_work + i < user_work_end; i++)
		((u8 *)USER_CODE)[i] = user_work[i];
	user_init();
	set_handler(0, skip_two);
	set_handler(6, skip_two);
	set_handler(14, page_fault);
	set_handler(0x20, tick);
	set_handler(0x80, system_call);
	set_gate(0x80, 0xe, 3, NULL);
	vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 0x80, idt[0x80]);
	vmi(VMI_CALL_SetCR4, vmi(VMI_CALL_GetCR4, 0, 0, 0) | CR4_OSFXSR, 0, 0);
	timer_start();
	fill_fpu();
}

static void one_round(void)
{
	work_in_ring3();
	step_in_ring3();
	vmi_set_if(true);
	exceptions_in_ring1();
	calls();
	check_fpu();
	if (rounds % 16 == 0)
		vmi(VMI_CALL_Halt, 0, 0, 0);
	vmi_set_if(false);
	if (rounds % 64 == 0)
		fill_fpu();
	rounds++;
}

void guest_main(void)
{
	u32 seconds = boot_number("seconds=", 1), second;

	print("vmi-work for %u seconds, seed=%x\n", seconds, random_seed(boot_number("seed=", 0)));
	paging_init();
	if (!vmi_start())
		return;
	set_up();
	second = rtc_second();
	while (seconds) {
		one_round();
		if (rounds % 8 == 0 && rtc_second() != second) {
			second = rtc_second();
			seconds--;
		}
	}
	check(wrong == 0, "%u rounds, %u interrupts, %u page faults, %u system calls, nothing lost (%u wrong)",
	      rounds, ticks, faults, syscalls, wrong);
	check(rounds > 10 && ticks > 10, "and it got on");
}
