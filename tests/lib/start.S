/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entry of a test kernel, and its exception stubs.  A test kernel is an ELF file that Romulus loads
 * like a vmlinux, and that QEMU's -kernel or GRUB load by its Multiboot 1 header: in both cases the
 * CPU is in 32-bit protected mode with flat segments and without paging.
 */
	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002, 0, -0x1badb002

	.text
	.globl _start
_start:
	movl %eax, boot_eax
	movl %ebx, boot_ebx
	movl %esi, boot_esi
	movl %cr0, %eax
	movl %eax, boot_cr0
	movl $stack_top, %esp
	pushfl
	popl boot_eflags
	cli
	cld
	lgdt gdt_pointer
	ljmp $0x10, $1f
1:	movw $0x18, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movw %ax, %ss
	call guest_start
2:	hlt
	jmp 2b

/* Stub of vector n at trap_stubs + n * 16: push an error code if the CPU did not, and the vector. */
	.balign 16
	.globl trap_stubs
trap_stubs:
	.set v, 0
	.rept 256
	.balign 16
	.if !(v == 8 || (v >= 10 && v <= 14) || v == 17)
	pushl $0
	.endif
	pushl $v
	jmp trap_common
	.set v, v + 1
	.endr

/* struct trap_frame, lowest address first. */
trap_common:
	pushl %gs
	pushl %fs
	pushl %es
	pushl %ds
	pusha
	movw $0x18, %ax
	movw %ax, %ds
	movw %ax, %es
	cld
	movl %esp, %eax
	pushl %eax
	call trap_dispatch
	addl $4, %esp
	.globl trap_return
trap_return:
	popa
	popl %ds
	popl %es
	popl %fs
	popl %gs
	addl $8, %esp
	.globl guest_iret
guest_iret:
	jmp *%cs:iret_routine
	.globl native_iret
native_iret:
	iret

/* u32 guest_try(fn, argument): call fn; 0, or the vector + 1 of an exception that escaped from it. */
	.globl guest_try
guest_try:
	pushl %ebp
	pushl %ebx
	pushl %esi
	pushl %edi
	movl 20(%esp), %eax
	movl 24(%esp), %edx
	pushl try_esp
	movl %esp, try_esp
	pushl %edx
	call *%eax
	addl $4, %esp
	xorl %eax, %eax
	.globl guest_try_end
guest_try_end:
	popl try_esp
	popl %edi
	popl %esi
	popl %ebx
	popl %ebp
	ret

/*
 * void user_enter(u32 registers): load struct user_registers and IRET to it.
 */
	.globl user_enter
user_enter:
	movl 4(%esp), %eax
	pushl 16(%eax)
	pushl 12(%eax)
	pushl 8(%eax)
	pushl 4(%eax)
	pushl 0(%eax)
	movl 24(%eax), %ebx
	movl 28(%eax), %ecx
	movl 32(%eax), %edx
	movl 36(%eax), %esi
	movl 40(%eax), %edi
	movl 44(%eax), %ebp
	pushl 20(%eax)
	pushl $0x2b
	popl %ds
	pushl $0x2b
	popl %es
	popl %eax
	jmp *%cs:iret_routine

/*
 * void kernel_enter(u32 registers): the same without a change of rings.  The stack is not touched
 * (it may be one that faults), unless TF is set: only IRET keeps that from trapping here.
 */
	.globl kernel_enter
kernel_enter:
	movl 4(%esp), %eax
	movl 0(%eax), %ebx
	movl %ebx, enter_eip
	movl 24(%eax), %ebx
	movl 28(%eax), %ecx
	movl 32(%eax), %edx
	movl 36(%eax), %esi
	movl 40(%eax), %edi
	movl 44(%eax), %ebp
	testl $0x100, 8(%eax)
	jne 1f
	pushl 8(%eax)
	popfl
	movl 12(%eax), %esp
	movl 20(%eax), %eax
	jmp *enter_eip
1:	movl 12(%eax), %esp
	pushl 8(%eax)
	pushl %cs
	pushl 0(%eax)
	movl 20(%eax), %eax
	jmp *%cs:iret_routine

/*
 * The task of double faults (task.c): make the interrupted task continue at the end of its
 * guest_try, and return to it by the back link.  IRET is the real one: NT is set, and no stack
 * frame is there.
 */
	.globl double_fault_entry
double_fault_entry:
	cld
	call double_fault
	addl $4, %esp
	iret
	jmp double_fault_entry

	.data
	.globl boot_eax, boot_ebx, boot_esi, boot_cr0, boot_eflags
boot_eax:
	.long 0
boot_ebx:
	.long 0
boot_esi:
	.long 0
boot_cr0:
	.long 0
boot_eflags:
	.long 0
enter_eip:
	.long 0
	.globl iret_routine
iret_routine:
	.long native_iret
	.globl try_esp
try_esp:
	.long 0

	.bss
	.balign 4096
	.space 16384
	.globl stack_top
stack_top:
	.section .note.GNU-stack, "", @progbits
