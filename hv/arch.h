/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contract: what pure code may ask of the machine it runs on.  arch/x86/cpu implements it for the
 * bare PC, tests/fake/arch.c for the development host (where time moves only when told and
 * physical memory is an arena at an odd offset).  Declarations only; one CPU for now, so "the CPU"
 * below means the calling one.
 */
#ifndef HV_ARCH_H
#define HV_ARCH_H

#include "hv/lib/addr.h"

/* Host memory: RAM given out by pmm lies in the host's map.  Crossing is cheap (a subtraction at
 * most).  Only for memory that pmm owns. */
void *arch_hpa_to_ptr(hpa_t address);
hpa_t arch_ptr_to_hpa(const void *pointer);

/* Nanoseconds since boot; never goes back.  Any context. */
u64 arch_time_ns(void);
/* The time-stamp counter and its measured frequency. */
u64 arch_tsc(void);
u64 arch_tsc_hz(void);
/* Wall clock from the host's RTC: seconds since 1970-01-01 UTC. */
u64 arch_wallclock_s(void);

/* Ask for one timer interrupt at (or shortly after) @deadline_ns of arch_time_ns(); replaces the
 * one asked for before; ~0 for none. */
void arch_timer_set(u64 deadline_ns);

/* Stop the CPU until an interrupt was taken.  Call with interrupts masked; the test the caller
 * made and the stop are atomic.  Returns with interrupts masked and the interrupt handled. */
void arch_idle(void);
/* Let pending host interrupts in for a moment, and mask them again. */
void arch_take_interrupts(void);

/* End of the run.  @status is what tools/romulus turns into its exit status; see docs/config.md.
 * Powers the PC off where it can, otherwise halts for ever. */
NORETURN void arch_power_off(int status);
NORETURN void arch_reset(void);

/* Execute one x87/MMX/SSE instruction on the guest's FPU state.
 * @code: the instruction, re-encoded by the caller to use no memory but [EDI] and no general
 * register but EAX, at most 15 bytes; @mem: 16-byte-aligned bounce buffer of 512 bytes that EDI
 * will point to; @fpu: the guest's 512-byte FXSAVE image (FSAVE image on a CPU without FXSR), which
 * may stay in the CPU's registers afterwards, its memory stale; @eax, @eflags: in and out (arithmetic flags only).
 * Returns -1, or the vector of the exception the CPU raised (#UD, #MF, #XM), with the state
 * it leaves then.
 * Vcpu context. */
int arch_fpu_execute(const u8 *code, u32 length, void *mem, void *fpu, u32 *eax, u32 *eflags);

/* Make the memory of @fpu the guest's state, to be read and changed there, until the next
 * arch_fpu_execute or entry of the guest loads it.  Vcpu context. */
void arch_fpu_store(void *fpu);

#endif
