/* SPDX-License-Identifier: GPL-2.0 */
/*
 * arch_fpu_execute for host tests: the instruction is copied to an executable page and run there on
 * the real FPU, with the guest's FXSAVE image loaded.  #UD, #MF and #XM arrive as signals and are
 * turned into the vector that the contract asks for.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "hv/arch.h"

#define CODE_LIMIT 15
#define OPCODE_RET 0xc3
#define ARITH_FLAGS 0x8d5u

static u8 *page;
static sigjmp_buf back;
static volatile int vector;
static u8 host_state[512] ALIGNED(16);

static void on_signal(int number, siginfo_t *info, void *context)
{
	const ucontext_t *user = context;

	(void)number, (void)info;
	vector = (int)user->uc_mcontext.gregs[REG_TRAPNO];
	siglongjmp(back, 1);
}

struct registers {
	uintptr_t eax, flags, edi, code;
};

#ifdef __x86_64__
#define R(name) "%%r" #name
#define SKIP_RED_ZONE "sub $128, %%rsp\n\t"
#define UNDO_RED_ZONE "add $128, %%rsp\n\t"
#define AT(n) #n "*8(%%rsi)"
#else
#define R(name) "%%e" #name
#define SKIP_RED_ZONE
#define UNDO_RED_ZONE
#define AT(n) #n "*4(%%esi)"
#endif

static void run(struct registers *registers, void *fpu)
{
	__asm__ volatile("fxsave %1\n\t"
			 "fxrstor (%0)\n\t"
			 "push " R(bx) "\n\t"
			 "mov %0, " R(bx) "\n\t"
			 SKIP_RED_ZONE
			 "mov " AT(2) ", " R(di) "\n\t"
			 "mov " AT(0) ", " R(ax) "\n\t"
			 "push " AT(1) "\n\t"
			 "popf\n\t"
			 "call *" AT(3) "\n\t"
			 "pushf\n\t"
			 "pop " AT(1) "\n\t"
			 "mov " R(ax) ", " AT(0) "\n\t"
			 UNDO_RED_ZONE
			 "fxsave (" R(bx) ")\n\t"
			 "pop " R(bx) "\n\t"
			 : "+c"(fpu), "=m"(host_state), "+S"(registers)
			 :
			 : "eax", "edi", "edx", "memory", "cc");
	__asm__ volatile("fxrstor %0" : : "m"(host_state));
}

static void prepare(void)
{
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_NODEFER };

	if (!page)
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		abort();
	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGILL, &action, NULL);
}

/* The state is never left in the registers here. */
void arch_fpu_store(void *fpu)
{
	(void)fpu;
}

int arch_fpu_execute(const u8 *code, u32 length, void *mem, void *fpu, u32 *eax, u32 *eflags)
{
	struct registers registers = { .eax = *eax, .edi = (uintptr_t)mem };
	uintptr_t own_flags;

	if (length > CODE_LIMIT || ((uintptr_t)fpu & 15) || ((uintptr_t)mem & 15))
		abort();
	prepare();
	memcpy(page, code, length);
	page[length] = OPCODE_RET;
	registers.code = (uintptr_t)page;
	__asm__ volatile("pushf\n\tpop %0" : "=r"(own_flags));
	registers.flags = (own_flags & ~(uintptr_t)ARITH_FLAGS) | (*eflags & ARITH_FLAGS);
	if (sigsetjmp(back, 1)) {
		__asm__ volatile("fxrstor %0" : : "m"(host_state));
		return vector;
	}
	run(&registers, fpu);
	*eax = (u32)registers.eax;
	*eflags = (*eflags & ~ARITH_FLAGS) | ((u32)registers.flags & ARITH_FLAGS);
	return -1;
}
