/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of drivers/keymap.c: what typing on a keyboard gives. */
#include "drivers/keymap.h"

#include <check.h>
#include <string.h>

static struct keymap keymap;

static void setup(void)
{
	memset(&keymap, 0, sizeof(keymap));
}

static void expect(const char *codes, size_t count, const char *text)
{
	char typed[100];
	u32 length = 0;

	for (size_t i = 0; i < count; i++)
		length += keymap_feed(&keymap, (u8)codes[i], typed + length);
	typed[length] = 0;
	ck_assert_str_eq(typed, text);
}
#define EXPECT(codes, text) expect(codes, sizeof(codes) - 1, text)

START_TEST(keys_type_once_when_pressed)
{
	EXPECT("\x23\xa3\x17\x97\x1c\x9c\x39\xb9\x0e\x8e", "hi\r \x7f");
}
END_TEST

START_TEST(shift_and_caps_lock_work_together)
{
	EXPECT("\x2a\x1e\x9e\x02\x82\xaa\x1e\x9e", "A!a");
	EXPECT("\x3a\xba\x1e\x9e\x02\x82\x36\x1e\x9e\xb6\x3a\xba\x1e\x9e", "A1aa");
}
END_TEST

START_TEST(control_and_alt_change_letters)
{
	EXPECT("\x1d\x2e\xae\x1b\x9b\x9d\x2e", "\x03\x1d" "c");
	EXPECT("\x38\x30\xb0\xb8\x30", "\033bb");
}
END_TEST

START_TEST(grey_keys_give_escape_sequences)
{
	EXPECT("\xe0\x48\xe0\xc8\xe0\x50\xe0\xd0", "\033[A\033[B");
	EXPECT("\xe0\x2a\xe0\x4b\xe0\xcb\xe0\xaa\x1e", "\033[Da");
	EXPECT("\xe0\x1c\xe0\x9c\xe0\x35\xe0\xb5", "\r/");
}
END_TEST

START_TEST(no_sequence_of_codes_types_more_than_its_share)
{
	char text[KEYMAP_TEXT_MAX];

	for (u32 i = 0; i < 200000; i++)
		if (keymap_feed(&keymap, (u8)(i * 2654435761u >> 13), text) > sizeof(text))
			ck_abort();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("keymap");
	TCase *tests = tcase_create("keymap");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, keys_type_once_when_pressed);
	tcase_add_test(tests, shift_and_caps_lock_work_together);
	tcase_add_test(tests, control_and_alt_change_letters);
	tcase_add_test(tests, grey_keys_give_escape_sequences);
	tcase_add_test(tests, no_sequence_of_codes_types_more_than_its_share);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
