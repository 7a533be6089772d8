/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exec=both: a kernel's code is executed by the interpreter first, as a rehearsal, and then in the translation
 * cache; the first difference stops the VM.  For those who look for mistakes in either.
 *
 * Before an entry the interpreter goes ahead to the next branch that is taken, at most as many instructions as a
 * block has, and notes the registers after each.  Then everything is undone, and the cache runs.
 * It leaves at the first branch that is taken, or somewhere before: wherever that is, there must be a
 * note with that EIP and these registers, and memory must be what the interpreter wrote up to there.
 *
 * So that it leaves there, no branch leads to or from a block that is still to be compared
 * (bt_settled()).  That is each one, always; or with compare_repeat, each one until it has been
 * compared so often at one of its exits.  Then it is linked with others like it, and runs without:
 * a boot executes a few blocks millions of times.  A block that is made anew, because its code
 * changed or the cache was full, begins anew here, too.
 *
 * Not rehearsed are instructions that cannot be done twice or would differ (x86_comparable.h); each
 * of these that is executed in the cache is a block, so that nothing else goes uncompared for its
 * sake.  Flags are compared where they are defined; of segment registers the selectors are.
 */
#ifndef ARCH_X86_X86_BOTH_H
#define ARCH_X86_X86_BOTH_H

#include "arch/x86/x86_vcpu.h"

/* Before an entry to the cache at @place: rehearse.  Returns the place to enter, as x86_translated_enter(). */
u32 x86_both_rehearse(struct x86_vcpu *vcpu, u32 place);
/* After an exit, before it is handled.  May kill the VM. */
void x86_both_compare(struct x86_vcpu *vcpu);
void x86_both_release(struct x86_vcpu *vcpu);

#endif
