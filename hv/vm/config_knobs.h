/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The value of debug_bt in romulus.conf: how a VM's kernel is executed, for those who look for
 * mistakes in the binary translator.  Words, separated by blanks or commas, each at most once;
 * docs/debugging.md says what they are for.
 *
 *   max_insns=N   instructions in a block, 1 to 32
 *   cache=SIZE    bytes of translated code, with K or M; the translator takes what it needs at least
 *   nochain       every branch leaves the cache
 *   irq=N         real interrupts break in at random moments, up to N microseconds apart
 *   exec=WORD     bt: the translator; interp: the interpreter does everything, user code too; both:
 *                 translated kernel code is compared with the interpreter (arch/x86/x86_both.h)
 *   repeat=N      with exec=both: a block that has been compared N times runs without
 *   shadow=N      at each Nth entry the shadow page tables are compared with the guest's
 *
 * A guest cannot tell, but by its clock.
 */
#ifndef HV_VM_CONFIG_KNOBS_H
#define HV_VM_CONFIG_KNOBS_H

#include "hv/lib/types.h"

enum vm_exec { VM_EXEC_BT, VM_EXEC_INTERP, VM_EXEC_BOTH };

/* 0: as usual. */
struct vm_knobs {
	u32 max_insns;
	u32 cache_bytes;
	u32 no_chain;
	u32 irq_us;
	u32 exec; /* enum vm_exec */
	u32 repeat;
	u32 shadow;
};

#define CONFIG_KNOBS_EXPECTED                                                                      \
	"any of max_insns=1..32, cache=SIZE, nochain, irq=MICROSECONDS, exec=interp|bt|both, " \
	"repeat=1..65535, shadow=1..1000000"

/* Fill @knobs, which is all 0, from @text.  False: it is not what was expected. */
bool config_knobs_parse(const char *text, struct vm_knobs *knobs);

#endif
