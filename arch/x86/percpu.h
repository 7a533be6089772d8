/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What belongs to one real CPU: everything about "what is loaded now".  Code reaches it through
 * this_cpu(), the gate's text through a pointer in the gate's constants (GATE_HOST_CPU), so that a
 * second CPU is a second struct.  There is one for now.  Interrupts are masked wherever it is used.
 *
 * Usable from C and assembly.
 */
#ifndef ARCH_X86_PERCPU_H
#define ARCH_X86_PERCPU_H

#define PERCPU_HOST_ESP 0x00
#define PERCPU_GUEST_DR7 0x04
#define PERCPU_RESUME 0x08
#define PERCPU_HOST_IDTR 0x0c
#define PERCPU_GUEST_IDTR 0x14
#define PERCPU_EXIT_CR3 0x1c

#ifndef __ASSEMBLY__
#include "hv/lib/types.h"

struct gate;

struct pseudo_descriptor {
	u16 limit;
	u32 base;
} PACKED;

struct percpu {
	u32 host_esp;  /* while a guest runs: the host's stack */
	u32 guest_dr7; /* for the way in; 0: no breakpoints */
	u32 resume;    /* linear address of gate_resume in the loaded gate */
	struct pseudo_descriptor host_idtr;
	u16 unused1;
	struct pseudo_descriptor guest_idtr;
	u16 unused2;
	u32 exit_cr3;  /* the guest's, at the last exit */
	u32 gate;                /* linear address of the loaded gate; 0: none */
	const struct gate *gate_owner; /* x86_direct.c: which vcpu's it is */
	u32 fault_address;       /* CR2 at the last exit */
	u32 sysenter;            /* the gate that SYSENTER enters; 0: it is #GP */
	bool restricted;         /* switch.c: set up for guests */
	void *fpu_owner;         /* image whose newest state is in the registers, or NULL */
};

#if UINTPTR_MAX == UINT32_MAX
ASSERT_OFFSET(struct percpu, host_esp, PERCPU_HOST_ESP);
ASSERT_OFFSET(struct percpu, guest_dr7, PERCPU_GUEST_DR7);
ASSERT_OFFSET(struct percpu, resume, PERCPU_RESUME);
ASSERT_OFFSET(struct percpu, host_idtr, PERCPU_HOST_IDTR);
ASSERT_OFFSET(struct percpu, guest_idtr, PERCPU_GUEST_IDTR);
ASSERT_OFFSET(struct percpu, exit_cr3, PERCPU_EXIT_CR3);
#endif

/* The calling CPU's.  arch/x86/switch/switch.c; tests/fake/switch.c. */
struct percpu *this_cpu(void);
#endif

#endif
