/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI calls with wild arguments: pointers to nowhere, into the gate, ROM and MMIO, indices without
 * measure, kernel stacks where none can be, page tables in ROM.  Each ends as an exception here, or
 * does no harm.  A word of the command line asks for something from which no kernel can recover
 * (deadly.c): then the VM is reset, or stopped.
 */
#include "tests/guests/vmi-bad-calls/bad.h"
#include "tests/lib/random.h"

#define USER_CODE 0x600000u
#define USER_STACK 0x700000u
#define READ_ONLY 0x900000u
#define TABLE_WINDOW 0x40000000u

static u32 spare_table[1024] ALIGNED(4096);

/* Mapped to what is not RAM by set_up(). */
static const u32 wild[] = {
	0, 4, 0xffffffff, 0xfffffffc, 0xfffff000, VMI_GATE - 2, VMI_GATE, VMI_GATE + GATE_IDT,
	VMI_GATE + GATE_GDT, VMI_GATE + GATE_TSS, VMI_SHARED, VMI_GATE + GATE_ENTRY_STACK,
	VMI_GATE + GATE_ROM, 0xdead0000, 0x80000000, UNMAPPED - 2, UNMAPPED, UNMAPPED + 0xffe,
	0xc8000, 0xc8ffc, 0xf0000, MMIO, MMIO + 0xffe, BEYOND, READ_ONLY, (u32)spare_table,
};

/* ---- calls that take an address ---- */

static struct {
	u32 call, a, d, c;
} bad;

static void make_call(u32 unused)
{
	(void)unused;
	vmi((enum vmi_call)bad.call, bad.a, bad.d, bad.c);
}

static void make_write_call(u32 unused)
{
	(void)unused;
	vmi_write_entry((enum vmi_call)bad.call, bad.a, bad.d, 0x1122334455667788ull);
}

static u32 survived, faulted;
static void note(u32 result)
{
	survived += result == 0;
	faulted += result != 0;
	vmi(VMI_CALL_SetDR, 7, 0, 0);
	vmi(VMI_CALL_SetIOPLMask, 0, 0, 0);
	vmi_set_if(false);
}

static bool takes_effect_from(u32 address)
{
	/* What can be read there would become this kernel's table. */
	return (address >= 0xc8000 && address < 0x100000) || address - MMIO < 0x1000 ||
	       address - BEYOND < 0x1000 || address == READ_ONLY || address == (u32)spare_table ||
	       address == VMI_SHARED;
}

static void pointers(void)
{
	static const u8 calls[] = { VMI_CALL_SetGDT, VMI_CALL_SetIDT, VMI_CALL_GetGDT, VMI_CALL_GetIDT,
				    VMI_CALL_SetPxE, VMI_CALL_InvalPage, VMI_CALL_SetLDT, VMI_CALL_SetTR,
				    VMI_CALL_SetDR, VMI_CALL_GetDR, VMI_CALL_FlushTLB,
				    VMI_CALL_SetIOPLMask, VMI_CALL_CPUID };

	for (u32 i = 0; i < ARRAY_SIZE(calls) * ARRAY_SIZE(wild); i++) {
		u32 call = calls[i / ARRAY_SIZE(wild)], address = wild[i % ARRAY_SIZE(wild)];

		if ((call == VMI_CALL_SetGDT || call == VMI_CALL_SetIDT) && takes_effect_from(address))
			continue;
		bad = (__typeof__(bad)){ call, address, address, ~0u };
		note(guest_try(make_call, 0));
	}
	check(vmi(VMI_CALL_GetTR, 0, 0, 0) == TSS_SELECTOR, "calls with wild pointers: %u returned, %u faulted",
	      survived, faulted);
}

static void indices(void)
{
	static const u8 calls[] = { VMI_CALL_WriteGDTEntry, VMI_CALL_WriteLDTEntry,
				    VMI_CALL_WriteIDTEntry };
	static const u32 index[] = { 31, 32, 256, 0x1ff8, 0x1ffb, 0x1ffc, 0x1fff, 0x2000, 0x10000,
				     0x1fffffff, 0x20000000 + 31, 0x7fffffff, 0xffffffff };
	u64 keep_idt[] = { idt[31], idt[255] }, keep_gdt = gdt[31];

	survived = faulted = 0;
	for (u32 i = 0; i < ARRAY_SIZE(calls) * ARRAY_SIZE(wild) * ARRAY_SIZE(index); i++) {
		u32 n = i / ARRAY_SIZE(calls);

		bad = (__typeof__(bad)){ calls[i % ARRAY_SIZE(calls)], wild[n % ARRAY_SIZE(wild)],
					 index[n / ARRAY_SIZE(wild)], 0 };
		/* Bases and indices that wrap to this kernel's own memory are no attack. */
		if (bad.a + bad.d * 8 - 0x100000 < 0x700000 && bad.a + bad.d * 8 - (u32)spare_table > 4095)
			continue;
		note(guest_try(make_write_call, 0));
	}
	for (u32 i = 0; i < ARRAY_SIZE(index); i++) {
		if (index[i] > 31 && index[i] < 0x1000000)
			continue; /* this kernel's memory behind its GDT */
		bad = (__typeof__(bad)){ VMI_CALL_WriteGDTEntry, (u32)gdt, index[i], 0 };
		if (bad.d * 8 + bad.a - (u32)gdt < sizeof(gdt))
			note(guest_try(make_write_call, 0));
	}
	idt[31] = keep_idt[0];
	idt[255] = keep_idt[1];
	gdt[31] = keep_gdt;
	check(vmi(VMI_CALL_GetTR, 0, 0, 0) == TSS_SELECTOR, "writes of descriptors: %u returned, %u faulted",
	      survived, faulted);
}

/* ---- kernel stacks ---- */

extern u8 user_stack_tests[], user_stack_tests_end[];
__asm__("user_stack_tests:\n\tint $0x80\n\t.balign 8\n\tint $0x81\n\t.balign 8\n\tud2\n\t.balign 8\n"
	"\tmovl (0), %eax\n\t.balign 8\nuser_stack_tests_end:\n");

/* The vectors that those four give when there is a stack. */
static const u32 vectors[] = { 0x80, 0x81, 6, 14 };

static bool vanishes(u32 esp)
{
	return (esp >= 0xc8000 && esp < 0x100000) || esp - MMIO < 0x1000;
}

static u32 good, doubles, wrong;
static void try_stack(u32 ss, u32 esp)
{
	for (u32 i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct user_registers registers = {
			.eip = USER_CODE + 8 * i, .cs = USER_CS, .eflags = 0x202, .esp = USER_STACK,
			.ss = USER_DS,
		};
		u32 r;

		vmi(VMI_CALL_UpdateKernelStack, ss, esp, 0);
		r = guest_try(user_enter, (u32)&registers);
		vmi(VMI_CALL_UpdateKernelStack, KERNEL_DS, tss[1], 0);
		good += r == vectors[i] + 1;
		doubles += r == 8 + 1;
		/* Frames in ROM and MMIO are lost, and the handler has garbage instead. */
		if (r == vectors[i] + 1 || r == 8 + 1 || (vanishes(esp) && r))
			continue;
		wrong++;
		print("stack %x:%x, vector %u: vector %u error %x at %x:%x\n", ss, esp, vectors[i], r - 1,
		      last_trap.error, last_trap.cs, last_trap.eip);
	}
}

static void stacks(void)
{
	static const u16 selectors[] = { 0, 3, USER_DS, KERNEL_CS, TSS_SELECTOR, LDT_SELECTOR, 0xf8,
					 0xffe8, 0xffd8, 0xfff0, 0xfffc };

	good = doubles = wrong = 0;
	for (u32 i = 0; i < ARRAY_SIZE(wild); i++)
		try_stack(KERNEL_DS, wild[i]);
	check(wrong == 0, "bad kernel stacks make double faults (%u; %u were good, %u wrong)", doubles, good,
	      wrong);
	good = doubles = 0;
	for (u32 i = 0; i < ARRAY_SIZE(selectors); i++)
		try_stack(selectors[i], tss[1]);
	check(good == 0 && wrong == 0, "bad stack selectors as well (%u were good, %u wrong)", good, wrong);
}

/* ---- a stack in a page of which there is a shadow, since it is a page table in use ---- */

static volatile u32 sum;
static void use_window(void)
{
	for (u32 i = 0; i < 1024; i++)
		sum += *(volatile u32 *)(TABLE_WINDOW + i * 4096);
}

static void stack_in_page_table(void)
{
	for (u32 i = 0; i < 1024; i++)
		spare_table[i] = (0x800000 + (i % 256 << 12)) | PTE_P | PTE_W;
	page_directory[TABLE_WINDOW >> 22] = (u32)spare_table | PTE_P | PTE_W;
	vmi(VMI_CALL_FlushTLB, VMI_FLUSH_TLB, 0, 0);
	good = doubles = wrong = 0;
	for (u32 i = 0; i < 50; i++) {
		use_window();
		try_stack(KERNEL_DS, (u32)(spare_table + 1024));
		for (u32 n = 900; n < 1024; n++)
			spare_table[n] = 0x800000 | PTE_P | PTE_W;
	}
	check(good == 200 && wrong == 0, "a page table that is used as a stack is one (%u good, %u double faults)",
	      good, doubles);
	page_directory[TABLE_WINDOW >> 22] = 0;
	vmi(VMI_CALL_FlushTLB, VMI_FLUSH_TLB, 0, 0);
}

/* ---- page tables in odd places ---- */

static void read_window(u32 address)
{
	sum += *(volatile u32 *)address;
}

static void write_window(u32 address)
{
	*(volatile u32 *)address = 0x12345;
}

static void odd_tables(void)
{
	static const u32 tables[] = { 0xc8000, 0xf0000, 0xa0000, 0xfec00000, 0xfee00000, 0x1000000,
				      0x7ffff000, 0xfffff000 };
	u32 ended = 0;

	for (u32 i = 0; i < ARRAY_SIZE(tables) * 64; i++) {
		u32 at = TABLE_WINDOW + i % 64 * 4096 * 16;

		page_directory[TABLE_WINDOW >> 22] = tables[i / 64] | PTE_P | PTE_W | PTE_U;
		vmi(VMI_CALL_FlushTLB, VMI_FLUSH_TLB, 0, 0);
		guest_try(read_window, at);
		/* What the ROM's bytes map may be this kernel's own memory: no writes through it. */
		if (tables[i / 64] >= 0x100000)
			guest_try(write_window, at);
		ended++;
	}
	page_directory[TABLE_WINDOW >> 22] = (u32)page_directory | PTE_P | PTE_W;
	vmi(VMI_CALL_FlushTLB, VMI_FLUSH_TLB, 0, 0);
	check(((u32 *)TABLE_WINDOW)[0] == *pte_of(0), "a page directory may be its own page table");
	page_directory[TABLE_WINDOW >> 22] = 0;
	vmi(VMI_CALL_FlushTLB, VMI_FLUSH_TLB, 0, 0);
	check(ended == ARRAY_SIZE(tables) * 64, "page tables may be in ROM and MMIO");
}

/* ---- modes ---- */

static void set_pae(u32 unused)
{
	(void)unused;
	vmi(VMI_CALL_SetCR4, 0x20, 0, 0);
}

static void modes(void)
{
	u32 cr0 = vmi(VMI_CALL_GetCR0, 0, 0, 0), r;

	vmi(VMI_CALL_SetCR0, cr0 & ~0x80000000, 0, 0);
	check((read_cs() & 3) == 0, "VMI ends with paging");
	__asm__ volatile("movl %0, %%cr0" : : "r"(cr0) : "memory");
	check(vmi_init() == 0 && vmi(VMI_CALL_GetCR0, 0, 0, 0) == cr0, "and begins again with it");
	user_init();
	r = guest_try(set_pae, 0);
	check(r == 13 + 1, "PAE with a page directory for PDPTEs is #GP (%u)", r);
}

static void set_up(void)
{
	*pte_of(0) = 0;
	*pte_of(UNMAPPED) = 0;
	*pte_of(MMIO) = 0xe0000000 | PTE_P | PTE_W;
	*pte_of(BEYOND) = 0x70000000 | PTE_P | PTE_W;
	*pte_of(READ_ONLY) &= ~PTE_W;
	vmi(VMI_CALL_FlushTLB, VMI_FLUSH_TLB, 0, 0);
	user_init();
	double_fault_init();
	set_gate(0x80, 0xe, 3, NULL);
	vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 0x80, idt[0x80]);
	for (u32 i = 0; user_stack_tests + i < user_stack_tests_end; i++)
		((u8 *)USER_CODE)[i] = user_stack_tests[i];
}

void guest_main(void)
{
	print("vmi-bad-calls\n");
	paging_init();
	if (!vmi_start())
		return;
	set_up();
	try_something_deadly();
	pointers();
	indices();
	stacks();
	stack_in_page_table();
	odd_tables();
	modes();
	check(run_user(USER_CODE + 8, USER_STACK) == 0, "ring 3 works");
}
