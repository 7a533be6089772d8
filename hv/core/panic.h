/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of a hypervisor that found a bug of its own: say everything that helps to find it, then
 * stop.  Everybody who knows something worth saying registers a reporter (CPU registers, the
 * running VM's state); the trace ring's tail follows.  A panic inside a panic stops at once.
 */
#ifndef HV_CORE_PANIC_H
#define HV_CORE_PANIC_H

#include "hv/lib/types.h"

/* Status of arch_power_off() after a panic. */
#define PANIC_STATUS 4

struct panic_reporter {
	void (*report)(void *opaque); /* logs with log_error */
	void *opaque;
	struct panic_reporter *next; /* owned by panic.c */
};
/* @reporter stays the caller's and is used for the rest of the run; last added speaks first. */
void panic_add_reporter(struct panic_reporter *reporter);

/* Log "panic: ...", all reports and the trace tail; power off. */
NORETURN void panic(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
