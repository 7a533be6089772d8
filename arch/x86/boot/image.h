/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Boundaries of the hypervisor's image in memory, from hypervisor.lds.S.  Each is page-aligned;
 * text starts at image_start, and linear addresses equal physical ones.
 */
#ifndef ARCH_X86_BOOT_IMAGE_H
#define ARCH_X86_BOOT_IMAGE_H

#include "hv/lib/types.h"

extern u8 image_start[], image_text_end[], image_rodata_end[], image_stacks[], image_data_end[],
	image_end[];

#endif
