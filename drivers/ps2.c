/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of ps2.h.  Every wait for the controller is bounded: on a PC without one the ports
 * read as all ones.
 */
#include "drivers/ps2.h"

#include "arch/x86/cpu/io.h"
#include "drivers/keymap.h"
#include "hv/lib/ring.h"

#define DATA_PORT 0x60
#define STATUS_PORT 0x64
#define COMMAND_PORT 0x64
#define STATUS_OUTPUT_FULL 0x01
#define STATUS_INPUT_FULL 0x02
#define STATUS_FROM_MOUSE 0x20
#define COMMAND_READ_CONFIG 0x20
#define COMMAND_WRITE_CONFIG 0x60
#define COMMAND_DISABLE_MOUSE 0xa7
#define COMMAND_ENABLE_KEYBOARD 0xae
#define CONFIG_KEYBOARD_IRQ 0x01
#define CONFIG_MOUSE_IRQ 0x02
#define CONFIG_KEYBOARD_OFF 0x10
#define CONFIG_TRANSLATE 0x40
#define KEYBOARD_ENABLE_SCANNING 0xf4
#define WAIT_POLLS 100000
#define DRAIN_MAX 64

static struct {
	struct screen *screen;
	struct keymap keymap;
	struct ring typed;
	u8 typed_bytes[256];
	bool present;
} ps2;

static bool wait_status(u8 mask, u8 value)
{
	for (u32 i = 0; i < WAIT_POLLS; i++)
		if ((in8(STATUS_PORT) & mask) == value)
			return true;
	return false;
}

static bool command(u8 value)
{
	if (!wait_status(STATUS_INPUT_FULL, 0))
		return false;
	out8(COMMAND_PORT, value);
	return true;
}

static bool write_data(u8 value)
{
	if (!wait_status(STATUS_INPUT_FULL, 0))
		return false;
	out8(DATA_PORT, value);
	return true;
}

static void drain(void)
{
	for (u32 i = 0; i < DRAIN_MAX && in8(STATUS_PORT) & STATUS_OUTPUT_FULL; i++)
		in8(DATA_PORT);
}

static void take_codes(void)
{
	for (u32 i = 0; i < DRAIN_MAX; i++) {
		u8 status = in8(STATUS_PORT);
		char text[KEYMAP_TEXT_MAX];
		u8 code;

		if (!(status & STATUS_OUTPUT_FULL))
			break;
		code = in8(DATA_PORT);
		if (!(status & STATUS_FROM_MOUSE))
			ring_put(&ps2.typed, text, keymap_feed(&ps2.keymap, code, text));
	}
}

void ps2_interrupt(void *opaque)
{
	(void)opaque;
	take_codes();
}

static void write(void *opaque, const void *bytes, size_t size)
{
	(void)opaque;
	screen_write(ps2.screen, bytes, size);
}

static size_t read(void *opaque, void *bytes, size_t size)
{
	(void)opaque;
	if (ps2.present)
		take_codes();
	return ring_get(&ps2.typed, bytes, (u32)size);
}

const struct char_dev *ps2_char_dev(void)
{
	static const struct char_dev dev = { write, read, NULL, "screen" };

	return &dev;
}

bool ps2_init(struct screen *screen)
{
	u8 config;

	ps2.screen = screen;
	ring_init(&ps2.typed, ps2.typed_bytes, sizeof(ps2.typed_bytes));
	if (in8(STATUS_PORT) == 0xff || !command(COMMAND_DISABLE_MOUSE))
		return false;
	drain();
	if (!command(COMMAND_READ_CONFIG) || !wait_status(STATUS_OUTPUT_FULL, STATUS_OUTPUT_FULL))
		return false;
	config = in8(DATA_PORT);
	config |= CONFIG_KEYBOARD_IRQ | CONFIG_TRANSLATE;
	config &= (u8) ~(CONFIG_MOUSE_IRQ | CONFIG_KEYBOARD_OFF);
	if (!command(COMMAND_WRITE_CONFIG) || !write_data(config) ||
	    !command(COMMAND_ENABLE_KEYBOARD) || !write_data(KEYBOARD_ENABLE_SCANNING))
		return false;
	wait_status(STATUS_OUTPUT_FULL, STATUS_OUTPUT_FULL); /* the keyboard's acknowledgement */
	drain();
	ps2.present = true;
	return true;
}
