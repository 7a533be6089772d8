/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of arch/x86/boot/boot_info.c: lists as GRUB makes them, and lists that lie.  Each list ends at
 * the end of a heap block, so that AddressSanitizer sees any step beyond. */
#include "arch/x86/boot/boot_info.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "multiboot2.h"

#define LIST_MAX 16384

static u8 list[LIST_MAX] ALIGNED(8);
static u32 list_size;
static struct boot_info info;

static void put32(u32 offset, u32 value)
{
	memcpy(list + offset, &value, 4);
}

static void setup(void)
{
	memset(list, 0, sizeof(list));
	list_size = 8;
}

/* Append a tag with @size bytes of @payload; returns where it begins. */
static u32 add(u32 type, const void *payload, u32 size)
{
	u32 at = list_size;

	put32(at, type);
	put32(at + 4, 8 + size);
	memcpy(list + at + 8, payload, size);
	list_size = ALIGN_UP(at + 8 + size, 8u);
	return at;
}

static u32 add_text(u32 type, const char *text)
{
	return add(type, text, (u32)strlen(text) + 1);
}

static void add_module(u32 start, u32 end, const char *text)
{
	u8 payload[200];

	memcpy(payload, &start, 4);
	memcpy(payload + 4, &end, 4);
	strcpy((char *)payload + 8, text);
	add(MULTIBOOT_TAG_TYPE_MODULE, payload, 8 + (u32)strlen(text) + 1);
}

static u32 add_memory(u32 entry_size, u32 count, const struct multiboot_mmap_entry *entries)
{
	u8 payload[LIST_MAX / 2] = { 0 };

	memcpy(payload, &entry_size, 4);
	for (u32 i = 0; i < count; i++)
		memcpy(payload + 8 + i * entry_size, &entries[i], sizeof(*entries));
	return add(MULTIBOOT_TAG_TYPE_MMAP, payload, 8 + count * entry_size);
}

static void add_framebuffer(u8 type, u32 pitch, u32 width, u32 height, u8 bits)
{
	struct multiboot_tag_framebuffer tag = {
		.common = { .framebuffer_addr = 0xfd000000,
			    .framebuffer_pitch = pitch,
			    .framebuffer_width = width,
			    .framebuffer_height = height,
			    .framebuffer_bpp = bits,
			    .framebuffer_type = type },
	};

	tag.framebuffer_red_field_position = 16;
	tag.framebuffer_red_mask_size = 8;
	add(MULTIBOOT_TAG_TYPE_FRAMEBUFFER, (u8 *)&tag + 8, sizeof(tag) - 8);
}

static void finish(void)
{
	add(MULTIBOOT_TAG_TYPE_END, "", 0);
	put32(0, list_size);
}

/* Parse the first @size bytes of the list, from a block of exactly that size. */
static int parse(u32 size)
{
	static u8 *block;
	int result;

	free(block);
	block = malloc(size ? size : 1);
	memcpy(block, list, size);
	result = boot_info_parse(block, size, &info);
	ck_assert_ptr_nonnull(info.cmdline);
	ck_assert_ptr_nonnull(info.loader);
	return result;
}

START_TEST(everything_a_loader_says_is_found)
{
	static const struct multiboot_mmap_entry memory[] = {
		{ 0, 0x9fc00, MULTIBOOT_MEMORY_AVAILABLE, 0 },
		{ 0x100000, 0x7ee0000, MULTIBOOT_MEMORY_AVAILABLE, 0 },
		{ 0xfffc0000, 0x40000, MULTIBOOT_MEMORY_RESERVED, 0 },
	};
	u8 rsdp[20] = "RSD PTR ";

	add_text(MULTIBOOT_TAG_TYPE_CMDLINE, "log=info");
	add_text(MULTIBOOT_TAG_TYPE_BOOT_LOADER_NAME, "GRUB 2.06");
	add_module(0x200000, 0x234567, "romulus.conf");
	add_module(0x300000, 0x300000, "");
	add_memory(sizeof(memory[0]), 3, memory);
	add_framebuffer(MULTIBOOT_FRAMEBUFFER_TYPE_RGB, 3200, 800, 600, 32);
	add(MULTIBOOT_TAG_TYPE_ACPI_OLD, rsdp, sizeof(rsdp));
	add(MULTIBOOT_TAG_TYPE_EFI64, "12345678", 8);
	add(MULTIBOOT_TAG_TYPE_SMBIOS, "whatever", 8);
	finish();
	ck_assert_int_eq(parse(list_size), 0);
	ck_assert_str_eq(info.cmdline, "log=info");
	ck_assert_str_eq(info.loader, "GRUB 2.06");
	ck_assert_uint_eq(info.module_count, 2);
	ck_assert_uint_eq(info.modules[0].end, 0x234567);
	ck_assert_str_eq(info.modules[0].cmdline, "romulus.conf");
	ck_assert_uint_eq(info.memory_count, 3);
	ck_assert_uint_eq(info.memory[1].size, 0x7ee0000);
	ck_assert_int_eq(info.framebuffer.type, BOOT_SCREEN_RGB);
	ck_assert_uint_eq(info.framebuffer.red.position, 16);
	ck_assert_ptr_nonnull(info.rsdp);
	ck_assert(info.efi);
	ck_assert_uint_eq(info.bad_tags, 0);
	ck_assert_uint_eq(info.info_size, list_size);
}
END_TEST

START_TEST(list_may_be_cut_anywhere)
{
	static const struct multiboot_mmap_entry memory = { 0x100000, MIB, 1, 0 };
	u32 whole;

	add_text(MULTIBOOT_TAG_TYPE_CMDLINE, "a=b");
	add_module(1, 2, "m");
	add_memory(sizeof(memory), 1, &memory);
	add_framebuffer(MULTIBOOT_FRAMEBUFFER_TYPE_RGB, 3200, 800, 600, 32);
	finish();
	whole = list_size;
	for (u32 size = 0; size < whole; size++) {
		put32(0, whole); /* says more than there is */
		ck_assert_int_eq(parse(size), -22);
		put32(0, size); /* ends too early */
		if (size >= 8) {
			ck_assert_int_eq(parse(size), 0);
			ck_assert_uint_ge(info.bad_tags, 1);
		}
	}
}
END_TEST

START_TEST(absurd_total_size_is_refused)
{
	finish();
	put32(0, 0);
	ck_assert_int_eq(parse(list_size), -22);
	put32(0, 0xffffffff);
	ck_assert_int_eq(parse(list_size), -22);
}
END_TEST

START_TEST(tag_that_is_too_small_or_too_large_ends_the_list)
{
	static const u32 sizes[] = { 0, 7, 0x7fffffff, 0xffffffff, 0xfffffff9 };

	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
		u32 at;

		setup();
		add_text(MULTIBOOT_TAG_TYPE_CMDLINE, "first");
		at = add_text(MULTIBOOT_TAG_TYPE_BOOT_LOADER_NAME, "second");
		finish();
		put32(at + 4, sizes[i]);
		ck_assert_int_eq(parse(list_size), 0);
		ck_assert_str_eq(info.cmdline, "first");
		ck_assert_str_eq(info.loader, "");
		ck_assert_uint_eq(info.bad_tags, 1);
	}
}
END_TEST

START_TEST(text_without_end_is_not_used)
{
	add(MULTIBOOT_TAG_TYPE_CMDLINE, "12345678", 8);
	add(MULTIBOOT_TAG_TYPE_MODULE, "\1\0\0\0\2\0\0\0xxxxxxxx", 16);
	finish();
	ck_assert_int_eq(parse(list_size), 0);
	ck_assert_str_eq(info.cmdline, "");
	ck_assert_uint_eq(info.module_count, 0);
	ck_assert_uint_eq(info.bad_tags, 2);
}
END_TEST

START_TEST(module_that_ends_before_it_starts_is_not_used)
{
	add_module(0x2000, 0x1000, "backwards");
	finish();
	ck_assert_int_eq(parse(list_size), 0);
	ck_assert_uint_eq(info.module_count, 0);
	ck_assert_uint_eq(info.bad_tags, 1);
}
END_TEST

START_TEST(more_entries_than_we_have_room_for_are_counted)
{
	struct multiboot_mmap_entry entries[BOOT_MEMORY_MAX + 5] = { { 0, 1, 1, 0 } };

	for (u32 i = 0; i < BOOT_MODULES_MAX + 3; i++)
		add_module(i, i, "m");
	add_memory(sizeof(entries[0]), ARRAY_SIZE(entries), entries);
	finish();
	ck_assert_int_eq(parse(list_size), 0);
	ck_assert_uint_eq(info.module_count, BOOT_MODULES_MAX);
	ck_assert_uint_eq(info.memory_count, BOOT_MEMORY_MAX);
	ck_assert_uint_eq(info.lost_entries, 8);
}
END_TEST

START_TEST(memory_entries_may_be_longer_but_not_shorter)
{
	static const struct multiboot_mmap_entry entries[] = { { 0, 5, 1, 0 }, { 7, 9, 2, 0 } };
	u32 at = add_memory(32, 2, entries);

	finish();
	ck_assert_int_eq(parse(list_size), 0);
	ck_assert_uint_eq(info.memory_count, 2);
	ck_assert_uint_eq(info.memory[1].size, 9);
	for (u32 size = 0; size < 24; size++) {
		put32(at + 8, size);
		ck_assert_int_eq(parse(list_size), 0);
		ck_assert_uint_eq(info.memory_count, 0);
	}
}
END_TEST

START_TEST(memory_range_cannot_wrap)
{
	static const struct multiboot_mmap_entry entry = { ~0ull - 0xfff, ~0ull, 1, 0 };

	add_memory(sizeof(entry), 1, &entry);
	finish();
	parse(list_size);
	ck_assert(info.memory[0].start + info.memory[0].size >= info.memory[0].start);
}
END_TEST

START_TEST(absurd_framebuffer_is_not_used)
{
	add_framebuffer(MULTIBOOT_FRAMEBUFFER_TYPE_RGB, 10, 800, 600, 32);
	add_framebuffer(MULTIBOOT_FRAMEBUFFER_TYPE_RGB, 3200, 0, 600, 32);
	add_framebuffer(MULTIBOOT_FRAMEBUFFER_TYPE_RGB, 0xffffffff, 0x3fffffff, 600, 32);
	add_framebuffer(7, 3200, 800, 600, 32);
	finish();
	ck_assert_int_eq(parse(list_size), 0);
	ck_assert_int_eq(info.framebuffer.type, BOOT_SCREEN_NONE);
	ck_assert_uint_eq(info.bad_tags, 4);
}
END_TEST

START_TEST(newer_root_pointer_needs_its_full_size)
{
	u8 rsdp[36] = "RSD PTR ";

	rsdp[15] = 2;
	add(MULTIBOOT_TAG_TYPE_ACPI_NEW, rsdp, 20);
	finish();
	parse(list_size);
	ck_assert_ptr_null(info.rsdp);
	setup();
	add(MULTIBOOT_TAG_TYPE_ACPI_NEW, rsdp, 36);
	finish();
	parse(list_size);
	ck_assert_ptr_nonnull(info.rsdp);
}
END_TEST

START_TEST(random_lists_are_harmless)
{
	const char *seed = getenv("SEED");

	printf("SEED=%s\n", seed ? seed : "1");
	srand(seed ? (unsigned int)strtoul(seed, NULL, 0) : 1);
	for (u32 round = 0; round < 20000; round++) {
		u32 size = 8 + (u32)rand() % 200;

		for (u32 i = 0; i < size; i++)
			list[i] = (u8)(rand() % 4 ? rand() % 40 : rand());
		for (u32 at = 8; at + 8 <= size; at += 8)
			if (rand() % 2) {
				put32(at, (u32)rand() % 22);
				put32(at + 4, (u32)rand() % 64);
			}
		put32(0, size);
		parse(size);
	}
}
END_TEST

START_TEST(options_are_whole_words)
{
	char value[8];
	const char *line = "xlog=1 log=info  exit=isa-debug-exit quiet";

	ck_assert(boot_info_option(line, "log", value, sizeof(value)));
	ck_assert_str_eq(value, "info");
	ck_assert(boot_info_option(line, "exit", value, sizeof(value)));
	ck_assert_str_eq(value, "isa-deb");
	ck_assert(boot_info_option(line, "quiet", value, sizeof(value)));
	ck_assert_str_eq(value, "");
	ck_assert(!boot_info_option(line, "ex", value, sizeof(value)));
	ck_assert(!boot_info_option("", "log", value, sizeof(value)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot_info");
	TCase *tests = tcase_create("boot_info");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, everything_a_loader_says_is_found);
	tcase_add_test(tests, list_may_be_cut_anywhere);
	tcase_add_test(tests, absurd_total_size_is_refused);
	tcase_add_test(tests, tag_that_is_too_small_or_too_large_ends_the_list);
	tcase_add_test(tests, text_without_end_is_not_used);
	tcase_add_test(tests, module_that_ends_before_it_starts_is_not_used);
	tcase_add_test(tests, more_entries_than_we_have_room_for_are_counted);
	tcase_add_test(tests, memory_entries_may_be_longer_but_not_shorter);
	tcase_add_test(tests, memory_range_cannot_wrap);
	tcase_add_test(tests, absurd_framebuffer_is_not_used);
	tcase_add_test(tests, newer_root_pointer_needs_its_full_size);
	tcase_add_test(tests, random_lists_are_harmless);
	tcase_add_test(tests, options_are_whole_words);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
