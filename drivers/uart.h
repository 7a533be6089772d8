/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A 16550 (or older) serial port of the real PC: 115200 baud, 8 data bits, no parity.  Output is
 * polled with a bound, so that a port that does not work cannot stop the hypervisor; input arrives
 * by interrupt, or by polling at each read until uart_interrupt is registered.  [16550D]
 */
#ifndef DRIVERS_UART_H
#define DRIVERS_UART_H

#include "hv/core/log.h"
#include "hv/hostdev.h"
#include "hv/lib/ring.h"

#define UART_COM1_PORT 0x3f8
#define UART_COM1_LINE 4
#define UART_COM2_PORT 0x2f8
#define UART_COM2_LINE 3

struct uart {
	u16 port;
	bool present;
	struct ring received;
	u8 received_bytes[1024];
	u32 lost_bytes; /* arrived while the ring was full */
	struct char_dev char_dev;
	struct log_sink log_sink; /* adds CR before LF */
};

/* Initialize the port at @port; false (and a device that swallows everything) if none answers. */
bool uart_init(struct uart *uart, u16 port, const char *name);
/* Let the port interrupt; the caller has registered uart_interrupt for its line. */
void uart_enable_interrupts(struct uart *uart);
/* Interrupt handler; @opaque is the struct uart. */
void uart_interrupt(void *opaque);

#endif
