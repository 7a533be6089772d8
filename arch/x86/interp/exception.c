/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Delivery of exceptions and interrupts: through the interrupt vector table in real mode, through the
 * IDT's gates in protected mode, with the stack of an inner level from the TSS (or from the caller of
 * the interpreter), and from V86 with its longer frame.
 *
 * Delivery itself can fault.  The state before it is then taken back, the two faults are combined by
 * the double-fault rules, and delivery starts over with the result; a fault during the delivery of a
 * double fault shuts the CPU down.  While the event is not a software interrupt, error codes of such
 * faults carry EXT.  [SDM3A 6.8-6.15]
 */
#include "arch/x86/interp/interp_priv.h"

enum emul_result raise(struct interp *ip, u8 vector)
{
	ip->cpu->fault = (struct x86_fault){ .vector = vector };
	return EMUL_FAULT;
}

enum emul_result raise_code(struct interp *ip, u8 vector, u32 error)
{
	u32 ext = vector == EXCP_AC ? 0 : ip->ext;

	ip->cpu->fault =
		(struct x86_fault){ .vector = vector, .has_error = true, .error = error | ext };
	return EMUL_FAULT;
}

void interp_save(struct interp *ip)
{
	memcpy(ip->saved, ip->cpu, SAVED_STATE);
}

void interp_restore(struct interp *ip)
{
	memcpy(ip->cpu, ip->saved, SAVED_STATE);
}

/* ---- real mode ----------------------------------------------------------------------------------- */
static enum emul_result deliver_real(struct interp *ip, const struct event *event)
{
	struct x86_cpu *cpu = ip->cpu;
	u32 at = event->vector * 4u;
	u16 entry[2];

	if (at + 3 > cpu->idtr.limit)
		return raise_code(ip, EXCP_GP, at * 2 + ERROR_IDT);
	TRY(lin_read(ip, cpu->idtr.base + at, entry, sizeof(entry), 0));
	TRY(stack_push(ip, 2, cpu->eflags));
	TRY(stack_push(ip, 2, cpu->seg[SREG_CS].selector));
	TRY(stack_push(ip, 2, cpu->eip));
	cpu->eflags &= ~(EFLAGS_IF | EFLAGS_TF | EFLAGS_AC | EFLAGS_RF);
	segment_load_real(ip, SREG_CS, entry[1]);
	cpu->eip = entry[0];
	return EMUL_DONE;
}

/* ---- V86 with virtual-8086 extensions -------------------------------------------------------------- */
/* Does the redirection bitmap below the I/O bitmap leave INT @vector to the 8086 program? */
static enum emul_result vme_redirects(struct interp *ip, u8 vector, bool *redirects)
{
	const struct x86_segment *tr = &ip->cpu->tr;
	u16 io_base;
	u8 bits;

	*redirects = false;
	if (tr->limit < 103)
		return raise_gp0(ip);
	TRY(lin_read(ip, tr->base + 102, &io_base, 2, 0));
	if (io_base < 32 || io_base - 32u + vector / 8u > tr->limit)
		return raise_gp0(ip);
	TRY(lin_read(ip, tr->base + io_base - 32 + vector / 8u, &bits, 1, 0));
	*redirects = !(bits & BIT(vector % 8));
	return EMUL_DONE;
}

static enum emul_result deliver_vme(struct interp *ip, u8 vector)
{
	struct x86_cpu *cpu = ip->cpu;
	u32 flags = cpu->eflags, own_if = EFLAGS_IF;
	u16 entry[2];

	if (x86_iopl(cpu) < 3) {
		own_if = EFLAGS_VIF;
		flags = (flags & ~EFLAGS_IF) | EFLAGS_IOPL |
			(flags & EFLAGS_VIF ? EFLAGS_IF : 0);
	}
	TRY(lin_read(ip, vector * 4u, entry, sizeof(entry), ACCESS_USER));
	TRY(stack_push(ip, 2, flags));
	TRY(stack_push(ip, 2, cpu->seg[SREG_CS].selector));
	TRY(stack_push(ip, 2, cpu->eip));
	cpu->eflags &= ~(own_if | EFLAGS_TF);
	segment_load_v86(ip, SREG_CS, entry[1]);
	cpu->eip = entry[0];
	return EMUL_DONE;
}

/* ---- protected mode --------------------------------------------------------------------------------- */
static enum emul_result tss_stack(struct interp *ip, u32 cpl, u16 *ss, u32 *esp)
{
	const struct x86_segment *tr = &ip->cpu->tr;
	bool wide = attr_type(tr->attr) & DESCRIPTOR_TYPE_32BIT;
	u32 at = wide ? 4 + 8 * cpl : 2 + 4 * cpl, size = wide ? 4 : 2, selector;

	if (at + size + 1 > tr->limit)
		return raise_sel(ip, EXCP_TS, tr->selector);
	TRY(lin_read32(ip, tr->base + at, size, 0, esp));
	TRY(lin_read32(ip, tr->base + at + size, 2, 0, &selector));
	*ss = (u16)selector;
	return EMUL_DONE;
}

enum emul_result exception_inner_stack(struct interp *ip, u32 cpl, struct new_stack *stack)
{
	u16 ss;

	if (cpl || ip->cpu->cpl != 3 || !ip->ops->kernel_stack(ip->opaque, &ss, &stack->esp))
		TRY(tss_stack(ip, cpl, &ss, &stack->esp));
	TRY(segment_load_ss(ip, ss, cpl, EXCP_TS, &stack->ss));
	stack->access = 0;
	stack->error = ss & ~SEL_RPL;
	return EMUL_DONE;
}

/* The frame, from the outermost item to the error code. */
static enum emul_result push_frame(struct interp *ip, const struct event *event,
				   struct new_stack *stack, u32 size, bool inner)
{
	static const u8 v86_order[] = { SREG_GS, SREG_FS, SREG_DS, SREG_ES };
	const struct x86_cpu *cpu = ip->cpu;
	bool v86 = x86_v86_mode(cpu);
	u32 items = 3u + (inner ? 2 : 0) + (v86 ? 4 : 0) + event->has_error;

	TRY(new_stack_room(ip, stack, items * size));
	for (u32 i = 0; v86 && i < ARRAY_SIZE(v86_order); i++)
		TRY(new_stack_push(ip, stack, size, cpu->seg[v86_order[i]].selector));
	if (inner) {
		TRY(new_stack_push(ip, stack, size, cpu->seg[SREG_SS].selector));
		TRY(new_stack_push(ip, stack, size, cpu->gpr[REG_ESP]));
	}
	TRY(new_stack_push(ip, stack, size, cpu->eflags | (event->set_rf ? EFLAGS_RF : 0)));
	TRY(new_stack_push(ip, stack, size, cpu->seg[SREG_CS].selector));
	TRY(new_stack_push(ip, stack, size, cpu->eip));
	return event->has_error ? new_stack_push(ip, stack, size, event->error) : EMUL_DONE;
}

/* Leave V86 or stay in protected mode: segments and flags of the handler. */
static void enter_handler(struct interp *ip, bool interrupt_gate)
{
	struct x86_cpu *cpu = ip->cpu;

	if (x86_v86_mode(cpu)) {
		segment_null(&cpu->seg[SREG_DS]);
		segment_null(&cpu->seg[SREG_ES]);
		segment_null(&cpu->seg[SREG_FS]);
		segment_null(&cpu->seg[SREG_GS]);
	}
	cpu->eflags &= ~(EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_VM);
	if (interrupt_gate)
		cpu->eflags &= ~EFLAGS_IF;
}

static enum emul_result deliver_handler(struct interp *ip, const struct event *event,
					const struct x86_gate *gate)
{
	u32 cpl = ip->cpu->cpl, new_cpl = cpl;
	u16 target = gate->selector;
	struct new_stack stack;
	struct descriptor code;
	bool inner;

	if (selector_is_null(target))
		return raise_gp0(ip);
	TRY(desc_read(ip, target, EXCP_GP, &code));
	if (!attr_is_code(code.attr) || attr_dpl(code.attr) > cpl)
		return raise_sel(ip, EXCP_GP, target);
	if (!(code.attr & SEG_P))
		return raise_sel(ip, EXCP_NP, target);
	inner = !attr_is_conforming(code.attr) && attr_dpl(code.attr) < cpl;
	if (x86_v86_mode(ip->cpu) && (!inner || attr_dpl(code.attr) != 0))
		return raise_sel(ip, EXCP_GP, target);
	if (inner) {
		new_cpl = attr_dpl(code.attr);
		TRY(exception_inner_stack(ip, new_cpl, &stack));
	} else {
		new_stack_current(ip, &stack);
	}
	if (gate->offset > descriptor_limit(code.raw))
		return raise_gp0(ip);
	TRY(push_frame(ip, event, &stack, gate->attr & DESCRIPTOR_TYPE_32BIT ? 4 : 2, inner));
	TRY(desc_set_accessed(ip, &code));
	enter_handler(ip, !(attr_type(gate->attr) & 1));
	new_stack_commit(ip, &stack);
	control_commit(ip, &code, target, new_cpl, gate->offset);
	return EMUL_DONE;
}

static enum emul_result deliver_task(struct interp *ip, const struct event *event, u16 selector)
{
	struct descriptor d;

	TRY(task_find_tss(ip, selector, EXCP_GP, &d));
	if (event->set_rf)
		ip->cpu->eflags |= EFLAGS_RF;
	return task_switch(ip, selector, &d, TASK_EVENT, event->has_error ? &event->error : NULL);
}

#define GATE_TYPES                                                                                 \
	(BIT(DESCRIPTOR_TASK_GATE) | BIT(DESCRIPTOR_INTERRUPT_GATE16) |                            \
	 BIT(DESCRIPTOR_TRAP_GATE16) | BIT(DESCRIPTOR_INTERRUPT_GATE32) |                          \
	 BIT(DESCRIPTOR_TRAP_GATE32))

static enum emul_result deliver_protected(struct interp *ip, const struct event *event)
{
	const u32 at = event->vector * 8u;
	bool software = event->kind == EVENT_INT_N || event->kind == EVENT_INT_3_O;
	struct x86_gate gate;
	u64 raw;

	if (at + 7 > ip->cpu->idtr.limit)
		return raise_code(ip, EXCP_GP, at | ERROR_IDT);
	TRY(lin_read(ip, ip->cpu->idtr.base + at, &raw, sizeof(raw), 0));
	gate = descriptor_gate(raw);
	if (!attr_is_system(gate.attr) || !(GATE_TYPES >> attr_type(gate.attr) & 1))
		return raise_code(ip, EXCP_GP, at | ERROR_IDT);
	if (software && attr_dpl(gate.attr) < ip->cpu->cpl)
		return raise_code(ip, EXCP_GP, at | ERROR_IDT);
	if (!(gate.attr & SEG_P))
		return raise_code(ip, EXCP_NP, at | ERROR_IDT);
	if (attr_type(gate.attr) == DESCRIPTOR_TASK_GATE)
		return deliver_task(ip, event, gate.selector);
	return deliver_handler(ip, event, &gate);
}

enum emul_result exception_deliver(struct interp *ip, const struct event *event)
{
	struct x86_cpu *cpu = ip->cpu;
	bool redirects;

	if (!x86_protected_mode(cpu))
		return deliver_real(ip, event);
	if (x86_v86_mode(cpu) && event->kind == EVENT_INT_N) {
		if (cpu->cr4 & CR4_VME) {
			TRY(vme_redirects(ip, event->vector, &redirects));
			if (redirects)
				return deliver_vme(ip, event->vector);
		}
		if (x86_iopl(cpu) < 3)
			return raise_gp0(ip);
	}
	return deliver_protected(ip, event);
}

/* ---- from outside ---------------------------------------------------------------------------------- */
static bool is_contributory(u8 vector)
{
	return vector == EXCP_DE || (vector >= EXCP_TS && vector <= EXCP_GP);
}

/* Does @second during the delivery of exception @first make a double fault? [SDM3A table 6-5] */
static bool makes_double_fault(u8 first, u8 second)
{
	if (first == EXCP_PF)
		return second == EXCP_PF || is_contributory(second);
	return is_contributory(first) && is_contributory(second);
}

static struct event event_of_fault(const struct x86_fault *fault)
{
	return (struct event){
		.kind = EVENT_EXCEPTION,
		.vector = fault->vector,
		.has_error = fault->has_error,
		.error = fault->error,
		.set_rf = !fault->is_trap && fault->vector != EXCP_DF,
	};
}

/* What an exception does to control and debug registers when it is delivered. */
static void note_fault(struct x86_cpu *cpu)
{
	if (cpu->fault.vector == EXCP_PF)
		cpu->cr2 = cpu->fault.cr2;
	if (cpu->fault.vector == EXCP_DB) {
		cpu->dr[6] |= cpu->fault.dr6;
		cpu->dr[7] &= ~DR7_GD;
	}
}

static enum emul_result deliver(struct interp *ip, struct event event)
{
	struct x86_cpu *cpu = ip->cpu;
	enum emul_result result;

	cpu->interrupt_shadow = 0;
	cpu->activity = CPU_RUNNING;
	for (;;) {
		tlb_sync(ip);
		if (LIKELY(deliver_fast(ip, &event)))
			return EMUL_DONE;
		interp_save(ip);
		ip->committed = false;
		ip->ext = ERROR_EXT;
		result = exception_deliver(ip, &event);
		ip->ext = 0;
		if (result != EMUL_FAULT)
			return result;
		if (!ip->committed)
			interp_restore(ip);
		if (event.kind == EVENT_EXCEPTION && event.vector == EXCP_DF) {
			cpu->activity = CPU_SHUTDOWN;
			return EMUL_DONE;
		}
		note_fault(cpu);
		if (event.kind == EVENT_EXCEPTION &&
		    makes_double_fault(event.vector, cpu->fault.vector))
			raise_code(ip, EXCP_DF, 0);
		event = event_of_fault(&cpu->fault);
	}
}

enum emul_result interp_deliver_fault(struct interp *ip)
{
	note_fault(ip->cpu);
	return deliver(ip, event_of_fault(&ip->cpu->fault));
}

enum emul_result interp_deliver_interrupt(struct interp *ip, u8 vector)
{
	return deliver(ip, (struct event){ .kind = EVENT_EXTERNAL, .vector = vector });
}

enum emul_result interp_deliver_nmi(struct interp *ip)
{
	ip->cpu->nmi_blocked = 1;
	return deliver(ip, (struct event){ .kind = EVENT_EXTERNAL, .vector = EXCP_NMI });
}
