/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Multiboot2 header that GRUB looks for in the first 32 KB of the image.  It asks for modules
 * on page boundaries and says that both kinds of screen are welcome: VGA text where there is a
 * BIOS, a framebuffer under UEFI.  Everything else the loader hands over anyway, so the list of
 * requests is short.  [Multiboot2 3.1]
 */
#define ASM_FILE
#include "multiboot2.h"

	.section .multiboot, "a"
	.balign MULTIBOOT_HEADER_ALIGN
header:
	.long MULTIBOOT2_HEADER_MAGIC
	.long MULTIBOOT2_ARCHITECTURE_I386
	.long header_end - header
	.long -(MULTIBOOT2_HEADER_MAGIC + MULTIBOOT2_ARCHITECTURE_I386 + (header_end - header))

	.balign MULTIBOOT_TAG_ALIGN
	.word MULTIBOOT_HEADER_TAG_INFORMATION_REQUEST, 0
	.long 12
	.long MULTIBOOT_TAG_TYPE_MMAP

	.balign MULTIBOOT_TAG_ALIGN
	.word MULTIBOOT_HEADER_TAG_CONSOLE_FLAGS, MULTIBOOT_HEADER_TAG_OPTIONAL
	.long 12
	.long MULTIBOOT_CONSOLE_FLAGS_EGA_TEXT_SUPPORTED

	.balign MULTIBOOT_TAG_ALIGN
	.word MULTIBOOT_HEADER_TAG_MODULE_ALIGN, 0
	.long 8

	.balign MULTIBOOT_TAG_ALIGN
	.word MULTIBOOT_HEADER_TAG_END, 0
	.long 8
header_end:
	.section .note.GNU-stack, "", @progbits
