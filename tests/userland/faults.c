/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults.  Instructions that trap at CPL 3, each with its own trap number and error code; and
 * signal handlers that hand the kernel a frame which IRET refuses: the kernel itself faults then,
 * at its IRET, and must make a signal of that.
 */
#define _GNU_SOURCE
#include "tests/userland/userland.h"

#include <signal.h>
#include <stdio.h>
#include <ucontext.h>

#define KERNEL_ADDRESS 0xc0100000u
#define GATE_ADDRESS 0xffc00000u
#define TOP_ADDRESS 0xfffff000u
#define LDT_SELECTOR(n) ((n) << 3 | 7)

static void read_at(unsigned address)
{
	(void)*(volatile int *)address;
}

static void accesses(void)
{
	ATTEMPT("read null", read_at(0));
	ATTEMPT("read kernel", read_at(KERNEL_ADDRESS));
	ATTEMPT("read gate", read_at(GATE_ADDRESS));
	ATTEMPT("read top", read_at(TOP_ADDRESS));
	ATTEMPT("write kernel", *(volatile int *)KERNEL_ADDRESS = 1);
	ATTEMPT("write gate", *(volatile int *)GATE_ADDRESS = 1);
	ATTEMPT("run kernel", ((void (*)(void))KERNEL_ADDRESS)());
	ATTEMPT("run gate", ((void (*)(void))GATE_ADDRESS)());
}

static void privileged(void)
{
	ATTEMPT("cli", asm volatile("cli"));
	ATTEMPT("sti", asm volatile("sti"));
	ATTEMPT("hlt", asm volatile("hlt"));
	ATTEMPT("in", asm volatile("in $0x80, %%al" ::: "eax"));
	ATTEMPT("rdmsr", asm volatile("rdmsr" ::: "eax", "edx"));
	ATTEMPT("mov cr0", asm volatile("mov %%cr0, %%eax" ::: "eax"));
	ATTEMPT("invlpg", asm volatile("invlpg (%0)" ::"r"(0)));
}

static void exceptions(void)
{
	static const int range[2] = { 0, 3 };

	ATTEMPT("ud2", asm volatile("ud2"));
	ATTEMPT("int3", asm volatile("int3"));
	ATTEMPT("int 4", asm volatile("int $4"));
	ATTEMPT("int 1", asm volatile("int $1"));
	ATTEMPT("int 0x0e", asm volatile("int $0x0e"));
	ATTEMPT("int 0x20", asm volatile("int $0x20"));
	ATTEMPT("int 0x40", asm volatile("int $0x40"));
	ATTEMPT("divide", asm volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; mov $1, %%eax; div %%ecx"
				       ::: "eax", "ecx", "edx"));
	ATTEMPT("bound", asm volatile("mov $5, %%eax; bound %%eax, %0" ::"m"(range) : "eax"));
	ATTEMPT("into", asm volatile("mov $0x7fffffff, %%eax; inc %%eax; into" ::: "eax"));
	ATTEMPT("single step", asm volatile("pushf; orl $0x100, (%esp); popf; nop"));
}

static void selectors(void)
{
	ATTEMPT("ds kernel", asm volatile("mov %0, %%ds" ::"r"(0x68)));
	ATTEMPT("ds kernel code", asm volatile("mov %0, %%ds" ::"r"(0x61)));
	ATTEMPT("ss kernel", asm volatile("mov %0, %%ss" ::"r"(0x68)));
	ATTEMPT("ss kernel ring 1", asm volatile("mov %0, %%ss" ::"r"(0x69)));
	ATTEMPT("fs end of gdt", asm volatile("mov %0, %%fs" ::"r"(0xfffb)));
	ATTEMPT("call kernel", asm volatile("lcall $0x60, $0"));
	ATTEMPT("call end of gdt", asm volatile("lcall $0xfff8, $0"));
}

void userland_instructions(void)
{
	accesses();
	privileged();
	exceptions();
	selectors();
}

static volatile struct {
	int cs, ss, eip; /* 0: as it is */
} wrong;

static void spoil_frame(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)number;
	(void)info;
	if (wrong.cs)
		regs[REG_CS] = wrong.cs;
	if (wrong.ss)
		regs[REG_SS] = wrong.ss;
	if (wrong.eip)
		regs[REG_EIP] = wrong.eip;
}

static void spoil(int cs, int ss, unsigned eip)
{
	wrong.cs = cs;
	wrong.ss = ss;
	wrong.eip = (int)eip;
	raise(SIGUSR1);
}

void userland_frames(void)
{
	struct sigaction action = { .sa_sigaction = spoil_frame, .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR1, &action, NULL);
	ATTEMPT("cs beyond user", spoil(0x13, 0, 0));
	ATTEMPT("cs kernel", spoil(0x60, 0, 0));
	ATTEMPT("cs null", spoil(3, 0, 0));
	ATTEMPT("cs data", spoil(0x7b, 0, 0));
	ATTEMPT("cs not in ldt", spoil(LDT_SELECTOR(100), 0, 0));
	ATTEMPT("ss beyond user", spoil(0, 0x13, 0));
	ATTEMPT("ss code", spoil(0, 0x73, 0));
	ATTEMPT("ss null", spoil(0, 3, 0));
	ATTEMPT("eip kernel", spoil(0, 0, KERNEL_ADDRESS));
	ATTEMPT("eip gate", spoil(0, 0, GATE_ADDRESS + 0x60000));
	wrong.cs = wrong.ss = wrong.eip = 0;
}
