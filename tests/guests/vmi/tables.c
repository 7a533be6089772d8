/* SPDX-License-Identifier: GPL-2.0 */
/* Descriptor tables and the kernel stack: calls 3 to 14. */
#include "tests/guests/vmi/conform.h"

#define FLAT_DATA3 0x00cff2000000ffffull
#define SEGMENT FREE_SELECTOR /* based on a page of this test */
#define LDT_DESCRIPTOR 0x0000820000000000ull

static u32 area[1024] ALIGNED(4096);
static u64 other_gdt[GDT_ENTRIES], other_idt[256], ldt[8];

/* 6 bytes at an odd address, as on a kernel's stack. */
static u8 unaligned[16];
static void *pointer_to(const void *table, u32 size)
{
	u8 *at = unaligned + 1;

	*(u16 *)at = (u16)(size - 1);
	*(u32 *)(at + 2) = (u32)table;
	return at;
}

static bool points_to(const void *table, u32 size)
{
	return *(u16 *)(unaligned + 1) == size - 1 && *(u32 *)(unaligned + 3) == (u32)table;
}

static u64 data_segment(const void *base)
{
	u32 b = (u32)base;

	return 0x00c0f2000000ffffull | (u64)(b & 0xffffff) << 16 | (u64)(b >> 24) << 56;
}

static void load_fs(u32 selector)
{
	__asm__ volatile("movw %w0, %%fs" : : "r"(selector));
}

static u32 read_fs(void)
{
	u32 selector;

	__asm__ volatile("movl %%fs, %0" : "=r"(selector));
	return selector;
}

static u32 through_fs(void)
{
	u32 value;

	__asm__ volatile("movl %%fs:0, %0" : "=r"(value));
	return value;
}

/* call() itself loads FS, so these go without it. */
static void gdt_calls(void)
{
	vmi(VMI_CALL_GetGDT, (u32)(unaligned + 1), 0, 0);
	expect(points_to(gdt, sizeof(gdt)));
	call(VMI_CALL_GetGDT, (u32)(unaligned + 1), 0, 0);
	verdict(VMI_CALL_GetGDT, "base and limit, to an odd address");
	for (u32 i = 0; i < GDT_ENTRIES; i++)
		other_gdt[i] = gdt[i];
	gdt[SEGMENT / 8] = data_segment(&area[0]);
	other_gdt[SEGMENT / 8] = data_segment(&area[1]);
	area[0] = 0x11111111;
	area[1] = 0x22222222;
	call(VMI_CALL_SetGDT, (u32)pointer_to(gdt, sizeof(gdt)), 0, 0);
	load_fs(SEGMENT | 3);
	expect(through_fs() == 0x11111111);
	vmi(VMI_CALL_SetGDT, (u32)pointer_to(other_gdt, sizeof(other_gdt)), 0, 0);
	expect(read_fs() == (SEGMENT | 3) && through_fs() == 0x22222222);
	vmi(VMI_CALL_GetGDT, (u32)(unaligned + 1), 0, 0);
	expect(points_to(other_gdt, sizeof(other_gdt)));
	vmi(VMI_CALL_SetGDT, (u32)pointer_to(gdt, sizeof(gdt)), 0, 0);
	expect(through_fs() == 0x11111111);
	expect(call_faults(VMI_CALL_SetGDT, 0xd0000000, 0, 0) == 14 + 1);
	verdict(VMI_CALL_SetGDT, "segment registers are loaded anew; a bad pointer is #PF");
}

static void write_entry(enum vmi_call number, const void *table, u32 index, u64 raw)
{
	vmi_write_entry(number, (u32)table, index, raw);
}

static void gdt_entry(void)
{
	load_fs(SEGMENT | 3);
	write_entry(VMI_CALL_WriteGDTEntry, gdt, SEGMENT / 8, data_segment(&area[1]));
	expect(gdt[SEGMENT / 8] == data_segment(&area[1]) && through_fs() == 0x22222222);
	write_entry(VMI_CALL_WriteGDTEntry, other_gdt, SEGMENT / 8, data_segment(&area[0]));
	expect(other_gdt[SEGMENT / 8] == data_segment(&area[0]) && through_fs() == 0x22222222);
	write_entry(VMI_CALL_WriteGDTEntry, gdt, SEGMENT / 8, 0);
	expect(read_fs() == 0 && gdt[SEGMENT / 8] == 0);
	/* Behind the limit it is a store. */
	write_entry(VMI_CALL_WriteGDTEntry, area, 511, 0x1122334455667788ull);
	expect(area[1022] == 0x55667788 && area[1023] == 0x11223344);
	expect(call_faults(VMI_CALL_WriteGDTEntry, 0xd0000000, 3, 0) == 14 + 1);
	call5(VMI_CALL_WriteGDTEntry, (u32)gdt, SEGMENT / 8, (u32)FLAT_DATA3, FLAT_DATA3 >> 32, 0);
	expect(gdt[SEGMENT / 8] == FLAT_DATA3);
	verdict(VMI_CALL_WriteGDTEntry, "a register follows its descriptor, and is null without it");
}

static void ldt_calls(void)
{
	write_entry(VMI_CALL_WriteGDTEntry, gdt, LDT_SELECTOR / 8,
		    LDT_DESCRIPTOR | (sizeof(ldt) - 1) | (u64)((u32)ldt & 0xffffff) << 16);
	ldt[1] = data_segment(&area[0]);
	expect(vmi(VMI_CALL_GetLDT, 0, 0, 0) == 0);
	vmi(VMI_CALL_SetLDT, LDT_SELECTOR, 0, 0);
	load_fs(8 | 7);
	expect(through_fs() == 0x11111111);
	expect(call_faults(VMI_CALL_SetLDT, KERNEL_DS, 0, 0) == 13 + 1 && last_trap.error == KERNEL_DS);
	expect((call(VMI_CALL_GetLDT, 0, 0, 0) & 0xffff) == LDT_SELECTOR);
	verdict(VMI_CALL_GetLDT, "the selector that SetLDT was given");
	load_fs(8 | 7);
	write_entry(VMI_CALL_WriteLDTEntry, ldt, 1, data_segment(&area[1]));
	expect(ldt[1] == data_segment(&area[1]) && through_fs() == 0x22222222);
	write_entry(VMI_CALL_WriteLDTEntry, ldt, 1, 0);
	expect(read_fs() == 0);
	call5(VMI_CALL_WriteLDTEntry, (u32)ldt, 2, (u32)FLAT_DATA3, FLAT_DATA3 >> 32, 0);
	load_fs(16 | 7);
	expect(read_fs() == (16 | 7));
	verdict(VMI_CALL_WriteLDTEntry, "a register follows, and is null without it");
	vmi(VMI_CALL_SetLDT, 0, 0, 0);
	expect(read_fs() == 0 && vmi(VMI_CALL_GetLDT, 0, 0, 0) == 0);
	call(VMI_CALL_SetLDT, 0, 0, 0);
	verdict(VMI_CALL_SetLDT, "registers are loaded anew; no LDT; what is none is #GP");
}

static volatile u32 hits_a, hits_b;
static void hit_a(struct trap_frame *frame)
{
	(void)frame;
	hits_a++;
}
static void hit_b(struct trap_frame *frame)
{
	(void)frame;
	hits_b++;
}

static void idt_calls(void)
{
	u64 keep = idt[0x50];

	vmi(VMI_CALL_GetIDT, (u32)(unaligned + 1), 0, 0);
	expect(points_to(idt, sizeof(idt)));
	call(VMI_CALL_GetIDT, (u32)(unaligned + 1), 0, 0);
	verdict(VMI_CALL_GetIDT, "base and limit, to an odd address");
	set_handler(0x50, hit_a);
	set_handler(0x51, hit_b);
	for (u32 i = 0; i < 256; i++)
		other_idt[i] = idt[i];
	other_idt[0x50] = idt[0x51];
	__asm__ volatile("int $0x50");
	call(VMI_CALL_SetIDT, (u32)pointer_to(other_idt, sizeof(other_idt)), 0, 0);
	__asm__ volatile("int $0x50");
	vmi(VMI_CALL_GetIDT, (u32)(unaligned + 1), 0, 0);
	expect(points_to(other_idt, sizeof(other_idt)) && hits_a == 1 && hits_b == 1);
	call(VMI_CALL_SetIDT, (u32)pointer_to(idt, sizeof(idt)), 0, 0);
	__asm__ volatile("int $0x50");
	expect(hits_a == 2 && hits_b == 1);
	verdict(VMI_CALL_SetIDT, "interrupts go by the new table");
	call5(VMI_CALL_WriteIDTEntry, (u32)idt, 0x50, (u32)idt[0x51], (u32)(idt[0x51] >> 32), 0);
	expect(idt[0x50] == idt[0x51]);
	__asm__ volatile("int $0x50");
	expect(hits_a == 2 && hits_b == 2);
	write_entry(VMI_CALL_WriteIDTEntry, idt, 0x50, keep);
	__asm__ volatile("int $0x50");
	expect(hits_a == 3 && hits_b == 2);
	verdict(VMI_CALL_WriteIDTEntry, "the gate is used at once");
}

static void task_register(void)
{
	expect(vmi(VMI_CALL_GetTR, 0, 0, 0) == TSS_SELECTOR);
	expect((call(VMI_CALL_GetTR, 0, 0, 0) & 0xffff) == TSS_SELECTOR);
	verdict(VMI_CALL_GetTR, "the selector that LTR was given");
	expect(call_faults(VMI_CALL_SetTR, 0, 0, 0) == 13 + 1 && last_trap.error == 0);
	expect(call_faults(VMI_CALL_SetTR, KERNEL_DS, 0, 0) == 13 + 1 && last_trap.error == KERNEL_DS);
	expect(call_faults(VMI_CALL_SetTR, TSS_SELECTOR, 0, 0) == 13 + 1); /* busy: in use */
	gdt[TSS_SELECTOR / 8] &= ~(2ull << 40);
	call(VMI_CALL_SetTR, TSS_SELECTOR, 0, 0);
	expect(gdt[TSS_SELECTOR / 8] >> 40 & 2);
	expect(vmi(VMI_CALL_GetTR, 0, 0, 0) == TSS_SELECTOR);
	verdict(VMI_CALL_SetTR, "marks the TSS busy; null, data and busy ones are #GP");
}

static volatile u32 entry_esp, entry_ss;
static void note_stack(struct trap_frame *frame)
{
	entry_esp = (u32)(frame + 1) - 16; /* without the V86 part */
	__asm__ volatile("movl %%ss, %0" : "=r"(entry_ss));
	frame->eax++;
}

static void kernel_stack(void)
{
	static u32 stack[1024];
	u32 top = (u32)(stack + ARRAY_SIZE(stack)), result;

	set_handler(0x80, note_stack);
	set_gate(0x80, 0xf, 3, NULL);
	vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 0x80, idt[0x80]);
	for (u32 i = 0; i < 4; i++) {
		/* The selector with RPL 0, as Linux gives it, or with the kernel's. */
		call(VMI_CALL_UpdateKernelStack, KERNEL_DS | (i & 1), top - i * 64, 0);
		result = run_user(USER_CODE + 48, USER_STACK); /* int 0x80 by its own gate, int 0x81 */
		expect(result == 0 && entry_esp == top - i * 64 && entry_ss == (KERNEL_DS | 1));
	}
	call(VMI_CALL_UpdateKernelStack, KERNEL_DS, tss[1], 0);
	verdict(VMI_CALL_UpdateKernelStack, "entries from ring 3 use it");
}

void descriptor_calls(void)
{
	gdt_calls();
	gdt_entry();
	ldt_calls();
	idt_calls();
	task_register();
	kernel_stack();
	load_fs(KERNEL_DS);
}
