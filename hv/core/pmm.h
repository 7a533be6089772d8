/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Host-physical page frames: 4 KB frames and naturally aligned 2 MB extents, from the ranges that
 * the boot information says are free RAM.  What is freed is scrubbed (zeroed) before it is given
 * out again, so that no VM reads what another left behind.
 */
#ifndef HV_CORE_PMM_H
#define HV_CORE_PMM_H

#include "hv/lib/addr.h"

/* Give [start, start + size) to the allocator; called at boot only. */
void pmm_add(hpa_t start, u64 size);

/* A zeroed frame or extent; false if there is none left. */
bool pmm_alloc_page(hpa_t *frame);
bool pmm_alloc_large(hpa_t *frame);
void pmm_free_page(hpa_t frame);
void pmm_free_large(hpa_t frame);

u64 pmm_free_bytes(void);
u64 pmm_total_bytes(void);

#endif
