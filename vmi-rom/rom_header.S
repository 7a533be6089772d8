/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The option ROM: what a guest finds at C0000-DFFFF.  It holds the header a VMI kernel looks for
 * [guest-abi/vmi.h], the PCI and PnP structures it prints, and the only two routines that are
 * called by their place in the header.  Everything else a guest calls lives in the gate
 * (rom_slots.S ...), whose linear address is fixed.
 *
 * The guest maps these pages wherever it likes, so this code is position-independent.  It runs at
 * ring 0 (interpreted or translated) for VMI_Init, and at ring 1 afterwards.  Called by C code:
 * EAX, ECX, EDX and flags may change, nothing else.
 */
#include "guest-abi/hypercall.h"
#include "guest-abi/shared_page.h"
#include "guest-abi/vmi.h"

	.section .option, "ax"
	.code32
rom_start:
	.word 0xaa55
	.byte ROM_BLOCKS		/* set by the linker script's size, see rom.lds.S */
	.byte 0xcb, 0, 0, 0		/* 16-bit BIOS entry: far return */
	.byte 0
	.ascii "cVmi"
	.byte 0, 3			/* API 3.0 */
	.byte 0, 0
	.long VMI_GATE			/* virtual_top */
	.word 0
	.word license - rom_start
	.word pci_header - rom_start
	.word pnp_header - rom_start
	.long 0
	.fill 0x60, 1, 0

	.org 0x80
	jmp vmi_init
	.org 0x88
	jmp get_relocation
	.org 0x90

/* int VMI_Init(void): 0, and the kernel runs in ring 1; or the hypervisor's refusal in EAX. */
vmi_init:
	movl $ROM_INIT_MAGIC, %eax
	movw $ROM_INIT_PORT, %dx
	outl %eax, %dx
	ret

/* u64 GetRelocationInfo(EAX = call): EDX:EAX = type:address.  An unknown call answers NONE. */
get_relocation:
	cmpl $HYPERCALL_VMI_CALLS, %eax
	jae 2f
	call 1f
1:	popl %ecx
	leal relocation_table - 1b(%ecx, %eax, 8), %ecx
	movl (%ecx), %eax
	movl 4(%ecx), %edx
	ret
2:	xorl %eax, %eax
	xorl %edx, %edx
	ret

	.balign 8
/* One record a call.  The symbols vmi_NAME are the routines, absolute in the gate. */
#define RELOCATE_CALL(name) .long vmi_##name, 1
#define RELOCATE_NOP(name) .long 0, 3
#define RELOCATE_NONE(name) .long 0, 0
#ifdef ROM_PLAIN /* the image for a machine without a local APIC */
#define RELOCATE_APIC(name) RELOCATE_NONE(name)
#else
#define RELOCATE_APIC(name) RELOCATE_CALL(name)
#endif
#define VMI_CALL(number, name, answer, where) RELOCATE_##answer(name) ;
relocation_table:
#include "guest-abi/vmi_calls.def"
#undef VMI_CALL

	.balign 4
pci_header:
	.ascii "PCIR"
	.word VMI_PCI_VENDOR, VMI_PCI_DEVICE
	.word 0				/* vital product data */
	.word 24			/* length of this structure */
	.byte 0				/* its revision */
	.byte VMI_PCI_CLASS & 0xff, VMI_PCI_CLASS >> 8 & 0xff, VMI_PCI_CLASS >> 16
	.word ROM_BLOCKS
	.byte 0, 1			/* ROM version 1.0 */
	.byte 0				/* code type: x86 */
	.byte 0x80			/* last image */
	.word 0

pnp_header:
	.ascii "$PnP"
	.byte 1				/* revision */
	.byte 2				/* length in units of 16 bytes */
	.word 0				/* next */
	.byte 0
	.byte 0				/* checksum: unused by VMI guests */
	.long 0				/* device id */
	.word manufacturer - rom_start
	.word product - rom_start
	.byte 0, 0, 0
	.byte 0
	.word 0, 0, 0, 0, 0

license:
	.asciz "GPL"
manufacturer:
	.asciz "Romulus"
product:
	.asciz "Hypervisor VMI ROM"
