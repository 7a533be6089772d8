/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A text terminal on some display: keeps what is on the screen in memory of its own, and tells the
 * display which character cells changed, so that a slow display memory is only ever written.
 * Understands line feed, carriage return, backspace, tab and form feed; escape sequences (ESC [ ...
 * letter) are skipped, except those that clear the screen or the rest of a line.
 *
 * Pure: vga_text.c and framebuffer.c are its displays.
 */
#ifndef DRIVERS_SCREEN_H
#define DRIVERS_SCREEN_H

#include "hv/core/log.h"
#include "hv/lib/types.h"

#define SCREEN_COLUMNS_MAX 160
#define SCREEN_ROWS_MAX 64

struct screen_display {
	u32 columns, rows; /* at most the maxima above */
	/* Show @c at @column, @row. */
	void (*draw)(void *opaque, u32 column, u32 row, char c);
	/* Move the cursor there; NULL if the display has none. */
	void (*cursor)(void *opaque, u32 column, u32 row);
	void *opaque;
};

struct screen {
	const struct screen_display *display;
	u32 column, row;
	enum { SCREEN_TEXT, SCREEN_ESCAPE, SCREEN_SEQUENCE } state;
	u32 parameter; /* of the escape sequence being read */
	char cells[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];
	struct log_sink log_sink;
};

/* Clear and take over @display, which stays the caller's. */
void screen_init(struct screen *screen, const struct screen_display *display);
void screen_write(struct screen *screen, const void *bytes, size_t size);

#endif
