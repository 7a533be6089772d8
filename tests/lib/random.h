/* SPDX-License-Identifier: GPL-2.0 */
/* Pseudo-random numbers for test kernels; the seed is printed, so that a failure can be repeated. */
#ifndef TESTS_LIB_RANDOM_H
#define TESTS_LIB_RANDOM_H

#include "hv/lib/types.h"

/* Start the sequence of @seed, or of the time if 0; returns the seed. */
u32 random_seed(u32 seed);
u32 random_u32(void);

#endif
