/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fast timer beside a test, whose handler looks at what it interrupted: an interrupt may come
 * between any two instructions, and must find the state that the instructions before it left.
 */
#ifndef TESTS_LIB_TICKS_H
#define TESTS_LIB_TICKS_H

#include "tests/lib/guest.h"

/* Is the interrupted state one that the test can be in? */
typedef bool ticks_judge(const struct trap_frame *frame);

/* Start IRQ 0 at vector 0x20, 1000 times a second, and set IF.  What @judge (NULL: none) says no to,
 * and flags no kernel can have, are counted in ticks_bad. */
void ticks_start(ticks_judge *judge);
/* Clear IF, stop the timer, and report one check: all interrupted states of @what were good. */
void ticks_stop(const char *what);
extern volatile u32 ticks, ticks_bad;

#endif
