/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of how hv/dev/machine.c wires 8259s, I/O APIC and local APIC, seen from the bus as a guest sees them. */
#include "hv/dev/machine.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/fake/fake.h"

#define MS 1000000ull
#define MASK 0x10000u
#define LEVEL 0x8000u
#define EOI 0xb0u
#define SVR 0xf0u
#define LVTT 0x320u
#define LINT0 0x350u

static struct bus *bus;
static struct timer_queue queue;
static struct machine machine;
static struct machine_wiring wiring;
static bool intr;
static u32 nmis, armed, seed;

static void set_wire(void *opaque, u32 index, bool to)
{
	(void)index;
	*(bool *)opaque = to;
}
static void count_wire(void *opaque, u32 index, bool to)
{
	(void)index;
	*(u32 *)opaque += to;
}

static void out(u16 port, u32 value)
{
	bus_pio_write(bus, port, 1, value);
}
static u32 get(u32 offset)
{
	return bus_mmio_read(bus, gpa(0xfee00000 + offset), 4);
}
static void put(u32 offset, u32 value)
{
	bus_mmio_write(bus, gpa(0xfee00000 + offset), 4, value);
}
static void set_entry(u32 pin, u32 low)
{
	bus_mmio_write(bus, gpa(0xfec00000), 4, 0x10 + 2 * pin);
	bus_mmio_write(bus, gpa(0xfec00010), 4, low);
}

/* Time passes; each interrupt is taken at once and ended at the local APIC.  How many. */
static u32 pass(u64 ns)
{
	u64 end = clock_now_ns(&fake_clock) + ns;
	u32 taken = 0;

	while (timer_next_ns(&queue) <= end) {
		u64 now = clock_now_ns(&fake_clock);

		fake_advance_ns(MAX(timer_next_ns(&queue), now) - now);
		timer_run(&queue);
		for (; intr; taken++) {
			machine_acknowledge(&machine);
			put(EOI, 0);
		}
	}
	fake_advance_ns(end - clock_now_ns(&fake_clock));
	return taken;
}

/* Counter 0 at 1 kHz, as a periodic rate. */
static void start_8254(void)
{
	out(0x43, 0x34);
	out(0x40, 0xa9);
	out(0x40, 0x04);
}

static void setup_with(bool apic)
{
	fake_reset();
	intr = false;
	nmis = armed = 0;
	bus = bus_create();
	timer_queue_init(&queue, &fake_clock);
	wiring = (struct machine_wiring){ .bus = bus, .clock = &fake_clock, .timers = &queue,
					  .intr = { set_wire, &intr, 0 }, .apic = apic,
					  .nmi = { count_wire, &nmis, 0 }, .armed = { count_wire, &armed, 0 },
					  .ram_bytes = 64 * MIB };
	ck_assert_int_eq(machine_init(&machine, &wiring), 0);
}

static void setup(void)
{
	setup_with(true);
}
static void setup_without(void)
{
	setup_with(false);
}
static void teardown(void)
{
	bus_destroy(bus);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

static void init_pic(void)
{
	static const u8 words[][2] = { { 0x20, 0x11 }, { 0x21, 0x30 }, { 0x21, 4 }, { 0x21, 3 }, /* AEOI */
				       { 0xa0, 0x11 }, { 0xa1, 0x38 }, { 0xa1, 2 }, { 0xa1, 3 } };

	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		out(words[i][0], words[i][1]);
}

START_TEST(a_bios_leaves_the_virtual_wire)
{
	ck_assert_uint_eq(get(SVR), 0x1ff);
	ck_assert_uint_eq(get(LINT0), 0x700);
	ck_assert_uint_eq(get(0x360), 0x400);
	ck_assert_uint_eq(get(LVTT), MASK);
	init_pic();
	start_8254();
	ck_assert_uint_ge(pass(100 * MS), 99);
	put(LINT0, MASK | 0x700);
	pass(MS);
	ck_assert_uint_eq(pass(100 * MS), 0);
	set_entry(0, 0x700); /* the other way */
	ck_assert(intr);
	ck_assert_uint_eq(machine_acknowledge(&machine), 0x30);
}
END_TEST

START_TEST(irq0_ticks_on_at_pin_2)
{
	u32 ticks;

	out(0x21, 0xff);
	out(0xa1, 0xff);
	start_8254();
	pass(50 * MS); /* owed: nobody takes them */
	set_entry(2, 0x51);
	ticks = pass(100 * MS);
	ck_assert_uint_ge(ticks, 148);
	ck_assert_uint_le(ticks, 151);
	ticks = pass(100 * MS);
	ck_assert_uint_ge(ticks, 99);
	ck_assert_uint_le(ticks, 101);
	set_entry(2, MASK | 0x51);
	ck_assert_uint_le(pass(100 * MS), 1);
	set_entry(2, 0x52); /* another vector while one is on its way */
	ck_assert_uint_ge(pass(100 * MS), 190);
}
END_TEST

START_TEST(a_tick_that_nobody_accepts_does_not_stop_the_8254)
{
	out(0x21, 0xff);
	set_entry(2, 0x51);
	put(SVR, 0xff);
	start_8254();
	ck_assert_uint_eq(pass(100 * MS), 0);
	put(SVR, 0x1ff);
	ck_assert_uint_ge(pass(100 * MS), 99);
	set_entry(2, 0x400); /* as a watchdog */
	nmis = 0;
	pass(100 * MS);
	ck_assert_uint_ge(nmis, 99);
}
END_TEST

START_TEST(the_sci_is_a_level_at_pin_9)
{
	set_entry(9, LEVEL | 0x61);
	out(0xb2, 0xf1);
	bus_pio_write(bus, 0x602, 2, 0x0100);
	vacpi_pm_press_power_button(&machine.pm);
	for (u32 i = 0; i < 3; i++) {
		ck_assert(intr);
		ck_assert_uint_eq(machine_acknowledge(&machine), 0x61);
		ck_assert(!intr);
		if (i == 2)
			bus_pio_write(bus, 0x600, 2, 0x0100);
		put(EOI, 0);
	}
	ck_assert(!intr);
	/* A local APIC that is switched on finds what waits. */
	put(SVR, 0xff);
	vacpi_pm_press_power_button(&machine.pm);
	ck_assert(!intr);
	put(SVR, 0x1ff);
	ck_assert_uint_eq(machine_acknowledge(&machine), 0x61);
}
END_TEST

START_TEST(alarms_come_by_either_wire)
{
	out(0x21, 0xff);
	start_8254();
	set_entry(2, 0x51);
	for (u32 i = 0; i < 3; i++) {
		machine_alarm(&machine);
		ck_assert(intr);
		ck_assert_uint_eq(machine_acknowledge(&machine), 0x51);
		put(EOI, 0);
	}
	machine_alarm_lvtt(&machine);
	ck_assert(!intr); /* masked */
	put(LVTT, 0x71);
	machine_alarm_lvtt(&machine);
	ck_assert_uint_eq(machine_acknowledge(&machine), 0x71);
}
END_TEST

START_TEST(the_apic_moves_and_goes)
{
	ck_assert(machine_set_apic_base(&machine, 0xd0000900));
	ck_assert_uint_eq(get(SVR), ~0u);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xd00000f0), 4), 0x1ff);
	ck_assert(machine_set_apic_base(&machine, 0xfec00900)); /* where the other one is */
	bus_mmio_write(bus, gpa(0xfec00000), 4, 1);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xfec00010), 4), 0x170020);
	ck_assert(!machine_set_apic_base(&machine, 0xfee00901));
	ck_assert(machine_set_apic_base(&machine, 0xfee00100));
	ck_assert_uint_eq(get(SVR), ~0u);
	init_pic();
	start_8254();
	ck_assert_uint_ge(pass(100 * MS), 99); /* the 8259s have the pin */
	ck_assert(machine_set_apic_base(&machine, 0xfee00900));
	ck_assert_uint_eq(get(SVR), 0xff);
	ck_assert(machine_set_apic_base(&machine, 0xd0000900));
	machine_reset(&machine);
	ck_assert_uint_eq(get(SVR), 0x1ff);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xd00000f0), 4), ~0u);
}
END_TEST

START_TEST(the_timer_tells_that_it_was_set)
{
	put(0x3e0, 0xb);
	put(LVTT, 0x71);
	ck_assert_uint_eq(armed, 0);
	put(0x380, 1000);
	ck_assert_uint_eq(armed, 1);
	ck_assert_uint_eq(pass(1000), 1);
}
END_TEST

START_TEST(reset_forgets_what_waits)
{
	set_entry(2, 0x51);
	put(0x300, 0x40061);
	ck_assert(intr);
	machine_reset(&machine);
	ck_assert(!intr);
	bus_mmio_write(bus, gpa(0xfec00000), 4, 0x14);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xfec00010), 4), MASK);
}
END_TEST

/* Nothing that a guest writes may hang, overflow or assert; the interrupt output is what the registers say. */
START_TEST(anything_may_be_written)
{
	static const u16 offsets[] = { 0x20, 0x80, 0xb0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x310, 0x320, 0x350, 0x360,
				       0x370, 0x380, 0x3e0 };
	u32 state = seed;

	for (u32 i = 0; i < 300000; i++) {
		u32 what, value;

		state = state * 1664525 + 1013904223;
		what = state >> 8;
		state = state * 1664525 + 1013904223;
		value = what & 1 ? state : state & 0x207ff;
		switch (what >> 1 & 7) {
		case 0:
			put(what >> 4 & 0xfff, value);
			break;
		case 1:
		case 2:
			put(offsets[(what >> 4) % ARRAY_SIZE(offsets)], value);
			break;
		case 3:
			bus_mmio_write(bus, gpa(0xfec00000 + (what >> 4 & 0x50)), 4, value);
			break;
		case 4:
			set_entry(what >> 4 & 31, value);
			break;
		case 5:
			if (what & 0x100)
				machine_set_apic_base(&machine, what & 0x1000 ? 0xfee00900 : value & 0xfffff900);
			else
				vioapic_set_pin(&machine.ioapic, (what >> 9) % VIOAPIC_PINS, value & 1);
			break;
		case 6:
			fake_advance_ns(value >> 8);
			timer_run(&queue);
			break;
		default:
			put(0xf0, 0x1ff);
			if (intr)
				machine_acknowledge(&machine);
			put(EOI, 0);
		}
		get(what >> 4 & 0xfff);
	}
	machine_reset(&machine);
	ck_assert(!intr);
	ck_assert_uint_eq(get(SVR), 0x1ff);
}
END_TEST

START_TEST(without_apics_there_is_no_trace_of_them)
{
	ck_assert_uint_eq(get(0x30), ~0u);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xfec00000), 4), ~0u);
	ck_assert(!machine_set_apic_base(&machine, 0xfee00900));
	machine_alarm_lvtt(&machine);
	ck_assert(!intr);
}
END_TEST

int main(void)
{
	const char *given = getenv("SEED");
	Suite *suite = suite_create("machine_apic");
	TCase *tests = tcase_create("with"), *without = tcase_create("without");
	SRunner *runner = srunner_create(suite);
	int failed;

	seed = given ? (u32)strtoul(given, NULL, 0) : (u32)time(NULL);
	printf("SEED=%u\n", seed);
	fflush(stdout);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_checked_fixture(without, setup_without, teardown);
	tcase_add_test(tests, a_bios_leaves_the_virtual_wire);
	tcase_add_test(tests, irq0_ticks_on_at_pin_2);
	tcase_add_test(tests, a_tick_that_nobody_accepts_does_not_stop_the_8254);
	tcase_add_test(tests, the_sci_is_a_level_at_pin_9);
	tcase_add_test(tests, alarms_come_by_either_wire);
	tcase_add_test(tests, the_apic_moves_and_goes);
	tcase_add_test(tests, the_timer_tells_that_it_was_set);
	tcase_add_test(tests, reset_forgets_what_waits);
	tcase_add_test(tests, anything_may_be_written);
	tcase_add_test(without, without_apics_there_is_no_trace_of_them);
	suite_add_tcase(suite, tests);
	suite_add_tcase(suite, without);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
