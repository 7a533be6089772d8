/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Any call with any arguments: pointers into nothing, the gate, ROM and MMIO; frame numbers, levels, counts and
 * indices beyond all measure.
 */
#include "tests/guests/vmi-hostile/hostile.h"

static const u32 wild[] = {
	0, 1, 2, 3, 4, 8, 0x10, 0x20, 0x41, 0x51, 0x62, 0xff, 0x100, 0x200, 0x10001, 0x80, 0xc8000 >> 12,
	0xfee00, 0xfffff, 0x100000 - 1, 0x40000, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 0xfffffff8, 0xfffffffe,
	0xfffff000, VMI_GATE - 4, VMI_GATE - 1, VMI_GATE, VMI_GATE + GATE_IDT, VMI_GATE + GATE_GDT,
	VMI_GATE + GATE_TSS, VMI_SHARED, VMI_SHARED + 0xffc, VMI_GATE + GATE_ENTRY_STACK, VMI_GATE + GATE_ROM,
	0xdead0000, 0xd0000ffe, 0xc8000, 0xf0000, SCRATCH, SCRATCH + 2, SCRATCH + 0xffe, SCRATCH >> 12,
};

/* A value that is no address of this kernel's own memory, which it has no interest in losing. */
static u32 argument(void)
{
	u32 value;

	switch (random_u32() % 4) {
	case 0:
		value = random_u32() | 0x80000000;
		break;
	case 1:
		value = 1u << random_u32() % 32;
		break;
	default:
		value = one_of(wild, ARRAY_SIZE(wild));
		break;
	}
	return value - 0x100000 < 0x900000 || value - 0xb00000 < 0x500000 ? SCRATCH : value;
}

/* Not these: they end the VM, or this kernel has no way to come back from them. */
static bool is_sane(u32 call)
{
	switch (call) {
	case VMI_CALL_Reboot:
	case VMI_CALL_Shutdown:
	case VMI_CALL_Halt:
	case VMI_CALL_IRET:
	case VMI_CALL_SYSEXIT:
	case VMI_CALL_SetCR0:
	case VMI_CALL_SetCR3:
	case VMI_CALL_SetCR4:
	case VMI_CALL_SetGDT:
	case VMI_CALL_SetIDT:
		return false;
	default:
		return offered(call);
	}
}

static bool takes_index(u32 call)
{
	return call >= VMI_CALL_WriteGDTEntry && call <= VMI_CALL_WriteIDTEntry;
}

static struct {
	u32 call, a, d, c, e, f;
} now;

static void make_call(u32 unused)
{
	(void)unused;
	call5(now.call, now.a, now.d, now.c, now.e, now.f);
}

void random_calls(u32 count)
{
	u32 returned = 0, faulted = 0, gp = 0;
	u64 keep = gdt[TSS_SELECTOR / 8];

	for (u32 i = 0; i < count; i++) {
		u32 result;

		do
			now.call = random_u32() % VMI_CALL_COUNT;
		while (!is_sane(now.call));
		now.a = argument();
		now.d = argument();
		now.c = argument();
		now.e = argument();
		now.f = argument();
		/* The sum of a table and an index is an address, too. */
		if (takes_index(now.call) && now.a + now.d * 8 < 0x1000000)
			now.d = (SCRATCH - now.a) / 8;
		if (takes_index(now.call) && now.a + now.d * 8 < 0x1000000 && now.a + now.d * 8 - SCRATCH > 0xf000)
			continue;
		result = guest_try(make_call, 0);
		recover();
		returned += result == 0;
		faulted += result == 14 + 1;
		gp += result == 13 + 1;
	}
	check(gdt[TSS_SELECTOR / 8] == keep && works(), "%u random calls returned, %u were #PF, %u #GP", returned,
	      faulted, gp);
}
