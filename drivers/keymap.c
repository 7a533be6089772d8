/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of keymap.h.
 */
#include "drivers/keymap.h"

#include "hv/lib/string.h"

#define EXTENDED 0xe0
#define RELEASE 0x80
#define KEY_CONTROL 0x1d
#define KEY_LEFT_SHIFT 0x2a
#define KEY_RIGHT_SHIFT 0x36
#define KEY_ALT 0x38
#define KEY_CAPS_LOCK 0x3a

/* Codes 00h-39h, without and with Shift; 0 types nothing. */
static const char plain[] = "\0\033"
			    "1234567890-=\x7f\t"
			    "qwertyuiop[]\r\0"
			    "asdfghjkl;'`\0\\"
			    "zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033"
			      "!@#$%^&*()_+\x7f\t"
			      "QWERTYUIOP{}\r\0"
			      "ASDFGHJKL:\"~\0|"
			      "ZXCVBNM<>?\0*\0 ";
_Static_assert(sizeof(plain) == 0x3a + 1 && sizeof(shifted) == sizeof(plain), "one key missing");

/* Keypad without Num Lock, and the grey keys, which have the same codes behind E0h. */
static const struct {
	u8 code;
	const char *text;
} sequences[] = {
	{ 0x47, "\033[H" }, { 0x48, "\033[A" },	 { 0x49, "\033[5~" }, { 0x4b, "\033[D" },
	{ 0x4d, "\033[C" }, { 0x4f, "\033[F" },	 { 0x50, "\033[B" },  { 0x51, "\033[6~" },
	{ 0x52, "\033[2~" }, { 0x53, "\033[3~" }, { 0x4a, "-" },	      { 0x4e, "+" },
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* True if @key only changes state. */
static bool modifier(struct keymap *keymap, u8 key, bool pressed)
{
	switch (key) {
	case KEY_CONTROL:
		keymap->control = pressed;
		return true;
	case KEY_LEFT_SHIFT:
	case KEY_RIGHT_SHIFT:
		keymap->shift = pressed;
		return true;
	case KEY_ALT:
		keymap->alt = pressed;
		return true;
	case KEY_CAPS_LOCK:
		keymap->caps_lock ^= pressed;
		return true;
	default:
		return false;
	}
}

static char character(const struct keymap *keymap, u8 key)
{
	char c = plain[key];
	bool shift = keymap->shift ^ (keymap->caps_lock && is_letter(c));

	if (shift)
		c = shifted[key];
	if (keymap->control && c >= '@' && c < 0x7f)
		c &= 0x1f;
	return c;
}

static u32 sequence(u8 key, char *text)
{
	for (u32 i = 0; i < ARRAY_SIZE(sequences); i++) {
		size_t length = strlen(sequences[i].text);

		if (sequences[i].code != key)
			continue;
		memcpy(text, sequences[i].text, length);
		return (u32)length;
	}
	return 0;
}

u32 keymap_feed(struct keymap *keymap, u8 code, char *text)
{
	u8 key = code & (u8)~RELEASE;
	bool pressed = !(code & RELEASE);
	bool extended = keymap->extended;
	u32 length = 0;

	keymap->extended = code == EXTENDED;
	if (code == EXTENDED)
		return 0;
	/* E0 2A and E0 36 are shifts that the keyboard makes up around its grey keys. */
	if (extended && (key == KEY_LEFT_SHIFT || key == KEY_RIGHT_SHIFT))
		return 0;
	if (modifier(keymap, key, pressed) || !pressed)
		return 0;
	if (key >= sizeof(plain) - 1)
		return sequence(key, text);
	if (extended && plain[key] != '\r' && plain[key] != '/')
		return 0;
	if (keymap->alt)
		text[length++] = '\033';
	text[length] = character(keymap, key);
	return text[length] ? length + 1 : 0;
}
