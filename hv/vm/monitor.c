/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The monitor in three layers: the line editor gets bytes, execute() splits a line into words and
 * finds the command in a table, and a command prints and calls operations.  Everything is done
 * within the call that brought the byte; the longest answer is that of "log" and "trace show",
 * whose sources are bounded rings.
 */
#include "hv/vm/monitor.h"

#include <stdarg.h>

#include "hv/core/stats.h"
#include "hv/core/trace.h"
#include "hv/lib/printf.h"
#include "hv/lib/string.h"
#include "hv/vm/console.h"

#define PROMPT "romulus> "
#define WORDS_MAX 4
#define DEFAULT_LINES 20
#define LINES_MAX 1000

struct command {
	const char *name;
	const char *args;
	const char *help;
	u32 args_max;
	void (*run)(struct monitor *m, u32 argc, char **argv);
};

static void PRINTF_LIKE(2, 3) print(struct monitor *m, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	hv_vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	console_print(m->console, text);
}

static void print_line(void *opaque, const char *text)
{
	struct monitor *m = opaque;

	console_print(m->console, text);
	console_print(m->console, "\n");
}

/* ---- arguments ---------------------------------------------------------------------------- */

/* The number of the VM called @name; vm_count if there is none. */
static u32 vm_named(struct monitor *m, const char *name)
{
	u32 vm, count = m->ops->vm_count(m->opaque);
	struct monitor_vm info;

	for (vm = 0; vm < count; vm++) {
		m->ops->vm_info(m->opaque, vm, &info);
		if (strcmp(info.name, name) == 0)
			break;
	}
	return vm;
}

/* The VM called @name; without a name the one whose console had the focus, or the only one. */
static bool find_vm(struct monitor *m, const char *name, u32 *vm)
{
	u32 count = m->ops->vm_count(m->opaque);

	if (!name && m->console->focus)
		name = m->console->focus->name;
	*vm = name ? vm_named(m, name) : 0;
	if (name ? *vm < count : count == 1)
		return true;
	if (name)
		print(m, "no VM '%.40s'; see vms\n", name);
	else
		print(m, "which VM? see vms\n");
	return false;
}

static bool parse_count(struct monitor *m, const char *text, u32 *count)
{
	u32 value = 0;

	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9' || value > LINES_MAX) {
			print(m, "'%.40s' is no number of lines\n", text);
			return false;
		}
		value = value * 10 + (u32)(*c - '0');
	}
	*count = MIN(value, (u32)LINES_MAX);
	return true;
}

/* Hexadecimal, with or without 0x. */
static bool parse_address(struct monitor *m, const char *text, u32 *address)
{
	const char *c = text[0] == '0' && (text[1] | 0x20) == 'x' ? text + 2 : text;
	u32 digits = 0;

	for (*address = 0; *c && digits <= 8; c++, digits++) {
		u32 letter = ((u32)*c | 0x20) - 'a';

		if (*c >= '0' && *c <= '9')
			*address = *address << 4 | (u32)(*c - '0');
		else if (letter < 6)
			*address = *address << 4 | (letter + 10);
		else
			break;
	}
	if (!*c && digits && digits <= 8)
		return true;
	print(m, "'%.40s' is no VM and no address\n", text);
	return false;
}

/* ---- commands ----------------------------------------------------------------------------- */

static void show_vms(struct monitor *m, u32 argc, char **argv)
{
	u32 count = m->ops->vm_count(m->opaque);
	struct monitor_vm info;

	(void)argc;
	(void)argv;
	if (!count)
		print(m, "no VMs\n");
	for (u32 vm = 0; vm < count; vm++) {
		m->ops->vm_info(m->opaque, vm, &info);
		print(m, "%-16s %6uM  %s\n", info.name, (u32)(info.memory_bytes / MIB), info.state);
	}
}

static void print_counter(void *opaque, const char *name, const char *text, u64 value)
{
	print(opaque, "%12llu  %-18s %s\n", (unsigned long long)value, name, text);
}

static void show_stats(struct monitor *m, u32 argc, char **argv)
{
	u32 vm;

	if (argc < 2)
		stats_for_each(print_counter, m);
	if (argc < 2 && !m->ops->vm_count(m->opaque))
		return;
	if (find_vm(m, argv[1], &vm))
		m->ops->counters(m->opaque, vm, print_line, m);
}

static void show_memory(struct monitor *m, u32 argc, char **argv)
{
	u32 count = m->ops->vm_count(m->opaque);
	u64 total, free;
	struct monitor_vm info;

	(void)argc;
	(void)argv;
	m->ops->host_memory(m->opaque, &total, &free);
	print(m, "host: %uK, free %uK\n", (u32)(total / KIB), (u32)(free / KIB));
	for (u32 vm = 0; vm < count; vm++) {
		m->ops->vm_info(m->opaque, vm, &info);
		print(m, "%s: guest %uK, kept for it %uK\n", info.name,
		      (u32)(info.memory_bytes / KIB), (u32)(info.kept_bytes / KIB));
	}
}

static void show_log(struct monitor *m, u32 argc, char **argv)
{
	u32 count = DEFAULT_LINES;

	if (argc < 2 || parse_count(m, argv[1], &count))
		m->ops->log_tail(m->opaque, count, print_line, m);
}

static void show_trace(struct monitor *m, u32 argc, char **argv)
{
	u32 count = DEFAULT_LINES, mask = 0;

	if (argc >= 2 && strcmp(argv[1], "show") == 0) {
		if (argc < 3 || parse_count(m, argv[2], &count))
			trace_tail(count, print_line, m);
		return;
	}
	if (argc == 3) {
		print(m, "trace takes 'show' with a number, or one list\n");
		return;
	}
	if (argc == 2 && strcmp(argv[1], "none") != 0 && !trace_parse_mask(argv[1], &mask)) {
		print(m,
		      "unknown class in '%.40s'; expected all, none, or a list of host, exit, mmu, "
		      "vmi, irq, dev, interp, bt\n",
		      argv[1]);
		return;
	}
	if (argc == 2)
		trace_mask = mask;
	print(m, "trace mask %02x\n", trace_mask);
}

/* "profile on", "off", "show [N]"; for the VM in focus. */
static void profile(struct monitor *m, u32 argc, char **argv)
{
	u32 vm, count = DEFAULT_LINES;
	const char *what = argc < 2 ? "show" : argv[1], *refusal;
	bool show = strcmp(what, "show") == 0, on = strcmp(what, "on") == 0;

	if ((!show && !on && strcmp(what, "off") != 0) || (!show && argc > 2)) {
		print(m, "profile takes on, off, or 'show' with a number\n");
		return;
	}
	if ((argc > 2 && !parse_count(m, argv[2], &count)) || !find_vm(m, NULL, &vm))
		return;
	refusal = show ? m->ops->profile_print(m->opaque, vm, count, print_line, m)
		       : m->ops->profile(m->opaque, vm, on);
	if (refusal)
		print(m, "%s\n", refusal);
}

static void show_registers(struct monitor *m, u32 argc, char **argv)
{
	u32 vm;

	(void)argc;
	if (find_vm(m, argv[1], &vm))
		m->ops->registers(m->opaque, vm, print_line, m);
}

static void show_translation(struct monitor *m, u32 argc, char **argv)
{
	const char *name = argc == 3 ? argv[1] : NULL;
	u32 eip, vm;

	if (argc == 2 && vm_named(m, argv[1]) < m->ops->vm_count(m->opaque))
		name = argv[argc = 1];
	if (argc > 1 && !parse_address(m, argv[argc - 1], &eip))
		return;
	if (find_vm(m, name, &vm))
		m->ops->translation(m->opaque, vm, argc > 1 ? &eip : NULL, print_line, m);
}

static void change_state(struct monitor *m, const char *name,
			 const char *(*operation)(void *opaque, u32 vm))
{
	struct monitor_vm info;
	const char *refusal;
	u32 vm;

	if (!find_vm(m, name, &vm))
		return;
	refusal = operation(m->opaque, vm);
	m->ops->vm_info(m->opaque, vm, &info);
	if (refusal)
		print(m, "%s: %s\n", info.name, refusal);
	else
		print(m, "%s: %s\n", info.name, info.state);
}

static void stop_vm(struct monitor *m, u32 argc, char **argv)
{
	(void)argc;
	change_state(m, argv[1], m->ops->stop);
}

static void resume_vm(struct monitor *m, u32 argc, char **argv)
{
	(void)argc;
	change_state(m, argv[1], m->ops->resume);
}

static void reset_vm(struct monitor *m, u32 argc, char **argv)
{
	(void)argc;
	change_state(m, argv[1], m->ops->reset);
}

static void quit(struct monitor *m, u32 argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!console_leave_monitor(m->console))
		print(m, "no guest has a console here\n");
}

static void power_off(struct monitor *m, u32 argc, char **argv)
{
	(void)argc;
	(void)argv;
	m->ops->power_off(m->opaque);
}

static void show_help(struct monitor *m, u32 argc, char **argv);

/* clang-format off */
static const struct command commands[] = {
	{ "help", "", "this list", 0, show_help },
	{ "vms", "", "the virtual machines and what they do", 0, show_vms },
	{ "stats", "[VM]", "counters, of the host and a VM", 1, show_stats },
	{ "mem", "", "memory of the host, of each VM and kept for it", 0, show_memory },
	{ "log", "[N]", "the last N messages (20)", 1, show_log },
	{ "trace", "[LIST | show [N]]", "set or show the trace mask, or the last N events", 2, show_trace },
	{ "profile", "[on|off|show [N]]", "count exits by place, in the VM in focus", 2, profile },
	{ "regs", "[VM]", "registers of a VM", 1, show_registers },
	{ "bt", "[VM] [EIP]", "how a VM's code at EIP is translated, or how much is", 2, show_translation },
	{ "stop", "[VM]", "stop a VM", 1, stop_vm },
	{ "resume", "[VM]", "let a stopped VM go on", 1, resume_vm },
	{ "reset", "[VM]", "restart a VM from its kernel", 1, reset_vm },
	{ "quit", "", "back to the guest's console", 0, quit },
	{ "poweroff", "", "stop everything and switch the PC off", 0, power_off },
};
/* clang-format on */

static void show_help(struct monitor *m, u32 argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (u32 i = 0; i < ARRAY_SIZE(commands); i++)
		print(m, "%-9s%-19s%s\n", commands[i].name, commands[i].args, commands[i].help);
	print(m, "Without a name, VM is the one whose console had the focus.\n");
}

/* ---- lines -------------------------------------------------------------------------------- */

/* Cut @line at blanks.  More than WORDS_MAX words count as WORDS_MAX + 1. */
static u32 split(char *line, char *words[WORDS_MAX + 1])
{
	u32 count = 0;

	while (*line && count <= WORDS_MAX) {
		while (*line == ' ')
			*line++ = 0;
		if (!*line)
			break;
		words[count++] = line;
		while (*line && *line != ' ')
			line++;
	}
	*line = 0;
	return count;
}

static void dispatch(struct monitor *m, u32 argc, char **argv)
{
	for (u32 i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, argv[0]) != 0)
			continue;
		if (argc - 1 > commands[i].args_max)
			print(m, "usage: %s %s\n", commands[i].name, commands[i].args);
		else
			commands[i].run(m, argc, argv);
		return;
	}
	print(m, "unknown command '%.40s'; try help\n", argv[0]);
}

void monitor_execute(struct monitor *m, const char *line)
{
	char text[LINE_EDIT_MAX + 1];
	char *words[WORDS_MAX + 2] = { NULL };
	size_t length = MIN(strlen(line), (size_t)LINE_EDIT_MAX);
	u32 count;

	memcpy(text, line, length);
	text[length] = 0;
	count = split(text, words);
	if (count)
		dispatch(m, count, words);
}

static void take_byte(struct monitor *m, u8 byte)
{
	switch (line_edit_byte(&m->edit, byte)) {
	case LINE_MORE:
		return;
	case LINE_READY:
		monitor_execute(m, m->edit.line);
		break;
	case LINE_END:
		quit(m, 0, NULL);
		break;
	}
	line_edit_start(&m->edit);
	if (m->console->in_monitor)
		print(m, PROMPT);
}

static void input(void *opaque, const u8 *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		take_byte(opaque, bytes[i]);
}

static void echo(void *opaque, const char *text)
{
	struct monitor *m = opaque;

	console_print(m->console, text);
}

static void enter(void *opaque)
{
	struct monitor *m = opaque;

	line_edit_start(&m->edit);
	print(m, "\nRomulus monitor; help lists the commands, quit goes back.\n" PROMPT);
}

void monitor_init(struct monitor *m, struct console *console, const struct monitor_ops *ops,
		  void *opaque)
{
	struct console_monitor monitor = { enter, input, m };

	*m = (struct monitor){ .console = console, .ops = ops, .opaque = opaque };
	line_edit_init(&m->edit, echo, m);
	console_set_monitor(console, &monitor);
}
