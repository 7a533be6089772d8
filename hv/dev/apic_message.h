/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an I/O APIC, an ICR or a local vector says to a local APIC: which kind of interrupt, and for whom
 * [SDM3A 10.6.1, 82093AA 3.2.4].  The numbers are those of the registers.
 */
#ifndef HV_DEV_APIC_MESSAGE_H
#define HV_DEV_APIC_MESSAGE_H

#include "hv/lib/types.h"

enum apic_mode {
	APIC_FIXED,
	APIC_LOWEST,
	APIC_SMI,
	APIC_NMI = 4,
	APIC_INIT,
	APIC_STARTUP,
	APIC_EXTINT,
};

struct apic_message {
	u8 vector;
	u8 mode; /* enum apic_mode */
	u8 to;
	bool logical; /* @to is a set of logical IDs, not a physical ID */
	bool level;   /* triggered; its end is told to the I/O APIC */
};

#endif
