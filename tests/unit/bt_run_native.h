/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Emitted code on the real CPU, for test_bt_run.c: native_run() loads all registers and goes to a
 * place in the cache; whatever signal that ends with, the registers are stored again.
 *
 * Both ways lead through a signal handler, which exchanges the registers in its frame: an INT3 is
 * the way in.  The handler runs on a stack of its own, for ESP is the guest's.  With @step the CPU
 * traps after each emitted instruction.
 */
#ifndef TESTS_UNIT_BT_RUN_NATIVE_H
#define TESTS_UNIT_BT_RUN_NATIVE_H

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "arch/x86/isa/regs.h"

/* Places in gregs[]; <ucontext.h> has names for them only together with ours' homonyms. */
enum { GREG_TRAP = 12, GREG_ERROR = 13, GREG_EIP = 14, GREG_EFLAGS = 16, GREG_COUNT = 18 };
static const u8 greg_of[REG_COUNT] = { 11, 10, 9, 8, 7, 6, 5, 4 };

#define NATIVE_FLAGS (EFLAGS_ARITH | EFLAGS_DF)

struct native {
	u8 fpu[512] ALIGNED(16);
	u32 gpr[REG_COUNT];
	u32 eip, eflags;
	bool step;
	u32 trap, error, address; /* how it ended */
};
static struct native native;
static enum { OUTSIDE, ENTERING, INSIDE } native_where;
static greg_t host_registers[GREG_COUNT];
static u8 host_fpu[512] ALIGNED(16);

static void native_load(greg_t *gregs)
{
	memcpy(host_registers, gregs, sizeof(host_registers));
	for (u32 reg = 0; reg < REG_COUNT; reg++)
		gregs[greg_of[reg]] = (greg_t)native.gpr[reg];
	gregs[GREG_EIP] = (greg_t)native.eip;
	gregs[GREG_EFLAGS] = (greg_t)((native.eflags & NATIVE_FLAGS) | EFLAGS_FIXED | EFLAGS_IF |
				      (native.step ? EFLAGS_TF : 0));
}

static void native_store(greg_t *gregs, const siginfo_t *info)
{
	for (u32 reg = 0; reg < REG_COUNT; reg++)
		native.gpr[reg] = (u32)gregs[greg_of[reg]];
	native.eip = (u32)gregs[GREG_EIP];
	native.eflags = (u32)gregs[GREG_EFLAGS] & NATIVE_FLAGS;
	native.trap = (u32)gregs[GREG_TRAP];
	native.error = (u32)gregs[GREG_ERROR];
	native.address = (u32)(uintptr_t)info->si_addr;
	memcpy(gregs, host_registers, sizeof(host_registers));
}

static void native_signal(int number, siginfo_t *info, void *context)
{
	greg_t *gregs = ((ucontext_t *)context)->uc_mcontext.gregs;

	if (native_where == ENTERING && number == SIGTRAP) {
		native_where = INSIDE;
		native_load(gregs);
	} else if (native_where == INSIDE) {
		native_where = OUTSIDE;
		native_store(gregs, info);
	} else {
		signal(number, SIG_DFL); /* a bug of the test's own */
	}
}

/* Also before each run: the fake FPU takes some of the signals. */
static void native_take_signals(void)
{
	static const u8 signals[] = { SIGSEGV, SIGTRAP, SIGBUS, SIGFPE, SIGILL };
	struct sigaction action = { .sa_sigaction = native_signal,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };

	for (u32 i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
}

static void native_setup(void)
{
	static u8 handler_stack[65536];
	stack_t stack = { .ss_sp = handler_stack, .ss_size = sizeof(handler_stack) };

	sigaltstack(&stack, NULL);
	native_take_signals();
}

static void native_run(void)
{
	native_where = ENTERING;
	__asm__ volatile("fxsave %0\n\t"
			 "fxrstor %1\n\t"
			 "int3\n\t"
			 "fxsave %1\n\t"
			 "fxrstor %0\n\t"
			 : "+m"(host_fpu), "+m"(native.fpu)
			 :
			 : "memory");
}

static u32 native_selector(u32 sreg)
{
	u32 value = 0;

	switch (sreg) {
	case SREG_ES:
		__asm__("mov %%es, %0" : "=r"(value));
		break;
	case SREG_SS:
		__asm__("mov %%ss, %0" : "=r"(value));
		break;
	case SREG_DS:
		__asm__("mov %%ds, %0" : "=r"(value));
		break;
	case SREG_FS:
		__asm__("mov %%fs, %0" : "=r"(value));
		break;
	case SREG_GS:
		__asm__("mov %%gs, %0" : "=r"(value));
		break;
	}
	return value & 0xffff;
}

#endif
