/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 8254 of a PC at ports 40h-43h and port 61h, which holds the gate of counter 2 and shows its
 * OUT (bit 5) and the refresh toggle (bit 4).  Counter 0 drives IRQ0.  vpit_counter.h does the
 * counting; here is the wiring and the policy for ticks that the guest could not take in time.
 *
 * Lost ticks.  A PC's request line remembers one edge.  A virtual CPU can be away for many periods,
 * and a guest that keeps time by counting ticks must not lose them.  So in modes 2 and 3 a tick that
 * comes due while the one before is not yet acknowledged is *owed*.  After each acknowledge the
 * next owed tick follows when half a period has passed since the last: a guest catches up at twice
 * the normal rate, never in a burst, and the host has one timer event per tick the guest takes.  At
 * most VPIT_OWED_MAX are kept.  A new control word for counter 0 forgets what is owed.  In the other
 * modes IRQ0 follows OUT as it is.
 */
#ifndef HV_DEV_VPIT_H
#define HV_DEV_VPIT_H

#include "hv/core/bus.h"
#include "hv/core/irqline.h"
#include "hv/core/timer.h"
#include "hv/dev/vpit_counter.h"

#define VPIT_OWED_MAX 65535u

struct vpit {
	struct vpit_counter counter[3];
	u8 port61; /* bits 0-3 as written */
	const struct clock *clock;
	struct irqline irq0;
	struct timer timer;
	bool irq0_level;
	u64 seen; /* tick up to which rising edges of OUT 0 were noticed */
	u32 owed;
	bool in_flight; /* a tick was raised and not acknowledged */
	u64 raised_ns;
};

extern const struct bus_ops vpit_ops;	     /* ports 40h-43h, opaque: the vpit */
extern const struct bus_ops vpit_port61_ops; /* port 61h */

void vpit_init(struct vpit *pit, const struct clock *clock, struct timer_queue *timers,
	       struct irqline irq0);
/* No counter programmed, gate 2 low. */
void vpit_reset(struct vpit *pit);
/* The interrupt controller took the edge of IRQ0 (vpic's `taken`). */
void vpit_irq0_taken(struct vpit *pit);

#endif
