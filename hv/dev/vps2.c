/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vps2.h.  Three sources feed the output buffer: the controller's answer, the
 * keyboard's response to a command, the keyboard's queue of keys, in this order.  pump() moves a
 * byte whenever the buffer is free; keyboard bytes are translated to scan code set 1 on the way if
 * the command byte says so.
 */
#include "hv/dev/vps2.h"

#include "hv/lib/string.h"

#define STATUS_OBF BIT(0)
#define STATUS_SYS BIT(2)
#define STATUS_A2 BIT(3)
#define STATUS_UNLOCKED BIT(4)
#define STATUS_AUX BIT(5)
#define STATUS_TO BIT(6)

#define COMMAND_BYTE_INT BIT(0)
#define COMMAND_BYTE_INT2 BIT(1)
#define COMMAND_BYTE_SYS BIT(2)
#define COMMAND_BYTE_EN BIT(4)  /* set: keyboard disabled */
#define COMMAND_BYTE_EN2 BIT(5) /* set: second port disabled */
#define COMMAND_BYTE_XLATE BIT(6)

#define OUTPUT_RESET BIT(0)
#define OUTPUT_A20 BIT(1)
#define OUTPUT_OBF BIT(4)
#define OUTPUT_AUX_OBF BIT(5)

#define KEY_ACK 0xfa
#define KEY_RESEND 0xfe
#define KEY_BREAK 0xf0
#define FIRST_KEYBOARD_COMMAND 0xed

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

static u8 translate(u8 code)
{
	return code < sizeof(set2_to_set1) ? set2_to_set1[code] : code;
}

static u8 command_byte(const struct vps2 *ps2)
{
	return ps2->ram[0];
}

/* ---- output buffer -------------------------------------------------------------------------- */

static void update_irqs(struct vps2 *ps2)
{
	bool irq1 = ps2->full && !ps2->from_aux && (command_byte(ps2) & COMMAND_BYTE_INT);
	bool irq12 = ps2->full && ps2->from_aux && (command_byte(ps2) & COMMAND_BYTE_INT2);

	if (irq1 != ps2->irq1) {
		ps2->irq1 = irq1;
		irqline_set(ps2->wiring.irq1, irq1);
	}
	if (irq12 != ps2->irq12) {
		ps2->irq12 = irq12;
		irqline_set(ps2->wiring.irq12, irq12);
	}
}

static void fill(struct vps2 *ps2, u8 byte, bool from_aux, bool timed_out)
{
	ps2->data = byte;
	ps2->full = true;
	ps2->from_aux = from_aux;
	ps2->status &= (u8)~STATUS_TO;
	if (timed_out)
		ps2->status |= STATUS_TO;
	update_irqs(ps2);
}

static bool keyboard_sends(struct vps2 *ps2, u8 *byte)
{
	if (ps2->response_next < ps2->response_count) {
		*byte = ps2->response[ps2->response_next++];
	} else if (ps2->queue_count) {
		*byte = ps2->queue[ps2->queue_first];
		ps2->queue_first = (ps2->queue_first + 1) % VPS2_QUEUE;
		ps2->queue_count--;
	} else {
		return false;
	}
	ps2->last_sent = *byte;
	return true;
}

/* A byte from the keyboard arrives; false if translation swallows it. */
static bool translated(struct vps2 *ps2, u8 *byte)
{
	if (!(command_byte(ps2) & COMMAND_BYTE_XLATE))
		return true;
	if (*byte == KEY_BREAK) {
		ps2->break_follows = true;
		return false;
	}
	*byte = translate(*byte);
	if (ps2->break_follows)
		*byte |= 0x80;
	ps2->break_follows = false;
	return true;
}

static void pump(struct vps2 *ps2)
{
	u8 byte;

	if (ps2->full)
		return;
	if (ps2->answer_waits) {
		ps2->answer_waits = false;
		fill(ps2, ps2->answer, ps2->answer_from_aux, ps2->answer_timed_out);
		return;
	}
	if (command_byte(ps2) & COMMAND_BYTE_EN)
		return;
	while (keyboard_sends(ps2, &byte)) {
		if (translated(ps2, &byte)) {
			fill(ps2, byte, false, false);
			return;
		}
	}
}

/* ---- keyboard ------------------------------------------------------------------------------- */

static void respond(struct vps2 *ps2, const u8 *bytes, u32 count)
{
	memcpy(ps2->response, bytes, count);
	ps2->response_count = count;
	ps2->response_next = 0;
}

static void respond_byte(struct vps2 *ps2, u8 byte)
{
	respond(ps2, &byte, 1);
}

static void keyboard_defaults(struct vps2 *ps2, bool scanning)
{
	ps2->queue_count = 0;
	ps2->scan_code_set = 2;
	ps2->scanning = scanning;
}

static void keyboard_command(struct vps2 *ps2, u8 command)
{
	static const u8 identity[] = { KEY_ACK, 0xab, 0x83 };
	static const u8 passed[] = { KEY_ACK, 0xaa };

	switch (command) {
	case 0xed: /* LEDs */
	case 0xf0: /* scan code set */
	case 0xf3: /* typematic rate */
		ps2->parameter_of = command;
		respond_byte(ps2, KEY_ACK);
		break;
	case 0xee: /* echo */
		respond_byte(ps2, 0xee);
		break;
	case 0xf2:
		respond(ps2, identity, sizeof(identity));
		break;
	case 0xf4:
		ps2->queue_count = 0;
		ps2->scanning = true;
		respond_byte(ps2, KEY_ACK);
		break;
	case 0xf5:
	case 0xf6:
		keyboard_defaults(ps2, command == 0xf6 && ps2->scanning);
		respond_byte(ps2, KEY_ACK);
		break;
	case 0xfe:
		respond_byte(ps2, ps2->last_sent);
		break;
	case 0xff:
		keyboard_defaults(ps2, true);
		ps2->leds = 0;
		respond(ps2, passed, sizeof(passed));
		break;
	default:
		respond_byte(ps2, KEY_RESEND);
		break;
	}
}

static void keyboard_parameter(struct vps2 *ps2, u8 value)
{
	const u8 current_set[] = { KEY_ACK, ps2->scan_code_set };
	u8 command = ps2->parameter_of;

	ps2->parameter_of = 0;
	respond_byte(ps2, KEY_ACK);
	if (command == 0xed)
		ps2->leds = value & 7;
	if (command != 0xf0)
		return;
	if (value == 0)
		respond(ps2, current_set, sizeof(current_set));
	else if (value <= 2)
		ps2->scan_code_set = value;
	else
		respond_byte(ps2, KEY_RESEND);
}

static void keyboard_receives(struct vps2 *ps2, u8 byte)
{
	if (ps2->parameter_of && byte < FIRST_KEYBOARD_COMMAND) {
		keyboard_parameter(ps2, byte);
		return;
	}
	ps2->parameter_of = 0;
	keyboard_command(ps2, byte);
}

static void queue_byte(struct vps2 *ps2, u8 byte)
{
	ps2->queue[(ps2->queue_first + ps2->queue_count++) % VPS2_QUEUE] = byte;
}

bool vps2_key(struct vps2 *ps2, const u8 *bytes, u32 count)
{
	u8 release = 0;

	if (!ps2->scanning || count > VPS2_QUEUE - ps2->queue_count)
		return false;
	for (u32 i = 0; i < count; i++) {
		if (ps2->scan_code_set == 2) {
			queue_byte(ps2, bytes[i]);
		} else if (bytes[i] == KEY_BREAK) {
			release = 0x80;
		} else {
			queue_byte(ps2, translate(bytes[i]) | release);
			release = 0;
		}
	}
	pump(ps2);
	return true;
}

/* ---- controller ----------------------------------------------------------------------------- */

static void answer(struct vps2 *ps2, u8 byte, bool from_aux, bool timed_out)
{
	ps2->answer = byte;
	ps2->answer_waits = true;
	ps2->answer_from_aux = from_aux;
	ps2->answer_timed_out = timed_out;
}

static void pulse_reset(struct vps2 *ps2)
{
	irqline_set(ps2->wiring.reset, true);
	irqline_set(ps2->wiring.reset, false);
}

static void write_output_port(struct vps2 *ps2, u8 value)
{
	ps2->output_port = value;
	irqline_set(ps2->wiring.a20, (value & OUTPUT_A20) != 0);
	if (!(value & OUTPUT_RESET))
		pulse_reset(ps2);
}

static u8 read_output_port(const struct vps2 *ps2)
{
	u32 value = ps2->output_port & ~(OUTPUT_OBF | OUTPUT_AUX_OBF);

	if (ps2->full)
		value |= ps2->from_aux ? OUTPUT_AUX_OBF : OUTPUT_OBF;
	return (u8)value;
}

static void write_command_byte(struct vps2 *ps2, u8 value)
{
	ps2->ram[0] = value;
	ps2->status &= (u8)~STATUS_SYS;
	if (value & COMMAND_BYTE_SYS)
		ps2->status |= STATUS_SYS;
	update_irqs(ps2);
}

static void controller_command(struct vps2 *ps2, u8 command)
{
	ps2->command = 0;
	switch (command) {
	case 0x20 ... 0x3f:
		answer(ps2, ps2->ram[command & 0x1f], false, false);
		break;
	case 0x60 ... 0x7f:
	case 0xd1 ... 0xd4:
		ps2->command = command;
		break;
	case 0xa4: /* password installed?  No. */
		answer(ps2, 0xf1, false, false);
		break;
	case 0xa7:
		ps2->ram[0] |= COMMAND_BYTE_EN2;
		break;
	case 0xa8:
		ps2->ram[0] &= (u8)~COMMAND_BYTE_EN2;
		break;
	case 0xa9: /* lines of the second port, of the keyboard: no fault */
	case 0xab:
		answer(ps2, 0x00, false, false);
		break;
	case 0xaa: /* self-test */
		write_command_byte(ps2, command_byte(ps2) | COMMAND_BYTE_SYS);
		answer(ps2, 0x55, false, false);
		break;
	case 0xad:
		ps2->ram[0] |= COMMAND_BYTE_EN;
		break;
	case 0xae:
		ps2->ram[0] &= (u8)~COMMAND_BYTE_EN;
		break;
	case 0xc0: /* input port: not locked */
		answer(ps2, 0x80, false, false);
		break;
	case 0xd0:
		answer(ps2, read_output_port(ps2), false, false);
		break;
	case 0xf0 ... 0xff: /* pulse the output bits that are 0 in the command; we have one */
		if (!(command & OUTPUT_RESET))
			pulse_reset(ps2);
		break;
	}
}

/* The byte at port 60h that a command waited for. */
static void controller_parameter(struct vps2 *ps2, u8 value)
{
	u8 command = ps2->command;

	ps2->command = 0;
	switch (command) {
	case 0x60:
		write_command_byte(ps2, value);
		break;
	case 0xd1:
		write_output_port(ps2, value);
		break;
	case 0xd2: /* as if the keyboard had sent it */
		answer(ps2, value, false, false);
		break;
	case 0xd3: /* as if the second port's device had */
		answer(ps2, value, true, false);
		break;
	case 0xd4: /* to the second port: nobody answers */
		ps2->ram[0] &= (u8)~COMMAND_BYTE_EN2;
		answer(ps2, KEY_RESEND, true, true);
		break;
	default:
		ps2->ram[command & 0x1f] = value;
		break;
	}
}

static u32 data_read(void *opaque, u32 offset, u32 size)
{
	struct vps2 *ps2 = opaque;
	u8 value = ps2->data;

	(void)offset;
	(void)size;
	ps2->full = false;
	update_irqs(ps2);
	pump(ps2);
	return value;
}

static void data_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vps2 *ps2 = opaque;

	(void)offset;
	(void)size;
	ps2->status &= (u8)~STATUS_A2;
	if (ps2->command) {
		controller_parameter(ps2, (u8)value);
	} else {
		ps2->ram[0] &= (u8)~COMMAND_BYTE_EN;
		keyboard_receives(ps2, (u8)value);
	}
	pump(ps2);
}

static u32 status_read(void *opaque, u32 offset, u32 size)
{
	const struct vps2 *ps2 = opaque;
	u32 status = ps2->status | STATUS_UNLOCKED;

	(void)offset;
	(void)size;
	if (ps2->full)
		status |= STATUS_OBF | (ps2->from_aux ? STATUS_AUX : 0);
	return status;
}

static void command_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vps2 *ps2 = opaque;

	(void)offset;
	(void)size;
	ps2->status |= STATUS_A2;
	controller_command(ps2, (u8)value);
	pump(ps2);
}

const struct bus_ops vps2_data_ops = { data_read, data_write, 1 };
const struct bus_ops vps2_command_ops = { status_read, command_write, 1 };

void vps2_reset(struct vps2 *ps2)
{
	struct vps2_wiring wiring = ps2->wiring;

	ps2->full = false;
	ps2->ram[0] = 0;
	update_irqs(ps2);
	memset(ps2, 0, sizeof(*ps2));
	ps2->wiring = wiring;
	ps2->ram[0] = COMMAND_BYTE_EN | COMMAND_BYTE_EN2;
	ps2->output_port = 0xc0 | OUTPUT_RESET;
	ps2->status = STATUS_A2;
	keyboard_defaults(ps2, true);
	irqline_set(wiring.a20, false);
}

void vps2_init(struct vps2 *ps2, const struct vps2_wiring *wiring)
{
	memset(ps2, 0, sizeof(*ps2));
	ps2->wiring = *wiring;
	vps2_reset(ps2);
}
