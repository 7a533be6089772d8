/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of timer.h.  A VM has fewer than ten timers and few are armed at a time, so the
 * queue is a list in order of deadlines; equal deadlines fire in the order they were armed.
 *
 * timer_run must end even if every callback arms its timer for the past.  Each run has a number, and
 * what is armed during a run carries it and waits for the next one.
 */
#include "hv/core/timer.h"

#define CALLBACKS_PER_RUN 64

void timer_queue_init(struct timer_queue *queue, const struct clock *clock)
{
	*queue = (struct timer_queue){ .clock = clock };
}

void timer_init(struct timer *timer, struct timer_queue *queue, void (*fire)(void *), void *opaque)
{
	*timer = (struct timer){ .fire = fire, .opaque = opaque, .queue = queue };
}

void timer_cancel(struct timer *timer)
{
	struct timer **link = &timer->queue->first;

	if (!timer->armed)
		return;
	while (*link != timer)
		link = &(*link)->next;
	*link = timer->next;
	timer->armed = false;
}

void timer_arm(struct timer *timer, u64 deadline_ns)
{
	struct timer **link = &timer->queue->first;

	timer_cancel(timer);
	while (*link && (*link)->deadline_ns <= deadline_ns)
		link = &(*link)->next;
	timer->deadline_ns = deadline_ns;
	timer->armed_in_run = timer->queue->run;
	timer->armed = true;
	timer->next = *link;
	*link = timer;
}

u64 timer_next_ns(const struct timer_queue *queue)
{
	return queue->first ? queue->first->deadline_ns : TIMER_NEVER;
}

/* The earliest timer that is due at @now_ns and was armed before this run, or NULL. */
static struct timer *due(const struct timer_queue *queue, u64 now_ns)
{
	struct timer *timer = queue->first;

	while (timer && timer->deadline_ns <= now_ns && timer->armed_in_run == queue->run)
		timer = timer->next;
	return timer && timer->deadline_ns <= now_ns ? timer : NULL;
}

void timer_run(struct timer_queue *queue)
{
	u64 now_ns = clock_now_ns(queue->clock);
	struct timer *timer;

	queue->run++;
	for (u32 i = 0; i < CALLBACKS_PER_RUN && (timer = due(queue, now_ns)) != NULL; i++) {
		timer_cancel(timer);
		timer->fire(timer->opaque);
	}
}
