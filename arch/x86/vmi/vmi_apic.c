/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI's two calls for the local APIC: a register is read or written as by an access to its page, without the
 * page fault and the decoding.  The ABI has the register's address in EAX, Linux passes its offset; so only the low
 * bits count, and no address can lead anywhere else.  Without an APIC, or while it is off, there are ones to read.
 */
#include "arch/x86/vmi/vmi_priv.h"

#define OFFSET 0xffcu

static bool is_there(const struct x86_vcpu *vcpu)
{
	return vcpu->config.apic && vcpu->cpu.apic_base & APIC_BASE_ENABLE;
}

static gpa_t place(const struct x86_vcpu *vcpu)
{
	return gpa((vcpu->cpu.apic_base & ~(u64)(PAGE_SIZE - 1)) | (vmi_arg(vcpu, 0) & OFFSET));
}

void vmi_apic_write(struct x86_vcpu *vcpu)
{
	if (is_there(vcpu))
		bus_mmio_write(vcpu->config.bus, place(vcpu), 4, vmi_arg(vcpu, 1));
}

void vmi_apic_read(struct x86_vcpu *vcpu)
{
	vcpu->cpu.gpr[REG_EAX] = is_there(vcpu) ? bus_mmio_read(vcpu->config.bus, place(vcpu), 4) : ~0u;
}
