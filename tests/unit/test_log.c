/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/core/log.c, included here under other names because the fake machine has a log. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "hv/core/log.h"
#include "hv/lib/err.h"

#undef HV_CORE_LOG_H
#define log_level our_log_level
#define LOG_ERROR OUR_ERROR
#define LOG_NOTICE OUR_NOTICE
#define LOG_INFO OUR_INFO
#define log_sink our_log_sink
#define log_print our_log_print
#define log_add_sink our_log_add_sink
#define log_set_level our_log_set_level
#define log_tail our_log_tail
#define err_report our_err_report
int our_err_report(int error, const char *file, int line);
#undef log_error
#undef log_notice
#undef log_info
#include "hv/core/log.c"

static char seen[100000];

static void capture(void *opaque, const char *text, size_t size)
{
	(void)opaque;
	ck_assert_uint_gt(size, 0);
	ck_assert_int_eq(text[size - 1], '\n');
	ck_assert_uint_lt(strlen(seen) + size, sizeof(seen));
	strncat(seen, text, size);
}

static struct log_sink sink = { capture, NULL, NULL };

START_TEST(lines_reach_every_sink_with_a_newline)
{
	static struct log_sink second = { capture, NULL, NULL };

	log_add_sink(&sink);
	log_add_sink(&second);
	log_notice("x=%d", 5);
	ck_assert_str_eq(seen, "x=5\nx=5\n");
}
END_TEST

START_TEST(late_sink_gets_what_was_said_before)
{
	log_notice("first");
	log_info("second");
	log_add_sink(&sink);
	ck_assert_str_eq(seen, "first\nsecond\n");
}
END_TEST

START_TEST(replay_of_a_full_ring_starts_with_a_whole_line)
{
	u32 first, count = 0;

	for (u32 i = 0; i < 2000; i++)
		log_notice("line %06u", i);
	log_add_sink(&sink);
	ck_assert_int_eq(sscanf(seen, "line %u", &first), 1);
	for (const char *line = seen; *line; line = strchr(line, '\n') + 1, count++) {
		u32 number;

		ck_assert_int_eq(sscanf(line, "line %u", &number), 1);
		ck_assert_uint_eq(number, first + count);
	}
	ck_assert_uint_eq(first + count, 2000);
	ck_assert_uint_gt(count, 1000);
}
END_TEST

START_TEST(long_message_is_cut_and_still_one_line)
{
	char text[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	log_add_sink(&sink);
	log_notice("%s", text);
	ck_assert_uint_eq(strlen(seen), 256);
	ck_assert_int_eq(seen[255], '\n');
}
END_TEST

START_TEST(messages_above_the_level_are_dropped)
{
	log_add_sink(&sink);
	log_set_level(LOG_ERROR);
	log_notice("no");
	log_error("yes");
	ck_assert_str_eq(seen, "error: yes\n");
}
END_TEST

START_TEST(reported_error_names_its_birthplace)
{
	log_add_sink(&sink);
	ck_assert_int_eq(err_report(-ENOMEM, "file.c", 7), -ENOMEM);
	ck_assert_str_eq(seen, "error: file.c:7: error -12\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tests = tcase_create("log");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, lines_reach_every_sink_with_a_newline);
	tcase_add_test(tests, late_sink_gets_what_was_said_before);
	tcase_add_test(tests, replay_of_a_full_ring_starts_with_a_whole_line);
	tcase_add_test(tests, long_message_is_cut_and_still_one_line);
	tcase_add_test(tests, messages_above_the_level_are_dropped);
	tcase_add_test(tests, reported_error_names_its_birthplace);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
