/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long is an instruction whose like has been decoded before?
 *
 * Whoever only wants to know where an instruction of a known kind ends need not decode its operands
 * again: without prefixes the opcode, ModRM.reg and whether ModRM.rm is a register decide which instruction
 * it is, and how many bytes it has besides those of its memory operand.  This is a table of what the
 * decoder has said about each such shape; it knows no opcode by itself.
 */
#ifndef ARCH_X86_ISA_SHAPE_H
#define ARCH_X86_ISA_SHAPE_H

#include "arch/x86/isa/insn.h"

/* All zero: nothing is known. */
struct insn_shapes {
	u8 of[2][256][16]; /* map, opcode, ModRM.reg and 8 if ModRM.rm is a register */
};

/* Bytes that insn_shape_length() may look at. */
#define INSN_SHAPE_BYTES 16

/* Remember @insn, 32-bit code that was decoded from @bytes.  Those with prefixes and a few others are
 * never remembered. */
void insn_shape_learn(struct insn_shapes *shapes, const u8 *bytes, const struct x86_insn *insn);
/* The length of the instruction at @bytes (INSN_SHAPE_BYTES readable) if one of its shape was
 * remembered: the decoder would say the same of op, properties and length.  Else 0. */
u32 insn_shape_length(const struct insn_shapes *shapes, const u8 *bytes);

#endif
