/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What CPU the guest is told it has: CPUID leaves, MSRs, CR4 bits, each as a table.  What is not in
 * the tables is hidden: the CPUID bit is clear, the MSR is #GP.  Code in ring 3 executes CPUID
 * directly and sees the host's answer; what differs there is in docs/caveats.md.
 */
#ifndef ARCH_X86_CPU_POLICY_H
#define ARCH_X86_CPU_POLICY_H

#include "arch/x86/isa/regs.h"

/* Tell once, before the first vcpu, what the host's CPUID says: @host of leaf, subleaf. */
void cpu_policy_init(void (*host)(u32 leaf, u32 subleaf, u32 out[4]));

#define CPUID_APIC BIT(9) /* leaf 1, EDX */
#define CPUID_SEP BIT(11)
#define CPU_POLICY_APIC_KHZ 1000000u

/* The TSC's frequency, told in leaf 40000010h as VMware's products do; 0: unknown. */
void cpu_policy_set_tsc(u32 khz);

/* EAX, EBX, ECX, EDX for the guest.  Leaves beyond the highest answer as the highest basic one. */
void cpu_policy_cpuid(u32 leaf, u32 subleaf, u32 out[4]);

/* What a local APIC adds to @out of @leaf: its feature bit while it is @enabled, its timer's frequency. */
void cpu_policy_add_apic(u32 leaf, bool enabled, u32 out[4]);

/* CR4 bits a guest may set: those whose feature it is told it has. */
u32 cpu_policy_cr4(void);

/* MSRs beyond those in struct x86_cpu.  False: the guest gets #GP. */
bool cpu_policy_read_msr(u32 index, u64 *value);
bool cpu_policy_write_msr(u32 index, u64 value);

#endif
