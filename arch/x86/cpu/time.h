/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's clock and its one timer: behind arch_time_ns, arch_tsc_hz, arch_timer_set, arch_idle
 * of hv/arch.h.
 */
#ifndef ARCH_X86_CPU_TIME_H
#define ARCH_X86_CPU_TIME_H

#include "hv/lib/types.h"

/* Find and measure the timers, start the clock at 0.  Needs pic_init() and map_device. */
void time_init(void);
/* The one timer is the 8254's channel 0, not a local APIC's. */
bool time_uses_pit(void);
/* Host report: which timers, how fast. */
void time_report(void);

#endif
