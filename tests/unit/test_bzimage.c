/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hv/load/bzimage.c: where a kernel goes, and what is refused and why.  The last test gives it
 * random headers; SEED=n repeats a run.
 */
#include "hv/load/bzimage.h"

#include <check.h>
#include <stdio.h>
#include <time.h>

#include "hv/lib/err.h"
#include "hv/load/bios.h"
#include "tests/fake/fake.h"
#include "tests/unit/images.h"

#define MEMORY_END (64u * MIB)

static u8 image_bytes[BZ_SIZE];
static struct kernel_image image;

static void setup(void)
{
	make_bzimage(image_bytes);
}

static int parse_size(size_t size, u32 memory_end)
{
	struct module module = image_module("k", image_bytes, size);
	struct load_place place = { "linux", &module, memory_end, false };
	int error;

	fake_reset();
	memset(&image, 0xa5, sizeof(image));
	error = bzimage_recognise(&module) ? bzimage_parse(&place, &image) : -1000;
	ck_assert_int_eq(error != 0 && error != -1000, fake_log()[0] != 0);
	free((void *)module.data);
	return error;
}

static int parse(void)
{
	return parse_size(BZ_SIZE, MEMORY_END);
}

#define REFUSED(error, message)                                                                    \
	do {                                                                                       \
		ck_assert_int_eq(parse(), -(error));                                               \
		ck_assert_str_eq(fake_log(), "vm 'linux': kernel 'k' " message "\n");              \
		setup();                                                                           \
	} while (0)

START_TEST(relocatable_kernel_goes_where_it_prefers)
{
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.setup_bytes, BZ_SETUP);
	ck_assert_uint_eq(image.image_bytes, BZ_BODY);
	ck_assert_uint_eq(image.load_address, BZ_PREFERRED);
	ck_assert_uint_eq(image.entry, BZ_PREFERRED);
	ck_assert_uint_eq(image.end, BZ_PREFERRED + BZ_INIT_SIZE);
	ck_assert_uint_eq(image.initrd_end, 0x38000000u < MEMORY_END ? 0x38000000u : MEMORY_END);
	ck_assert_uint_eq(image.command_max, 2047);
}
END_TEST

START_TEST(preferred_address_is_aligned_and_never_below_1_mb)
{
	image_put(image_bytes, 0x258, 8, 0x1000001);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.load_address, 0x2000000);
	image_put(image_bytes, 0x258, 8, 0);
	image_put(image_bytes, 0x230, 4, 0x1000);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.load_address, BIOS_HIGH);
}
END_TEST

START_TEST(fixed_kernel_goes_to_1_mb_and_needs_the_place_it_moves_to)
{
	image_put(image_bytes, 0x234, 1, 0);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.load_address, BIOS_HIGH);
	ck_assert_uint_eq(image.end, BZ_PREFERRED + BZ_INIT_SIZE);
	ck_assert_int_eq(parse_size(BZ_SIZE, BZ_PREFERRED + BZ_INIT_SIZE), 0);
	ck_assert_int_eq(parse_size(BZ_SIZE, BZ_PREFERRED + BZ_INIT_SIZE - PAGE_SIZE), -ENOSPC);
}
END_TEST

START_TEST(old_protocols_have_old_limits)
{
	image_put(image_bytes, 0x206, 2, 0x209);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.load_address, BIOS_HIGH);
	ck_assert_uint_eq(image.end, BIOS_HIGH + BZ_BODY);
	image_put(image_bytes, 0x206, 2, 0x205);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.command_max, 255);
	image_put(image_bytes, 0x206, 2, 0x203);
	image_put(image_bytes, 0x22c, 4, 0x1ffffff);
	image_put(image_bytes, 0x1f4, 4, 1);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.initrd_end, 0x2000000);
	ck_assert_uint_eq(image.image_bytes, BZ_BODY); /* syssize is not to be used */
	image_put(image_bytes, 0x206, 2, 0x202);
	ck_assert_int_eq(parse_size(BZ_SIZE, 3072u * MIB), 0);
	ck_assert_uint_eq(image.initrd_end, 0x38000000);
}
END_TEST

START_TEST(initrd_limit_of_4_gb_does_not_wrap)
{
	image_put(image_bytes, 0x22c, 4, 0xffffffff);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.initrd_end, MEMORY_END);
}
END_TEST

START_TEST(setup_sects_0_means_4)
{
	image_put(image_bytes, 0x1f1, 1, 0);
	image_put(image_bytes, 0x1f4, 4, 16);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.setup_bytes, 5 * 512);
	ck_assert_uint_eq(image.image_bytes, 256);
}
END_TEST

START_TEST(a_file_shorter_than_its_header_says_is_truncated)
{
	ck_assert_int_eq(parse_size(BZ_SIZE - 15, MEMORY_END), 0); /* unpadded tail */
	ck_assert_uint_eq(image.image_bytes, BZ_BODY - 15);
	ck_assert_int_eq(parse_size(BZ_SIZE - 16, MEMORY_END), -ENOEXEC);
	ck_assert_str_eq(fake_log(),
			 "vm 'linux': kernel 'k' is truncated: setup says 9728 bytes, the "
			 "module has 9712\n");
	ck_assert_int_eq(parse_size(BZ_SETUP, MEMORY_END), -ENOEXEC);
	ck_assert_str_eq(fake_log(),
			 "vm 'linux': kernel 'k' is truncated: setup says 1536 bytes for "
			 "itself, the module has 1536\n");
	ck_assert_int_eq(parse_size(0x206, MEMORY_END), -ENOEXEC);
	ck_assert_int_eq(parse_size(0x205, MEMORY_END), -1000);
	ck_assert_int_eq(parse_size(0, MEMORY_END), -1000);
}
END_TEST

START_TEST(each_bad_field_has_its_message)
{
	image_put(image_bytes, 0x1fe, 2, 0x1234);
	REFUSED(ENOEXEC, "has boot flag 0x1234 at 0x1fe; expected 0xaa55");
	image_put(image_bytes, 0x206, 2, 0x201);
	REFUSED(ENOEXEC, "has boot protocol 2.01; expected 2.02 or later");
	image_put(image_bytes, 0x211, 1, 0x80);
	REFUSED(ENOEXEC, "is a zImage (loaded below 1 MB); expected a bzImage");
	image_put(image_bytes, 0x1f4, 4, 0);
	REFUSED(ENOEXEC, "is empty: setup says syssize 0");
	image_put(image_bytes, 0x1f4, 4, 0xffffffff);
	REFUSED(ENOEXEC, "is truncated: setup says 68719478256 bytes, the module has 9728");
	image_put(image_bytes, 0x1f1, 1, 255);
	REFUSED(ENOEXEC, "is truncated: setup says 131072 bytes for itself, the module has 9728");
	image_put(image_bytes, 0x230, 4, 0);
	REFUSED(ENOEXEC, "has kernel_alignment 0x0; expected a power of two");
	image_put(image_bytes, 0x230, 4, 0x3000);
	REFUSED(ENOEXEC, "has kernel_alignment 0x3000; expected a power of two");
}
END_TEST

START_TEST(a_kernel_that_needs_more_memory_than_there_is_is_refused)
{
	image_put(image_bytes, 0x260, 4, 0xffffffff);
	REFUSED(ENOSPC, "needs memory from 0x1000000 to 0x100ffffff; the VM's ends at 0x4000000");
	image_put(image_bytes, 0x258, 8, 0xfffffffffffffff0);
	REFUSED(ENOSPC, "needs memory from 0x100000000 to 0x100400000; the VM's ends at 0x4000000");
	image_put(image_bytes, 0x258, 8, 0xfffffffffffffff0);
	image_put(image_bytes, 0x234, 1, 0);
	REFUSED(ENOSPC, "needs memory from 0x100000 to 0x100400000; the VM's ends at 0x4000000");
	image_put(image_bytes, 0x230, 4, 0x80000000);
	REFUSED(ENOSPC, "needs memory from 0x80000000 to 0x80400000; the VM's ends at 0x4000000");
}
END_TEST

START_TEST(header_copy_ends_where_the_header_does)
{
	struct module module = { "k", image_bytes, BZ_SIZE };
	struct setup_header header;

	image_put(image_bytes, 0x201, 1, 0x36); /* to 238 */
	image_put(image_bytes, 0x238, 4, 0x55555555);
	bzimage_header(&module, &header);
	ck_assert_uint_eq(header.kernel_alignment, 0x1000000);
	ck_assert_uint_eq(header.cmdline_size, 0);
	ck_assert_uint_eq(header.init_size, 0);
	image_put(image_bytes, 0x201, 1, 0xff);
	bzimage_header(&module, &header);
	ck_assert_uint_eq(header.cmdline_size, 0x55555555);
}
END_TEST

START_TEST(the_body_is_copied_to_its_place_and_nothing_else)
{
	struct module module = { "k", image_bytes, BZ_SIZE };
	struct gmem *gmem;
	u8 out[BZ_BODY + 2];

	ck_assert_int_eq(parse(), 0);
	gmem = gmem_create(&fake_source);
	ck_assert_int_eq(bios_add_memory(gmem, 32 * MIB), 0);
	bzimage_place(&module, &image, gmem);
	ck_assert(gmem_read(gmem, gpa(BZ_PREFERRED - 1), out, sizeof(out)));
	ck_assert_uint_eq(out[0], 0);
	ck_assert_mem_eq(out + 1, image_bytes + BZ_SETUP, BZ_BODY);
	ck_assert_uint_eq(out[BZ_BODY + 1], 0);
	gmem_destroy(gmem);
	ck_assert_uint_eq(fake_outstanding(), 0);
}
END_TEST

static u32 seed;
static u32 random_u32(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8 ^ seed << 13;
}

START_TEST(random_headers_are_refused_or_fit)
{
	static const u32 extremes[] = { 0,	    1,		0x7fffffff, 0x80000000,
					0xffffffff, 0xfffffff0, 0x100000 };

	seed = getenv("SEED") ? (u32)strtoul(getenv("SEED"), NULL, 0) : (u32)time(NULL);
	printf("test_bzimage: SEED=%u\n", seed);
	for (u32 round = 0; round < 20000; round++) {
		u32 size = random_u32() % 4 ? BZ_SIZE : random_u32() % BZ_SIZE;

		setup();
		for (u32 i = random_u32() % 6; i > 0; i--) {
			u32 offset = 0x1f1 + random_u32() % (0x264 - 0x1f1);
			u32 value = random_u32() % 2
					    ? random_u32()
					    : extremes[random_u32() % ARRAY_SIZE(extremes)];

			image_put(image_bytes, offset, 1u << random_u32() % 3, value);
		}
		if (parse_size(size, MEMORY_END))
			continue;
		ck_assert(image.load_address >= BIOS_HIGH && image.entry == image.load_address);
		ck_assert((u64)image.load_address + image.image_bytes <= image.end);
		ck_assert(image.end <= MEMORY_END && image.initrd_end <= MEMORY_END);
		ck_assert((u64)image.setup_bytes + image.image_bytes <= size);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bzimage");
	TCase *tcase = tcase_create("bzimage");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, relocatable_kernel_goes_where_it_prefers);
	tcase_add_test(tcase, preferred_address_is_aligned_and_never_below_1_mb);
	tcase_add_test(tcase, fixed_kernel_goes_to_1_mb_and_needs_the_place_it_moves_to);
	tcase_add_test(tcase, old_protocols_have_old_limits);
	tcase_add_test(tcase, initrd_limit_of_4_gb_does_not_wrap);
	tcase_add_test(tcase, setup_sects_0_means_4);
	tcase_add_test(tcase, a_file_shorter_than_its_header_says_is_truncated);
	tcase_add_test(tcase, each_bad_field_has_its_message);
	tcase_add_test(tcase, a_kernel_that_needs_more_memory_than_there_is_is_refused);
	tcase_add_test(tcase, header_copy_ends_where_the_header_does);
	tcase_add_test(tcase, the_body_is_copied_to_its_place_and_nothing_else);
	tcase_add_test(tcase, random_headers_are_refused_or_fit);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
