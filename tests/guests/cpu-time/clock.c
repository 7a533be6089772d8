/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time as a kernel sees it.  Each check compares two clocks of the guest, or counts; none asks how
 * long something took.
 */
#include "tests/guests/cpu-time/cpu_time.h"

#define DEPTH 8
#define CH2 0x42
#define SPEAKER 0x61

static volatile u64 handler_time;
static volatile u32 ticks, backwards, ticks_wanted;

static u64 rdtsc(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

/* ---- RDTSC ---- */
static void time_tick(struct trap_frame *frame)
{
	u64 now = rdtsc();

	(void)frame;
	backwards += now < handler_time;
	handler_time = now;
	stop = ++ticks >= ticks_wanted;
	timer_done();
}

/* Runs in either ring. */
static void time_loop(void)
{
	u64 last = 0;

	while (!stop) {
		u64 handler = handler_time, now;

		/* It may have been half written then. */
		if (handler != handler_time)
			continue;
		now = rdtsc();
		backwards += now <= last || now < handler;
		last = now;
	}
	__asm__ volatile("int $0x81");
}

static void time_stamps(u32 ring)
{
	struct user_registers registers = { .eip = (u32)time_loop, .eflags = 2 | IF, .esp = STACK };
	u32 result;

	set_handler(TIMER_VECTOR, time_tick);
	handler_time = backwards = ticks = stop = 0;
	ticks_wanted = 60;
	timer_every(2000);
	result = run_in_ring(ring, &registers);
	timer_stop();
	check(result == 0 && backwards == 0, "ring %u: RDTSC never goes back over %u interrupts (%u, %u)",
	      ring, ticks, result, backwards);
}

/* ---- nested interrupts ---- */
static volatile u32 depth, deepest, order_wrong;

static void nested_tick(struct trap_frame *frame)
{
	u32 own = ++depth, before = ++ticks;

	order_wrong += !(frame->eflags & IF);
	timer_done();
	if (own > deepest)
		deepest = own;
	if (own < DEPTH) {
		timer_in(100);
		__asm__ volatile("sti");
		while (ticks == before)
			;
		__asm__ volatile("cli");
	}
	order_wrong += depth != own;
	depth--;
	stop = depth == 0;
}

static void nested(u32 ring)
{
	struct user_registers registers = { .eip = (u32)loop_registers, .eflags = 2 | IF, .esp = STACK };
	u32 wrong = 0;

	set_handler(TIMER_VECTOR, nested_tick);
	order_wrong = ticks = 0;
	for (u32 i = 0; i < 20; i++) {
		depth = deepest = stop = 0;
		timer_in(100);
		wrong += run_in_ring(ring, &registers) != 0 || last_trap.edi || deepest != DEPTH;
	}
	check(wrong == 0 && order_wrong == 0 && ticks == 20 * DEPTH,
	      "ring %u: interrupts within interrupts, %u deep (%u, %u wrong, %u in all)", ring, DEPTH,
	      wrong, order_wrong, ticks);
}

void clock_tests(void)
{
	for (u32 ring = 0; ring <= 3; ring += 3) {
		time_stamps(ring);
		nested(ring);
	}
}

/* ---- ticks against channel 2 ---- */
static void count_tick(struct trap_frame *frame)
{
	(void)frame;
	ticks++;
	timer_done();
}

/* Channel 2 counts down from 65536 over and over. */
static u32 channel2(void)
{
	u32 low;

	outb(0x43, 0x80);
	low = inb(CH2);
	return (0u - (low | (u32)inb(CH2) << 8)) & 0xffff;
}

static u32 elapsed, previous;

/* To be called more often than every 65536 clocks. */
static void sample(void)
{
	u32 now = channel2();

	elapsed += (now - previous) & 0xffff;
	previous = now;
}

static void drift(const char *how, bool idle, bool windows)
{
	const u32 period = 2400, wanted = 100;

	ticks = elapsed = 0;
	previous = channel2();
	timer_every(period);
	while (ticks < wanted) {
		__asm__ volatile("sti\n\tnop");
		if (idle)
			__asm__ volatile("hlt");
		if (windows)
			for (u32 i = 0; i < 50; i++)
				__asm__ volatile("cli\n\tnop\n\tnop\n\tsti\n\tnop");
		__asm__ volatile("cli");
		sample();
	}
	timer_stop();
	/* The change to a periodic mode may be a tick already: OUT goes high. */
	check(elapsed / period + 1 >= ticks && elapsed / period <= ticks + 2,
	      "%s: %u ticks in %u periods", how, ticks, elapsed / period);
}

void drift_test(void)
{
	set_handler(TIMER_VECTOR, count_tick);
	outb(SPEAKER, 1);
	outb(0x43, 0xb4);
	outb(CH2, 0);
	outb(CH2, 0);
	drift("busy", false, false);
	drift("idle", true, false);
	drift("with CLI windows", false, true);
}
