# SPDX-License-Identifier: GPL-2.0
PURE += hv/load/bios.c hv/load/bzimage.c hv/load/elf.c hv/load/load.c
