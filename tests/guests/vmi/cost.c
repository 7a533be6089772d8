/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a call costs, in instructions: the word `cost`, in an emulator whose TSC counts instructions
 * (tools/romulus run --icount).  The figures in docs/vmi.md are from here.  Each is the least of some tries,
 * less what a call to a bare RET takes; without --icount they mean nothing.
 */
#include "tests/guests/vmi/conform.h"
#include "tests/lib/pae.h"

#define TRIES 40

extern u8 bare_return[];
__asm__("bare_return:\n\tret\n");

static u8 pointer[6];
static u32 words[4] ALIGNED(16);

static u32 tsc(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return low;
}

/* With what the tables held before, so that nothing changes. */
static struct registers arguments(u32 number)
{
	u32 cr3 = pae ? (u32)pae_pdpt : (u32)page_directory;

	switch (number) {
	case VMI_CALL_CPUID:
		return registers_for(1, 0, 0);
	case VMI_CALL_SetGDT:
	case VMI_CALL_GetGDT:
		vmi(VMI_CALL_GetGDT, (u32)pointer, 0, 0);
		return registers_for((u32)pointer, 0, 0);
	case VMI_CALL_SetIDT:
	case VMI_CALL_GetIDT:
		vmi(VMI_CALL_GetIDT, (u32)pointer, 0, 0);
		return registers_for((u32)pointer, 0, 0);
	case VMI_CALL_SetTR:
		gdt[TSS_SELECTOR / 8] &= ~(2ull << 40);
		return registers_for(TSS_SELECTOR, 0, 0);
	case VMI_CALL_WriteGDTEntry:
		return registers_for((u32)gdt, FREE_SELECTOR / 8, 0);
	case VMI_CALL_WriteLDTEntry:
		return registers_for((u32)words, 0, 0);
	case VMI_CALL_WriteIDTEntry:
		return registers_for((u32)idt, 0x60, 0);
	case VMI_CALL_UpdateKernelStack:
		return registers_for(KERNEL_DS, tss[1], 0);
	case VMI_CALL_SetCR0:
		return registers_for(vmi(VMI_CALL_GetCR0, 0, 0, 0), 0, 0);
	case VMI_CALL_SetCR3:
		return registers_for(cr3, 0, 0);
	case VMI_CALL_SetCR4:
		return registers_for(vmi(VMI_CALL_GetCR4, 0, 0, 0), 0, 0);
	case VMI_CALL_SetPxE:
		return registers_for(0, (u32)words, VMI_PAGE_PT);
	case VMI_CALL_SetPxELong:
		return registers_for(0, 0, (u32)words);
	case VMI_CALL_SetAlarm:
		return registers_for(VMI_CYCLES_REAL, 0, 0x7fffffff);
	case VMI_CALL_FlushTLB:
	case VMI_CALL_EnableInterrupts:
		return registers_for(1, 0, 0);
	default:
		return registers_for(0, 0, 0);
	}
}

static u32 least(u32 number, u32 eip)
{
	u32 best = ~0u;

	for (u32 i = 0; i < TRIES; i++) {
		struct registers r = arguments(number);
		u32 before, took;

		r.argument4 = r.argument5 = 0;
		before = tsc();
		call_at(eip, &r);
		took = tsc() - before;
		if (took < best)
			best = took;
	}
	return best;
}

static bool comes_back(u32 number)
{
	return number != VMI_CALL_Reboot && number != VMI_CALL_Shutdown && number != VMI_CALL_Halt &&
	       number != VMI_CALL_IRET && number != VMI_CALL_SYSEXIT;
}

/* With the three pushes, the jump and the CALL before it. */
static u32 cost_of_iret(void)
{
	u32 best = ~0u;

	for (u32 i = 0; i < TRIES; i++) {
		u32 before = tsc(), took;

		__asm__ volatile("pushl $2\n\tpushl %%cs\n\tpushl $1f\n\tjmp *%%cs:iret_routine\n1:"
				 : : : "memory", "cc");
		took = tsc() - before;
		if (took < best)
			best = took;
	}
	return best;
}

void costs(void)
{
	u32 base = least(~0u, (u32)bare_return);

	for (u32 i = 0; i < VMI_CALL_COUNT; i++)
		if (offered((enum vmi_call)i) && comes_back(i))
			print("cost %u: %u\n", i, least(i, vmi_relocation(i).eip) - base + 1);
	vmi_set_if(false);
	print("cost %u: %u\n", VMI_CALL_IRET, cost_of_iret());
}
