/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI calls on interrupts and privilege transitions, and the two places in the ROM where an
 * interrupt must not push a frame: the direct gate's stub, which runs on a stack with no room, and
 * the end of IRET, where the virtual IF is the target's already.  In both the hypervisor completes
 * the ROM's work ("rolls forward"), so that the interrupt arrives before the next instruction of the guest.
 */
#include "arch/x86/vmi/vmi_priv.h"

#include "guest-abi/hypercall.h"
#include "hv/lib/assert.h"
#include "hv/lib/string.h"

/* The ROM's labels, from its image (rom_irq.S: rom_marks), as linear addresses. */
struct rom_marks {
	char magic[8];
	u32 int80_stub, int80_copy, int80_trap_stub, int80_stub_end;
	u32 iret_window, iret_window_end;
};
#define MARKS_OFFSET ALIGN_UP(HYPERCALL_SLOTS * HYPERCALL_SLOT_SIZE, 16u)
#define IRET_SLOT (VMI_GATE + GATE_ROM + VMI_CALL_IRET * HYPERCALL_SLOT_SIZE)
#define CALL_SIZE 5 /* bytes of the CALL rel32 that Linux patches in */

static const struct rom_marks *marks(void)
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

/* Complete the direct gate's stub: the CPU's frame goes to the guest's kernel stack. */
static void roll_int80(struct x86_vcpu *vcpu)
{
	struct x86_cpu *cpu = &vcpu->cpu;
	u32 frame[5];
	u32 esp = vcpu->vmi.kernel_esp - (u32)sizeof(frame);

	for (u32 i = 0; i < ARRAY_SIZE(frame); i++)
		frame[i] = READ_ONCE(vcpu->gate.shared->trap_frame[i]);
	if (!interp_write_linear(vcpu->interp, gva(esp), frame, sizeof(frame), ACCESS_WRITE)) {
		/* The CPU would try to push this fault where it could not push the first frame, with SS and
		 * ESP of ring 3 before it: a double fault. */
		cpu->gpr[REG_ESP] = vcpu->vmi.kernel_esp - 8;
		x86_vcpu_deliver_fault(vcpu);
		return;
	}
	if (vcpu->vmi.int80_clears_if)
		cpu->eflags &= ~EFLAGS_IF;
	cpu->gpr[REG_ESP] = esp;
	cpu->eip = READ_ONCE(vcpu->gate.shared->int80_entry);
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
	m = marks();
	if (in_int80(&vcpu->cpu, m)) {
		roll_int80(vcpu);
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

void vmi_roll_forward(struct x86_vcpu *vcpu)
{
	/* With IF clear nothing is injected, and the ROM may go on at its own pace; the stub's IF is
	 * decided by the stub. */
	if (!(vcpu->cpu.eflags & EFLAGS_IF) || !vmi_in_rom(vcpu) ||
	    (at_slot(&vcpu->cpu) && vcpu->cpu.eip != IRET_SLOT))
		return;
	vcpu->stats.rolled += vmi_finish_rom(vcpu);
}

#define GATE_INTERRUPT 0x0e
#define GATE_TRAP 0x0f
#define GATE_PRESENT_DPL3 0xe0

/* The guest's gate 0x80 in fields; false if it is no present DPL-3 interrupt or trap gate. */
static bool read_int80(struct x86_vcpu *vcpu, u16 *selector, u32 *offset, bool *clears_if)
{
	const struct x86_table *idtr = &vcpu->cpu.idtr;
	u32 low, high;

	if (idtr->limit < 0x80 * 8 + 7 ||
	    !interp_read_linear(vcpu->interp, gva(idtr->base + 0x80 * 8), &low, 4, ACCESS_READ) ||
	    !interp_read_linear(vcpu->interp, gva(idtr->base + 0x80 * 8 + 4), &high, 4, ACCESS_READ))
		return false;
	if ((high >> 8 & 0xe0) != GATE_PRESENT_DPL3)
		return false;
	if ((high >> 8 & 0x1f) != GATE_INTERRUPT && (high >> 8 & 0x1f) != GATE_TRAP)
		return false;
	*selector = (u16)(low >> 16);
	*offset = (high & 0xffff0000) | (low & 0xffff);
	*clears_if = (high >> 8 & 0x1f) == GATE_INTERRUPT;
	return true;
}

/* The ROM's stub runs with this CS and makes absolute references: it must be flat. */
static bool flat_kernel_code(const struct x86_vcpu *vcpu, u16 selector)
{
	struct x86_segment cs = x86_direct_segment(vcpu, (u16)(selector & ~SEL_RPL));
	u32 want = SEG_P | SEG_S | SEG_TYPE_CODE;

	return (cs.attr & (want | SEG_DPL | SEG_TYPE_CONFORMING)) == want && cs.base == 0 &&
	       cs.limit == ~0u && cs.attr & SEG_DB;
}

void vmi_update_int80(struct x86_vcpu *vcpu)
{
	const struct rom_marks *m = marks();
	u16 selector;
	u32 offset;
	bool clears_if;

	if (!vcpu->vmi.active || !vcpu->vmi.has_kernel_stack ||
	    !read_int80(vcpu, &selector, &offset, &clears_if) || !flat_kernel_code(vcpu, selector)) {
		gate_clear_int80(&vcpu->gate);
		vcpu->vmi.int80_cs = 0;
		return;
	}
	vcpu->gate.shared->int80_entry = offset;
	vcpu->vmi.int80_clears_if = clears_if;
	vcpu->vmi.int80_cs = selector;
	gate_set_int80(&vcpu->gate, (u16)(selector & ~SEL_RPL),
		       clears_if ? m->int80_stub : m->int80_trap_stub);
}
