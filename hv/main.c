/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wiring: the one place that knows everybody.  romulus_main gets the machine from the boot
 * code, brings up what the hypervisor needs in the order in which one thing needs another, reports
 * what it found, and then serves.
 */
#include "arch/x86/boot/boot_info.h"
#include "arch/x86/boot/boot_memory.h"
#include "arch/x86/boot/image.h"
#include "arch/x86/cpu/conformance.h"
#include "arch/x86/cpu/cpuid.h"
#include "arch/x86/cpu/host_fpu.h"
#include "arch/x86/cpu/gdt.h"
#include "arch/x86/cpu/host_paging.h"
#include "arch/x86/cpu/pic.h"
#include "arch/x86/cpu/power.h"
#include "arch/x86/cpu/time.h"
#include "arch/x86/cpu/trap.h"
#include "arch/x86/cpu/watchdog.h"
#include "arch/x86/cpu_policy.h"
#include "drivers/uart.h"
#include "hv/arch.h"
#include "hv/core/log.h"
#include "hv/core/panic.h"
#include "hv/core/pmm.h"
#include "hv/core/trace.h"
#include "hv/host_screen.h"
#include "hv/lib/math64.h"
#include "hv/lib/string.h"
#include "hv/vm/host.h"
#include "hv/vm/host_options.h"
#include "hv/vm/vm.h"

static struct uart com1, com2;
static struct module modules[BOOT_MODULES_MAX];
static struct boot_info boot_info;

static void read_options(void)
{
	char value[32];

	if (boot_info_option(boot_info.cmdline, "exit", value, sizeof(value)) &&
	    !strcmp(value, "isa-debug-exit"))
		power_use_debug_exit();
}

static void read_boot_info(const void *multiboot)
{
	int error = boot_info_parse(multiboot, MIB, &boot_info);

	read_options();
	boot_info_report(&boot_info);
	if (!error && boot_memory_total(&boot_info))
		return;
	log_error("the boot loader gave no usable memory map; expected Multiboot2 information from GRUB");
	arch_power_off(VM_STATUS_STOPPED);
}

static void policy_cpuid(u32 leaf, u32 subleaf, u32 out[4])
{
	cpuid_read(leaf, subleaf, out);
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

static u32 list_modules(void)
{
	for (u32 i = 0; i < boot_info.module_count; i++)
		modules[i] = (struct module){
			.name = boot_info.modules[i].cmdline,
			.data = arch_hpa_to_ptr(hpa(boot_info.modules[i].start)),
			.size = boot_info.modules[i].end - boot_info.modules[i].start,
		};
	return boot_info.module_count;
}

static const struct char_dev *serial_terminal(struct uart *uart, u32 line)
{
	if (!uart->present)
		return NULL;
	irq_register(line, uart_interrupt, uart);
	uart_enable_interrupts(uart);
	return &uart->char_dev;
}

/* The serial port or screen that the command line names for consoles and monitor. */
static const struct char_dev *find_terminal(void)
{
	struct host_options options;

	host_options_parse(boot_info.cmdline, &options);
	log_set_level(options.log);
	trace_mask |= options.trace;
	switch (options.terminal) {
	case HOST_TERMINAL_COM1:
		return serial_terminal(&com1, UART_COM1_LINE);
	case HOST_TERMINAL_COM2:
		uart_init(&com2, UART_COM2_PORT, "com2");
		return serial_terminal(&com2, UART_COM2_LINE);
	case HOST_TERMINAL_SCREEN:
		return host_screen_terminal();
	default:
		return com1.present ? serial_terminal(&com1, UART_COM1_LINE)
				    : host_screen_terminal();
	}
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
	read_boot_info(multiboot);
	log_notice("command line: %s", boot_info.cmdline);
	init_memory(multiboot);
	host_screen_init(&boot_info);
	power_init(boot_info.rsdp);
	pic_init();
	time_init();
	host_fpu_init();
	cpuid_report();
	time_report();
	log_notice("memory: %u MB in all, %u KB free",
		   (u32)(boot_memory_total(&boot_info) >> 20), (u32)(pmm_free_bytes() >> 10));
	if (conformance_probe() < 0)
		arch_power_off(VM_STATUS_STOPPED);
	conformance_report();
	log_notice("wall clock: %u s since 1970", (u32)arch_wallclock_s());
	if (!conforms(CONFORMS_IRET_VM))
		log_notice(watchdog_start() ? "watchdog: NMI by PIT and I/O APIC" :
			   "watchdog: none possible; a guest can hold the CPU through the IRET hole");
	cpu_policy_init(policy_cpuid);
	cpu_policy_set_tsc((u32)div64_u32(arch_tsc_hz(), 1000, NULL));
	arch_power_off(host_run(modules, list_modules(), find_terminal()));
}
