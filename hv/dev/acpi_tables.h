/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ACPI tables of a guest: RSDP, RSDT, FADT, FACS and the DSDT that dsdt.asl becomes [ACPI 4.0a,
 * 5.2].  With APICs there is a MADT, too: one processor, one I/O APIC, IRQ 0 at pin 2, the SCI and the IRQs
 * of PCI links as levels, LINT1 for NMIs.  The FADT tells how to switch ACPI mode on, where the registers of
 * vacpi_pm.h are, that writing 6 to CF9h resets, and that there is no VGA.
 *
 * Tables hold absolute addresses, so the caller says where in the guest they will lie; a kernel
 * finds an RSDP by itself on a 16-byte boundary in E0000-FFFFF.
 */
#ifndef HV_DEV_ACPI_TABLES_H
#define HV_DEV_ACPI_TABLES_H

#include "hv/lib/addr.h"

#define ACPI_TABLES_MAX 4096u /* enough for all */
#define ACPI_TABLES_ALIGN 64u /* of the guest's address */

/* Write the tables that will lie at guest-physical @address (ACPI_TABLES_ALIGN-aligned, below
 * 4 GB) into @buffer, the RSDP first.  Returns the bytes used, or -ENOSPC if @size is too small. */
int acpi_tables_build(void *buffer, u32 size, gpa_t address, bool apic);

#endif
