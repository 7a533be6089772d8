/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of hv/dev/machine.c: the devices together, seen from the bus as a guest sees them.  Here too
 * the small ones that have no registers to speak of: port 92h and the debug ports.
 */
#include "hv/dev/machine.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hv/lib/err.h"
#include "tests/fake/fake.h"

#define MS 1000000ull

enum { INTR, RESET, POWER_OFF, A20, WIRES };

static struct bus *bus;
static struct timer_queue queue;
static struct machine machine;
static struct machine_wiring wiring;
static bool level[WIRES];
static u32 edges[WIRES];
static char printed[64];
static u32 printed_count;
static const u8 rom[1024] = { 0x55, 0xaa, 2, [1023] = 0x77 };

static void set_wire(void *opaque, u32 index, bool to)
{
	(void)opaque;
	edges[index] += to && !level[index];
	level[index] = to;
}

static void print(void *opaque, const void *bytes, size_t size)
{
	(void)opaque;
	memcpy(printed + printed_count, bytes, size);
	printed_count += (u32)size;
}

static void out(u16 port, u32 value)
{
	bus_pio_write(bus, port, 1, value);
}

static u32 in(u16 port)
{
	return bus_pio_read(bus, port, 1);
}

static void pass(u64 ns)
{
	u64 end = clock_now_ns(&fake_clock) + ns;

	while (timer_next_ns(&queue) <= end) {
		u64 now = clock_now_ns(&fake_clock);

		fake_advance_ns(MAX(timer_next_ns(&queue), now) - now);
		timer_run(&queue);
	}
	fake_advance_ns(end - clock_now_ns(&fake_clock));
}

static void init_pic(u32 mask_master, u32 mask_slave)
{
	static const u8 words[][2] = { { 0x20, 0x11 }, { 0x21, 0x30 }, { 0x21, 4 }, { 0x21, 1 },
				       { 0xa0, 0x11 }, { 0xa1, 0x38 }, { 0xa1, 2 }, { 0xa1, 1 } };

	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		out(words[i][0], words[i][1]);
	out(0x21, mask_master);
	out(0xa1, mask_slave);
}

static void setup(void)
{
	fake_reset();
	memset(level, 0, sizeof(level));
	memset(edges, 0, sizeof(edges));
	memset(printed, 0, sizeof(printed));
	printed_count = 0;
	bus = bus_create();
	timer_queue_init(&queue, &fake_clock);
	wiring = (struct machine_wiring){ .bus = bus,
					  .clock = &fake_clock,
					  .timers = &queue,
					  .intr = { set_wire, NULL, INTR },
					  .reset = { set_wire, NULL, RESET },
					  .power_off = { set_wire, NULL, POWER_OFF },
					  .a20 = { set_wire, NULL, A20 },
					  .com1 = { print, NULL },
					  .debug = { print, NULL },
					  .epoch_s = 1000000000,
					  .ram_bytes = 64 * MIB,
					  .vmi_rom = rom,
					  .vmi_rom_bytes = sizeof(rom) };
	ck_assert_int_eq(machine_init(&machine, &wiring), 0);
}

static void teardown(void)
{
	bus_destroy(bus);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

START_TEST(timer_interrupts_arrive_at_their_rate)
{
	u32 ticks = 0;

	init_pic(0xfe, 0xff);
	out(0x43, 0x34);
	out(0x40, 11932 & 0xff);
	out(0x40, 11932 >> 8);
	for (u32 i = 0; i < 10000; i++) { /* 1 s */
		pass(MS / 10);
		if (!level[INTR])
			continue;
		ck_assert_uint_eq(machine_acknowledge(&machine), 0x30);
		out(0x20, 0x20);
		ticks++;
	}
	ck_assert_uint_ge(ticks, 99);
	ck_assert_uint_le(ticks, 100);
}
END_TEST

START_TEST(timer_survives_an_initialization_of_the_controller)
{
	out(0x43, 0x34);
	out(0x40, 0xa9);
	out(0x40, 0x04);
	pass(10 * MS); /* a tick waits in the masked controller */
	init_pic(0xfe, 0xff);
	pass(2 * MS);
	ck_assert(level[INTR]);
	ck_assert_uint_eq(machine_acknowledge(&machine), 0x30);
}
END_TEST

START_TEST(keyboard_serial_clock_and_acpi_use_their_irqs)
{
	init_pic(0x01, 0x00);
	vps2_key(&machine.ps2, (const u8 *)"\x1c", 1);
	ck_assert_uint_eq(machine_acknowledge(&machine), 0x31);
	out(0x20, 0x20);
	out(0x3fc, 0x0b);
	out(0x3f9, 0x01);
	ck_assert_uint_eq(machine_com1_receive(&machine, "x", 1), 1);
	ck_assert_uint_eq(machine_acknowledge(&machine), 0x34);
	out(0x20, 0x20);
	out(0x70, 0x0b);
	out(0x71, 0x12);
	pass(1000 * MS);
	ck_assert_uint_eq(machine_acknowledge(&machine), 0x38);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	out(0xb2, 0xf1);
	bus_pio_write(bus, 0x602, 2, 0x0100);
	vacpi_pm_press_power_button(&machine.pm);
	ck_assert_uint_eq(machine_acknowledge(&machine), 0x39);
}
END_TEST

START_TEST(pci_link_shares_its_irq_with_a_device)
{
	init_pic(0x00, 0x00);
	out(0x4d1, 0x02); /* IRQ9 level */
	bus_pio_write(bus, 0xcf8, 4, 0x80000860);
	out(0xcfc, 9); /* link A to IRQ9 */
	vpiix_set_pin(&machine.piix, 1, 0, true);
	out(0xb2, 0xf1);
	bus_pio_write(bus, 0x602, 2, 0x0100);
	vacpi_pm_press_power_button(&machine.pm);
	vpiix_set_pin(&machine.piix, 1, 0, false);
	ck_assert(level[INTR]); /* the button still holds it */
	bus_pio_write(bus, 0x600, 2, 0x0100);
	ck_assert(!level[INTR]);
}
END_TEST

START_TEST(every_way_to_reset_works)
{
	out(0x64, 0xfe);
	ck_assert_uint_eq(edges[RESET], 1);
	out(0x92, 0x01);
	ck_assert_uint_eq(edges[RESET], 2);
	out(0x92, 0x01); /* no edge */
	ck_assert_uint_eq(edges[RESET], 2);
	out(0xcf9, 0x02);
	out(0xcf9, 0x06);
	ck_assert_uint_eq(edges[RESET], 3);
	ck_assert(!level[RESET]);
	ck_assert_uint_eq(edges[POWER_OFF], 0);
}
END_TEST

START_TEST(soft_off_raises_power_off)
{
	bus_pio_write(bus, 0x604, 2, 0x2000);
	ck_assert(level[POWER_OFF]);
	ck_assert_uint_eq(edges[RESET], 0);
	machine_reset(&machine);
	ck_assert(!level[POWER_OFF]);
}
END_TEST

START_TEST(a20_is_open_if_either_gate_is)
{
	ck_assert(level[A20]); /* as a BIOS leaves it */
	out(0x92, 0x02);
	ck_assert_uint_eq(in(0x92), 0x02);
	out(0x64, 0xd1);
	out(0x60, 0xdd);
	ck_assert(level[A20]);
	out(0x92, 0x00);
	ck_assert(!level[A20]);
}
END_TEST

START_TEST(debug_ports_print_and_announce_themselves)
{
	ck_assert_uint_eq(in(0xe9), 0xe9);
	ck_assert_uint_eq(in(0x402), 0xe9);
	out(0xe9, 'h');
	out(0x402, 'i');
	ck_assert_str_eq(printed, "hi");
	out(0x80, 0x5a);
	ck_assert_uint_eq(in(0x80), 0x5a);
}
END_TEST

START_TEST(without_a_sink_there_are_no_debug_ports)
{
	bus_destroy(bus);
	bus = bus_create();
	wiring.bus = bus;
	wiring.debug.write = NULL;
	timer_queue_init(&queue, &fake_clock);
	ck_assert_int_eq(machine_init(&machine, &wiring), 0);
	ck_assert_uint_eq(in(0xe9), 0xff);
	ck_assert_uint_eq(in(0x80), 0x00);
}
END_TEST

START_TEST(reset_leaves_the_state_of_a_bios)
{
	for (u32 i = 0; i < 2; i++) {
		ck_assert_uint_eq(in(0x21), 0xff);
		ck_assert_uint_eq(in(0xa1), 0xff);
		out(0x43, 0xe2); /* status of counter 0 */
		ck_assert_uint_eq(in(0x40) & 0x3f, 0x36);
		out(0x64, 0x20);
		ck_assert_uint_eq(in(0x60), 0x65);
		ck_assert_uint_eq(in(0x64) & 0x05, 0x04);
		ck_assert(level[A20]);
		ck_assert(!level[INTR]);
		bus_pio_write(bus, 0xcf8, 4, 0x80000860);
		ck_assert_uint_eq(bus_pio_read(bus, 0xcfc, 4), 0x0b0b0a0a);
		ck_assert_uint_eq(in(0x4d1), 0x0c);
		/* now make a mess */
		init_pic(0, 0);
		out(0x43, 0x10);
		out(0x64, 0xd1);
		out(0x60, 0xdd);
		out(0x64, 0x60);
		out(0x60, 0x00);
		bus_pio_write(bus, 0xcf8, 4, 0x80000860);
		bus_pio_write(bus, 0xcfc, 4, 0x05050505);
		out(0x4d1, 0);
		out(0x3f9, 0x0f);
		machine_reset(&machine);
		ck_assert_uint_eq(bus_pio_read(bus, 0xcf8, 4), 0);
		ck_assert_uint_eq(in(0x3f9), 0);
	}
	out(0x70, 0x34);
	ck_assert_uint_eq(in(0x71), 0x00);
	out(0x70, 0x35);
	ck_assert_uint_eq(in(0x71), 0x03); /* 48 MB above 16 MB */
}
END_TEST

static u32 vmi_config(u32 offset)
{
	bus_pio_write(bus, 0xcf8, 4, 0x80003800 | offset);
	return bus_pio_read(bus, 0xcfc, 4);
}

static void set_vmi_config(u32 offset, u32 value)
{
	bus_pio_write(bus, 0xcf8, 4, 0x80003800 | offset);
	bus_pio_write(bus, 0xcfc, 4, value);
}

START_TEST(the_vmi_device_is_what_lspci_shows_on_esx)
{
	ck_assert_uint_eq(vmi_config(0x00), 0x080115ad);
	ck_assert_uint_eq(vmi_config(0x08), 0x05800001); /* memory controller */
	ck_assert_uint_eq(vmi_config(0x0c), 0);
	ck_assert_uint_eq(vmi_config(0x2c), 0x080015ad);
	ck_assert_uint_eq(vmi_config(0x3c), 0); /* no interrupt */
	for (u32 bar = 0x10; bar < 0x28; bar += 4) {
		set_vmi_config(bar, ~0u);
		ck_assert_uint_eq(vmi_config(bar), 0);
	}
}
END_TEST

START_TEST(the_vmi_device_shows_the_rom_where_its_register_says)
{
	set_vmi_config(0x30, ~1u);
	ck_assert_uint_eq(vmi_config(0x30), 0xfffff800);
	ck_assert_uint_eq(vmi_config(0x04), 2);
	set_vmi_config(0x04, 0);
	set_vmi_config(0x30, 0xf0000001);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xf0000000), 4), ~0u);
	set_vmi_config(0x04, ~0u);
	ck_assert_uint_eq(vmi_config(0x04), 2);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xf0000000), 4), 0x0002aa55);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xf00003ff), 1), 0x77);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xf0000400), 2), 0xffff);
	bus_mmio_write(bus, gpa(0xf0000000), 4, 0);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xf0000000), 2), 0xaa55);
	set_vmi_config(0x30, 0xf0000801);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xf0000000), 2), 0xffff);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xf0000800), 2), 0xaa55);
	set_vmi_config(0x30, 0xf0000800);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xf0000800), 2), 0xffff);
	set_vmi_config(0x30, 0xf0000801);
	machine_reset(&machine);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xf0000800), 2), 0xffff);
	ck_assert_uint_eq(vmi_config(0x30), 0);
}
END_TEST

START_TEST(the_vmi_rom_gives_way_to_other_devices)
{
	static const struct bus_ops ops;

	bus_add_mmio(bus, gpa(0xf0000600), 0x100, &ops, NULL);
	set_vmi_config(0x04, 2);
	set_vmi_config(0x30, 0xf0000001);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xf0000000), 2), 0xffff);
	set_vmi_config(0x30, 0xf0001001);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xf0001000), 2), 0xaa55);
}
END_TEST

START_TEST(without_vmi_there_is_no_such_device)
{
	bus_destroy(bus);
	bus = bus_create();
	wiring.bus = bus;
	wiring.vmi_rom = NULL;
	timer_queue_init(&queue, &fake_clock);
	ck_assert_int_eq(machine_init(&machine, &wiring), 0);
	ck_assert_uint_eq(vmi_config(0), ~0u);
	machine_reset(&machine);
	ck_assert_uint_eq(vmi_config(0), ~0u);
}
END_TEST

START_TEST(an_alarm_is_an_edge_of_irq0_whatever_the_timer_does)
{
	static const u8 modes[] = { 0x30, 0x3a, 0x34 }; /* output low, high without end (as Linux leaves it), running */

	for (u32 i = 0; i < ARRAY_SIZE(modes); i++) {
		out(0x43, modes[i]);
		init_pic(0xfe, 0xff); /* forgets the edge that the mode made */
		ck_assert(!level[INTR]);
		for (u32 n = 0; n < 3; n++) {
			machine_alarm(&machine);
			machine_alarm(&machine); /* one that nobody took is one */
			ck_assert(level[INTR]);
			ck_assert_uint_eq(machine_acknowledge(&machine), 0x30);
			out(0x20, 0x20);
			ck_assert(!level[INTR]);
		}
		out(0x21, 0xff);
		machine_alarm(&machine); /* masked: it waits */
		ck_assert(!level[INTR]);
		out(0x21, 0xfe);
		ck_assert(level[INTR]);
		ck_assert_uint_eq(machine_acknowledge(&machine), 0x30);
		out(0x20, 0x20);
	}
}
END_TEST

START_TEST(the_8254_ticks_on_beside_alarms)
{
	u32 ticks = 0;

	init_pic(0xfe, 0xff);
	out(0x43, 0x34);
	out(0x40, 0xa9);
	out(0x40, 0x04); /* 1 ms */
	for (u32 i = 0; i < 1000; i++) {
		if (i % 7 == 0)
			machine_alarm(&machine);
		while (level[INTR]) {
			machine_acknowledge(&machine);
			out(0x20, 0x20);
			ticks++;
		}
		pass(MS / 10);
	}
	ck_assert_msg(ticks >= 210 && ticks <= 244, "%u interrupts", ticks);
}
END_TEST

START_TEST(serial_output_reaches_the_sink)
{
	out(0x3f8, 'o');
	out(0x3f8, 'k');
	ck_assert_str_eq(printed, "ok");
}
END_TEST

START_TEST(occupied_ports_are_reported)
{
	struct bus *other = bus_create();
	static const struct bus_ops ops;

	bus_add_pio(other, 0x4d0, 1, &ops, NULL);
	wiring.bus = other;
	ck_assert_int_eq(machine_init(&machine, &wiring), -EEXIST);
	bus_destroy(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine");
	TCase *tests = tcase_create("machine");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, timer_interrupts_arrive_at_their_rate);
	tcase_add_test(tests, timer_survives_an_initialization_of_the_controller);
	tcase_add_test(tests, keyboard_serial_clock_and_acpi_use_their_irqs);
	tcase_add_test(tests, pci_link_shares_its_irq_with_a_device);
	tcase_add_test(tests, every_way_to_reset_works);
	tcase_add_test(tests, soft_off_raises_power_off);
	tcase_add_test(tests, a20_is_open_if_either_gate_is);
	tcase_add_test(tests, debug_ports_print_and_announce_themselves);
	tcase_add_test(tests, without_a_sink_there_are_no_debug_ports);
	tcase_add_test(tests, reset_leaves_the_state_of_a_bios);
	tcase_add_test(tests, the_vmi_device_is_what_lspci_shows_on_esx);
	tcase_add_test(tests, the_vmi_device_shows_the_rom_where_its_register_says);
	tcase_add_test(tests, the_vmi_rom_gives_way_to_other_devices);
	tcase_add_test(tests, without_vmi_there_is_no_such_device);
	tcase_add_test(tests, an_alarm_is_an_edge_of_irq0_whatever_the_timer_does);
	tcase_add_test(tests, the_8254_ticks_on_beside_alarms);
	tcase_add_test(tests, serial_output_reaches_the_sink);
	tcase_add_test(tests, occupied_ports_are_reported);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
