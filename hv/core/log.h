/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hypervisor's own messages.  A line goes to every registered sink (serial port, screen) and
 * into a ring that late sinks replay, so that nothing said before a console exists is lost.
 * Levels: error (something failed, the user must know), notice (what the user would ask for),
 * info (what a developer would ask for).  Guest misbehaviour is not logged above trace; a VM that
 * is stopped says so in one line.
 */
#ifndef HV_CORE_LOG_H
#define HV_CORE_LOG_H

#include "hv/lib/types.h"

enum log_level { LOG_ERROR, LOG_NOTICE, LOG_INFO };

/* One message, without a newline at its end; longer than 255 bytes is cut.  Errors get the prefix
 * "error: ".  Any context. */
void log_print(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_notice(...) log_print(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_print(LOG_INFO, __VA_ARGS__)

/* A place messages go to.  @write gets whole lines that end in '\n'; it must not log. */
struct log_sink {
	void (*write)(void *opaque, const char *text, size_t size);
	void *opaque;
	struct log_sink *next; /* owned by log.c */
};

/* Add a sink for the rest of the run (the caller keeps @sink alive); it first gets what the ring
 * still holds. */
void log_add_sink(struct log_sink *sink);
/* The newest @count lines that the ring holds, oldest first, each given to @line without newline. */
void log_tail(u32 count, void (*line)(void *opaque, const char *text), void *opaque);
/* Messages above @level are dropped; LOG_INFO at the start. */
void log_set_level(enum log_level level);

#endif
