/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Multiboot 1 [Multiboot 3.1, 3.3].  The header is a few words within the first 8 KB; its low 16
 * flags are demands (a loader that cannot meet one must refuse), the high 16 are offers.
 *
 * The information structure is written with all that it points to behind it: strings, modules,
 * memory map, ELF section headers.
 */
#include "hv/load/multiboot_priv.h"

#include "hv/lib/err.h"
#include "hv/lib/string.h"
#include "hv/load/bios.h"

#define HEADER_MAGIC 0x1badb002u
#define ENTRY_MAGIC 0x2badb002u
#define SEARCHED 8192u
#define HEADER_BYTES 12u	   /* magic, flags, checksum */
#define HEADER_ADDRESS_BYTES 32u   /* with the five address fields */
#define FIELD(n) (HEADER_BYTES + (n)*4u)

/* Page-aligned modules and memory sizes come to everybody. */
#define WANTS_PAGE_ALIGNED BIT(0)
#define WANTS_MEMORY BIT(1)
#define WANTS_VIDEO BIT(2)
#define WANTS_MASK 0xffffu
#define HAS_ADDRESSES BIT(16)

#define INFO_MEMORY BIT(0)
#define INFO_COMMAND BIT(2)
#define INFO_MODULES BIT(3)
#define INFO_ELF BIT(5)
#define INFO_MEMORY_MAP BIT(6)
#define INFO_LOADER_NAME BIT(9)

struct information {
	u32 flags;
	u32 mem_lower, mem_upper; /* KB */
	u32 boot_device;
	u32 cmdline;
	u32 mods_count, mods_addr;
	u32 elf_num, elf_size, elf_addr, elf_shndx;
	u32 mmap_length, mmap_addr;
	u32 drives_length, drives_addr;
	u32 config_table;
	u32 boot_loader_name;
	u32 apm_table;
	u32 display[11];
} PACKED;
ASSERT_OFFSET(struct information, mmap_length, 44);
ASSERT_OFFSET(struct information, boot_loader_name, 64);
ASSERT_SIZE(struct information, 116);

struct module_entry {
	u32 start, end, arguments, zero;
} PACKED;

struct map_entry {
	u32 size; /* of what follows */
	struct e820_entry range;
} PACKED;
ASSERT_SIZE(struct map_entry, 24);

static bool find(const struct module *kernel, u32 *offset)
{
	u32 end = (u32)MIN(kernel->size, (size_t)SEARCHED);

	for (u32 at = 0; at + HEADER_BYTES <= end; at += 4) {
		if (multiboot_u32(kernel, at) != HEADER_MAGIC)
			continue;
		*offset = at;
		if (HEADER_MAGIC + multiboot_u32(kernel, at + 4) + multiboot_u32(kernel, at + 8) ==
		    0)
			return true;
	}
	return false;
}

static int parse(const struct load_place *place, struct multiboot_wants *h)
{
	const struct module *kernel = place->kernel;
	u32 flags = multiboot_u32(kernel, h->offset + 4);
	u32 unknown = flags & WANTS_MASK & ~(WANTS_PAGE_ALIGNED | WANTS_MEMORY | WANTS_VIDEO);

	if (unknown)
		return load_refuse(place, ENOEXEC,
				   "wants Multiboot features 0x%x; known are 0x1, 0x2 and 0x4",
				   unknown);
	if (flags & WANTS_VIDEO)
		return load_refuse(place, ENOEXEC,
				   "wants a display (Multiboot flag 0x4), which VMs do not have");
	h->has_addresses = h->has_entry = flags & HAS_ADDRESSES;
	if (!h->has_addresses)
		return 0;
	if (h->offset + HEADER_ADDRESS_BYTES > MIN(kernel->size, (size_t)SEARCHED))
		return load_refuse(place, ENOEXEC,
				   "has a Multiboot header at 0x%x without its address fields",
				   h->offset);
	h->header_address = multiboot_u32(kernel, h->offset + FIELD(0));
	h->load_start = multiboot_u32(kernel, h->offset + FIELD(1));
	h->load_end = multiboot_u32(kernel, h->offset + FIELD(2));
	h->bss_end = multiboot_u32(kernel, h->offset + FIELD(3));
	h->entry = multiboot_u32(kernel, h->offset + FIELD(4));
	return 0;
}

/* ---- the information structure ------------------------------------------------------------ */

/* Write to *@at and step behind it, to a multiple of 4; the address of what was written. */
static u32 put(struct gmem *gmem, u32 *at, const void *bytes, size_t size)
{
	u32 address = *at;

	load_put(gmem, address, bytes, size);
	*at = ALIGN_UP(address + (u32)size, 4);
	return address;
}

static u32 put_string(struct gmem *gmem, u32 *at, const char *text)
{
	return put(gmem, at, text, strlen(text) + 1);
}

static void put_modules(const struct multiboot_plan *plan, u32 *at, struct information *info)
{
	struct gmem *gmem = plan->request->gmem;

	info->mods_count = plan->module_count;
	info->mods_addr = *at;
	*at += plan->module_count * (u32)sizeof(struct module_entry);
	for (u32 i = 0; i < plan->module_count; i++) {
		const struct multiboot_module *module = &plan->modules[i];
		struct module_entry entry = { module->start, multiboot_module_end(module), 0, 0 };

		entry.arguments = put_string(gmem, at, module->arguments);
		load_put(gmem, info->mods_addr + i * (u32)sizeof(entry), &entry, sizeof(entry));
	}
}

static void put_memory_map(const struct multiboot_plan *plan, u32 *at, struct information *info)
{
	struct e820_entry map[BIOS_E820_ENTRIES];
	u32 count = bios_e820(plan->place.memory_end, map);

	info->mmap_addr = *at;
	for (u32 i = 0; i < count; i++) {
		struct map_entry entry = { sizeof(map[i]), map[i] };

		put(plan->request->gmem, at, &entry, sizeof(entry));
	}
	info->mmap_length = *at - info->mmap_addr;
	info->mem_lower = BIOS_EBDA / KIB;
	info->mem_upper = multiboot_high_kb(plan);
}

static void put_sections(const struct multiboot_plan *plan, u32 *at, struct information *info)
{
	if (!plan->sections.count)
		return;
	info->flags |= INFO_ELF;
	info->elf_num = plan->sections.count;
	info->elf_size = ELF_SECTION_BYTES;
	info->elf_addr = *at;
	info->elf_shndx = plan->sections.names;
	elf_sections_place(plan->place.kernel, &plan->sections, plan->request->gmem, *at);
}

static void put_information(const struct multiboot_plan *plan, u32 address)
{
	struct gmem *gmem = plan->request->gmem;
	struct information info = { .flags = INFO_MEMORY | INFO_COMMAND | INFO_MODULES |
					     INFO_MEMORY_MAP | INFO_LOADER_NAME };
	u32 at = address + (u32)sizeof(info);

	info.cmdline = put_string(gmem, &at, plan->request->config->append);
	info.boot_loader_name = put_string(gmem, &at, MULTIBOOT_LOADER_NAME);
	put_modules(plan, &at, &info);
	put_memory_map(plan, &at, &info);
	put_sections(plan, &at, &info);
	load_put(gmem, address, &info, sizeof(info));
}

const struct multiboot_version multiboot1 = { 1, ENTRY_MAGIC, find, parse, put_information };
