/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Direct execution: the guest's registers go to the real CPU and come back changed.
 *
 * Going in, what the guest may not have is replaced: EFLAGS gets IF=1, IOPL=0, VM=0 (the guest's
 * own IF goes to the shared page), selectors refer to the shadow tables.  Coming out, the same in
 * reverse: the frame is checked for what directly running code can never have on a CPU that
 * works (IOPL, VM, or IF=0: a platform hole, the VM is stopped), and IF is read from the shared page.
 *
 * Hidden parts of segment registers: the CPU loads them from the shadow tables, so a register whose
 * selector changed has what the table says.  The converse is checked before going in, after anything but the
 * CPU has touched a register (x86_direct_segments_match): if some hidden part is not what the
 * tables would give, the interpreter runs that state.
 */
#include "arch/x86/x86_vcpu.h"

#include "arch/x86/isa/descriptor.h"
#include "arch/x86/percpu.h"
#include "arch/x86/x86_both.h"
#include "hv/core/kheap.h"
#include "hv/core/log.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"

/* EFLAGS as the CPU has them while the guest runs. */
#define HARDWARE_FIXED (EFLAGS_IF | EFLAGS_FIXED)
#define HARDWARE_OURS (EFLAGS_IF | EFLAGS_IOPL | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP)

/* The vcpu's gate is the one in host space, and in GDTR and TR. */
static bool is_loaded(const struct x86_vcpu *vcpu)
{
	return this_cpu()->gate_owner == &vcpu->gate;
}

void x86_direct_show_gate(struct x86_vcpu *vcpu)
{
	u64 pde[2];

	gate_pdes(&vcpu->gate, pde);
	shadow_set_gate(vcpu->shadow, gva(vcpu->gate.base), pde);
	vcpu->root_stale = true;
}

int x86_direct_prepare(struct x86_vcpu *vcpu, u32 slot)
{
	u64 used_before = kheap_used_bytes();

	if (vcpu->has_gate)
		return 0;
	if (gate_init(&vcpu->gate, slot, switch_has_nx()))
		return -ENOMEM;
	vcpu->shadow = shadow_create(vcpu->config.gmem, vcpu->config.pages,
				     vcpu->config.shadow_pages, switch_has_nx());
	if (!vcpu->shadow) {
		gate_destroy(&vcpu->gate);
		return ERR(-ENOMEM);
	}
	x86_direct_show_gate(vcpu);
	vcpu->direct_heap_bytes = kheap_used_bytes() - used_before;
	vcpu->has_gate = true;
	vcpu->root_stale = true;
	vcpu->check_segments = true;
	vcpu->gdt_stale = vcpu->ldt_stale = true;
	return 0;
}

void x86_direct_unload(struct x86_vcpu *vcpu)
{
	if (is_loaded(vcpu))
		switch_unload_gate();
}

void x86_direct_release(struct x86_vcpu *vcpu)
{
	if (!vcpu->has_gate)
		return;
	x86_direct_unload(vcpu);
	interp_set_window(vcpu->interp, gva(0), NULL, 0, gva(0), NULL);
	x86_translated_release(vcpu);
	shadow_destroy(vcpu->shadow);
	gate_destroy(&vcpu->gate);
	vcpu->has_gate = false;
}

/* ---- descriptors ---- */

struct x86_segment x86_direct_segment(const struct x86_vcpu *vcpu, u16 selector)
{
	return gate_segment(&vcpu->gate, selector);
}

/* Would loading the selector of @now give its hidden part? */
static __attribute__((noinline)) bool would_load(struct x86_vcpu *vcpu, const struct x86_segment *now)
{
	/* The accessed bit is always set in shadow tables, and L means nothing to a guest. */
	const u32 ignore = SEG_TYPE_ACCESSED | BIT(13);
	const struct x86_segment *loaded = gate_view(&vcpu->gate, now->selector);

	if (!(now->attr & SEG_P) && !(loaded->attr & SEG_P))
		return !(now->selector & ~SEL_RPL); /* only null can be loaded again */
	return ((now->attr ^ loaded->attr) & ~ignore) == 0 && now->base == loaded->base &&
	       now->limit == loaded->limit;
}

/* The same, which is asked after each exception that is delivered: mostly nothing has changed. */
static inline bool same_hidden(struct x86_vcpu *vcpu, const struct x86_segment *now)
{
	const struct x86_segment *view = &vcpu->gate.view[(now->selector >> 3) % GATE_VIEWS];
	const u32 *a = (const u32 *)now, *b = (const u32 *)view;

	if (a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && now->attr & SEG_P)
		return true;
	return !(now->selector & ~SEL_RPL) ? !(now->attr & SEG_P) : would_load(vcpu, now);
}

/* The way in makes a null selector with an RPL plain 0, as an IRET to an outer ring does. */
static bool is_lost_null(const struct x86_vcpu *vcpu, u16 selector)
{
	return !vcpu->vmi.active && selector && !(selector & ~SEL_RPL);
}

bool x86_direct_segments_match(struct x86_vcpu *vcpu)
{
	const struct x86_cpu *cpu = &vcpu->cpu;
	u32 rpl = cpu->cpl ? cpu->cpl : cpu->kernel_rpl;

	for (u32 i = 0; i < SREG_COUNT; i++) {
		/* A translated kernel's CS is ours while it runs. */
		if (i == SREG_CS && cpu->cpl == 0 && !vcpu->vmi.active)
			continue;
		if (!same_hidden(vcpu, &cpu->seg[i]) || is_lost_null(vcpu, cpu->seg[i].selector))
			return false;
	}
	/* The CPU can only be given CS and SS of its own ring, and all of ESP only if SS is 32-bit. */
	return (cpu->seg[SREG_CS].selector & SEL_RPL) == rpl &&
	       (cpu->seg[SREG_SS].selector & SEL_RPL) == rpl && (cpu->seg[SREG_SS].attr & SEG_DB);
}

/* Read @size bytes of descriptors at linear @address.  From what is unmapped nothing can be loaded. */
static void read_descriptors(struct x86_vcpu *vcpu, u32 address, u64 *raw, u32 size)
{
	if (interp_read_linear(vcpu->interp, gva(address), raw, size, ACCESS_READ))
		return;
	for (u32 i = 0; i < size / 8; i++)
		if (!interp_read_linear(vcpu->interp, gva(address + i * 8), &raw[i], 8, ACCESS_READ))
			raw[i] = 0;
}

/* Copy a guest table of @limit + 1 bytes at linear @base into a shadow table. */
static void load_table(struct x86_vcpu *vcpu, enum gate_table table, u32 base, u32 limit)
{
	u64 raw[32];
	u32 size = MIN(limit + 1, (u32)GATE_TABLE_PAGES * PAGE_SIZE) & ~7u;

	for (u32 offset = 0; offset < size; offset += sizeof(raw)) {
		u32 part = MIN(size - offset, (u32)sizeof(raw));

		read_descriptors(vcpu, base + offset, raw, part);
		for (u32 i = 0; i < part / 8; i++)
			if (gate_set_descriptor(&vcpu->gate, table, offset + i * 8,
						x86_translated_descriptor(vcpu, raw[i])))
				x86_vcpu_kill(vcpu, "no memory for a shadow descriptor table");
	}
	gate_clear_table(&vcpu->gate, table, size);
	x86_translated_trace(vcpu, table, base, size);
}

/* Each register follows its descriptor.  If that is gone, CS and SS stay what they are, as with LGDT: a kernel on its
 * way to real mode has no other to run in.  A data segment becomes null, since loading it again on the way in would
 * fault. */
static void reload_segment(struct x86_vcpu *vcpu, u32 reg)
{
	struct x86_segment *segment = &vcpu->cpu.seg[reg], now = x86_direct_segment(vcpu, segment->selector);

	if (!(now.attr & SEG_P)) {
		if (reg == SREG_CS || reg == SREG_SS)
			return;
		now.selector = 0;
	}
	*segment = now;
}

/* After SetGDT data segments do that, too: kexec of Linux goes on in those that it has, as with LGDT. */
static bool outlives_its_table(const struct x86_vcpu *vcpu, u16 selector)
{
	return vcpu->vmi.active && !(selector & SEL_TI) && selector & ~SEL_RPL &&
	       !(x86_direct_segment(vcpu, selector).attr & SEG_P);
}

void x86_direct_set_descriptor(struct x86_vcpu *vcpu, enum gate_table table, u32 offset, u64 raw)
{
	struct x86_cpu *cpu = &vcpu->cpu;
	u16 ti = table == GATE_TABLE_LDT ? SEL_TI : 0;

	if (gate_set_descriptor(&vcpu->gate, table, offset, raw)) {
		x86_vcpu_kill(vcpu, "no memory for a shadow descriptor table");
		return;
	}
	/* VMI: a live register follows its descriptor, and becomes null if that is gone. */
	for (u32 i = 0; i < SREG_COUNT; i++) {
		u16 selector = cpu->seg[i].selector;

		if ((selector & (SEL_INDEX | SEL_TI)) != (offset | ti) || !(selector & ~SEL_RPL))
			continue;
		reload_segment(vcpu, i);
	}
	vcpu->check_segments = true;
}

static void load_gdt(struct x86_vcpu *vcpu)
{
	load_table(vcpu, GATE_TABLE_GDT, vcpu->cpu.gdtr.base, vcpu->cpu.gdtr.limit);
	vcpu->gdt_stale = false;
}

static void load_ldt(struct x86_vcpu *vcpu)
{
	const struct x86_segment *ldtr = &vcpu->cpu.ldtr;
	u32 size = 0;

	/* After a reset LDTR is null and yet "present" with 64 KB at 0; nobody means that. */
	if (ldtr->attr & SEG_P && ldtr->selector & ~SEL_RPL)
		size = MIN(ldtr->limit, (u32)GDT_LIMIT) + 1;
	if (size)
		load_table(vcpu, GATE_TABLE_LDT, ldtr->base, size - 1);
	gate_set_ldt_size(&vcpu->gate, size);
	if (is_loaded(vcpu))
		switch_load_ldt(size ? GATE_LDT_SELECTOR : 0);
	vcpu->shadowed_ldt = *ldtr;
	vcpu->ldt_stale = false;
}

static bool task_changed_ldt(const struct x86_vcpu *vcpu)
{
	const struct x86_segment *now = &vcpu->cpu.ldtr, *then = &vcpu->shadowed_ldt;

	return now->base != then->base || now->limit != then->limit || now->attr != then->attr;
}

void x86_direct_load_stale(struct x86_vcpu *vcpu)
{
	bool gdt = vcpu->gdt_stale, ldt = vcpu->ldt_stale || task_changed_ldt(vcpu);

	if (!gdt && !ldt)
		return;
	/* A table of 64 KB takes a while: others come first then. */
	if (!vcpu->translated.polled || vcpu->cpu.gdtr.limit > 0x100)
		x86_vcpu_end_turn(vcpu);
	if (gdt)
		load_gdt(vcpu);
	if (ldt)
		load_ldt(vcpu);
	if (!vcpu->vmi.active && vcpu->translated.bt) {
		vcpu->translated.system_stale = true;
		return; /* registers keep their hidden parts */
	}
	for (u32 i = 0; i < SREG_COUNT; i++)
		if (!gdt || !outlives_its_table(vcpu, vcpu->cpu.seg[i].selector))
			reload_segment(vcpu, i);
	vmi_update_gates(vcpu);
}

void x86_direct_follow(struct x86_vcpu *vcpu, enum x86_op op)
{
	if (op == OP_LGDT || op == OP_LLDT) {
		*(op == OP_LGDT ? &vcpu->gdt_stale : &vcpu->ldt_stale) = true;
		vcpu->check_segments = true;
	}
	if (op == OP_LIDT)
		vmi_update_gates(vcpu);
	x86_translated_follow(vcpu, op);
}

/* ---- in and out ---- */

static void load_gate(struct x86_vcpu *vcpu)
{
	if (is_loaded(vcpu))
		return;
	switch_load_gate(vcpu->gate.base, vcpu->gate.host_pt);
	switch_load_ldt(vcpu->gate.ldt_limit ? GATE_LDT_SELECTOR : 0);
	this_cpu()->gate_owner = &vcpu->gate;
}

void x86_direct_fill_shared(struct x86_vcpu *vcpu)
{
	struct shared_page *shared = vcpu->gate.shared;
	const struct x86_cpu *cpu = &vcpu->cpu;

	if (vcpu->gate.guest_if) {
		*vcpu->gate.guest_if = cpu->eflags & EFLAGS_IF;
		gate_lock_if(&vcpu->gate, vcpu->intr && !(cpu->eflags & EFLAGS_IF));
	} else {
		shared->vif = cpu->eflags & EFLAGS_IF;
		shared->pending = vcpu->intr && !(cpu->eflags & EFLAGS_IF);
	}
	shared->cr0 = cpu->cr0;
	shared->cr2 = cpu->cr2;
	shared->cr3 = cpu->cr3;
	shared->cr4 = cpu->cr4;
}

void x86_direct_take_shared(struct x86_vcpu *vcpu)
{
	struct x86_cpu *cpu = &vcpu->cpu;
	u32 vif = vcpu->gate.guest_if ? READ_ONCE(*vcpu->gate.guest_if) :
					READ_ONCE(vcpu->gate.shared->vif);

	cpu->eflags = (cpu->eflags & ~EFLAGS_IF) | (vif & EFLAGS_IF);
	cpu->cr2 = READ_ONCE(vcpu->gate.shared->cr2);
	x86_direct_take_flush(vcpu);
}

void x86_direct_take_flush(struct x86_vcpu *vcpu)
{
	/* A guest that clears this by itself has not flushed. */
	if (!READ_ONCE(vcpu->gate.shared->flushed))
		return;
	vcpu->gate.shared->flushed = 0;
	interp_flush(vcpu->interp, TLB_FLUSH_ALL, gva(0));
	vmi_forget_table(vcpu);
}

static void fill_frame(const struct x86_vcpu *vcpu, struct guest_frame *frame)
{
	const struct x86_cpu *cpu = &vcpu->cpu;

	frame->gs = cpu->seg[SREG_GS].selector;
	frame->fs = cpu->seg[SREG_FS].selector;
	frame->es = cpu->seg[SREG_ES].selector;
	frame->ds = cpu->seg[SREG_DS].selector;
	frame->edi = cpu->gpr[REG_EDI];
	frame->esi = cpu->gpr[REG_ESI];
	frame->ebp = cpu->gpr[REG_EBP];
	frame->ebx = cpu->gpr[REG_EBX];
	frame->edx = cpu->gpr[REG_EDX];
	frame->ecx = cpu->gpr[REG_ECX];
	frame->eax = cpu->gpr[REG_EAX];
	frame->eip = cpu->eip;
	frame->cs = cpu->seg[SREG_CS].selector;
	frame->eflags = (cpu->eflags & ~HARDWARE_OURS) | HARDWARE_FIXED;
	frame->esp = cpu->gpr[REG_ESP];
	frame->ss = cpu->seg[SREG_SS].selector;
}

static void take_selector(struct x86_vcpu *vcpu, enum x86_sreg reg, u32 raw)
{
	struct x86_segment *segment = &vcpu->cpu.seg[reg];
	u16 selector = (u16)raw;

	if (segment->selector == selector)
		return;
	*segment = *gate_view(&vcpu->gate, selector);
	/* A 16-bit stack segment cannot be given back by IRET: the next entry must look. */
	vcpu->check_segments |= (reg == SREG_SS && !(segment->attr & SEG_DB)) ||
				is_lost_null(vcpu, selector);
}

/* Registers back from @frame, which only the CPU and our stub have written.  False: nothing of ours
 * can have led to where the guest is. */
static bool take_frame(struct x86_vcpu *vcpu, const struct guest_frame *frame)
{
	struct x86_cpu *cpu = &vcpu->cpu;
	u32 rpl = frame->cs & SEL_RPL;

	cpu->gpr[REG_EAX] = frame->eax;
	cpu->gpr[REG_ECX] = frame->ecx;
	cpu->gpr[REG_EDX] = frame->edx;
	cpu->gpr[REG_EBX] = frame->ebx;
	cpu->gpr[REG_ESP] = frame->esp;
	cpu->gpr[REG_EBP] = frame->ebp;
	cpu->gpr[REG_ESI] = frame->esi;
	cpu->gpr[REG_EDI] = frame->edi;
	cpu->eip = frame->eip;
	cpu->cpl = (u8)(rpl == (vcpu->vmi.active ? cpu->kernel_rpl : 1u) ? 0 : rpl);
	/* Where garbage shows, all that is not arithmetic is better taken from before. */
	if (frame->eflags & EFLAGS_RESERVED)
		cpu->eflags = (cpu->eflags & ~EFLAGS_ARITH) | (frame->eflags & EFLAGS_ARITH);
	else
		cpu->eflags = frame->eflags;
	cpu->eflags = (cpu->eflags & ~HARDWARE_OURS) | EFLAGS_FIXED |
		      (cpu->cpl == 3 ? vcpu->vmi.iopl : 0);
	x86_direct_take_shared(vcpu);
	take_selector(vcpu, SREG_GS, frame->gs);
	take_selector(vcpu, SREG_FS, frame->fs);
	take_selector(vcpu, SREG_ES, frame->es);
	take_selector(vcpu, SREG_DS, frame->ds);
	if (!vcpu->vmi.active && cpu->cpl == 0)
		return x86_translated_take(vcpu, frame);
	take_selector(vcpu, SREG_CS, frame->cs);
	take_selector(vcpu, SREG_SS, frame->ss);
	return true;
}

/* A fault of the way in: registers are still ours, only the exception is new. */
static void resume_fault(struct x86_vcpu *vcpu, const struct guest_frame *frame)
{
	vcpu->stats.resume_faults++;
	if (!switch_is_resume_fault(vcpu->gate.base, frame->eip)) {
		x86_vcpu_kill(vcpu, "exception %u in ring 0 of the gate at %#x, error %#x",
			      frame->vector & 0xff, frame->eip, frame->error);
		log_error("gate: exception %u at %#x, error %#x, from ring 0", frame->vector & 0xff,
			  frame->eip, frame->error);
		return;
	}
	vcpu->cpu.fault = (struct x86_fault){ .vector = (u8)frame->vector,
					      .has_error = true,
					      .error = frame->error };
	x86_vcpu_deliver_fault(vcpu);
}

/*
 * CMPXCHG8B on QEMU 7.2 leaves some operand ORed into EFLAGS until the next arithmetic instruction; it is in
 * what the CPU pushes, not in what it obeys.  Bits that EFLAGS does not have tell; in the
 * translation cache, so does IOPL, for nothing there can set it.  Each entry loads EFLAGS anew.
 */
static bool is_qemu_garbage(const struct x86_vcpu *vcpu, const struct guest_frame *frame)
{
	bool in_cache = vcpu->translated.bt && (u16)frame->cs == (BT_CS | 1);

	return frame->eflags & EFLAGS_IF &&
	       (frame->eflags & EFLAGS_RESERVED || (in_cache && !(frame->eflags & EFLAGS_VM)));
}

static bool platform_hole(const struct x86_vcpu *vcpu, const struct guest_frame *frame)
{
	return !is_qemu_garbage(vcpu, frame) &&
	       (frame->eflags & (EFLAGS_VM | EFLAGS_IOPL | EFLAGS_IF)) != EFLAGS_IF;
}

/* For those who look for mistakes: the guest stops where the shadow first allows what its tables do not. */
static void check_shadow(struct x86_vcpu *vcpu)
{
	u32 differences;

	if ((u32)vcpu->stats.exits % vcpu->config.check_shadow)
		return;
	differences = shadow_check(vcpu->shadow, &vcpu->cpu);
	if (differences)
		x86_vcpu_kill(vcpu, "%u shadow entries are not what the guest's tables say", differences);
}

/* Give the CPU to the guest, with the frame that is there.  Returns that of the exit, or NULL: the VM is stopped. */
static struct guest_frame *cross(struct x86_vcpu *vcpu)
{
	struct guest_frame *frame;

	if (vcpu->config.check_shadow)
		check_shadow(vcpu);
	x86_roots_note(vcpu);
	/* Every entry loads CR3 and so flushes the hardware's TLB. */
	shadow_take_tlb_flush(vcpu->shadow);
	switch_load_debug(vcpu->cpu.dr);
	frame = gate_exit_frame(&vcpu->gate, switch_enter(vcpu->root, gate_frame_linear(&vcpu->gate)));
	vcpu->stats.exits++;
	x86_roots_take(vcpu);
	switch_unload_debug();
	if (!frame)
		x86_vcpu_kill(vcpu, "exit frame is not on the entry stack");
	return frame;
}

/* The exit with @frame is none of a guest that runs, but a fault of the way in or what no CPU gives. */
static bool is_stray(struct x86_vcpu *vcpu, const struct guest_frame *frame)
{
	if (!(frame->eflags & EFLAGS_VM) && !(frame->cs & SEL_RPL)) {
		resume_fault(vcpu, frame);
		return true;
	}
	if (!platform_hole(vcpu, frame))
		return false;
	x86_vcpu_kill(vcpu, "platform hole: EFLAGS %#x at %04x:%08x, which direct execution "
		      "does not give", frame->eflags, frame->cs & 0xffff, frame->eip);
	/* A real interrupt that brought us here must not be lost with the VM. */
	if (x86_exit_is_external((u8)frame->vector))
		switch_external_interrupt((u8)frame->vector);
	return true;
}

static void prepare(struct x86_vcpu *vcpu, u32 place)
{
	struct x86_cpu *cpu = &vcpu->cpu;

	load_gate(vcpu);
	if (vcpu->root_stale) {
		vcpu->root = shadow_root(vcpu->shadow, cpu);
		vcpu->root_stale = false;
	}
	x86_direct_fill_shared(vcpu);
	fill_frame(vcpu, gate_frame(&vcpu->gate));
	if (place)
		x86_translated_fill(vcpu, gate_frame(&vcpu->gate), place);
	vcpu->translated.in_cache = false;
	switch_set_sysenter(vcpu->translated.sysenter);
	switch_load_fpu(cpu->fpu);
	switch_set_guest_cr4(cpu->cr4 | (cpu->tsc_offset ? CR4_TSD : 0));
	switch_set_guest_cr0(cpu->cr0);
}

bool x86_direct_run(struct x86_vcpu *vcpu, u32 place)
{
	struct guest_frame *frame;
	bool done;

	prepare(vcpu, place);
	do {
		frame = cross(vcpu);
		if (!frame || is_stray(vcpu, frame))
			return !vcpu->killed;
		done = (u8)frame->vector == EXCP_PF && x86_light_exit(vcpu, frame);
	} while (done && x86_light_again(vcpu, frame));

	if (!take_frame(vcpu, frame)) {
		x86_vcpu_kill(vcpu, "platform hole: in ring 1 at %04x:%08x, outside of the "
			      "translation cache", frame->cs & 0xffff, frame->eip);
		return false;
	}
	if (vcpu->translated.bt)
		x86_desc_settle(vcpu);
	if (vcpu->config.compare)
		x86_both_compare(vcpu);
	return done ? !vcpu->killed :
		      x86_exit_handle(vcpu, (u8)frame->vector, frame->error, switch_fault_address());
}
