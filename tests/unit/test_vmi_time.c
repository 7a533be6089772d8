/* SPDX-License-Identifier: GPL-2.0 */
/* The VMI timer: counters by the ROM's code, stolen time, alarms of every kind with any arguments. */
#include "tests/unit/vcpu_rig.h"

#define MS 1000000ull
#define HZ (arch_tsc_hz())
#define CYCLES(ns) ((ns) * (HZ / 1000000) / 1000)

static u32 cycle_counter;

/* GetCycleCounter as a guest calls it, every instruction interpreted. */
static u64 count(u32 which)
{
	rig_kernel();
	rig.cpu->gpr[REG_EAX] = which;
	rig.cpu->gpr[REG_EBX] = 0x1b1b1b1b;
	rig.cpu->gpr[REG_ESP] -= 4;
	rig_store(rig.cpu->gpr[REG_ESP], RIG_CODE);
	rig.cpu->eip = cycle_counter;
	for (u32 i = 0; i < 50 && rig.cpu->eip != RIG_CODE; i++)
		x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE);
	ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], RIG_STACK);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EBX], 0x1b1b1b1b);
	return rig.cpu->gpr[REG_EAX] | (u64)rig.cpu->gpr[REG_EDX] << 32;
}

static void setup(void)
{
	rig_setup_vmi();
	ck_assert_int_eq(vmi_load_rom(rig.gmem, false), 0);
	fake_advance_ns(5 * MS);
	rig.cpu->gpr[REG_EAX] = VMI_CALL_GetCycleCounter;
	rig.cpu->gpr[REG_ESP] -= 4;
	rig_store(rig.cpu->gpr[REG_ESP], RIG_CODE);
	rig.cpu->eip = VMI_ROM_ADDRESS + offsetof(struct vmi_rom_header, get_relocation);
	while (rig.cpu->eip != RIG_CODE)
		x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	cycle_counter = rig.cpu->gpr[REG_EAX];
}

static void set_alarm(u32 flags, u64 expiry, u64 period)
{
	rig_kernel();
	rig.cpu->gpr[REG_ESP] -= 8;
	rig_store64(rig.cpu->gpr[REG_ESP], period);
	rig.cpu->gpr[REG_EAX] = flags;
	rig.cpu->gpr[REG_EDX] = (u32)expiry;
	rig.cpu->gpr[REG_ECX] = (u32)(expiry >> 32);
	rig_call(VMI_CALL_SetAlarm);
	ck_assert_uint_eq(rig.cpu->eip, ROM_AFTER(VMI_CALL_SetAlarm));
}

static u32 cancel(u32 flags)
{
	rig_kernel();
	rig.cpu->gpr[REG_EAX] = flags;
	rig_call(VMI_CALL_CancelAlarm);
	return rig.cpu->gpr[REG_EAX];
}

/* Time passes, timers fire when they are due. */
static void pass(u64 ns)
{
	u64 end = clock_now_ns(&fake_clock) + ns;

	while (timer_next_ns(&rig.timers) <= end) {
		u64 now = clock_now_ns(&fake_clock);

		fake_advance_ns(MAX(timer_next_ns(&rig.timers), now) - now);
		timer_run(&rig.timers);
	}
	fake_advance_ns(end - clock_now_ns(&fake_clock));
}

/* The vcpu waits for its turn that long. */
static void steal(u64 ns)
{
	vmi_time_ready(rig.vcpu);
	pass(ns);
	vmi_time_running(rig.vcpu);
}

START_TEST(the_frequency_is_that_of_the_tsc)
{
	rig_call(VMI_CALL_GetCycleFrequency);
	ck_assert((rig.cpu->gpr[REG_EAX] | (u64)rig.cpu->gpr[REG_EDX] << 32) == HZ);
}
END_TEST

START_TEST(wall_clock_is_64_bits_and_never_steps)
{
	rig_call(VMI_CALL_GetWallclockTime);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], 0x9abcdef0);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EDX], 0x12345678);
	rig.cpu->gpr[REG_EAX] = 77;
	rig_call(VMI_CALL_WallclockUpdated);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], 0);
}
END_TEST

START_TEST(real_is_available_and_stolen)
{
	ck_assert(count(VMI_CYCLES_REAL) == arch_tsc());
	ck_assert(count(VMI_CYCLES_AVAILABLE) == arch_tsc());
	ck_assert(count(VMI_CYCLES_STOLEN) == 0);
	steal(3 * MS);
	pass(MS); /* it runs, or is halted */
	ck_assert(count(VMI_CYCLES_STOLEN) == CYCLES(3 * MS));
	ck_assert(count(VMI_CYCLES_REAL) == arch_tsc());
	ck_assert(count(VMI_CYCLES_AVAILABLE) == arch_tsc() - CYCLES(3 * MS));
	/* More than 32 bits of it. */
	for (u32 i = 0; i < 20; i++)
		steal(700 * MS);
	ck_assert(count(VMI_CYCLES_STOLEN) == CYCLES(14003 * MS));
	ck_assert(count(VMI_CYCLES_AVAILABLE) == arch_tsc() - CYCLES(14003 * MS));
	for (u32 other = 3; other; other <<= 1)
		ck_assert(count(other) == 0);
	ck_assert(count(0x80000001) == 0 && count(0x101) == 0);
}
END_TEST

START_TEST(ready_and_running_may_be_said_twice)
{
	vmi_time_running(rig.vcpu);
	vmi_time_ready(rig.vcpu);
	pass(MS);
	vmi_time_ready(rig.vcpu);
	pass(MS);
	vmi_time_running(rig.vcpu);
	pass(MS);
	vmi_time_running(rig.vcpu);
	ck_assert(count(VMI_CYCLES_STOLEN) == CYCLES(2 * MS));
}
END_TEST

START_TEST(available_is_read_again_if_something_was_stolen_meanwhile)
{
	/* An exit behind each of the routine's first instructions steals. */
	for (u32 when = 1; when < 9; when++) {
		u64 before = count(VMI_CYCLES_AVAILABLE), value;

		rig_kernel();
		rig.cpu->gpr[REG_EAX] = VMI_CYCLES_AVAILABLE;
		rig.cpu->gpr[REG_ESP] -= 4;
		rig_store(rig.cpu->gpr[REG_ESP], RIG_CODE);
		rig.cpu->eip = cycle_counter;
		for (u32 i = 1; i < 50 && rig.cpu->eip != RIG_CODE; i++) {
			x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
			if (i == when)
				steal(10 * MS);
		}
		value = rig.cpu->gpr[REG_EAX] | (u64)rig.cpu->gpr[REG_EDX] << 32;
		ck_assert_msg(value == before, "stolen behind instruction %u", when);
	}
}
END_TEST

START_TEST(a_one_shot_alarm_goes_off_once_and_in_time)
{
	set_alarm(VMI_CYCLES_REAL, arch_tsc() + CYCLES(2 * MS), 0);
	ck_assert(rig.vcpu->turn_over);
	pass(2 * MS - 1000);
	ck_assert_uint_eq(rig.alarms, 0);
	pass(3000);
	ck_assert_uint_eq(rig.alarms, 1);
	pass(100 * MS);
	ck_assert_uint_eq(rig.alarms, 1);
	ck_assert_uint_eq(cancel(VMI_CYCLES_REAL), 0);
	/* The mode bit alone does not make it periodic, and a period without it neither. */
	set_alarm(VMI_CYCLES_REAL | VMI_ALARM_PERIODIC, arch_tsc() + 1000, 0);
	set_alarm(VMI_CYCLES_AVAILABLE, count(VMI_CYCLES_AVAILABLE) + 1000, CYCLES(MS));
	pass(100 * MS);
	ck_assert_uint_eq(rig.alarms, 3);
}
END_TEST

START_TEST(an_alarm_in_the_past_goes_off_at_once)
{
	set_alarm(VMI_CYCLES_REAL, 0, 0);
	ck_assert_uint_eq(rig.alarms, 1);
	ck_assert_uint_eq(cancel(VMI_CYCLES_REAL), 0);
}
END_TEST

START_TEST(a_periodic_alarm_keeps_its_beat_and_collapses_what_is_late)
{
	u64 start = arch_tsc();

	set_alarm(VMI_CYCLES_REAL | VMI_ALARM_PERIODIC, start, CYCLES(MS));
	ck_assert_uint_eq(rig.alarms, 1);
	pass(100 * MS + MS / 2);
	ck_assert_uint_eq(rig.alarms, 101);
	/* Nobody looks for 10.7 ms: one, and the beat goes on where it was. */
	fake_advance_ns(10 * MS + 200000);
	timer_run(&rig.timers);
	ck_assert_uint_eq(rig.alarms, 102);
	pass(300000 - 3000);
	ck_assert_uint_eq(rig.alarms, 102);
	pass(6000);
	ck_assert_uint_eq(rig.alarms, 103);
	ck_assert_uint_eq(cancel(VMI_CYCLES_REAL | VMI_ALARM_PERIODIC), 1);
	pass(100 * MS);
	ck_assert_uint_eq(rig.alarms, 103);
}
END_TEST

START_TEST(stolen_time_postpones_an_alarm_on_available_time)
{
	set_alarm(VMI_CYCLES_AVAILABLE, count(VMI_CYCLES_AVAILABLE) + CYCLES(5 * MS), 0);
	set_alarm(VMI_CYCLES_REAL, arch_tsc() + CYCLES(5 * MS), 0);
	pass(MS);
	steal(3 * MS);
	pass(MS + 10000);
	ck_assert_uint_eq(rig.alarms, 1); /* REAL */
	pass(3 * MS - 100000);
	ck_assert_uint_eq(rig.alarms, 1);
	pass(200000);
	ck_assert_uint_eq(rig.alarms, 2);
}
END_TEST

START_TEST(setting_an_alarm_again_moves_it)
{
	set_alarm(VMI_CYCLES_REAL, arch_tsc() + CYCLES(2 * MS), 0);
	set_alarm(VMI_CYCLES_REAL, arch_tsc() + CYCLES(8 * MS), 0);
	pass(5 * MS);
	ck_assert_uint_eq(rig.alarms, 0);
	ck_assert_uint_eq(cancel(VMI_CYCLES_REAL), 1);
	ck_assert_uint_eq(cancel(VMI_CYCLES_REAL), 0);
	pass(5 * MS);
	ck_assert_uint_eq(rig.alarms, 0);
}
END_TEST

START_TEST(alarms_on_what_is_no_counter_are_none)
{
	static const u32 flags[] = { 2, 3, 0xff, 0x102, VMI_ALARM_WIRED_LVTT | 2 };

	for (u32 i = 0; i < ARRAY_SIZE(flags); i++) {
		set_alarm(flags[i], 0, 1);
		ck_assert_uint_eq(cancel(flags[i]), 0);
	}
	pass(100 * MS);
	ck_assert_uint_eq(rig.alarms, 0);
}
END_TEST

START_TEST(an_alarm_may_be_wired_to_the_local_apic)
{
	set_alarm(VMI_CYCLES_REAL | VMI_ALARM_WIRED_LVTT, arch_tsc() + CYCLES(2 * MS), 0);
	set_alarm(VMI_CYCLES_AVAILABLE | VMI_ALARM_WIRED_LVTT | VMI_ALARM_PERIODIC, arch_tsc(), CYCLES(MS));
	ck_assert_uint_eq(rig.lvtt_alarms, 1);
	pass(3 * MS + 10000);
	ck_assert_uint_eq(rig.lvtt_alarms, 5);
	ck_assert_uint_eq(rig.alarms, 0);
	ck_assert_uint_eq(cancel(VMI_CYCLES_AVAILABLE | VMI_ALARM_WIRED_LVTT), 1);
	set_alarm(VMI_CYCLES_REAL, arch_tsc() + CYCLES(MS), 0);
	pass(MS + 10000);
	ck_assert_uint_eq(rig.lvtt_alarms, 5);
	ck_assert_uint_eq(rig.alarms, 1);
}
END_TEST

START_TEST(absurd_alarms_cost_little)
{
	static const u64 numbers[] = { 0, 1, 2, 1000, 0x7fffffffffffffffull, 0x8000000000000000ull, ~0ull - 1, ~0ull };

	for (u32 i = 0; i < ARRAY_SIZE(numbers) * ARRAY_SIZE(numbers) * 2; i++) {
		u64 number = numbers[i / 2 % ARRAY_SIZE(numbers)];
		u32 before = rig.alarms;

		set_alarm((i & 1) | VMI_ALARM_PERIODIC, number, numbers[i / 2 / ARRAY_SIZE(numbers)]);
		pass(10 * MS);
		ck_assert_msg(rig.alarms - before <= 201, "%u in 10 ms", rig.alarms - before);
		cancel(i & 1);
	}
	ck_assert(timer_next_ns(&rig.timers) == TIMER_NEVER);
}
END_TEST

START_TEST(a_far_alarm_is_not_forgotten)
{
	set_alarm(VMI_CYCLES_REAL, arch_tsc() + 10000 * HZ, 0);
	pass(9999000 * MS);
	ck_assert_uint_eq(rig.alarms, 0);
	pass(2000 * MS);
	ck_assert_uint_eq(rig.alarms, 1);
}
END_TEST

START_TEST(a_reset_cancels_alarms_and_starts_stolen_time_anew)
{
	steal(MS);
	set_alarm(VMI_CYCLES_REAL, arch_tsc() + 1000, 0);
	set_alarm(VMI_CYCLES_AVAILABLE | VMI_ALARM_PERIODIC, 0, 1000);
	rig.alarms = 0;
	x86_vcpu_reset(rig.vcpu);
	pass(100 * MS);
	ck_assert_uint_eq(rig.alarms, 0);
	ck_assert(rig.vcpu->time.stolen == 0);
}
END_TEST

START_TEST(a_fault_on_the_period_is_delivered_on_the_int)
{
	rig.cpu->gpr[REG_ESP] = RIG_HOLE - 4; /* the period's high half is in the hole */
	rig_store(RIG_HOLE - 4, 1);
	rig_call(VMI_CALL_SetAlarm);
	rig_expect_delivered(EXCP_PF, true, ROM_SLOT(VMI_CALL_SetAlarm));
	ck_assert_uint_eq(rig.cpu->cr2, RIG_HOLE);
	ck_assert(timer_next_ns(&rig.timers) == TIMER_NEVER && rig.alarms == 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_frequency_is_that_of_the_tsc,
		wall_clock_is_64_bits_and_never_steps,
		real_is_available_and_stolen,
		ready_and_running_may_be_said_twice,
		available_is_read_again_if_something_was_stolen_meanwhile,
		a_one_shot_alarm_goes_off_once_and_in_time,
		an_alarm_in_the_past_goes_off_at_once,
		a_periodic_alarm_keeps_its_beat_and_collapses_what_is_late,
		stolen_time_postpones_an_alarm_on_available_time,
		setting_an_alarm_again_moves_it,
		alarms_on_what_is_no_counter_are_none,
		an_alarm_may_be_wired_to_the_local_apic, absurd_alarms_cost_little,
		a_far_alarm_is_not_forgotten,
		a_reset_cancels_alarms_and_starts_stolen_time_anew,
		a_fault_on_the_period_is_delivered_on_the_int,
	};

	return rig_main("vmi_time", setup, tests, ARRAY_SIZE(tests));
}
