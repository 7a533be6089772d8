/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory by segment and offset: the checks of the hidden segment part come here, before paging, in
 * the order a CPU makes them: type and limit (#GP, or #SS for SS), then alignment (#AC), then pages.
 * [SDM3A 5.3, 5.5]
 *
 * A data segment with base 0 and limit FFFFFFFF passes with one compare.  In such a segment an
 * access may run over FFFFFFFF to 0, as CPUs let it (the SDM leaves it open).
 */
#include "arch/x86/interp/interp_priv.h"

bool segment_contains(const struct x86_segment *seg, u32 offset, u32 size)
{
	u32 last = offset + size - 1;
	bool expand_down = (seg->attr & (SEG_TYPE_CODE | SEG_TYPE_EXPAND_DOWN)) ==
			   SEG_TYPE_EXPAND_DOWN;

	if (UNLIKELY(expand_down))
		return offset > seg->limit && last >= offset &&
		       last <= (seg->attr & SEG_DB ? 0xffffffffu : 0xffffu);
	if (LIKELY(last >= offset))
		return last <= seg->limit;
	return seg->limit == 0xffffffffu;
}

/* May the segment be used this way at all?  Real mode has no types. */
static bool segment_permits(const struct interp *ip, const struct x86_segment *seg, bool write)
{
	if (x86_real_segments(ip->cpu))
		return true;
	if (!(seg->attr & SEG_P))
		return false; /* null selector */
	if (seg->attr & SEG_TYPE_CODE)
		return !write && (seg->attr & SEG_TYPE_READABLE);
	return !write || (seg->attr & SEG_TYPE_WRITABLE);
}

enum emul_result mem_check(struct interp *ip, u32 seg, u32 offset, u32 size, bool write,
			   u32 *linear)
{
	const struct x86_segment *segment = &ip->cpu->seg[seg];
	const u32 plain = SEG_P | SEG_S | SEG_TYPE_WRITABLE;

	*linear = segment->base + offset;
	if (LIKELY((segment->attr & (plain | SEG_TYPE_CODE | SEG_TYPE_EXPAND_DOWN)) == plain &&
		   segment->limit == 0xffffffffu))
		return EMUL_DONE;
	if (segment_permits(ip, segment, write) && segment_contains(segment, offset, size))
		return EMUL_DONE;
	return raise_code(ip, seg == SREG_SS ? EXCP_SS : EXCP_GP, 0);
}

static bool alignment_is_checked(const struct x86_cpu *cpu)
{
	return cpu->cpl == 3 && (cpu->eflags & EFLAGS_AC) && (cpu->cr0 & CR0_AM);
}

enum emul_result mem_align(struct interp *ip, u32 linear, u32 align)
{
	if (LIKELY(!(linear & (align - 1))) || !alignment_is_checked(ip->cpu))
		return EMUL_DONE;
	return raise_code(ip, EXCP_AC, 0);
}

/* Remember which data breakpoints an access meets [SDM3B 17.2.5]. */
static void note_breakpoints(struct interp *ip, u32 linear, u32 size, bool write)
{
	static const u8 length_minus_1[4] = { 0, 1, 7, 3 };
	const u32 dr7 = ip->cpu->dr[7];

	for (u32 i = 0; i < 4; i++) {
		u32 type = dr7 >> (16 + 4 * i) & 3;
		u32 extent = length_minus_1[dr7 >> (18 + 4 * i) & 3];
		u32 first = ip->cpu->dr[i] & ~extent;

		if (!(dr7 >> (2 * i) & 3) || !(type == 3 || (type == 1 && write)))
			continue;
		if (linear <= first + extent && linear + size - 1 >= first)
			ip->dr6_hits |= BIT(i);
	}
}

static inline enum emul_result check_all(struct interp *ip, u32 seg, u32 offset, u32 size,
					 u32 align, bool write, u32 *linear)
{
	TRY(mem_check(ip, seg, offset, size, write, linear));
	TRY(mem_align(ip, *linear, align));
	if (UNLIKELY(ip->data_breakpoints))
		note_breakpoints(ip, *linear, size, write);
	return EMUL_DONE;
}

enum emul_result mem_read_slow(struct interp *ip, u32 seg, u32 offset, u32 size, u32 *value)
{
	u32 linear;

	TRY(check_all(ip, seg, offset, size, size, false, &linear));
	return lin_read32(ip, linear, size, access_user(ip), value);
}

enum emul_result mem_write_slow(struct interp *ip, u32 seg, u32 offset, u32 size, u32 value)
{
	u32 linear;

	TRY(check_all(ip, seg, offset, size, size, true, &linear));
	return lin_write32(ip, linear, size, access_user(ip), value);
}

enum emul_result mem_modify_slow(struct interp *ip, u32 seg, u32 offset, u32 size,
				 struct mem_place *place, u32 *value)
{
	u32 linear;

	TRY(check_all(ip, seg, offset, size, size, true, &linear));
	TRY(lin_place(ip, linear, size, access_user(ip), place));
	*value = 0;
	place_read(ip, place, value);
	return EMUL_DONE;
}

enum emul_result mem_read_block(struct interp *ip, u32 seg, u32 offset, void *to, u32 size,
				u32 align)
{
	u32 linear;

	TRY(check_all(ip, seg, offset, size, align, false, &linear));
	return lin_read(ip, linear, to, size, access_user(ip));
}

enum emul_result mem_write_block(struct interp *ip, u32 seg, u32 offset, const void *from, u32 size,
				 u32 align)
{
	u32 linear;

	TRY(check_all(ip, seg, offset, size, align, true, &linear));
	return lin_write(ip, linear, from, size, access_user(ip));
}

/* ---- operands -------------------------------------------------------------------------------- */
enum emul_result op_read_other(struct interp *ip, const struct x86_insn *insn, u32 index,
			       u32 *value)
{
	const struct x86_operand *operand = &insn->operand[index];

	switch (operand->kind) {
	case OPERAND_MEM:
		return mem_read(ip, insn->mem.seg, op_offset(ip, insn), operand->size, value);
	case OPERAND_IMM2:
		*value = insn->imm2;
		return EMUL_DONE;
	case OPERAND_CONST1:
		*value = 1;
		return EMUL_DONE;
	default: /* immediates: users cut them to the size they work in */
		*value = insn->imm;
		return EMUL_DONE;
	}
}
