/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small objects of the hypervisor (up to a few pages each).  Anything of page size and alignment
 * comes from pmm instead.  tests/fake maps both onto malloc with guard bytes, and can be told to
 * fail (torture knob alloc.fail=n).
 */
#ifndef HV_CORE_KHEAP_H
#define HV_CORE_KHEAP_H

#include "hv/lib/types.h"

/* Zeroed memory aligned to 16 bytes, or NULL.  The caller owns it until kheap_free. */
void *kheap_alloc(size_t size);
/* @object from kheap_alloc, or NULL. */
void kheap_free(void *object);
/* Bytes in objects, with their headers. */
u64 kheap_used_bytes(void);

#endif
