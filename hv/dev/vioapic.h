/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An I/O APIC with 24 pins, version 20h, ID 0 [82093AA; version 20h adds the EOI register at 40h].
 *
 * Each pin has a redirection entry: who gets which vector, edge or level, masked or not.  An edge on a masked
 * pin is lost.  A level is sent, and not again before the local APIC has told its end.  A pin whose entry says
 * ExtINT and is not masked passes its level on, for the CPU to ask the 8259s.
 *
 * A pin is asserted when its wire's driver says so, whatever the polarity bit says, as a board is wired as its
 * tables tell.  SMI, INIT and reserved modes do nothing.
 */
#ifndef HV_DEV_VIOAPIC_H
#define HV_DEV_VIOAPIC_H

#include "hv/core/bus.h"
#include "hv/core/timer.h"
#include "hv/dev/apic_message.h"

#define VIOAPIC_BASE 0xfec00000u
#define VIOAPIC_SIZE 0x1000u
#define VIOAPIC_PINS 24u

struct vioapic_wiring {
	const struct clock *clock;
	struct timer_queue *timers;
	/* To the local APIC; false: nobody took it. */
	bool (*send)(void *opaque, const struct apic_message *message);
	/* A pin in ExtINT mode is high. */
	void (*extint)(void *opaque, bool level);
	/* The edge on @pin has reached the CPU, or is lost for good: the next one will count.  Not called from
	 * within vioapic_set_pin(). */
	void (*taken)(void *opaque, u32 pin);
	void *opaque;
};

struct vioapic {
	struct vioapic_wiring wiring;
	u32 select; /* register that the window shows */
	u32 id;
	u64 entry[VIOAPIC_PINS];
	u32 level;	/* of the wires, a bit each */
	u32 sent;	/* edges on their way, as @vector */
	u32 lost;	/* edges that nobody got, not told yet */
	u8 vector[VIOAPIC_PINS];
	bool extint;
	struct timer timer; /* tells what is lost */
};

extern const struct bus_ops vioapic_ops; /* VIOAPIC_SIZE bytes, opaque: the vioapic */

/* All pins masked; wires keep their levels. */
void vioapic_init(struct vioapic *io, const struct vioapic_wiring *wiring);
void vioapic_reset(struct vioapic *io);
/* Drive @pin.  Fits struct irqline. */
void vioapic_set_pin(void *opaque, u32 pin, bool level);
/* From the local APIC: the CPU has taken an edge-triggered @vector; the end of a level-triggered one. */
void vioapic_taken(struct vioapic *io, u8 vector);
void vioapic_ended(struct vioapic *io, u8 vector);
/* It accepts interrupts from now on: levels that wait are sent. */
void vioapic_ready(struct vioapic *io);

#endif
