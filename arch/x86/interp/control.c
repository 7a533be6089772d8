/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Near branches and software interrupts.  interp_step has set EIP to the next instruction before a
 * handler runs, so a relative target counts from cpu->eip.  A target beyond the limit of CS is a
 * #GP(0) of the branch itself.
 */
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"

bool flags_condition(u32 eflags, u32 cond)
{
	bool result;
	bool less = !(eflags & EFLAGS_SF) != !(eflags & EFLAGS_OF);

	switch (cond >> 1) {
	case 0:
		result = eflags & EFLAGS_OF;
		break;
	case 1:
		result = eflags & EFLAGS_CF;
		break;
	case 2:
		result = eflags & EFLAGS_ZF;
		break;
	case 3:
		result = eflags & (EFLAGS_CF | EFLAGS_ZF);
		break;
	case 4:
		result = eflags & EFLAGS_SF;
		break;
	case 5:
		result = eflags & EFLAGS_PF;
		break;
	case 6:
		result = less;
		break;
	default:
		result = less || (eflags & EFLAGS_ZF);
		break;
	}
	return result != (cond & 1);
}

enum emul_result control_jump(struct interp *ip, u32 eip, u32 size)
{
	if (size == 2)
		eip &= 0xffff;
	if (UNLIKELY(eip > ip->cpu->seg[SREG_CS].limit))
		return raise_gp0(ip);
	ip->cpu->eip = eip;
	return EMUL_DONE;
}

enum emul_result exec_jcc(struct interp *ip, const struct x86_insn *insn)
{
	if (!flags_condition(ip->cpu->eflags, insn->cond))
		return EMUL_DONE;
	return control_jump(ip, ip->cpu->eip + insn->imm, insn->operand_size);
}

enum emul_result exec_jmp_near(struct interp *ip, const struct x86_insn *insn)
{
	return control_jump(ip, ip->cpu->eip + insn->imm, insn->operand_size);
}

enum emul_result exec_jmp_near_ind(struct interp *ip, const struct x86_insn *insn)
{
	u32 target;

	TRY(op_read(ip, insn, 0, &target));
	return control_jump(ip, target, insn->operand_size);
}

static enum emul_result call_near(struct interp *ip, u32 target, u32 size)
{
	u32 back = ip->cpu->eip;

	TRY(control_jump(ip, target, size));
	return stack_push(ip, size, back);
}

enum emul_result exec_call_near(struct interp *ip, const struct x86_insn *insn)
{
	return call_near(ip, ip->cpu->eip + insn->imm, insn->operand_size);
}

enum emul_result exec_call_near_ind(struct interp *ip, const struct x86_insn *insn)
{
	u32 target;

	TRY(op_read(ip, insn, 0, &target));
	return call_near(ip, target, insn->operand_size);
}

enum emul_result exec_ret_near(struct interp *ip, const struct x86_insn *insn)
{
	u32 target;

	TRY(stack_pop(ip, insn->operand_size, &target));
	TRY(control_jump(ip, target, insn->operand_size));
	if (insn->operand_count)
		stack_adjust(ip, insn->imm & 0xffff);
	return EMUL_DONE;
}

enum emul_result exec_jcxz(struct interp *ip, const struct x86_insn *insn)
{
	if (gpr_read(ip->cpu, REG_ECX, insn->address_size))
		return EMUL_DONE;
	return control_jump(ip, ip->cpu->eip + insn->imm, insn->operand_size);
}

/* LOOP, LOOPE, LOOPNE: the counter changes only if the jump does not fault. */
static enum emul_result loop(struct interp *ip, const struct x86_insn *insn, bool condition)
{
	u32 count = gpr_read(ip->cpu, REG_ECX, insn->address_size) - 1;

	count &= size_mask(insn->address_size);
	if (count && condition)
		TRY(control_jump(ip, ip->cpu->eip + insn->imm, insn->operand_size));
	gpr_write(ip->cpu, REG_ECX, insn->address_size, count);
	return EMUL_DONE;
}
enum emul_result exec_loop(struct interp *ip, const struct x86_insn *insn)
{
	return loop(ip, insn, true);
}
enum emul_result exec_loope(struct interp *ip, const struct x86_insn *insn)
{
	return loop(ip, insn, ip->cpu->eflags & EFLAGS_ZF);
}
enum emul_result exec_loopne(struct interp *ip, const struct x86_insn *insn)
{
	return loop(ip, insn, !(ip->cpu->eflags & EFLAGS_ZF));
}

/* ---- software interrupts ------------------------------------------------------------------------ */
static enum emul_result software_interrupt(struct interp *ip, u8 vector, enum event_kind kind)
{
	const struct event event = { .kind = kind, .vector = vector };

	/* The saved image has TF, the handler starts without: no trap after this instruction. */
	ip->no_tf_trap = true;
	return exception_deliver(ip, &event);
}

enum emul_result exec_int(struct interp *ip, const struct x86_insn *insn)
{
	return software_interrupt(ip, (u8)insn->imm, EVENT_INT_N);
}
enum emul_result exec_int3(struct interp *ip, const struct x86_insn *insn)
{
	(void)insn;
	return software_interrupt(ip, EXCP_BP, EVENT_INT_3_O);
}
enum emul_result exec_into(struct interp *ip, const struct x86_insn *insn)
{
	(void)insn;
	if (!(ip->cpu->eflags & EFLAGS_OF))
		return EMUL_DONE;
	return software_interrupt(ip, EXCP_OF, EVENT_INT_3_O);
}
/* INT1 is a #DB that looks like a trap, without a bit in DR6; no privilege check. */
enum emul_result exec_int1(struct interp *ip, const struct x86_insn *insn)
{
	enum emul_result result = raise(ip, EXCP_DB);

	(void)insn;
	ip->cpu->fault.is_trap = true;
	return result;
}

enum emul_result exec_bound(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size, offset = op_offset(ip, insn), lower, upper;
	u32 index = gpr_read(ip->cpu, insn->operand[0].reg, size);
	u32 unused = 32 - size * 8;

	TRY(mem_read(ip, insn->mem.seg, offset, size, &lower));
	TRY(mem_read(ip, insn->mem.seg, offset + size, size, &upper));
	if ((s32)(index << unused) < (s32)(lower << unused) ||
	    (s32)(index << unused) > (s32)(upper << unused))
		return raise(ip, EXCP_BR);
	return EMUL_DONE;
}
