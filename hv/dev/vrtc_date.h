/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Seconds since 1970 and the date fields of a clock chip, in the Gregorian calendar, UTC.
 */
#ifndef HV_DEV_VRTC_DATE_H
#define HV_DEV_VRTC_DATE_H

#include "hv/lib/types.h"

struct vrtc_date {
	u32 second, minute, hour; /* 0-59, 0-59, 0-23 */
	u32 day, month, year;     /* 1-31, 1-12, in full */
	u32 weekday;              /* 1 is Sunday */
};

struct vrtc_date vrtc_date_of(u64 seconds);
/* Fields out of range carry over (February 30 is March 1 or 2); years before 1970 give 0. */
u64 vrtc_seconds_of(const struct vrtc_date *date);

#endif
