/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segment registers: finding, reading and unpacking descriptors, and loading a register with all
 * the checks of protected mode.  Descriptor accesses are supervisor accesses whatever the CPL.  A
 * descriptor is read once; setting its accessed bit writes one byte, and only if it was clear.
 * [SDM3A 3.4, 5.6, 5.7]
 */
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"

/* ---- descriptors --------------------------------------------------------------------------------- */
bool desc_locate(const struct interp *ip, u16 selector, u32 *address)
{
	const struct x86_cpu *cpu = ip->cpu;
	bool local = selector & SEL_TI;
	u32 base = local ? cpu->ldtr.base : cpu->gdtr.base;
	u32 limit = local ? cpu->ldtr.limit : cpu->gdtr.limit;

	if (local && !(cpu->ldtr.attr & SEG_P))
		return false;
	*address = base + (selector & SEL_INDEX);
	return (selector & SEL_INDEX) + 7u <= limit;
}

enum emul_result desc_read(struct interp *ip, u16 selector, u8 vector, struct descriptor *d)
{
	if (!desc_locate(ip, selector, &d->address))
		return raise_sel(ip, vector, selector);
	TRY(lin_read(ip, d->address, &d->raw, sizeof(d->raw), 0));
	d->attr = descriptor_attr(d->raw);
	return EMUL_DONE;
}

/* Byte 5 holds P, DPL and type. */
static enum emul_result write_access_byte(struct interp *ip, const struct descriptor *d, u32 attr)
{
	return lin_write32(ip, d->address + 5, 1, 0, attr & 0xff);
}

enum emul_result desc_set_accessed(struct interp *ip, struct descriptor *d)
{
	if (d->attr & SEG_TYPE_ACCESSED)
		return EMUL_DONE;
	d->attr |= SEG_TYPE_ACCESSED;
	d->raw |= DESCRIPTOR_ACCESSED;
	return write_access_byte(ip, d, d->attr);
}

enum emul_result desc_set_busy(struct interp *ip, const struct descriptor *d, bool busy)
{
	u32 attr = d->attr & ~DESCRIPTOR_TYPE_BUSY;

	return write_access_byte(ip, d, busy ? attr | DESCRIPTOR_TYPE_BUSY : attr);
}

/* ---- registers without descriptors ------------------------------------------------------------------ */
/* The limit and D/B stay as they were: that is how big real mode works. */
void segment_load_real(struct interp *ip, u32 reg, u16 selector)
{
	struct x86_segment *seg = &ip->cpu->seg[reg];
	const u16 size_bits = SEG_G | SEG_DB | SEG_AVL;

	seg->selector = selector;
	seg->base = (u32)selector << 4;
	seg->attr = (u16)((seg->attr & size_bits) | SEG_P | SEG_S | SEG_TYPE_WRITABLE |
			  SEG_TYPE_ACCESSED);
}

void segment_load_v86(struct interp *ip, u32 reg, u16 selector)
{
	ip->cpu->seg[reg] = (struct x86_segment){
		.selector = selector,
		.base = (u32)selector << 4,
		.limit = 0xffff,
		.attr = SEG_P | SEG_DPL | SEG_S | SEG_TYPE_WRITABLE | SEG_TYPE_ACCESSED,
	};
}

void segment_null(struct x86_segment *seg)
{
	*seg = (struct x86_segment){ 0 };
}

void segment_flat(struct x86_segment *seg, u16 selector, u32 attr)
{
	*seg = (struct x86_segment){ .selector = selector,
				     .limit = 0xffffffffu,
				     .attr = (u16)(attr | SEG_P | SEG_S | SEG_DB | SEG_G) };
}

/* ---- loading ------------------------------------------------------------------------------------------ */
enum emul_result segment_load_ss(struct interp *ip, u16 selector, u32 cpl, u8 vector,
				 struct x86_segment *seg)
{
	struct descriptor d;

	if (selector_is_null(selector))
		return raise_code(ip, vector, 0);
	TRY(desc_read(ip, selector, vector, &d));
	if (sel_rpl(ip, selector) != cpl || attr_dpl(d.attr) != cpl || !attr_is_writable(d.attr))
		return raise_sel(ip, vector, selector);
	if (!(d.attr & SEG_P))
		return raise_sel(ip, EXCP_SS, selector);
	TRY(desc_set_accessed(ip, &d));
	*seg = descriptor_segment(d.raw, sel_shown(ip, selector, cpl));
	return EMUL_DONE;
}

enum emul_result segment_load_data(struct interp *ip, u32 reg, u16 selector, u8 vector)
{
	struct x86_segment *seg = &ip->cpu->seg[reg];
	struct descriptor d;
	u32 rpl = sel_rpl(ip, selector);

	if (selector_is_null(selector)) {
		segment_null(seg);
		seg->selector = selector;
		return EMUL_DONE;
	}
	TRY(desc_read(ip, selector, vector, &d));
	if (!attr_is_readable(d.attr))
		return raise_sel(ip, vector, selector);
	if (!attr_is_conforming(d.attr) &&
	    (attr_dpl(d.attr) < rpl || attr_dpl(d.attr) < ip->cpu->cpl))
		return raise_sel(ip, vector, selector);
	if (!(d.attr & SEG_P))
		return raise_sel(ip, EXCP_NP, selector);
	TRY(desc_set_accessed(ip, &d));
	*seg = descriptor_segment(d.raw, selector);
	return EMUL_DONE;
}

enum emul_result segment_load(struct interp *ip, u32 reg, u16 selector)
{
	struct x86_cpu *cpu = ip->cpu;

	if (x86_v86_mode(cpu)) {
		segment_load_v86(ip, reg, selector);
		return EMUL_DONE;
	}
	if (!x86_protected_mode(cpu)) {
		segment_load_real(ip, reg, selector);
		return EMUL_DONE;
	}
	if (reg == SREG_SS)
		return segment_load_ss(ip, selector, cpu->cpl, EXCP_GP, &cpu->seg[SREG_SS]);
	return segment_load_data(ip, reg, selector, EXCP_GP);
}

enum emul_result interp_load_segment(struct interp *ip, enum x86_sreg reg, u16 selector)
{
	tlb_sync(ip);
	return segment_load(ip, reg, selector);
}

void segment_drop_inner(struct interp *ip, u32 cpl)
{
	static const u8 data_regs[] = { SREG_ES, SREG_DS, SREG_FS, SREG_GS };

	for (u32 i = 0; i < ARRAY_SIZE(data_regs); i++) {
		struct x86_segment *seg = &ip->cpu->seg[data_regs[i]];
		bool conforming_code = (seg->attr & (SEG_TYPE_CODE | SEG_TYPE_CONFORMING)) ==
				       (SEG_TYPE_CODE | SEG_TYPE_CONFORMING);

		if (!conforming_code && seg_dpl(seg) < cpl)
			segment_null(seg);
	}
}

/* ---- MOV ------------------------------------------------------------------------------------------------- */
enum emul_result exec_mov_to_sreg(struct interp *ip, const struct x86_insn *insn)
{
	u32 reg = insn->operand[0].reg, value;

	TRY(op_read(ip, insn, 1, &value));
	TRY(segment_load(ip, reg, (u16)value));
	if (reg == SREG_SS)
		ip->new_shadow |= SHADOW_MOV_SS;
	return EMUL_DONE;
}

/* A 32-bit register gets the selector zero-extended, memory only its two bytes. */
enum emul_result exec_mov_sreg_to(struct interp *ip, const struct x86_insn *insn)
{
	u32 selector = ip->cpu->seg[insn->operand[1].reg].selector;
	const struct x86_operand *to = &insn->operand[0];

	if (to->kind == OPERAND_MEM)
		return mem_write(ip, insn->mem.seg, op_offset(ip, insn), 2, selector);
	gpr_write(ip->cpu, to->reg, to->size, selector);
	return EMUL_DONE;
}

/* ---- questions about descriptors --------------------------------------------------------------------------- */
/* Read the descriptor for LAR, LSL, VERR, VERW: whatever is wrong makes it invisible (*ok false);
 * only a page fault is a fault. */
static enum emul_result inspect(struct interp *ip, u16 selector, struct descriptor *d, bool *ok)
{
	*ok = false;
	if (selector_is_null(selector) || !desc_locate(ip, selector, &d->address))
		return EMUL_DONE;
	TRY(desc_read(ip, selector, EXCP_GP, d));
	*ok = true;
	return EMUL_DONE;
}

static bool visible(const struct interp *ip, u16 selector, const struct descriptor *d)
{
	if (attr_is_conforming(d->attr))
		return true;
	return attr_dpl(d->attr) >= ip->cpu->cpl && attr_dpl(d->attr) >= sel_rpl(ip, selector);
}

/* Bit n is set if system descriptor type n answers. */
#define LSL_TYPES                                                                                  \
	(BIT(DESCRIPTOR_TSS16) | BIT(DESCRIPTOR_TSS16_BUSY) | BIT(DESCRIPTOR_TSS32) |              \
	 BIT(DESCRIPTOR_TSS32_BUSY) | BIT(DESCRIPTOR_LDT))
#define LAR_TYPES                                                                                  \
	(LSL_TYPES | BIT(DESCRIPTOR_CALL_GATE16) | BIT(DESCRIPTOR_CALL_GATE32) |                   \
	 BIT(DESCRIPTOR_TASK_GATE))

static enum emul_result question(struct interp *ip, const struct x86_insn *insn, u32 index,
				 u32 types, struct descriptor *d, bool *ok)
{
	u32 selector;

	if (x86_real_segments(ip->cpu))
		return raise_ud(ip);
	TRY(op_read(ip, insn, index, &selector));
	TRY(inspect(ip, (u16)selector, d, ok));
	*ok = *ok && visible(ip, (u16)selector, d) &&
	      (!attr_is_system(d->attr) || types >> attr_type(d->attr) & 1);
	return EMUL_DONE;
}

static void answer(struct interp *ip, bool ok)
{
	flags_load(ip->cpu, ok ? EFLAGS_ZF : 0, EFLAGS_ZF);
}

enum emul_result exec_lar(struct interp *ip, const struct x86_insn *insn)
{
	struct descriptor d;
	bool ok;

	TRY(question(ip, insn, 1, LAR_TYPES, &d, &ok));
	if (ok)
		gpr_write(ip->cpu, insn->operand[0].reg, insn->operand_size,
			  (u32)(d.raw >> 32) & 0xf0ff00);
	answer(ip, ok);
	return EMUL_DONE;
}

enum emul_result exec_lsl(struct interp *ip, const struct x86_insn *insn)
{
	struct descriptor d;
	bool ok;

	TRY(question(ip, insn, 1, LSL_TYPES, &d, &ok));
	if (ok)
		gpr_write(ip->cpu, insn->operand[0].reg, insn->operand_size,
			  descriptor_limit(d.raw));
	answer(ip, ok);
	return EMUL_DONE;
}

enum emul_result exec_verr(struct interp *ip, const struct x86_insn *insn)
{
	struct descriptor d;
	bool ok;

	TRY(question(ip, insn, 0, 0, &d, &ok));
	answer(ip, ok && attr_is_readable(d.attr));
	return EMUL_DONE;
}

enum emul_result exec_verw(struct interp *ip, const struct x86_insn *insn)
{
	struct descriptor d;
	bool ok;

	TRY(question(ip, insn, 0, 0, &d, &ok));
	answer(ip, ok && attr_is_writable(d.attr));
	return EMUL_DONE;
}

enum emul_result exec_arpl(struct interp *ip, const struct x86_insn *insn)
{
	struct mem_place place;
	u32 target, rpl;

	if (x86_real_segments(ip->cpu))
		return raise_ud(ip);
	rpl = gpr_read(ip->cpu, insn->operand[1].reg, 2) & SEL_RPL;
	TRY(op_modify(ip, insn, 0, &place, &target));
	answer(ip, (target & SEL_RPL) < rpl);
	if ((target & SEL_RPL) < rpl)
		op_finish(ip, insn, 0, &place, (target & ~SEL_RPL) | rpl);
	return EMUL_DONE;
}
