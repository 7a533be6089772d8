/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of alu.h.  Carries are computed for all bit positions at once: for a sum r = a + b
 * (+ carry in), the carry out of each bit is (a & b) | ((a | b) & ~r); likewise the borrow of a
 * difference.  CF is that vector at the top bit, AF at bit 3, OF the exclusive or of its two top bits.
 */
#include "arch/x86/interp/alu.h"

#include "arch/x86/interp/interp_priv.h"
#include "hv/lib/math64.h"

/* SF, ZF and PF of @result, which has no bits beyond @size. */
static inline u32 flags_szp(u32 result, u32 size)
{
	/* Bit n of 6996h is the parity of the nibble n. */
	u32 odd = 0x6996u >> ((result ^ result >> 4) & 0xf) & 1;

	return (odd ? 0 : EFLAGS_PF) | (result ? 0 : EFLAGS_ZF) |
	       (result & size_sign(size) ? EFLAGS_SF : 0);
}

static inline void set_arith(u32 *flags, u32 arith)
{
	*flags = (*flags & ~EFLAGS_ARITH) | arith;
}

static inline u32 flags_of_carries(u32 carries, u32 size)
{
	u32 top = carries >> (size * 8 - 2); /* bit 1: out of the sign bit, bit 0: into it */

	return (top & 2 ? EFLAGS_CF : 0) | (carries & 8 ? EFLAGS_AF : 0) |
	       ((top ^ top >> 1) & 1 ? EFLAGS_OF : 0);
}

static inline u32 add_with(u32 a, u32 b, u32 carry, u32 size, u32 *flags)
{
	u32 mask = size_mask(size);
	u32 result = (a + b + carry) & mask;
	u32 carries = ((a & b) | ((a | b) & ~result)) & mask;

	set_arith(flags, flags_of_carries(carries, size) | flags_szp(result, size));
	return result;
}

static inline u32 sub_with(u32 a, u32 b, u32 borrow, u32 size, u32 *flags)
{
	u32 mask = size_mask(size);
	u32 result = (a - b - borrow) & mask;
	u32 borrows = ((~a & b) | ((~a | b) & result)) & mask;

	set_arith(flags, flags_of_carries(borrows, size) | flags_szp(result, size));
	return result;
}

u32 alu_add(u32 a, u32 b, u32 size, u32 *flags)
{
	return add_with(a, b, 0, size, flags);
}
u32 alu_adc(u32 a, u32 b, u32 size, u32 *flags)
{
	return add_with(a, b, *flags & EFLAGS_CF, size, flags);
}
u32 alu_sub(u32 a, u32 b, u32 size, u32 *flags)
{
	return sub_with(a, b, 0, size, flags);
}
u32 alu_sbb(u32 a, u32 b, u32 size, u32 *flags)
{
	return sub_with(a, b, *flags & EFLAGS_CF, size, flags);
}

static inline u32 logic(u32 result, u32 size, u32 *flags)
{
	result &= size_mask(size);
	set_arith(flags, flags_szp(result, size));
	return result;
}

u32 alu_and(u32 a, u32 b, u32 size, u32 *flags)
{
	return logic(a & b, size, flags);
}
u32 alu_or(u32 a, u32 b, u32 size, u32 *flags)
{
	return logic(a | b, size, flags);
}
u32 alu_xor(u32 a, u32 b, u32 size, u32 *flags)
{
	return logic(a ^ b, size, flags);
}

u32 alu_inc(u32 a, u32 size, u32 *flags)
{
	u32 carry = *flags & EFLAGS_CF;
	u32 result = add_with(a, 1, 0, size, flags);

	*flags = (*flags & ~EFLAGS_CF) | carry;
	return result;
}
u32 alu_dec(u32 a, u32 size, u32 *flags)
{
	u32 carry = *flags & EFLAGS_CF;
	u32 result = sub_with(a, 1, 0, size, flags);

	*flags = (*flags & ~EFLAGS_CF) | carry;
	return result;
}
u32 alu_neg(u32 a, u32 size, u32 *flags)
{
	return sub_with(0, a, 0, size, flags);
}
u32 alu_not(u32 a, u32 size, u32 *flags)
{
	(void)flags;
	return ~a & size_mask(size);
}

/* ---- shifts and rotates ---------------------------------------------------------------------- */
static inline void set_carry_overflow(u32 *flags, bool carry, bool overflow)
{
	*flags = (*flags & ~(EFLAGS_CF | EFLAGS_OF)) | (carry ? EFLAGS_CF : 0) |
		 (overflow ? EFLAGS_OF : 0);
}

u32 alu_rol(u32 a, u32 b, u32 size, u32 *flags)
{
	u32 bits = size * 8, mask = size_mask(size), count = b & 31;
	u32 by = count % bits;

	a &= mask;
	if (!count)
		return a;
	if (by)
		a = (a << by | a >> (bits - by)) & mask;
	set_carry_overflow(flags, a & 1, (a >> (bits - 1) ^ a) & 1);
	return a;
}

u32 alu_ror(u32 a, u32 b, u32 size, u32 *flags)
{
	u32 bits = size * 8, mask = size_mask(size), count = b & 31;
	u32 by = count % bits;

	a &= mask;
	if (!count)
		return a;
	if (by)
		a = (a >> by | a << (bits - by)) & mask;
	set_carry_overflow(flags, a >> (bits - 1), (a >> (bits - 1) ^ a >> (bits - 2)) & 1);
	return a;
}

/* The rotates through carry turn a number of bits + 1 bits, with CF on top. */
u32 alu_rcl(u32 a, u32 b, u32 size, u32 *flags)
{
	u32 bits = size * 8, by = (b & 31) % (bits + 1);
	u64 wide = (u64)(*flags & EFLAGS_CF) << bits | (a & size_mask(size));
	bool carry;

	if (!by)
		return a & size_mask(size);
	wide = wide << by | wide >> (bits + 1 - by);
	carry = wide >> bits & 1;
	a = (u32)wide & size_mask(size);
	set_carry_overflow(flags, carry, (a >> (bits - 1) & 1) ^ carry);
	return a;
}

u32 alu_rcr(u32 a, u32 b, u32 size, u32 *flags)
{
	u32 bits = size * 8, by = (b & 31) % (bits + 1);
	u64 wide = (u64)(*flags & EFLAGS_CF) << bits | (a & size_mask(size));

	if (!by)
		return a & size_mask(size);
	wide = wide >> by | wide << (bits + 1 - by);
	a = (u32)wide & size_mask(size);
	set_carry_overflow(flags, wide >> bits & 1, (a >> (bits - 1) ^ a >> (bits - 2)) & 1);
	return a;
}

u32 alu_shl(u32 a, u32 b, u32 size, u32 *flags)
{
	u32 bits = size * 8, count = b & 31, result;
	u64 wide = (u64)(a & size_mask(size)) << count;
	bool carry = wide >> bits & 1;

	if (!count)
		return a & size_mask(size);
	result = (u32)wide & size_mask(size);
	set_arith(flags, flags_szp(result, size));
	set_carry_overflow(flags, carry, (result >> (bits - 1) & 1) ^ carry);
	return result;
}

u32 alu_shr(u32 a, u32 b, u32 size, u32 *flags)
{
	u32 count = b & 31, result;

	a &= size_mask(size);
	if (!count)
		return a;
	result = a >> count;
	set_arith(flags, flags_szp(result, size));
	/* For a shift by 1 OF is the old sign; what it is for more is left open. */
	set_carry_overflow(flags, a >> (count - 1) & 1,
			   (a << (count - 1)) & size_sign(size));
	return result;
}

u32 alu_sar(u32 a, u32 b, u32 size, u32 *flags)
{
	u32 unused = 32 - size * 8, count = b & 31, result;
	s32 value = (s32)(a << unused) >> unused;

	if (!count)
		return a & size_mask(size);
	result = (u32)(value >> count) & size_mask(size);
	set_arith(flags, flags_szp(result, size));
	set_carry_overflow(flags, value >> (count - 1) & 1, false);
	return result;
}

/* 16-bit double shifts by more than 16 go on with the bits of @a itself, as Intel's CPUs do. */
u32 alu_shld(u32 a, u32 fill, u32 count, u32 size, u32 *flags)
{
	u32 bits = size * 8, result;
	u64 wide;

	count &= 31;
	a &= size_mask(size);
	fill &= size_mask(size);
	if (!count)
		return a;
	if (size == 2)
		wide = ((u64)a << 32 | fill << 16 | a) << count >> 32;
	else
		wide = ((u64)a << count) | fill >> (32 - count);
	result = (u32)wide & size_mask(size);
	set_arith(flags, flags_szp(result, size));
	set_carry_overflow(flags, wide >> bits & 1, (result ^ a) & size_sign(size));
	return result;
}

u32 alu_shrd(u32 a, u32 fill, u32 count, u32 size, u32 *flags)
{
	u64 wide;
	u32 result;

	count &= 31;
	a &= size_mask(size);
	fill &= size_mask(size);
	if (!count)
		return a;
	wide = size == 2 ? (u64)a << 32 | fill << 16 | a : (u64)fill << 32 | a;
	result = (u32)(wide >> count) & size_mask(size);
	set_arith(flags, flags_szp(result, size));
	set_carry_overflow(flags, wide >> (count - 1) & 1, (result ^ a) & size_sign(size));
	return result;
}

/* ---- multiplication and division -------------------------------------------------------------- */
static u32 product_flags(u32 low, u32 size, bool overflow, u32 *flags)
{
	set_arith(flags, flags_szp(low, size));
	set_carry_overflow(flags, overflow, overflow);
	return low;
}

u32 alu_mul(u32 a, u32 b, u32 size, u32 *high, u32 *flags)
{
	u32 mask = size_mask(size);
	u64 product = (u64)(a & mask) * (b & mask);

	*high = (u32)(product >> (size * 8)) & mask;
	return product_flags((u32)product & mask, size, *high != 0, flags);
}

static inline s32 sign_extend(u32 a, u32 size)
{
	u32 unused = 32 - size * 8;

	return (s32)(a << unused) >> unused;
}

u32 alu_imul(u32 a, u32 b, u32 size, u32 *high, u32 *flags)
{
	u32 mask = size_mask(size);
	s64 product = (s64)sign_extend(a, size) * sign_extend(b, size);
	u32 low = (u32)product & mask;

	*high = (u32)((u64)product >> (size * 8)) & mask;
	return product_flags(low, size, product != sign_extend(low, size), flags);
}

bool alu_div(u32 *high, u32 *low, u32 divisor, u32 size)
{
	u32 mask = size_mask(size), remainder;
	u64 dividend = (u64)(*high & mask) << (size * 8) | (*low & mask);
	u64 quotient;

	divisor &= mask;
	if (!divisor || (*high & mask) >= divisor)
		return false;
	quotient = div64_u32(dividend, divisor, &remainder);
	*low = (u32)quotient;
	*high = remainder;
	return true;
}

bool alu_idiv(u32 *high, u32 *low, u32 divisor, u32 size)
{
	u32 mask = size_mask(size), sign = size_sign(size);
	u64 dividend = (u64)(*high & mask) << (size * 8) | (*low & mask);
	bool negative = *high & sign, divisor_negative = divisor & sign;
	u32 quotient, remainder;

	if (negative)
		dividend = (0 - dividend) & ((u64)mask << (size * 8) | mask);
	divisor = (divisor_negative ? 0 - divisor : divisor) & mask;
	if (!divisor || (u32)(dividend >> (size * 8)) >= divisor)
		return false;
	quotient = (u32)div64_u32(dividend, divisor, &remainder);
	/* -2^(n-1) is the one quotient with the sign bit that fits. */
	if (quotient > (negative != divisor_negative ? sign : sign - 1))
		return false;
	*low = (negative != divisor_negative ? 0 - quotient : quotient) & mask;
	*high = (negative ? 0 - remainder : remainder) & mask;
	return true;
}

/* ---- bits ------------------------------------------------------------------------------------- */
void alu_bsf(u32 a, u32 size, u32 *index, u32 *flags)
{
	a &= size_mask(size);
	set_arith(flags, flags_szp(a, size));
	if (a)
		*index = (u32)__builtin_ctz(a);
}

void alu_bsr(u32 a, u32 size, u32 *index, u32 *flags)
{
	a &= size_mask(size);
	set_arith(flags, flags_szp(a, size));
	if (a)
		*index = 31u - (u32)__builtin_clz(a);
}

u32 alu_crc32c(u32 crc, u32 value, u32 size)
{
	crc ^= value & size_mask(size);
	for (u32 bit = 0; bit < size * 8; bit++)
		crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0); /* Castagnoli, reflected */
	return crc;
}

/* ---- decimal ---------------------------------------------------------------------------------- */
static u32 adjust_ascii(u32 ax, bool adjust, u32 difference, u32 *flags)
{
	if (adjust)
		ax += difference;
	set_arith(flags, flags_szp(ax & 0xff, 1) | (adjust ? EFLAGS_AF | EFLAGS_CF : 0));
	return ax & 0xff0f;
}

u32 alu_aaa(u32 ax, u32 *flags)
{
	return adjust_ascii(ax, (ax & 0xf) > 9 || (*flags & EFLAGS_AF), 0x106, flags);
}
u32 alu_aas(u32 ax, u32 *flags)
{
	return adjust_ascii(ax, (ax & 0xf) > 9 || (*flags & EFLAGS_AF), 0u - 0x106, flags);
}

u32 alu_aad(u32 ax, u32 base, u32 *flags)
{
	return logic(ax + (ax >> 8 & 0xff) * base, 1, flags);
}

bool alu_aam(u32 *ax, u32 base, u32 *flags)
{
	u32 al = *ax & 0xff;

	base &= 0xff;
	if (!base)
		return false;
	*ax = (al / base) << 8 | al % base;
	logic(*ax, 1, flags);
	return true;
}

u32 alu_daa(u32 al, u32 *flags)
{
	bool low = (al & 0xf) > 9 || (*flags & EFLAGS_AF);
	bool high = al > 0x99 || (*flags & EFLAGS_CF);
	u32 result = (al + (low ? 6 : 0) + (high ? 0x60 : 0)) & 0xff;

	set_arith(flags, flags_szp(result, 1) | (low ? EFLAGS_AF : 0) | (high ? EFLAGS_CF : 0));
	return result;
}

u32 alu_das(u32 al, u32 *flags)
{
	bool low = (al & 0xf) > 9 || (*flags & EFLAGS_AF);
	bool high = al > 0x99 || (*flags & EFLAGS_CF);
	u32 result = (al - (low ? 6 : 0) - (high ? 0x60 : 0)) & 0xff;
	bool borrow = high || (low && al < 6);

	set_arith(flags, flags_szp(result, 1) | (low ? EFLAGS_AF : 0) | (borrow ? EFLAGS_CF : 0));
	return result;
}
