/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A byte queue of fixed size between one producer and one consumer, who may be an interrupt
 * handler and the code it interrupts: each side writes only its own index.  The indices run freely
 * and are reduced when used, so "full" and "empty" differ.  The size must be a power of two.
 */
#ifndef HV_LIB_RING_H
#define HV_LIB_RING_H

#include "hv/lib/types.h"

struct ring {
	u8 *bytes; /* the caller's, @size of them */
	u32 size;
	u32 head; /* next to read; the consumer's */
	u32 tail; /* next to write; the producer's */
};

void ring_init(struct ring *ring, u8 *bytes, u32 size);
u32 ring_used(const struct ring *ring);
u32 ring_free(const struct ring *ring);
/* Append up to @size bytes; returns how many fitted. */
u32 ring_put(struct ring *ring, const void *bytes, u32 size);
/* Remove up to @size bytes from the front; returns how many there were. */
u32 ring_get(struct ring *ring, void *bytes, u32 size);

#endif
