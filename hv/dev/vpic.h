/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two 8259A interrupt controllers of a PC, and the ELCR registers of its PCI-ISA bridge that
 * choose edge or level for each input [i8259A; PIIX 4.2 "ELCR"].
 *
 * Inputs 0-7 belong to the master, 8-15 to the slave, whose INT output is the master's input 2.
 * As in the real circuit an edge-triggered request exists while its latch is set *and* its input is
 * still high: a device holds the wire until it is served.  If the wire falls between INTR and
 * acknowledge, the CPU gets the default vector of input 7 and no in-service bit is set.
 *
 * All modes of the data sheet are there: fully nested, special fully nested, rotation, special
 * mask, automatic EOI, poll, and the vector an 8080 would take from ICW1 if ICW4 does not choose
 * the 8086.  ICW1's LTIM bit is ignored in favour of ELCR, as in PIIX.
 */
#ifndef HV_DEV_VPIC_H
#define HV_DEV_VPIC_H

#include "hv/core/bus.h"
#include "hv/core/irqline.h"

#define VPIC_INPUTS 16u

struct vpic_chip {
	u8 irr_latch; /* edges seen and not yet acknowledged */
	u8 input;     /* level of the wires */
	u8 isr;
	u8 imr;
	u8 elcr;
	u8 elcr_writable;
	u8 icw1, icw2, icw3, icw4;
	u8 expected_icw; /* 2, 3 or 4 while initializing; 0: ready */
	u8 lowest;       /* input with the lowest priority */
	bool rotate_in_aeoi;
	bool special_mask;
	bool poll;
	bool read_isr;
};

struct vpic_wiring {
	struct irqline intr; /* to the CPU's INTR pin */
	/* An edge-triggered request was acknowledged, or forgotten by an initialization: the
	 * next rising edge of @irq will count again.  May be NULL. */
	void (*taken)(void *opaque, u32 irq);
	void *opaque;
};

struct vpic {
	struct vpic_chip chip[2]; /* master, slave */
	struct vpic_wiring wiring;
	bool intr;
};

extern const struct bus_ops vpic_master_ops; /* ports 20h-21h, opaque: the vpic */
extern const struct bus_ops vpic_slave_ops;  /* ports A0h-A1h */
extern const struct bus_ops vpic_elcr_ops;   /* ports 4D0h-4D1h */

/* Power-on state: everything masked, waiting for ICW1; input levels are kept over a reset. */
void vpic_init(struct vpic *pic, const struct vpic_wiring *wiring);
void vpic_reset(struct vpic *pic);
/* Drive input @irq (0-15; 2 is taken by the cascade).  Fits struct irqline. */
void vpic_set_irq(void *opaque, u32 irq, bool level);
struct irqline vpic_input(struct vpic *pic, u32 irq);
/* The CPU's two INTA cycles: the vector, possibly a spurious one. */
u8 vpic_acknowledge(struct vpic *pic);
/* The level of INTR. */
static inline bool vpic_pending(const struct vpic *pic)
{
	return pic->intr;
}

#endif
