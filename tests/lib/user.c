/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ring 3 for test kernels, and a task for double faults.
 *
 * A kernel whose stack pointer is bad cannot take an exception: the CPU makes a double fault of it,
 * and only a task gate has a stack of its own.  Tests that put arbitrary values in ESP and want to
 * go on use that: the task rewrites the state that the task switch saved, and returns to it.
 */
#include "tests/lib/guest.h"
#include "tests/lib/vmi.h"

#define TSS_LIMIT 103
#define TYPE_TSS 0x89ull
#define TYPE_TASK_GATE 5u

/* Indices of dwords in a TSS. */
enum { T_LINK, T_ESP0, T_SS0, T_CR3 = 7, T_EIP, T_EFLAGS, T_EAX, T_ESP = 14, T_ES = 18, T_CS, T_SS,
       T_DS, T_FS, T_GS, T_LDT, T_IOMAP };

u32 double_faults;
static u32 df_tss[26] ALIGNED(128);
static u32 entry_stack[1024] ALIGNED(4096), df_stack[1024] ALIGNED(4096);
extern u32 try_esp;
extern u8 guest_try_end[], double_fault_entry[];
void double_fault(void);

static u64 tss_descriptor(const u32 *at)
{
	u32 base = (u32)at;

	return TSS_LIMIT | (u64)(base & 0xffffff) << 16 | TYPE_TSS << 40 | (u64)(base >> 24) << 56;
}

void user_init(void)
{
	tss[T_ESP0] = (u32)(entry_stack + ARRAY_SIZE(entry_stack));
	tss[T_SS0] = KERNEL_DS;
	tss[T_CR3] = (u32)page_directory;
	tss[T_IOMAP] = 0xffffu << 16;
	gdt[TSS_SELECTOR / 8] = tss_descriptor(tss);
	set_gate(USER_EXIT, 0xe, 3, NULL);
	if (vmi_active) {
		vmi_write_entry(VMI_CALL_WriteGDTEntry, (u32)gdt, TSS_SELECTOR / 8,
				tss_descriptor(tss));
		vmi(VMI_CALL_UpdateKernelStack, KERNEL_DS, tss[T_ESP0], 0);
	}
	__asm__ volatile("ltr %w0" : : "r"(TSS_SELECTOR));
}

u32 user_run(const struct user_registers *registers)
{
	u32 result = guest_try(user_enter, (u32)registers);

	return result == USER_EXIT + 1 ? 0 : result;
}

u32 kernel_run(const struct user_registers *registers)
{
	u32 result = guest_try(kernel_enter, (u32)registers);

	return result == USER_EXIT + 1 ? 0 : result;
}

u32 run_in_ring(u32 ring, const struct user_registers *registers)
{
	struct user_registers flat = *registers;

	flat.cs = USER_CS;
	flat.ss = USER_DS;
	return ring ? user_run(&flat) : kernel_run(&flat);
}

u32 run_user(u32 code, u32 stack)
{
	struct user_registers registers = {
		.eip = code, .cs = USER_CS, .eflags = 0x202, .esp = stack, .ss = USER_DS,
	};

	return user_run(&registers);
}

void double_fault_init(void)
{
	static const u8 data_registers[] = { T_ES, T_SS, T_DS, T_FS, T_GS };

	df_tss[T_CR3] = (u32)page_directory;
	df_tss[T_EIP] = (u32)double_fault_entry;
	df_tss[T_EFLAGS] = 2;
	df_tss[T_ESP] = (u32)(df_stack + ARRAY_SIZE(df_stack) - 16);
	df_tss[T_CS] = KERNEL_CS;
	df_tss[T_IOMAP] = 0xffffu << 16;
	for (u32 i = 0; i < ARRAY_SIZE(data_registers); i++)
		df_tss[data_registers[i]] = KERNEL_DS;
	gdt[DF_TSS_SELECTOR / 8] = tss_descriptor(df_tss);
	idt[8] = (u64)DF_TSS_SELECTOR << 16 | (u64)(0x8000 | TYPE_TASK_GATE << 8) << 32;
	if (!vmi_active)
		return;
	vmi_write_entry(VMI_CALL_WriteGDTEntry, (u32)gdt, DF_TSS_SELECTOR / 8, gdt[DF_TSS_SELECTOR / 8]);
	vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 8, idt[8]);
}

void double_fault(void)
{
	double_faults++;
	last_trap = (struct trap_frame){ .vector = 8, .eip = tss[T_EIP], .cs = tss[T_CS],
					 .eflags = tss[T_EFLAGS], .esp = tss[T_ESP], .ss = tss[T_SS] };
	if (!try_esp) {
		print("FAIL: unexpected double fault at %x:%x esp %x\n", tss[T_CS], tss[T_EIP],
		      tss[T_ESP]);
		guest_exit();
	}
	tss[T_EIP] = (u32)guest_try_end;
	tss[T_CS] = read_cs();
	tss[T_EFLAGS] = 2;
	tss[T_EAX] = 8 + 1;
	tss[T_ESP] = try_esp;
	tss[T_SS] = KERNEL_DS | (read_cs() & 3);
	tss[T_DS] = tss[T_ES] = tss[T_FS] = tss[T_GS] = KERNEL_DS;
}
