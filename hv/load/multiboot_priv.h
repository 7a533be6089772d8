/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between multiboot.c, which plans and loads, and the two versions of the protocol, which read a
 * header into one common form and write the information structure.
 */
#ifndef HV_LOAD_MULTIBOOT_PRIV_H
#define HV_LOAD_MULTIBOOT_PRIV_H

#include "hv/load/elf_sections.h"
#include "hv/load/load.h"
#include "hv/vm/config.h"

#define MULTIBOOT_LOADER_NAME "Romulus"

/* What a header asks for.  Nothing in it has been compared with anything but itself. */
struct multiboot_wants {
	u32 offset; /* of the header in the file */

	bool has_addresses; /* load by these, not by ELF's */
	bool from_file_start;
	u32 header_address, load_start;
	u32 load_end; /* 0: all of the file */
	u32 bss_end;  /* 0: none */

	bool has_entry;
	u32 entry;

	bool moves; /* may be loaded within [lowest, highest], ends included */
	bool prefers_high;
	u32 lowest, highest;
	u32 align; /* 0: any */
};

struct multiboot_module {
	const struct module *file;
	const char *arguments;
	u32 start;
};

struct multiboot_plan {
	const struct load_request *request;
	const struct multiboot_version *version;
	struct load_place place;
	struct multiboot_wants header;
	struct kernel_image image; /* final addresses */
	u32 moved;		   /* they are so much above the file's own */
	u32 file_offset, file_bytes; /* with header.has_addresses: what is copied */
	struct elf_sections sections;
	struct multiboot_module modules[CONFIG_MODULES_MAX];
	u32 module_count;
};

struct multiboot_version {
	u32 number;
	u32 magic; /* in EAX */
	/* Is there a header with a good checksum?  Where?  Without, *@offset is that of one with a
	 * bad checksum, or unchanged. */
	bool (*find)(const struct module *kernel, u32 *offset);
	/* Read the header at @header->offset into the rest of *@header, which is zeroed.  0, or
	 * -ENOEXEC: logged. */
	int (*parse)(const struct load_place *place, struct multiboot_wants *header);
	/* Write the information structure, section headers included. */
	void (*put_information)(const struct multiboot_plan *plan, u32 address);
};
extern const struct multiboot_version multiboot1, multiboot2;

/* Bytes of the file at @offset, which must be there, as a little-endian number. */
u32 multiboot_u32(const struct module *kernel, u32 offset);

/* What both versions tell. */
u32 multiboot_high_kb(const struct multiboot_plan *plan);
u32 multiboot_module_end(const struct multiboot_module *module);

#endif
