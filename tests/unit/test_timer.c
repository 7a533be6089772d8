/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/core/timer.c on the fake clock. */
#include "hv/core/timer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake/fake.h"

static struct timer_queue queue;
static struct timer timers[100];
static char order[256];
static u32 fired;

static void note(void *opaque)
{
	order[fired++] = (char)('a' + (struct timer *)opaque - timers);
}

static void setup(void)
{
	fake_reset();
	memset(order, 0, sizeof(order));
	fired = 0;
	timer_queue_init(&queue, &fake_clock);
	for (u32 i = 0; i < ARRAY_SIZE(timers); i++)
		timer_init(&timers[i], &queue, note, &timers[i]);
}

START_TEST(earliest_deadline_fires_first)
{
	timer_arm(&timers[0], 300);
	timer_arm(&timers[1], 100);
	timer_arm(&timers[2], 200);
	ck_assert_uint_eq(timer_next_ns(&queue), 100);
	fake_advance_ns(200);
	timer_run(&queue);
	ck_assert_str_eq(order, "bc");
	ck_assert_uint_eq(timer_next_ns(&queue), 300);
	fake_advance_ns(100);
	timer_run(&queue);
	ck_assert_str_eq(order, "bca");
	ck_assert_uint_eq(timer_next_ns(&queue), TIMER_NEVER);
}
END_TEST

START_TEST(equal_deadlines_fire_in_the_order_they_were_armed)
{
	timer_arm(&timers[2], 100);
	timer_arm(&timers[0], 100);
	timer_arm(&timers[1], 100);
	fake_advance_ns(100);
	timer_run(&queue);
	ck_assert_str_eq(order, "cab");
}
END_TEST

START_TEST(nothing_fires_early)
{
	timer_arm(&timers[0], 100);
	fake_advance_ns(99);
	timer_run(&queue);
	ck_assert_uint_eq(fired, 0);
}
END_TEST

START_TEST(arming_again_moves_the_deadline)
{
	timer_arm(&timers[0], 100);
	timer_arm(&timers[0], 500);
	ck_assert_uint_eq(timer_next_ns(&queue), 500);
	timer_arm(&timers[0], 50);
	fake_advance_ns(1000);
	timer_run(&queue);
	ck_assert_str_eq(order, "a");
}
END_TEST

START_TEST(cancelled_timer_does_not_fire)
{
	for (u32 i = 0; i < 3; i++)
		timer_arm(&timers[i], 100 + i);
	timer_cancel(&timers[1]);
	timer_cancel(&timers[1]);
	fake_advance_ns(1000);
	timer_run(&queue);
	ck_assert_str_eq(order, "ac");
}
END_TEST

static void cancel_second(void *opaque)
{
	(void)opaque;
	timer_cancel(&timers[1]);
}

START_TEST(callback_may_cancel_another_due_timer)
{
	timer_init(&timers[0], &queue, cancel_second, NULL);
	for (u32 i = 0; i < 3; i++)
		timer_arm(&timers[i], 10 + i);
	fake_advance_ns(100);
	timer_run(&queue);
	ck_assert_str_eq(order, "c");
}
END_TEST

static void rearm_for_the_past(void *opaque)
{
	fired++;
	timer_arm(opaque, 1);
}

START_TEST(timer_rearmed_for_the_past_waits_for_the_next_run)
{
	timer_init(&timers[0], &queue, rearm_for_the_past, &timers[0]);
	timer_arm(&timers[0], 1);
	fake_advance_ns(100);
	timer_run(&queue);
	ck_assert_uint_eq(fired, 1);
	ck_assert_uint_eq(timer_next_ns(&queue), 1);
	timer_run(&queue);
	ck_assert_uint_eq(fired, 2);
}
END_TEST

START_TEST(one_run_makes_at_most_64_callbacks)
{
	for (u32 i = 0; i < 100; i++)
		timer_arm(&timers[i], i);
	fake_advance_ns(1000);
	timer_run(&queue);
	ck_assert_uint_eq(fired, 64);
	ck_assert_uint_eq(timer_next_ns(&queue), 64);
	timer_run(&queue);
	ck_assert_uint_eq(fired, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("timer");
	TCase *tests = tcase_create("timer");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, earliest_deadline_fires_first);
	tcase_add_test(tests, equal_deadlines_fire_in_the_order_they_were_armed);
	tcase_add_test(tests, nothing_fires_early);
	tcase_add_test(tests, arming_again_moves_the_deadline);
	tcase_add_test(tests, cancelled_timer_does_not_fire);
	tcase_add_test(tests, callback_may_cancel_another_due_timer);
	tcase_add_test(tests, timer_rearmed_for_the_past_waits_for_the_next_run);
	tcase_add_test(tests, one_run_makes_at_most_64_callbacks);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
