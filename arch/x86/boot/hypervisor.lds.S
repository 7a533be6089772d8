/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layout of the hypervisor image: loaded at 1 MB, linear address = physical address.  Each kind of
 * rights starts on a page of its own; host_paging.c maps text executable, constants read-only, the
 * rest writable.  The symbols of the second link come last so that nothing else moves.  Stacks lie
 * in .stacks with a page below each that stays unmapped (gdt.h, HOST_STACK).
 */
#define PAGE . = ALIGN(4096);

OUTPUT_FORMAT("elf32-i386")
OUTPUT_ARCH("i386")
ENTRY(start)

PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
	symbols PT_LOAD FLAGS(4);
}

SECTIONS
{
	. = 0x100000;
	image_start = .;
	.text : {
		KEEP(*(.multiboot))
		KEEP(*(.start))
		*(.text .text.*)
		PAGE
	} :text
	image_text_end = .;
	.rodata : {
		*(.rodata .rodata.*)
		. = ALIGN(8);
		extable_start = .;
		KEEP(*(.extable))
		extable_end = .;
		stack_guards_start = .;
		KEEP(*(.stack_guards))
		stack_guards_end = .;
		PAGE
	} :rodata
	image_rodata_end = .;
	.data : {
		*(.data .data.*)
	} :data
	.bss : {
		*(.bss .bss.* COMMON)
		PAGE
		image_stacks = .;
		KEEP(*(.stacks))
		PAGE
	} :data
	image_data_end = .;
	.symbols : {
		KEEP(*(.symbols))
		PAGE
	} :symbols
	image_end = .;

	/DISCARD/ : {
		*(.note*)
		*(.comment)
		*(.eh_frame)
	}
}
