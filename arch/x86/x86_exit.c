/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an exit of directly running code means.  Three kinds:
 *
 * - the world's: a real interrupt; back to the caller, who looks at time and devices;
 * - ours: a hypercall, a page fault that only the shadow tables have;
 * - the guest's: an exception.  Those that an instruction raises by its operands (#DE, #DB, #BR, #MF ...) are
 *   given to the guest as they are.  Those that mean "ring 1 may not do this" (#GP, #UD, #NP ...)
 *   are not believed: the interpreter executes the instruction for the guest as its CPU would, and
 *   the guest gets what comes out of that.
 */
#include "arch/x86/x86_vcpu.h"

#include "hv/core/trace.h"

#define FIRST_EXTERNAL VECTOR_PIC_BASE
#define LAST_EXTERNAL VECTOR_LAPIC_SPURIOUS

/* The hardware's exception is the guest's. */
static void reflect(struct x86_vcpu *vcpu, u8 vector, bool has_error, u32 error)
{
	vcpu->cpu.fault = (struct x86_fault){ .vector = vector, .has_error = has_error, .error = error };
	x86_vcpu_deliver_fault(vcpu);
}

static void reflect_debug(struct x86_vcpu *vcpu)
{
	vmi_finish_rom(vcpu);
	vcpu->cpu.fault = (struct x86_fault){ .vector = EXCP_DB,
					      .is_trap = true,
					      .dr6 = switch_take_dr6() };
	x86_vcpu_deliver_fault(vcpu);
}

#define FILL_COUNT 32u /* iterations: so many are no change of single entries */

/* Is the instruction a REP STOS or REP MOVS that fills much of a page?  A table that is filled so
 * has become something else: one exit instead of one a few hundred iterations. */
static bool fills_page(struct x86_vcpu *vcpu)
{
	const struct x86_cpu *cpu = &vcpu->cpu;
	u8 code[2];

	if (cpu->gpr[REG_ECX] < FILL_COUNT ||
	    !interp_read_linear(vcpu->interp, gva(cpu->seg[SREG_CS].base + cpu->eip), code,
				sizeof(code), ACCESS_READ))
		return false;
	return code[0] == 0xf3 && (code[1] == 0xaa || code[1] == 0xab || code[1] == 0xa4 ||
				   code[1] == 0xa5);
}

/* Translated code has met the gate: the virtual IF while that is locked, or something else of ours at an
 * address that is the guest's own affair. */
static bool gate_fault(struct x86_vcpu *vcpu, u32 cr2)
{
	u32 offset = cr2 - vcpu->gate.base;

	if (!vcpu->translated.in_cache || offset >= GATE_SLOT_SIZE)
		return false;
	if (offset - GATE_IF >= PAGE_SIZE)
		x86_vcpu_emulate(vcpu, EMULATE_OTHER);
	else if (!vcpu->translated.recovery.if_known)
		x86_vcpu_emulate(vcpu, EMULATE_IF);
	return true;
}

/* The shadow MMU's answer, if it was not asked before. */
static enum shadow_fault ask_shadow(struct x86_vcpu *vcpu, u32 error, u32 cr2)
{
	enum shadow_fault result;

	if (vcpu->page_fault.known) {
		vcpu->cpu.fault = vcpu->page_fault.fault;
		return vcpu->page_fault.result;
	}
	result = shadow_page_fault(vcpu->shadow, &vcpu->cpu, gva(cr2), error);
	trace(TRACE_MMU, "#PF at %08x error %x: %u (retry, guest's, emulate)", cr2, error, result);
	return result;
}

static void page_fault(struct x86_vcpu *vcpu, u32 error, u32 cr2)
{
	if (gate_fault(vcpu, cr2))
		return;
	switch (ask_shadow(vcpu, error, cr2)) {
	case SHADOW_RETRY:
		break;
	case SHADOW_GUEST:
		if (!vmi_finish_rom(vcpu))
			x86_vcpu_deliver_fault(vcpu);
		break;
	case SHADOW_EMULATE:
		if (error & PF_P && fills_page(vcpu) &&
		    shadow_forget(vcpu->shadow, &vcpu->cpu, gva(cr2)))
			break;
		if (error & PF_P && vcpu->translated.in_cache)
			x86_desc_learn(vcpu, cr2);
		x86_translated_trapped(vcpu);
		interp_learn(vcpu->interp, gva(cr2), shadow_last_walk(vcpu->shadow));
		x86_vcpu_emulate(vcpu, error & PF_P ? EMULATE_PF_TABLE : EMULATE_PF_IO);
		break;
	}
}

static void exception(struct x86_vcpu *vcpu, u8 vector, u32 error, u32 cr2)
{
	switch (vector) {
	case EXCP_PF:
		page_fault(vcpu, error, cr2);
		break;
	case EXCP_GP:
		x86_vcpu_emulate(vcpu, EMULATE_GP);
		break;
	case EXCP_UD:
		x86_vcpu_emulate(vcpu, EMULATE_UD);
		break;
	case EXCP_NP:
	case EXCP_SS:
	case EXCP_TS:
		x86_vcpu_emulate(vcpu, EMULATE_SEGMENT);
		break;
	case EXCP_DB:
		reflect_debug(vcpu);
		break;
	case EXCP_AC:
		reflect(vcpu, vector, true, 0);
		break;
	case EXCP_DE:
	case EXCP_BR:
	case EXCP_MF:
	case EXCP_XM:
		reflect(vcpu, vector, false, 0);
		break;
	default: /* #NM too: TS stands for EM as well, which has exceptions of its own */
		x86_vcpu_emulate(vcpu, EMULATE_OTHER);
		break;
	}
}

bool x86_exit_is_external(u8 vector)
{
	return vector >= FIRST_EXTERNAL && vector <= LAST_EXTERNAL;
}

static bool handle(struct x86_vcpu *vcpu, u8 vector, u32 error, u32 cr2)
{
	vcpu->stats.vectors[vector]++;
	trace(TRACE_EXIT, "exit %02x eip %08x error %x", vector, vcpu->cpu.eip, error);
	if ((vector == VECTOR_HYPERCALL || vector == VECTOR_LOAD_CR3) && vcpu->vmi.active &&
	    vcpu->cpu.cpl == 0) {
		vmi_hypercall(vcpu);
	} else if ((vector == VECTOR_BT || vector == VECTOR_LOAD_CR3) && vcpu->translated.in_cache) {
		x86_translated_exit(vcpu);
	} else if (vector == EXCP_NMI) {
		switch_external_interrupt(vector);
		x86_translated_step(vcpu);
	} else if (x86_exit_is_external(vector)) {
		vcpu->stats.external++;
		switch_external_interrupt(vector);
		x86_translated_step(vcpu);
		return false;
	} else {
		exception(vcpu, vector, error, cr2);
	}
	return !vcpu->killed;
}

/* What an exit was that led to no emulation; @faults were delivered before it. */
static u32 profile_kind(const struct x86_vcpu *vcpu, u8 vector, u64 faults)
{
	const struct x86_translated *t = &vcpu->translated;

	if (vector == VECTOR_BT && t->in_cache)
		return t->recovery.exit == BT_EXIT_LINK ? PROFILE_LINK : PROFILE_MISS;
	return (vcpu->stats.faults == faults ? PROFILE_VECTOR : PROFILE_GUEST) + vector;
}

bool x86_exit_handle(struct x86_vcpu *vcpu, u8 vector, u32 error, u32 cr2)
{
	u32 eip = vcpu->cpu.eip;
	u64 faults = vcpu->stats.faults, adds;
	bool more;

	if (!vcpu->profile)
		return handle(vcpu, vector, error, cr2);
	adds = x86_profile_adds(vcpu->profile);
	more = handle(vcpu, vector, error, cr2);
	if (x86_profile_adds(vcpu->profile) == adds)
		x86_profile_add(vcpu->profile, eip, profile_kind(vcpu, vector, faults), 1);
	return more;
}
