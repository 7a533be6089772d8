/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of pic.h.
 */
#include "arch/x86/cpu/pic.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/frame.h"

#define MASTER_COMMAND 0x20
#define MASTER_DATA 0x21
#define SLAVE_COMMAND 0xa0
#define SLAVE_DATA 0xa1
#define ICW1_INIT_ICW4 0x11
#define ICW4_8086 0x01
#define OCW2_SPECIFIC_EOI 0x60
#define OCW3_READ_ISR 0x0b
#define CASCADE_LINE 2

static u16 masked = 0xffff;

static void write_masks(void)
{
	out8(MASTER_DATA, (u8)masked);
	out8(SLAVE_DATA, (u8)(masked >> 8));
}

void pic_init(void)
{
	out8(MASTER_COMMAND, ICW1_INIT_ICW4);
	io_delay();
	out8(SLAVE_COMMAND, ICW1_INIT_ICW4);
	io_delay();
	out8(MASTER_DATA, VECTOR_PIC_BASE);
	io_delay();
	out8(SLAVE_DATA, VECTOR_PIC_BASE + 8);
	io_delay();
	out8(MASTER_DATA, BIT(CASCADE_LINE));
	io_delay();
	out8(SLAVE_DATA, CASCADE_LINE);
	io_delay();
	out8(MASTER_DATA, ICW4_8086);
	io_delay();
	out8(SLAVE_DATA, ICW4_8086);
	io_delay();
	pic_unmask(CASCADE_LINE);
}

void pic_unmask(u32 line)
{
	masked &= (u16)~BIT(line);
	write_masks();
}

void pic_mask(u32 line)
{
	masked |= (u16)BIT(line);
	write_masks();
}

static u8 in_service(u16 command_port)
{
	out8(command_port, OCW3_READ_ISR);
	return in8(command_port);
}

bool pic_acknowledge(u32 line)
{
	if (line >= 8) {
		bool real = line != 15 || in_service(SLAVE_COMMAND) & 0x80;

		if (real)
			out8(SLAVE_COMMAND, (u8)(OCW2_SPECIFIC_EOI | (line - 8)));
		out8(MASTER_COMMAND, OCW2_SPECIFIC_EOI | CASCADE_LINE);
		return real;
	}
	if (line == 7 && !(in_service(MASTER_COMMAND) & 0x80))
		return false;
	out8(MASTER_COMMAND, (u8)(OCW2_SPECIFIC_EOI | line));
	return true;
}
