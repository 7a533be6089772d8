/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vps2_keyboard.h.  Keys come in as scan code set 2, the keyboard's own, and are
 * turned into set 1 on the way into the queue if the guest has chosen that.  What a guest does
 * between a command and its parameter, another command for instance, ends the first command.
 */
#include "hv/dev/vps2_keyboard.h"

#include "hv/lib/string.h"

#define KEY_ACK 0xfa
#define FIRST_COMMAND 0xed

/* clang-format off */
static const u8 set2_to_set1[] = {
	0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
	0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
	0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
	0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
	0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
	0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
	0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
	0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
	0x80, 0x81, 0x82, 0x41, 0x54,
};
/* clang-format on */

u8 vps2_keyboard_translate(u8 code)
{
	return code < sizeof(set2_to_set1) ? set2_to_set1[code] : code;
}

bool vps2_keyboard_sends(struct vps2_keyboard *keyboard, u8 *byte)
{
	if (keyboard->response_next < keyboard->response_count) {
		*byte = keyboard->response[keyboard->response_next++];
	} else if (keyboard->queue_count) {
		*byte = keyboard->queue[keyboard->queue_first];
		keyboard->queue_first = (keyboard->queue_first + 1) % VPS2_QUEUE;
		keyboard->queue_count--;
	} else {
		return false;
	}
	keyboard->last_sent = *byte;
	return true;
}

static void respond(struct vps2_keyboard *keyboard, const u8 *bytes, u32 count)
{
	memcpy(keyboard->response, bytes, count);
	keyboard->response_count = count;
	keyboard->response_next = 0;
}

static void respond_byte(struct vps2_keyboard *keyboard, u8 byte)
{
	respond(keyboard, &byte, 1);
}

static void keyboard_defaults(struct vps2_keyboard *keyboard, bool scanning)
{
	keyboard->queue_count = 0;
	keyboard->scan_code_set = 2;
	keyboard->scanning = scanning;
}

static void keyboard_command(struct vps2_keyboard *keyboard, u8 command)
{
	static const u8 identity[] = { KEY_ACK, 0xab, 0x83 };
	static const u8 passed[] = { KEY_ACK, 0xaa };

	switch (command) {
	case 0xed: /* LEDs */
	case 0xf0: /* scan code set */
	case 0xf3: /* typematic rate */
		keyboard->parameter_of = command;
		respond_byte(keyboard, KEY_ACK);
		break;
	case 0xee: /* echo */
		respond_byte(keyboard, 0xee);
		break;
	case 0xf2:
		respond(keyboard, identity, sizeof(identity));
		break;
	case 0xf4:
		keyboard->queue_count = 0;
		keyboard->scanning = true;
		respond_byte(keyboard, KEY_ACK);
		break;
	case 0xf5:
	case 0xf6:
		keyboard_defaults(keyboard, command == 0xf6 && keyboard->scanning);
		respond_byte(keyboard, KEY_ACK);
		break;
	case 0xfe:
		respond_byte(keyboard, keyboard->last_sent);
		break;
	case 0xff:
		keyboard_defaults(keyboard, true);
		keyboard->leds = 0;
		respond(keyboard, passed, sizeof(passed));
		break;
	default:
		respond_byte(keyboard, VPS2_KEY_RESEND);
		break;
	}
}

static void keyboard_parameter(struct vps2_keyboard *keyboard, u8 value)
{
	const u8 current_set[] = { KEY_ACK, keyboard->scan_code_set };
	u8 command = keyboard->parameter_of;

	keyboard->parameter_of = 0;
	respond_byte(keyboard, KEY_ACK);
	if (command == 0xed)
		keyboard->leds = value & 7;
	if (command != 0xf0)
		return;
	if (value == 0)
		respond(keyboard, current_set, sizeof(current_set));
	else if (value <= 2)
		keyboard->scan_code_set = value;
	else
		respond_byte(keyboard, VPS2_KEY_RESEND);
}

void vps2_keyboard_receives(struct vps2_keyboard *keyboard, u8 byte)
{
	if (keyboard->parameter_of && byte < FIRST_COMMAND) {
		keyboard_parameter(keyboard, byte);
		return;
	}
	keyboard->parameter_of = 0;
	keyboard_command(keyboard, byte);
}

static void queue_byte(struct vps2_keyboard *keyboard, u8 byte)
{
	keyboard->queue[(keyboard->queue_first + keyboard->queue_count++) % VPS2_QUEUE] = byte;
}

bool vps2_keyboard_key(struct vps2_keyboard *keyboard, const u8 *bytes, u32 count)
{
	u8 release = 0;

	if (!keyboard->scanning || count > VPS2_QUEUE - keyboard->queue_count)
		return false;
	for (u32 i = 0; i < count; i++) {
		if (keyboard->scan_code_set == 2) {
			queue_byte(keyboard, bytes[i]);
		} else if (bytes[i] == VPS2_KEY_BREAK) {
			release = 0x80;
		} else {
			queue_byte(keyboard, vps2_keyboard_translate(bytes[i]) | release);
			release = 0;
		}
	}
	return true;
}

void vps2_keyboard_init(struct vps2_keyboard *keyboard)
{
	memset(keyboard, 0, sizeof(*keyboard));
	keyboard_defaults(keyboard, true);
}
