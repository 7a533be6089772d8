/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of bus.h.  A PC has a few dozen ranges, added once and searched for ever, so each
 * of the two spaces is a sorted array searched by halves.  An access that fits one range goes to its
 * device whole; anything else falls apart into bytes, each of which finds its own way.  Bytes that
 * run off the end of a space belong to nobody.
 */
#include "hv/core/bus.h"

#include "hv/core/kheap.h"
#include "hv/core/log.h"
#include "hv/lib/assert.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"

#define FIRST_CAPACITY 16u
#define PIO_SIZE 0x10000u

struct range {
	u64 first;
	u64 end;
	const struct bus_ops *ops;
	void *opaque;
};

struct space {
	struct range *ranges; /* by address, disjoint */
	u32 range_count;
	u32 capacity;
};

struct bus {
	struct space pio;
	struct space mmio;
};

struct bus *bus_create(void)
{
	return kheap_alloc(sizeof(struct bus));
}

void bus_destroy(struct bus *bus)
{
	if (!bus)
		return;
	kheap_free(bus->pio.ranges);
	kheap_free(bus->mmio.ranges);
	kheap_free(bus);
}

/* Index of the first range that ends behind @address: the one that holds it, or the next one. */
static u32 search(const struct space *space, u64 address)
{
	u32 low = 0;
	u32 high = space->range_count;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (space->ranges[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool grow(struct space *space)
{
	u32 capacity = space->capacity ? 2 * space->capacity : FIRST_CAPACITY;
	struct range *ranges = kheap_alloc(capacity * sizeof(*ranges));

	if (!ranges)
		return false;
	if (space->range_count)
		memcpy(ranges, space->ranges, space->range_count * sizeof(*ranges));
	kheap_free(space->ranges);
	space->ranges = ranges;
	space->capacity = capacity;
	return true;
}

static bool is_free(const struct space *space, u64 first, u64 size)
{
	u32 at = search(space, first);

	return at == space->range_count || space->ranges[at].first >= first + size;
}

static int add(struct space *space, u64 first, u64 size, const struct bus_ops *ops, void *opaque)
{
	u32 at = search(space, first);
	struct range *range;

	ASSERT(size > 0);
	if (!is_free(space, first, size)) {
		log_error("bus: [%llx, %llx) is already claimed", (unsigned long long)first,
			  (unsigned long long)(first + size));
		return ERR(-EEXIST);
	}
	if (space->range_count == space->capacity && !grow(space))
		return ERR(-ENOMEM);
	range = space->ranges + at;
	memmove(range + 1, range, (space->range_count - at) * sizeof(*range));
	*range = (struct range){ first, first + size, ops, opaque };
	space->range_count++;
	return 0;
}

int bus_add_pio(struct bus *bus, u16 first, u32 count, const struct bus_ops *ops, void *opaque)
{
	ASSERT(first + count <= PIO_SIZE);
	return add(&bus->pio, first, count, ops, opaque);
}

int bus_add_mmio(struct bus *bus, gpa_t first, u32 size, const struct bus_ops *ops, void *opaque)
{
	return add(&bus->mmio, first.v, size, ops, opaque);
}

bool bus_mmio_is_free(const struct bus *bus, gpa_t first, u32 size)
{
	return is_free(&bus->mmio, first.v, size);
}

void bus_remove_mmio(struct bus *bus, gpa_t first)
{
	struct space *space = &bus->mmio;
	u32 at = search(space, first.v);

	ASSERT(at < space->range_count && space->ranges[at].first == first.v);
	space->range_count--;
	memmove(space->ranges + at, space->ranges + at + 1,
		(space->range_count - at) * sizeof(*space->ranges));
}

/* The range that can answer all of the access at once, or NULL. */
static const struct range *find(const struct space *space, u64 address, u32 size)
{
	u32 at = search(space, address);
	const struct range *range = space->ranges + at;

	if (at == space->range_count || range->first > address || range->end - address < size)
		return NULL;
	return size <= MAX(range->ops->max_size, 1u) ? range : NULL;
}

static u32 read_piece(const struct space *space, u64 address, u32 size)
{
	const struct range *range = find(space, address, size);

	if (!range)
		return ~0u;
	return range->ops->read(range->opaque, (u32)(address - range->first), size);
}

static u32 read(const struct space *space, u64 address, u32 size)
{
	u32 value = 0;

	if (size == 1 || find(space, address, size)) {
		value = read_piece(space, address, size);
		return size == 4 ? value : value & (BIT(8 * size) - 1);
	}
	for (u32 i = 0; i < size; i++)
		value |= (read_piece(space, address + i, 1) & 0xff) << 8 * i;
	return value;
}

static void write_piece(const struct space *space, u64 address, u32 size, u32 value)
{
	const struct range *range = find(space, address, size);

	if (range)
		range->ops->write(range->opaque, (u32)(address - range->first), size, value);
}

static void write(const struct space *space, u64 address, u32 size, u32 value)
{
	if (size == 4 && find(space, address, 4)) {
		write_piece(space, address, 4, value);
		return;
	}
	if (size == 2 && find(space, address, 2)) {
		write_piece(space, address, 2, value & 0xffff);
		return;
	}
	for (u32 i = 0; i < size; i++)
		write_piece(space, address + i, 1, value >> 8 * i & 0xff);
}

u32 bus_pio_read(struct bus *bus, u16 port, u32 size)
{
	return read(&bus->pio, port, size);
}

void bus_pio_write(struct bus *bus, u16 port, u32 size, u32 value)
{
	write(&bus->pio, port, size, value);
}

u32 bus_mmio_read(struct bus *bus, gpa_t address, u32 size)
{
	return read(&bus->mmio, address.v, size);
}

void bus_mmio_write(struct bus *bus, gpa_t address, u32 size, u32 value)
{
	write(&bus->mmio, address.v, size, value);
}
