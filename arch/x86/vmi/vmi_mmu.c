/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI calls on page tables.  The shadow MMU traces every guest page table it uses, so no call tells it
 * news that it would miss.  SetPxE is a store in the ROM (rom_cpu.S), FlushTLB is offered because a
 * kernel would otherwise reload CR3 and toggle CR4.PGE.  Announcements (AllocatePage ...) are not
 * offered: the level, the ZEROED flag and the completeness of the list could not be relied on
 * anyhow (docs/vmi.md).
 */
#include "arch/x86/vmi/vmi_priv.h"

/* MOV to CR3 and INVLPG, without the way through the decoder: they are among the most frequent calls.
 * A CR3 load cannot fault, since there is no PAE under VMI. */
void vmi_set_cr3(struct x86_vcpu *vcpu)
{
	vcpu->cpu.cr3 = vmi_arg(vcpu, 0);
	x86_vcpu_flush(vcpu, TLB_FLUSH_NON_GLOBAL, gva(0));
}

void vmi_inval_page(struct x86_vcpu *vcpu)
{
	x86_vcpu_flush(vcpu, TLB_FLUSH_PAGE, gva(vmi_arg(vcpu, 0)));
}

void vmi_flush_tlb(struct x86_vcpu *vcpu)
{
	u32 flags = vmi_arg(vcpu, 0);

	if (flags & (VMI_FLUSH_TLB | VMI_FLUSH_GLOBAL))
		x86_vcpu_flush(vcpu,
			       flags & VMI_FLUSH_GLOBAL ? TLB_FLUSH_ALL : TLB_FLUSH_NON_GLOBAL,
			       gva(0));
}
