/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/lib/string.c against the C library, over all small sizes, offsets and overlaps. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define memcpy our_memcpy
#define memmove our_memmove
#define memset our_memset
#define memcmp our_memcmp
#define strlen our_strlen
#define strcmp our_strcmp
#define strncmp our_strncmp
#define strchr our_strchr
#include "hv/lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp
#undef strchr

#define AREA 64
#define SIZE_MAX_TESTED 21

static void fill(u8 *bytes)
{
	for (u32 i = 0; i < AREA; i++)
		bytes[i] = (u8)(i * 37 + 11);
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

START_TEST(copying_moves_exactly_the_bytes_asked_for)
{
	u8 from[AREA], ours[AREA], theirs[AREA];

	fill(from);
	for (u32 size = 0; size < SIZE_MAX_TESTED; size++)
		for (u32 a = 0; a < 8; a++)
			for (u32 b = 0; b < 8; b++) {
				memset(ours, 0, AREA);
				memset(theirs, 0, AREA);
				ck_assert_ptr_eq(our_memcpy(ours + a, from + b, size), ours + a);
				memcpy(theirs + a, from + b, size);
				ck_assert_mem_eq(ours, theirs, AREA);
			}
}
END_TEST

START_TEST(moving_handles_every_overlap)
{
	u8 ours[AREA], theirs[AREA];

	for (u32 size = 0; size < SIZE_MAX_TESTED; size++)
		for (u32 to = 0; to < AREA / 2; to++)
			for (u32 from = 0; from < AREA / 2; from++) {
				fill(ours);
				fill(theirs);
				ck_assert_ptr_eq(our_memmove(ours + to, ours + from, size), ours + to);
				memmove(theirs + to, theirs + from, size);
				ck_assert_mem_eq(ours, theirs, AREA);
			}
}
END_TEST

START_TEST(filling_takes_the_low_byte_and_stays_in_bounds)
{
	u8 ours[AREA], theirs[AREA];

	for (u32 size = 0; size < SIZE_MAX_TESTED; size++)
		for (u32 at = 0; at < 8; at++) {
			fill(ours);
			fill(theirs);
			ck_assert_ptr_eq(our_memset(ours + at, 0x1c3, size), ours + at);
			memset(theirs + at, 0x1c3, size);
			ck_assert_mem_eq(ours, theirs, AREA);
		}
}
END_TEST

START_TEST(comparisons_agree_with_the_c_library)
{
	static const char *const texts[] = { "", "a", "ab", "abc", "abd", "\xff", "b", "a\x80" };

	for (u32 i = 0; i < ARRAY_SIZE(texts); i++)
		for (u32 j = 0; j < ARRAY_SIZE(texts); j++) {
			const char *a = texts[i], *b = texts[j];
			size_t shorter = MIN(strlen(a), strlen(b));

			ck_assert_int_eq(sign(our_strcmp(a, b)), sign(strcmp(a, b)));
			for (size_t n = 0; n < 5; n++)
				ck_assert_int_eq(sign(our_strncmp(a, b, n)), sign(strncmp(a, b, n)));
			ck_assert_int_eq(sign(our_memcmp(a, b, shorter)),
					 sign(memcmp(a, b, shorter)));
			ck_assert_uint_eq(our_strlen(a), strlen(a));
		}
}
END_TEST

START_TEST(searching_finds_the_first_and_the_terminator)
{
	const char *text = "abcabc";

	ck_assert_ptr_eq(our_strchr(text, 'b'), text + 1);
	ck_assert_ptr_eq(our_strchr(text, 0), text + 6);
	ck_assert_ptr_null(our_strchr(text, 'x'));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("string");
	TCase *tests = tcase_create("string");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, copying_moves_exactly_the_bytes_asked_for);
	tcase_add_test(tests, moving_handles_every_overlap);
	tcase_add_test(tests, filling_takes_the_low_byte_and_stays_in_bounds);
	tcase_add_test(tests, comparisons_agree_with_the_c_library);
	tcase_add_test(tests, searching_finds_the_first_and_the_terminator);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
