/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vacpi_pm.h.  The PM timer is the clock in other units: 24 bits at 3.579545 MHz.
 * TMROF_STS is set whenever its bit 23 changes; that is noticed when somebody looks, and by a timer
 * only while it would raise the SCI.
 */
#include "hv/dev/vacpi_pm.h"

#include "hv/dev/ticks.h"
#include "hv/lib/string.h"

#define PM_TMROF BIT(0)
#define PM_GBL BIT(5)
#define PM_PWRBTN BIT(8)
#define PM_RTC BIT(10)
#define PMSTS_BITS 0x8d31u
#define PMEN_BITS (PM_TMROF | PM_GBL | PM_PWRBTN | PM_RTC)
#define PMCNTRL_SCI_EN BIT(0)
#define PMCNTRL_BITS 0x1c03u /* SUS_TYP, BRLD_EN, SCI_EN; SLP_EN and GBL_RLS read as 0 */
#define PMCNTRL_SLP_TYP 0x1c00u
#define PMCNTRL_SLP_TYP_SHIFT 10
#define PMCNTRL_SLP_EN BIT(13)
#define TIMER_MASK 0xffffffu
#define HALF_SHIFT 23

static u64 ticks_now(const struct vacpi_pm *pm)
{
	return ticks_at(pm_timer_rate, clock_now_ns(pm->clock));
}

static void notice_overflow(struct vacpi_pm *pm)
{
	u64 half = ticks_now(pm) >> HALF_SHIFT;

	if (half != pm->half_seen)
		pm->pmsts |= PM_TMROF;
	pm->half_seen = half;
}

static void update(struct vacpi_pm *pm)
{
	bool enabled = pm->pmcntrl & PMCNTRL_SCI_EN;
	bool level;

	notice_overflow(pm);
	level = enabled && (pm->pmsts & pm->pmen & PMEN_BITS);
	if (enabled && (pm->pmen & PM_TMROF) && !(pm->pmsts & PM_TMROF))
		timer_arm(&pm->timer, ticks_ns(pm_timer_rate, (pm->half_seen + 1) << HALF_SHIFT));
	else
		timer_cancel(&pm->timer);
	if (level != pm->sci_level) {
		pm->sci_level = level;
		irqline_set(pm->sci, level);
	}
}

static void timer_fired(void *opaque)
{
	update(opaque);
}

void vacpi_pm_press_power_button(struct vacpi_pm *pm)
{
	pm->pmsts |= PM_PWRBTN;
	update(pm);
}

/* ---- registers ------------------------------------------------------------------------------ */

static u32 read_dword(const struct vacpi_pm *pm, u32 offset)
{
	switch (offset) {
	case VACPI_PM1_EVENT:
		return pm->pmsts | (u32)pm->pmen << 16;
	case VACPI_PM1_CONTROL:
		return pm->pmcntrl;
	case VACPI_PM_TIMER:
		return (u32)ticks_now(pm) & TIMER_MASK;
	default:
		return 0;
	}
}

static u32 pm_read(void *opaque, u32 offset, u32 size)
{
	struct vacpi_pm *pm = opaque;
	u32 first = offset & ~3u;
	u64 dwords;

	notice_overflow(pm);
	dwords = read_dword(pm, first);
	if (offset + size > first + 4)
		dwords |= (u64)read_dword(pm, first + 4) << 32;
	return (u32)(dwords >> 8 * (offset - first));
}

/* Replace byte @byte (0 or 1) of *@reg as far as @writable says. */
static void write_half(u16 *reg, u32 byte, u8 value, u32 writable)
{
	u32 mask = writable & 0xffu << 8 * byte;

	*reg = (u16)((*reg & ~mask) | ((u32)value << 8 * byte & mask));
}

static void write_control(struct vacpi_pm *pm, u32 byte, u8 value)
{
	write_half(&pm->pmcntrl, byte, value, PMCNTRL_BITS);
	if (!((u32)value << 8 * byte & PMCNTRL_SLP_EN))
		return;
	if ((pm->pmcntrl & PMCNTRL_SLP_TYP) >> PMCNTRL_SLP_TYP_SHIFT == VACPI_SLP_TYP_S5)
		irqline_set(pm->power_off, true);
}

static void write_byte(struct vacpi_pm *pm, u32 offset, u8 value)
{
	u32 byte = offset & 1;

	switch (offset) {
	case VACPI_PM1_EVENT ... VACPI_PM1_EVENT + 1: /* write 1 to clear */
		pm->pmsts &= (u16)~((u32)value << 8 * byte & PMSTS_BITS);
		break;
	case VACPI_PM1_EVENT + 2 ... VACPI_PM1_EVENT + 3:
		write_half(&pm->pmen, byte, value, PMEN_BITS);
		break;
	case VACPI_PM1_CONTROL ... VACPI_PM1_CONTROL + 1:
		write_control(pm, byte, value);
		break;
	}
}

static void pm_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vacpi_pm *pm = opaque;

	notice_overflow(pm);
	for (u32 i = 0; i < size; i++)
		write_byte(pm, offset + i, (u8)(value >> 8 * i));
	update(pm);
}

static u32 smi_read(void *opaque, u32 offset, u32 size)
{
	const struct vacpi_pm *pm = opaque;

	(void)size;
	return offset == 0 ? pm->apmc : pm->apms;
}

static void smi_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vacpi_pm *pm = opaque;

	(void)size;
	if (offset == 1) {
		pm->apms = (u8)value;
		return;
	}
	pm->apmc = (u8)value;
	if (value == VACPI_ENABLE)
		pm->pmcntrl |= PMCNTRL_SCI_EN;
	else if (value == VACPI_DISABLE)
		pm->pmcntrl &= (u16)~PMCNTRL_SCI_EN;
	update(pm);
}

const struct bus_ops vacpi_pm_ops = { pm_read, pm_write, 4 };
const struct bus_ops vacpi_smi_ops = { smi_read, smi_write, 1 };

void vacpi_pm_reset(struct vacpi_pm *pm)
{
	pm->pmsts = 0;
	pm->pmen = 0;
	pm->pmcntrl = 0;
	pm->apmc = 0;
	pm->apms = 0;
	pm->half_seen = ticks_now(pm) >> HALF_SHIFT;
	irqline_set(pm->power_off, false);
	update(pm);
}

void vacpi_pm_init(struct vacpi_pm *pm, const struct clock *clock, struct timer_queue *timers,
		   struct irqline sci, struct irqline power_off)
{
	memset(pm, 0, sizeof(*pm));
	pm->clock = clock;
	pm->sci = sci;
	pm->power_off = power_off;
	timer_init(&pm->timer, timers, timer_fired, pm);
	vacpi_pm_reset(pm);
}
