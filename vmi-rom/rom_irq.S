/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interrupt flag, IRET, and int 0x80, done in ring 1 on the shared page.
 *
 * The virtual interrupt flag (VIF) is the guest's EFLAGS.IF.  Enabling means: set VIF, then look
 * whether an interrupt is pending.  In this order nothing is lost: one that arrives between the two
 * finds VIF set and is delivered by the hypervisor at once, and the look finds nothing.
 *
 * Only CS and SS hold kernel selectors here, so all memory goes through SS.  Calls 29, 30 and 32 keep every
 * register, 31 returns in EAX; flags may change.
 *
 * The hypervisor knows three stretches of this code by their labels (the table at rom_marks):
 * - int80_stub..int80_stub_end: while the frame of ring 3 is on the direct-trap stack.  An interrupt
 *   that is to be injected there is rolled forward: the hypervisor completes the stub's work first.
 * - iret_window..iret_window_end: VIF is already the target's, the IRET not yet done.  Likewise
 *   the hypervisor does the IRET first.
 * - fault_stub..fault_stub_end: a page fault is on its way.  VIF is clear there, so nothing is injected, but the
 *   stack it goes to may itself fault.
 */
#include "guest-abi/hypercall.h"
#include "guest-abi/shared_page.h"

#define SHARED(field) %ss:(VMI_SHARED + SHARED_##field)
#define SLOT(n) (rom_slots + HYPERCALL_SLOT_SIZE * (n))
#define EFLAGS_IF 0x200
#define EFLAGS_SLOW 0x24000	/* VM or NT: not for a plain IRET */

	.section .gate.text, "ax"
	.code32

	.globl vmi_DisableInterrupts
	.balign 16
vmi_DisableInterrupts:
	movl $0, SHARED(VIF)
	ret

	.globl vmi_SetInterruptMask
	.balign 16
vmi_SetInterruptMask:
	testl $EFLAGS_IF, %eax
	jz vmi_DisableInterrupts
	/* fall through */
	.globl vmi_EnableInterrupts
vmi_EnableInterrupts:
	movl $EFLAGS_IF, SHARED(VIF)
	cmpl $0, SHARED(PENDING)
	jne SLOT(HYPERCALL_IRQ_PENDING)
	ret

	.globl vmi_GetInterruptMask
	.balign 16
vmi_GetInterruptMask:
	movl SHARED(VIF), %eax
	ret

/*
 * IRET: [ESP] = return address of the call (kept, to report a faulting IRET there), then
 * EIP, CS, EFLAGS, and ESP, SS if CS is a user selector.
 */
	.globl vmi_IRET
	.balign 16
vmi_IRET:
	popl SHARED(IRET_SITE)
	testl $EFLAGS_SLOW, %ss:8(%esp)
	jnz iret_slow
	testl $EFLAGS_IF, %ss:8(%esp)
	jz iret_masked
iret_window:
	movl $EFLAGS_IF, SHARED(VIF)
	cmpl $0, SHARED(PENDING)
	jne iret_slow
	iret
iret_masked:
	testb $2, %ss:4(%esp)		/* to ring 3 with IF clear: not for direct execution */
	jnz iret_slow
	movl $0, SHARED(VIF)
	iret
iret_slow:
	jmp SLOT(33)
iret_window_end:

/*
 * int 0x80 comes here by a real gate.  From ring 3 the CPU has switched to the direct-trap stack,
 * whose five dwords are the frame, and all registers are the user's: move the frame to the guest's
 * kernel stack, and go to the guest's handler.  From ring 1 (a kernel may use its own system
 * calls: kernel_execve of old Linux does) the frame is on the kernel's stack already, with the
 * hardware's IF in its flags, which must be the virtual one.
 * The first entry is for a guest gate of interrupt type, which clears VIF.
 */
	.balign 16
int80_stub:
	cmpl $VMI_SHARED, %esp
	jne int80_kernel
	movl $0, SHARED(VIF)
int80_copy:
	movl SHARED(KERNEL_ESP), %esp
	pushl %ss:(VMI_SHARED + 16)
	pushl %ss:(VMI_SHARED + 12)
	pushl %ss:(VMI_SHARED + 8)
	pushl %ss:(VMI_SHARED + 4)
	pushl %ss:(VMI_SHARED + 0)
	jmp *SHARED(INT80_ENTRY)
int80_trap_stub:
	cmpl $VMI_SHARED, %esp
	je int80_copy
	testl $EFLAGS_IF, SHARED(VIF)
	jnz 1f
	andl $~EFLAGS_IF, %ss:8(%esp)
1:	jmp *SHARED(INT80_ENTRY)
int80_kernel:
	testl $EFLAGS_IF, SHARED(VIF)
	jnz 1f
	andl $~EFLAGS_IF, %ss:8(%esp)
1:	movl $0, SHARED(VIF)
	jmp *SHARED(INT80_ENTRY)
int80_stub_end:

/*
 * A page fault of user code that the gate has found to be the guest's: frame and CR2 are in the shared page, VIF is
 * clear, the registers are the user's, ESP is nowhere.
 */
	.balign 16
fault_stub:
	movl SHARED(KERNEL_ESP), %esp
	.set at, 20
	.rept 6
	pushl %ss:(VMI_SHARED + SHARED_FAULT_FRAME + at)
	.set at, at - 4
	.endr
	jmp *SHARED(FAULT_ENTRY)
fault_stub_end:

/* Behind the slots, where the hypervisor looks for it when it loads the image. */
	.section .gate.marks, "a"
	.globl rom_marks
rom_marks:
	.ascii "VMImarks"
	.long int80_stub, int80_copy, int80_trap_stub, int80_stub_end
	.long iret_window, iret_window_end
	.long fault_stub, fault_stub_end
	.long set_pxe, set_pxe_low, set_pxe_both
