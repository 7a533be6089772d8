/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kernel that executes what it should not.  Every attempt must end as on a CPU, in an exception of the
 * kernel's own, after which it goes on; and the hypervisor must not be there to be found.  A word on the command
 * line chooses an end that no kernel survives.  It knows nothing of VMI; most of it prints the same on a bare PC.
 */
#include "tests/guests/bt-bad/bad_code.h"

static struct PACKED {
	u16 limit;
	u32 base;
} empty = { 0, 0 }, nowhere = { 0xffff, 0xdead0000 };

static void bad_cr3(u32 value)
{
	write_cr3(value);
	__asm__ volatile("int3");
}

void end_badly(void)
{
	if (boot_word("idt-empty"))
		__asm__ volatile("lidt %0\n\tint3" : : "m"(empty));
	if (boot_word("idt-nowhere"))
		__asm__ volatile("lidt %0\n\tud2" : : "m"(nowhere));
	if (boot_word("gdt-nowhere"))
		__asm__ volatile("lgdt %0\n\tint3" : : "m"(nowhere));
	if (boot_word("stack"))
		__asm__ volatile("movl $0x80000000, %esp\n\tpushl %eax");
	if (boot_word("cr3-mmio"))
		bad_cr3(0xfee00000);
	if (boot_word("cr3-beyond"))
		bad_cr3(0x7ffff000);
	if (boot_word("cr3-empty"))
		bad_cr3((u32)pages(1));
	if (boot_word("no-handler")) {
		*pte_of((u32)idt & ~0xfffu) = 0;
		write_cr3(read_cr3());
		__asm__ volatile("ud2");
	}
}

void guest_main(void)
{
	print("bt-bad\n");
	paging_init();
	user_init();
	end_badly();
	double_fault_init();
	test_places();
	test_no_memory();
	test_corner();
	test_own_page();
	test_own_tables();
	test_slots();
	test_stacks();
	test_nx();
}
