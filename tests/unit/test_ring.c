/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/lib/ring.c: order, bounds, and indices that wrap. */
#include "hv/lib/ring.h"

#include <check.h>
#include <string.h>

static u8 storage[16];
static struct ring ring;

static void setup(void)
{
	ring_init(&ring, storage, sizeof(storage));
}

START_TEST(bytes_come_out_in_the_order_they_went_in)
{
	u8 next_in = 0, next_out = 0;

	for (u32 round = 0; round < 1000; round++) {
		u8 in[7], out[5];
		u32 size = round % (sizeof(in) + 1);
		u32 got;

		for (u32 i = 0; i < size; i++)
			in[i] = (u8)(next_in + i);
		next_in = (u8)(next_in + ring_put(&ring, in, size));
		got = ring_get(&ring, out, round % (sizeof(out) + 1));
		for (u32 i = 0; i < got; i++)
			ck_assert_uint_eq(out[i], next_out++);
	}
}
END_TEST

START_TEST(full_ring_takes_what_fits_and_keeps_it)
{
	u8 bytes[20], out[20];

	for (u32 i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)i;
	ck_assert_uint_eq(ring_put(&ring, bytes, 20), 16);
	ck_assert_uint_eq(ring_free(&ring), 0);
	ck_assert_uint_eq(ring_put(&ring, bytes, 1), 0);
	ck_assert_uint_eq(ring_get(&ring, out, 20), 16);
	ck_assert_mem_eq(bytes, out, 16);
	ck_assert_uint_eq(ring_used(&ring), 0);
}
END_TEST

START_TEST(indices_may_wrap)
{
	u8 out[4];

	ring.head = ring.tail = ~0u - 1;
	ck_assert_uint_eq(ring_put(&ring, "abcd", 4), 4);
	ck_assert_uint_eq(ring_used(&ring), 4);
	ck_assert_uint_eq(ring_get(&ring, out, 4), 4);
	ck_assert_mem_eq(out, "abcd", 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ring");
	TCase *tests = tcase_create("ring");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, bytes_come_out_in_the_order_they_went_in);
	tcase_add_test(tests, full_ring_takes_what_fits_and_keeps_it);
	tcase_add_test(tests, indices_may_wrap);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
