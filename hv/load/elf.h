/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ELF executables for the 386 [System V ABI, Intel386 supplement], loaded by physical address: what
 * is in a PT_LOAD segment goes to its p_paddr, the rest of p_memsz is zeroed.  The entry point is
 * physical, as in Linux's vmlinux; one that lies only in a segment's virtual range is translated.
 */
#ifndef HV_LOAD_ELF_H
#define HV_LOAD_ELF_H

#include "hv/load/load.h"

#define ELF_MAX_SEGMENTS 32 /* program headers of any type */

/* Does it begin as an ELF file does? */
bool elf_recognise(const struct module *kernel);

/* Check it.  0 and *image; -ENOEXEC, -ENOSPC: logged. */
int elf_parse(const struct load_place *place, struct kernel_image *image);

/* Copy the segments to their places, each @moved bytes up (modulo 4 GB).  Only after elf_parse. */
void elf_place(const struct module *kernel, u32 moved, struct gmem *gmem);

#endif
