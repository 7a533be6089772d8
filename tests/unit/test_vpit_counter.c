/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of hv/dev/vpit_counter.c from the mode definitions of the 8254 data sheet.  Time is counted
 * from the tick at which the count is written; OUT is written as a string of H and L, one letter a
 * tick, the first being the tick after the write, as in the data sheet's figures.
 */
#include "hv/dev/vpit_counter.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0 100000u

static struct vpit_counter counter;
static u64 now;

static void program(u32 mode, u32 count)
{
	vpit_counter_control(&counter, (u8)(0x30 | mode << 1));
	vpit_counter_write(&counter, (u8)count, now);
	vpit_counter_write(&counter, (u8)(count >> 8), now);
}

static u32 value(void)
{
	u32 low = vpit_counter_read(&counter, now);

	return low | (u32)vpit_counter_read(&counter, now) << 8;
}

static u32 status(void)
{
	vpit_counter_latch_status(&counter, now);
	return vpit_counter_read(&counter, now);
}

/* OUT during the next ticks. */
static const char *wave(u32 ticks)
{
	static char letters[128];

	for (u32 i = 0; i < ticks; i++)
		letters[i] = vpit_counter_out(&counter, ++now) ? 'H' : 'L';
	letters[ticks] = 0;
	return letters;
}

static void setup(void)
{
	memset(&counter, 0, sizeof(counter));
	counter.gate = true;
	now = T0;
}

START_TEST(mode_0_raises_out_n_plus_1_clocks_after_the_write)
{
	vpit_counter_control(&counter, 0x30);
	ck_assert(!vpit_counter_out(&counter, now));
	program(0, 4);
	ck_assert_uint_eq(vpit_counter_next_rise(&counter, now), T0 + 5);
	ck_assert_str_eq(wave(8), "LLLLHHHH");
}
END_TEST

START_TEST(mode_0_counts_down_and_wraps)
{
	program(0, 4);
	now = T0 + 1;
	ck_assert_uint_eq(value(), 4);
	now = T0 + 4;
	ck_assert_uint_eq(value(), 1);
	now = T0 + 6;
	ck_assert_uint_eq(value(), 0xffff);
}
END_TEST

START_TEST(mode_0_first_byte_stops_the_count_and_lowers_out)
{
	program(0, 4);
	now += 10;
	ck_assert(vpit_counter_out(&counter, now));
	vpit_counter_write(&counter, 3, now);
	ck_assert(!vpit_counter_out(&counter, now));
	now += 1000;
	ck_assert(!vpit_counter_out(&counter, now));
	vpit_counter_write(&counter, 0, now);
	ck_assert_str_eq(wave(5), "LLLHH");
}
END_TEST

START_TEST(mode_0_gate_freezes_the_count)
{
	program(0, 10);
	now += 4;
	vpit_counter_set_gate(&counter, false, now);
	ck_assert_uint_eq(value(), 7);
	now += 100;
	ck_assert_uint_eq(value(), 7);
	ck_assert_uint_eq(vpit_counter_next_rise(&counter, now), VPIT_NEVER);
	vpit_counter_set_gate(&counter, true, now);
	ck_assert_uint_eq(vpit_counter_next_rise(&counter, now), now + 7);
}
END_TEST

START_TEST(mode_0_count_written_under_low_gate_waits_for_it)
{
	vpit_counter_set_gate(&counter, false, now);
	program(0, 3);
	now += 50;
	ck_assert_uint_eq(value(), 3);
	vpit_counter_set_gate(&counter, true, now);
	ck_assert_str_eq(wave(4), "LLHH");
}
END_TEST

START_TEST(mode_1_is_a_one_shot_that_the_gate_triggers_again)
{
	vpit_counter_set_gate(&counter, false, now);
	program(1, 3);
	ck_assert_str_eq(wave(3), "HHH");
	vpit_counter_set_gate(&counter, true, now);
	ck_assert_str_eq(wave(5), "LLLHH");
	vpit_counter_set_gate(&counter, false, now);
	vpit_counter_set_gate(&counter, true, now);
	ck_assert_str_eq(wave(2), "LL");
	vpit_counter_set_gate(&counter, false, now);
	vpit_counter_set_gate(&counter, true, now);
	ck_assert_str_eq(wave(4), "LLLH");
}
END_TEST

START_TEST(mode_1_new_count_waits_for_the_trigger)
{
	vpit_counter_set_gate(&counter, false, now);
	program(1, 4);
	vpit_counter_set_gate(&counter, true, now);
	now += 2;
	vpit_counter_write(&counter, 2, now);
	vpit_counter_write(&counter, 0, now);
	ck_assert_uint_eq(status() & 0x40, 0x40);
	ck_assert_str_eq(wave(3), "LLH");
	vpit_counter_set_gate(&counter, false, now);
	vpit_counter_set_gate(&counter, true, now);
	ck_assert_str_eq(wave(3), "LLH");
	ck_assert_uint_eq(status() & 0x40, 0);
}
END_TEST

START_TEST(mode_2_lowers_out_for_the_last_clock_of_each_period)
{
	program(2, 3);
	ck_assert_str_eq(wave(9), "HHLHHLHHL");
	now = T0;
	ck_assert_uint_eq(vpit_counter_next_rise(&counter, now), T0 + 4);
	now = T0 + 4;
	ck_assert_uint_eq(vpit_counter_next_rise(&counter, now), T0 + 7);
}
END_TEST

START_TEST(mode_2_count_goes_from_n_to_1)
{
	program(2, 3);
	for (u32 i = 0; i < 9; i++) {
		now++;
		ck_assert_uint_eq(value(), 3 - i % 3);
	}
}
END_TEST

START_TEST(mode_2_new_count_waits_for_the_end_of_the_period)
{
	program(2, 4);
	now += 2;
	vpit_counter_write(&counter, 2, now);
	ck_assert_uint_eq(status() & 0x40, 0); /* half a count is no count */
	vpit_counter_write(&counter, 0, now);
	ck_assert_uint_eq(status() & 0x40, 0x40);
	ck_assert_str_eq(wave(6), "HLHLHL");
	ck_assert_uint_eq(status() & 0x40, 0);
}
END_TEST

START_TEST(mode_2_gate_stops_with_out_high_and_restarts)
{
	program(2, 3);
	now += 3;
	ck_assert(!vpit_counter_out(&counter, now));
	vpit_counter_set_gate(&counter, false, now);
	ck_assert(vpit_counter_out(&counter, now));
	ck_assert_str_eq(wave(4), "HHHH");
	vpit_counter_set_gate(&counter, true, now);
	ck_assert_str_eq(wave(6), "HHLHHL");
}
END_TEST

START_TEST(mode_3_even_count_is_a_square_wave_counted_by_twos)
{
	static const u32 expected[] = { 4, 2, 4, 2, 4, 2 };

	program(3, 4);
	ck_assert_str_eq(wave(8), "HHLLHHLL");
	now = T0;
	for (u32 i = 0; i < 6; i++) {
		now++;
		ck_assert_uint_eq(value(), expected[i]);
	}
}
END_TEST

START_TEST(mode_3_odd_count_is_high_one_clock_longer)
{
	static const u32 expected[] = { 4, 2, 0, 4, 2, 4, 2, 0, 4, 2 };

	program(3, 5);
	ck_assert_str_eq(wave(10), "HHHLLHHHLL");
	now = T0;
	for (u32 i = 0; i < 10; i++) {
		now++;
		ck_assert_uint_eq(value(), expected[i]);
	}
}
END_TEST

START_TEST(mode_3_new_count_waits_for_the_end_of_the_half)
{
	program(3, 8);
	now += 2;
	vpit_counter_write(&counter, 4, now);
	vpit_counter_write(&counter, 0, now);
	ck_assert_uint_eq(vpit_counter_next_rise(&counter, now), T0 + 7);
	ck_assert_uint_eq(vpit_counter_rises(&counter, now, T0 + 11), 2);
	now = T0 + 2;
	ck_assert_str_eq(wave(8), "HHLLHHLL");
}
END_TEST

START_TEST(mode_4_strobes_once_after_n_clocks)
{
	program(4, 3);
	ck_assert_uint_eq(vpit_counter_next_rise(&counter, now), T0 + 5);
	ck_assert_str_eq(wave(8), "HHHLHHHH");
	ck_assert_uint_eq(vpit_counter_next_rise(&counter, now), VPIT_NEVER);
	ck_assert_uint_eq(vpit_counter_rises(&counter, T0, now), 1);
}
END_TEST

START_TEST(mode_5_strobes_after_the_trigger)
{
	vpit_counter_set_gate(&counter, false, now);
	program(5, 3);
	ck_assert_str_eq(wave(6), "HHHHHH");
	vpit_counter_set_gate(&counter, true, now);
	ck_assert_str_eq(wave(6), "HHHLHH");
}
END_TEST

START_TEST(mode_bits_6_and_7_mean_2_and_3)
{
	program(6, 3);
	ck_assert_str_eq(wave(6), "HHLHHL");
	now = T0;
	program(7, 4);
	ck_assert_str_eq(wave(4), "HHLL");
}
END_TEST

START_TEST(zero_means_65536_or_10000)
{
	program(2, 0);
	ck_assert_uint_eq(vpit_counter_next_rise(&counter, now), T0 + 1 + 65536);
	now++;
	ck_assert_uint_eq(value(), 0);
	now++;
	ck_assert_uint_eq(value(), 0xffff);
	now = T0;
	vpit_counter_control(&counter, 0x35);
	vpit_counter_write(&counter, 0, now);
	vpit_counter_write(&counter, 0, now);
	ck_assert_uint_eq(vpit_counter_next_rise(&counter, now), T0 + 1 + 10000);
	now += 2;
	ck_assert_uint_eq(value(), 0x9999);
}
END_TEST

START_TEST(bcd_counts_in_decimal)
{
	vpit_counter_control(&counter, 0x31);
	vpit_counter_write(&counter, 0x00, now);
	vpit_counter_write(&counter, 0x12, now); /* 1200 */
	now += 2;
	ck_assert_uint_eq(value(), 0x1199);
	ck_assert_uint_eq(vpit_counter_next_rise(&counter, now), T0 + 1201);
	now = T0 + 1202;
	ck_assert_uint_eq(value(), 0x9999);
}
END_TEST

START_TEST(single_byte_access_reads_and_writes_one_half)
{
	vpit_counter_control(&counter, 0x14); /* low byte, mode 2 */
	vpit_counter_write(&counter, 200, now);
	now += 1;
	ck_assert_uint_eq(vpit_counter_read(&counter, now), 200);
	ck_assert_uint_eq(vpit_counter_read(&counter, now), 200);
	vpit_counter_control(&counter, 0x24); /* high byte */
	vpit_counter_write(&counter, 2, now);
	now += 2;
	ck_assert_uint_eq(vpit_counter_read(&counter, now), 1);
}
END_TEST

START_TEST(latched_count_stands_until_it_is_read)
{
	program(2, 1000);
	now += 11;
	vpit_counter_latch_count(&counter, now);
	now += 100;
	vpit_counter_latch_count(&counter, now); /* ignored */
	ck_assert_uint_eq(value(), 990);
	ck_assert_uint_eq(value(), 890);
}
END_TEST

START_TEST(status_is_read_before_a_latched_count)
{
	program(2, 1000);
	now += 11;
	vpit_counter_latch_count(&counter, now);
	vpit_counter_latch_status(&counter, now);
	ck_assert_uint_eq(vpit_counter_read(&counter, now), 0xb4);
	ck_assert_uint_eq(value(), 990);
}
END_TEST

START_TEST(status_shows_null_count_until_the_load)
{
	vpit_counter_control(&counter, 0x30);
	ck_assert_uint_eq(status(), 0x70);
	program(0, 5);
	ck_assert_uint_eq(status(), 0x70);
	now++;
	ck_assert_uint_eq(status(), 0x30);
	now += 5;
	ck_assert_uint_eq(status(), 0xb0);
}
END_TEST

START_TEST(control_word_resets_the_byte_order)
{
	program(2, 1000);
	vpit_counter_write(&counter, 1, now);
	vpit_counter_read(&counter, now);
	program(2, 0x1234);
	now++;
	ck_assert_uint_eq(value(), 0x1234);
}
END_TEST

START_TEST(rises_agree_with_the_wave)
{
	for (u32 mode = 0; mode < 6; mode++)
		for (u32 count = 2; count < 8; count++) {
			u32 rises = 0;
			bool before;

			setup();
			counter.gate = false;
			vpit_counter_control(&counter, (u8)(0x10 | mode << 1));
			vpit_counter_write(&counter, (u8)count, now);
			vpit_counter_set_gate(&counter, true, now);
			before = vpit_counter_out(&counter, now);
			for (u32 i = 0; i < 40; i++) {
				u64 next = vpit_counter_next_rise(&counter, now);
				bool out = vpit_counter_out(&counter, ++now);

				/* modes 1 and 5 start high and the first edge is down */
				rises += out && !before;
				ck_assert_msg((next == now) == (out && !before),
					      "mode %u count %u tick %u", mode, count, i);
				before = out;
			}
			ck_assert_uint_eq(vpit_counter_rises(&counter, T0, now), rises);
		}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vpit_counter");
	TCase *tests = tcase_create("vpit_counter");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, mode_0_raises_out_n_plus_1_clocks_after_the_write);
	tcase_add_test(tests, mode_0_counts_down_and_wraps);
	tcase_add_test(tests, mode_0_first_byte_stops_the_count_and_lowers_out);
	tcase_add_test(tests, mode_0_gate_freezes_the_count);
	tcase_add_test(tests, mode_0_count_written_under_low_gate_waits_for_it);
	tcase_add_test(tests, mode_1_is_a_one_shot_that_the_gate_triggers_again);
	tcase_add_test(tests, mode_1_new_count_waits_for_the_trigger);
	tcase_add_test(tests, mode_2_lowers_out_for_the_last_clock_of_each_period);
	tcase_add_test(tests, mode_2_count_goes_from_n_to_1);
	tcase_add_test(tests, mode_2_new_count_waits_for_the_end_of_the_period);
	tcase_add_test(tests, mode_2_gate_stops_with_out_high_and_restarts);
	tcase_add_test(tests, mode_3_even_count_is_a_square_wave_counted_by_twos);
	tcase_add_test(tests, mode_3_odd_count_is_high_one_clock_longer);
	tcase_add_test(tests, mode_3_new_count_waits_for_the_end_of_the_half);
	tcase_add_test(tests, mode_4_strobes_once_after_n_clocks);
	tcase_add_test(tests, mode_5_strobes_after_the_trigger);
	tcase_add_test(tests, mode_bits_6_and_7_mean_2_and_3);
	tcase_add_test(tests, zero_means_65536_or_10000);
	tcase_add_test(tests, bcd_counts_in_decimal);
	tcase_add_test(tests, single_byte_access_reads_and_writes_one_half);
	tcase_add_test(tests, latched_count_stands_until_it_is_read);
	tcase_add_test(tests, status_is_read_before_a_latched_count);
	tcase_add_test(tests, status_shows_null_count_until_the_load);
	tcase_add_test(tests, control_word_resets_the_byte_order);
	tcase_add_test(tests, rises_agree_with_the_wave);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
