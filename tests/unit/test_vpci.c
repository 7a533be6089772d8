/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/dev/vpci.c and of the chip set in hv/dev/vpiix.c, through a bus. */
#include "hv/dev/vpci.h"

#include <check.h>
#include <stdlib.h>

#include "hv/dev/vpiix.h"
#include "hv/lib/err.h"
#include "tests/fake/fake.h"

static struct bus *bus;
static struct vpci pci;
static struct vpiix piix;
static struct vpci_function card;
static u32 resets;
static u32 irqs;
static u32 written_offset, written_size;

static void count_reset(void *opaque, u32 index, bool level)
{
	(void)opaque;
	(void)index;
	resets += level;
}

static void set_irq(void *opaque, u32 index, bool level)
{
	(void)opaque;
	irqs = level ? irqs | BIT(index) : irqs & ~BIT(index);
}

static void card_written(void *opaque, u32 offset, u32 size)
{
	(void)opaque;
	written_offset = offset;
	written_size = size;
}

static void select_register(u32 slot, u32 function, u32 reg)
{
	bus_pio_write(bus, 0xcf8, 4, 0x80000000 | slot << 11 | function << 8 | reg);
}

static u32 get(u32 slot, u32 function, u32 reg)
{
	select_register(slot, function, reg);
	return bus_pio_read(bus, 0xcfc, 4);
}

static void put(u32 slot, u32 function, u32 reg, u32 value)
{
	select_register(slot, function, reg);
	bus_pio_write(bus, 0xcfc, 4, value);
}

static void setup(void)
{
	static const struct vpci_id id = { 0x1234, 0x5678, 0x020000, 7, false };
	struct irqline irq[16];

	fake_reset();
	resets = 0;
	irqs = 0;
	bus = bus_create();
	for (u32 i = 0; i < 16; i++)
		irq[i] = (struct irqline){ set_irq, NULL, i };
	vpci_init(&pci, (struct irqline){ count_reset, NULL, 0 });
	ck_assert_int_eq(vpiix_init(&piix, &pci, irq), 0);
	vpci_function_init(&card, &id);
	card.written = card_written;
	vpci_set_bar(&card, 0, 0x20, 1);
	vpci_set_bar(&card, 1, 0x10000, 0);
	vpci_allow(&card, VPCI_COMMAND, 2, VPCI_COMMAND_IO | VPCI_COMMAND_MEMORY);
	ck_assert_int_eq(vpci_add(&pci, VPCI_DEVFN(3, 0), &card), 0);
	bus_add_pio(bus, 0xcf8, 4, &vpci_address_ops, &pci);
	bus_add_pio(bus, 0xcfc, 4, &vpci_data_ops, &pci);
}

static void teardown(void)
{
	bus_destroy(bus);
}

START_TEST(address_register_holds_its_defined_bits)
{
	bus_pio_write(bus, 0xcf8, 4, 0xffffffff);
	ck_assert_uint_eq(bus_pio_read(bus, 0xcf8, 4), 0x80fffffc);
}
END_TEST

START_TEST(narrow_accesses_pass_the_address_register_by)
{
	bus_pio_write(bus, 0xcf8, 4, 0x80000000);
	bus_pio_write(bus, 0xcfb, 1, 0x01); /* as Linux probes */
	bus_pio_write(bus, 0xcf8, 2, 0xffff);
	ck_assert_uint_eq(bus_pio_read(bus, 0xcf8, 4), 0x80000000);
	ck_assert_uint_eq(bus_pio_read(bus, 0xcf8, 1), 0xff);
}
END_TEST

START_TEST(data_needs_the_enable_bit_and_bus_0)
{
	ck_assert_uint_eq(get(3, 0, 0), 0x56781234);
	bus_pio_write(bus, 0xcf8, 4, 3 << 11);
	ck_assert_uint_eq(bus_pio_read(bus, 0xcfc, 4), 0xffffffff);
	bus_pio_write(bus, 0xcf8, 4, 0x80010000 | 3 << 11);
	ck_assert_uint_eq(bus_pio_read(bus, 0xcfc, 4), 0xffffffff);
	ck_assert_uint_eq(get(4, 0, 0), 0xffffffff);
	ck_assert_uint_eq(get(31, 7, 0), 0xffffffff);
	put(4, 0, 0, 0); /* swallowed */
}
END_TEST

START_TEST(bytes_and_words_reach_their_part)
{
	select_register(3, 0, 0);
	ck_assert_uint_eq(bus_pio_read(bus, 0xcfe, 2), 0x5678);
	ck_assert_uint_eq(bus_pio_read(bus, 0xcfd, 1), 0x12);
	select_register(3, 0, 8);
	ck_assert_uint_eq(bus_pio_read(bus, 0xcff, 1), 0x02); /* class: network */
}
END_TEST

START_TEST(only_writable_bits_change)
{
	put(3, 0, 0, 0);
	put(3, 0, VPCI_COMMAND, 0xffffffff);
	ck_assert_uint_eq(get(3, 0, 0), 0x56781234);
	ck_assert_uint_eq(get(3, 0, VPCI_COMMAND), 3);
	ck_assert_uint_eq(written_offset, VPCI_COMMAND);
	ck_assert_uint_eq(written_size, 4);
	select_register(3, 0, VPCI_COMMAND);
	bus_pio_write(bus, 0xcfd, 1, 0);
	ck_assert_uint_eq(written_offset, VPCI_COMMAND + 1);
	ck_assert_uint_eq(written_size, 1);
}
END_TEST

START_TEST(base_registers_answer_the_question_for_their_size)
{
	put(3, 0, VPCI_BAR(0), 0xffffffff);
	ck_assert_uint_eq(get(3, 0, VPCI_BAR(0)), 0xffffffe1);
	put(3, 0, VPCI_BAR(0), 0xc123);
	ck_assert_uint_eq(get(3, 0, VPCI_BAR(0)), 0xc121);
	put(3, 0, VPCI_BAR(1), 0xffffffff);
	ck_assert_uint_eq(get(3, 0, VPCI_BAR(1)), 0xffff0000);
	put(3, 0, VPCI_BAR(2), 0xffffffff);
	ck_assert_uint_eq(get(3, 0, VPCI_BAR(2)), 0);
}
END_TEST

START_TEST(occupied_place_is_refused)
{
	static struct vpci_function other;

	ck_assert_int_eq(vpci_add(&pci, VPCI_DEVFN(3, 0), &other), -EEXIST);
}
END_TEST

START_TEST(reset_register_resets_on_a_rising_rcpu)
{
	bus_pio_write(bus, 0xcf9, 1, 0x02);
	ck_assert_uint_eq(resets, 0);
	ck_assert_uint_eq(bus_pio_read(bus, 0xcf9, 1), 0x02);
	bus_pio_write(bus, 0xcf9, 1, 0x06);
	bus_pio_write(bus, 0xcf9, 1, 0x06);
	ck_assert_uint_eq(resets, 1);
	bus_pio_write(bus, 0xcf9, 1, 0x00);
	bus_pio_write(bus, 0xcf9, 1, 0x04);
	ck_assert_uint_eq(resets, 2);
}
END_TEST

START_TEST(chip_set_is_where_drivers_look)
{
	ck_assert_uint_eq(get(0, 0, 0), 0x12378086);
	ck_assert_uint_eq(get(0, 0, 8) >> 8, 0x060000);
	ck_assert_uint_eq(get(1, 0, 0), 0x70008086);
	ck_assert_uint_eq(get(1, 0, 8) >> 8, 0x060100);
	ck_assert_uint_eq(get(1, 0, 12) >> 16, 0x0080); /* several functions */
	ck_assert_uint_eq(get(1, 1, 0), 0xffffffff);
	ck_assert_uint_eq(get(1, 3, 0), 0x71138086);
	ck_assert_uint_eq(get(1, 3, 0x40), 0x601);
	ck_assert_uint_eq(get(1, 3, 0x80), 1);
}
END_TEST

START_TEST(pm_base_and_pam_cannot_be_moved)
{
	put(1, 3, 0x40, 0xb001);
	ck_assert_uint_eq(get(1, 3, 0x40), 0x601);
	put(0, 0, 0x58, 0);
	ck_assert_uint_eq(get(0, 0, 0x58), 0x33333000);
}
END_TEST

START_TEST(links_route_pins_to_irqs)
{
	ck_assert_uint_eq(get(1, 0, 0x60), 0x80808080);
	vpiix_set_pin(&piix, 3, 0, true); /* slot 3 pin A: link C */
	ck_assert_uint_eq(irqs, 0);
	put(1, 0, 0x60, 0x800b8080);
	ck_assert_uint_eq(irqs, BIT(11));
	put(1, 0, 0x60, 0x800a8080);
	ck_assert_uint_eq(irqs, BIT(10));
	vpiix_set_pin(&piix, 2, 1, true); /* the same link */
	vpiix_set_pin(&piix, 3, 0, false);
	ck_assert_uint_eq(irqs, BIT(10));
	vpiix_set_pin(&piix, 2, 1, false);
	ck_assert_uint_eq(irqs, 0);
}
END_TEST

START_TEST(links_cannot_take_system_irqs)
{
	vpiix_set_pin(&piix, 1, 0, true);
	put(1, 0, 0x60, 0x80808000);
	ck_assert_uint_eq(irqs, 0);
	put(1, 0, 0x60, 0x80808008);
	ck_assert_uint_eq(irqs, 0);
	put(1, 0, 0x60, 0x80808005);
	ck_assert_uint_eq(irqs, BIT(5));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vpci");
	TCase *tests = tcase_create("vpci");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, address_register_holds_its_defined_bits);
	tcase_add_test(tests, narrow_accesses_pass_the_address_register_by);
	tcase_add_test(tests, data_needs_the_enable_bit_and_bus_0);
	tcase_add_test(tests, bytes_and_words_reach_their_part);
	tcase_add_test(tests, only_writable_bits_change);
	tcase_add_test(tests, base_registers_answer_the_question_for_their_size);
	tcase_add_test(tests, occupied_place_is_refused);
	tcase_add_test(tests, reset_register_resets_on_a_rising_rcpu);
	tcase_add_test(tests, chip_set_is_where_drivers_look);
	tcase_add_test(tests, pm_base_and_pam_cannot_be_moved);
	tcase_add_test(tests, links_route_pins_to_irqs);
	tcase_add_test(tests, links_cannot_take_system_irqs);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
