/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's side of INT 80h, and pieces of user code.  EAX of 0 ends the run as int $0x81 does; anything
 * else comes back inverted.  What the handler finds is stored for main.c; a user program counts in
 * EBP what it finds wrong.
 */
	.text
	.globl int80_entry, int80_other
int80_other:
	incl other_count
int80_entry:
	movl %esp, seen_esp
	pushfl
	popl seen_eflags
	movw %cs, seen_cs
	movw %ss, seen_ss
	incl int80_count
	pushl %ecx
	movl 4(%esp), %ecx
	movl %ecx, seen_frame
	movl 8(%esp), %ecx
	movl %ecx, seen_frame + 4
	movl 12(%esp), %ecx
	movl %ecx, seen_frame + 8
	movl 16(%esp), %ecx
	movl %ecx, seen_frame + 12
	movl 20(%esp), %ecx
	movl %ecx, seen_frame + 16
	popl %ecx
	testl %eax, %eax
	je 1f
	notl %eax
	iret
1:	int $0x81

/* ESI calls, and one that ends the run. */
	.globl user_calls
user_calls:
	movl $0x1234567, %ebx
	movl $0x89abcdef, %edi
	movl $0x13579bdf, %ecx
	movl $0x2468ace0, %edx
1:	movl $1, %eax
	stc
	int $0x80
	jnc 2f
	cmpl $-2, %eax
	jne 2f
	cmpl $0x1234567, %ebx
	jne 2f
	cmpl $0x89abcdef, %edi
	jne 2f
	cmpl $0x13579bdf, %ecx
	jne 2f
	cmpl $0x2468ace0, %edx
	jne 2f
	movw %cs, %ax
	cmpw $0x23, %ax
	jne 2f
	movw %ss, %ax
	cmpw $0x2b, %ax
	jne 2f
	pushfl
	popl %eax
	testl $0x200, %eax
	je 2f
	jmp 3f
2:	incl %ebp
3:	decl %esi
	jne 1b
	xorl %eax, %eax
	int $0x80

/* One call with the registers it was entered with. */
	.globl user_one, user_one_back
user_one:
	int $0x80
user_one_back:
	nop
	nop
	int $0x81

	.bss
	.globl seen_esp, seen_eflags, seen_cs, seen_ss, seen_frame, int80_count, other_count
seen_esp:	.space 4
seen_eflags:	.space 4
seen_cs:	.space 4
seen_ss:	.space 4
seen_frame:	.space 20
int80_count:	.space 4
other_count:	.space 4
	.section .note.GNU-stack, "", @progbits
