/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this platform really enforces.  Emulators leave out checks that a CPU makes, and isolation
 * must not rest on a check that is not made.
 * Each fact is tried out once at boot, in a few milliseconds, mostly by small pieces of code in
 * ring 3 or 1 (conformance_code.S) on pages of their own in a gate slot.
 *
 * A fact is stated so that true is what the manuals say of a real CPU.
 */
#ifndef ARCH_X86_CPU_CONFORMANCE_H
#define ARCH_X86_CPU_CONFORMANCE_H

#include "hv/lib/types.h"

/* Those that isolation rests on come first; without them the hypervisor must not host anybody. */
#define CONFORMANCE_VITAL(X)                                                                       \
	X(USER_PROTECTION, "supervisor pages are closed to ring 3")                                \
	X(WRITE_PROTECTION, "read-only pages are so for ring 1 (CR0.WP)")                          \
	X(IO_PROTECTION, "I/O ports are closed to ring 1 (IOPL)")                                  \
	X(CLI_PROTECTION, "CLI is closed to ring 1 (IOPL)")
#define CONFORMANCE_OTHER(X)                                                                       \
	X(NO_EXECUTE, "NX")                                                                        \
	X(SEGMENT_LIMITS, "segment limits of data")                                                \
	X(CODE_LIMITS, "segment limits of near jumps")                                             \
	X(READ_ONLY_SEGMENTS, "read-only segments")                                                \
	X(NULL_SELECTORS, "null selectors")                                                        \
	X(FAR_CALL_RIGHTS, "far calls push with the caller's rights")                              \
	X(IRET_VM, "IRET to V86 is for ring 0")                                                    \
	X(UNKNOWN_MSR, "#GP for unknown MSRs")                                                     \
	X(CR0_RESERVED, "#GP for CR0.NW without CD")                                               \
	X(PDPTE_RESERVED, "#GP for reserved bits in PDPTEs")                                       \
	X(PDPTE_CACHED, "PDPTEs are cached")                                                       \
	X(PDPTE_UNTOUCHED, "PDPTEs are never written")                                             \
	X(RESERVED_ERROR_P, "faults on reserved bits say P=1")                                     \
	X(GLOBAL_SURVIVES, "global entries survive a CR3 load")                                    \
	X(UMIP, "UMIP")

enum conformance_fact {
#define CONFORMANCE_ENUM(name, text) CONFORMS_##name,
	CONFORMANCE_VITAL(CONFORMANCE_ENUM) CONFORMANCE_OTHER(CONFORMANCE_ENUM)
#undef CONFORMANCE_ENUM
	CONFORMANCE_COUNT,
};

/* Try everything out.  Needs the allocator and a gate slot that nobody uses yet; interrupts masked.
 * 0; -ENOMEM (nothing known); -ENOSYS if a vital fact does not hold (each logged). */
int conformance_probe(void);
/* Host report: two lines, what is enforced and what is not. */
void conformance_report(void);
/* Was @fact seen?  False too for what the CPU does not have (NX, UMIP). */
bool conforms(enum conformance_fact fact);

#endif
