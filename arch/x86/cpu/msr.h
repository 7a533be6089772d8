/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Privileged registers of the real CPU: MSRs, control registers, TSC, flags.
 */
#ifndef ARCH_X86_CPU_MSR_H
#define ARCH_X86_CPU_MSR_H

#include "arch/x86/cpu/trap.h"
#include "arch/x86/isa/regs.h"
#include "hv/lib/types.h"

static inline u64 rdmsr(u32 index)
{
	u64 value;

	__asm__ volatile("rdmsr" : "=A"(value) : "c"(index));
	return value;
}
static inline void wrmsr(u32 index, u64 value)
{
	__asm__ volatile("wrmsr" : : "A"(value), "c"(index) : "memory");
}

/* False if the CPU raised #GP: it has no such register, or will not take the value. */
static inline bool rdmsr_safe(u32 index, u64 *value)
{
	bool ok = false;
	u64 result = 0;

	__asm__ volatile("1: rdmsr\n\tmovb $1, %1\n2:" EXTABLE(1b, 2b)
			 : "+A"(result), "+m"(ok) : "c"(index));
	*value = result;
	return ok;
}
static inline bool wrmsr_safe(u32 index, u64 value)
{
	bool ok = false;

	__asm__ volatile("1: wrmsr\n\tmovb $1, %0\n2:" EXTABLE(1b, 2b)
			 : "+m"(ok) : "A"(value), "c"(index) : "memory");
	return ok;
}

static inline u64 rdtsc(void)
{
	u64 value;

	__asm__ volatile("rdtsc" : "=A"(value));
	return value;
}

#define DEFINE_CR(n)                                                                               \
	static inline u32 read_cr##n(void)                                                         \
	{                                                                                          \
		u32 value;                                                                         \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(value) : : "memory");                 \
		return value;                                                                      \
	}                                                                                          \
	static inline void write_cr##n(u32 value)                                                  \
	{                                                                                          \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(value) : "memory");                     \
	}
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)
#undef DEFINE_CR

static inline u32 read_eflags(void)
{
	u32 value;

	__asm__ volatile("pushf; pop %0" : "=r"(value) : : "memory");
	return value;
}
static inline void invlpg(const void *linear)
{
	__asm__ volatile("invlpg (%0)" : : "r"(linear) : "memory");
}

#endif
