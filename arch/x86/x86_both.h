/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exec=both: a kernel's code is executed by the interpreter first, as a rehearsal, and then in the translation
 * cache; the first difference stops the VM.  For those who look for mistakes in either.
 *
 * Before an entry the interpreter goes ahead to the next branch that is taken, at most as many instructions as a
 * block has, and notes the registers after each.  Then everything is undone, and the cache runs.
 * It leaves at the first branch that is taken (no_chain), or somewhere before: wherever that is, there must be a
 * note with that EIP and these registers, and memory must be what the interpreter wrote up to there.
 *
 * Not rehearsed are instructions that cannot be done twice or would differ: devices, RDTSC, REP, IRET,
 * privileged ones, FPU and SSE.  A run that passes one is not compared.  Flags are compared where they are defined;
 * segment registers are not.
 */
#ifndef ARCH_X86_X86_BOTH_H
#define ARCH_X86_X86_BOTH_H

#include "arch/x86/x86_vcpu.h"

/* Before an entry to the cache: rehearse.  Returns the place to enter, as x86_translated_enter(). */
u32 x86_both_rehearse(struct x86_vcpu *vcpu);
/* After an exit, before it is handled.  May kill the VM. */
void x86_both_compare(struct x86_vcpu *vcpu);
void x86_both_release(struct x86_vcpu *vcpu);

#endif
