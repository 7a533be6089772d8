/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The counters of old devices run at odd frequencies.  Their models count in ticks since time 0
 * and convert to and from nanoseconds with these two functions, which neither drift nor overflow:
 * ticks_at(rate, ticks_ns(rate, n)) == n for every rate below 1 GHz.
 */
#ifndef HV_DEV_TICKS_H
#define HV_DEV_TICKS_H

#include "hv/lib/math64.h"

/* @ticks ticks every @ns nanoseconds. */
struct tick_rate {
	u32 ticks;
	u32 ns;
};

/* The colour subcarrier, 315/88 MHz, which a PC's PM timer counts and its 8254 counts a third of. */
static const struct tick_rate pm_timer_rate UNUSED = { 315, 88000 };
static const struct tick_rate pit_rate UNUSED = { 105, 88000 };
/* A watch crystal: 32768 Hz. */
static const struct tick_rate crystal_rate UNUSED = { 64, 1953125 };

/* (@a * @multiplier + @addend) / @divisor through 96 bits, rounded down, cut to 64. */
static inline u64 ticks_scale(u64 a, u32 multiplier, u32 addend, u32 divisor)
{
	u64 low = (u64)(u32)a * multiplier + addend;
	u64 high = (a >> 32) * multiplier + (low >> 32);
	u32 rest;
	u64 quotient = div64_u32(high, divisor, &rest) << 32;

	return quotient + div64_u32((u64)rest << 32 | (u32)low, divisor, NULL);
}

/* Ticks that have passed at @ns. */
static inline u64 ticks_at(struct tick_rate rate, u64 ns)
{
	return ticks_scale(ns, rate.ticks, 0, rate.ns);
}

/* The first nanosecond at which @ticks ticks have passed. */
static inline u64 ticks_ns(struct tick_rate rate, u64 ticks)
{
	return ticks_scale(ticks, rate.ns, rate.ticks - 1, rate.ticks);
}

#endif
