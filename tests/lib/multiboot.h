/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the Multiboot test kernels of both versions check alike.  The command line and the modules'
 * arguments say what to expect, so that the same kernel runs under Romulus, GRUB and QEMU's -kernel:
 *
 *   modules=N   on the command line: there are N modules
 *   sum.HEX     in a module's arguments: the sum of its bytes
 */
#ifndef TESTS_LIB_MULTIBOOT_H
#define TESTS_LIB_MULTIBOOT_H

#include "tests/lib/guest.h"

/* Protected mode without paging, interrupts off, EAX as the version says. */
void check_entry_state(u32 magic);

/* Range @start to @end of the memory map, in order; @above_kb is the KB above 1 MB as told. */
struct memory_range {
	u64 start, size;
	u32 type;
};
void check_memory_map(const struct memory_range *ranges, u32 count, u32 above_kb);

/* Module @index; modules must be given in turn. */
void check_module(u32 index, u32 start, u32 end, const char *arguments);
void check_module_count(u32 count);

/* The ELF section headers at @at: a symbol of this kernel is found by them. */
void check_sections(const void *at, u32 count, u32 bytes, u32 names);

#endif
