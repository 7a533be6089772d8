/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls and returns that do not come in pairs.  Called from C with the usual convention; each piece
 * returns in EAX what calls.c compares.  control.h has the prototypes.
 */
	.text

/* Calls itself @depth deep and comes back: the number of calls minus that of returns, and depth. */
	.globl calls_recurse
calls_recurse:
	movl 4(%esp), %ecx
	xorl %eax, %eax
	xorl %edx, %edx
	call 1f
	subl %edx, %eax
	addl 4(%esp), %eax
	ret
1:	jecxz 2f
	decl %ecx
	incl %eax
	call 1b
	incl %edx
2:	ret

/* The same way down, and back in one jump. */
	.globl calls_longjmp
calls_longjmp:
	movl 4(%esp), %ecx
	movl %esp, %edx
	xorl %eax, %eax
	call 1f
	ud2
1:	jecxz 2f
	decl %ecx
	incl %eax
	call 1b
	ud2
2:	movl %edx, %esp
	ret

/* Tail of a call through a retpoline: to the function at 4(%esp). */
	.globl calls_retpoline
calls_retpoline:
	movl 4(%esp), %eax
	call 1f
2:	pause
	jmp 2b
1:	movl %eax, (%esp)
	ret

/* The callee moves its return address by @bytes (0 to 8): 8 - bytes. */
	.globl calls_skip
calls_skip:
	movl 4(%esp), %ecx
	xorl %eax, %eax
	call 1f
	.rept 8
	incl %eax
	.endr
	ret
1:	addl %ecx, (%esp)
	ret

/* Where am I?  0 if as linked. */
	.globl calls_where
calls_where:
	call 1f
1:	popl %eax
	subl $1b, %eax
	ret

/* push+ret, to an address and its successors. */
	.globl calls_push_ret
calls_push_ret:
	movl 4(%esp), %ecx
	xorl %eax, %eax
	addl $1f, %ecx
	pushl %ecx
	ret
1:	.rept 8
	incl %eax
	.endr
	ret

/* RET imm16 and LRET imm16, and what remains of ESP: 0. */
	.globl calls_ret_imm
calls_ret_imm:
	movl %esp, %edx
	pushl $1
	pushl $2
	pushl $3
	call 1f
	movl %edx, %eax
	subl %esp, %eax
	pushl $4
	pushw $5
	pushl %cs
	call 2f
	subl %esp, %edx
	orl %edx, %eax
	ret
1:	ret $12
2:	lret $6

/* Indirect calls and jumps: memory, stack, table, register; ESP as an operand.  0x3ff if all went. */
	.globl calls_indirect
calls_indirect:
	pushl %ebx
	pushl %esi
	movl %esp, %esi
	xorl %eax, %eax
	movl $2, %ecx
	call *table(, %ecx, 4)
	movl $table, %ebx
	call *(%ebx)
	call *4(%ebx)
	pushl $set3
	call *(%esp)			/* the address is read before ESP moves */
	addl $4, %esp
	pushl $set4
	pushl $0
	call *4(%esp)
	addl $8, %esp
	movl $set5, %edx
	call *%edx
	pushl $1f
	pushl $0
	jmp *4(%esp)
	ud2
1:	addl $8, %esp
	orl $0x40, %eax
	pushl $2f
	pushl (%esp)			/* reads before, */
	popl (%esp)			/* writes after ESP moves */
	jmp *(%esp)
	ud2
2:	popl %edx
	orl $0x80, %eax
	pushl $0x90c3
	call *%esp			/* RET on the stack */
	popl %edx
	orl $0x100, %eax
	movl $3f, %edx
	jmp *%edx
	ud2
3:	orl $0x200, %eax
	cmpl %esp, %esi
	je 4f
	movl $-1, %eax
4:	movl %esi, %esp
	popl %esi
	popl %ebx
	ret
set0:	orl $1, %eax
	ret
set1:	orl $2, %eax
	ret
set2:	orl $4, %eax
	ret
set3:	orl $8, %eax
	ret
set4:	orl $0x10, %eax
	ret
set5:	orl $0x20, %eax
	ret
	.section .rodata
table:	.long set0, set1, set2

/* PUSH ESP, POP ESP, PUSHA, POPA, LEAVE, ENTER, XCHG with ESP: 0 if right, else the number of the piece. */
	.text
	.globl calls_esp
calls_esp:
	pushl %ebx
	pushl %ebp
	movl %esp, %ebx
	movl $1, %eax
	pushl %esp
	popl %edx
	cmpl %edx, %ebx
	jne 9f
	incl %eax			/* 2 */
	leal -64(%esp), %edx
	pushl %edx
	popl %esp
	cmpl %edx, %esp
	jne 9f
	movl %ebx, %esp
	incl %eax			/* 3 */
	pusha
	cmpl 12(%esp), %ebx
	jne 9f
	movl $0, 12(%esp)		/* POPA leaves ESP alone */
	popa
	cmpl %esp, %ebx
	jne 9f
	incl %eax			/* 4 */
	enter $20, $0
	leal -4(%ebx), %edx
	cmpl %edx, %ebp
	jne 9f
	subl $20, %edx
	cmpl %edx, %esp
	jne 9f
	leave
	cmpl %esp, %ebx
	jne 9f
	incl %eax			/* 5 */
	enter $8, $1
	leave
	cmpl %esp, %ebx
	jne 9f
	incl %eax			/* 6 */
	leal -128(%esp), %edx
	xchgl %edx, %esp
	cmpl %edx, %ebx
	jne 9f
	movl $5f, (%esp)
	ret				/* on the other stack */
	ud2
5:	movl %ebx, %esp
	incl %eax			/* 7 */
	pushl $0x12345678
	movw (%esp), %dx
	cmpw $0x5678, %dx
	popw %dx
	popw %dx
	jne 9f
	cmpw $0x1234, %dx
	jne 9f
	xorl %eax, %eax
9:	movl %ebx, %esp
	popl %ebp
	popl %ebx
	ret

/* Even by odd and odd by even: the parity of the argument, through two functions that call each other. */
	.globl calls_mutual
calls_mutual:
	movl 4(%esp), %ecx
	call 1f
	ret
1:	jecxz 3f
	decl %ecx
	call 2f
	ret
2:	jecxz 4f
	decl %ecx
	call 1b
	ret
3:	xorl %eax, %eax
	ret
4:	movl $1, %eax
	ret
	.section .note.GNU-stack, "", @progbits
