/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes the hypercall of a call that GetRelocationInfo did not name, by jumping to its slot.  That
 * breaks the ABI beyond repair: the VM is stopped with a reason, and no line DONE appears.
 */
#include "guest-abi/hypercall.h"
#include "tests/lib/vmi.h"

void guest_main(void)
{
	u32 slot = vmi_gate(GATE_ROM) + VMI_CALL_WRMSR * HYPERCALL_SLOT_SIZE;

	paging_init();
	if (!vmi_start())
		return;
	check(vmi_relocation(VMI_CALL_WRMSR).type == VMI_RELOCATION_NONE, "WRMSR is not offered");
	check(vmi_relocation(VMI_CALL_COUNT).type == VMI_RELOCATION_NONE, "nor is call 74");
	check(vmi_relocation(~0u).type == VMI_RELOCATION_NONE, "nor the highest number");
	print("calling it\n");
	__asm__ volatile("call *%0" : : "r"(slot) : "eax", "ecx", "edx", "memory");
	check(false, "a call that is not offered returned");
}
