/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Multiboot kernels [Multiboot; Multiboot2], loaded as GRUB loads them.  Such a kernel carries a
 * header in its first bytes that says what it wants; it is an ELF executable, or its header says
 * how to load it.  A file with the headers of both versions is loaded by version 2.
 *
 *   90000         nothing; the small stack grows down from here
 *   91000         GDT (BIOS_BOOT_GDT)
 *   92000         the information structure with all its strings, ELF section headers behind it
 *   kernel        where the file says, above 1 MB
 *   behind it     the modules, each on a page of its own, then ELF sections that no segment holds;
 *                 if there is no room, from 1 MB up to the kernel
 *
 * The kernel is entered in protected mode without paging, flat segments, interrupts off, EAX the
 * magic number, EBX at the information structure.
 *
 * Not done: a.out symbols, displays, EFI, APM, drives, boot device: the information structure does
 * not have them, as it does not on a PC without.
 */
#ifndef HV_LOAD_MULTIBOOT_H
#define HV_LOAD_MULTIBOOT_H

#include "hv/load/load.h"

/* As load_kernel, for a configuration with @multiboot set. */
int multiboot_load(const struct load_request *request, struct x86_cpu *cpu);

#endif
