/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of tsc.h.  Two samples, each a reading of all clocks at the same moment, 10 ms
 * apart; the difference gives the ratio.  A sample may be disturbed (SMM, an emulator that was not
 * scheduled), so several are taken and the one in which the TSC moved least is kept: what was
 * disturbed took longer.  Nothing depends on how long the waiting between the samples really took,
 * as long as the 16-bit count has not run out.
 */
#include "arch/x86/cpu/tsc.h"

#include "arch/x86/cpu/cpuid.h"
#include "arch/x86/cpu/lapic.h"
#include "arch/x86/cpu/msr.h"
#include "arch/x86/cpu/pit.h"
#include "hv/core/log.h"
#include "hv/lib/math64.h"

#define INTERVAL (PIT_HZ / 100)
#define SAMPLES 5
#define STUCK_POLLS 1000000
#define ATTEMPTS 8

struct sample {
	u64 tsc;
	u32 pit;
	u32 lapic;
};

static struct sample sample_once(bool have_lapic, u64 *width)
{
	u64 before = rdtsc();
	struct sample sample = { .pit = pit_reference_count() };
	u64 after;

	if (have_lapic)
		sample.lapic = lapic_timer_elapsed();
	after = rdtsc();
	*width = after - before;
	sample.tsc = before + *width / 2;
	return sample;
}

static struct sample best_sample(bool have_lapic)
{
	u64 best_width = ~0ull;
	struct sample best = { 0 };

	for (u32 i = 0; i < SAMPLES; i++) {
		u64 width;
		struct sample sample = sample_once(have_lapic, &width);

		if (width >= best_width)
			continue;
		best_width = width;
		best = sample;
	}
	return best;
}

/* Until the count is below @target; false if it does not move. */
static bool wait_for(u32 target)
{
	for (u32 i = 0; i < STUCK_POLLS; i++)
		if (pit_reference_count() <= target)
			return true;
	return false;
}

static bool measure(bool have_lapic, u64 *tsc_hz, u32 *lapic_hz)
{
	struct sample first, last;
	u32 ticks;

	pit_reference_start();
	if (have_lapic)
		lapic_timer_start_free();
	if (!wait_for(PIT_COUNT_MAX - 2)) /* the count is loaded at the next tick */
		return false;
	first = best_sample(have_lapic);
	if (first.pit < INTERVAL || !wait_for(first.pit - INTERVAL))
		return false;
	last = best_sample(have_lapic);
	if (pit_reference_ended())
		return false; /* delayed for so long that the count ran out */
	ticks = first.pit - last.pit;
	*tsc_hz = div64_u32((last.tsc - first.tsc) * PIT_HZ, ticks, NULL);
	*lapic_hz = (u32)div64_u32((u64)(last.lapic - first.lapic) * PIT_HZ, ticks, NULL);
	return *tsc_hz != 0;
}

static bool ask_cpu(u64 *tsc_hz)
{
	u32 r[4];

	if (host_cpuid.max_leaf < 0x16)
		return false;
	cpuid_read(0x16, 0, r);
	*tsc_hz = (u64)(r[0] & 0xffff) * 1000000u;
	return *tsc_hz;
}

bool tsc_calibrate(bool have_lapic, u64 *tsc_hz, u32 *lapic_hz)
{
	for (u32 i = 0; i < ATTEMPTS; i++)
		if (measure(have_lapic, tsc_hz, lapic_hz))
			return true;
	*lapic_hz = 0;
	return ask_cpu(tsc_hz);
}
