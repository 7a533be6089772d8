/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From scan codes (set 1) to characters, US layout.  Pure.  Cursor and editing keys give the escape
 * sequences of a VT100, Ctrl with a letter gives a control character, Alt puts ESC in front.
 */
#ifndef DRIVERS_KEYMAP_H
#define DRIVERS_KEYMAP_H

#include "hv/lib/types.h"

struct keymap {
	bool shift, control, alt, caps_lock;
	bool extended; /* the last code was E0h */
};

#define KEYMAP_TEXT_MAX 5
/* Feed one @code; writes what it types to @text, which has room for KEYMAP_TEXT_MAX bytes.  Returns
 * how many bytes that is: 0 for releases and keys without a character. */
u32 keymap_feed(struct keymap *keymap, u8 code, char *text);

#endif
