/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI calls on descriptors, the kernel stack and debug registers.
 *
 * Write*Entry stores the guest's descriptor in the guest's table as it is, and a sanitized one in
 * the shadow if that table is the one in use.  The guest may write through another mapping of the
 * table than the one in its GDTR (Linux 6.1 does), so tables are compared by physical address.
 */
#include "arch/x86/vmi/vmi_priv.h"

#include "arch/x86/isa/descriptor.h"
#include "arch/x86/mmu/walk.h"


bool vmi_stack_arg(struct x86_vcpu *vcpu, u32 index, u32 *value)
{
	u32 address = vcpu->cpu.gpr[REG_ESP] + 4 + index * 4;

	if (interp_read_linear(vcpu->interp, gva(address), value, 4, ACCESS_READ))
		return true;
	vmi_deliver_call_fault(vcpu);
	return false;
}

bool vmi_write(struct x86_vcpu *vcpu, u32 address, const void *from, u32 size)
{
	if (interp_write_linear(vcpu->interp, gva(address), from, size, ACCESS_WRITE))
		return true;
	vmi_deliver_call_fault(vcpu);
	return false;
}

bool vmi_same_place(struct x86_vcpu *vcpu, u32 a, u32 b)
{
	struct walk_result at_a, at_b;

	if (a == b)
		return true;
	if (mmu_probe(&vcpu->cpu, vcpu->config.gmem, gva(a), ACCESS_READ, &at_a) ||
	    mmu_probe(&vcpu->cpu, vcpu->config.gmem, gva(b), ACCESS_READ, &at_b))
		return false;
	return at_a.gpa.v == at_b.gpa.v;
}

/* Store the entry of a Write*Entry call; its byte offset, or ~0 with a fault delivered. */
static u32 store_entry(struct x86_vcpu *vcpu, u64 *raw)
{
	u32 offset = vmi_arg(vcpu, 1) * DESCRIPTOR_SIZE;
	u32 high;

	if (!vmi_stack_arg(vcpu, 0, &high))
		return ~0u;
	*raw = vmi_arg(vcpu, 2) | (u64)high << 32;
	if (!vmi_write(vcpu, vmi_arg(vcpu, 0) + offset, raw, sizeof(*raw)))
		return ~0u;
	return offset;
}

/* One of the direct gates has to do with the segment of @selector. */
static bool is_gates(const struct x86_vcpu *vcpu, u32 selector)
{
	const struct vmi *vmi = &vcpu->vmi;

	return selector == (vmi->int80_cs & ~(u32)SEL_RPL) || selector == vmi->fault_cs ||
	       selector == (vmi->kernel_ss & ~(u32)SEL_RPL);
}

static void write_entry(struct x86_vcpu *vcpu, enum gate_table table, u32 base, u32 limit)
{
	u64 raw;
	u32 offset = store_entry(vcpu, &raw);

	if (offset >= GATE_TABLE_PAGES * PAGE_SIZE || offset + DESCRIPTOR_SIZE - 1 > limit)
		return;
	if (!vmi_same_place(vcpu, vmi_arg(vcpu, 0) + offset, base + offset))
		return;
	x86_direct_set_descriptor(vcpu, table, offset, raw);
	if (is_gates(vcpu, offset | (table == GATE_TABLE_LDT ? SEL_TI : 0)))
		vmi_update_gates(vcpu);
}

void vmi_write_gdt_entry(struct x86_vcpu *vcpu)
{
	write_entry(vcpu, GATE_TABLE_GDT, vcpu->cpu.gdtr.base, vcpu->cpu.gdtr.limit);
}

void vmi_write_ldt_entry(struct x86_vcpu *vcpu)
{
	if (vcpu->cpu.ldtr.attr & SEG_P) {
		write_entry(vcpu, GATE_TABLE_LDT, vcpu->cpu.ldtr.base, vcpu->cpu.ldtr.limit);
	} else {
		u64 raw;

		store_entry(vcpu, &raw);
	}
}

void vmi_write_idt_entry(struct x86_vcpu *vcpu)
{
	u64 raw;
	u32 offset = store_entry(vcpu, &raw);

	if (offset == 0x80 * DESCRIPTOR_SIZE || offset == EXCP_PF * DESCRIPTOR_SIZE)
		vmi_update_gates(vcpu);
}

void vmi_update_kernel_stack(struct x86_vcpu *vcpu)
{
	struct vmi *vmi = &vcpu->vmi;
	u16 ss = (u16)((vmi_arg(vcpu, 0) & ~SEL_RPL) | vcpu->cpu.kernel_rpl);
	bool changed = !vmi->has_kernel_stack || ss != vmi->kernel_ss;

	vmi->kernel_ss = ss;
	vmi->kernel_esp = vmi_arg(vcpu, 1);
	vmi->has_kernel_stack = true;
	vcpu->gate.shared->kernel_esp = vmi->kernel_esp;
	if (changed) {
		gate_set_ss1(&vcpu->gate, ss);
		vmi_update_gates(vcpu);
	}
}

bool vmi_kernel_stack(const struct x86_vcpu *vcpu, u16 *ss, u32 *esp)
{
	if (!vcpu->vmi.active || !vcpu->vmi.has_kernel_stack)
		return false;
	*ss = vcpu->vmi.kernel_ss;
	*esp = vcpu->vmi.kernel_esp;
	return true;
}

/* MOV DRn with the register number in EAX: built as an instruction, for its checks. */
static void move_dr(struct x86_vcpu *vcpu, u8 opcode, enum x86_reg reg)
{
	u32 number = vmi_arg(vcpu, 0);
	u8 bytes[] = { 0x0f, opcode, (u8)(0xc0 | (number & 7) << 3 | reg) };
	u32 eip = vcpu->cpu.eip;

	if (number > 7)
		return;
	if (interp_execute(vcpu->interp, bytes, sizeof(bytes)) != EMUL_DONE) {
		vcpu->cpu.eip = eip;
		vmi_deliver_call_fault(vcpu);
		return;
	}
	vcpu->cpu.eip = eip;
}

void vmi_set_dr(struct x86_vcpu *vcpu)
{
	move_dr(vcpu, 0x23, REG_EDX);
}

void vmi_get_dr(struct x86_vcpu *vcpu)
{
	move_dr(vcpu, 0x21, REG_EAX);
}

void vmi_set_iopl_mask(struct x86_vcpu *vcpu)
{
	vcpu->vmi.iopl = vmi_arg(vcpu, 0) & EFLAGS_IOPL;
}

void vmi_reboot(struct x86_vcpu *vcpu)
{
	vcpu->config.ops->reset(vcpu->config.opaque);
}

void vmi_shutdown(struct x86_vcpu *vcpu)
{
	vcpu->config.ops->power_off(vcpu->config.opaque);
}
