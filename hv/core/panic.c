/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of panic.h, and of the ASSERT that ends here.
 */
#include "hv/core/panic.h"

#include <stdarg.h>
#include "hv/arch.h"
#include "hv/core/log.h"
#include "hv/core/trace.h"
#include "hv/lib/assert.h"
#include "hv/lib/printf.h"

#define TRACE_TAIL 24

static struct panic_reporter *reporters;
static u32 depth;

void panic_add_reporter(struct panic_reporter *reporter)
{
	reporter->next = reporters;
	reporters = reporter;
}

static void log_trace_line(void *opaque, const char *text)
{
	(void)opaque;
	log_error("  %s", text);
}

static void report(const char *message)
{
	log_error("panic: %s", message);
	for (struct panic_reporter *reporter = reporters; reporter; reporter = reporter->next)
		reporter->report(reporter->opaque);
	log_error("last events:");
	trace_tail(TRACE_TAIL, log_trace_line, NULL);
}

void panic(const char *format, ...)
{
	char message[200];
	va_list args;

	va_start(args, format);
	hv_vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (depth++ == 0)
		report(message);
	else if (depth == 2)
		log_error("panic inside a panic: %s", message);
	arch_power_off(PANIC_STATUS);
}

void assert_failed(const char *expression, const char *file, int line)
{
	panic("%s:%d: ASSERT(%s) failed", file, line, expression);
}
