/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The timer of the local APIC (vlapic.h), without ticking: the count follows from the time since it was
 * @initial_count.  A host timer runs only for an interrupt that is not masked.
 *
 * A periodic count is moved on by whole periods, so it does not drift.  A kernel that counts periods must not lose
 * any because its host was late: as with the 8254 (vpit.h), those that came due while the last one was not taken
 * are owed, and follow at twice the rate, but not closer than SHORTEST_NS.  When mode or divider change in the middle,
 * the count goes on from where it is, and what is owed is forgotten.
 */
#include "hv/dev/vlapic_priv.h"

#include "hv/lib/math64.h"

#define SHORTEST_NS 20000u
#define OWED_MAX 0xffffu

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

/* For somebody who waits for it. */
static bool is_running(const struct vlapic *apic)
{
	return apic->initial_count && !(apic->lvt[LVT_TIMER] & LVT_MASK);
}

/* A period's end at @now or before becomes the start of the present one; how many have passed. */
static u64 move_on(struct vlapic *apic, u64 now)
{
	u64 period = period_ns(apic), passed = now - apic->start_ns, count;

	if (passed < period)
		return 0;
	count = div64_u64(passed, period);
	apic->start_ns += count * period;
	return count;
}

static void arm(struct vlapic *apic, u64 deadline)
{
	timer_arm(&apic->timer, deadline);
	irqline_set(apic->wiring.armed, true);
}

static u64 earliest_ns(const struct vlapic *apic)
{
	return apic->told_ns ? apic->told_ns + MAX(period_ns(apic) / 2, (u64)SHORTEST_NS) : 0;
}

static void serve_periodic(struct vlapic *apic)
{
	u64 now = now_ns(apic);

	apic->owed = (u32)MIN(apic->owed + move_on(apic, now), (u64)OWED_MAX);
	if (apic->in_flight)
		return; /* vlapic_timer_taken() goes on */
	if (apic->owed && now >= earliest_ns(apic)) {
		apic->owed--;
		apic->told_ns = now;
		apic->told_vector = (u8)(apic->lvt[LVT_TIMER] & LVT_VECTOR);
		apic->in_flight = vlapic_raise_local(apic, LVT_TIMER);
		if (apic->in_flight)
			return;
	}
	arm(apic, apic->owed ? earliest_ns(apic) : MAX(apic->start_ns + period_ns(apic), earliest_ns(apic)));
}

static void fire(void *opaque)
{
	struct vlapic *apic = opaque;

	if (is_periodic(apic))
		serve_periodic(apic);
	else
		vlapic_raise_local(apic, LVT_TIMER);
}

void vlapic_timer_taken(struct vlapic *apic, u8 vector)
{
	if (!apic->in_flight || vector != apic->told_vector)
		return;
	apic->in_flight = false;
	if (is_running(apic) && is_periodic(apic))
		serve_periodic(apic);
}

/* The count has changed. */
static void restart(struct vlapic *apic)
{
	apic->owed = 0;
	apic->told_ns = 0;
	if (is_running(apic))
		arm(apic, apic->start_ns + period_ns(apic));
	else
		timer_cancel(&apic->timer);
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
	restart(apic);
}

/* The count goes on from @count. */
static void go_on(struct vlapic *apic, u32 count)
{
	u64 passed = (u64)(apic->initial_count - count) << divide_shift(apic);

	apic->start_ns = now_ns(apic) - passed; /* may be before time 0: only differences count */
	restart(apic);
	if (!count)
		timer_cancel(&apic->timer); /* it has ended, and been told */
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
	apic->in_flight = false;
	vlapic_timer_set_count(apic, 0);
}

void vlapic_timer_init(struct vlapic *apic)
{
	timer_init(&apic->timer, apic->wiring.timers, fire, apic);
}
