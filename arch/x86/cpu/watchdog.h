/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A slow NMI for platforms with the IRET hole (docs/caveats.md, "Platforms"): there, ring 3 can give
 * itself V86 mode with IOPL 3, and CLI then masks every interrupt for good.  Only an NMI gets
 * through; the world switch sees EFLAGS that direct execution does not give, and stops that VM.
 *
 * The PIT's channel 0 ticks at its slowest (18.2 Hz) and an I/O APIC delivers that as an NMI.
 */
#ifndef ARCH_X86_CPU_WATCHDOG_H
#define ARCH_X86_CPU_WATCHDOG_H

#include "hv/lib/types.h"

/* Start it.  False if there is no I/O APIC, or the PIT is in use as the host's timer.  Needs
 * time_init(). */
bool watchdog_start(void);

#endif
