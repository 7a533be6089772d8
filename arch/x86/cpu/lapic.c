/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of lapic.h.
 */
#include "arch/x86/cpu/lapic.h"

#include "arch/x86/cpu/cpuid.h"
#include "arch/x86/cpu/host_paging.h"
#include "arch/x86/cpu/msr.h"
#include "arch/x86/frame.h"
#include "hv/core/log.h"
#include "hv/core/stats.h"

#define APIC_BASE_X2APIC BIT64(10)
#define APIC_BASE_ADDRESS 0xffffff000ull

/* Registers, by offset / 4. */
enum {
	REG_TASK_PRIORITY = 0x80 / 4,
	REG_EOI = 0xb0 / 4,
	REG_SPURIOUS = 0xf0 / 4,
	REG_ERROR = 0x280 / 4,
	REG_LVT_TIMER = 0x320 / 4,
	REG_LVT_LINT0 = 0x350 / 4,
	REG_LVT_LINT1 = 0x360 / 4,
	REG_LVT_ERROR = 0x370 / 4,
	REG_INITIAL_COUNT = 0x380 / 4,
	REG_CURRENT_COUNT = 0x390 / 4,
	REG_DIVIDE = 0x3e0 / 4,
};
#define SPURIOUS_ENABLE BIT(8)
#define LVT_MASKED BIT(16)
#define LVT_NMI 0x400u
#define LVT_EXTINT 0x700u
#define DIVIDE_BY_16 3u

static volatile u32 *registers;
static void (*on_expiry)(void);

static bool enable_mmio(void)
{
	u64 base;

	if (!cpu_has(CPU_APIC) || !rdmsr_safe(MSR_APIC_BASE, &base))
		return false;
	if (base & APIC_BASE_X2APIC) { /* the way back leads through "off" */
		base &= ~(APIC_BASE_X2APIC | APIC_BASE_ENABLE);
		if (!wrmsr_safe(MSR_APIC_BASE, base))
			return false;
	}
	if (!(base & APIC_BASE_ADDRESS) ||
	    !wrmsr_safe(MSR_APIC_BASE, base | APIC_BASE_ENABLE))
		return false;
	registers = map_device(hpa(base & APIC_BASE_ADDRESS), PAGE_SIZE, HOST_UNCACHED);
	return registers;
}

bool lapic_init(void)
{
	if (!enable_mmio())
		return false;
	registers[REG_TASK_PRIORITY] = 0;
	registers[REG_LVT_TIMER] = LVT_MASKED | VECTOR_LAPIC_TIMER;
	registers[REG_LVT_LINT0] = LVT_EXTINT;
	registers[REG_LVT_LINT1] = LVT_NMI;
	registers[REG_LVT_ERROR] = VECTOR_LAPIC_ERROR;
	registers[REG_SPURIOUS] = SPURIOUS_ENABLE | VECTOR_LAPIC_SPURIOUS;
	registers[REG_DIVIDE] = DIVIDE_BY_16;
	return true;
}

void lapic_timer_start_free(void)
{
	registers[REG_LVT_TIMER] = LVT_MASKED | VECTOR_LAPIC_TIMER;
	registers[REG_INITIAL_COUNT] = ~0u;
}

u32 lapic_timer_elapsed(void)
{
	return ~0u - registers[REG_CURRENT_COUNT];
}

void lapic_timer_set(u32 ticks)
{
	registers[REG_LVT_TIMER] = VECTOR_LAPIC_TIMER;
	registers[REG_INITIAL_COUNT] = ticks;
}

void lapic_timer_on_expiry(void (*handler)(void))
{
	on_expiry = handler;
}

bool lapic_dispatch(u32 vector)
{
	if (!registers)
		return false;
	switch (vector) {
	case VECTOR_LAPIC_TIMER:
		registers[REG_EOI] = 0;
		if (on_expiry)
			on_expiry();
		return true;
	case VECTOR_LAPIC_ERROR:
		registers[REG_ERROR] = 0;
		log_error("local APIC error %#x", registers[REG_ERROR]);
		registers[REG_EOI] = 0;
		return true;
	case VECTOR_LAPIC_SPURIOUS: /* has no EOI */
		stat_inc(spurious_irqs);
		return true;
	default:
		return false;
	}
}
