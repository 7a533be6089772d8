/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of the run: arch_power_off and arch_reset of hv/arch.h.  There is no one way to switch a
 * PC off, so the ways are tried in order of how little they assume; each leaves the next one
 * possible.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/power.h"
#include "hv/arch.h"
#include "hv/core/log.h"

#define ISA_DEBUG_EXIT_PORT 0xf4 /* QEMU: -device isa-debug-exit,iobase=0xf4 */
#define BOCHS_SHUTDOWN_PORT 0x8900
#define RESET_CONTROL_PORT 0xcf9
#define KBC_COMMAND_PORT 0x64
#define KBC_PULSE_RESET 0xfe

static bool debug_exit;

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

void arch_power_off(int status)
{
	log_notice("romulus: end status=%d", status);
	if (debug_exit)
		out8(ISA_DEBUG_EXIT_PORT, (u8)status);
	bochs_shutdown();
	halt();
}

static void pause(void)
{
	for (u32 i = 0; i < 100000; i++)
		io_delay();
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
