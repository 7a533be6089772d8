/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code that changes, for what translates it: every change must be seen, exactly when a CPU sees it, however
 * often; and what did not change must go on.  A kernel that knows nothing of VMI; it prints the same on
 * a bare PC.  Word: seed=.
 */
#include "tests/guests/bt-smc/smc.h"
#include "tests/lib/random.h"

static void everything(void)
{
	test_stores();
	test_in_block();
	test_fields();
	test_spanning();
	test_aliases();
	test_probes();
	test_jit();
	test_modules();
	test_spaces();
	test_mixed();
	test_reuse();
}

void guest_main(void)
{
	print("bt-smc, seed=%x\n", random_seed(boot_number("seed=", 1)));
	paging_init();
	user_init();
	everything();
}
