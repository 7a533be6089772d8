/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The MC146818 clock of a PC with its 128 bytes of CMOS memory, ports 70h and 71h [MC146818A; IBM
 * PC AT Technical Reference for the memory's layout].
 *
 * Time runs from a given epoch with the clock that was passed in; what the guest sets is kept as a
 * difference.  An update cycle ends on each whole second of the divider chain: the time changes and
 * UF is set at that instant, and UIP is 1 during the 2228 us before it.  Flags are worked out when
 * somebody looks; a timer runs only for interrupts that are enabled and not already pending.
 * Dates are taken as 1970-2105, the century from byte 32h.
 */
#ifndef HV_DEV_VRTC_H
#define HV_DEV_VRTC_H

#include "hv/core/bus.h"
#include "hv/core/irqline.h"
#include "hv/core/timer.h"

#define VRTC_CMOS_SIZE 128u

struct vrtc {
	u8 index; /* port 70h: bits 0-6 */
	u8 cmos[VRTC_CMOS_SIZE]; /* bytes 0-9 and 32h hold the time only while it stands */
	u64 seconds; /* since 1970, at the last update cycle that was noticed */
	u64 second_ns; /* when that cycle ended; only its phase counts while the time stands */
	u64 flags_ns;  /* flags of register C are worked out up to here */
	bool irq_level;
	const struct clock *clock;
	struct timer timer;
	struct irqline irq8;
};

extern const struct bus_ops vrtc_ops; /* ports 70h-71h, opaque: the vrtc */

/* @epoch_s: seconds since 1970 UTC, now.  @ram_bytes, RAM from address 0, goes into the memory-size
 * fields as a BIOS writes them. */
void vrtc_init(struct vrtc *rtc, const struct clock *clock, struct timer_queue *timers,
	       struct irqline irq8, u64 epoch_s, u64 ram_bytes);
/* What the RESET pin does: interrupts off.  Time and CMOS live on their battery. */
void vrtc_reset(struct vrtc *rtc);
/* The time the guest's clock shows, in seconds since 1970. */
u64 vrtc_seconds(struct vrtc *rtc);

#endif
