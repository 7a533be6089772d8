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

/* A byte from the keyboard arrives; false if translation swallows it. */
static bool translated(struct vps2 *ps2, u8 *byte)
{
	if (!(command_byte(ps2) & COMMAND_BYTE_XLATE))
		return true;
	if (*byte == VPS2_KEY_BREAK) {
		ps2->break_follows = true;
		return false;
	}
	*byte = vps2_keyboard_translate(*byte);
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
	while (vps2_keyboard_sends(&ps2->keyboard, &byte)) {
		if (translated(ps2, &byte)) {
			fill(ps2, byte, false, false);
			return;
		}
	}
}

bool vps2_key(struct vps2 *ps2, const u8 *bytes, u32 count)
{
	bool taken = vps2_keyboard_key(&ps2->keyboard, bytes, count);

	pump(ps2);
	return taken;
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
		answer(ps2, VPS2_KEY_RESEND, true, true);
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
		vps2_keyboard_receives(&ps2->keyboard, (u8)value);
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
	vps2_keyboard_init(&ps2->keyboard);
	irqline_set(wiring.a20, false);
}

void vps2_init(struct vps2 *ps2, const struct vps2_wiring *wiring)
{
	memset(ps2, 0, sizeof(*ps2));
	ps2->wiring = *wiring;
	vps2_reset(ps2);
}
