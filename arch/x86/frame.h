/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers that the world switch, the host's own tables and the pure code must agree on: host
 * selectors, vectors, and the linear slots of the gate (docs/architecture.md).
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
/* Translated guests only: ring 1, flat, execute/read.  The code in the translation cache runs with it. */
#define BT_CS 0xffd0
#define GDT_LAST_PAGE 0xf000
#define GDT_LIMIT 0xffff

/* Vectors of real interrupts. */
#define VECTOR_PIC_BASE 0x20 /* 16 lines of the real 8259 pair */
#define VECTOR_LAPIC_TIMER 0x30
#define VECTOR_LAPIC_ERROR 0x3e
#define VECTOR_LAPIC_SPURIOUS 0x3f
/* int $VECTOR_HYPERCALL from ring 1 (guest-abi/hypercall.h has the same number). */
#define VECTOR_HYPERCALL 0x40

/* int $VECTOR_BT in the translation cache: an exit. */
#define VECTOR_BT 0x41
/* int $VECTOR_LOAD_CR3 there, and in the ROM: load CR3 from EAX, or exit (HYPERCALL_CR3_VECTOR). */
#define VECTOR_LOAD_CR3 0x42

/* Linear slots of the gate, 4 MB each; the host maps nothing else there.  The first is the VMI
 * guests': it is what the ROM's virtual_top announces.  A translated guest's is the last that it does
 * not use itself. */
#define GATE_SLOT_SIZE 0x400000u
#define GATE_SLOT_VMI 0xffc00000u
#define GATE_SLOTS                                                                                 \
	{                                                                                          \
		GATE_SLOT_VMI, 0xff400000u, 0xf0000000u, 0xfc000000u                               \
	}

/* Offsets in struct guest_frame, for gate_text.S. */
#define FRAME_VECTOR 0x30
#define FRAME_CS 0x3c

#ifndef __ASSEMBLY__
#include "hv/lib/addr.h"

/*
 * What an exit leaves on the entry stack, lowest address first, which is also the order in which
 * the way in pops it.  An entry from CPL 0 (a fault of the gate's own code) lacks esp and ss; one from
 * V86 has four more selectors behind them.  The upper halves of selector slots are undefined.
 */
struct guest_frame {
	u32 gs, fs, es, ds;
	u32 edi, esi, ebp, esp_unused, ebx, edx, ecx, eax;
	u32 vector; /* low byte */
	u32 error;
	u32 eip, cs, eflags;
	u32 esp, ss;
};
ASSERT_OFFSET(struct guest_frame, vector, FRAME_VECTOR);
ASSERT_OFFSET(struct guest_frame, cs, FRAME_CS);
ASSERT_SIZE(struct guest_frame, 0x4c);

/*
 * The contract of arch/x86/switch (metal; tests/fake has a stand-in).  All with interrupts masked.
 *
 * switch_enter: load the guest space whose CR3 is @root, registers from the frame at linear @frame on
 * the current gate's entry stack, and run until the next exit.  Returns the linear address of the
 * exit's frame.  Its CS shows CPL 0 after a fault of the way in (switch_is_resume_fault) or a bug
 * of ours.
 */
u32 switch_enter(hpa_t root, u32 frame);
/* SYSENTER goes to ring 1 as GATE_SYSENTER_* in the loaded gate say, or is #GP. */
void switch_set_sysenter(bool on);
/* The CR3 with which the last exit came: the guest may have changed it within guest space. */
hpa_t switch_exit_root(void);
/* CR2 as the last exit found it. */
u32 switch_fault_address(void);
/* The EIP (in the gate at @gate) lies on a segment pop or the IRET of the way in. */
bool switch_is_resume_fault(u32 gate, u32 eip);
/* Make a vcpu's gate the current one: @host_gate is the page table that shows it in host space at
 * @gate, the TSS and GDT are at their places there. */
void switch_load_gate(u32 gate, hpa_t host_gate);
/* Back to the host's own GDT and TSS; no gate is shown. */
void switch_unload_gate(void);
/* LLDT; @selector is 0 or one of ours in the current GDT. */
void switch_load_ldt(u16 selector);
/* The gate's text: where it is, and where in it vector @vector enters. */
hpa_t switch_gate_text(void);
u32 switch_vector_offset(u8 vector);
u32 switch_load_cr3_offset(void); /* the way of VECTOR_LOAD_CR3 that may need no exit */
u32 switch_page_fault_offset(void); /* the way of #PF that may need none either (gate_set_fault) */
/* The host runs with EFER.NXE. */
bool switch_has_nx(void);
/* The host's own CR3, and the descriptor of its double-fault TSS, for the gate's constants. */
u32 switch_host_cr3(void);
u64 switch_df_tss_descriptor(void);
/* Hardware CR0 bits (TS, also for EM; AM), CR4 bits (OSFXSR, OSXMMEXCPT, TSD, DE) and debug
 * registers of the guest that runs next; nothing is written where it is right already. */
void switch_set_guest_cr0(u32 cr0);
void switch_set_guest_cr4(u32 bits);
void switch_load_debug(const u32 dr[8]);
void switch_unload_debug(void); /* no breakpoints in host space */
u32 switch_take_dr6(void);      /* what a #DB just left in DR6, which is cleared */
/* The FPU's registers hold @image from now on; the image they held before is saved first. */
void switch_load_fpu(void *image);
/* @image is about to be gone or set anew: the registers do not hold it any more. */
void switch_forget_fpu(void *image);
/* A real interrupt came as @vector while a guest ran. */
void switch_external_interrupt(u8 vector);
#endif

#endif
