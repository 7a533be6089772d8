/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vdebug.h.  None of these ports has a data sheet: 80h is what the diagnostic
 * cards of the AT latched, and the two consoles are what Bochs and QEMU made of free addresses.
 */
#include "hv/dev/vdebug.h"

#define CONSOLE_PRESENT 0xe9u

static u32 post_read(void *opaque, u32 offset, u32 size)
{
	const struct vdebug *debug = opaque;

	(void)offset;
	(void)size;
	return debug->post_code;
}

static void post_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vdebug *debug = opaque;

	(void)offset;
	(void)size;
	debug->post_code = (u8)value;
}

static u32 console_read(void *opaque, u32 offset, u32 size)
{
	(void)opaque;
	(void)offset;
	(void)size;
	return CONSOLE_PRESENT;
}

static void console_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vdebug *debug = opaque;
	u8 byte = (u8)value;

	(void)offset;
	(void)size;
	if (debug->write)
		debug->write(debug->opaque, &byte, 1);
}

const struct bus_ops vdebug_post_ops = { post_read, post_write, 1 };
const struct bus_ops vdebug_console_ops = { console_read, console_write, 1 };
