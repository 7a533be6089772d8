/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vrtc.h.  sync() is called before anything looks at or changes the clock: it
 * counts the update cycles since the last time, and sets the flags that they, the periodic divider
 * and the alarm would have set on the way.
 *
 * While SET is 1 the time bytes are plain memory, filled with the time at which it stopped; when SET
 * falls they are read as the new time.  A time byte written while the clock runs changes that field
 * at once.  The weekday always follows from the date.
 */
#include "hv/dev/vrtc.h"

#include "hv/dev/ticks.h"
#include "hv/dev/vrtc_date.h"
#include "hv/lib/string.h"

enum reg {
	SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM, WEEKDAY, DAY, MONTH,
	YEAR, REG_A, REG_B, REG_C, REG_D, CENTURY = 0x32
};

#define A_UIP BIT(7)
#define A_DV 0x70u
#define A_DV_RUNS 0x20u
#define A_RS 0x0fu
#define B_SET BIT(7)
#define B_PIE BIT(6)
#define B_AIE BIT(5)
#define B_UIE BIT(4)
#define B_SQWE BIT(3)
#define B_DM BIT(2) /* binary */
#define B_24 BIT(1)
#define C_IRQF BIT(7)
#define C_PF BIT(6)
#define C_AF BIT(5)
#define C_UF BIT(4)
#define D_VRT BIT(7)
#define PM BIT(7) /* in the hours byte */

#define SECOND_NS 1000000000u
#define UPDATE_NS 2228000u /* 244 us of warning and 1984 us of update */
#define DAY_SECONDS 86400u
#define NEVER (~0ull)

static u64 now_ns(const struct vrtc *rtc)
{
	return clock_now_ns(rtc->clock);
}

static bool chain_runs(const struct vrtc *rtc)
{
	return (rtc->cmos[REG_A] & A_DV) == A_DV_RUNS;
}

static bool set(const struct vrtc *rtc)
{
	return rtc->cmos[REG_B] & B_SET;
}

/* ---- formats -------------------------------------------------------------------------------- */

static u8 to_bcd(u32 value)
{
	return (u8)(value / 10 % 10 << 4 | value % 10);
}

static u32 from_bcd(u8 value)
{
	return (value >> 4) * 10u + (value & 15);
}

static u8 encode(const struct vrtc *rtc, u32 value)
{
	return rtc->cmos[REG_B] & B_DM ? (u8)value : to_bcd(value);
}

static u32 decode(const struct vrtc *rtc, u8 value)
{
	return rtc->cmos[REG_B] & B_DM ? value : from_bcd(value);
}

static u8 encode_hour(const struct vrtc *rtc, u32 hour)
{
	u8 pm = hour >= 12 ? PM : 0;

	if (rtc->cmos[REG_B] & B_24)
		return encode(rtc, hour);
	return encode(rtc, hour % 12 ? hour % 12 : 12) | pm;
}

static u32 decode_hour(const struct vrtc *rtc, u8 value)
{
	if (rtc->cmos[REG_B] & B_24)
		return decode(rtc, value);
	return decode(rtc, value & (u8)~PM) % 12 + (value & PM ? 12 : 0);
}

/* The running time as the time bytes show it. */
static void time_to_bytes(const struct vrtc *rtc, u8 *bytes)
{
	struct vrtc_date date = vrtc_date_of(rtc->seconds);

	bytes[SECONDS] = encode(rtc, date.second);
	bytes[MINUTES] = encode(rtc, date.minute);
	bytes[HOURS] = encode_hour(rtc, date.hour);
	bytes[WEEKDAY] = encode(rtc, date.weekday);
	bytes[DAY] = encode(rtc, date.day);
	bytes[MONTH] = encode(rtc, date.month);
	bytes[YEAR] = encode(rtc, date.year % 100);
	bytes[CENTURY] = to_bcd(date.year / 100);
}

static void time_from_bytes(struct vrtc *rtc, const u8 *bytes)
{
	struct vrtc_date date = { .second = decode(rtc, bytes[SECONDS]),
				  .minute = decode(rtc, bytes[MINUTES]),
				  .hour = decode_hour(rtc, bytes[HOURS]),
				  .day = decode(rtc, bytes[DAY]),
				  .month = decode(rtc, bytes[MONTH]),
				  .year = from_bcd(bytes[CENTURY]) * 100 +
					  decode(rtc, bytes[YEAR]) };

	rtc->seconds = vrtc_seconds_of(&date);
}

/* ---- alarm, periodic interrupt, flags ------------------------------------------------------- */

#define ANY 0xffu

/* An alarm byte as a number, or ANY; false if no time can match it. */
static bool alarm_field(u8 byte, u32 value, u32 limit, u32 *field)
{
	*field = (byte & 0xc0) == 0xc0 ? ANY : value;
	return *field == ANY || value < limit;
}

/* The first second after @seconds that the alarm matches, or NEVER. */
static u64 next_alarm(const struct vrtc *rtc, u64 seconds)
{
	const u8 *cmos = rtc->cmos;
	u64 first = seconds + 1;
	u32 at, start, hour, minute, second;

	if (!alarm_field(cmos[HOURS_ALARM], decode_hour(rtc, cmos[HOURS_ALARM]), 24, &hour) ||
	    !alarm_field(cmos[MINUTES_ALARM], decode(rtc, cmos[MINUTES_ALARM]), 60, &minute) ||
	    !alarm_field(cmos[SECONDS_ALARM], decode(rtc, cmos[SECONDS_ALARM]), 60, &second))
		return NEVER;
	div64_u32(first, DAY_SECONDS, &start);
	for (at = start;;) { /* some 200 steps at most */
		if (hour != ANY && at / 3600 % 24 != hour)
			at += 3600 - at % 3600;
		else if (minute != ANY && at / 60 % 60 != minute)
			at += 60 - at % 60;
		else if (second != ANY && at % 60 != second)
			at++;
		else
			return first + (at - start);
	}
}

/* Periodic divider: log2 of the period in units of 1/32768 s; false if it is off. */
static bool periodic_shift(const struct vrtc *rtc, u32 *shift)
{
	u32 rate = rtc->cmos[REG_A] & A_RS;

	*shift = rate < 3 ? rate + 6 : rate - 1;
	return rate && chain_runs(rtc);
}

static u64 periods_at(const struct vrtc *rtc, u64 ns, u32 shift)
{
	return ticks_at(crystal_rate, ns - rtc->second_ns) >> shift;
}

static void sync(struct vrtc *rtc)
{
	u64 now = now_ns(rtc);
	u32 shift;
	u64 updates;

	if (periodic_shift(rtc, &shift) &&
	    periods_at(rtc, now, shift) > periods_at(rtc, rtc->flags_ns, shift))
		rtc->cmos[REG_C] |= C_PF;
	rtc->flags_ns = now;
	if (!chain_runs(rtc))
		return;
	updates = div64_u32(now - rtc->second_ns, SECOND_NS, NULL);
	rtc->second_ns += updates * SECOND_NS;
	if (!updates || set(rtc))
		return;
	rtc->cmos[REG_C] |= C_UF;
	if (next_alarm(rtc, rtc->seconds) <= rtc->seconds + updates)
		rtc->cmos[REG_C] |= C_AF;
	rtc->seconds += updates;
}

/* When the next enabled interrupt comes, or TIMER_NEVER. */
static u64 next_interrupt_ns(const struct vrtc *rtc)
{
	u8 enabled = rtc->cmos[REG_B];
	u64 next = TIMER_NEVER;
	u32 shift;

	if ((enabled & B_PIE) && periodic_shift(rtc, &shift)) {
		u64 period = periods_at(rtc, rtc->flags_ns, shift) + 1;

		next = rtc->second_ns + ticks_ns(crystal_rate, period << shift);
	}
	if (set(rtc) || !chain_runs(rtc))
		return next;
	if (enabled & B_UIE)
		next = MIN(next, rtc->second_ns + SECOND_NS);
	if (enabled & B_AIE) {
		u64 alarm = next_alarm(rtc, rtc->seconds);

		if (alarm != NEVER)
			next = MIN(next, rtc->second_ns + (alarm - rtc->seconds) * SECOND_NS);
	}
	return next;
}

/* Drive IRQ8 from flags and enables, and arm the timer for what can still raise it. */
static void update(struct vrtc *rtc)
{
	bool level = rtc->cmos[REG_C] & rtc->cmos[REG_B] & (C_PF | C_AF | C_UF);
	u64 next = level ? TIMER_NEVER : next_interrupt_ns(rtc);

	rtc->cmos[REG_C] &= (u8)~C_IRQF;
	if (level)
		rtc->cmos[REG_C] |= C_IRQF;
	if (next == TIMER_NEVER)
		timer_cancel(&rtc->timer);
	else
		timer_arm(&rtc->timer, next);
	if (level != rtc->irq_level) {
		rtc->irq_level = level;
		irqline_set(rtc->irq8, level);
	}
}

static void timer_fired(void *opaque)
{
	sync(opaque);
	update(opaque);
}

/* ---- registers ------------------------------------------------------------------------------ */

static bool is_time(u32 index)
{
	return index == CENTURY || (index <= YEAR && index != SECONDS_ALARM &&
				    index != MINUTES_ALARM && index != HOURS_ALARM);
}

static void write_time(struct vrtc *rtc, u32 index, u8 value)
{
	u8 bytes[CENTURY + 1];

	if (set(rtc)) {
		rtc->cmos[index] = value;
		return;
	}
	time_to_bytes(rtc, bytes);
	bytes[index] = value;
	time_from_bytes(rtc, bytes);
}

static void write_a(struct vrtc *rtc, u8 value)
{
	bool ran = chain_runs(rtc);

	rtc->cmos[REG_A] = value & (u8)~A_UIP;
	/* The first update comes half a second after the divider chain starts. */
	if (!ran && chain_runs(rtc))
		rtc->second_ns = now_ns(rtc) - SECOND_NS / 2;
}

static void write_b(struct vrtc *rtc, u8 value)
{
	bool was_set = set(rtc);

	if ((value & B_SET) && !was_set) {
		time_to_bytes(rtc, rtc->cmos);
		value &= (u8)~B_UIE;
	}
	rtc->cmos[REG_B] = value;
	if (was_set && !(value & B_SET))
		time_from_bytes(rtc, rtc->cmos);
}

static void write_register(struct vrtc *rtc, u8 value)
{
	u32 index = rtc->index;

	sync(rtc);
	if (is_time(index))
		write_time(rtc, index, value);
	else if (index == REG_A)
		write_a(rtc, value);
	else if (index == REG_B)
		write_b(rtc, value);
	else if (index != REG_C && index != REG_D)
		rtc->cmos[index] = value;
	update(rtc);
}

static u8 read_a(const struct vrtc *rtc)
{
	bool updating = chain_runs(rtc) && !set(rtc) &&
			rtc->flags_ns - rtc->second_ns >= SECOND_NS - UPDATE_NS;

	return updating ? rtc->cmos[REG_A] | A_UIP : rtc->cmos[REG_A];
}

static u8 read_c(struct vrtc *rtc)
{
	u8 flags;

	update(rtc);
	flags = rtc->cmos[REG_C];
	rtc->cmos[REG_C] = 0;
	update(rtc);
	return flags;
}

static u8 read_time(const struct vrtc *rtc, u32 index)
{
	u8 bytes[CENTURY + 1];

	if (set(rtc))
		return rtc->cmos[index];
	time_to_bytes(rtc, bytes);
	return bytes[index];
}

static u32 rtc_read(void *opaque, u32 offset, u32 size)
{
	struct vrtc *rtc = opaque;

	(void)size;
	if (offset == 0) /* the index cannot be read */
		return 0xff;
	sync(rtc);
	if (is_time(rtc->index))
		return read_time(rtc, rtc->index);
	if (rtc->index == REG_A)
		return read_a(rtc);
	if (rtc->index == REG_C)
		return read_c(rtc);
	return rtc->cmos[rtc->index];
}

/* Bit 7 of the index port masks NMI, of which this machine has none. */
static void rtc_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vrtc *rtc = opaque;

	(void)size;
	if (offset == 0)
		rtc->index = value & 0x7f;
	else
		write_register(rtc, (u8)value);
}

const struct bus_ops vrtc_ops = { rtc_read, rtc_write, 1 };

u64 vrtc_seconds(struct vrtc *rtc)
{
	sync(rtc);
	update(rtc);
	return rtc->seconds;
}

/* ---- power-on ------------------------------------------------------------------------------- */

static void put16(struct vrtc *rtc, u32 index, u64 value)
{
	u32 limited = (u32)MIN(value, (u64)0xffff);

	rtc->cmos[index] = (u8)limited;
	rtc->cmos[index + 1] = (u8)(limited >> 8);
}

static void describe_pc(struct vrtc *rtc, u64 ram_bytes)
{
	u64 above_1m = ram_bytes > MIB ? ram_bytes - MIB : 0;
	u64 above_16m = ram_bytes > 16 * MIB ? ram_bytes - 16 * MIB : 0;
	u32 sum = 0;

	rtc->cmos[0x14] = 0x02; /* equipment: an FPU, no floppy */
	put16(rtc, 0x15, MIN(ram_bytes, (u64)640 * KIB) / KIB);
	put16(rtc, 0x17, above_1m / KIB);
	put16(rtc, 0x30, above_1m / KIB);
	put16(rtc, 0x34, above_16m / (64 * KIB));
	for (u32 i = 0x10; i <= 0x2d; i++)
		sum += rtc->cmos[i];
	rtc->cmos[0x2e] = (u8)(sum >> 8); /* high byte first, unlike the sizes */
	rtc->cmos[0x2f] = (u8)sum;
}

void vrtc_reset(struct vrtc *rtc)
{
	sync(rtc);
	rtc->cmos[REG_B] &= (u8)~(B_PIE | B_AIE | B_UIE | B_SQWE);
	rtc->cmos[REG_C] = 0;
	update(rtc);
}

void vrtc_init(struct vrtc *rtc, const struct clock *clock, struct timer_queue *timers,
	       struct irqline irq8, u64 epoch_s, u64 ram_bytes)
{
	memset(rtc, 0, sizeof(*rtc));
	rtc->clock = clock;
	rtc->irq8 = irq8;
	timer_init(&rtc->timer, timers, timer_fired, rtc);
	rtc->seconds = epoch_s;
	rtc->second_ns = now_ns(rtc);
	rtc->flags_ns = rtc->second_ns;
	rtc->cmos[REG_A] = A_DV_RUNS | 6; /* 1024 Hz, as every BIOS leaves it */
	rtc->cmos[REG_B] = B_24;
	rtc->cmos[REG_D] = D_VRT;
	describe_pc(rtc, ram_bytes);
}
