/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which memory is free for the page allocator: the loader's RAM ranges, minus what the loader calls
 * something else in an overlapping range, minus the holes that the caller knows to be in use
 * (image, modules, boot information), minus everything below 1 MB (firmware data, and room for
 * starting other CPUs).
 */
#ifndef ARCH_X86_BOOT_BOOT_MEMORY_H
#define ARCH_X86_BOOT_BOOT_MEMORY_H

#include "hv/lib/addr.h"

struct boot_info;
struct boot_hole {
	u64 start, end;
};

/* Call @give for each maximal free range below @limit, whole pages only, none twice. */
void boot_memory_free(const struct boot_info *info, const struct boot_hole *holes, u32 hole_count,
		      u64 limit, void (*give)(hpa_t start, u64 size));
/* Bytes of RAM that the loader reports. */
u64 boot_memory_total(const struct boot_info *info);

#endif
