/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of boot_info.h.  One function per kind of tag that is used, in a table; each gets
 * a tag whose size was checked against the end of the list and against the minimum that the table
 * asks for.  Tags that are not in the table are of no use to us, knowingly: basic memory and VBE
 * information and the EFI memory map (the memory map and framebuffer tags say it better), boot
 * device, APM, SMBIOS, network, the image's own ELF sections and EFI image handles.
 */
#include "arch/x86/boot/boot_info.h"

#include "hv/lib/err.h"
#include "hv/lib/string.h"
#include "multiboot2.h"

#define LIST_HEADER_SIZE 8
#define INFO_SIZE_MAX MIB
#define RSDP_SIZE_1 20
#define RSDP_SIZE_2 36
#define RSDP_REVISION 15 /* offset of the byte */

/* A string that must end inside its tag; NULL if it does not. */
static const char *tag_string(const struct multiboot_tag *tag, size_t offset)
{
	const char *text = (const char *)tag + offset;

	for (size_t i = offset; i < tag->size; i++)
		if (!((const char *)tag)[i])
			return text;
	return NULL;
}

static bool use_cmdline(const struct multiboot_tag *tag, struct boot_info *out)
{
	const char *text = tag_string(tag, sizeof(*tag));

	if (text)
		out->cmdline = text;
	return text;
}

static bool use_loader(const struct multiboot_tag *tag, struct boot_info *out)
{
	const char *text = tag_string(tag, sizeof(*tag));

	if (text)
		out->loader = text;
	return text;
}

static bool use_module(const struct multiboot_tag *tag, struct boot_info *out)
{
	const struct multiboot_tag_module *module = (const void *)tag;
	const char *text = tag_string(tag, offsetof(struct multiboot_tag_module, cmdline));

	if (!text || module->mod_start > module->mod_end)
		return false;
	if (out->module_count == BOOT_MODULES_MAX) {
		out->lost_entries++;
		return true;
	}
	out->modules[out->module_count++] =
		(struct boot_module){ module->mod_start, module->mod_end, text };
	return true;
}

static void add_memory(const struct multiboot_mmap_entry *entry, struct boot_info *out)
{
	if (out->memory_count == BOOT_MEMORY_MAX) {
		out->lost_entries++;
		return;
	}
	out->memory[out->memory_count++] = (struct boot_memory){
		.start = entry->addr,
		.size = MIN((u64)entry->len, ~0ull - entry->addr),
		.type = entry->type,
	};
}

static bool use_memory_map(const struct multiboot_tag *tag, struct boot_info *out)
{
	const struct multiboot_tag_mmap *map = (const void *)tag;
	const u8 *entry = (const u8 *)map->entries;
	const u8 *end = (const u8 *)tag + tag->size;

	if (map->entry_size < sizeof(struct multiboot_mmap_entry) || map->entry_size % 8)
		return false;
	for (; (size_t)(end - entry) >= map->entry_size; entry += map->entry_size)
		add_memory((const void *)entry, out);
	return true;
}

static bool framebuffer_is_sane(const struct boot_framebuffer *fb)
{
	u64 line = (u64)fb->width * ((fb->bits_per_pixel + 7) / 8);

	return fb->width && fb->height && fb->width <= 16384 && fb->height <= 16384 &&
	       fb->bits_per_pixel <= 32 && fb->pitch >= line && fb->pitch <= MIB;
}

static bool use_framebuffer(const struct multiboot_tag *tag, struct boot_info *out)
{
	static const u8 types[] = { BOOT_SCREEN_INDEXED, BOOT_SCREEN_RGB, BOOT_SCREEN_TEXT };
	const struct multiboot_tag_framebuffer *from = (const void *)tag;
	struct boot_framebuffer fb = {
		.address = from->common.framebuffer_addr,
		.pitch = from->common.framebuffer_pitch,
		.width = from->common.framebuffer_width,
		.height = from->common.framebuffer_height,
		.bits_per_pixel = from->common.framebuffer_bpp,
	};

	if (from->common.framebuffer_type >= ARRAY_SIZE(types) || !framebuffer_is_sane(&fb))
		return false;
	fb.type = types[from->common.framebuffer_type];
	if (fb.type == BOOT_SCREEN_RGB) {
		if (tag->size < offsetof(struct multiboot_tag_framebuffer,
					 framebuffer_blue_mask_size) + 1)
			return false;
		fb.red = (struct boot_color_field){ from->framebuffer_red_field_position,
						    from->framebuffer_red_mask_size };
		fb.green = (struct boot_color_field){ from->framebuffer_green_field_position,
						      from->framebuffer_green_mask_size };
		fb.blue = (struct boot_color_field){ from->framebuffer_blue_field_position,
						     from->framebuffer_blue_mask_size };
	}
	out->framebuffer = fb;
	return true;
}

static bool use_rsdp(const struct multiboot_tag *tag, struct boot_info *out)
{
	const u8 *rsdp = (const u8 *)tag + sizeof(*tag);
	size_t size = tag->size - sizeof(*tag);
	bool new = rsdp[RSDP_REVISION] >= 2;

	if (size < (new ? RSDP_SIZE_2 : RSDP_SIZE_1))
		return false;
	/* Both tags may be there; the newer one knows more. */
	if (!out->rsdp || tag->type == MULTIBOOT_TAG_TYPE_ACPI_NEW)
		out->rsdp = rsdp;
	return true;
}

static bool use_efi(const struct multiboot_tag *tag, struct boot_info *out)
{
	(void)tag;
	out->efi = true;
	return true;
}

static const struct {
	u32 type;
	u32 min_size;
	bool (*use)(const struct multiboot_tag *tag, struct boot_info *out);
} users[] = {
	{ MULTIBOOT_TAG_TYPE_CMDLINE, 9, use_cmdline },
	{ MULTIBOOT_TAG_TYPE_BOOT_LOADER_NAME, 9, use_loader },
	{ MULTIBOOT_TAG_TYPE_MODULE, 17, use_module },
	{ MULTIBOOT_TAG_TYPE_MMAP, sizeof(struct multiboot_tag_mmap), use_memory_map },
	{ MULTIBOOT_TAG_TYPE_FRAMEBUFFER, sizeof(struct multiboot_tag_framebuffer_common),
	  use_framebuffer },
	{ MULTIBOOT_TAG_TYPE_ACPI_OLD, sizeof(struct multiboot_tag) + RSDP_SIZE_1, use_rsdp },
	{ MULTIBOOT_TAG_TYPE_ACPI_NEW, sizeof(struct multiboot_tag) + RSDP_SIZE_1, use_rsdp },
	{ MULTIBOOT_TAG_TYPE_EFI32, 8, use_efi },
	{ MULTIBOOT_TAG_TYPE_EFI64, 8, use_efi },
};

static void use_tag(const struct multiboot_tag *tag, struct boot_info *out)
{
	for (u32 i = 0; i < ARRAY_SIZE(users); i++) {
		if (users[i].type != tag->type)
			continue;
		if (tag->size < users[i].min_size || !users[i].use(tag, out))
			out->bad_tags++;
		return;
	}
}

int boot_info_parse(const void *info, size_t limit, struct boot_info *out)
{
	const u8 *list = info;
	size_t total, offset = LIST_HEADER_SIZE;

	memset(out, 0, sizeof(*out));
	out->cmdline = "";
	out->loader = "";
	total = limit < LIST_HEADER_SIZE ? 0 : *(const u32 *)info;
	if (total < LIST_HEADER_SIZE || total > MIN(limit, (size_t)INFO_SIZE_MAX))
		return -EINVAL;
	out->info_size = (u32)total;
	while (total - offset >= sizeof(struct multiboot_tag)) {
		const struct multiboot_tag *tag = (const void *)(list + offset);

		if (tag->type == MULTIBOOT_TAG_TYPE_END)
			return 0;
		if (tag->size < sizeof(*tag) || tag->size > total - offset)
			break;
		use_tag(tag, out);
		offset = MIN(offset + ALIGN_UP((size_t)tag->size, MULTIBOOT_TAG_ALIGN), total);
	}
	out->bad_tags++; /* no end tag, or one that points outside */
	return 0;
}

bool boot_info_option(const char *cmdline, const char *name, char *value, size_t size)
{
	size_t length = strlen(name);

	while (*cmdline) {
		size_t word = 0;

		while (cmdline[word] && cmdline[word] != ' ')
			word++;
		if (word >= length && !strncmp(cmdline, name, length) &&
		    (word == length || cmdline[length] == '=')) {
			size_t from = MIN(length + 1, word);
			size_t count = MIN(word - from, size - 1);

			memcpy(value, cmdline + from, count);
			value[count] = 0;
			return true;
		}
		cmdline += word + (cmdline[word] == ' ');
	}
	return false;
}
