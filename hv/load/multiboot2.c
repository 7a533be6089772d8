/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Multiboot 2 [Multiboot2 3.1, 3.6].  The header, within the first 32 KB, is a list of tags; each
 * says whether it is optional.  What is not optional must be understood, or the kernel refused.  The
 * information structure is a list of tags too.
 *
 *   header       magic, architecture, length, checksum; tags, each at a multiple of 8; end tag
 *   information  total size, 0; tags, each at a multiple of 8; end tag
 *
 * A request for information is met if its type is known, even where a VM has nothing to tell (no
 * APM, say): it is for the kernel to look.  That is how GRUB reads the specification.
 */
#include "hv/load/multiboot_priv.h"

#include "hv/lib/assert.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"
#include "hv/load/bios.h"
#include "multiboot2.h"

#define SEARCHED 32768u
#define HEADER_BYTES 16u
#define TAG_BYTES 8u
#define LAST_REQUEST MULTIBOOT_TAG_TYPE_LOAD_BASE_ADDR
#define FROM_FILE_START 0xffffffffu

struct tag {
	u32 type, size;
	bool required;
	u32 offset; /* in the file */
};

static bool find(const struct module *kernel, u32 *offset)
{
	u32 end = (u32)MIN(kernel->size, (size_t)SEARCHED);

	for (u32 at = 0; at + HEADER_BYTES <= end; at += MULTIBOOT_TAG_ALIGN) {
		u32 sum = 0;

		if (multiboot_u32(kernel, at) != MULTIBOOT2_HEADER_MAGIC)
			continue;
		*offset = at;
		for (u32 i = 0; i < HEADER_BYTES; i += 4)
			sum += multiboot_u32(kernel, at + i);
		if (!sum)
			return true;
	}
	return false;
}

/* ---- header tags -------------------------------------------------------------------------- */

/* Word @index behind the tag's type and size. */
static u32 word(const struct load_place *place, const struct tag *tag, u32 index)
{
	return multiboot_u32(place->kernel, tag->offset + TAG_BYTES + index * 4);
}

static int read_requests(const struct load_place *place, const struct tag *tag,
			 struct multiboot_wants *h)
{
	(void)h;
	for (u32 i = 0; tag->required && i < (tag->size - TAG_BYTES) / 4; i++)
		if (word(place, tag, i) > LAST_REQUEST)
			return load_refuse(place, ENOEXEC,
					   "requires Multiboot 2 information of type %u; known "
					   "are 0 to %u",
					   word(place, tag, i), LAST_REQUEST);
	return 0;
}

static int read_addresses(const struct load_place *place, const struct tag *tag,
			  struct multiboot_wants *h)
{
	h->has_addresses = true;
	h->header_address = word(place, tag, 0);
	h->load_start = word(place, tag, 1);
	h->from_file_start = h->load_start == FROM_FILE_START;
	h->load_end = word(place, tag, 2);
	h->bss_end = word(place, tag, 3);
	return 0;
}

static int read_entry(const struct load_place *place, const struct tag *tag,
		      struct multiboot_wants *h)
{
	h->has_entry = true;
	h->entry = word(place, tag, 0);
	return 0;
}

static int read_console(const struct load_place *place, const struct tag *tag,
			struct multiboot_wants *h)
{
	(void)h;
	if (tag->required && word(place, tag, 0) & MULTIBOOT_CONSOLE_FLAGS_CONSOLE_REQUIRED)
		return load_refuse(place, ENOEXEC,
				   "requires a display (Multiboot 2 console flags 0x%x), which VMs "
				   "do not have",
				   word(place, tag, 0));
	return 0;
}

static int read_framebuffer(const struct load_place *place, const struct tag *tag,
			    struct multiboot_wants *h)
{
	(void)h;
	if (tag->required)
		return load_refuse(place, ENOEXEC,
				   "requires a display (Multiboot 2 framebuffer), which VMs do "
				   "not have");
	return 0;
}

static int read_relocatable(const struct load_place *place, const struct tag *tag,
			    struct multiboot_wants *h)
{
	h->moves = true;
	h->lowest = word(place, tag, 0);
	h->highest = word(place, tag, 1);
	h->align = word(place, tag, 2);
	h->prefers_high = word(place, tag, 3) == MULTIBOOT_LOAD_PREFERENCE_HIGH;
	if (h->align & (h->align - 1))
		return load_refuse(place, ENOEXEC,
				   "has Multiboot 2 alignment 0x%x; expected a power of two",
				   h->align);
	return 0;
}

/* By type; those without a reader are met by everything we do, or are about EFI only. */
static const struct {
	u16 known;
	u16 size; /* at least */
	int (*read)(const struct load_place *place, const struct tag *tag,
		    struct multiboot_wants *h);
} header_tags[] = {
	[MULTIBOOT_HEADER_TAG_INFORMATION_REQUEST] = { 1, 8, read_requests },
	[MULTIBOOT_HEADER_TAG_ADDRESS] = { 1, 24, read_addresses },
	[MULTIBOOT_HEADER_TAG_ENTRY_ADDRESS] = { 1, 12, read_entry },
	[MULTIBOOT_HEADER_TAG_CONSOLE_FLAGS] = { 1, 12, read_console },
	[MULTIBOOT_HEADER_TAG_FRAMEBUFFER] = { 1, 20, read_framebuffer },
	[MULTIBOOT_HEADER_TAG_MODULE_ALIGN] = { 1, 8, NULL },
	[MULTIBOOT_HEADER_TAG_EFI_BS] = { 1, 8, NULL },
	[8] = { 1, 8, NULL }, /* entry address for 32-bit EFI */
	[MULTIBOOT_HEADER_TAG_ENTRY_ADDRESS_EFI64] = { 1, 8, NULL },
	[MULTIBOOT_HEADER_TAG_RELOCATABLE] = { 1, 24, read_relocatable },
};

/* @tag lies within the header. */
static int read_tag(const struct load_place *place, const struct tag *tag,
		    struct multiboot_wants *h)
{
	if (tag->type >= ARRAY_SIZE(header_tags) || !header_tags[tag->type].known)
		return tag->required ? load_refuse(place, ENOEXEC,
						   "requires Multiboot 2 header tag %u, which is "
						   "not known",
						   tag->type)
				     : 0;
	if (tag->size < header_tags[tag->type].size)
		return load_refuse(place, ENOEXEC,
				   "has Multiboot 2 header tag %u of %u bytes; expected %u",
				   tag->type, tag->size, header_tags[tag->type].size);
	return header_tags[tag->type].read ? header_tags[tag->type].read(place, tag, h) : 0;
}

static int read_tags(const struct load_place *place, struct multiboot_wants *h, u32 end)
{
	u32 offset = h->offset + HEADER_BYTES;

	while (offset + TAG_BYTES <= end) {
		u32 first = multiboot_u32(place->kernel, offset);
		struct tag tag = { first & 0xffff, multiboot_u32(place->kernel, offset + 4),
				   !(first >> 16 & MULTIBOOT_HEADER_TAG_OPTIONAL), offset };
		int error;

		if (tag.type == MULTIBOOT_HEADER_TAG_END)
			return 0;
		if (tag.size < TAG_BYTES || tag.size > end - offset)
			return load_refuse(place, ENOEXEC,
					   "has Multiboot 2 header tag %u of %u bytes at 0x%x; "
					   "expected %u to %u",
					   tag.type, tag.size, offset, TAG_BYTES, end - offset);
		error = read_tag(place, &tag, h);
		if (error)
			return error;
		offset = ALIGN_UP(offset + tag.size, MULTIBOOT_TAG_ALIGN);
	}
	return load_refuse(place, ENOEXEC, "has a Multiboot 2 header without an end tag");
}

static int parse(const struct load_place *place, struct multiboot_wants *h)
{
	u32 architecture = multiboot_u32(place->kernel, h->offset + 4);
	u32 length = multiboot_u32(place->kernel, h->offset + 8);
	u32 room = (u32)MIN(place->kernel->size, (size_t)SEARCHED) - h->offset;
	int error;

	if (architecture != MULTIBOOT2_ARCHITECTURE_I386)
		return load_refuse(place, ENOEXEC,
				   "is for Multiboot 2 architecture %u; expected 0 (386)",
				   architecture);
	if (length < HEADER_BYTES || length > room)
		return load_refuse(place, ENOEXEC,
				   "has a Multiboot 2 header of %u bytes at 0x%x; expected %u to "
				   "%u",
				   length, h->offset, HEADER_BYTES, room);
	error = read_tags(place, h, h->offset + length);
	if (!error && h->has_addresses && !h->has_entry)
		error = load_refuse(place, ENOEXEC,
				    "has a Multiboot 2 address tag without an entry address tag");
	return error;
}

/* ---- the information structure ------------------------------------------------------------ */

/* Write a tag of @size bytes, its type and size included, with @more bytes behind it. */
static void put_tag(struct gmem *gmem, u32 *at, void *tag, u32 size, const void *more, size_t bytes)
{
	struct multiboot_tag *head = tag;

	head->size = size + (u32)bytes;
	load_put(gmem, *at, tag, size);
	load_put(gmem, *at + size, more, bytes);
	*at = ALIGN_UP(*at + head->size, MULTIBOOT_TAG_ALIGN);
}

static void put_string(struct gmem *gmem, u32 *at, u32 type, const char *text)
{
	struct multiboot_tag tag = { .type = type };

	put_tag(gmem, at, &tag, sizeof(tag), text, strlen(text) + 1);
}

static void put_modules(const struct multiboot_plan *plan, u32 *at)
{
	for (u32 i = 0; i < plan->module_count; i++) {
		const struct multiboot_module *module = &plan->modules[i];
		struct multiboot_tag_module tag = { .type = MULTIBOOT_TAG_TYPE_MODULE,
						    .mod_start = module->start,
						    .mod_end = multiboot_module_end(module) };

		put_tag(plan->request->gmem, at, &tag, sizeof(tag), module->arguments,
			strlen(module->arguments) + 1);
	}
}

static void put_memory(const struct multiboot_plan *plan, u32 *at)
{
	struct multiboot_tag_basic_meminfo basic = { .type = MULTIBOOT_TAG_TYPE_BASIC_MEMINFO,
						     .mem_lower = BIOS_EBDA / KIB,
						     .mem_upper = multiboot_high_kb(plan) };
	struct multiboot_tag_mmap tag = { .type = MULTIBOOT_TAG_TYPE_MMAP,
					  .entry_size = sizeof(struct multiboot_mmap_entry) };
	struct multiboot_mmap_entry entries[BIOS_E820_ENTRIES];
	struct e820_entry map[BIOS_E820_ENTRIES];
	u32 count = bios_e820(plan->place.memory_end, map);

	for (u32 i = 0; i < count; i++)
		entries[i] = (struct multiboot_mmap_entry){ map[i].start, map[i].size, map[i].type,
							    0 };
	put_tag(plan->request->gmem, at, &basic, sizeof(basic), NULL, 0);
	put_tag(plan->request->gmem, at, &tag, sizeof(tag), entries, count * sizeof(entries[0]));
}

static void put_sections(const struct multiboot_plan *plan, u32 *at)
{
	u32 bytes = plan->sections.count * ELF_SECTION_BYTES;
	struct multiboot_tag_elf_sections tag = { .type = MULTIBOOT_TAG_TYPE_ELF_SECTIONS,
						  .size = sizeof(tag) + bytes,
						  .num = plan->sections.count,
						  .entsize = ELF_SECTION_BYTES,
						  .shndx = plan->sections.names };

	if (!bytes)
		return;
	load_put(plan->request->gmem, *at, &tag, sizeof(tag));
	elf_sections_place(plan->place.kernel, &plan->sections, plan->request->gmem,
			   *at + (u32)sizeof(tag));
	*at = ALIGN_UP(*at + tag.size, MULTIBOOT_TAG_ALIGN);
}

/* A copy of the root pointer; ours is of ACPI 1.0 (acpi_tables.h). */
static void put_acpi(const struct multiboot_plan *plan, u32 *at)
{
	struct multiboot_tag tag = { .type = MULTIBOOT_TAG_TYPE_ACPI_OLD };
	u8 rsdp[20];

	if (!plan->request->rsdp.v)
		return;
	if (gmem_read(plan->request->gmem, plan->request->rsdp, rsdp, sizeof(rsdp)))
		put_tag(plan->request->gmem, at, &tag, sizeof(tag), rsdp, sizeof(rsdp));
}

static void put_information(const struct multiboot_plan *plan, u32 address)
{
	struct gmem *gmem = plan->request->gmem;
	struct multiboot_tag_load_base_addr base = { .type = MULTIBOOT_TAG_TYPE_LOAD_BASE_ADDR,
						     .load_base_addr = plan->image.start };
	struct multiboot_tag end = { .type = MULTIBOOT_TAG_TYPE_END };
	u32 at = address + TAG_BYTES;
	u32 head[2] = { 0, 0 };

	put_string(gmem, &at, MULTIBOOT_TAG_TYPE_CMDLINE, plan->request->config->append);
	put_string(gmem, &at, MULTIBOOT_TAG_TYPE_BOOT_LOADER_NAME, MULTIBOOT_LOADER_NAME);
	put_modules(plan, &at);
	put_memory(plan, &at);
	put_sections(plan, &at);
	put_acpi(plan, &at);
	if (plan->header.moves)
		put_tag(gmem, &at, &base, sizeof(base), NULL, 0);
	put_tag(gmem, &at, &end, sizeof(end), NULL, 0);
	head[0] = at - address;
	load_put(gmem, address, head, sizeof(head));
}

const struct multiboot_version multiboot2 = { 2, MULTIBOOT2_BOOTLOADER_MAGIC, find, parse,
					      put_information };
