/* SPDX-License-Identifier: GPL-2.0 */
/* Marsaglia's xorshift with three shifts; see random.h. */
#include "tests/lib/random.h"

static u32 state = 1;

u32 random_seed(u32 seed)
{
	u32 low = seed, high;

	if (!seed)
		__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	state = low ? low : 1;
	return state;
}

u32 random_u32(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}
