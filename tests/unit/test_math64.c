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

	ck_assert_msg(quotient == dividend / divisor && remainder == dividend % divisor,
		      "%llx / %x", (unsigned long long)dividend, divisor);
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

int main(void)
{
	Suite *suite = suite_create("math64");
	TCase *tests = tcase_create("math64");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, division_is_right_at_corners);
	tcase_add_test(tests, division_is_right_at_random);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
