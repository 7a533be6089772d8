/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control flow and flags of kernel code, for what translates it: every way to branch, every place an
 * instruction can stand, every flag kept, and exceptions and interrupts between any two instructions.
 * A kernel that knows nothing of VMI; it prints the same on a bare PC.  Word: seed=.
 */
#include "tests/guests/bt-control/control.h"
#include "tests/lib/random.h"

void guest_main(void)
{
	print("bt-control, seed=%x\n", random_seed(boot_number("seed=", 1)));
	paging_init();
	user_init();
	double_fault_init();
	test_calls();
	test_targets();
	test_conditions();
	test_loops();
	test_flags();
	test_popf();
	test_lengths();
	test_pages();
	test_prefixes();
	test_faults();
	test_interrupts();
}
