/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pieces of code with a fault in the middle.  Each begins with a few instructions that change EDX and
 * the flags (so that there is a block to stop in the middle of) and has a fault at \id\()_at.  Table
 * entries are struct fault_case (faults.h): what is given there is what differs from the registers at
 * that place.
 */
#include "tests/guests/cpu-faults/places.h"

/* As symbols: what the preprocessor puts in gets blanks, which end a macro's argument. */
	.set P_BAD, BAD
	.set P_PAGE, PAGE
	.set P_STACK, STACK
	.set P_READ_ONLY, READ_ONLY
	.set P_GOOD, GOOD
	.set P_EBP_START, EBP_START
	.set P_ESP_SAME, ESP_SAME
	.set P_ECX_SAME, ECX_SAME
	.set P_BAD_STACK, BAD_STACK
	.set P_FETCH, FETCH
	.set P_ANY_FLAGS, ANY_FLAGS
	.set P_ANY_EAX, ANY_EAX
	.set P_DOWN, DOWN
	.set P_BOUNDS, BOUNDS
	.set P_SHORT_IDT, SHORT_IDT
	.set P_NOT_TCG, NOT_TCG

	.section .rodata.faults
	.globl fault_cases
fault_cases:

	.macro CASE id, text, vector, error=0, cr2=0, esp=P_STACK, esp_after=P_ESP_SAME, eip=0, ecx=0, \
		esi=0, edi=0, ebp=P_EBP_START, ecx_after=P_ECX_SAME, esi_after=0, edi_after=0, special=0
	.pushsection .rodata
9:	.asciz "\text"
	.popsection
	.pushsection .rodata.faults
	.long 9b, \id, \id\()_at, \vector, \error, \cr2, \esp, \esp_after, \eip, \ecx, \esi, \edi, \ebp
	.long \ecx_after, \esi_after, \edi_after, \special
	.popsection
	.text
\id:	incl %edx
	cmpl %edx, %edx
	stc
	.endm
	.macro AT id
\id\()_at:
	.endm
	.macro END
	ud2
	.endm

	CASE push, "PUSH to a page that is absent", 14, 2, P_BAD-4+P_PAGE, P_BAD+P_PAGE, special=P_BAD_STACK
	AT push
	pushl %eax
	END
	CASE push_ro, "PUSH to a page that is read-only", 14, 3, P_READ_ONLY+P_PAGE-4, P_READ_ONLY+P_PAGE, \
		special=P_BAD_STACK
	AT push_ro
	pushl $5
	END
	CASE push_memory, "PUSH from memory that is absent", 14, 0, P_BAD, esi=P_BAD
	AT push_memory
	pushl (%esi)
	END
	CASE push_push, "a second PUSH, into an absent page", 14, 2, P_BAD+P_PAGE-4, P_BAD+P_PAGE+4, \
		P_BAD+P_PAGE, special=P_BAD_STACK
	pushl %eax
	AT push_push
	pushl %eax
	END
	CASE pop, "POP from a page that is absent", 14, 0, P_BAD, P_BAD
	AT pop
	popl %eax
	END
	CASE pop_memory, "POP to memory that is absent", 14, 2, P_BAD, esi=P_BAD
	AT pop_memory
	popl (%esi)
	END
	CASE pop_esp_memory, "POP to memory above ESP that is read-only", 14, 3, P_READ_ONLY, P_READ_ONLY-8
	AT pop_esp_memory
	popl 4(%esp)
	END
	CASE call, "CALL with an absent stack", 14, 2, P_BAD+P_PAGE-4, P_BAD+P_PAGE, special=P_BAD_STACK
	AT call
	call call
	END
	CASE call_memory, "CALL by absent memory", 14, 0, P_BAD, esi=P_BAD
	AT call_memory
	call *(%esi)
	END
	CASE call_target, "CALL to absent code", 14, 0, P_BAD, P_STACK, P_STACK-4, P_BAD, esi=P_BAD, \
		special=P_FETCH
	call *%esi
	AT call_target
	END
	CASE call_indirect, "indirect CALL with an absent stack", 14, 2, P_BAD+P_PAGE-4, P_BAD+P_PAGE, \
		esi=P_BAD, special=P_BAD_STACK
	AT call_indirect
	call *%esi
	END
	CASE jmp_target, "JMP to absent code", 14, 0, P_BAD+0x234, eip=P_BAD+0x234, esi=P_BAD+0x234, \
		special=P_FETCH
	jmp *%esi
	AT jmp_target
	END
	CASE ret, "RET from an absent stack", 14, 0, P_BAD, P_BAD
	AT ret
	ret
	END
	CASE ret_target, "RET to absent code", 14, 0, P_BAD, P_STACK, P_STACK, P_BAD, esi=P_BAD, special=P_FETCH
	pushl %esi
	ret
	AT ret_target
	END
	CASE ret_n, "RET 8 to absent code", 14, 0, P_BAD, P_STACK, P_STACK+8, P_BAD, esi=P_BAD, special=P_FETCH
	pushl %esi
	ret $8
	AT ret_n
	END
	CASE pusha, "PUSHA across the end of an absent page", 14, 2, P_BAD+P_PAGE-4, P_BAD+P_PAGE+8, \
		special=P_BAD_STACK+P_NOT_TCG
	AT pusha
	pusha
	END
	CASE popa, "POPA into an absent page", 14, 0, P_BAD, P_BAD-16, special=P_NOT_TCG
	AT popa
	popa
	END
	CASE enter, "ENTER with an absent stack", 14, 2, P_BAD+P_PAGE-4, P_BAD+P_PAGE, special=P_BAD_STACK
	AT enter
	enter $16, $0
	END
	CASE leave, "LEAVE with EBP at an absent page", 14, 0, P_BAD, ebp=P_BAD
	AT leave
	leave
	END
	CASE pushf, "PUSHF with an absent stack", 14, 2, P_BAD+P_PAGE-4, P_BAD+P_PAGE, special=P_BAD_STACK
	AT pushf
	pushfl
	END
	CASE popf, "POPF from an absent stack", 14, 0, P_BAD, P_BAD
	AT popf
	popfl
	END
	CASE iret, "IRET from a stack that ends", 14, 0, P_BAD, P_BAD-8, special=P_NOT_TCG
	AT iret
	iret
	END
	CASE lret, "far RET from a stack that ends", 14, 0, P_BAD, P_BAD-4, special=P_NOT_TCG
	AT lret
	lret
	END
	CASE movs, "REP MOVSB into an absent page", 14, 2, P_BAD, ecx=100, esi=P_GOOD, edi=P_BAD-10, \
		ecx_after=90, esi_after=P_GOOD+10, edi_after=P_BAD
	AT movs
	rep movsb
	END
	CASE movs_from, "REP MOVSL from an absent page", 14, 0, P_BAD, ecx=100, esi=P_BAD-40, edi=P_GOOD, \
		ecx_after=90, esi_after=P_BAD, edi_after=P_GOOD+40
	AT movs_from
	rep movsl
	END
	CASE movs_down, "REP MOVSL downwards", 14, 2, P_BAD+P_PAGE-4, ecx=100, esi=P_GOOD+P_PAGE-4, \
		edi=P_BAD+P_PAGE+36, ecx_after=90, esi_after=P_GOOD+P_PAGE-44, edi_after=P_BAD+P_PAGE-4, \
		special=P_DOWN
	std
	AT movs_down
	rep movsl
	END
	CASE stos, "REP STOSL into a read-only page", 14, 3, P_READ_ONLY, ecx=0x800, \
		edi=P_READ_ONLY-P_PAGE, ecx_after=0x400, edi_after=P_READ_ONLY
	AT stos
	rep stosl
	END
	CASE lods, "REP LODSB from an absent page", 14, 0, P_BAD, ecx=9, esi=P_BAD-3, ecx_after=6, \
		esi_after=P_BAD, special=P_ANY_EAX
	AT lods
	rep lodsb
	END
	CASE cmps, "REPE CMPSB into an absent page", 14, 0, P_BAD, ecx=50, esi=P_GOOD, edi=P_BAD-7, \
		ecx_after=43, esi_after=P_GOOD+7, edi_after=P_BAD, special=P_ANY_FLAGS
	AT cmps
	repe cmpsb
	END
	CASE scas, "REPNE SCASB into an absent page", 14, 0, P_BAD, ecx=50, edi=P_BAD-7, ecx_after=43, \
		edi_after=P_BAD, special=P_ANY_FLAGS
	AT scas
	repne scasb
	END
	CASE add_ro, "ADD to read-only memory", 14, 3, P_READ_ONLY+8, esi=P_READ_ONLY
	AT add_ro
	addl %eax, 8(%esi)
	END
	CASE adc_absent, "ADC from absent memory", 14, 0, P_BAD, esi=P_BAD
	AT adc_absent
	adcl (%esi), %eax
	END
	CASE xchg_ro, "XCHG with read-only memory", 14, 3, P_READ_ONLY, esi=P_READ_ONLY
	AT xchg_ro
	xchgl %eax, (%esi)
	END
	CASE cmpxchg_ro, "CMPXCHG with read-only memory that differs", 14, 3, P_READ_ONLY, esi=P_READ_ONLY
	AT cmpxchg_ro
	lock cmpxchgl %ecx, (%esi)
	END
	CASE bts_ro, "BTS far away in read-only memory", 14, 3, P_READ_ONLY+0x10, ecx=0x80, \
		esi=P_READ_ONLY, ecx_after=0x80
	AT bts_ro
	btsl %ecx, (%esi)
	END
	CASE split, "a store across the end of a page", 14, 2, P_BAD, esi=P_BAD
	AT split
	movl %eax, -2(%esi)
	END
	CASE div0, "DIV by 0", 0, special=P_ANY_FLAGS
	AT div0
	divl %ecx
	END
	CASE idiv, "IDIV that overflows", 0, ecx=1, special=P_ANY_FLAGS
	AT idiv
	idivl %ecx
	END
	CASE ud, "UD2", 6
	AT ud
	ud2
	END
	CASE lock, "LOCK NOP", 6
	AT lock
	.byte 0xf0, 0x90
	END
	CASE bound, "BOUND", 5, esi=P_GOOD, special=P_BOUNDS
	AT bound
	boundl %eax, (%esi)
	END
	CASE int_none, "INT without a gate", 11, 0x90*8+2
	AT int_none
	int $0x90
	END
	CASE int_beyond, "INT beyond the table", 13, 0xff*8+2, special=P_SHORT_IDT
	AT int_beyond
	int $0xff
	END
	.section .rodata.faults
	.globl fault_cases_end
fault_cases_end:
	.section .note.GNU-stack, "", @progbits
