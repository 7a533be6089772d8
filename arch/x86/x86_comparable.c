/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instructions for exec=both (x86_comparable.h), by the operations that the translator knows: what is
 * not named here and not copied by it is a call-out, and the interpreter's alone.
 */
#include "arch/x86/x86_comparable.h"

static const u8 copied[OP_COUNT] = {
#define IDENT(op) [OP_##op] = 1,
#include "arch/x86/bt/ident.def"
#undef IDENT
};

bool x86_comparable(const struct x86_insn *insn, u32 vague)
{
	if (insn->props & (INSN_X87 | INSN_MMX | INSN_SSE | INSN_IO | INSN_ALIGN16) ||
	    (insn->props & INSN_STRING && insn->prefixes & (PREFIX_REP | PREFIX_REPNE)))
		return false;
	switch (insn->op) {
	case OP_RDTSC:
	case OP_FXSAVE:
	case OP_FXRSTOR:
	case OP_LDMXCSR:
	case OP_STMXCSR:
		return false;
	case OP_PUSHF: /* they make registers or memory of flags */
	case OP_LAHF:
	case OP_SALC:
		return !vague;
	case OP_JMP_NEAR:
	case OP_JCC:
	case OP_CALL_NEAR:
	case OP_RET_NEAR:
	case OP_JMP_NEAR_IND:
	case OP_CALL_NEAR_IND:
	case OP_LOOP:
	case OP_LOOPE:
	case OP_LOOPNE:
	case OP_JCXZ:
	case OP_TZCNT:
	case OP_LZCNT:
	case OP_CLI:
	case OP_STI:
	case OP_POPF:
	case OP_PUSH_SREG:
	case OP_POP_SREG:
	case OP_MOV_TO_SREG:
	case OP_LDS:
	case OP_LES:
	case OP_LFS:
	case OP_LGS:
	case OP_MOV_SREG_TO:
	case OP_MOV_FROM_CR:
		return true;
	default:
		return copied[insn->op];
	}
}

enum bt_cut x86_comparable_cut(const struct x86_insn *insn)
{
	bool in_cache = copied[insn->op] || insn->props & (INSN_X87 | INSN_MMX | INSN_SSE) ||
			insn->op == OP_IRET || insn->op == OP_SYSEXIT;

	if (x86_comparable(insn, EFLAGS_ARITH))
		return BT_CUT_NONE;
	if (x86_comparable(insn, 0))
		return BT_CUT_BEFORE;
	return in_cache ? BT_CUT_AROUND : BT_CUT_NONE;
}

u32 x86_comparable_vague(const struct x86_insn *insn, u32 vague)
{
	if (!(insn->props & INSN_WRITES_ARITH))
		return vague;
	switch (insn->op) {
	case OP_ADD:
	case OP_ADC:
	case OP_SUB:
	case OP_SBB:
	case OP_CMP:
	case OP_NEG:
	case OP_XADD:
	case OP_CMPXCHG:
	case OP_POPF:
		return 0;
	case OP_AND:
	case OP_OR:
	case OP_XOR:
	case OP_TEST:
		return EFLAGS_AF;
	case OP_INC:
	case OP_DEC:
		return vague & EFLAGS_CF;
	case OP_SHL:
	case OP_SHR:
	case OP_SAR:
		return vague | EFLAGS_AF | EFLAGS_OF;
	default:
		return EFLAGS_ARITH;
	}
}
