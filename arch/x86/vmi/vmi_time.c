/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The calls of the VMI timer (vmi_time.h).
 *
 * An alarm is one timer of the VM's queue, armed for the nanosecond at which its counter should have got there,
 * if nothing is stolen until then.  When it fires, the counter is asked: it may be short of it, by what was stolen
 * or by rounding, and then the timer is armed once more.  Everything a guest says is 64 bits of anything: far alarms
 * wait an hour at a time, and a period below MIN_PERIOD_NS loses ticks, which the ABI allows at any period.
 */
#include "arch/x86/vmi/vmi_priv.h"

#include "hv/arch.h"

#define NS_PER_S 1000000000u
#define LONGEST_S 3600u
#define MIN_PERIOD_NS 50000u /* what a host can do without doing nothing else */
#define RETRY_NS 1000u

static u64 real_cycles(const struct x86_vcpu *vcpu)
{
	return arch_tsc() + vcpu->cpu.tsc_offset;
}

static u64 counter(const struct x86_vcpu *vcpu, u32 which)
{
	return which == VMI_CYCLES_REAL ? real_cycles(vcpu) : real_cycles(vcpu) - vcpu->time.stolen;
}

static u32 which_of(const struct vmi_alarm *alarm)
{
	return (u32)(alarm - alarm->vcpu->time.alarm);
}

static u64 cycles_to_ns(const struct x86_vcpu *vcpu, u64 cycles)
{
	return scale_apply(vcpu->time.to_ns, MIN(cycles, arch_tsc_hz() * LONGEST_S));
}

/* For its expiry, but at least @min_ns from now. */
static void arm(struct vmi_alarm *alarm, u64 min_ns)
{
	u64 now = counter(alarm->vcpu, which_of(alarm));
	u64 ns = alarm->expiry > now ? cycles_to_ns(alarm->vcpu, alarm->expiry - now) : 0;

	timer_arm(&alarm->timer, clock_now_ns(alarm->timer.queue->clock) + MAX(ns, min_ns));
}

/* The first expiry of a periodic alarm behind @now; ticks between are lost. */
static void advance(struct vmi_alarm *alarm, u64 now)
{
	u64 late = now - alarm->expiry, next = alarm->expiry + alarm->period;

	if (late >= alarm->period)
		next = alarm->expiry + (div64_u64(late, alarm->period) + 1) * alarm->period;
	alarm->expiry = next > now ? next : ~0ull; /* beyond what the counter can reach */
}

static void fire(void *opaque)
{
	struct vmi_alarm *alarm = opaque;
	struct x86_vcpu *vcpu = alarm->vcpu;
	u64 now = counter(vcpu, which_of(alarm));

	if (now < alarm->expiry) {
		arm(alarm, RETRY_NS);
		return;
	}
	if (alarm->period) {
		advance(alarm, now);
		arm(alarm, MIN_PERIOD_NS);
	}
	vcpu->config.ops->alarm(vcpu->config.opaque, alarm->lvtt);
}

static struct vmi_alarm *alarm_of(struct x86_vcpu *vcpu, u32 flags)
{
	u32 which = flags & VMI_ALARM_COUNTER_MASK;

	return which < VMI_ALARMS ? &vcpu->time.alarm[which] : NULL;
}

void vmi_set_alarm(struct x86_vcpu *vcpu)
{
	u32 flags = vmi_arg(vcpu, 0), low, high;
	struct vmi_alarm *alarm = alarm_of(vcpu, flags);
	u64 expiry = vmi_arg(vcpu, 1) | (u64)vmi_arg(vcpu, 2) << 32;

	if (!vmi_stack_arg(vcpu, 0, &low) || !vmi_stack_arg(vcpu, 1, &high) || !alarm)
		return;
	timer_cancel(&alarm->timer);
	x86_vcpu_end_turn(vcpu); /* the host's timer is to be set anew */
	alarm->lvtt = (flags & VMI_ALARM_WIRED_LVTT) != 0;
	alarm->expiry = expiry;
	alarm->period = flags & VMI_ALARM_PERIODIC ? low | (u64)high << 32 : 0;
	if (counter(vcpu, which_of(alarm)) >= expiry)
		fire(alarm);
	else
		arm(alarm, 0);
}

void vmi_cancel_alarm(struct x86_vcpu *vcpu)
{
	struct vmi_alarm *alarm = alarm_of(vcpu, vmi_arg(vcpu, 0));
	bool armed = alarm && alarm->timer.armed;

	if (armed)
		timer_cancel(&alarm->timer);
	vcpu->cpu.gpr[REG_EAX] = armed;
}

static void set_result64(struct x86_vcpu *vcpu, u64 value)
{
	vcpu->cpu.gpr[REG_EAX] = (u32)value;
	vcpu->cpu.gpr[REG_EDX] = (u32)(value >> 32);
}

void vmi_get_cycle_frequency(struct x86_vcpu *vcpu)
{
	set_result64(vcpu, arch_tsc_hz());
}

void vmi_get_wallclock_time(struct x86_vcpu *vcpu)
{
	set_result64(vcpu, vcpu->config.ops->wallclock_ns(vcpu->config.opaque));
}

void vmi_wallclock_updated(struct x86_vcpu *vcpu)
{
	vcpu->cpu.gpr[REG_EAX] = 0; /* it never steps */
}

/* ---- accounting ---- */

void vmi_time_init(struct x86_vcpu *vcpu)
{
	vcpu->time.to_ns = scale_make(arch_tsc_hz(), NS_PER_S);
	for (u32 i = 0; i < VMI_ALARMS; i++) {
		struct vmi_alarm *alarm = &vcpu->time.alarm[i];

		timer_init(&alarm->timer, vcpu->config.timers, fire, alarm);
		alarm->vcpu = vcpu;
	}
}

void vmi_time_reset(struct x86_vcpu *vcpu)
{
	for (u32 i = 0; i < VMI_ALARMS; i++)
		timer_cancel(&vcpu->time.alarm[i].timer);
	vcpu->time.stolen = 0;
	vcpu->time.ready = false;
}

void vmi_time_show(struct x86_vcpu *vcpu)
{
	vcpu->gate.shared->stolen[0] = (u32)vcpu->time.stolen;
	vcpu->gate.shared->stolen[1] = (u32)(vcpu->time.stolen >> 32);
}

void vmi_time_ready(struct x86_vcpu *vcpu)
{
	if (!vcpu->vmi.active || vcpu->time.ready)
		return;
	vcpu->time.ready = true;
	vcpu->time.ready_since = arch_tsc();
}

void vmi_time_running(struct x86_vcpu *vcpu)
{
	if (!vcpu->time.ready)
		return;
	vcpu->time.ready = false;
	if (!vcpu->vmi.active)
		return;
	vcpu->time.stolen += arch_tsc() - vcpu->time.ready_since;
	vmi_time_show(vcpu);
}
