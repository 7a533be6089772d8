/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/lib/printf.c against the C library's snprintf: each conversion with every flag, width
 * and precision that matters. */
#include "hv/lib/printf.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

#define CHECK_SAME(...)                                                                            \
	do {                                                                                       \
		char ours[200], theirs[200];                                                       \
		int our_length = hv_snprintf(ours, sizeof(ours), __VA_ARGS__);                     \
		int their_length = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                  \
		ck_assert_str_eq(ours, theirs);                                                    \
		ck_assert_int_eq(our_length, their_length);                                        \
	} while (0)

static const char *const flags[] = { "", "-", "0", "+", " ", "#", "-#", "0#", "+0", "- ", "-+" };
static const char *const widths[] = { "", "1", "5", "12", ".0", ".3", "9.4", ".11" };

static const long long numbers[] = { 0,	      1,       -1,	  7,	      -8,	 255,
				     1234567, INT_MIN, INT_MAX, LLONG_MIN, LLONG_MAX, 0xdeadbeef };

/* "%" flags width length conversion, without the combinations that C leaves undefined. */
static bool build(char *format, size_t size, u32 flag, u32 width, const char *conversion)
{
	bool is_signed = strchr("di", conversion[strlen(conversion) - 1]);
	bool decimal = is_signed || strchr(conversion, 'u');

	if (strchr(flags[flag], '#') && decimal)
		return false;
	if (strpbrk(flags[flag], "+ ") && !is_signed)
		return false;
	snprintf(format, size, "<%%%s%s%s>", flags[flag], widths[width], conversion);
	return true;
}

static void check_all(const char *conversion, bool wide)
{
	char format[40];

	for (u32 f = 0; f < ARRAY_SIZE(flags); f++)
		for (u32 w = 0; w < ARRAY_SIZE(widths); w++)
			for (u32 n = 0; n < ARRAY_SIZE(numbers); n++) {
				if (!build(format, sizeof(format), f, w, conversion))
					continue;
				if (wide)
					CHECK_SAME(format, numbers[n]);
				else
					CHECK_SAME(format, (int)numbers[n]);
			}
}

START_TEST(integers_agree_with_the_c_library)
{
	check_all("d", false);
	check_all("i", false);
	check_all("u", false);
	check_all("x", false);
	check_all("X", false);
	check_all("o", false);
	check_all("hd", false);
	check_all("hhd", false);
	check_all("hu", false);
	check_all("hhx", false);
	check_all("lld", true);
	check_all("llu", true);
	check_all("llx", true);
	check_all("llo", true);
}
END_TEST

START_TEST(long_and_size_arguments_have_their_own_width)
{
	CHECK_SAME("%ld %lu %lx", LONG_MIN, ULONG_MAX, LONG_MAX);
	CHECK_SAME("%zu %zx", SIZE_MAX, (size_t)42);
}
END_TEST

START_TEST(text_agrees_with_the_c_library)
{
	CHECK_SAME("<%s>", "");
	CHECK_SAME("<%s> <%5s> <%-5s> <%.2s> <%5.1s>", "abc", "abc", "abc", "abc", "abc");
	CHECK_SAME("<%c> <%3c> <%-3c>", 'x', 'y', 'z');
	CHECK_SAME("100%%");
	CHECK_SAME("<%p> <%20p> <%-20p>", (void *)0x1234, (void *)0xabc, (void *)0xdef);
	CHECK_SAME("<%*d> <%-*d> <%.*s>", 6, 42, 6, 42, 2, "abc");
	CHECK_SAME("<%*d> <%.*d>", -6, 42, -1, 42);
}
END_TEST

START_TEST(string_need_not_end_within_its_precision)
{
	const char text[3] = { 'a', 'b', 'c' };

	CHECK_SAME("%.3s", text);
}
END_TEST

START_TEST(output_is_cut_to_the_buffer_and_terminated)
{
	char buffer[8];

	for (size_t size = 0; size <= sizeof(buffer); size++) {
		memset(buffer, '#', sizeof(buffer));
		ck_assert_int_eq(hv_snprintf(buffer, size, "%s-%d", "abcdef", 123), 10);
		if (size) {
			ck_assert_uint_eq(strlen(buffer), size - 1);
			ck_assert_mem_eq(buffer, "abcdef-", size - 1);
		}
		for (size_t i = size; i < sizeof(buffer); i++)
			ck_assert_int_eq(buffer[i], '#');
	}
}
END_TEST

START_TEST(unknown_conversion_is_shown_as_it_is)
{
	const char *unknown = "<%y> <%", *volatile null = NULL;
	char buffer[20];

	hv_snprintf(buffer, sizeof(buffer), unknown);
	ck_assert_str_eq(buffer, "<%y> <%");
	hv_snprintf(buffer, sizeof(buffer), "%s", null);
	ck_assert_str_eq(buffer, "(null)");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("printf");
	TCase *tests = tcase_create("printf");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, integers_agree_with_the_c_library);
	tcase_add_test(tests, long_and_size_arguments_have_their_own_width);
	tcase_add_test(tests, text_agrees_with_the_c_library);
	tcase_add_test(tests, string_need_not_end_within_its_precision);
	tcase_add_test(tests, output_is_cut_to_the_buffer_and_terminated);
	tcase_add_test(tests, unknown_conversion_is_shown_as_it_is);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
