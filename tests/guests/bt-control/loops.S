/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code whose state is known at every EIP, for a timer to interrupt; interrupts.c is the judge.  Each
 * bool f(void) keeps what C keeps and returns true.
 */
	.text

/* 120 INC, after each 10 a JMP, since some emulators look for interrupts at branches only. */
.macro increments
	.rept 12
	.rept 10
	incl %eax
	.endr
	jmp 9f
9:
	.endr
.endm

/* From inc_start on EAX counts; EDX is a constant; CF is set throughout. */
	.globl loop_inc, inc_start, inc_end
loop_inc:
	pushl %ebx
	movl $300, %ecx
1:	movl $0x5a5a5a5a, %edx
	movl %ecx, %ebx
	notl %ebx
	xorl %eax, %eax
	stc
inc_start:
	increments
inc_end:
	decl %ecx
	jnz 1b
	popl %ebx
	movb $1, %al
	ret

/* No interrupt from closed_start (behind CLI) to the instruction behind closed_end, which STI guards. */
	.globl loop_closed, closed_start, closed_end, after_sti, closed_start2, closed_end2, after_sti2
loop_closed:
	movl $300, %ecx
1:	cli
closed_start:
	incl %eax
	pushl %eax
	popl %edx
	sti
closed_end:
	xorl %edx, %edx
after_sti:
	nop
	pushfl
	cli
closed_start2:
	decl %eax
	popfl
closed_end2:
	nop
after_sti2:
	loop 1b
	movb $1, %al
	ret

/* None between MOV SS and the instruction behind it. */
	.globl loop_ss, behind_ss, behind_pop_ss
loop_ss:
	movl $300, %ecx
	movl %ss, %edx
1:	movl %edx, %ss
behind_ss:
	nop
	pushl %ss
	popl %ss
behind_pop_ss:
	nop
	loop 1b
	movb $1, %al
	ret

/* At called_start a return address of ours is on top; at called_middle it is below EAX. */
	.globl loop_calls, called_start, called_middle, called_end, return_sites, return_sites_end
loop_calls:
	movl $300, %ecx
1:
return_sites:
	call called_start
	call called_start
	call called_start
	movl $called_start, %edx
	call *%edx
	call *%edx
return_sites_end:
	loop 1b
	movb $1, %al
	ret
called_start:
	pushl %eax
called_middle:
	popl %eax
called_end:
	ret

/* REP MOVSB: ESI - EDI and ECX + EDI are constant.  ESI, EDI, ECX come from string_from, _to, _size. */
	.globl loop_string, string_at
loop_string:
	pushl %esi
	pushl %edi
	movl string_from, %esi
	movl string_to, %edi
	movl string_size, %ecx
string_at:
	rep movsb
	popl %edi
	popl %esi
	movb $1, %al
	ret

/* In ring 3: INC runs until an interrupt's handler sets EBX. */
	.globl loop_user, user_start, user_end
loop_user:
	xorl %ebx, %ebx
1:	xorl %eax, %eax
	stc
user_start:
	increments
user_end:
	testl %ebx, %ebx
	jz 1b
	int $0x81
	.section .note.GNU-stack, "", @progbits
