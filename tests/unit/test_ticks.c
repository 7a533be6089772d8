/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/dev/ticks.h. */
#include "hv/dev/ticks.h"

#include <check.h>

START_TEST(scaling_keeps_96_bits)
{
	ck_assert_uint_eq(ticks_scale(~0ull, ~0u, 0, ~0u), ~0ull);
	ck_assert_uint_eq(ticks_scale(1ull << 63, 3, 0, 6), 1ull << 62);
	ck_assert_uint_eq(ticks_at(pit_rate, 1000000000), 1193181);
	ck_assert_uint_eq(ticks_at(pit_rate, 1000000000000000000), 1193181818181818);
	ck_assert_uint_eq(ticks_at(pm_timer_rate, 1000000000), 3579545);
	ck_assert_uint_eq(ticks_at(crystal_rate, 1000000000), 32768);
}
END_TEST

START_TEST(a_tick_has_come_at_its_nanosecond_and_not_before)
{
	static const struct tick_rate rates[] = { { 105, 88000 }, { 315, 88000 },
						  { 64, 1953125 } };

	for (u32 r = 0; r < ARRAY_SIZE(rates); r++)
		for (u64 n = 1; n < 1ull << 49; n = n * 3 / 2 + 1) {
			ck_assert_uint_eq(ticks_at(rates[r], ticks_ns(rates[r], n)), n);
			ck_assert_uint_eq(ticks_at(rates[r], ticks_ns(rates[r], n) - 1), n - 1);
		}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ticks");
	TCase *tests = tcase_create("ticks");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, scaling_keeps_96_bits);
	tcase_add_test(tests, a_tick_has_come_at_its_nanosecond_and_not_before);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
