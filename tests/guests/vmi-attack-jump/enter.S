/* SPDX-License-Identifier: GPL-2.0 */
/*
 * jump_enter(struct jump *): load every register, ESP included, and go to the target in one of five
 * ways.  Called by guest_try; whatever comes of it ends there by an exception, or on jump_pad,
 * whose address a test puts on the stack that it gives.
 */
	.text
	.globl jump_enter
jump_enter:
	movl 4(%esp), %ebp
	movl 8(%ebp), %eax
	movl 12(%ebp), %ecx
	movl 16(%ebp), %edx
	movl 20(%ebp), %ebx
	movl 24(%ebp), %esi
	movl 28(%ebp), %edi
	movl 4(%ebp), %esp
	cmpl $1, 36(%ebp)
	movl 32(%ebp), %ebp
	je by_far_jump
	ja 1f
	jmp *%cs:jump_target
by_far_jump:
	ljmp *%cs:jump_target
1:	cmpl $3, %cs:jump_way
	je by_far_call
	ja by_call
	pushl %cs:jump_target
	ret
by_far_call:
	lcall *%cs:jump_target
	jmp jump_pad
by_call:
	call *%cs:jump_target
	/* fall through */

/* The attack returned: to guest_try with 0, from whatever state. */
	.globl jump_pad
jump_pad:
	movl %cs:try_esp, %esp
	movw $0x18, %ax
	movw %ax, %ds
	movw %ax, %es
	pushl $2
	popfl
	xorl %eax, %eax
	jmp guest_try_end

	.data
	.globl jump_target, jump_way
jump_target:
	.long 0
	.word 0x11, 0
jump_way:
	.long 0
	.section .note.GNU-stack, "", @progbits
