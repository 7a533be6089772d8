/* SPDX-License-Identifier: GPL-2.0 */
/* Guest memory: backing by extents and pages, ROM and holes, flags, listeners, failure. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch.h"
#include "hv/core/gmem.h"
#include "tests/fake/fake.h"

#define LOW_RAM 0xa0000u

static struct gmem *gmem;
static u32 heard_count, heard_size;
static gpa_t heard_address;

/* A PC with 8 MB: low RAM, ROM at C0000, extended memory. */
static void setup(void)
{
	fake_reset();
	gmem = gmem_create(&fake_source);
	ck_assert_int_eq(gmem_add_ram(gmem, gpa(0), LOW_RAM), 0);
	ck_assert_int_eq(gmem_add_ram(gmem, gpa(0xc0000), 0x40000), 0);
	ck_assert_int_eq(gmem_protect_rom(gmem, gpa(0xc0000), 0x8000), 0);
	ck_assert_int_eq(gmem_add_ram(gmem, gpa(MIB), 7 * MIB), 0);
	heard_count = 0;
}

static void teardown(void)
{
	gmem_destroy(gmem);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

static void hear(void *opaque, gpa_t address, u32 size)
{
	ck_assert_ptr_eq(opaque, &heard_count);
	heard_count++;
	heard_address = address;
	heard_size = size;
}

START_TEST(types_follow_the_map)
{
	ck_assert_int_eq(gmem_type(gmem, gpa(0)), GMEM_RAM);
	ck_assert_int_eq(gmem_type(gmem, gpa(LOW_RAM - 1)), GMEM_RAM);
	ck_assert_int_eq(gmem_type(gmem, gpa(LOW_RAM)), GMEM_NONE);
	ck_assert_int_eq(gmem_type(gmem, gpa(0xc7fff)), GMEM_ROM);
	ck_assert_int_eq(gmem_type(gmem, gpa(0xc8000)), GMEM_RAM);
	ck_assert_int_eq(gmem_type(gmem, gpa(8 * MIB - 1)), GMEM_RAM);
	ck_assert_int_eq(gmem_type(gmem, gpa(8 * MIB)), GMEM_NONE);
	ck_assert_int_eq(gmem_type(gmem, gpa(0x100000000ull)), GMEM_NONE);
	ck_assert_int_eq(gmem_type(gmem, gpa(~0ull)), GMEM_NONE);
	ck_assert_uint_eq(gmem_ram_bytes(gmem), LOW_RAM + 0x38000 + 7 * MIB);
}
END_TEST

START_TEST(whole_extents_are_large)
{
	hpa_t large, page;

	ck_assert(!gmem_large_frame(gmem, gpa(MIB), &large));
	ck_assert(gmem_large_frame(gmem, gpa(5 * MIB), &large));
	ck_assert_uint_eq(large.v % LARGE_PAGE_SIZE, 0);
	ck_assert(gmem_frame(gmem, gpa(5 * MIB + 0x3123), &page));
	ck_assert_uint_eq(page.v, large.v + MIB + 0x3000);
}
END_TEST

START_TEST(a_flag_makes_its_extent_small)
{
	u32 generation = gmem_generation(gmem);
	hpa_t large;

	gmem_set_flags(gmem, gpa(5 * MIB), GMEM_TRACED, 0);
	ck_assert_uint_ne(gmem_generation(gmem), generation);
	ck_assert(!gmem_large_frame(gmem, gpa(4 * MIB), &large));
	gmem_set_flags(gmem, gpa(5 * MIB + 5), GMEM_CODE, 0);
	gmem_set_flags(gmem, gpa(5 * MIB), 0, GMEM_TRACED);
	ck_assert_uint_eq(gmem_flags(gmem, gpa(5 * MIB + 0xfff)), GMEM_CODE);
	ck_assert(!gmem_large_frame(gmem, gpa(4 * MIB), &large));
	generation = gmem_generation(gmem);
	gmem_set_flags(gmem, gpa(5 * MIB), 0, GMEM_CODE);
	ck_assert_uint_eq(gmem_generation(gmem), generation);
	ck_assert(gmem_large_frame(gmem, gpa(4 * MIB), &large));
}
END_TEST

START_TEST(holes_have_no_flags)
{
	gmem_set_flags(gmem, gpa(LOW_RAM), GMEM_TRACED, 0);
	gmem_set_flags(gmem, gpa(64 * MIB), GMEM_TRACED, 0);
	gmem_set_flags(gmem, gpa(BIT64(40)), GMEM_TRACED, 0);
	ck_assert_uint_eq(gmem_flags(gmem, gpa(LOW_RAM)), 0);
	ck_assert_uint_eq(gmem_flags(gmem, gpa(64 * MIB)), 0);
	ck_assert_uint_eq(gmem_flags(gmem, gpa(BIT64(40))), 0);
}
END_TEST

START_TEST(copies_cross_pages_and_stop_at_holes)
{
	u8 data[3 * PAGE_SIZE], back[3 * PAGE_SIZE];

	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7 + i / 256);
	ck_assert(gmem_write(gmem, gpa(2 * MIB - 5000), data, sizeof(data)));
	ck_assert(gmem_read(gmem, gpa(2 * MIB - 5000), back, sizeof(back)));
	ck_assert_mem_eq(data, back, sizeof(data));
	ck_assert(!gmem_write(gmem, gpa(LOW_RAM - 1), data, 2));
	ck_assert(!gmem_read(gmem, gpa(8 * MIB - 1), back, 2));
	ck_assert(!gmem_read(gmem, gpa(~0ull), back, 2));
	ck_assert(gmem_read(gmem, gpa(~0ull), back, 0));
}
END_TEST

START_TEST(rom_is_written_by_loaders_alone)
{
	u32 value = 0x1234, back = 0;

	ck_assert(!gmem_write(gmem, gpa(0xc0000), &value, 4));
	ck_assert(gmem_load(gmem, gpa(0xc0000), &value, 4));
	ck_assert(gmem_read(gmem, gpa(0xc0000), &back, 4));
	ck_assert_uint_eq(back, value);
	ck_assert_ptr_null(gmem_ptr(gmem, gpa(0xc0000), 4, true));
	ck_assert_ptr_nonnull(gmem_ptr(gmem, gpa(0xc0000), 4, false));
	ck_assert_ptr_null(gmem_ptr(gmem, gpa(0xffd), 4, false));
	ck_assert_ptr_nonnull(gmem_ptr(gmem, gpa(0xffc), 4, true));
}
END_TEST

START_TEST(rom_inside_a_large_extent_splits_it)
{
	hpa_t large, page;

	ck_assert(gmem_large_frame(gmem, gpa(6 * MIB), &large));
	ck_assert_int_eq(gmem_protect_rom(gmem, gpa(6 * MIB), PAGE_SIZE), 0);
	ck_assert(!gmem_large_frame(gmem, gpa(6 * MIB), &page));
	ck_assert(gmem_frame(gmem, gpa(6 * MIB + 0x5000), &page));
	ck_assert_uint_eq(page.v, large.v + 0x5000);
	ck_assert_int_eq(gmem_type(gmem, gpa(6 * MIB)), GMEM_ROM);
	ck_assert_int_eq(gmem_protect_rom(gmem, gpa(8 * MIB - PAGE_SIZE), 2 * PAGE_SIZE), -EINVAL);
}
END_TEST

START_TEST(the_listener_hears_writes_to_its_flag)
{
	u32 value = 0;

	gmem_listen(gmem, GMEM_TRACED, hear, &heard_count);
	ck_assert(gmem_write(gmem, gpa(0x5ffc), &value, 4));
	ck_assert_uint_eq(heard_count, 0);
	gmem_set_flags(gmem, gpa(0x6000), GMEM_TRACED, 0);
	ck_assert(gmem_write(gmem, gpa(0x5ffe), &value, 4));
	ck_assert_uint_eq(heard_count, 1);
	ck_assert_uint_eq(heard_address.v, 0x6000);
	ck_assert_uint_eq(heard_size, 2);
	gmem_written_for(gmem, gpa(0x6000), 4, GMEM_CODE);
	ck_assert_uint_eq(heard_count, 1);
	gmem_set_flags(gmem, gpa(0x6000), GMEM_CODE, GMEM_TRACED);
	gmem_written(gmem, gpa(0x6000), 4);
	ck_assert_uint_eq(heard_count, 1);
}
END_TEST

START_TEST(adding_twice_is_refused)
{
	u64 before = gmem_ram_bytes(gmem);

	ck_assert_int_eq(gmem_add_ram(gmem, gpa(7 * MIB), 2 * MIB), -EEXIST);
	ck_assert_int_eq(gmem_add_ram(gmem, gpa(0xfffff000), 0x2000), -EINVAL);
	ck_assert_int_eq(gmem_add_ram(gmem, gpa(0x1000), ~0xfffull), -EINVAL);
	ck_assert_uint_eq(gmem_ram_bytes(gmem), before);
	ck_assert_int_eq(gmem_type(gmem, gpa(8 * MIB)), GMEM_NONE);
}
END_TEST

/* [3 MB - 12 KB, 8 MB + 4 KB): partial, two whole extents, partial. */
START_TEST(failure_at_any_allocation_adds_nothing)
{
	u32 before = 0, n;
	u64 overhead = 0;

	gmem_destroy(gmem);
	gmem = gmem_create(&fake_source);
	before = fake_outstanding();
	overhead = gmem_overhead_bytes(gmem);
	for (n = 1;; n++) {
		int error;

		fake_fail_allocation(n);
		error = gmem_add_ram(gmem, gpa(4 * MIB - 3 * PAGE_SIZE), 4 * MIB + 4 * PAGE_SIZE);
		fake_fail_allocation(0);
		if (!error)
			break;
		/* A large extent that cannot be had is not a failure: small pages serve. */
		ck_assert_int_eq(error, -ENOMEM);
		ck_assert_uint_eq(fake_outstanding(), before);
		ck_assert_uint_eq(gmem_overhead_bytes(gmem), overhead);
		ck_assert_uint_eq(gmem_ram_bytes(gmem), 0);
	}
	ck_assert_uint_gt(n, 5);
	ck_assert_uint_eq(gmem_ram_bytes(gmem), 4 * MIB + 4 * PAGE_SIZE);
}
END_TEST

static bool no_large(void *opaque, hpa_t *frame)
{
	(void)opaque;
	(void)frame;
	return false;
}

START_TEST(without_large_extents_small_pages_serve)
{
	struct gmem_source source = fake_source;
	struct gmem *small;
	u32 value = 77, back = 0;
	hpa_t frame;

	source.alloc_large = no_large;
	small = gmem_create(&source);
	ck_assert_int_eq(gmem_add_ram(small, gpa(0), 4 * MIB), 0);
	ck_assert(!gmem_large_frame(small, gpa(0), &frame));
	ck_assert(gmem_write(small, gpa(4 * MIB - 4), &value, 4));
	ck_assert(gmem_read(small, gpa(4 * MIB - 4), &back, 4));
	ck_assert_uint_eq(back, 77);
	gmem_destroy(small);
}
END_TEST

START_TEST(overhead_is_a_few_bytes_per_extent)
{
	ck_assert_uint_lt(gmem_overhead_bytes(gmem), 24 * KIB + 4 * 600 + 2100);
	ck_assert_int_eq(gmem_add_ram(gmem, gpa(16 * MIB), 64 * MIB), 0);
	ck_assert_uint_lt(gmem_overhead_bytes(gmem), 24 * KIB + 36 * 600 + 2100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gmem");
	TCase *tcase = tcase_create("gmem");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, types_follow_the_map);
	tcase_add_test(tcase, whole_extents_are_large);
	tcase_add_test(tcase, a_flag_makes_its_extent_small);
	tcase_add_test(tcase, holes_have_no_flags);
	tcase_add_test(tcase, copies_cross_pages_and_stop_at_holes);
	tcase_add_test(tcase, rom_is_written_by_loaders_alone);
	tcase_add_test(tcase, rom_inside_a_large_extent_splits_it);
	tcase_add_test(tcase, the_listener_hears_writes_to_its_flag);
	tcase_add_test(tcase, adding_twice_is_refused);
	tcase_add_test(tcase, failure_at_any_allocation_adds_nothing);
	tcase_add_test(tcase, without_large_extents_small_pages_serve);
	tcase_add_test(tcase, overhead_is_a_few_bytes_per_extent);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
