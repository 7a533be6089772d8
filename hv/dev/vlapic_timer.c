/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The timer of the local APIC (vlapic.h), without ticking: the count follows from the time since it was
 * @initial_count.  A host timer runs only for an interrupt that is not masked.  Of periodic expiries that
 * come faster than SHORTEST_NS the guest gets as many as there is time for.
 *
 * A periodic count is moved on by whole periods, so it does not drift.  When mode or divider change in the
 * middle, the count goes on from where it is.
 */
#include "hv/dev/vlapic_priv.h"

#include "hv/lib/math64.h"

#define SHORTEST_NS 20000u

/* Bits 0, 1 and 3 of the register: 2, 4, ... 128, and 1. */
static u32 divide_shift(const struct vlapic *apic)
{
	u32 code = (apic->divide & 3) | (apic->divide >> 1 & 4);

	return (code + 1) & 7;
}

static u64 now_ns(const struct vlapic *apic)
{
	return clock_now_ns(apic->wiring.clock);
}

static u64 period_ns(const struct vlapic *apic)
{
	return (u64)apic->initial_count << divide_shift(apic);
}

static bool is_periodic(const struct vlapic *apic)
{
	return (apic->lvt[LVT_TIMER] & LVT_PERIODIC) != 0;
}

/* A period's end at @now or before becomes the start of the present one. */
static void move_on(struct vlapic *apic, u64 now)
{
	u64 period = period_ns(apic), passed = now - apic->start_ns;

	if (is_periodic(apic) && period && passed >= period)
		apic->start_ns += div64_u64(passed, period) * period;
}

/* @start_ns + one period is still to come, or has not been told. */
static void arm(struct vlapic *apic, u64 earliest)
{
	if (!apic->initial_count || apic->lvt[LVT_TIMER] & LVT_MASK) {
		timer_cancel(&apic->timer);
		return;
	}
	timer_arm(&apic->timer, MAX(apic->start_ns + period_ns(apic), earliest));
	irqline_set(apic->wiring.armed, true);
}

static void fire(void *opaque)
{
	struct vlapic *apic = opaque;
	u64 now = now_ns(apic);

	if (is_periodic(apic)) {
		move_on(apic, now);
		arm(apic, now + SHORTEST_NS);
	}
	vlapic_raise_timer(apic);
}

u32 vlapic_timer_count(struct vlapic *apic)
{
	u64 now = now_ns(apic), passed;

	if (!apic->initial_count)
		return 0;
	passed = now - apic->start_ns;
	if (is_periodic(apic) && passed >= period_ns(apic))
		passed -= div64_u64(passed, period_ns(apic)) * period_ns(apic);
	passed >>= divide_shift(apic);
	return passed >= apic->initial_count ? 0 : apic->initial_count - (u32)passed;
}

void vlapic_timer_set_count(struct vlapic *apic, u32 initial)
{
	apic->initial_count = initial;
	apic->start_ns = now_ns(apic);
	arm(apic, 0);
}

/* The count goes on from @count. */
static void go_on(struct vlapic *apic, u32 count)
{
	u64 passed = (u64)(apic->initial_count - count) << divide_shift(apic);

	apic->start_ns = now_ns(apic) - passed; /* may be before time 0: only differences count */
	if (count)
		arm(apic, 0);
	else
		timer_cancel(&apic->timer);
}

void vlapic_timer_set_mode(struct vlapic *apic, u32 before)
{
	u32 now = apic->lvt[LVT_TIMER], count;

	if (!((before ^ now) & (LVT_PERIODIC | LVT_MASK)))
		return;
	apic->lvt[LVT_TIMER] = before;
	count = vlapic_timer_count(apic);
	apic->lvt[LVT_TIMER] = now;
	/* What has stopped starts again if it is to be periodic. */
	go_on(apic, count || !is_periodic(apic) ? count : apic->initial_count);
}

void vlapic_timer_set_divide(struct vlapic *apic, u32 divide)
{
	u32 count = vlapic_timer_count(apic);

	apic->divide = divide;
	go_on(apic, count);
}

void vlapic_timer_reset(struct vlapic *apic)
{
	apic->divide = 0;
	vlapic_timer_set_count(apic, 0);
}

void vlapic_timer_init(struct vlapic *apic)
{
	timer_init(&apic->timer, apic->wiring.timers, fire, apic);
}
