/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers that the world switch, the host's own tables and the pure code must agree on: host
 * selectors, vectors, and the linear slots of the gate (design.md section 2).
 *
 * Our descriptors sit in the last page of a GDT whose limit is always FFFF, so that guests may use
 * the low selectors for their own.  Outside a vcpu the host uses a GDT of which only that last page
 * exists (base = page - F000).
 */
#ifndef ARCH_X86_FRAME_H
#define ARCH_X86_FRAME_H

#define HOST_CS 0xffe0     /* ring 0, flat, execute/read */
#define HOST_DS 0xffe8     /* ring 0, flat, read/write */
#define HOST_TSS 0xfff0    /* the TSS in use: the vcpu's while one is loaded */
#define HOST_DF_TSS 0xfff8 /* task gate of the host's double fault */
#define GDT_LAST_PAGE 0xf000
#define GDT_LIMIT 0xffff

/* Vectors of real interrupts. */
#define VECTOR_PIC_BASE 0x20 /* 16 lines of the real 8259 pair */
#define VECTOR_LAPIC_TIMER 0x30
#define VECTOR_LAPIC_ERROR 0x3e
#define VECTOR_LAPIC_SPURIOUS 0x3f
/* int $VECTOR_HYPERCALL from ring 1 (guest-abi/hypercall.h has the same number). */
#define VECTOR_HYPERCALL 0x40

/* Linear slots of the gate, 4 MB each; the host maps nothing else there.  The first is the VMI
 * guests': it is what the ROM's virtual_top announces. */
#define GATE_SLOT_SIZE 0x400000u
#define GATE_SLOT_VMI 0xffc00000u
#define GATE_SLOTS                                                                                 \
	{                                                                                          \
		GATE_SLOT_VMI, 0xff400000u, 0xf0000000u                                            \
	}

#endif
