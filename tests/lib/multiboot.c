/* SPDX-License-Identifier: GPL-2.0 */
/* The checks of multiboot.h, on memory as it is: no paging. */
#include "tests/lib/multiboot.h"

#include "hv/lib/string.h"

#define CR0_PE 1u
#define CR0_PG 0x80000000u
#define EFLAGS_IF 0x200u
#define EFLAGS_VM 0x20000u
#define PAGE_OFFSET 0xfffu
#define ONE_MB 0x100000u
#define LOW_BYTE 0x500u /* free in every PC's memory */
#define MAX_RANGES 16
#define SECTION_SYMBOLS 2

struct section {
	u32 name, type, flags, addr, offset, size, link, info, addralign, entsize;
};

struct symbol {
	u32 name, value, size;
	u8 info, other;
	u16 section;
};

extern u8 image_end[];

static struct memory_range map[MAX_RANGES];
static u32 map_count;
static u32 last_end;

/* A byte above 1 MB, which may be in use, is not the one at 1 MB less. */
static bool a20_is_open(void)
{
	volatile u8 *low = (volatile u8 *)LOW_BYTE, *high = (volatile u8 *)(LOW_BYTE + ONE_MB);
	u8 before = *high;
	bool open;

	*low = (u8)~before;
	open = *high == before;
	*low = (u8)~*low;
	return open & (*high == before);
}

void check_entry_state(u32 magic)
{
	check(boot_eax == magic, "EAX is the magic number (%x)", boot_eax);
	check((boot_cr0 & (CR0_PE | CR0_PG)) == CR0_PE, "protected mode without paging (CR0 %x)",
	      boot_cr0);
	check(!(boot_eflags & (EFLAGS_IF | EFLAGS_VM)), "interrupts are off (EFLAGS %x)",
	      boot_eflags);
	check(a20_is_open(), "A20 is open");
}

void check_memory_map(const struct memory_range *ranges, u32 count, u32 above_kb)
{
	u64 end = 0, above = 0;
	bool ordered = true;

	map_count = MIN(count, (u32)MAX_RANGES);
	for (u32 i = 0; i < map_count; i++) {
		map[i] = ranges[i];
		ordered &= ranges[i].start >= end && ranges[i].size;
		end = ranges[i].start + ranges[i].size;
		if (ranges[i].type == 1 && ranges[i].start == ONE_MB)
			above = ranges[i].size;
	}
	check(count == map_count && count > 1 && ordered, "the memory map is in order (%u ranges)",
	      count);
	check(above && above / KIB == above_kb, "memory above 1 MB: %u KB in the map, %u told",
	      (u32)(above / KIB), above_kb);
}

static bool is_memory(u32 start, u32 end)
{
	for (u32 i = 0; i < map_count; i++)
		if (map[i].type == 1 && start >= map[i].start &&
		    end <= map[i].start + map[i].size)
			return true;
	return false;
}

/* The hexadecimal number behind @prefix anywhere in @text; 0 without. */
static u32 number_in(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);
	u32 value = 0;

	while (*text && strncmp(text, prefix, length) != 0)
		text++;
	if (!*text)
		return 0;
	for (text += length; (*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'f');
	     text++)
		value = value << 4 | (u32)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
	return value;
}

void check_module(u32 index, u32 start, u32 end, const char *arguments)
{
	u32 sum = 0, expected = number_in(arguments, "sum.");

	check(!(start & PAGE_OFFSET) && start < end && start >= last_end,
	      "module %u is on a page of its own (%x to %x)", index, start, end);
	check(is_memory(start, end) && (start >= (u32)image_end || end <= 0x400000),
	      "module %u is in free memory", index);
	for (u32 at = start; at < end; at++)
		sum += *(const u8 *)at;
	check(expected && sum == expected, "module %u '%s' is whole (sum %x)", index, arguments, sum);
	last_end = end;
}

void check_module_count(u32 count)
{
	u32 expected = boot_number("modules=", 99);

	check(count == expected, "there are %u modules, %u expected", count, expected);
}

void check_sections(const void *at, u32 count, u32 bytes, u32 names)
{
	const struct section *sections = at;
	const char *own = "image_end";
	u32 value = 0;

	check(bytes == sizeof(struct section) && count && names < count && sections[names].addr,
	      "there are %u ELF sections, names in %u", count, names);
	for (u32 i = 0; i < count; i++) {
		const struct section *s = &sections[i];
		const char *strings = (const char *)sections[s->link].addr;
		const struct symbol *symbols = (const struct symbol *)s->addr;

		for (u32 j = 0; s->type == SECTION_SYMBOLS && j < s->size / sizeof(*symbols); j++)
			if (strcmp(strings + symbols[j].name, own) == 0)
				value = symbols[j].value;
	}
	check(value == (u32)image_end, "they lead to the symbol '%s' (%x)", own, value);
}
