/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hv/load/load.c and bios.c: what a kernel finds in memory and registers at its entry point,
 * checked by the offsets of Linux's boot protocol, and the refusals that concern more than one
 * file.
 */
#include "hv/load/load.h"

#include <check.h>
#include <stdio.h>

#include "arch/x86/isa/regs.h"
#include "hv/lib/err.h"
#include "hv/load/bios.h"
#include "hv/vm/config.h"
#include "tests/fake/fake.h"
#include "tests/unit/images.h"

static u8 bzimage[BZ_SIZE], elf[ELF_SIZE], initrd[10000];
static struct module modules[] = {
	{ "bzImage", bzimage, BZ_SIZE },      { "vmlinux", elf, ELF_SIZE },
	{ "initrd", initrd, sizeof(initrd) }, { "text", (const u8 *)"#!/bin/sh\n", 10 },
	{ "empty", (const u8 *)"", 0 },
};
static struct vm_config config;
static struct gmem *gmem;
static struct x86_cpu cpu;

static void setup(void)
{
	fake_reset();
	make_bzimage(bzimage);
	make_elf(elf);
	for (u32 i = 0; i < sizeof(initrd); i++)
		initrd[i] = (u8)(i * 3 + i / 128);
	config = (struct vm_config){ .name = "linux", .kernel = "bzImage", .line = 7 };
	config.memory_bytes = 32 * MIB;
	gmem = gmem_create(&fake_source);
	ck_assert_int_eq(load_add_memory(gmem, &config, 32 * MIB), 0);
	memset(&cpu, 0xa5, sizeof(cpu));
}

static void teardown(void)
{
	gmem_destroy(gmem);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

static int load(void)
{
	struct load_request request = {
		.gmem = gmem,
		.config = &config,
		.modules = modules,
		.module_count = ARRAY_SIZE(modules),
		.com_ports = 1,
		.rsdp = gpa(BIOS_ACPI),
	};

	return load_kernel(&request, &cpu);
}

static u64 guest(u32 address, u32 size)
{
	u64 value = 0;

	ck_assert(gmem_read(gmem, gpa(address), &value, size));
	return value;
}

#define PARAM(offset, size) guest((u32)(BIOS_BOOT_PARAMS + (offset)), size)

static bool guest_has(u32 address, const void *bytes, u32 size)
{
	static u8 copy[16384];

	ck_assert(size <= sizeof(copy));
	ck_assert(gmem_read(gmem, gpa(address), copy, size));
	return memcmp(copy, bytes, size) == 0;
}

/* Through the GDT in guest memory, as the CPU would. */
static void check_flat(const struct x86_segment *segment, u16 selector, u32 type)
{
	u64 descriptor = guest(cpu.gdtr.base + selector, 8);

	ck_assert_uint_eq(segment->selector, selector);
	ck_assert_uint_eq(segment->base, 0);
	ck_assert_uint_eq(segment->limit, 0xffffffff);
	ck_assert_uint_eq(segment->attr, 0xc090 | type);
	ck_assert_uint_eq((descriptor >> 40 & 0xf0ff), segment->attr);
	ck_assert_uint_eq(descriptor & 0xff0f0000ffffffff, 0x000f00000000ffff);
	ck_assert_uint_lt(selector + 7u, cpu.gdtr.limit + 1u);
}

START_TEST(a_kernel_is_entered_as_the_32_bit_protocol_says)
{
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(cpu.eip, BZ_PREFERRED);
	ck_assert_uint_eq(cpu.apic_base, 0xa5a5a5a5a5a5a5a5); /* the machine's, as it was */
	ck_assert_uint_eq(cpu.gpr[REG_ESI], BIOS_BOOT_PARAMS);
	ck_assert_uint_eq(cpu.gpr[REG_EBX] | cpu.gpr[REG_EBP] | cpu.gpr[REG_EDI], 0);
	ck_assert_uint_eq(cpu.eflags, EFLAGS_FIXED);
	ck_assert_uint_eq(cpu.cr0 & (CR0_PE | CR0_PG), CR0_PE);
	ck_assert_uint_eq(cpu.cr4, 0);
	ck_assert_uint_eq(cpu.cpl, 0);
	check_flat(&cpu.seg[SREG_CS], 0x10, 0xb);
	check_flat(&cpu.seg[SREG_DS], 0x18, 0x3);
	check_flat(&cpu.seg[SREG_ES], 0x18, 0x3);
	check_flat(&cpu.seg[SREG_SS], 0x18, 0x3);
}
END_TEST

START_TEST(the_zero_page_has_header_command_line_and_initrd)
{
	u32 address;

	snprintf(config.append, sizeof(config.append), "console=ttyS0 quiet");
	snprintf(config.initrd, sizeof(config.initrd), "initrd");
	image_put(bzimage, 0x206, 2, 0x20e);
	image_put(bzimage, 0x211, 1, 0xc1);
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(PARAM(0x1fe, 2), 0xaa55);
	ck_assert_uint_eq(PARAM(0x202, 4), 0x53726448);
	ck_assert_uint_eq(PARAM(0x206, 2), 0x20e);
	ck_assert_uint_eq(PARAM(0x210, 1), 0xff);
	ck_assert_uint_eq(PARAM(0x211, 1), 0x01);
	ck_assert_uint_eq(PARAM(0x214, 4), BZ_PREFERRED);
	ck_assert_uint_eq(PARAM(0x260, 4), BZ_INIT_SIZE);
	ck_assert(guest_has((u32)PARAM(0x228, 4), "console=ttyS0 quiet", 20));
	address = (u32)PARAM(0x218, 4);
	ck_assert_uint_eq(address, 32 * MIB - 3 * PAGE_SIZE);
	ck_assert_uint_eq(PARAM(0x21c, 4), sizeof(initrd));
	ck_assert(guest_has(address, initrd, sizeof(initrd)));
	ck_assert_uint_eq(PARAM(0x070, 8), BIOS_ACPI);
	ck_assert_uint_eq(PARAM(0x1ef, 1), 0); /* the sentinel */
	ck_assert_uint_eq(PARAM(0x00f, 1), 0); /* no VGA */
	ck_assert(guest_has(BZ_PREFERRED, bzimage + BZ_SETUP, BZ_BODY));
}
END_TEST

START_TEST(only_new_kernels_get_the_rsdp_address)
{
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(PARAM(0x070, 8), 0);
}
END_TEST

START_TEST(the_memory_map_is_complete_and_in_order)
{
	u64 end = 0, ram = 0;
	u32 count;

	ck_assert_int_eq(load(), 0);
	count = (u32)PARAM(0x1e8, 1);
	ck_assert_uint_ge(count, 3);
	for (u32 i = 0; i < count; i++) {
		u64 start = PARAM(0x2d0 + i * 20, 8), size = PARAM(0x2d8 + i * 20, 8);
		u32 type = (u32)PARAM(0x2e0 + i * 20, 4);

		ck_assert_uint_ge(start, end);
		end = start + size;
		ck_assert(type == E820_RAM || type == E820_RESERVED);
		if (type == E820_RAM) {
			ram += size;
			ck_assert_int_eq(gmem_type(gmem, gpa(start)), GMEM_RAM);
			ck_assert_int_eq(gmem_type(gmem, gpa(end - 1)), GMEM_RAM);
		}
	}
	ck_assert_uint_eq(end, 32 * MIB);
	ck_assert_uint_eq(ram, 31 * MIB + 0x9fc00);
	ck_assert_uint_eq(PARAM(0x1e0, 4), 31 * KIB);
	ck_assert_uint_eq(PARAM(0x002, 2), 31 * KIB);
}
END_TEST

START_TEST(the_bios_areas_are_those_of_a_pc)
{
	static const u8 reset[] = { 0xb0, 0xfe, 0xe6, 0x64, 0xf4, 0xeb, 0xfd };

	ck_assert_int_eq(load(), 0);
	for (u32 vector = 0; vector < 256; vector++) {
		u32 entry = (u32)guest(vector * 4, 4);

		ck_assert_uint_eq(guest((entry >> 16) * 16 + (entry & 0xffff), 1), 0xcf);
	}
	ck_assert_uint_eq(guest(0x400, 8), 0x3f8);
	ck_assert_uint_eq(guest(0x40e, 2), 0x9fc0);
	ck_assert_uint_eq(guest(0x410, 2), 0x202);
	ck_assert_uint_eq(guest(0x413, 2), 639);
	ck_assert_uint_eq(guest(0x9fc00, 1), 1);
	ck_assert(guest_has(0xffff0, reset, sizeof(reset)));
	ck_assert_uint_eq(guest(0xffffe, 1), 0xfc);
	ck_assert_int_eq(gmem_type(gmem, gpa(0xa0000)), GMEM_NONE);
	ck_assert_int_eq(gmem_type(gmem, gpa(0xbffff)), GMEM_NONE);
	ck_assert_int_eq(gmem_type(gmem, gpa(BIOS_VMI_ROM)), GMEM_RAM);
}
END_TEST

START_TEST(an_elf_kernel_gets_the_same_parameters)
{
	snprintf(config.kernel, sizeof(config.kernel), "vmlinux");
	snprintf(config.append, sizeof(config.append), "x");
	snprintf(config.initrd, sizeof(config.initrd), "initrd");
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(cpu.eip, ELF_ENTRY);
	ck_assert_uint_eq(cpu.gpr[REG_ESI], BIOS_BOOT_PARAMS);
	ck_assert_uint_eq(PARAM(0x202, 4), 0x53726448);
	ck_assert_uint_eq(PARAM(0x210, 1), 0xff);
	ck_assert_uint_eq(PARAM(0x211, 1), 0x01);
	ck_assert_uint_eq(PARAM(0x23c, 4), 0);
	ck_assert_uint_eq(PARAM(0x070, 8), BIOS_ACPI);
	ck_assert(guest_has((u32)PARAM(0x228, 4), "x", 2));
	ck_assert(guest_has((u32)PARAM(0x218, 4), initrd, sizeof(initrd)));
	ck_assert(guest_has(0x100000, elf + 0x400, 0x800));
}
END_TEST

START_TEST(loading_again_is_a_clean_start)
{
	static u8 rubbish[0x20000];

	snprintf(config.append, sizeof(config.append), "a long command line");
	ck_assert_int_eq(load(), 0);
	memset(rubbish, 0x5a, sizeof(rubbish));
	ck_assert(gmem_write(gmem, gpa(0), rubbish, 0x1000));
	ck_assert(gmem_write(gmem, gpa(0x80000), rubbish, 0x20000));
	ck_assert(gmem_write(gmem, gpa(BZ_PREFERRED), rubbish, 0x4000));
	snprintf(config.append, sizeof(config.append), "short");
	cpu.kernel_rpl = 1;
	ck_assert_int_eq(load(), 0);
	ck_assert(guest_has((u32)PARAM(0x228, 4), "short\0\0\0", 8));
	ck_assert_uint_eq(PARAM(0x1ef, 1), 0);
	ck_assert_uint_eq(PARAM(0x2d0 + 4 * 20, 8), 0);
	ck_assert_uint_eq(guest(0x400, 8), 0x3f8);
	ck_assert(guest_has(BZ_PREFERRED, bzimage + BZ_SETUP, BZ_BODY));
	ck_assert_uint_eq(cpu.kernel_rpl, 0);
}
END_TEST

#define REFUSED(error, message)                                                                    \
	do {                                                                                       \
		ck_assert_int_eq(load(), -(error));                                                \
		ck_assert_str_eq(fake_log(), message "\n");                                        \
		ck_assert_uint_eq(guest(BIOS_BOOT_PARAMS + 0x202, 4), 0);                          \
		ck_assert_uint_eq(cpu.eip, 0xa5a5a5a5);                                            \
		teardown();                                                                        \
		setup();                                                                           \
	} while (0)

START_TEST(missing_modules_are_named_with_those_there_are)
{
	snprintf(config.kernel, sizeof(config.kernel), "bzimage");
	REFUSED(ENOENT,
		"vm 'linux': no module 'bzimage' for its kernel; the boot loader gave: bzImage, "
		"vmlinux, initrd, text, empty");
	snprintf(config.initrd, sizeof(config.initrd), "cpio");
	REFUSED(ENOENT,
		"vm 'linux': no module 'cpio' for its initrd; the boot loader gave: bzImage, "
		"vmlinux, initrd, text, empty");
}
END_TEST

START_TEST(a_long_list_of_modules_is_cut)
{
	static char names[64][32];
	static struct module many[64];
	struct load_request request = {
		.gmem = gmem, .config = &config, .modules = many, .module_count = 0
	};

	ck_assert_int_eq(load_kernel(&request, &cpu), -ENOENT);
	ck_assert(strstr(fake_log(), "the boot loader gave: no modules at all\n"));
	for (u32 i = 0; i < 64; i++) {
		snprintf(names[i], sizeof(names[i]), "module-with-a-long-name-%u", i);
		many[i] = (struct module){ names[i], NULL, 0 };
	}
	request.module_count = 64;
	ck_assert_int_eq(load_kernel(&request, &cpu), -ENOENT);
	ck_assert(strstr(fake_log(), "gave: module-with-a-long-name-0, module"));
}
END_TEST

START_TEST(what_is_no_kernel_is_refused_with_its_first_bytes)
{
	snprintf(config.kernel, sizeof(config.kernel), "text");
	REFUSED(ENOEXEC,
		"vm 'linux': kernel 'text' of 10 bytes begins with 23 21 2f 62; expected a "
		"Linux bzImage or an ELF executable for the 386");
	snprintf(config.kernel, sizeof(config.kernel), "empty");
	REFUSED(ENOEXEC,
		"vm 'linux': kernel 'empty' of 0 bytes begins with 00 00 00 00; expected a "
		"Linux bzImage or an ELF executable for the 386");
}
END_TEST

START_TEST(a_command_line_beyond_the_kernels_limit_is_refused)
{
	image_put(bzimage, 0x238, 4, 3);
	snprintf(config.append, sizeof(config.append), "abcd");
	REFUSED(ENOSPC,
		"vm 'linux': kernel 'bzImage' takes at most 3 characters of append; given are 4");
	image_put(bzimage, 0x238, 4, 3);
	snprintf(config.append, sizeof(config.append), "abc");
	ck_assert_int_eq(load(), 0);
}
END_TEST

START_TEST(an_initrd_that_does_not_fit_is_refused)
{
	/* 12 MB are left behind the kernel; a kernel that wants it below 24 MB leaves 4. */
	snprintf(config.initrd, sizeof(config.initrd), "initrd");
	image_put(bzimage, 0x260, 4, 16 * MIB - 2 * PAGE_SIZE);
	REFUSED(ENOSPC,
		"vm 'linux': initrd 'initrd' has 10000 bytes; the kernel leaves it 8192, from "
		"0x1ffe000 to 0x2000000");
	snprintf(config.initrd, sizeof(config.initrd), "initrd");
	image_put(bzimage, 0x260, 4, 16 * MIB - 3 * PAGE_SIZE);
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(PARAM(0x218, 4), 32 * MIB - 3 * PAGE_SIZE);
	image_put(bzimage, 0x22c, 4, 0xffffff);
	image_put(bzimage, 0x260, 4, BZ_INIT_SIZE);
	ck_assert_int_eq(load(), -ENOSPC);
	ck_assert(strstr(fake_log(), "the kernel leaves it 0, from 0x1400000 to 0x1400000"));
}
END_TEST

START_TEST(more_memory_than_there_is_is_refused)
{
	struct gmem *big = gmem_create(&fake_source);

	config.memory_bytes = 1024 * MIB;
	ck_assert_int_eq(load_add_memory(big, &config, 50 * MIB), -ENOMEM);
	ck_assert_str_eq(fake_log(),
			 "vm 'linux': memory = 1048576K (line 7 of romulus.conf); the host "
			 "has 51200K left\n");
	ck_assert_int_eq(load_add_memory(big, &config, 2048ull * MIB), -ENOMEM);
	ck_assert(strstr(fake_log(), "the host has 2097152K left\n"));
	gmem_destroy(big);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("load");
	TCase *tcase = tcase_create("load");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_kernel_is_entered_as_the_32_bit_protocol_says);
	tcase_add_test(tcase, the_zero_page_has_header_command_line_and_initrd);
	tcase_add_test(tcase, only_new_kernels_get_the_rsdp_address);
	tcase_add_test(tcase, the_memory_map_is_complete_and_in_order);
	tcase_add_test(tcase, the_bios_areas_are_those_of_a_pc);
	tcase_add_test(tcase, an_elf_kernel_gets_the_same_parameters);
	tcase_add_test(tcase, loading_again_is_a_clean_start);
	tcase_add_test(tcase, missing_modules_are_named_with_those_there_are);
	tcase_add_test(tcase, a_long_list_of_modules_is_cut);
	tcase_add_test(tcase, what_is_no_kernel_is_refused_with_its_first_bytes);
	tcase_add_test(tcase, a_command_line_beyond_the_kernels_limit_is_refused);
	tcase_add_test(tcase, an_initrd_that_does_not_fit_is_refused);
	tcase_add_test(tcase, more_memory_than_there_is_is_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
