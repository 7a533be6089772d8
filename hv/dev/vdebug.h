/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ports for people who look into a machine: 80h keeps the last byte written to it (a BIOS shows its
 * progress there, and Linux writes to it only to pass the time), E9h and 402h print a character (as
 * in Bochs and QEMU) and read as E9h so that software can tell that they are there.
 */
#ifndef HV_DEV_VDEBUG_H
#define HV_DEV_VDEBUG_H

#include "hv/core/bus.h"

struct vdebug {
	u8 post_code;
	void (*write)(void *opaque, const void *bytes, size_t size); /* may be NULL */
	void *opaque;
};

extern const struct bus_ops vdebug_post_ops;	/* port 80h, opaque: the vdebug */
extern const struct bus_ops vdebug_console_ops; /* port E9h or 402h */

#endif
