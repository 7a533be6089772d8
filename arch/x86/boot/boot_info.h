/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the boot loader tells, as one struct.  The Multiboot2 information is a list of tags written
 * by another program; parsing trusts no size or count in it, and is pure so that a host test can
 * feed it broken lists.  Strings and the RSDP stay where the loader put them: the caller keeps that
 * memory (info_size bytes) out of the allocator.  [Multiboot2 3.6]
 */
#ifndef ARCH_X86_BOOT_BOOT_INFO_H
#define ARCH_X86_BOOT_BOOT_INFO_H

#include "hv/lib/types.h"

#define BOOT_MEMORY_MAX 96
#define BOOT_MODULES_MAX 32

enum boot_memory_type {
	BOOT_MEMORY_RAM = 1,
	BOOT_MEMORY_RESERVED = 2,
	BOOT_MEMORY_ACPI = 3, /* tables, reclaimable */
	BOOT_MEMORY_NVS = 4,
	BOOT_MEMORY_BAD = 5,
};

struct boot_memory {
	u64 start;
	u64 size;
	u32 type; /* enum boot_memory_type, or another number: reserved */
};

struct boot_module {
	u32 start, end; /* host-physical */
	const char *cmdline;
};

enum boot_screen { BOOT_SCREEN_NONE, BOOT_SCREEN_TEXT, BOOT_SCREEN_RGB, BOOT_SCREEN_INDEXED };

struct boot_color_field {
	u8 position, size; /* in bits */
};

struct boot_framebuffer {
	enum boot_screen type;
	u64 address;
	u32 pitch;	   /* bytes per line */
	u32 width, height; /* pixels, or characters */
	u32 bits_per_pixel;
	struct boot_color_field red, green, blue; /* BOOT_SCREEN_RGB */
};

struct boot_info {
	const char *cmdline; /* never NULL */
	const char *loader;  /* never NULL */
	u32 memory_count;
	struct boot_memory memory[BOOT_MEMORY_MAX];
	u32 module_count;
	struct boot_module modules[BOOT_MODULES_MAX];
	struct boot_framebuffer framebuffer;
	const void *rsdp; /* ACPI root pointer, at least 20 bytes (36 if its revision is >= 2), or NULL */
	bool efi;	  /* firmware is UEFI */
	u32 info_size;	  /* bytes of the loader's list */
	u32 bad_tags;	  /* tags that were malformed and therefore not used */
	u32 lost_entries; /* memory ranges or modules beyond our maxima */
};

/* Parse the list at @info, of which at most @limit bytes may be touched.  0, or -EINVAL if the list
 * as a whole is unusable (size field absurd); *@out is valid in both cases. */
int boot_info_parse(const void *info, size_t limit, struct boot_info *out);

/* Host report: loader, firmware, memory map, modules; and what of the list could not be used. */
void boot_info_report(const struct boot_info *info);

/* Value of "name=value" in a command line: copied to @value (cut to @size); false if absent.  A
 * bare "name" has the value "". */
bool boot_info_option(const char *cmdline, const char *name, char *value, size_t size);

#endif
