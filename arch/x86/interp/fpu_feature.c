/* SPDX-License-Identifier: GPL-2.0 */
/*
 * To which CPU feature an x87, MMX or SSE instruction belongs, so that it is #UD on a virtual CPU
 * without it although the real CPU would execute it.  The opcode map and the mandatory prefix tell most
 * of it; the exceptions are lists.
 */
#include "arch/x86/interp/features.h"

struct exception {
	u16 op; /* enum x86_op */
	u8 feature;
};

/* clang-format off */
static const struct exception exceptions[] = {
	{ OP_FCMOVB, FEATURE_CMOV }, { OP_FCMOVE, FEATURE_CMOV }, { OP_FCMOVBE, FEATURE_CMOV },
	{ OP_FCMOVU, FEATURE_CMOV }, { OP_FCMOVNB, FEATURE_CMOV }, { OP_FCMOVNE, FEATURE_CMOV },
	{ OP_FCMOVNBE, FEATURE_CMOV }, { OP_FCMOVNU, FEATURE_CMOV }, { OP_FCOMI, FEATURE_CMOV },
	{ OP_FCOMIP, FEATURE_CMOV }, { OP_FUCOMI, FEATURE_CMOV }, { OP_FUCOMIP, FEATURE_CMOV },
	{ OP_FISTTP, FEATURE_SSE3 }, { OP_ADDSUBPS, FEATURE_SSE3 }, { OP_ADDSUBPD, FEATURE_SSE3 },
	{ OP_HADDPS, FEATURE_SSE3 }, { OP_HADDPD, FEATURE_SSE3 }, { OP_HSUBPS, FEATURE_SSE3 },
	{ OP_HSUBPD, FEATURE_SSE3 }, { OP_LDDQU, FEATURE_SSE3 }, { OP_MOVDDUP, FEATURE_SSE3 },
	{ OP_MOVSHDUP, FEATURE_SSE3 }, { OP_MOVSLDUP, FEATURE_SSE3 },
	{ OP_EXTRQ, FEATURE_NEVER }, { OP_INSERTQ, FEATURE_NEVER }, { OP_MOVNTSS, FEATURE_NEVER },
	{ OP_MOVNTSD, FEATURE_NEVER },
	/* SSE on MMX registers */
	{ OP_PSHUFW, FEATURE_SSE },
	/* SSE2 with prefix F3, or none */
	{ OP_CVTTPS2DQ, FEATURE_SSE2 }, { OP_CVTDQ2PD, FEATURE_SSE2 }, { OP_CVTSS2SD, FEATURE_SSE2 },
	{ OP_MOVQ2DQ, FEATURE_SSE2 }, { OP_PSHUFHW, FEATURE_SSE2 }, { OP_CVTPS2PD, FEATURE_SSE2 },
	{ OP_CVTDQ2PS, FEATURE_SSE2 }, { OP_MOVDQU, FEATURE_SSE2 }, { OP_PADDQ, FEATURE_SSE2 },
	{ OP_PSUBQ, FEATURE_SSE2 }, { OP_PMULUDQ, FEATURE_SSE2 },
};
/* Came with SSE, also to MMX registers; with prefix 66, that is on XMM registers, SSE2. */
static const u16 sse_on_mmx[] = {
	OP_PINSRW, OP_PEXTRW, OP_PMOVMSKB, OP_PAVGB, OP_PAVGW, OP_PMAXUB, OP_PMAXSW, OP_PMINUB,
	OP_PMINSW, OP_PMULHUW, OP_PSADBW, OP_MASKMOVQ, OP_MOVNTQ,
};
/* clang-format on */

static u32 feature_0f38(u32 opcode)
{
	if (opcode <= 0x0b || (opcode >= 0x1c && opcode <= 0x1e))
		return FEATURE_SSSE3;
	if (opcode >= 0xdb)
		return FEATURE_AES;
	return opcode == 0x37 ? FEATURE_SSE4_2 : FEATURE_SSE4_1;
}

static u32 feature_0f3a(u32 opcode)
{
	if (opcode == 0x0f)
		return FEATURE_SSSE3;
	if (opcode == 0x44)
		return FEATURE_PCLMULQDQ;
	if (opcode == 0xdf)
		return FEATURE_AES;
	return opcode >= 0x60 ? FEATURE_SSE4_2 : FEATURE_SSE4_1;
}

u32 fpu_feature(const struct x86_insn *insn)
{
	for (u32 i = 0; i < ARRAY_SIZE(exceptions); i++)
		if (exceptions[i].op == insn->op)
			return exceptions[i].feature;
	if (insn->props & INSN_X87)
		return FEATURE_FPU;
	if (insn->map == MAP_0F38)
		return feature_0f38(insn->opcode);
	if (insn->map == MAP_0F3A)
		return feature_0f3a(insn->opcode);
	if (insn->mandatory_prefix == 0x66 || insn->mandatory_prefix == 0xf2)
		return FEATURE_SSE2;
	for (u32 i = 0; i < ARRAY_SIZE(sse_on_mmx); i++)
		if (sse_on_mmx[i] == insn->op)
			return FEATURE_SSE;
	if (insn->op == OP_MOVQ && insn->mandatory_prefix == 0xf3)
		return FEATURE_SSE2;
	return insn->props & INSN_SSE ? FEATURE_SSE : FEATURE_MMX;
}
