/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options of the way the run ends (arch_power_off in hv/arch.h).
 */
#ifndef ARCH_X86_CPU_POWER_H
#define ARCH_X86_CPU_POWER_H

/* The command line said exit=isa-debug-exit: report the status through QEMU's device of that name. */
void power_use_debug_exit(void);

/* Learn from ACPI how to switch the PC off.  @rsdp: the root pointer from the boot loader, or NULL.
 * Needs map_device. */
void power_init(const void *rsdp);

#endif
