/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual CPU's life: creation, the run loop, the choice of the engine (x86_vcpu.h).
 *
 * The loop is: deliver what is due, choose an engine for the state that results, run it for a bounded
 * time.  Interrupts are delivered here and nowhere else, so that the rule "only with the guest's IF
 * set, never in the shadow of STI or MOV SS" stands in one place for every engine.
 */
#include "arch/x86/x86_vcpu.h"

#include "arch/x86/cpu_policy.h"
#include "arch/x86/x86_both.h"
#include "hv/arch.h"
#include "hv/core/kheap.h"
#include "hv/core/log.h"
#include "hv/core/trace.h"
#include "hv/lib/printf.h"
#include "hv/lib/string.h"

/* Instructions interpreted before the caller is asked to look at time and devices. */
#define INTERPRETER_BURST 1024
/* Exits handled before the same. */
#define DIRECT_BURST 64
/* Light ones in a row, which count as one. */
#define LIGHT_BURST 16

static void tlb_flushed(void *opaque, enum tlb_flush kind, gva_t address)
{
	struct x86_vcpu *vcpu = opaque;

	if (!vcpu->has_gate)
		return;
	if (kind == TLB_FLUSH_PAGE) {
		shadow_invlpg(vcpu->shadow, &vcpu->cpu, address);
	} else {
		vcpu->root_stale = true;
		shadow_flush(vcpu->shadow, kind == TLB_FLUSH_ALL);
		if (kind == TLB_FLUSH_ALL)
			vmi_follow_modes(vcpu);
	}
	vmi_forget_table(vcpu);
	x86_roots_flushed(vcpu, kind == TLB_FLUSH_ALL);
	x86_translated_flushed(vcpu, kind);
}

void x86_vcpu_flush(struct x86_vcpu *vcpu, enum tlb_flush kind, gva_t address)
{
	interp_flush(vcpu->interp, kind, address);
	tlb_flushed(vcpu, kind, address);
}

static bool read_msr(void *opaque, u32 index, u64 *value)
{
	(void)opaque;
	return cpu_policy_read_msr(index, value);
}

static bool write_msr(void *opaque, u32 index, u64 value)
{
	const struct x86_vcpu *vcpu = opaque;

	if (index == MSR_APIC_BASE)
		return vcpu->config.apic && vcpu->config.ops->set_apic_base(vcpu->config.opaque, value);
	return cpu_policy_write_msr(index, value);
}

static void guest_cpuid(void *opaque, u32 leaf, u32 subleaf, u32 out[4])
{
	const struct x86_vcpu *vcpu = opaque;

	cpu_policy_cpuid(leaf, subleaf, out);
	/* Under VMI an INT 80h needs no exit, and a SYSENTER does. */
	if (leaf == 1 && vcpu->vmi.active)
		out[3] &= ~(u32)CPUID_SEP;
	if (vcpu->config.apic)
		cpu_policy_add_apic(leaf, (vcpu->cpu.apic_base & APIC_BASE_ENABLE) != 0, out);
}

/* The architectural state after RESET. */
static void reset_cpu(struct x86_vcpu *vcpu)
{
	x86_cpu_reset(&vcpu->cpu);
	if (vcpu->config.apic)
		vcpu->cpu.apic_base = APIC_BASE_RESET;
}

static u64 host_tsc(void *opaque)
{
	(void)opaque;
	return arch_tsc();
}

static bool kernel_stack(void *opaque, u16 *ss, u32 *esp)
{
	return vmi_kernel_stack(opaque, ss, esp);
}

static struct interp_ops interp_ops = {
	.tlb_flushed = tlb_flushed,
	.cpuid = guest_cpuid,
	.read_msr = read_msr,
	.write_msr = write_msr,
	.tsc = host_tsc,
	.kernel_stack = kernel_stack,
};

struct x86_vcpu *x86_vcpu_create(const struct x86_vcpu_config *config)
{
	struct x86_vcpu *vcpu = kheap_alloc(sizeof(*vcpu));

	if (!vcpu)
		return NULL;
	vcpu->config = *config;
	vmi_time_init(vcpu);
	interp_ops.cr4_allowed = cpu_policy_cr4();
	reset_cpu(vcpu);
	vcpu->interp =
		interp_create(&vcpu->cpu, config->gmem, config->bus, &interp_ops, vcpu);
	if (!vcpu->interp || (config->vmi && vmi_attach(vcpu))) {
		x86_vcpu_destroy(vcpu);
		return NULL;
	}
	return vcpu;
}

void x86_vcpu_destroy(struct x86_vcpu *vcpu)
{
	if (!vcpu)
		return;
	x86_direct_release(vcpu);
	x86_both_release(vcpu);
	vmi_time_reset(vcpu);
	switch_forget_fpu(vcpu->cpu.fpu);
	if (vcpu->interp)
		interp_destroy(vcpu->interp);
	x86_profile_destroy(vcpu->profile);
	kheap_free(vcpu);
}

void x86_vcpu_reset(struct x86_vcpu *vcpu)
{
	x86_direct_release(vcpu);
	switch_forget_fpu(vcpu->cpu.fpu);
	reset_cpu(vcpu);
	memset(&vcpu->vmi, 0, sizeof(vcpu->vmi));
	vmi_time_reset(vcpu);
	vcpu->intr = vcpu->nmi = false;
	vcpu->check_segments = true;
	interp_flush_tlb(vcpu->interp);
}

void x86_vcpu_end_turn(struct x86_vcpu *vcpu)
{
	vcpu->turn_over = true;
}

void x86_vcpu_set_intr(void *opaque, u32 index, bool level)
{
	struct x86_vcpu *vcpu = opaque;

	(void)index;
	vcpu->intr = level;
}

void x86_vcpu_set_nmi(void *opaque, u32 index, bool level)
{
	struct x86_vcpu *vcpu = opaque;

	(void)index;
	vcpu->nmi |= level;
}

void x86_vcpu_kill(struct x86_vcpu *vcpu, const char *format, ...)
{
	va_list args;

	if (vcpu->killed)
		return;
	va_start(args, format);
	hv_vsnprintf(vcpu->kill_reason, sizeof(vcpu->kill_reason), format, args);
	va_end(args);
	vcpu->killed = true;
}

const char *x86_vcpu_kill_reason(const struct x86_vcpu *vcpu)
{
	return vcpu->kill_reason;
}

static void kill_unhandled(struct x86_vcpu *vcpu)
{
	const u8 *b;
	const struct x86_insn *insn = interp_last_insn(vcpu->interp, &b);

	x86_vcpu_kill(vcpu, "instruction not supported at %04x:%08x: %s (%02x %02x %02x %02x %02x %02x)",
		      vcpu->cpu.seg[SREG_CS].selector, vcpu->cpu.eip, insn_op_name(insn->op), b[0],
		      b[1], b[2], b[3], b[4], b[5]);
}

void x86_vcpu_deliver_fault(struct x86_vcpu *vcpu)
{
	vcpu->stats.faults++;
	vcpu->check_segments = true;
	trace(TRACE_IRQ, "exception %02x error %x at eip %08x", vcpu->cpu.fault.vector,
	      vcpu->cpu.fault.error, vcpu->cpu.eip);
	if (interp_deliver_fault(vcpu->interp) == EMUL_UNHANDLED)
		kill_unhandled(vcpu);
}

static void finish(struct x86_vcpu *vcpu, enum emul_result result)
{
	if (result == EMUL_FAULT)
		x86_vcpu_deliver_fault(vcpu);
	else if (result == EMUL_UNHANDLED)
		kill_unhandled(vcpu);
}

/* The instructions that are emulated most load no segment register. */
static bool keeps_segments(enum x86_op op)
{
	switch (op) {
	case OP_IN:
	case OP_OUT:
	case OP_INS:
	case OP_OUTS:
	case OP_MOV:
	case OP_STOS:
	case OP_MOVS:
	case OP_RDMSR:
	case OP_WRMSR:
	case OP_HLT:
		return true;
	default:
		return false;
	}
}

/* The ROM's code keeps the virtual IF and CR2 in the shared page. */
static void step(struct x86_vcpu *vcpu)
{
	bool in_rom = vmi_in_rom(vcpu);
	enum emul_result result;
	struct x86_fault fault;
	const u8 *bytes;

	if (in_rom)
		x86_direct_fill_shared(vcpu);
	result = interp_step(vcpu->interp);
	fault = vcpu->cpu.fault;

	/* A trap comes after the instruction, which is done. */
	if (vcpu->has_gate && (result == EMUL_DONE || (result == EMUL_FAULT && fault.is_trap)))
		x86_direct_follow(vcpu, interp_last_insn(vcpu->interp, &bytes)->op);
	vcpu->cpu.fault = fault;
	if (in_rom)
		x86_direct_take_shared(vcpu);
	if (result != EMUL_DONE || !keeps_segments(interp_last_insn(vcpu->interp, &bytes)->op))
		vcpu->check_segments = true;
	finish(vcpu, result);
}

void x86_vcpu_emulate(struct x86_vcpu *vcpu, enum x86_emulation why)
{
	vcpu->stats.emulated[why]++;
	if (vcpu->profile)
		x86_profile_add(vcpu->profile, vcpu->cpu.eip, why, 1);
	trace(TRACE_INTERP, "interpret eip %08x", vcpu->cpu.eip);
	if (vmi_finish_rom(vcpu))
		vcpu->check_segments = true;
	else
		step(vcpu);
	vmi_settle(vcpu);
}

static bool has_code_breakpoint(const struct x86_cpu *cpu)
{
	u32 dr7 = cpu->dr[7];

	for (u32 i = 0; dr7 & DR7_ENABLED && i < 4; i++)
		if (dr7 >> (2 * i) & 3 && !(dr7 >> (16 + 4 * i) & 3))
			return true;
	return false;
}

enum x86_engine x86_vcpu_engine(struct x86_vcpu *vcpu)
{
	const struct x86_cpu *cpu = &vcpu->cpu;

	if (!x86_protected_mode(cpu) || x86_v86_mode(cpu) ||
	    (!vcpu->vmi.active && !x86_translated_prepare(vcpu)))
		return ENGINE_INTERPRETER;
	/* The shadows of STI and MOV SS are the interpreter's, and so are execute breakpoints: QEMU's
	 * TCG hangs on one whose segment has a base.  The handler of an NMI is, to see the IRET that ends it. */
	if (cpu->interrupt_shadow || cpu->nmi_blocked || has_code_breakpoint(cpu))
		return ENGINE_INTERPRETER;
	if (cpu->cpl == 3) {
		if (!(cpu->eflags & EFLAGS_IF) || x86_iopl(cpu) > (vcpu->vmi.active ? 2 : 0))
			return ENGINE_INTERPRETER;
	} else if (cpu->cpl != 0) {
		return ENGINE_INTERPRETER;
	}
	if (vcpu->check_segments) {
		vcpu->check_segments = false;
		x86_direct_load_stale(vcpu);
		vcpu->segments_direct = x86_direct_segments_match(vcpu);
	}
	if (!vcpu->segments_direct)
		return ENGINE_INTERPRETER;
	if (vcpu->vmi.active || cpu->cpl == 3)
		return ENGINE_DIRECT;
	return x86_translated_fits(vcpu) ? ENGINE_TRANSLATED : ENGINE_INTERPRETER;
}

/* Deliver an NMI if the guest takes it now. */
static void deliver_nmi(struct x86_vcpu *vcpu)
{
	struct x86_cpu *cpu = &vcpu->cpu;

	if (cpu->nmi_blocked || cpu->interrupt_shadow)
		return;
	if (vcpu->vmi.active)
		vmi_roll_forward_nmi(vcpu);
	if (vcpu->killed || cpu->activity == CPU_SHUTDOWN)
		return;
	vcpu->nmi = false;
	cpu->activity = CPU_RUNNING;
	vcpu->stats.interrupts++;
	vcpu->check_segments = true;
	trace(TRACE_IRQ, "NMI into eip %08x", cpu->eip);
	if (interp_deliver_nmi(vcpu->interp) == EMUL_UNHANDLED)
		kill_unhandled(vcpu);
}

/* Deliver an interrupt if there is one and the guest takes it now. */
static void deliver_interrupt(struct x86_vcpu *vcpu)
{
	struct x86_cpu *cpu = &vcpu->cpu;
	u8 vector;

	if (!vcpu->intr || cpu->interrupt_shadow)
		return;
	if (vcpu->vmi.active)
		vmi_roll_forward(vcpu);
	if (!(cpu->eflags & EFLAGS_IF) || vcpu->killed || cpu->activity == CPU_SHUTDOWN)
		return;
	cpu->activity = CPU_RUNNING;
	vcpu->stats.interrupts++;
	vcpu->check_segments = true;
	vector = vcpu->config.ops->acknowledge(vcpu->config.opaque);
	trace(TRACE_IRQ, "interrupt %02x into eip %08x", vector, cpu->eip);
	if (interp_deliver_interrupt(vcpu->interp, vector) == EMUL_UNHANDLED)
		kill_unhandled(vcpu);
}

#define SHORT_RUN 32u
#define BLOCK_RUN 31u /* no further than a branch: what comes then may be translated */
#define TABLE_RUN 4u

/* A guest that may run translated after this.  Whatever changes that ends a run early. */
static void run_short(struct x86_vcpu *vcpu, u32 most, u32 *budget)
{
	u32 share = MIN(*budget, most), left = share;
	enum emul_result result = most == BLOCK_RUN ? interp_run_block(vcpu->interp, &left) :
						      interp_run(vcpu->interp, &left);
	struct x86_fault fault = vcpu->cpu.fault;
	const u8 *bytes;

	*budget -= share - left;
	if (result == EMUL_DONE || (result == EMUL_FAULT && fault.is_trap))
		x86_direct_follow(vcpu, interp_last_insn(vcpu->interp, &bytes)->op);
	vcpu->cpu.fault = fault;
	vcpu->check_segments = true;
	finish(vcpu, result);
}

/* One instruction of a guest that may be ready for another engine after it, or @most; of any other as
 * many as the interpreter does at a time. */
static void run_interpreter(struct x86_vcpu *vcpu, u32 most, u32 *budget)
{
	u32 before = *budget, eip = vcpu->cpu.eip;

	if (vcpu->vmi.active) {
		x86_vcpu_emulate(vcpu, EMULATE_ENGINE);
		(*budget)--;
		return;
	}
	if (vcpu->has_gate)
		run_short(vcpu, most, budget);
	else
		finish(vcpu, interp_run(vcpu->interp, budget));
	vcpu->stats.emulated[EMULATE_BEFORE_INIT] += before - *budget;
	if (vcpu->profile)
		x86_profile_add(vcpu->profile, eip, EMULATE_BEFORE_INIT, before - *budget);
	vmi_settle(vcpu);
}

enum vcpu_stop x86_vcpu_run(struct x86_vcpu *vcpu)
{
	u32 budget = INTERPRETER_BURST, place;
	enum x86_engine engine;

	vcpu->turn_over = false;
	while (budget > 0 && !vcpu->turn_over) {
		if (vcpu->nmi)
			deliver_nmi(vcpu);
		if (vcpu->intr)
			deliver_interrupt(vcpu);
		if (vcpu->killed)
			return VCPU_STOP_KILLED;
		if (vcpu->cpu.activity == CPU_SHUTDOWN)
			return VCPU_STOP_SHUTDOWN;
		if (vcpu->cpu.activity == CPU_HALTED)
			return VCPU_STOP_HALTED;
		if (vcpu->translated.table_changed) {
			vcpu->translated.table_changed = false;
			run_interpreter(vcpu, TABLE_RUN, &budget);
			continue;
		}
		engine = x86_vcpu_engine(vcpu);
		if (engine != ENGINE_INTERPRETER)
			x86_roots_settle(vcpu);
		place = engine == ENGINE_TRANSLATED ? x86_translated_enter(vcpu) : 0;
		if (vcpu->config.compare && place)
			place = x86_both_rehearse(vcpu, place);
		if (engine == ENGINE_INTERPRETER || (engine == ENGINE_TRANSLATED && !place)) {
			run_interpreter(vcpu, engine == ENGINE_INTERPRETER ? SHORT_RUN : BLOCK_RUN, &budget);
			continue;
		}
		vcpu->light_left = LIGHT_BURST;
		if (!x86_direct_run(vcpu, place))
			break;
		budget -= MIN(budget, (u32)(INTERPRETER_BURST / DIRECT_BURST));
	}
	return vcpu->killed ? VCPU_STOP_KILLED : VCPU_STOP_TURN;
}

void x86_vcpu_counters(const struct x86_vcpu *vcpu, void (*line)(void *opaque, const char *text),
		       void *opaque)
{
	struct shadow_stats shadow;
	struct bt_stats bt;

	x86_stats_print(&vcpu->stats, line, opaque);
	if (!vcpu->has_gate)
		return;
	if (vcpu->translated.bt) {
		bt_get_stats(vcpu->translated.bt, &bt);
		x86_stats_print_bt(&bt, line, opaque);
	}
	shadow_get_stats(vcpu->shadow, &shadow);
	x86_stats_print_shadow(&shadow, line, opaque);
}

u64 x86_vcpu_overhead_bytes(const struct x86_vcpu *vcpu)
{
	struct shadow_stats stats;

	if (!vcpu->has_gate)
		return 0;
	shadow_get_stats(vcpu->shadow, &stats);
	return ((u64)vcpu->gate.pages + stats.pages_used) * PAGE_SIZE + vcpu->direct_heap_bytes;
}
