/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Linux's bzImage, boot protocol 2.02 and later [Linux Documentation/x86/boot.rst]:
 *
 *   0            boot sector and real-mode setup code; the setup header at 1F1
 *   setup_bytes  the protected-mode kernel, usually a decompressor and its payload
 *
 * We skip the real-mode code: the loader answers what it would have asked the BIOS.
 */
#ifndef HV_LOAD_BZIMAGE_H
#define HV_LOAD_BZIMAGE_H

#include "hv/load/load.h"

/* The header as it lies in the file and in the zero page, from SETUP_HEADER on. */
#define SETUP_HEADER 0x1f1
struct setup_header {
	u8 setup_sects;
	u16 root_flags;
	u32 syssize; /* protected-mode part, in units of 16 bytes */
	u16 ram_size;
	u16 vid_mode;
	u16 root_dev;
	u16 boot_flag;
	u8 jump, header_length; /* the header ends at 202 + header_length */
	u32 header;
	u16 version;
	u32 realmode_swtch;
	u16 start_sys;
	u16 kernel_version;
	u8 type_of_loader;
	u8 loadflags;
	u16 setup_move_size;
	u32 code32_start;
	u32 ramdisk_image;
	u32 ramdisk_size;
	u32 bootsect_kludge;
	u16 heap_end_ptr;
	u8 ext_loader_ver;
	u8 ext_loader_type;
	u32 cmd_line_ptr;
	u32 initrd_addr_max;  /* 2.03: highest address that an initrd may use */
	u32 kernel_alignment; /* 2.05 */
	u8 relocatable_kernel;
	u8 min_alignment;
	u16 xloadflags;
	u32 cmdline_size; /* 2.06: without the NUL */
	u32 hardware_subarch;
	u64 hardware_subarch_data;
	u32 payload_offset;
	u32 payload_length;
	u64 setup_data;
	u64 pref_address; /* 2.10 */
	u32 init_size;	  /* 2.10 */
	u32 handover_offset;
	u32 kernel_info_offset;
} PACKED;
ASSERT_OFFSET(struct setup_header, header, 0x202 - SETUP_HEADER);
ASSERT_OFFSET(struct setup_header, cmd_line_ptr, 0x228 - SETUP_HEADER);
ASSERT_OFFSET(struct setup_header, init_size, 0x260 - SETUP_HEADER);
ASSERT_SIZE(struct setup_header, 0x26c - SETUP_HEADER);

#define BOOT_FLAG 0xaa55
#define HEADER_MAGIC 0x53726448u /* "HdrS" */
#define LOADFLAG_HIGH BIT(0)
#define LOADFLAG_KEEP_SEGMENTS BIT(6)
#define LOADFLAG_CAN_USE_HEAP BIT(7)
#define LOADER_UNDEFINED 0xff

/* Does it carry the marks of a Linux boot image? */
bool bzimage_recognise(const struct module *kernel);

/* Check it.  0 and *image; -ENOEXEC, -ENOSPC: logged. */
int bzimage_parse(const struct load_place *place, struct kernel_image *image);

/* The image's setup header; what lies behind its own end is 0.  Only after bzimage_parse. */
void bzimage_header(const struct module *kernel, struct setup_header *header);

/* Copy the protected-mode part to its place. */
void bzimage_place(const struct module *kernel, const struct kernel_image *image,
		   struct gmem *gmem);

#endif
