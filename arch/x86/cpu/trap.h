/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exceptions and interrupts that arrive in host space.  All gates are interrupt gates (#DF: a task
 * gate), so host code runs with interrupts masked except where arch_idle and arch_take_interrupts
 * open them.  An exception of host code has, in this order: an entry in the exception table, which
 * names the EIP to go on at; the fixup range (code that is not in the image); the handler of the
 * conformance probe, if it came from rings 1-3; or it is a bug of ours and ends in a panic.
 *
 * Usable from C and assembly.
 */
#ifndef ARCH_X86_CPU_TRAP_H
#define ARCH_X86_CPU_TRAP_H

#define TRAP_STUB_SIZE 16 /* bytes from one IDT stub to the next */

/* An exception at label @fault continues at label @fixup, registers unchanged. */
#ifdef __ASSEMBLY__
#define EXTABLE(fault, fixup)                                                                      \
	.pushsection .extable, "a";                                                                \
	.balign 4;                                                                                 \
	.long fault, fixup;                                                                        \
	.popsection
#else
#define EXTABLE(fault, fixup)                                                                      \
	"\n\t.pushsection .extable, \"a\"\n\t"                                                     \
	".balign 4\n\t"                                                                            \
	".long " #fault ", " #fixup "\n\t"                                                         \
	".popsection\n\t"

#include "hv/lib/types.h"

/* As entry.S pushes it; lowest address first. */
struct trap_frame {
	u32 gs, fs, es, ds;
	u32 edi, esi, ebp, esp_of_pusha, ebx, edx, ecx, eax;
	u32 vector, error; /* error is 0 for vectors without one */
	u32 eip, cs, eflags;
	u32 esp, ss; /* only if the trap came from rings 1-3 */
};
ASSERT_OFFSET(struct trap_frame, vector, 48);
ASSERT_OFFSET(struct trap_frame, eip, 56);

/* What the exception was that a fixup recovered from last. */
extern u32 trap_fixup_vector;
extern u32 trap_fixup_error;

void trap_init(void);
/* Load the host's IDTR again. */
void trap_reload(void);

/* One dynamic entry: an exception with EIP in [start, start + size) continues at @fixup. */
void trap_set_fixup_range(u32 start, u32 size, u32 fixup);
/* Who gets exceptions from rings 1-3 of host space, and interrupts taken there; NULL: nobody.  It
 * may change the frame; false makes it a panic. */
typedef bool trap_user_fn(struct trap_frame *frame);
void trap_set_user_handler(trap_user_fn *handler);
/* Set the IDT entry of @vector to a trap or interrupt gate of privilege @dpl (the probe's int n). */
void trap_set_gate_dpl(u32 vector, u32 dpl);

/* Hardware interrupts: line 0..15 of the 8259 pair (pic.h), or the local APIC's vectors. */
typedef void irq_fn(void *opaque);
void irq_register(u32 line, irq_fn *handler, void *opaque);
/* A hardware interrupt with @vector was taken while a guest ran: do what the host's IDT would. */
void trap_dispatch_external(u32 vector);
/* Same for an NMI. */
void trap_dispatch_nmi(void);

/* Symbolized call chain from @ebp on, by log_error. */
void backtrace_log(u32 eip, u32 ebp);
/* Name of the function that holds @address, and the offset into it; NULL if there is none. */
const char *backtrace_symbol(u32 address, u32 *offset);

/* entry.S */
extern const u8 trap_stubs[256][TRAP_STUB_SIZE];
void trap_double_fault(void);
#endif
#endif
