/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System control port A at 92h, the PS/2's quick way to gate A20 (bit 1) and to reset the CPU (bit 0
 * going from 0 to 1) [Intel 82371SB, "Port 92"].
 */
#ifndef HV_DEV_VPORT92_H
#define HV_DEV_VPORT92_H

#include "hv/core/bus.h"
#include "hv/core/irqline.h"

struct vport92 {
	u8 value;
	struct irqline a20;   /* level of bit 1 */
	struct irqline reset; /* raised and lowered */
};

extern const struct bus_ops vport92_ops; /* one port, opaque: the vport92 */

void vport92_init(struct vport92 *port, struct irqline a20, struct irqline reset);
void vport92_reset(struct vport92 *port);

#endif
