/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PS/2 keyboard with 102 keys, as its controller sees it over the cable: bytes in, bytes out [IBM
 * PS/2 Technical Reference, "Keyboard (101- and 102-Key)"].  It knows scan code sets 1 and 2.  The
 * response to a command is sent before keys that wait, and is dropped by the next command.
 */
#ifndef HV_DEV_VPS2_KEYBOARD_H
#define HV_DEV_VPS2_KEYBOARD_H

#include "hv/lib/types.h"

#define VPS2_QUEUE 32u

#define VPS2_KEY_BREAK 0xf0
#define VPS2_KEY_RESEND 0xfe

struct vps2_keyboard {
	u8 response[3];
	u32 response_count;
	u32 response_next;
	u8 queue[VPS2_QUEUE];
	u32 queue_first;
	u32 queue_count;
	u8 parameter_of; /* command that waits for its parameter; 0: none */
	u8 last_sent;
	u8 leds;
	u8 scan_code_set; /* 1 or 2 */
	bool scanning;
};

/* Power-on state: scanning, set 2. */
void vps2_keyboard_init(struct vps2_keyboard *keyboard);
/* The next byte that the keyboard sends; false if it has none. */
bool vps2_keyboard_sends(struct vps2_keyboard *keyboard, u8 *byte);
/* A byte from the controller: a command or its parameter. */
void vps2_keyboard_receives(struct vps2_keyboard *keyboard, u8 byte);
/* See vps2_key(). */
bool vps2_keyboard_key(struct vps2_keyboard *keyboard, const u8 *bytes, u32 count);

/* A code (not a prefix) of set 2 in set 1, as keyboard or controller translate it. */
u8 vps2_keyboard_translate(u8 code);

#endif
