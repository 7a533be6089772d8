/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of hv/core/bus.c with a device that writes down what it was asked: the contract is about
 * which device sees which access, whole or in bytes.
 */
#include "hv/core/bus.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/lib/err.h"
#include "tests/fake/fake.h"

static struct bus *bus;
static char seen[256];

static u32 probe_read(void *opaque, u32 offset, u32 size)
{
	sprintf(seen + strlen(seen), "%sr%u.%u ", (const char *)opaque, offset, size);
	return 0xa3a2a1a0u + offset;
}

static void probe_write(void *opaque, u32 offset, u32 size, u32 value)
{
	sprintf(seen + strlen(seen), "%sw%u.%u=%x ", (const char *)opaque, offset, size, value);
}

static const struct bus_ops byte_ops = { probe_read, probe_write, 0 };
static const struct bus_ops word_ops = { probe_read, probe_write, 2 };
static const struct bus_ops dword_ops = { probe_read, probe_write, 4 };
static char a[] = "a", b[] = "b";

static void setup(void)
{
	fake_reset();
	seen[0] = 0;
	bus = bus_create();
}

static void teardown(void)
{
	bus_destroy(bus);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

START_TEST(unclaimed_reads_as_ones_and_swallows_writes)
{
	ck_assert_uint_eq(bus_pio_read(bus, 0x80, 1), 0xff);
	ck_assert_uint_eq(bus_pio_read(bus, 0x80, 2), 0xffff);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(0xfee00000), 4), 0xffffffffu);
	bus_pio_write(bus, 0x80, 4, 1);
	bus_mmio_write(bus, gpa(0xfee00000), 4, 1);
}
END_TEST

START_TEST(offset_is_relative_to_the_range)
{
	ck_assert_int_eq(bus_add_pio(bus, 0x3f8, 8, &byte_ops, a), 0);
	ck_assert_int_eq(bus_add_mmio(bus, gpa(0x100000000ull), 0x1000, &dword_ops, b), 0);
	ck_assert_uint_eq(bus_pio_read(bus, 0x3fd, 1), 0xa5);
	bus_mmio_write(bus, gpa(0x100000010ull), 4, 0x12345678);
	ck_assert_str_eq(seen, "ar5.1 bw16.4=12345678 ");
}
END_TEST

START_TEST(access_wider_than_the_device_comes_as_bytes)
{
	bus_add_pio(bus, 0x40, 4, &byte_ops, a);
	bus_add_pio(bus, 0x50, 4, &word_ops, b);
	ck_assert_uint_eq(bus_pio_read(bus, 0x40, 2), 0xa1a0);
	bus_pio_write(bus, 0x40, 2, 0xbeef);
	bus_pio_write(bus, 0x50, 2, 0xbeef);
	bus_pio_write(bus, 0x50, 4, 0x01020304);
	ck_assert_str_eq(seen, "ar0.1 ar1.1 aw0.1=ef aw1.1=be bw0.2=beef "
			       "bw0.1=4 bw1.1=3 bw2.1=2 bw3.1=1 ");
}
END_TEST

START_TEST(access_across_an_end_is_split_between_neighbours)
{
	bus_add_pio(bus, 0x100, 4, &dword_ops, a);
	bus_add_pio(bus, 0x104, 4, &dword_ops, b);
	ck_assert_uint_eq(bus_pio_read(bus, 0x102, 4), 0xa1a0a3a2);
	bus_pio_write(bus, 0x107, 2, 0x1122);
	ck_assert_uint_eq(bus_pio_read(bus, 0x107, 2) >> 8, 0xff);
	ck_assert_str_eq(seen, "ar2.1 ar3.1 br0.1 br1.1 bw3.1=22 br3.1 ");
}
END_TEST

START_TEST(last_port_does_not_wrap_to_the_first)
{
	bus_add_pio(bus, 0, 1, &byte_ops, a);
	bus_add_pio(bus, 0xffff, 1, &byte_ops, b);
	ck_assert_uint_eq(bus_pio_read(bus, 0xffff, 4), 0xffffffa0);
	ck_assert_str_eq(seen, "br0.1 ");
}
END_TEST

START_TEST(narrow_reads_are_cut_to_size)
{
	bus_add_pio(bus, 0x10, 4, &dword_ops, a);
	ck_assert_uint_eq(bus_pio_read(bus, 0x10, 1), 0xa0);
	ck_assert_uint_eq(bus_pio_read(bus, 0x10, 2), 0xa1a0);
	ck_assert_uint_eq(bus_pio_read(bus, 0x10, 4), 0xa3a2a1a0);
	bus_pio_write(bus, 0x10, 2, 0xffff0001);
	ck_assert_str_eq(seen, "ar0.1 ar0.2 ar0.4 aw0.2=1 ");
}
END_TEST

START_TEST(overlap_is_refused_and_logged)
{
	ck_assert_int_eq(bus_add_pio(bus, 0x20, 2, &byte_ops, a), 0);
	ck_assert_int_eq(bus_add_pio(bus, 0x21, 4, &byte_ops, b), -EEXIST);
	ck_assert_int_eq(bus_add_pio(bus, 0x1f, 2, &byte_ops, b), -EEXIST);
	ck_assert_int_eq(bus_add_pio(bus, 0x1f, 8, &byte_ops, b), -EEXIST);
	ck_assert_ptr_nonnull(strstr(fake_log(), "[21, 25) is already claimed"));
	ck_assert_int_eq(bus_add_pio(bus, 0x1f, 1, &byte_ops, b), 0);
	ck_assert_int_eq(bus_add_pio(bus, 0x22, 1, &byte_ops, b), 0);
}
END_TEST

START_TEST(many_ranges_in_any_order_are_found)
{
	for (u32 i = 0; i < 256; i++) /* 167 is odd: every residue once */
		ck_assert_int_eq(bus_add_pio(bus, (u16)((i * 167 % 256) * 4), 2, &byte_ops, a), 0);
	for (u32 i = 0; i < 1024; i++) {
		seen[0] = 0;
		ck_assert_uint_eq(bus_pio_read(bus, (u16)i, 1), i % 4 < 2 ? 0xa0 + i % 4 : 0xff);
	}
}
END_TEST

START_TEST(failed_allocation_leaves_the_bus_as_it_was)
{
	fake_fail_allocation(1);
	ck_assert_int_eq(bus_add_pio(bus, 0x20, 2, &byte_ops, a), -ENOMEM);
	ck_assert_uint_eq(bus_pio_read(bus, 0x20, 1), 0xff);
	ck_assert_int_eq(bus_add_pio(bus, 0x20, 2, &byte_ops, a), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bus");
	TCase *tests = tcase_create("bus");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, unclaimed_reads_as_ones_and_swallows_writes);
	tcase_add_test(tests, offset_is_relative_to_the_range);
	tcase_add_test(tests, access_wider_than_the_device_comes_as_bytes);
	tcase_add_test(tests, access_across_an_end_is_split_between_neighbours);
	tcase_add_test(tests, last_port_does_not_wrap_to_the_first);
	tcase_add_test(tests, narrow_reads_are_cut_to_size);
	tcase_add_test(tests, overlap_is_refused_and_logged);
	tcase_add_test(tests, many_ranges_in_any_order_are_found);
	tcase_add_test(tests, failed_allocation_leaves_the_bus_as_it_was);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
