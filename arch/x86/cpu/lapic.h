/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The local APIC of this CPU: a one-shot timer, and LINT0 as the wire to the 8259 pair ("virtual
 * wire"), so that legacy interrupts keep coming.  [SDM3A 10]
 */
#ifndef ARCH_X86_CPU_LAPIC_H
#define ARCH_X86_CPU_LAPIC_H

#include "hv/lib/types.h"

/* Map and enable it; false if this CPU has none (or it is disabled for good). */
bool lapic_init(void);
/* Count freely down from the maximum, and read how far: for calibration. */
void lapic_timer_start_free(void);
u32 lapic_timer_elapsed(void);
/* One interrupt at VECTOR_LAPIC_TIMER after @ticks (0: none). */
void lapic_timer_set(u32 ticks);
/* @handler runs on each timer interrupt. */
void lapic_timer_on_expiry(void (*handler)(void));
/* Handle an interrupt with one of our APIC vectors, and acknowledge it; false if it is not ours. */
bool lapic_dispatch(u32 vector);

#endif
