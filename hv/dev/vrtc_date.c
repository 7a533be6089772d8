/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vrtc_date.h.  Years are taken to begin on March 1, so that the leap day is the
 * last of its year; then the days before a month follow from one linear formula.  An era is 400
 * years or 146097 days.
 */
#include "hv/dev/vrtc_date.h"

#include "hv/lib/math64.h"

#define DAY_SECONDS 86400u
#define ERA_DAYS 146097u
#define DAYS_TO_1970 719468u /* from 0000-03-01 */

/* Days from March 1 to the first of the month, March being 0: 31 30 31 30 31, repeating. */
static u32 days_before_month(u32 march_month)
{
	return (153 * march_month + 2) / 5;
}

struct vrtc_date vrtc_date_of(u64 seconds)
{
	struct vrtc_date date;
	u32 second_of_day;
	u32 days = (u32)div64_u32(seconds, DAY_SECONDS, &second_of_day) + DAYS_TO_1970;
	u32 era = days / ERA_DAYS;
	u32 day = days % ERA_DAYS;
	/* Take away one day for each leap day before, and each leap day missing, in the era. */
	u32 year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	u32 day_of_year = day - (365 * year + year / 4 - year / 100);
	u32 march_month = (5 * day_of_year + 2) / 153;

	date.second = second_of_day % 60;
	date.minute = second_of_day / 60 % 60;
	date.hour = second_of_day / 3600;
	date.day = day_of_year - days_before_month(march_month) + 1;
	date.month = march_month < 10 ? march_month + 3 : march_month - 9;
	date.year = era * 400 + year + (date.month <= 2 ? 1 : 0);
	date.weekday = (days + 3) % 7 + 1; /* 0000-03-01 was a Wednesday */
	return date;
}

u64 vrtc_seconds_of(const struct vrtc_date *date)
{
	u32 month = MAX(date->month, 1u) - 1;
	u32 year = date->year + month / 12;
	u32 march_month, days;

	month = month % 12 + 1;
	if (year < 1970)
		return 0;
	march_month = month > 2 ? month - 3 : month + 9;
	year -= month <= 2;
	days = 365 * year + year / 4 - year / 100 + year / 400 + days_before_month(march_month) +
	       MAX(date->day, 1u) - 1 - DAYS_TO_1970;
	return (u64)days * DAY_SECONDS + date->hour * 3600 + date->minute * 60 + date->second;
}
