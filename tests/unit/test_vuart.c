/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/dev/vuart.c from the data sheet of the PC16550D. */
#include "hv/dev/vuart.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake/fake.h"

enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR };

static struct timer_queue queue;
static struct vuart uart;
static bool irq;
static u32 edges;
static char sent[64];
static u32 sent_count;

static void set_irq(void *opaque, u32 index, bool level)
{
	(void)opaque;
	(void)index;
	edges += level && !irq;
	irq = level;
}

static void sink_write(void *opaque, const void *bytes, size_t size)
{
	(void)opaque;
	memcpy(sent + sent_count, bytes, size);
	sent_count += (u32)size;
}

static void out(u32 port, u32 value)
{
	vuart_ops.write(&uart, port, 1, value);
}
static u32 in(u32 port)
{
	return vuart_ops.read(&uart, port, 1);
}
static void pass(u64 ns)
{
	fake_advance_ns(ns);
	timer_run(&queue);
}

static void setup(void)
{
	const struct vuart_sink sink = { sink_write, NULL };

	fake_reset();
	timer_queue_init(&queue, &fake_clock);
	irq = false;
	edges = 0;
	sent_count = 0;
	memset(sent, 0, sizeof(sent));
	vuart_init(&uart, &fake_clock, &queue, (struct irqline){ set_irq, NULL, 0 }, &sink);
	out(LCR, 0x03);
	out(MCR, 0x0b);
}

static void with_fifos(u32 trigger)
{
	out(IIR, 0x07 | trigger << 6);
}

START_TEST(reset_state_is_the_data_sheets)
{
	vuart_reset(&uart);
	ck_assert_uint_eq(in(IER), 0);
	ck_assert_uint_eq(in(IIR), 0x01);
	ck_assert_uint_eq(in(LCR), 0);
	ck_assert_uint_eq(in(MCR), 0);
	ck_assert_uint_eq(in(LSR), 0x60);
	ck_assert_uint_eq(in(MSR) & 0x0f, 0);
}
END_TEST

START_TEST(divisor_latch_hides_data_and_ier)
{
	out(LCR, 0x83);
	out(RBR, 12);
	out(IER, 1);
	ck_assert_uint_eq(in(RBR), 12);
	ck_assert_uint_eq(in(IER), 1);
	out(LCR, 0x03);
	ck_assert_uint_eq(in(IER), 0);
	ck_assert_uint_eq(sent_count, 0);
}
END_TEST

START_TEST(unused_bits_read_as_zero_and_scratch_keeps_all)
{
	out(IER, 0xff);
	out(MCR, 0xef);
	out(SCR, 0xa5);
	ck_assert_uint_eq(in(IER), 0x0f);
	ck_assert_uint_eq(in(MCR), 0x0f);
	ck_assert_uint_eq(in(SCR), 0xa5);
}
END_TEST

START_TEST(fifo_bits_of_iir_show_a_16550a)
{
	with_fifos(0);
	ck_assert_uint_eq(in(IIR), 0xc1);
	out(IIR, 0);
	ck_assert_uint_eq(in(IIR), 0x01);
}
END_TEST

START_TEST(bytes_are_sent_in_order_and_cut_to_the_word_length)
{
	out(RBR, 'a');
	out(RBR, 'b');
	out(LCR, 0x00); /* five bits */
	out(RBR, 0xff);
	ck_assert_str_eq(sent, "ab\x1f");
	ck_assert_uint_eq(in(LSR), 0x60);
}
END_TEST

START_TEST(enabling_the_transmitter_interrupt_raises_it)
{
	out(IER, 0x02);
	ck_assert(irq);
	ck_assert_uint_eq(in(IIR), 0x02);
	ck_assert(!irq);
	ck_assert_uint_eq(in(IIR), 0x01);
	out(IER, 0x02); /* was enabled already */
	ck_assert(!irq);
	out(IER, 0x00);
	out(IER, 0x02);
	ck_assert(irq);
}
END_TEST

START_TEST(each_transmitted_byte_is_a_new_edge)
{
	out(IER, 0x02);
	out(RBR, 'x');
	ck_assert_uint_eq(edges, 2);
	in(IIR);
	out(RBR, 'y');
	ck_assert_uint_eq(edges, 3);
	ck_assert(irq);
}
END_TEST

START_TEST(reading_iir_for_another_source_keeps_the_transmitters)
{
	out(IER, 0x03);
	vuart_receive(&uart, "a", 1);
	ck_assert_uint_eq(in(IIR), 0x04);
	ck_assert_uint_eq(in(RBR), 'a');
	ck_assert_uint_eq(in(IIR), 0x02);
	ck_assert_uint_eq(in(IIR), 0x01);
}
END_TEST

START_TEST(interrupt_reaches_the_bus_only_with_out2)
{
	out(MCR, 0x03);
	out(IER, 0x02);
	ck_assert(!irq);
	out(MCR, 0x0b);
	ck_assert(irq);
	out(MCR, 0x1b);
	ck_assert(!irq);
}
END_TEST

START_TEST(without_fifos_one_byte_is_accepted)
{
	out(IER, 0x01);
	ck_assert_uint_eq(vuart_receive(&uart, "abc", 3), 1);
	ck_assert(irq);
	ck_assert_uint_eq(in(LSR), 0x61);
	ck_assert_uint_eq(vuart_receive(&uart, "bc", 2), 0);
	ck_assert_uint_eq(in(RBR), 'a');
	ck_assert(!irq);
	ck_assert_uint_eq(in(LSR), 0x60);
	ck_assert_uint_eq(vuart_receive(&uart, "bc", 2), 1);
	ck_assert_uint_eq(in(RBR), 'b');
}
END_TEST

START_TEST(fifo_takes_sixteen_bytes_and_gives_them_in_order)
{
	with_fifos(0);
	ck_assert_uint_eq(vuart_receive(&uart, "0123456789abcdefgh", 18), 16);
	for (u32 i = 0; i < 16; i++)
		ck_assert_uint_eq(in(RBR), (u8)"0123456789abcdef"[i]);
	ck_assert_uint_eq(in(LSR), 0x60);
	ck_assert_uint_eq(vuart_receive(&uart, "gh", 2), 2);
	ck_assert_uint_eq(in(RBR), 'g');
	ck_assert_uint_eq(in(RBR), 'h');
}
END_TEST

START_TEST(trigger_levels_are_1_4_8_14)
{
	static const u32 levels[] = { 1, 4, 8, 14 };

	for (u32 i = 0; i < 4; i++) {
		setup();
		with_fifos(i);
		out(IER, 0x01);
		for (u32 n = 1; n < levels[i]; n++) {
			vuart_receive(&uart, "x", 1);
			ck_assert(!irq);
		}
		vuart_receive(&uart, "x", 1);
		ck_assert(irq);
		ck_assert_uint_eq(in(IIR), 0xc4);
		in(RBR);
		ck_assert(!irq); /* below the level again */
	}
}
END_TEST

START_TEST(timeout_comes_after_four_characters)
{
	with_fifos(3);
	out(LCR, 0x83);
	out(RBR, 12); /* 9600 baud: 4 * 10 bits take 4.17 ms */
	out(LCR, 0x03);
	out(IER, 0x01);
	vuart_receive(&uart, "ab", 2);
	pass(4100000);
	ck_assert(!irq);
	pass(100000);
	ck_assert(irq);
	ck_assert_uint_eq(in(IIR), 0xcc);
	ck_assert_uint_eq(in(RBR), 'a');
	ck_assert(!irq);
	pass(4200000);
	ck_assert_uint_eq(in(IIR), 0xcc);
	ck_assert_uint_eq(in(RBR), 'b');
	pass(100000000);
	ck_assert_uint_eq(in(IIR), 0xc1);
}
END_TEST

START_TEST(arrival_restarts_the_timeout_but_does_not_clear_it)
{
	with_fifos(3);
	out(LCR, 0x83);
	out(RBR, 12);
	out(LCR, 0x03);
	out(IER, 0x01);
	vuart_receive(&uart, "a", 1);
	pass(4000000);
	vuart_receive(&uart, "b", 1);
	pass(4000000);
	ck_assert(!irq);
	pass(200000);
	ck_assert(irq);
	vuart_receive(&uart, "c", 1);
	ck_assert(irq);
}
END_TEST

START_TEST(without_fifos_there_is_no_timeout)
{
	vuart_receive(&uart, "a", 1);
	ck_assert_uint_eq(timer_next_ns(&queue), TIMER_NEVER);
}
END_TEST

START_TEST(clearing_the_receiver_drops_its_bytes)
{
	with_fifos(0);
	out(IER, 0x01);
	vuart_receive(&uart, "abc", 3);
	out(IIR, 0x03);
	ck_assert(!irq);
	ck_assert_uint_eq(in(LSR), 0x60);
	vuart_receive(&uart, "abc", 3);
	out(IIR, 0x00); /* changing the mode clears too */
	ck_assert_uint_eq(in(LSR), 0x60);
}
END_TEST

START_TEST(break_is_shown_with_its_byte)
{
	with_fifos(0);
	out(IER, 0x05);
	vuart_receive(&uart, "a", 1);
	ck_assert(vuart_receive_break(&uart));
	vuart_receive(&uart, "b", 1);
	ck_assert_uint_eq(in(IIR), 0xc4);
	ck_assert_uint_eq(in(LSR), 0xe1); /* error somewhere in the FIFO */
	ck_assert_uint_eq(in(RBR), 'a');
	ck_assert_uint_eq(in(IIR), 0xc6);
	ck_assert_uint_eq(in(LSR), 0xf9);
	ck_assert_uint_eq(in(LSR), 0x61);
	ck_assert_uint_eq(in(RBR), 0);
	ck_assert_uint_eq(in(RBR), 'b');
}
END_TEST

START_TEST(line_status_outranks_all_and_modem_status_none)
{
	with_fifos(0);
	out(MCR, 0x1f);
	out(MCR, 0x10); /* modem inputs change */
	for (u32 i = 0; i < 17; i++)
		out(RBR, i); /* overrun in loopback */
	out(IER, 0x0f);
	ck_assert_uint_eq(in(IIR), 0xc6);
	ck_assert_uint_eq(in(LSR) & 0x02, 0x02);
	ck_assert_uint_eq(in(IIR), 0xc4);
	for (u32 i = 0; i < 16; i++)
		ck_assert_uint_eq(in(RBR), i);
	ck_assert_uint_eq(in(IIR), 0xc2);
	ck_assert_uint_eq(in(IIR), 0xc0);
	in(MSR);
	ck_assert_uint_eq(in(IIR), 0xc1);
}
END_TEST

START_TEST(overrun_without_fifos_keeps_the_newest)
{
	out(MCR, 0x10);
	out(RBR, 'a');
	out(RBR, 'b');
	ck_assert_uint_eq(in(LSR), 0x63);
	ck_assert_uint_eq(in(RBR), 'b');
}
END_TEST

START_TEST(loopback_connects_outputs_to_inputs)
{
	static const u8 wires[][2] = { { 0x01, 0x20 }, { 0x02, 0x10 }, { 0x04, 0x40 }, { 0x08, 0x80 } };

	ck_assert_uint_eq(in(MSR) & 0xf0, 0xb0);
	for (u32 i = 0; i < 4; i++) {
		out(MCR, 0x10u | wires[i][0]);
		ck_assert_uint_eq(in(MSR) & 0xf0, wires[i][1]);
	}
	out(RBR, 'z');
	ck_assert_uint_eq(sent_count, 0);
	ck_assert_uint_eq(in(RBR), 'z');
	ck_assert_uint_eq(vuart_receive(&uart, "q", 1), 0);
}
END_TEST

START_TEST(ring_indicator_counts_on_its_trailing_edge)
{
	out(MCR, 0x10);
	in(MSR);
	out(MCR, 0x14);
	ck_assert_uint_eq(in(MSR), 0x40);
	out(MCR, 0x10);
	ck_assert_uint_eq(in(MSR), 0x04);
	ck_assert_uint_eq(in(MSR), 0x00);
}
END_TEST

START_TEST(break_in_loopback_is_received)
{
	out(MCR, 0x10);
	out(LCR, 0x43);
	ck_assert_uint_eq(in(LSR), 0x79);
	ck_assert_uint_eq(in(RBR), 0);
}
END_TEST

START_TEST(sixteen_bit_access_reaches_two_registers)
{
	struct bus *bus = bus_create();

	bus_add_pio(bus, 0x3f8, 8, &vuart_ops, &uart);
	bus_pio_write(bus, 0x3fe, 2, 0x5a00);
	ck_assert_uint_eq(bus_pio_read(bus, 0x3ff, 1), 0x5a);
	bus_destroy(bus);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vuart");
	TCase *tests = tcase_create("vuart");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, reset_state_is_the_data_sheets);
	tcase_add_test(tests, divisor_latch_hides_data_and_ier);
	tcase_add_test(tests, unused_bits_read_as_zero_and_scratch_keeps_all);
	tcase_add_test(tests, fifo_bits_of_iir_show_a_16550a);
	tcase_add_test(tests, bytes_are_sent_in_order_and_cut_to_the_word_length);
	tcase_add_test(tests, enabling_the_transmitter_interrupt_raises_it);
	tcase_add_test(tests, each_transmitted_byte_is_a_new_edge);
	tcase_add_test(tests, reading_iir_for_another_source_keeps_the_transmitters);
	tcase_add_test(tests, interrupt_reaches_the_bus_only_with_out2);
	tcase_add_test(tests, without_fifos_one_byte_is_accepted);
	tcase_add_test(tests, fifo_takes_sixteen_bytes_and_gives_them_in_order);
	tcase_add_test(tests, trigger_levels_are_1_4_8_14);
	tcase_add_test(tests, timeout_comes_after_four_characters);
	tcase_add_test(tests, arrival_restarts_the_timeout_but_does_not_clear_it);
	tcase_add_test(tests, without_fifos_there_is_no_timeout);
	tcase_add_test(tests, clearing_the_receiver_drops_its_bytes);
	tcase_add_test(tests, break_is_shown_with_its_byte);
	tcase_add_test(tests, line_status_outranks_all_and_modem_status_none);
	tcase_add_test(tests, overrun_without_fifos_keeps_the_newest);
	tcase_add_test(tests, loopback_connects_outputs_to_inputs);
	tcase_add_test(tests, ring_indicator_counts_on_its_trailing_edge);
	tcase_add_test(tests, break_in_loopback_is_received);
	tcase_add_test(tests, sixteen_bit_access_reaches_two_registers);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
