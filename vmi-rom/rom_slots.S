/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The start of the ROM text in the gate: one slot of 8 bytes for every hypercall, in the order of
 * its number (guest-abi/hypercall.h).  For a call that the list marks `hv` the slot itself is the
 * entry point that the guest calls; for `rom` calls it is the slow way behind ring-1 code.
 * The arguments stay where the caller put them: the hypervisor reads EAX, EDX, ECX and the stack.
 */
#include "guest-abi/hypercall.h"

#define SLOT_ADDRESS(n) (rom_slots + HYPERCALL_SLOT_SIZE * (n))

	.section .gate.slots, "ax"
	.code32
	.globl rom_slots
rom_slots:
	.set slot, 0
	.rept HYPERCALL_SLOTS
	.balign HYPERCALL_SLOT_SIZE
	.if slot == HYPERCALL_CR3
	int $HYPERCALL_CR3_VECTOR
	.else
	int $HYPERCALL_VECTOR
	.endif
	ret
	.set slot, slot + 1
	.endr

#define NAME_hv(number, name) .globl vmi_##name; vmi_##name = SLOT_ADDRESS(number);
#define NAME_rom(number, name)
#define NAME_none(number, name)
#define VMI_CALL(number, name, answer, where) NAME_##where(number, name)
#include "guest-abi/vmi_calls.def"
#undef VMI_CALL
