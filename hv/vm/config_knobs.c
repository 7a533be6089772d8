/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words with numbers, by a table (config_knobs.h).  Numbers are decimal and never 0: a knob that is not
 * wanted is left out.
 */
#include "hv/vm/config_knobs.h"

#include "hv/lib/string.h"

struct knob {
	const char *name; /* with the '=' in front of a value */
	bool (*set)(u32 *to, const char *value, size_t length, u32 most);
	size_t offset; /* of a u32 in struct vm_knobs */
	u32 most;
};

static bool is_separator(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

/* The number at the beginning of @value; *used: its digits.  0 if it is above @most. */
static u32 number(const char *value, size_t length, u32 most, size_t *used)
{
	u64 result = 0;

	for (*used = 0; *used < length && value[*used] >= '0' && value[*used] <= '9'; ++*used)
		if (result <= most)
			result = result * 10 + (u64)(value[*used] - '0');
	return result <= most ? (u32)result : 0;
}

static bool set_number(u32 *to, const char *value, size_t length, u32 most)
{
	size_t used;

	*to = number(value, length, most, &used);
	return *to && used == length;
}

static bool set_bytes(u32 *to, const char *value, size_t length, u32 most)
{
	size_t used;
	u32 shift = 0, count = number(value, length, most, &used);

	if (used + 1 == length)
		shift = (value[used] | 0x20) == 'k' ? 10 : (value[used] | 0x20) == 'm' ? 20 : 0;
	if (!count || count > most >> shift || (shift ? used + 1 : used) != length)
		return false;
	*to = count << shift;
	return true;
}

static bool set_flag(u32 *to, const char *value, size_t length, u32 most)
{
	(void)value;
	(void)most;
	*to = 1;
	return length == 0;
}

static bool set_exec(u32 *to, const char *value, size_t length, u32 most)
{
	static const char *const names[] = { [VM_EXEC_BT] = "bt", [VM_EXEC_INTERP] = "interp",
					     [VM_EXEC_BOTH] = "both" };

	(void)most;
	for (*to = 0; *to < ARRAY_SIZE(names); ++*to)
		if (strlen(names[*to]) == length && memcmp(value, names[*to], length) == 0)
			return true;
	return false;
}

#define MEMBER(m) offsetof(struct vm_knobs, m)
static const struct knob known[] = {
	{ "max_insns=", set_number, MEMBER(max_insns), 32 },
	{ "cache=", set_bytes, MEMBER(cache_bytes), 4 * MIB },
	{ "nochain", set_flag, MEMBER(no_chain), 1 },
	{ "irq=", set_number, MEMBER(irq_us), 1000000 },
	{ "exec=", set_exec, MEMBER(exec), 0 },
	{ "repeat=", set_number, MEMBER(repeat), 65535 },
	{ "shadow=", set_number, MEMBER(shadow), 1000000 },
};

/* Number in @known of the word at @text, or ARRAY_SIZE(known). */
static u32 find(const char *text, size_t length)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (length >= strlen(known[i].name) &&
		    memcmp(text, known[i].name, strlen(known[i].name)) == 0)
			break;
	return i;
}

bool config_knobs_parse(const char *text, struct vm_knobs *knobs)
{
	u32 seen = 0;

	while (*text) {
		size_t length = 0, name;
		u32 i;

		while (text[length] && !is_separator(text[length]))
			length++;
		if (!length) {
			text++;
			continue;
		}
		i = find(text, length);
		if (i == ARRAY_SIZE(known) || seen & BIT(i))
			return false;
		seen |= BIT(i);
		name = strlen(known[i].name);
		if (!known[i].set((u32 *)((char *)knobs + known[i].offset), text + name,
				  length - name, known[i].most))
			return false;
		text += length;
	}
	return seen != 0;
}
