/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A wire.  The driver of the wire calls irqline_set(); whoever listens (an interrupt controller's
 * input, a CPU's INTR pin, a reset line) gave the function.  A struct irqline is a value: copy it.
 */
#ifndef HV_CORE_IRQLINE_H
#define HV_CORE_IRQLINE_H

#include "hv/lib/types.h"

struct irqline {
	void (*set)(void *opaque, u32 index, bool level);
	void *opaque;
	u32 index;
};

/* Drive the wire.  A wire that is connected to nothing (set == NULL) is legal. */
static inline void irqline_set(struct irqline line, bool level)
{
	if (line.set)
		line.set(line.opaque, line.index, level);
}

#endif
