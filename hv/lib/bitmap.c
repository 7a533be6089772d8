/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of bitmap.h.  Searches skip a word at a time.
 */
#include "hv/lib/bitmap.h"

void bitmap_set_range(u32 *map, u32 first, u32 count)
{
	for (u32 bit = first; bit < first + count; bit++)
		bitmap_set(map, bit);
}

void bitmap_clear_range(u32 *map, u32 first, u32 count)
{
	for (u32 bit = first; bit < first + count; bit++)
		bitmap_clear(map, bit);
}

/* @flip is xor-ed to each word: 0 looks for a set bit, all ones for a clear one. */
static u32 next(const u32 *map, u32 bits, u32 from, u32 flip)
{
	while (from < bits) {
		u32 rest = (map[from / 32] ^ flip) >> (from % 32);

		if (rest)
			return MIN(from + (u32)__builtin_ctz(rest), bits);
		from = ALIGN_DOWN(from, 32u) + 32;
	}
	return bits;
}

u32 bitmap_next_set(const u32 *map, u32 bits, u32 from)
{
	return next(map, bits, from, 0);
}

u32 bitmap_next_clear(const u32 *map, u32 bits, u32 from)
{
	return next(map, bits, from, ~0u);
}

u32 bitmap_find_clear_run(const u32 *map, u32 bits, u32 count)
{
	u32 first = bitmap_next_clear(map, bits, 0);

	while (first < bits) {
		u32 end = bitmap_next_set(map, bits, first);

		if (end - first >= count)
			return first;
		first = bitmap_next_clear(map, bits, end);
	}
	return bits;
}

u32 bitmap_count(const u32 *map, u32 bits)
{
	u32 count = 0;

	for (u32 bit = next(map, bits, 0, 0); bit < bits; bit = next(map, bits, bit + 1, 0))
		count++;
	return count;
}
