/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The local APIC of a CPU that is alone, in xAPIC mode [SDM3A 10]: 16 registers' worth of interrupts with
 * priorities, six local vectors, a timer.  ID 0, version 14h, six LVT entries; no x2APIC, no TSC deadline,
 * no suppression of EOI broadcasts.
 *
 * Its output to the CPU is a level: high while an interrupt in IRR is above the processor priority, or
 * somebody has an ExtINT for the CPU.  Who takes it asks vlapic_acknowledge() for the vector.  LINT0 is the
 * INTR of the 8259s, LINT1 is free; while the APIC is off (IA32_APIC_BASE) LINT0 goes straight to the CPU.
 *
 * Where the manual leaves it open:
 *
 *	- Reads of 1 or 2 bytes give those of the register's first four; bytes 4 to 15 read as 0.
 *	- Writes that are not of 4 aligned bytes are ignored.
 *	- An interrupt that waits while software disables the APIC stays deliverable; none comes in.
 *	- A wire is asserted when its driver says so, whatever the polarity bit says: a board is wired as its
 *	  tables tell.
 *	- The timer counts at VLAPIC_HZ.  Periods that ended while an interrupt for one before was not taken are owed
 *	  to the guest.
 */
#ifndef HV_DEV_VLAPIC_H
#define HV_DEV_VLAPIC_H

#include "hv/core/bus.h"
#include "hv/core/irqline.h"
#include "hv/core/timer.h"
#include "hv/dev/apic_message.h"

#define VLAPIC_HZ 1000000000u /* of the timer, before it is divided */
#define VLAPIC_SIZE 0x1000u
#define VLAPIC_BASE 0xfee00000u
/* IA32_APIC_BASE. */
#define VLAPIC_BSP BIT(8)
#define VLAPIC_ENABLE BIT(11)
#define VLAPIC_BASE_MASK 0xffffff000ull /* of 36 physical address bits */
#define VLAPIC_BASE_RESET (VLAPIC_BASE | VLAPIC_BSP | VLAPIC_ENABLE)

enum vlapic_lvt { LVT_TIMER, LVT_THERMAL, LVT_PMC, LVT_LINT0, LVT_LINT1, LVT_ERROR, VLAPIC_LVTS };

struct vlapic_wiring {
	const struct clock *clock;
	struct timer_queue *timers;
	struct irqline intr; /* to the CPU: a level */
	struct irqline nmi;  /* raised and lowered again for each NMI */
	struct irqline armed; /* raised when the guest has set the timer: it may be the host's next */
	/* The acknowledge cycles for an ExtINT: its vector. */
	u8 (*extint)(void *opaque);
	/* The CPU has taken an edge-triggered interrupt; the end of a level-triggered one. */
	void (*taken)(void *opaque, u8 vector);
	void (*ended)(void *opaque, u8 vector);
	/* Software has switched the APIC on: what was refused before may be sent again. */
	void (*ready)(void *opaque);
	void *opaque;
};

struct vlapic {
	struct vlapic_wiring wiring;
	u64 base; /* IA32_APIC_BASE */
	u32 id, tpr, ldr, dfr, svr, icr_low, icr_high;
	u32 esr, errors; /* as last written; since then */
	u32 lvt[VLAPIC_LVTS];
	u32 irr[8], isr[8], tmr[8]; /* a bit for each vector */
	bool lint[2];
	bool extint; /* from the I/O APIC */
	bool intr;
	u32 initial_count, divide;
	u64 start_ns; /* when the count was @initial_count */
	u64 told_ns;  /* of the last periodic interrupt; 0: none yet */
	u32 owed;
	u8 told_vector;
	bool in_flight; /* it is not taken yet */
	struct timer timer;
};

extern const struct bus_ops vlapic_ops; /* VLAPIC_SIZE bytes, opaque: the vlapic */

/* As a CPU comes out of RESET: enabled at VLAPIC_BASE, but by software off.  Wires keep their levels. */
void vlapic_init(struct vlapic *apic, const struct vlapic_wiring *wiring);
void vlapic_reset(struct vlapic *apic);

/* IA32_APIC_BASE is written: false, and nothing done, if that is #GP.  Switched off, the APIC forgets all.
 * Who owns the bus moves the registers. */
bool vlapic_set_base(struct vlapic *apic, u64 value);
static inline bool vlapic_enabled(const struct vlapic *apic)
{
	return (apic->base & VLAPIC_ENABLE) != 0;
}

/* Drive LINT0 or LINT1 (@pin 0, 1).  Fits struct irqline. */
void vlapic_set_lint(void *opaque, u32 pin, bool level);
/* An I/O APIC passes an ExtINT on, as long as it does. */
void vlapic_set_extint(struct vlapic *apic, bool level);
/* A message from an I/O APIC.  False: it is for nobody, or not accepted. */
bool vlapic_send(struct vlapic *apic, const struct apic_message *message);
/* What happens when the timer has counted down, at any other time: an interrupt by LVT_TIMER. */
void vlapic_raise_timer(struct vlapic *apic);

/* The CPU takes the interrupt that the output announces: its vector, possibly a spurious one. */
u8 vlapic_acknowledge(struct vlapic *apic);

#endif
