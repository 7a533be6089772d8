/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The real MC146818 clock: arch_wallclock_s of hv/arch.h.  The registers change once a second, over
 * up to 2 ms, so they are read until two readings agree and no update is in progress.  The clock is
 * taken to run in UTC.  [MC146818A]
 */
#include "arch/x86/cpu/io.h"
#include "hv/arch.h"

#define INDEX_PORT 0x70
#define DATA_PORT 0x71
#define NMI_ENABLE_MASK 0x7f /* bit 7 of the index port would mask NMI */
#define REG_A 0x0a
#define REG_A_UPDATING 0x80
#define REG_B 0x0b
#define REG_B_BINARY 0x04
#define REG_B_24_HOURS 0x02
#define HOUR_PM 0x80
#define FIRST_YEAR 1970
#define ATTEMPTS 100000

struct rtc_time {
	u8 second, minute, hour, day, month, year;
};

static u8 read_register(u8 index)
{
	out8(INDEX_PORT, index & NMI_ENABLE_MASK);
	return in8(DATA_PORT);
}

static void wait_for_update_end(void)
{
	for (u32 i = 0; i < ATTEMPTS; i++)
		if (!(read_register(REG_A) & REG_A_UPDATING))
			break;
}

static struct rtc_time read_once(void)
{
	wait_for_update_end();
	return (struct rtc_time){ read_register(0), read_register(2), read_register(4),
				  read_register(7), read_register(8), read_register(9) };
}

static bool same(const struct rtc_time *a, const struct rtc_time *b)
{
	return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
	       a->day == b->day && a->month == b->month && a->year == b->year;
}

static u32 number(u8 value, u8 reg_b)
{
	return reg_b & REG_B_BINARY ? value : (u32)(value >> 4) * 10 + (value & 0xf);
}

static u32 hour_of(u8 value, u8 reg_b)
{
	bool pm = value & HOUR_PM && !(reg_b & REG_B_24_HOURS);
	u32 hour = number(pm ? value & ~HOUR_PM : value, reg_b);

	if (reg_b & REG_B_24_HOURS)
		return hour;
	return hour % 12 + (pm ? 12 : 0);
}

/* Days from 1970-01-01 to the first of @month (1-12) in @year. */
static u32 days_before(u32 year, u32 month)
{
	static const u16 before_month[] = { 0,	 31,  59,  90,	120, 151,
					    181, 212, 243, 273, 304, 334 };
	u32 leap_days = (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 - 477;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return (year - FIRST_YEAR) * 365 + leap_days + before_month[(month - 1) % 12] +
	       (leap && month > 2);
}

u64 arch_wallclock_s(void)
{
	struct rtc_time time = read_once();
	u8 reg_b = read_register(REG_B);
	u32 year, days;

	for (u32 i = 0; i < 10; i++) {
		struct rtc_time again = read_once();

		if (same(&time, &again))
			break;
		time = again;
	}
	year = number(time.year, reg_b);
	year += year < FIRST_YEAR % 100 ? 2000 : 1900;
	days = days_before(year, number(time.month, reg_b)) + number(time.day, reg_b) - 1;
	return (u64)days * 86400 + hour_of(time.hour, reg_b) * 3600 +
	       number(time.minute, reg_b) * 60 + number(time.second, reg_b);
}
