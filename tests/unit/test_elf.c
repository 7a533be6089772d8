/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hv/load/elf.c: which ELF files are loaded and where, and that hostile headers are refused with
 * the line that says why.  The last test gives it random headers; SEED=n repeats a run.
 */
#include "hv/load/elf.h"

#include <check.h>
#include <stdio.h>
#include <time.h>

#include "hv/lib/err.h"
#include "hv/load/bios.h"
#include "tests/fake/fake.h"
#include "tests/unit/images.h"

#define MEMORY_END (16u * MIB)

static u8 file[ELF_SIZE];
static struct kernel_image image;

static void setup(void)
{
	make_elf(file);
}

static int parse_size(size_t size)
{
	struct module module = image_module("k", file, size);
	struct load_place place = { "linux", &module, MEMORY_END, false };
	int error;

	fake_reset();
	memset(&image, 0xa5, sizeof(image));
	error = elf_recognise(&module) ? elf_parse(&place, &image) : -1000;
	ck_assert_int_eq(error != 0 && error != -1000, fake_log()[0] != 0);
	free((void *)module.data);
	return error;
}

#define REFUSED(error, message)                                                                    \
	do {                                                                                       \
		ck_assert_int_eq(parse_size(ELF_SIZE), -(error));                                  \
		ck_assert_str_eq(fake_log(), "vm 'linux': kernel 'k' " message "\n");              \
		setup();                                                                           \
	} while (0)

START_TEST(a_vmlinux_is_understood)
{
	ck_assert_int_eq(parse_size(ELF_SIZE), 0);
	ck_assert_uint_eq(image.entry, ELF_ENTRY);
	ck_assert_uint_eq(image.end, 0x10d000);
	ck_assert_uint_eq(image.setup_bytes, 0);
	ck_assert_uint_eq(image.command_max, 2047);
	ck_assert_uint_eq(image.initrd_end, MEMORY_END);
}
END_TEST

START_TEST(other_program_headers_are_ignored)
{
	image_put(file, 44, 2, 4);
	elf_segment(file, 2, 0xffffffff, 0, 0xffffffff, 0xffffffff);
	image_put(file, ELF_SEGMENT(2, ELF_TYPE), 4, 4);    /* a note */
	elf_segment(file, 3, 0xffffffff, 0, 0xffffffff, 0); /* nothing to load */
	ck_assert_int_eq(parse_size(ELF_SIZE), 0);
}
END_TEST

START_TEST(a_virtual_entry_point_is_translated)
{
	image_put(file, 24, 4, 0xc0000000u + 0x108004);
	ck_assert_int_eq(parse_size(ELF_SIZE), 0);
	ck_assert_uint_eq(image.entry, 0x108004);
}
END_TEST

START_TEST(segments_are_copied_and_the_rest_of_them_zeroed)
{
	struct module module = { "k", file, ELF_SIZE };
	struct gmem *gmem;
	static u8 out[0x5002];

	fake_reset();
	gmem = gmem_create(&fake_source);
	ck_assert_int_eq(bios_add_memory(gmem, MEMORY_END), 0);
	memset(out, 0x5a, sizeof(out));
	ck_assert(gmem_load(gmem, gpa(0x107fff), out, sizeof(out)));
	elf_place(&module, 0, gmem);
	ck_assert(gmem_read(gmem, gpa(0x100000), out, 0x800));
	ck_assert_mem_eq(out, file + 0x400, 0x800);
	ck_assert(gmem_read(gmem, gpa(0x107fff), out, sizeof(out)));
	ck_assert_uint_eq(out[0], 0x5a);
	ck_assert_mem_eq(out + 1, file + 0xc00, 0x300);
	for (u32 i = 0x301; i <= 0x5000; i++)
		ck_assert_uint_eq(out[i], 0);
	ck_assert_uint_eq(out[0x5001], 0x5a);
	gmem_destroy(gmem);
	ck_assert_uint_eq(fake_outstanding(), 0);
}
END_TEST

START_TEST(wrong_kinds_of_file_are_named)
{
	image_put(file, 4, 1, 2);
	REFUSED(ENOEXEC, "is a 64-bit ELF file; expected a 32-bit one");
	image_put(file, 18, 2, 62);
	REFUSED(ENOEXEC, "is a 64-bit ELF file; expected a 32-bit one");
	image_put(file, 18, 2, 40);
	REFUSED(ENOEXEC,
		"is an ELF file of class 1, data 1, machine 40; expected 1, 1 and 3 (386)");
	image_put(file, 5, 1, 2);
	REFUSED(ENOEXEC, "is an ELF file of class 1, data 2, machine 3; expected 1, 1 and 3 (386)");
	image_put(file, 16, 2, 1);
	REFUSED(ENOEXEC, "is an ELF file of type 1; expected 2 (executable)");
}
END_TEST

START_TEST(a_bad_table_is_refused)
{
	image_put(file, 42, 2, 56);
	REFUSED(ENOEXEC, "has ELF program headers of 56 bytes; expected 32");
	image_put(file, 44, 2, 0);
	REFUSED(ENOEXEC, "has 0 ELF program headers; expected 1 to 32");
	image_put(file, 44, 2, 0xffff);
	REFUSED(ENOEXEC, "has 65535 ELF program headers; expected 1 to 32");
	image_put(file, 28, 4, 0xffffffe0);
	REFUSED(ENOEXEC, "is truncated: its ELF program headers end at 4294967328, the module has "
			 "4096 bytes");
	image_put(file, 28, 4, ELF_SIZE - 63);
	REFUSED(ENOEXEC,
		"is truncated: its ELF program headers end at 4097, the module has 4096 bytes");
}
END_TEST

START_TEST(a_bad_segment_is_refused)
{
	elf_segment(file, 1, 0xc00, 0x108000, 0x300, 0x2ff);
	REFUSED(ENOEXEC,
		"has ELF segment 1 with 768 bytes in the file and 767 in memory; expected no "
		"more than that");
	elf_segment(file, 1, 0xffffff00, 0x108000, 0x300, 0x300);
	REFUSED(ENOEXEC,
		"is truncated: ELF segment 1 ends at 4294967808, the module has 4096 bytes");
	elf_segment(file, 1, 0xc00, 0x108000, 0x401, 0x401);
	REFUSED(ENOEXEC, "is truncated: ELF segment 1 ends at 4097, the module has 4096 bytes");
	elf_segment(file, 1, 0xc00, 0xff000, 0x300, 0x300);
	REFUSED(ENOSPC, "has ELF segment 1 at 0xff000 to 0xff300; the VM's memory for kernels is "
			"0x100000 to 0x1000000");
	elf_segment(file, 1, 0xc00, 0xfff000, 0x300, 0x1001);
	REFUSED(ENOSPC,
		"has ELF segment 1 at 0xfff000 to 0x1000001; the VM's memory for kernels is "
		"0x100000 to 0x1000000");
	elf_segment(file, 1, 0xc00, 0xffffff00, 0x300, 0xffffffff);
	REFUSED(ENOSPC,
		"has ELF segment 1 at 0xffffff00 to 0x1fffffeff; the VM's memory for kernels "
		"is 0x100000 to 0x1000000");
	elf_segment(file, 1, 0xc00, 0x1007ff, 0x300, 0x300);
	REFUSED(ENOEXEC, "has ELF segments 0 and 1 that overlap at 0x1007ff");
	image_put(file, ELF_SEGMENT(0, ELF_TYPE), 4, 0);
	image_put(file, ELF_SEGMENT(1, ELF_TYPE), 4, 0);
	REFUSED(ENOEXEC, "has no ELF segment to load; expected PT_LOAD");
	image_put(file, 24, 4, 0x100800);
	REFUSED(ENOEXEC, "has ELF entry point 0x100800; expected one within a segment");
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	for (u32 size = 0; size < 0xc00 + 0x300; size++) {
		int error = parse_size(size);

		ck_assert_int_eq(error, size < 4 ? -1000 : -ENOEXEC);
		ck_assert(size < 4 || strstr(fake_log(), "is truncated"));
	}
	ck_assert_int_eq(parse_size(0xc00 + 0x300), 0);
}
END_TEST

static u32 seed;
static u32 random_u32(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8 ^ seed << 13;
}

START_TEST(random_headers_are_refused_or_can_be_placed)
{
	static const u32 extremes[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x108000, 0xfff };
	struct gmem *gmem;

	seed = getenv("SEED") ? (u32)strtoul(getenv("SEED"), NULL, 0) : (u32)time(NULL);
	printf("test_elf: SEED=%u\n", seed);
	for (u32 round = 0; round < 10000; round++) {
		u32 size = random_u32() % 4 ? ELF_SIZE : random_u32() % ELF_SIZE;
		struct module module;

		setup();
		if (random_u32() % 2)
			image_put(file, 44, 2, random_u32() % 9);
		for (u32 i = random_u32() % 5; i > 0; i--) {
			u32 offset = 16 + random_u32() % (ELF_SEGMENT(8, 0) - 20);
			u32 value = random_u32() % 2
					    ? random_u32()
					    : extremes[random_u32() % ARRAY_SIZE(extremes)];

			image_put(file, offset, 1u << random_u32() % 3, value);
		}
		if (parse_size(size))
			continue;
		ck_assert(image.entry >= BIOS_HIGH && image.entry < image.end);
		ck_assert(image.end <= MEMORY_END);
		if (round % 16)
			continue;
		module = image_module("k", file, size);
		gmem = gmem_create(&fake_source);
		ck_assert_int_eq(bios_add_memory(gmem, MEMORY_END), 0);
		elf_place(&module, 0, gmem);
		gmem_destroy(gmem);
		free((void *)module.data);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elf");
	TCase *tcase = tcase_create("elf");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, a_vmlinux_is_understood);
	tcase_add_test(tcase, other_program_headers_are_ignored);
	tcase_add_test(tcase, a_virtual_entry_point_is_translated);
	tcase_add_test(tcase, segments_are_copied_and_the_rest_of_them_zeroed);
	tcase_add_test(tcase, wrong_kinds_of_file_are_named);
	tcase_add_test(tcase, a_bad_table_is_refused);
	tcase_add_test(tcase, a_bad_segment_is_refused);
	tcase_add_test(tcase, every_truncation_is_refused);
	tcase_add_test(tcase, random_headers_are_refused_or_can_be_placed);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
