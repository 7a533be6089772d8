/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/core/pmm.c, included here under other names; the fake machine's allocator lends the
 * memory that it manages. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/core/pmm.h"
#include "tests/fake/fake.h"

static bool lend(hpa_t *extent)
{
	return pmm_alloc_large(extent);
}

#undef HV_CORE_PMM_H
#define pmm_add our_add
#define pmm_alloc_page our_alloc_page
#define pmm_alloc_large our_alloc_large
#define pmm_free_page our_free_page
#define pmm_free_large our_free_large
#define pmm_free_bytes our_free_bytes
#define pmm_total_bytes our_total_bytes
#include "hv/core/pmm.c"

#define EXTENTS 3

static hpa_t lent[EXTENTS];

static void setup(void)
{
	fake_reset();
	for (u32 i = 0; i < EXTENTS; i++) {
		ck_assert(lend(&lent[i]));
		memset(arch_hpa_to_ptr(lent[i]), 0xcc, LARGE_PAGE_SIZE);
	}
}

static bool is_zero(hpa_t frame, u32 size)
{
	const u8 *bytes = arch_hpa_to_ptr(frame);

	return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

START_TEST(every_frame_is_given_out_once_and_zeroed)
{
	static bool seen[FRAMES_PER_EXTENT];
	hpa_t frame;

	pmm_add(lent[0], LARGE_PAGE_SIZE);
	for (u32 i = 0; i < FRAMES_PER_EXTENT; i++) {
		u32 index;

		ck_assert(pmm_alloc_page(&frame));
		index = (u32)(frame.v - lent[0].v) / PAGE_SIZE;
		ck_assert_uint_lt(index, FRAMES_PER_EXTENT);
		ck_assert(!seen[index]);
		ck_assert(is_zero(frame, PAGE_SIZE));
		seen[index] = true;
	}
	ck_assert(!pmm_alloc_page(&frame));
	ck_assert_uint_eq(pmm_free_bytes(), 0);
	ck_assert_uint_eq(pmm_total_bytes(), LARGE_PAGE_SIZE);
}
END_TEST

START_TEST(what_was_freed_is_zeroed_before_it_is_given_out_again)
{
	hpa_t frame;

	pmm_add(lent[0], PAGE_SIZE);
	ck_assert(pmm_alloc_page(&frame));
	memset(arch_hpa_to_ptr(frame), 0x77, PAGE_SIZE);
	pmm_free_page(frame);
	ck_assert(pmm_alloc_page(&frame));
	ck_assert(is_zero(frame, PAGE_SIZE));
}
END_TEST

START_TEST(frames_come_from_broken_extents_first)
{
	hpa_t page, large[EXTENTS];

	for (u32 i = 0; i < EXTENTS; i++)
		pmm_add(lent[i], LARGE_PAGE_SIZE);
	for (u32 i = 0; i < 300; i++)
		ck_assert(pmm_alloc_page(&page));
	ck_assert(pmm_alloc_large(&large[0]));
	ck_assert(pmm_alloc_large(&large[1]));
	ck_assert(is_zero(large[1], LARGE_PAGE_SIZE));
	ck_assert(!pmm_alloc_large(&large[2]));
}
END_TEST

START_TEST(extent_whose_frames_all_came_back_is_whole_again)
{
	hpa_t frames[FRAMES_PER_EXTENT], large;

	pmm_add(lent[0], LARGE_PAGE_SIZE);
	for (u32 i = 0; i < FRAMES_PER_EXTENT; i++)
		ck_assert(pmm_alloc_page(&frames[i]));
	for (u32 i = 0; i < FRAMES_PER_EXTENT; i++) {
		ck_assert(!pmm_alloc_large(&large));
		pmm_free_page(frames[(i * 7) % FRAMES_PER_EXTENT]);
	}
	ck_assert(pmm_alloc_large(&large));
	ck_assert_uint_eq(large.v, lent[0].v);
}
END_TEST

START_TEST(extent_with_a_hole_never_becomes_whole)
{
	hpa_t large, page;

	pmm_add(lent[0], LARGE_PAGE_SIZE - PAGE_SIZE);
	ck_assert(!pmm_alloc_large(&large));
	ck_assert(pmm_alloc_page(&page));
	pmm_free_page(page);
	ck_assert(!pmm_alloc_large(&large));
}
END_TEST

START_TEST(partial_pages_at_the_ends_of_a_range_are_left_alone)
{
	pmm_add(hpa(lent[0].v + 1), 3 * PAGE_SIZE);
	ck_assert_uint_eq(pmm_total_bytes(), 2 * PAGE_SIZE);
}
END_TEST

START_TEST(memory_above_4_gb_is_ignored)
{
	pmm_add(hpa(0x100000000ull), LARGE_PAGE_SIZE);
	ck_assert_uint_eq(pmm_total_bytes(), 0);
}
END_TEST

START_TEST(random_use_loses_nothing)
{
	static hpa_t held[EXTENTS * FRAMES_PER_EXTENT];
	const char *seed = getenv("SEED");
	u32 count = 0;

	printf("SEED=%s\n", seed ? seed : "1");
	srand(seed ? (unsigned int)strtoul(seed, NULL, 0) : 1);
	for (u32 i = 0; i < EXTENTS; i++)
		pmm_add(lent[i], LARGE_PAGE_SIZE);
	for (u32 i = 0; i < 20000; i++) {
		if (rand() % 5 < 3 && pmm_alloc_page(&held[count])) {
			count++;
		} else if (count) {
			u32 victim = (u32)rand() % count;

			pmm_free_page(held[victim]);
			held[victim] = held[--count];
		}
		ck_assert_uint_eq(pmm_free_bytes(),
				  (u64)(EXTENTS * FRAMES_PER_EXTENT - count) * PAGE_SIZE);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pmm");
	TCase *tests = tcase_create("pmm");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, every_frame_is_given_out_once_and_zeroed);
	tcase_add_test(tests, what_was_freed_is_zeroed_before_it_is_given_out_again);
	tcase_add_test(tests, frames_come_from_broken_extents_first);
	tcase_add_test(tests, extent_whose_frames_all_came_back_is_whole_again);
	tcase_add_test(tests, extent_with_a_hole_never_becomes_whole);
	tcase_add_test(tests, partial_pages_at_the_ends_of_a_range_are_left_alone);
	tcase_add_test(tests, memory_above_4_gb_is_ignored);
	tcase_add_test(tests, random_use_loses_nothing);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
