/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One decoded instruction.  decode.c fills it from at most 15 bytes with the help of const tables;
 * the interpreter, the emulation of trapped instructions, the translator and the disassembler all
 * read it, so there is exactly one place that knows the encoding.
 *
 * The decoder is pure: it knows the default operand and address size it is told, nothing of
 * privilege, memory or CPUID.  What is invalid in every mode (#UD by encoding, LOCK where it is not
 * allowed) it reports; what depends on mode (ARPL in real mode, say) the executor checks.
 * [SDM2 2, appendix A]
 */
#ifndef ARCH_X86_ISA_INSN_H
#define ARCH_X86_ISA_INSN_H

#include "hv/lib/types.h"

#define INSN_MAX_LENGTH 15

/* OP_ADD, OP_MOV ...: one per Intel mnemonic, from the list in ops.def.  Jcc, SETcc and CMOVcc are
 * OP_JCC, OP_SETCC, OP_CMOVCC with the condition in insn.cond; string operations are OP_MOVS,
 * OP_STOS ... with the element size in operand_size; LOOP/JCXZ forms keep their own names. */
enum x86_op {
	OP_INVALID,
#define OP(name, text) OP_##name,
#include "arch/x86/isa/ops.def"
#undef OP
	OP_COUNT
};

enum operand_kind {
	OPERAND_NONE,
	OPERAND_REG,  /* general register; for size 1, 4-7 are AH CH DH BH */
	OPERAND_MEM,  /* insn.mem */
	OPERAND_IMM,  /* insn.imm, already sign- or zero-extended to 32 bits */
	OPERAND_IMM2, /* insn.imm2: ENTER's level, EXTRQ's second immediate */
	OPERAND_REL,  /* insn.imm is relative to the next instruction */
	OPERAND_FAR,  /* ptr16:16/32: offset in insn.imm, selector in insn.imm2 */
	OPERAND_SREG,
	OPERAND_CR,
	OPERAND_DR,
	OPERAND_ST,  /* x87 stack register ST(reg) */
	OPERAND_MMX,
	OPERAND_XMM,
	OPERAND_CONST1, /* the implicit 1 of D0/D1 shifts */
};

/* How the instruction uses an operand. */
#define OPERAND_READ BIT(0)
#define OPERAND_WRITE BIT(1)

struct x86_operand {
	u8 kind; /* enum operand_kind */
	u8 reg;
	u8 access; /* OPERAND_READ | OPERAND_WRITE; 0 for LEA, INVLPG, PREFETCH, NOP */
	/* Bytes: 1, 2, 4, 6 (far pointer, pseudo-descriptor), 8, 10, 16, 14/28 (x87 environment),
	 * 94/108 (x87 state), 512 (FXSAVE), 576 (XSAVE: at least).  MMX registers are 8, XMM
	 * registers 16, ST(i) 10, whatever part of them is used; an immediate has the size it is
	 * extended to. */
	u16 size;
};

#define REG_NONE 0xff

/* seg:[base + index << scale + disp], wrapped to address_size.  Valid if an operand is OPERAND_MEM;
 * for MASKMOVQ and MASKMOVDQU it is their implicit destination; for string instructions and XLAT,
 * whose memory is not among the operands, seg alone is valid: the segment of (E)SI and (E)BX. */
struct x86_mem {
	u8 seg;   /* enum x86_sreg after override and the EBP/ESP default */
	u8 base;  /* register or REG_NONE */
	u8 index; /* register or REG_NONE */
	u8 scale; /* shift count 0-3 */
	u32 disp; /* sign-extended */
};

enum insn_map { MAP_ONE_BYTE, MAP_0F, MAP_0F38, MAP_0F3A };

/* Prefixes seen. */
#define PREFIX_LOCK BIT(0)
#define PREFIX_REPNE BIT(1) /* F2 */
#define PREFIX_REP BIT(2)   /* F3; the last of F2/F3 wins and alone is set */
#define PREFIX_OPSIZE BIT(3)
#define PREFIX_ADSIZE BIT(4)
#define PREFIX_SEG BIT(5)

/* Properties, from the table. */
#define INSN_X87 BIT(0)   /* D8-DF, and WAIT */
#define INSN_MMX BIT(1)   /* touches MMX registers */
#define INSN_SSE BIT(2)   /* touches XMM registers or MXCSR; not FXSAVE, FXRSTOR, XSAVE and kin */
#define INSN_STRING BIT(3)
#define INSN_IO BIT(4)    /* IN, OUT, INS, OUTS */
#define INSN_BRANCH BIT(5) /* may set EIP to something else than the next instruction */
#define INSN_PRIVILEGED BIT(6) /* #GP at CPL > 0 whatever IOPL */
#define INSN_ALIGN16 BIT(7) /* SSE, FXSAVE: memory operand must be 16-byte aligned, else #GP(0) */
#define INSN_WRITES_ARITH BIT(8) /* may change CF PF AF ZF SF OF */
#define INSN_READS_ARITH BIT(9)

struct x86_insn {
	u16 op;    /* enum x86_op */
	u16 props; /* INSN_* */
	u8 length;
	u8 prefixes; /* PREFIX_* */
	u8 map;      /* enum insn_map */
	u8 opcode;   /* last opcode byte */
	u8 mandatory_prefix; /* 0, 66, F2, F3: the prefix that is part of an SSE opcode */
	bool has_modrm;
	u8 modrm;
	u8 operand_size; /* 2 or 4; the element size (1, 2, 4) for string and I/O operations */
	u8 address_size; /* 2 or 4 */
	u8 cond;         /* 0-15 for Jcc, SETcc, CMOVcc */
	u8 operand_count;
	struct x86_operand operand[4]; /* explicit ones in Intel order, destination first; and the
	                                * implicit AL/AX/EAX, DX, CL that Intel syntax writes */
	struct x86_mem mem;
	u32 imm;
	u32 imm2;
};

enum decode_result {
	DECODE_OK,
	DECODE_INVALID,  /* #UD; insn->length bytes were looked at */
	DECODE_TOO_LONG, /* more than 15 bytes: #GP(0) */
	DECODE_TRUNCATED, /* @size bytes do not hold the whole instruction: fetch more */
};

/* Decode the instruction that starts at @bytes, of which @size (at most 15 are used) are readable.
 * @code32: CS.D, the default operand and address size. *insn is valid only for DECODE_OK. */
enum decode_result insn_decode(const u8 *bytes, u32 size, bool code32, struct x86_insn *insn);

/* The text of @insn in Intel syntax, as Zydis prints it; branch targets are absolute with @eip the
 * address of the instruction.  At most @size bytes, NUL-terminated; returns the full length. */
int insn_format(const struct x86_insn *insn, u32 eip, char *text, size_t size);
/* "add", "jcc" ...: the text column of ops.def. */
const char *insn_op_name(enum x86_op op);

#endif
