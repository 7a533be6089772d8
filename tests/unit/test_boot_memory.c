/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of arch/x86/boot/boot_memory.c against a map with one byte per page. */
#include "arch/x86/boot/boot_memory.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/boot/boot_info.h"

#define PAGES 1024 /* 4 MB: tests stay below */

static struct boot_info info;
static u8 given[PAGES];

static void setup(void)
{
	memset(&info, 0, sizeof(info));
	memset(given, 0, sizeof(given));
}

static void give(hpa_t start, u64 size)
{
	ck_assert(IS_ALIGNED(start.v, (u64)PAGE_SIZE) && IS_ALIGNED(size, (u64)PAGE_SIZE));
	ck_assert_uint_gt(size, 0);
	for (u64 at = start.v; at < start.v + size; at += PAGE_SIZE)
		given[at / PAGE_SIZE]++;
}

static void add(u64 start, u64 end, u32 type)
{
	info.memory[info.memory_count++] = (struct boot_memory){ start, end - start, type };
}

static void expect(u32 first, u32 end)
{
	for (u32 page = 0; page < PAGES; page++)
		if (given[page] != (page >= first && page < end))
			ck_abort_msg("page %u given %u times", page, given[page]);
}

START_TEST(low_memory_and_the_limit_are_respected)
{
	add(0, 4 * MIB, BOOT_MEMORY_RAM);
	boot_memory_free(&info, NULL, 0, 3 * MIB, give);
	expect(256, 768);
	ck_assert_uint_eq(boot_memory_total(&info), 4 * MIB);
}
END_TEST

START_TEST(partial_pages_are_left_out_of_ram_and_taken_by_holes)
{
	struct boot_hole hole = { 2 * MIB - 1, 2 * MIB - 1 + PAGE_SIZE };

	add(MIB + 1, 2 * MIB + PAGE_SIZE + 5, BOOT_MEMORY_RAM);
	boot_memory_free(&info, &hole, 1, ~0ull, give);
	expect(257, 511);
}
END_TEST

START_TEST(overlapping_ranges_are_given_once_and_reserved_wins)
{
	add(MIB, 3 * MIB, BOOT_MEMORY_RAM);
	add(2 * MIB, 3 * MIB, BOOT_MEMORY_RAM);
	add(MIB, 3 * MIB, BOOT_MEMORY_RAM);
	add(2 * MIB + MIB / 2, 4 * MIB, BOOT_MEMORY_RESERVED);
	boot_memory_free(&info, NULL, 0, ~0ull, give);
	expect(256, 640);
}
END_TEST

static u64 random_address(void)
{
	return (u64)rand() % (4 * MIB);
}

START_TEST(random_maps_agree_with_a_page_map)
{
	const char *seed = getenv("SEED");

	printf("SEED=%s\n", seed ? seed : "1");
	srand(seed ? (unsigned int)strtoul(seed, NULL, 0) : 1);
	for (u32 round = 0; round < 2000; round++) {
		struct boot_hole holes[3];
		bool ram[PAGES] = { 0 }, blocked[PAGES] = { 0 };

		setup();
		for (u32 i = 0; i < 5; i++) {
			u64 start = random_address();
			u64 end = start + (4 * MIB - start) * ((u64)rand() % 100) / 100;

			add(start, end, rand() % 3 ? BOOT_MEMORY_RAM : BOOT_MEMORY_NVS);
		}
		for (u32 i = 0; i < 3; i++) {
			holes[i].start = random_address();
			holes[i].end = holes[i].start + (u64)rand() % 100000;
		}
		for (u64 page = 0; page < PAGES; page++) {
			u64 a = page * PAGE_SIZE, b = a + PAGE_SIZE;

			blocked[page] = a < MIB;
			for (u32 i = 0; i < 5; i++) {
				u64 s = info.memory[i].start, e = s + info.memory[i].size;

				if (info.memory[i].type == BOOT_MEMORY_RAM)
					ram[page] |= s <= a && b <= e;
				else
					blocked[page] |= s < b && a < e && s < e;
			}
			for (u32 i = 0; i < 3; i++)
				blocked[page] |= holes[i].start < b && a < holes[i].end &&
						 holes[i].start < holes[i].end;
		}
		boot_memory_free(&info, holes, 3, ~0ull, give);
		for (u32 page = 0; page < PAGES; page++)
			if (given[page] != (ram[page] && !blocked[page]))
				ck_abort_msg("round %u page %u", round, page);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot_memory");
	TCase *tests = tcase_create("boot_memory");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, low_memory_and_the_limit_are_respected);
	tcase_add_test(tests, partial_pages_are_left_out_of_ram_and_taken_by_holes);
	tcase_add_test(tests, overlapping_ranges_are_given_once_and_reserved_wins);
	tcase_add_test(tests, random_maps_agree_with_a_page_map);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
