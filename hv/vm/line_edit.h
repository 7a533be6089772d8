/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Typing a line on a terminal: echo, Backspace, Ctrl-U (all of it), Ctrl-C (another one), and the
 * up and down keys for the lines before.  Printable ASCII only; the cursor stays at the end.
 */
#ifndef HV_VM_LINE_EDIT_H
#define HV_VM_LINE_EDIT_H

#include "hv/lib/types.h"

#define LINE_EDIT_MAX 127   /* characters of a line */
#define LINE_EDIT_HISTORY 8 /* lines that the up key finds */

enum line_result {
	LINE_MORE,
	LINE_READY, /* edit.line is what was typed; maybe nothing */
	LINE_END    /* Ctrl-D on an empty line */
};

struct line_edit {
	char line[LINE_EDIT_MAX + 1];
	u32 length;
	/* private */
	void (*echo)(void *opaque, const char *text);
	void *opaque;
	char history[LINE_EDIT_HISTORY][LINE_EDIT_MAX + 1];
	u32 history_count; /* ever entered */
	u32 history_back;  /* how far up the user went */
	u8 escape;	   /* 0; 1: ESC was read; 2: ESC [ or ESC O */
	bool was_cr;	   /* a following LF belongs to it */
};

/* @echo writes to the terminal, '\n' as a new line. */
void line_edit_init(struct line_edit *edit, void (*echo)(void *opaque, const char *text),
		    void *opaque);
/* Begin an empty line; the history stays. */
void line_edit_start(struct line_edit *edit);
/* One typed byte.  After LINE_READY call line_edit_start before the next. */
enum line_result line_edit_byte(struct line_edit *edit, u8 byte);

#endif
