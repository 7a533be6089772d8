/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow descriptors of a translated guest follow the tables in its memory.
 *
 * The guest's GDT and LDT are traced (GMEM_DESC), so that a shadow descriptor is always what a load would
 * find now; a register keeps what it has loaded, and while that differs from the table (a TLS descriptor
 * changed under its selector), the interpreter runs the guest.  A descriptor without its accessed bit has no
 * shadow: its load faults, and the interpreter sets the bit in the guest's table.
 *
 * Of the IDT one gate is of interest, that of INT 80h (x86_syscall.c): its page is traced, too.
 */
#include "arch/x86/x86_vcpu.h"

#include "hv/lib/string.h"

#define NO_GFN 0xffffffffu

#define DESC_ACCESSED BIT64(40)
#define DESC_S BIT64(44)

u64 x86_translated_descriptor(const struct x86_vcpu *vcpu, u64 raw)
{
	if (!vcpu->vmi.active && vcpu->translated.bt && (raw & (DESC_S | DESC_ACCESSED)) == DESC_S)
		return 0;
	return raw;
}

static void untrace(struct x86_vcpu *vcpu, enum gate_table table)
{
	for (u32 i = 0; i < vcpu->translated.desc_pages[table]; i++) {
		u32 *gfn = &vcpu->translated.desc_gfn[table][i];

		if (*gfn != NO_GFN)
			gmem_set_flags(vcpu->config.gmem, gpa_of_pfn(*gfn), 0, GMEM_DESC);
		*gfn = NO_GFN;
	}
	vcpu->translated.desc_pages[table] = 0;
}

static void trace_pages(struct x86_vcpu *vcpu, enum gate_table table)
{
	for (u32 i = 0; i < vcpu->translated.desc_pages[table]; i++) {
		u32 gfn = vcpu->translated.desc_gfn[table][i];

		if (gfn == NO_GFN)
			continue;
		gmem_set_flags(vcpu->config.gmem, gpa_of_pfn(gfn), GMEM_DESC, 0);
		shadow_write_protect(vcpu->shadow, gpa_of_pfn(gfn));
	}
}

/* All, since they may share pages. */
static void trace_all(struct x86_vcpu *vcpu)
{
	u32 gfn = vcpu->translated.idt_gfn;

	trace_pages(vcpu, GATE_TABLE_GDT);
	trace_pages(vcpu, GATE_TABLE_LDT);
	if (gfn == NO_GFN)
		return;
	gmem_set_flags(vcpu->config.gmem, gpa_of_pfn(gfn), GMEM_DESC, 0);
	shadow_write_protect(vcpu->shadow, gpa_of_pfn(gfn));
}

void x86_translated_trace_idt(struct x86_vcpu *vcpu, bool on)
{
	struct x86_translated *t = &vcpu->translated;
	struct walk_result walk;

	if (t->idt_gfn != NO_GFN)
		gmem_set_flags(vcpu->config.gmem, gpa_of_pfn(t->idt_gfn), 0, GMEM_DESC);
	t->idt_gfn = NO_GFN;
	if (on && !mmu_probe(&vcpu->cpu, vcpu->config.gmem,
			     gva(vcpu->cpu.idtr.base + INT80_OFFSET), ACCESS_READ, &walk)) {
		t->idt_gfn = (u32)gpa_pfn(walk.gpa);
		t->int80_at = (u32)walk.gpa.v & PAGE_MASK;
	}
	trace_all(vcpu);
}

/* ---- stores without an exit (bt/redirect.c) ---- */

#define STORES_LEAST 8u

void x86_desc_forget_alias(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;

	if (t->alias_gfn == NO_GFN)
		return;
	x86_desc_settle(vcpu);
	t->alias_gfn = NO_GFN;
	memset(t->desc_stores, 0, sizeof(t->desc_stores));
	gate_map_desc(&vcpu->gate, NULL);
	bt_redirect_none(t->bt);
}

/* The page at GATE_DESC is @gfn, or becomes it. */
static bool show_page(struct x86_vcpu *vcpu, u32 gfn)
{
	struct x86_translated *t = &vcpu->translated;
	hpa_t frame;

	if (t->alias_gfn == gfn)
		return true;
	if (t->alias_gfn != NO_GFN || !gmem_frame(vcpu->config.gmem, gpa_of_pfn(gfn), &frame))
		return false;
	gate_map_desc(&vcpu->gate, &frame);
	t->alias_gfn = gfn;
	t->alias_first = PAGE_SIZE;
	t->alias_end = 0;
	return true;
}

static bool is_flat_data(const struct x86_segment *segment)
{
	u32 want = SEG_P | SEG_S | SEG_DB | SEG_TYPE_WRITABLE;

	return (segment->attr & (want | SEG_TYPE_CODE | SEG_TYPE_EXPAND_DOWN)) == want &&
	       !segment->base && segment->limit == ~0u;
}

static bool is_gdt_page(const struct x86_translated *t, u32 gfn)
{
	for (u32 i = 0; i < t->desc_pages[GATE_TABLE_GDT]; i++)
		if (t->desc_gfn[GATE_TABLE_GDT][i] == gfn)
			return true;
	return false;
}

void x86_desc_learn(struct x86_vcpu *vcpu, u32 address)
{
	struct x86_translated *t = &vcpu->translated;
	const struct x86_segment *ds = &vcpu->cpu.seg[SREG_DS];
	u32 gfn = (u32)gpa_pfn(shadow_last_walk(vcpu->shadow)->gpa), offset = address & PAGE_MASK;
	u32 eip = vcpu->cpu.eip, place = (eip ^ eip >> 3) % ARRAY_SIZE(t->desc_stores);
	struct bt_redirect redirect = { .eip = eip, .address = address, .ds = ds->selector,
					.alias = vcpu->gate.base + GATE_DESC + offset };

	if (!is_gdt_page(t, gfn) || vcpu->config.compare)
		return;
	if (t->desc_stores[place].eip != eip)
		t->desc_stores[place].count = 0;
	t->desc_stores[place].eip = eip;
	if (++t->desc_stores[place].count < STORES_LEAST || !is_flat_data(ds) ||
	    !IS_ALIGNED(address, 4) || !show_page(vcpu, gfn))
		return;
	t->desc_stores[place].count = 0;
	if (!bt_redirect(t->bt, &redirect))
		return;
	t->alias_first = MIN(t->alias_first, offset);
	t->alias_end = MAX(t->alias_end, offset + 4);
}

void x86_desc_settle(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	bool changed = t->table_changed;

	if (t->alias_gfn == NO_GFN || !READ_ONCE(vcpu->gate.shared->desc_dirty))
		return;
	vcpu->gate.shared->desc_dirty = 0;
	gmem_written(vcpu->config.gmem, gpa(gpa_of_pfn(t->alias_gfn).v + t->alias_first),
		     t->alias_end - t->alias_first);
	t->table_changed = changed;
}

/* ---- tracing ---- */

void x86_translated_trace(struct x86_vcpu *vcpu, enum gate_table table, u32 base, u32 size)
{
	u32 first = base >> PAGE_SHIFT, count = ((base & PAGE_MASK) + size + PAGE_MASK) >> PAGE_SHIFT;
	struct walk_result walk;

	if (!vcpu->translated.bt)
		return;
	if (table == GATE_TABLE_GDT)
		x86_desc_forget_alias(vcpu);
	untrace(vcpu, table);
	if (vcpu->translated.polled)
		return;
	count = MIN(count, (u32)GATE_TABLE_PAGES);
	vcpu->translated.desc_pages[table] = (u8)count;
	for (u32 i = 0; i < count; i++)
		if (!mmu_probe(&vcpu->cpu, vcpu->config.gmem, gva((first + i) << PAGE_SHIFT),
			       ACCESS_READ, &walk))
			vcpu->translated.desc_gfn[table][i] = (u32)gpa_pfn(walk.gpa);
	trace_all(vcpu);
}

/* Is the descriptor at @offset of the GDT one of the four that SYSENTER and SYSEXIT use? */
static bool is_system_descriptor(const struct x86_vcpu *vcpu, u32 offset)
{
	return offset - ((u32)vcpu->cpu.sysenter_cs & SEL_INDEX) < 32;
}

/* A page with a table is written so often that tracing costs more than looking at the table whenever
 * translated code is left. */
static void count_stray_write(struct x86_vcpu *vcpu)
{
	if (++vcpu->translated.stray_writes < STRAY_LIMIT)
		return;
	vcpu->translated.polled = true;
	x86_desc_forget_alias(vcpu);
	untrace(vcpu, GATE_TABLE_GDT);
	untrace(vcpu, GATE_TABLE_LDT);
}

/* Bytes of a page that a table is on have changed: the descriptors there follow.  True if there
 * were any. */
static bool table_written(struct x86_vcpu *vcpu, enum gate_table table, u32 page, u32 offset, u32 size)
{
	u32 base = table == GATE_TABLE_GDT ? vcpu->cpu.gdtr.base : vcpu->cpu.ldtr.base;
	u32 limit = table == GATE_TABLE_GDT ? vcpu->cpu.gdtr.limit : vcpu->gate.ldt_limit;
	gpa_t frame = gpa_of_pfn(vcpu->translated.desc_gfn[table][page]);
	bool *stale = table == GATE_TABLE_GDT ? &vcpu->gdt_stale : &vcpu->ldt_stale;
	bool hit = false;

	if (base & 7) {
		*stale = vcpu->check_segments = true;
		return true;
	}
	for (u32 at = ALIGN_DOWN(offset, 8); at < offset + size; at += 8) {
		u32 in_table = page * PAGE_SIZE + at - (base & PAGE_MASK);
		const u64 *raw = gmem_ptr(vcpu->config.gmem, gpa(frame.v + at), 8, false);

		if (!raw || in_table > limit || limit - in_table < 7)
			continue;
		if (gate_set_descriptor(&vcpu->gate, table, in_table,
					x86_translated_descriptor(vcpu, READ_ONCE(*raw))))
			x86_vcpu_kill(vcpu, "no memory for a shadow descriptor table");
		vcpu->check_segments = hit = true;
		if (table == GATE_TABLE_GDT && is_system_descriptor(vcpu, in_table))
			vcpu->translated.system_stale = true;
	}
	return hit;
}

/* The page with the gate of INT 80h has been written to. */
static void idt_written(struct x86_vcpu *vcpu, u32 offset, u32 size)
{
	struct x86_translated *t = &vcpu->translated;

	if (offset < t->int80_at + 8 && t->int80_at < offset + size)
		t->int80_stale = true;
	/* Data that is written all the time stands beside it: INT 80h will do without us. */
	else if (++t->idt_stray_writes >= STRAY_LIMIT)
		t->int80_stale = true;
}

static void descriptors_written(void *opaque, gpa_t address, u32 size)
{
	struct x86_vcpu *vcpu = opaque;
	u32 gfn = (u32)gpa_pfn(address);
	bool hit = false, idt = gfn == vcpu->translated.idt_gfn;

	if (idt)
		idt_written(vcpu, (u32)address.v & PAGE_MASK, size);
	for (u32 table = 0; table < 2; table++)
		for (u32 i = 0; i < vcpu->translated.desc_pages[table]; i++)
			if (vcpu->translated.desc_gfn[table][i] == gfn)
				hit |= table_written(vcpu, table, i, (u32)address.v & PAGE_MASK, size);
	vcpu->translated.table_changed |= hit;
	if (!hit && !idt)
		count_stray_write(vcpu);
}

void x86_translated_listen(struct x86_vcpu *vcpu, bool on)
{
	struct x86_translated *t = &vcpu->translated;

	if (on) {
		memset(t->desc_gfn, 0xff, sizeof(t->desc_gfn)); /* NO_GFN */
		t->desc_pages[GATE_TABLE_GDT] = t->desc_pages[GATE_TABLE_LDT] = 0;
		t->idt_gfn = t->alias_gfn = NO_GFN;
		t->int80_stale = true;
		gmem_listen(vcpu->config.gmem, GMEM_DESC, descriptors_written, vcpu);
		return;
	}
	untrace(vcpu, GATE_TABLE_GDT);
	untrace(vcpu, GATE_TABLE_LDT);
	x86_translated_trace_idt(vcpu, false);
	gmem_listen(vcpu->config.gmem, GMEM_DESC, NULL, NULL);
}
