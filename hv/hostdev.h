/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contract: real devices as the pure code sees them.  drivers/ implements these for hardware,
 * tests/fake/devs.c for tests.  (Block and network devices join with the storage work.)
 */
#ifndef HV_HOSTDEV_H
#define HV_HOSTDEV_H

#include "hv/lib/types.h"

/* A stream of bytes in both directions: a serial port, or keyboard and screen together. */
struct char_dev {
	/* Write all of @size bytes; waits for the device if need be, but never for ever. */
	void (*write)(void *opaque, const void *bytes, size_t size);
	/* Read what has arrived: at most @size bytes, never waits; returns the count. */
	size_t (*read)(void *opaque, void *bytes, size_t size);
	void *opaque;
	const char *name; /* "com1", "screen" */
};

#endif
