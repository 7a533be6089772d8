/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of trace.h: a ring of fixed-size events.
 */
#include "hv/core/trace.h"

#include "hv/arch.h"
#include "hv/lib/math64.h"
#include "hv/lib/printf.h"
#include "hv/lib/string.h"

#define EVENT_COUNT 1024 /* a power of two */
#define LINE_MAX 120

struct event {
	u64 time_ns;
	const char *format;
	u32 args[3];
};

u32 trace_mask = TRACE_HOST;
static struct event events[EVENT_COUNT];
static u32 event_count; /* ever recorded */

void trace_record(const char *format, const u32 args[3])
{
	struct event *event = &events[event_count++ % EVENT_COUNT];

	event->time_ns = arch_time_ns();
	event->format = format;
	memcpy(event->args, args, sizeof(event->args));
}

/* The format is a literal of ours, but not here; trace() has the rule it follows. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
void trace_tail(u32 count, void (*line)(void *opaque, const char *text), void *opaque)
{
	u32 kept = MIN(event_count, (u32)EVENT_COUNT);

	count = MIN(count, kept);
	for (u32 i = event_count - count; i != event_count; i++) {
		const struct event *event = &events[i % EVENT_COUNT];
		char text[LINE_MAX];
		u32 rest_ns;
		u32 seconds = (u32)div64_u32(event->time_ns, 1000000000u, &rest_ns);
		int length = hv_snprintf(text, sizeof(text), "%u.%09u ", seconds, rest_ns);

		hv_snprintf(text + length, sizeof(text) - (size_t)length, event->format,
			    event->args[0], event->args[1], event->args[2]);
		line(opaque, text);
	}
}

static const struct {
	const char *name;
	u32 mask;
} classes[] = {
	{ "host", TRACE_HOST }, { "exit", TRACE_EXIT },	    { "mmu", TRACE_MMU },
	{ "vmi", TRACE_VMI },	{ "irq", TRACE_IRQ },	    { "dev", TRACE_DEV },
	{ "bt", TRACE_BT },	{ "interp", TRACE_INTERP }, { "all", ~0u },
};

static bool class_mask(const char *name, size_t length, u32 *mask)
{
	for (u32 i = 0; i < ARRAY_SIZE(classes); i++) {
		if (strlen(classes[i].name) != length || strncmp(classes[i].name, name, length))
			continue;
		*mask |= classes[i].mask;
		return true;
	}
	return false;
}

bool trace_parse_mask(const char *names, u32 *mask)
{
	*mask = 0;
	while (*names) {
		const char *comma = strchr(names, ',');
		size_t length = comma ? (size_t)(comma - names) : strlen(names);

		if (!class_mask(names, length, mask))
			return false;
		names += length + (comma != NULL);
	}
	return true;
}
