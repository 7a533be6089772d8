/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One terminal for many: the guests' serial consoles and the monitor share a real serial port, or
 * screen and keyboard.  One of them has the focus: what is typed goes to it, what it prints is
 * shown.  CONSOLE_ESCAPE (Ctrl-]) and one more key switch: docs/monitor.md.
 *
 * Nothing is lost from a guest in focus: it is shown byte by byte as it prints, and where the
 * terminal is slow, the guest waits, in its own time.  What the others print is kept in a ring, the
 * newest CONSOLE_KEPT bytes, and shown when they get the focus, in pieces, so that no switch holds
 * up the machine.  Bytes of a guest pass unchanged.
 *
 * All calls come from the one loop that runs the vcpus; no locks.
 */
#ifndef HV_VM_CONSOLE_H
#define HV_VM_CONSOLE_H

#include "hv/core/timer.h"
#include "hv/hostdev.h"
#include "hv/lib/ring.h"

#define CONSOLE_ESCAPE 0x1d
#define CONSOLE_KEPT 8192u  /* output kept per guest; a power of two */
#define CONSOLE_TYPED 4096u /* input kept per guest; a power of two */
#define CONSOLE_PIECE 256u  /* bytes of output or input moved in one console_poll */
/* A guest that has taken no input for so long, with CONSOLE_TYPED bytes waiting, loses what comes
 * next; before that the bytes wait in the terminal. */
#define CONSOLE_PATIENCE_NS 500000000ull

struct console;

/* One guest's side, in the memory of its owner. */
struct console_port {
	const char *name;
	/* the rest is console.c's */
	struct console *console;
	struct console_port *next;
	struct ring in;
	u64 full_since_ns; /* TIMER_NEVER: not full, or something was taken since */
	u32 end, shown;	   /* bytes printed and bytes shown so far; they run freely */
	u32 skipped;	   /* bytes that were overwritten before they could be shown */
	u8 in_bytes[CONSOLE_TYPED];
	u8 out_bytes[CONSOLE_KEPT];
};

/* Who gets what is typed while no guest has the focus. */
struct console_monitor {
	void (*enter)(void *opaque);
	void (*input)(void *opaque, const u8 *bytes, size_t size);
	void *opaque;
};

struct console {
	struct char_dev terminal;
	const struct clock *clock;
	struct console_monitor monitor;
	struct console_port *first;
	struct console_port *focus; /* the guest in focus, or to come back to */
	bool in_monitor;
	bool escaped; /* the last byte was CONSOLE_ESCAPE */
};

/* @terminal is copied, @clock borrowed for the console's life.  No guests and no monitor yet. */
void console_init(struct console *console, const struct char_dev *terminal,
		  const struct clock *clock);
void console_set_monitor(struct console *console, const struct console_monitor *monitor);
/* Add a guest; the first one gets the focus.  @name must outlive the port. */
void console_add(struct console *console, struct console_port *port, const char *name);
/* Show what a focused guest has said, and forget the port. */
void console_remove(struct console_port *port);

/* The guest prints (the shape of struct vuart_sink's write; @port is a struct console_port). */
void console_output(void *port, const void *bytes, size_t size);
/* Offer typed bytes to the guest.  @receive returns how many it took; the rest stays. */
void console_deliver(struct console_port *port,
		     size_t (*receive)(void *opaque, const void *bytes, size_t size), void *opaque);

/* Move what was typed and what waits to be shown, at most CONSOLE_PIECE bytes of each.  True: there
 * may be more to do at once. */
bool console_poll(struct console *console);
/* Show all that the guest in focus has printed; before the end of the run. */
void console_flush(struct console *console);

/* Give the focus to the monitor, or back to the guest that had it (false: there is none). */
void console_enter_monitor(struct console *console);
bool console_leave_monitor(struct console *console);
/* Text of the hypervisor for the terminal; '\n' becomes CR LF. */
void console_print(struct console *console, const char *text);

#endif
