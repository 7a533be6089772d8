/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Far transfers: JMP, CALL and RET between segments, and call gates.
 *
 * In real mode and V86 a selector is a paragraph and nothing is checked but the limit.  In protected
 * mode a transfer either stays at its privilege level, goes inwards through a call gate (new stack
 * from the TSS, parameters copied), or outwards by RET and IRET (stack from the frame, segments that
 * the outer level may not have become null).  All handlers here are COMPLEX: on a fault the whole
 * state is taken back.  [SDM2 CALL, JMP, RET; SDM3A 5.8]
 */
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"

void control_commit(struct interp *ip, const struct descriptor *d, u16 selector, u32 cpl, u32 eip)
{
	struct x86_cpu *cpu = ip->cpu;

	cpu->seg[SREG_CS] = descriptor_segment(d->raw, sel_shown(ip, selector, cpl));
	cpu->cpl = (u8)cpl;
	cpu->eip = eip;
}

/* A code segment for a transfer to privilege level @level: a JMP or CALL has @level = CPL and passes
 * the selector's RPL to compare, a return has @level = RPL. */
static enum emul_result check_code(struct interp *ip, u16 selector, u32 level,
				   struct descriptor *d)
{
	if (selector_is_null(selector))
		return raise_gp0(ip);
	TRY(desc_read(ip, selector, EXCP_GP, d));
	if (!attr_is_code(d->attr))
		return raise_sel(ip, EXCP_GP, selector);
	if (attr_is_conforming(d->attr) ? attr_dpl(d->attr) > level : attr_dpl(d->attr) != level)
		return raise_sel(ip, EXCP_GP, selector);
	if (!(d->attr & SEG_P))
		return raise_sel(ip, EXCP_NP, selector);
	return EMUL_DONE;
}

static enum emul_result check_limit(struct interp *ip, const struct descriptor *d, u32 eip)
{
	return eip > descriptor_limit(d->raw) ? raise_gp0(ip) : EMUL_DONE;
}

static void load_real(struct interp *ip, u32 reg, u16 selector)
{
	if (x86_v86_mode(ip->cpu))
		segment_load_v86(ip, reg, selector);
	else
		segment_load_real(ip, reg, selector);
}

/* ---- JMP and CALL ---------------------------------------------------------------------------------- */
static enum emul_result read_far_operand(struct interp *ip, const struct x86_insn *insn,
					 u32 index, u32 *offset, u16 *selector)
{
	u32 size = insn->operand_size, at, value;

	if (insn->operand[index].kind != OPERAND_MEM) {
		*offset = insn->imm & size_mask(size);
		*selector = (u16)insn->imm2;
		return EMUL_DONE;
	}
	at = op_offset(ip, insn);
	TRY(mem_read(ip, insn->mem.seg, at, size, offset));
	TRY(mem_read(ip, insn->mem.seg, at + size, 2, &value));
	*selector = (u16)value;
	return EMUL_DONE;
}

static enum emul_result push_return(struct interp *ip, u32 size)
{
	TRY(stack_push(ip, size, ip->cpu->seg[SREG_CS].selector));
	return stack_push(ip, size, ip->cpu->eip);
}

static enum emul_result far_real(struct interp *ip, u16 selector, u32 offset, u32 size,
				 bool is_call)
{
	if (offset > ip->cpu->seg[SREG_CS].limit)
		return raise_gp0(ip);
	if (is_call)
		TRY(push_return(ip, size));
	load_real(ip, SREG_CS, selector);
	ip->cpu->eip = offset;
	return EMUL_DONE;
}

static enum emul_result far_code(struct interp *ip, u16 selector, u32 offset, u32 size,
				 bool is_call)
{
	u32 cpl = ip->cpu->cpl;
	struct descriptor d;

	TRY(check_code(ip, selector, cpl, &d));
	if (is_call)
		TRY(push_return(ip, size));
	TRY(check_limit(ip, &d, offset));
	TRY(desc_set_accessed(ip, &d));
	control_commit(ip, &d, selector, cpl, offset);
	return EMUL_DONE;
}

static enum emul_result far_task(struct interp *ip, u16 selector, struct descriptor *d, bool is_call)
{
	u32 dpl = attr_dpl(d->attr);

	if (dpl < ip->cpu->cpl || dpl < sel_rpl(ip, selector))
		return raise_sel(ip, EXCP_GP, selector);
	if (attr_type(d->attr) == DESCRIPTOR_TASK_GATE) {
		if (!(d->attr & SEG_P))
			return raise_sel(ip, EXCP_NP, selector);
		selector = descriptor_gate(d->raw).selector;
	}
	TRY(task_find_tss(ip, selector, EXCP_GP, d));
	return task_switch(ip, selector, d, is_call ? TASK_CALL : TASK_JMP, NULL);
}

static enum emul_result far_protected(struct interp *ip, u16 selector, u32 offset, u32 size,
				      bool is_call)
{
	struct descriptor d;

	if (selector_is_null(selector))
		return raise_gp0(ip);
	TRY(desc_read(ip, selector, EXCP_GP, &d));
	if (!attr_is_system(d.attr)) {
		if (!attr_is_conforming(d.attr) && sel_rpl(ip, selector) > ip->cpu->cpl)
			return raise_sel(ip, EXCP_GP, selector);
		return far_code(ip, selector, offset, size, is_call);
	}
	switch (attr_type(d.attr)) {
	case DESCRIPTOR_CALL_GATE16:
	case DESCRIPTOR_CALL_GATE32:
		return gate_call(ip, selector, &d, is_call);
	case DESCRIPTOR_TASK_GATE:
	case DESCRIPTOR_TSS16:
	case DESCRIPTOR_TSS32:
		return far_task(ip, selector, &d, is_call);
	default:
		return raise_sel(ip, EXCP_GP, selector);
	}
}

static enum emul_result far_transfer(struct interp *ip, const struct x86_insn *insn, bool is_call)
{
	u32 offset;
	u16 selector;

	TRY(read_far_operand(ip, insn, 0, &offset, &selector));
	if (x86_real_segments(ip->cpu))
		return far_real(ip, selector, offset, insn->operand_size, is_call);
	return far_protected(ip, selector, offset, insn->operand_size, is_call);
}
enum emul_result exec_jmp_far(struct interp *ip, const struct x86_insn *insn)
{
	return far_transfer(ip, insn, false);
}
enum emul_result exec_call_far(struct interp *ip, const struct x86_insn *insn)
{
	return far_transfer(ip, insn, true);
}

/* LDS, LES, LFS, LGS, LSS: operand 0 is the general register; @reg is loaded from the pointer. */
static enum emul_result load_pointer(struct interp *ip, const struct x86_insn *insn, u32 reg)
{
	u32 offset;
	u16 selector;

	TRY(read_far_operand(ip, insn, 1, &offset, &selector));
	TRY(segment_load(ip, reg, selector));
	gpr_write(ip->cpu, insn->operand[0].reg, insn->operand_size, offset);
	return EMUL_DONE;
}
#define LOAD_POINTER(name, reg)                                                                    \
	enum emul_result exec_##name(struct interp *ip, const struct x86_insn *insn)               \
	{                                                                                          \
		return load_pointer(ip, insn, reg);                                                \
	}
LOAD_POINTER(les, SREG_ES)
LOAD_POINTER(lds, SREG_DS)
LOAD_POINTER(lss, SREG_SS)
LOAD_POINTER(lfs, SREG_FS)
LOAD_POINTER(lgs, SREG_GS)

/* ---- call gates -------------------------------------------------------------------------------------- */
/* The parameters lie above the top of the caller's stack. */
static enum emul_result copy_parameters(struct interp *ip, struct new_stack *stack, u32 count,
					u32 size)
{
	while (count--) {
		u32 value;

		TRY(stack_peek(ip, count * size, size, &value));
		TRY(new_stack_push(ip, stack, size, value));
	}
	return EMUL_DONE;
}

static enum emul_result gate_call_inner(struct interp *ip, const struct x86_gate *gate, u32 size,
					struct descriptor *code)
{
	u32 cpl = attr_dpl(code->attr), count = gate->parameters;
	struct x86_cpu *cpu = ip->cpu;
	struct new_stack stack;

	TRY(exception_inner_stack(ip, cpl, &stack));
	TRY(new_stack_room(ip, &stack, (4 + count) * size));
	TRY(check_limit(ip, code, gate->offset));
	TRY(new_stack_push(ip, &stack, size, cpu->seg[SREG_SS].selector));
	TRY(new_stack_push(ip, &stack, size, cpu->gpr[REG_ESP]));
	TRY(copy_parameters(ip, &stack, count, size));
	TRY(new_stack_push(ip, &stack, size, cpu->seg[SREG_CS].selector));
	TRY(new_stack_push(ip, &stack, size, cpu->eip));
	TRY(desc_set_accessed(ip, code));
	new_stack_commit(ip, &stack);
	control_commit(ip, code, gate->selector, cpl, gate->offset);
	return EMUL_DONE;
}

enum emul_result gate_call(struct interp *ip, u16 selector, const struct descriptor *d,
			   bool is_call)
{
	struct x86_gate gate = descriptor_gate(d->raw);
	u32 size = attr_type(d->attr) & DESCRIPTOR_TYPE_32BIT ? 4 : 2;
	u32 cpl = ip->cpu->cpl;
	struct descriptor code;
	bool inner;

	if (attr_dpl(d->attr) < cpl || attr_dpl(d->attr) < sel_rpl(ip, selector))
		return raise_sel(ip, EXCP_GP, selector);
	if (!(d->attr & SEG_P))
		return raise_sel(ip, EXCP_NP, selector);
	if (selector_is_null(gate.selector))
		return raise_gp0(ip);
	TRY(desc_read(ip, gate.selector, EXCP_GP, &code));
	if (!attr_is_code(code.attr) || attr_dpl(code.attr) > cpl)
		return raise_sel(ip, EXCP_GP, gate.selector);
	inner = !attr_is_conforming(code.attr) && attr_dpl(code.attr) < cpl;
	if (inner && !is_call)
		return raise_sel(ip, EXCP_GP, gate.selector);
	if (!(code.attr & SEG_P))
		return raise_sel(ip, EXCP_NP, gate.selector);
	if (inner)
		return gate_call_inner(ip, &gate, size, &code);
	if (is_call)
		TRY(push_return(ip, size));
	TRY(check_limit(ip, &code, gate.offset));
	TRY(desc_set_accessed(ip, &code));
	control_commit(ip, &code, gate.selector, cpl, gate.offset);
	return EMUL_DONE;
}

/* ---- RET ------------------------------------------------------------------------------------------------ */
enum emul_result far_read_frame(struct interp *ip, struct far_frame *frame)
{
	u32 cs;

	TRY(stack_peek(ip, 0, frame->size, &frame->eip));
	TRY(stack_peek(ip, frame->size, frame->size, &cs));
	frame->cs = (u16)cs;
	return EMUL_DONE;
}

enum emul_result far_return_real(struct interp *ip, const struct far_frame *frame)
{
	if (frame->eip > ip->cpu->seg[SREG_CS].limit)
		return raise_gp0(ip);
	stack_adjust(ip, frame->release + frame->parameters);
	load_real(ip, SREG_CS, frame->cs);
	ip->cpu->eip = frame->eip;
	return EMUL_DONE;
}

static enum emul_result return_outer(struct interp *ip, const struct far_frame *frame, u32 rpl,
				     struct descriptor *code)
{
	u32 at = frame->release + frame->parameters, esp, ss;
	struct new_stack stack;

	TRY(stack_peek(ip, at, frame->size, &esp));
	TRY(stack_peek(ip, at + frame->size, frame->size, &ss));
	TRY(segment_load_ss(ip, (u16)ss, rpl, EXCP_GP, &stack.ss));
	TRY(check_limit(ip, code, frame->eip));
	TRY(desc_set_accessed(ip, code));
	stack.esp = esp + frame->parameters;
	new_stack_commit(ip, &stack);
	control_commit(ip, code, frame->cs, rpl, frame->eip);
	segment_drop_inner(ip, rpl);
	return EMUL_DONE;
}

enum emul_result far_return_protected(struct interp *ip, const struct far_frame *frame)
{
	u32 rpl = sel_rpl(ip, frame->cs), cpl = ip->cpu->cpl;
	struct descriptor code;

	if (selector_is_null(frame->cs))
		return raise_gp0(ip);
	if (rpl < cpl)
		return raise_sel(ip, EXCP_GP, frame->cs);
	TRY(check_code(ip, frame->cs, rpl, &code));
	if (rpl > cpl)
		return return_outer(ip, frame, rpl, &code);
	TRY(check_limit(ip, &code, frame->eip));
	TRY(desc_set_accessed(ip, &code));
	stack_adjust(ip, frame->release + frame->parameters);
	control_commit(ip, &code, frame->cs, cpl, frame->eip);
	return EMUL_DONE;
}

enum emul_result exec_ret_far(struct interp *ip, const struct x86_insn *insn)
{
	struct far_frame frame = { .size = insn->operand_size,
				   .release = 2u * insn->operand_size,
				   .parameters = insn->operand_count ? insn->imm & 0xffff : 0 };

	TRY(far_read_frame(ip, &frame));
	return x86_real_segments(ip->cpu) ? far_return_real(ip, &frame) : far_return_protected(ip, &frame);
}
