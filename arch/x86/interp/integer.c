/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Integer instructions: each handler fetches operands, lets alu.c compute, and stores.  Flags are
 * changed in a copy of EFLAGS, which replaces the register when nothing can fault any more.
 */
#include "arch/x86/interp/alu.h"
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"

/* ---- families ------------------------------------------------------------------------------- */
static inline enum emul_result binary(struct interp *ip, const struct x86_insn *insn,
				      alu_binary_fn *compute)
{
	struct mem_place place;
	u32 flags = ip->cpu->eflags, a, b;

	TRY(op_read(ip, insn, 1, &b));
	TRY(op_modify(ip, insn, 0, &place, &a));
	a = compute(a, b, insn->operand[0].size, &flags);
	op_finish(ip, insn, 0, &place, a);
	ip->cpu->eflags = flags;
	return EMUL_DONE;
}

static inline enum emul_result compare(struct interp *ip, const struct x86_insn *insn,
				       alu_binary_fn *compute)
{
	u32 a, b;

	TRY(op_read(ip, insn, 0, &a));
	TRY(op_read(ip, insn, 1, &b));
	compute(a, b, insn->operand[0].size, &ip->cpu->eflags);
	return EMUL_DONE;
}

static inline enum emul_result unary(struct interp *ip, const struct x86_insn *insn,
				     alu_unary_fn *compute)
{
	struct mem_place place;
	u32 a;

	TRY(op_modify(ip, insn, 0, &place, &a));
	a = compute(a, insn->operand[0].size, &ip->cpu->eflags);
	op_finish(ip, insn, 0, &place, a);
	return EMUL_DONE;
}

#define BINARY(name, compute)                                                                      \
	enum emul_result exec_##name(struct interp *ip, const struct x86_insn *insn)               \
	{                                                                                          \
		return binary(ip, insn, compute);                                                  \
	}
#define UNARY(name, compute)                                                                       \
	enum emul_result exec_##name(struct interp *ip, const struct x86_insn *insn)               \
	{                                                                                          \
		return unary(ip, insn, compute);                                                   \
	}
#define COMPARE(name, compute)                                                                     \
	enum emul_result exec_##name(struct interp *ip, const struct x86_insn *insn)               \
	{                                                                                          \
		return compare(ip, insn, compute);                                                 \
	}
BINARY(add, alu_add)
BINARY(adc, alu_adc)
BINARY(sub, alu_sub)
BINARY(sbb, alu_sbb)
BINARY(and, alu_and)
BINARY(or, alu_or)
BINARY(xor, alu_xor)
BINARY(rol, alu_rol)
BINARY(ror, alu_ror)
BINARY(rcl, alu_rcl)
BINARY(rcr, alu_rcr)
BINARY(shl, alu_shl)
BINARY(shr, alu_shr)
BINARY(sar, alu_sar)
UNARY(inc, alu_inc)
UNARY(dec, alu_dec)
UNARY(neg, alu_neg)
UNARY(not, alu_not)
COMPARE(cmp, alu_sub)
COMPARE(test, alu_and)

typedef u32 double_shift_fn(u32 a, u32 fill, u32 count, u32 size, u32 *flags);
static enum emul_result double_shift(struct interp *ip, const struct x86_insn *insn,
				     double_shift_fn *compute)
{
	struct mem_place place;
	u32 a, fill, count;

	TRY(op_read(ip, insn, 1, &fill));
	TRY(op_read(ip, insn, 2, &count));
	TRY(op_modify(ip, insn, 0, &place, &a));
	a = compute(a, fill, count, insn->operand[0].size, &ip->cpu->eflags);
	op_finish(ip, insn, 0, &place, a);
	return EMUL_DONE;
}
enum emul_result exec_shld(struct interp *ip, const struct x86_insn *insn)
{
	return double_shift(ip, insn, alu_shld);
}
enum emul_result exec_shrd(struct interp *ip, const struct x86_insn *insn)
{
	return double_shift(ip, insn, alu_shrd);
}

/* ---- multiplication, division ------------------------------------------------------------------ */
/* The wide operand of MUL and DIV: AX for bytes, else (E)DX:(E)AX. */
static void wide_read(const struct x86_cpu *cpu, u32 size, u32 *high, u32 *low)
{
	*low = gpr_read(cpu, REG_EAX, size);
	*high = size == 1 ? gpr_read(cpu, 4, 1) : gpr_read(cpu, REG_EDX, size);
}
static void wide_write(struct x86_cpu *cpu, u32 size, u32 high, u32 low)
{
	gpr_write(cpu, REG_EAX, size, low);
	gpr_write(cpu, size == 1 ? 4 : REG_EDX, size, high);
}

/* The last operand is the explicit one, whether or not AL/AX/EAX is listed before it. */
static enum emul_result read_last(struct interp *ip, const struct x86_insn *insn, u32 *value,
				  u32 *size)
{
	u32 last = insn->operand_count - 1u;

	*size = insn->operand[last].size;
	return op_read(ip, insn, last, value);
}

enum emul_result exec_mul(struct interp *ip, const struct x86_insn *insn)
{
	u32 b, size, low, high;

	TRY(read_last(ip, insn, &b, &size));
	low = alu_mul(ip->cpu->gpr[REG_EAX], b, size, &high, &ip->cpu->eflags);
	wide_write(ip->cpu, size, high, low);
	return EMUL_DONE;
}

enum emul_result exec_imul(struct interp *ip, const struct x86_insn *insn)
{
	u32 a, b, size, low, high;

	if (insn->operand_count == 1) {
		TRY(read_last(ip, insn, &b, &size));
		low = alu_imul(ip->cpu->gpr[REG_EAX], b, size, &high, &ip->cpu->eflags);
		wide_write(ip->cpu, size, high, low);
		return EMUL_DONE;
	}
	TRY(op_read(ip, insn, insn->operand_count - 2u, &a));
	TRY(op_read(ip, insn, insn->operand_count - 1u, &b));
	low = alu_imul(a, b, insn->operand[0].size, &high, &ip->cpu->eflags);
	return op_write(ip, insn, 0, low);
}

static enum emul_result divide(struct interp *ip, const struct x86_insn *insn,
			       bool (*compute)(u32 *, u32 *, u32, u32))
{
	u32 divisor, size, low, high;

	TRY(read_last(ip, insn, &divisor, &size));
	wide_read(ip->cpu, size, &high, &low);
	if (!compute(&high, &low, divisor, size))
		return raise(ip, EXCP_DE);
	wide_write(ip->cpu, size, high, low);
	return EMUL_DONE;
}
enum emul_result exec_div(struct interp *ip, const struct x86_insn *insn)
{
	return divide(ip, insn, alu_div);
}
enum emul_result exec_idiv(struct interp *ip, const struct x86_insn *insn)
{
	return divide(ip, insn, alu_idiv);
}

/* ---- bits ------------------------------------------------------------------------------------ */
enum bit_change { BIT_KEEP, BIT_SET, BIT_CLEAR, BIT_FLIP };

static u32 change_bit(u32 value, u32 bit, enum bit_change change)
{
	switch (change) {
	case BIT_SET:
		return value | bit;
	case BIT_CLEAR:
		return value & ~bit;
	case BIT_FLIP:
		return value ^ bit;
	default:
		return value;
	}
}

/* With a register index a memory operand is a bit string: the index selects the word, signed. */
static enum emul_result bit_test(struct interp *ip, const struct x86_insn *insn,
				 enum bit_change change)
{
	const struct x86_operand *operand = &insn->operand[0];
	u32 size = operand->size, index, value, bit, offset;
	struct mem_place place;

	TRY(op_read(ip, insn, 1, &index));
	bit = 1u << (index & (size * 8 - 1));
	if (operand->kind == OPERAND_REG) {
		value = gpr_read(ip->cpu, operand->reg, size);
		gpr_write(ip->cpu, operand->reg, size, change_bit(value, bit, change));
	} else {
		offset = op_offset(ip, insn);
		if (insn->operand[1].kind == OPERAND_REG) {
			s32 string_index = size == 2 ? (s16)index : (s32)index;

			offset += (u32)(string_index >> (size == 2 ? 4 : 5)) * size;
			if (insn->address_size == 2)
				offset &= 0xffff;
		}
		if (change == BIT_KEEP) {
			TRY(mem_read(ip, insn->mem.seg, offset, size, &value));
		} else {
			u32 changed;

			TRY(mem_modify(ip, insn->mem.seg, offset, size, &place, &value));
			changed = change_bit(value, bit, change);
			place_write(ip, &place, &changed);
		}
	}
	flags_load(ip->cpu, value & bit ? EFLAGS_CF : 0, EFLAGS_CF);
	return EMUL_DONE;
}
enum emul_result exec_bt(struct interp *ip, const struct x86_insn *insn)
{
	return bit_test(ip, insn, BIT_KEEP);
}
enum emul_result exec_bts(struct interp *ip, const struct x86_insn *insn)
{
	return bit_test(ip, insn, BIT_SET);
}
enum emul_result exec_btr(struct interp *ip, const struct x86_insn *insn)
{
	return bit_test(ip, insn, BIT_CLEAR);
}
enum emul_result exec_btc(struct interp *ip, const struct x86_insn *insn)
{
	return bit_test(ip, insn, BIT_FLIP);
}

static enum emul_result bit_scan(struct interp *ip, const struct x86_insn *insn,
				 void (*scan)(u32, u32, u32 *, u32 *))
{
	u32 value, index, size = insn->operand[0].size;

	TRY(op_read(ip, insn, 1, &value));
	index = gpr_read(ip->cpu, insn->operand[0].reg, size);
	scan(value, size, &index, &ip->cpu->eflags);
	gpr_write(ip->cpu, insn->operand[0].reg, size, index);
	return EMUL_DONE;
}
enum emul_result exec_bsf(struct interp *ip, const struct x86_insn *insn)
{
	return bit_scan(ip, insn, alu_bsf);
}
enum emul_result exec_bsr(struct interp *ip, const struct x86_insn *insn)
{
	return bit_scan(ip, insn, alu_bsr);
}

enum emul_result exec_bswap(struct interp *ip, const struct x86_insn *insn)
{
	const struct x86_operand *operand = &insn->operand[0];
	u32 value = ip->cpu->gpr[operand->reg];

	/* With a 16-bit operand CPUs store 0. */
	gpr_write(ip->cpu, operand->reg, operand->size,
		  operand->size == 2 ? 0 : __builtin_bswap32(value));
	return EMUL_DONE;
}

enum emul_result exec_popcnt(struct interp *ip, const struct x86_insn *insn)
{
	u32 value, count = 0;

	TRY(op_read(ip, insn, 1, &value));
	for (u32 rest = value; rest; rest &= rest - 1)
		count++;
	flags_load(ip->cpu, value ? 0 : EFLAGS_ZF, EFLAGS_ARITH);
	return op_write(ip, insn, 0, count);
}

enum emul_result exec_crc32(struct interp *ip, const struct x86_insn *insn)
{
	const struct x86_operand *crc = &insn->operand[0];
	u32 value;

	TRY(op_read(ip, insn, 1, &value));
	ip->cpu->gpr[crc->reg] = alu_crc32c(ip->cpu->gpr[crc->reg], value, insn->operand[1].size);
	return EMUL_DONE;
}

/* ---- exchanges ------------------------------------------------------------------------------- */
/* Of XCHG and XADD at most one operand is memory, and it is to be checked first. */
static u32 memory_operand(const struct x86_insn *insn)
{
	return insn->operand[1].kind == OPERAND_MEM ? 1 : 0;
}

enum emul_result exec_xchg(struct interp *ip, const struct x86_insn *insn)
{
	u32 first = memory_operand(insn), a, b;
	const struct x86_operand *other = &insn->operand[!first];
	struct mem_place place;

	TRY(op_modify(ip, insn, first, &place, &a));
	b = gpr_read(ip->cpu, other->reg, other->size);
	op_finish(ip, insn, first, &place, b);
	gpr_write(ip->cpu, other->reg, other->size, a);
	return EMUL_DONE;
}

enum emul_result exec_xadd(struct interp *ip, const struct x86_insn *insn)
{
	const struct x86_operand *source = &insn->operand[1];
	struct mem_place place;
	u32 a, b;

	TRY(op_modify(ip, insn, 0, &place, &a));
	b = gpr_read(ip->cpu, source->reg, source->size);
	b = alu_add(a, b, source->size, &ip->cpu->eflags);
	gpr_write(ip->cpu, source->reg, source->size, a);
	op_finish(ip, insn, 0, &place, b);
	return EMUL_DONE;
}

enum emul_result exec_cmpxchg(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand[0].size, old, accumulator;
	struct mem_place place;

	TRY(op_modify(ip, insn, 0, &place, &old));
	accumulator = gpr_read(ip->cpu, REG_EAX, size);
	alu_sub(accumulator, old, size, &ip->cpu->eflags);
	if (accumulator == old) {
		op_finish(ip, insn, 0, &place, gpr_read(ip->cpu, insn->operand[1].reg, size));
	} else {
		op_finish(ip, insn, 0, &place, old); /* the store happens in any case */
		gpr_write(ip->cpu, REG_EAX, size, old);
	}
	return EMUL_DONE;
}

enum emul_result exec_cmpxchg8b(struct interp *ip, const struct x86_insn *insn)
{
	u32 *gpr = ip->cpu->gpr, linear, old[2];
	struct mem_place place;
	bool equal;

	TRY(mem_check(ip, insn->mem.seg, op_offset(ip, insn), 8, true, &linear));
	TRY(mem_align(ip, linear, 8));
	TRY(lin_place(ip, linear, 8, access_user(ip), &place));
	place_read(ip, &place, old);
	equal = old[0] == gpr[REG_EAX] && old[1] == gpr[REG_EDX];
	if (equal)
		place_write(ip, &place, (const u32[2]){ gpr[REG_EBX], gpr[REG_ECX] });
	else
		place_write(ip, &place, old);
	gpr[REG_EAX] = old[0];
	gpr[REG_EDX] = old[1];
	flags_load(ip->cpu, equal ? EFLAGS_ZF : 0, EFLAGS_ZF);
	return EMUL_DONE;
}
