/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMI timer: calls 66 to 71, as Linux uses them: 64 bits in EDX:EAX, the expiry in EDX and ECX, the period on
 * the stack, IRQ 0 with the 8254 switched off, or the local APIC's LVTT where there is one.  How late an
 * alarm is, nothing here depends on.
 */
#include "tests/guests/vmi/conform.h"

#define LVTT_VECTOR 0x41
#define APIC_EOI 0xb0
#define APIC_LVTT 0x320
#define APIC_MASK 0x10000
#define LONG_AGO 900000000ull /* seconds since 1970: 1998 */

static volatile u32 alarms;
static u64 alarm_at;

static u64 cycles(u32 which)
{
	return call64(VMI_CALL_GetCycleCounter, which);
}

/* It may interrupt a call_at(), so it makes none. */
static void tick(struct trap_frame *frame)
{
	u32 low, high;

	(void)frame;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	alarms++;
	alarm_at = low | (u64)high << 32;
	timer_done();
}

static void set(u32 flags, u64 expiry, u64 period)
{
	call5(VMI_CALL_SetAlarm, flags, (u32)expiry, (u32)(expiry >> 32), (u32)period, (u32)(period >> 32));
}

static u64 frequency(void)
{
	return call64(VMI_CALL_GetCycleFrequency, 0);
}

static u64 ms(u32 n)
{
	u32 khz = (u32)(frequency() >> 10); /* about */

	return (u64)khz * n;
}

static void counters(void)
{
	u64 real, available, stolen, before = cycles(VMI_CYCLES_AVAILABLE);
	u32 low, high, backwards = 0;

	expect(frequency() > 1000000 && frequency() == call64(VMI_CALL_GetCycleFrequency, 7));
	verdict(VMI_CALL_GetCycleFrequency, "Hz in 64 bits, always the same");
	for (u32 i = 0; i < 1000; i++) {
		available = cycles(VMI_CYCLES_AVAILABLE);
		backwards += available < before;
		before = available;
	}
	expect(backwards == 0);
	available = cycles(VMI_CYCLES_AVAILABLE);
	stolen = cycles(VMI_CYCLES_STOLEN);
	real = cycles(VMI_CYCLES_REAL);
	expect(available + stolen <= real);
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	expect(real <= (low | (u64)high << 32));
	expect(cycles(3) == 0 && cycles(0xffffffff) == 0 && cycles(0x10000) == 0);
	verdict(VMI_CALL_GetCycleCounter, "REAL goes with the TSC and is the sum of the others, which never go back");
}

/* Wait with the flag set until @count alarms came, or long enough to be sure that they do not. */
static void wait(u32 count)
{
	u64 start = cycles(VMI_CYCLES_REAL);

	vmi_set_if(true);
	while (alarms < count && cycles(VMI_CYCLES_REAL) - start < ms(20000))
		;
	vmi_set_if(false);
}

/* Its end is said when no call can be under way. */
static void lvtt_tick(struct trap_frame *frame)
{
	(void)frame;
	alarms++;
}

static bool in_service(void)
{
	return call(VMI_CALL_APICRead, 0x100 + LVTT_VECTOR / 32 * 16, 0, 0) >> LVTT_VECTOR % 32 & 1;
}

/* Alarms by the vector in LVTT, with the end of interrupt at the local APIC. */
static void apic_alarms(void)
{
	set_handler(LVTT_VECTOR, lvtt_tick);
	call(VMI_CALL_APICWrite, APIC_LVTT, LVTT_VECTOR, 0);
	alarms = 0;
	set(VMI_CYCLES_REAL | VMI_ALARM_WIRED_LVTT, cycles(VMI_CYCLES_REAL) + ms(3), 0);
	wait(1);
	expect(alarms == 1 && in_service() && !timer_is_pending());
	call(VMI_CALL_APICWrite, APIC_EOI, 0, 0);
	expect(!in_service());
	set(VMI_CYCLES_AVAILABLE | VMI_ALARM_WIRED_LVTT | VMI_ALARM_PERIODIC, cycles(VMI_CYCLES_AVAILABLE), ms(1));
	for (u32 i = 2; i < 12; i++) {
		wait(i);
		expect(alarms == i);
		call(VMI_CALL_APICWrite, APIC_EOI, 0, 0);
	}
	expect(call(VMI_CALL_CancelAlarm, VMI_CYCLES_AVAILABLE | VMI_ALARM_WIRED_LVTT, 0, 0) == 1);
	vmi_set_if(true); /* the last may wait */
	vmi_set_if(false);
	call(VMI_CALL_APICWrite, APIC_EOI, 0, 0);
	call(VMI_CALL_APICWrite, APIC_LVTT, APIC_MASK | LVTT_VECTOR, 0);
	alarms = 0;
	set(VMI_CYCLES_REAL | VMI_ALARM_WIRED_LVTT, 0, 0);
	vmi_set_if(true);
	vmi_set_if(false);
	expect(alarms == 0);
	set_handler(LVTT_VECTOR, NULL);
}

static void set_alarms(void)
{
	static const u32 counter[] = { VMI_CYCLES_REAL, VMI_CYCLES_AVAILABLE };

	for (u32 i = 0; i < ARRAY_SIZE(counter); i++) {
		u64 now = cycles(counter[i]);

		alarms = 0;
		set(counter[i], now + ms(3), 0);
		wait(1);
		expect(alarms == 1 && alarm_at >= now + ms(3));
		set(counter[i], 0, 0); /* in the past: at once */
		wait(2);
		expect(alarms == 2);
		set(counter[i] | VMI_ALARM_PERIODIC, cycles(counter[i]), ms(1));
		wait(12);
		expect(alarms >= 12);
		expect(call(VMI_CALL_CancelAlarm, counter[i] | VMI_ALARM_PERIODIC, 0, 0) == 1);
	}
	/* Halted until then, as an idle kernel is. */
	alarms = 0;
	set(VMI_CYCLES_REAL, cycles(VMI_CYCLES_REAL) + ms(5), 0);
	while (!alarms)
		call(VMI_CALL_Halt, 0, 0, 0);
	vmi_set_if(false);
	expect(alarms == 1);
	/* With interrupts off it waits. */
	alarms = 0;
	set(VMI_CYCLES_REAL, 0, 0);
	expect(alarms == 0 && timer_is_pending());
	wait(1);
	expect(alarms == 1);
	set(2, 0, 1); /* STOLEN, and what there is not: nothing */
	set(0x83, 0, 1);
	expect(!timer_is_pending());
	if (offered(VMI_CALL_APICWrite))
		apic_alarms();
	verdict(VMI_CALL_SetAlarm, "one shot, periodic, in the past; on REAL and AVAILABLE; wakes Halt");
}

static void cancel_alarms(void)
{
	alarms = 0;
	expect(call(VMI_CALL_CancelAlarm, VMI_CYCLES_REAL, 0, 0) == 0);
	set(VMI_CYCLES_REAL, cycles(VMI_CYCLES_REAL) + ms(100000), 0);
	set(VMI_CYCLES_REAL, cycles(VMI_CYCLES_REAL) + ms(200000), 0); /* set again: moved */
	expect(call(VMI_CALL_CancelAlarm, VMI_CYCLES_AVAILABLE, 0, 0) == 0);
	expect(call(VMI_CALL_CancelAlarm, VMI_CYCLES_REAL, 0, 0) == 1);
	expect(call(VMI_CALL_CancelAlarm, VMI_CYCLES_REAL, 0, 0) == 0);
	expect(call(VMI_CALL_CancelAlarm, 0xff, 0, 0) == 0 && alarms == 0);
	verdict(VMI_CALL_CancelAlarm, "1 if it was set, else 0");
}

static void wall_clock(void)
{
	u64 first = call64(VMI_CALL_GetWallclockTime, 0), second, start = cycles(VMI_CYCLES_REAL);

	expect(first > LONG_AGO * 1000000000);
	while (cycles(VMI_CYCLES_REAL) - start < ms(20))
		;
	second = call64(VMI_CALL_GetWallclockTime, 0);
	expect(second - first >= 15000000);
	verdict(VMI_CALL_GetWallclockTime, "nanoseconds since 1970, that go on");
	expect(call(VMI_CALL_WallclockUpdated, 0, 0, 0) == 0);
	verdict(VMI_CALL_WallclockUpdated, "0: the clock does not step");
}

void time_calls(void)
{
	set_handler(TIMER_VECTOR, tick);
	timer_init();
	outb(0x43, 0x3a); /* as Linux switches the 8254 off: its output is high from now on, */
	vmi_set_if(true);   /* and the edge is one interrupt */
	vmi_set_if(false);
	counters();
	set_alarms();
	cancel_alarms();
	wall_clock();
	timer_stop();
	set_handler(TIMER_VECTOR, NULL);
}
