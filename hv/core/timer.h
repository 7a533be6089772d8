/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Callbacks at points in time, for device models and the hypervisor itself.  A queue is an ordered
 * list over a clock that somebody else advances; the owner asks for the next deadline, programs
 * the machine's one timer with it, and runs what is due.  All times are nanoseconds.
 */
#ifndef HV_CORE_TIMER_H
#define HV_CORE_TIMER_H

#include "hv/lib/types.h"

#define TIMER_NEVER (~0ull)

/* A source of time, passed to whoever needs one. */
struct clock {
	u64 (*now_ns)(void *opaque);
	void *opaque;
};
static inline u64 clock_now_ns(const struct clock *clock)
{
	return clock->now_ns(clock->opaque);
}

struct timer_queue;
struct timer {
	void (*fire)(void *opaque);
	void *opaque;
	/* private to timer.c */
	struct timer_queue *queue;
	struct timer *next;
	u64 deadline_ns;
	u32 armed_in_run;
	bool armed;
};
struct timer_queue {
	const struct clock *clock;
	struct timer *first;
	u32 run; /* number of the timer_run in progress or last ended */
};

void timer_queue_init(struct timer_queue *queue, const struct clock *clock);
/* Bind @timer (owned by the caller) to @queue; not armed. */
void timer_init(struct timer *timer, struct timer_queue *queue, void (*fire)(void *), void *opaque);
/* Arm for, or move to, @deadline_ns; a deadline in the past fires at the next timer_run. */
void timer_arm(struct timer *timer, u64 deadline_ns);
void timer_cancel(struct timer *timer);
/* Deadline of the earliest armed timer, or TIMER_NEVER. */
u64 timer_next_ns(const struct timer_queue *queue);
/* Fire what was due when the call began, earliest first, each disarmed before its callback (which
 * may re-arm it).  At most 64 callbacks a call (invariant 4); the rest is due at once. */
void timer_run(struct timer_queue *queue);

#endif
