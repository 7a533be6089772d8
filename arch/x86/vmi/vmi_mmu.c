/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI calls on page tables.  The shadow MMU traces every guest page table it uses, so no call tells it
 * news that it would miss.  SetPxE and SetPxELong are stores in the ROM (rom_cpu.S), and InvalPage and,
 * without PAE, FlushTLB a note there.  FlushTLB is offered because a kernel would otherwise reload CR3 and
 * toggle CR4.PGE.  Announcements (AllocatePage ...) are not offered: the level, the ZEROED flag and the
 * completeness of the list could not be relied on anyhow (docs/vmi.md).
 */
#include "arch/x86/vmi/vmi_priv.h"

#include "arch/x86/mmu/ptformat.h"
#include "arch/x86/mmu/walk.h"

/* CR3 has a new value, or is to be loaded again: with PAE the CPU reads the PDPTEs then.  False, with
 * #GP to deliver, if they are bad. */
static bool load_root(struct x86_vcpu *vcpu)
{
	struct x86_cpu *cpu = &vcpu->cpu;

	if (!ptformat_of(cpu)->pdptes || mmu_load_pdptes(cpu, vcpu->config.gmem))
		return true;
	cpu->fault = (struct x86_fault){ .vector = EXCP_GP, .has_error = true };
	return false;
}

/* MOV to CR3, without the way through the decoder: it is among the most frequent calls. */
void vmi_set_cr3(struct x86_vcpu *vcpu)
{
	struct x86_cpu *cpu = &vcpu->cpu;
	u32 old = cpu->cr3;

	cpu->cr3 = vmi_arg(vcpu, 0);
	if (!load_root(vcpu)) {
		cpu->cr3 = old;
		vmi_deliver_call_fault(vcpu);
		return;
	}
	x86_vcpu_flush(vcpu, TLB_FLUSH_NON_GLOBAL, gva(0));
}

void vmi_flush_tlb(struct x86_vcpu *vcpu)
{
	u32 flags = vmi_arg(vcpu, 0);

	if (!(flags & (VMI_FLUSH_TLB | VMI_FLUSH_GLOBAL)))
		return;
	if (load_root(vcpu))
		x86_vcpu_flush(vcpu,
			       flags & VMI_FLUSH_GLOBAL ? TLB_FLUSH_ALL : TLB_FLUSH_NON_GLOBAL,
			       gva(0));
	else
		vmi_deliver_call_fault(vcpu);
}
