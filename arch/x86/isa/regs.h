/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The architectural state of one virtual CPU as the guest is entitled to see it, and the names of
 * its bits.  Every engine (interpreter, direct execution, translator) works on this one struct;
 * what an engine needs beyond it (shadow tables, caches) it keeps elsewhere.
 *
 * Segment registers carry the hidden part of the hardware (base, limit, attributes), so that a
 * descriptor changed in memory after a load has no effect, as on a CPU.  [SDM3A 2, 3.4.3]
 */
#ifndef ARCH_X86_ISA_REGS_H
#define ARCH_X86_ISA_REGS_H

#include "arch/x86/isa/excp.h"
#include "hv/lib/types.h"

/* General registers and segment registers in the order of their encoding. */
enum x86_reg { REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI, REG_COUNT };
enum x86_sreg { SREG_ES, SREG_CS, SREG_SS, SREG_DS, SREG_FS, SREG_GS, SREG_COUNT };

/* EFLAGS [SDM1 3.4.3]. */
#define EFLAGS_CF BIT(0)
#define EFLAGS_FIXED BIT(1) /* always reads as 1 */
#define EFLAGS_PF BIT(2)
#define EFLAGS_AF BIT(4)
#define EFLAGS_ZF BIT(6)
#define EFLAGS_SF BIT(7)
#define EFLAGS_TF BIT(8)
#define EFLAGS_IF BIT(9)
#define EFLAGS_DF BIT(10)
#define EFLAGS_OF BIT(11)
#define EFLAGS_IOPL (3u << 12)
#define EFLAGS_IOPL_SHIFT 12
#define EFLAGS_NT BIT(14)
#define EFLAGS_RF BIT(16)
#define EFLAGS_VM BIT(17)
#define EFLAGS_AC BIT(18)
#define EFLAGS_VIF BIT(19)
#define EFLAGS_VIP BIT(20)
#define EFLAGS_ID BIT(21)
#define EFLAGS_RESERVED 0xffc08028u /* always read as 0 */
#define EFLAGS_ARITH                                                                               \
	(EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF | EFLAGS_OF)

#define CR0_PE BIT(0)
#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_NW BIT(29)
#define CR0_CD BIT(30)
#define CR0_PG BIT(31)

#define CR3_PWT BIT(3)
#define CR3_PCD BIT(4)

#define CR4_VME BIT(0)
#define CR4_PVI BIT(1)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_PSE BIT(4)
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_PCE BIT(8)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)

#define EFER_SCE BIT(0)
#define EFER_NXE BIT(11)

#define DR6_FIXED 0xffff0ff0u
#define DR6_BD BIT(13)
#define DR6_BS BIT(14)
#define DR6_BT BIT(15)
#define DR7_FIXED BIT(10)
#define DR7_ENABLED 0xffu /* the L and G bits of all four */
#define DR7_GD BIT(13)

/* Model-specific registers by their SDM names [SDM4 2.1]. */
#define MSR_TSC 0x10
#define MSR_APIC_BASE 0x1b
#define APIC_BASE_ENABLE BIT64(11)
#define APIC_BASE_RESET 0xfee00900u
#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_PAT 0x277
#define MSR_EFER 0xc0000080u

/*
 * Hidden part of a segment register.  @limit is in bytes, already scaled by G: the last valid
 * offset (expand-down: the last invalid one).  @attr has the layout of descriptor bits 40-55 with
 * the limit bits cleared:
 *
 *   15  14  13  12  11..8  7  6 5  4  3..0
 *    G  D/B  L  AVL   0    P  DPL  S  type
 *
 * A null selector in a data segment register is attr == 0 (not present).
 */
struct x86_segment {
	u16 selector;
	u16 attr;
	u32 base;
	u32 limit;
};
#define SEG_TYPE 0x0fu
#define SEG_TYPE_ACCESSED BIT(0)
#define SEG_TYPE_WRITABLE BIT(1)   /* data */
#define SEG_TYPE_EXPAND_DOWN BIT(2) /* data */
#define SEG_TYPE_READABLE BIT(1)   /* code */
#define SEG_TYPE_CONFORMING BIT(2) /* code */
#define SEG_TYPE_CODE BIT(3)
#define SEG_S BIT(4)
#define SEG_DPL_SHIFT 5
#define SEG_DPL (3u << SEG_DPL_SHIFT)
#define SEG_P BIT(7)
#define SEG_AVL BIT(12)
#define SEG_DB BIT(14)
#define SEG_G BIT(15)

#define SEL_RPL 3u
#define SEL_TI BIT(2)
#define SEL_INDEX 0xfff8u /* also the byte offset into the table */

struct x86_table {
	u32 base;
	u16 limit;
};

/* Why an interrupt may not be taken before the next instruction has completed. */
#define SHADOW_STI BIT(0)
#define SHADOW_MOV_SS BIT(1) /* also holds off debug traps */

enum x86_activity { CPU_RUNNING, CPU_HALTED, CPU_SHUTDOWN /* triple fault */ };

struct x86_cpu {
	u32 gpr[REG_COUNT];
	u32 eip;
	u32 eflags; /* EFLAGS_FIXED always set; IF is the guest's (virtual) IF */
	struct x86_segment seg[SREG_COUNT];
	struct x86_segment ldtr, tr;
	struct x86_table gdtr, idtr;
	u32 cr0, cr2, cr3, cr4;
	u32 dr[8]; /* 4 and 5 unused */
	u64 pdpte[4]; /* as loaded by the last MOV to CR3 or equivalent; PAE only */
	u64 efer;
	u64 sysenter_cs, sysenter_esp, sysenter_eip; /* 64 bits as WRMSR writes them */
	u64 pat;
	u64 apic_base;
	u64 tsc_offset; /* guest TSC = host TSC + this */
	/* Current privilege level as the architecture defines it: 0 in real mode, 3 in V86.  A VMI
	 * kernel runs at 0 here although its selectors carry RPL 1: see @kernel_rpl. */
	u8 cpl;
	/* RPL that a CS or SS selector shows while cpl is 0: 0 on a PC, 1 after VMI_Init.  A
	 * selector with this RPL counts as RPL 0 in every privilege check. */
	u8 kernel_rpl;
	u8 interrupt_shadow; /* SHADOW_* */
	u8 nmi_blocked;
	u8 activity; /* enum x86_activity */
	struct x86_fault fault; /* the exception an EMUL_FAULT stands for */
	/* x87/SSE state, FXSAVE layout (FSAVE layout where the host CPU has no FXSR). */
	u8 fpu[512] ALIGNED(16);
};

static inline bool x86_protected_mode(const struct x86_cpu *cpu)
{
	return cpu->cr0 & CR0_PE;
}
static inline bool x86_v86_mode(const struct x86_cpu *cpu)
{
	return cpu->eflags & EFLAGS_VM;
}
/* Real mode or V86: a selector is a paragraph number. */
static inline bool x86_real_segments(const struct x86_cpu *cpu)
{
	return !x86_protected_mode(cpu) || x86_v86_mode(cpu);
}
static inline u32 x86_iopl(const struct x86_cpu *cpu)
{
	return (cpu->eflags & EFLAGS_IOPL) >> EFLAGS_IOPL_SHIFT;
}
static inline u32 seg_dpl(const struct x86_segment *seg)
{
	return (seg->attr & SEG_DPL) >> SEG_DPL_SHIFT;
}

/* The state after power-on reset [SDM3A table 9-1]: real mode, CS:EIP = F000:FFF0 with base
 * FFFF0000.  Zeroes everything else, debug registers and FPU to their reset values. */
void x86_cpu_reset(struct x86_cpu *cpu);

#endif
