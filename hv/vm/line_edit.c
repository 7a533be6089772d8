/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The line editor.  The terminal's keys are bytes or short sequences that begin with ESC (ECMA-48:
 * ESC [, parameters below 40h, one final byte; ESC O and one byte from a keypad).  Two sequences
 * mean something here, the others are swallowed whole, so that a stray key does not type rubbish.
 */
#include "hv/vm/line_edit.h"

#include "hv/lib/string.h"

#define CTRL(c) ((c)&0x1f)
#define ESC 0x1b
#define DELETE 0x7f
#define ERASE "\b \b"

void line_edit_init(struct line_edit *edit, void (*echo)(void *opaque, const char *text),
		    void *opaque)
{
	*edit = (struct line_edit){ .echo = echo, .opaque = opaque };
}

void line_edit_start(struct line_edit *edit)
{
	edit->length = 0;
	edit->history_back = 0;
	edit->escape = 0;
}

static void erase(struct line_edit *edit)
{
	if (!edit->length)
		return;
	edit->length--;
	edit->echo(edit->opaque, ERASE);
}

static void set_line(struct line_edit *edit, const char *text)
{
	while (edit->length)
		erase(edit);
	edit->length = (u32)strlen(text);
	memcpy(edit->line, text, edit->length + 1);
	edit->echo(edit->opaque, text);
}

/* @step: 1 to older lines, -1 to newer ones. */
static void go_history(struct line_edit *edit, int step)
{
	u32 kept = MIN(edit->history_count, (u32)LINE_EDIT_HISTORY);
	u32 back = edit->history_back + (u32)step;

	if (back > kept) /* also below 0 */
		return;
	edit->history_back = back;
	back = (edit->history_count - back) % LINE_EDIT_HISTORY;
	set_line(edit, edit->history_back ? edit->history[back] : "");
}

/* A byte of an escape sequence. */
static void take_escaped(struct line_edit *edit, u8 byte)
{
	if (edit->escape == 1) {
		edit->escape = byte == '[' || byte == 'O' ? 2 : 0;
		return;
	}
	if (byte >= ' ' && byte < '@') /* a parameter */
		return;
	edit->escape = 0;
	if (byte == 'A')
		go_history(edit, 1);
	else if (byte == 'B')
		go_history(edit, -1);
}

static enum line_result finish(struct line_edit *edit)
{
	edit->line[edit->length] = 0;
	edit->echo(edit->opaque, "\n");
	if (edit->length)
		memcpy(edit->history[edit->history_count++ % LINE_EDIT_HISTORY], edit->line,
		       edit->length + 1);
	return LINE_READY;
}

static enum line_result take_control(struct line_edit *edit, u8 byte)
{
	switch (byte) {
	case '\r':
	case '\n':
		return finish(edit);
	case '\b':
	case DELETE:
		erase(edit);
		break;
	case CTRL('U'):
		set_line(edit, "");
		break;
	case CTRL('C'):
		edit->length = 0;
		return finish(edit);
	case CTRL('D'):
		return edit->length ? LINE_MORE : LINE_END;
	case ESC:
		edit->escape = 1;
		break;
	}
	return LINE_MORE;
}

enum line_result line_edit_byte(struct line_edit *edit, u8 byte)
{
	char text[2] = { (char)byte, 0 };
	bool second_half = edit->was_cr && byte == '\n';

	edit->was_cr = byte == '\r';
	if (second_half)
		return LINE_MORE;
	if (edit->escape) {
		take_escaped(edit, byte);
		return LINE_MORE;
	}
	if (byte < ' ' || byte >= DELETE)
		return take_control(edit, byte);
	if (edit->length < LINE_EDIT_MAX) {
		edit->line[edit->length++] = text[0];
		edit->echo(edit->opaque, text);
	}
	return LINE_MORE;
}
