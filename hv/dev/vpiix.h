/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The chip set in PCI configuration space: the i440FX host bridge (8086:1237) in slot 0; in slot 1
 * the PIIX3 ISA bridge (8086:7000), which routes the PCI interrupts, and as function 3 the PIIX4
 * power management (8086:7113), whose ports are vacpi_pm.h's.
 *
 * What the machine cannot do cannot be set: the PAM registers say that C0000-FFFFF is RAM and
 * cannot be changed; the base of the power-management ports is wired to VPIIX_PM_BASE.
 *
 * Interrupt pins: pin A-D (0-3) of slot s reaches link (s - 1 + pin) mod 4; PIRQRC[A-D] at 60h-63h
 * of the ISA bridge say which IRQ a link raises.  PCI interrupts are level-triggered; the guest sets
 * ELCR accordingly, or its firmware did.
 */
#ifndef HV_DEV_VPIIX_H
#define HV_DEV_VPIIX_H

#include "hv/dev/vpci.h"

#define VPIIX_PM_BASE 0x600u
#define VPIIX_LINKS 4u

struct vpiix {
	struct vpci_function host_bridge;
	struct vpci_function isa_bridge;
	struct vpci_function power;
	u32 asserted[VPIIX_LINKS]; /* per link: a bit for each pin of each slot */
	u16 irqs;		   /* levels of the IRQs that links drive */
	struct irqline irq[16];
};

/* Plug the chip set into @pci.  @irq[n] is the ISA bridge's own wire to IRQ n. */
int vpiix_init(struct vpiix *piix, struct vpci *pci, const struct irqline irq[16]);
void vpiix_reset(struct vpiix *piix);
/* Let @link raise @irq, as a BIOS does. */
void vpiix_set_route(struct vpiix *piix, u32 link, u32 irq);
/* Drive interrupt pin @pin (0-3: A-D) of @slot. */
void vpiix_set_pin(struct vpiix *piix, u32 slot, u32 pin, bool level);

#endif
