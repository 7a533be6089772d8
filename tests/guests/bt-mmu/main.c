/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page tables that change under a running kernel, in both formats: what a CPU's TLB may keep, and what it
 * may not.  A kernel that knows nothing of VMI; it prints the same on a bare PC.
 */
#include "tests/guests/bt-mmu/mmu.h"

static void all(bool with_pae)
{
	mmu_start(with_pae);
	print("%s\n", with_pae ? "PAE" : "2 levels");
	user_code();
	test_protection();
	test_lazy();
	test_bits();
	test_fork();
	test_tables();
	test_adapt();
	test_large();
	test_slots();
	test_everything_mapped();
}

void guest_main(void)
{
	print("bt-mmu\n");
	__asm__ volatile("fninit");
	paging_init();
	user_init();
	all(false);
	all(true);
	all(false);
}
