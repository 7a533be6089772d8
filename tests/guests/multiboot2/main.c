/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A Multiboot 2 kernel that checks what its loader gave it [Multiboot2 3.3, 3.6].  The same under
 * Romulus and by GRUB on the bare machine.
 */
#include "tests/lib/multiboot.h"

#include "hv/lib/string.h"
#include "multiboot2.h"

extern u32 entered_by_tag;

static u32 total_bytes, module_count;
static u32 above_kb, below_kb;
static u32 seen; /* bit per type of tag */

static void memory_map(const struct multiboot_tag_mmap *tag)
{
	struct memory_range ranges[16];
	u32 count = 0;

	for (u32 at = (u32)tag->entries; at < (u32)tag + tag->size && count < 16;
	     at += tag->entry_size) {
		const struct multiboot_mmap_entry *entry = (const struct multiboot_mmap_entry *)at;

		ranges[count++] = (struct memory_range){ entry->addr, entry->len, entry->type };
	}
	check_memory_map(ranges, count, above_kb);
}

static void root_pointer(const struct multiboot_tag_old_acpi *tag)
{
	u8 sum = 0;

	for (u32 i = 0; i < 20; i++)
		sum = (u8)(sum + tag->rsdp[i]);
	check(memcmp(tag->rsdp, "RSD PTR ", 8) == 0 && !sum, "the ACPI root pointer is good");
}

/* Memory sizes come before the map in no particular order: first all that is simple. */
static void first_pass(const void *tag, u32 type)
{
	const struct multiboot_tag_basic_meminfo *basic = tag;

	if (type == MULTIBOOT_TAG_TYPE_BASIC_MEMINFO) {
		below_kb = basic->mem_lower;
		above_kb = basic->mem_upper;
	} else if (type == MULTIBOOT_TAG_TYPE_BOOT_LOADER_NAME) {
		print("loader: %s\n", ((const struct multiboot_tag_string *)tag)->string);
	}
}

static void second_pass(const void *tag, u32 type)
{
	if (type == MULTIBOOT_TAG_TYPE_MMAP)
		memory_map(tag);
	else if (type == MULTIBOOT_TAG_TYPE_ACPI_OLD)
		root_pointer(tag);
}

static void third_pass(const void *tag, u32 type)
{
	const struct multiboot_tag_module *module = tag;
	const struct multiboot_tag_elf_sections *elf = tag;

	if (type == MULTIBOOT_TAG_TYPE_MODULE)
		check_module(module_count++, module->mod_start, module->mod_end, module->cmdline);
	else if (type == MULTIBOOT_TAG_TYPE_ELF_SECTIONS)
		check_sections(elf->sections, elf->num, elf->entsize, elf->shndx);
}

/* Show each tag to @look; false if the list is not whole. */
static bool each_tag(void (*look)(const void *tag, u32 type))
{
	u32 at = boot_ebx + 8, end = boot_ebx + total_bytes;

	while (at + 8 <= end) {
		const struct multiboot_tag *tag = (const struct multiboot_tag *)at;

		if (tag->type == MULTIBOOT_TAG_TYPE_END)
			return tag->size == 8 && at + 8 == end;
		if (tag->size < 8)
			return false;
		seen |= tag->type < 32 ? BIT(tag->type) : 0;
		look(tag, tag->type);
		at = ALIGN_UP(at + tag->size, 8);
	}
	return false;
}

void guest_main(void)
{
	print("multiboot2\n");
	check_entry_state(MULTIBOOT2_BOOTLOADER_MAGIC);
	if (boot_eax != MULTIBOOT2_BOOTLOADER_MAGIC)
		return;
	check(entered_by_tag, "entered where the tag says");
	total_bytes = *(const u32 *)boot_ebx;
	check(!(boot_ebx & 7) && each_tag(first_pass), "the list of tags is whole (%u bytes)",
	      total_bytes);
	check((seen & 0x56) == 0x56, "what was requested is there (types %x)", seen);
	check(boot_word("hello"), "the command line has the word");
	check(below_kb > 600 && below_kb <= 640, "%u KB below 1 MB", below_kb);
	each_tag(second_pass);
	each_tag(third_pass);
	check_module_count(module_count);
}
