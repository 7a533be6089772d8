/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The arithmetic of the CPU: one function per operation, for operands of 1, 2 and 4 bytes.
 *
 * A function takes operands (bits beyond @size are ignored), gives the result with the bits beyond
 * @size clear, and updates the arithmetic flags in *flags and no other bits.  Flags that the SDM
 * leaves undefined get what common CPUs give.  No guest state besides; [SDM1 appendix A, SDM2].
 */
#ifndef ARCH_X86_INTERP_ALU_H
#define ARCH_X86_INTERP_ALU_H

#include "hv/lib/types.h"

typedef u32 alu_binary_fn(u32 a, u32 b, u32 size, u32 *flags);
typedef u32 alu_unary_fn(u32 a, u32 size, u32 *flags);

u32 alu_add(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_adc(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_sub(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_sbb(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_and(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_or(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_xor(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_inc(u32 a, u32 size, u32 *flags);
u32 alu_dec(u32 a, u32 size, u32 *flags);
u32 alu_neg(u32 a, u32 size, u32 *flags);
u32 alu_not(u32 a, u32 size, u32 *flags);

/* Shifts and rotates of @a by @b (masked to 5 bits; 0 changes nothing). */
u32 alu_rol(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_ror(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_rcl(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_rcr(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_shl(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_shr(u32 a, u32 b, u32 size, u32 *flags);
u32 alu_sar(u32 a, u32 b, u32 size, u32 *flags);
/* Double shifts of @a, filled from @fill; size 2 or 4. */
u32 alu_shld(u32 a, u32 fill, u32 count, u32 size, u32 *flags);
u32 alu_shrd(u32 a, u32 fill, u32 count, u32 size, u32 *flags);

/* Products: the low half is returned, the high half goes to *high. */
u32 alu_mul(u32 a, u32 b, u32 size, u32 *high, u32 *flags);
u32 alu_imul(u32 a, u32 b, u32 size, u32 *high, u32 *flags);
/* *low = high:low / divisor, *high = the remainder.  False: #DE, nothing changed. */
bool alu_div(u32 *high, u32 *low, u32 divisor, u32 size);
bool alu_idiv(u32 *high, u32 *low, u32 divisor, u32 size);

/* Bit scans of a nonzero or zero @a: index in *index (unchanged for 0), ZF says whether 0. */
void alu_bsf(u32 a, u32 size, u32 *index, u32 *flags);
void alu_bsr(u32 a, u32 size, u32 *index, u32 *flags);

/* Decimal adjustments of AX; false from alu_aam for base 0 (#DE). */
u32 alu_aaa(u32 ax, u32 *flags);
u32 alu_aas(u32 ax, u32 *flags);
u32 alu_aad(u32 ax, u32 base, u32 *flags);
bool alu_aam(u32 *ax, u32 base, u32 *flags);
u32 alu_daa(u32 al, u32 *flags);
u32 alu_das(u32 al, u32 *flags);

u32 alu_crc32c(u32 crc, u32 value, u32 size);

#endif
