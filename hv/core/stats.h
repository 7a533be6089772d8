/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of the whole hypervisor, as one list: name and what it counts.  Add a line, then
 * stat_inc(name) where it happens; the monitor and the end of a run show those that are not 0.
 */
#ifndef HV_CORE_STATS_H
#define HV_CORE_STATS_H

#include "hv/lib/types.h"

#define STATS(X)                                                                                   \
	X(nmi_count, "non-maskable interrupts")                                                    \
	X(host_irqs, "hardware interrupts")                                                        \
	X(timer_irqs, "interrupts of the host's timer")                                            \
	X(spurious_irqs, "spurious hardware interrupts")                                           \
	X(unexpected_irqs, "interrupts nobody asked for")                                          \
	X(pages_allocated, "frames taken from the page allocator")                                 \
	X(pages_freed, "frames given back to the page allocator")

struct stats {
#define STATS_FIELD(name, text) u64 name;
	STATS(STATS_FIELD)
#undef STATS_FIELD
};
extern struct stats stats;

#define stat_inc(name) ((void)stats.name++)
#define stat_add(name, amount) ((void)(stats.name += (amount)))

/* Call @line for each counter that is not 0, in the order of the list. */
void stats_for_each(void (*line)(void *opaque, const char *name, const char *text, u64 value),
		    void *opaque);
/* Log each counter that is not 0. */
void stats_log(void);

#endif
