/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A linear framebuffer, as UEFI firmware leaves one, as a display of screen.h.  Text is light grey
 * on black in cells of 8 by 16 pixels.
 */
#ifndef DRIVERS_FRAMEBUFFER_H
#define DRIVERS_FRAMEBUFFER_H

#include "drivers/screen.h"

struct framebuffer {
	u8 *memory; /* mapped */
	u32 pitch;  /* bytes per line */
	u32 width, height;
	u32 bytes_per_pixel; /* 1..4 */
	u32 foreground;	     /* a pixel of it */
};

/* @framebuffer stays the caller's. */
const struct screen_display *framebuffer_init(struct framebuffer *framebuffer);

#endif
