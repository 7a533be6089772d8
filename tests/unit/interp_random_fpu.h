/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The FPU part of test_interp_unicorn.c: random x87, MMX and XMM registers on both sides and their
 * comparison.  TCG computes with software floats: exact for the basic operations, but not for
 * transcendental and approximate ones, and its exception flags are incomplete; those are left out.
 */
#ifndef TESTS_UNIT_INTERP_RANDOM_FPU_H
#define TESTS_UNIT_INTERP_RANDOM_FPU_H

static const int uc_xmm[8] = { UC_X86_REG_XMM0, UC_X86_REG_XMM1, UC_X86_REG_XMM2, UC_X86_REG_XMM3,
			       UC_X86_REG_XMM4, UC_X86_REG_XMM5, UC_X86_REG_XMM6, UC_X86_REG_XMM7 };
static const int uc_fp[8] = { UC_X86_REG_FP0, UC_X86_REG_FP1, UC_X86_REG_FP2, UC_X86_REG_FP3,
			      UC_X86_REG_FP4, UC_X86_REG_FP5, UC_X86_REG_FP6, UC_X86_REG_FP7 };

/* A number that is finite and normal, in 80 bits. */
static void random_float80(u8 to[10])
{
	u64 mantissa = ((u64)random32() << 32 | random32()) | 1ull << 63;
	u16 exponent = (u16)(0x3fff - 40 + random_below(80) + (random_below(2) ? 0x8000 : 0));

	if (!random_below(4))
		mantissa &= 0xfff0000000000000ull;
	if (!random_below(8))
		mantissa = exponent = 0;
	memcpy(to, &mantissa, 8);
	memcpy(to + 8, &exponent, 2);
}

static void load_x87(void)
{
	u8 *fpu = both->cpu.fpu;
	u16 control = (u16)(0x037f | random_below(4) << 10);
	u32 top = random_below(8);

	memset(fpu, 0, 160);
	memcpy(fpu, &control, 2);
	fpu[3] = (u8)(top << 3);
	fpu[4] = (u8)~BIT((top + 7) & 7);
	for (u32 st = 0; st < 8; st++) {
		random_float80(fpu + 32 + 16 * st);
		check_uc(uc_reg_write(both->uc, uc_fp[(top + st) & 7], fpu + 32 + 16 * st));
	}
	uc_set(UC_X86_REG_FPCW, control);
	uc_set(UC_X86_REG_FPSW, top << 11);
	uc_set(UC_X86_REG_FPTAG, 3u << (2 * ((top + 7) & 7)));
}

static void compare_x87(void)
{
	const u8 *fpu = both->cpu.fpu;
	u32 status = (u32)(fpu[2] | fpu[3] << 8), theirs = uc_get(UC_X86_REG_FPSW);
	u32 top = status >> 11 & 7;
	/* C1 says how a result was rounded, which TCG does not; compares and FXAM set C0, C2, C3. */
	u32 mask = 0x3800;

	if (tried.props & INSN_X87 && (tried.op == OP_FCOM || tried.op == OP_FCOMP ||
				      tried.op == OP_FTST || tried.op == OP_FUCOM))
		mask |= 0x4500;
	if ((status ^ theirs) & mask)
		report("FPU status", status, theirs);
	for (u32 st = 0; st < 8; st++) {
		u8 other[16] = { 0 };

		check_uc(uc_reg_read(both->uc, uc_fp[(top + st) & 7], other));
		if (!(fpu[4] >> ((top + st) & 7) & 1))
			continue;
		if ((other[9] & 0x7f) == 0x7f && other[8] == 0xff)
			continue; /* TCG passes signalling NaNs on */
		if (memcmp(fpu + 32 + 16 * st, other, 10)) {
			u32 a, b;

			memcpy(&a, fpu + 32 + 16 * st + 6, 4);
			memcpy(&b, other + 6, 4);
			report("ST register", a, b);
		}
	}
}

static u32 random_float32(void)
{
	if (!random_below(8))
		return 0;
	return (random32() & 0x807fffffu) | (127 - 20 + random_below(40)) << 23;
}

static void load_sse(void)
{
	u8 *fpu = both->cpu.fpu;
	u32 mxcsr = 0x1f80 | random_below(4) << 13;

	memset(fpu, 0, 288);
	fpu[0] = 0x7f;
	fpu[1] = 0x03;
	memcpy(fpu + 24, &mxcsr, 4);
	for (u32 reg = 0; reg < 8; reg++) {
		u32 *xmm = (u32 *)(fpu + 160 + 16 * reg);
		u64 *mm = (u64 *)(fpu + 32 + 16 * reg);
		u16 ones = 0xffff;
		u8 fp[10];

		for (u32 i = 0; i < 4; i++)
			xmm[i] = random_below(3) ? random_float32() : random32() & 0x7f7fffff;
		*mm = (u64)random32() << 32 | random32();
		memcpy(fpu + 32 + 16 * reg + 8, &ones, 2);
		memcpy(fp, fpu + 32 + 16 * reg, 10);
		check_uc(uc_reg_write(both->uc, uc_xmm[reg], xmm));
		check_uc(uc_reg_write(both->uc, uc_fp[reg], fp));
	}
	uc_set(UC_X86_REG_MXCSR, mxcsr);
	uc_set(UC_X86_REG_FPSW, 0);
	uc_set(UC_X86_REG_FPTAG, 0xffff);
}

static void compare_sse(void)
{
	for (u32 reg = 0; reg < 8; reg++) {
		const u8 *ours = both->cpu.fpu + 160 + 16 * reg;
		u8 xmm[16], mm[16] = { 0 };

		check_uc(uc_reg_read(both->uc, uc_xmm[reg], xmm));
		for (u32 i = 0; i < 16; i += 4)
			if (memcmp(ours + i, xmm + i, 4))
				report("XMM register", *(const u32 *)(ours + i), *(u32 *)(xmm + i));
		check_uc(uc_reg_read(both->uc, uc_fp[reg], mm));
		if (memcmp(both->cpu.fpu + 32 + 16 * reg, mm, 8))
			report("MMX register", both->cpu.fpu[32 + 16 * reg], mm[0]);
	}
}

#endif
