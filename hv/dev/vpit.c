/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vpit.h.  IRQ0 in modes 2 and 3 does not show the wave of OUT but stays high and
 * gets a low pulse before each tick, so that a request cannot vanish before its acknowledge; OUT
 * itself can be read back and is exact.
 */
#include "hv/dev/vpit.h"

#include "hv/dev/ticks.h"
#include "hv/lib/string.h"

#define CONTROL_PORT 3u
#define SELECT_READ_BACK 3u
#define READ_BACK_NO_COUNT BIT(5)
#define READ_BACK_NO_STATUS BIT(4)

#define PORT61_GATE2 BIT(0)
#define PORT61_WRITABLE 0x0fu
#define PORT61_REFRESH BIT(4)
#define PORT61_OUT2 BIT(5)
#define REFRESH_TICKS 18u /* counter 1 as every BIOS sets it: 15 us */

static u64 tick_now(const struct vpit *pit)
{
	return VPIT_FIRST_TICK + ticks_at(pit_rate, clock_now_ns(pit->clock));
}

static u64 tick_to_ns(u64 tick)
{
	return ticks_ns(pit_rate, tick - VPIT_FIRST_TICK);
}

static void set_irq0(struct vpit *pit, bool level)
{
	if (pit->irq0_level == level)
		return;
	pit->irq0_level = level;
	irqline_set(pit->irq0, level);
}

static void raise(struct vpit *pit)
{
	set_irq0(pit, false);
	set_irq0(pit, true);
	pit->in_flight = true;
	pit->raised_ns = clock_now_ns(pit->clock);
}

/* Count the edges of OUT 0 since the last time. */
static void notice(struct vpit *pit)
{
	u64 now = tick_now(pit);
	u64 rises = vpit_counter_rises(&pit->counter[0], pit->seen, now);

	pit->seen = now;
	pit->owed = (u32)MIN(rises + pit->owed, (u64)VPIT_OWED_MAX);
}

static void arm_for_next_rise(struct vpit *pit)
{
	u64 rise = vpit_counter_next_rise(&pit->counter[0], pit->seen);

	if (rise == VPIT_NEVER)
		timer_cancel(&pit->timer);
	else
		timer_arm(&pit->timer, tick_to_ns(rise));
}

/* When the next owed tick may follow the last one. */
static u64 earliest_ns(const struct vpit *pit)
{
	return pit->raised_ns + tick_to_ns(VPIT_FIRST_TICK + pit->counter[0].count) / 2;
}

static void serve_periodic(struct vpit *pit)
{
	timer_cancel(&pit->timer);
	if (pit->in_flight)
		return; /* vpit_irq0_taken() goes on */
	if (!pit->owed) {
		arm_for_next_rise(pit);
	} else if (clock_now_ns(pit->clock) >= earliest_ns(pit)) {
		pit->owed--;
		raise(pit);
	} else {
		timer_arm(&pit->timer, earliest_ns(pit));
	}
}

/* Bring IRQ0 and the timer up to date. */
static void serve(struct vpit *pit)
{
	notice(pit);
	if (vpit_counter_periodic(&pit->counter[0])) {
		serve_periodic(pit);
		return;
	}
	if (pit->owed)
		raise(pit);
	pit->owed = 0;
	set_irq0(pit, vpit_counter_out(&pit->counter[0], pit->seen));
	arm_for_next_rise(pit);
}

static void timer_fired(void *opaque)
{
	serve(opaque);
}

void vpit_irq0_taken(struct vpit *pit)
{
	pit->in_flight = false;
	if (vpit_counter_periodic(&pit->counter[0]))
		serve(pit);
}

/* ---- ports ---------------------------------------------------------------------------------- */

static void read_back(struct vpit *pit, u8 command, u64 now)
{
	for (u32 i = 0; i < 3; i++) {
		if (!(command & BIT(i + 1)))
			continue;
		if (!(command & READ_BACK_NO_COUNT))
			vpit_counter_latch_count(&pit->counter[i], now);
		if (!(command & READ_BACK_NO_STATUS))
			vpit_counter_latch_status(&pit->counter[i], now);
	}
}

static void write_control(struct vpit *pit, u8 value, u64 now)
{
	u32 select = value >> 6;

	if (select == SELECT_READ_BACK) {
		read_back(pit, value, now);
		return;
	}
	if (!(value & 0x30)) {
		vpit_counter_latch_count(&pit->counter[select], now);
		return;
	}
	vpit_counter_control(&pit->counter[select], value);
	if (select == 0) {
		pit->owed = 0;
		pit->in_flight = false;
		pit->raised_ns = 0;
		set_irq0(pit, vpit_counter_out(&pit->counter[0], now));
	}
}

static void pit_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vpit *pit = opaque;
	u64 now;

	(void)size;
	notice(pit);
	now = pit->seen; /* one look at the clock: a count of a later moment would have edges before it */
	if (offset == CONTROL_PORT)
		write_control(pit, (u8)value, now);
	else
		vpit_counter_write(&pit->counter[offset], (u8)value, now);
	serve(pit);
}

static u32 pit_read(void *opaque, u32 offset, u32 size)
{
	struct vpit *pit = opaque;

	(void)size;
	if (offset == CONTROL_PORT) /* the chip leaves the bus alone */
		return 0xff;
	return vpit_counter_read(&pit->counter[offset], tick_now(pit));
}

static u32 port61_read(void *opaque, u32 offset, u32 size)
{
	struct vpit *pit = opaque;
	u64 now = tick_now(pit);
	u32 value = pit->port61;

	(void)offset;
	(void)size;
	if (vpit_counter_out(&pit->counter[2], now))
		value |= PORT61_OUT2;
	if (div64_u32(now, REFRESH_TICKS, NULL) & 1)
		value |= PORT61_REFRESH;
	return value;
}

static void port61_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vpit *pit = opaque;

	(void)offset;
	(void)size;
	pit->port61 = value & PORT61_WRITABLE;
	vpit_counter_set_gate(&pit->counter[2], value & PORT61_GATE2, tick_now(pit));
}

const struct bus_ops vpit_ops = { pit_read, pit_write, 1 };
const struct bus_ops vpit_port61_ops = { port61_read, port61_write, 1 };

void vpit_reset(struct vpit *pit)
{
	memset(pit->counter, 0, sizeof(pit->counter));
	pit->counter[0].gate = true;
	pit->counter[1].gate = true;
	pit->port61 = 0;
	pit->seen = tick_now(pit);
	pit->owed = 0;
	pit->in_flight = false;
	pit->raised_ns = 0;
	timer_cancel(&pit->timer);
	set_irq0(pit, false);
}

void vpit_init(struct vpit *pit, const struct clock *clock, struct timer_queue *timers,
	       struct irqline irq0)
{
	memset(pit, 0, sizeof(*pit));
	pit->clock = clock;
	pit->irq0 = irq0;
	timer_init(&pit->timer, timers, timer_fired, pit);
	vpit_reset(pit);
}
