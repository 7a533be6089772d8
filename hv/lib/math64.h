/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Division and scaling of 64-bit numbers on a 32-bit CPU.  The compiler turns u64 / u64 into a call
 * of a library that we do not have; these few functions are what we need instead.
 */
#ifndef HV_LIB_MATH64_H
#define HV_LIB_MATH64_H

#include "hv/lib/types.h"

/* @n / @d, with the remainder in *@rem (which may be NULL).  @d must not be 0. */
u64 div64_u32(u64 n, u32 d, u32 *rem);
/* @n / @d for any @d but 0; a bit at a time, so not for hot paths. */
u64 div64_u64(u64 n, u64 d);

/*
 * Conversion between two frequencies as one multiplication: to = from * mult >> shift.  Never too
 * large, too small by at most one part in @mult (2^-31 of the value, or from/to * 2^-32 where from is
 * the larger); the result never decreases as the input grows.
 */
struct scale {
	u32 mult;
	u32 shift; /* 0..32 */
};
/* The scale that turns ticks of @from_hz into ticks of @to_hz.  @from_hz must not be 0, and
 * @to_hz / @from_hz must be below 2^32. */
struct scale scale_make(u64 from_hz, u64 to_hz);
/* @value * scale, modulo 2^64. */
u64 scale_apply(struct scale scale, u64 value);

#endif
