# SPDX-License-Identifier: GPL-2.0
PURE += arch/x86/boot/boot_info.c arch/x86/boot/boot_memory.c arch/x86/boot/boot_report.c
METAL += arch/x86/boot/multiboot2.S arch/x86/boot/start.S
