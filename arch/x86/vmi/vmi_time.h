/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMI timer of one vcpu: three counters in TSC cycles, and two alarms.
 *
 *	REAL = what RDTSC says; STOLEN = cycles in which the vcpu could have run and did not;
 *	AVAILABLE = REAL - STOLEN
 *
 * The ROM reads the counters without an exit: STOLEN is in the shared page, and can only change while
 * the guest does not run.  An alarm is set for a value of REAL or of AVAILABLE, and raises IRQ 0, or the
 * interrupt of the local APIC's timer, whose own count goes on regardless.
 */
#ifndef ARCH_X86_VMI_VMI_TIME_H
#define ARCH_X86_VMI_VMI_TIME_H

#include "hv/core/timer.h"
#include "hv/lib/math64.h"

struct x86_vcpu;

#define VMI_ALARMS 2u

struct vmi_alarm {
	struct timer timer; /* armed: the alarm is */
	struct x86_vcpu *vcpu;
	u64 expiry, period; /* cycles; period 0: one shot */
	bool lvtt; /* by the local APIC's timer vector, not IRQ 0 */
};

struct vmi_time {
	struct scale to_ns; /* from cycles */
	struct vmi_alarm alarm[VMI_ALARMS]; /* by VMI_CYCLES_REAL, VMI_CYCLES_AVAILABLE */
	u64 stolen;
	u64 ready_since; /* TSC, while @ready */
	bool ready;
};

/* Set up, or cancel both alarms and start STOLEN from 0 (a reset). */
void vmi_time_init(struct x86_vcpu *vcpu);
void vmi_time_reset(struct x86_vcpu *vcpu);

/* The vcpu could run from now on, and waits for its turn; it gets the turn.  Either may be said twice. */
void vmi_time_ready(struct x86_vcpu *vcpu);
void vmi_time_running(struct x86_vcpu *vcpu);
/* The shared page is new: put STOLEN there. */
void vmi_time_show(struct x86_vcpu *vcpu);

#endif
