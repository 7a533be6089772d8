/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of framebuffer.h.
 */
#include "drivers/framebuffer.h"

#include "drivers/font.h"
#include "hv/lib/string.h"

/* Pixels are written a byte at a time only where a pixel is no power of two. */
static void set_pixel(u8 *at, u32 bytes, u32 value)
{
	switch (bytes) {
	case 4:
		*(volatile u32 *)at = value;
		break;
	case 2:
		*(volatile u16 *)at = (u16)value;
		break;
	default:
		for (u32 i = 0; i < bytes; i++)
			((volatile u8 *)at)[i] = (u8)(value >> (8 * i));
	}
}

static void draw(void *opaque, u32 column, u32 row, char c)
{
	const struct framebuffer *fb = opaque;
	u8 *line = fb->memory + (size_t)row * FONT_HEIGHT * fb->pitch +
		   (size_t)column * FONT_WIDTH * fb->bytes_per_pixel;

	for (u32 y = 0; y < FONT_HEIGHT; y++, line += fb->pitch) {
		u8 dots = font_row(c, y);
		u8 *pixel = line;

		for (u32 x = 0; x < FONT_WIDTH; x++, pixel += fb->bytes_per_pixel)
			set_pixel(pixel, fb->bytes_per_pixel,
				  dots >> (7 - x) & 1 ? fb->foreground : 0);
	}
}

const struct screen_display *framebuffer_init(struct framebuffer *framebuffer)
{
	static struct screen_display display = { .draw = draw };

	display.columns = MIN(framebuffer->width / FONT_WIDTH, (u32)SCREEN_COLUMNS_MAX);
	display.rows = MIN(framebuffer->height / FONT_HEIGHT, (u32)SCREEN_ROWS_MAX);
	display.opaque = framebuffer;
	for (u32 y = 0; y < framebuffer->height; y++)
		memset(framebuffer->memory + (size_t)y * framebuffer->pitch, 0,
		       framebuffer->width * framebuffer->bytes_per_pixel);
	return &display;
}
