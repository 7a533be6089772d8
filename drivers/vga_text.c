/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vga_text.h: a cell is two bytes, character and colours.
 */
#include "drivers/vga_text.h"

#include "arch/x86/cpu/io.h"

#define ATTRIBUTE 0x0700u /* light grey on black */
#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW 0x0f

static struct {
	volatile u16 *cells;
	u32 pitch; /* in cells */
} vga;

static void draw(void *opaque, u32 column, u32 row, char c)
{
	(void)opaque;
	vga.cells[row * vga.pitch + column] = (u16)(ATTRIBUTE | (u8)c);
}

static void cursor(void *opaque, u32 column, u32 row)
{
	u32 position = row * vga.pitch + column;

	(void)opaque;
	out8(CRTC_INDEX, CRTC_CURSOR_HIGH);
	out8(CRTC_DATA, (u8)(position >> 8));
	out8(CRTC_INDEX, CRTC_CURSOR_LOW);
	out8(CRTC_DATA, (u8)position);
}

const struct screen_display *vga_text_init(void *memory, u32 columns, u32 rows, u32 pitch)
{
	static struct screen_display display = { .draw = draw, .cursor = cursor };

	vga.cells = memory;
	vga.pitch = pitch / sizeof(u16);
	display.columns = MIN(columns, (u32)SCREEN_COLUMNS_MAX);
	display.rows = MIN(rows, (u32)SCREEN_ROWS_MAX);
	return &display;
}
