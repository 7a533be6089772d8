/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of stats.h: the list once more, as an array.
 */
#include "hv/core/stats.h"

#include "hv/core/log.h"

struct stats stats;

static const struct {
	const char *name;
	const char *text;
	u64 *value;
} counters[] = {
#define STATS_ENTRY(name, text) { #name, text, &stats.name },
	STATS(STATS_ENTRY)
#undef STATS_ENTRY
};

void stats_for_each(void (*line)(void *opaque, const char *name, const char *text, u64 value),
		    void *opaque)
{
	for (u32 i = 0; i < ARRAY_SIZE(counters); i++)
		if (*counters[i].value)
			line(opaque, counters[i].name, counters[i].text, *counters[i].value);
}

static void log_line(void *opaque, const char *name, const char *text, u64 value)
{
	(void)opaque;
	log_notice("stat %s=%llu (%s)", name, (unsigned long long)value, text);
}

void stats_log(void)
{
	stats_for_each(log_line, NULL);
}
