/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wiring: the one place that knows everybody.  romulus_main gets the machine from the boot
 * code, brings up what the hypervisor needs in the order in which one thing needs another, reports
 * what it found, and then serves.
 */
#include "arch/x86/boot/boot_info.h"
#include "arch/x86/boot/boot_memory.h"
#include "arch/x86/boot/image.h"
#include "arch/x86/cpu/cpuid.h"
#include "arch/x86/cpu/fpu.h"
#include "arch/x86/cpu/gdt.h"
#include "arch/x86/cpu/host_paging.h"
#include "arch/x86/cpu/pic.h"
#include "arch/x86/cpu/power.h"
#include "arch/x86/cpu/time.h"
#include "arch/x86/cpu/trap.h"
#include "drivers/uart.h"
#include "hv/arch.h"
#include "hv/core/log.h"
#include "hv/core/panic.h"
#include "hv/core/pmm.h"
#include "hv/lib/string.h"

static struct uart com1;
static struct boot_info boot_info;

static void read_options(void)
{
	char value[32];

	if (boot_info_option(boot_info.cmdline, "exit", value, sizeof(value)) &&
	    !strcmp(value, "isa-debug-exit"))
		power_use_debug_exit();
}

static void init_memory(const void *multiboot)
{
	struct boot_hole holes[BOOT_MODULES_MAX + 2];
	u32 count = 0;

	holes[count++] = (struct boot_hole){ (u32)image_start, (u32)image_end };
	for (u32 i = 0; i < boot_info.module_count; i++)
		holes[count++] = (struct boot_hole){ boot_info.modules[i].start,
						     boot_info.modules[i].end };
	holes[count++] = (struct boot_hole){ (u32)multiboot, (u32)multiboot + boot_info.info_size };
	host_paging_init(&boot_info);
	boot_memory_free(&boot_info, holes, count, HOST_RAM_END, pmm_add);
}

/* Nothing to host: let interrupts in, for ever. */
NORETURN static void serve(void)
{
	for (;;)
		arch_idle();
}

void romulus_main(const void *multiboot);
void romulus_main(const void *multiboot)
{
	if (uart_init(&com1, UART_COM1_PORT, "com1"))
		log_add_sink(&com1.log_sink);
	log_notice("Romulus, a hypervisor for 32-bit x86");
	cpuid_init();
	gdt_init();
	trap_init();
	boot_info_parse(multiboot, MIB, &boot_info);
	read_options();
	log_notice("command line: %s", boot_info.cmdline);
	init_memory(multiboot);
	pic_init();
	time_init();
	fpu_init();
	cpuid_report();
	time_report();
	log_notice("memory: %u KB free", (u32)(pmm_free_bytes() >> 10));
	log_notice("wall clock: %u s since 1970", (u32)arch_wallclock_s());
	serve();
}
