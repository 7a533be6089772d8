/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A Multiboot 1 header of its own, before that of start.S: modules on pages, memory information.
 * There is room behind it for the five address fields, which tests/qemu_multiboot.py fills when it
 * makes a kernel without ELF of this one.
 */
	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002, 3, -0x1badb002 - 3
	.long 0, 0, 0, 0, 0
	.section .note.GNU-stack, "", @progbits
