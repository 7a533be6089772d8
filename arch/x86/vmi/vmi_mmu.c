/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI calls on page tables.  The shadow MMU traces every guest page table it uses, so no call tells it
 * news that it would miss.  SetPxE and SetPxELong are stores in the ROM (rom_cpu.S), which fault if the table is
 * traced; since they are known instructions, vmi_light_store() does them.  InvalPage and,
 * without PAE, FlushTLB a note there.  FlushTLB is offered because a kernel would otherwise reload CR3 and
 * toggle CR4.PGE.  Announcements (AllocatePage ...) are not offered: the level, the ZEROED flag and the
 * completeness of the list could not be relied on anyhow (docs/vmi.md).
 */
#include "arch/x86/vmi/vmi_priv.h"

#include "arch/x86/mmu/ptformat.h"
#include "arch/x86/mmu/walk.h"
#include "hv/core/gmem.h"

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

/* ---- stores to traced tables ---- */

/* One of the ROM's instructions that store: where to, and how many bytes. */
struct rom_store {
	u32 address; /* linear, with a flat DS */
	u32 size, length;
};

static bool is_rom_store(const struct guest_frame *frame, struct rom_store *store)
{
	const struct rom_marks *m = vmi_marks();

	if (frame->eip == m->set_pxe)
		*store = (struct rom_store){ frame->edx, 4, 2 }; /* movl %eax, (%edx) */
	else if (frame->eip == m->set_pxe_low)
		*store = (struct rom_store){ frame->ecx, 4, 2 }; /* movl %eax, (%ecx) */
	else if (frame->eip == m->set_pxe_both)
		*store = (struct rom_store){ frame->esi, 8, 4 }; /* lock cmpxchg8b (%esi) */
	else
		return false;
	return true;
}

/* CMPXCHG8B: EDX:EAX with @entry, ECX:EBX is the new one. */
static void exchange(struct guest_frame *frame, u64 *entry)
{
	u64 expected = (u64)frame->edx << 32 | frame->eax, wanted = (u64)frame->ecx << 32 | frame->ebx;
	u64 found = __sync_val_compare_and_swap(entry, expected, wanted);

	frame->eflags &= ~EFLAGS_ZF;
	if (found == expected)
		frame->eflags |= EFLAGS_ZF;
	frame->eax = (u32)found;
	frame->edx = (u32)(found >> 32);
}

void vmi_forget_table(struct x86_vcpu *vcpu)
{
	vcpu->vmi.table.known = false;
}

void vmi_learn_table(struct x86_vcpu *vcpu, u32 address)
{
	gpa_t to = shadow_last_walk(vcpu->shadow)->gpa;

	vcpu->vmi.table = (struct vmi_table){
		.known = true,
		.page = address & ~(u32)PAGE_MASK,
		.cr3 = vcpu->cpu.cr3,
		.gpa = gpa(to.v & ~(u64)PAGE_MASK),
	};
}

/* It is a store that can be done here, by what the frame says alone. */
static bool is_light(const struct x86_vcpu *vcpu, const struct guest_frame *frame, u32 address,
		     struct rom_store *store)
{
	/* Whoever debugs the ROM's code wants the interpreter's traps. */
	if (frame->eflags & EFLAGS_TF || vcpu->cpu.dr[7] & DR7_ENABLED)
		return false;
	/* The selector is that of a segment which is known to be flat: EIP is where it seems. */
	if (!vcpu->vmi.int80_cs || ((frame->cs ^ vcpu->vmi.int80_cs) & (SEL_INDEX | SEL_TI)) ||
	    (frame->cs & SEL_RPL) != 1)
		return false;
	return is_rom_store(frame, store) && store->address == address && IS_ALIGNED(address, store->size);
}

bool vmi_light_store(struct x86_vcpu *vcpu, struct guest_frame *frame, u32 address)
{
	const struct vmi_table *table = &vcpu->vmi.table;
	struct gmem *gmem = vcpu->config.gmem;
	struct rom_store store;
	void *entry;
	gpa_t to;

	if (!table->known || table->page != (address & ~(u32)PAGE_MASK) || table->cr3 != vcpu->cpu.cr3 ||
	    !is_light(vcpu, frame, address, &store))
		return false;
	to = gpa(table->gpa.v + (address & PAGE_MASK));
	entry = gmem_ptr(gmem, to, store.size, true);
	if (!entry || gmem_flags(gmem, to) != GMEM_TRACED)
		return false;
	if (store.size == 8)
		exchange(frame, entry);
	else
		WRITE_ONCE(*(u32 *)entry, frame->eax);
	frame->eip += store.length;
	gmem_written_for(gmem, to, store.size, GMEM_TRACED);
	return true;
}
