/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of hv/dev/acpi_tables.c: a walk from the RSDP as an operating system does it, byte by byte
 * from the offsets of the specification.
 */
#define _GNU_SOURCE /* memmem */
#include "hv/dev/acpi_tables.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hv/lib/err.h"
#include "tests/fake/fake.h"

#define BASE 0xe0000u

static u8 tables[ACPI_TABLES_MAX];
static int used;

static u32 get32(const u8 *at)
{
	u32 value;

	memcpy(&value, at, 4);
	return value;
}

static u16 get16(const u8 *at)
{
	return (u16)(at[0] | at[1] << 8);
}

static const u8 *at(u32 address)
{
	ck_assert_uint_ge(address, BASE);
	ck_assert_uint_lt(address, BASE + (u32)used);
	return tables + (address - BASE);
}

static u32 sum(const u8 *bytes, u32 size)
{
	u32 total = 0;

	for (u32 i = 0; i < size; i++)
		total += bytes[i];
	return total & 0xff;
}

static const u8 *check_table(u32 address, const char *signature)
{
	const u8 *table = at(address);

	ck_assert_mem_eq(table, signature, 4);
	ck_assert_uint_le(address - BASE + get32(table + 4), (u32)used);
	ck_assert_uint_eq(sum(table, get32(table + 4)), 0);
	return table;
}

static const u8 *fadt(void)
{
	return check_table(get32(check_table(get32(tables + 16), "RSDT") + 36), "FACP");
}

static void setup(void)
{
	fake_reset();
	memset(tables, 0xee, sizeof(tables));
	used = acpi_tables_build(tables, sizeof(tables), gpa(BASE), false);
	ck_assert_int_gt(used, 0);
}

START_TEST(rsdp_comes_first_and_adds_up)
{
	ck_assert_mem_eq(tables, "RSD PTR ", 8);
	ck_assert_uint_eq(sum(tables, 20), 0);
	ck_assert_uint_eq(tables[15], 0); /* ACPI 1.0 layout: 20 bytes */
}
END_TEST

START_TEST(rsdt_lists_the_fadt_alone)
{
	ck_assert_uint_eq(get32(check_table(get32(tables + 16), "RSDT") + 4), 40);
	ck_assert_uint_eq(get32(fadt() + 4), 244);
}
END_TEST

START_TEST(facs_is_aligned_and_needs_no_checksum)
{
	u32 address = get32(fadt() + 36);

	ck_assert_uint_eq(address % 64, 0);
	ck_assert_mem_eq(at(address), "FACS", 4);
	ck_assert_uint_eq(get32(at(address) + 4), 64);
}
END_TEST

START_TEST(dsdt_defines_soft_off)
{
	const u8 *dsdt = check_table(get32(fadt() + 40), "DSDT");
	const u8 *s5 = memmem(dsdt, get32(dsdt + 4), "_S5_", 4);

	ck_assert_uint_eq(get32(fadt() + 140), get32(fadt() + 40));
	ck_assert_ptr_nonnull(s5);
	ck_assert_uint_eq(s5[4], 0x12); /* a package ... */
	ck_assert_uint_eq(s5[7], 0);	/* ... whose first element is type 0 */
}
END_TEST

START_TEST(fadt_names_the_ports_of_the_machine)
{
	const u8 *table = fadt();

	ck_assert_uint_eq(get16(table + 46), 9);
	ck_assert_uint_eq(get32(table + 48), 0xb2);
	ck_assert_uint_eq(table[52], 0xf1);
	ck_assert_uint_eq(table[53], 0xf0);
	ck_assert_uint_eq(get32(table + 56), 0x600);
	ck_assert_uint_eq(get32(table + 64), 0x604);
	ck_assert_uint_eq(get32(table + 76), 0x608);
	ck_assert_uint_eq(table[88], 4);
	ck_assert_uint_eq(table[89], 2);
	ck_assert_uint_eq(table[91], 4);
	ck_assert_uint_eq(table[108], 0x32); /* century */
	ck_assert_uint_eq(get32(table + 120), 0xcf9);
	ck_assert_uint_eq(table[128], 6);
	ck_assert_uint_eq(get32(table + 112) >> 10 & 1, 1);
	/* the extended form says the same */
	ck_assert_uint_eq(get32(table + 148 + 4), 0x600);
	ck_assert_uint_eq(get32(table + 172 + 4), 0x604);
	ck_assert_uint_eq(get32(table + 208 + 4), 0x608);
}
END_TEST

START_TEST(with_apics_there_is_a_madt)
{
	static const u8 entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0,			    /* processor 0, APIC 0 */
		1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,  /* I/O APIC 0, from GSI 0 */
		2, 10, 0, 0, 2, 0, 0, 0, 0, 0,		    /* IRQ 0: pin 2 */
		2, 10, 0, 5, 5, 0, 0, 0, 0x0d, 0,	    /* level */
		2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0,	    /* the SCI */
		2, 10, 0, 10, 10, 0, 0, 0, 0x0d, 0,
		2, 10, 0, 11, 11, 0, 0, 0, 0x0d, 0,
		4, 6, 0xff, 0, 0, 1,			    /* NMI: LINT1 */
	};
	const u8 *rsdt, *madt;

	used = acpi_tables_build(tables, sizeof(tables), gpa(BASE), true);
	rsdt = check_table(get32(tables + 16), "RSDT");
	ck_assert_uint_eq(get32(rsdt + 4), 44);
	fadt();
	madt = check_table(get32(rsdt + 40), "APIC");
	ck_assert_uint_eq(get32(madt + 4), 44 + sizeof(entries));
	ck_assert_uint_eq(get32(madt + 36), 0xfee00000);
	ck_assert_uint_eq(get32(madt + 40), 1);
	ck_assert_mem_eq(madt + 44, entries, sizeof(entries));
}
END_TEST

START_TEST(too_small_a_buffer_is_refused)
{
	ck_assert_int_eq(acpi_tables_build(tables, (u32)used - 1, gpa(BASE), false), -ENOSPC);
	ck_assert_int_eq(acpi_tables_build(tables, (u32)used, gpa(BASE), true), used);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("acpi_tables");
	TCase *tests = tcase_create("acpi_tables");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, rsdp_comes_first_and_adds_up);
	tcase_add_test(tests, rsdt_lists_the_fadt_alone);
	tcase_add_test(tests, facs_is_aligned_and_needs_no_checksum);
	tcase_add_test(tests, dsdt_defines_soft_off);
	tcase_add_test(tests, fadt_names_the_ports_of_the_machine);
	tcase_add_test(tests, with_apics_there_is_a_madt);
	tcase_add_test(tests, too_small_a_buffer_is_refused);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
