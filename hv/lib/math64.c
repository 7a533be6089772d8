/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of math64.h.  div64_u32 is schoolbook division with two digits of 32 bits, which
 * DIVL does in one instruction each; everywhere else the compiler's own division serves.
 */
#include "hv/lib/math64.h"

/* @high must be below @d. */
static u32 divide_step(u32 high, u32 low, u32 d, u32 *rem)
{
	u32 quotient;

#if defined(__i386__)
	__asm__("divl %4" : "=a"(quotient), "=d"(*rem) : "0"(low), "1"(high), "rm"(d) : "cc");
#else
	u64 n = (u64)high << 32 | low;

	quotient = (u32)(n / d);
	*rem = (u32)(n % d);
#endif
	return quotient;
}

u64 div64_u32(u64 n, u32 d, u32 *rem)
{
	u32 carry;
	u32 high = divide_step(0, (u32)(n >> 32), d, &carry);
	u32 low = divide_step(carry, (u32)n, d, &carry);

	if (rem)
		*rem = carry;
	return (u64)high << 32 | low;
}

u64 div64_u64(u64 n, u64 d)
{
	u64 quotient = 0;
	u64 rest = 0;

	if (!(d >> 32))
		return div64_u32(n, (u32)d, NULL);
	for (int bit = 63; bit >= 0; bit--) {
		bool overflow = rest >> 63;

		rest = rest << 1 | ((n >> bit) & 1);
		if (overflow || rest >= d) {
			rest -= d;
			quotient |= BIT64(bit);
		}
	}
	return quotient;
}

/* to << shift / from, without losing the bits that leave 64. */
static u64 shifted_ratio(u64 to, u64 from, u32 shift)
{
	u64 quotient = div64_u64(to, from);
	u64 rest = to - quotient * from;

	for (u32 i = 0; i < shift; i++) {
		bool overflow = rest >> 63;

		quotient <<= 1;
		rest <<= 1;
		if (overflow || rest >= from) {
			rest -= from;
			quotient |= 1;
		}
	}
	return quotient;
}

struct scale scale_make(u64 from_hz, u64 to_hz)
{
	u32 shift = 32;
	u64 mult = shifted_ratio(to_hz, from_hz, shift);

	while (mult >> 32) {
		mult >>= 1;
		shift--;
	}
	return (struct scale){ (u32)mult, shift };
}

u64 scale_apply(struct scale scale, u64 value)
{
	u64 high = (value >> 32) * scale.mult;
	u64 low = (u64)(u32)value * scale.mult;

	return (high << (32 - scale.shift)) + (low >> scale.shift);
}
