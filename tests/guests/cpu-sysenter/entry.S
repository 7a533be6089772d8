/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's side of SYSENTER, and pieces of user code.  A call's number is in EAX: 0 ends the run as
 * int $0x81 does, others come back by SYSEXIT.  The kernel stores what it finds, so that main.c can
 * look; a user program counts in EBP what it finds wrong.
 */
	.text
	.globl sysenter_entry
sysenter_entry:
	movl %esp, seen_esp
	pushfl
	popl seen_eflags
	movw %cs, seen_cs
	movw %ss, seen_ss
	incl sysenter_count
	testl %eax, %eax
	je 1f
	cmpl $2, %eax
	je 2f
	cmpl $3, %eax
	je 3f
	/* 1: leave with IF set, by the shadow of STI */
	notl %eax
	popl %edx
	popl %ecx
	subl $8, %esp
	sti
	sysexit
1:	int $0x81
	/* 2: with TF set by the caller: leave by IRET with TF off */
2:	pushl $0x2b
	pushl %ecx
	pushl $0x202
	pushl $0x23
	pushl %edx
	iret
	/* 3: leave without IF */
3:	sysexit

/* ESI calls; each has its return in the kernel's stack (main.c), ECX and EDX are the way back. */
	.globl user_calls, user_calls_back
user_calls:
	movl $0x1234567, %ebx
	movl $0x89abcdef, %edi
	movl %esp, %ecx
1:	movl $1, %eax
	sysenter
	ud2
user_calls_back:
	cmpl $-2, %eax
	jne 2f
	cmpl $0x1234567, %ebx
	jne 2f
	cmpl $0x89abcdef, %edi
	jne 2f
	cmpl %esp, %ecx
	jne 2f
	cmpl $user_calls_back, %edx
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
	sysenter

/* One call with the registers it was entered with. */
	.globl user_one, user_one_back
user_one:
	sysenter
	ud2
user_one_back:
	int $0x81

	.globl user_sysexit, kernel_sysexit
user_sysexit:
	sysexit
kernel_sysexit:
	sysexit

	.globl kernel_sysenter
kernel_sysenter:
	sysenter
	ud2

	.bss
	.globl seen_esp, seen_eflags, seen_cs, seen_ss, sysenter_count
seen_esp:	.space 4
seen_eflags:	.space 4
seen_cs:	.space 4
seen_ss:	.space 4
sysenter_count:	.space 4
	.section .note.GNU-stack, "", @progbits
