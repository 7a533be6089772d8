/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The world switch of the host tests: implements the metal contract of arch/x86/frame.h.  What is
 * told to the machine is recorded; "the CPU" that runs the guest is a function of the test.
 *
 * switch_enter() finds the frame as the real one does: by its linear address, through the page
 * tables at the root it was given.  It aborts on what would be fatal or a breach on the metal: no
 * gate loaded, a frame that is not mapped writable and supervisor, EFLAGS other than directly
 * running code has, CS of ring 0.  Leaving, it scribbles over all that the contract calls
 * undefined.
 */
#ifndef TESTS_FAKE_SWITCH_H
#define TESTS_FAKE_SWITCH_H

#include "arch/x86/frame.h"

/* The guest's time on the CPU: @frame holds the registers that were loaded, and receives those at
 * the exit, with vector and error. */
typedef void fake_guest_fn(struct guest_frame *frame);

struct fake_switch {
	/* To be set by the test. */
	fake_guest_fn *guest;
	bool nx;
	u32 cr2;	/* at the next exit */
	u32 dr6;	/* what switch_take_dr6 finds */
	u32 exit_frame; /* linear address that switch_enter returns; 0: the true one */
	/* What the hypervisor did. */
	u32 gate; /* loaded; 0: none */
	hpa_t host_gate;
	u16 ldt;
	hpa_t root; /* of the last entry */
	u32 entries, gate_loads, externals;
	u8 external;  /* the last real interrupt's vector */
	u32 cr0, cr4; /* asked for */
	u32 dr[8];
	bool sysenter; /* it does not trap */
	bool debug; /* breakpoints are loaded */
	void *fpu;  /* the image that the registers hold */
};
extern struct fake_switch fake_switch;

/* Forget everything.  Call in each test's setup, after fake_reset(). */
void fake_switch_reset(void);

/* Offsets in the gate's text where switch_is_resume_fault says yes: [first, end). */
#define FAKE_RESUME_FIRST 0x900u
#define FAKE_RESUME_END 0x909u
#define FAKE_HOST_CR3 0x1234000u
#define FAKE_DF_TSS 0x0000e90011223344ull
#define FAKE_VECTOR_SIZE 8u

/* Translate linear @address by the PAE tables at @root; 0 if it is not mapped. */
u64 fake_switch_pte(hpa_t root, u32 address);

#endif
