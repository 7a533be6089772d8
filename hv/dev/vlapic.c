/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interrupts of the local APIC (vlapic.h): what comes in, what the CPU gets, what ends.
 *
 * Interrupts of whatever source that have a vector end up in IRR with their trigger mode in TMR; the
 * output follows from IRR, ISR and TPR after each change.  ExtINTs have no vector here and no priority:
 * they are a level that is passed on, below what IRR has for the CPU.
 */
#include "hv/dev/vlapic_priv.h"

#include "hv/lib/string.h"

#define SHORTHAND_SHIFT 18
#define ICR_LOGICAL BIT(11)
#define ICR_LEVEL BIT(15)
#define ICR_ASSERT BIT(14)
#define BROADCAST 0xffu
#define DFR_FLAT 0xfu
#define CLASS 0xf0u

enum shorthand { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS };

static void set_bit(u32 *vectors, u32 vector)
{
	vectors[vector / 32] |= BIT(vector % 32);
}
static void clear_bit(u32 *vectors, u32 vector)
{
	vectors[vector / 32] &= ~BIT(vector % 32);
}
static bool test_bit(const u32 *vectors, u32 vector)
{
	return vectors[vector / 32] >> (vector % 32) & 1;
}

/* The highest vector, or 0. */
static u32 highest(const u32 *vectors)
{
	for (u32 word = 8; word-- > 0;)
		if (vectors[word])
			return word * 32 + 31 - (u32)__builtin_clz(vectors[word]);
	return 0;
}

u32 vlapic_ppr(const struct vlapic *apic)
{
	u32 served = highest(apic->isr) & CLASS;

	return (apic->tpr & CLASS) >= served ? apic->tpr : served;
}

u32 vlapic_apr(const struct vlapic *apic)
{
	u32 tpr = apic->tpr & CLASS, served = highest(apic->isr) & CLASS, waiting = highest(apic->irr) & CLASS;

	if (tpr >= waiting && tpr > served)
		return apic->tpr;
	return MAX(tpr & served, waiting);
}

static bool is_masked(const struct vlapic *apic, enum vlapic_lvt entry)
{
	return (apic->lvt[entry] & LVT_MASK) != 0;
}

static enum apic_mode mode_of(const struct vlapic *apic, enum vlapic_lvt entry)
{
	return (apic->lvt[entry] & LVT_MODE) >> LVT_MODE_SHIFT;
}

static bool has_extint(const struct vlapic *apic)
{
	for (u32 pin = 0; pin < 2; pin++)
		if (apic->lint[pin] && !is_masked(apic, LVT_LINT0 + pin) &&
		    mode_of(apic, LVT_LINT0 + pin) == APIC_EXTINT)
			return true;
	return apic->extint;
}

/* There is a vector in IRR that the CPU is to get now. */
static bool has_vector(const struct vlapic *apic)
{
	return (highest(apic->irr) & CLASS) > (vlapic_ppr(apic) & CLASS);
}

void vlapic_update(struct vlapic *apic)
{
	bool intr = vlapic_enabled(apic) ? has_vector(apic) || has_extint(apic) : apic->lint[0];

	if (intr == apic->intr)
		return;
	apic->intr = intr;
	irqline_set(apic->wiring.intr, intr);
}

/* ---- what comes in ---- */

static bool accept(struct vlapic *apic, u32 vector, bool level)
{
	if (!(apic->svr & SVR_ENABLE))
		return false;
	if (vector < FIRST_VECTOR) {
		vlapic_error(apic, ERROR_RECEIVE_VECTOR);
		return false;
	}
	set_bit(apic->irr, vector);
	if (level)
		set_bit(apic->tmr, vector);
	else
		clear_bit(apic->tmr, vector);
	vlapic_update(apic);
	return true;
}

static void pulse_nmi(struct vlapic *apic)
{
	irqline_set(apic->wiring.nmi, true);
	irqline_set(apic->wiring.nmi, false);
}

/* SMI, INIT and STARTUP are for CPUs that there are not. */
static bool deliver(struct vlapic *apic, enum apic_mode mode, u32 vector, bool level)
{
	if (mode == APIC_FIXED || mode == APIC_LOWEST)
		return accept(apic, vector, level);
	if (mode == APIC_NMI)
		pulse_nmi(apic);
	return true;
}

/* An error of the vector that reports errors must not report itself for ever. */
void vlapic_error(struct vlapic *apic, u32 error)
{
	bool news = !(apic->errors & error);

	apic->errors |= error;
	if (news)
		vlapic_raise_local(apic, LVT_ERROR);
}

bool vlapic_raise_local(struct vlapic *apic, enum vlapic_lvt entry)
{
	return !is_masked(apic, entry) &&
	       deliver(apic, mode_of(apic, entry), apic->lvt[entry] & LVT_VECTOR, false);
}

void vlapic_raise_timer(struct vlapic *apic)
{
	vlapic_raise_local(apic, LVT_TIMER);
}

static bool is_logical_target(const struct vlapic *apic, u32 to)
{
	u32 id = apic->ldr >> 24;

	if (apic->dfr >> 28 == DFR_FLAT)
		return (id & to) != 0;
	/* Clusters: a number above, members below. */
	return ((to >> 4) == (id >> 4) || to >> 4 == 15) && (to & id & 15);
}

static bool is_target(const struct vlapic *apic, u32 to, bool logical)
{
	if (to == BROADCAST)
		return true;
	return logical ? is_logical_target(apic, to) : to == apic->id >> 24;
}

bool vlapic_send(struct vlapic *apic, const struct apic_message *message)
{
	if (!vlapic_enabled(apic) || !is_target(apic, message->to, message->logical))
		return false;
	return deliver(apic, message->mode, message->vector, message->level);
}

/* Only edge-triggered IPIs exist; "level" is for INIT, which nobody gets. */
void vlapic_send_ipi(struct vlapic *apic)
{
	u32 low = apic->icr_low, vector = low & LVT_VECTOR;
	enum apic_mode mode = (low & LVT_MODE) >> LVT_MODE_SHIFT;
	enum shorthand shorthand = low >> SHORTHAND_SHIFT & 3;
	bool fixed = mode == APIC_FIXED || mode == APIC_LOWEST;

	if (fixed && vector < FIRST_VECTOR) {
		vlapic_error(apic, ERROR_SEND_VECTOR);
		return;
	}
	if ((low & ICR_LEVEL && !(low & ICR_ASSERT)) || shorthand == TO_OTHERS)
		return;
	/* Short ways to oneself are for fixed interrupts only. */
	if (shorthand == TO_DESTINATION ? is_target(apic, apic->icr_high >> 24, (low & ICR_LOGICAL) != 0) : fixed)
		deliver(apic, mode, vector, false);
}

/* ---- LINT0, LINT1 ---- */

/* Only LINT0 can be level-triggered. */
static bool is_level(const struct vlapic *apic, u32 pin)
{
	return pin == 0 && mode_of(apic, LVT_LINT0) == APIC_FIXED && apic->lvt[LVT_LINT0] & LVT_LEVEL;
}

void vlapic_poll_lint0(struct vlapic *apic)
{
	u32 *lvt = &apic->lvt[LVT_LINT0];

	if (apic->lint[0] && is_level(apic, 0) && !(*lvt & (LVT_MASK | LVT_REMOTE_IRR)) &&
	    accept(apic, *lvt & LVT_VECTOR, true))
		*lvt |= LVT_REMOTE_IRR;
}

void vlapic_set_lint(void *opaque, u32 pin, bool level)
{
	struct vlapic *apic = opaque;
	bool rises = level && !apic->lint[pin];

	apic->lint[pin] = level;
	if (rises && !vlapic_enabled(apic) && pin == 1)
		pulse_nmi(apic); /* it is the NMI pin then */
	else if (rises && vlapic_enabled(apic) && !is_level(apic, pin))
		vlapic_raise_local(apic, LVT_LINT0 + pin);
	if (vlapic_enabled(apic))
		vlapic_poll_lint0(apic);
	vlapic_update(apic);
}

void vlapic_set_extint(struct vlapic *apic, bool level)
{
	apic->extint = level;
	vlapic_update(apic);
}

/* ---- the CPU's side ---- */

u8 vlapic_acknowledge(struct vlapic *apic)
{
	u32 vector = highest(apic->irr);

	if (!vlapic_enabled(apic))
		return apic->wiring.extint(apic->wiring.opaque);
	if (!has_vector(apic))
		return has_extint(apic) ? apic->wiring.extint(apic->wiring.opaque) : (u8)apic->svr;
	clear_bit(apic->irr, vector);
	set_bit(apic->isr, vector);
	vlapic_update(apic);
	vlapic_timer_taken(apic, (u8)vector);
	if (!test_bit(apic->tmr, vector))
		apic->wiring.taken(apic->wiring.opaque, (u8)vector);
	return (u8)vector;
}

void vlapic_end_of_interrupt(struct vlapic *apic)
{
	u32 vector = highest(apic->isr);

	if (!vector)
		return;
	clear_bit(apic->isr, vector);
	if (test_bit(apic->tmr, vector)) {
		if (vector == (apic->lvt[LVT_LINT0] & LVT_VECTOR))
			apic->lvt[LVT_LINT0] &= ~LVT_REMOTE_IRR;
		apic->wiring.ended(apic->wiring.opaque, (u8)vector);
		vlapic_poll_lint0(apic);
	}
	vlapic_update(apic);
}

/* ---- life ---- */

/* All but IA32_APIC_BASE and the wires' levels. */
static void clear(struct vlapic *apic)
{
	apic->id = apic->tpr = apic->ldr = 0;
	apic->dfr = ~0u;
	apic->svr = 0xff;
	apic->icr_low = apic->icr_high = apic->esr = apic->errors = 0;
	for (u32 i = 0; i < VLAPIC_LVTS; i++)
		apic->lvt[i] = LVT_MASK;
	memset(apic->irr, 0, sizeof(apic->irr));
	memset(apic->isr, 0, sizeof(apic->isr));
	memset(apic->tmr, 0, sizeof(apic->tmr));
	vlapic_timer_reset(apic);
}

bool vlapic_set_base(struct vlapic *apic, u64 value)
{
	if (value & ~(VLAPIC_BASE_MASK | VLAPIC_BSP | VLAPIC_ENABLE))
		return false;
	apic->base = value;
	if (!vlapic_enabled(apic))
		clear(apic);
	vlapic_update(apic);
	return true;
}

void vlapic_reset(struct vlapic *apic)
{
	clear(apic);
	apic->base = VLAPIC_BASE_RESET;
	vlapic_update(apic);
}

void vlapic_init(struct vlapic *apic, const struct vlapic_wiring *wiring)
{
	memset(apic, 0, sizeof(*apic));
	apic->wiring = *wiring;
	vlapic_timer_init(apic);
	vlapic_reset(apic);
}
