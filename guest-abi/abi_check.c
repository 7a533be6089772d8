/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nothing to run: this file fails to compile when a structure of the guest ABI no longer has the
 * layout that its #defines, the ROM and guests rely on.
 */
#include "guest-abi/hypercall.h"
#include "guest-abi/shared_page.h"
#include "guest-abi/vmi.h"
#include "arch/x86/frame.h"
#include "hv/lib/types.h"

ASSERT_OFFSET(struct shared_page, trap_frame, SHARED_TRAP_FRAME);
ASSERT_OFFSET(struct shared_page, vif, SHARED_VIF);
ASSERT_OFFSET(struct shared_page, pending, SHARED_PENDING);
ASSERT_OFFSET(struct shared_page, cr2, SHARED_CR2);
ASSERT_OFFSET(struct shared_page, cr3, SHARED_CR3);
ASSERT_OFFSET(struct shared_page, cr0, SHARED_CR0);
ASSERT_OFFSET(struct shared_page, cr4, SHARED_CR4);
ASSERT_OFFSET(struct shared_page, kernel_esp, SHARED_KERNEL_ESP);
ASSERT_OFFSET(struct shared_page, int80_entry, SHARED_INT80_ENTRY);
ASSERT_OFFSET(struct shared_page, iret_site, SHARED_IRET_SITE);
ASSERT_OFFSET(struct shared_page, flushed, SHARED_FLUSHED);
ASSERT_OFFSET(struct shared_page, desc_dirty, SHARED_DESC_DIRTY);
ASSERT_OFFSET(struct shared_page, fault_entry, SHARED_FAULT_ENTRY);
ASSERT_OFFSET(struct shared_page, fault_frame, SHARED_FAULT_FRAME);
ASSERT_OFFSET(struct shared_page, fault_eax, SHARED_FAULT_EAX);
ASSERT_OFFSET(struct shared_page, stolen, SHARED_STOLEN);
ASSERT_OFFSET(struct shared_page, bt_spill, SHARED_BT_SPILL);
ASSERT_OFFSET(struct shared_page, bt_flags, SHARED_BT_FLAGS);
ASSERT_OFFSET(struct shared_page, bt_eip, SHARED_BT_EIP);
ASSERT_OFFSET(struct shared_page, bt_target, SHARED_BT_TARGET);
ASSERT_OFFSET(struct shared_page, bt_frame, SHARED_BT_FRAME);

ASSERT_SIZE(struct vmi_rom_header, 0x90);
ASSERT_OFFSET(struct vmi_rom_header, vmi_signature, 0x08);
ASSERT_OFFSET(struct vmi_rom_header, virtual_top, 0x10);
ASSERT_OFFSET(struct vmi_rom_header, license_offset, 0x16);
ASSERT_OFFSET(struct vmi_rom_header, pci_offset, 0x18);
ASSERT_OFFSET(struct vmi_rom_header, pnp_offset, 0x1a);
ASSERT_OFFSET(struct vmi_rom_header, init, 0x80);
ASSERT_OFFSET(struct vmi_rom_header, get_relocation, 0x88);

_Static_assert(VMI_CALL_COUNT == HYPERCALL_VMI_CALLS, "vmi_calls.def is not complete");
_Static_assert(VMI_GATE == GATE_SLOT_VMI, "the ROM's gate is not the VMI slot");
_Static_assert(HYPERCALL_VECTOR == VECTOR_HYPERCALL, "vectors differ");
_Static_assert(HYPERCALL_CR3_VECTOR == VECTOR_LOAD_CR3, "vectors differ");
_Static_assert(HYPERCALL_CR3 == VMI_CALL_SetCR3, "the slot of SetCR3");
