/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stack: push and pop with the width of SS.B, stacks that a gate or interrupt is about to switch
 * to, and the instructions that are about nothing else (PUSH, POP, PUSHA, ENTER, PUSHF ...).
 *
 * With a 16-bit stack segment only SP moves and the high half of ESP stays.  ESP may change before a
 * fault: interp_step takes it back.
 */
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"

static inline u32 stack_mask(const struct x86_segment *ss)
{
	return ss->attr & SEG_DB ? 0xffffffffu : 0xffffu;
}

void stack_adjust(struct interp *ip, u32 delta)
{
	struct x86_cpu *cpu = ip->cpu;
	u32 mask = stack_mask(&cpu->seg[SREG_SS]);

	cpu->gpr[REG_ESP] = (cpu->gpr[REG_ESP] & ~mask) | ((cpu->gpr[REG_ESP] + delta) & mask);
}

enum emul_result stack_push(struct interp *ip, u32 size, u32 value)
{
	u32 mask = stack_mask(&ip->cpu->seg[SREG_SS]);

	TRY(mem_write(ip, SREG_SS, (ip->cpu->gpr[REG_ESP] - size) & mask, size, value));
	stack_adjust(ip, 0 - size);
	return EMUL_DONE;
}

enum emul_result stack_peek(struct interp *ip, u32 depth, u32 size, u32 *value)
{
	u32 mask = stack_mask(&ip->cpu->seg[SREG_SS]);

	return mem_read(ip, SREG_SS, (ip->cpu->gpr[REG_ESP] + depth) & mask, size, value);
}

enum emul_result stack_pop(struct interp *ip, u32 size, u32 *value)
{
	TRY(stack_peek(ip, 0, size, value));
	stack_adjust(ip, size);
	return EMUL_DONE;
}

/* ---- stacks to come ---------------------------------------------------------------------------- */
void new_stack_current(struct interp *ip, struct new_stack *stack)
{
	stack->ss = ip->cpu->seg[SREG_SS];
	stack->esp = ip->cpu->gpr[REG_ESP];
	stack->access = access_user(ip);
	stack->error = 0;
}

enum emul_result new_stack_room(struct interp *ip, const struct new_stack *stack, u32 size)
{
	u32 mask = stack_mask(&stack->ss);

	for (u32 done = 2; done <= size; done += 2)
		if (!segment_contains(&stack->ss, (stack->esp - done) & mask, 2))
			return raise_code(ip, EXCP_SS, stack->error);
	return EMUL_DONE;
}

enum emul_result new_stack_push(struct interp *ip, struct new_stack *stack, u32 size, u32 value)
{
	u32 mask = stack_mask(&stack->ss);
	u32 offset = (stack->esp - size) & mask;

	if (!segment_contains(&stack->ss, offset, size))
		return raise_code(ip, EXCP_SS, stack->error);
	TRY(lin_write32(ip, stack->ss.base + offset, size, stack->access, value));
	stack->esp = (stack->esp & ~mask) | offset;
	return EMUL_DONE;
}

void new_stack_commit(struct interp *ip, const struct new_stack *stack)
{
	u32 mask = stack_mask(&stack->ss);
	u32 *esp = &ip->cpu->gpr[REG_ESP];

	ip->cpu->seg[SREG_SS] = stack->ss;
	*esp = (*esp & ~mask) | (stack->esp & mask);
}

/* ---- PUSH, POP ----------------------------------------------------------------------------------- */
enum emul_result exec_push(struct interp *ip, const struct x86_insn *insn)
{
	u32 value;

	TRY(op_read(ip, insn, 0, &value));
	return stack_push(ip, insn->operand_size, value);
}

/* The address of a memory operand that uses ESP counts from the incremented ESP. */
enum emul_result exec_pop(struct interp *ip, const struct x86_insn *insn)
{
	u32 value;

	TRY(stack_pop(ip, insn->operand_size, &value));
	return op_write(ip, insn, 0, value);
}

enum emul_result exec_push_sreg(struct interp *ip, const struct x86_insn *insn)
{
	return stack_push(ip, insn->operand_size, ip->cpu->seg[insn->operand[0].reg].selector);
}

enum emul_result exec_pop_sreg(struct interp *ip, const struct x86_insn *insn)
{
	u32 reg = insn->operand[0].reg, value;

	/* Only the selector's two bytes are read. */
	TRY(stack_peek(ip, 0, 2, &value));
	TRY(segment_load(ip, reg, (u16)value));
	/* The width of the stack that was popped from counts, not that of a new SS. */
	if (reg == SREG_SS) {
		const struct x86_segment *old = &((struct x86_cpu *)ip->saved)->seg[SREG_SS];
		u32 mask = stack_mask(old), *esp = &ip->cpu->gpr[REG_ESP];

		*esp = (*esp & ~mask) | ((*esp + insn->operand_size) & mask);
		ip->new_shadow |= SHADOW_MOV_SS;
		return EMUL_DONE;
	}
	stack_adjust(ip, insn->operand_size);
	return EMUL_DONE;
}

enum emul_result exec_pusha(struct interp *ip, const struct x86_insn *insn)
{
	u32 esp = ip->cpu->gpr[REG_ESP];

	for (u32 reg = REG_EAX; reg <= REG_EDI; reg++)
		TRY(stack_push(ip, insn->operand_size, reg == REG_ESP ? esp : ip->cpu->gpr[reg]));
	return EMUL_DONE;
}

enum emul_result exec_popa(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size, value[REG_COUNT];

	for (u32 i = 0; i < REG_COUNT; i++)
		TRY(stack_peek(ip, i * size, size, &value[REG_EDI - i]));
	for (u32 reg = REG_EAX; reg <= REG_EDI; reg++)
		if (reg != REG_ESP)
			gpr_write(ip->cpu, reg, size, value[reg]);
	stack_adjust(ip, 8 * size);
	return EMUL_DONE;
}

/* ---- frames --------------------------------------------------------------------------------------- */
/* Copy the outer frame pointers of a nested procedure. */
static enum emul_result push_display(struct interp *ip, u32 size, u32 level, u32 frame)
{
	u32 mask = stack_mask(&ip->cpu->seg[SREG_SS]);
	u32 from = ip->cpu->gpr[REG_EBP], value;

	for (u32 i = 1; i < level; i++) {
		from -= size;
		TRY(mem_read(ip, SREG_SS, from & mask, size, &value));
		TRY(stack_push(ip, size, value));
	}
	return level ? stack_push(ip, size, frame) : EMUL_DONE;
}

enum emul_result exec_enter(struct interp *ip, const struct x86_insn *insn)
{
	struct x86_cpu *cpu = ip->cpu;
	u32 size = insn->operand_size, frame, linear;
	struct mem_place place;

	TRY(stack_push(ip, size, cpu->gpr[REG_EBP]));
	frame = cpu->gpr[REG_ESP];
	TRY(push_display(ip, size, insn->imm2 & 31, frame));
	stack_adjust(ip, 0 - (insn->imm & 0xffff));
	/* The new top must be writable, though nothing is written there. */
	TRY(mem_check(ip, SREG_SS, cpu->gpr[REG_ESP] & stack_mask(&cpu->seg[SREG_SS]), size, true,
		      &linear));
	TRY(lin_place(ip, linear, size, access_user(ip), &place));
	gpr_write(cpu, REG_EBP, size, frame);
	return EMUL_DONE;
}

enum emul_result exec_leave(struct interp *ip, const struct x86_insn *insn)
{
	struct x86_cpu *cpu = ip->cpu;
	u32 mask = stack_mask(&cpu->seg[SREG_SS]), value;

	cpu->gpr[REG_ESP] = (cpu->gpr[REG_ESP] & ~mask) | (cpu->gpr[REG_EBP] & mask);
	TRY(stack_pop(ip, insn->operand_size, &value));
	gpr_write(cpu, REG_EBP, insn->operand_size, value);
	return EMUL_DONE;
}

/* ---- flags ------------------------------------------------------------------------------------------ */
#define POPF_FLAGS                                                                                 \
	(EFLAGS_ARITH | EFLAGS_TF | EFLAGS_DF | EFLAGS_NT | EFLAGS_AC | EFLAGS_ID)

static bool v86_needs_help(const struct x86_cpu *cpu)
{
	return x86_v86_mode(cpu) && x86_iopl(cpu) < 3;
}

enum emul_result exec_pushf(struct interp *ip, const struct x86_insn *insn)
{
	u32 image = ip->cpu->eflags & ~(EFLAGS_VM | EFLAGS_RF);

	if (v86_needs_help(ip->cpu)) {
		if (!(ip->cpu->cr4 & CR4_VME) || insn->operand_size == 4)
			return raise_gp0(ip);
		/* Virtual-8086 extensions: IF shows VIF, and IOPL is 3. */
		image = (image & ~EFLAGS_IF) | EFLAGS_IOPL |
			(image & EFLAGS_VIF ? EFLAGS_IF : 0);
	}
	return stack_push(ip, insn->operand_size, image);
}

static enum emul_result popf_vme(struct interp *ip)
{
	u32 value, flags = ip->cpu->eflags;

	TRY(stack_peek(ip, 0, 2, &value));
	if (((value & EFLAGS_IF) && (flags & EFLAGS_VIP)) || (value & EFLAGS_TF))
		return raise_gp0(ip);
	stack_adjust(ip, 2);
	flags_load(ip->cpu, value, POPF_FLAGS & 0xffff);
	flags_load(ip->cpu, value & EFLAGS_IF ? EFLAGS_VIF : 0, EFLAGS_VIF);
	return EMUL_DONE;
}

enum emul_result exec_popf(struct interp *ip, const struct x86_insn *insn)
{
	struct x86_cpu *cpu = ip->cpu;
	u32 mask = POPF_FLAGS, value;

	if (v86_needs_help(cpu)) {
		if (!(cpu->cr4 & CR4_VME) || insn->operand_size == 4)
			return raise_gp0(ip);
		return popf_vme(ip);
	}
	if (cpu->cpl <= x86_iopl(cpu))
		mask |= EFLAGS_IF;
	if (cpu->cpl == 0)
		mask |= EFLAGS_IOPL;
	TRY(stack_pop(ip, insn->operand_size, &value));
	flags_load(cpu, value, insn->operand_size == 2 ? mask & 0xffff : mask);
	return EMUL_DONE;
}
