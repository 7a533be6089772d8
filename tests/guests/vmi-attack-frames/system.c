/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Privileged and sensitive instructions as such, without a VMI call: in ring 1 they do what they do
 * for a kernel at CPL 0, in ring 3 they fault.
 */
#include "tests/guests/vmi-attack-frames/frames.h"

#define CODE 0x600a00u
#define DATA 0x600b00u /* what EBX points to */
#define SILENT 0u
#define GP (13u + 1)
#define UD (6u + 1)

/* EAX and ECX at the start; what happens in ring 3; whether ring 1 runs it, too. */
static const struct {
	const char *name, *bytes;
	u32 size, eax, ecx, user;
	bool kernel;
} instructions[] = {
	{ "sgdt", "\x0f\x01\x03", 3, 0, 0, SILENT, true },
	{ "sidt", "\x0f\x01\x0b", 3, 0, 0, SILENT, true },
	{ "sldt", "\x0f\x00\xc0", 3, 0, 0, SILENT, true },
	{ "str", "\x0f\x00\xc8", 3, 0, 0, SILENT, true },
	{ "smsw", "\x0f\x01\xe0", 3, 0, 0, SILENT, true },
	{ "pushf popf", "\x9c\x9d", 2, 0, 0, SILENT, true },
	{ "popf with IOPL, without IF", "\x68\x02\x30\x00\x00\x9d", 6, 0, 0, SILENT, false },
	{ "rdtsc", "\x0f\x31", 2, 0, 0, SILENT, true },
	{ "cpuid", "\x53\x0f\xa2\x5b", 4, 0, 0, SILENT, true },
	{ "lgdt", "\x0f\x01\x13", 3, 0, 0, GP, false },
	{ "lidt", "\x0f\x01\x1b", 3, 0, 0, GP, false },
	{ "lldt 0", "\x0f\x00\xd0", 3, 0, 0, GP, true },
	{ "ltr", "\x0f\x00\xd8", 3, TSS_SELECTOR, 0, GP, false },
	{ "lmsw", "\x0f\x01\xf0", 3, 1, 0, GP, true },
	{ "clts", "\x0f\x06", 2, 0, 0, GP, true },
	{ "invd", "\x0f\x08", 2, 0, 0, GP, false },
	{ "wbinvd", "\x0f\x09", 2, 0, 0, GP, true },
	{ "invlpg", "\x0f\x01\x3b", 3, 0, 0, GP, true },
	{ "mov eax, cr0; mov cr0, eax", "\x0f\x20\xc0\x0f\x22\xc0", 6, 0, 0, GP, true },
	{ "mov cr0, eax", "\x0f\x22\xc0", 3, 0, 0, GP, false },
	{ "mov eax, cr2", "\x0f\x20\xd0", 3, 0, 0, GP, true },
	{ "mov eax, cr3; mov cr3, eax", "\x0f\x20\xd8\x0f\x22\xd8", 6, 0, 0, GP, true },
	{ "mov cr3, eax", "\x0f\x22\xd8", 3, 0, 0, GP, false },
	{ "mov eax, cr4; mov cr4, eax", "\x0f\x20\xe0\x0f\x22\xe0", 6, 0, 0, GP, true },
	{ "mov cr4, eax", "\x0f\x22\xe0", 3, 0, 0, GP, true },
	{ "mov eax, dr7; mov dr7, eax", "\x0f\x21\xf8\x0f\x23\xf8", 6, 0, 0, GP, true },
	{ "mov dr7, eax", "\x0f\x23\xf8", 3, 0, 0, GP, true },
	{ "rdmsr", "\x0f\x32", 2, 0, 0x10, GP, true },
	{ "wrmsr", "\x0f\x30", 2, 0, 0x8b, GP, true },
	{ "cli", "\xfa", 1, 0, 0, GP, true },
	{ "sti; cli", "\xfb\xfa", 2, 0, 0, GP, true },
	{ "in", "\xe4\x61", 2, 0, 0, GP, true },
	{ "out", "\xe6\x80", 2, 0, 0, GP, true },
	{ "in by dx", "\x66\xba\x61\x00\xec", 5, 0, 0, GP, true },
	{ "ins", "\x66\xba\x61\x00\x89\xdf\x6c", 7, 0, 0, GP, false },
	{ "outs", "\x66\xba\x80\x00\x89\xde\x6e", 7, 0, 0, GP, false },
	{ "hlt", "\xf4", 1, 0, 0, GP, false },
	{ "sysexit", "\x0f\x35", 2, 0, 0, GP, false },
	{ "sysenter", "\x0f\x34", 2, 0, 0, GP, false },
	{ "syscall", "\x0f\x05", 2, 0, 0, UD, false },
	{ "sysret", "\x0f\x07", 2, 0, 0, UD, false },
	{ "rsm", "\x0f\xaa", 2, 0, 0, UD, false },
	{ "vmcall", "\x0f\x01\xc1", 3, 0, 0, UD, false },
	{ "vmrun", "\x0f\x01\xd8", 3, 0, 0, UD, false },
	{ "vmmcall", "\x0f\x01\xd9", 3, 0, 0, UD, false },
	{ "monitor", "\x0f\x01\xc8", 3, 0, 0, UD, false },
	{ "mwait", "\x0f\x01\xc9", 3, 0, 0, UD, false },
	{ "stac", "\x0f\x01\xcb", 3, 0, 0, UD, false },
	{ "xsetbv", "\x0f\x01\xd1", 3, 0, 0, UD, false },
	{ "vzeroupper", "\xc5\xf8\x77", 3, 0, 0, UD, false },
	{ "int 0", "\xcd\x00", 2, 0, 0, GP, false },
	{ "int 8", "\xcd\x08", 2, 0, 0, GP, false },
	{ "int 0x20", "\xcd\x20", 2, 0, 0, GP, false },
	{ "int 0x30", "\xcd\x30", 2, 0, 0, GP, false },
	{ "int 0x40", "\xcd\x40", 2, 0, 0, GP, false },
};

static void place(u32 i, const void *end, u32 end_size)
{
	for (u32 n = 0; n < instructions[i].size; n++)
		((u8 *)CODE)[n] = (u8)instructions[i].bytes[n];
	for (u32 n = 0; n < end_size; n++)
		((u8 *)CODE)[instructions[i].size + n] = ((const u8 *)end)[n];
}

static void in_ring3(u32 i)
{
	struct user_registers registers = {
		.eip = CODE, .cs = USER_CS, .eflags = 0x202, .esp = USER_STACK, .ss = USER_DS,
		.eax = instructions[i].eax, .ebx = DATA, .ecx = instructions[i].ecx,
	};
	u32 r;

	place(i, "\xcd\x81", 2);
	r = user_run(&registers);
	check(r == instructions[i].user, "ring 3: %s: %s (vector %d)", instructions[i].name,
	      instructions[i].user == GP ? "#GP" : instructions[i].user ? "#UD" : "no fault",
	      (int)r - 1);
	if (!r && (!(last_trap.eflags & 0x200) || last_trap.eflags & 0x3000))
		check(false, "ring 3: %s changed IF or IOPL: %x", instructions[i].name,
		      last_trap.eflags);
}

static void call_it(u32 i)
{
	u32 eax = instructions[i].eax, ecx = instructions[i].ecx;

	__asm__ volatile("call *%2"
			 : "+a"(eax), "+c"(ecx)
			 : "r"(CODE), "b"(DATA), "d"(0)
			 : "esi", "edi", "memory", "cc");
}

static void in_kernel(u32 i)
{
	u32 r;

	place(i, "\xc3", 1);
	r = guest_try(call_it, i);
	check(r == 0, "kernel: %s runs (vector %d)", instructions[i].name, (int)r - 1);
}

static void read_registers(void)
{
	u32 cr0, cr3, cr4;

	__asm__("movl %%cr0, %0" : "=r"(cr0));
	__asm__("movl %%cr3, %0" : "=r"(cr3));
	__asm__("movl %%cr4, %0" : "=r"(cr4));
	check((cr0 & 0x80010001) == 0x80010001, "MOV from CR0 shows the guest's (%x)", cr0);
	check(cr3 == (u32)page_directory, "MOV from CR3 shows the guest's (%x)", cr3);
	check(!(cr4 & 0x20), "MOV from CR4 shows no PAE (%x)", cr4);
}

static void read_unknown_msr(u32 index)
{
	__asm__ volatile("rdmsr" : : "c"(index) : "eax", "edx");
}

static void write_unknown_msr(u32 index)
{
	__asm__ volatile("wrmsr" : : "c"(index), "a"(0), "d"(0));
}

static void set_reserved_cr4(u32 value)
{
	__asm__ volatile("movl %0, %%cr4" : : "r"(value));
}

static void msrs(void)
{
	/* TCG itself knows no unknown MSR, and reserved bits of CR4 wedge it. */
	if (!vmi_active)
		return;
	check(guest_try(read_unknown_msr, 0x12345678) == GP, "RDMSR of an unknown register is #GP");
	check(guest_try(write_unknown_msr, 0x12345678) == GP, "and so is WRMSR");
	check(guest_try(write_unknown_msr, 0x277) == GP, "and WRMSR to one the guest has not (PAT)");
	check(guest_try(set_reserved_cr4, 1u << 31) == GP, "a reserved bit of CR4 is #GP");
}

/* ---- HLT with an interrupt to end it ---- */

static volatile u32 ticks;
static void tick(struct trap_frame *frame)
{
	(void)frame;
	ticks++;
	outb(0x20, 0x20);
}

static void halt(void)
{
	set_handler(0x20, tick);
	outb(0x20, 0x11);
	outb(0x21, 0x20);
	outb(0x21, 0x04);
	outb(0x21, 0x01);
	outb(0x43, 0x30);
	outb(0x40, 0xff);
	outb(0x40, 0x40);
	outb(0x21, 0xfe);
	__asm__ volatile("sti; hlt; cli");
	check(ticks == 1, "STI, HLT and CLI work as such (%u interrupts)", ticks);
	outb(0x21, 0xff);
}

void test_system(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(instructions); i++) {
		in_ring3(i);
		if (instructions[i].kernel)
			in_kernel(i);
	}
	__asm__ volatile("lldt %w0" : : "r"(LDT_SELECTOR));
	read_registers();
	msrs();
	halt();
}
