/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code of the conformance probe.  probe_enter goes to an outer ring; the first exception there ends
 * in conformance.c's trap handler, which has the trap return to probe_leave in ring 0.
 *
 * The pieces between piece_NAME and piece_NAME_end are copied to PROBE_CODE and run there with flat
 * segments, ESP = PROBE_STACK, interrupts masked, IOPL 0.  Each does one thing that a CPU refuses,
 * and arrives at UD2 on a platform that lets it pass.
 */
#include "arch/x86/cpu/conformance_code.h"

	.text
/* void probe_enter(u32 cs, u32 ss): EAX, EDX. */
	.globl probe_enter, probe_leave
probe_enter:
	push %ebp
	push %ebx
	push %esi
	push %edi
	mov %esp, probe_esp
	mov %edx, %ds
	mov %edx, %es
	push %edx
	push $PROBE_STACK
	push $2			/* EFLAGS: nothing but the fixed bit */
	push %eax
	push $PROBE_CODE
	iret
probe_leave:			/* DS, ES are the host's again */
	mov probe_esp, %esp
	pop %edi
	pop %esi
	pop %ebx
	pop %ebp
	ret

	.local probe_esp
	.comm probe_esp, 4, 4

	.section .rodata
	.macro piece name
	.globl piece_\name, piece_\name\()_end
piece_\name:
	.endm
	.macro end_piece name
	ud2
piece_\name\()_end:
	.endm

	piece supervisor_read
	mov PROBE_SUPERVISOR, %eax
	end_piece supervisor_read

	piece read_only_write
	mov %eax, PROBE_READ_ONLY
	end_piece read_only_write

	piece out
	out %al, $0x80
	end_piece out

	piece cli
	cli
	end_piece cli

	piece execute
	mov $PROBE_NX, %eax
	jmp *%eax
	end_piece execute

	piece limit
	mov $PROBE_SMALL, %eax
	mov %eax, %fs
	mov %fs:16, %eax
	end_piece limit

	piece near_jump
	ljmp $PROBE_SHORT_CODE, $1f - piece_near_jump
1:	jmp 2f
	.skip PROBE_SHORT_SIZE
2:	end_piece near_jump

	piece constant
	mov $PROBE_CONSTANT, %eax
	mov %eax, %fs
	mov %eax, %fs:PROBE_DATA
	end_piece constant

	piece null
	xor %eax, %eax
	mov %eax, %fs
	mov %fs:PROBE_DATA, %eax
	end_piece null

	piece far_call
	mov $PROBE_SUPERVISOR + 0x800, %esp
	lcall $PROBE_CS3, $PROBE_CODE + 1f - piece_far_call
1:	end_piece far_call

/* A CPU takes this IRET as one to the same ring.  Elsewhere it leads to V86 with IOPL 3, where the
 * first fetch faults. */
	piece iret
	pushl $0
	pushl $0
	pushl $0
	pushl $0
	pushl $0
	pushl $0x1000
	pushl $0x23002		/* VM, IOPL 3 */
	pushl $PROBE_CS3
	pushl $PROBE_CODE + 1f - piece_iret
	iret
1:	end_piece iret

	piece reserved
	mov PROBE_RESERVED, %eax
	end_piece reserved

	piece smsw
	smsw %eax
	end_piece smsw

	.section .note.GNU-stack, "", @progbits
