/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Port I/O and memory-mapped I/O of one VM: who answers at which address.  A device model gives a
 * read and a write function and sees offsets relative to its range; it never sees the CPU.  What
 * nobody claims reads as all ones and swallows writes, as on a PC's bus.
 */
#ifndef HV_CORE_BUS_H
#define HV_CORE_BUS_H

#include "hv/lib/addr.h"

struct bus;

/* @size is 1, 2 or 4; @offset is relative to the start of the range.  An access that is wider than
 * the part of the range behind @offset, or than @max_size, is split into bytes by the bus. */
struct bus_ops {
	u32 (*read)(void *opaque, u32 offset, u32 size);
	void (*write)(void *opaque, u32 offset, u32 size, u32 value);
	u32 max_size; /* 1, 2 or 4; 0 means 1 */
};

struct bus *bus_create(void);
void bus_destroy(struct bus *bus);

/* Claim @count ports from @first, or @size bytes of guest-physical space.  @ops and @opaque stay
 * the caller's and must outlive the bus.  0, -EEXIST on overlap (logged), -ENOMEM. */
int bus_add_pio(struct bus *bus, u16 first, u32 count, const struct bus_ops *ops, void *opaque);
int bus_add_mmio(struct bus *bus, gpa_t first, u32 size, const struct bus_ops *ops, void *opaque);
/* For windows that a guest moves: does nobody answer in @size bytes from @first; and take the range that
 * begins at @first, which must be there, away again. */
bool bus_mmio_is_free(const struct bus *bus, gpa_t first, u32 size);
void bus_remove_mmio(struct bus *bus, gpa_t first);

u32 bus_pio_read(struct bus *bus, u16 port, u32 size);
void bus_pio_write(struct bus *bus, u16 port, u32 size, u32 value);
u32 bus_mmio_read(struct bus *bus, gpa_t address, u32 size);
void bus_mmio_write(struct bus *bus, gpa_t address, u32 size, u32 value);

#endif
