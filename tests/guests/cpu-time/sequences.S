/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Short pieces of code that are run with IF clear and an interrupt pending, and the place at which
 * each must be interrupted: not a single instruction earlier or later.  They run in ring 0, and in
 * ring 3 with IOPL 3, as functions without arguments.  EBX is &counter.
 */
#define IF 0x200

/* A struct sequence (cpu_time.h): interrupted at \id\()_at. */
	.macro AT id, text, kernel_only=0, not_tcg=0
	.pushsection .rodata.sequences
	.long \id\()_text, \id, \id\()_at, \kernel_only, \not_tcg
	.popsection
	.pushsection .rodata
\id\()_text:
	.asciz "\text"
	.popsection
\id:
	.endm

/* Not interrupted at all. */
	.macro NEVER id, text, kernel_only=0
	.set \id\()_at, 0
	AT \id, "\text", \kernel_only
	.endm

	.section .rodata.sequences
	.globl sequences
sequences:

	.text
	AT sti_nop, "STI; NOP: after NOP"
	sti
	nop
sti_nop_at:
	cli
	ret

	NEVER sti_cli, "STI; CLI: never"
	sti
	cli
	nop
	sti
	cli
	ret

	AT sti_sti, "STI; STI: after the second, which finds IF set"
	sti
	sti
sti_sti_at:
	cli
	ret

	AT sti_memory, "STI; INC memory: after INC"
	sti
	lock incl (%ebx)
sti_memory_at:
	cli
	ret

	AT sti_pushf, "STI; PUSHF: after PUSHF"
	sti
	pushfl
sti_pushf_at:
	popl %eax
	cli
	ret

	AT sti_jmp, "STI; JMP: at the target"
	sti
	jmp sti_jmp_at
	nop
sti_jmp_at:
	cli
	ret

	AT sti_jmp_indirect, "STI; JMP EAX: at the target"
	movl $sti_jmp_indirect_at, %eax
	sti
	jmp *%eax
	nop
sti_jmp_indirect_at:
	cli
	ret

	AT sti_jcc, "STI; JE, not taken: behind it"
	orl $1, %eax
	sti
	je 1f
sti_jcc_at:
	cli
1:	ret

	AT sti_call, "STI; CALL: in the function"
	sti
	call sti_call_at
	ret
sti_call_at:
	cli
	ret

	AT sti_ret, "STI; RET: at the caller"
	call 1f
sti_ret_at:
	cli
	ret
1:	sti
	ret

	AT sti_lret, "STI; far RET: at the target"
	pushl %cs
	pushl $sti_lret_at
	sti
	lret
	nop
sti_lret_at:
	cli
	ret

	AT sti_mov_ds, "STI; MOV DS: after it"
	movl %ds, %eax
	sti
	movl %eax, %ds
sti_mov_ds_at:
	cli
	ret

	AT sti_in, "STI; IN: after it"
	sti
	inb $0x21, %al
sti_in_at:
	cli
	ret

	AT sti_iret, "STI; IRET with IF: at the target"
	pushfl
	orl $IF, (%esp)
	pushl %cs
	pushl $sti_iret_at
	sti
	iret
	nop
sti_iret_at:
	cli
	ret

	AT iret, "IRET that sets IF: at the target"
	pushfl
	orl $IF, (%esp)
	pushl %cs
	pushl $iret_at
	iret
	nop
iret_at:
	cli
	ret

	NEVER sti_iret_off, "STI; IRET that clears IF: never"
	pushfl
	pushl %cs
	pushl $1f
	sti
	iret
	nop
1:	nop
	ret

	AT popf, "POPF that sets IF: after it"
	pushfl
	orl $IF, (%esp)
	popfl
popf_at:
	cli
	ret

	AT popfw, "16-bit POPF that sets IF: after it"
	pushfw
	orw $IF, (%esp)
	popfw
popfw_at:
	cli
	ret

	NEVER sti_popf, "STI; POPF that clears IF: never"
	pushfl
	sti
	popfl
	nop
	ret

	NEVER popf_off, "POPF without IF; CLI; IRET without IF: never"
	pushfl
	popfl
	nop
	cli
	nop
	pushfl
	pushl %cs
	pushl $1f
	iret
1:	nop
	ret

	AT sti_int, "STI; INT by an interrupt gate: after its IRET"
	sti
	int $0x82
sti_int_at:
	cli
	ret

	/* TCG lets the shadow of STI reach over INT. */
	AT sti_int_trap, "STI; INT by a trap gate: in the handler", 0, 1
	sti
	int $0x83
	cli
	ret
	.globl gate_trap
gate_trap:
sti_int_trap_at:
	nop
	iret

	.globl gate_interrupt
gate_interrupt:
	nop
	nop
	iret

	AT sti_hlt, "STI; HLT: behind HLT", 1
	sti
	hlt
sti_hlt_at:
	cli
	ret

	AT sti_cr3, "STI; MOV CR3: after it", 1
	movl %cr3, %eax
	sti
	movl %eax, %cr3
sti_cr3_at:
	cli
	ret

	AT sti_out, "STI; OUT: after it", 1
	sti
	outb %al, $0x80
sti_out_at:
	cli
	ret

	.section .rodata.sequences
	.globl sequences_end
sequences_end:

/* ---- loops that run until the handler sets `stop`, then int $0x81 ---- */
	.text
/* What follows MOV SS and POP SS is never interrupted. */
	.globl loop_mov_ss, mov_ss_1, mov_ss_2
loop_mov_ss:
	movl %ss, %eax
1:	movl %eax, %ss
mov_ss_1:
	nop
	pushl %eax
	popl %ss
mov_ss_2:
	incl (%ebx)
	cmpl $0, stop
	je 1b
	int $0x81

/* Between CLI and STI, in two ways: first and second are equal for every interrupt. */
	.globl loop_cli
loop_cli:
1:	cli
	incl first
	nop
	incl second
	sti
	pushfl
	cli
	incl first
	pushfl
	popl %eax
	testl $IF, %eax
	jne 3f
	incl second
	popfl
	pushfl
	popl %eax
	testl $IF, %eax
	je 3f
	cmpl $0, stop
	je 1b
	xorl %edi, %edi
	int $0x81
3:	movl $1, %edi
	int $0x81

/* All registers and the flags keep their values. */
	.globl loop_registers
loop_registers:
	movl $0x11111111, %eax
	movl $0x22222222, %ebx
	movl $0x33333333, %ecx
	movl $0x44444444, %edx
	movl $0x55555555, %esi
	movl $0x66666666, %ebp
	movl %esp, loop_esp
1:	stc
	nop
	jnc 2f
	cmpl $0x11111111, %eax
	jne 2f
	cmpl $0x22222222, %ebx
	jne 2f
	cmpl $0x33333333, %ecx
	jne 2f
	cmpl $0x44444444, %edx
	jne 2f
	cmpl $0x55555555, %esi
	jne 2f
	cmpl $0x66666666, %ebp
	jne 2f
	call 3f
	cmpl %esp, loop_esp
	jne 2f
	cmpl $0, stop
	je 1b
	xorl %edi, %edi
	int $0x81
2:	movl $1, %edi
	int $0x81
3:	std
	pushl %eax
	popl %eax
	pushfl
	cld
	testl $0x400, (%esp)
	leal 4(%esp), %esp
	je 4f
	ret
4:	popl %edi
	jmp 2b

/* Tight loops; the handler leaves them by moving EIP. */
	.globl tight_jmp, tight_pair, tight_call, tight_end
tight_jmp:
	jmp tight_jmp
	int $0x81
tight_pair:
	jmp 1f
	nop
1:	jmp tight_pair
tight_call:
	call 1f
	jmp tight_call
1:	ret
tight_end:
	int $0x81

	.bss
	.globl stop, first, second
stop:	.space 4
first:	.space 4
second:	.space 4
loop_esp:
	.space 4
	.section .note.GNU-stack, "", @progbits
