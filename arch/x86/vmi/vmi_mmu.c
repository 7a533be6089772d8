/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI calls on page tables.  The shadow MMU traces every guest page table it uses, so these calls
 * carry no news that it would miss; SetPxE is offered because one call costs less than the trapped
 * store it replaces, FlushTLB because a kernel would otherwise reload CR3 and toggle CR4.PGE.
 * Announcements (AllocatePage ...) are not offered: the level, the ZEROED flag and the completeness
 * of the list could not be relied on anyhow (docs/vmi.md).
 */
#include "arch/x86/vmi/vmi_priv.h"

/* EAX = entry, EDX = its linear address, ECX = flags.  The flags are hints, and not needed. */
void vmi_set_pxe(struct x86_vcpu *vcpu)
{
	u32 entry = vmi_arg(vcpu, 0);

	vmi_write(vcpu, vmi_arg(vcpu, 1), &entry, sizeof(entry));
}

void vmi_flush_tlb(struct x86_vcpu *vcpu)
{
	u32 flags = vmi_arg(vcpu, 0);

	if (flags & (VMI_FLUSH_TLB | VMI_FLUSH_GLOBAL))
		x86_vcpu_flush(vcpu,
			       flags & VMI_FLUSH_GLOBAL ? TLB_FLUSH_ALL : TLB_FLUSH_NON_GLOBAL,
			       gva(0));
}
