/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vuart.h.  Interrupt sources are not stored but derived from the registers, the
 * transmitter's and the timeout's excepted, which have a memory of their own; update() drives the
 * wire from the highest of them.
 *
 * In loopback the transmitter feeds the receiver and the modem outputs feed the modem inputs; there,
 * and only there, the receiver can be overrun.
 */
#include "hv/dev/vuart.h"

#include "hv/lib/string.h"

enum port { RBR_THR, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IER_RDA BIT(0)
#define IER_THRE BIT(1)
#define IER_LINE BIT(2)
#define IER_MODEM BIT(3)
#define IIR_NONE 0x01u
#define IIR_LINE 0x06u
#define IIR_RDA 0x04u
#define IIR_TIMEOUT 0x0cu
#define IIR_THRE 0x02u
#define IIR_MODEM 0x00u
#define IIR_FIFOS 0xc0u
#define FCR_ENABLE BIT(0)
#define FCR_CLEAR_RECEIVER BIT(1)
#define FCR_CLEAR_TRANSMITTER BIT(2)
#define FCR_KEPT 0xc9u
#define LCR_LENGTH 0x03u
#define LCR_STOP BIT(2)
#define LCR_PARITY BIT(3)
#define LCR_BREAK BIT(6)
#define LCR_DLAB BIT(7)
#define MCR_OUT2 BIT(3)
#define MCR_LOOP BIT(4)
#define LSR_DR BIT(0)
#define LSR_OE BIT(1)
#define LSR_PE BIT(2)
#define LSR_FE BIT(3)
#define LSR_BI BIT(4)
#define LSR_THRE BIT(5)
#define LSR_TEMT BIT(6)
#define LSR_FIFO_ERROR BIT(7)
#define LSR_ERRORS (LSR_OE | LSR_PE | LSR_FE | LSR_BI)
#define MSR_TERI BIT(2)
#define MSR_DELTAS 0x0fu
#define MSR_CTS BIT(4)
#define MSR_DSR BIT(5)
#define MSR_RI BIT(6)
#define MSR_DCD BIT(7)

/* 16 clocks of 1.8432 MHz, for each unit of the divisor. */
#define BIT_NS (1000000000u / 115200u)

static const u8 trigger_levels[] = { 1, 4, 8, 14 };

static bool fifo_mode(const struct vuart *uart)
{
	return uart->fcr & FCR_ENABLE;
}

static u32 capacity(const struct vuart *uart)
{
	return fifo_mode(uart) ? VUART_FIFO_SIZE : 1;
}

static u32 trigger_level(const struct vuart *uart)
{
	return fifo_mode(uart) ? trigger_levels[uart->fcr >> 6] : 1;
}

static u8 interrupt_id(const struct vuart *uart)
{
	if ((uart->ier & IER_LINE) && (uart->lsr & LSR_ERRORS))
		return IIR_LINE;
	if ((uart->ier & IER_RDA) && uart->fifo_count >= trigger_level(uart))
		return IIR_RDA;
	if ((uart->ier & IER_RDA) && uart->timeout_pending)
		return IIR_TIMEOUT;
	if ((uart->ier & IER_THRE) && uart->thre_pending)
		return IIR_THRE;
	if ((uart->ier & IER_MODEM) && (uart->msr & MSR_DELTAS))
		return IIR_MODEM;
	return IIR_NONE;
}

/* In loopback OUT2's pin is inactive, and with it the PC's buffer for the interrupt. */
static void update(struct vuart *uart)
{
	bool connected = (uart->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;

	bool level = connected && interrupt_id(uart) != IIR_NONE;

	if (level == uart->irq_level)
		return;
	uart->irq_level = level;
	irqline_set(uart->irq, level);
}

/* ---- receiver ------------------------------------------------------------------------------- */

/* Four characters of start bit, data, parity and stop bits, in nanoseconds. */
static u64 timeout_ns(const struct vuart *uart)
{
	u32 bits = 1 + 5 + (uart->lcr & LCR_LENGTH) + (uart->lcr & LCR_PARITY ? 1 : 0) +
		   (uart->lcr & LCR_STOP ? 2 : 1);
	u32 divisor = (u32)uart->dlm << 8 | uart->dll;

	return (u64)4 * bits * BIT_NS * (divisor ? divisor : 0x10000);
}

/* The timeout starts anew if anything is left in the FIFO. */
static void restart_timeout(struct vuart *uart)
{
	if (fifo_mode(uart) && uart->fifo_count)
		timer_arm(&uart->timer, clock_now_ns(uart->clock) + timeout_ns(uart));
	else
		timer_cancel(&uart->timer);
}

static void timer_fired(void *opaque)
{
	struct vuart *uart = opaque;

	uart->timeout_pending = true;
	update(uart);
}

/* LSR's byte errors belong to the byte that is read next; bit 7 to any in the FIFO. */
static void show_first(struct vuart *uart)
{
	uart->lsr &= (u8)~(LSR_DR | LSR_FIFO_ERROR);
	if (!uart->fifo_count)
		return;
	uart->lsr |= LSR_DR | uart->fifo_errors[uart->fifo_first];
	for (u32 i = 0; i < uart->fifo_count && fifo_mode(uart); i++)
		if (uart->fifo_errors[(uart->fifo_first + i) % VUART_FIFO_SIZE])
			uart->lsr |= LSR_FIFO_ERROR;
}

static void push(struct vuart *uart, u8 byte, u8 errors)
{
	u32 at;

	if (uart->fifo_count == capacity(uart)) {
		uart->lsr |= LSR_OE;
		if (fifo_mode(uart))
			return; /* the shift register is overwritten, the FIFO is not */
		uart->fifo_count = 0;
	}
	at = (uart->fifo_first + uart->fifo_count) % VUART_FIFO_SIZE;
	uart->fifo[at] = byte;
	uart->fifo_errors[at] = errors;
	uart->fifo_count++;
	if (uart->fifo_count == 1)
		show_first(uart);
	else if (errors)
		uart->lsr |= LSR_FIFO_ERROR;
	restart_timeout(uart);
}

static void clear_receiver(struct vuart *uart)
{
	uart->fifo_count = 0;
	uart->timeout_pending = false;
	show_first(uart);
	restart_timeout(uart);
}

static u8 read_rbr(struct vuart *uart)
{
	u8 byte = uart->fifo[uart->fifo_first];

	if (!uart->fifo_count)
		return byte; /* the last one, again */
	uart->fifo_count--;
	if (uart->fifo_count)
		uart->fifo_first = (uart->fifo_first + 1) % VUART_FIFO_SIZE;
	uart->timeout_pending = false;
	show_first(uart);
	restart_timeout(uart);
	return byte;
}

size_t vuart_receive(struct vuart *uart, const void *bytes, size_t size)
{
	u8 length_mask = (u8)(0xff >> (3 - (uart->lcr & LCR_LENGTH)));
	size_t taken = 0;

	if (uart->mcr & MCR_LOOP) /* the line is disconnected */
		return 0;
	while (taken < size && uart->fifo_count < capacity(uart))
		push(uart, ((const u8 *)bytes)[taken++] & length_mask, 0);
	update(uart);
	return taken;
}

bool vuart_receive_break(struct vuart *uart)
{
	if ((uart->mcr & MCR_LOOP) || uart->fifo_count == capacity(uart))
		return false;
	push(uart, 0, LSR_BI | LSR_FE);
	update(uart);
	return true;
}

/* ---- transmitter and modem lines ------------------------------------------------------------ */

static void transmit(struct vuart *uart, u8 byte)
{
	byte &= (u8)(0xff >> (3 - (uart->lcr & LCR_LENGTH)));
	if (uart->mcr & MCR_LOOP)
		push(uart, byte, 0);
	else if (uart->sink.write && !(uart->lcr & LCR_BREAK))
		uart->sink.write(uart->sink.opaque, &byte, 1);
	/* Writing clears the interrupt; then the register is empty again: a new edge. */
	uart->thre_pending = false;
	update(uart);
	uart->thre_pending = true;
}

static u8 modem_inputs(const struct vuart *uart)
{
	if (!(uart->mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	/* DTR, RTS, OUT1, OUT2 to DSR, CTS, RI, DCD */
	return (u8)((uart->mcr & BIT(0)) << 5 | (uart->mcr & BIT(1)) << 3 |
		    (uart->mcr & BIT(2)) << 4 | (uart->mcr & BIT(3)) << 4);
}

static void update_modem_inputs(struct vuart *uart)
{
	u8 now = modem_inputs(uart);
	u8 changed = (now ^ uart->msr) & 0xf0;

	/* RI counts on its trailing edge only. */
	if ((changed & MSR_RI) && (now & MSR_RI))
		changed &= (u8)~MSR_RI;
	uart->msr = (u8)(now | (uart->msr & MSR_DELTAS) | changed >> 4);
}

/* ---- registers ------------------------------------------------------------------------------ */

static void write_ier(struct vuart *uart, u8 value)
{
	/* Enabling the transmitter's interrupt while the register is empty raises it. */
	if ((value & IER_THRE) && !(uart->ier & IER_THRE))
		uart->thre_pending = true;
	uart->ier = value & 0x0f;
}

static void write_fcr(struct vuart *uart, u8 value)
{
	bool toggled = (value ^ uart->fcr) & FCR_ENABLE;

	uart->fcr = value & FCR_ENABLE ? value & FCR_KEPT : 0;
	if (toggled || ((value & FCR_ENABLE) && (value & FCR_CLEAR_RECEIVER)))
		clear_receiver(uart);
	/* The transmitter's FIFO is empty already; clearing it changes nothing. */
}

static void write_lcr(struct vuart *uart, u8 value)
{
	bool begins = (value & LCR_BREAK) && !(uart->lcr & LCR_BREAK);

	uart->lcr = value;
	if (begins && (uart->mcr & MCR_LOOP))
		push(uart, 0, LSR_BI | LSR_FE);
}

static void uart_write(void *opaque, u32 offset, u32 size, u32 value32)
{
	struct vuart *uart = opaque;
	u8 value = (u8)value32;
	bool divisor = uart->lcr & LCR_DLAB;

	(void)size;
	switch (offset) {
	case RBR_THR:
		if (divisor)
			uart->dll = value;
		else
			transmit(uart, value);
		break;
	case IER:
		if (divisor)
			uart->dlm = value;
		else
			write_ier(uart, value);
		break;
	case IIR_FCR:
		write_fcr(uart, value);
		break;
	case LCR:
		write_lcr(uart, value);
		break;
	case MCR:
		uart->mcr = value & 0x1f;
		update_modem_inputs(uart);
		break;
	case LSR: /* factory test */
	case MSR:
		break;
	case SCR:
		uart->scr = value;
		break;
	}
	update(uart);
}

static u8 read_iir(struct vuart *uart)
{
	u8 id = interrupt_id(uart);

	if (id == IIR_THRE)
		uart->thre_pending = false;
	return fifo_mode(uart) ? (u8)(id | IIR_FIFOS) : id;
}

static u8 read_lsr(struct vuart *uart)
{
	u8 lsr = uart->lsr;

	uart->lsr &= (u8)~LSR_ERRORS;
	if (uart->fifo_count)
		uart->fifo_errors[uart->fifo_first] = 0;
	show_first(uart);
	return lsr;
}

static u8 read_msr(struct vuart *uart)
{
	u8 msr = uart->msr;

	uart->msr &= (u8)~MSR_DELTAS;
	return msr;
}

static u8 read_register(struct vuart *uart, u32 offset)
{
	bool divisor = uart->lcr & LCR_DLAB;

	switch (offset) {
	case RBR_THR:
		return divisor ? uart->dll : read_rbr(uart);
	case IER:
		return divisor ? uart->dlm : uart->ier;
	case IIR_FCR:
		return read_iir(uart);
	case LCR:
		return uart->lcr;
	case MCR:
		return uart->mcr;
	case LSR:
		return read_lsr(uart);
	case MSR:
		return read_msr(uart);
	default:
		return uart->scr;
	}
}

static u32 uart_read(void *opaque, u32 offset, u32 size)
{
	struct vuart *uart = opaque;
	u8 value = read_register(uart, offset);

	(void)size;
	update(uart);
	return value;
}

const struct bus_ops vuart_ops = { uart_read, uart_write, 1 };

void vuart_reset(struct vuart *uart)
{
	uart->ier = 0;
	uart->fcr = 0;
	uart->lcr = 0;
	uart->mcr = 0;
	uart->lsr = LSR_THRE | LSR_TEMT;
	uart->thre_pending = false;
	uart->fifo_first = 0;
	clear_receiver(uart);
	uart->msr = modem_inputs(uart);
	update(uart);
}

void vuart_init(struct vuart *uart, const struct clock *clock, struct timer_queue *timers,
		struct irqline irq, const struct vuart_sink *sink)
{
	memset(uart, 0, sizeof(*uart));
	uart->clock = clock;
	uart->irq = irq;
	uart->sink = *sink;
	uart->dll = 1; /* the chip leaves it undefined */
	timer_init(&uart->timer, timers, timer_fired, uart);
	vuart_reset(uart);
}
