/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI_Init, the end of VMI, and the dispatch of hypercalls.
 *
 * Many calls mean just one privileged instruction with its operand in EAX: those are a table of
 * instruction bytes for the interpreter, so that a call, and the same instruction trapped in ring 1,
 * cannot differ.  The others have functions (vmi_cpu.c, vmi_irq.c, vmi_mmu.c).
 */
#include "arch/x86/vmi/vmi.h"

#include "arch/x86/vmi/vmi_priv.h"
#include "guest-abi/hypercall.h"
#include "hv/core/log.h"
#include "hv/core/trace.h"

/* What EAX says when VMI_Init is refused; any number but 0 does for the guest. */
#define INIT_REFUSED 1
/* A guest may ask for ever; the log hears of it so many times. */
#define INITS_LOGGED 16

struct call {
	u8 bytes[3]; /* the instruction, if length > 0 */
	u8 length;
	vmi_call_fn *fn;
};

#define INSTRUCTION(...) { { __VA_ARGS__ }, sizeof((u8[]){ __VA_ARGS__ }), NULL }
#define FUNCTION(name) { { 0 }, 0, name }

static const struct call calls[HYPERCALL_SLOTS] = {
	[VMI_CALL_CPUID] = INSTRUCTION(0x0f, 0xa2),
	[VMI_CALL_SetGDT] = INSTRUCTION(0x0f, 0x01, 0x10), /* lgdt [eax] */
	[VMI_CALL_SetLDT] = INSTRUCTION(0x0f, 0x00, 0xd0), /* lldt ax */
	[VMI_CALL_SetIDT] = INSTRUCTION(0x0f, 0x01, 0x18), /* lidt [eax] */
	[VMI_CALL_SetTR] = INSTRUCTION(0x0f, 0x00, 0xd8),  /* ltr ax */
	[VMI_CALL_GetGDT] = INSTRUCTION(0x0f, 0x01, 0x00), /* sgdt [eax] */
	[VMI_CALL_GetLDT] = INSTRUCTION(0x0f, 0x00, 0xc0), /* sldt eax */
	[VMI_CALL_GetIDT] = INSTRUCTION(0x0f, 0x01, 0x08), /* sidt [eax] */
	[VMI_CALL_GetTR] = INSTRUCTION(0x0f, 0x00, 0xc8),  /* str eax */
	[VMI_CALL_SetCR0] = INSTRUCTION(0x0f, 0x22, 0xc0), /* mov cr0, eax */
	[VMI_CALL_SetCR3] = FUNCTION(vmi_set_cr3),
	[VMI_CALL_SetCR4] = INSTRUCTION(0x0f, 0x22, 0xe0),
	[VMI_CALL_CLTS] = INSTRUCTION(0x0f, 0x06),
	[VMI_CALL_WriteGDTEntry] = FUNCTION(vmi_write_gdt_entry),
	[VMI_CALL_WriteLDTEntry] = FUNCTION(vmi_write_ldt_entry),
	[VMI_CALL_WriteIDTEntry] = FUNCTION(vmi_write_idt_entry),
	[VMI_CALL_UpdateKernelStack] = FUNCTION(vmi_update_kernel_stack),
	[VMI_CALL_SetDR] = FUNCTION(vmi_set_dr),
	[VMI_CALL_GetDR] = FUNCTION(vmi_get_dr),
	[VMI_CALL_IRET] = FUNCTION(vmi_emulate_iret),
	[VMI_CALL_SYSEXIT] = FUNCTION(vmi_sysexit),
	[VMI_CALL_Halt] = FUNCTION(vmi_halt),
	[VMI_CALL_Reboot] = FUNCTION(vmi_reboot),
	[VMI_CALL_Shutdown] = FUNCTION(vmi_shutdown),
	[VMI_CALL_FlushTLB] = FUNCTION(vmi_flush_tlb),
	[VMI_CALL_SetIOPLMask] = FUNCTION(vmi_set_iopl_mask),
	[VMI_CALL_APICWrite] = FUNCTION(vmi_apic_write),
	[VMI_CALL_APICRead] = FUNCTION(vmi_apic_read),
	[VMI_CALL_GetCycleFrequency] = FUNCTION(vmi_get_cycle_frequency),
	[VMI_CALL_SetAlarm] = FUNCTION(vmi_set_alarm),
	[VMI_CALL_CancelAlarm] = FUNCTION(vmi_cancel_alarm),
	[VMI_CALL_GetWallclockTime] = FUNCTION(vmi_get_wallclock_time),
	[VMI_CALL_WallclockUpdated] = FUNCTION(vmi_wallclock_updated),
	[HYPERCALL_IRQ_PENDING] = FUNCTION(vmi_irq_pending),
};

static u32 init_port_read(void *opaque, u32 offset, u32 size)
{
	(void)opaque;
	(void)offset;
	(void)size;
	return ~0u;
}

static void init_port_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct x86_vcpu *vcpu = opaque;

	if (offset == 0 && size == 4 && value == ROM_INIT_MAGIC)
		vcpu->vmi.requested = true;
}

static const struct bus_ops init_port = { init_port_read, init_port_write, 4 };

int vmi_attach(struct x86_vcpu *vcpu)
{
	return bus_add_pio(vcpu->config.bus, ROM_INIT_PORT, 4, &init_port, vcpu);
}

static void set_kernel_rpl(struct x86_cpu *cpu, u8 rpl)
{
	cpu->kernel_rpl = rpl;
	cpu->seg[SREG_CS].selector = (u16)((cpu->seg[SREG_CS].selector & ~SEL_RPL) | rpl);
	cpu->seg[SREG_SS].selector = (u16)((cpu->seg[SREG_SS].selector & ~SEL_RPL) | rpl);
}

/* Why this state cannot go to ring 1, or NULL. */
static const char *objection(const struct x86_vcpu *vcpu)
{
	const struct x86_cpu *cpu = &vcpu->cpu;

	if (vcpu->vmi.active)
		return "it is active already";
	if (cpu->cpl != 0 || !(cpu->cr0 & CR0_PG) || x86_v86_mode(cpu))
		return "the caller is not a kernel with paging on";
	return NULL;
}

/* Enter ring 1 with the shadow tables made of the guest's; false: they do not fit its registers. */
static bool enter_ring1(struct x86_vcpu *vcpu)
{
	struct x86_segment before[SREG_COUNT];
	u32 i;

	for (i = 0; i < SREG_COUNT; i++)
		before[i] = vcpu->cpu.seg[i];
	set_kernel_rpl(&vcpu->cpu, 1);
	vcpu->gdt_stale = vcpu->ldt_stale = true;
	x86_direct_load_stale(vcpu);
	if (x86_direct_segments_match(vcpu))
		return true;
	for (i = 0; i < SREG_COUNT; i++)
		vcpu->cpu.seg[i] = before[i];
	vcpu->cpu.kernel_rpl = 0;
	return false;
}

static void activate(struct x86_vcpu *vcpu)
{
	const char *why = objection(vcpu);
	const void *rom;
	u32 size;

	vcpu->vmi.requested = false;
	if (!why) {
		x86_direct_release(vcpu); /* translation ends here */
		if (x86_direct_prepare(vcpu, GATE_SLOT_VMI))
			why = "there is no memory for its gate";
	}
	if (!why && !enter_ring1(vcpu))
		why = "its CS and SS are not flat 32-bit kernel segments";
	vcpu->cpu.gpr[REG_EAX] = why ? INIT_REFUSED : 0;
	if (why) {
		if (vcpu->stats.refusals++ < INITS_LOGGED)
			log_notice("vm %s: VMI_Init refused: %s", vcpu->config.name, why);
		return;
	}
	vcpu->vmi.active = true;
	rom = vmi_gate_rom(&size);
	gate_map_rom(&vcpu->gate, rom, size);
	interp_set_window(vcpu->interp, gva(VMI_GATE + GATE_ROM), rom, size, gva(VMI_SHARED),
			  vcpu->gate.shared);
	vmi_update_gates(vcpu);
	vmi_time_show(vcpu);
	x86_vcpu_flush(vcpu, TLB_FLUSH_ALL, gva(0));
	if (vcpu->stats.inits++ < INITS_LOGGED)
		log_info("vm %s: VMI_Init: kernel runs in ring 1", vcpu->config.name);
}

/* The gate goes, and with it the ROM: if SetCR0 was called, its RET is done here. */
static void leave(struct x86_vcpu *vcpu)
{
	struct x86_cpu *cpu = &vcpu->cpu;
	u32 target = ~0u; /* where no memory is */

	if (vmi_in_rom(vcpu)) {
		interp_read_linear(vcpu->interp, gva(cpu->gpr[REG_ESP]), &target, sizeof(target), ACCESS_READ);
		cpu->eip = target;
		cpu->gpr[REG_ESP] += sizeof(target);
	}
	set_kernel_rpl(cpu, 0);
	x86_direct_release(vcpu);
	vcpu->vmi = (struct vmi){ 0 };
	vmi_time_reset(vcpu);
	vcpu->check_segments = true;
	if (vcpu->stats.leaves++ < INITS_LOGGED)
		log_info("vm %s: paging is off: the kernel has left VMI", vcpu->config.name);
}

void vmi_settle(struct x86_vcpu *vcpu)
{
	if (vcpu->vmi.requested)
		activate(vcpu);
	if (vcpu->vmi.leaving)
		leave(vcpu);
}

void vmi_deliver_call_fault(struct x86_vcpu *vcpu)
{
	if (!vcpu->cpu.fault.is_trap)
		vcpu->cpu.eip -= HYPERCALL_INT_SIZE;
	x86_vcpu_deliver_fault(vcpu);
}

/* The call whose slot's INT ended at @eip, or HYPERCALL_SLOTS. */
static u32 slot_of(u32 eip)
{
	u32 offset = eip - HYPERCALL_INT_SIZE - (VMI_GATE + GATE_ROM);

	if (offset % HYPERCALL_SLOT_SIZE)
		return HYPERCALL_SLOTS;
	return MIN(offset / HYPERCALL_SLOT_SIZE, (u32)HYPERCALL_SLOTS);
}

static void do_instruction(struct x86_vcpu *vcpu, const struct call *call)
{
	u32 eip = vcpu->cpu.eip;
	const u8 *bytes;

	switch (interp_execute(vcpu->interp, call->bytes, call->length)) {
	case EMUL_DONE:
		vcpu->cpu.eip = eip;
		x86_direct_follow(vcpu, interp_last_insn(vcpu->interp, &bytes)->op);
		vmi_settle(vcpu);
		break;
	case EMUL_FAULT:
		vcpu->cpu.eip = eip;
		vmi_deliver_call_fault(vcpu);
		break;
	case EMUL_UNHANDLED:
		x86_vcpu_kill(vcpu, "VMI call at %08x: instruction not supported", eip);
		break;
	}
}

void vmi_hypercall(struct x86_vcpu *vcpu)
{
	u32 number = slot_of(vcpu->cpu.eip);
	const struct call *call;

	if (number == HYPERCALL_SLOTS) {
		/* The guest's own INT: nothing of ours. */
		vcpu->cpu.eip -= HYPERCALL_INT_SIZE;
		x86_vcpu_emulate(vcpu, EMULATE_OTHER);
		return;
	}
	vcpu->stats.calls[number]++;
	trace(TRACE_VMI, "VMI call %u (eax %x edx %x)", number, vmi_arg(vcpu, 0), vmi_arg(vcpu, 1));
	call = &calls[number];
	if (call->fn)
		call->fn(vcpu);
	else if (call->length)
		do_instruction(vcpu, call);
	else
		x86_vcpu_kill(vcpu, "VMI call %u is not offered (GetRelocationInfo said NONE)", number);
}
