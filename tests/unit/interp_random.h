/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random instructions for test_interp_unicorn.c: bytes that decode to an operation of the wanted kind,
 * and which flags that operation leaves undefined.
 */
#ifndef TESTS_UNIT_INTERP_RANDOM_H
#define TESTS_UNIT_INTERP_RANDOM_H

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arch/x86/isa/insn.h"
#include "arch/x86/isa/regs.h"

static u32 random_seed;
static u64 random_word;

static inline u32 random32(void)
{
	random_word = random_word * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(random_word >> 32);
}
static inline u32 random_below(u32 limit)
{
	return (u32)((u64)random32() * limit >> 32);
}
static inline void random_start(void)
{
	const char *text = getenv("SEED");

	random_seed = text ? (u32)atoi(text) : (u32)time(NULL) * 31u + (u32)getpid();
	random_word = random_seed;
	random32();
}

typedef bool random_filter_fn(const struct x86_insn *insn);

/* Of F2 and F3 together a CPU takes the last, TCG the first. */
static inline bool random_has_two_reps(const u8 *bytes)
{
	static const u8 prefixes[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
				       0x66, 0x67, 0xf0, 0xf2, 0xf3 };
	u32 reps = 0;

	for (; memchr(prefixes, *bytes, sizeof(prefixes)); bytes++)
		reps += (*bytes & 0xfe) == 0xf2;
	return reps > 1;
}

/* Prefixes sometimes, an opcode, and enough random bytes behind. */
static inline void random_instruction(u8 bytes[16], bool code32, random_filter_fn *wanted,
			       struct x86_insn *insn)
{
	static const u8 prefixes[] = { 0x66, 0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x64, 0xf0 };

	for (;;) {
		u32 at = 0;

		memset(insn, 0, sizeof(*insn));
		for (u32 i = 0; i < 16; i++)
			bytes[i] = (u8)random32();
		while (at < 3 && !random_below(3))
			bytes[at++] = prefixes[random_below(sizeof(prefixes))];
		if (!random_below(3))
			bytes[at] = 0x0f;
		if (insn_decode(bytes, 15, code32, insn) == DECODE_OK &&
		    !random_has_two_reps(bytes) && wanted(insn))
			return;
	}
}

/* ---- kinds ------------------------------------------------------------------------------------- */
static bool random_is_excluded(const struct x86_insn *insn)
{
	switch (insn->op) {
	case OP_BSWAP: /* of 16 bits: undefined */
		return insn->operand[0].size == 2;
	case OP_SHLD: /* 16 bits by more than 16: undefined */
	case OP_SHRD:
		return insn->operand_size == 2;
	case OP_RET_NEAR: /* TCG extends the sign of the immediate */
		return insn->imm & 0x8000;
	case OP_NOP: /* #UD for TCG */
		return insn->opcode == 0x0d || insn->opcode == 0x18;
	case OP_TEST: /* F6 and F7 /1 are #UD for TCG */
		return insn->opcode >= 0xf6 && (insn->modrm & 0x38) == 8;
	case OP_NEG: /* TCG computes the flags of LOCK NEG wrongly */
		return insn->prefixes & PREFIX_LOCK;
	case OP_TZCNT: /* we are an older CPU */
	case OP_LZCNT:
	case OP_ADCX:
	case OP_ADOX:
	case OP_MOVBE:
	case OP_RDRAND:
	case OP_RDSEED:
	case OP_CRC32:
	case OP_POPCNT:
	case OP_CLFLUSH:
	case OP_CLFLUSHOPT:
	case OP_CLWB:
	case OP_SALC:
	case OP_POPF:
	case OP_INT:
	case OP_INT1:
	case OP_INT3:
	case OP_INTO:
	case OP_IRET:
	case OP_BOUND:
	case OP_CALL_FAR:
	case OP_JMP_FAR:
	case OP_RET_FAR:
	case OP_IN:
	case OP_OUT:
	case OP_INS:
	case OP_OUTS:
	case OP_ENTER: /* TCG does not touch the new top */
	case OP_UD0:
	case OP_UD1:
	case OP_UD2:
		return true;
	default:
		return false;
	}
}

static inline bool random_is_integer(const struct x86_insn *insn)
{
	if (insn->props & (INSN_X87 | INSN_MMX | INSN_SSE | INSN_STRING | INSN_PRIVILEGED))
		return false;
	/* F2 and F3 before other instructions are left open. */
	if (insn->prefixes & (PREFIX_REP | PREFIX_REPNE))
		return false;
	return insn->op <= OP_SFENCE && !random_is_excluded(insn);
}

static inline bool random_is_integer_or_segment(const struct x86_insn *insn)
{
	switch (insn->op) {
	case OP_MOV_SREG_TO:
	case OP_PUSH_SREG:
	case OP_LES:
	case OP_LDS:
		return true;
	default:
		return random_is_integer(insn);
	}
}

static inline bool random_is_string(const struct x86_insn *insn)
{
	return (insn->props & INSN_STRING) && !(insn->props & INSN_IO);
}

static inline bool random_is_x87(const struct x86_insn *insn)
{
	switch (insn->op) {
	case OP_FSIN: case OP_FCOS: case OP_FSINCOS: case OP_FPTAN: case OP_FPATAN: case OP_F2XM1:
	case OP_FYL2X: case OP_FYL2XP1: case OP_FSCALE: case OP_FPREM: case OP_FPREM1:
	case OP_FXTRACT: case OP_FBLD: case OP_FBSTP: case OP_FWAIT:
	case OP_FLDCW: case OP_FLDENV: case OP_FRSTOR: case OP_FNSAVE: case OP_FNSTENV:
	case OP_FENI8087_NOP: case OP_FDISI8087_NOP: case OP_FSETPM287_NOP: case OP_FSTPNCE:
	case OP_FLDL2T: case OP_FLDL2E: case OP_FLDPI: case OP_FLDLG2: case OP_FLDLN2:
	case OP_FFREEP: case OP_FNSTSW: case OP_FXAM: case OP_FISTTP:
		return false;
	default:
		/* ST(7) is kept empty, for pushes; TCG does not know stack faults. */
		for (u32 i = 0; i < insn->operand_count; i++)
			if (insn->operand[i].kind == OPERAND_ST && insn->operand[i].reg == 7)
				return false;
		return (insn->props & INSN_X87) && !(insn->prefixes & (PREFIX_REP | PREFIX_REPNE));
	}
}

static inline bool random_is_sse(const struct x86_insn *insn)
{
	/* Of F2 or F3 and 66 a CPU takes the former, TCG the latter. */
	if (insn->prefixes & PREFIX_OPSIZE && insn->prefixes & (PREFIX_REP | PREFIX_REPNE))
		return false;
	switch (insn->op) {
	case OP_RCPPS: case OP_RCPSS: case OP_RSQRTPS: case OP_RSQRTSS:
	case OP_EXTRQ: case OP_INSERTQ: case OP_MOVNTSS: case OP_MOVNTSD:
	case OP_MASKMOVDQU: case OP_MASKMOVQ: case OP_LDMXCSR: case OP_STMXCSR:
	case OP_PHMINPOSUW: case OP_DPPS: case OP_DPPD: case OP_MPSADBW: case OP_EMMS:
		return false;
	case OP_CMPPS: case OP_CMPPD: case OP_CMPSS: case OP_CMPSD:
		return insn->imm < 8;
	default:
		break;
	}
	/* TCG reads the source after it has changed the same register. */
	if (insn->op >= OP_PHADDW && insn->op <= OP_PHSUBSW)
		return false;
	/* A CPU lets F2 and F3 win over 66. */
	if (insn->mandatory_prefix >= 0xf2 && insn->prefixes & PREFIX_OPSIZE)
		return false;
	if (insn->op >= OP_AESENC || insn->op >= OP_PCMPESTRM || insn->prefixes & PREFIX_SEG)
		return false;
	return insn->props & (INSN_MMX | INSN_SSE) && !(insn->props & INSN_X87);
}

/* ---- undefined flags ------------------------------------------------------------------------------ */
static u32 random_shift_flags(const struct x86_insn *insn, const struct x86_cpu *before,
			      bool is_rotate)
{
	u32 last = insn->operand_count - 1u, undefined = is_rotate ? 0 : EFLAGS_AF;
	u32 count = insn->operand[last].kind == OPERAND_CONST1 ? 1 :
		    insn->operand[last].kind == OPERAND_IMM ? insn->imm :
							      before->gpr[REG_ECX];

	count &= 31;
	if (!count)
		return 0;
	if (count != 1)
		undefined |= EFLAGS_OF;
	if (!is_rotate && count > insn->operand[0].size * 8u)
		undefined |= EFLAGS_CF;
	return undefined;
}

static inline u32 random_undefined_flags(const struct x86_insn *insn, const struct x86_cpu *before)
{
	const u32 all = EFLAGS_ARITH;

	switch (insn->op) {
	case OP_AND:
	case OP_OR:
	case OP_XOR:
	case OP_TEST:
		return EFLAGS_AF;
	case OP_MUL:
	case OP_IMUL:
		return all & ~(EFLAGS_CF | EFLAGS_OF);
	case OP_DIV:
	case OP_IDIV:
		return all;
	case OP_SHL:
	case OP_SHR:
	case OP_SAR:
	case OP_SHLD:
	case OP_SHRD:
		return random_shift_flags(insn, before, false);
	case OP_ROL:
	case OP_ROR:
	case OP_RCL:
	case OP_RCR:
		return random_shift_flags(insn, before, true);
	case OP_BT:
	case OP_BTS:
	case OP_BTR:
	case OP_BTC:
		return all & ~(EFLAGS_CF | EFLAGS_ZF);
	case OP_BSF:
	case OP_BSR:
		return all & ~EFLAGS_ZF;
	case OP_AAA:
	case OP_AAS:
		return all & ~(EFLAGS_AF | EFLAGS_CF);
	case OP_AAD:
	case OP_AAM:
		return EFLAGS_OF | EFLAGS_AF | EFLAGS_CF;
	case OP_FCOMI: /* cleared by a CPU, left alone by TCG */
	case OP_FCOMIP:
	case OP_FUCOMI:
	case OP_FUCOMIP:
		return EFLAGS_OF | EFLAGS_SF | EFLAGS_AF;
	case OP_DAA:
	case OP_DAS:
		return EFLAGS_OF;
	default:
		return 0;
	}
}

#endif
