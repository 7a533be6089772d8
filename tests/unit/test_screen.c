/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of drivers/screen.c on a display of 10 by 4 cells that checks what it is told. */
#include "drivers/screen.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 10
#define ROWS 4

static char shown[ROWS][COLUMNS];
static u32 cursor_column, cursor_row, draws;

static void draw(void *opaque, u32 column, u32 row, char c)
{
	(void)opaque;
	if (column >= COLUMNS || row >= ROWS)
		ck_abort_msg("drawn at %u, %u", column, row);
	shown[row][column] = c;
	draws++;
}

static void cursor(void *opaque, u32 column, u32 row)
{
	(void)opaque;
	cursor_column = column;
	cursor_row = row;
}

static const struct screen_display display = { COLUMNS, ROWS, draw, cursor, NULL };
static struct screen screen;

static void setup(void)
{
	memset(shown, '?', sizeof(shown));
	screen_init(&screen, &display);
}

static void type(const char *text)
{
	screen_write(&screen, text, strlen(text));
}

/* @rows: the first characters of each row, the rest blank. */
static void expect(const char *const rows[ROWS])
{
	for (u32 row = 0; row < ROWS; row++) {
		char wanted[COLUMNS];

		memset(wanted, ' ', COLUMNS);
		memcpy(wanted, rows[row], strlen(rows[row]));
		ck_assert_mem_eq(shown[row], wanted, COLUMNS);
	}
}
#define EXPECT(...) expect((const char *const[ROWS]){ __VA_ARGS__ })

START_TEST(starts_blank)
{
	EXPECT("", "", "", "");
	ck_assert_uint_eq(cursor_column + cursor_row, 0);
}
END_TEST

START_TEST(text_wraps_and_scrolls)
{
	type("0123456789abc\r\nd\r\ne\r\nf");
	EXPECT("abc", "d", "e", "f");
	ck_assert_uint_eq(cursor_column, 1);
	ck_assert_uint_eq(cursor_row, 3);
}
END_TEST

START_TEST(controls_move_the_cursor)
{
	type("abc\bX\tY\rZ");
	EXPECT("ZbX     Y", "", "", "");
	type("\f!");
	EXPECT("!", "", "", "");
}
END_TEST

START_TEST(escape_sequences_are_skipped_or_clear)
{
	type("a\033[31;1mb\033[0mc");
	EXPECT("abc", "", "", "");
	type("\r\033[K");
	EXPECT("", "", "", "");
	type("x\033[2Jy");
	EXPECT("y", "", "", "");
}
END_TEST

START_TEST(log_lines_end_with_a_carriage_return)
{
	screen.log_sink.write(screen.log_sink.opaque, "one\ntwo\n", 8);
	EXPECT("one", "two", "", "");
	ck_assert_uint_eq(cursor_column, 0);
}
END_TEST

START_TEST(only_changed_cells_are_drawn)
{
	type("aaaa\r\naaaa\r\naaaa\r\naaaa\r\n");
	draws = 0;
	type("aaaa\r\n");
	ck_assert_uint_eq(draws, 4 + 4);
}
END_TEST

START_TEST(garbage_stays_on_the_screen)
{
	srand(1);
	for (u32 i = 0; i < 100000; i++) {
		char c = (char)rand();

		screen_write(&screen, &c, 1);
		if (screen.column >= COLUMNS || screen.row >= ROWS)
			ck_abort_msg("cursor at %u, %u", screen.column, screen.row);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("screen");
	TCase *tests = tcase_create("screen");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, starts_blank);
	tcase_add_test(tests, text_wraps_and_scrolls);
	tcase_add_test(tests, controls_move_the_cursor);
	tcase_add_test(tests, escape_sequences_are_skipped_or_clear);
	tcase_add_test(tests, log_lines_end_with_a_carriage_return);
	tcase_add_test(tests, only_changed_cells_are_drawn);
	tcase_add_test(tests, garbage_stays_on_the_screen);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
