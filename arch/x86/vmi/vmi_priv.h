/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of arch/x86/vmi: arguments of calls. */
#ifndef ARCH_X86_VMI_VMI_PRIV_H
#define ARCH_X86_VMI_VMI_PRIV_H

#include "arch/x86/x86_vcpu.h"

/* The ROM's labels, from its image (rom_irq.S: rom_marks), as linear addresses. */
struct rom_marks {
	char magic[8];
	u32 int80_stub, int80_copy, int80_trap_stub, int80_stub_end;
	u32 iret_window, iret_window_end;
	u32 fault_stub, fault_stub_end;
	u32 set_pxe, set_pxe_low, set_pxe_both; /* the instructions that store to page tables */
};
const struct rom_marks *vmi_marks(void);

/* Register arguments, regparm(3). */
static inline u32 vmi_arg(const struct x86_vcpu *vcpu, u32 index)
{
	static const u8 order[] = { REG_EAX, REG_EDX, REG_ECX };

	return vcpu->cpu.gpr[order[index]];
}

/* Stack argument @index (0: the fourth argument), above the return address.  On a fault it is
 * delivered to the guest and the result is false. */
bool vmi_stack_arg(struct x86_vcpu *vcpu, u32 index, u32 *value);

/* Write guest memory as the kernel would; false with the fault delivered. */
bool vmi_write(struct x86_vcpu *vcpu, u32 address, const void *from, u32 size);

/* Two linear addresses are the same guest-physical byte, or equal. */
bool vmi_same_place(struct x86_vcpu *vcpu, u32 a, u32 b);

#endif
