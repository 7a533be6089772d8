/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The power-management ports of a PIIX4 as far as ACPI needs them [Intel 82371AB, 7.2; ACPI 1.0,
 * 4.7]: the PM1 event and control registers, the PM timer, and the SMI command port through which
 * an operating system takes the hardware over from the BIOS.  The only sleep state is S5, soft off;
 * SLP_EN with another type does nothing.
 */
#ifndef HV_DEV_VACPI_PM_H
#define HV_DEV_VACPI_PM_H

#include "hv/core/bus.h"
#include "hv/core/irqline.h"
#include "hv/core/timer.h"

/* Offsets of the register blocks. */
#define VACPI_PM1_EVENT 0x00u
#define VACPI_PM1_CONTROL 0x04u
#define VACPI_PM_TIMER 0x08u
#define VACPI_PM_SIZE 64u

#define VACPI_SMI_COMMAND 0xb2u
#define VACPI_ENABLE 0xf1u
#define VACPI_DISABLE 0xf0u
#define VACPI_SLP_TYP_S5 0u
#define VACPI_SCI_IRQ 9u

struct vacpi_pm {
	u16 pmsts, pmen, pmcntrl;
	u8 apmc, apms; /* ports B2h, B3h */
	u64 half_seen; /* PM timer: overflow of bit 23 noticed up to here */
	bool sci_level;
	const struct clock *clock;
	struct timer timer;
	struct irqline sci;	  /* active high; shared level at IRQ9 */
	struct irqline power_off; /* goes high when the guest enters S5 */
};

extern const struct bus_ops vacpi_pm_ops;  /* VACPI_PM_SIZE ports, opaque: the vacpi_pm */
extern const struct bus_ops vacpi_smi_ops; /* ports B2h-B3h */

void vacpi_pm_init(struct vacpi_pm *pm, const struct clock *clock, struct timer_queue *timers,
		   struct irqline sci, struct irqline power_off);
void vacpi_pm_reset(struct vacpi_pm *pm);
/* The user presses the power button: a guest under ACPI gets an SCI and should shut down. */
void vacpi_pm_press_power_button(struct vacpi_pm *pm);

#endif
