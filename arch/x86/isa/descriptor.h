/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors as they lie in GDT, LDT and IDT: eight bytes, read as one little-endian u64.
 *
 *   63      56 55 54 53 52 51   48 47 46 45 44 43  40 39       16 15         0
 *   base 31-24  G D/B L AVL lim19-16 P  DPL   S  type   base 23-0   limit 15-0    segments
 *   offset 31-16          (0)        P  DPL   0  type  0 count sel  offset 15-0   gates
 *
 * Bits 40-55 without the limit are x86_segment.attr.  Everything here is arithmetic on values; the
 * checks that depend on privilege are the executor's.  [SDM3A 3.4.5, 3.5, 5.8.3, 6.11]
 */
#ifndef ARCH_X86_ISA_DESCRIPTOR_H
#define ARCH_X86_ISA_DESCRIPTOR_H

#include "arch/x86/isa/regs.h"

/* The type field of system descriptors (S = 0). */
enum descriptor_type {
	DESCRIPTOR_TSS16 = 1,
	DESCRIPTOR_LDT = 2,
	DESCRIPTOR_TSS16_BUSY = 3,
	DESCRIPTOR_CALL_GATE16 = 4,
	DESCRIPTOR_TASK_GATE = 5,
	DESCRIPTOR_INTERRUPT_GATE16 = 6,
	DESCRIPTOR_TRAP_GATE16 = 7,
	DESCRIPTOR_TSS32 = 9,
	DESCRIPTOR_TSS32_BUSY = 11,
	DESCRIPTOR_CALL_GATE32 = 12,
	DESCRIPTOR_INTERRUPT_GATE32 = 14,
	DESCRIPTOR_TRAP_GATE32 = 15,
};
#define DESCRIPTOR_TYPE_BUSY BIT(1) /* in the type of a TSS */
#define DESCRIPTOR_TYPE_32BIT BIT(3) /* in the type of a TSS or gate */
/* The same bits in the u64. */
#define DESCRIPTOR_SIZE 8u /* bytes */
#define DESCRIPTOR_ACCESSED BIT64(40)
#define DESCRIPTOR_BUSY BIT64(41)

static inline u16 descriptor_attr(u64 raw)
{
	return (u16)(raw >> 40 & 0xf0ff);
}
static inline u32 descriptor_base(u64 raw)
{
	return (u32)(raw >> 16 & 0xffffff) | (u32)(raw >> 32 & 0xff000000);
}
/* In bytes: scaled if G is set. */
static inline u32 descriptor_limit(u64 raw)
{
	u32 limit = (u32)(raw & 0xffff) | (u32)(raw >> 32 & 0xf0000);

	return raw & BIT64(55) ? limit << 12 | 0xfff : limit;
}

/* What loading @selector with the descriptor @raw puts into a segment register. */
struct x86_segment descriptor_segment(u64 raw, u16 selector);
/* The inverse.  Exact if descriptor_can_hold(@segment); otherwise the limit is cut: without G to 20
 * bits, with G down to whole granules (but there is none smaller than 4 KB). */
u64 descriptor_build(const struct x86_segment *segment);
/* Can the limit of @segment be written with its G bit? */
bool descriptor_can_hold(const struct x86_segment *segment);

struct x86_gate {
	u16 selector;
	u16 attr;   /* as in a segment: P, DPL, type; S is 0 */
	u32 offset; /* 16-bit gates: upper half 0 */
	u8 parameters; /* call gates: words or doublewords to copy, 0-31 */
};
struct x86_gate descriptor_gate(u64 raw);
u64 descriptor_build_gate(const struct x86_gate *gate);

/* Predicates on attr, of a segment register or of a descriptor. */
static inline u32 attr_type(u32 attr)
{
	return attr & SEG_TYPE;
}
static inline bool attr_is_system(u32 attr)
{
	return !(attr & SEG_S);
}
static inline bool attr_is_code(u32 attr)
{
	return (attr & (SEG_S | SEG_TYPE_CODE)) == (SEG_S | SEG_TYPE_CODE);
}
static inline bool attr_is_data(u32 attr)
{
	return (attr & (SEG_S | SEG_TYPE_CODE)) == SEG_S;
}
static inline bool attr_is_conforming(u32 attr)
{
	return attr_is_code(attr) && (attr & SEG_TYPE_CONFORMING);
}
static inline bool attr_is_readable(u32 attr)
{
	return attr_is_data(attr) || (attr_is_code(attr) && (attr & SEG_TYPE_READABLE));
}
static inline bool attr_is_writable(u32 attr)
{
	return attr_is_data(attr) && (attr & SEG_TYPE_WRITABLE);
}
static inline bool attr_is_expand_down(u32 attr)
{
	return attr_is_data(attr) && (attr & SEG_TYPE_EXPAND_DOWN);
}
/* A 16- or 32-bit TSS that may be switched to (@busy false) or that is in use (true). */
static inline bool attr_is_tss(u32 attr, bool busy)
{
	u32 kind = attr & (SEG_S | SEG_TYPE) & ~DESCRIPTOR_TYPE_32BIT;

	return kind == (busy ? DESCRIPTOR_TSS16_BUSY : DESCRIPTOR_TSS16);
}
static inline u32 attr_dpl(u32 attr)
{
	return (attr & SEG_DPL) >> SEG_DPL_SHIFT;
}

/* May @size bytes (at least 1) at @offset be accessed, as far as the limit goes?  Knows expand-down
 * segments and that an access does not wrap. [SDM3A 5.3] */
bool segment_limit_holds(const struct x86_segment *segment, u32 offset, u32 size);

#endif
