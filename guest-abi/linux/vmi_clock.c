// SPDX-License-Identifier: GPL-2.0
/*
 * VMI for the 32-bit kernel: time.
 *
 * A hypervisor with a timer has three counters of cycles of the TSC: REAL, AVAILABLE (without what
 * others had of the CPU) and STOLEN (that).  Its alarm is an interrupt of IRQ 0 when REAL reaches a
 * value.  So:
 *
 * - the alarm is the clock event device, in place of the PIT;
 * - REAL is a clock source.  The TSC is preferred while the kernel trusts it, since user code can read it;
 * - AVAILABLE is the scheduler's clock;
 * - STOLEN goes to the statistics, at each tick;
 * - the time of day at boot is the hypervisor's.
 *
 * Without these calls all stays as on a PC, but for the TSC's frequency: measuring it against the PIT
 * takes port accesses of known duration, which a hypervisor cannot promise.
 */
#define pr_fmt(fmt) "VMI: " fmt

#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/i8253.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/kernel_stat.h>
#include <linux/math64.h>
#include <linux/time64.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/time.h>
#include <asm/timer.h>
#include <asm/vmi_guest.h>
#include <asm/x86_init.h>

#define VMI_CYCLES_REAL		0
#define VMI_CYCLES_AVAILABLE	1
#define VMI_CYCLES_STOLEN	2

#define VMI_ALARM_REAL_IRQ0	VMI_CYCLES_REAL	/* flags: the counter; 0 for the wire */
#define VMI_ALARM_PERIODIC	0x100

/* The unit of events is four cycles, so that the frequency fits 32 bits. */
#define VMI_EVENT_SHIFT		2
#define VMI_EVENT_MIN_US	20

typedef u64 vmi_get_cycle_frequency_t(void);
typedef u64 vmi_get_cycle_counter_t(u32 which);
typedef void vmi_set_alarm_t(u32 flags, u64 expiry, u64 period);
typedef u32 vmi_cancel_alarm_t(u32 flags);
typedef u64 vmi_get_wallclock_time_t(void);

static vmi_get_cycle_counter_t *vmi_get_cycle_counter __ro_after_init;
static vmi_set_alarm_t *vmi_set_alarm __ro_after_init;
static vmi_cancel_alarm_t *vmi_cancel_alarm __ro_after_init;
static vmi_get_wallclock_time_t *vmi_get_wallclock_time __ro_after_init;
static unsigned long vmi_tsc_khz __ro_after_init;
static u64 vmi_stolen_accounted;

/* ---- clocks ---- */

static unsigned long vmi_get_tsc_khz(void)
{
	return vmi_tsc_khz;
}

static u64 vmi_clocksource_read(struct clocksource *clocksource)
{
	return vmi_get_cycle_counter(VMI_CYCLES_REAL);
}

static struct clocksource vmi_clocksource = {
	.name	= "vmi",
	.rating	= 250,	/* the TSC has 300, the ACPI timer 200 */
	.read	= vmi_clocksource_read,
	.mask	= CLOCKSOURCE_MASK(64),
	.flags	= CLOCK_SOURCE_IS_CONTINUOUS,
};

/* In place of RDTSC in sched_clock(). */
u64 notrace vmi_sched_cycles(void)
{
	return vmi_get_cycle_counter ? vmi_get_cycle_counter(VMI_CYCLES_AVAILABLE) : rdtsc();
}

static void vmi_get_wallclock(struct timespec64 *now)
{
	*now = ns_to_timespec64(vmi_get_wallclock_time());
}

/* ---- ticks ---- */

static int vmi_event_periodic(struct clock_event_device *event)
{
	u64 period = div_u64((u64)vmi_tsc_khz * 1000, HZ);

	vmi_set_alarm(VMI_ALARM_REAL_IRQ0 | VMI_ALARM_PERIODIC,
		      vmi_get_cycle_counter(VMI_CYCLES_REAL) + period, period);
	return 0;
}

static int vmi_event_cancel(struct clock_event_device *event)
{
	vmi_cancel_alarm(VMI_ALARM_REAL_IRQ0);
	return 0;
}

static int vmi_event_next(unsigned long delta, struct clock_event_device *event)
{
	vmi_set_alarm(VMI_ALARM_REAL_IRQ0,
		      vmi_get_cycle_counter(VMI_CYCLES_REAL) + ((u64)delta << VMI_EVENT_SHIFT), 0);
	return 0;
}

static struct clock_event_device vmi_clockevent = {
	.name			= "vmi",
	.features		= CLOCK_EVT_FEAT_PERIODIC | CLOCK_EVT_FEAT_ONESHOT,
	.rating			= 300,	/* the PIT has 110 */
	.irq			= 0,
	.set_state_periodic	= vmi_event_periodic,
	.set_state_oneshot	= vmi_event_cancel,
	.set_state_shutdown	= vmi_event_cancel,
	.set_next_event		= vmi_event_next,
};

static void vmi_account_stolen(void)
{
	u64 stolen = vmi_get_cycle_counter(VMI_CYCLES_STOLEN);

	account_steal_time(mul_u64_u32_div(stolen - vmi_stolen_accounted, NSEC_PER_MSEC, vmi_tsc_khz));
	vmi_stolen_accounted = stolen;
}

static irqreturn_t vmi_timer_interrupt(int irq, void *id)
{
	vmi_account_stolen();
	global_clock_event->event_handler(global_clock_event);
	return IRQ_HANDLED;
}

/* The PIT first, so that it is known to be there; the better device then makes the kernel stop it. */
static void __init vmi_timer_init(void)
{
	u32 events_hz = vmi_tsc_khz * (1000 >> VMI_EVENT_SHIFT);
	unsigned long flags;

	pit_timer_init();
	local_irq_save(flags);
	vmi_clockevent.cpumask = cpumask_of(smp_processor_id());
	clockevents_config_and_register(&vmi_clockevent, events_hz,
					events_hz / USEC_PER_SEC * VMI_EVENT_MIN_US, LONG_MAX);
	global_clock_event = &vmi_clockevent;
	local_irq_restore(flags);
	if (request_irq(0, vmi_timer_interrupt, IRQF_NOBALANCING | IRQF_IRQPOLL | IRQF_TIMER, "vmi",
			NULL))
		pr_err("IRQ 0 is taken\n");
	clocksource_register_khz(&vmi_clocksource, vmi_tsc_khz);
}

/* ---- once, at activation ---- */

/*
 * The leaf of CPUID by which several hypervisors tell the TSC's frequency.  (Where there are no such
 * leaves, CPUID answers with something that is not in their range.)
 */
#define CPUID_HYPERVISOR	0x40000000
#define CPUID_TIMING		0x40000010	/* EAX: kHz */
#define CPUID_HYPERVISOR_END	0x40000100

static unsigned long __init vmi_find_tsc_khz(void)
{
	vmi_get_cycle_frequency_t *get_cycle_frequency = vmi_function(VMI_CALL_GetCycleFrequency);
	u32 highest = cpuid_eax(CPUID_HYPERVISOR);

	if (get_cycle_frequency)
		return div_u64(get_cycle_frequency(), 1000);
	if (highest >= CPUID_TIMING && highest < CPUID_HYPERVISOR_END)
		return cpuid_eax(CPUID_TIMING);
	return 0;
}

void __init vmi_clock_init(void)
{
	vmi_tsc_khz = vmi_find_tsc_khz();
	if (!vmi_tsc_khz)
		return;
	x86_platform.calibrate_tsc = vmi_get_tsc_khz;
	x86_platform.calibrate_cpu = vmi_get_tsc_khz;
	setup_force_cpu_cap(X86_FEATURE_TSC_KNOWN_FREQ);

	vmi_get_wallclock_time = vmi_function(VMI_CALL_GetWallclockTime);
	if (vmi_get_wallclock_time)
		x86_platform.get_wallclock = vmi_get_wallclock;

	vmi_set_alarm = vmi_function(VMI_CALL_SetAlarm);
	vmi_cancel_alarm = vmi_function(VMI_CALL_CancelAlarm);
	if (!vmi_function(VMI_CALL_GetCycleFrequency) || !vmi_set_alarm || !vmi_cancel_alarm)
		return;
	vmi_get_cycle_counter = vmi_function(VMI_CALL_GetCycleCounter);
	if (vmi_get_cycle_counter)
		x86_init.timers.timer_init = vmi_timer_init;
}
