/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code to be single-stepped, with the places at which a trap must come, in order, and none other.  A
 * place is after an instruction; what has no place (the one after MOV SS) is not stepped.
 */
	.section .rodata.steps
	.globl step_places
step_places:
	/* S: a trap is due here */
	.macro S
	.pushsection .rodata.steps
	.long 9f
	.popsection
9:
	.endm

	/* and here, in this order */
	.macro PLACES list:vararg
	.pushsection .rodata.steps
	.long \list
	.popsection
	.endm

	.text
	.globl stepped
stepped:
	nop
	S
	movl $3, %ecx
	S
	pushl %ecx
	S
	popl %ecx
	S
	/* PUSHF pushes TF */
	pushfl
	S
	popl %eax
	S
	/* POPF that leaves TF set */
	pushl %eax
	S
	popfl
	S
	jmp 1f
	nop
1:	S
	call stepped_sub
	PLACES stepped_sub
	S
	/* a loop of two turns */
	movl $2, %ecx
	PLACES turn, turn_jump, turn, turn_jump
turn:	decl %ecx
turn_jump:
	jnz turn
	S
	/* REP: a step for each iteration */
	movl $3, %ecx
	S
	movl $0x600000, %edi
	PLACES rep_stos, rep_stos, rep_stos
rep_stos:
	rep stosb
	S
	cpuid
	S
	rdtsc
	S
	movl %ds, %eax
	S
	movl %eax, %ds
	S
	movl %ss, %eax
	S
	/* no trap between MOV SS and the next instruction */
	movl %eax, %ss
	nop
	S
	pushl %ss
	S
	popl %ss
	nop
	S
	/* INT: its handler is not stepped, the trap comes after its IRET and the next instruction */
	int $0x82
	nop
	S
	/* CLI, STI: in ring 3 with IOPL 3 */
	cli
	S
	sti
	.globl behind_sti
behind_sti:
	S
	nop
	S
	/* IRET that keeps TF */
	pushfl
	S
	pushl %cs
	S
	pushl $3f
	S
	iret
	nop
3:	S
	lock incl 0x600000
	S
	xchgl %eax, 0x600000
	S
	/* POPF that clears TF is still stepped, then nothing is */
	pushfl
	S
	andl $~0x100, (%esp)
	S
	popfl
	S
	nop
	nop
	int $0x81

	.globl step_places_end
	.pushsection .rodata.steps
step_places_end:
	.popsection

	.globl nothing
nothing:
	iret

stepped_sub:
	ret

	/* Breakpoints: data at 0x600100, code at bp_2, in a loop of ESI turns. */
	.globl watched, bp_write, bp_read, bp_code, watched_end
watched:
	movl $0x600100, %edi
1:	movl %esi, (%edi)
bp_write:
	movl (%edi), %eax
bp_read:
	nop
bp_code:
	incl %ebx
	decl %esi
	jnz 1b
watched_end:
	int $0x81

	.globl gd_access, gd_after
gd_access:
	movl %dr6, %eax
gd_after:
	int $0x81

	.globl do_int1, int1_after
do_int1:
	.byte 0xf1
int1_after:
	int $0x81
	.section .note.GNU-stack, "", @progbits
