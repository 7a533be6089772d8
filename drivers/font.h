/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shapes of printable ASCII, for framebuffers.
 */
#ifndef DRIVERS_FONT_H
#define DRIVERS_FONT_H

#include "hv/lib/types.h"

#define FONT_WIDTH 8
#define FONT_HEIGHT 16

/* Row @row (0 at the top) of @c: bit 7 is the leftmost pixel.  '?' for what has no shape. */
u8 font_row(char c, u32 row);

#endif
