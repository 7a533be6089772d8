/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/lib/math64.h against the compiler's own division, at the corners and at random. */
#include "hv/lib/math64.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const u64 corners[] = { 0, 1, 2, 9, 10, 0xffff, 0x10000, 0x10001, 0x7fffffff, 0x80000000,
			       0x80000001, 0xfffffffe, 0xffffffff, 0x100000000, 0x1ffffffff,
			       0x7fffffffffffffff, 0x8000000000000000, 0xffff0000ffff0000,
			       0xfffffffeffffffff, 0xffffffffffffffff };

static u64 state;

static u64 next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> (state & 63); /* all magnitudes */
}

static void check_division(u64 dividend, u32 divisor)
{
	u32 remainder;
	u64 quotient = div64_u32(dividend, divisor, &remainder);

	if (quotient != dividend / divisor || remainder != dividend % divisor)
		ck_abort_msg("%llx / %x", (unsigned long long)dividend, divisor);
}

START_TEST(division_is_right_at_corners)
{
	for (u32 i = 0; i < ARRAY_SIZE(corners); i++)
		for (u32 j = 0; j < ARRAY_SIZE(corners); j++)
			if ((u32)corners[j])
				check_division(corners[i], (u32)corners[j]);
	ck_assert_uint_eq(div64_u32(100, 7, NULL), 14);
}
END_TEST

START_TEST(division_is_right_at_random)
{
	const char *seed = getenv("SEED");

	state = seed ? strtoull(seed, NULL, 0) : 88172645463325252ull;
	printf("SEED=%llu\n", (unsigned long long)state);
	for (u32 i = 0; i < 300000; i++) {
		u64 dividend = next_random();
		u32 divisor = (u32)next_random();

		if (divisor)
			check_division(dividend, divisor);
	}
}
END_TEST

START_TEST(division_by_64_bits_is_right)
{
	state = 42;
	for (u32 i = 0; i < ARRAY_SIZE(corners); i++)
		for (u32 j = 1; j < ARRAY_SIZE(corners); j++)
			ck_assert(div64_u64(corners[i], corners[j]) == corners[i] / corners[j]);
	for (u32 i = 0; i < 100000; i++) {
		u64 n = next_random(), d = next_random();

		if (d && div64_u64(n, d) != n / d)
			ck_abort_msg("%llx / %llx", (unsigned long long)n, (unsigned long long)d);
	}
}
END_TEST

static void check_scale(u64 from_hz, u64 to_hz)
{
	struct scale scale = scale_make(from_hz, to_hz);
	u64 before = 0;

	/* An hour of ticks, at growing steps: never back, and as precise as promised. */
	for (u64 ticks = 1; ticks < from_hz * 3600; ticks += ticks / 3 + 1) {
		double exact = (double)ticks * (double)to_hz / (double)from_hz;
		u64 scaled = scale_apply(scale, ticks);

		if (scaled < before || (double)scaled > exact + 1 ||
		    (double)scaled < exact * (1 - 1.0 / scale.mult) - 1)
			ck_abort_msg("%llu ticks of %llu Hz", (unsigned long long)ticks,
				     (unsigned long long)from_hz);
		before = scaled;
	}
}

START_TEST(scale_is_precise_and_monotonic)
{
	static const u64 clocks[] = { 1193182, 50000000, 62500000, 999999999, 1000000000,
				      2596084000, 5000000000 };

	for (u32 i = 0; i < ARRAY_SIZE(clocks); i++) {
		check_scale(clocks[i], 1000000000);
		check_scale(1000000000, clocks[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("math64");
	TCase *tests = tcase_create("math64");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, division_is_right_at_corners);
	tcase_add_test(tests, division_is_right_at_random);
	tcase_add_test(tests, division_by_64_bits_is_right);
	tcase_add_test(tests, scale_is_precise_and_monotonic);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
