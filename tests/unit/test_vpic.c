/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of hv/dev/vpic.c from the data sheet of the 8259A, in the wiring of a PC: the slave on the
 * master's input 2, vectors 20h and 28h.
 */
#include "hv/dev/vpic.h"

#include <check.h>
#include <stdlib.h>

#define SPURIOUS 0x27
#define SPURIOUS_SLAVE 0x2f

static struct vpic pic;
static bool intr;
static u32 intr_changes;
static u32 taken[VPIC_INPUTS];

static void set_intr(void *opaque, u32 index, bool level)
{
	(void)opaque;
	(void)index;
	intr = level;
	intr_changes++;
}

static void count_taken(void *opaque, u32 irq)
{
	(void)opaque;
	taken[irq]++;
}

static void master(u32 offset, u32 value)
{
	vpic_master_ops.write(&pic, offset, 1, value);
}
static void slave(u32 offset, u32 value)
{
	vpic_slave_ops.write(&pic, offset, 1, value);
}
static u32 master_in(u32 offset)
{
	return vpic_master_ops.read(&pic, offset, 1);
}
static u32 slave_in(u32 offset)
{
	return vpic_slave_ops.read(&pic, offset, 1);
}
static void high(u32 irq)
{
	vpic_set_irq(&pic, irq, true);
}
static void low(u32 irq)
{
	vpic_set_irq(&pic, irq, false);
}
static u32 isr(void)
{
	master(0, 0x0b);
	return master_in(0);
}
static u32 irr(void)
{
	master(0, 0x0a);
	return master_in(0);
}

static void initialize(u32 icw4_master, u32 icw4_slave)
{
	master(0, 0x11);
	master(1, 0x20);
	master(1, 0x04);
	master(1, icw4_master);
	slave(0, 0x11);
	slave(1, 0x28);
	slave(1, 0x02);
	slave(1, icw4_slave);
}

static void setup(void)
{
	const struct vpic_wiring wiring = { { set_intr, NULL, 0 }, count_taken, NULL };

	intr = false;
	intr_changes = 0;
	for (u32 i = 0; i < VPIC_INPUTS; i++)
		taken[i] = 0;
	vpic_init(&pic, &wiring);
	initialize(0x01, 0x01);
}

START_TEST(nothing_is_delivered_before_initialization)
{
	const struct vpic_wiring wiring = { { set_intr, NULL, 0 }, NULL, NULL };

	vpic_init(&pic, &wiring);
	high(0);
	ck_assert(!intr);
	master(0, 0x11);
	ck_assert(!intr);
	master(1, 0x20);
	ck_assert(!intr);
}
END_TEST

START_TEST(rising_edge_raises_intr_and_gives_its_vector)
{
	high(4);
	ck_assert(intr);
	ck_assert_uint_eq(irr(), 0x10);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x24);
	ck_assert(!intr);
	ck_assert_uint_eq(irr(), 0);
	ck_assert_uint_eq(isr(), 0x10);
	ck_assert_uint_eq(taken[4], 1);
}
END_TEST

START_TEST(edge_input_that_stays_high_interrupts_once)
{
	high(4);
	vpic_acknowledge(&pic);
	master(0, 0x20);
	high(4);
	ck_assert(!intr);
	low(4);
	high(4);
	ck_assert(intr);
}
END_TEST

START_TEST(edge_during_service_is_kept_until_eoi)
{
	high(4);
	vpic_acknowledge(&pic);
	low(4);
	high(4);
	ck_assert(!intr);
	master(0, 0x20);
	ck_assert(intr);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x24);
}
END_TEST

START_TEST(edge_under_mask_is_delivered_on_unmask)
{
	master(1, 0x10);
	high(4);
	ck_assert(!intr);
	master(1, 0);
	ck_assert(intr);
	ck_assert_uint_eq(master_in(1), 0);
}
END_TEST

START_TEST(level_input_interrupts_until_it_falls)
{
	vpic_elcr_ops.write(&pic, 0, 1, 0x20);
	high(5);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x25);
	ck_assert(!intr);
	master(0, 0x20);
	ck_assert(intr);
	vpic_acknowledge(&pic);
	low(5);
	master(0, 0x20);
	ck_assert(!intr);
}
END_TEST

START_TEST(elcr_cannot_make_system_interrupts_level)
{
	vpic_elcr_ops.write(&pic, 0, 1, 0xff);
	vpic_elcr_ops.write(&pic, 1, 1, 0xff);
	ck_assert_uint_eq(vpic_elcr_ops.read(&pic, 0, 1), 0xf8);
	ck_assert_uint_eq(vpic_elcr_ops.read(&pic, 1, 1), 0xde);
}
END_TEST

START_TEST(request_that_vanishes_gives_irq7_without_in_service)
{
	high(3);
	low(3);
	ck_assert(!intr);
	ck_assert_uint_eq(vpic_acknowledge(&pic), SPURIOUS);
	ck_assert_uint_eq(isr(), 0);
	ck_assert_uint_eq(taken[7], 0);
}
END_TEST

START_TEST(request_that_vanishes_from_slave_gives_irq15_with_cascade_in_service)
{
	/* The slave's INT is still up for the master when the slave finds nothing. */
	pic.chip[0].input |= 4;
	pic.chip[0].irr_latch |= 4;
	ck_assert_uint_eq(vpic_acknowledge(&pic), SPURIOUS_SLAVE);
	ck_assert_uint_eq(isr(), 0x04);
	slave(0, 0x0b);
	ck_assert_uint_eq(slave_in(0), 0);
}
END_TEST

START_TEST(lower_number_wins)
{
	high(7);
	high(1);
	high(6);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x21);
	ck_assert(!intr);
	master(0, 0x20);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x26);
	high(0);
	ck_assert(intr); /* nests */
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x20);
	ck_assert_uint_eq(isr(), 0x41);
}
END_TEST

START_TEST(non_specific_eoi_ends_the_highest_in_service)
{
	high(6);
	vpic_acknowledge(&pic);
	high(1);
	vpic_acknowledge(&pic);
	ck_assert_uint_eq(isr(), 0x42);
	master(0, 0x20);
	ck_assert_uint_eq(isr(), 0x40);
	master(0, 0x20);
	ck_assert_uint_eq(isr(), 0);
	master(0, 0x20);
	ck_assert_uint_eq(isr(), 0);
}
END_TEST

START_TEST(specific_eoi_ends_the_one_it_names)
{
	high(6);
	vpic_acknowledge(&pic);
	high(1);
	vpic_acknowledge(&pic);
	master(0, 0x66);
	ck_assert_uint_eq(isr(), 0x02);
}
END_TEST

START_TEST(slave_irq_raises_cascade)
{
	high(12);
	ck_assert(intr);
	ck_assert_uint_eq(irr(), 0x04);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x2c);
	ck_assert_uint_eq(isr(), 0x04);
	slave(0, 0x0b);
	ck_assert_uint_eq(slave_in(0), 0x10);
	ck_assert_uint_eq(taken[12], 1);
	ck_assert_uint_eq(taken[2], 0);
}
END_TEST

START_TEST(slave_ranks_between_irq1_and_irq3)
{
	high(3);
	high(14);
	high(1);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x21);
	master(0, 0x61);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x2e);
	slave(0, 0x20);
	master(0, 0x62);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x23);
}
END_TEST

START_TEST(second_slave_request_waits_for_both_eois)
{
	high(9);
	high(8);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x28);
	ck_assert(!intr);
	slave(0, 0x20);
	ck_assert(!intr); /* cascade still in service */
	master(0, 0x20);
	ck_assert(intr);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x29);
}
END_TEST

START_TEST(masked_cascade_hides_the_slave)
{
	master(1, 0x04);
	high(8);
	ck_assert(!intr);
	master(1, 0);
	ck_assert(intr);
}
END_TEST

START_TEST(cascade_input_cannot_be_driven_from_outside)
{
	high(2);
	ck_assert(!intr);
}
END_TEST

START_TEST(special_fully_nested_lets_slave_interrupt_itself)
{
	initialize(0x11, 0x01);
	high(12);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x2c);
	high(14);
	ck_assert(!intr); /* lower within the slave */
	high(3);
	ck_assert(!intr); /* lower than the cascade */
	high(8);
	ck_assert(intr);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x28);
}
END_TEST

START_TEST(fully_nested_locks_out_the_same_slave)
{
	high(12);
	vpic_acknowledge(&pic);
	high(8);
	ck_assert(!intr);
}
END_TEST

START_TEST(automatic_eoi_leaves_nothing_in_service)
{
	initialize(0x03, 0x03);
	high(6);
	high(10);
	high(9);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x29);
	ck_assert_uint_eq(isr(), 0);
	ck_assert(intr);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x2a);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x26);
	ck_assert(!intr);
}
END_TEST

START_TEST(rotate_in_automatic_eoi_makes_the_served_one_last)
{
	initialize(0x03, 0x01);
	master(0, 0x80);
	high(1);
	vpic_acknowledge(&pic);
	low(1);
	high(1);
	high(5);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x25);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x21);
	master(0, 0x00); /* clear: priorities stay as they are */
	low(1);
	high(1);
	vpic_acknowledge(&pic);
	ck_assert_uint_eq(pic.chip[0].lowest, 1);
}
END_TEST

START_TEST(rotate_on_non_specific_eoi_makes_the_served_one_last)
{
	high(4);
	vpic_acknowledge(&pic);
	low(4);
	master(0, 0xa0);
	high(4);
	high(6);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x26);
}
END_TEST

START_TEST(rotate_on_specific_eoi_names_the_last)
{
	high(4);
	vpic_acknowledge(&pic);
	master(0, 0xe4);
	ck_assert_uint_eq(isr(), 0);
	high(3);
	high(5);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x25);
}
END_TEST

START_TEST(set_priority_command_names_the_last)
{
	master(0, 0xc5);
	high(0);
	high(6);
	high(5);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x26);
	master(0, 0x20);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x20);
	master(0, 0x20);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x25);
}
END_TEST

START_TEST(special_mask_mode_lets_lower_levels_in)
{
	high(1);
	vpic_acknowledge(&pic);
	high(5);
	ck_assert(!intr);
	master(1, 0x02);
	ck_assert(!intr);
	master(0, 0x68);
	ck_assert(intr);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x25);
	master(0, 0x20); /* does not end the masked level */
	ck_assert_uint_eq(isr(), 0x02);
	high(6);
	ck_assert(intr);
	master(0, 0x48);
	ck_assert(!intr);
}
END_TEST

START_TEST(poll_serves_the_winner_without_intr_acknowledge)
{
	high(4);
	high(2 + 8);
	master(0, 0x0c);
	ck_assert_uint_eq(master_in(0), 0x82);
	slave(0, 0x0c);
	ck_assert_uint_eq(slave_in(0), 0x82);
	master(0, 0x62);
	master(0, 0x0c);
	ck_assert_uint_eq(master_in(0), 0x84);
	ck_assert_uint_eq(isr(), 0x10);
	master(0, 0x0c);
	ck_assert_uint_eq(master_in(0), 0);
	ck_assert_uint_eq(taken[4], 1);
}
END_TEST

START_TEST(read_selection_is_kept)
{
	high(4);
	vpic_acknowledge(&pic);
	high(5);
	master(0, 0x0b);
	ck_assert_uint_eq(master_in(0), 0x10);
	ck_assert_uint_eq(master_in(0), 0x10);
	master(0, 0x08); /* RR = 0: no change */
	ck_assert_uint_eq(master_in(0), 0x10);
	master(0, 0x0a);
	ck_assert_uint_eq(master_in(0), 0x20);
}
END_TEST

START_TEST(icw1_forgets_edges_masks_and_service)
{
	master(1, 0xff);
	high(0);
	master(0, 0xc3);
	initialize(1, 1);
	ck_assert_uint_eq(master_in(1), 0);
	ck_assert_uint_eq(irr(), 0);
	ck_assert(!intr);
	ck_assert_uint_eq(taken[0], 1);
	low(0);
	high(0);
	ck_assert(intr);
}
END_TEST

START_TEST(single_mode_skips_icw3_and_has_no_slave)
{
	master(0, 0x13);
	master(1, 0x40);
	master(1, 0x01); /* ICW4 */
	master(1, 0xfb); /* OCW1 */
	ck_assert_uint_eq(master_in(1), 0xfb);
	high(8);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0x42);
	ck_assert_uint_eq(taken[8], 0);
}
END_TEST

START_TEST(without_icw4_the_vector_is_an_8080_call_address)
{
	master(0, 0xf4); /* interval 4, A7-A5 = 111, no ICW4 */
	master(1, 0x20);
	master(1, 0x04);
	high(3);
	ck_assert_uint_eq(vpic_acknowledge(&pic), 0xec);
}
END_TEST

START_TEST(reset_masks_all_but_keeps_the_wires)
{
	high(5);
	vpic_reset(&pic);
	ck_assert(!intr);
	ck_assert_uint_eq(master_in(1), 0xff);
	initialize(1, 1);
	ck_assert(!intr); /* no edge */
	low(5);
	high(5);
	ck_assert(intr);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vpic");
	TCase *tests = tcase_create("vpic");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, nothing_is_delivered_before_initialization);
	tcase_add_test(tests, rising_edge_raises_intr_and_gives_its_vector);
	tcase_add_test(tests, edge_input_that_stays_high_interrupts_once);
	tcase_add_test(tests, edge_during_service_is_kept_until_eoi);
	tcase_add_test(tests, edge_under_mask_is_delivered_on_unmask);
	tcase_add_test(tests, level_input_interrupts_until_it_falls);
	tcase_add_test(tests, elcr_cannot_make_system_interrupts_level);
	tcase_add_test(tests, request_that_vanishes_gives_irq7_without_in_service);
	tcase_add_test(tests, request_that_vanishes_from_slave_gives_irq15_with_cascade_in_service);
	tcase_add_test(tests, lower_number_wins);
	tcase_add_test(tests, non_specific_eoi_ends_the_highest_in_service);
	tcase_add_test(tests, specific_eoi_ends_the_one_it_names);
	tcase_add_test(tests, slave_irq_raises_cascade);
	tcase_add_test(tests, slave_ranks_between_irq1_and_irq3);
	tcase_add_test(tests, second_slave_request_waits_for_both_eois);
	tcase_add_test(tests, masked_cascade_hides_the_slave);
	tcase_add_test(tests, cascade_input_cannot_be_driven_from_outside);
	tcase_add_test(tests, special_fully_nested_lets_slave_interrupt_itself);
	tcase_add_test(tests, fully_nested_locks_out_the_same_slave);
	tcase_add_test(tests, automatic_eoi_leaves_nothing_in_service);
	tcase_add_test(tests, rotate_in_automatic_eoi_makes_the_served_one_last);
	tcase_add_test(tests, rotate_on_non_specific_eoi_makes_the_served_one_last);
	tcase_add_test(tests, rotate_on_specific_eoi_names_the_last);
	tcase_add_test(tests, set_priority_command_names_the_last);
	tcase_add_test(tests, special_mask_mode_lets_lower_levels_in);
	tcase_add_test(tests, poll_serves_the_winner_without_intr_acknowledge);
	tcase_add_test(tests, read_selection_is_kept);
	tcase_add_test(tests, icw1_forgets_edges_masks_and_service);
	tcase_add_test(tests, single_mode_skips_icw3_and_has_no_slave);
	tcase_add_test(tests, without_icw4_the_vector_is_an_8080_call_address);
	tcase_add_test(tests, reset_masks_all_but_keeps_the_wires);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
