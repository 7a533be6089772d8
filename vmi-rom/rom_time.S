/* SPDX-License-Identifier: GPL-2.0 */
/*
 * GetCycleCounter(EAX = which): EDX:EAX.  REAL is the TSC, STOLEN is in the shared page, AVAILABLE the difference.
 * An exit between the loads changes STOLEN: it is looked at again, so that the three belong together and
 * AVAILABLE never goes back.  A standard C call: flat DS, EAX ECX EDX free.
 */
#include "guest-abi/shared_page.h"
#include "guest-abi/vmi.h"

#define STOLEN (VMI_SHARED + SHARED_STOLEN)

	.section .gate.text, "ax"
	.code32

	.globl vmi_GetCycleCounter
	.balign 16
vmi_GetCycleCounter:
	cmpl $VMI_CYCLES_AVAILABLE, %eax
	je available
	ja other
	rdtsc
	ret
available:
	pushl %ebx
1:	movl STOLEN, %ebx
	movl STOLEN + 4, %ecx
	rdtsc
	cmpl STOLEN, %ebx
	jne 1b
	cmpl STOLEN + 4, %ecx
	jne 1b
	subl %ebx, %eax
	sbbl %ecx, %edx
	popl %ebx
	ret
other:	cmpl $VMI_CYCLES_STOLEN, %eax
	jne 3f
2:	movl STOLEN, %eax
	movl STOLEN + 4, %edx
	cmpl STOLEN, %eax
	jne 2b
	ret
3:	xorl %eax, %eax
	xorl %edx, %edx
	ret
