/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/dev/vioapic.c from the data sheet of the 82093AA, through a bus with the registers at FEC00000. */
#include "hv/dev/vioapic.h"

#include <check.h>
#include <stdlib.h>

#include "tests/fake/fake.h"

#define MASK 0x10000u
#define LEVEL 0x8000u
#define REMOTE_IRR 0x4000u
#define NONE 0xffu

static struct bus *bus;
static struct timer_queue queue;
static struct vioapic io;
static struct apic_message last;
static u32 sends, taken, extint_edges;
static bool refuse, extint;

static bool note_send(void *opaque, const struct apic_message *message)
{
	(void)opaque;
	last = *message;
	sends++;
	return !refuse;
}
static void note_extint(void *opaque, bool level)
{
	(void)opaque;
	extint = level;
	extint_edges++;
}
static void note_taken(void *opaque, u32 pin)
{
	(void)opaque;
	taken = pin;
}

static u32 get(u32 reg)
{
	bus_mmio_write(bus, gpa(VIOAPIC_BASE), 4, reg);
	return bus_mmio_read(bus, gpa(VIOAPIC_BASE + 0x10), 4);
}
static void put(u32 reg, u32 value)
{
	bus_mmio_write(bus, gpa(VIOAPIC_BASE), 4, reg);
	bus_mmio_write(bus, gpa(VIOAPIC_BASE + 0x10), 4, value);
}
static u32 entry(u32 pin)
{
	return get(0x10 + 2 * pin);
}
static void set_entry(u32 pin, u32 low)
{
	put(0x10 + 2 * pin, low);
}
static void set(u32 pin, bool level)
{
	vioapic_set_pin(&io, pin, level);
}

static void setup(void)
{
	struct vioapic_wiring wiring = { &fake_clock, &queue, note_send, note_extint, note_taken, NULL };

	fake_reset();
	timer_queue_init(&queue, &fake_clock);
	sends = extint_edges = 0;
	taken = NONE;
	refuse = extint = false;
	bus = bus_create();
	vioapic_init(&io, &wiring);
	ck_assert_int_eq(bus_add_mmio(bus, gpa(VIOAPIC_BASE), VIOAPIC_SIZE, &vioapic_ops, &io), 0);
}

static void teardown(void)
{
	bus_destroy(bus);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

START_TEST(registers)
{
	ck_assert_uint_eq(get(0), 0);
	ck_assert_uint_eq(get(1), 0x170020);
	put(0, ~0u);
	put(1, ~0u);
	put(2, 0);
	ck_assert_uint_eq(get(0), 0x0f000000);
	ck_assert_uint_eq(get(1), 0x170020);
	ck_assert_uint_eq(get(2), 0x0f000000);
	for (u32 pin = 0; pin < VIOAPIC_PINS; pin++) {
		ck_assert_uint_eq(entry(pin), MASK);
		ck_assert_uint_eq(get(0x11 + 2 * pin), 0);
		put(0x11 + 2 * pin, ~0u);
		set_entry(pin, ~0u);
		ck_assert_uint_eq(entry(pin), 0x1afff);
		ck_assert_uint_eq(get(0x11 + 2 * pin), 0xff000000);
		set_entry(pin, MASK | pin);
		ck_assert_uint_eq(entry(pin), MASK | pin);
	}
	for (u32 reg = 0x40; reg < 0x100; reg++) {
		put(reg, ~0u);
		ck_assert_uint_eq(get(reg), 0);
	}
	put(3, ~0u);
	put(0xf, ~0u);
	ck_assert_uint_eq(get(3) | get(0xf), 0);
	ck_assert_uint_eq(sends, 0);
	vioapic_reset(&io);
	ck_assert_uint_eq(get(0), 0);
	ck_assert_uint_eq(entry(5), MASK);
}
END_TEST

START_TEST(odd_accesses)
{
	bus_mmio_write(bus, gpa(VIOAPIC_BASE), 1, 0x1a);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(VIOAPIC_BASE), 4), 0x1a);
	bus_mmio_write(bus, gpa(VIOAPIC_BASE + 0x10), 2, 0x1234);
	bus_mmio_write(bus, gpa(VIOAPIC_BASE + 0x12), 4, 0x1234);
	bus_mmio_write(bus, gpa(VIOAPIC_BASE + 0x110), 4, 0x1234);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(VIOAPIC_BASE + 0x10), 4), MASK);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(VIOAPIC_BASE + 0x12), 2), 0);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(VIOAPIC_BASE + 0x110), 4), 0);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(VIOAPIC_BASE + 0xffe), 4), ~0u << 16);
}
END_TEST

START_TEST(an_edge_is_sent_once)
{
	put(0x11 + 2 * 4, 0x03000000);
	set_entry(4, 0x0934); /* lowest priority, logical */
	set(4, true);
	set(4, true);
	ck_assert_uint_eq(sends, 1);
	ck_assert_uint_eq(last.vector, 0x34);
	ck_assert_uint_eq(last.mode, APIC_LOWEST);
	ck_assert_uint_eq(last.to, 3);
	ck_assert(last.logical && !last.level);
	ck_assert_uint_eq(entry(4), 0x0934);
	vioapic_taken(&io, 0x35);
	ck_assert_uint_eq(taken, NONE);
	set_entry(4, 0x0044); /* it is on its way as 34 */
	vioapic_taken(&io, 0x44);
	ck_assert_uint_eq(taken, NONE);
	vioapic_taken(&io, 0x34);
	ck_assert_uint_eq(taken, 4);
	taken = NONE;
	vioapic_taken(&io, 0x34);
	ck_assert_uint_eq(taken, NONE);
	set(4, false);
	set(4, true);
	ck_assert_uint_eq(sends, 2);
	ck_assert_uint_eq(last.vector, 0x44);
	ck_assert(!last.logical);
}
END_TEST

START_TEST(an_edge_on_a_masked_pin_is_lost)
{
	set_entry(2, MASK | 0x30);
	set(2, true);
	ck_assert_uint_eq(sends, 0);
	timer_run(&queue);
	ck_assert_uint_eq(taken, NONE); /* the 8259s may have it */
	set_entry(2, 0x30);
	ck_assert_uint_eq(sends, 0);
	ck_assert_uint_eq(taken, NONE);
	timer_run(&queue);
	ck_assert_uint_eq(taken, 2);
	ck_assert_uint_eq(timer_next_ns(&queue), TIMER_NEVER);
	set(2, false);
	set(2, true);
	ck_assert_uint_eq(sends, 1);
}
END_TEST

START_TEST(an_edge_that_nobody_takes_is_told)
{
	set_entry(2, 0x30);
	refuse = true;
	set(2, true);
	ck_assert_uint_eq(sends, 1);
	ck_assert_uint_eq(taken, NONE);
	timer_run(&queue);
	ck_assert_uint_eq(taken, 2);
	refuse = false;
	taken = NONE;
	set(2, false);
	set_entry(2, 0x400); /* an NMI has no vector by which it is taken */
	set(2, true);
	ck_assert_uint_eq(last.mode, APIC_NMI);
	timer_run(&queue);
	ck_assert_uint_eq(taken, 2);
}
END_TEST

START_TEST(a_level_waits_for_its_end)
{
	set_entry(9, LEVEL | 0x51);
	set(9, true);
	ck_assert_uint_eq(sends, 1);
	ck_assert(last.level);
	ck_assert_uint_eq(entry(9), LEVEL | REMOTE_IRR | 0x51);
	set(9, false);
	set(9, true);
	set_entry(9, LEVEL | 0x51);
	ck_assert_uint_eq(sends, 1);
	vioapic_ended(&io, 0x52);
	ck_assert_uint_eq(sends, 1);
	vioapic_ended(&io, 0x51); /* still high */
	ck_assert_uint_eq(sends, 2);
	set(9, false);
	vioapic_ended(&io, 0x51);
	ck_assert_uint_eq(sends, 2);
	ck_assert_uint_eq(entry(9), LEVEL | 0x51);
}
END_TEST

START_TEST(a_masked_level_waits)
{
	set_entry(9, MASK | LEVEL | 0x51);
	set(9, true);
	ck_assert_uint_eq(sends, 0);
	set_entry(9, LEVEL | 0x51);
	ck_assert_uint_eq(sends, 1);
	set_entry(9, MASK | LEVEL | 0x51);
	vioapic_ended(&io, 0x51);
	ck_assert_uint_eq(sends, 1);
	set_entry(9, LEVEL | 0x51);
	ck_assert_uint_eq(sends, 2);
	/* Nobody there: it is tried again. */
	vioapic_reset(&io);
	refuse = true;
	set_entry(9, LEVEL | 0x51);
	ck_assert_uint_eq(sends, 3);
	ck_assert_uint_eq(entry(9), LEVEL | 0x51);
	refuse = false;
	vioapic_ready(&io);
	ck_assert_uint_eq(sends, 4);
	vioapic_ready(&io);
	ck_assert_uint_eq(sends, 4);
}
END_TEST

START_TEST(eoi_register_and_switch_to_edge_clear_remote_irr)
{
	set_entry(9, LEVEL | 0x51);
	set(9, true);
	set(9, false);
	bus_mmio_write(bus, gpa(VIOAPIC_BASE + 0x40), 4, 0x51);
	ck_assert_uint_eq(entry(9), LEVEL | 0x51);
	set(9, true);
	ck_assert_uint_eq(entry(9), LEVEL | REMOTE_IRR | 0x51);
	set_entry(9, MASK | 0x51);
	ck_assert_uint_eq(entry(9), MASK | 0x51);
}
END_TEST

START_TEST(two_pins_with_one_vector)
{
	set_entry(10, LEVEL | 0x61);
	set_entry(11, LEVEL | 0x61);
	set(10, true);
	set(11, true);
	ck_assert_uint_eq(sends, 2);
	set(10, false);
	vioapic_ended(&io, 0x61);
	ck_assert_uint_eq(sends, 3);
	ck_assert_uint_eq(entry(10), LEVEL | 0x61);
	ck_assert_uint_eq(entry(11), LEVEL | REMOTE_IRR | 0x61);
}
END_TEST

START_TEST(extint_passes_its_level_on)
{
	set(0, true);
	ck_assert(!extint);
	set_entry(0, 0x700);
	ck_assert(extint);
	set(0, false);
	ck_assert(!extint);
	set(0, true);
	ck_assert(extint);
	set_entry(0, MASK | 0x700);
	ck_assert(!extint);
	set_entry(0, 0x700);
	vioapic_reset(&io);
	ck_assert(!extint);
	ck_assert_uint_eq(sends, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vioapic");
	TCase *tests = tcase_create("vioapic");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, registers);
	tcase_add_test(tests, odd_accesses);
	tcase_add_test(tests, an_edge_is_sent_once);
	tcase_add_test(tests, an_edge_on_a_masked_pin_is_lost);
	tcase_add_test(tests, an_edge_that_nobody_takes_is_told);
	tcase_add_test(tests, a_level_waits_for_its_end);
	tcase_add_test(tests, a_masked_level_waits);
	tcase_add_test(tests, eoi_register_and_switch_to_edge_clear_remote_irr);
	tcase_add_test(tests, two_pins_with_one_vector);
	tcase_add_test(tests, extint_passes_its_level_on);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
