/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a vcpu counts, for the monitor and the benchmarks: one list of counters with the words the
 * monitor prints, and exits by vector, calls by number.
 */
#ifndef ARCH_X86_X86_STATS_H
#define ARCH_X86_X86_STATS_H

#include "arch/x86/isa/insn.h"
#include "guest-abi/hypercall.h"
#include "hv/lib/types.h"

/* Why one instruction of a directly running guest is interpreted. */
#define X86_EMULATIONS(X)                                                                          \
	X(EMULATE_ENGINE, "interpreted: state not for direct execution")                           \
	X(EMULATE_BEFORE_INIT, "interpreted: before VMI_Init, or VMI off")                         \
	X(EMULATE_GP, "emulated: #GP")                                                             \
	X(EMULATE_UD, "emulated: #UD")                                                             \
	X(EMULATE_PF_IO, "emulated: #PF on MMIO or ROM")                                           \
	X(EMULATE_PF_TABLE, "emulated: #PF on a page table")                                       \
	X(EMULATE_SEGMENT, "emulated: #NP, #SS, #TS")                                              \
	X(EMULATE_OTHER, "emulated: other faults")                                                 \
	X(EMULATE_IRET, "emulated: IRET of the ROM")                                               \
	X(EMULATE_CALLOUT, "emulated: call-outs of translated code")                               \
	X(EMULATE_ADAPTED, "emulated: call-outs of what kept faulting")                            \
	X(EMULATE_IF, "emulated: interrupt flag while an interrupt waits")                         \
	X(EMULATE_DECLINED, "interpreted: not translated")

enum x86_emulation {
#define X(name, text) name,
	X86_EMULATIONS(X)
#undef X
	X86_EMULATION_COUNT
};

#define X86_COUNTERS(X)                                                                            \
	X(exits, "heavy exits")                                                                    \
	X(inits, "VMI_Init")                                                                       \
	X(refusals, "VMI_Init refused")                                                            \
	X(leaves, "ends of VMI by CR0.PG")                                                         \
	X(interrupts, "interrupts injected")                                                       \
	X(faults, "exceptions delivered")                                                          \
	X(external, "exits by real interrupts")                                                    \
	X(resume_faults, "faults of the way in")                                                   \
	X(rolled, "interrupts that rolled ROM code forward")                                       \
	X(links, "branches of translated code linked")                                             \
	X(misses, "indirect branches not in the tables")                                           \
	X(compared, "runs of translated code compared with the interpreter")                       \
	X(not_compared, "runs of translated code that could not be compared")                       \
	X(gate_moves, "moves of the gate to another slot")                                         \
	X(light, "heavy exits that ended with their frame")                                        \
	X(light_cr3, "exits in another address space than the entry's")

struct x86_stats {
#define X(name, text) u64 name;
	X86_COUNTERS(X)
#undef X
	u64 emulated[X86_EMULATION_COUNT];
	u64 vectors[256];
	u64 calls[HYPERCALL_SLOTS];
	u64 callouts[OP_COUNT]; /* of translated code, by instruction */
};

/* One line per counter that is not 0, each given to @line. */
void x86_stats_print(const struct x86_stats *stats, void (*line)(void *opaque, const char *text),
		     void *opaque);

struct bt_stats;
/* The same for the translator's. */
void x86_stats_print_bt(const struct bt_stats *stats, void (*line)(void *opaque, const char *text),
			void *opaque);

struct shadow_stats;
/* The same for the shadow MMU's counters. */
void x86_stats_print_shadow(const struct shadow_stats *stats,
			    void (*line)(void *opaque, const char *text), void *opaque);

#endif
