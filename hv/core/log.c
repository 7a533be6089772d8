/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of log.h.  The history keeps the newest bytes of everything logged; a new sink
 * gets it from the first whole line on.  Sinks are called in the order they were added.  A message
 * is formatted on the stack, so logging needs no memory and works in any context.
 */
#include "hv/core/log.h"

#include <stdarg.h>
#include "hv/lib/err.h"
#include "hv/lib/printf.h"
#include "hv/lib/string.h"

#define MESSAGE_MAX 255
#define ERROR_PREFIX "error: "
#define LINE_MAX (MESSAGE_MAX + 1)
#define HISTORY_SIZE (16 * KIB) /* a power of two */

static char history[HISTORY_SIZE];
static u32 history_end; /* runs freely; reduced when used */
static struct log_sink *sinks;
static enum log_level max_level = LOG_INFO;

static void remember(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		history[history_end++ % HISTORY_SIZE] = text[i];
}

static void replay(struct log_sink *sink)
{
	u32 from = history_end > HISTORY_SIZE ? history_end - HISTORY_SIZE : 0;

	if (from) /* the oldest line was partly overwritten */
		while (from < history_end && history[from++ % HISTORY_SIZE] != '\n')
			;
	while (from < history_end) {
		char line[LINE_MAX];
		u32 size = 0;

		while ((line[size++] = history[from++ % HISTORY_SIZE]) != '\n')
			;
		sink->write(sink->opaque, line, size);
	}
}

void log_add_sink(struct log_sink *sink)
{
	struct log_sink **last = &sinks;

	replay(sink);
	while (*last)
		last = &(*last)->next;
	sink->next = NULL;
	*last = sink;
}

void log_tail(u32 count, void (*line)(void *opaque, const char *text), void *opaque)
{
	u32 oldest = history_end > HISTORY_SIZE ? history_end - HISTORY_SIZE : 0;
	u32 from = history_end;
	char text[MESSAGE_MAX + 1];

	for (count++; from > oldest; from--)
		if (history[(from - 1) % HISTORY_SIZE] == '\n' && !--count)
			break;
	while (from < history_end) {
		u32 size = 0;
		char c;

		while ((c = history[from++ % HISTORY_SIZE]) != '\n')
			if (size < MESSAGE_MAX)
				text[size++] = c;
		text[size] = 0;
		line(opaque, text);
	}
}

void log_set_level(enum log_level level)
{
	max_level = level;
}

static void print(enum log_level level, const char *format, va_list args)
{
	char line[LINE_MAX + 1];
	size_t prefix = level == LOG_ERROR ? sizeof(ERROR_PREFIX) - 1 : 0;
	int length;
	size_t size;

	memcpy(line, ERROR_PREFIX, prefix);
	length = hv_vsnprintf(line + prefix, MESSAGE_MAX + 1 - prefix, format, args);
	size = MIN(prefix + (size_t)length, (size_t)MESSAGE_MAX);
	line[size++] = '\n';
	remember(line, size);
	for (struct log_sink *sink = sinks; sink; sink = sink->next)
		sink->write(sink->opaque, line, size);
}

void log_print(enum log_level level, const char *format, ...)
{
	va_list args;

	if (level > max_level)
		return;
	va_start(args, format);
	print(level, format, args);
	va_end(args);
}

int err_report(int error, const char *file, int line)
{
	log_error("%s:%d: error %d", file, line, error);
	return error;
}
