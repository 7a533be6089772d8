# SPDX-License-Identifier: GPL-2.0
METAL += $(addprefix arch/x86/cpu/, backtrace.c cpuid.c entry.S gdt.c host_paging.c lapic.c pic.c power.c time.c trap.c)
