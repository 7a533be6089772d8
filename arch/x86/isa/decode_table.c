/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The opcode tables: the whole IA-32 instruction set up to SSE4.2, as one trie (decode_table.h)
 * whose further tables are written in place.  The rows read like the opcode maps of the manual:
 *
 *	[0x00] = I(ADD, ARITH | LOCK, RW(E, b), R(G, b)),
 *
 * is "00 /r: ADD Eb, Gb; changes the arithmetic flags, may be locked; the first operand is read and
 * written, the second read".  What is not listed is #UD.
 *
 * Left out on purpose, so that they are #UD as on a CPU without them: 3DNow!, VEX and EVEX (AVX),
 * MPX and CET (their hint opcodes are the NOPs they are on older CPUs), TSX, SGX, SHA, GFNI, the
 * test registers.  Undocumented aliases that every CPU executes are there: 82, D6, F1, C0-D3 /6,
 * F6 and F7 /1, and the x87 ones.  [SDM2 appendix A; AMD64 volume 3 for SVM, SSE4A, D6, 0F 0D]
 */
#include "arch/x86/isa/decode_table.h"

/* clang-format off */

/* Operands: R(ead), W(ritten), RW, N(either). */
#define SPEC(addressing, size, access) (A_##addressing | S_##size << 6 | (access) << 10)
#define N(addressing, size) SPEC(addressing, size, 0)
#define R(addressing, size) SPEC(addressing, size, OPERAND_READ)
#define W(addressing, size) SPEC(addressing, size, OPERAND_WRITE)
#define RW(addressing, size) SPEC(addressing, size, OPERAND_READ | OPERAND_WRITE)

/* Properties: those of insn.h, and above bit 16 the decoder's own. */
#define ARITH INSN_WRITES_ARITH
#define USES INSN_READS_ARITH
#define PRIV INSN_PRIVILEGED
#define BRANCH INSN_BRANCH
#define STRING INSN_STRING
#define IO INSN_IO
#define X87 INSN_X87
#define MMX INSN_MMX
#define SSE INSN_SSE
#define SSE16 (INSN_SSE | INSN_ALIGN16)
#define ALIGN16 INSN_ALIGN16
#define LOCK (OPCODE_LOCK << 16)
#define BYTE (OPCODE_BYTE << 16)
#define MODRM (OPCODE_MODRM << 16)
#define NO_MEMORY (OPCODE_NO_MEMORY << 16)
#define EDI (OPCODE_EDI << 16)

#define I(name, properties, ...) I_(name, properties, ##__VA_ARGS__, 0, 0, 0, 0)
#define I_(name, properties, a, b, c, d, ...) {                                                    \
	.op = OP_##name, .props = (properties) & 0xffff, .operand = { a, b, c, d },                \
	.flags = ((properties) >> 16) | NEEDS_MODRM((a) | (b) | (c) | (d)) }
#define NEEDS_MODRM(specs) ((specs) & ADDRESSING_MODRM ? OPCODE_MODRM : 0)
#define NONE { .op = OP_INVALID }

#define NEXT(by, count, ...) {                                                                     \
	.next_by = NEXT_##by, .next = (const struct opcode[count]){ __VA_ARGS__ } }
#define REG(...) NEXT(REG, 8, __VA_ARGS__)
#define MODREG(...) NEXT(MODREG, 16, __VA_ARGS__)
#define RM(...) NEXT(RM, 8, __VA_ARGS__)
#define MOD(...) NEXT(MOD, 2, __VA_ARGS__)
#define PREFIX(...) NEXT(PREFIX, 4, __VA_ARGS__)
#define REP(...) NEXT(REP, 3, __VA_ARGS__)
#define LEGACY { .next_by = NEXT_LEGACY_PREFIX }

#define EIGHT(base, name, properties, ...)                                                         \
	[(base) ... (base) + 7] = I(name, properties, ##__VA_ARGS__)
#define SIXTEEN(base, name, properties, ...)                                                       \
	[(base) ... (base) + 15] = I(name, properties, ##__VA_ARGS__)

/* ---- integer families -------------------------------------------------------------------- */

/* The six forms of ADD and its like; CMP only reads and cannot be locked. */
#define ALU_FORMS(base, name, properties, lock, X)                                                 \
	[base] = I(name, (properties) | (lock), X(E, b), R(G, b)),                                 \
	[(base) + 1] = I(name, (properties) | (lock), X(E, v), R(G, v)),                           \
	[(base) + 2] = I(name, properties, X(G, b), R(E, b)),                                      \
	[(base) + 3] = I(name, properties, X(G, v), R(E, v)),                                      \
	[(base) + 4] = I(name, properties, X(ACC, b), R(I, b)),                                    \
	[(base) + 5] = I(name, properties, X(ACC, v), R(I, v))
#define ALU(base, name, properties) ALU_FORMS(base, name, properties, LOCK, RW)

#define GROUP1(size, immediate) REG(                                                               \
	I(ADD, ARITH | LOCK, RW(E, size), immediate), I(OR, ARITH | LOCK, RW(E, size), immediate), \
	I(ADC, ARITH | USES | LOCK, RW(E, size), immediate),                                       \
	I(SBB, ARITH | USES | LOCK, RW(E, size), immediate),                                       \
	I(AND, ARITH | LOCK, RW(E, size), immediate),                                              \
	I(SUB, ARITH | LOCK, RW(E, size), immediate),                                              \
	I(XOR, ARITH | LOCK, RW(E, size), immediate), I(CMP, ARITH, R(E, size), immediate))

#define GROUP2(size, count) REG(                                                                   \
	I(ROL, ARITH, RW(E, size), count), I(ROR, ARITH, RW(E, size), count),                      \
	I(RCL, ARITH | USES, RW(E, size), count), I(RCR, ARITH | USES, RW(E, size), count),        \
	I(SHL, ARITH, RW(E, size), count), I(SHR, ARITH, RW(E, size), count),                      \
	I(SHL, ARITH, RW(E, size), count), I(SAR, ARITH, RW(E, size), count))

#define GROUP3(size) REG(                                                                          \
	I(TEST, ARITH, R(E, size), R(I, size)), I(TEST, ARITH, R(E, size), R(I, size)),            \
	I(NOT, LOCK, RW(E, size)), I(NEG, ARITH | LOCK, RW(E, size)),                              \
	I(MUL, ARITH, R(E, size)), I(IMUL, ARITH, R(E, size)),                                     \
	I(DIV, ARITH, R(E, size)), I(IDIV, ARITH, R(E, size)))

/* ---- x87: memory forms by ModRM.reg, then register forms ------------------------------------ */

#define X87_ARITH(prefix, size)                                                                    \
	I(prefix##ADD, X87, R(M, size)), I(prefix##MUL, X87, R(M, size)),                          \
	I(prefix##COM, X87, R(M, size)), I(prefix##COMP, X87, R(M, size)),                         \
	I(prefix##SUB, X87, R(M, size)), I(prefix##SUBR, X87, R(M, size)),                         \
	I(prefix##DIV, X87, R(M, size)), I(prefix##DIVR, X87, R(M, size))
/* ST(0) op= ST(i), ST(i) op= ST(0). */
#define X87_TO_ST(name) I(name, X87, RW(ST, t), R(STI, t))
#define X87_TO_STI(name) I(name, X87, RW(STI, t), R(ST, t))
#define X87_COMPARE(name) I(name, X87 | ARITH, R(ST, t), R(STI, t))
#define X87_CMOV(name) I(name, X87 | USES, W(ST, t), R(STI, t))
#define X87_PLAIN(name) I(name, X87 | MODRM)


/* ---- MMX and SSE families ------------------------------------------------------------------- */

/* An MMX instruction and the same on XMM registers, with 66. */
#define MMX_XMM(name)                                                                              \
	PREFIX(I(name, MMX, RW(P, q), R(Q, q)), I(name, SSE16, RW(V, x), R(W, x)))
#define MMX_XMM_LOW(name)                                                                          \
	PREFIX(I(name, MMX, RW(P, q), R(Q, d)), I(name, SSE16, RW(V, x), R(W, x)))
#define MMX_XMM_WRITE(name)                                                                        \
	PREFIX(I(name, MMX, W(P, q), R(Q, q)), I(name, SSE16, W(V, x), R(W, x)))
#define MMX_XMM_SHIFT(name)                                                                        \
	PREFIX(I(name, MMX, RW(N, q), R(I, b)), I(name, SSE, RW(U, x), R(I, b)))
/* XMM only, with 66. */
#define XMM66(...) PREFIX(NONE, I(__VA_ARGS__))
#define XMM(name) XMM66(name, SSE16, RW(V, x), R(W, x))
/* Zero- and sign-extensions: the source is a part of a register, unaligned in memory. */
#define XMM_EXTEND(name, size) XMM66(name, SSE, W(V, x), R(W, size))
#define XMM_IMM(name, access, size, properties)                                                    \
	XMM66(name, properties, access(V, x), R(W, size), R(I, b))
/* Packed single, packed double, scalar single, scalar double; access to the destination. */
#define FLOAT_PACKED(name, access)                                                                 \
	I(name##PS, SSE16, access(V, x), R(W, x)), I(name##PD, SSE16, access(V, x), R(W, x))
#define FLOAT_SCALAR(name, access)                                                                 \
	I(name##SS, SSE, access(V, x), R(W, d)), I(name##SD, SSE, access(V, x), R(W, q))
#define FLOAT4(name) PREFIX(FLOAT_PACKED(name, RW), FLOAT_SCALAR(name, RW))
#define FLOAT2(name) PREFIX(FLOAT_PACKED(name, RW))

/* ---- 0F 38 ---------------------------------------------------------------------------------- */

static const struct opcode map_0f38[256] = {
	[0x00] = MMX_XMM(PSHUFB),
	[0x01] = MMX_XMM(PHADDW),
	[0x02] = MMX_XMM(PHADDD),
	[0x03] = MMX_XMM(PHADDSW),
	[0x04] = MMX_XMM(PMADDUBSW),
	[0x05] = MMX_XMM(PHSUBW),
	[0x06] = MMX_XMM(PHSUBD),
	[0x07] = MMX_XMM(PHSUBSW),
	[0x08] = MMX_XMM(PSIGNB),
	[0x09] = MMX_XMM(PSIGNW),
	[0x0a] = MMX_XMM(PSIGND),
	[0x0b] = MMX_XMM(PMULHRSW),
	[0x10] = XMM(PBLENDVB),
	[0x14] = XMM(BLENDVPS),
	[0x15] = XMM(BLENDVPD),
	[0x17] = XMM66(PTEST, SSE16 | ARITH, R(V, x), R(W, x)),
	[0x1c] = MMX_XMM_WRITE(PABSB),
	[0x1d] = MMX_XMM_WRITE(PABSW),
	[0x1e] = MMX_XMM_WRITE(PABSD),
	[0x20] = XMM_EXTEND(PMOVSXBW, q),
	[0x21] = XMM_EXTEND(PMOVSXBD, d),
	[0x22] = XMM_EXTEND(PMOVSXBQ, w),
	[0x23] = XMM_EXTEND(PMOVSXWD, q),
	[0x24] = XMM_EXTEND(PMOVSXWQ, d),
	[0x25] = XMM_EXTEND(PMOVSXDQ, q),
	[0x28] = XMM(PMULDQ),
	[0x29] = XMM(PCMPEQQ),
	[0x2a] = XMM66(MOVNTDQA, SSE16, W(V, x), R(M, x)),
	[0x2b] = XMM(PACKUSDW),
	[0x30] = XMM_EXTEND(PMOVZXBW, q),
	[0x31] = XMM_EXTEND(PMOVZXBD, d),
	[0x32] = XMM_EXTEND(PMOVZXBQ, w),
	[0x33] = XMM_EXTEND(PMOVZXWD, q),
	[0x34] = XMM_EXTEND(PMOVZXWQ, d),
	[0x35] = XMM_EXTEND(PMOVZXDQ, q),
	[0x37] = XMM(PCMPGTQ),
	[0x38] = XMM(PMINSB),
	[0x39] = XMM(PMINSD),
	[0x3a] = XMM(PMINUW),
	[0x3b] = XMM(PMINUD),
	[0x3c] = XMM(PMAXSB),
	[0x3d] = XMM(PMAXSD),
	[0x3e] = XMM(PMAXUW),
	[0x3f] = XMM(PMAXUD),
	[0x40] = XMM(PMULLD),
	[0x41] = XMM66(PHMINPOSUW, SSE16, W(V, x), R(W, x)),
	[0x80] = PREFIX(NONE, I(INVEPT, PRIV | ARITH, R(G, d), R(M, x))),
	[0x81] = PREFIX(NONE, I(INVVPID, PRIV | ARITH, R(G, d), R(M, x))),
	[0x82] = PREFIX(NONE, I(INVPCID, PRIV, R(G, d), R(M, x))),
	[0xdb] = XMM66(AESIMC, SSE16, W(V, x), R(W, x)),
	[0xdc] = XMM(AESENC),
	[0xdd] = XMM(AESENCLAST),
	[0xde] = XMM(AESDEC),
	[0xdf] = XMM(AESDECLAST),
	[0xf0] = REP(I(MOVBE, 0, W(G, v), R(M, v)), NONE, I(CRC32, 0, RW(G, d), R(E, b))),
	[0xf1] = REP(I(MOVBE, 0, W(M, v), R(G, v)), NONE, I(CRC32, 0, RW(G, d), R(E, v))),
	[0xf6] = PREFIX(NONE, I(ADCX, ARITH | USES, RW(G, d), R(E, d)),
		I(ADOX, ARITH | USES, RW(G, d), R(E, d))),
};

/* ---- 0F 3A ---------------------------------------------------------------------------------- */

static const struct opcode map_0f3a[256] = {
	[0x08] = XMM_IMM(ROUNDPS, W, x, SSE16),
	[0x09] = XMM_IMM(ROUNDPD, W, x, SSE16),
	[0x0a] = XMM_IMM(ROUNDSS, RW, d, SSE),
	[0x0b] = XMM_IMM(ROUNDSD, RW, q, SSE),
	[0x0c] = XMM_IMM(BLENDPS, RW, x, SSE16),
	[0x0d] = XMM_IMM(BLENDPD, RW, x, SSE16),
	[0x0e] = XMM_IMM(PBLENDW, RW, x, SSE16),
	[0x0f] = PREFIX(I(PALIGNR, MMX, RW(P, q), R(Q, q), R(I, b)),
		I(PALIGNR, SSE16, RW(V, x), R(W, x), R(I, b))),
	[0x14] = XMM66(PEXTRB, SSE, W(ED, b), R(V, x), R(I, b)),
	[0x15] = XMM66(PEXTRW, SSE, W(ED, w), R(V, x), R(I, b)),
	[0x16] = XMM66(PEXTRD, SSE, W(E, d), R(V, x), R(I, b)),
	[0x17] = XMM66(EXTRACTPS, SSE, W(E, d), R(V, x), R(I, b)),
	[0x20] = XMM66(PINSRB, SSE, RW(V, x), R(ED, b), R(I, b)),
	[0x21] = XMM66(INSERTPS, SSE, RW(V, x), R(W, d), R(I, b)),
	[0x22] = XMM66(PINSRD, SSE, RW(V, x), R(E, d), R(I, b)),
	[0x40] = XMM_IMM(DPPS, RW, x, SSE16),
	[0x41] = XMM_IMM(DPPD, RW, x, SSE16),
	[0x42] = XMM_IMM(MPSADBW, RW, x, SSE16),
	[0x44] = XMM_IMM(PCLMULQDQ, RW, x, SSE16),
	/* Unlike their kin, these four take unaligned memory. */
	[0x60] = XMM_IMM(PCMPESTRM, R, x, SSE | ARITH),
	[0x61] = XMM_IMM(PCMPESTRI, R, x, SSE | ARITH),
	[0x62] = XMM_IMM(PCMPISTRM, R, x, SSE | ARITH),
	[0x63] = XMM_IMM(PCMPISTRI, R, x, SSE | ARITH),
	[0xdf] = XMM_IMM(AESKEYGENASSIST, W, x, SSE16),
};

/* ---- 0F ------------------------------------------------------------------------------------- */

static const struct opcode map_0f[256] = {
	[0x00] = REG(I(SLDT, 0, W(EW, v)), I(STR, 0, W(EW, v)),
		I(LLDT, PRIV, R(E, w)), I(LTR, PRIV, R(E, w)),
		I(VERR, ARITH, R(E, w)), I(VERW, ARITH, R(E, w))),
	[0x01] = MODREG(I(SGDT, 0, W(M, s)), I(SIDT, 0, W(M, s)),
		I(LGDT, PRIV, R(M, s)), I(LIDT, PRIV, R(M, s)),
		I(SMSW, 0, W(EW, v)), NONE,
		I(LMSW, PRIV, R(E, w)), I(INVLPG, PRIV, N(M, b)),
		PREFIX(RM(NONE, I(VMCALL, ARITH | MODRM), I(VMLAUNCH, PRIV | ARITH | MODRM),
			I(VMRESUME, PRIV | ARITH | MODRM), I(VMXOFF, PRIV | ARITH | MODRM))),
		PREFIX(RM(I(MONITOR, MODRM), I(MWAIT, MODRM), I(CLAC, MODRM), I(STAC, MODRM))),
		PREFIX(RM(I(XGETBV, MODRM), I(XSETBV, PRIV | MODRM), NONE, NONE,
			I(VMFUNC, MODRM))),
		RM(I(VMRUN, PRIV | MODRM), I(VMMCALL, MODRM), I(VMLOAD, PRIV | MODRM),
		I(VMSAVE, PRIV | MODRM), I(STGI, PRIV | MODRM), I(CLGI, PRIV | MODRM),
		I(SKINIT, PRIV | MODRM), I(INVLPGA, PRIV | MODRM)),
		I(SMSW, 0, W(EW, v)), NONE, I(LMSW, PRIV, R(E, w)),
		RM(NONE, I(RDTSCP, MODRM))),
	[0x02] = I(LAR, ARITH, W(G, v), R(EW, v)),
	[0x03] = I(LSL, ARITH, W(G, v), R(EW, v)),
	[0x05] = I(SYSCALL, BRANCH),
	[0x06] = I(CLTS, PRIV),
	[0x07] = I(SYSRET, PRIV | BRANCH),
	[0x08] = I(INVD, PRIV),
	[0x09] = I(WBINVD, PRIV),
	[0x0b] = I(UD2, 0),
	[0x0d] = MODREG(I(PREFETCH, 0, N(M, b)), I(PREFETCHW, 0, N(M, b)),
		I(PREFETCHWT1, 0, N(M, b)), I(PREFETCH, 0, N(M, b)),
		I(PREFETCH, 0, N(M, b)), I(PREFETCH, 0, N(M, b)),
		I(PREFETCH, 0, N(M, b)), I(PREFETCH, 0, N(M, b)),
		EIGHT(8, NOP, 0, N(E, v), N(G, v))),

	[0x10] = PREFIX(I(MOVUPS, SSE, W(V, x), R(W, x)), I(MOVUPD, SSE, W(V, x), R(W, x)),
		MOD(I(MOVSS, SSE, W(V, x), R(W, d)), I(MOVSS, SSE, RW(V, x), R(W, d))),
		MOD(I(MOVSD, SSE, W(V, x), R(W, q)), I(MOVSD, SSE, RW(V, x), R(W, q)))),
	[0x11] = PREFIX(I(MOVUPS, SSE, W(W, x), R(V, x)), I(MOVUPD, SSE, W(W, x), R(V, x)),
		MOD(I(MOVSS, SSE, W(W, d), R(V, x)), I(MOVSS, SSE, RW(W, d), R(V, x))),
		MOD(I(MOVSD, SSE, W(W, q), R(V, x)), I(MOVSD, SSE, RW(W, q), R(V, x)))),
	[0x12] = PREFIX(MOD(I(MOVLPS, SSE, RW(V, x), R(M, q)), I(MOVHLPS, SSE, RW(V, x), R(U, x))),
		I(MOVLPD, SSE, RW(V, x), R(M, q)), I(MOVSLDUP, SSE16, W(V, x), R(W, x)),
		I(MOVDDUP, SSE, W(V, x), R(W, q))),
	[0x13] = PREFIX(I(MOVLPS, SSE, W(M, q), R(V, x)), I(MOVLPD, SSE, W(M, q), R(V, x))),
	[0x14] = FLOAT2(UNPCKL),
	[0x15] = FLOAT2(UNPCKH),
	[0x16] = PREFIX(MOD(I(MOVHPS, SSE, RW(V, x), R(M, q)), I(MOVLHPS, SSE, RW(V, x), R(U, x))),
		I(MOVHPD, SSE, RW(V, x), R(M, q)), I(MOVSHDUP, SSE16, W(V, x), R(W, x))),
	[0x17] = PREFIX(I(MOVHPS, SSE, W(M, q), R(V, x)), I(MOVHPD, SSE, W(M, q), R(V, x))),
	[0x18] = MODREG(I(PREFETCHNTA, 0, N(M, b)), I(PREFETCHT0, 0, N(M, b)),
		I(PREFETCHT1, 0, N(M, b)), I(PREFETCHT2, 0, N(M, b)),
		[4 ... 15] = I(NOP, 0, N(E, v))),
	[0x19 ... 0x1f] = I(NOP, 0, N(E, v), N(G, v)),

	[0x20] = I(MOV_FROM_CR, PRIV | NO_MEMORY, W(RX, d), R(C, d)),
	[0x21] = I(MOV_FROM_DR, PRIV | NO_MEMORY, W(RX, d), R(D, d)),
	[0x22] = I(MOV_TO_CR, PRIV | NO_MEMORY, W(C, d), R(RX, d)),
	[0x23] = I(MOV_TO_DR, PRIV | NO_MEMORY, W(D, d), R(RX, d)),
	[0x28] = PREFIX(FLOAT_PACKED(MOVA, W)),
	[0x29] = PREFIX(I(MOVAPS, SSE16, W(W, x), R(V, x)), I(MOVAPD, SSE16, W(W, x), R(V, x))),
	[0x2a] = PREFIX(I(CVTPI2PS, MMX | SSE, RW(V, x), R(Q, q)),
		I(CVTPI2PD, MMX | SSE, W(V, x), R(Q, q)),
		I(CVTSI2SS, SSE, RW(V, x), R(E, d)), I(CVTSI2SD, SSE, RW(V, x), R(E, d))),
	[0x2b] = PREFIX(I(MOVNTPS, SSE16, W(M, x), R(V, x)), I(MOVNTPD, SSE16, W(M, x), R(V, x)),
		I(MOVNTSS, SSE, W(M, d), R(V, x)), I(MOVNTSD, SSE, W(M, q), R(V, x))),
	[0x2c] = PREFIX(I(CVTTPS2PI, MMX | SSE, W(P, q), R(W, q)),
		I(CVTTPD2PI, MMX | SSE16, W(P, q), R(W, x)),
		I(CVTTSS2SI, SSE, W(G, d), R(W, d)), I(CVTTSD2SI, SSE, W(G, d), R(W, q))),
	[0x2d] = PREFIX(I(CVTPS2PI, MMX | SSE, W(P, q), R(W, q)),
		I(CVTPD2PI, MMX | SSE16, W(P, q), R(W, x)),
		I(CVTSS2SI, SSE, W(G, d), R(W, d)), I(CVTSD2SI, SSE, W(G, d), R(W, q))),
	[0x2e] = PREFIX(I(UCOMISS, SSE | ARITH, R(V, x), R(W, d)),
		I(UCOMISD, SSE | ARITH, R(V, x), R(W, q))),
	[0x2f] = PREFIX(I(COMISS, SSE | ARITH, R(V, x), R(W, d)),
		I(COMISD, SSE | ARITH, R(V, x), R(W, q))),

	[0x30] = I(WRMSR, PRIV),
	[0x31] = I(RDTSC, 0),
	[0x32] = I(RDMSR, PRIV),
	[0x33] = I(RDPMC, 0),
	[0x34] = I(SYSENTER, BRANCH),
	[0x35] = I(SYSEXIT, PRIV | BRANCH),
	[0x37] = PREFIX(I(GETSEC, 0)),
	[0x38] = { .next_by = NEXT_MAP, .next = map_0f38 },
	[0x3a] = { .next_by = NEXT_MAP, .next = map_0f3a },
	SIXTEEN(0x40, CMOVCC, USES, W(G, v), R(E, v)),

	[0x50] = PREFIX(I(MOVMSKPS, SSE, W(G, d), R(U, x)), I(MOVMSKPD, SSE, W(G, d), R(U, x))),
	[0x51] = PREFIX(FLOAT_PACKED(SQRT, W), FLOAT_SCALAR(SQRT, RW)),
	[0x52] = PREFIX(I(RSQRTPS, SSE16, W(V, x), R(W, x)), NONE,
		I(RSQRTSS, SSE, RW(V, x), R(W, d))),
	[0x53] = PREFIX(I(RCPPS, SSE16, W(V, x), R(W, x)), NONE, I(RCPSS, SSE, RW(V, x), R(W, d))),
	[0x54] = FLOAT2(AND),
	[0x55] = FLOAT2(ANDN),
	[0x56] = FLOAT2(OR),
	[0x57] = FLOAT2(XOR),
	[0x58] = FLOAT4(ADD),
	[0x59] = FLOAT4(MUL),
	[0x5a] = PREFIX(I(CVTPS2PD, SSE, W(V, x), R(W, q)), I(CVTPD2PS, SSE16, W(V, x), R(W, x)),
		I(CVTSS2SD, SSE, RW(V, x), R(W, d)), I(CVTSD2SS, SSE, RW(V, x), R(W, q))),
	[0x5b] = PREFIX(I(CVTDQ2PS, SSE16, W(V, x), R(W, x)), I(CVTPS2DQ, SSE16, W(V, x), R(W, x)),
		I(CVTTPS2DQ, SSE16, W(V, x), R(W, x))),
	[0x5c] = FLOAT4(SUB),
	[0x5d] = FLOAT4(MIN),
	[0x5e] = FLOAT4(DIV),
	[0x5f] = FLOAT4(MAX),

	[0x60] = MMX_XMM_LOW(PUNPCKLBW),
	[0x61] = MMX_XMM_LOW(PUNPCKLWD),
	[0x62] = MMX_XMM_LOW(PUNPCKLDQ),
	[0x63] = MMX_XMM(PACKSSWB),
	[0x64] = MMX_XMM(PCMPGTB),
	[0x65] = MMX_XMM(PCMPGTW),
	[0x66] = MMX_XMM(PCMPGTD),
	[0x67] = MMX_XMM(PACKUSWB),
	[0x68] = MMX_XMM(PUNPCKHBW),
	[0x69] = MMX_XMM(PUNPCKHWD),
	[0x6a] = MMX_XMM(PUNPCKHDQ),
	[0x6b] = MMX_XMM(PACKSSDW),
	[0x6c] = XMM(PUNPCKLQDQ),
	[0x6d] = XMM(PUNPCKHQDQ),
	[0x6e] = PREFIX(I(MOVD, MMX, W(P, q), R(E, d)), I(MOVD, SSE, W(V, x), R(E, d))),
	[0x6f] = PREFIX(I(MOVQ, MMX, W(P, q), R(Q, q)), I(MOVDQA, SSE16, W(V, x), R(W, x)),
		I(MOVDQU, SSE, W(V, x), R(W, x))),
	[0x70] = PREFIX(I(PSHUFW, MMX, W(P, q), R(Q, q), R(I, b)),
		I(PSHUFD, SSE16, W(V, x), R(W, x), R(I, b)),
		I(PSHUFHW, SSE16, W(V, x), R(W, x), R(I, b)),
		I(PSHUFLW, SSE16, W(V, x), R(W, x), R(I, b))),
	[0x71] = REG(NONE, NONE, MMX_XMM_SHIFT(PSRLW), NONE, MMX_XMM_SHIFT(PSRAW), NONE,
		MMX_XMM_SHIFT(PSLLW)),
	[0x72] = REG(NONE, NONE, MMX_XMM_SHIFT(PSRLD), NONE, MMX_XMM_SHIFT(PSRAD), NONE,
		MMX_XMM_SHIFT(PSLLD)),
	[0x73] = REG(NONE, NONE, MMX_XMM_SHIFT(PSRLQ), XMM66(PSRLDQ, SSE, RW(U, x), R(I, b)),
		NONE, NONE, MMX_XMM_SHIFT(PSLLQ), XMM66(PSLLDQ, SSE, RW(U, x), R(I, b))),
	[0x74] = MMX_XMM(PCMPEQB),
	[0x75] = MMX_XMM(PCMPEQW),
	[0x76] = MMX_XMM(PCMPEQD),
	[0x77] = PREFIX(I(EMMS, MMX)),
	[0x78] = PREFIX(I(VMREAD, PRIV | ARITH, W(E, d), R(G, d)),
		REG(I(EXTRQ, SSE, RW(U, x), R(I, b), R(I2, b))), NONE,
		I(INSERTQ, SSE, RW(V, x), R(U, x), R(I, b), R(I2, b))),
	[0x79] = PREFIX(I(VMWRITE, PRIV | ARITH, R(G, d), R(E, d)),
		I(EXTRQ, SSE, RW(V, x), R(U, x)), NONE, I(INSERTQ, SSE, RW(V, x), R(U, x))),
	[0x7c] = PREFIX(NONE, I(HADDPD, SSE16, RW(V, x), R(W, x)), NONE,
		I(HADDPS, SSE16, RW(V, x), R(W, x))),
	[0x7d] = PREFIX(NONE, I(HSUBPD, SSE16, RW(V, x), R(W, x)), NONE,
		I(HSUBPS, SSE16, RW(V, x), R(W, x))),
	[0x7e] = PREFIX(I(MOVD, MMX, W(E, d), R(P, q)), I(MOVD, SSE, W(E, d), R(V, x)),
		I(MOVQ, SSE, W(V, x), R(W, q))),
	[0x7f] = PREFIX(I(MOVQ, MMX, W(Q, q), R(P, q)), I(MOVDQA, SSE16, W(W, x), R(V, x)),
		I(MOVDQU, SSE, W(W, x), R(V, x))),
	SIXTEEN(0x80, JCC, USES | BRANCH, R(J, v)),
	SIXTEEN(0x90, SETCC, USES, W(E, b)),

	[0xa0] = I(PUSH_SREG, 0, R(SEG, w)),
	[0xa1] = I(POP_SREG, 0, W(SEG, w)),
	[0xa2] = I(CPUID, 0),
	[0xa3] = I(BT, ARITH, R(E, v), R(G, v)),
	[0xa4] = I(SHLD, ARITH, RW(E, v), R(G, v), R(I, b)),
	[0xa5] = I(SHLD, ARITH, RW(E, v), R(G, v), R(CL, b)),
	[0xa8] = I(PUSH_SREG, 0, R(SEG, w)),
	[0xa9] = I(POP_SREG, 0, W(SEG, w)),
	[0xaa] = I(RSM, BRANCH | ARITH),
	[0xab] = I(BTS, ARITH | LOCK, RW(E, v), R(G, v)),
	[0xac] = I(SHRD, ARITH, RW(E, v), R(G, v), R(I, b)),
	[0xad] = I(SHRD, ARITH, RW(E, v), R(G, v), R(CL, b)),
	[0xae] = MODREG(PREFIX(I(FXSAVE, ALIGN16, W(M, f))), PREFIX(I(FXRSTOR, ALIGN16, R(M, f))),
		PREFIX(I(LDMXCSR, SSE, R(M, d))), PREFIX(I(STMXCSR, SSE, W(M, d))),
		PREFIX(I(XSAVE, 0, RW(M, g))), PREFIX(I(XRSTOR, 0, R(M, g))),
		PREFIX(I(XSAVEOPT, 0, RW(M, g)), I(CLWB, 0, N(M, b))),
		PREFIX(I(CLFLUSH, 0, N(M, b)), I(CLFLUSHOPT, 0, N(M, b))),
		NONE, NONE, NONE, NONE, NONE,
		PREFIX(I(LFENCE, MODRM)), PREFIX(I(MFENCE, MODRM)), PREFIX(I(SFENCE, MODRM))),
	[0xaf] = I(IMUL, ARITH, RW(G, v), R(E, v)),

	[0xb0] = I(CMPXCHG, ARITH | LOCK, RW(E, b), R(G, b)),
	[0xb1] = I(CMPXCHG, ARITH | LOCK, RW(E, v), R(G, v)),
	[0xb2] = I(LSS, 0, W(G, v), R(M, p)),
	[0xb3] = I(BTR, ARITH | LOCK, RW(E, v), R(G, v)),
	[0xb4] = I(LFS, 0, W(G, v), R(M, p)),
	[0xb5] = I(LGS, 0, W(G, v), R(M, p)),
	[0xb6] = I(MOVZX, 0, W(G, v), R(E, b)),
	[0xb7] = I(MOVZX, 0, W(G, v), R(E, w)),
	[0xb8] = REP(NONE, I(POPCNT, ARITH, W(G, v), R(E, v))),
	[0xb9] = I(UD1, 0, N(G, d), N(E, d)),
	[0xba] = REG(NONE, NONE, NONE, NONE, I(BT, ARITH, R(E, v), R(I, b)),
		I(BTS, ARITH | LOCK, RW(E, v), R(I, b)), I(BTR, ARITH | LOCK, RW(E, v), R(I, b)),
		I(BTC, ARITH | LOCK, RW(E, v), R(I, b))),
	[0xbb] = I(BTC, ARITH | LOCK, RW(E, v), R(G, v)),
	[0xbc] = REP(I(BSF, ARITH, RW(G, v), R(E, v)), I(TZCNT, ARITH, W(G, v), R(E, v)),
		I(BSF, ARITH, RW(G, v), R(E, v))),
	[0xbd] = REP(I(BSR, ARITH, RW(G, v), R(E, v)), I(LZCNT, ARITH, W(G, v), R(E, v)),
		I(BSR, ARITH, RW(G, v), R(E, v))),
	[0xbe] = I(MOVSX, 0, W(G, v), R(E, b)),
	[0xbf] = I(MOVSX, 0, W(G, v), R(E, w)),

	[0xc0] = I(XADD, ARITH | LOCK, RW(E, b), RW(G, b)),
	[0xc1] = I(XADD, ARITH | LOCK, RW(E, v), RW(G, v)),
	[0xc2] = PREFIX(I(CMPPS, SSE16, RW(V, x), R(W, x), R(I, b)),
		I(CMPPD, SSE16, RW(V, x), R(W, x), R(I, b)),
		I(CMPSS, SSE, RW(V, x), R(W, d), R(I, b)),
		I(CMPSD, SSE, RW(V, x), R(W, q), R(I, b))),
	[0xc3] = PREFIX(I(MOVNTI, 0, W(M, d), R(G, d))),
	[0xc4] = PREFIX(I(PINSRW, MMX, RW(P, q), R(ED, w), R(I, b)),
		I(PINSRW, SSE, RW(V, x), R(ED, w), R(I, b))),
	[0xc5] = PREFIX(I(PEXTRW, MMX, W(G, d), R(N, q), R(I, b)),
		I(PEXTRW, SSE, W(G, d), R(U, x), R(I, b))),
	[0xc6] = PREFIX(I(SHUFPS, SSE16, RW(V, x), R(W, x), R(I, b)),
		I(SHUFPD, SSE16, RW(V, x), R(W, x), R(I, b))),
	[0xc7] = MODREG(NONE, I(CMPXCHG8B, ARITH | LOCK, RW(M, q)), NONE,
		PREFIX(I(XRSTORS, PRIV, R(M, g))), PREFIX(I(XSAVEC, 0, W(M, g))),
		PREFIX(I(XSAVES, PRIV, W(M, g))),
		PREFIX(I(VMPTRLD, PRIV | ARITH, R(M, q)), I(VMCLEAR, PRIV | ARITH, R(M, q)),
		I(VMXON, PRIV | ARITH, R(M, q))),
		PREFIX(I(VMPTRST, PRIV | ARITH, W(M, q))),
		NONE, NONE, NONE, NONE, NONE, NONE,
		REP(I(RDRAND, ARITH, W(R, v))),
		REP(I(RDSEED, ARITH, W(R, v)), I(RDPID, 0, W(R, d)))),
	EIGHT(0xc8, BSWAP, 0, RW(Z, v)),

	[0xd0] = PREFIX(NONE, I(ADDSUBPD, SSE16, RW(V, x), R(W, x)), NONE,
		I(ADDSUBPS, SSE16, RW(V, x), R(W, x))),
	[0xd1] = MMX_XMM(PSRLW),
	[0xd2] = MMX_XMM(PSRLD),
	[0xd3] = MMX_XMM(PSRLQ),
	[0xd4] = MMX_XMM(PADDQ),
	[0xd5] = MMX_XMM(PMULLW),
	[0xd6] = PREFIX(NONE, I(MOVQ, SSE, W(W, q), R(V, x)),
		I(MOVQ2DQ, MMX | SSE, W(V, x), R(N, q)),
		I(MOVDQ2Q, MMX | SSE, W(P, q), R(U, x))),
	[0xd7] = PREFIX(I(PMOVMSKB, MMX, W(G, d), R(N, q)), I(PMOVMSKB, SSE, W(G, d), R(U, x))),
	[0xd8] = MMX_XMM(PSUBUSB),
	[0xd9] = MMX_XMM(PSUBUSW),
	[0xda] = MMX_XMM(PMINUB),
	[0xdb] = MMX_XMM(PAND),
	[0xdc] = MMX_XMM(PADDUSB),
	[0xdd] = MMX_XMM(PADDUSW),
	[0xde] = MMX_XMM(PMAXUB),
	[0xdf] = MMX_XMM(PANDN),
	[0xe0] = MMX_XMM(PAVGB),
	[0xe1] = MMX_XMM(PSRAW),
	[0xe2] = MMX_XMM(PSRAD),
	[0xe3] = MMX_XMM(PAVGW),
	[0xe4] = MMX_XMM(PMULHUW),
	[0xe5] = MMX_XMM(PMULHW),
	[0xe6] = PREFIX(NONE, I(CVTTPD2DQ, SSE16, W(V, x), R(W, x)),
		I(CVTDQ2PD, SSE, W(V, x), R(W, q)),
		I(CVTPD2DQ, SSE16, W(V, x), R(W, x))),
	[0xe7] = PREFIX(I(MOVNTQ, MMX, W(M, q), R(P, q)), I(MOVNTDQ, SSE16, W(M, x), R(V, x))),
	[0xe8] = MMX_XMM(PSUBSB),
	[0xe9] = MMX_XMM(PSUBSW),
	[0xea] = MMX_XMM(PMINSW),
	[0xeb] = MMX_XMM(POR),
	[0xec] = MMX_XMM(PADDSB),
	[0xed] = MMX_XMM(PADDSW),
	[0xee] = MMX_XMM(PMAXSW),
	[0xef] = MMX_XMM(PXOR),
	[0xf0] = PREFIX(NONE, NONE, NONE, I(LDDQU, SSE, W(V, x), R(M, x))),
	[0xf1] = MMX_XMM(PSLLW),
	[0xf2] = MMX_XMM(PSLLD),
	[0xf3] = MMX_XMM(PSLLQ),
	[0xf4] = MMX_XMM(PMULUDQ),
	[0xf5] = MMX_XMM(PMADDWD),
	[0xf6] = MMX_XMM(PSADBW),
	[0xf7] = PREFIX(I(MASKMOVQ, MMX | EDI, R(P, q), R(N, q)),
		I(MASKMOVDQU, SSE | EDI, R(V, x), R(U, x))),
	[0xf8] = MMX_XMM(PSUBB),
	[0xf9] = MMX_XMM(PSUBW),
	[0xfa] = MMX_XMM(PSUBD),
	[0xfb] = MMX_XMM(PSUBQ),
	[0xfc] = MMX_XMM(PADDB),
	[0xfd] = MMX_XMM(PADDW),
	[0xfe] = MMX_XMM(PADDD),
	[0xff] = I(UD0, 0, N(G, d), N(E, d)),
};

/* ---- one byte ------------------------------------------------------------------------------- */

const struct opcode opcode_map_one_byte[256] = {
	ALU(0x00, ADD, ARITH),
	[0x06] = I(PUSH_SREG, 0, R(SEG, w)),
	[0x07] = I(POP_SREG, 0, W(SEG, w)),
	ALU(0x08, OR, ARITH),
	[0x0e] = I(PUSH_SREG, 0, R(SEG, w)),
	[0x0f] = { .next_by = NEXT_MAP, .next = map_0f },
	ALU(0x10, ADC, ARITH | USES),
	[0x16] = I(PUSH_SREG, 0, R(SEG, w)),
	[0x17] = I(POP_SREG, 0, W(SEG, w)),
	ALU(0x18, SBB, ARITH | USES),
	[0x1e] = I(PUSH_SREG, 0, R(SEG, w)),
	[0x1f] = I(POP_SREG, 0, W(SEG, w)),
	ALU(0x20, AND, ARITH),
	[0x26] = LEGACY,
	[0x27] = I(DAA, ARITH | USES),
	ALU(0x28, SUB, ARITH),
	[0x2e] = LEGACY,
	[0x2f] = I(DAS, ARITH | USES),
	ALU(0x30, XOR, ARITH),
	[0x36] = LEGACY,
	[0x37] = I(AAA, ARITH | USES),
	ALU_FORMS(0x38, CMP, ARITH, 0, R),
	[0x3e] = LEGACY,
	[0x3f] = I(AAS, ARITH | USES),
	EIGHT(0x40, INC, ARITH, RW(Z, v)),
	EIGHT(0x48, DEC, ARITH, RW(Z, v)),
	EIGHT(0x50, PUSH, 0, R(Z, v)),
	EIGHT(0x58, POP, 0, W(Z, v)),
	[0x60] = I(PUSHA, 0),
	[0x61] = I(POPA, 0),
	[0x62] = I(BOUND, 0, R(G, v), R(M, a)),
	[0x63] = I(ARPL, ARITH, RW(E, w), R(G, w)),
	[0x64 ... 0x67] = LEGACY,
	[0x68] = I(PUSH, 0, R(I, v)),
	[0x69] = I(IMUL, ARITH, W(G, v), R(E, v), R(I, v)),
	[0x6a] = I(PUSH, 0, R(SI, v)),
	[0x6b] = I(IMUL, ARITH, W(G, v), R(E, v), R(SI, v)),
	[0x6c] = I(INS, STRING | IO | BYTE),
	[0x6d] = I(INS, STRING | IO),
	[0x6e] = I(OUTS, STRING | IO | BYTE),
	[0x6f] = I(OUTS, STRING | IO),
	SIXTEEN(0x70, JCC, USES | BRANCH, R(J, b)),

	[0x80] = GROUP1(b, R(I, b)),
	[0x81] = GROUP1(v, R(I, v)),
	[0x82] = GROUP1(b, R(I, b)),
	[0x83] = GROUP1(v, R(SI, v)),
	[0x84] = I(TEST, ARITH, R(E, b), R(G, b)),
	[0x85] = I(TEST, ARITH, R(E, v), R(G, v)),
	[0x86] = I(XCHG, LOCK, RW(E, b), RW(G, b)),
	[0x87] = I(XCHG, LOCK, RW(E, v), RW(G, v)),
	[0x88] = I(MOV, 0, W(E, b), R(G, b)),
	[0x89] = I(MOV, 0, W(E, v), R(G, v)),
	[0x8a] = I(MOV, 0, W(G, b), R(E, b)),
	[0x8b] = I(MOV, 0, W(G, v), R(E, v)),
	[0x8c] = I(MOV_SREG_TO, 0, W(EW, v), R(S, w)),
	[0x8d] = I(LEA, 0, W(G, v), N(M, v)),
	[0x8e] = I(MOV_TO_SREG, 0, W(S, w), R(E, w)),
	[0x8f] = REG(I(POP, 0, W(E, v))),
	[0x90] = REP(I(NOP, 0), I(PAUSE, 0), I(NOP, 0)),
	[0x91 ... 0x97] = I(XCHG, 0, RW(Z, v), RW(ACC, v)),
	[0x98] = I(CBW, 0),
	[0x99] = I(CWD, 0),
	[0x9a] = I(CALL_FAR, BRANCH, R(A, p)),
	[0x9b] = I(FWAIT, X87),
	[0x9c] = I(PUSHF, USES),
	[0x9d] = I(POPF, ARITH),
	[0x9e] = I(SAHF, ARITH),
	[0x9f] = I(LAHF, USES),
	[0xa0] = I(MOV, 0, W(ACC, b), R(O, b)),
	[0xa1] = I(MOV, 0, W(ACC, v), R(O, v)),
	[0xa2] = I(MOV, 0, W(O, b), R(ACC, b)),
	[0xa3] = I(MOV, 0, W(O, v), R(ACC, v)),
	[0xa4] = I(MOVS, STRING | BYTE),
	[0xa5] = I(MOVS, STRING),
	[0xa6] = I(CMPS, STRING | ARITH | BYTE),
	[0xa7] = I(CMPS, STRING | ARITH),
	[0xa8] = I(TEST, ARITH, R(ACC, b), R(I, b)),
	[0xa9] = I(TEST, ARITH, R(ACC, v), R(I, v)),
	[0xaa] = I(STOS, STRING | BYTE),
	[0xab] = I(STOS, STRING),
	[0xac] = I(LODS, STRING | BYTE),
	[0xad] = I(LODS, STRING),
	[0xae] = I(SCAS, STRING | ARITH | BYTE),
	[0xaf] = I(SCAS, STRING | ARITH),
	EIGHT(0xb0, MOV, 0, W(Z, b), R(I, b)),
	EIGHT(0xb8, MOV, 0, W(Z, v), R(I, v)),

	[0xc0] = GROUP2(b, R(I, b)),
	[0xc1] = GROUP2(v, R(I, b)),
	[0xc2] = I(RET_NEAR, BRANCH, R(I, w)),
	[0xc3] = I(RET_NEAR, BRANCH),
	[0xc4] = I(LES, 0, W(G, v), R(M, p)),
	[0xc5] = I(LDS, 0, W(G, v), R(M, p)),
	[0xc6] = REG(I(MOV, 0, W(E, b), R(I, b))),
	[0xc7] = REG(I(MOV, 0, W(E, v), R(I, v))),
	[0xc8] = I(ENTER, 0, R(I, w), R(I2, b)),
	[0xc9] = I(LEAVE, 0),
	[0xca] = I(RET_FAR, BRANCH, R(I, w)),
	[0xcb] = I(RET_FAR, BRANCH),
	[0xcc] = I(INT3, BRANCH),
	[0xcd] = I(INT, BRANCH, R(I, b)),
	[0xce] = I(INTO, BRANCH | USES),
	[0xcf] = I(IRET, BRANCH | ARITH),

	[0xd0] = GROUP2(b, R(ONE, b)),
	[0xd1] = GROUP2(v, R(ONE, b)),
	[0xd2] = GROUP2(b, R(CL, b)),
	[0xd3] = GROUP2(v, R(CL, b)),
	[0xd4] = I(AAM, ARITH, R(I, b)),
	[0xd5] = I(AAD, ARITH, R(I, b)),
	[0xd6] = I(SALC, USES),
	[0xd7] = I(XLAT, 0),

	[0xd8] = MODREG(X87_ARITH(F, d),
		X87_TO_ST(FADD), X87_TO_ST(FMUL), I(FCOM, X87, R(STI, t)), I(FCOMP, X87, R(STI, t)),
		X87_TO_ST(FSUB), X87_TO_ST(FSUBR), X87_TO_ST(FDIV), X87_TO_ST(FDIVR)),
	[0xd9] = MODREG(I(FLD, X87, R(M, d)), NONE, I(FST, X87, W(M, d)), I(FSTP, X87, W(M, d)),
		I(FLDENV, X87, R(M, n)), I(FLDCW, X87, R(M, w)),
		I(FNSTENV, X87, W(M, n)), I(FNSTCW, X87, W(M, w)),
		I(FLD, X87, R(STI, t)), I(FXCH, X87, RW(STI, t)), RM(X87_PLAIN(FNOP)),
		I(FSTPNCE, X87, W(STI, t)),
		RM(X87_PLAIN(FCHS), X87_PLAIN(FABS), NONE, NONE, X87_PLAIN(FTST), X87_PLAIN(FXAM)),
		RM(X87_PLAIN(FLD1), X87_PLAIN(FLDL2T), X87_PLAIN(FLDL2E), X87_PLAIN(FLDPI),
		X87_PLAIN(FLDLG2), X87_PLAIN(FLDLN2), X87_PLAIN(FLDZ)),
		RM(X87_PLAIN(F2XM1), X87_PLAIN(FYL2X), X87_PLAIN(FPTAN), X87_PLAIN(FPATAN),
		X87_PLAIN(FXTRACT), X87_PLAIN(FPREM1), X87_PLAIN(FDECSTP), X87_PLAIN(FINCSTP)),
		RM(X87_PLAIN(FPREM), X87_PLAIN(FYL2XP1), X87_PLAIN(FSQRT), X87_PLAIN(FSINCOS),
		X87_PLAIN(FRNDINT), X87_PLAIN(FSCALE), X87_PLAIN(FSIN), X87_PLAIN(FCOS))),
	[0xda] = MODREG(X87_ARITH(FI, d),
		X87_CMOV(FCMOVB), X87_CMOV(FCMOVE), X87_CMOV(FCMOVBE), X87_CMOV(FCMOVU),
		NONE, RM(NONE, X87_PLAIN(FUCOMPP))),
	[0xdb] = MODREG(I(FILD, X87, R(M, d)), I(FISTTP, X87, W(M, d)), I(FIST, X87, W(M, d)),
		I(FISTP, X87, W(M, d)), NONE, I(FLD, X87, R(M, t)), NONE, I(FSTP, X87, W(M, t)),
		X87_CMOV(FCMOVNB), X87_CMOV(FCMOVNE), X87_CMOV(FCMOVNBE), X87_CMOV(FCMOVNU),
		RM(X87_PLAIN(FENI8087_NOP), X87_PLAIN(FDISI8087_NOP), X87_PLAIN(FNCLEX),
		X87_PLAIN(FNINIT), X87_PLAIN(FSETPM287_NOP)),
		X87_COMPARE(FUCOMI), X87_COMPARE(FCOMI)),
	[0xdc] = MODREG(X87_ARITH(F, q),
		X87_TO_STI(FADD), X87_TO_STI(FMUL),
		I(FCOM, X87, R(STI, t)), I(FCOMP, X87, R(STI, t)),
		X87_TO_STI(FSUBR), X87_TO_STI(FSUB), X87_TO_STI(FDIVR), X87_TO_STI(FDIV)),
	[0xdd] = MODREG(I(FLD, X87, R(M, q)), I(FISTTP, X87, W(M, q)), I(FST, X87, W(M, q)),
		I(FSTP, X87, W(M, q)), I(FRSTOR, X87, R(M, r)), NONE, I(FNSAVE, X87, W(M, r)),
		I(FNSTSW, X87, W(M, w)),
		I(FFREE, X87, R(STI, t)), I(FXCH, X87, RW(STI, t)), I(FST, X87, W(STI, t)),
		I(FSTP, X87, W(STI, t)), I(FUCOM, X87, R(STI, t)), I(FUCOMP, X87, R(STI, t))),
	[0xde] = MODREG(X87_ARITH(FI, w),
		X87_TO_STI(FADDP), X87_TO_STI(FMULP), I(FCOMP, X87, R(STI, t)),
		RM(NONE, X87_PLAIN(FCOMPP)),
		X87_TO_STI(FSUBRP), X87_TO_STI(FSUBP), X87_TO_STI(FDIVRP), X87_TO_STI(FDIVP)),
	[0xdf] = MODREG(I(FILD, X87, R(M, w)), I(FISTTP, X87, W(M, w)), I(FIST, X87, W(M, w)),
		I(FISTP, X87, W(M, w)), I(FBLD, X87, R(M, t)), I(FILD, X87, R(M, q)),
		I(FBSTP, X87, W(M, t)), I(FISTP, X87, W(M, q)),
		I(FFREEP, X87, R(STI, t)), I(FXCH, X87, RW(STI, t)), I(FSTP, X87, W(STI, t)),
		I(FSTP, X87, W(STI, t)), RM(I(FNSTSW, X87 | MODRM, W(ACC, w))),
		X87_COMPARE(FUCOMIP), X87_COMPARE(FCOMIP)),

	[0xe0] = I(LOOPNE, BRANCH | USES, R(J, b)),
	[0xe1] = I(LOOPE, BRANCH | USES, R(J, b)),
	[0xe2] = I(LOOP, BRANCH, R(J, b)),
	[0xe3] = I(JCXZ, BRANCH, R(J, b)),
	[0xe4] = I(IN, IO | BYTE, W(ACC, b), R(I, b)),
	[0xe5] = I(IN, IO, W(ACC, v), R(I, b)),
	[0xe6] = I(OUT, IO | BYTE, R(I, b), R(ACC, b)),
	[0xe7] = I(OUT, IO, R(I, b), R(ACC, v)),
	[0xe8] = I(CALL_NEAR, BRANCH, R(J, v)),
	[0xe9] = I(JMP_NEAR, BRANCH, R(J, v)),
	[0xea] = I(JMP_FAR, BRANCH, R(A, p)),
	[0xeb] = I(JMP_NEAR, BRANCH, R(J, b)),
	[0xec] = I(IN, IO | BYTE, W(ACC, b), R(DX, w)),
	[0xed] = I(IN, IO, W(ACC, v), R(DX, w)),
	[0xee] = I(OUT, IO | BYTE, R(DX, w), R(ACC, b)),
	[0xef] = I(OUT, IO, R(DX, w), R(ACC, v)),
	[0xf0] = LEGACY,
	[0xf1] = I(INT1, BRANCH),
	[0xf2] = LEGACY,
	[0xf3] = LEGACY,
	[0xf4] = I(HLT, PRIV),
	[0xf5] = I(CMC, ARITH | USES),
	[0xf6] = GROUP3(b),
	[0xf7] = GROUP3(v),
	[0xf8] = I(CLC, ARITH),
	[0xf9] = I(STC, ARITH),
	[0xfa] = I(CLI, 0),
	[0xfb] = I(STI, 0),
	[0xfc] = I(CLD, 0),
	[0xfd] = I(STD, 0),
	[0xfe] = REG(I(INC, ARITH | LOCK, RW(E, b)), I(DEC, ARITH | LOCK, RW(E, b))),
	[0xff] = REG(I(INC, ARITH | LOCK, RW(E, v)), I(DEC, ARITH | LOCK, RW(E, v)),
		I(CALL_NEAR_IND, BRANCH, R(E, v)), I(CALL_FAR, BRANCH, R(M, p)),
		I(JMP_NEAR_IND, BRANCH, R(E, v)), I(JMP_FAR, BRANCH, R(M, p)),
		I(PUSH, 0, R(E, v))),
};

/* clang-format on */
