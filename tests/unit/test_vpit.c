/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of hv/dev/vpit.c: ports, IRQ0 and the policy for owed ticks.  The counters themselves are
 * tested in test_vpit_counter.c.  1193 ticks are about 1 ms.
 */
#include "hv/dev/vpit.h"

#include <check.h>
#include <stdlib.h>

#include "hv/dev/ticks.h"
#include "tests/fake/fake.h"

#define MS 1000000ull
#define MS_COUNT 1193u

static struct timer_queue queue;
static struct vpit pit;
static bool irq0;
static u32 edges;

static void set_irq0(void *opaque, u32 index, bool level)
{
	(void)opaque;
	(void)index;
	edges += level && !irq0;
	irq0 = level;
}

static void out(u32 port, u32 value)
{
	vpit_ops.write(&pit, port - 0x40, 1, value);
}

static u32 in(u32 port)
{
	return vpit_ops.read(&pit, port - 0x40, 1);
}

static void program(u32 control, u32 count)
{
	out(0x43, control);
	out(0x40 + (control >> 6), count & 0xff);
	out(0x40 + (control >> 6), count >> 8);
}

/* Let time pass as a hypervisor does: from deadline to deadline. */
static void pass(u64 ns)
{
	u64 end = clock_now_ns(&fake_clock) + ns;

	while (timer_next_ns(&queue) <= end) {
		u64 now = clock_now_ns(&fake_clock);
		u64 next = timer_next_ns(&queue);

		fake_advance_ns(next > now ? next - now : 0);
		timer_run(&queue);
	}
	fake_advance_ns(end - clock_now_ns(&fake_clock));
}

/* The same with a guest that takes each tick at once. */
static void pass_taking(u64 ns)
{
	u64 end = clock_now_ns(&fake_clock) + ns;

	while (pit.in_flight)
		vpit_irq0_taken(&pit);
	while (timer_next_ns(&queue) <= end) {
		u64 now = clock_now_ns(&fake_clock);

		pass(MAX(timer_next_ns(&queue), now) - now);
		while (pit.in_flight)
			vpit_irq0_taken(&pit);
	}
	pass(end - clock_now_ns(&fake_clock));
}

static void setup(void)
{
	fake_reset();
	timer_queue_init(&queue, &fake_clock);
	irq0 = false;
	edges = 0;
	vpit_init(&pit, &fake_clock, &queue, (struct irqline){ set_irq0, NULL, 0 });
}

START_TEST(reset_leaves_irq0_quiet)
{
	pass(1000 * MS);
	ck_assert_uint_eq(edges, 0);
	ck_assert_uint_eq(timer_next_ns(&queue), TIMER_NEVER);
}
END_TEST

START_TEST(mode_2_ticks_once_a_period)
{
	program(0x34, MS_COUNT);
	edges = 0; /* OUT rose with the control word */
	pass_taking(1000 * MS + MS / 2);
	ck_assert_uint_eq(edges, 1000);
}
END_TEST

START_TEST(mode_3_ticks_do_not_drift)
{
	program(0x36, 65536);
	edges = 0;
	pass_taking(3600 * 1000 * MS);
	ck_assert_uint_eq(edges, 65543); /* 3600 s * 105/88 MHz / 65536 */
}
END_TEST

START_TEST(mode_0_raises_irq0_once)
{
	program(0x30, MS_COUNT);
	ck_assert(!irq0);
	pass(MS - 10000);
	ck_assert(!irq0);
	pass(20000);
	ck_assert(irq0);
	pass(100 * MS);
	ck_assert_uint_eq(edges, 1);
	program(0x30, MS_COUNT);
	ck_assert(!irq0);
	pass(2 * MS);
	ck_assert_uint_eq(edges, 2);
}
END_TEST

START_TEST(mode_4_gives_one_edge_for_each_count)
{
	out(0x43, 0x38);
	edges = 0;
	for (u32 i = 1; i <= 5; i++) {
		out(0x40, MS_COUNT & 0xff);
		out(0x40, MS_COUNT >> 8);
		pass(2 * MS);
		ck_assert_uint_eq(edges, i);
	}
}
END_TEST

START_TEST(tick_holds_irq0_until_it_is_taken)
{
	program(0x34, MS_COUNT);
	pass(MS + MS / 2);
	edges = 0;
	pass(10 * MS);
	ck_assert(irq0);
	ck_assert_uint_eq(edges, 0);
	ck_assert_uint_eq(timer_next_ns(&queue), TIMER_NEVER); /* and costs the host nothing */
}
END_TEST

START_TEST(owed_ticks_follow_at_twice_the_rate)
{
	u64 start;

	program(0x34, MS_COUNT);
	pass(MS / 2);
	vpit_irq0_taken(&pit);
	start = clock_now_ns(&fake_clock);
	edges = 0;
	pass(100 * MS); /* the guest is away */
	ck_assert_uint_eq(edges, 1);
	pass_taking(50 * MS);
	ck_assert_uint_ge(edges, 100);
	ck_assert_uint_le(edges, 103);
	pass_taking(200 * MS); /* in step again, and for good */
	start = clock_now_ns(&fake_clock) - start;
	ck_assert_uint_eq(edges, (u32)(start / MS));
}
END_TEST

START_TEST(ticks_owed_are_bounded)
{
	program(0x34, 2);
	pass(MS);
	pass(10000 * MS);
	vpit_irq0_taken(&pit);
	ck_assert_uint_le(pit.owed, VPIT_OWED_MAX);
	ck_assert_uint_ge(pit.owed, VPIT_OWED_MAX - 1);
}
END_TEST

START_TEST(new_control_word_forgets_owed_ticks)
{
	program(0x34, MS_COUNT);
	pass(100 * MS);
	program(0x34, MS_COUNT);
	vpit_irq0_taken(&pit);
	edges = 0;
	pass_taking(10 * MS + MS / 2);
	ck_assert_uint_eq(edges, 10);
}
END_TEST

START_TEST(counter_latch_and_read_back_reach_their_counters)
{
	program(0x34, 1000);
	program(0x74, 2000);
	program(0xb4, 3000); /* gate 2 is low */
	pass(ticks_ns(pit_rate, 100));
	out(0x43, 0x40); /* latch counter 1 */
	ck_assert_uint_eq(in(0x41) | in(0x41) << 8, 2000 - 99);
	out(0x43, 0xc2); /* status and count of counter 0 */
	ck_assert_uint_eq(in(0x40), 0xb4);
	ck_assert_uint_eq(in(0x40) | in(0x40) << 8, 1000 - 99);
	out(0x43, 0xe8); /* status of counter 2: its count waits for the gate */
	ck_assert_uint_eq(in(0x42), 0xf4);
}
END_TEST

START_TEST(control_register_cannot_be_read)
{
	ck_assert_uint_eq(in(0x43), 0xff);
}
END_TEST

START_TEST(port_61_gates_counter_2_and_shows_its_out)
{
	vpit_port61_ops.write(&pit, 0, 1, 0x01);
	program(0xb0, 5 * MS_COUNT); /* as kernels measure the TSC */
	ck_assert_uint_eq(vpit_port61_ops.read(&pit, 0, 1) & 0x21, 0x01);
	pass(4 * MS);
	ck_assert_uint_eq(vpit_port61_ops.read(&pit, 0, 1) & 0x21, 0x01);
	vpit_port61_ops.write(&pit, 0, 1, 0x00);
	pass(4 * MS);
	ck_assert_uint_eq(vpit_port61_ops.read(&pit, 0, 1) & 0x21, 0x00);
	vpit_port61_ops.write(&pit, 0, 1, 0x01);
	pass(2 * MS);
	ck_assert_uint_eq(vpit_port61_ops.read(&pit, 0, 1) & 0x21, 0x21);
}
END_TEST

START_TEST(port_61_keeps_its_low_bits_and_reports_no_errors)
{
	vpit_port61_ops.write(&pit, 0, 1, 0xff);
	ck_assert_uint_eq(vpit_port61_ops.read(&pit, 0, 1) & 0xcf, 0x0f);
}
END_TEST

START_TEST(refresh_toggle_turns_every_15_microseconds)
{
	u32 last = vpit_port61_ops.read(&pit, 0, 1) & 0x10;
	u32 changes = 0;

	for (u32 i = 0; i < 10000; i++) { /* 10 ms */
		u32 bit;

		fake_advance_ns(1000);
		bit = vpit_port61_ops.read(&pit, 0, 1) & 0x10;
		changes += bit != last;
		last = bit;
	}
	ck_assert_uint_ge(changes, 662);
	ck_assert_uint_le(changes, 663);
}
END_TEST

START_TEST(irq0_keeps_its_time_over_a_latch_storm)
{
	program(0x34, MS_COUNT);
	pass_taking(MS / 2);
	edges = 0;
	for (u32 i = 0; i < 1000; i++) {
		out(0x43, 0x00);
		in(0x40);
		in(0x40);
		pass_taking(MS / 10);
	}
	ck_assert_uint_eq(edges, 100);
}
END_TEST

/* Each look at the clock finds it 5 ms later, as where the host has others to run. */
static u64 halting_now(void *opaque)
{
	(void)opaque;
	fake_advance_ns(5 * MS);
	return clock_now_ns(&fake_clock);
}

START_TEST(a_count_that_has_run_out_while_it_was_written_still_gives_its_edge)
{
	static const struct clock halting = { halting_now, NULL };

	program(0x38, MS_COUNT);
	pass(10 * MS);
	edges = 0;
	pit.clock = &halting;
	out(0x40, MS_COUNT & 0xff);
	out(0x40, MS_COUNT >> 8);
	pit.clock = &fake_clock;
	pass(10 * MS);
	ck_assert_uint_eq(edges, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vpit");
	TCase *tests = tcase_create("vpit");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, reset_leaves_irq0_quiet);
	tcase_add_test(tests, mode_2_ticks_once_a_period);
	tcase_add_test(tests, mode_3_ticks_do_not_drift);
	tcase_add_test(tests, mode_0_raises_irq0_once);
	tcase_add_test(tests, mode_4_gives_one_edge_for_each_count);
	tcase_add_test(tests, tick_holds_irq0_until_it_is_taken);
	tcase_add_test(tests, owed_ticks_follow_at_twice_the_rate);
	tcase_add_test(tests, ticks_owed_are_bounded);
	tcase_add_test(tests, new_control_word_forgets_owed_ticks);
	tcase_add_test(tests, counter_latch_and_read_back_reach_their_counters);
	tcase_add_test(tests, control_register_cannot_be_read);
	tcase_add_test(tests, port_61_gates_counter_2_and_shows_its_out);
	tcase_add_test(tests, port_61_keeps_its_low_bits_and_reports_no_errors);
	tcase_add_test(tests, refresh_toggle_turns_every_15_microseconds);
	tcase_add_test(tests, irq0_keeps_its_time_over_a_latch_storm);
	tcase_add_test(tests, a_count_that_has_run_out_while_it_was_written_still_gives_its_edge);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
