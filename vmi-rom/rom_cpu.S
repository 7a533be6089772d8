/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control registers, the time-stamp counter and page-table entries without an exit.  The hypervisor keeps the guest's
 * CR0, CR2, CR3 and CR4 in the shared page; a guest that overwrites them there deceives only itself.
 * Standard C calls: flat DS, EAX ECX EDX free.
 */
#include "guest-abi/hypercall.h"
#include "guest-abi/shared_page.h"

#define CR4_PAE 0x20

#define SHARED(field) (VMI_SHARED + SHARED_##field)

	.section .gate.text, "ax"
	.code32

	.globl set_pxe, set_pxe_low, set_pxe_both
	.globl vmi_SetPxE, vmi_SetPxELong, vmi_UpdatePxELong, vmi_InvalPage, vmi_FlushTLB
	.globl vmi_GetCR0, vmi_GetCR2, vmi_GetCR3, vmi_GetCR4, vmi_SetCR2, vmi_RDTSC
vmi_GetCR0:
	movl SHARED(CR0), %eax
	ret
vmi_GetCR2:
	movl SHARED(CR2), %eax
	ret
vmi_GetCR3:
	movl SHARED(CR3), %eax
	ret
vmi_GetCR4:
	movl SHARED(CR4), %eax
	ret
vmi_SetCR2:
	movl %eax, SHARED(CR2)
	ret
vmi_RDTSC:
	rdtsc
	ret

/* UpdatePxELong: the store before it was traced.  Where SetPxELong is offered, Linux calls this unasked. */
vmi_UpdatePxELong:
	ret

/* InvalPage, FlushTLB(EAX = flags): shadow tables follow at each store, and the hardware's TLB has nothing
 * old; only the interpreter's may.  With PAE a flush reads the PDPTEs, as a CR3 load does. */
vmi_InvalPage:
	movl $1, SHARED(FLUSHED)
	ret
vmi_FlushTLB:
	testb $CR4_PAE, SHARED(CR4)
	jnz rom_slots + HYPERCALL_SLOT_SIZE * 47
	testb $3, %al
	jz 1f
	movl $1, SHARED(FLUSHED)
1:	ret

/* SetPxE(EAX = entry, EDX = its linear address, ECX = hints): a store.  Tables that the hypervisor
 * has shadowed are traced, so it hears of what it must hear of; most stores go to others.  It knows the three
 * instructions that store, by their labels, and does them without an interpreter (vmi_light_store). */
vmi_SetPxE:
set_pxe:
	movl %eax, (%edx)
	ret

/*
 * SetPxELong(EAX, EDX = entry, ECX = its linear address, [ESP+4] = hints): the same in 8 bytes, which nobody
 * may see half done: an interrupt's handler may use what the entry maps, and so may its stack.  Mostly the high half
 * stays as it is, and the low half is one store.  Else it is one exchange, which also costs a traced table
 * one emulation instead of two.  TESTB is there for the flags: QEMU leaves an operand of CMPXCHG8B in
 * them until the next arithmetic instruction.
 */
vmi_SetPxELong:
	cmpl %edx, 4(%ecx)
	jne 1f
set_pxe_low:
	movl %eax, (%ecx)
	ret
1:	pushl %ebx
	pushl %esi
	movl %ecx, %esi
	movl %eax, %ebx
	movl %edx, %ecx
2:	movl (%esi), %eax
	movl 4(%esi), %edx
set_pxe_both:
	lock cmpxchg8b (%esi)
	sete %al
	testb %al, %al
	je 2b
	popl %esi
	popl %ebx
	ret
