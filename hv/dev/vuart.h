/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A 16550A serial port as a PC has it: eight ports, an interrupt that reaches the bus only through
 * the modem-control output OUT2, a crystal of 1.8432 MHz [PC16550D].
 *
 * Transmitting takes no time: a byte goes to the back end as it is written, and the holding register
 * is empty again at once; the interrupt for that is raised and cleared exactly as on the chip.
 * Received bytes wait with the giver until the receiver has room, so a host never causes an overrun.
 * The character timeout does take its time, from divisor and line control.  The far end is always
 * there: CTS, DSR and DCD are on.
 */
#ifndef HV_DEV_VUART_H
#define HV_DEV_VUART_H

#include "hv/core/bus.h"
#include "hv/core/irqline.h"
#include "hv/core/timer.h"

#define VUART_FIFO_SIZE 16u

/* Where transmitted bytes go; may be NULL.  The same shape as struct char_dev's write. */
struct vuart_sink {
	void (*write)(void *opaque, const void *bytes, size_t size);
	void *opaque;
};

struct vuart {
	u8 ier, fcr, lcr, mcr, lsr, msr, scr, dll, dlm;
	u8 fifo[VUART_FIFO_SIZE];
	u8 fifo_errors[VUART_FIFO_SIZE]; /* LSR bits that belong to the byte */
	u32 fifo_first;
	u32 fifo_count;
	bool thre_pending; /* the transmitter's interrupt; LSR.THRE itself is always set */
	bool timeout_pending;
	bool irq_level;
	const struct clock *clock;
	struct timer timer;
	struct irqline irq;
	struct vuart_sink sink;
};

extern const struct bus_ops vuart_ops; /* eight ports from the base, opaque: the vuart */

void vuart_init(struct vuart *uart, const struct clock *clock, struct timer_queue *timers,
		struct irqline irq, const struct vuart_sink *sink);
void vuart_reset(struct vuart *uart);
/* Bytes arrive on the line.  Returns how many the receiver took; offer the rest again later. */
size_t vuart_receive(struct vuart *uart, const void *bytes, size_t size);
/* The line is held low for longer than a character (SysRq for Linux).  False if there is no room. */
bool vuart_receive_break(struct vuart *uart);

#endif
