/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of arch/x86/cpu/acpi.c on tables built here, whole and broken. */
#include "arch/x86/cpu/acpi.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define BASE 0x7fe0000u
#define RSDT 0x100
#define FADT 0x200
#define DSDT 0x400
#define MEMORY_SIZE 0x1000

static u8 memory[MEMORY_SIZE];
static u8 rsdp[36];
static struct acpi_power_off found;

static void put32(u8 *at, u32 value)
{
	for (u32 i = 0; i < 4; i++)
		at[i] = (u8)(value >> (8 * i));
}

static const void *map(hpa_t address, u32 size)
{
	u64 offset = address.v - BASE;

	return offset < MEMORY_SIZE && size <= MEMORY_SIZE - offset ? memory + offset : NULL;
}

static void seal(u32 table, const char *signature, u32 size)
{
	u8 sum = 0;

	memcpy(memory + table, signature, 4);
	put32(memory + table + 4, size);
	memory[table + 9] = 0;
	for (u32 i = 0; i < size; i++)
		sum = (u8)(sum + memory[table + i]);
	memory[table + 9] = (u8)-sum;
}

static void set_s5(const char *aml, u32 size)
{
	memset(memory + DSDT, 0, 0x200);
	memcpy(memory + DSDT + 40, aml, size);
	seal(DSDT, "DSDT", 40 + size + 4);
}
#define SET_S5(aml) set_s5(aml, sizeof(aml) - 1)

static void setup(void)
{
	memset(memory, 0, sizeof(memory));
	memset(rsdp, 0, sizeof(rsdp));
	memcpy(rsdp, "RSD PTR ", 8);
	put32(rsdp + 16, BASE + RSDT);
	put32(memory + RSDT + 36, BASE + DSDT); /* some other table first */
	put32(memory + RSDT + 40, BASE + FADT);
	seal(RSDT, "RSDT", 44);
	put32(memory + FADT + 40, BASE + DSDT);
	put32(memory + FADT + 48, 0xb2);
	memory[FADT + 52] = 0xa0;
	put32(memory + FADT + 64, 0x604);
	seal(FADT, "FACP", 116);
	SET_S5("\x08_S5_\x12\x06\x04\x0a\x05\x0a\x07\x00\x00");
}

START_TEST(registers_and_values_are_found)
{
	ck_assert(acpi_find_power_off(rsdp, map, &found));
	ck_assert_uint_eq(found.pm1a_control, 0x604);
	ck_assert_uint_eq(found.pm1b_control, 0);
	ck_assert_uint_eq(found.sleep_a, 5 << 10 | BIT(13));
	ck_assert_uint_eq(found.sleep_b, 7 << 10 | BIT(13));
	ck_assert_uint_eq(found.smi_command, 0xb2);
	ck_assert_uint_eq(found.acpi_enable, 0xa0);
}
END_TEST

START_TEST(extended_table_is_used_where_the_pointer_has_one)
{
	rsdp[15] = 2;
	put32(rsdp + 16, 0);
	put32(rsdp + 24, BASE + 0x800);
	put32(memory + 0x800 + 36, BASE + FADT);
	seal(0x800, "XSDT", 44);
	ck_assert(acpi_find_power_off(rsdp, map, &found));
}
END_TEST

START_TEST(name_with_a_root_prefix_and_long_length_is_found)
{
	SET_S5("xx\x08\\_S5_\x12\x46\x00\x04\x01\x00\x00\x00");
	ck_assert(acpi_find_power_off(rsdp, map, &found));
	ck_assert_uint_eq(found.sleep_a, 1 << 10 | BIT(13));
	ck_assert_uint_eq(found.sleep_b, BIT(13));
}
END_TEST

START_TEST(what_only_looks_like_the_name_is_passed_over)
{
	SET_S5("_S5_\x12\x06\x04\x0a\x05\x0a\x05\x00\x00");
	ck_assert(!acpi_find_power_off(rsdp, map, &found));
}
END_TEST

START_TEST(package_cut_off_by_the_end_of_the_table_is_refused)
{
	memory[DSDT + 4] = 0;
	SET_S5("\x08_S5_");
	memory[DSDT + 45] = 0x12;
	seal(DSDT, "DSDT", 46);
	ck_assert(!acpi_find_power_off(rsdp, map, &found));
}
END_TEST

START_TEST(wrong_checksum_is_refused)
{
	memory[DSDT + 100]++;
	memory[FADT + 100]++;
	ck_assert(!acpi_find_power_off(rsdp, map, &found));
}
END_TEST

START_TEST(without_tables_there_is_no_answer)
{
	ck_assert(!acpi_find_power_off(NULL, map, &found));
	memset(memory, 0, sizeof(memory));
	ck_assert(!acpi_find_power_off(rsdp, map, &found));
}
END_TEST

START_TEST(random_damage_is_harmless)
{
	srand(1);
	for (u32 round = 0; round < 20000; round++) {
		setup();
		for (u32 i = 0; i < 3; i++)
			memory[rand() % 0x500] = (u8)rand();
		/* Damage that the checksum does not show. */
		for (u32 table = RSDT; table <= DSDT; table *= 2) {
			u32 size = memory[table + 4] | (u32)memory[table + 5] << 8;
			char signature[4];

			memcpy(signature, memory + table, 4);
			if (size >= 36 && table + size <= MEMORY_SIZE)
				seal(table, signature, size);
		}
		acpi_find_power_off(rsdp, map, &found);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("acpi");
	TCase *tests = tcase_create("acpi");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, registers_and_values_are_found);
	tcase_add_test(tests, extended_table_is_used_where_the_pointer_has_one);
	tcase_add_test(tests, name_with_a_root_prefix_and_long_length_is_found);
	tcase_add_test(tests, what_only_looks_like_the_name_is_passed_over);
	tcase_add_test(tests, package_cut_off_by_the_end_of_the_table_is_refused);
	tcase_add_test(tests, wrong_checksum_is_refused);
	tcase_add_test(tests, without_tables_there_is_no_answer);
	tcase_add_test(tests, random_damage_is_harmless);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
