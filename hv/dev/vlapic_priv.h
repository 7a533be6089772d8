/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of the local APIC: vlapic.c (interrupts), vlapic_regs.c, vlapic_timer.c. */
#ifndef HV_DEV_VLAPIC_PRIV_H
#define HV_DEV_VLAPIC_PRIV_H

#include "hv/dev/vlapic.h"

#define SVR_ENABLE BIT(8)
#define LVT_VECTOR 0xffu
#define LVT_MODE 0x700u
#define LVT_MODE_SHIFT 8
#define LVT_POLARITY BIT(13)
#define LVT_REMOTE_IRR BIT(14)
#define LVT_LEVEL BIT(15)
#define LVT_MASK BIT(16)
#define LVT_PERIODIC BIT(17)
#define ERROR_SEND_VECTOR BIT(5)
#define ERROR_RECEIVE_VECTOR BIT(6)
#define ERROR_REGISTER BIT(7)
#define FIRST_VECTOR 16u

/* vlapic.c */
u32 vlapic_ppr(const struct vlapic *apic);
u32 vlapic_apr(const struct vlapic *apic);
/* Something changed that the output depends on. */
void vlapic_update(struct vlapic *apic);
void vlapic_end_of_interrupt(struct vlapic *apic);
/* Note an error for ESR, and tell the CPU if it wants to know. */
void vlapic_error(struct vlapic *apic, u32 error);
/* An interrupt by a local vector, edge-triggered, if it is not masked; false: it was not accepted. */
bool vlapic_raise_local(struct vlapic *apic, enum vlapic_lvt entry);
/* The ICR is written: send it. */
void vlapic_send_ipi(struct vlapic *apic);
/* LVT_LINT0 is written: a level that waits is an interrupt. */
void vlapic_poll_lint0(struct vlapic *apic);

/* vlapic_timer.c */
void vlapic_timer_init(struct vlapic *apic);
void vlapic_timer_reset(struct vlapic *apic);
u32 vlapic_timer_count(struct vlapic *apic);
/* The CPU has taken @vector. */
void vlapic_timer_taken(struct vlapic *apic, u8 vector);
void vlapic_timer_set_count(struct vlapic *apic, u32 initial);
/* LVT_TIMER has changed from @before; the divider is to be @divide. */
void vlapic_timer_set_mode(struct vlapic *apic, u32 before);
void vlapic_timer_set_divide(struct vlapic *apic, u32 divide);

#endif
