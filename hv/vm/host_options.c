/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options are a table: a name, the words it takes, and the member that gets the word's number.
 * Nothing here can stop the boot: what is not understood is named in the log and skipped.
 */
#include "hv/vm/host_options.h"

#include "hv/core/log.h"
#include "hv/core/trace.h"
#include "hv/lib/string.h"

struct option {
	const char *name;
	size_t offset; /* of the member in struct host_options */
	const char *const *values;
	const char *expected;
};

/* In the order of enum host_terminal, enum log_level, enum host_exit. */
static const char *const terminals[] = { "auto", "com1", "com2", "screen", NULL };
static const char *const levels[] = { "error", "notice", "info", NULL };
static const char *const exits[] = { "power-off", "isa-debug-exit", NULL };

/* clang-format off */
static const struct option options[] = {
	{ "terminal", offsetof(struct host_options, terminal), terminals, "auto, com1, com2 or screen" },
	{ "log", offsetof(struct host_options, log), levels, "error, notice or info" },
	{ "exit", offsetof(struct host_options, exit), exits, "power-off or isa-debug-exit" },
};
#define OPTION_NAMES "terminal=, log=, exit=, trace="
#define TRACE_OPTION "trace="
#define TRACE_MAX 63
/* clang-format on */

static bool same(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && memcmp(text, word, length) == 0;
}

static bool set_value(const struct option *option, struct host_options *out, const char *value,
		      size_t length)
{
	for (u32 i = 0; option->values[i]; i++) {
		if (same(value, length, option->values[i])) {
			*(u32 *)((char *)out + option->offset) = i;
			return true;
		}
	}
	log_error("command line: %s=%.*s; expected %s", option->name, (int)MIN(length, (size_t)40),
		  value, option->expected);
	return false;
}

/* The value is the monitor's: a list of event classes. */
static bool set_trace(struct host_options *out, const char *value, size_t length)
{
	char list[TRACE_MAX + 1];
	u32 mask;

	if (length <= TRACE_MAX) {
		memcpy(list, value, length);
		list[length] = 0;
		if (trace_parse_mask(list, &mask)) {
			out->trace |= mask;
			return true;
		}
	}
	log_error("command line: trace=%.*s; expected classes as in the monitor's help for trace",
		  (int)MIN(length, (size_t)40), value);
	return false;
}

static bool parse_word(struct host_options *out, const char *word, size_t length)
{
	size_t prefix = sizeof(TRACE_OPTION) - 1;

	if (length > prefix && memcmp(word, TRACE_OPTION, prefix) == 0)
		return set_trace(out, word + prefix, length - prefix);
	for (u32 i = 0; i < ARRAY_SIZE(options); i++) {
		size_t name = strlen(options[i].name);

		if (length > name && memcmp(word, options[i].name, name) == 0 && word[name] == '=')
			return set_value(&options[i], out, word + name + 1, length - name - 1);
	}
	log_error("command line: unknown word '%.*s'; expected " OPTION_NAMES,
		  (int)MIN(length, (size_t)40), word);
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

u32 host_options_parse(const char *text, struct host_options *out)
{
	u32 bad = 0;
	size_t length;

	*out = (struct host_options){ .log = LOG_INFO };
	while (text && *text) {
		for (length = 0; text[length] && !is_blank(text[length]);)
			length++;
		if (length && !parse_word(out, text, length))
			bad++;
		text += length ? length : 1;
	}
	return bad;
}
