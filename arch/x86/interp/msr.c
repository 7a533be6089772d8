/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPUID, time stamps, model-specific registers, and the fast system calls that live on them.  An MSR
 * exists for the guest if CPUID announces it; those that are not architectural state of struct
 * x86_cpu are asked of the caller, and what nobody knows is #GP.
 */
#include "arch/x86/interp/features.h"
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"

enum emul_result exec_cpuid(struct interp *ip, const struct x86_insn *insn)
{
	u32 *gpr = ip->cpu->gpr, out[4];

	(void)insn;
	ip->ops->cpuid(ip->opaque, gpr[REG_EAX], gpr[REG_ECX], out);
	gpr[REG_EAX] = out[0];
	gpr[REG_EBX] = out[1];
	gpr[REG_ECX] = out[2];
	gpr[REG_EDX] = out[3];
	return EMUL_DONE;
}

static u64 guest_tsc(const struct interp *ip)
{
	return ip->ops->tsc(ip->opaque) + ip->cpu->tsc_offset;
}

static void write_edx_eax(struct interp *ip, u64 value)
{
	ip->cpu->gpr[REG_EAX] = (u32)value;
	ip->cpu->gpr[REG_EDX] = (u32)(value >> 32);
}

enum emul_result exec_rdtsc(struct interp *ip, const struct x86_insn *insn)
{
	(void)insn;
	if (ip->cpu->cr4 & CR4_TSD && ip->cpu->cpl)
		return raise_gp0(ip);
	write_edx_eax(ip, guest_tsc(ip));
	return EMUL_DONE;
}

/* There are no performance counters, so every index is out of range. */
enum emul_result exec_rdpmc(struct interp *ip, const struct x86_insn *insn)
{
	(void)insn;
	return raise_gp0(ip);
}

/* ---- MSRs ----------------------------------------------------------------------------------------- */
static bool pat_is_valid(u64 value)
{
	for (u32 i = 0; i < 8; i++) {
		u32 type = (u32)(value >> (8 * i)) & 0xff;

		if (type == 2 || type == 3 || type > 7)
			return false;
	}
	return true;
}

/* Where an MSR of struct x86_cpu is kept; NULL if the guest has no such MSR. */
static u64 *msr_storage(struct interp *ip, u32 index)
{
	struct x86_cpu *cpu = ip->cpu;

	switch (index) {
	case MSR_SYSENTER_CS:
		return feature_present(ip, FEATURE_SEP) ? &cpu->sysenter_cs : NULL;
	case MSR_SYSENTER_ESP:
		return feature_present(ip, FEATURE_SEP) ? &cpu->sysenter_esp : NULL;
	case MSR_SYSENTER_EIP:
		return feature_present(ip, FEATURE_SEP) ? &cpu->sysenter_eip : NULL;
	case MSR_PAT:
		return feature_present(ip, FEATURE_PAT) ? &cpu->pat : NULL;
	case MSR_APIC_BASE:
		return feature_present(ip, FEATURE_APIC) ? &cpu->apic_base : NULL;
	case MSR_EFER:
		return ip->has_nx ? &cpu->efer : NULL;
	default:
		return NULL;
	}
}

enum emul_result exec_rdmsr(struct interp *ip, const struct x86_insn *insn)
{
	u32 index = ip->cpu->gpr[REG_ECX];
	const u64 *storage = msr_storage(ip, index);
	u64 value;

	(void)insn;
	if (storage)
		value = *storage;
	else if (index == MSR_TSC)
		value = guest_tsc(ip);
	else if (!ip->ops->read_msr(ip->opaque, index, &value))
		return raise_gp0(ip);
	write_edx_eax(ip, value);
	return EMUL_DONE;
}

static enum emul_result write_msr(struct interp *ip, u32 index, u64 value)
{
	u64 *storage = msr_storage(ip, index);

	if (index == MSR_TSC) {
		ip->cpu->tsc_offset = value - ip->ops->tsc(ip->opaque);
		return EMUL_DONE;
	}
	if (!storage)
		return ip->ops->write_msr(ip->opaque, index, value) ? EMUL_DONE : raise_gp0(ip);
	if ((index == MSR_PAT && !pat_is_valid(value)) || (index == MSR_EFER && value & ~EFER_NXE))
		return raise_gp0(ip);
	/* The APIC itself is not here. */
	if (index == MSR_APIC_BASE && !ip->ops->write_msr(ip->opaque, index, value))
		return raise_gp0(ip);
	*storage = value;
	if (index == MSR_EFER) {
		tlb_flush(ip);
		ip->ops->tlb_flushed(ip->opaque, TLB_FLUSH_ALL, gva(0));
	}
	return EMUL_DONE;
}

enum emul_result exec_wrmsr(struct interp *ip, const struct x86_insn *insn)
{
	const u32 *gpr = ip->cpu->gpr;

	(void)insn;
	return write_msr(ip, gpr[REG_ECX], (u64)gpr[REG_EDX] << 32 | gpr[REG_EAX]);
}

/* ---- SYSENTER, SYSEXIT ----------------------------------------------------------------------------- */
#define ATTR_CODE (SEG_TYPE_CODE | SEG_TYPE_READABLE | SEG_TYPE_ACCESSED)
#define ATTR_DATA (SEG_TYPE_WRITABLE | SEG_TYPE_ACCESSED)

static void load_flat(struct interp *ip, u32 selector, u32 cpl)
{
	struct x86_cpu *cpu = ip->cpu;
	u32 dpl = cpl << SEG_DPL_SHIFT;

	segment_flat(&cpu->seg[SREG_CS], sel_shown(ip, (u16)selector, cpl), ATTR_CODE | dpl);
	segment_flat(&cpu->seg[SREG_SS], sel_shown(ip, (u16)(selector + 8), cpl), ATTR_DATA | dpl);
	cpu->cpl = (u8)cpl;
}

enum emul_result exec_sysenter(struct interp *ip, const struct x86_insn *insn)
{
	struct x86_cpu *cpu = ip->cpu;

	(void)insn;
	if (!x86_protected_mode(cpu) || !(cpu->sysenter_cs & 0xfffc))
		return raise_gp0(ip);
	cpu->eflags &= ~(EFLAGS_VM | EFLAGS_IF | EFLAGS_RF);
	load_flat(ip, (u32)cpu->sysenter_cs & 0xfffc, 0);
	cpu->gpr[REG_ESP] = (u32)cpu->sysenter_esp;
	cpu->eip = (u32)cpu->sysenter_eip;
	return EMUL_DONE;
}

enum emul_result exec_sysexit(struct interp *ip, const struct x86_insn *insn)
{
	struct x86_cpu *cpu = ip->cpu;

	(void)insn;
	if (!x86_protected_mode(cpu) || !(cpu->sysenter_cs & 0xfffc))
		return raise_gp0(ip);
	load_flat(ip, ((u32)cpu->sysenter_cs & 0xfffc) + 16, 3);
	cpu->gpr[REG_ESP] = cpu->gpr[REG_ECX];
	cpu->eip = cpu->gpr[REG_EDX];
	return EMUL_DONE;
}
