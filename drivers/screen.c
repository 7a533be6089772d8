/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of screen.h.
 */
#include "drivers/screen.h"

#include "hv/lib/string.h"

#define TAB 8
#define ESCAPE 0x1b

static void put(struct screen *screen, u32 column, u32 row, char c)
{
	if (screen->cells[row][column] == c)
		return;
	screen->cells[row][column] = c;
	screen->display->draw(screen->display->opaque, column, row, c);
}

static void clear_row(struct screen *screen, u32 row, u32 from)
{
	for (u32 column = from; column < screen->display->columns; column++)
		put(screen, column, row, ' ');
}

static void clear(struct screen *screen)
{
	for (u32 row = 0; row < screen->display->rows; row++)
		clear_row(screen, row, 0);
	screen->column = 0;
	screen->row = 0;
}

static void scroll(struct screen *screen)
{
	u32 last = screen->display->rows - 1;

	for (u32 row = 0; row < last; row++)
		for (u32 column = 0; column < screen->display->columns; column++)
			put(screen, column, row, screen->cells[row + 1][column]);
	clear_row(screen, last, 0);
}

static void next_line(struct screen *screen)
{
	if (screen->row + 1 < screen->display->rows)
		screen->row++;
	else
		scroll(screen);
}

static void advance(struct screen *screen)
{
	if (++screen->column < screen->display->columns)
		return;
	screen->column = 0;
	next_line(screen);
}

static void text(struct screen *screen, char c)
{
	switch (c) {
	case '\n':
		next_line(screen);
		break;
	case '\r':
		screen->column = 0;
		break;
	case '\b':
		screen->column -= screen->column != 0;
		break;
	case '\t':
		do
			advance(screen);
		while (screen->column % TAB);
		break;
	case '\f':
		clear(screen);
		break;
	case ESCAPE:
		screen->state = SCREEN_ESCAPE;
		break;
	default:
		if ((u8)c < ' ' || (u8)c == 0x7f)
			break;
		put(screen, screen->column, screen->row, c);
		advance(screen);
	}
}

static void end_sequence(struct screen *screen, char c)
{
	screen->state = SCREEN_TEXT;
	if (c == 'J' && screen->parameter == 2)
		clear(screen);
	else if (c == 'K' && screen->parameter == 0)
		clear_row(screen, screen->row, screen->column);
}

static void escape(struct screen *screen, char c)
{
	if (screen->state == SCREEN_ESCAPE) {
		screen->state = c == '[' ? SCREEN_SEQUENCE : SCREEN_TEXT;
		screen->parameter = 0;
	} else if (c >= '0' && c <= '9') {
		screen->parameter = (screen->parameter * 10 + (u32)(c - '0')) % 10000;
	} else if (c >= '@' && c <= '~') {
		end_sequence(screen, c);
	}
}

void screen_write(struct screen *screen, const void *bytes, size_t size)
{
	const struct screen_display *display = screen->display;

	for (size_t i = 0; i < size; i++) {
		char c = ((const char *)bytes)[i];

		if (screen->state == SCREEN_TEXT)
			text(screen, c);
		else
			escape(screen, c);
	}
	if (display->cursor)
		display->cursor(display->opaque, screen->column, screen->row);
}

static void write_log(void *opaque, const char *lines, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (lines[i] == '\n')
			screen_write(opaque, "\r", 1);
		screen_write(opaque, lines + i, 1);
	}
}

void screen_init(struct screen *screen, const struct screen_display *display)
{
	*screen = (struct screen){ .display = display };
	screen->log_sink = (struct log_sink){ write_log, screen, NULL };
	clear(screen); /* the cells are 0, so this draws every one */
	screen_write(screen, "", 0);
}
