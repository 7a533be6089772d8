/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exits that end where they began: a hidden page fault, and a store of the ROM's to a page table that is in use.
 * Neither needs more of the guest's registers than the frame of the exit has, so the guest goes on with that
 * frame as it is; most of what an exit costs is taking registers from it and filling a new one.
 *
 * The shadow MMU is asked here about every page fault.  What turns out to be more (the guest's own, an instruction to
 * emulate) takes the long way, which finds the answer in vcpu->page_fault.
 */
#include "arch/x86/x86_vcpu.h"

#include "hv/core/trace.h"

static bool in_cache(const struct x86_vcpu *vcpu, const struct guest_frame *frame)
{
	return !vcpu->vmi.active && (frame->cs & SEL_RPL) == 1;
}

/* Ask the shadow MMU.  True if nothing is left to do. */
static bool settle(struct x86_vcpu *vcpu, struct guest_frame *frame, u32 address)
{
	struct x86_page_fault *fault = &vcpu->page_fault;

	fault->known = true;
	fault->result = shadow_page_fault(vcpu->shadow, &vcpu->cpu, gva(address), frame->error);
	trace(TRACE_MMU, "#PF at %08x error %x: %u (retry, guest's, emulate)", address, frame->error, fault->result);
	if (fault->result == SHADOW_GUEST)
		fault->fault = vcpu->cpu.fault;
	if (fault->result != SHADOW_EMULATE || !(frame->error & PF_W) || !vcpu->vmi.active)
		return fault->result == SHADOW_RETRY;
	vmi_learn_table(vcpu, address);
	return vmi_light_store(vcpu, frame, address);
}

bool x86_light_exit(struct x86_vcpu *vcpu, struct guest_frame *frame)
{
	u32 address = switch_fault_address();

	vcpu->page_fault.known = false;
	if (vcpu->profile || vcpu->config.compare ||
	    (in_cache(vcpu, frame) && address - vcpu->gate.base < GATE_SLOT_SIZE))
		return false;
	x86_direct_take_flush(vcpu);
	if (!vmi_light_store(vcpu, frame, address) && !settle(vcpu, frame, address))
		return false;
	vcpu->stats.light++;
	vcpu->stats.vectors[EXCP_PF]++;
	return true;
}

/* A null selector with an RPL comes back from the way in as plain 0. */
static bool is_odd_null(u32 selector)
{
	return (u16)selector - 1u < SEL_RPL;
}

/* Besides IF, what no guest has in the hardware's flags: there QEMU may show garbage (x86_direct.c). */
#define EFLAGS_NOT_HIS (EFLAGS_IF | EFLAGS_IOPL | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP | EFLAGS_RESERVED)

/* The way in gives the guest just what @frame says. */
static bool comes_back(struct x86_vcpu *vcpu, const struct guest_frame *frame)
{
	if ((frame->eflags & EFLAGS_NOT_HIS) != EFLAGS_IF ||
	    !(gate_view(&vcpu->gate, (u16)frame->ss)->attr & SEG_DB))
		return false;
	return vcpu->vmi.active || !(is_odd_null(frame->ds) || is_odd_null(frame->es) ||
				     is_odd_null(frame->fs) || is_odd_null(frame->gs));
}

bool x86_light_again(struct x86_vcpu *vcpu, const struct guest_frame *frame)
{
	if (!vcpu->light_left || vcpu->killed || vcpu->turn_over || vcpu->root_stale ||
	    frame != gate_frame(&vcpu->gate) || !comes_back(vcpu, frame))
		return false;
	/* Translated code that leads elsewhere now may be where the frame is. */
	if (!vcpu->vmi.active && (vcpu->translated.table_changed || shadow_directories_changed(vcpu->shadow)))
		return false;
	if (vcpu->vmi.active)
		x86_roots_settle(vcpu);
	vcpu->light_left--;
	return true;
}
