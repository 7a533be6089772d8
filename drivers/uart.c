/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of uart.h.
 */
#include "drivers/uart.h"

#include "arch/x86/cpu/io.h"

/* Register offsets. */
#define DATA 0
#define INTERRUPT_ENABLE 1
#define FIFO_CONTROL 2
#define INTERRUPT_IDENT 2
#define LINE_CONTROL 3
#define MODEM_CONTROL 4
#define LINE_STATUS 5
#define SCRATCH 7

#define IER_RECEIVED 0x01
#define FCR_ENABLE_CLEAR 0x07
#define LCR_8N1 0x03
#define LCR_DIVISOR 0x80
#define MCR_DTR_RTS_OUT2 0x0b /* OUT2 connects the interrupt on a PC */
#define LSR_DATA_READY 0x01
#define LSR_SEND_EMPTY 0x20
#define LSR_ALL_SENT 0x40
#define DIVISOR_115200 1
#define SEND_POLLS_MAX 200000 /* far beyond the time of a byte, 87 us */

static void send(struct uart *uart, u8 byte)
{
	for (u32 i = 0; i < SEND_POLLS_MAX; i++)
		if (in8(uart->port + LINE_STATUS) & LSR_SEND_EMPTY)
			break;
	out8(uart->port + DATA, byte);
}

static void write(void *opaque, const void *bytes, size_t size)
{
	struct uart *uart = opaque;

	for (size_t i = 0; uart->present && i < size; i++)
		send(uart, ((const u8 *)bytes)[i]);
}

static void receive(struct uart *uart)
{
	/* Bounded: a port that was pulled out reads as "data ready" for ever. */
	for (u32 i = 0; i < sizeof(uart->received_bytes); i++) {
		u8 byte;

		if (!(in8(uart->port + LINE_STATUS) & LSR_DATA_READY))
			break;
		byte = in8(uart->port + DATA);
		uart->lost_bytes += !ring_put(&uart->received, &byte, 1);
	}
}

static size_t read(void *opaque, void *bytes, size_t size)
{
	struct uart *uart = opaque;

	if (!uart->present)
		return 0;
	receive(uart);
	return ring_get(&uart->received, bytes, (u32)size);
}

void uart_interrupt(void *opaque)
{
	struct uart *uart = opaque;

	receive(uart);
	in8(uart->port + INTERRUPT_IDENT);
}

/* After a line everything is out of the port: the next instruction may end the run. */
static void drain(struct uart *uart)
{
	for (u32 i = 0; i < SEND_POLLS_MAX; i++)
		if (in8(uart->port + LINE_STATUS) & LSR_ALL_SENT)
			break;
}

static void write_log(void *opaque, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n')
			write(opaque, "\r", 1);
		write(opaque, text + i, 1);
	}
	drain(opaque);
}

static bool answers(u16 port)
{
	out8(port + SCRATCH, 0x5a);
	if (in8(port + SCRATCH) != 0x5a)
		return false;
	out8(port + SCRATCH, 0xa5);
	return in8(port + SCRATCH) == 0xa5;
}

bool uart_init(struct uart *uart, u16 port, const char *name)
{
	*uart = (struct uart){ .port = port, .present = answers(port) };
	ring_init(&uart->received, uart->received_bytes, sizeof(uart->received_bytes));
	uart->char_dev = (struct char_dev){ write, read, uart, name };
	uart->log_sink = (struct log_sink){ write_log, uart, NULL };
	if (!uart->present)
		return false;
	out8(port + INTERRUPT_ENABLE, 0);
	out8(port + LINE_CONTROL, LCR_DIVISOR);
	out8(port + DATA, DIVISOR_115200);
	out8(port + INTERRUPT_ENABLE, DIVISOR_115200 >> 8);
	out8(port + LINE_CONTROL, LCR_8N1);
	out8(port + FIFO_CONTROL, FCR_ENABLE_CLEAR);
	out8(port + MODEM_CONTROL, MCR_DTR_RTS_OUT2);
	return true;
}

void uart_enable_interrupts(struct uart *uart)
{
	if (uart->present)
		out8(uart->port + INTERRUPT_ENABLE, IER_RECEIVED);
}
