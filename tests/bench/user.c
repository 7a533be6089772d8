/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What user code does most of the time: computing, which must cost what it costs natively, and
 * system calls.  An operation of cpu and fpu is ten instructions, known by count, so that the
 * native column shows whether the clock counts instructions.
 */
#include "tests/bench/bench.h"

#define SWEEP_BYTES (4u << 20)
#define SWEEP_STEP 64u

static char *sweep_memory;

static void cpu(u32 ops)
{
	u32 value = 1;

	asm volatile("1:\n\t"
		     "addl $3, %0\n\t"
		     "xorl %1, %0\n\t"
		     "roll $5, %0\n\t"
		     "addl %0, %0\n\t"
		     "subl $7, %0\n\t"
		     "xorl $0x55, %0\n\t"
		     "leal 9(%0), %0\n\t"
		     "notl %0\n\t"
		     "decl %1\n\t"
		     "jnz 1b"
		     : "+r"(value), "+r"(ops)
		     :
		     : "cc");
}

static void fpu(u32 ops)
{
	asm volatile("fldpi\n\tfld1\n"
		     "1:\n\t"
		     "fadd %%st(1), %%st\n\t"
		     "fmul %%st(1), %%st\n\t"
		     "fsqrt\n\t"
		     "fadd %%st(1), %%st\n\t"
		     "fsub %%st(1), %%st\n\t"
		     "fmul %%st(1), %%st\n\t"
		     "fdiv %%st(1), %%st\n\t"
		     "fabs\n\t"
		     "decl %0\n\t"
		     "jnz 1b\n\t"
		     "fstp %%st(0)\n\tfstp %%st(0)"
		     : "+r"(ops)
		     :
		     : "cc", "st", "st(1)");
}

static void map_sweep(u32 ops)
{
	(void)ops;
	if (!sweep_memory)
		sweep_memory = bench_map(SWEEP_BYTES);
	for (u32 at = 0; at < SWEEP_BYTES; at += PAGE)
		sweep_memory[at] = 1;
}

/* Read and write one word in each line of 4 MB, again and again. */
static void sweep(u32 ops)
{
	u32 at = 0;

	while (ops--) {
		++*(volatile u32 *)(sweep_memory + at);
		at = (at + SWEEP_STEP) & (SWEEP_BYTES - 1);
	}
}

static void int80(u32 ops)
{
	while (ops--)
		sys0(SYS_GETPPID);
}

/* As the C library makes system calls: by what the kernel's vDSO offers. */
static void fast_call(u32 ops)
{
	int result;

	if (!bench_sysinfo) {
		int80(ops);
		return;
	}
	while (ops--)
		asm volatile("call *%2"
			     : "=a"(result)
			     : "0"(SYS_GETPPID), "r"(bench_sysinfo)
			     : "memory", "ecx", "edx");
}

static void read_clock(u32 ops)
{
	u32 now[2];

	while (ops--)
		sys2(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, now);
}

/* clang-format off */
const struct bench user_benches[] = {
	{ "cpu", 20000000, cpu, 0, 0 },
	{ "fpu", 10000000, fpu, 0, 0 },
	{ "memory", 10000000, sweep, map_sweep, 0 },
	{ "int80", 20000, int80, 0, 0 },
	{ "syscall", 20000, fast_call, 0, 0 },
	{ "clock", 10000, read_clock, 0, 0 },
	{ 0, 0, 0, 0, 0 },
};
/* clang-format on */
