/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shape of the opcode tables; private to decode.c, which walks them, and decode_table.c, which
 * holds them.
 *
 * The tables are a trie.  A map (one-byte opcodes, 0F, 0F 38, 0F 3A) is indexed by the opcode byte;
 * an entry either describes an instruction, or says by what to choose among the entries of a
 * further table: ModRM.reg, mod, rm, or the mandatory prefix.  Each step is one index, never a
 * search.
 *
 * An operand is described by one u16: how it is addressed (the letters of [SDM2 appendix A.2.1],
 * and a few more), its size, and whether it is read or written.
 */
#ifndef ARCH_X86_ISA_DECODE_TABLE_H
#define ARCH_X86_ISA_DECODE_TABLE_H

#include "arch/x86/isa/insn.h"

/* How an operand is addressed.  Bit 5 is set for those that need a ModRM byte. */
#define ADDRESSING_MODRM BIT(5)
enum operand_addressing {
	A_NONE,
	A_I,   /* immediate of the operand's size */
	A_SI,  /* immediate byte, sign-extended to the operand's size */
	A_I2,  /* second immediate */
	A_J,   /* relative displacement, as many bytes as the operand's size */
	A_A,   /* far pointer in the instruction */
	A_O,   /* memory at an offset in the instruction */
	A_Z,   /* general register in the low three opcode bits */
	A_ACC, /* AL, AX, EAX */
	A_CL,
	A_DX,
	A_ONE,  /* the constant 1 */
	A_SEG,  /* segment register in opcode bits 3-5 */
	A_ST,   /* ST(0) */

	A_E = ADDRESSING_MODRM, /* general register or memory */
	A_EW, /* general register of the operand size, or a word in memory */
	A_ED, /* 32-bit general register, or memory of the operand's size */
	A_G,  /* general register in ModRM.reg */
	A_M,  /* memory; a register is #UD */
	A_R,  /* general register in ModRM.rm; memory is #UD */
	A_RX, /* general register in ModRM.rm, whatever mod says */
	A_S,  /* segment register in ModRM.reg */
	A_C,  /* control register */
	A_D,  /* debug register */
	A_P,  /* MMX register in ModRM.reg */
	A_Q,  /* MMX register or memory */
	A_N,  /* MMX register in ModRM.rm; memory is #UD */
	A_V,  /* XMM register in ModRM.reg */
	A_W,  /* XMM register or memory */
	A_U,  /* XMM register in ModRM.rm; memory is #UD */
	A_STI, /* ST(rm) */
};

enum operand_size_code {
	S_0, /* no bytes of its own */
	S_b,
	S_w,
	S_d,
	S_q,
	S_v,  /* operand size */
	S_x,  /* 16 bytes */
	S_t,  /* 10 bytes */
	S_p,  /* far pointer in memory: selector and offset of operand size */
	S_s,  /* pseudo-descriptor: limit and base, 6 bytes */
	S_a,  /* two of operand size: BOUND */
	S_n,  /* x87 environment, 14 or 28 bytes */
	S_r,  /* x87 state, 94 or 108 bytes */
	S_f,  /* FXSAVE area */
	S_g,  /* XSAVE area: legacy region and header */
	S_COUNT,
};

#define OPERAND_ADDRESSING(spec) ((spec) & 0x3fu)
#define OPERAND_SIZE_CODE(spec) ((spec) >> 6 & 0xfu)
#define OPERAND_ACCESS(spec) ((spec) >> 10)

/* By what an entry's further table is indexed. */
enum opcode_next {
	NEXT_NONE,   /* the entry is an instruction, or nothing (OP_INVALID) */
	NEXT_LEGACY_PREFIX, /* the byte is a prefix */
	NEXT_MAP,    /* by the following opcode byte */
	NEXT_REG,    /* by ModRM.reg */
	NEXT_MODREG, /* the same for memory operands; 8 more entries for mod == 3 */
	NEXT_RM,     /* by ModRM.rm */
	NEXT_MOD,    /* memory, register */
	NEXT_PREFIX, /* by mandatory prefix: none, 66, F3, F2 */
	NEXT_REP,    /* by F2/F3 alone: none, F3, F2; 66 keeps its meaning as operand size */
};

/* What only the decoder needs to know of an instruction. */
#define OPCODE_MODRM BIT(0)
#define OPCODE_LOCK BIT(1) /* LOCK is allowed, if the first operand is memory */
#define OPCODE_BYTE BIT(2) /* insn.operand_size is 1 */
#define OPCODE_NO_MEMORY BIT(3) /* mod is ignored, a register always meant */
#define OPCODE_EDI BIT(4) /* implicit memory operand [EDI] */

struct opcode {
	union {
		u16 operand[4];
		const struct opcode *next;
	};
	u16 op;    /* enum x86_op */
	u16 props; /* INSN_* */
	u8 next_by; /* enum opcode_next */
	u8 flags;   /* OPCODE_* */
};

extern const struct opcode opcode_map_one_byte[256];

#endif
