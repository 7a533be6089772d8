/* SPDX-License-Identifier: GPL-2.0 */
/*
 * void call_at(u32 address, struct registers *registers): CALL @address with all registers as the
 * structure says, and store there how they came back.  DS and ES may be any selectors then, so all
 * memory goes through CS and SS.
 */
	.text
	.globl call_at
call_at:
	pushl %ebp
	pushl %ebx
	pushl %esi
	pushl %edi
	movl 20(%esp), %eax
	movl %eax, target
	movl 24(%esp), %ebp
	movl %ebp, registers
	movl %esp, kept_esp
	pushl 52(%ebp)
	pushl 48(%ebp)
	pushl 28(%ebp)
	popfl
	movl 0(%ebp), %eax
	movl 4(%ebp), %ebx
	movl 8(%ebp), %ecx
	movl 12(%ebp), %edx
	movl 16(%ebp), %esi
	movl 20(%ebp), %edi
	movw 44(%ebp), %gs
	movw 40(%ebp), %fs
	movw 36(%ebp), %es
	pushl 32(%ebp)
	movl 24(%ebp), %ebp
	popl %ds
	call *%cs:target
	movl %esp, %ss:found_esp
	movl %ss:kept_esp, %esp
	pushfl
	popl %ss:found_flags
	pushl %ebp
	movl %ss:registers, %ebp
	movl %eax, %ss:0(%ebp)
	movl %ebx, %ss:4(%ebp)
	movl %ecx, %ss:8(%ebp)
	movl %edx, %ss:12(%ebp)
	movl %esi, %ss:16(%ebp)
	movl %edi, %ss:20(%ebp)
	popl %eax
	movl %eax, %ss:24(%ebp)
	movl %ss:found_flags, %eax
	movl %eax, %ss:28(%ebp)
	movl %ds, %eax
	movl %eax, %ss:32(%ebp)
	movl %es, %eax
	movl %eax, %ss:36(%ebp)
	movl %fs, %eax
	movl %eax, %ss:40(%ebp)
	movl %gs, %eax
	movl %eax, %ss:44(%ebp)
	movl $0x18, %eax
	movl %eax, %ds
	movl %eax, %es
	leal -8(%esp), %eax
	subl found_esp, %eax
	movl %eax, 56(%ebp)
	popl %edi
	popl %esi
	popl %ebx
	popl %ebp
	ret

/* What ring 3 runs: offsets are multiples of 16. */
	.globl user_pieces, user_pieces_end
	.balign 16
user_pieces:
	int $0x81			/* 0: all registers as they came */
	.balign 16
	inb $0xff, %al			/* 1: a port (3FF does not fit in a byte; this one is free) */
	int $0x81
	.balign 16
	cli				/* 2 */
	int $0x81
	.balign 16
	int $0x80			/* 3 */
	int $0x81
	.balign 16
	jmp .				/* 4 */
	.balign 16
	movl (%edi), %eax		/* 5: reads, writes, runs what is at EDI */
	int $0x81
	.balign 16
	movl %eax, (%edi)		/* 6 */
	int $0x81
	.balign 16
	jmp *%edi			/* 7 */
	.balign 16
user_pieces_end:

	.data
target:
	.long 0
registers:
	.long 0
kept_esp:
	.long 0
found_esp:
	.long 0
found_flags:
	.long 0
