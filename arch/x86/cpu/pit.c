/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of pit.h.
 */
#include "arch/x86/cpu/pit.h"

#include "arch/x86/cpu/io.h"

#define CHANNEL(n) (0x40 + (n))
#define CONTROL 0x43
#define CONTROL_CHANNEL(n) ((n) << 6)
#define CONTROL_BOTH_BYTES 0x30
#define CONTROL_LATCH 0x00
#define CONTROL_MODE_0 0x00 /* output rises once, at the end of the count */
#define CONTROL_MODE_2 0x04 /* a pulse each time the count is over */
#define GATE_PORT 0x61
#define GATE_CHANNEL_2 0x01
#define GATE_SPEAKER 0x02
#define GATE_PORT_OUTPUT_2 0x20 /* channel 2's output */

static void load(u32 channel, u32 count)
{
	out8((u16)CHANNEL(channel), (u8)count);
	out8((u16)CHANNEL(channel), (u8)(count >> 8));
}

void pit_reference_start(void)
{
	out8(GATE_PORT, (u8)((in8(GATE_PORT) & ~GATE_SPEAKER) | GATE_CHANNEL_2));
	out8(CONTROL, CONTROL_CHANNEL(2) | CONTROL_BOTH_BYTES | CONTROL_MODE_0);
	load(2, PIT_COUNT_MAX);
}

u32 pit_reference_count(void)
{
	u32 low;

	out8(CONTROL, CONTROL_CHANNEL(2) | CONTROL_LATCH);
	low = in8(CHANNEL(2));
	return low | (u32)in8(CHANNEL(2)) << 8;
}

bool pit_reference_ended(void)
{
	return in8(GATE_PORT) & GATE_PORT_OUTPUT_2;
}

void pit_timer_set(u32 ticks)
{
	/* The control word alone stops the channel with its output low. */
	out8(CONTROL, CONTROL_CHANNEL(0) | CONTROL_BOTH_BYTES | CONTROL_MODE_0);
	if (ticks)
		load(0, ticks);
}

void pit_tick_start(void)
{
	out8(CONTROL, CONTROL_CHANNEL(0) | CONTROL_BOTH_BYTES | CONTROL_MODE_2);
	load(0, 0); /* stands for 65536 */
}
