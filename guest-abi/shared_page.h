/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The gate's linear layout, and the page that a VMI guest, its ROM and the hypervisor share.
 *
 * The gate is the only part of a guest's linear space that is ours: 4 MB at GATE (virtual_top for a
 * VMI guest), of which a few pages are mapped.  All of it is supervisor (U=0); what is marked RW
 * can be written by ring 1, and the hypervisor trusts nothing that it reads from there.
 *
 *   offset   pages  rights  what
 *   00000    1      R X     gate text: IDT stubs, way in, way out
 *   10000    1      R       IDT
 *   11000    1      R       TSS, and constants the gate text needs
 *   20000    16     R       GDT
 *   30000    16     R       LDT
 *   40000    1      R       zero page: catches what overruns the direct-trap stack
 *   41000    1      RW      shared page, starting with the direct-trap stack
 *   42000    1      RW, R   translated guests: the virtual IF; read-only while an interrupt waits
 *   43000    1      RW      translated guests: the page of the guest's own with its TLS descriptors
 *   50000    -      -       guard
 *   51000    1      RW      entry stack
 *   60000    16     R X     VMI ROM text
 *   200000   512    R X     translated guests: branch tables, translation cache
 *
 * Usable from C and assembly.  Offsets are pinned by abi_check.c.
 */
#ifndef GUEST_ABI_SHARED_PAGE_H
#define GUEST_ABI_SHARED_PAGE_H

#define GATE_TEXT 0x00000
#define GATE_IDT 0x10000
#define GATE_TSS 0x11000
#define GATE_GDT 0x20000
#define GATE_LDT 0x30000
#define GATE_ZERO 0x40000
#define GATE_SHARED 0x41000
#define GATE_IF 0x42000
#define GATE_DESC 0x43000
#define GATE_ENTRY_STACK 0x51000
#define GATE_ROM 0x60000
#define GATE_ROM_PAGES 16
#define GATE_CACHE 0x200000

/* Within the page at GATE_TSS: the TSS proper is 104 bytes. */
#define GATE_HOST_CR3 (GATE_TSS + 0x80)
#define GATE_HOST_CPU (GATE_TSS + 0x88) /* struct percpu of the CPU it is loaded on */
/* Where SYSENTER goes: SS, ESP, EIP in the translation cache. */
#define GATE_SYSENTER_SS (GATE_TSS + 0x8c)
#define GATE_SYSENTER_ESP (GATE_TSS + 0x90)
#define GATE_SYSENTER_EIP (GATE_TSS + 0x94)
#define GATE_SYSENTER_RARE (GATE_TSS + 0x98) /* with TF or NT */
/* Where a page fault of user code for an absent page goes in a VMI guest: SS, ESP, CS, EIP in the ROM. */
#define GATE_FAULT_SS (GATE_TSS + 0xa0)
#define GATE_FAULT_ESP (GATE_TSS + 0xa4)
#define GATE_FAULT_CS (GATE_TSS + 0xa8)
#define GATE_FAULT_EIP (GATE_TSS + 0xac)
#define GATE_FAULT_MASK (GATE_TSS + 0xb0) /* bits of the error code that the guest can see */
/* Pairs of a guest CR3 and the hardware's, that translated code may load; the second 0: none. */
#define GATE_ROOTS (GATE_TSS + 0xc0)
#define GATE_ROOTS_SIZE 0x40
#define GATE_DR7 (GATE_TSS + 0x84) /* what DR7 has while the guest runs; 0: no breakpoints */

/* Where a VMI guest's gate is: what the ROM's virtual_top says. */
#define VMI_GATE 0xffc00000
#define VMI_SHARED (VMI_GATE + GATE_SHARED)

/* Fields of the shared page. */
#define SHARED_TRAP_FRAME 0x00 /* EIP CS EFLAGS ESP SS, pushed by the CPU at int 0x80 */
#define SHARED_TRAP_SIZE 0x14
#define SHARED_VIF 0x20
#define SHARED_PENDING 0x24
#define SHARED_CR2 0x28
#define SHARED_CR3 0x2c
#define SHARED_CR0 0x30
#define SHARED_CR4 0x34
#define SHARED_KERNEL_ESP 0x38
#define SHARED_INT80_ENTRY 0x3c
#define SHARED_IRET_SITE 0x40
#define SHARED_FAULT_ENTRY 0x4c /* the guest's own handler of page faults */
#define SHARED_FAULT_FRAME 0x50 /* error code, EIP CS EFLAGS ESP SS: a page fault for the ROM */
#define SHARED_FAULT_EAX 0x68   /* the gate's own */
#define SHARED_STOLEN 0x78 /* 64 bits */
/* Of translated code. */
#define SHARED_DESC_DIRTY 0x48 /* it has stored to descriptors at GATE_DESC since then */
#define SHARED_FLUSHED 0x44   /* it has flushed its TLB since the last entry */
#define SHARED_BT_SPILL 0x80  /* guest registers by number */
#define SHARED_BT_FLAGS 0xa0  /* guest flags as LAHF and SETO AL give them */
#define SHARED_BT_EIP 0xa4    /* target of an indirect branch, guest address */
#define SHARED_BT_TARGET 0xa8 /* the same in the cache */
#define SHARED_BT_FRAME 0xc0  /* five dwords for IRET */

#ifndef __ASSEMBLY__
#include <stdint.h>

struct shared_page {
	uint32_t trap_frame[5];
	uint32_t reserved[3];
	uint32_t vif;     /* EFLAGS.IF of the guest: 0x200 or 0 */
	uint32_t pending; /* non-zero: enabling interrupts must make the hypercall */
	uint32_t cr2;
	uint32_t cr3, cr0, cr4; /* what the guest last loaded */
	uint32_t kernel_esp;    /* from UpdateKernelStack */
	uint32_t int80_entry;   /* the guest's own handler, for the direct gate's stub */
	uint32_t iret_site;     /* return address of the last call to the ROM's IRET */
	uint32_t flushed, desc_dirty;
	uint32_t fault_entry;
	uint32_t fault_frame[6];
	uint32_t fault_eax;
	uint32_t reserved2[3];
	uint32_t stolen[2];     /* cycles, low half first */
	uint32_t bt_spill[8];
	uint32_t bt_flags, bt_eip, bt_target;
	uint32_t reserved3[5];
	uint32_t bt_frame[5];
};
#endif

#endif
