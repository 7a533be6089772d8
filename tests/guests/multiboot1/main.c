/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A Multiboot 1 kernel that checks what its loader gave it [Multiboot 3.2, 3.3].  The same under
 * Romulus and by QEMU's -kernel; what only one of them gives (ELF sections) is checked if it is
 * there, and the test's Python knows where it must be.
 */
#include "tests/lib/multiboot.h"

#include "hv/lib/string.h"

struct information {
	u32 flags;
	u32 mem_lower, mem_upper;
	u32 boot_device;
	const char *cmdline;
	u32 mods_count;
	const struct {
		u32 start, end;
		const char *arguments;
		u32 zero;
	} *mods;
	u32 elf_num, elf_size;
	const void *elf_addr;
	u32 elf_shndx;
	u32 mmap_length, mmap_addr;
	u32 drives_length, drives_addr;
	u32 config_table;
	const char *boot_loader_name;
};
#define NEEDED 0x4d /* memory, command line, modules, memory map */
#define HAS_SECTIONS 0x20
#define HAS_LOADER_NAME 0x200

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define CMOS_FREE 0x7e
#define RESET_PORT 0xcf9
#define RESET_NOW 6

struct map_entry {
	u32 size;
	u64 start, bytes;
	u32 type;
} PACKED;

static void memory(const struct information *info)
{
	struct memory_range ranges[16];
	u32 count = 0;

	for (u32 at = info->mmap_addr; at < info->mmap_addr + info->mmap_length && count < 16;) {
		const struct map_entry *entry = (const struct map_entry *)at;

		ranges[count++] = (struct memory_range){ entry->start, entry->bytes, entry->type };
		at += entry->size + 4;
	}
	check(info->mem_lower > 600 && info->mem_lower <= 640, "%u KB below 1 MB", info->mem_lower);
	check_memory_map(ranges, count, info->mem_upper);
}

/* Reset the machine, at the first start: CMOS memory keeps a byte of ours. */
static void reset_once(void)
{
	u8 starts;

	outb(CMOS_INDEX, CMOS_FREE);
	starts = inb(CMOS_DATA);
	if (starts == 0xff)
		return;
	outb(CMOS_INDEX, CMOS_FREE);
	outb(CMOS_DATA, 0xff);
	outb(RESET_PORT, RESET_NOW);
	for (;;)
		;
}

void guest_main(void)
{
	const struct information *info = (const struct information *)boot_ebx;

	print("multiboot1\n");
	check_entry_state(0x2badb002);
	if (boot_eax != 0x2badb002)
		return;
	check((info->flags & NEEDED) == NEEDED, "the information is there (flags %x)", info->flags);
	check(boot_word("hello"), "the command line is '%s'", info->cmdline);
	memory(info);
	check_module_count(info->mods_count);
	for (u32 i = 0; i < info->mods_count; i++)
		check_module(i, info->mods[i].start, info->mods[i].end, info->mods[i].arguments);
	if (info->flags & HAS_SECTIONS)
		check_sections(info->elf_addr, info->elf_num, info->elf_size, info->elf_shndx);
	if (boot_word("reset"))
		reset_once();
	if (info->flags & HAS_LOADER_NAME)
		print("loader: %s\n", info->boot_loader_name);
}
