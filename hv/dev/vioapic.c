/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vioapic.h.  What becomes of an edge matters to the 8254, which owes its next tick until the
 * last one has been taken: so each edge is followed until the CPU has it, and one that is lost is told by a timer
 * that is due at once (the 8254 may be in the middle of its own business), as soon as its pin is not masked.
 */
#include "hv/dev/vioapic.h"

#include "hv/lib/string.h"

#define SELECT 0x00u
#define WINDOW 0x10u
#define EOI 0x40u

#define REG_ID 0u
#define REG_VERSION 1u
#define REG_ARBITRATION 2u
#define REG_ENTRIES 0x10u
#define VERSION (0x20u | (VIOAPIC_PINS - 1) << 16)
#define ID_WRITABLE 0x0f000000u

#define ENTRY_MODE_SHIFT 8
#define ENTRY_LOGICAL BIT(11)
#define ENTRY_REMOTE_IRR BIT(14)
#define ENTRY_LEVEL BIT(15)
#define ENTRY_MASK BIT(16)
#define ENTRY_TO_SHIFT 56
#define LOW_WRITABLE 0x0001afffu
#define HIGH_WRITABLE 0xff000000u

static bool is_masked(const struct vioapic *io, u32 pin)
{
	return (io->entry[pin] & ENTRY_MASK) != 0;
}

static enum apic_mode mode_of(const struct vioapic *io, u32 pin)
{
	return io->entry[pin] >> ENTRY_MODE_SHIFT & 7;
}

/* Only vectors can be level-triggered; all else is an edge, or a level of its own kind. */
static bool is_level(const struct vioapic *io, u32 pin)
{
	return io->entry[pin] & ENTRY_LEVEL && mode_of(io, pin) <= APIC_LOWEST;
}

static bool send(struct vioapic *io, u32 pin)
{
	u64 entry = io->entry[pin];
	struct apic_message message = {
		.vector = (u8)entry,
		.mode = mode_of(io, pin),
		.to = (u8)(entry >> ENTRY_TO_SHIFT),
		.logical = (entry & ENTRY_LOGICAL) != 0,
		.level = is_level(io, pin),
	};

	return io->wiring.send(io->wiring.opaque, &message);
}

static void tell_lost_soon(struct vioapic *io, u32 pin)
{
	if (io->lost & BIT(pin) && !is_masked(io, pin))
		timer_arm(&io->timer, clock_now_ns(io->wiring.clock));
}

static void tell_lost(void *opaque)
{
	struct vioapic *io = opaque;

	for (u32 pin = 0; pin < VIOAPIC_PINS; pin++) {
		if (!(io->lost & BIT(pin)) || is_masked(io, pin))
			continue;
		io->lost &= ~BIT(pin);
		io->wiring.taken(io->wiring.opaque, pin);
	}
}

static void send_edge(struct vioapic *io, u32 pin)
{
	bool arrives = !is_masked(io, pin) && send(io, pin) && mode_of(io, pin) <= APIC_LOWEST;

	io->vector[pin] = (u8)io->entry[pin];
	io->sent = arrives ? io->sent | BIT(pin) : io->sent & ~BIT(pin);
	io->lost = arrives ? io->lost & ~BIT(pin) : io->lost | BIT(pin);
	tell_lost_soon(io, pin);
}

static void send_level(struct vioapic *io, u32 pin)
{
	if (is_level(io, pin) && io->level & BIT(pin) && !(io->entry[pin] & (ENTRY_MASK | ENTRY_REMOTE_IRR)) &&
	    send(io, pin))
		io->entry[pin] |= ENTRY_REMOTE_IRR;
}

static void pass_extint(struct vioapic *io)
{
	bool level = false;

	for (u32 pin = 0; pin < VIOAPIC_PINS; pin++)
		level |= io->level & BIT(pin) && mode_of(io, pin) == APIC_EXTINT && !is_masked(io, pin);
	if (level == io->extint)
		return;
	io->extint = level;
	io->wiring.extint(io->wiring.opaque, level);
}

void vioapic_set_pin(void *opaque, u32 pin, bool level)
{
	struct vioapic *io = opaque;
	bool rises = level && !(io->level & BIT(pin));

	io->level = level ? io->level | BIT(pin) : io->level & ~BIT(pin);
	if (rises && !is_level(io, pin) && mode_of(io, pin) != APIC_EXTINT)
		send_edge(io, pin);
	send_level(io, pin);
	pass_extint(io);
}

void vioapic_taken(struct vioapic *io, u8 vector)
{
	for (u32 pin = 0; pin < VIOAPIC_PINS; pin++) {
		if (!(io->sent & BIT(pin)) || io->vector[pin] != vector)
			continue;
		io->sent &= ~BIT(pin);
		io->wiring.taken(io->wiring.opaque, pin);
	}
}

void vioapic_ended(struct vioapic *io, u8 vector)
{
	for (u32 pin = 0; pin < VIOAPIC_PINS; pin++) {
		if (!(io->entry[pin] & ENTRY_REMOTE_IRR) || (u8)io->entry[pin] != vector)
			continue;
		io->entry[pin] &= ~(u64)ENTRY_REMOTE_IRR;
		send_level(io, pin);
	}
}

void vioapic_ready(struct vioapic *io)
{
	for (u32 pin = 0; pin < VIOAPIC_PINS; pin++)
		send_level(io, pin);
}

/* ---- the CPU's side ---- */

static u32 read_window(const struct vioapic *io)
{
	u32 pin = (io->select - REG_ENTRIES) / 2;

	switch (io->select) {
	case REG_ID:
	case REG_ARBITRATION:
		return io->id;
	case REG_VERSION:
		return VERSION;
	default:
		if (io->select < REG_ENTRIES || pin >= VIOAPIC_PINS)
			return 0;
		return (u32)(io->select & 1 ? io->entry[pin] >> 32 : io->entry[pin]);
	}
}

static void write_entry(struct vioapic *io, u32 pin, u64 entry)
{
	/* A level that becomes an edge has nothing to wait for. */
	if (!(entry & ENTRY_LEVEL))
		entry &= ~(u64)ENTRY_REMOTE_IRR;
	io->entry[pin] = entry;
	tell_lost_soon(io, pin);
	send_level(io, pin);
	pass_extint(io);
}

static void write_window(struct vioapic *io, u32 value)
{
	u32 pin = (io->select - REG_ENTRIES) / 2;

	if (io->select == REG_ID)
		io->id = value & ID_WRITABLE;
	if (io->select < REG_ENTRIES || pin >= VIOAPIC_PINS)
		return;
	if (io->select & 1)
		write_entry(io, pin, (u32)io->entry[pin] | (u64)(value & HIGH_WRITABLE) << 32);
	else
		write_entry(io, pin, (io->entry[pin] & ~(u64)LOW_WRITABLE) | (value & LOW_WRITABLE));
}

static u32 vioapic_read(void *opaque, u32 offset, u32 size)
{
	struct vioapic *io = opaque;

	(void)size; /* the bus cuts */
	if (offset == SELECT)
		return io->select;
	return offset == WINDOW ? read_window(io) : 0;
}

static void vioapic_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vioapic *io = opaque;

	if (offset == SELECT)
		io->select = value & 0xff;
	else if (offset == WINDOW && size == 4)
		write_window(io, value);
	else if (offset == EOI)
		vioapic_ended(io, (u8)value);
}

const struct bus_ops vioapic_ops = { vioapic_read, vioapic_write, 4 };

void vioapic_reset(struct vioapic *io)
{
	io->select = io->id = io->sent = io->lost = 0;
	for (u32 pin = 0; pin < VIOAPIC_PINS; pin++)
		io->entry[pin] = ENTRY_MASK;
	timer_cancel(&io->timer);
	pass_extint(io);
}

void vioapic_init(struct vioapic *io, const struct vioapic_wiring *wiring)
{
	memset(io, 0, sizeof(*io));
	io->wiring = *wiring;
	timer_init(&io->timer, wiring->timers, tell_lost, io);
	vioapic_reset(io);
}
