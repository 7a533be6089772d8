/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The little of ACPI that switches a PC off: the fixed hardware registers in the FADT, and the
 * values for sleep state S5 in the DSDT, found by their byte pattern instead of an interpreter for
 * the whole language.  Pure: tables are reached through a function of the caller's.  [ACPI 5.2,
 * 4.8.3, 7.4.2]
 */
#ifndef ARCH_X86_CPU_ACPI_H
#define ARCH_X86_CPU_ACPI_H

#include "hv/lib/addr.h"

/* Read-only memory of @size bytes at @address; NULL if that is impossible. */
typedef const void *acpi_map_fn(hpa_t address, u32 size);

struct acpi_power_off {
	u16 pm1a_control, pm1b_control; /* I/O ports; pm1b_control may be 0: there is none */
	u16 sleep_a, sleep_b;		/* values for these ports, with SLP_EN */
	u16 smi_command;		/* port; 0: ACPI mode is always on */
	u8 acpi_enable;			/* value for that port */
};

/* Find the tables from @rsdp on (NULL: look where a BIOS puts it) and fill *@out; false if there is
 * no ACPI, or nothing that says how to switch off. */
bool acpi_find_power_off(const void *rsdp, acpi_map_fn *map, struct acpi_power_off *out);

#endif
