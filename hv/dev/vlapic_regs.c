/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The registers of the local APIC (vlapic.h): 256 slots of 16 bytes, a register in the first four of each.
 * A slot without one is an error that ESR reports, for reads and writes.
 */
#include "hv/dev/vlapic_priv.h"

#define VERSION 0x00050014u /* six LVT entries */
#define ICR_WRITABLE 0x000ccfffu
#define SVR_WRITABLE 0x3ffu
#define DIVIDE_WRITABLE 0x0bu

/* By offset / 16. */
enum reg {
	REG_ID = 0x02,
	REG_VERSION = 0x03,
	REG_TPR = 0x08,
	REG_APR = 0x09,
	REG_PPR = 0x0a,
	REG_EOI = 0x0b,
	REG_RRD = 0x0c,
	REG_LDR = 0x0d,
	REG_DFR = 0x0e,
	REG_SVR = 0x0f,
	REG_ISR = 0x10,
	REG_TMR = 0x18,
	REG_IRR = 0x20,
	REG_IRR_END = 0x28,
	REG_ESR = 0x28,
	REG_ICR_LOW = 0x30,
	REG_ICR_HIGH = 0x31,
	REG_LVT = 0x32, /* in the order of enum vlapic_lvt */
	REG_INITIAL_COUNT = 0x38,
	REG_CURRENT_COUNT = 0x39,
	REG_DIVIDE = 0x3e,
};

static const u32 lvt_writable[VLAPIC_LVTS] = {
	[LVT_TIMER] = LVT_VECTOR | LVT_MASK | LVT_PERIODIC,
	[LVT_THERMAL] = LVT_VECTOR | LVT_MODE | LVT_MASK,
	[LVT_PMC] = LVT_VECTOR | LVT_MODE | LVT_MASK,
	[LVT_LINT0] = LVT_VECTOR | LVT_MODE | LVT_POLARITY | LVT_LEVEL | LVT_MASK,
	[LVT_LINT1] = LVT_VECTOR | LVT_MODE | LVT_POLARITY | LVT_LEVEL | LVT_MASK,
	[LVT_ERROR] = LVT_VECTOR | LVT_MASK,
};

static u32 read_vectors(const struct vlapic *apic, u32 reg)
{
	const u32 *vectors = reg < REG_TMR ? apic->isr : reg < REG_IRR ? apic->tmr : apic->irr;

	return vectors[reg & 7];
}

static u32 read_register(struct vlapic *apic, u32 reg)
{
	if (reg >= REG_ISR && reg < REG_IRR_END)
		return read_vectors(apic, reg);
	if (reg >= REG_LVT && reg < REG_LVT + VLAPIC_LVTS)
		return apic->lvt[reg - REG_LVT];
	switch (reg) {
	case REG_ID:
		return apic->id;
	case REG_VERSION:
		return VERSION;
	case REG_TPR:
		return apic->tpr;
	case REG_APR:
		return vlapic_apr(apic);
	case REG_PPR:
		return vlapic_ppr(apic);
	case REG_EOI:
	case REG_RRD:
		return 0;
	case REG_LDR:
		return apic->ldr;
	case REG_DFR:
		return apic->dfr;
	case REG_SVR:
		return apic->svr;
	case REG_ESR:
		return apic->esr;
	case REG_ICR_LOW:
		return apic->icr_low;
	case REG_ICR_HIGH:
		return apic->icr_high;
	case REG_INITIAL_COUNT:
		return apic->initial_count;
	case REG_CURRENT_COUNT:
		return vlapic_timer_count(apic);
	case REG_DIVIDE:
		return apic->divide;
	default:
		vlapic_error(apic, ERROR_REGISTER);
		return 0;
	}
}

static void write_lvt(struct vlapic *apic, enum vlapic_lvt entry, u32 value)
{
	u32 before = apic->lvt[entry];

	value = (value & lvt_writable[entry]) | (before & LVT_REMOTE_IRR);
	if (!(apic->svr & SVR_ENABLE))
		value |= LVT_MASK;
	/* Nobody waits for the end of a level any more. */
	if (entry == LVT_LINT0 && !(value & LVT_LEVEL))
		value &= ~LVT_REMOTE_IRR;
	apic->lvt[entry] = value;
	if (entry == LVT_TIMER)
		vlapic_timer_set_mode(apic, before);
	else if (entry == LVT_LINT0)
		vlapic_poll_lint0(apic);
	vlapic_update(apic);
}

static void write_svr(struct vlapic *apic, u32 value)
{
	bool was_on = (apic->svr & SVR_ENABLE) != 0;

	apic->svr = value & SVR_WRITABLE;
	if (!was_on && value & SVR_ENABLE)
		apic->wiring.ready(apic->wiring.opaque);
	for (u32 i = 0; !(value & SVR_ENABLE) && i < VLAPIC_LVTS; i++)
		write_lvt(apic, i, apic->lvt[i] | LVT_MASK);
}

static void write_esr(struct vlapic *apic)
{
	apic->esr = apic->errors;
	apic->errors = 0;
}

static void write_register(struct vlapic *apic, u32 reg, u32 value)
{
	if (reg >= REG_ISR && reg < REG_IRR_END)
		return;
	if (reg >= REG_LVT && reg < REG_LVT + VLAPIC_LVTS) {
		write_lvt(apic, reg - REG_LVT, value);
		return;
	}
	switch (reg) {
	case REG_ID:
		apic->id = value & 0xff000000;
		break;
	case REG_TPR:
		apic->tpr = value & 0xff;
		vlapic_update(apic);
		break;
	case REG_VERSION:
	case REG_APR:
	case REG_PPR:
	case REG_RRD:
	case REG_CURRENT_COUNT:
		break;
	case REG_EOI:
		vlapic_end_of_interrupt(apic);
		break;
	case REG_LDR:
		apic->ldr = value & 0xff000000;
		break;
	case REG_DFR:
		apic->dfr = value | 0x0fffffff;
		break;
	case REG_SVR:
		write_svr(apic, value);
		break;
	case REG_ESR:
		write_esr(apic);
		break;
	case REG_ICR_LOW:
		apic->icr_low = value & ICR_WRITABLE;
		vlapic_send_ipi(apic);
		break;
	case REG_ICR_HIGH:
		apic->icr_high = value & 0xff000000;
		break;
	case REG_INITIAL_COUNT:
		vlapic_timer_set_count(apic, value);
		break;
	case REG_DIVIDE:
		vlapic_timer_set_divide(apic, value & DIVIDE_WRITABLE);
		break;
	default:
		vlapic_error(apic, ERROR_REGISTER);
	}
}

static u32 vlapic_read(void *opaque, u32 offset, u32 size)
{
	u32 shift = 8 * (offset % 16), value;

	(void)size; /* the bus cuts */
	if (shift >= 32)
		return 0;
	value = read_register(opaque, offset / 16);
	return value >> shift;
}

static void vlapic_write(void *opaque, u32 offset, u32 size, u32 value)
{
	if (size == 4 && offset % 16 == 0)
		write_register(opaque, offset / 16, value);
}

const struct bus_ops vlapic_ops = { vlapic_read, vlapic_write, 4 };
