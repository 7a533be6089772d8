/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entries of the host's IDT.  Each stub brings the stack to the shape of struct trap_frame (trap.h)
 * up to the vector; trap_common saves the rest and calls trap_handle(frame) in EAX.
 *
 *   from the CPU:  [ss esp] eflags cs eip [error]
 *   stub:          0 where the CPU pushes no error code, then the vector
 *   trap_common:   EAX..EDI (PUSHA), DS ES FS GS
 */
#include "arch/x86/cpu/trap.h"
#include "arch/x86/frame.h"

#define HAS_ERROR 0x00227d00	/* vectors 8, 10-14, 17, 21 */

	.text
	.balign TRAP_STUB_SIZE
	.globl trap_stubs
trap_stubs:
	vector = 0
	.rept 256
	.balign TRAP_STUB_SIZE
	.if vector > 31 || !((HAS_ERROR >> (vector & 31)) & 1)
	push $0
	.endif
	push $vector
	jmp trap_common
	vector = vector + 1
	.endr
	.balign TRAP_STUB_SIZE

	.globl trap_common
trap_common:
	pusha
	push %ds
	push %es
	push %fs
	push %gs
	mov $HOST_DS, %eax
	mov %eax, %ds
	mov %eax, %es
	cld
	mov %esp, %eax
	call trap_handle
	pop %gs
	pop %fs
	pop %es
	pop %ds
	popa
	add $8, %esp
	iret

/* The #DF task starts here, on its own stack; the error code (0) is on it. */
	.globl trap_double_fault
trap_double_fault:
	xor %ebp, %ebp
	call trap_handle_double_fault
1:	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
