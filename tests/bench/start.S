/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the kernel starts the program, and what it returns to from a signal handler.
 * [ESP] = argc, then argv, environment and auxiliary vector, which main() gets as one array.
 */
	.text
	.globl _start
_start:
	xorl %ebp, %ebp
	movl %esp, %eax
	andl $-16, %esp
	subl $12, %esp
	pushl %eax
	call main
	movl %eax, %ebx
	movl $1, %eax		/* exit */
	int $0x80

	.globl sys_restore
sys_restore:
	movl $173, %eax		/* rt_sigreturn */
	int $0x80

	.section .note.GNU-stack, "", @progbits
