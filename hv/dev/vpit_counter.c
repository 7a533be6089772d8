/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vpit_counter.h.  `elapsed` is the number of CLK pulses since the load.  With N
 * the count:
 *
 *   mode 0     OUT is low until elapsed = N               the element goes on, modulo its size
 *   mode 1     OUT is low while elapsed < N
 *   mode 2     phase = elapsed mod N; OUT is low at phase N-1; the element is N - phase
 *   mode 3     phase = elapsed mod N; OUT is high in the first (N+1)/2 of it; the element falls by
 *              two in each half, starting at N, or at N-1 if N is odd
 *   mode 4, 5  OUT is low at elapsed = N only
 */
#include "hv/dev/vpit_counter.h"

#include "hv/lib/math64.h"

#define CONTROL_BCD BIT(0)
#define STATUS_NULL_COUNT BIT(6)
#define STATUS_OUT BIT(7)

enum access { ACCESS_LOW = 1, ACCESS_HIGH = 2, ACCESS_BOTH = 3 };

static u32 access_of(const struct vpit_counter *counter)
{
	return counter->control >> 4 & 3;
}

static bool triggered_by_gate(const struct vpit_counter *counter)
{
	return counter->mode == 1 || counter->mode == 5;
}

static u32 modulus(const struct vpit_counter *counter)
{
	return counter->control & CONTROL_BCD ? 10000 : 65536;
}

static u32 from_register(const struct vpit_counter *counter, u32 value)
{
	if (counter->control & CONTROL_BCD)
		value = (value >> 12) * 1000 + (value >> 8 & 15) * 100 + (value >> 4 & 15) * 10 +
			(value & 15);
	return value ? value : modulus(counter);
}

static u16 to_register(const struct vpit_counter *counter, u32 value)
{
	if (!(counter->control & CONTROL_BCD))
		return (u16)value;
	return (u16)(value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 |
		     value % 10);
}

static u64 remainder_of(u64 n, u32 d)
{
	u32 remainder;

	div64_u32(n, d, &remainder);
	return remainder;
}

/* Mode 3: length of the half of the cycle in which OUT is high. */
static u32 high_half(u32 count)
{
	return (count + 1) / 2;
}

static void load(struct vpit_counter *counter, u64 at)
{
	counter->count = counter->count_register;
	counter->start = at;
	counter->state = VPIT_COUNTING;
	counter->waiting = false;
	counter->unloaded = false;
}

/* Let a count that waited for the end of a cycle have its turn, if that end has come. */
static void settle(struct vpit_counter *counter, u64 now)
{
	u64 at = counter->load_at;

	if (!counter->waiting || now < at)
		return;
	load(counter, counter->waiting_for_half ? at - high_half(counter->count_register) : at);
}

static u64 elapsed(const struct vpit_counter *counter, u64 now)
{
	if (counter->state == VPIT_FROZEN)
		return counter->elapsed;
	return now > counter->start ? now - counter->start : 0;
}

/* The value of the counting element. */
static u32 element(const struct vpit_counter *counter, u64 now)
{
	u64 passed = elapsed(counter, now);
	u32 phase, half;

	if (counter->state == VPIT_IDLE)
		return counter->count;
	if (!vpit_counter_periodic(counter)) {
		u32 size = modulus(counter);

		return (u32)remainder_of(counter->count + size - remainder_of(passed, size), size);
	}
	phase = (u32)remainder_of(passed, counter->count);
	if (counter->mode == 2)
		return counter->count - phase;
	half = high_half(counter->count);
	if (phase >= half)
		phase -= half;
	return (counter->count & ~1u) - 2 * phase;
}

bool vpit_counter_out(struct vpit_counter *counter, u64 now)
{
	u64 passed;

	settle(counter, now);
	passed = elapsed(counter, now);
	if (counter->state == VPIT_IDLE)
		return counter->mode != 0;
	switch (counter->mode) {
	case 0:
		return passed >= counter->count;
	case 1:
		return now < counter->start || passed >= counter->count;
	case 2:
		return remainder_of(passed, counter->count) != counter->count - 1;
	case 3:
		return remainder_of(passed, counter->count) < high_half(counter->count);
	default:
		return passed != counter->count;
	}
}

/* The tick at which OUT of a counter that is not periodic rises. */
static u64 single_rise(const struct vpit_counter *counter)
{
	if (counter->state != VPIT_COUNTING)
		return VPIT_NEVER;
	return counter->start + counter->count + (counter->mode >= 4 ? 1 : 0);
}

u64 vpit_counter_next_rise(struct vpit_counter *counter, u64 now)
{
	u64 rise;

	settle(counter, now);
	if (!vpit_counter_periodic(counter)) {
		rise = single_rise(counter);
		return rise > now ? rise : VPIT_NEVER;
	}
	if (counter->state != VPIT_COUNTING)
		return VPIT_NEVER;
	if (counter->waiting && counter->waiting_for_half)
		return counter->load_at + counter->count_register / 2;
	return now + counter->count - remainder_of(elapsed(counter, now), counter->count) +
	       (counter->start > now ? counter->start - now : 0);
}

static u64 cycles(const struct vpit_counter *counter, u64 tick)
{
	return div64_u32(elapsed(counter, tick), counter->count, NULL);
}

u64 vpit_counter_rises(struct vpit_counter *counter, u64 from, u64 to)
{
	u64 rises = 0;

	settle(counter, from);
	if (!vpit_counter_periodic(counter)) {
		u64 rise = single_rise(counter);

		return rise != VPIT_NEVER && rise > from && rise <= to;
	}
	if (counter->state != VPIT_COUNTING)
		return 0;
	if (counter->waiting && counter->load_at <= to) {
		u64 middle = counter->load_at;

		rises = cycles(counter, middle) - cycles(counter, from);
		settle(counter, middle);
		from = middle;
	}
	return rises + cycles(counter, to) - cycles(counter, from);
}

/* ---- writing -------------------------------------------------------------------------------- */

void vpit_counter_control(struct vpit_counter *counter, u8 control)
{
	u8 mode = control >> 1 & 7;

	counter->control = control & 0x3f;
	counter->mode = mode > 5 ? mode - 4 : mode;
	counter->state = VPIT_IDLE;
	counter->count_register = 0;
	counter->unloaded = true;
	counter->waiting = false;
	counter->high_write_next = false;
	counter->high_read_next = false;
	counter->count_latched = false;
	counter->status_latched = false;
}

/* Modes 2 and 3 while counting: the new count waits for the end of the cycle or half-cycle. */
static void load_after_cycle(struct vpit_counter *counter, u64 now)
{
	u64 phase;

	if (now < counter->start) { /* the last one is not even loaded */
		load(counter, counter->start);
		return;
	}
	phase = remainder_of(now - counter->start, counter->count);
	counter->waiting = true;
	counter->waiting_for_half = counter->mode == 3 && phase < high_half(counter->count);
	counter->load_at = now - phase +
			   (counter->waiting_for_half ? high_half(counter->count) : counter->count);
}

static void count_written(struct vpit_counter *counter, u32 value, u64 now)
{
	counter->count_register = from_register(counter, value);
	counter->unloaded = true;
	if (triggered_by_gate(counter))
		return;
	if (vpit_counter_periodic(counter)) {
		if (counter->state == VPIT_COUNTING)
			load_after_cycle(counter, now);
		else if (counter->gate)
			load(counter, now + 1);
		return;
	}
	load(counter, now + 1);
	if (!counter->gate) {
		counter->state = VPIT_FROZEN;
		counter->elapsed = 0;
	}
}

/* Mode 0: the first of two bytes stops the counter and lowers OUT. */
static void stop_for_second_byte(struct vpit_counter *counter, u64 now)
{
	u32 value = element(counter, now);

	counter->count = value ? value : modulus(counter);
	counter->elapsed = 0;
	counter->state = VPIT_FROZEN;
}

void vpit_counter_write(struct vpit_counter *counter, u8 value, u64 now)
{
	settle(counter, now);
	switch (access_of(counter)) {
	case ACCESS_LOW:
		count_written(counter, value, now);
		break;
	case ACCESS_HIGH:
		count_written(counter, (u32)value << 8, now);
		break;
	case ACCESS_BOTH:
		if (counter->high_write_next) {
			count_written(counter, (u32)value << 8 | counter->low_byte, now);
		} else {
			counter->low_byte = value;
			if (counter->mode == 0)
				stop_for_second_byte(counter, now);
		}
		counter->high_write_next = !counter->high_write_next;
		break;
	default: /* no control word yet: the chip is undefined, nothing counts */
		break;
	}
}

static bool half_written(const struct vpit_counter *counter)
{
	return counter->mode == 0 && counter->high_write_next;
}

void vpit_counter_set_gate(struct vpit_counter *counter, bool level, u64 now)
{
	bool rising = level && !counter->gate;
	bool falling = !level && counter->gate;

	settle(counter, now);
	counter->gate = level;
	if (triggered_by_gate(counter) || vpit_counter_periodic(counter)) {
		if (rising && counter->count_register)
			load(counter, now + 1);
		else if (falling && vpit_counter_periodic(counter))
			counter->state = VPIT_IDLE;
		return;
	}
	if (falling && counter->state == VPIT_COUNTING) {
		counter->elapsed = elapsed(counter, now);
		counter->state = VPIT_FROZEN;
	} else if (rising && counter->state == VPIT_FROZEN && !half_written(counter)) {
		counter->start = now - counter->elapsed;
		counter->state = VPIT_COUNTING;
	}
}

/* ---- reading -------------------------------------------------------------------------------- */

void vpit_counter_latch_count(struct vpit_counter *counter, u64 now)
{
	settle(counter, now);
	if (counter->count_latched)
		return;
	counter->count_latched = true;
	counter->latch = to_register(counter, element(counter, now));
}

/* The counting element has not yet got what the count register holds. */
static bool null_count(const struct vpit_counter *counter, u64 now)
{
	return counter->unloaded || (counter->state == VPIT_COUNTING && now < counter->start);
}

void vpit_counter_latch_status(struct vpit_counter *counter, u64 now)
{
	bool out = vpit_counter_out(counter, now);

	if (counter->status_latched)
		return;
	counter->status_latched = true;
	counter->status = (u8)(counter->control | (out ? STATUS_OUT : 0) |
			       (null_count(counter, now) ? STATUS_NULL_COUNT : 0));
}

u8 vpit_counter_read(struct vpit_counter *counter, u64 now)
{
	u32 access = access_of(counter);
	bool high = access == ACCESS_HIGH || (access == ACCESS_BOTH && counter->high_read_next);
	u16 value;

	if (counter->status_latched) {
		counter->status_latched = false;
		return counter->status;
	}
	settle(counter, now);
	value = counter->count_latched ? counter->latch : to_register(counter, element(counter, now));
	if (access != ACCESS_BOTH || counter->high_read_next)
		counter->count_latched = false;
	if (access == ACCESS_BOTH)
		counter->high_read_next = !counter->high_read_next;
	return (u8)(high ? value >> 8 : value);
}
