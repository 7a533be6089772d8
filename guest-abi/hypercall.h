/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * How the ROM enters the hypervisor.  Slot n of the ROM text is 8 bytes at GATE_ROM + 8 * n and
 * holds `int $VECTOR; ret`.  The hypervisor takes the call number from the address behind the INT,
 * so a call needs no register beyond its own arguments.  Slots 0-73 are VMI calls by number, those
 * behind are the ROM's own.
 *
 * VMI_Init cannot use the vector, since it runs before the guest is in ring 1; it writes
 * ROM_INIT_MAGIC to a port, which traps in every mode.
 */
#ifndef GUEST_ABI_HYPERCALL_H
#define GUEST_ABI_HYPERCALL_H

#define HYPERCALL_VECTOR 0x40
/* The slot of SetCR3 has this one: the gate itself may load CR3 from EAX. */
#define HYPERCALL_CR3_VECTOR 0x42
#define HYPERCALL_CR3 17
#define HYPERCALL_SLOT_SIZE 8
#define HYPERCALL_INT_SIZE 2 /* bytes of `int $n` */

#define HYPERCALL_VMI_CALLS 74
#define HYPERCALL_IRQ_PENDING 74 /* interrupts were enabled while SHARED_PENDING was set */
#define HYPERCALL_SLOTS 75

#define ROM_INIT_PORT 0x5658 /* unused by any PC device */
#define ROM_INIT_MAGIC 0x694d5652

#endif
