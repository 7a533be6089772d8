/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which instructions exec=both can compare (x86_both.h): those that can be done twice with the same
 * result.  It cannot where a device, the time or the FPU is concerned, a REP, or privilege.
 *
 * Flags that an instruction leaves undefined are "vague" until the next that defines them: the
 * interpreter and the CPU may differ there, and nothing may be made of them.
 *
 * So that one such instruction does not spoil the comparison of the others in its block, the
 * translator cuts blocks at them.
 */
#ifndef ARCH_X86_X86_COMPARABLE_H
#define ARCH_X86_X86_COMPARABLE_H

#include "arch/x86/bt/bt.h"

/* @vague: flags that are undefined before it. */
bool x86_comparable(const struct x86_insn *insn, u32 vague);
/* For the translator: PUSHF and the like begin a block, where no flag is vague; what is no call-out and
 * cannot be compared is a block. */
enum bt_cut x86_comparable_cut(const struct x86_insn *insn);
/* The undefined flags after @insn, with those of @vague before it.  Rather too many. */
u32 x86_comparable_vague(const struct x86_insn *insn, u32 vague);

#endif
