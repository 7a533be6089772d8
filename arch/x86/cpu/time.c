/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of time.h.  Time is the TSC since boot, scaled; the timer is the local APIC's
 * where there is one, else channel 0 of the 8254.  Both have short counts, so a distant deadline is
 * reached in several steps, of which only the last is an interrupt that anybody hears of.
 */
#include "arch/x86/cpu/time.h"

#include "arch/x86/cpu/lapic.h"
#include "arch/x86/cpu/msr.h"
#include "arch/x86/cpu/pic.h"
#include "arch/x86/cpu/pit.h"
#include "arch/x86/cpu/trap.h"
#include "arch/x86/cpu/tsc.h"
#include "hv/arch.h"
#include "hv/core/log.h"
#include "hv/core/panic.h"
#include "hv/core/stats.h"
#include "hv/lib/math64.h"

#define NS_PER_S 1000000000u
#define NEVER (~0ull)

static u64 tsc_hz, tsc_start, last_ns;
static struct scale tsc_to_ns;
static u32 lapic_hz; /* 0: the 8254 serves */
static struct {
	struct scale from_ns;
	u64 max_ns; /* longest step */
	void (*set)(u32 ticks);
} timer;
static u64 deadline = NEVER;

u64 arch_tsc(void)
{
	return rdtsc();
}

u64 arch_tsc_hz(void)
{
	return tsc_hz;
}

u64 arch_time_ns(void)
{
	u64 now;

	if (!tsc_hz)
		return 0;
	now = scale_apply(tsc_to_ns, rdtsc() - tsc_start);
	if (now > last_ns)
		last_ns = now;
	return last_ns;
}

static void program(void)
{
	u64 now = arch_time_ns();
	u64 step = deadline > now ? deadline - now : 0;

	if (deadline == NEVER)
		timer.set(0);
	else
		timer.set((u32)scale_apply(timer.from_ns, MIN(step, timer.max_ns)) + 1);
}

void arch_timer_set(u64 deadline_ns)
{
	deadline = deadline_ns;
	program();
}

static void expired(void)
{
	if (deadline != NEVER && arch_time_ns() < deadline) {
		program();
		return;
	}
	deadline = NEVER;
	stat_inc(timer_irqs);
}

static void pit_expired(void *opaque)
{
	(void)opaque;
	expired();
}

static void init_timer(void)
{
	if (lapic_hz) {
		timer.from_ns = scale_make(NS_PER_S, lapic_hz);
		timer.max_ns = NS_PER_S;
		timer.set = lapic_timer_set;
		lapic_timer_on_expiry(expired);
	} else {
		timer.from_ns = scale_make(NS_PER_S, PIT_HZ);
		timer.max_ns = NS_PER_S / 20;
		timer.set = pit_timer_set;
		irq_register(PIT_LINE, pit_expired, NULL);
	}
	timer.set(0);
}

void time_init(void)
{
	bool have_lapic = lapic_init();

	pit_timer_set(0); /* whatever the firmware left running */
	if (!tsc_calibrate(have_lapic, &tsc_hz, &lapic_hz))
		panic("no clock: the 8254 does not count and CPUID tells no frequency");
	tsc_to_ns = scale_make(tsc_hz, NS_PER_S);
	tsc_start = rdtsc();
	init_timer();
}

void time_report(void)
{
	log_notice("clock: TSC at %u kHz", (u32)div64_u32(tsc_hz, 1000, NULL));
	if (lapic_hz)
		log_notice("timer: local APIC at %u kHz", lapic_hz / 1000);
	else
		log_notice("timer: 8254");
}

void arch_idle(void)
{
	/* STI takes effect after the next instruction: no interrupt gets in before HLT. */
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

void arch_take_interrupts(void)
{
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

bool time_uses_pit(void)
{
	return !lapic_hz;
}
