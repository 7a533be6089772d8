/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI calls on interrupts and privilege transitions, the direct gates (INT 80h, page faults of user code), and the
 * places in the ROM where nothing must push a frame: the stubs of the direct gates, which have no stack yet, and
 * the end of IRET, where the virtual IF is the target's already.  There the hypervisor completes
 * the ROM's work ("rolls forward"), so that the interrupt arrives before the next instruction of the guest.
 */
#include "arch/x86/vmi/vmi_priv.h"

#include "arch/x86/isa/descriptor.h"
#include "arch/x86/mmu/ptformat.h"
#include "guest-abi/hypercall.h"
#include "hv/lib/assert.h"
#include "hv/lib/string.h"

#define MARKS_OFFSET ALIGN_UP(HYPERCALL_SLOTS * HYPERCALL_SLOT_SIZE, 16u)
#define IRET_SLOT (VMI_GATE + GATE_ROM + VMI_CALL_IRET * HYPERCALL_SLOT_SIZE)
#define CALL_SIZE 5 /* bytes of the CALL rel32 that Linux patches in */

const struct rom_marks *vmi_marks(void)
{
	static const struct rom_marks *found; /* the image is the same for ever */
	u32 size;

	if (!found) {
		found = (const struct rom_marks *)(vmi_gate_rom(&size) + MARKS_OFFSET);
		ASSERT(memcmp(found->magic, "VMImarks", sizeof(found->magic)) == 0);
	}
	return found;
}

void vmi_irq_pending(struct x86_vcpu *vcpu)
{
	/* The ROM has set the virtual IF: the run loop delivers what is pending. */
	(void)vcpu;
}

void vmi_halt(struct x86_vcpu *vcpu)
{
	vcpu->cpu.eflags |= EFLAGS_IF;
	vcpu->cpu.activity = CPU_HALTED;
}

/* The instruction was executed, perhaps with a debug trap after it, which is then to be delivered. */
static bool is_done(const struct x86_vcpu *vcpu, enum emul_result result)
{
	return result == EMUL_DONE || (result == EMUL_FAULT && vcpu->cpu.fault.is_trap);
}

void vmi_sysexit(struct x86_vcpu *vcpu)
{
	static const u8 sysexit[] = { 0x0f, 0x35 };
	enum emul_result result;

	vcpu->check_segments = true;
	result = interp_execute(vcpu->interp, sysexit, sizeof(sysexit));
	if (!is_done(vcpu, result)) {
		vmi_deliver_call_fault(vcpu);
		return;
	}
	vcpu->cpu.eflags = (vcpu->cpu.eflags & ~EFLAGS_IOPL) | EFLAGS_IF | vcpu->vmi.iopl;
	if (result == EMUL_FAULT)
		x86_vcpu_deliver_fault(vcpu);
}

/* EIP is in the part of the ROM's IRET that has only the IRET itself left to do. */
static bool at_iret(const struct x86_cpu *cpu, const struct rom_marks *m)
{
	return (cpu->eip >= m->iret_window && cpu->eip < m->iret_window_end) || cpu->eip == IRET_SLOT;
}

void vmi_emulate_iret(struct x86_vcpu *vcpu)
{
	static const u8 iret[] = { 0xcf };
	struct x86_cpu *cpu = &vcpu->cpu;
	enum emul_result result;

	vcpu->stats.emulated[EMULATE_IRET]++;
	vcpu->check_segments = true;
	result = interp_execute(vcpu->interp, iret, sizeof(iret));
	if (result == EMUL_UNHANDLED) {
		x86_vcpu_kill(vcpu, "VMI IRET at %08x cannot be done", cpu->eip);
		return;
	}
	if (is_done(vcpu, result)) {
		/* IRET does not restore IOPL in VMI: SetIOPLMask does. */
		cpu->eflags = (cpu->eflags & ~EFLAGS_IOPL) | (cpu->cpl == 3 ? vcpu->vmi.iopl : 0);
	} else {
		/* As if the call were the faulting instruction; its IF is that of a kernel about to
		 * leave. */
		cpu->eip = READ_ONCE(vcpu->gate.shared->iret_site) - CALL_SIZE;
		cpu->eflags &= ~EFLAGS_IF;
	}
	if (result == EMUL_FAULT)
		x86_vcpu_deliver_fault(vcpu);
}

/* Complete a direct gate's stub: the @count dwords of its frame in the shared page go to the guest's kernel
 * stack, and the guest goes on at @entry. */
static void roll_frame(struct x86_vcpu *vcpu, const u32 *from, u32 count, u32 entry)
{
	struct x86_cpu *cpu = &vcpu->cpu;
	u32 frame[ARRAY_SIZE(vcpu->gate.shared->fault_frame)];
	u32 esp = vcpu->vmi.kernel_esp - count * 4;

	for (u32 i = 0; i < count; i++)
		frame[i] = READ_ONCE(from[i]);
	if (!interp_write_linear(vcpu->interp, gva(esp), frame, count * 4, ACCESS_WRITE)) {
		/* The CPU would try to push this fault where it could not push the first frame, with SS and
		 * ESP of ring 3 before it: a double fault. */
		cpu->gpr[REG_ESP] = vcpu->vmi.kernel_esp - 8;
		x86_vcpu_deliver_fault(vcpu);
		return;
	}
	cpu->gpr[REG_ESP] = esp;
	cpu->eip = entry;
}

static void roll_int80(struct x86_vcpu *vcpu)
{
	const struct shared_page *shared = vcpu->gate.shared;

	if (vcpu->vmi.int80_clears_if)
		vcpu->cpu.eflags &= ~EFLAGS_IF;
	roll_frame(vcpu, shared->trap_frame, ARRAY_SIZE(shared->trap_frame), READ_ONCE(shared->int80_entry));
}

static void roll_fault(struct x86_vcpu *vcpu)
{
	const struct shared_page *shared = vcpu->gate.shared;

	roll_frame(vcpu, shared->fault_frame, ARRAY_SIZE(shared->fault_frame), READ_ONCE(shared->fault_entry));
}

/* EIP is in the stub, and the frame of ring 3 not yet where it belongs.  Before the copying ESP
 * tells; for an entry from ring 1 it is the kernel's own. */
static bool in_int80(const struct x86_cpu *cpu, const struct rom_marks *m)
{
	if (cpu->eip >= m->int80_copy && cpu->eip < m->int80_trap_stub)
		return true;
	return cpu->eip >= m->int80_stub && cpu->eip < m->int80_stub_end &&
	       cpu->gpr[REG_ESP] == VMI_SHARED;
}

bool vmi_in_rom(const struct x86_vcpu *vcpu)
{
	u32 size;

	vmi_gate_rom(&size);
	return vcpu->vmi.active && vcpu->cpu.cpl == 0 && vcpu->cpu.seg[SREG_CS].base == 0 &&
	       vcpu->cpu.eip - (VMI_GATE + GATE_ROM) < size;
}

/* EIP is on the INT of a slot. */
static bool at_slot(const struct x86_cpu *cpu)
{
	u32 offset = cpu->eip - (VMI_GATE + GATE_ROM);

	return offset < HYPERCALL_SLOTS * HYPERCALL_SLOT_SIZE && offset % HYPERCALL_SLOT_SIZE == 0;
}

bool vmi_finish_rom(struct x86_vcpu *vcpu)
{
	const struct rom_marks *m;

	if (!vmi_in_rom(vcpu))
		return false;
	m = vmi_marks();
	if (in_int80(&vcpu->cpu, m)) {
		roll_int80(vcpu);
	} else if (vcpu->cpu.eip >= m->fault_stub && vcpu->cpu.eip < m->fault_stub_end) {
		roll_fault(vcpu);
	} else if (at_iret(&vcpu->cpu, m)) {
		vmi_emulate_iret(vcpu);
	} else if (at_slot(&vcpu->cpu)) {
		vcpu->cpu.eip += HYPERCALL_INT_SIZE;
		vmi_hypercall(vcpu);
	} else {
		return false;
	}
	return true;
}

void vmi_roll_forward_nmi(struct x86_vcpu *vcpu)
{
	if (vmi_in_rom(vcpu) && (!at_slot(&vcpu->cpu) || vcpu->cpu.eip == IRET_SLOT))
		vcpu->stats.rolled += vmi_finish_rom(vcpu);
}

void vmi_roll_forward(struct x86_vcpu *vcpu)
{
	/* With IF clear nothing is injected, and the ROM may go on at its own pace; the stub's IF is
	 * decided by the stub. */
	if (vcpu->cpu.eflags & EFLAGS_IF)
		vmi_roll_forward_nmi(vcpu);
}

/* Gate @vector of the guest, if it is a present interrupt or trap gate with @dpl. */
static bool read_gate(struct x86_vcpu *vcpu, u8 vector, u32 dpl, struct x86_gate *gate)
{
	const struct x86_table *idtr = &vcpu->cpu.idtr;
	u32 at = vector * DESCRIPTOR_SIZE;
	u64 raw;

	if (idtr->limit < at + DESCRIPTOR_SIZE - 1 ||
	    !interp_read_linear(vcpu->interp, gva(idtr->base + at), &raw, sizeof(raw), ACCESS_READ))
		return false;
	*gate = descriptor_gate(raw);
	return gate->attr == (SEG_P | dpl << SEG_DPL_SHIFT | DESCRIPTOR_INTERRUPT_GATE32) ||
	       gate->attr == (SEG_P | dpl << SEG_DPL_SHIFT | DESCRIPTOR_TRAP_GATE32);
}

static bool clears_if(const struct x86_gate *gate)
{
	return (gate->attr & SEG_TYPE) == DESCRIPTOR_INTERRUPT_GATE32;
}

/* The ROM's stub runs with this CS and makes absolute references: it must be flat. */
static bool flat_kernel_code(const struct x86_vcpu *vcpu, u16 selector)
{
	struct x86_segment cs = x86_direct_segment(vcpu, (u16)(selector & ~SEL_RPL));
	u32 want = SEG_P | SEG_S | SEG_TYPE_CODE;

	return (cs.attr & (want | SEG_DPL | SEG_TYPE_CONFORMING)) == want && cs.base == 0 &&
	       cs.limit == ~0u && cs.attr & SEG_DB;
}

/* The same for the stack: the ROM finds its data through SS. */
static bool flat_kernel_stack(const struct x86_vcpu *vcpu, u16 selector)
{
	struct x86_segment ss = x86_direct_segment(vcpu, (u16)(selector & ~SEL_RPL));
	u32 want = SEG_P | SEG_S | SEG_TYPE_WRITABLE;

	return (ss.attr & (want | SEG_DPL | SEG_TYPE_CODE | SEG_TYPE_EXPAND_DOWN)) == want && ss.base == 0 &&
	       ss.limit == ~0u && ss.attr & SEG_DB;
}

static void update_int80(struct x86_vcpu *vcpu)
{
	struct vmi *vmi = &vcpu->vmi;
	const struct rom_marks *m = vmi_marks();
	struct x86_gate gate;

	if (!vmi->has_kernel_stack || !read_gate(vcpu, 0x80, 3, &gate) || !flat_kernel_code(vcpu, gate.selector)) {
		gate_clear_int80(&vcpu->gate);
		vmi->int80_cs = 0;
		return;
	}
	vcpu->gate.shared->int80_entry = gate.offset;
	vmi->int80_clears_if = clears_if(&gate);
	vmi->int80_cs = gate.selector;
	gate_set_int80(&vcpu->gate, (u16)(gate.selector & ~SEL_RPL),
		       vmi->int80_clears_if ? m->int80_stub : m->int80_trap_stub);
}

/* The gate itself loads these segments, which must not fault there. */
static void update_fault(struct x86_vcpu *vcpu)
{
	struct vmi *vmi = &vcpu->vmi;
	struct x86_gate gate;

	if (!vmi->has_kernel_stack || !read_gate(vcpu, EXCP_PF, 0, &gate) || !clears_if(&gate) ||
	    !flat_kernel_code(vcpu, gate.selector) || !flat_kernel_stack(vcpu, vmi->kernel_ss)) {
		gate_clear_fault(&vcpu->gate);
		vmi->fault_cs = 0;
		return;
	}
	vcpu->gate.shared->fault_entry = gate.offset;
	vmi->fault_cs = (u16)(gate.selector & ~SEL_RPL);
	vmi_follow_modes(vcpu);
	shadow_mark_absent(vcpu->shadow);
}

void vmi_follow_modes(struct x86_vcpu *vcpu)
{
	struct vmi *vmi = &vcpu->vmi;

	vmi->leaving = vmi->active && !(vcpu->cpu.cr0 & CR0_PG);
	if (vmi->fault_cs)
		gate_set_fault(&vcpu->gate, vmi->fault_cs, vmi_marks()->fault_stub, vmi->kernel_ss,
			       PF_W | PF_U | (ptformat_of(&vcpu->cpu)->xd ? PF_I : 0));
}

void vmi_update_gates(struct x86_vcpu *vcpu)
{
	if (!vcpu->vmi.active)
		return;
	update_int80(vcpu);
	update_fault(vcpu);
}
