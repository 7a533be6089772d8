/* SPDX-License-Identifier: GPL-2.0 */
/* arch/x86/x86_profile.c: what is counted together, the order of the lines, a table that is full. */
#include "arch/x86/x86_profile.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake/fake.h"

static struct x86_profile *profile;
static char text[1 << 20];

static void add_line(void *opaque, const char *line)
{
	(void)opaque;
	ck_assert_uint_lt(strlen(text) + strlen(line) + 2, sizeof(text));
	strcat(strcat(text, line), "\n");
}

static const char *shown(u32 limit)
{
	text[0] = 0;
	x86_profile_print(profile, limit, add_line, NULL);
	return text;
}

static void setup(void)
{
	fake_reset();
	profile = x86_profile_create();
	ck_assert_ptr_nonnull(profile);
}

static void teardown(void)
{
	x86_profile_destroy(profile);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

START_TEST(an_empty_profile_says_so)
{
	ck_assert_str_eq(shown(10), "profile: 0 not shown, of 0; 0 were forgotten\n");
	ck_assert_uint_eq(x86_profile_adds(profile), 0);
}
END_TEST

START_TEST(places_and_kinds_are_counted_apart_and_shown_by_count)
{
	for (u32 i = 0; i < 3; i++)
		x86_profile_add(profile, 0xc0001000, EMULATE_GP, 1);
	x86_profile_add(profile, 0xc0001000, PROFILE_MISS, 1);
	x86_profile_add(profile, 0xc0002000, EMULATE_BEFORE_INIT, 1000);
	x86_profile_add(profile, 0x08048000, PROFILE_VECTOR + 0xe, 2);
	x86_profile_add(profile, 0x08048000, PROFILE_GUEST + 0xe, 4);
	ck_assert_uint_eq(x86_profile_adds(profile), 7);
	ck_assert_str_eq(shown(4),
			 "profile: 1000 c0002000 interpreted: before VMI_Init, or VMI off\n"
			 "profile: 4 08048000 exception 0xe of the guest\n"
			 "profile: 3 c0001000 emulated: #GP\n"
			 "profile: 2 08048000 exit by vector 0xe\n"
			 "profile: 1 not shown, of 1010; 0 were forgotten\n");
	ck_assert(strstr(shown(10), "profile: 1 c0001000 indirect branch not in the tables\n"
				    "profile: 0 not shown, of 1010; 0 were forgotten\n"));
}
END_TEST

START_TEST(equal_counts_are_each_shown_once)
{
	char line[64];

	for (u32 i = 0; i < 100; i++)
		x86_profile_add(profile, 0x1000 + i, PROFILE_LINK, 5);
	shown(1000);
	for (u32 i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "profile: 5 %08x branch linked\n", 0x1000 + i);
		ck_assert_ptr_nonnull(strstr(text, line));
		ck_assert_ptr_null(strstr(strstr(text, line) + 1, line));
	}
}
END_TEST

START_TEST(a_full_table_keeps_what_is_frequent_and_the_total)
{
	u32 shown_count = 0;
	unsigned long long rest, total, lost;
	const char *last;

	for (u32 i = 0; i < 40000; i++) {
		x86_profile_add(profile, i * 16, EMULATE_CALLOUT, 1);
		if (i % 100 == 0)
			x86_profile_add(profile, 0xc0000001, EMULATE_GP, 1);
	}
	shown(40000);
	ck_assert(strncmp(text, "profile: 400 c0000001 emulated: #GP\n", 36) == 0);
	for (const char *at = text; (at = strstr(at, "call-outs")); at++)
		shown_count++;
	text[strlen(text) - 1] = 0;
	last = strrchr(text, '\n') + 1;
	ck_assert_int_eq(sscanf(last, "profile: %llu not shown, of %llu; %llu were", &rest, &total,
				&lost),
			 3);
	ck_assert_uint_eq(total, 40400);
	ck_assert_uint_eq(lost, total - 400 - shown_count);
	ck_assert_uint_eq(rest, lost);
	ck_assert_uint_gt(shown_count, 5000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *tcase = tcase_create("profile");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, an_empty_profile_says_so);
	tcase_add_test(tcase, places_and_kinds_are_counted_apart_and_shown_by_count);
	tcase_add_test(tcase, equal_counts_are_each_shown_once);
	tcase_add_test(tcase, a_full_table_keeps_what_is_frequent_and_the_total);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
