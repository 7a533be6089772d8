/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM with Multiboot kernels to load, for the tests of both versions: the ELF file of images.h with
 * room for a header, three section headers of which one is a symbol table that no segment holds, and
 * two modules.  Offsets are those of the specifications, not of our structs.
 */
#ifndef TESTS_UNIT_MULTIBOOT_RIG_H
#define TESTS_UNIT_MULTIBOOT_RIG_H

#include <check.h>
#include <stdio.h>
#include <time.h>

#include "arch/x86/isa/regs.h"
#include "hv/lib/err.h"
#include "hv/load/bios.h"
#include "hv/vm/config.h"
#include "tests/fake/fake.h"
#include "tests/unit/images.h"

#define RIG_MEMORY (16u * MIB)
#define RIG_SIZE (ELF_SIZE + 0x1000)
#define RIG_HEADER 0x440u /* of Multiboot, in the first segment */
#define RIG_HEADER_ADDRESS 0x100040u
#define RIG_SECTIONS (ELF_SIZE + 0x800)
#define RIG_SYMBOLS (ELF_SIZE + 0x100)
#define RIG_END 0x10d000u /* of the kernel in memory */

static u8 file[RIG_SIZE], first[5000], second[PAGE_SIZE];
static struct vm_config config;
static struct gmem *gmem;
static struct x86_cpu cpu;

/* Section @index: type, address, offset, size, alignment. */
static inline void rig_section(u32 index, u32 type, u32 addr, u32 offset, u32 size, u32 align)
{
	u32 at = RIG_SECTIONS + index * 40;

	image_put(file, at + 4, 4, type);
	image_put(file, at + 12, 4, addr);
	image_put(file, at + 16, 4, offset);
	image_put(file, at + 20, 4, size);
	image_put(file, at + 32, 4, align);
}

static inline void rig_module_line(const char *line)
{
	strcpy(config.modules + config.modules_bytes, line);
	config.modules_bytes += (u32)strlen(line) + 1;
	config.module_count++;
}

static inline void rig_setup(void)
{
	fake_reset();
	for (u32 i = 0; i < RIG_SIZE; i++)
		file[i] = bz_byte(i);
	make_elf(file);
	image_put(file, 32, 4, RIG_SECTIONS);
	image_put(file, 46, 2, 40);
	image_put(file, 48, 2, 3);
	image_put(file, 50, 2, 2);
	memset(file + RIG_SECTIONS, 0, 3 * 40);
	rig_section(1, 1, 0xc0100000, 0x400, 0x800, 16);
	rig_section(2, 2, 0, RIG_SYMBOLS, 0x123, 4);
	for (u32 i = 0; i < sizeof(first); i++)
		first[i] = (u8)(i * 5 + i / 256);
	memset(second, 0x22, sizeof(second));
	config = (struct vm_config){ .name = "hurd", .kernel = "k", .multiboot = 1 };
	config.memory_bytes = RIG_MEMORY;
	gmem = gmem_create(&fake_source);
	ck_assert_int_eq(bios_add_memory(gmem, RIG_MEMORY), 0);
}

static inline void rig_teardown(void)
{
	gmem_destroy(gmem);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

/* Load the first @size bytes of the file, on the heap, so that reading beyond is caught. */
static inline int rig_load_size(size_t size)
{
	struct module modules[] = { image_module("k", file, size),
				    { "first", first, sizeof(first) },
				    { "second", second, sizeof(second) } };
	struct load_request request = { .gmem = gmem,
					.config = &config,
					.modules = modules,
					.module_count = 3,
					.com_ports = 1,
					.rsdp = gpa(BIOS_ACPI) };
	int error;

	memset(&cpu, 0xa5, sizeof(cpu));
	error = load_kernel(&request, &cpu);
	ck_assert_int_eq(error != 0, cpu.eip == 0xa5a5a5a5);
	free((void *)modules[0].data);
	return error;
}

static inline int rig_load(void)
{
	return rig_load_size(RIG_SIZE);
}

static inline u32 guest(u32 address)
{
	u32 value = 0;

	ck_assert(gmem_read(gmem, gpa(address), &value, 4));
	return value;
}

static inline bool guest_has(u32 address, const void *bytes, size_t size)
{
	static u8 copy[RIG_SIZE];

	ck_assert(size <= sizeof(copy));
	ck_assert(gmem_read(gmem, gpa(address), copy, size));
	return memcmp(copy, bytes, size) == 0;
}

static inline bool guest_has_text(u32 address, const char *text)
{
	return guest_has(address, text, strlen(text) + 1);
}

/* The memory map's entries, @stride bytes apart, cover the VM's memory. */
static inline void check_memory_map(u32 at, u32 count, u32 stride)
{
	u64 end = 0;

	ck_assert_uint_ge(count, 3);
	for (u32 i = 0; i < count; i++, at += stride) {
		ck_assert_uint_ge(guest(at), end);
		ck_assert_uint_eq(guest(at + 4) | guest(at + 12), 0);
		end = (u64)guest(at) + guest(at + 8);
		ck_assert(guest(at + 16) == 1 || guest(at + 16) == 2);
	}
	ck_assert_uint_eq(end, RIG_MEMORY);
}

/* The handed-on section headers at @at; the symbols are behind the kernel, at @symbols. */
static inline void check_sections(u32 at, u32 symbols)
{
	ck_assert_uint_eq(guest(at + 12), 0);
	ck_assert_uint_eq(guest(at + 40 + 12), 0xc0100000);
	ck_assert_uint_eq(guest(at + 80 + 12), symbols);
	ck_assert_uint_eq(guest(at + 80 + 20), 0x123);
	ck_assert(guest_has(symbols, file + RIG_SYMBOLS, 0x123));
}

static inline void check_entry_state(u32 eip, u32 magic)
{
	ck_assert_uint_eq(cpu.eip, eip);
	ck_assert_uint_eq(cpu.gpr[REG_EAX], magic);
	ck_assert_uint_eq(cpu.cr0 & (CR0_PE | CR0_PG), CR0_PE);
	ck_assert_uint_eq(cpu.eflags, EFLAGS_FIXED);
	for (u32 i = 0; i < SREG_COUNT; i++) {
		ck_assert_uint_eq(cpu.seg[i].base, 0);
		ck_assert_uint_eq(cpu.seg[i].limit, 0xffffffff);
	}
}

#define REFUSED(error, message)                                                                    \
	do {                                                                                       \
		ck_assert_int_eq(rig_load(), -(error));                                            \
		ck_assert_str_eq(fake_log(), "vm 'hurd': kernel 'k' " message "\n");               \
		ck_assert_uint_eq(guest(BIOS_BOOT_COMMAND), 0);                                    \
		rig_teardown();                                                                    \
		setup();                                                                           \
	} while (0)

static u32 seed;
static inline u32 random_u32(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8 ^ seed << 13;
}

static inline void random_start(const char *test)
{
	seed = getenv("SEED") ? (u32)strtoul(getenv("SEED"), NULL, 0) : (u32)time(NULL);
	printf("%s: SEED=%u\n", test, seed);
}

/* Spoil a few numbers of the file from @start to @end, and @mend its checksum; the load must end
 * well or with one message. */
static inline void random_round(u32 start, u32 end, void (*mend)(void))
{
	static const u32 extremes[] = { 0,	    1,	      8,	  0x7fffffff, 0x80000000,
					0xffffffff, 0x100000, RIG_MEMORY, 0xfff,      0xffff };
	u32 size = random_u32() % 4 ? RIG_SIZE : random_u32() % RIG_SIZE;

	for (u32 i = random_u32() % 4 + 1; i > 0; i--) {
		u32 value = random_u32() % 2 ? random_u32()
					     : extremes[random_u32() % ARRAY_SIZE(extremes)];

		image_put(file, start + random_u32() % (end - start - 3), 1u << random_u32() % 3,
			  value);
	}
	mend();
	if (rig_load_size(size)) {
		const char *newline = strchr(fake_log(), '\n');

		ck_assert(newline && !newline[1]);
		return;
	}
	ck_assert_uint_ge(cpu.eip, BIOS_HIGH);
	ck_assert_uint_lt(cpu.eip, RIG_MEMORY);
}

/* The program of a test file. */
static inline int rig_main(const char *name, const TTest *const *tests, u32 count,
			   void (*setup)(void))
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, rig_teardown);
	for (u32 i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#endif
