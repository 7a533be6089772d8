/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of ring.h.  Bytes are in place before the index that publishes them moves; x86
 * keeps the order of stores, the compiler is told by the volatile access.
 */
#include "hv/lib/ring.h"

#include "hv/lib/assert.h"

void ring_init(struct ring *ring, u8 *bytes, u32 size)
{
	ASSERT(size && !(size & (size - 1)));
	*ring = (struct ring){ .bytes = bytes, .size = size };
}

u32 ring_used(const struct ring *ring)
{
	return READ_ONCE(ring->tail) - READ_ONCE(ring->head);
}

u32 ring_free(const struct ring *ring)
{
	return ring->size - ring_used(ring);
}

u32 ring_put(struct ring *ring, const void *bytes, u32 size)
{
	u32 count = MIN(size, ring_free(ring));
	u32 tail = ring->tail;

	for (u32 i = 0; i < count; i++)
		((volatile u8 *)ring->bytes)[tail++ & (ring->size - 1)] = ((const u8 *)bytes)[i];
	WRITE_ONCE(ring->tail, tail);
	return count;
}

u32 ring_get(struct ring *ring, void *bytes, u32 size)
{
	u32 count = MIN(size, ring_used(ring));
	u32 head = ring->head;

	for (u32 i = 0; i < count; i++)
		((u8 *)bytes)[i] = ((volatile u8 *)ring->bytes)[head++ & (ring->size - 1)];
	WRITE_ONCE(ring->head, head);
	return count;
}
