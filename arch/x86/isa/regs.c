/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual CPU as it comes out of RESET [SDM3A table 9-1].  EDX is 0 here: it identifies the CPU,
 * which is a matter of CPUID policy.  So is the APIC base: a machine with a local APIC sets it.
 */
#include "arch/x86/isa/regs.h"
#include "hv/lib/string.h"

#define ATTR_DATA (SEG_P | SEG_S | SEG_TYPE_WRITABLE | SEG_TYPE_ACCESSED)
#define ATTR_CODE (SEG_P | SEG_S | SEG_TYPE_CODE | SEG_TYPE_READABLE | SEG_TYPE_ACCESSED)
#define ATTR_LDT (SEG_P | 2)
#define ATTR_TSS (SEG_P | 11)
#define PAT_RESET 0x0007040600070406ull

/* Offsets in the FXSAVE area [SDM1 10.5.1]. */
#define FXSAVE_FCW 0
#define FXSAVE_FTW 4
#define FXSAVE_MXCSR 24

static void reset_fpu(u8 fpu[512])
{
	/* After power-up all eight registers are +0.0, and valid (tag word 5555). */
	fpu[FXSAVE_FCW] = 0x40;
	fpu[FXSAVE_FTW] = 0xff;
	fpu[FXSAVE_MXCSR] = 0x80;
	fpu[FXSAVE_MXCSR + 1] = 0x1f;
}

void x86_cpu_reset(struct x86_cpu *cpu)
{
	memset(cpu, 0, sizeof(*cpu));
	cpu->eip = 0xfff0;
	cpu->eflags = EFLAGS_FIXED;
	for (u32 i = 0; i < SREG_COUNT; i++)
		cpu->seg[i] = (struct x86_segment){ .attr = ATTR_DATA, .limit = 0xffff };
	cpu->seg[SREG_CS] = (struct x86_segment){
		.selector = 0xf000, .attr = ATTR_CODE, .base = 0xffff0000, .limit = 0xffff,
	};
	cpu->ldtr = (struct x86_segment){ .attr = ATTR_LDT, .limit = 0xffff };
	cpu->tr = (struct x86_segment){ .attr = ATTR_TSS, .limit = 0xffff };
	cpu->gdtr.limit = 0xffff;
	cpu->idtr.limit = 0xffff;
	cpu->cr0 = CR0_CD | CR0_NW | CR0_ET;
	cpu->dr[6] = DR6_FIXED;
	cpu->dr[7] = DR7_FIXED;
	cpu->pat = PAT_RESET;
	reset_fpu(cpu->fpu);
}
