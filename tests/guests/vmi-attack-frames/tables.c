/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptor tables in awkward places, and call gates: a GDT of full size with descriptors where
 * the hypervisor has its own, an LDT that claims to lie in the gate, gates to every ring.
 */
#include "tests/guests/vmi-attack-frames/frames.h"

#define BIG_GDT 0x900000u
#define CALL_GATE 0x0cu

void load_ds(u32 selector), load_fs(u32 selector), far_jump(u32 pointer), far_call(u32 pointer);

static struct {
	u32 offset, selector, esp, ss;
} pointer;

struct PACKED table {
	u16 limit;
	u32 base;
};

static void lgdt(u32 base, u32 limit)
{
	struct table table = { (u16)limit, base };

	__asm__ volatile("lgdt %0" : : "m"(table));
}

static u32 user_call_to(u32 selector)
{
	struct user_registers registers = {
		.eip = user_address(user_call), .cs = USER_CS, .eflags = 0x202,
		.esp = USER_STACK - 0x100, .ss = USER_DS, .ebx = (u32)&pointer,
	};

	pointer.offset = user_address(user_landing);
	pointer.selector = selector;
	return user_run(&registers);
}

static void big_gdt(void)
{
	u64 *big = (u64 *)BIG_GDT;
	u32 r;

	for (u32 i = 0; i < 0x2000; i++)
		big[i] = i < GDT_ENTRIES ? gdt[i] : 0;
	big[HOST_CS / 8] = descriptor(A_CODE_R, 0, true, 0, 0xfffff, FLAT32);
	big[HOST_DS / 8] = descriptor(A_RW, 3, true, 0, 0xfffff, FLAT32);
	lgdt(BIG_GDT, 0xffff);
	r = guest_try(load_ds, HOST_DS | 3);
	check(r == 0, "a descriptor of the guest's where the hypervisor has one can be loaded (%u)", r);
	pointer.offset = user_address(user_landing);
	pointer.selector = HOST_CS;
	r = guest_try(far_jump, (u32)&pointer);
	check(r == LANDED + 1 && (last_trap.cs & ~3u) == HOST_CS && (last_trap.cs & 3) == (read_cs() & 3u),
	      "and be jumped to, with the kernel's RPL (%u, cs %x)", r, last_trap.cs);
	r = user_call_to(HOST_CS);
	check(r == 13 + 1 && last_trap.error == HOST_CS, "not from ring 3 (%u, error %x)", r,
	      last_trap.error);
	lgdt((u32)gdt, sizeof(gdt) - 1);
	r = guest_try(load_ds, HOST_DS | 3);
	check(r == 13 + 1, "and with the old table again neither (%u)", r);
}

static void gate_ldt(void)
{
	u64 raw = descriptor(0x02, 0, true, vmi_gate(GATE_GDT), 0xffff, 0);
	u32 r;

	vmi_write_entry(VMI_CALL_WriteGDTEntry, (u32)gdt, FREE_INDEX, raw);
	vmi(VMI_CALL_SetLDT, FREE_SELECTOR, 0, 0);
	r = guest_try(load_fs, 0xffe8 | 4);
	check(r == 14 + 1 && last_cr2 == vmi_gate(GATE_GDT) + 0xffe8,
	      "an LDT in the gate is where the guest's tables map nothing (%u, cr2 %x)", r, last_cr2);
	vmi(VMI_CALL_SetLDT, LDT_SELECTOR, 0, 0);
	check(guest_try(load_fs, 0) == 0, "and another LDT can be loaded");
}

static void call_gates(void)
{
	static const u16 targets[] = { KERNEL_CS, KERNEL_CS | 1, KERNEL_CS | 3, USER_CS, HOST_CS,
				       HOST_CS | 3, KERNEL_DS, 0 };
	u32 wrong = 0;

	for (u32 i = 0; i < ARRAY_SIZE(targets) * 4; i++) {
		u32 target = targets[i / 4], dpl = i % 4, r, level = 0;
		u32 offset = user_address(user_landing);
		u64 raw = (offset & 0xffff) | target << 16 |
			  (u64)((offset & 0xffff0000) | 0x8000 | dpl << 13 | CALL_GATE << 8 | 2) << 32;
		struct expectation expected = { LANDED + 1, 0 };

		vmi_write_entry(VMI_CALL_WriteGDTEntry, (u32)gdt, FREE_INDEX, raw);
		if (dpl < 3)
			expected = (struct expectation){ 13 + 1, FREE_SELECTOR };
		else if ((target & ~3u) == (USER_CS & ~3u))
			level = 3;
		else if ((target & ~3u) != KERNEL_CS)
			expected = (struct expectation){ 13 + 1, target & ~3u };
		r = user_call_to(FREE_SELECTOR | 3);
		wrong += !matches(expected, r, level, "call gate to", target, raw);
	}
	check(wrong == 0, "call gates lead ring 3 to ring 1 and nowhere else (%u wrong)", wrong);
}

void test_tables(void)
{
	big_gdt();
	if (!vmi_active)
		return;
	gate_ldt();
	call_gates();
}
