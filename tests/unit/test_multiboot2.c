/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hv/load/multiboot2.c, and what multiboot.c does for it alone: tags of the header and of the
 * information structure, by the numbers of the specification, and images that may be moved.  The
 * last test spoils headers at random; SEED=n repeats a run.
 */
#include "hv/load/multiboot.h"

#include "tests/unit/multiboot_rig.h"

#define REQUIRED 0u
#define OPTIONAL 0x10000u

static u32 header_end; /* where the next tag of the header goes */

/* Length and checksum. */
static void mend(void)
{
	u32 architecture, length;

	memcpy(&architecture, file + RIG_HEADER + 4, 4);
	memcpy(&length, file + RIG_HEADER + 8, 4);
	image_put(file, RIG_HEADER, 4, 0xe85250d6);
	image_put(file, RIG_HEADER + 12, 4, (u32)-(0xe85250d6 + architecture + length));
}

static void add_tag(u32 type, u32 size, const u32 *words)
{
	image_put(file, header_end, 4, type);
	image_put(file, header_end + 4, 4, size);
	for (u32 i = 0; words && i < (size - 8) / 4; i++)
		image_put(file, header_end + 8 + i * 4, 4, words[i]);
	header_end += ALIGN_UP(size, 8);
	image_put(file, header_end, 4, 0);
	image_put(file, header_end + 4, 4, 8);
	image_put(file, RIG_HEADER + 8, 4, header_end + 8 - RIG_HEADER);
	mend();
}

static void setup(void)
{
	rig_setup();
	header_end = RIG_HEADER + 16;
	memset(file + RIG_HEADER, 0, 16);
	add_tag(6, 8, NULL); /* modules on pages */
}

static void again(void)
{
	rig_teardown();
	setup();
}

static void add_relocatable(u32 lowest, u32 highest, u32 align, u32 preference)
{
	const u32 words[] = { lowest, highest, align, preference };

	add_tag(10, 24, words);
}

/* Load address and the like; @entry 0: no entry tag. */
static void add_addresses(u32 header, u32 load, u32 load_end, u32 bss_end, u32 entry)
{
	const u32 words[] = { header, load, load_end, bss_end };

	add_tag(2, 24, words);
	if (entry)
		add_tag(3, 12, &entry);
}

/* The information's tag of @type, the @skip-th after; 0 if there is none.  Looks at all of them. */
static u32 find_tag(u32 type, u32 skip)
{
	u32 info = cpu.gpr[REG_EBX], at = info + 8, found = 0;

	ck_assert_uint_eq(info & 7, 0);
	while (guest(at) || guest(at + 4) != 8) {
		ck_assert_uint_ge(guest(at + 4), 8);
		if (guest(at) == type && !found && !skip--)
			found = at;
		at = ALIGN_UP(at + guest(at + 4), 8);
		ck_assert_uint_lt(at, info + guest(info));
	}
	ck_assert_uint_eq(at + 8, info + guest(info));
	ck_assert_uint_eq(guest(info + 4), 0);
	return found;
}

START_TEST(an_elf_kernel_is_entered_with_the_information)
{
	u32 tag;

	strcpy(config.append, "root=device:hd0 quiet");
	ck_assert_int_eq(rig_load(), 0);
	check_entry_state(ELF_ENTRY, 0x36d76289);
	ck_assert(guest_has(0x100000, file + 0x400, 0x800));
	ck_assert(guest_has_text(find_tag(1, 0) + 8, "root=device:hd0 quiet"));
	ck_assert(guest_has_text(find_tag(2, 0) + 8, "Romulus"));
	ck_assert_uint_eq(guest(find_tag(4, 0) + 8), 639);
	ck_assert_uint_eq(guest(find_tag(4, 0) + 12), 15 * KIB);
	tag = find_tag(6, 0);
	ck_assert_uint_eq(guest(tag + 8), 24);
	ck_assert_uint_eq(guest(tag + 12), 0);
	check_memory_map(tag + 16, (guest(tag + 4) - 16) / 24, 24);
	tag = find_tag(9, 0);
	ck_assert_uint_eq(guest(tag + 4), 20 + 3 * 40);
	ck_assert_uint_eq(guest(tag + 8), 3);
	ck_assert_uint_eq(guest(tag + 12), 40);
	ck_assert_uint_eq(guest(tag + 16), 2);
	check_sections(tag + 20, RIG_END);
	ck_assert_uint_eq(find_tag(3, 0) | find_tag(21, 0), 0);
}
END_TEST

START_TEST(modules_have_a_tag_each)
{
	u32 tag;

	rig_module_line("first a=1");
	rig_module_line("second");
	ck_assert_int_eq(rig_load(), 0);
	tag = find_tag(3, 0);
	ck_assert_uint_eq(guest(tag + 8), RIG_END);
	ck_assert_uint_eq(guest(tag + 12), RIG_END + sizeof(first));
	ck_assert(guest_has_text(tag + 16, "a=1"));
	ck_assert(guest_has(RIG_END, first, sizeof(first)));
	tag = find_tag(3, 1);
	ck_assert_uint_eq(guest(tag + 8), RIG_END + 0x2000);
	ck_assert(guest_has_text(tag + 16, ""));
	ck_assert_uint_eq(find_tag(3, 2), 0);
}
END_TEST

START_TEST(the_root_pointer_is_copied)
{
	static const u8 rsdp[20] = "RSD PTR \x12ROMULU\0\x40";

	ck_assert(gmem_load(gmem, gpa(BIOS_ACPI), rsdp, sizeof(rsdp)));
	ck_assert_int_eq(rig_load(), 0);
	ck_assert_uint_eq(guest(find_tag(14, 0) + 4), 28);
	ck_assert(guest_has(find_tag(14, 0) + 8, rsdp, sizeof(rsdp)));
}
END_TEST

START_TEST(version_2_goes_before_version_1)
{
	u32 at = header_end + 8;

	image_put(file, at, 4, 0x1badb002);
	image_put(file, at + 4, 4, 0);
	image_put(file, at + 8, 4, (u32)-0x1badb002);
	ck_assert_int_eq(rig_load(), 0);
	ck_assert_uint_eq(cpu.gpr[REG_EAX], 0x36d76289);
	image_put(file, RIG_HEADER, 4, 0);
	ck_assert_int_eq(rig_load(), 0);
	ck_assert_uint_eq(cpu.gpr[REG_EAX], 0x2badb002);
}
END_TEST

START_TEST(address_and_entry_tags_count_more_than_elf)
{
	u32 entry = 0x100020;

	add_tag(3, 12, &entry);
	ck_assert_int_eq(rig_load(), 0);
	ck_assert_uint_eq(cpu.eip, 0x100020);
	add_addresses(RIG_HEADER_ADDRESS, 0x100000, 0x100800, 0x103000, 0x100123);
	ck_assert_int_eq(rig_load(), 0);
	ck_assert_uint_eq(cpu.eip, 0x100123);
	ck_assert(guest_has(0x100000, file + 0x400, 0x800));
	ck_assert_uint_eq(guest(0x100800), 0);
	ck_assert_uint_eq(find_tag(9, 0), 0);
}
END_TEST

START_TEST(a_load_address_of_minus_1_is_the_start_of_the_file)
{
	add_addresses(0x200000 + RIG_HEADER, 0xffffffff, 0, 0, 0x200400);
	ck_assert_int_eq(rig_load(), 0);
	ck_assert(guest_has(0x200000, file, RIG_SIZE));
	again();
	add_addresses(RIG_HEADER - 1, 0xffffffff, 0, 0, 0x200400);
	REFUSED(ENOEXEC, "has Multiboot address fields that load it from 0xffffffff with the header "
			 "at 0x43f; in the file the header is at 0x440");
}
END_TEST

START_TEST(a_relocatable_kernel_is_moved)
{
	add_relocatable(0x234567, 0xffffffff, 0x10000, 1);
	ck_assert_int_eq(rig_load(), 0);
	ck_assert_uint_eq(cpu.eip, ELF_ENTRY - 0x100000 + 0x240000);
	ck_assert(guest_has(0x240000, file + 0x400, 0x800));
	ck_assert(guest_has(0x248000, file + 0xc00, 0x300));
	ck_assert_uint_eq(guest(find_tag(21, 0) + 8), 0x240000);
	ck_assert_uint_eq(guest(0x100000), 0);
}
END_TEST

START_TEST(a_relocatable_kernel_may_prefer_the_top)
{
	rig_module_line("first");
	add_relocatable(0, 0xffffffff, 0x1000, 2);
	ck_assert_int_eq(rig_load(), 0);
	ck_assert_uint_eq(guest(find_tag(21, 0) + 8), RIG_MEMORY - 0xd000);
	ck_assert_uint_eq(guest(find_tag(3, 0) + 8), BIOS_HIGH);
	ck_assert(guest_has(BIOS_HIGH, first, sizeof(first)));
}
END_TEST

START_TEST(a_relocatable_kernel_may_be_linked_anywhere)
{
	elf_segment(file, 0, 0x400, 0, 0x800, 0x800);
	elf_segment(file, 1, 0xc00, 0x8000, 0x300, 0x5000);
	image_put(file, 24, 4, 0x10);
	add_relocatable(0, 0x3fffff, 0, 0);
	ck_assert_int_eq(rig_load(), 0);
	ck_assert_uint_eq(cpu.eip, 0x100010);
	ck_assert(guest_has(0x108000, file + 0xc00, 0x300));
	again();
	add_relocatable(0x200000, 0xffffffff, 0x1000, 1);
	add_addresses(0xf0000040, 0xf0000000, 0xf0000800, 0xf0001000, 0xf0000123);
	ck_assert_int_eq(rig_load(), 0);
	ck_assert_uint_eq(cpu.eip, 0x200123);
	ck_assert(guest_has(0x200000, file + 0x400, 0x800));
}
END_TEST

START_TEST(a_move_that_cannot_be_is_refused)
{
	add_relocatable(0x200000, 0x20cffe, 0x1000, 1);
	REFUSED(ENOSPC, "needs 53248 bytes within 0x200000 to 0x20cffe, aligned to 0x1000; the VM's "
			"memory for kernels is 0x100000 to 0x1000000");
	add_relocatable(0x200000, 0x20cfff, 0x1000, 2);
	ck_assert_int_eq(rig_load(), 0);
	ck_assert_uint_eq(cpu.eip, 0x200010);
	again();
	add_relocatable(0xfffff000, 0xffffffff, 0x80000000, 2);
	REFUSED(ENOSPC,
		"needs 53248 bytes within 0xfffff000 to 0xffffffff, aligned to 0x80000000; the VM's "
		"memory for kernels is 0x100000 to 0x1000000");
	add_relocatable(0x200000, 0xffffffff, 0x1001, 1);
	REFUSED(ENOEXEC, "has Multiboot 2 alignment 0x1001; expected a power of two");
}
END_TEST

START_TEST(what_is_required_and_unknown_is_refused)
{
	const u32 known[] = { 1, 6, 9, 14, 21, 10 }, unknown[] = { 6, 22 };

	add_tag(1, 32, known);
	ck_assert_int_eq(rig_load(), 0);
	add_tag(1 | OPTIONAL, 16, unknown);
	ck_assert_int_eq(rig_load(), 0);
	again();
	add_tag(1 | REQUIRED, 16, unknown);
	REFUSED(ENOEXEC,
		"requires Multiboot 2 information of type 22; known are 0 to 21");
	add_tag(11 | OPTIONAL, 8, NULL);
	ck_assert_int_eq(rig_load(), 0);
	again();
	add_tag(11 | REQUIRED, 8, NULL);
	REFUSED(ENOEXEC, "requires Multiboot 2 header tag 11, which is not known");
}
END_TEST

START_TEST(a_display_is_refused_only_if_required)
{
	const u32 mode[] = { 1024, 768, 32 };
	u32 flags = 2;

	add_tag(5 | OPTIONAL, 20, mode);
	add_tag(4 | REQUIRED, 12, &flags);
	flags = 3;
	add_tag(4 | OPTIONAL, 12, &flags);
	ck_assert_int_eq(rig_load(), 0);
	again();
	add_tag(4 | REQUIRED, 12, &flags);
	REFUSED(ENOEXEC,
		"requires a display (Multiboot 2 console flags 0x3), which VMs do not have");
	add_tag(5 | REQUIRED, 20, mode);
	REFUSED(ENOEXEC, "requires a display (Multiboot 2 framebuffer), which VMs do not have");
}
END_TEST

START_TEST(a_header_that_lies_is_refused)
{
	image_put(file, RIG_HEADER + 4, 4, 4);
	mend();
	REFUSED(ENOEXEC, "is for Multiboot 2 architecture 4; expected 0 (386)");
	image_put(file, RIG_HEADER + 8, 4, 0xfffffff8);
	mend();
	REFUSED(ENOEXEC, "has a Multiboot 2 header of 4294967288 bytes at 0x440; expected 16 to 7104");
	image_put(file, RIG_HEADER + 8, 4, 24);
	mend();
	REFUSED(ENOEXEC, "has a Multiboot 2 header without an end tag");
	image_put(file, RIG_HEADER + 16 + 4, 4, 0);
	REFUSED(ENOEXEC, "has Multiboot 2 header tag 6 of 0 bytes at 0x450; expected 8 to 16");
	image_put(file, RIG_HEADER + 16 + 4, 4, 0xffffffff);
	REFUSED(ENOEXEC,
		"has Multiboot 2 header tag 6 of 4294967295 bytes at 0x450; expected 8 to 16");
	add_tag(2, 16, NULL);
	REFUSED(ENOEXEC, "has Multiboot 2 header tag 2 of 16 bytes; expected 24");
	add_addresses(RIG_HEADER_ADDRESS, 0x100000, 0, 0, 0);
	REFUSED(ENOEXEC, "has a Multiboot 2 address tag without an entry address tag");
	add_addresses(RIG_HEADER_ADDRESS, 0x100000, 0, 0, 0x101c00);
	REFUSED(ENOEXEC, "has Multiboot entry address 0x101c00; expected one in the image, 0x100000 "
			 "to 0x101c00");
}
END_TEST

START_TEST(random_headers_load_or_are_refused)
{
	random_start("test_multiboot2");
	for (u32 round = 0; round < 1500; round++) {
		again();
		if (round & 1)
			add_relocatable(0x200000, 0xffffffff, 0x1000, round >> 1 & 1);
		if (round & 4)
			add_addresses(RIG_HEADER_ADDRESS, 0x100000, 0x100800, 0x103000, 0x100123);
		rig_module_line("first argument");
		if (round % 3)
			random_round(RIG_HEADER, header_end + 8, mend);
		else
			random_round(16, ELF_SEGMENT(2, 0), mend);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		an_elf_kernel_is_entered_with_the_information,
		modules_have_a_tag_each,
		the_root_pointer_is_copied,
		version_2_goes_before_version_1,
		address_and_entry_tags_count_more_than_elf,
		a_load_address_of_minus_1_is_the_start_of_the_file,
		a_relocatable_kernel_is_moved,
		a_relocatable_kernel_may_prefer_the_top,
		a_relocatable_kernel_may_be_linked_anywhere,
		a_move_that_cannot_be_is_refused,
		what_is_required_and_unknown_is_refused,
		a_display_is_refused_only_if_required,
		a_header_that_lies_is_refused,
		random_headers_load_or_are_refused,
	};
	return rig_main("multiboot2", tests, ARRAY_SIZE(tests), setup);
}
