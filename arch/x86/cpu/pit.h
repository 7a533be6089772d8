/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The real 8254 timer, 1.193182 MHz.  Channel 2, whose gate and output are at port 61h, is the
 * reference that the TSC and the local APIC's timer are measured against; channel 0 is the one-shot
 * timer of a CPU without a local APIC.  [i8254]
 */
#ifndef ARCH_X86_CPU_PIT_H
#define ARCH_X86_CPU_PIT_H

#include "hv/lib/types.h"

#define PIT_HZ 1193182u
#define PIT_LINE 0 /* of the 8259 pair */
#define PIT_COUNT_MAX 0xffffu

/* Start channel 2 counting down from PIT_COUNT_MAX, and read it. */
void pit_reference_start(void);
u32 pit_reference_count(void);
/* Did it pass 0 since it was started?  (It goes on from the maximum then.) */
bool pit_reference_ended(void);

/* One interrupt on line 0 after @ticks (1..PIT_COUNT_MAX); 0: none. */
void pit_timer_set(u32 ticks);

/* A tick on line 0 every PIT_COUNT_MAX + 1 ticks of PIT_HZ, for ever. */
void pit_tick_start(void);

#endif
