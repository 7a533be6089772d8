/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instructions that move data or single flags and compute next to nothing: MOV and its relatives,
 * conversions, conditional moves, decimal adjustments, flag instructions, and the no-operations.
 */
#include "arch/x86/interp/alu.h"
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"

enum emul_result exec_mov(struct interp *ip, const struct x86_insn *insn)
{
	u32 value;

	TRY(op_read(ip, insn, 1, &value));
	return op_write(ip, insn, 0, value);
}

enum emul_result exec_movsx(struct interp *ip, const struct x86_insn *insn)
{
	u32 value;

	TRY(op_read(ip, insn, 1, &value));
	value = insn->operand[1].size == 1 ? (u32)(s32)(s8)value : (u32)(s32)(s16)value;
	return op_write(ip, insn, 0, value);
}

enum emul_result exec_movbe(struct interp *ip, const struct x86_insn *insn)
{
	u32 value;

	TRY(op_read(ip, insn, 1, &value));
	value = insn->operand[0].size == 2 ? (value & 0xff) << 8 | (value >> 8 & 0xff) :
					     __builtin_bswap32(value);
	return op_write(ip, insn, 0, value);
}

enum emul_result exec_lea(struct interp *ip, const struct x86_insn *insn)
{
	return op_write(ip, insn, 0, op_offset(ip, insn));
}

enum emul_result exec_xlat(struct interp *ip, const struct x86_insn *insn)
{
	const struct x86_cpu *cpu = ip->cpu;
	u32 offset = cpu->gpr[REG_EBX] + (cpu->gpr[REG_EAX] & 0xff), value;

	if (insn->address_size == 2)
		offset &= 0xffff;
	TRY(mem_read(ip, insn->mem.seg, offset, 1, &value));
	gpr_write(ip->cpu, REG_EAX, 1, value);
	return EMUL_DONE;
}

/* The source is read (and may fault) whatever the condition; the register keeps its upper half. */
enum emul_result exec_cmovcc(struct interp *ip, const struct x86_insn *insn)
{
	u32 value;

	TRY(op_read(ip, insn, 1, &value));
	if (!flags_condition(ip->cpu->eflags, insn->cond))
		return EMUL_DONE;
	return op_write(ip, insn, 0, value);
}

enum emul_result exec_setcc(struct interp *ip, const struct x86_insn *insn)
{
	return op_write(ip, insn, 0, flags_condition(ip->cpu->eflags, insn->cond));
}

enum emul_result exec_salc(struct interp *ip, const struct x86_insn *insn)
{
	(void)insn;
	gpr_write(ip->cpu, REG_EAX, 1, ip->cpu->eflags & EFLAGS_CF ? 0xff : 0);
	return EMUL_DONE;
}

enum emul_result exec_lahf(struct interp *ip, const struct x86_insn *insn)
{
	(void)insn;
	gpr_write(ip->cpu, 4, 1, ip->cpu->eflags);
	return EMUL_DONE;
}

enum emul_result exec_sahf(struct interp *ip, const struct x86_insn *insn)
{
	(void)insn;
	flags_load(ip->cpu, gpr_read(ip->cpu, 4, 1), EFLAGS_ARITH & 0xff);
	return EMUL_DONE;
}

#define FLAG(name, expression)                                                                     \
	enum emul_result exec_##name(struct interp *ip, const struct x86_insn *insn)               \
	{                                                                                          \
		(void)insn;                                                                        \
		ip->cpu->eflags expression;                                                        \
		return EMUL_DONE;                                                                  \
	}
FLAG(clc, &= ~EFLAGS_CF)
FLAG(stc, |= EFLAGS_CF)
FLAG(cmc, ^= EFLAGS_CF)
FLAG(cld, &= ~EFLAGS_DF)
FLAG(std, |= EFLAGS_DF)

/* CBW, CWDE. */
enum emul_result exec_cbw(struct interp *ip, const struct x86_insn *insn)
{
	u32 eax = ip->cpu->gpr[REG_EAX];

	gpr_write(ip->cpu, REG_EAX, insn->operand_size,
		  insn->operand_size == 2 ? (u32)(s32)(s8)eax : (u32)(s32)(s16)eax);
	return EMUL_DONE;
}

/* CWD, CDQ. */
enum emul_result exec_cwd(struct interp *ip, const struct x86_insn *insn)
{
	bool negative = ip->cpu->gpr[REG_EAX] & size_sign(insn->operand_size);

	gpr_write(ip->cpu, REG_EDX, insn->operand_size, negative ? 0xffffffffu : 0);
	return EMUL_DONE;
}

/* ---- decimal ---------------------------------------------------------------------------------- */
enum emul_result exec_aaa(struct interp *ip, const struct x86_insn *insn)
{
	struct x86_cpu *cpu = ip->cpu;

	(void)insn;
	gpr_write(cpu, REG_EAX, 2, alu_aaa(cpu->gpr[REG_EAX], &cpu->eflags));
	return EMUL_DONE;
}
enum emul_result exec_aas(struct interp *ip, const struct x86_insn *insn)
{
	struct x86_cpu *cpu = ip->cpu;

	(void)insn;
	gpr_write(cpu, REG_EAX, 2, alu_aas(cpu->gpr[REG_EAX], &cpu->eflags));
	return EMUL_DONE;
}
enum emul_result exec_aad(struct interp *ip, const struct x86_insn *insn)
{
	struct x86_cpu *cpu = ip->cpu;

	gpr_write(cpu, REG_EAX, 2, alu_aad(cpu->gpr[REG_EAX], insn->imm, &cpu->eflags));
	return EMUL_DONE;
}
enum emul_result exec_aam(struct interp *ip, const struct x86_insn *insn)
{
	u32 ax = ip->cpu->gpr[REG_EAX];

	if (!alu_aam(&ax, insn->imm, &ip->cpu->eflags))
		return raise(ip, EXCP_DE);
	gpr_write(ip->cpu, REG_EAX, 2, ax);
	return EMUL_DONE;
}
enum emul_result exec_daa(struct interp *ip, const struct x86_insn *insn)
{
	struct x86_cpu *cpu = ip->cpu;

	(void)insn;
	gpr_write(cpu, REG_EAX, 1, alu_daa(cpu->gpr[REG_EAX] & 0xff, &cpu->eflags));
	return EMUL_DONE;
}
enum emul_result exec_das(struct interp *ip, const struct x86_insn *insn)
{
	struct x86_cpu *cpu = ip->cpu;

	(void)insn;
	gpr_write(cpu, REG_EAX, 1, alu_das(cpu->gpr[REG_EAX] & 0xff, &cpu->eflags));
	return EMUL_DONE;
}

/* ---- nothing ----------------------------------------------------------------------------------- */
enum emul_result exec_nop(struct interp *ip, const struct x86_insn *insn)
{
	(void)ip, (void)insn;
	return EMUL_DONE;
}

/* CLFLUSH has no effect here but is checked like a load. */
enum emul_result exec_clflush(struct interp *ip, const struct x86_insn *insn)
{
	u32 ignored;

	return mem_read(ip, insn->mem.seg, op_offset(ip, insn), 1, &ignored);
}

enum emul_result exec_ud(struct interp *ip, const struct x86_insn *insn)
{
	(void)insn;
	return raise_ud(ip);
}
