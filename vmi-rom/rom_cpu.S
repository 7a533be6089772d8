/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control registers, the time-stamp counter and page-table entries without an exit.  The hypervisor keeps the guest's
 * CR0, CR2, CR3 and CR4 in the shared page; a guest that overwrites them there deceives only itself.
 * Standard C calls: flat DS, EAX ECX EDX free.
 */
#include "guest-abi/shared_page.h"

#define SHARED(field) (VMI_SHARED + SHARED_##field)

	.section .gate.text, "ax"
	.code32

	.globl vmi_SetPxE, vmi_GetCR0, vmi_GetCR2, vmi_GetCR3, vmi_GetCR4, vmi_SetCR2, vmi_RDTSC
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

/* SetPxE(EAX = entry, EDX = its linear address, ECX = hints): a store.  Tables that the hypervisor
 * has shadowed are traced, so it hears of what it must hear of; most stores go to others. */
vmi_SetPxE:
	movl %eax, (%edx)
	ret
