/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A shape is one byte: the instruction's whole length if it has no ModRM byte, else SHAPE_MODRM plus the
 * bytes that are neither ModRM nor what belongs to it.  The decoder is asked once for each, so that
 * there is one place that knows opcodes; what a ModRM byte means is all that is known here, too
 * [SDM2 tables 2-2, 2-3].
 */
#include "arch/x86/isa/shape.h"

#define SHAPE_MODRM 0x10u
#define ESCAPE 0x0f

/* ModRM, SIB and displacement. */
static u32 modrm_length(const u8 *modrm)
{
	static const u8 displacement[4] = { 0, 1, 4, 0 };
	u32 mod = *modrm >> 6, rm = *modrm & 7, base = rm, length = 1;

	if (mod == 3)
		return length;
	if (rm == 4) {
		base = modrm[1] & 7;
		length++;
	}
	return length + (mod == 0 && base == 5 ? 4 : displacement[mod]);
}

static u32 variant(u32 modrm)
{
	return (modrm >> 3 & 7) | (modrm >= 0xc0 ? 8 : 0);
}

/* Is ModRM.rm neither memory nor a register's number, but tells instructions apart, or has no meaning? */
static bool special_rm(const struct x86_insn *insn)
{
	if (insn->modrm >= 0xc0)
		return insn->props & INSN_X87 || (insn->map == MAP_0F && insn->opcode == 0x01);
	for (u32 i = 0; i < insn->operand_count; i++)
		if (insn->operand[i].kind == OPERAND_MEM)
			return false;
	return true;
}

void insn_shape_learn(struct insn_shapes *shapes, const u8 *bytes, const struct x86_insn *insn)
{
	u32 map = bytes[0] == ESCAPE;
	u8 *of = shapes->of[map][insn->opcode];
	u32 rest;

	if (insn->prefixes || insn->map > MAP_0F || (insn->has_modrm && special_rm(insn)))
		return;
	if (insn->has_modrm) {
		rest = insn->length - modrm_length(&bytes[map + 1]);
		of[variant(insn->modrm)] = (u8)(SHAPE_MODRM + rest);
		return;
	}
	for (u32 i = 0; i < 16; i++)
		of[i] = insn->length;
}

u32 insn_shape_length(const struct insn_shapes *shapes, const u8 *bytes)
{
	u32 map = bytes[0] == ESCAPE;
	u32 shape = shapes->of[map][bytes[map]][variant(bytes[map + 1])];

	return shape < SHAPE_MODRM ? shape : shape - SHAPE_MODRM + modrm_length(&bytes[map + 1]);
}
