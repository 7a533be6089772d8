/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Saving and loading FPU state as data: FXSAVE and FXRSTOR, the older FSAVE and FSTENV with their four
 * formats (16 or 32 bits, real or protected mode), and MXCSR.  All of it is copying between guest
 * memory and the FXSAVE image in struct x86_cpu, which is brought up to date first (arch_fpu_store);
 * nothing executes on the FPU.  [SDM1 8.1.8-8.1.10, 10.5]
 *
 *   image:  0 FCW  2 FSW  4 tags (1 bit each: not empty)  6 FOP  8 FIP  12 FCS  16 FDP  20 FDS
 *          24 MXCSR  28 MXCSR_MASK  32 ST0..ST7, 16 bytes each  160 XMM0..XMM7
 */
#include "arch/x86/interp/fpu.h"
#include "arch/x86/interp/handlers.h"
#include "hv/arch.h"

#define FXSAVE_USED 288u /* the rest of the 512 bytes is left alone */
#define MXCSR_DEFAULT_MASK 0xffbfu
#define FCW_INIT 0x037f
#define FSW_ES BIT(7)
#define FSW_B BIT(15)
#define FSW_EXCEPTIONS 0x3fu
#define FSW_TOP_SHIFT 11

static u32 get(const struct interp *ip, u32 at, u32 size)
{
	u32 value = 0;

	memcpy(&value, ip->cpu->fpu + at, size);
	return value;
}
static void put(struct interp *ip, u32 at, u32 size, u32 value)
{
	memcpy(ip->cpu->fpu + at, &value, size);
}

/* ES and B follow from the exceptions and their masks. */
static void update_summary(struct interp *ip)
{
	u32 status = get(ip, FPU_FSW, 2) & ~(FSW_ES | FSW_B);

	if (status & ~get(ip, FPU_FCW, 2) & FSW_EXCEPTIONS)
		status |= FSW_ES | FSW_B;
	put(ip, FPU_FSW, 2, status);
}

/* ---- tags ------------------------------------------------------------------------------------------ */
enum { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };

static u32 classify(const u8 *st)
{
	u64 mantissa;
	u16 exponent;

	memcpy(&mantissa, st, 8);
	memcpy(&exponent, st + 8, 2);
	exponent &= 0x7fff;
	if (exponent == 0 && !mantissa)
		return TAG_ZERO;
	if (exponent == 0 || exponent == 0x7fff || !(mantissa >> 63))
		return TAG_SPECIAL;
	return TAG_VALID;
}

/* The tag word has two bits for each physical register; the image holds registers from ST0 on. */
static u32 full_tags(const struct interp *ip)
{
	u32 top = get(ip, FPU_FSW, 2) >> FSW_TOP_SHIFT & 7, tags = 0;

	for (u32 physical = 0; physical < 8; physical++) {
		u32 st = (physical - top) & 7;
		u32 tag = TAG_EMPTY;

		if (ip->cpu->fpu[FPU_TAGS] >> physical & 1)
			tag = classify(ip->cpu->fpu + FPU_ST0 + 16 * st);
		tags |= tag << (2 * physical);
	}
	return tags;
}

static u8 short_tags(u32 tags)
{
	u8 result = 0;

	for (u32 i = 0; i < 8; i++)
		if ((tags >> (2 * i) & 3) != TAG_EMPTY)
			result |= (u8)BIT(i);
	return result;
}

/* ---- the environment ---------------------------------------------------------------------------------- */
/* Seven items of 2 or 4 bytes: control, status, tags, and four that depend on the mode. */
enum { ENV_CONTROL, ENV_STATUS, ENV_TAGS, ENV_IP, ENV_CS, ENV_DP, ENV_DS, ENV_ITEMS };

static void env_from_image(const struct interp *ip, u32 size, u32 env[ENV_ITEMS])
{
	u32 fip = get(ip, FPU_FIP, 4), fdp = get(ip, FPU_FDP, 4), fop = get(ip, FPU_FOP, 2) & 0x7ff;

	env[ENV_CONTROL] = get(ip, FPU_FCW, 2) | 0xffff0000u;
	env[ENV_STATUS] = get(ip, FPU_FSW, 2) | 0xffff0000u;
	env[ENV_TAGS] = full_tags(ip) | 0xffff0000u;
	if (x86_real_segments(ip->cpu)) {
		fip += get(ip, FPU_FCS, 2) << 4;
		fdp += get(ip, FPU_FDS, 2) << 4;
		env[ENV_IP] = (fip & 0xffff) | 0xffff0000u;
		env[ENV_CS] = (fip >> 16 << 12 & (size == 2 ? 0xf000 : 0x0ffff000)) | fop;
		env[ENV_DP] = (fdp & 0xffff) | 0xffff0000u;
		env[ENV_DS] = fdp >> 16 << 12 & (size == 2 ? 0xf000 : 0x0ffff000);
		return;
	}
	env[ENV_IP] = fip;
	env[ENV_CS] = get(ip, FPU_FCS, 2) | fop << 16;
	env[ENV_DP] = fdp;
	env[ENV_DS] = get(ip, FPU_FDS, 2) | 0xffff0000u;
}

static void env_to_image(struct interp *ip, u32 size, const u32 env[ENV_ITEMS])
{
	bool real = x86_real_segments(ip->cpu);

	put(ip, FPU_FCW, 2, env[ENV_CONTROL]);
	put(ip, FPU_FSW, 2, env[ENV_STATUS]);
	put(ip, FPU_TAGS, 2, short_tags(env[ENV_TAGS]));
	put(ip, FPU_FOP, 2, (real ? env[ENV_CS] : size == 4 ? env[ENV_CS] >> 16 : 0) & 0x7ff);
	put(ip, FPU_FIP, 4, real ? (env[ENV_IP] & 0xffff) | env[ENV_CS] >> 12 << 16 : env[ENV_IP]);
	put(ip, FPU_FDP, 4, real ? (env[ENV_DP] & 0xffff) | env[ENV_DS] >> 12 << 16 : env[ENV_DP]);
	put(ip, FPU_FCS, 2, real ? 0 : env[ENV_CS]);
	put(ip, FPU_FDS, 2, real ? 0 : env[ENV_DS]);
	update_summary(ip);
}

static void pack_env(u8 *to, const u32 env[ENV_ITEMS], u32 size)
{
	for (u32 i = 0; i < ENV_ITEMS; i++)
		memcpy(to + i * size, &env[i], size);
}

static void unpack_env(const u8 *from, u32 env[ENV_ITEMS], u32 size)
{
	for (u32 i = 0; i < ENV_ITEMS; i++) {
		env[i] = 0;
		memcpy(&env[i], from + i * size, size);
	}
}

void fpu_env_reset(struct interp *ip)
{
	put(ip, FPU_FCW, 2, FCW_INIT);
	put(ip, FPU_FSW, 2, 0);
	put(ip, FPU_TAGS, 2, 0);
	memset(ip->cpu->fpu + FPU_FOP, 0, FPU_MXCSR - FPU_FOP);
}

/* ---- instructions ------------------------------------------------------------------------------------ */
static enum emul_result pending_exception(struct interp *ip)
{
	return get(ip, FPU_FSW, 2) & FSW_ES ? raise(ip, EXCP_MF) : EMUL_DONE;
}

enum emul_result exec_fnstenv(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size, env[ENV_ITEMS];
	u8 bytes[4 * ENV_ITEMS];

	TRY(fpu_check_x87(ip));
	arch_fpu_store(ip->cpu->fpu);
	env_from_image(ip, size, env);
	pack_env(bytes, env, size);
	TRY(mem_write_block(ip, insn->mem.seg, op_offset(ip, insn), bytes, ENV_ITEMS * size, size));
	put(ip, FPU_FCW, 2, get(ip, FPU_FCW, 2) | FSW_EXCEPTIONS);
	update_summary(ip);
	return EMUL_DONE;
}

enum emul_result exec_fldenv(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size, env[ENV_ITEMS];
	u8 bytes[4 * ENV_ITEMS];

	TRY(fpu_check_x87(ip));
	arch_fpu_store(ip->cpu->fpu);
	TRY(pending_exception(ip));
	TRY(mem_read_block(ip, insn->mem.seg, op_offset(ip, insn), bytes, ENV_ITEMS * size, size));
	unpack_env(bytes, env, size);
	env_to_image(ip, size, env);
	return EMUL_DONE;
}

#define SAVED_REGISTERS 80u

enum emul_result exec_fnsave(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size, env[ENV_ITEMS];
	u8 bytes[4 * ENV_ITEMS + SAVED_REGISTERS];

	TRY(fpu_check_x87(ip));
	arch_fpu_store(ip->cpu->fpu);
	env_from_image(ip, size, env);
	pack_env(bytes, env, size);
	for (u32 i = 0; i < 8; i++)
		memcpy(bytes + ENV_ITEMS * size + 10 * i, ip->cpu->fpu + FPU_ST0 + 16 * i, 10);
	TRY(mem_write_block(ip, insn->mem.seg, op_offset(ip, insn), bytes,
			    ENV_ITEMS * size + SAVED_REGISTERS, size));
	fpu_env_reset(ip);
	return EMUL_DONE;
}

enum emul_result exec_frstor(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size, env[ENV_ITEMS];
	u8 bytes[4 * ENV_ITEMS + SAVED_REGISTERS];

	TRY(fpu_check_x87(ip));
	arch_fpu_store(ip->cpu->fpu);
	TRY(pending_exception(ip));
	TRY(mem_read_block(ip, insn->mem.seg, op_offset(ip, insn), bytes,
			   ENV_ITEMS * size + SAVED_REGISTERS, size));
	unpack_env(bytes, env, size);
	env_to_image(ip, size, env);
	for (u32 i = 0; i < 8; i++) {
		memset(ip->cpu->fpu + FPU_ST0 + 16 * i, 0, 16);
		memcpy(ip->cpu->fpu + FPU_ST0 + 16 * i, bytes + ENV_ITEMS * size + 10 * i, 10);
	}
	return EMUL_DONE;
}

/* FXSAVE and FXRSTOR: #NM for TS or EM; #GP(0) for a misaligned operand. */
static enum emul_result fx_linear(struct interp *ip, const struct x86_insn *insn, bool write,
				  u32 *linear)
{
	if (ip->cpu->cr0 & (CR0_TS | CR0_EM))
		return raise(ip, EXCP_NM);
	TRY(mem_check(ip, insn->mem.seg, op_offset(ip, insn), 512, write, linear));
	return *linear & 15 ? raise_gp0(ip) : EMUL_DONE;
}

enum emul_result exec_fxsave(struct interp *ip, const struct x86_insn *insn)
{
	u32 linear;

	TRY(fx_linear(ip, insn, true, &linear));
	arch_fpu_store(ip->cpu->fpu);
	return lin_write(ip, linear, ip->cpu->fpu, FXSAVE_USED, access_user(ip));
}

static u32 mxcsr_mask(const struct interp *ip)
{
	u32 mask = get(ip, FPU_MXCSR_MASK, 4);

	return mask ? mask : MXCSR_DEFAULT_MASK;
}

enum emul_result exec_fxrstor(struct interp *ip, const struct x86_insn *insn)
{
	u32 linear, mxcsr, mask = get(ip, FPU_MXCSR_MASK, 4);

	TRY(fx_linear(ip, insn, false, &linear));
	arch_fpu_store(ip->cpu->fpu);
	TRY(lin_read(ip, linear, ip->fpu_bounce, FXSAVE_USED, access_user(ip)));
	memcpy(&mxcsr, ip->fpu_bounce + FPU_MXCSR, 4);
	if (mxcsr & ~mxcsr_mask(ip))
		return raise_gp0(ip);
	memcpy(ip->cpu->fpu, ip->fpu_bounce, FXSAVE_USED);
	put(ip, FPU_MXCSR_MASK, 4, mask);
	update_summary(ip);
	return EMUL_DONE;
}

enum emul_result exec_ldmxcsr(struct interp *ip, const struct x86_insn *insn)
{
	u32 value;

	TRY(fpu_check_sse(ip));
	arch_fpu_store(ip->cpu->fpu);
	TRY(op_read(ip, insn, 0, &value));
	if (value & ~mxcsr_mask(ip))
		return raise_gp0(ip);
	put(ip, FPU_MXCSR, 4, value);
	return EMUL_DONE;
}

enum emul_result exec_stmxcsr(struct interp *ip, const struct x86_insn *insn)
{
	TRY(fpu_check_sse(ip));
	arch_fpu_store(ip->cpu->fpu);
	return op_write(ip, insn, 0, get(ip, FPU_MXCSR, 4));
}
