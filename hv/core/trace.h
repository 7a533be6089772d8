/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A binary flight recorder: what happened last, cheap enough to be always compiled in.  An event is
 * a format string and up to three 32-bit numbers; text is made only when somebody looks (panic, the
 * monitor).  Classes that are not in trace_mask cost one test.
 */
#ifndef HV_CORE_TRACE_H
#define HV_CORE_TRACE_H

#include "hv/lib/types.h"

#define TRACE_HOST BIT(0) /* traps and interrupts of the hypervisor itself */
#define TRACE_EXIT BIT(1) /* each heavy exit */
#define TRACE_MMU BIT(2)
#define TRACE_VMI BIT(3)
#define TRACE_IRQ BIT(4)
#define TRACE_DEV BIT(5)
#define TRACE_INTERP BIT(6)
#define TRACE_BT BIT(7)
#define TRACE_GUEST (TRACE_EXIT | TRACE_MMU | TRACE_VMI | TRACE_IRQ | TRACE_INTERP | TRACE_BT)

extern u32 trace_mask;

/* @format is kept as a pointer: a literal with at most three conversions of u32 (%u %x ...). */
#define trace(class, format, ...)                                                                  \
	do {                                                                                       \
		if (trace_mask & (class))                                                          \
			trace_record(format, (u32[3]){ __VA_ARGS__ });                             \
	} while (0)
void trace_record(const char *format, const u32 args[3]);

/* Call @line with the text of the last @count events, oldest first. */
void trace_tail(u32 count, void (*line)(void *opaque, const char *text), void *opaque);

/* The mask for a list such as "mmu,vmi" (or "all"); false if a name is unknown. */
bool trace_parse_mask(const char *names, u32 *mask);

#endif
