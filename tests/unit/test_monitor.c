/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hv/vm/monitor.c and line_edit.c: what each command says and which operation it calls, with two
 * made-up VMs, and the line editor as a user meets it, through the console.
 */
#include "hv/vm/monitor.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hv/core/stats.h"
#include "hv/core/trace.h"
#include "hv/vm/console.h"
#include "tests/fake/fake.h"

static char screen[65536];
static size_t screen_length;
static char typed[4096];
static size_t typed_first, typed_count;

static void terminal_write(void *opaque, const void *bytes, size_t size)
{
	(void)opaque;
	ck_assert_uint_lt(screen_length + size, sizeof(screen));
	memcpy(screen + screen_length, bytes, size);
	screen_length += size;
	screen[screen_length] = 0;
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
static struct console_port port;
static struct monitor monitor;

/* ---- two VMs ------------------------------------------------------------------------------ */

static u32 vm_count;
static const char *state[2];
static char done[256];

static u32 op_vm_count(void *opaque)
{
	ck_assert_ptr_eq(opaque, &vm_count);
	return vm_count;
}

static void op_vm_info(void *opaque, u32 vm, struct monitor_vm *info)
{
	static const struct monitor_vm vms[2] = {
		{ "linux", NULL, 256 * MIB, 3 * MIB },
		{ "plain", NULL, 64 * MIB, 100 * KIB },
	};

	(void)opaque;
	ck_assert_uint_lt(vm, vm_count);
	*info = vms[vm];
	info->state = state[vm];
}

static void op_registers(void *opaque, u32 vm, monitor_line_fn *line, void *line_opaque)
{
	(void)opaque;
	line(line_opaque, vm ? "eax of plain" : "eax of linux");
}

static void op_counters(void *opaque, u32 vm, monitor_line_fn *line, void *line_opaque)
{
	(void)opaque;
	line(line_opaque, vm ? "exits of plain" : "exits of linux");
}

static void op_translation(void *opaque, u32 vm, const u32 *eip, monitor_line_fn *line,
			   void *line_opaque)
{
	char text[64];

	(void)opaque;
	snprintf(text, sizeof(text), "%s of %u: %x", eip ? "code" : "statistics", vm, eip ? *eip : 0);
	line(line_opaque, text);
}

static void op_host_memory(void *opaque, u64 *total_bytes, u64 *free_bytes)
{
	(void)opaque;
	*total_bytes = 512 * MIB;
	*free_bytes = 100 * MIB;
}

static void op_log_tail(void *opaque, u32 count, monitor_line_fn *line, void *line_opaque)
{
	char text[32];

	(void)opaque;
	snprintf(text, sizeof(text), "last %u messages", count);
	line(line_opaque, text);
}

static const char *op_profile(void *opaque, u32 vm, bool on)
{
	(void)opaque;
	snprintf(done, sizeof(done), "profile %u %s", vm, on ? "on" : "off");
	return vm ? NULL : "refused";
}

static const char *op_profile_print(void *opaque, u32 vm, u32 limit, monitor_line_fn *line,
				    void *line_opaque)
{
	char text[32];

	(void)opaque;
	snprintf(text, sizeof(text), "%u places of %u", limit, vm);
	line(line_opaque, text);
	return NULL;
}

static const char *op_stop(void *opaque, u32 vm)
{
	(void)opaque;
	if (strcmp(state[vm], "running") != 0)
		return "it does not run";
	state[vm] = "stopped";
	return NULL;
}

static const char *op_resume(void *opaque, u32 vm)
{
	(void)opaque;
	state[vm] = "running";
	return NULL;
}

static const char *op_reset(void *opaque, u32 vm)
{
	(void)opaque;
	snprintf(done, sizeof(done), "reset %u", vm);
	return NULL;
}

static void op_power_off(void *opaque)
{
	(void)opaque;
	snprintf(done, sizeof(done), "power off");
}

static const struct monitor_ops ops = {
	op_vm_count, op_vm_info, op_registers, op_counters, op_translation, op_host_memory,
	op_log_tail, op_profile, op_profile_print, op_stop, op_resume, op_reset, op_power_off,
};

static void setup(void)
{
	fake_reset();
	vm_count = 2;
	state[0] = state[1] = "running";
	console_init(&console, &terminal, &fake_clock);
	monitor_init(&monitor, &console, &ops, &vm_count);
	console_add(&console, &port, "plain");
	console_enter_monitor(&console);
	screen_length = 0;
	screen[0] = 0;
}

static const char *shown(void)
{
	static char copy[sizeof(screen)];

	memcpy(copy, screen, screen_length + 1);
	screen_length = 0;
	screen[0] = 0;
	return copy;
}

static void type(const char *text)
{
	typed_first = 0;
	typed_count = strlen(text);
	memcpy(typed, text, typed_count);
	while (console_poll(&console))
		;
}

static const char *answer(const char *line)
{
	monitor_execute(&monitor, line);
	return shown();
}

/* ---- tests -------------------------------------------------------------------------------- */

START_TEST(help_names_every_command)
{
	static const char *const names[] = { "help ",	"vms ",	  "stats ", "mem ",
					     "log ",	"trace ", "profile ", "regs ",  "bt ", "stop ",
					     "resume ", "reset ", "quit ",  "poweroff " };
	const char *text = answer("help");

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		ck_assert(strstr(text, names[i]));
}
END_TEST

START_TEST(vms_and_mem_show_each_vm)
{
	ck_assert_str_eq(answer("vms"), "linux               256M  running\r\n"
					"plain                64M  running\r\n");
	ck_assert_str_eq(answer("mem"), "host: 524288K, free 102400K\r\n"
					"linux: guest 262144K, kept for it 3072K\r\n"
					"plain: guest 65536K, kept for it 100K\r\n");
	vm_count = 0;
	ck_assert_str_eq(answer("vms"), "no VMs\r\n");
}
END_TEST

START_TEST(a_vm_is_the_one_named_or_the_one_in_focus)
{
	ck_assert_str_eq(answer("regs"), "eax of plain\r\n");
	ck_assert_str_eq(answer("regs linux"), "eax of linux\r\n");
	ck_assert_str_eq(answer("regs nobody"), "no VM 'nobody'; see vms\r\n");
	console_remove(&port);
	ck_assert_str_eq(answer("regs"), "which VM? see vms\r\n");
	vm_count = 1;
	ck_assert_str_eq(answer("regs"), "eax of linux\r\n");
	vm_count = 0;
	ck_assert_str_eq(answer("regs"), "which VM? see vms\r\n");
}
END_TEST

START_TEST(bt_takes_a_vm_and_an_address_or_one_of_them_or_none)
{
	ck_assert_str_eq(answer("bt"), "statistics of 1: 0\r\n");
	ck_assert_str_eq(answer("bt linux"), "statistics of 0: 0\r\n");
	ck_assert_str_eq(answer("bt c0101aBF"), "code of 1: c0101abf\r\n");
	ck_assert_str_eq(answer("bt linux 0xffffffff"), "code of 0: ffffffff\r\n");
	ck_assert_str_eq(answer("bt linux 0"), "code of 0: 0\r\n");
	ck_assert_str_eq(answer("bt linux 100000000"), "'100000000' is no VM and no address\r\n");
	ck_assert_str_eq(answer("bt 0x"), "'0x' is no VM and no address\r\n");
	ck_assert_str_eq(answer("bt 12g"), "'12g' is no VM and no address\r\n");
	ck_assert_str_eq(answer("bt nobody 10"), "no VM 'nobody'; see vms\r\n");
	ck_assert_str_eq(answer("bt linux 1 2"), "usage: bt [VM] [EIP]\r\n");
	console_remove(&port);
	ck_assert_str_eq(answer("bt 10"), "which VM? see vms\r\n");
}
END_TEST

START_TEST(stats_show_host_and_vm)
{
	stats.host_irqs = 12345678901ull;
	ck_assert_str_eq(answer("stats"), " 12345678901  host_irqs          hardware interrupts\r\n"
					  "exits of plain\r\n");
	ck_assert_str_eq(answer("stats linux"), "exits of linux\r\n");
	stats.host_irqs = 0;
	vm_count = 0;
	ck_assert_str_eq(answer("stats"), "");
}
END_TEST

START_TEST(log_takes_a_number_of_lines)
{
	ck_assert_str_eq(answer("log"), "last 20 messages\r\n");
	ck_assert_str_eq(answer("log 5"), "last 5 messages\r\n");
	ck_assert_str_eq(answer("log 99999999999999999999"),
			 "'99999999999999999999' is no number of lines\r\n");
	ck_assert_str_eq(answer("log x"), "'x' is no number of lines\r\n");
	ck_assert_str_eq(answer("log 1 2"), "usage: log [N]\r\n");
}
END_TEST

START_TEST(trace_sets_and_shows)
{
	trace_mask = TRACE_HOST;
	ck_assert_str_eq(answer("trace"), "trace mask 01\r\n");
	ck_assert_str_eq(answer("trace mmu,vmi"), "trace mask 0c\r\n");
	ck_assert_uint_eq(trace_mask, TRACE_MMU | TRACE_VMI);
	ck_assert(strstr(answer("trace foo"), "unknown class in 'foo'"));
	ck_assert_uint_eq(trace_mask, TRACE_MMU | TRACE_VMI);
	ck_assert_str_eq(answer("trace mmu vmi"),
			 "trace takes 'show' with a number, or one list\r\n");
	ck_assert_str_eq(answer("trace show"), "");
	trace(TRACE_MMU, "event %u", 1);
	trace(TRACE_MMU, "event %u", 2);
	ck_assert_str_eq(answer("trace show 1"), "0.000000000 event 2\r\n");
	ck_assert_str_eq(answer("trace none"), "trace mask 00\r\n");
}
END_TEST

START_TEST(profile_is_of_the_vm_in_focus)
{
	ck_assert_str_eq(answer("profile on"), "");
	ck_assert_str_eq(done, "profile 1 on");
	ck_assert_str_eq(answer("profile off"), "");
	ck_assert_str_eq(done, "profile 1 off");
	ck_assert_str_eq(answer("profile"), "20 places of 1\r\n");
	ck_assert_str_eq(answer("profile show 7"), "7 places of 1\r\n");
	ck_assert_str_eq(answer("profile show x"), "'x' is no number of lines\r\n");
	ck_assert_str_eq(answer("profile on 3"),
			 "profile takes on, off, or 'show' with a number\r\n");
	ck_assert_str_eq(answer("profile linux"),
			 "profile takes on, off, or 'show' with a number\r\n");
	console_remove(&port);
	vm_count = 1;
	ck_assert_str_eq(answer("profile on"), "refused\r\n");
}
END_TEST

START_TEST(stop_resume_and_reset_tell_the_new_state)
{
	ck_assert_str_eq(answer("stop linux"), "linux: stopped\r\n");
	ck_assert_str_eq(answer("stop linux"), "linux: it does not run\r\n");
	ck_assert_str_eq(answer("resume linux"), "linux: running\r\n");
	ck_assert_str_eq(answer("reset"), "plain: running\r\n");
	ck_assert_str_eq(done, "reset 1");
	ck_assert_str_eq(answer("poweroff"), "");
	ck_assert_str_eq(done, "power off");
}
END_TEST

START_TEST(blanks_and_empty_lines_are_harmless_and_the_unknown_is_said)
{
	ck_assert_str_eq(answer(""), "");
	ck_assert_str_eq(answer("    "), "");
	ck_assert_str_eq(answer("  regs   linux  "), "eax of linux\r\n");
	ck_assert_str_eq(answer("regs a b c d e f g h"), "usage: regs [VM]\r\n");
	ck_assert_str_eq(answer("frobnicate"), "unknown command 'frobnicate'; try help\r\n");
}
END_TEST

START_TEST(typing_is_echoed_and_enter_executes)
{
	type("vmx\bs\r\n");
	ck_assert(strncmp(screen, "vmx\b \bs\r\nlinux ", 15) == 0);
	ck_assert(strstr(shown(), "romulus> "));
	type("\r");
	ck_assert_str_eq(shown(), "\r\nromulus> ");
	type("\n");
	ck_assert_str_eq(shown(), ""); /* the other half of CR LF */
	type("\n");
	ck_assert_str_eq(shown(), "\r\nromulus> ");
}
END_TEST

START_TEST(control_keys_edit)
{
	type("abc\x15regs\r");
	ck_assert_str_eq(shown(), "abc\b \b\b \b\b \bregs\r\neax of plain\r\nromulus> ");
	type("abc\x03");
	ck_assert_str_eq(shown(), "abc\r\nromulus> ");
	type("\b\x7f\x15\x01\xff\x1b[3~\x1bOP\x1b[15~ \b");
	ck_assert_str_eq(shown(), " \b \b");
	type("a\x04");
	ck_assert_str_eq(shown(), "a");
}
END_TEST

START_TEST(up_and_down_find_earlier_lines)
{
	char line[8];

	for (u32 i = 0; i < LINE_EDIT_HISTORY + 3; i++) {
		snprintf(line, sizeof(line), "c%u\r", i);
		type(line);
	}
	shown();
	type("\x1b[A");
	ck_assert_str_eq(shown(), "c10");
	type("\x1b[A");
	ck_assert_str_eq(shown(), "\b \b\b \b\b \bc9");
	for (u32 i = 0; i < 20; i++)
		type("\x1b[A");
	ck_assert(strcmp(screen + screen_length - 2, "c3") == 0);
	shown();
	type("\x1b[B");
	ck_assert_str_eq(shown(), "\b \b\b \bc4");
	for (u32 i = 0; i < 20; i++)
		type("\x1bOB");
	shown();
	type("\r");
	ck_assert_str_eq(shown(), "\r\nromulus> ");
}
END_TEST

START_TEST(quit_and_ctrl_d_lead_back_to_the_guest)
{
	type("quit\r");
	ck_assert_str_eq(shown(), "quit\r\n\r\n[plain]\r\n");
	ck_assert(!console.in_monitor);
	type("\x1dm");
	ck_assert_str_eq(shown(),
			 "\r\nRomulus monitor; help lists the commands, quit goes back.\r\n"
			 "romulus> ");
	type("\x04");
	ck_assert_str_eq(shown(), "\r\n[plain]\r\n");
	type("\x1dm");
	console_remove(&port);
	shown();
	type("quit\r");
	ck_assert_str_eq(shown(), "quit\r\nno guest has a console here\r\nromulus> ");
}
END_TEST

START_TEST(a_line_has_a_limit)
{
	char text[400];

	memset(text, 'x', sizeof(text));
	text[399] = 0;
	type(text);
	ck_assert_uint_eq(screen_length, LINE_EDIT_MAX);
	shown();
	type("\r");
	ck_assert(strstr(shown(), "unknown command 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"));
	monitor_execute(&monitor, text);
	ck_assert(strstr(shown(), "unknown command"));
}
END_TEST

START_TEST(random_keys_do_no_harm)
{
	static const char keys[] = "abchelpvms \r\n\b\x7f\x15\x03\x1b[OAB0;~trace show";
	u32 seed = getenv("SEED") ? (u32)strtoul(getenv("SEED"), NULL, 0) : (u32)time(NULL);
	char text[2] = { 0 };

	printf("test_monitor: SEED=%u\n", seed);
	for (u32 i = 0; i < 50000; i++) {
		seed = seed * 1664525u + 1013904223u;
		text[0] = keys[(seed >> 8) % (sizeof(keys) - 1)];
		type(text);
		ck_assert_uint_le(monitor.edit.length, LINE_EDIT_MAX);
		shown();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("monitor");
	TCase *tcase = tcase_create("monitor");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, help_names_every_command);
	tcase_add_test(tcase, vms_and_mem_show_each_vm);
	tcase_add_test(tcase, a_vm_is_the_one_named_or_the_one_in_focus);
	tcase_add_test(tcase, bt_takes_a_vm_and_an_address_or_one_of_them_or_none);
	tcase_add_test(tcase, stats_show_host_and_vm);
	tcase_add_test(tcase, log_takes_a_number_of_lines);
	tcase_add_test(tcase, trace_sets_and_shows);
	tcase_add_test(tcase, profile_is_of_the_vm_in_focus);
	tcase_add_test(tcase, stop_resume_and_reset_tell_the_new_state);
	tcase_add_test(tcase, blanks_and_empty_lines_are_harmless_and_the_unknown_is_said);
	tcase_add_test(tcase, typing_is_echoed_and_enter_executes);
	tcase_add_test(tcase, control_keys_edit);
	tcase_add_test(tcase, up_and_down_find_earlier_lines);
	tcase_add_test(tcase, quit_and_ctrl_d_lead_back_to_the_guest);
	tcase_add_test(tcase, a_line_has_a_limit);
	tcase_add_test(tcase, random_keys_do_no_harm);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
