/* SPDX-License-Identifier: GPL-2.0 */
/* Timer interrupts for test kernels; see guest_timer.h. */
#include "tests/lib/guest_timer.h"

#define PIC 0x20
#define PIT 0x40
#define SHORT_WHILE 30
#define READ_IRR 0x0a

static void pic_init(u32 mask)
{
	outb(PIC, 0x11);
	outb(PIC + 1, TIMER_VECTOR);
	outb(PIC + 1, 0x04);
	outb(PIC + 1, 0x01);
	outb(PIC + 1, (u8)mask);
}

void timer_init(void)
{
	timer_stop();
	pic_init(0xfe);
}

static void count(u8 mode, u32 clocks)
{
	outb(PIT + 3, mode);
	outb(PIT, (u8)clocks);
	outb(PIT, (u8)(clocks >> 8));
}

void timer_in(u32 clocks)
{
	count(0x30, clocks);
}

void timer_every(u32 clocks)
{
	count(0x34, clocks);
}

/* Initialization makes an 8259 forget its requests, and a mode without a count is silent. */
void timer_stop(void)
{
	outb(PIT + 3, 0x30);
	pic_init(0xfe);
}

bool timer_is_pending(void)
{
	outb(PIC, READ_IRR);
	return inb(PIC) & 1;
}

void timer_pending(void)
{
	timer_in(SHORT_WHILE);
	while (!timer_is_pending())
		;
}
