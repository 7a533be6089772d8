/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Each port's output goes through its ring: @end counts what was printed, @shown what went to the
 * terminal, and the ring holds the last CONSOLE_KEPT bytes before @end.  For a port in focus the
 * two are equal but for the moments after a switch, when the backlog is shown piece by piece.
 *
 * Input that a guest does not take must not keep the escape key from working, and a long paste must
 * not lose bytes.  So the terminal is read only as far as the guest's ring has room, until the
 * guest has let it full for CONSOLE_PATIENCE_NS; then the rest is read for the escape's sake, and
 * dropped with a bell.
 */
#include "hv/vm/console.h"

#include "hv/lib/printf.h"
#include "hv/lib/string.h"

#define BELL "\a"

static const char help[] = "\nCtrl-] and then:  m  monitor   n  next guest   Ctrl-]  send Ctrl-]   "
			   "?  this help\n";

static void terminal_write(struct console *console, const void *bytes, size_t size)
{
	console->terminal.write(console->terminal.opaque, bytes, size);
}

void console_print(struct console *console, const char *text)
{
	while (*text) {
		const char *newline = strchr(text, '\n');
		size_t length = newline ? (size_t)(newline - text) : strlen(text);

		terminal_write(console, text, length);
		text += length;
		if (newline) {
			terminal_write(console, "\r\n", 2);
			text++;
		}
	}
}

/* ---- output ------------------------------------------------------------------------------- */

static bool has_focus(const struct console_port *port)
{
	return port->console->focus == port && !port->console->in_monitor;
}

/* Show up to @most bytes of the backlog, in one write. */
static void show_piece(struct console_port *port, u32 most)
{
	u32 offset = port->shown % CONSOLE_KEPT;
	u32 size = MIN(most, CONSOLE_KEPT - offset);

	size = MIN(size, port->end - port->shown);
	if (!size)
		return;
	terminal_write(port->console, port->out_bytes + offset, size);
	port->shown += size;
}

static void keep(struct console_port *port, u8 byte)
{
	if (port->end - port->shown == CONSOLE_KEPT) {
		if (has_focus(port)) {
			show_piece(port, CONSOLE_PIECE);
		} else {
			port->shown++;
			port->skipped++;
		}
	}
	port->out_bytes[port->end++ % CONSOLE_KEPT] = byte;
}

void console_output(void *opaque, const void *bytes, size_t size)
{
	struct console_port *port = opaque;
	bool backlog = port->end != port->shown;

	for (size_t i = 0; i < size; i++)
		keep(port, ((const u8 *)bytes)[i]);
	while (has_focus(port) && !backlog && port->end != port->shown)
		show_piece(port, CONSOLE_KEPT);
}

static void show_all(struct console_port *port)
{
	while (port->end != port->shown)
		show_piece(port, CONSOLE_PIECE);
}

void console_flush(struct console *console)
{
	if (console->focus && has_focus(console->focus))
		show_all(console->focus);
}

/* ---- focus -------------------------------------------------------------------------------- */

static void announce(struct console_port *port)
{
	char text[96];

	if (port->skipped)
		hv_snprintf(text, sizeof(text), "\n[%s, %u bytes skipped]\n", port->name,
			    port->skipped);
	else
		hv_snprintf(text, sizeof(text), "\n[%s]\n", port->name);
	port->skipped = 0;
	console_print(port->console, text);
}

void console_enter_monitor(struct console *console)
{
	if (console->in_monitor || !console->monitor.input)
		return;
	console->in_monitor = true;
	console->monitor.enter(console->monitor.opaque);
}

bool console_leave_monitor(struct console *console)
{
	if (!console->focus)
		return false;
	if (console->in_monitor) {
		console->in_monitor = false;
		announce(console->focus);
	}
	return true;
}

static void focus_next(struct console *console)
{
	struct console_port *next;

	if (!console->focus)
		return;
	next = console->focus->next ? console->focus->next : console->first;
	console->in_monitor = false;
	console->focus = next;
	announce(next);
}

void console_init(struct console *console, const struct char_dev *terminal,
		  const struct clock *clock)
{
	*console = (struct console){ .terminal = *terminal, .clock = clock };
}

void console_set_monitor(struct console *console, const struct console_monitor *monitor)
{
	console->monitor = *monitor;
}

void console_add(struct console *console, struct console_port *port, const char *name)
{
	struct console_port **last = &console->first;

	while (*last)
		last = &(*last)->next;
	*last = port;
	port->name = name;
	port->console = console;
	port->next = NULL;
	port->end = 0;
	port->shown = 0;
	port->skipped = 0;
	port->full_since_ns = TIMER_NEVER;
	ring_init(&port->in, port->in_bytes, CONSOLE_TYPED);
	if (!console->focus)
		console->focus = port;
}

void console_remove(struct console_port *port)
{
	struct console *console = port->console;
	struct console_port **link = &console->first;

	console_flush(console);
	while (*link != port)
		link = &(*link)->next;
	*link = port->next;
	if (console->focus != port)
		return;
	console->focus = port->next ? port->next : console->first;
	if (console->focus && !console->in_monitor)
		announce(console->focus);
}

/* ---- input -------------------------------------------------------------------------------- */

void console_deliver(struct console_port *port,
		     size_t (*receive)(void *opaque, const void *bytes, size_t size), void *opaque)
{
	struct ring *in = &port->in;
	u32 used;

	while ((used = ring_used(in)) != 0) {
		u32 offset = in->head % in->size;
		u32 size = MIN(used, in->size - offset);
		u32 taken = (u32)receive(opaque, in->bytes + offset, size);

		in->head += taken;
		if (taken)
			port->full_since_ns = TIMER_NEVER;
		if (taken < size)
			return;
	}
}

static void to_focus(struct console *console, u8 byte)
{
	if (console->in_monitor || !console->focus) {
		if (console->monitor.input)
			console->monitor.input(console->monitor.opaque, &byte, 1);
		return;
	}
	if (!ring_put(&console->focus->in, &byte, 1))
		console_print(console, BELL);
}

static void command(struct console *console, u8 key)
{
	switch (key) {
	case CONSOLE_ESCAPE:
		to_focus(console, key);
		break;
	case 'm':
		console_enter_monitor(console);
		break;
	case 'n':
		focus_next(console);
		break;
	default:
		console_print(console, help);
		break;
	}
}

static void take_byte(struct console *console, u8 byte)
{
	if (console->escaped) {
		console->escaped = false;
		command(console, byte);
	} else if (byte == CONSOLE_ESCAPE) {
		console->escaped = true;
	} else {
		to_focus(console, byte);
	}
}

/* How much to read from the terminal now. */
static u32 readable(struct console *console)
{
	struct console_port *port = console->focus;
	u64 now = clock_now_ns(console->clock);
	u32 room;

	if (console->in_monitor || !port)
		return CONSOLE_PIECE;
	room = ring_free(&port->in);
	if (room)
		return MIN(room, CONSOLE_PIECE);
	if (port->full_since_ns == TIMER_NEVER)
		port->full_since_ns = now;
	return now - port->full_since_ns >= CONSOLE_PATIENCE_NS ? CONSOLE_PIECE : 0;
}

static size_t poll_input(struct console *console)
{
	u8 bytes[CONSOLE_PIECE];
	u32 most = readable(console);
	size_t count = most ? console->terminal.read(console->terminal.opaque, bytes, most) : 0;

	for (size_t i = 0; i < count; i++)
		take_byte(console, bytes[i]);
	return count;
}

bool console_poll(struct console *console)
{
	bool more = poll_input(console) == CONSOLE_PIECE;
	struct console_port *port = console->focus;

	if (port && has_focus(port)) {
		show_piece(port, CONSOLE_PIECE);
		more |= port->end != port->shown;
	}
	return more;
}
