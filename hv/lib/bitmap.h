/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of small numbers as arrays of 32-bit words.  The caller owns the array and knows its size;
 * nothing here checks a bound.
 */
#ifndef HV_LIB_BITMAP_H
#define HV_LIB_BITMAP_H

#include "hv/lib/types.h"

#define BITMAP_WORDS(bits) (((bits) + 31) / 32)

static inline bool bitmap_test(const u32 *map, u32 bit)
{
	return map[bit / 32] >> (bit % 32) & 1;
}
static inline void bitmap_set(u32 *map, u32 bit)
{
	map[bit / 32] |= BIT(bit % 32);
}
static inline void bitmap_clear(u32 *map, u32 bit)
{
	map[bit / 32] &= ~BIT(bit % 32);
}

/* Set, or clear, @count bits from @first. */
void bitmap_set_range(u32 *map, u32 first, u32 count);
void bitmap_clear_range(u32 *map, u32 first, u32 count);
/* The lowest set (or clear) bit at or above @from and below @bits; @bits if there is none. */
u32 bitmap_next_set(const u32 *map, u32 bits, u32 from);
u32 bitmap_next_clear(const u32 *map, u32 bits, u32 from);
/* First bit of the lowest run of @count clear bits; @bits if there is none. */
u32 bitmap_find_clear_run(const u32 *map, u32 bits, u32 count);
u32 bitmap_count(const u32 *map, u32 bits);

#endif
