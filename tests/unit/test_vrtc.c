/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/dev/vrtc.c from the data sheet of the MC146818A, and of hv/dev/vrtc_date.c. */
#include "hv/dev/vrtc.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "hv/dev/vrtc_date.h"
#include "tests/fake/fake.h"

#define SECOND 1000000000ull
#define EPOCH 946684799u /* 1999-12-31 23:59:59, a Friday */

enum { SEC, SEC_ALARM, MIN_, MIN_ALARM, HOUR, HOUR_ALARM, WEEKDAY, DAY, MONTH, YEAR, A, B, C, D };
#define CENTURY 0x32

static struct timer_queue queue;
static struct vrtc rtc;
static bool irq;
static u32 edges;

static void set_irq(void *opaque, u32 index, bool level)
{
	(void)opaque;
	(void)index;
	edges += level && !irq;
	irq = level;
}

static u32 in(u32 index)
{
	vrtc_ops.write(&rtc, 0, 1, index);
	return vrtc_ops.read(&rtc, 1, 1);
}

static void out(u32 index, u32 value)
{
	vrtc_ops.write(&rtc, 0, 1, index);
	vrtc_ops.write(&rtc, 1, 1, value);
}

static void pass(u64 ns)
{
	u64 end = clock_now_ns(&fake_clock) + ns;

	while (timer_next_ns(&queue) <= end) {
		u64 now = clock_now_ns(&fake_clock);

		fake_advance_ns(MAX(timer_next_ns(&queue), now) - now);
		timer_run(&queue);
	}
	fake_advance_ns(end - clock_now_ns(&fake_clock));
}

static void power_on(u64 epoch, u64 ram_bytes)
{
	fake_reset();
	timer_queue_init(&queue, &fake_clock);
	irq = false;
	edges = 0;
	vrtc_init(&rtc, &fake_clock, &queue, (struct irqline){ set_irq, NULL, 8 }, epoch, ram_bytes);
}

static void setup(void)
{
	power_on(EPOCH, 256 * MIB);
	out(HOUR_ALARM, 0x12); /* not the midnight that comes next */
}

START_TEST(date_agrees_with_the_c_library)
{
	for (u64 t = 0; t < 4290000000u; t += 1234567) {
		time_t seconds = (time_t)t;
		struct vrtc_date date = vrtc_date_of(t);
		struct tm tm;

		if ((u64)seconds != t || seconds < 0)
			break; /* time_t of 32 bits ends in 2038 */
		gmtime_r(&seconds, &tm);
		ck_assert_int_eq(date.year, tm.tm_year + 1900);
		ck_assert_int_eq(date.month, tm.tm_mon + 1);
		ck_assert_int_eq(date.day, tm.tm_mday);
		ck_assert_int_eq(date.hour, tm.tm_hour);
		ck_assert_int_eq(date.minute, tm.tm_min);
		ck_assert_int_eq(date.second, tm.tm_sec);
		ck_assert_int_eq(date.weekday, tm.tm_wday + 1);
		ck_assert(vrtc_seconds_of(&date) == t);
	}
}
END_TEST

START_TEST(fields_out_of_range_carry_over)
{
	const struct vrtc_date date = { .year = 2023, .month = 2, .day = 30 };
	struct vrtc_date result = vrtc_date_of(vrtc_seconds_of(&date));

	ck_assert_uint_eq(result.month, 3);
	ck_assert_uint_eq(result.day, 2);
}
END_TEST

START_TEST(new_year_rolls_all_fields)
{
	static const u8 before[] = { 0x59, 0x59, 0x23, 6, 0x31, 0x12, 0x99, 0x19 };
	static const u8 after[] = { 0x00, 0x00, 0x00, 7, 0x01, 0x01, 0x00, 0x20 };
	static const u8 regs[] = { SEC, MIN_, HOUR, WEEKDAY, DAY, MONTH, YEAR, CENTURY };

	for (u32 i = 0; i < 8; i++)
		ck_assert_uint_eq(in(regs[i]), before[i]);
	pass(SECOND);
	for (u32 i = 0; i < 8; i++)
		ck_assert_uint_eq(in(regs[i]), after[i]);
}
END_TEST

START_TEST(binary_and_twelve_hour_modes)
{
	out(B, 0x06);
	ck_assert_uint_eq(in(SEC), 59);
	ck_assert_uint_eq(in(HOUR), 23);
	out(B, 0x04);
	ck_assert_uint_eq(in(HOUR), 0x80 | 11);
	out(B, 0x00);
	ck_assert_uint_eq(in(HOUR), 0x91);
	pass(SECOND);
	ck_assert_uint_eq(in(HOUR), 0x12); /* midnight is 12 AM */
	pass(12 * 3600 * SECOND);
	ck_assert_uint_eq(in(HOUR), 0x92);
}
END_TEST

static void set_2024_02_29(void)
{
	out(B, 0x82);
	out(SEC, 0x58);
	out(MIN_, 0x59);
	out(HOUR, 0x23);
	out(DAY, 0x29);
	out(MONTH, 0x02);
	out(YEAR, 0x24);
	out(CENTURY, 0x20);
}

START_TEST(set_bit_stops_the_time_and_takes_a_new_one)
{
	set_2024_02_29();
	pass(10 * SECOND);
	ck_assert_uint_eq(in(SEC), 0x58);
	out(B, 0x02);
	ck_assert_uint_eq(in(SEC), 0x58);
	ck_assert_uint_eq(in(WEEKDAY), 5); /* Thursday */
	pass(2 * SECOND);
	ck_assert_uint_eq(in(SEC), 0x00);
	ck_assert_uint_eq(in(DAY), 0x01);
	ck_assert_uint_eq(in(MONTH), 0x03);
	ck_assert(vrtc_seconds(&rtc) == 1709251200);
}
END_TEST

START_TEST(time_byte_written_while_running_takes_effect)
{
	out(MIN_, 0x10);
	ck_assert_uint_eq(in(MIN_), 0x10);
	ck_assert_uint_eq(in(SEC), 0x59);
	pass(SECOND);
	ck_assert_uint_eq(in(MIN_), 0x11);
}
END_TEST

START_TEST(first_update_comes_half_a_second_after_divider_reset)
{
	out(A, 0x70);
	pass(10 * SECOND + 123);
	ck_assert_uint_eq(in(SEC), 0x59);
	out(A, 0x26);
	pass(SECOND / 2 - 1);
	ck_assert_uint_eq(in(SEC), 0x59);
	pass(1);
	ck_assert_uint_eq(in(SEC), 0x00);
}
END_TEST

START_TEST(uip_is_set_before_each_update)
{
	ck_assert_uint_eq(in(A) & 0x80, 0);
	fake_advance_ns(SECOND - 2228001);
	ck_assert_uint_eq(in(A) & 0x80, 0);
	fake_advance_ns(1);
	ck_assert_uint_eq(in(A) & 0x80, 0x80);
	fake_advance_ns(2227999);
	ck_assert_uint_eq(in(A) & 0x80, 0x80);
	ck_assert_uint_eq(in(SEC), 0x59);
	fake_advance_ns(1);
	ck_assert_uint_eq(in(A) & 0x80, 0);
	ck_assert_uint_eq(in(SEC), 0x00);
}
END_TEST

START_TEST(uip_stays_clear_under_set)
{
	out(B, 0x82);
	fake_advance_ns(SECOND - 1000);
	ck_assert_uint_eq(in(A) & 0x80, 0);
}
END_TEST

START_TEST(update_ended_interrupts_each_second)
{
	out(B, 0x12);
	pass(SECOND - 1);
	ck_assert(!irq);
	pass(1);
	ck_assert(irq);
	pass(10 * SECOND);
	ck_assert_uint_eq(edges, 1); /* register C was not read */
	ck_assert_uint_eq(in(C) & 0xb0, 0x90);
	ck_assert(!irq);
	ck_assert_uint_eq(in(C), 0);
	pass(SECOND);
	ck_assert(irq);
}
END_TEST

START_TEST(flags_are_set_without_their_enables)
{
	pass(2 * SECOND);
	ck_assert_uint_eq(in(C), 0x50);
	ck_assert(!irq);
	ck_assert_uint_eq(timer_next_ns(&queue), TIMER_NEVER);
}
END_TEST

START_TEST(enabling_a_flag_that_is_set_interrupts_at_once)
{
	pass(2 * SECOND);
	out(B, 0x12);
	ck_assert(irq);
}
END_TEST

START_TEST(set_bit_clears_update_interrupt_enable)
{
	out(B, 0x92);
	ck_assert_uint_eq(in(B), 0x82);
}
END_TEST

START_TEST(periodic_rates_follow_the_table)
{
	for (u32 rate = 1; rate < 16; rate++) {
		u32 hz = 32768u >> (rate < 3 ? rate + 6 : rate - 1);

		setup();
		out(A, 0x20 | rate);
		out(B, 0x42);
		for (u64 end = 0; end <= SECOND; end = timer_next_ns(&queue)) {
			pass(end - clock_now_ns(&fake_clock));
			if (irq)
				ck_assert_uint_eq(in(C) & 0xc0, 0xc0);
		}
		ck_assert_uint_eq(edges, hz);
	}
}
END_TEST

START_TEST(rate_zero_is_off)
{
	out(A, 0x20);
	out(B, 0x42);
	pass(SECOND * 3);
	ck_assert_uint_eq(edges, 0);
	ck_assert_uint_eq(in(C) & 0x40, 0);
}
END_TEST

static u64 alarm_after(u32 hour, u32 minute, u32 second)
{
	setup();
	out(HOUR_ALARM, hour);
	out(MIN_ALARM, minute);
	out(SEC_ALARM, second);
	out(B, 0x22);
	for (u64 s = 1; s <= 90000; s++) {
		pass(SECOND);
		if (irq)
			return s;
	}
	return 0;
}

START_TEST(alarm_matches_the_time_or_anything)
{
	ck_assert_uint_eq(alarm_after(0xff, 0xff, 0xff), 1);
	ck_assert_uint_eq(alarm_after(0xff, 0xff, 0x05), 6);
	ck_assert_uint_eq(alarm_after(0xff, 0x01, 0x00), 61);
	ck_assert_uint_eq(alarm_after(0x02, 0x03, 0x04), 7385);
	ck_assert_uint_eq(alarm_after(0x23, 0x59, 0x59), 86400);
	ck_assert_uint_eq(alarm_after(0x02, 0xc0, 0xff), 7201);
}
END_TEST

START_TEST(impossible_alarm_never_comes)
{
	ck_assert_uint_eq(alarm_after(0xff, 0xff, 0x60), 0);
	ck_assert_uint_eq(alarm_after(0x24, 0xff, 0xff), 0);
	ck_assert_uint_eq(timer_next_ns(&queue), TIMER_NEVER);
}
END_TEST

START_TEST(alarm_in_twelve_hour_mode)
{
	out(B, 0x20);
	out(HOUR_ALARM, 0x81); /* 1 PM */
	out(MIN_ALARM, 0x00);
	out(SEC_ALARM, 0x00);
	pass((13 * 3600) * SECOND);
	ck_assert(!irq);
	pass(SECOND);
	ck_assert(irq);
	ck_assert_uint_eq(in(C) & 0xa0, 0xa0);
}
END_TEST

START_TEST(register_d_and_uip_are_read_only)
{
	out(D, 0);
	ck_assert_uint_eq(in(D), 0x80);
	out(A, 0xa6);
	ck_assert_uint_eq(in(A), 0x26);
	out(C, 0xff);
	ck_assert_uint_eq(in(C), 0);
}
END_TEST

START_TEST(index_port_ignores_the_nmi_bit_and_cannot_be_read)
{
	out(0x80 | 0x40, 0x5a);
	ck_assert_uint_eq(in(0x40), 0x5a);
	ck_assert_uint_eq(vrtc_ops.read(&rtc, 0, 1), 0xff);
}
END_TEST

static u32 in16(u32 index)
{
	return in(index) | in(index + 1) << 8;
}

START_TEST(memory_sizes_are_a_bioses)
{
	u32 sum = 0;

	ck_assert_uint_eq(in16(0x15), 640);
	ck_assert_uint_eq(in16(0x17), 0xffff);
	ck_assert_uint_eq(in16(0x30), 0xffff);
	ck_assert_uint_eq(in16(0x34), 240 * 16);
	for (u32 i = 0x10; i <= 0x2d; i++)
		sum += in(i);
	ck_assert_uint_eq(in(0x2e) << 8 | in(0x2f), sum);
	power_on(EPOCH, 8 * MIB);
	ck_assert_uint_eq(in16(0x17), 7 * 1024);
	ck_assert_uint_eq(in16(0x34), 0);
}
END_TEST

START_TEST(reset_silences_interrupts_and_keeps_time_and_memory)
{
	out(0x40, 0x77);
	out(B, 0x72);
	pass(3 * SECOND);
	ck_assert(irq);
	vrtc_reset(&rtc);
	ck_assert(!irq);
	ck_assert_uint_eq(in(B), 0x02);
	ck_assert_uint_eq(in(SEC), 0x02);
	ck_assert_uint_eq(in(0x40), 0x77);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vrtc");
	TCase *tests = tcase_create("vrtc");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, date_agrees_with_the_c_library);
	tcase_add_test(tests, fields_out_of_range_carry_over);
	tcase_add_test(tests, new_year_rolls_all_fields);
	tcase_add_test(tests, binary_and_twelve_hour_modes);
	tcase_add_test(tests, set_bit_stops_the_time_and_takes_a_new_one);
	tcase_add_test(tests, time_byte_written_while_running_takes_effect);
	tcase_add_test(tests, first_update_comes_half_a_second_after_divider_reset);
	tcase_add_test(tests, uip_is_set_before_each_update);
	tcase_add_test(tests, uip_stays_clear_under_set);
	tcase_add_test(tests, update_ended_interrupts_each_second);
	tcase_add_test(tests, flags_are_set_without_their_enables);
	tcase_add_test(tests, enabling_a_flag_that_is_set_interrupts_at_once);
	tcase_add_test(tests, set_bit_clears_update_interrupt_enable);
	tcase_add_test(tests, periodic_rates_follow_the_table);
	tcase_add_test(tests, rate_zero_is_off);
	tcase_add_test(tests, alarm_matches_the_time_or_anything);
	tcase_add_test(tests, impossible_alarm_never_comes);
	tcase_add_test(tests, alarm_in_twelve_hour_mode);
	tcase_add_test(tests, register_d_and_uip_are_read_only);
	tcase_add_test(tests, index_port_ignores_the_nmi_bit_and_cannot_be_read);
	tcase_add_test(tests, memory_sizes_are_a_bioses);
	tcase_add_test(tests, reset_silences_interrupts_and_keeps_time_and_memory);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
