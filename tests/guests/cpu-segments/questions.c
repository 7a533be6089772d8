/* SPDX-License-Identifier: GPL-2.0 */
/*
 * LAR, LSL, VERR, VERW about every descriptor of the table, in ring 0 and 3, against what the manual
 * says; ARPL; and the registers of the tables, which show the guest's.
 */
#include "tests/guests/cpu-segments/segments.h"


/* EAX = selector; ECX, EDX = LAR, LSL; EBX = flags of LAR, LSL, VERR, VERW, a bit each. */
extern u8 ask[];
__asm__("ask:\n\txorl %ebx, %ebx\n\tmovl $-1, %ecx\n\tmovl $-1, %edx\n"
	"\tlarl %eax, %ecx\n\tsetz %bl\n"
	"\tlsll %eax, %edx\n\tsetz %bh\n\tshll $1, %ebx\n"
	"\tverr %ax\n\tsetz %bl\n\tmovl %ebx, %esi\n\txorl %ebx, %ebx\n"
	"\tverw %ax\n\tsetz %bl\n\tmovl %ebx, %edi\n\tint $0x81\n");
/* ESI is then bit 0 VERR, bit 9 LSL; LAR is known by ECX. */

static bool visible(u64 raw, u32 cpl, u32 rpl)
{
	u32 dpl = raw >> 45 & 3, type = raw >> 40 & 0x1f;

	return (type & 0x1c) == 0x1c || (dpl >= cpl && dpl >= rpl);
}

static u32 limit_of(u64 raw)
{
	u32 limit = (raw & 0xffff) | (raw >> 48 & 0xf) << 16;

	return raw & SEGMENT_G ? limit << 12 | 0xfff : limit;
}

/* What LAR must agree in (bits 16-19 are undefined): user code may see DPL 1 for 0 (docs/caveats.md). */
static u32 lar_mask(u64 raw, u32 cpl)
{
	u32 mask = 0xf0ff00;

	return !cpl || on_bare() || raw >> 45 & 3 ? mask : mask & ~0x6000u;
}

static bool right(u64 raw, u32 cpl, u32 rpl)
{
	u32 mask = lar_mask(raw, cpl);
	u32 type = raw >> 40 & 0x1f;
	bool seen = visible(raw, cpl, rpl), segment = type & 0x10, code = (type & 0x18) == 0x18;
	bool lar = seen && (segment || (0x1a3e >> type & 1));
	bool lsl = seen && (segment || (0x0a0e >> type & 1));
	bool verr = seen && segment && (!code || type & 2);
	bool verw = seen && segment && !code && type & 2;

	if (lar ? (last_trap.ecx ^ (u32)(raw >> 32)) & mask || last_trap.ecx & ~0xffff00u : ~last_trap.ecx)
		return false;
	if (last_trap.edx != (lsl ? limit_of(raw) : ~0u) || (last_trap.esi >> 9 & 1) != lsl)
		return false;
	return (last_trap.esi & 1) == verr && (last_trap.edi & 1) == verw;
}

static void questions(u32 ring)
{
	u32 wrong = 0, at = 0;

	for (u32 selector = 8; selector < 8 * GDT_ENTRIES; selector += 8) {
		if (ring && !on_bare() && selector == SEL_ABSENT)
			continue;
		for (u32 rpl = 0; rpl < 4; rpl++)
			for (u32 i = 0; i < 3; i++) {
				if (run_with(ring, ask, selector | rpl, 0) == 0 &&
				    right(gdt[selector / 8], ring, rpl))
					continue;
				wrong++;
				at = selector | rpl;
			}
	}
	check(wrong == 0, "ring %u: LAR, LSL, VERR, VERW of all descriptors (%u wrong: %x)", ring, wrong, at);
	run_with(ring, ask, 0, 0);
	check(last_trap.ecx == ~0u && last_trap.edx == ~0u && !(last_trap.esi & 1) && !last_trap.edi,
	      "ring %u: of the null selector", ring);
	run_with(ring, ask, 8 * GDT_ENTRIES, 0);
	check(last_trap.ecx == ~0u && last_trap.edx == ~0u && !(last_trap.esi & 1) && !last_trap.edi,
	      "ring %u: beyond the table", ring);
}

/* EAX, EDX; EBX = 1 if changed. */
extern u8 arpl[];
__asm__("arpl:\n\txorl %ebx, %ebx\n\tarpl %dx, %ax\n\tsetz %bl\n\tint $0x81\n");

static void arpls(u32 ring)
{
	u32 wrong = 0;

	for (u32 i = 0; i < 16; i++)
		for (u32 j = 0; j < 10; j++) {
			u32 a = 0xabc0 | i % 4, d = 0x1230 | i / 4, rpl = MAX(i % 4, i / 4);

			wrong += run_with(ring, arpl, a, d) != 0 || last_trap.eax != ((a & ~3u) | rpl);
			wrong += (last_trap.ebx & 1) != (i % 4 < i / 4);
		}
	check(wrong == 0, "ring %u: ARPL (%u wrong)", ring, wrong);
}

static void tables(void)
{
	struct PACKED {
		u16 limit;
		u32 base;
	} pointer;
	u32 wrong = 0, tr, msw, cr0;

	for (u32 i = 0; i < 100; i++) {
		__asm__ volatile("sgdt %0" : "=m"(pointer));
		wrong += pointer.base != (u32)gdt || pointer.limit != sizeof(gdt) - 1;
		__asm__ volatile("sidt %0" : "=m"(pointer));
		wrong += pointer.base != (u32)idt || pointer.limit != 8 * 256 - 1;
		__asm__ volatile("str %0" : "=r"(tr));
		wrong += (tr & 0xffff) != TSS_SELECTOR;
		__asm__ volatile("smsw %w0\n\tmovl %%cr0, %1" : "=r"(msw), "=r"(cr0));
		wrong += (msw & 0xffff) != (cr0 & 0xffff);
	}
	check(wrong == 0, "SGDT, SIDT, STR, SMSW show the guest's (%u wrong)", wrong);
}

void question_tests(void)
{
	questions(0);
	arpls(0);
	/* User code need not see a segment that nobody has loaded yet (docs/caveats.md). */
	for (u32 i = 1; i < GDT_ENTRIES; i++)
		if (gdt[i] >> 44 & 1)
			gdt[i] |= ACCESSED;
	questions(3);
	arpls(3);
	tables();
}
