/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hv/vm/console.c through a terminal made of two buffers: who gets what is typed, who is shown,
 * what a switch shows, and how much work one call does.
 */
#include "hv/vm/console.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake/fake.h"

static char screen[65536];
static size_t screen_length, largest_write;
static u8 typed[16384];
static size_t typed_first, typed_count;

static void terminal_write(void *opaque, const void *bytes, size_t size)
{
	(void)opaque;
	ck_assert_uint_lt(screen_length + size, sizeof(screen));
	memcpy(screen + screen_length, bytes, size);
	screen_length += size;
	screen[screen_length] = 0;
	largest_write = MAX(largest_write, size);
}

static size_t terminal_read(void *opaque, void *bytes, size_t size)
{
	size_t count = MIN(size, typed_count - typed_first);

	(void)opaque;
	memcpy(bytes, typed + typed_first, count);
	typed_first += count;
	return count;
}

static const struct char_dev terminal = { terminal_write, terminal_read, NULL, "test" };
static struct console console;
static struct console_port a, b;

static char monitor_got[256];
static u32 monitor_entered;

static void monitor_enter(void *opaque)
{
	ck_assert_ptr_eq(opaque, &monitor_entered);
	monitor_entered++;
}

static void monitor_input(void *opaque, const u8 *bytes, size_t size)
{
	(void)opaque;
	strncat(monitor_got, (const char *)bytes, size);
}

static void setup(void)
{
	struct console_monitor monitor = { monitor_enter, monitor_input, &monitor_entered };

	fake_reset();
	screen_length = 0;
	screen[0] = 0;
	typed_first = typed_count = 0;
	console_init(&console, &terminal, &fake_clock);
	console_set_monitor(&console, &monitor);
	console_add(&console, &a, "a");
	console_add(&console, &b, "b");
}

/* What is on the screen since the last call. */
static const char *shown(void)
{
	static char copy[sizeof(screen)];

	memcpy(copy, screen, screen_length + 1);
	screen_length = 0;
	screen[0] = 0;
	largest_write = 0;
	return copy;
}

static void put_typed(const char *text)
{
	size_t length = strlen(text);

	ck_assert(typed_count + length <= sizeof(typed));
	memcpy(typed + typed_count, text, length);
	typed_count += length;
}

static void poll_all(void)
{
	for (u32 i = 0; console_poll(&console); i++)
		ck_assert_uint_lt(i, 1000);
}

static void type(const char *text)
{
	put_typed(text);
	poll_all();
}

static void guest_prints(struct console_port *port, const char *text)
{
	console_output(port, text, strlen(text));
}

struct receiver {
	char got[16384];
	size_t count;
	size_t room; /* of the guest's device, for one delivery */
};

static size_t receive(void *opaque, const void *bytes, size_t size)
{
	struct receiver *r = opaque;
	size_t taken = MIN(size, r->room);

	memcpy(r->got + r->count, bytes, taken);
	r->count += taken;
	r->got[r->count] = 0;
	r->room -= taken;
	return taken;
}

/* What the guest has been given since the last call. */
static const char *guest_reads(struct console_port *port)
{
	static struct receiver r;

	r.count = 0;
	r.got[0] = 0;
	r.room = sizeof(r.got) - 1;
	console_deliver(port, receive, &r);
	return r.got;
}

START_TEST(typed_bytes_go_to_the_first_guest)
{
	type("hello\x01\xff\r");
	ck_assert_str_eq(guest_reads(&a), "hello\x01\xff\r");
	ck_assert_str_eq(guest_reads(&b), "");
	ck_assert_str_eq(shown(), "");
}
END_TEST

START_TEST(output_in_focus_is_shown_at_once_and_unchanged)
{
	char all[256];

	for (u32 i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	for (u32 i = 0; i < sizeof(all); i++)
		console_output(&a, &all[i], 1);
	ck_assert_uint_eq(screen_length, sizeof(all));
	ck_assert_mem_eq(screen, all, sizeof(all));
}
END_TEST

START_TEST(output_out_of_focus_waits_for_the_switch_and_is_shown_once)
{
	guest_prints(&a, "from a ");
	guest_prints(&b, "from b ");
	ck_assert_str_eq(shown(), "from a ");
	type("\x1dn");
	ck_assert_str_eq(shown(), "\r\n[b]\r\nfrom b ");
	guest_prints(&b, "more b");
	guest_prints(&a, "more a");
	ck_assert_str_eq(shown(), "more b");
	type("\x1dn");
	ck_assert_str_eq(shown(), "\r\n[a]\r\nmore a");
	type("\x1dn");
	ck_assert_str_eq(shown(), "\r\n[b]\r\n");
	type("x");
	ck_assert_str_eq(guest_reads(&b), "x");
	ck_assert_str_eq(guest_reads(&a), "");
}
END_TEST

START_TEST(escape_twice_sends_it_and_a_question_mark_helps)
{
	type("\x1d");
	type("\x1d");
	ck_assert_str_eq(guest_reads(&a), "\x1d");
	type("1\x1d?2");
	ck_assert_str_eq(guest_reads(&a), "12");
	ck_assert(strstr(shown(), "m  monitor"));
	type("\x1dz");
	ck_assert_str_eq(guest_reads(&a), "");
	ck_assert(strstr(shown(), "m  monitor"));
}
END_TEST

START_TEST(the_monitor_gets_the_keys_until_it_is_left)
{
	type("1\x1dm"
	     "23");
	ck_assert_uint_eq(monitor_entered, 1);
	ck_assert_str_eq(monitor_got, "23");
	ck_assert_str_eq(guest_reads(&a), "1");
	guest_prints(&a, "meanwhile");
	ck_assert_str_eq(shown(), "");
	ck_assert(console_leave_monitor(&console));
	poll_all();
	ck_assert_str_eq(shown(), "\r\n[a]\r\nmeanwhile");
	type("4");
	ck_assert_str_eq(guest_reads(&a), "4");
	type("\x1dm\x1dn");
	type("5");
	ck_assert_str_eq(guest_reads(&b), "5");
}
END_TEST

START_TEST(without_a_guest_the_monitor_gets_the_keys)
{
	console_remove(&a);
	console_remove(&b);
	type("k\x1dn\x1d\x1d");
	ck_assert_str_eq(monitor_got, "k\x1d");
	ck_assert(!console_leave_monitor(&console));
}
END_TEST

START_TEST(removing_the_guest_in_focus_moves_it_on)
{
	guest_prints(&a, "last words");
	console_remove(&a);
	ck_assert_str_eq(shown(), "last words\r\n[b]\r\n");
	type("x");
	ck_assert_str_eq(guest_reads(&b), "x");
	type("\x1dn");
	ck_assert_str_eq(shown(), "\r\n[b]\r\n");
}
END_TEST

START_TEST(a_switch_shows_a_long_backlog_in_pieces_and_in_order)
{
	static char text[CONSOLE_KEPT + 1];

	for (u32 i = 0; i < CONSOLE_KEPT; i++)
		text[i] = (char)('!' + i * 7 % 90);
	guest_prints(&b, text);
	put_typed("\x1dn");
	ck_assert(console_poll(&console));
	ck_assert_uint_le(largest_write, CONSOLE_PIECE);
	ck_assert_uint_le(screen_length, CONSOLE_PIECE + 16);
	guest_prints(&b, "behind");
	poll_all();
	ck_assert_uint_le(largest_write, CONSOLE_PIECE);
	ck_assert(strncmp(screen, "\r\n[b]\r\n", 7) == 0);
	ck_assert(strncmp(screen + 7, text, CONSOLE_KEPT) == 0);
	ck_assert_str_eq(screen + 7 + CONSOLE_KEPT, "behind");
}
END_TEST

START_TEST(what_no_longer_fits_is_counted)
{
	static char text[CONSOLE_KEPT + 101];

	memset(text, 'x', sizeof(text) - 1);
	memset(text + 100, 'y', CONSOLE_KEPT);
	guest_prints(&b, text);
	type("\x1dn");
	ck_assert(strncmp(screen, "\r\n[b, 100 bytes skipped]\r\n", 26) == 0);
	ck_assert_str_eq(screen + 26, text + 100);
	shown();
	type("\x1dn\x1dn");
	ck_assert_str_eq(shown(), "\r\n[a]\r\n\r\n[b]\r\n");
}
END_TEST

START_TEST(a_guest_that_prints_during_a_replay_loses_nothing)
{
	static char first[CONSOLE_KEPT + 1], second[3 * CONSOLE_KEPT + 1];

	memset(first, '1', CONSOLE_KEPT);
	memset(second, '2', 3 * CONSOLE_KEPT);
	guest_prints(&b, first);
	put_typed("\x1dn");
	console_poll(&console);
	guest_prints(&b, second);
	poll_all();
	ck_assert_uint_eq(screen_length, 7 + 4 * CONSOLE_KEPT);
	ck_assert(strncmp(screen + 7, first, CONSOLE_KEPT) == 0);
	ck_assert_str_eq(screen + 7 + CONSOLE_KEPT, second);
}
END_TEST

START_TEST(a_guest_that_prints_without_end_costs_the_others_nothing)
{
	static char text[4096];

	memset(text, 'b', sizeof(text));
	for (u32 i = 0; i < 1000; i++)
		console_output(&b, text, sizeof(text));
	ck_assert(!console_poll(&console));
	ck_assert_uint_eq(screen_length, 0);
	guest_prints(&a, "prompt");
	ck_assert_str_eq(shown(), "prompt");
}
END_TEST

START_TEST(a_long_paste_waits_in_the_terminal)
{
	static char text[3 * CONSOLE_TYPED + 1], got[3 * CONSOLE_TYPED + 1];
	struct receiver *r = calloc(1, sizeof(*r));

	for (u32 i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('!' + i * 11 % 90);
	put_typed(text);
	for (u32 i = 0; i < 10000 && strlen(got) < sizeof(text) - 1; i++) {
		console_poll(&console);
		fake_advance_ns(1000000);
		r->count = 0;
		r->room = 16;
		console_deliver(&a, receive, r);
		strcat(got, r->count ? r->got : "");
	}
	ck_assert_str_eq(got, text);
	ck_assert_str_eq(shown(), "");
	free(r);
}
END_TEST

START_TEST(the_escape_works_on_a_guest_that_reads_nothing)
{
	static char text[CONSOLE_TYPED + 11];

	memset(text, 't', sizeof(text) - 1);
	type(text);
	put_typed("\x1dm");
	ck_assert(!console_poll(&console));
	ck_assert_uint_eq(monitor_entered, 0);
	fake_advance_ns(CONSOLE_PATIENCE_NS - 1);
	console_poll(&console);
	ck_assert_uint_eq(monitor_entered, 0);
	ck_assert_str_eq(shown(), "");
	fake_advance_ns(1);
	console_poll(&console);
	ck_assert_uint_eq(monitor_entered, 1);
	ck_assert_str_eq(shown(), "\a\a\a\a\a\a\a\a\a\a");
	ck_assert_uint_eq(strlen(guest_reads(&a)), CONSOLE_TYPED);
}
END_TEST

START_TEST(flush_shows_the_rest_at_the_end)
{
	static char text[2001];

	memset(text, 'x', sizeof(text) - 1);
	guest_prints(&b, text);
	put_typed("\x1dn");
	console_poll(&console);
	console_flush(&console);
	ck_assert_str_eq(screen + 7, text);
}
END_TEST

START_TEST(hypervisor_text_gets_carriage_returns)
{
	console_print(&console, "\none\n\ntwo");
	ck_assert_str_eq(shown(), "\r\none\r\n\r\ntwo");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("console");
	TCase *tcase = tcase_create("console");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, typed_bytes_go_to_the_first_guest);
	tcase_add_test(tcase, output_in_focus_is_shown_at_once_and_unchanged);
	tcase_add_test(tcase, output_out_of_focus_waits_for_the_switch_and_is_shown_once);
	tcase_add_test(tcase, escape_twice_sends_it_and_a_question_mark_helps);
	tcase_add_test(tcase, the_monitor_gets_the_keys_until_it_is_left);
	tcase_add_test(tcase, without_a_guest_the_monitor_gets_the_keys);
	tcase_add_test(tcase, removing_the_guest_in_focus_moves_it_on);
	tcase_add_test(tcase, a_switch_shows_a_long_backlog_in_pieces_and_in_order);
	tcase_add_test(tcase, what_no_longer_fits_is_counted);
	tcase_add_test(tcase, a_guest_that_prints_during_a_replay_loses_nothing);
	tcase_add_test(tcase, a_guest_that_prints_without_end_costs_the_others_nothing);
	tcase_add_test(tcase, a_long_paste_waits_in_the_terminal);
	tcase_add_test(tcase, the_escape_works_on_a_guest_that_reads_nothing);
	tcase_add_test(tcase, flush_shows_the_rest_at_the_end);
	tcase_add_test(tcase, hypervisor_text_gets_carriage_returns);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
