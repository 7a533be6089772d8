/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of hv/dev/vps2.c: the controller of a PS/2 and a keyboard with 102 keys. */
#include "hv/dev/vps2.h"

#include <check.h>
#include <stdlib.h>

enum { IRQ1, IRQ12, A20, RESET, WIRES };

static struct vps2 ps2;
static bool level[WIRES];
static u32 edges[WIRES];

static void set_wire(void *opaque, u32 index, bool to)
{
	(void)opaque;
	edges[index] += to && !level[index];
	level[index] = to;
}

static void data(u32 value)
{
	vps2_data_ops.write(&ps2, 0, 1, value);
}
static void command(u32 value)
{
	vps2_command_ops.write(&ps2, 0, 1, value);
}
static u32 read_data(void)
{
	return vps2_data_ops.read(&ps2, 0, 1);
}
static u32 status(void)
{
	return vps2_command_ops.read(&ps2, 0, 1);
}

static void key(u32 count, const char *bytes)
{
	ck_assert(vps2_key(&ps2, (const u8 *)bytes, count));
}

static void setup(void)
{
	const struct vps2_wiring wiring = { { set_wire, NULL, IRQ1 },
					    { set_wire, NULL, IRQ12 },
					    { set_wire, NULL, A20 },
					    { set_wire, NULL, RESET } };

	for (u32 i = 0; i < WIRES; i++) {
		level[i] = false;
		edges[i] = 0;
	}
	vps2_init(&ps2, &wiring);
	command(0x60);
	data(0x47); /* as a BIOS: both interrupts, translation */
}

START_TEST(idle_controller_has_empty_buffers)
{
	ck_assert_uint_eq(status(), 0x14);
	command(0xae);
	ck_assert_uint_eq(status(), 0x1c); /* last write was a command */
}
END_TEST

START_TEST(self_test_answers_55_and_sets_the_system_flag)
{
	vps2_reset(&ps2);
	ck_assert_uint_eq(status() & 0x04, 0);
	command(0xaa);
	ck_assert_uint_eq(status() & 0x05, 0x05);
	ck_assert_uint_eq(read_data(), 0x55);
	ck_assert_uint_eq(status() & 0x01, 0);
	command(0xab);
	ck_assert_uint_eq(read_data(), 0x00);
	command(0xa9);
	ck_assert_uint_eq(read_data(), 0x00);
}
END_TEST

START_TEST(command_byte_and_ram_are_read_back)
{
	command(0x20);
	ck_assert_uint_eq(read_data(), 0x47);
	command(0x65);
	data(0xa5);
	command(0x25);
	ck_assert_uint_eq(read_data(), 0xa5);
}
END_TEST

START_TEST(enable_and_disable_commands_change_the_command_byte)
{
	command(0xad);
	command(0xa7);
	command(0x20);
	ck_assert_uint_eq(read_data(), 0x77);
	command(0xae);
	command(0xa8);
	command(0x20);
	ck_assert_uint_eq(read_data(), 0x47);
}
END_TEST

START_TEST(key_raises_irq1_and_is_translated)
{
	key(1, "\x1c"); /* A */
	ck_assert(level[IRQ1]);
	ck_assert_uint_eq(status() & 0x21, 0x01);
	ck_assert_uint_eq(read_data(), 0x1e);
	ck_assert(!level[IRQ1]);
	key(2, "\xf0\x1c");
	ck_assert_uint_eq(read_data(), 0x9e);
	ck_assert_uint_eq(edges[IRQ1], 2);
}
END_TEST

START_TEST(extended_key_keeps_its_prefix)
{
	key(2, "\xe0\x75"); /* up */
	key(3, "\xe0\xf0\x75");
	ck_assert_uint_eq(read_data(), 0xe0);
	ck_assert_uint_eq(read_data(), 0x48);
	ck_assert_uint_eq(read_data(), 0xe0);
	ck_assert_uint_eq(read_data(), 0xc8);
	ck_assert_uint_eq(status() & 1, 0);
}
END_TEST

START_TEST(each_byte_of_a_sequence_is_a_new_edge)
{
	key(2, "\xe0\x75");
	ck_assert_uint_eq(edges[IRQ1], 1);
	read_data();
	ck_assert_uint_eq(edges[IRQ1], 2);
}
END_TEST

START_TEST(without_translation_set_2_arrives_as_it_is)
{
	command(0x60);
	data(0x05);
	key(3, "\xe0\xf0\x75");
	ck_assert_uint_eq(read_data(), 0xe0);
	ck_assert_uint_eq(read_data(), 0xf0);
	ck_assert_uint_eq(read_data(), 0x75);
}
END_TEST

START_TEST(keyboard_in_set_1_sends_set_1)
{
	command(0x60);
	data(0x05);
	data(0xf0);
	ck_assert_uint_eq(read_data(), 0xfa);
	data(0x01);
	ck_assert_uint_eq(read_data(), 0xfa);
	key(3, "\xe0\xf0\x75");
	ck_assert_uint_eq(read_data(), 0xe0);
	ck_assert_uint_eq(read_data(), 0xc8);
	data(0xf0);
	read_data();
	data(0x00);
	ck_assert_uint_eq(read_data(), 0xfa);
	ck_assert_uint_eq(read_data(), 0x01);
}
END_TEST

START_TEST(disabled_keyboard_holds_its_keys)
{
	command(0xad);
	key(1, "\x1c");
	ck_assert_uint_eq(status() & 1, 0);
	command(0xae);
	ck_assert_uint_eq(read_data(), 0x1e);
}
END_TEST

START_TEST(byte_for_the_keyboard_enables_it)
{
	command(0xad);
	data(0xee);
	ck_assert_uint_eq(read_data(), 0xee);
	command(0x20);
	ck_assert_uint_eq(read_data(), 0x47);
}
END_TEST

START_TEST(keyboard_identifies_itself)
{
	data(0xf2);
	ck_assert_uint_eq(read_data(), 0xfa);
	ck_assert_uint_eq(read_data(), 0xab);
	ck_assert_uint_eq(read_data(), 0x41); /* 83 translated */
	ck_assert_uint_eq(status() & 1, 0);
}
END_TEST

START_TEST(keyboard_reset_answers_ack_and_test_result)
{
	key(1, "\x1c");
	read_data();
	key(1, "\x1c");
	key(1, "\x1b");
	read_data();
	data(0xff);
	ck_assert_uint_eq(read_data(), 0x1f); /* was in the output buffer */
	ck_assert_uint_eq(read_data(), 0xfa);
	ck_assert_uint_eq(read_data(), 0xaa);
}
END_TEST

START_TEST(leds_and_typematic_take_a_parameter)
{
	data(0xed);
	ck_assert_uint_eq(read_data(), 0xfa);
	data(0x05);
	ck_assert_uint_eq(read_data(), 0xfa);
	ck_assert_uint_eq(ps2.keyboard.leds, 5);
	data(0xf3);
	ck_assert_uint_eq(read_data(), 0xfa);
	data(0x20);
	ck_assert_uint_eq(read_data(), 0xfa);
}
END_TEST

START_TEST(command_in_place_of_a_parameter_is_a_command)
{
	data(0xed);
	read_data();
	data(0xf4);
	ck_assert_uint_eq(read_data(), 0xfa);
	data(0x02);
	ck_assert_uint_eq(read_data(), 0xfe);
	ck_assert_uint_eq(ps2.keyboard.leds, 0);
}
END_TEST

START_TEST(scanning_can_be_switched_off)
{
	data(0xf5);
	ck_assert_uint_eq(read_data(), 0xfa);
	ck_assert(!vps2_key(&ps2, (const u8 *)"\x1c", 1));
	data(0xf6); /* defaults, still off */
	ck_assert_uint_eq(read_data(), 0xfa);
	ck_assert(!vps2_key(&ps2, (const u8 *)"\x1c", 1));
	data(0xf4);
	ck_assert_uint_eq(read_data(), 0xfa);
	key(1, "\x1c");
}
END_TEST

START_TEST(resend_repeats_the_last_byte)
{
	data(0xee);
	read_data();
	data(0xfe);
	ck_assert_uint_eq(read_data(), 0xee);
}
END_TEST

START_TEST(response_comes_before_keys)
{
	key(1, "\x1c");
	key(1, "\x1b");
	data(0xf2);
	ck_assert_uint_eq(read_data(), 0x1e);
	ck_assert_uint_eq(read_data(), 0xfa);
	ck_assert_uint_eq(read_data(), 0xab);
	ck_assert_uint_eq(read_data(), 0x41);
	ck_assert_uint_eq(read_data(), 0x1f);
}
END_TEST

START_TEST(full_buffer_refuses_a_key_as_a_whole)
{
	u32 taken = 0;

	while (vps2_key(&ps2, (const u8 *)"\xe0\xf0\x75", 3))
		taken++;
	ck_assert_uint_ge(taken, 10);
	for (u32 i = 0; i < taken; i++) {
		ck_assert_uint_eq(read_data(), 0xe0);
		ck_assert_uint_eq(read_data(), 0xc8);
	}
	ck_assert_uint_eq(status() & 1, 0);
}
END_TEST

START_TEST(output_port_controls_a20)
{
	command(0xd1);
	data(0xdf);
	ck_assert(level[A20]);
	ck_assert_uint_eq(edges[RESET], 0);
	command(0xd0);
	ck_assert_uint_eq(read_data() & 0x03, 0x03);
	command(0xd1);
	data(0xdd);
	ck_assert(!level[A20]);
}
END_TEST

START_TEST(reset_by_pulse_and_by_output_port)
{
	command(0xff);
	ck_assert_uint_eq(edges[RESET], 0);
	command(0xfe);
	ck_assert_uint_eq(edges[RESET], 1);
	ck_assert(!level[RESET]);
	command(0xd1);
	data(0xde);
	ck_assert_uint_eq(edges[RESET], 2);
}
END_TEST

START_TEST(loops_put_bytes_into_the_buffer)
{
	command(0xd2);
	data(0x33);
	ck_assert_uint_eq(status() & 0x21, 0x01);
	ck_assert_uint_eq(edges[IRQ1], 1);
	ck_assert_uint_eq(read_data(), 0x33);
	command(0xd3);
	data(0x5a);
	ck_assert_uint_eq(status() & 0x21, 0x21);
	ck_assert(level[IRQ12]);
	ck_assert_uint_eq(read_data(), 0x5a);
	ck_assert(!level[IRQ12]);
}
END_TEST

START_TEST(absent_mouse_times_out)
{
	command(0xd4);
	data(0xff);
	ck_assert_uint_eq(status() & 0x61, 0x61);
	ck_assert(level[IRQ12]);
	ck_assert_uint_eq(read_data(), 0xfe);
	data(0xee);
	ck_assert_uint_eq(status() & 0x61, 0x01);
}
END_TEST

START_TEST(interrupts_stay_quiet_when_disabled)
{
	command(0x60);
	data(0x44);
	key(1, "\x1c");
	ck_assert(!level[IRQ1]);
	command(0x60);
	data(0x45);
	ck_assert(level[IRQ1]); /* the byte still waits */
}
END_TEST

START_TEST(empty_buffer_reads_as_the_last_byte)
{
	key(1, "\x1c");
	ck_assert_uint_eq(read_data(), 0x1e);
	ck_assert_uint_eq(read_data(), 0x1e);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vps2");
	TCase *tests = tcase_create("vps2");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, idle_controller_has_empty_buffers);
	tcase_add_test(tests, self_test_answers_55_and_sets_the_system_flag);
	tcase_add_test(tests, command_byte_and_ram_are_read_back);
	tcase_add_test(tests, enable_and_disable_commands_change_the_command_byte);
	tcase_add_test(tests, key_raises_irq1_and_is_translated);
	tcase_add_test(tests, extended_key_keeps_its_prefix);
	tcase_add_test(tests, each_byte_of_a_sequence_is_a_new_edge);
	tcase_add_test(tests, without_translation_set_2_arrives_as_it_is);
	tcase_add_test(tests, keyboard_in_set_1_sends_set_1);
	tcase_add_test(tests, disabled_keyboard_holds_its_keys);
	tcase_add_test(tests, byte_for_the_keyboard_enables_it);
	tcase_add_test(tests, keyboard_identifies_itself);
	tcase_add_test(tests, keyboard_reset_answers_ack_and_test_result);
	tcase_add_test(tests, leds_and_typematic_take_a_parameter);
	tcase_add_test(tests, command_in_place_of_a_parameter_is_a_command);
	tcase_add_test(tests, scanning_can_be_switched_off);
	tcase_add_test(tests, resend_repeats_the_last_byte);
	tcase_add_test(tests, response_comes_before_keys);
	tcase_add_test(tests, full_buffer_refuses_a_key_as_a_whole);
	tcase_add_test(tests, output_port_controls_a20);
	tcase_add_test(tests, reset_by_pulse_and_by_output_port);
	tcase_add_test(tests, loops_put_bytes_into_the_buffer);
	tcase_add_test(tests, absent_mouse_times_out);
	tcase_add_test(tests, interrupts_stay_quiet_when_disabled);
	tcase_add_test(tests, empty_buffer_reads_as_the_last_byte);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
