/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Timer interrupts for test kernels: the 8259s at vectors 20-2F with only IRQ 0 let through, and
 * channel 0 of the 8254 as its source.  The handler (vector TIMER_VECTOR) is the test's and calls
 * timer_done().
 */
#ifndef TESTS_LIB_GUEST_TIMER_H
#define TESTS_LIB_GUEST_TIMER_H

#include "tests/lib/guest.h"

#define TIMER_VECTOR 0x20

void timer_init(void);
/* One interrupt @count clocks (838 ns each) from now, up to 65535. */
void timer_in(u32 count);
/* One every @count clocks. */
void timer_every(u32 count);
/* No more, and forget one that is pending at the 8259. */
void timer_stop(void);
/* End of interrupt. */
static inline void timer_done(void)
{
	outb(0x20, 0x20);
}
/* Start timer_in() and wait, with interrupts off, until the 8259 has the interrupt for us. */
void timer_pending(void);
/* Is there one? */
bool timer_is_pending(void);

#endif
