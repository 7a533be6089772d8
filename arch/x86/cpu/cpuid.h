/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the host's CPU is and can do, read once at boot.  A feature is one bit of one CPUID register,
 * so it is named by a number: word * 32 + bit.  [SDM2A CPUID]
 */
#ifndef ARCH_X86_CPU_CPUID_H
#define ARCH_X86_CPU_CPUID_H

#include "hv/lib/types.h"

enum cpuid_word {
	CPUID_1_EDX,
	CPUID_1_ECX,
	CPUID_7_EBX,
	CPUID_7_ECX,
	CPUID_7_EDX,
	CPUID_80000001_EDX,
	CPUID_80000001_ECX,
	CPUID_WORDS,
};
#define CPU_FEATURE(word, bit) ((word) * 32 + (bit))

enum cpu_feature {
	CPU_FPU = CPU_FEATURE(CPUID_1_EDX, 0),
	CPU_VME = CPU_FEATURE(CPUID_1_EDX, 1),
	CPU_DE = CPU_FEATURE(CPUID_1_EDX, 2),
	CPU_PSE = CPU_FEATURE(CPUID_1_EDX, 3),
	CPU_TSC = CPU_FEATURE(CPUID_1_EDX, 4),
	CPU_MSR = CPU_FEATURE(CPUID_1_EDX, 5),
	CPU_PAE = CPU_FEATURE(CPUID_1_EDX, 6),
	CPU_CX8 = CPU_FEATURE(CPUID_1_EDX, 8),
	CPU_APIC = CPU_FEATURE(CPUID_1_EDX, 9),
	CPU_SEP = CPU_FEATURE(CPUID_1_EDX, 11),
	CPU_MTRR = CPU_FEATURE(CPUID_1_EDX, 12),
	CPU_PGE = CPU_FEATURE(CPUID_1_EDX, 13),
	CPU_MCA = CPU_FEATURE(CPUID_1_EDX, 14),
	CPU_CMOV = CPU_FEATURE(CPUID_1_EDX, 15),
	CPU_PAT = CPU_FEATURE(CPUID_1_EDX, 16),
	CPU_PSE36 = CPU_FEATURE(CPUID_1_EDX, 17),
	CPU_CLFLUSH = CPU_FEATURE(CPUID_1_EDX, 19),
	CPU_MMX = CPU_FEATURE(CPUID_1_EDX, 23),
	CPU_FXSR = CPU_FEATURE(CPUID_1_EDX, 24),
	CPU_SSE = CPU_FEATURE(CPUID_1_EDX, 25),
	CPU_SSE2 = CPU_FEATURE(CPUID_1_EDX, 26),
	CPU_SSE3 = CPU_FEATURE(CPUID_1_ECX, 0),
	CPU_VMX = CPU_FEATURE(CPUID_1_ECX, 5),
	CPU_SSSE3 = CPU_FEATURE(CPUID_1_ECX, 9),
	CPU_SSE41 = CPU_FEATURE(CPUID_1_ECX, 19),
	CPU_SSE42 = CPU_FEATURE(CPUID_1_ECX, 20),
	CPU_XSAVE = CPU_FEATURE(CPUID_1_ECX, 26),
	CPU_HYPERVISOR = CPU_FEATURE(CPUID_1_ECX, 31),
	CPU_SMEP = CPU_FEATURE(CPUID_7_EBX, 7),
	CPU_SMAP = CPU_FEATURE(CPUID_7_EBX, 20),
	CPU_UMIP = CPU_FEATURE(CPUID_7_ECX, 2),
	CPU_NX = CPU_FEATURE(CPUID_80000001_EDX, 20),
	CPU_LM = CPU_FEATURE(CPUID_80000001_EDX, 29),
	CPU_SVM = CPU_FEATURE(CPUID_80000001_ECX, 2),
};

struct cpuid {
	char vendor[13];
	char name[49]; /* brand string, or "" */
	u32 family, model, stepping; /* with the extended fields added in */
	u32 max_leaf, max_extended_leaf;
	u32 words[CPUID_WORDS];
};
extern struct cpuid host_cpuid;

static inline bool cpu_has(enum cpu_feature feature)
{
	return host_cpuid.words[feature / 32] >> (feature % 32) & 1;
}

/* Execute CPUID. */
void cpuid_read(u32 leaf, u32 subleaf, u32 out[4]);
/* Fill host_cpuid. */
void cpuid_init(void);
/* Host report: vendor, family, name, features. */
void cpuid_report(void);

#endif
