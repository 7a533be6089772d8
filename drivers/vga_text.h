/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VGA's text mode as a display of screen.h.
 */
#ifndef DRIVERS_VGA_TEXT_H
#define DRIVERS_VGA_TEXT_H

#include "drivers/screen.h"

/* @memory: the display memory, mapped; @pitch bytes per line. */
const struct screen_display *vga_text_init(void *memory, u32 columns, u32 rows, u32 pitch);

#endif
