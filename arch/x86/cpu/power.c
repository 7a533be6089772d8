/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of the run: arch_power_off and arch_reset of hv/arch.h.  There is no one way to switch a
 * PC off, so the ways are tried in order of how little they assume; each leaves the next one
 * possible.
 */
#include "arch/x86/cpu/power.h"

#include "arch/x86/cpu/acpi.h"
#include "arch/x86/cpu/host_paging.h"
#include "arch/x86/cpu/io.h"
#include "hv/arch.h"
#include "hv/core/log.h"

#define ISA_DEBUG_EXIT_PORT 0xf4 /* QEMU: -device isa-debug-exit,iobase=0xf4 */
#define BOCHS_SHUTDOWN_PORT 0x8900
#define RESET_CONTROL_PORT 0xcf9
#define KBC_COMMAND_PORT 0x64
#define KBC_PULSE_RESET 0xfe

#define PM1_CONTROL_SCI_EN 0x0001 /* ACPI mode is on */

static bool debug_exit;
static bool have_acpi;
static struct acpi_power_off acpi;

void power_use_debug_exit(void)
{
	debug_exit = true;
}

NORETURN static void halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void bochs_shutdown(void)
{
	for (const char *c = "Shutdown"; *c; c++)
		out8(BOCHS_SHUTDOWN_PORT, (u8)*c);
}

static void pause(void)
{
	for (u32 i = 0; i < 100000; i++)
		io_delay();
}

static const void *map_table(hpa_t address, u32 size)
{
	return map_device(address, size, HOST_WRITE_BACK);
}

void power_init(const void *rsdp)
{
	have_acpi = acpi_find_power_off(rsdp, map_table, &acpi);
	if (!have_acpi)
		log_info("no ACPI power-off on this PC");
}

static void acpi_sleep(u16 port, u16 value)
{
	/* The other bits of the register are kept: SLP_TYP (12-10) and SLP_EN (13) are ours. */
	if (port)
		out16(port, (u16)((in16(port) & ~0x3c00u) | value));
}

static void acpi_shutdown(void)
{
	if (!have_acpi)
		return;
	if (acpi.smi_command && !(in16(acpi.pm1a_control) & PM1_CONTROL_SCI_EN)) {
		out8(acpi.smi_command, acpi.acpi_enable);
		pause();
	}
	acpi_sleep(acpi.pm1a_control, acpi.sleep_a);
	acpi_sleep(acpi.pm1b_control, acpi.sleep_b);
	pause();
}

void arch_power_off(int status)
{
	log_notice("romulus: end status=%d", status);
	if (debug_exit)
		out8(ISA_DEBUG_EXIT_PORT, (u8)status);
	bochs_shutdown();
	acpi_shutdown();
	halt();
}

void arch_reset(void)
{
	static const struct {
		u16 limit;
		u32 base;
	} PACKED no_idt = { 0, 0 };

	out8(RESET_CONTROL_PORT, 0x02);
	out8(RESET_CONTROL_PORT, 0x06);
	pause();
	out8(KBC_COMMAND_PORT, KBC_PULSE_RESET);
	pause();
	__asm__ volatile("lidt %0; int3" : : "m"(no_idt)); /* triple fault */
	halt();
}
