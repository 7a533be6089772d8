# SPDX-License-Identifier: GPL-2.0
PURE += hv/load/bios.c hv/load/bzimage.c hv/load/elf.c hv/load/elf_sections.c hv/load/load.c \
	hv/load/multiboot.c hv/load/multiboot1.c hv/load/multiboot2.c
