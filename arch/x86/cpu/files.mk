# SPDX-License-Identifier: GPL-2.0
PURE += arch/x86/cpu/acpi.c
METAL += $(addprefix arch/x86/cpu/, backtrace.c conformance.c conformance_code.S cpuid.c entry.S gdt.c host_fpu.c host_paging.c \
	lapic.c pic.c pit.c power.c rtc.c time.c trap.c tsc.c)
METAL += arch/x86/cpu/watchdog.c
