/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loads of segment registers and far transfers to any selector, in rings 1 and 3.  The ring-1
 * routines are called by guest_try with the selector (or a far pointer) as their argument, and go
 * back to flat segments before anything else can happen.
 */
	.text
	.globl load_ds, load_es, load_fs, load_gs, load_ss, pop_ds, pop_ss
load_ds:
	movw 4(%esp), %ds
	jmp flat
load_es:
	movw 4(%esp), %es
	jmp flat
load_fs:
	movw 4(%esp), %fs
	jmp flat
load_gs:
	movw 4(%esp), %gs
	jmp flat
pop_ds:
	pushl 4(%esp)
	popl %ds
	jmp flat
load_ss:
	movw 4(%esp), %cx
	movl %esp, %edx
	movw %cx, %ss
	movw %cs:kernel_ss, %cx
	movw %cx, %ss
	movl %edx, %esp
	ret
pop_ss:
	movl %esp, %edx
	pushl 4(%esp)
	popl %ss
	movw %cs:kernel_ss, %cx
	movw %cx, %ss
	movl %edx, %esp
	ret
flat:
	movw $0x18, %cx
	movw %cx, %ds
	movw %cx, %es
	movw %cx, %fs
	movw %cx, %gs
	ret

/* The argument is the address of a far pointer to landing. */
	.globl far_jump, far_call, far_return, int_landing
far_jump:
	movl 4(%esp), %eax
	ljmp *(%eax)
far_call:
	movl 4(%esp), %eax
	lcall *(%eax)
far_return:
	movl 4(%esp), %eax
	pushl 12(%eax)		/* SS and ESP of an outer ring */
	pushl 8(%eax)
	pushl 4(%eax)
	pushl 0(%eax)
	lret

/* IRET by the routine in use, by the instruction itself, and by the slow call. */
	.globl iret_rom, iret_native
iret_rom:
	movl 4(%esp), %eax
	pushl 16(%eax)
	pushl 12(%eax)
	pushl 8(%eax)
	pushl 4(%eax)
	pushl 0(%eax)
	jmp *%cs:iret_routine
iret_native:
	movl 4(%esp), %eax
	pushl 16(%eax)
	pushl 12(%eax)
	pushl 8(%eax)
	pushl 4(%eax)
	pushl 0(%eax)
	iret

/* Ring 3: AX = selector, EBX = far pointer. */
	.globl user_segments, user_ss, user_jump, user_call, user_return, user_landing, user_end
	.globl user_iret, user_tables
	.balign 16
user_segments:
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	int $0x81
	.balign 16
user_ss:
	movw %ax, %ss
	int $0x81
	.balign 16
user_jump:
	ljmp *(%ebx)
	.balign 16
user_call:
	lcall *(%ebx)
	.balign 16
user_return:
	pushl 12(%ebx)
	pushl 8(%ebx)
	pushl 4(%ebx)
	pushl 0(%ebx)
	lret
	.balign 16
user_iret:
	pushl 16(%ebx)
	pushl 12(%ebx)
	pushl 8(%ebx)
	pushl 4(%ebx)
	pushl 0(%ebx)
	iret
	.balign 16
user_landing:
	int $0x82		/* the same bytes in 16-bit code */
	.balign 16
user_end:

	.data
	.globl kernel_ss
kernel_ss:
	.long 0x18
	.section .note.GNU-stack, "", @progbits
