/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VMI ROM without a hypervisor: every call is the native instruction, at ring 0.
 *
 * Purpose: to test a VMI kernel alone.  Loaded into plain QEMU (-option-rom), it makes the kernel go
 * through its whole VMI port: find the ROM, call VMI_Init, patch its call sites.  And it is the
 * strictest ROM the ABI allows: a call destroys every register and flag that it may destroy, so a
 * kernel whose call sites promise the compiler too little breaks here, reliably.  FS and GS are not
 * used, nor DS and ES by the four calls that may run with user segments.
 *
 * Position-independent: GetRelocationInfo finds its own linear address.  Built with rom.lds; the
 * build pads the image to 512-byte units and sets the checksum (see mkrom).
 */

#define VIRTUAL_TOP 0xffc00000
#define JUNK 0xdeadbeef
#define FLAG_JUNK 0x8d5 /* OF SF ZF AF PF CF */

	.code32
	.section .text
	.globl rom_start
rom_start:
	.byte 0x55, 0xaa
	.byte 0			/* length: set by mkrom */
	.byte 0xcb, 0, 0, 0	/* option ROM entry: retf */
	.byte 0
	.ascii "cVmi"
	.byte 0, 3		/* API 3.0 */
	.byte 0, 0
	.long VIRTUAL_TOP
	.word 0
	.word license - rom_start
	.word pci - rom_start
	.word pnp - rom_start
	.long 0
	.org rom_start + 0x80
	jmp init
	.org rom_start + 0x88
	jmp get_relocation
	.org rom_start + 0x90

license:
	.asciz "GPL"
manufacturer:
	.asciz "Romulus"
product:
	.asciz "native test ROM"

	.balign 4
pci:	.ascii "PCIR"
	.word 0x15ad, 0x0801, 0
	.word 24		/* length */
	.byte 0			/* revision */
	.byte 0, 0, 0		/* class */
	.word 0			/* image length: set by mkrom */
	.byte 0, 1		/* ROM version minor, major */
	.byte 0			/* code type */
	.byte 0x80		/* last image */
	.word 0

	.balign 4
pnp:	.ascii "$PnP"
	.byte 1, 2		/* revision, length in 16-byte units */
	.word 0			/* no next header */
	.byte 0, 0		/* reserved, checksum */
	.long 0
	.word manufacturer - rom_start
	.word product - rom_start
	.byte 0, 0, 0
	.byte 0
	.word 0, 0, 0, 0, 0

/* Destroy what a C call may destroy, and return. */
	.macro return_void
	mov $JUNK, %eax
	return_eax
	.endm
	.macro return_eax
	mov $JUNK, %ecx
	mov $JUNK, %edx
	junk_flags
	ret
	.endm

/* Flags only; IF, DF and what else the kernel owns stay. */
	.macro junk_flags
	pushf
	orl $FLAG_JUNK, (%esp)
	popf
	.endm

init:
	mov $JUNK, %ecx
	mov $JUNK, %edx
	xor %eax, %eax
	ret

/* EAX = call; EDX:EAX = type, linear address */
get_relocation:
	call 1f
1:	pop %ecx
	cmp $(table_end - table) / 4, %eax
	jae 2f
	mov table - 1b(%ecx, %eax, 4), %edx
	test %edx, %edx
	jz 2f
	cmp $1, %edx
	je 3f
	lea rom_start - 1b(%ecx, %edx), %eax
	mov $1, %edx		/* CALL_REL */
	jmp 4f
2:	xor %eax, %eax
	xor %edx, %edx		/* NONE */
	jmp 4f
3:	xor %eax, %eax
	mov $3, %edx		/* NOP */
4:	mov $JUNK, %ecx
	ret

/* By call number: offset of the routine, 0 = NONE, 1 = NOP. */
	.balign 4
table:
	.long cpuid - rom_start, 0, 0
	.long set_gdt - rom_start, set_ldt - rom_start, set_idt - rom_start, set_tr - rom_start
	.long get_gdt - rom_start, get_ldt - rom_start, get_idt - rom_start, get_tr - rom_start
	.long write_entry - rom_start, write_entry - rom_start, write_entry - rom_start
	.long void - rom_start				/* 14 UpdateKernelStack */
	.long set_cr0 - rom_start, set_cr2 - rom_start, set_cr3 - rom_start, set_cr4 - rom_start
	.long get_cr0 - rom_start, get_cr2 - rom_start, get_cr3 - rom_start, get_cr4 - rom_start
	.long 1, 0, 0, 0, 0, clts - rom_start		/* 23 WBINVD ... 28 CLTS */
	.long enable - rom_start, disable - rom_start, get_mask - rom_start, 0
	.long iret - rom_start, sysexit - rom_start, halt - rom_start
	.long 0, 0					/* 36, 37 */
	.long set_pxe - rom_start, set_pxe_long - rom_start, void - rom_start, void - rom_start
	.long 0, 0
	.long void - rom_start, void - rom_start	/* 44 AllocatePage, 45 ReleasePage */
	.long inval_page - rom_start, flush_tlb - rom_start, void - rom_start
	.rept 65 - 49
	.long 0
	.endr
	.long 1						/* 65 IODelay */
	.rept 73 - 66
	.long 0
	.endr
	.long void - rom_start				/* 73 SetLazyMode */
table_end:

void:	return_void

cpuid:	cpuid
	junk_flags
	ret

set_gdt: lgdt (%eax)
	return_void
set_ldt: lldt %ax
	return_void
set_idt: lidt (%eax)
	return_void
set_tr:	ltr %ax
	return_void
get_gdt: sgdt (%eax)
	return_void
get_idt: sidt (%eax)
	return_void
get_ldt: sldt %eax
	return_eax
get_tr:	str %eax
	return_eax

/* EAX table, EDX index, ECX low, [ESP+4] high */
write_entry:
	mov %ecx, (%eax, %edx, 8)
	mov 4(%esp), %ecx
	mov %ecx, 4(%eax, %edx, 8)
	return_void

set_cr0: mov %eax, %cr0
	return_void
set_cr2: mov %eax, %cr2
	return_void
set_cr3: mov %eax, %cr3
	return_void
set_cr4: mov %eax, %cr4
	return_void
get_cr0: mov %cr0, %eax
	return_eax
get_cr2: mov %cr2, %eax
	return_eax
get_cr3: mov %cr3, %eax
	return_eax
get_cr4: mov %cr4, %eax
	return_eax
clts:	clts
	return_void

/* With user DS and ES: only CS and SS may be used. */
enable:	junk_flags
	sti
	ret
disable:
	cli
	junk_flags
	ret
get_mask:
	pushf
	pop %eax
	and $0x200, %eax
	junk_flags
	ret

/* A fault of IRET is at the call site to the kernel: this ROM cannot do that, so leave IRET last. */
iret:	add $4, %esp
	iret
sysexit:
	add $4, %esp
	sti
	sysexit

halt:	sti
	hlt
	return_void

/* EAX value, EDX entry, ECX flags */
set_pxe:
	mov %eax, (%edx)
	return_void

/* EDX:EAX value, ECX entry, [ESP+4] flags, which tell nothing here */
set_pxe_long:
	push %ebx
	push %esi
	mov %ecx, %esi
	mov %eax, %ebx
	mov %edx, %ecx
	mov (%esi), %eax
	mov 4(%esi), %edx
1:	cmpxchg8b (%esi)
	jnz 1b
	pop %esi
	pop %ebx
	movl $JUNK, 4(%esp)
	return_void

inval_page:
	invlpg (%eax)
	return_void

/* EAX = 1, or 3 with global pages */
flush_tlb:
	test $2, %al
	jz 1f
	mov %cr4, %eax
	mov %eax, %edx
	and $~0x80, %edx
	mov %edx, %cr4
	mov %eax, %cr4
1:	mov %cr3, %eax
	mov %eax, %cr3
	return_void
