/* SPDX-License-Identifier: GPL-2.0 */
/* The VMI timer: calls 66 to 71.  All or none: the first decides whether a kernel uses it. */
#include "tests/guests/vmi/conform.h"

void time_calls(void)
{
	for (u32 n = VMI_CALL_GetCycleFrequency; n <= VMI_CALL_WallclockUpdated; n++) {
		expect(!offered((enum vmi_call)n));
		verdict((enum vmi_call)n, "none: a kernel uses PIT, PM timer and TSC");
	}
}
