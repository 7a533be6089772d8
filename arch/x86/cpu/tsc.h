/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How fast the time-stamp counter and the local APIC's timer run, measured against the 8254.
 */
#ifndef ARCH_X86_CPU_TSC_H
#define ARCH_X86_CPU_TSC_H

#include "hv/lib/types.h"

/* Measure (10 ms).  @lapic_hz is 0 without @have_lapic.  False if the 8254 does not count and the
 * CPU does not tell its frequency by CPUID either. */
bool tsc_calibrate(bool have_lapic, u64 *tsc_hz, u32 *lapic_hz);

#endif
