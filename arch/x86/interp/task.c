/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hardware task switch, for 16- and 32-bit TSSs: by JMP, CALL, task gate, interrupt, and IRET
 * with NT.  Where things lie in the two kinds of TSS is a table.
 *
 * All memory that the old task's part needs is read or checked for writing first.  From the moment
 * TR names the new task (ip->committed) faults belong to the new task: segment registers then show
 * their new selectors, those not yet checked being unusable.  [SDM3A 7.2-7.3]
 */
#include "arch/x86/interp/interp_priv.h"

#define NO_FIELD 0xff
#define TSS_MAX_SIZE 104u

struct tss_layout {
	u8 word;  /* bytes of a register */
	u8 limit; /* least limit */
	u8 cr3, eip, eflags, gpr, segments, segment_step, segment_count, ldt, trap;
};
static const struct tss_layout tss16 = {
	.word = 2, .limit = 43, .cr3 = NO_FIELD, .eip = 14, .eflags = 16, .gpr = 18,
	.segments = 34, .segment_step = 2, .segment_count = 4, .ldt = 42, .trap = NO_FIELD,
};
static const struct tss_layout tss32 = {
	.word = 4, .limit = 103, .cr3 = 28, .eip = 32, .eflags = 36, .gpr = 40,
	.segments = 72, .segment_step = 4, .segment_count = 6, .ldt = 96, .trap = 100,
};

static const struct tss_layout *layout_of(u32 type)
{
	return type & DESCRIPTOR_TYPE_32BIT ? &tss32 : &tss16;
}

enum emul_result task_find_tss(struct interp *ip, u16 selector, u8 vector, struct descriptor *d)
{
	if (selector & SEL_TI || selector_is_null(selector))
		return raise_sel(ip, vector, selector);
	TRY(desc_read(ip, selector, vector, d));
	if (!attr_is_tss(d->attr, false))
		return raise_sel(ip, vector, selector);
	if (!(d->attr & SEG_P))
		return raise_sel(ip, EXCP_NP, selector);
	return EMUL_DONE;
}

/* ---- leaving ---------------------------------------------------------------------------------------- */
static enum emul_result save_state(struct interp *ip, u32 eflags)
{
	const struct x86_cpu *cpu = ip->cpu;
	const struct tss_layout *layout = layout_of(cpu->tr.attr & SEG_TYPE);
	u32 base = cpu->tr.base, word = layout->word;

	TRY(lin_write32(ip, base + layout->eip, word, 0, cpu->eip));
	TRY(lin_write32(ip, base + layout->eflags, word, 0, eflags));
	for (u32 reg = 0; reg < REG_COUNT; reg++)
		TRY(lin_write32(ip, base + layout->gpr + reg * word, word, 0, cpu->gpr[reg]));
	for (u32 reg = 0; reg < layout->segment_count; reg++)
		TRY(lin_write32(ip, base + layout->segments + reg * layout->segment_step, 2, 0,
				cpu->seg[reg].selector));
	return EMUL_DONE;
}

static enum emul_result release_old(struct interp *ip)
{
	struct descriptor d;

	if (!desc_locate(ip, ip->cpu->tr.selector, &d.address))
		return EMUL_DONE;
	TRY(desc_read(ip, ip->cpu->tr.selector, EXCP_TS, &d));
	return desc_set_busy(ip, &d, false);
}

/* ---- arriving ----------------------------------------------------------------------------------------- */
static u32 field(const u8 *image, u32 at, u32 size)
{
	u32 value = 0;

	memcpy(&value, image + at, size);
	return value;
}

static void load_registers(struct interp *ip, const struct tss_layout *layout, const u8 *image)
{
	struct x86_cpu *cpu = ip->cpu;
	u32 word = layout->word;
	/* The upper halves that a 16-bit TSS lacks are left open; CPUs set them. */
	u32 upper = word == 2 ? 0xffff0000u : 0;

	cpu->eip = field(image, layout->eip, word);
	cpu->eflags = field(image, layout->eflags, word) | EFLAGS_FIXED;
	cpu->eflags &= EFLAGS_ARITH | EFLAGS_FIXED | EFLAGS_TF | EFLAGS_IF | EFLAGS_DF | EFLAGS_IOPL |
		       EFLAGS_NT | EFLAGS_RF | EFLAGS_VM | EFLAGS_AC | EFLAGS_VIF | EFLAGS_VIP |
		       EFLAGS_ID;
	for (u32 reg = 0; reg < REG_COUNT; reg++)
		cpu->gpr[reg] = field(image, layout->gpr + reg * word, word) | upper;
}

static enum emul_result load_ldt(struct interp *ip, u16 selector)
{
	struct descriptor d;

	segment_null(&ip->cpu->ldtr);
	ip->cpu->ldtr.selector = selector;
	if (selector_is_null(selector))
		return EMUL_DONE;
	if (selector & SEL_TI)
		return raise_sel(ip, EXCP_TS, selector);
	TRY(desc_read(ip, selector, EXCP_TS, &d));
	if ((d.attr & (SEG_S | SEG_TYPE | SEG_P)) != (DESCRIPTOR_LDT | SEG_P))
		return raise_sel(ip, EXCP_TS, selector);
	ip->cpu->ldtr = descriptor_segment(d.raw, selector);
	return EMUL_DONE;
}

static enum emul_result load_code(struct interp *ip, u16 selector)
{
	u32 rpl = sel_rpl(ip, selector);
	struct descriptor d;

	if (selector_is_null(selector))
		return raise_code(ip, EXCP_TS, 0);
	TRY(desc_read(ip, selector, EXCP_TS, &d));
	if (!attr_is_code(d.attr) ||
	    (attr_is_conforming(d.attr) ? attr_dpl(d.attr) > rpl : attr_dpl(d.attr) != rpl))
		return raise_sel(ip, EXCP_TS, selector);
	if (!(d.attr & SEG_P))
		return raise_sel(ip, EXCP_NP, selector);
	TRY(desc_set_accessed(ip, &d));
	control_commit(ip, &d, selector, rpl, ip->cpu->eip);
	return EMUL_DONE;
}

static enum emul_result load_segments(struct interp *ip, const struct tss_layout *layout,
				      const u8 *image)
{
	static const u8 data_regs[] = { SREG_ES, SREG_DS, SREG_FS, SREG_GS };
	struct x86_cpu *cpu = ip->cpu;
	u16 selector[SREG_COUNT] = { 0 };

	for (u32 reg = 0; reg < SREG_COUNT; reg++) {
		if (reg < layout->segment_count)
			selector[reg] = (u16)field(
				image, layout->segments + reg * layout->segment_step, 2);
		segment_null(&cpu->seg[reg]);
		cpu->seg[reg].selector = selector[reg];
	}
	cpu->cpl = (u8)(x86_v86_mode(cpu) ? 3 : sel_rpl(ip, selector[SREG_CS]));
	TRY(load_ldt(ip, (u16)field(image, layout->ldt, 2)));
	if (x86_v86_mode(cpu)) {
		for (u32 reg = 0; reg < SREG_COUNT; reg++)
			segment_load_v86(ip, reg, selector[reg]);
		return EMUL_DONE;
	}
	TRY(load_code(ip, selector[SREG_CS]));
	TRY(segment_load_ss(ip, selector[SREG_SS], cpu->cpl, EXCP_TS, &cpu->seg[SREG_SS]));
	for (u32 i = 0; i < ARRAY_SIZE(data_regs); i++)
		TRY(segment_load_data(ip, data_regs[i], selector[data_regs[i]], EXCP_TS));
	return EMUL_DONE;
}

/* Everything after the point of no return. */
static enum emul_result arrive(struct interp *ip, const struct tss_layout *layout, const u8 *image,
			       const u32 *error)
{
	struct x86_cpu *cpu = ip->cpu;

	if (layout->cr3 != NO_FIELD && (cpu->cr0 & CR0_PG))
		TRY(system_set_cr3(ip, field(image, layout->cr3, 4)));
	TRY(load_segments(ip, layout, image));
	if (error) {
		struct new_stack stack;

		new_stack_current(ip, &stack);
		TRY(new_stack_push(ip, &stack, layout->word, *error));
		new_stack_commit(ip, &stack);
	}
	if (cpu->eip > cpu->seg[SREG_CS].limit)
		return raise_gp0(ip);
	if (layout->trap != NO_FIELD && (image[layout->trap] & 1))
		ip->dr6_hits |= DR6_BT;
	return EMUL_DONE;
}

enum emul_result task_switch(struct interp *ip, u16 selector, struct descriptor *d,
			     enum task_reason reason, const u32 *error)
{
	const struct tss_layout *layout = layout_of(attr_type(d->attr));
	bool nested = reason == TASK_CALL || reason == TASK_EVENT;
	struct x86_cpu *cpu = ip->cpu;
	u32 eflags = reason == TASK_IRET ? cpu->eflags & ~EFLAGS_NT : cpu->eflags;
	u16 old_selector = cpu->tr.selector;
	u8 image[TSS_MAX_SIZE];
	struct x86_segment tr;

	tr = descriptor_segment(d->raw, selector);
	if (tr.limit < layout->limit)
		return raise_sel(ip, EXCP_TS, selector);
	TRY(lin_read(ip, tr.base, image, layout->limit + 1u, 0));
	if (cpu->tr.limit < layout_of(cpu->tr.attr & SEG_TYPE)->limit)
		return raise_sel(ip, EXCP_TS, old_selector);
	TRY(save_state(ip, eflags));
	if (!nested)
		TRY(release_old(ip));
	if (nested)
		TRY(lin_write32(ip, tr.base, 2, 0, old_selector));
	if (reason != TASK_IRET)
		TRY(desc_set_busy(ip, d, true));

	ip->committed = true;
	tr.attr |= DESCRIPTOR_TYPE_BUSY;
	cpu->tr = tr;
	cpu->cr0 |= CR0_TS;
	/* DR7's local enables do not survive. */
	cpu->dr[7] &= ~0x55u;
	load_registers(ip, layout, image);
	if (nested)
		cpu->eflags |= EFLAGS_NT;
	return arrive(ip, layout, image, error);
}
