/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A Multiboot 2 header with the tags that loaders differ about: requests that must be met, some
 * that need not, a display that is wanted but not needed, an entry address that is not ELF's, and a
 * tag that nobody knows.
 */
	.section .multiboot, "a"
	.balign 8
header:
	.long 0xe85250d6, 0, header_end - header, -(0xe85250d6 + header_end - header)
	/* command line, loader's name, modules, memory, memory map */
	.short 1, 0
	.long 8 + 5 * 4, 1, 2, 3, 4, 6
	.balign 8
	/* ELF sections, ACPI root pointer; optional */
	.short 1, 1
	.long 8 + 2 * 4, 9, 14
	.balign 8
	/* framebuffer, optional */
	.short 5, 1
	.long 20, 1024, 768, 32
	.balign 8
	/* modules on pages */
	.short 6, 0
	.long 8
	.balign 8
	/* entry address */
	.short 3, 0
	.long 12, entry
	.balign 8
	/* unknown, optional */
	.short 0x4711, 1
	.long 8
	.balign 8
	.short 0, 0
	.long 8
header_end:

	.text
entry:
	movl $1, entered_by_tag
	jmp _start

	.data
	.globl entered_by_tag
entered_by_tag:
	.long 0
	.section .note.GNU-stack, "", @progbits
