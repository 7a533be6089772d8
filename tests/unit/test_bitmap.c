/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/lib/bitmap.c against an array of bool, at random. */
#include "hv/lib/bitmap.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BITS 131

static u32 map[BITMAP_WORDS(BITS)];
static bool model[BITS];

static void setup(void)
{
	const char *seed = getenv("SEED");
	unsigned int value = seed ? (unsigned int)strtoul(seed, NULL, 0) : 1;

	printf("SEED=%u\n", value);
	srand(value);
	memset(map, 0, sizeof(map));
	memset(model, 0, sizeof(model));
}

/* Check records every assertion, which is slow: one for a whole map. */
static void check_map(void)
{
	for (u32 i = 0; i < BITS; i++)
		if (bitmap_test(map, i) != model[i])
			ck_abort_msg("bit %u", i);
}

static u32 random_below(u32 n)
{
	return (u32)rand() % n;
}

static u32 model_next(u32 from, bool wanted)
{
	while (from < BITS && model[from] != wanted)
		from++;
	return from;
}

START_TEST(searches_agree_with_a_plain_array)
{
	for (u32 i = 0; i < 20000; i++) {
		u32 bit = random_below(BITS), from = random_below(BITS + 1);
		u32 count = 0;

		model[bit] = random_below(8) != 0;
		if (model[bit])
			bitmap_set(map, bit);
		else
			bitmap_clear(map, bit);
		ck_assert_uint_eq(bitmap_next_set(map, BITS, from), model_next(from, true));
		ck_assert_uint_eq(bitmap_next_clear(map, BITS, from), model_next(from, false));
		check_map();
		for (u32 j = 0; j < BITS; j++)
			count += model[j];
		ck_assert_uint_eq(bitmap_count(map, BITS), count);
	}
}
END_TEST

START_TEST(ranges_set_and_clear_nothing_else)
{
	for (u32 i = 0; i < 5000; i++) {
		u32 first = random_below(BITS), count = random_below(BITS - first + 1);
		bool value = random_below(2);

		if (value)
			bitmap_set_range(map, first, count);
		else
			bitmap_clear_range(map, first, count);
		memset(model + first, value, count);
		check_map();
	}
}
END_TEST

START_TEST(lowest_run_of_clear_bits_is_found)
{
	bitmap_set_range(map, 0, BITS);
	ck_assert_uint_eq(bitmap_find_clear_run(map, BITS, 1), BITS);
	bitmap_clear_range(map, 5, 3);
	bitmap_clear_range(map, 60, 10);
	bitmap_clear_range(map, BITS - 20, 20);
	ck_assert_uint_eq(bitmap_find_clear_run(map, BITS, 3), 5);
	ck_assert_uint_eq(bitmap_find_clear_run(map, BITS, 4), 60);
	ck_assert_uint_eq(bitmap_find_clear_run(map, BITS, 20), BITS - 20);
	ck_assert_uint_eq(bitmap_find_clear_run(map, BITS, 21), BITS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bitmap");
	TCase *tests = tcase_create("bitmap");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, searches_agree_with_a_plain_array);
	tcase_add_test(tests, ranges_set_and_clear_nothing_else);
	tcase_add_test(tests, lowest_run_of_clear_bits_is_found);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
