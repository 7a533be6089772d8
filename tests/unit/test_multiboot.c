/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hv/load/multiboot.c and multiboot1.c: what a Multiboot 1 kernel finds, by the offsets of the
 * specification; modules and symbols; and the line that refuses each lie.  The last test spoils
 * headers at random; SEED=n repeats a run.
 */
#include "hv/load/multiboot.h"

#include "tests/unit/multiboot_rig.h"

#define INFO(offset) guest(cpu.gpr[REG_EBX] + (offset))

/* Make the checksum right. */
static void mend(void)
{
	u32 flags;

	memcpy(&flags, file + RIG_HEADER + 4, 4);
	image_put(file, RIG_HEADER, 4, 0x1badb002);
	image_put(file, RIG_HEADER + 8, 4, (u32)-(0x1badb002 + flags));
}

static void set_flags(u32 flags)
{
	image_put(file, RIG_HEADER + 4, 4, flags);
	mend();
}

/* Address fields: the file from 400h on is the image, with bss to 1 MB + 3000h. */
static void set_addresses(u32 header, u32 load, u32 load_end, u32 bss_end, u32 entry)
{
	set_flags(0x10003);
	image_put(file, RIG_HEADER + 12, 4, header);
	image_put(file, RIG_HEADER + 16, 4, load);
	image_put(file, RIG_HEADER + 20, 4, load_end);
	image_put(file, RIG_HEADER + 24, 4, bss_end);
	image_put(file, RIG_HEADER + 28, 4, entry);
}

static void setup(void)
{
	rig_setup();
	set_flags(3);
}

START_TEST(an_elf_kernel_is_entered_with_the_information)
{
	strcpy(config.append, "root=device:hd0 quiet");
	ck_assert_int_eq(rig_load(), 0);
	check_entry_state(ELF_ENTRY, 0x2badb002);
	ck_assert(guest_has(0x100000, file + 0x400, 0x800));
	ck_assert_uint_eq(guest(0x108300), 0);
	ck_assert_uint_eq(INFO(0), 0x26d);
	ck_assert_uint_eq(INFO(4), 639);
	ck_assert_uint_eq(INFO(8), 15 * KIB);
	ck_assert(guest_has_text(INFO(16), "root=device:hd0 quiet"));
	ck_assert_uint_eq(INFO(20), 0);
	ck_assert_uint_eq(INFO(28), 3);
	ck_assert_uint_eq(INFO(32), 40);
	ck_assert_uint_eq(INFO(40), 2);
	check_sections(INFO(36), RIG_END);
	ck_assert_uint_eq(guest(INFO(48)), 20);
	check_memory_map(INFO(48) + 4, INFO(44) / 24, 24);
	ck_assert(guest_has_text(INFO(64), "Romulus"));
}
END_TEST

START_TEST(modules_lie_on_pages_behind_the_kernel)
{
	u32 modules;

	rig_module_line("second");
	rig_module_line("first  a=1 \"b c\"");
	ck_assert_int_eq(rig_load(), 0);
	modules = INFO(24);
	ck_assert_uint_eq(INFO(20), 2);
	ck_assert_uint_eq(guest(modules), RIG_END);
	ck_assert_uint_eq(guest(modules + 4), RIG_END + sizeof(second));
	ck_assert(guest_has_text(guest(modules + 8), ""));
	ck_assert_uint_eq(guest(modules + 16), RIG_END + 0x1000);
	ck_assert_uint_eq(guest(modules + 20), RIG_END + 0x1000 + sizeof(first));
	ck_assert(guest_has_text(guest(modules + 24), "a=1 \"b c\""));
	ck_assert(guest_has(guest(modules), second, sizeof(second)));
	ck_assert(guest_has(guest(modules + 16), first, sizeof(first)));
	check_sections(INFO(36), RIG_END + 0x3000);
}
END_TEST

START_TEST(without_room_behind_the_kernel_modules_go_below)
{
	elf_segment(file, 1, 0xc00, RIG_MEMORY - 0x1000, 0x300, 0x1000);
	elf_segment(file, 0, 0x400, 0x800000, 0x800, 0x800);
	image_put(file, 24, 4, 0x800010);
	rig_module_line("first");
	ck_assert_int_eq(rig_load(), 0);
	ck_assert_uint_eq(guest(INFO(24)), BIOS_HIGH);
	ck_assert(guest_has(BIOS_HIGH, first, sizeof(first)));
	check_sections(INFO(36), BIOS_HIGH + 0x2000);
}
END_TEST

START_TEST(address_fields_count_more_than_elf)
{
	set_addresses(RIG_HEADER_ADDRESS, 0x100000, 0x100800, 0x103000, 0x100123);
	ck_assert_int_eq(rig_load(), 0);
	check_entry_state(0x100123, 0x2badb002);
	ck_assert(guest_has(0x100000, file + 0x400, 0x800));
	ck_assert_uint_eq(guest(0x100800), 0);
	ck_assert_uint_eq(guest(0x108000), 0);
	ck_assert_uint_eq(INFO(0) & BIT(5), 0);
	set_addresses(RIG_HEADER_ADDRESS + 0x100000, 0x200000, 0, 0, 0x200000);
	memset(file, 0, 4);
	ck_assert_int_eq(rig_load(), 0);
	ck_assert(guest_has(0x200000, file + 0x400, RIG_SIZE - 0x400));
}
END_TEST

START_TEST(loading_again_is_a_clean_start)
{
	static u8 rubbish[0x10000];

	strcpy(config.append, "a long command line");
	ck_assert_int_eq(rig_load(), 0);
	memset(rubbish, 0x5a, sizeof(rubbish));
	ck_assert(gmem_write(gmem, gpa(0x90000), rubbish, 0xfc00));
	ck_assert(gmem_write(gmem, gpa(0x100000), rubbish, 0xd000));
	strcpy(config.append, "short");
	ck_assert_int_eq(rig_load(), 0);
	ck_assert(guest_has_text(INFO(16), "short"));
	ck_assert_uint_eq(INFO(88), 0);
	ck_assert(guest_has(0x100000, file + 0x400, 0x800));
	ck_assert_uint_eq(guest(0x108300), 0);
}
END_TEST

START_TEST(a_header_must_be_there_and_whole)
{
	memset(file + RIG_HEADER, 0, 4);
	REFUSED(ENOEXEC, "has no Multiboot header; expected one in its first 32 KB (version 2) or 8 "
			 "KB (version 1)");
	image_put(file, RIG_HEADER + 8, 4, 1);
	REFUSED(ENOEXEC, "has a Multiboot header at 0x440 whose checksum is wrong");
	set_flags(0x10003);
	ck_assert_int_eq(rig_load_size(RIG_HEADER + 31), -ENOEXEC);
	ck_assert_str_eq(fake_log(), "vm 'hurd': kernel 'k' has a Multiboot header at 0x440 without "
				     "its address fields\n");
	rig_teardown();
	setup();
	memset(file, 0, 4);
	REFUSED(ENOEXEC, "has a Multiboot 1 header without addresses, and is no ELF file; expected "
			 "one of both");
}
END_TEST

START_TEST(demands_that_cannot_be_met_are_refused)
{
	set_flags(0x8008);
	REFUSED(ENOEXEC, "wants Multiboot features 0x8008; known are 0x1, 0x2 and 0x4");
	set_flags(7);
	REFUSED(ENOEXEC, "wants a display (Multiboot flag 0x4), which VMs do not have");
	set_flags(0xfffe0000); /* offers */
	ck_assert_int_eq(rig_load(), 0);
}
END_TEST

START_TEST(address_fields_that_lie_are_refused)
{
	set_addresses(0xfffff, 0x100000, 0, 0, 0x100000);
	REFUSED(ENOEXEC, "has Multiboot address fields that load it from 0x100000 with the header "
			 "at 0xfffff; in the file the header is at 0x440");
	set_addresses(0x100441, 0x100000, 0, 0, 0x100000);
	REFUSED(ENOEXEC, "has Multiboot address fields that load it from 0x100000 with the header "
			 "at 0x100441; in the file the header is at 0x440");
	set_addresses(RIG_HEADER_ADDRESS, 0x100000, 0xfffff, 0, 0x100000);
	REFUSED(ENOEXEC, "has Multiboot address fields from 0x100000 to 0xfffff; expected addresses "
			 "that grow");
	set_addresses(RIG_HEADER_ADDRESS, 0x100000, 0xffffffff, 0, 0x100000);
	REFUSED(ENOEXEC, "is truncated: its Multiboot header says 4293918719 bytes behind 0x400, "
			 "the module has 7168");
	set_addresses(RIG_HEADER_ADDRESS, 0x100000, 0x100800, 0x1007ff, 0x100000);
	REFUSED(ENOEXEC, "has Multiboot address fields with bss to 0x1007ff, but data to 0x100800");
	set_addresses(RIG_HEADER_ADDRESS, 0x100000, 0x100800, 0xfffffff0, 0x100000);
	REFUSED(ENOSPC, "is to be loaded at 0x100000 to 0xfffffff0; the VM's memory for kernels is "
			"0x100000 to 0x1000000");
	set_addresses(0xf0040, 0xf0000, 0, 0, 0xf0000);
	REFUSED(ENOSPC, "is to be loaded at 0xf0000 to 0xf1c00; the VM's memory for kernels is "
			"0x100000 to 0x1000000");
	set_addresses(RIG_HEADER_ADDRESS, 0x100000, 0x100800, 0, 0x100800);
	REFUSED(ENOEXEC, "has Multiboot entry address 0x100800; expected one in the image, 0x100000 "
			 "to 0x100800");
	set_addresses(0xffffff40, 0xffffff00, 0, 0, 0xffffff00);
	REFUSED(ENOSPC, "is to be loaded at 0xffffff00 to 0x100001b00; the VM's memory for kernels "
			"is 0x100000 to 0x1000000");
}
END_TEST

START_TEST(sections_that_lie_are_refused)
{
	image_put(file, 46, 2, 39);
	REFUSED(ENOEXEC, "has ELF section headers of 39 bytes; expected 40");
	image_put(file, 48, 2, 1025);
	REFUSED(ENOEXEC, "has 1025 ELF sections, with names in number 2; expected at most 1024, and "
			 "one of them");
	image_put(file, 50, 2, 3);
	REFUSED(ENOEXEC, "has 3 ELF sections, with names in number 3; expected at most 1024, and "
			 "one of them");
	image_put(file, 32, 4, 0xffffffff);
	REFUSED(ENOEXEC, "is truncated: its ELF section headers end at 4294967415, the module has "
			 "8192 bytes");
	rig_section(2, 2, 0, 0xffffffff, 0x123, 4);
	REFUSED(ENOEXEC,
		"is truncated: ELF section 2 ends at 4294967586, the module has 8192 bytes");
	rig_section(2, 2, 0, RIG_SYMBOLS, 0x123, 3);
	REFUSED(ENOEXEC, "has ELF section 2 with alignment 0x3; expected a power of two");
	rig_section(2, 2, 0, RIG_SYMBOLS, 0x123, 0x80000000);
	REFUSED(ENOSPC, "at 0x100000 to 0x10d000 leaves too little memory for its modules and "
			"symbols, 2096129 KB; the VM's ends at 0x1000000");
	image_put(file, 48, 2, 0);
	ck_assert_int_eq(rig_load(), 0);
	ck_assert_uint_eq(INFO(0) & BIT(5), 0);
}
END_TEST

START_TEST(a_missing_module_is_named)
{
	rig_module_line("first x");
	rig_module_line("third y");
	ck_assert_int_eq(rig_load(), -ENOENT);
	ck_assert_str_eq(fake_log(), "vm 'hurd': no module 'third' for its module; the boot loader "
				     "gave: k, first, second\n");
}
END_TEST

START_TEST(modules_that_do_not_fit_are_refused)
{
	elf_segment(file, 1, 0xc00, 0x108000, 0x300, RIG_MEMORY - 0x108000 - 0x1000);
	rig_module_line("first");
	REFUSED(ENOSPC, "at 0x100000 to 0xfff000 leaves too little memory for its modules and "
			"symbols, 9 KB; the VM's ends at 0x1000000");
}
END_TEST

START_TEST(random_headers_load_or_are_refused)
{
	random_start("test_multiboot");
	for (u32 round = 0; round < 1500; round++) {
		rig_teardown();
		setup();
		if (round % 2)
			set_addresses(RIG_HEADER_ADDRESS, 0x100000, 0x100800, 0x103000, 0x100123);
		rig_module_line("first argument");
		switch (round % 3) {
		case 0:
			random_round(RIG_HEADER, RIG_HEADER + 32, mend);
			break;
		case 1:
			random_round(RIG_SECTIONS, RIG_SECTIONS + 120, mend);
			break;
		default:
			random_round(16, ELF_SEGMENT(2, 0), mend);
		}
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		an_elf_kernel_is_entered_with_the_information,
		modules_lie_on_pages_behind_the_kernel,
		without_room_behind_the_kernel_modules_go_below,
		address_fields_count_more_than_elf,
		loading_again_is_a_clean_start,
		a_header_must_be_there_and_whole,
		demands_that_cannot_be_met_are_refused,
		address_fields_that_lie_are_refused,
		sections_that_lie_are_refused,
		a_missing_module_is_named,
		modules_that_do_not_fit_are_refused,
		random_headers_load_or_are_refused,
	};
	return rig_main("multiboot", tests, ARRAY_SIZE(tests), setup);
}
