/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vpic.h.  Priorities rotate, so everything is compared as the distance behind
 * the input that comes first: priority 0 is the input after `lowest`, 7 is `lowest` itself.
 *
 * After every change update() works out the slave's INT, feeds it into the master's input 2, and
 * then the master's INT.  The slave's INT falls for a moment at each acknowledge, so that a further
 * request of the slave is a new edge for the master.
 */
#include "hv/dev/vpic.h"

#include "hv/lib/string.h"

#define CASCADE 2u
#define NO_INPUT 8u

#define ICW1_IC4 BIT(0)
#define ICW1_SNGL BIT(1)
#define ICW1_ADI BIT(2)
#define ICW1_SELECT BIT(4) /* tells ICW1 from the OCWs */
#define ICW4_8086 BIT(0)
#define ICW4_AEOI BIT(1)
#define ICW4_SFNM BIT(4)
#define OCW3_SELECT BIT(3) /* tells OCW3 from OCW2 */
#define OCW3_RIS BIT(0)
#define OCW3_RR BIT(1)
#define OCW3_P BIT(2)
#define OCW3_SMM BIT(5)
#define OCW3_ESMM BIT(6)
#define POLL_I BIT(7)

/* IRQ 0, 1, 2, 8 and 13 are always edge-triggered. */
#define ELCR_WRITABLE_MASTER 0xf8
#define ELCR_WRITABLE_SLAVE 0xde

static u8 bit(u32 input)
{
	return (u8)BIT(input);
}

static u8 requests(const struct vpic_chip *chip)
{
	return (u8)(chip->input & (chip->irr_latch | chip->elcr));
}

/* The input of highest priority among @inputs, or NO_INPUT. */
static u32 highest(const struct vpic_chip *chip, u8 inputs)
{
	for (u32 i = 1; i <= 8; i++) {
		u32 input = (chip->lowest + i) & 7;

		if (inputs & BIT(input))
			return input;
	}
	return NO_INPUT;
}

static u32 priority(const struct vpic_chip *chip, u32 input)
{
	return (input - chip->lowest - 1) & 7;
}

static bool has_slave(const struct vpic_chip *chip, u32 input)
{
	return !(chip->icw1 & ICW1_SNGL) && (chip->icw3 & BIT(input));
}

/* In special mask mode a level in service that is masked does not hold back others. */
static u8 in_service(const struct vpic_chip *chip)
{
	return chip->special_mask ? (u8)(chip->isr & ~chip->imr) : chip->isr;
}

/* The input that would win an acknowledge now, or NO_INPUT. */
static u32 winner(const struct vpic *pic, const struct vpic_chip *chip)
{
	u32 served = highest(chip, in_service(chip));
	u32 input = highest(chip, requests(chip) & (u8)~chip->imr);

	if (chip->expected_icw || input == NO_INPUT || served == NO_INPUT)
		return chip->expected_icw ? NO_INPUT : input;
	if (priority(chip, input) < priority(chip, served))
		return input;
	/* Special fully nested: the slave has sorted its own requests already. */
	if (input == served && chip == &pic->chip[0] && (chip->icw4 & ICW4_SFNM) &&
	    has_slave(chip, input))
		return input;
	return NO_INPUT;
}

static void set_input(struct vpic_chip *chip, u32 input, bool level)
{
	u8 mask = bit(input);

	if (level && !(chip->input & mask))
		chip->irr_latch |= mask;
	if (!level)
		chip->irr_latch &= (u8)~mask;
	chip->input = level ? chip->input | mask : chip->input & (u8)~mask;
}

static void update(struct vpic *pic)
{
	bool intr;

	set_input(&pic->chip[0], CASCADE, winner(pic, &pic->chip[1]) != NO_INPUT);
	intr = winner(pic, &pic->chip[0]) != NO_INPUT;
	if (intr != pic->intr) {
		pic->intr = intr;
		irqline_set(pic->wiring.intr, intr);
	}
}

void vpic_set_irq(void *opaque, u32 irq, bool level)
{
	struct vpic *pic = opaque;

	if (irq >= VPIC_INPUTS || irq == CASCADE)
		return;
	set_input(&pic->chip[irq / 8], irq % 8, level);
	update(pic);
}

struct irqline vpic_input(struct vpic *pic, u32 irq)
{
	return (struct irqline){ vpic_set_irq, pic, irq };
}

static void tell_taken(struct vpic *pic, const struct vpic_chip *chip, u32 input)
{
	u32 irq = chip == &pic->chip[0] ? input : input + 8;

	if (pic->wiring.taken && irq != CASCADE)
		pic->wiring.taken(pic->wiring.opaque, irq);
}

/* The first INTA pulse, or the read of a poll: freeze the winner and put it in service. */
static u32 take(struct vpic *pic, struct vpic_chip *chip)
{
	u32 input = winner(pic, chip);

	if (chip == &pic->chip[1])
		set_input(&pic->chip[0], CASCADE, false);
	if (input == NO_INPUT)
		return NO_INPUT;
	chip->irr_latch &= (u8)~bit(input);
	if (!(chip->icw4 & ICW4_AEOI))
		chip->isr |= bit(input);
	else if (chip->rotate_in_aeoi)
		chip->lowest = (u8)input;
	return input;
}

/* What the chip puts on the bus in the second INTA cycle. */
static u8 vector(const struct vpic_chip *chip, u32 input)
{
	if (chip->icw4 & ICW4_8086)
		return (u8)((chip->icw2 & 0xf8) | input);
	if (chip->icw1 & ICW1_ADI)
		return (u8)((chip->icw1 & 0xe0) | input << 2);
	return (u8)((chip->icw1 & 0xc0) | input << 3);
}

u8 vpic_acknowledge(struct vpic *pic)
{
	struct vpic_chip *chip = &pic->chip[0];
	u32 input = take(pic, chip);
	u8 result;

	if (input == CASCADE && has_slave(chip, input)) {
		chip = &pic->chip[1];
		input = take(pic, chip);
	}
	result = vector(chip, input == NO_INPUT ? 7 : input);
	update(pic);
	if (input != NO_INPUT)
		tell_taken(pic, chip, input);
	return result;
}

/* ---- the CPU's side ------------------------------------------------------------------------- */

static void initialize(struct vpic *pic, struct vpic_chip *chip, u8 icw1)
{
	u8 forgotten = requests(chip) & (u8)~chip->elcr;

	chip->icw1 = icw1;
	if (!(icw1 & ICW1_IC4))
		chip->icw4 = 0;
	chip->icw3 = 0;
	chip->irr_latch = 0;
	chip->isr = 0;
	chip->imr = 0;
	chip->lowest = 7;
	chip->rotate_in_aeoi = false;
	chip->special_mask = false;
	chip->poll = false;
	chip->read_isr = false;
	chip->expected_icw = 2;
	for (u32 i = 0; i < 8; i++)
		if (forgotten & BIT(i))
			tell_taken(pic, chip, i);
}

static u8 icw_after(const struct vpic_chip *chip, u8 icw)
{
	if (icw == 2 && !(chip->icw1 & ICW1_SNGL))
		return 3;
	return icw < 4 && (chip->icw1 & ICW1_IC4) ? 4 : 0;
}

static void write_odd(struct vpic_chip *chip, u8 value)
{
	if (chip->expected_icw == 2)
		chip->icw2 = value;
	else if (chip->expected_icw == 3)
		chip->icw3 = value;
	else if (chip->expected_icw == 4)
		chip->icw4 = value;
	else
		chip->imr = value;
	if (chip->expected_icw)
		chip->expected_icw = icw_after(chip, chip->expected_icw);
}

static void end_of_interrupt(struct vpic_chip *chip, u32 input, bool rotate)
{
	if (input == NO_INPUT)
		return;
	chip->isr &= (u8)~bit(input);
	if (rotate)
		chip->lowest = (u8)input;
}

static void write_ocw2(struct vpic_chip *chip, u8 value)
{
	u32 level = value & 7;

	switch (value >> 5) { /* R, SL, EOI */
	case 0: /* rotate in automatic EOI mode: clear */
		chip->rotate_in_aeoi = false;
		break;
	case 1: /* non-specific EOI */
	case 5: /* rotate on non-specific EOI */
		end_of_interrupt(chip, highest(chip, in_service(chip)), value >> 7);
		break;
	case 2: /* no operation */
		break;
	case 3: /* specific EOI */
	case 7: /* rotate on specific EOI */
		end_of_interrupt(chip, level, value >> 7);
		break;
	case 4: /* rotate in automatic EOI mode: set */
		chip->rotate_in_aeoi = true;
		break;
	case 6: /* set priority */
		chip->lowest = (u8)level;
		break;
	}
}

static void write_ocw3(struct vpic_chip *chip, u8 value)
{
	if (value & OCW3_ESMM)
		chip->special_mask = (value & OCW3_SMM) != 0;
	if (value & OCW3_P)
		chip->poll = true;
	else if (value & OCW3_RR)
		chip->read_isr = (value & OCW3_RIS) != 0;
}

static void chip_write(struct vpic *pic, struct vpic_chip *chip, u32 offset, u8 value)
{
	if (offset == 1)
		write_odd(chip, value);
	else if (value & ICW1_SELECT)
		initialize(pic, chip, value);
	else if (value & OCW3_SELECT)
		write_ocw3(chip, value);
	else
		write_ocw2(chip, value);
	update(pic);
}

static u8 poll(struct vpic *pic, struct vpic_chip *chip)
{
	u32 input;

	chip->poll = false;
	input = take(pic, chip);
	update(pic);
	if (input == NO_INPUT)
		return 0;
	tell_taken(pic, chip, input);
	return (u8)(POLL_I | input);
}

static u8 chip_read(struct vpic *pic, struct vpic_chip *chip, u32 offset)
{
	if (chip->poll)
		return poll(pic, chip);
	if (offset == 1)
		return chip->imr;
	return chip->read_isr ? chip->isr : requests(chip);
}

static u32 master_read(void *opaque, u32 offset, u32 size)
{
	struct vpic *pic = opaque;

	(void)size;
	return chip_read(pic, &pic->chip[0], offset);
}

static void master_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vpic *pic = opaque;

	(void)size;
	chip_write(pic, &pic->chip[0], offset, (u8)value);
}

static u32 slave_read(void *opaque, u32 offset, u32 size)
{
	struct vpic *pic = opaque;

	(void)size;
	return chip_read(pic, &pic->chip[1], offset);
}

static void slave_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vpic *pic = opaque;

	(void)size;
	chip_write(pic, &pic->chip[1], offset, (u8)value);
}

static u32 elcr_read(void *opaque, u32 offset, u32 size)
{
	struct vpic *pic = opaque;

	(void)size;
	return pic->chip[offset].elcr;
}

static void elcr_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vpic *pic = opaque;

	(void)size;
	pic->chip[offset].elcr = (u8)(value & pic->chip[offset].elcr_writable);
	update(pic);
}

const struct bus_ops vpic_master_ops = { master_read, master_write, 1 };
const struct bus_ops vpic_slave_ops = { slave_read, slave_write, 1 };
const struct bus_ops vpic_elcr_ops = { elcr_read, elcr_write, 1 };

void vpic_reset(struct vpic *pic)
{
	for (u32 i = 0; i < 2; i++) {
		u8 input = pic->chip[i].input;

		pic->chip[i] = (struct vpic_chip){ .input = input, .imr = 0xff, .lowest = 7 };
	}
	pic->chip[0].elcr_writable = ELCR_WRITABLE_MASTER;
	pic->chip[1].elcr_writable = ELCR_WRITABLE_SLAVE;
	update(pic);
}

void vpic_init(struct vpic *pic, const struct vpic_wiring *wiring)
{
	memset(pic, 0, sizeof(*pic));
	pic->wiring = *wiring;
	vpic_reset(pic);
}
