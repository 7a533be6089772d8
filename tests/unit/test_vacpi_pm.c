/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/dev/vacpi_pm.c, through a bus with the ports at 600h. */
#include "hv/dev/vacpi_pm.h"

#include <check.h>
#include <stdlib.h>

#include "tests/fake/fake.h"

#define SECOND 1000000000ull

static struct bus *bus;
static struct timer_queue queue;
static struct vacpi_pm pm;
static bool sci, off;

static void set_wire(void *opaque, u32 index, bool level)
{
	(void)index;
	*(bool *)opaque = level;
}

static u32 in16(u32 offset)
{
	return bus_pio_read(bus, (u16)(0x600 + offset), 2);
}

static void out16(u32 offset, u32 value)
{
	bus_pio_write(bus, (u16)(0x600 + offset), 2, value);
}

static u32 pm_timer(void)
{
	return bus_pio_read(bus, 0x608, 4);
}

static void pass(u64 ns)
{
	fake_advance_ns(ns);
	timer_run(&queue);
}

static void setup(void)
{
	fake_reset();
	timer_queue_init(&queue, &fake_clock);
	sci = off = false;
	bus = bus_create();
	vacpi_pm_init(&pm, &fake_clock, &queue, (struct irqline){ set_wire, &sci, 0 },
		      (struct irqline){ set_wire, &off, 0 });
	bus_add_pio(bus, 0x600, VACPI_PM_SIZE, &vacpi_pm_ops, &pm);
	bus_add_pio(bus, 0xb2, 2, &vacpi_smi_ops, &pm);
}

static void teardown(void)
{
	bus_destroy(bus);
}

START_TEST(pm_timer_counts_at_its_frequency_in_24_bits)
{
	u32 start = pm_timer();

	pass(SECOND);
	ck_assert_uint_eq((pm_timer() - start) & 0xffffff, 3579545);
	pass(4 * SECOND);
	ck_assert_uint_eq(pm_timer(), 5 * 3579545u % 0x1000000 + 2); /* fractions add up */
	ck_assert_uint_eq(pm_timer() >> 24, 0);
}
END_TEST

START_TEST(pm_timer_can_be_read_in_parts)
{
	pass(SECOND);
	ck_assert_uint_eq(in16(0x08) | in16(0x0a) << 16, pm_timer());
	ck_assert_uint_eq(bus_pio_read(bus, 0x609, 1), pm_timer() >> 8 & 0xff);
	ck_assert_uint_eq(bus_pio_read(bus, 0x606, 4) >> 16, pm_timer() & 0xffff);
}
END_TEST

START_TEST(smi_command_switches_acpi_on_and_off)
{
	ck_assert_uint_eq(in16(0x04), 0);
	bus_pio_write(bus, 0xb2, 1, 0xf1);
	ck_assert_uint_eq(in16(0x04), 1);
	ck_assert_uint_eq(bus_pio_read(bus, 0xb2, 1), 0xf1);
	bus_pio_write(bus, 0xb2, 1, 0xf0);
	ck_assert_uint_eq(in16(0x04), 0);
	bus_pio_write(bus, 0xb3, 1, 0x42);
	ck_assert_uint_eq(bus_pio_read(bus, 0xb3, 1), 0x42);
}
END_TEST

START_TEST(power_button_raises_sci_if_enabled)
{
	vacpi_pm_press_power_button(&pm);
	ck_assert_uint_eq(in16(0x00), 0x0100);
	ck_assert(!sci);
	out16(0x02, 0x0100);
	ck_assert(!sci);
	bus_pio_write(bus, 0xb2, 1, 0xf1);
	ck_assert(sci);
	out16(0x00, 0x0100);
	ck_assert(!sci);
	ck_assert_uint_eq(in16(0x00), 0);
}
END_TEST

START_TEST(status_bits_are_cleared_one_by_one)
{
	pm.pmsts = 0x0101;
	bus_pio_write(bus, 0x600, 1, 0xff);
	ck_assert_uint_eq(in16(0x00), 0x0100);
	bus_pio_write(bus, 0x601, 1, 0x01);
	ck_assert_uint_eq(in16(0x00), 0);
}
END_TEST

START_TEST(timer_overflow_raises_sci)
{
	bus_pio_write(bus, 0xb2, 1, 0xf1);
	out16(0x02, 0x0001);
	pass(2 * SECOND); /* bit 23 changes every 2.34 s */
	ck_assert(!sci);
	pass(SECOND / 2);
	ck_assert(sci);
	out16(0x00, 0x0001);
	ck_assert(!sci);
	pass(5 * SECOND / 2);
	ck_assert(sci);
}
END_TEST

START_TEST(timer_overflow_is_noticed_without_its_interrupt)
{
	ck_assert_uint_eq(timer_next_ns(&queue), TIMER_NEVER);
	pass(3 * SECOND);
	ck_assert_uint_eq(in16(0x00), 1);
}
END_TEST

START_TEST(soft_off_needs_its_type_and_the_enable_bit)
{
	out16(0x04, 0x0001);
	ck_assert(!off);
	out16(0x04, 0x3c01); /* type 7 */
	ck_assert(!off);
	ck_assert_uint_eq(in16(0x04), 0x1c01); /* SLP_EN reads as 0 */
	out16(0x04, 0x2001);
	ck_assert(off);
}
END_TEST

START_TEST(soft_off_by_a_byte_write_works_too)
{
	bus_pio_write(bus, 0x605, 1, 0x20);
	ck_assert(off);
}
END_TEST

START_TEST(other_registers_read_as_zero)
{
	for (u32 offset = 0x0c; offset < VACPI_PM_SIZE; offset += 4)
		ck_assert_uint_eq(bus_pio_read(bus, (u16)(0x600 + offset), 4), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vacpi_pm");
	TCase *tests = tcase_create("vacpi_pm");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, pm_timer_counts_at_its_frequency_in_24_bits);
	tcase_add_test(tests, pm_timer_can_be_read_in_parts);
	tcase_add_test(tests, smi_command_switches_acpi_on_and_off);
	tcase_add_test(tests, power_button_raises_sci_if_enabled);
	tcase_add_test(tests, status_bits_are_cleared_one_by_one);
	tcase_add_test(tests, timer_overflow_raises_sci);
	tcase_add_test(tests, timer_overflow_is_noticed_without_its_interrupt);
	tcase_add_test(tests, soft_off_needs_its_type_and_the_enable_bit);
	tcase_add_test(tests, soft_off_by_a_byte_write_works_too);
	tcase_add_test(tests, other_registers_read_as_zero);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
