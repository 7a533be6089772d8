/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPU features by which instructions are there or #UD, numbered by their bit in CPUID leaf 1:
 * EDX bits are 0-31, ECX bits 32-63.  The interpreter asks its owner's CPUID once, at creation.
 */
#ifndef ARCH_X86_INTERP_FEATURES_H
#define ARCH_X86_INTERP_FEATURES_H

#include "arch/x86/interp/interp_priv.h"

enum feature {
	FEATURE_FPU = 0,
	FEATURE_TSC = 4,
	FEATURE_MSR = 5,
	FEATURE_CX8 = 8,
	FEATURE_APIC = 9,
	FEATURE_SEP = 11,
	FEATURE_CMOV = 15,
	FEATURE_PAT = 16,
	FEATURE_CLFSH = 19,
	FEATURE_MMX = 23,
	FEATURE_FXSR = 24,
	FEATURE_SSE = 25,
	FEATURE_SSE2 = 26,
	FEATURE_SSE3 = 32,
	FEATURE_PCLMULQDQ = 33,
	FEATURE_SSSE3 = 41,
	FEATURE_SSE4_1 = 51,
	FEATURE_SSE4_2 = 52,
	FEATURE_MOVBE = 54,
	FEATURE_POPCNT = 55,
	FEATURE_AES = 57,
	FEATURE_ALWAYS = 64,
	FEATURE_NEVER = 65,
};

static inline bool feature_present(const struct interp *ip, u32 feature)
{
	if (feature >= FEATURE_ALWAYS)
		return feature == FEATURE_ALWAYS;
	return (feature < 32 ? ip->feature_edx >> feature : ip->feature_ecx >> (feature - 32)) & 1;
}

/* Which feature an x87, MMX or SSE instruction belongs to. */
u32 fpu_feature(const struct x86_insn *insn);

#endif
