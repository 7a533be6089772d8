/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segmentation: loads of every kind with their faults, in ring 0 and 3; thread-local segments whose
 * descriptors change under way; local descriptor tables; 16-bit segments; transfers between all four
 * rings; what CS and SS show.  Limits are tested with the word "limits", where the platform checks
 * them (TCG does not).
 */
#include "tests/guests/cpu-segments/segments.h"

u32 run_with(u32 ring, const void *code, u32 eax, u32 edx)
{
	static const u16 cs[4] = { KERNEL_CS, SEL_RING1_CODE | 1, SEL_RING2_CODE | 2, USER_CS };
	static const u16 ss[4] = { KERNEL_DS, SEL_RING1_DATA | 1, SEL_RING2_DATA | 2, USER_DS };
	struct user_registers registers = {
		.eip = (u32)code, .cs = cs[ring], .eflags = 2 | IF, .esp = STACK, .ss = ss[ring],
		.eax = eax, .edx = edx, .ebx = 0x1234, .ecx = 0x5678, .ebp = 0x9abc,
	};

	/* IRET keeps FS and GS if it may. */
	__asm__ volatile("movw %w0, %%fs\n\tmovw %w0, %%gs" : : "r"(USER_DS) : "memory");
	return ring ? user_run(&registers) : kernel_run(&registers);
}

static void descriptors(void)
{
	gdt[SEL_TLS / 8] = with_base(FLAT | WRITE_DATA | DPL(3), DATA);
	gdt[SEL_READ_ONLY / 8] = FLAT | READ_DATA | DPL(3);
	gdt[SEL_EXECUTE_ONLY / 8] = FLAT | ONLY_CODE | DPL(3);
	gdt[SEL_CONFORMING / 8] = FLAT | CONFORMING_CODE;
	gdt[SEL_RING3_CONFORMING / 8] = FLAT | CONFORMING_CODE | DPL(3);
	gdt[SEL_ABSENT / 8] = (FLAT | WRITE_DATA | DPL(3)) & ~SEGMENT_P;
	gdt[SEL_CODE16 / 8] = with_limit(READ_CODE, 0xffff);
	gdt[SEL_STACK16 / 8] = with_limit(WRITE_DATA, 0xffff);
	gdt[SEL_USER_CODE16 / 8] = gdt[SEL_CODE16 / 8] | DPL(3);
	gdt[SEL_USER_STACK16 / 8] = gdt[SEL_STACK16 / 8] | DPL(3);
	gdt[SEL_RING1_CODE / 8] = FLAT | READ_CODE | DPL(1);
	gdt[SEL_RING1_DATA / 8] = FLAT | WRITE_DATA | DPL(1);
	gdt[SEL_RING2_CODE / 8] = FLAT | READ_CODE | DPL(2);
	gdt[SEL_RING2_DATA / 8] = FLAT | WRITE_DATA | DPL(2);
	gdt[SEL_EXPAND_DOWN / 8] = with_limit(EXPAND_DOWN | SEGMENT_D | DPL(3), 0xfff);
}

void guest_main(void)
{
	static u32 stack1[256], stack2[256];

	print("cpu-segments\n");
	paging_init();
	user_init();
	tss[3] = (u32)(stack1 + ARRAY_SIZE(stack1));
	tss[4] = SEL_RING1_DATA | 1;
	tss[5] = (u32)(stack2 + ARRAY_SIZE(stack2));
	tss[6] = SEL_RING2_DATA | 2;
	descriptors();
	__asm__ volatile("lldt %w0" : : "r"(0));
	load_tests();
	tls_tests();
	transfer_tests();
	question_tests();
}
