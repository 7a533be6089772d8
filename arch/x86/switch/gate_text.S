/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The world switch: the only code that crosses between host space and guest space.
 *
 * The page between gate_text and gate_text_end is the gate's text.  It is linked in the
 * hypervisor's image but runs at the gate's linear address (GATE_TEXT in a slot), where it is mapped in both
 * spaces, so that CR3 can change under it.  Hence two rules: references within the page are
 * relative, references to the host are absolute; and memory of the host is touched only while the
 * host's CR3 is loaded.
 *
 * The way out.  A trap or interrupt in guest space enters through the gate's IDT, always on an
 * interrupt gate; from rings 1-3 the CPU switches to the entry stack (TSS.ESP0).  The stub of each
 * vector completes struct guest_frame, the host's CR3 is loaded from a read-only constant of the
 * gate, and switch_enter returns to its caller with the frame's address.  Nothing on this way
 * depends on a guest's selector, on DS, or on memory that a guest can write, except that the frame
 * itself is read later by C, and checked.
 *
 *   entry stack, top down:  ss esp eflags cs eip | error vector | eax ecx edx ebx esp ebp esi edi |
 *                           ds es fs gs   <- ESP, the frame's address
 *
 * The way in: guest's CR3, ESP = frame, pops, IRET.  A segment pop or the IRET may fault on what
 * the guest's selectors have become; the fault arrives at CPL 0 with EIP on one of these
 * instructions, and leaves by the way out.  The host still has the guest's registers, so nothing is
 * lost.
 *
 * A guest's breakpoints are enabled and disabled here, in guest space: at the same linear address
 * the host has memory of its own, and a #DB for an access to its stack could come again and again,
 * for the IRET from it reads that stack, too.  None touches the gate (switch.c).
 *
 * An NMI or a debug exception may hit any instruction here, so ESP is at each point a stack that the
 * loaded CR3 maps (the entry stack is in both spaces): at CPL 0 the handler touches no
 * register and no memory but the stack in use (the entry stack or a host stack, good at every
 * point) and returns; whatever CR3 it finds will do.
 */
#include "arch/x86/frame.h"
#include "arch/x86/percpu.h"
#include "guest-abi/shared_page.h"

#define SLOT_MASK 0xffc00000
#define VECTOR_DB 1
#define VECTOR_NMI 2
#define VECTOR_PF 14
#define PF_RSVD 8
#define EFLAGS_TF 0x100
#define EFLAGS_IF 0x200
#define EFLAGS_NT 0x4000
#define EFLAGS_VM 0x20000
#define DR7_NONE 0x400

	.section .text.gate, "ax"
	.balign 4096
	.globl gate_text
gate_text:
/* Entry of vector n at n * 8.  Where the CPU pushed no error code, EAX stands in for it. */
	.set v, 0
	.rept 256
	.balign 8
	.if (v == 8 || (v >= 10 && v <= 14) || v == 17)
	nop
	.else
	pushl %eax
	.endif
	.byte 0x6a, v			/* pushl $v, sign-extended: C uses the low byte */
	jmp gate_exit
	.set v, v + 1
	.endr

	.balign 16
gate_exit:
	cld
	testb $EFLAGS_VM >> 16, %ss:18(%esp)	/* V86 is CPL 3 whatever its CS */
	jnz gate_save
	testb $3, %ss:12(%esp)		/* CPL that was interrupted */
	jz gate_from_ring0
gate_save:
	pusha
	pushl %ds
	pushl %es
	pushl %fs
	pushl %gs
	movl %esp, %eax
	movl %esp, %ebx
	andl $SLOT_MASK, %ebx
	movl %ss:GATE_HOST_CR3(%ebx), %edx
	movl %ss:GATE_HOST_CPU(%ebx), %esi
	cmpl $0, %ss:GATE_DR7(%ebx)
	je 1f
	movl $DR7_NONE, %ecx
	movl %ecx, %dr7
1:	movl $HOST_DS, %ecx
	movl %ecx, %ds
	movl %ecx, %es
	xorl %ecx, %ecx			/* a trap in the host reloads FS and GS, whose */
	movl %ecx, %fs			/* descriptors may be gone by then */
	movl %ecx, %gs
	movl %cr3, %edi
	movl %edx, %cr3
	/* host space from here */
	movl PERCPU_HOST_ESP(%esi), %esp
	movl %edi, PERCPU_EXIT_CR3(%esi)
	lidt PERCPU_HOST_IDTR(%esi)
	popl %ebp
	popl %edi
	popl %esi
	popl %ebx
	ret

gate_from_ring0:
	cmpb $VECTOR_NMI, %ss:(%esp)
	je gate_ignore
	cmpb $VECTOR_DB, %ss:(%esp)
	jne gate_save			/* C sees CPL 0 in the frame's CS */
gate_ignore:
	addl $8, %esp
	iret

/*
 * SYSENTER from ring 3 of a translated guest: on to the translation cache in ring 1.  ESP is the end
 * of the entry stack, from where the constants are at a fixed distance; all registers are the guest's.
 * TF and NT take the constant that leads to the host: they do not pass through translated code.
 */
#define ENTRY_STACK_END (GATE_ENTRY_STACK + 4096)
	.globl gate_sysenter
gate_sysenter:
	pushl GATE_SYSENTER_SS - ENTRY_STACK_END(%esp)
	pushl GATE_SYSENTER_ESP - ENTRY_STACK_END + 4(%esp)
	pushfl
	orl $EFLAGS_IF, (%esp)
	testl $EFLAGS_TF | EFLAGS_NT, (%esp)
	jnz 1f
	pushl $BT_CS | 1
	pushl GATE_SYSENTER_EIP - ENTRY_STACK_END + 16(%esp)
	iret
1:	pushl $2			/* an IRET with NT would be a task switch */
	popfl
	pushl $BT_CS | 1
	pushl GATE_SYSENTER_RARE - ENTRY_STACK_END + 16(%esp)
	iret

/*
 * INT VECTOR_LOAD_CR3 of translated code or the ROM: load the guest's CR3 in EAX.  If its root is in the gate's table
 * (x86_roots.c), that is one instruction here; else it is an exit.
 */
	.globl gate_load_cr3
gate_load_cr3:
	pushl %ecx
	pushl %edx
	movl %esp, %edx
	andl $SLOT_MASK, %edx
	leal GATE_ROOTS(%edx), %ecx
1:	cmpl %eax, %ss:(%ecx)
	je 2f
	addl $8, %ecx
	testb $GATE_ROOTS_SIZE - 1, %cl
	jnz 1b
	jmp 3f
2:	movl %ss:4(%ecx), %ecx
	jecxz 3f			/* an empty place */
	movl %eax, %ss:GATE_SHARED + SHARED_CR3(%edx)
	movl $1, %ss:GATE_SHARED + SHARED_FLUSHED(%edx)
	movl %ecx, %cr3
	popl %edx
	popl %ecx
	iret
3:	popl %edx
	popl %ecx
	pushl %eax
	pushl $VECTOR_LOAD_CR3
	jmp gate_exit

/*
 * Page faults of a VMI guest, while this is armed.  One of user code whose page the guest has marked as not
 * present is the guest's own business: the shadow entry says so by a reserved bit (SPTE_ABSENT).  Its frame and CR2
 * go to the shared page, whose place and size are constants, and the ROM goes on in ring 1 (rom_irq.S).  The
 * guest's handler is an interrupt gate, or this would not be armed: its IF is clear from here on.  All else is an exit.
 */
#define FAULT_FRAME_SIZE 24		/* error code, EIP CS EFLAGS ESP SS; ESP is so much below the stack's end */
#define FAULT_AT(offset) (offset) - ENTRY_STACK_END + FAULT_FRAME_SIZE(%esp)
	.globl gate_page_fault
gate_page_fault:
	testb $PF_RSVD, (%esp)
	jz 1f
	testb $2, 8(%esp)		/* from ring 3, or 2 */
	jz 1f
	testb $EFLAGS_VM >> 16, 14(%esp)
	jnz 1f
	movl %eax, FAULT_AT(GATE_SHARED + SHARED_FAULT_EAX)
	movl %cr2, %eax
	movl %eax, FAULT_AT(GATE_SHARED + SHARED_CR2)
	movl FAULT_AT(GATE_FAULT_MASK), %eax
	andl %eax, (%esp)
	movl FAULT_AT(GATE_SHARED + SHARED_FAULT_EAX), %eax
	movl $0, FAULT_AT(GATE_SHARED + SHARED_VIF)
	.rept FAULT_FRAME_SIZE / 4	/* POP reckons with the ESP behind it */
	popl GATE_SHARED + SHARED_FAULT_FRAME - ENTRY_STACK_END + FAULT_FRAME_SIZE - 4(%esp)
	.endr
	pushl GATE_FAULT_SS - ENTRY_STACK_END(%esp)
	pushl GATE_FAULT_ESP - ENTRY_STACK_END + 4(%esp)
	pushfl
	orl $EFLAGS_IF, (%esp)
	pushl GATE_FAULT_CS - ENTRY_STACK_END + 12(%esp)
	pushl GATE_FAULT_EIP - ENTRY_STACK_END + 16(%esp)
	iret
1:	pushl $VECTOR_PF
	jmp gate_exit

/* EAX = guest CR3, EDX = frame, EBX = the guest's DR7 or 0. */
	.globl gate_resume
gate_resume:
	movl %edx, %esp			/* first: an NMI needs a stack that both spaces have */
	movl %eax, %cr3
	testl %ebx, %ebx
	jz resume_first
	movl %ebx, %dr7
resume_first:
	popl %gs
	popl %fs
	popl %es
	popl %ds
	popa
	addl $8, %esp
	iret
resume_end:

	.balign 4096
	.globl gate_text_end
gate_text_end:

	.globl gate_resume_first, gate_resume_end
	.set gate_resume_first, resume_first
	.set gate_resume_end, resume_end

/*
 * u32 switch_enter_asm(EAX = guest CR3, EDX = frame, ECX = struct percpu).  Called from C with
 * regparm(3); keeps EBX ESI EDI EBP ESP.
 */
	.text
	.globl switch_enter_asm
switch_enter_asm:
	pushl %ebx
	pushl %esi
	pushl %edi
	pushl %ebp
	movl %esp, PERCPU_HOST_ESP(%ecx)
	movl PERCPU_GUEST_DR7(%ecx), %ebx
	lidt PERCPU_GUEST_IDTR(%ecx)
	jmp *PERCPU_RESUME(%ecx)

	.section .note.GNU-stack, "", @progbits
