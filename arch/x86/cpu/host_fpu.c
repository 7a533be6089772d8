/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of host_fpu.h.  The instruction that the interpreter wants to have executed is written
 * to a page of ours, followed by RET, and called.  That page is mapped twice: writable where the
 * image has it, executable in the window, so that no mapping is both.  It is divided into slots,
 * and a slot that already holds the instruction is used as it is: code of a guest repeats itself,
 * and changing code is slow on every CPU.
 */
#include "arch/x86/cpu/host_fpu.h"

#include "arch/x86/cpu/cpuid.h"
#include "arch/x86/cpu/host_paging.h"
#include "arch/x86/cpu/msr.h"
#include "arch/x86/cpu/trap.h"
#include "arch/x86/percpu.h"
#include "hv/arch.h"
#include "hv/lib/assert.h"
#include "hv/lib/string.h"

#define SLOT_SIZE 32u
#define SLOT_COUNT (PAGE_SIZE / SLOT_SIZE)
#define CODE_MAX 15
#define OPCODE_RET 0xc3

static u8 code_page[SLOT_COUNT][SLOT_SIZE] ALIGNED(4096);
/* ESP at the call.  Not in struct percpu: no register may hold its address then, since a fault can
 * come with all but ESP changed. */
static u32 stack;
static const u8 *executable; /* code_page's other mapping */

extern const u8 fpu_fault[]; /* in run(): where an exception of the instruction continues */

void host_fpu_load(const void *image)
{
	if (cpu_has(CPU_FXSR))
		__asm__ volatile("1: fxrstor (%0)\n2:" EXTABLE(1b, 2b) : : "r"(image) : "memory");
	else
		__asm__ volatile("fninit; frstor (%0)" : : "r"(image) : "memory");
}

void host_fpu_save(void *image)
{
	if (cpu_has(CPU_FXSR))
		__asm__ volatile("fxsave (%0)" : : "r"(image) : "memory");
	else /* FNSAVE resets the FPU, but the state must stay */
		__asm__ volatile("fnsave (%0); fwait; frstor (%0)" : : "r"(image) : "memory");
}

/* Slot for @code: a multiplicative hash of its bytes. */
static u32 slot_for(const u8 *code, u32 length)
{
	u32 hash = length;

	for (u32 i = 0; i < length; i++)
		hash = (hash + code[i]) * 0x9e3779b1u;
	return (hash >> 16) % SLOT_COUNT;
}

/* Put @code into its slot and return the address to call. */
static const u8 *place(const u8 *code, u32 length)
{
	u32 index = slot_for(code, length);
	u8 *slot = code_page[index];
	u32 r[4];

	if (memcmp(slot, code, length) || slot[length] != OPCODE_RET) {
		memcpy(slot, code, length);
		slot[length] = OPCODE_RET;
		/* Code changed through another address needs a serializing instruction
		 * [SDM3A 8.1.3]. */
		cpuid_read(0, 0, r);
	}
	return executable + index * SLOT_SIZE;
}

/* Call @entry with the guest's EAX and flags.  Returns -1, or the vector of its exception. */
static __attribute__((noinline)) int run(const u8 *entry, void *mem, u32 *eax, u32 *eflags)
{
	u32 flags = (read_eflags() & ~EFLAGS_ARITH) | (*eflags & EFLAGS_ARITH);
	u32 a = *eax;
	u32 faulted = 0;

	__asm__ volatile("push %[flags]\n\t"
			 "popf\n\t"
			 "mov %%esp, %[esp]\n\t"
			 "call *%[entry]\n\t"
			 "jmp 1f\n"
			 ".globl fpu_fault\n"
			 "fpu_fault:\n\t"
			 "mov %[esp], %%esp\n\t" /* whatever the code had pushed */
			 "mov $1, %[faulted]\n"
			 "1:\tpushf\n\t"
			 "pop %[flags]"
			 : "+a"(a), [flags] "+r"(flags), [faulted] "+r"(faulted), [esp] "=m"(stack)
			 : [entry] "r"(entry), "D"(mem)
			 : "memory", "cc");
	if (faulted)
		return (int)trap_fixup_vector;
	*eax = a;
	*eflags = (*eflags & ~EFLAGS_ARITH) | (flags & EFLAGS_ARITH);
	return -1;
}

/* CR4 bits without which FXSAVE leaves XMM registers out, and SSE instructions are #UD. */
static u32 sse_enable;

/* Let the host use the whole FPU.  The world switch gives CR0 and CR4 back what a guest has there. */
static void enable(void)
{
	u32 cr0 = read_cr0(), cr4 = read_cr4();

	if (cr0 & (CR0_TS | CR0_EM))
		write_cr0(cr0 & ~(CR0_TS | CR0_EM));
	if ((cr4 & sse_enable) != sse_enable)
		write_cr4(cr4 | sse_enable);
}

/* FOP to FDS of an FXSAVE image, and where FIP is. */
#define POINTERS 6
#define POINTERS_SIZE 18
#define FIP 8

/* Save the registers to @image.  Pointers that are of the window say nothing about the guest: the
 * interpreter has noted those of its instruction in @image already. */
static void save(u8 *image)
{
	u8 pointers[POINTERS_SIZE];
	u32 fip;

	memcpy(pointers, image + POINTERS, POINTERS_SIZE);
	host_fpu_save(image);
	memcpy(&fip, image + FIP, sizeof(fip));
	if (cpu_has(CPU_FXSR) && fip - (u32)executable < PAGE_SIZE)
		memcpy(image + POINTERS, pointers, POINTERS_SIZE);
}

void fpu_own(void *image)
{
	struct percpu *cpu = this_cpu();

	if (cpu->fpu_owner == image)
		return;
	enable();
	if (cpu->fpu_owner)
		save(cpu->fpu_owner);
	host_fpu_load(image);
	cpu->fpu_owner = image;
}

void fpu_forget(const void *image)
{
	if (this_cpu()->fpu_owner == image)
		this_cpu()->fpu_owner = NULL;
}

void arch_fpu_store(void *fpu)
{
	if (this_cpu()->fpu_owner != fpu)
		return;
	enable();
	save(fpu);
	this_cpu()->fpu_owner = NULL;
}

int arch_fpu_execute(const u8 *code, u32 length, void *mem, void *fpu, u32 *eax, u32 *eflags)
{
	ASSERT(length && length <= CODE_MAX);
	fpu_own(fpu);
	enable();
	return run(place(code, length), mem, eax, eflags);
}

void host_fpu_init(void)
{
	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_NE | CR0_MP);
	if (cpu_has(CPU_FXSR))
		sse_enable |= CR4_OSFXSR;
	if (cpu_has(CPU_SSE))
		sse_enable |= CR4_OSXMMEXCPT;
	write_cr4(read_cr4() | sse_enable);
	if (cpu_has(CPU_FPU))
		__asm__ volatile("fninit");
	executable = map_alias(hpa((u32)code_page), 0);
	ASSERT(executable);
	trap_set_fixup_range((u32)executable, PAGE_SIZE, (u32)fpu_fault);
}
