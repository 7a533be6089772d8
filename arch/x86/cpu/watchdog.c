/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of watchdog.h.  IRQ 0 reaches pin 2 of the first I/O APIC on nearly every PC, and
 * pin 0 on the rest; the other of the two is the 8259's, which is masked meanwhile, so both are
 * programmed.  [82093AA]
 */
#include "arch/x86/cpu/watchdog.h"

#include "arch/x86/cpu/cpuid.h"
#include "arch/x86/cpu/host_paging.h"
#include "arch/x86/cpu/pit.h"
#include "arch/x86/cpu/time.h"

#define IOAPIC_ADDRESS 0xfec00000u
#define IOAPIC_SIZE 0x20
#define INDEX 0 /* registers, by offset / 4 */
#define DATA 4
#define REG_VERSION 1
#define REG_PIN(n) (0x10 + 2 * (n))
#define PIN_NMI 0x400u /* edge, active high, unmasked, physical destination */
#define PIN_DESTINATION_SHIFT 24

static volatile u32 *ioapic;

static u32 ioapic_read(u32 reg)
{
	ioapic[INDEX] = reg;
	return ioapic[DATA];
}

static void ioapic_write(u32 reg, u32 value)
{
	ioapic[INDEX] = reg;
	ioapic[DATA] = value;
}

static u32 apic_id(void)
{
	u32 r[4];

	cpuid_read(1, 0, r);
	return r[1] >> 24;
}

static void deliver_nmi(u32 pin)
{
	ioapic_write(REG_PIN(pin) + 1, apic_id() << PIN_DESTINATION_SHIFT);
	ioapic_write(REG_PIN(pin), PIN_NMI);
}

bool watchdog_start(void)
{
	u32 version;

	if (!cpu_has(CPU_APIC) || time_uses_pit())
		return false;
	ioapic = map_device(hpa(IOAPIC_ADDRESS), IOAPIC_SIZE, HOST_UNCACHED);
	if (!ioapic)
		return false;
	version = ioapic_read(REG_VERSION);
	if (version == ~0u || !(version & 0xff))
		return false;
	deliver_nmi(0);
	deliver_nmi(2);
	pit_tick_start();
	return true;
}
