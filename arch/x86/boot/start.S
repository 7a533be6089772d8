/* SPDX-License-Identifier: GPL-2.0 */
/*
 * First instructions.  GRUB leaves the CPU in 32-bit protected mode with flat segments, paging and
 * interrupts off, EAX = magic, EBX = boot information [Multiboot2 3.3].  C code compiled for the
 * Pentium Pro must not run on anything older, so the check for the features that Romulus requires
 * is here, together with just enough output (COM1 and VGA text) to say what is missing.
 *
 * The image is linked at its physical address: C runs before paging as well as after, and builds
 * the page tables itself (host_paging.c).
 */
#define ASM_FILE
#include "multiboot2.h"

#define COM1 0x3f8
#define COM_DIVISOR_115200 1
#define VGA_TEXT 0xb8000
#define VGA_ATTRIBUTE 0x4f00	/* white on red */
#define EFLAGS_ID 0x200000
#define BOOT_STACK_SIZE 16384	/* what host code runs on */

	.section .start, "ax"
	.globl start
start:
	cli
	cld
	mov $boot_stack_top, %esp
	mov %eax, %ebp
	call serial_init
	mov $text_start, %esi
	call print_serial
	mov $text_no_multiboot, %esi
	cmp $MULTIBOOT2_BOOTLOADER_MAGIC, %ebp
	jne refuse

	/* CPUID exists where EFLAGS.ID can be changed [SDM1 3.4.3.3]. */
	pushf
	pop %eax
	mov %eax, %ecx
	xor $EFLAGS_ID, %eax
	push %eax
	popf
	pushf
	pop %eax
	push %ecx
	popf
	xor %ecx, %eax
	mov $text_no_cpuid, %esi
	test $EFLAGS_ID, %eax
	jz refuse

	mov %ebx, %edi			/* CPUID needs EBX */
	xor %eax, %eax
	cpuid
	xor %edx, %edx
	test %eax, %eax
	jz 1f
	mov $1, %eax
	cpuid
1:	mov $required_features, %ebx
	mov %edx, %ebp
next_feature:
	mov (%ebx), %ecx
	mov 4(%ebx), %esi
	jecxz features_ok
	add $8, %ebx
	test %ecx, %ebp
	jnz next_feature
	push %esi
	mov $text_lacks, %esi
	call print
	pop %esi
	call print
	mov $text_required, %esi
	jmp refuse_rest

features_ok:
	mov %edi, %eax			/* first argument of romulus_main(info) */
	xor %ebp, %ebp			/* end of backtraces */
	call romulus_main
	/* does not return */

/* Print the message at ESI on every console and stop. */
refuse:
	push %esi
	mov $text_prefix, %esi
	call print
	pop %esi
refuse_rest:
	call print
1:	cli
	hlt
	jmp 1b

/* 115200 baud, 8 bits, no parity, FIFO on.  Clobbers EAX, EDX. */
serial_init:
	.macro outp port, value
	mov $\port, %dx
	mov $\value, %al
	out %al, %dx
	.endm
	outp COM1+1, 0
	outp COM1+3, 0x80
	outp COM1+0, COM_DIVISOR_115200
	outp COM1+1, 0
	outp COM1+3, 0x03
	outp COM1+2, 0x07
	outp COM1+4, 0x0b
	ret

/* Print the text at ESI on COM1 and on the screen.  Clobbers EAX, ECX, EDX, ESI. */
print:
	push %esi
	call print_serial
	pop %esi
	mov vga_position, %ecx
1:	lodsb
	test %al, %al
	jz 2f
	cmp $' ', %al			/* line ends mean nothing here */
	jb 1b
	movzbl %al, %eax
	or $VGA_ATTRIBUTE, %eax
	mov %ax, (%ecx)
	add $2, %ecx
	jmp 1b
2:	mov %ecx, vga_position
	ret

/* A port that does not exist reads as ones, so it never delays; a broken one does, bounded. */
print_serial:
	mov $0x100000, %ecx
1:	mov $COM1+5, %dx
	in %dx, %al
	test $0x20, %al			/* room in the FIFO */
	loopz 1b
	lodsb
	test %al, %al
	jz 2f
	mov $COM1, %dx
	out %al, %dx
	jmp print_serial
2:	ret

	.section .rodata
	.balign 4
required_features:			/* CPUID.1:EDX */
	.long 1 << 3, name_pse
	.long 1 << 4, name_tsc
	.long 1 << 5, name_msr
	.long 1 << 6, name_pae
	.long 1 << 8, name_cx8
	.long 1 << 15, name_cmov	/* the compiler uses it; every CPU with PAE has it */
	.long 0, 0
name_pse:	.asciz "PSE"
name_tsc:	.asciz "TSC"
name_msr:	.asciz "MSR"
name_pae:	.asciz "PAE"
name_cx8:	.asciz "CX8"
name_cmov:	.asciz "CMOV"
text_start:	.asciz "\r\nromulus: started by the boot loader\r\n"
text_prefix:	.asciz "romulus: "
text_lacks:	.asciz "romulus: this CPU lacks "
text_required:	.asciz ", which is required\r\n"
text_no_cpuid:	.asciz "this CPU has no CPUID instruction; a Pentium Pro or newer is required\r\n"
text_no_multiboot: .asciz "not started by a Multiboot2 loader such as GRUB 2\r\n"

	.data
	.balign 4
vga_position:
	.long VGA_TEXT

	.section .stacks, "aw", @nobits
	.balign 4096
boot_stack_guard:
	.skip 4096 + BOOT_STACK_SIZE
boot_stack_top:

	.section .stack_guards, "a"
	.balign 4
	.long boot_stack_guard

	.section .note.GNU-stack, "", @progbits
