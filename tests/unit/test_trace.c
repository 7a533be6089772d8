/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/core/trace.c and hv/core/stats.c. */
#include "hv/core/trace.h"

#include <check.h>
#include <string.h>

#include "hv/core/stats.h"
#include "tests/fake/fake.h"

static char lines[4096];

static void setup(void)
{
	fake_reset();
	lines[0] = 0;
}

static void collect(void *opaque, const char *text)
{
	(void)opaque;
	strcat(lines, text);
	strcat(lines, "\n");
}

START_TEST(newest_events_come_as_text_with_their_time)
{
	trace_mask = TRACE_MMU;
	for (u32 i = 0; i < 3000; i++) {
		fake_advance_ns(1000000);
		trace(TRACE_MMU, "fault at %#x, %u", i, 7);
	}
	trace_tail(2, collect, NULL);
	ck_assert_str_eq(lines, "2.999000000 fault at 0xbb6, 7\n3.000000000 fault at 0xbb7, 7\n");
}
END_TEST

START_TEST(more_than_there_is_gives_all_there_is)
{
	trace_mask = ~0u;
	trace(TRACE_DEV, "only %s", 0);
	trace_tail(0, collect, NULL);
	ck_assert_str_eq(lines, "");
}
END_TEST

START_TEST(masked_class_is_not_recorded)
{
	trace_mask = TRACE_VMI;
	trace(TRACE_MMU, "no");
	trace_tail(10, collect, NULL);
	ck_assert_str_eq(lines, "");
}
END_TEST

START_TEST(masks_are_named)
{
	u32 mask;

	ck_assert(trace_parse_mask("mmu,vmi", &mask));
	ck_assert_uint_eq(mask, TRACE_MMU | TRACE_VMI);
	ck_assert(trace_parse_mask("", &mask));
	ck_assert_uint_eq(mask, 0);
	ck_assert(trace_parse_mask("all", &mask));
	ck_assert_uint_eq(mask, ~0u);
	ck_assert(!trace_parse_mask("mm", &mask));
	ck_assert(!trace_parse_mask("mmu,vmix", &mask));
}
END_TEST

START_TEST(counters_that_moved_are_logged)
{
	stat_inc(nmi_count);
	stat_add(host_irqs, 5000000000);
	stats_log();
	ck_assert_ptr_nonnull(strstr(fake_log(), "nmi_count=1 "));
	ck_assert_ptr_nonnull(strstr(fake_log(), "host_irqs=5000000000 "));
	ck_assert_ptr_null(strstr(fake_log(), "spurious"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace");
	TCase *tests = tcase_create("trace");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, newest_events_come_as_text_with_their_time);
	tcase_add_test(tests, more_than_there_is_gives_all_there_is);
	tcase_add_test(tests, masked_class_is_not_recorded);
	tcase_add_test(tests, masks_are_named);
	tcase_add_test(tests, counters_that_moved_are_logged);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
