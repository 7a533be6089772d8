/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/core/kheap.c, included here under other names, over the fake machine's frames. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/core/kheap.h"
#include "hv/core/pmm.h"
#include "tests/fake/fake.h"

#undef HV_CORE_KHEAP_H
#define kheap_alloc our_alloc
#define kheap_free our_free
#define kheap_used_bytes our_used_bytes
#include "hv/core/kheap.c"

static void setup(void)
{
	fake_reset();
}

START_TEST(object_is_zeroed_and_aligned)
{
	for (size_t size = 1; size < 5000; size = size * 3 / 2 + 1) {
		u8 *object = kheap_alloc(size);

		ck_assert_ptr_nonnull(object);
		ck_assert_uint_eq((uintptr_t)object % 16, 0);
		ck_assert(!object[0] && !memcmp(object, object + 1, size - 1));
		memset(object, 0xee, size);
		kheap_free(object);
	}
}
END_TEST

START_TEST(freed_memory_is_joined_and_used_again)
{
	void *objects[64];

	for (u32 round = 0; round < 50; round++) {
		u32 size = 20000 + round * 200;

		for (u32 i = 0; i < 64; i++) {
			objects[i] = kheap_alloc(size);
			ck_assert_ptr_nonnull(objects[i]);
		}
		for (u32 i = 0; i < 64; i++)
			kheap_free(objects[(i * 5) % 64]);
	}
	ck_assert_uint_eq(fake_outstanding(), 1); /* all of it fits one extent, if joined */
}
END_TEST

START_TEST(used_bytes_return_to_where_they_were)
{
	void *first = kheap_alloc(100), *second;
	size_t used = (size_t)kheap_used_bytes();

	ck_assert_uint_ge(used, 100);
	second = kheap_alloc(5000);
	ck_assert_uint_ge((size_t)kheap_used_bytes(), used + 5000);
	kheap_free(second);
	ck_assert_uint_eq((size_t)kheap_used_bytes(), used);
	kheap_free(first);
	ck_assert_uint_eq((size_t)kheap_used_bytes(), 0);
}
END_TEST

START_TEST(free_of_nothing_is_harmless)
{
	kheap_free(NULL);
}
END_TEST

START_TEST(too_large_an_object_is_refused)
{
	ck_assert_ptr_null(kheap_alloc(LARGE_PAGE_SIZE));
	ck_assert_ptr_null(kheap_alloc(~(size_t)0));
}
END_TEST

START_TEST(without_an_extent_a_frame_serves_small_objects)
{
	fake_fail_allocation(1);
	ck_assert_ptr_nonnull(kheap_alloc(100));
	ck_assert_uint_eq(fake_outstanding(), 1);
}
END_TEST

static void exhaust(void)
{
	hpa_t frame;

	while (pmm_alloc_large(&frame))
		;
}

START_TEST(without_memory_the_answer_is_null)
{
	exhaust();
	ck_assert_ptr_null(kheap_alloc(100));
}
END_TEST

struct held {
	u8 *object;
	u32 size;
	u8 pattern;
};

static void check_and_free(const struct held *held)
{
	for (u32 i = 0; i < held->size; i++)
		if (held->object[i] != held->pattern)
			ck_abort_msg("byte %u of %u changed", i, held->size);
	kheap_free(held->object);
}

START_TEST(objects_never_overlap)
{
	static struct held held[500];
	const char *seed = getenv("SEED");
	u32 count = 0;

	printf("SEED=%s\n", seed ? seed : "1");
	srand(seed ? (unsigned int)strtoul(seed, NULL, 0) : 1);
	for (u32 i = 0; i < 20000; i++) {
		if (count < ARRAY_SIZE(held) && rand() % 2) {
			struct held *h = &held[count++];

			h->size = 1 + (u32)rand() % (rand() % 10 ? 200 : 9000);
			h->pattern = (u8)rand();
			h->object = kheap_alloc(h->size);
			ck_assert_ptr_nonnull(h->object);
			memset(h->object, h->pattern, h->size);
		} else if (count) {
			u32 victim = (u32)rand() % count;

			check_and_free(&held[victim]);
			held[victim] = held[--count];
		}
	}
	while (count)
		check_and_free(&held[--count]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kheap");
	TCase *tests = tcase_create("kheap");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, object_is_zeroed_and_aligned);
	tcase_add_test(tests, freed_memory_is_joined_and_used_again);
	tcase_add_test(tests, used_bytes_return_to_where_they_were);
	tcase_add_test(tests, free_of_nothing_is_harmless);
	tcase_add_test(tests, too_large_an_object_is_refused);
	tcase_add_test(tests, without_an_extent_a_frame_serves_small_objects);
	tcase_add_test(tests, without_memory_the_answer_is_null);
	tcase_add_test(tests, objects_never_overlap);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
