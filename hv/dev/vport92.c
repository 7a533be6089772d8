/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vport92.h.  Two bits are kept, read back and put on their wires; the others of
 * the PS/2's register (disk lights, watchdog, security lock) belong to parts that this PC, like the
 * PIIX3, does not have, and read as 0.
 */
#include "hv/dev/vport92.h"

#define PORT92_INIT BIT(0)
#define PORT92_A20 BIT(1)

static u32 port92_read(void *opaque, u32 offset, u32 size)
{
	const struct vport92 *port = opaque;

	(void)offset;
	(void)size;
	return port->value;
}

static void port92_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vport92 *port = opaque;
	bool resets = (value & PORT92_INIT) && !(port->value & PORT92_INIT);

	(void)offset;
	(void)size;
	port->value = value & (PORT92_INIT | PORT92_A20);
	irqline_set(port->a20, (value & PORT92_A20) != 0);
	if (resets) {
		irqline_set(port->reset, true);
		irqline_set(port->reset, false);
	}
}

const struct bus_ops vport92_ops = { port92_read, port92_write, 1 };

void vport92_reset(struct vport92 *port)
{
	port->value = 0;
	irqline_set(port->a20, false);
}

void vport92_init(struct vport92 *port, struct irqline a20, struct irqline reset)
{
	port->a20 = a20;
	port->reset = reset;
	vport92_reset(port);
}
