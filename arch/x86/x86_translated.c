/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the translator (arch/x86/bt) needs of a vcpu: a gate with a translation cache in a slot that the
 * guest does not use, shadow descriptors that follow the guest's tables, SYSENTER without an exit.
 *
 * A translated kernel runs in ring 1 with CS = BT_CS and its own data segments, from the shadow GDT and
 * LDT.  The guest's tables are traced (GMEM_DESC), so that a shadow descriptor is always what a load would
 * find now; a register keeps what it has loaded, and while that differs from the table (a TLS descriptor
 * changed under its selector), the interpreter runs the guest.  A descriptor without its accessed bit has no
 * shadow: its load faults, and the interpreter sets the bit in the guest's table.
 */
#include "arch/x86/x86_vcpu.h"

#include "arch/x86/isa/descriptor.h"
#include "arch/x86/mmu/ptformat.h"
#include "hv/arch.h"
#include "hv/core/log.h"
#include "hv/core/trace.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"

#define NO_GFN 0xffffffffu
#define STRAY_LIMIT 256u
#define NO_SLOT 0xff

static const u32 slots[] = GATE_SLOTS;

/* ---- descriptors ---- */

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
	for (u32 i = 0; i < GATE_TABLE_PAGES; i++) {
		u32 *gfn = &vcpu->translated.desc_gfn[table][i];

		if (*gfn != NO_GFN)
			gmem_set_flags(vcpu->config.gmem, gpa_of_pfn(*gfn), 0, GMEM_DESC);
		*gfn = NO_GFN;
	}
}

static void trace_pages(struct x86_vcpu *vcpu, enum gate_table table)
{
	for (u32 i = 0; i < GATE_TABLE_PAGES; i++) {
		u32 gfn = vcpu->translated.desc_gfn[table][i];

		if (gfn == NO_GFN)
			continue;
		gmem_set_flags(vcpu->config.gmem, gpa_of_pfn(gfn), GMEM_DESC, 0);
		shadow_write_protect(vcpu->shadow, gpa_of_pfn(gfn));
	}
}

void x86_translated_trace(struct x86_vcpu *vcpu, enum gate_table table, u32 base, u32 size)
{
	u32 first = base >> PAGE_SHIFT, count = ((base & PAGE_MASK) + size + PAGE_MASK) >> PAGE_SHIFT;
	struct walk_result walk;

	if (!vcpu->translated.bt)
		return;
	untrace(vcpu, table);
	if (vcpu->translated.polled)
		return;
	for (u32 i = 0; i < MIN(count, (u32)GATE_TABLE_PAGES); i++)
		if (!mmu_probe(&vcpu->cpu, vcpu->config.gmem, gva((first + i) << PAGE_SHIFT),
			       ACCESS_READ, &walk))
			vcpu->translated.desc_gfn[table][i] = (u32)gpa_pfn(walk.gpa);
	/* Both, since they may share a page. */
	trace_pages(vcpu, GATE_TABLE_GDT);
	trace_pages(vcpu, GATE_TABLE_LDT);
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

static void descriptors_written(void *opaque, gpa_t address, u32 size)
{
	struct x86_vcpu *vcpu = opaque;
	u32 gfn = (u32)gpa_pfn(address);
	bool hit = false;

	for (u32 table = 0; table < 2; table++)
		for (u32 i = 0; i < GATE_TABLE_PAGES; i++)
			if (vcpu->translated.desc_gfn[table][i] == gfn)
				hit |= table_written(vcpu, table, i, (u32)address.v & PAGE_MASK, size);
	vcpu->translated.table_changed |= hit;
	if (!hit)
		count_stray_write(vcpu);
}

/* ---- SYSENTER and SYSEXIT ---- */

static bool is_flat(const struct x86_segment *segment, u32 type, u32 dpl)
{
	u32 want = SEG_P | SEG_S | SEG_DB | type | dpl << SEG_DPL_SHIFT;
	u32 care = SEG_P | SEG_S | SEG_DB | SEG_DPL | SEG_TYPE_CODE |
		   (type & SEG_TYPE_CODE ? 0 : SEG_TYPE_WRITABLE | SEG_TYPE_EXPAND_DOWN);

	return (segment->attr & care) == want && segment->base == 0 && segment->limit == ~0u;
}

static bool flat_in_table(const struct x86_vcpu *vcpu, u32 selector, u32 type, u32 dpl)
{
	struct x86_segment segment = x86_direct_segment(vcpu, (u16)selector);

	return is_flat(&segment, type, dpl);
}

static struct bt_mode mode_of(const struct x86_vcpu *vcpu)
{
	return (struct bt_mode){
		.cs = vcpu->cpu.seg[SREG_CS].selector,
		.sysexit_cs = vcpu->translated.sysexit_cs,
		.format = ptformat_of(&vcpu->cpu)->id,
		.polled = vcpu->translated.polled,
	};
}

static void find_sysexit(struct x86_vcpu *vcpu)
{
	u32 cs = ((u32)vcpu->cpu.sysenter_cs & SEL_INDEX) + 16;
	bool usual = (vcpu->cpu.sysenter_cs & SEL_INDEX) && cs < GDT_LIMIT - 8 &&
		     flat_in_table(vcpu, cs | 3, SEG_TYPE_CODE, 3) &&
		     flat_in_table(vcpu, (cs + 8) | 3, SEG_TYPE_WRITABLE, 3);

	vcpu->translated.sysexit_cs = usual ? (u16)(cs | 3) : 0;
}

static u32 flushes(const struct x86_vcpu *vcpu)
{
	return bt_flushes(vcpu->translated.bt);
}

/* SYSENTER may go to the cache if it arrives in the code segment that translations are made for. */
static void arm_sysenter(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	u32 cs = (u32)vcpu->cpu.sysenter_cs & SEL_INDEX, place[2];
	u32 *constants = vcpu->gate.tss - GATE_TSS / 4;

	t->system_stale = false;
	t->sysenter = !vcpu->config.compare && cs && cs == t->cs.selector && cs < GDT_LIMIT - 8 &&
		      flat_in_table(vcpu, cs, SEG_TYPE_CODE, 0) &&
		      flat_in_table(vcpu, cs + 8, SEG_TYPE_WRITABLE, 0);
	if (t->sysenter) {
		bt_sysenter_thunks(t->bt, (u32)vcpu->cpu.sysenter_eip, place);
		constants[GATE_SYSENTER_SS / 4] = (cs + 8) | 1;
		constants[GATE_SYSENTER_ESP / 4] = (u32)vcpu->cpu.sysenter_esp;
		constants[GATE_SYSENTER_EIP / 4] = place[0];
		constants[GATE_SYSENTER_RARE / 4] = place[1];
	}
	t->thunk_flushes = flushes(vcpu);
}

/* ---- the gate's slot ---- */

static u32 free_slot(const struct x86_vcpu *vcpu)
{
	for (u32 i = ARRAY_SIZE(slots); i-- > 0;)
		if (!shadow_slot_claimed(vcpu->shadow, &vcpu->cpu, gva(slots[i])))
			return i;
	return NO_SLOT;
}

static void place_translator(struct x86_vcpu *vcpu)
{
	u32 base = vcpu->gate.base;

	bt_move(vcpu->translated.bt, base + GATE_CACHE, base + GATE_SHARED, base + GATE_IF);
	vcpu->translated.system_stale = true;
	vcpu->gdt_stale = vcpu->ldt_stale = vcpu->check_segments = true;
	x86_direct_show_gate(vcpu);
}

static void move_gate(struct x86_vcpu *vcpu, u32 slot)
{
	x86_direct_unload(vcpu);
	gate_destroy(&vcpu->gate);
	if (gate_init(&vcpu->gate, slots[slot], switch_has_nx()) ||
	    gate_translate(&vcpu->gate, vcpu->translated.cache)) {
		x86_vcpu_kill(vcpu, "no memory to move the gate");
		return;
	}
	vcpu->translated.slot = (u8)slot;
	vcpu->stats.gate_moves++;
	place_translator(vcpu);
}

/* The guest may have mapped something at the gate's place: then the gate has to go. */
static void keep_slot(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	u32 slot;

	t->slot_stale = false;
	t->no_slot = false;
	if (!shadow_slot_claimed(vcpu->shadow, &vcpu->cpu, gva(slots[t->slot])))
		return;
	slot = free_slot(vcpu);
	t->no_slot = slot == NO_SLOT;
	if (!t->no_slot)
		move_gate(vcpu, slot);
}

/* ---- life ---- */

static bool supports(void *opaque, const struct x86_insn *insn)
{
	return interp_supports(((struct x86_vcpu *)opaque)->interp, insn);
}

static void protect(void *opaque, gpa_t address)
{
	shadow_write_protect(((struct x86_vcpu *)opaque)->shadow, address);
}

static int start(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	const struct gmem_source *pages = vcpu->config.pages;
	struct bt_config config = { .gmem = vcpu->config.gmem, .supports = supports,
				    .protect = protect, .opaque = vcpu,
				    .knobs = vcpu->config.knobs };

	if (!pages->alloc_large(pages->opaque, &t->cache))
		return ERR(-ENOMEM);
	t->has_cache = true;
	config.cache = arch_hpa_to_ptr(t->cache);
	t->slot = ARRAY_SIZE(slots) - 1;
	if (x86_direct_prepare(vcpu, slots[t->slot]))
		return -ENOMEM;
	t->bt = bt_create(&config);
	if (!t->bt || gate_translate(&vcpu->gate, t->cache))
		return ERR(-ENOMEM);
	for (u32 i = 0; i < GATE_TABLE_PAGES; i++)
		t->desc_gfn[GATE_TABLE_GDT][i] = t->desc_gfn[GATE_TABLE_LDT][i] = NO_GFN;
	gmem_listen(vcpu->config.gmem, GMEM_DESC, descriptors_written, vcpu);
	place_translator(vcpu);
	t->slot_stale = true;
	return 0;
}

void x86_translated_release(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	const struct gmem_source *pages = vcpu->config.pages;

	if (t->bt) {
		untrace(vcpu, GATE_TABLE_GDT);
		untrace(vcpu, GATE_TABLE_LDT);
		gmem_listen(vcpu->config.gmem, GMEM_DESC, NULL, NULL);
		bt_destroy(t->bt);
	}
	if (t->has_cache)
		pages->free_large(pages->opaque, t->cache);
	memset(t, 0, sizeof(*t));
}

bool x86_translated_prepare(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;

	if (!t->bt) {
		if (t->off || vcpu->config.interpret)
			return false;
		if (start(vcpu)) {
			log_notice("vm %s: no memory for the translator: its kernel is interpreted",
				   vcpu->config.name);
			x86_direct_release(vcpu);
			x86_translated_release(vcpu);
			t->off = true;
			return false;
		}
	}
	if (t->polled)
		vcpu->gdt_stale = vcpu->ldt_stale = vcpu->check_segments = true;
	if (t->slot_stale || shadow_take_gate_write(vcpu->shadow))
		keep_slot(vcpu);
	if (t->system_stale || t->thunk_flushes != flushes(vcpu)) {
		find_sysexit(vcpu);
		arm_sysenter(vcpu);
	}
	return true;
}

void x86_translated_follow(struct x86_vcpu *vcpu, enum x86_op op)
{
	if (op == OP_WRMSR)
		vcpu->translated.system_stale = true;
	if (op == OP_LGDT || op == OP_LLDT) {
		vcpu->translated.polled = false;
		vcpu->translated.stray_writes = 0;
	}
}

void x86_translated_flushed(struct x86_vcpu *vcpu, bool all, gva_t address)
{
	if (!vcpu->translated.bt)
		return;
	bt_flushed(vcpu->translated.bt, &vcpu->cpu, all, address);
	vcpu->translated.slot_stale |= all;
}

/* ---- in and out ---- */

bool x86_translated_fits(const struct x86_vcpu *vcpu)
{
	const struct x86_cpu *cpu = &vcpu->cpu;

	return !vcpu->translated.no_slot && is_flat(&cpu->seg[SREG_CS], SEG_TYPE_CODE, 0) &&
	       is_flat(&cpu->seg[SREG_SS], SEG_TYPE_WRITABLE, 0) &&
	       !(cpu->eflags & (EFLAGS_TF | EFLAGS_NT | EFLAGS_IOPL)) && !(cpu->dr[7] & DR7_ENABLED);
}

/* Making the thunks may flush the cache, and so may translating. */
static u32 find_place(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	enum bt_exit after = t->link_eip == vcpu->cpu.eip ? t->link_exit : BT_EXIT_NONE;
	u32 place, before;

	do {
		before = flushes(vcpu);
		place = bt_enter(t->bt, &vcpu->cpu, after);
		if (t->thunk_flushes != flushes(vcpu))
			arm_sysenter(vcpu);
	} while (before != flushes(vcpu));
	return place;
}

u32 x86_translated_enter(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	struct bt_mode mode = mode_of(vcpu);
	u32 place;

	if (t->cs.selector != mode.cs)
		t->system_stale = true;
	t->cs = vcpu->cpu.seg[SREG_CS];
	bt_set_mode(t->bt, &mode);
	place = find_place(vcpu);
	if (place && t->link_eip == vcpu->cpu.eip) {
		if (t->link_exit == BT_EXIT_MISS)
			bt_enter_indirect(t->bt, vcpu->cpu.eip);
		else if (t->link_exit == BT_EXIT_LINK)
			bt_link(t->bt, t->recovery.link, vcpu->cpu.eip);
	}
	t->link_exit = BT_EXIT_NONE;
	return place;
}

void x86_translated_fill(struct x86_vcpu *vcpu, struct guest_frame *frame, u32 place)
{
	(void)vcpu;
	trace(TRACE_BT, "entered the cache at %08x: eip %08x esp %08x", place, vcpu->cpu.eip,
	      vcpu->cpu.gpr[REG_ESP]);
	frame->eip = place;
	frame->cs = BT_CS | 1;
	frame->ss |= 1;
}

bool x86_translated_take(struct x86_vcpu *vcpu, const struct guest_frame *frame)
{
	struct x86_cpu *cpu = &vcpu->cpu;
	u16 ss = (u16)(frame->ss & ~SEL_RPL);
	u32 place = frame->eip - ((u8)frame->vector == VECTOR_BT ? 2 : 0);

	if ((u16)frame->cs != (BT_CS | 1) || !vcpu->translated.bt)
		return false;
	cpu->seg[SREG_CS] = vcpu->translated.cs;
	if (cpu->seg[SREG_SS].selector != ss)
		cpu->seg[SREG_SS] = x86_direct_segment(vcpu, ss);
	vcpu->translated.in_cache = true;
	if (!bt_recover(vcpu->translated.bt, place, vcpu->gate.shared, cpu,
			&vcpu->translated.recovery))
		return false;
	/* Only SYSENTER brings them into the cache; what else looks so is QEMU's (x86_direct.c). */
	if (!vcpu->translated.recovery.sysenter)
		cpu->eflags &= ~(EFLAGS_TF | EFLAGS_NT);
	trace(TRACE_BT, "left the cache at %08x: eip %08x esp %08x", place, cpu->eip,
	      cpu->gpr[REG_ESP]);
	return true;
}

bool x86_translated_step(struct x86_vcpu *vcpu)
{
	if (!vcpu->translated.in_cache || !vcpu->translated.recovery.sysenter ||
	    !(vcpu->cpu.eflags & EFLAGS_TF))
		return false;
	vcpu->cpu.fault = (struct x86_fault){ .vector = EXCP_DB, .is_trap = true, .dr6 = DR6_BS };
	x86_vcpu_deliver_fault(vcpu);
	return true;
}

void x86_translated_exit(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	const u8 *bytes;

	switch (t->recovery.exit) {
	case BT_EXIT_LINK:
	case BT_EXIT_MISS:
		t->link_exit = t->recovery.exit;
		t->link_eip = vcpu->cpu.eip;
		if (t->link_exit == BT_EXIT_LINK)
			vcpu->stats.links++;
		else
			vcpu->stats.misses++;
		break;
	case BT_EXIT_EMULATE:
	case BT_EXIT_NONE:
		if (x86_translated_step(vcpu))
			break;
		x86_vcpu_emulate(vcpu, EMULATE_CALLOUT);
		vcpu->stats.callouts[interp_last_insn(vcpu->interp, &bytes)->op]++;
		break;
	}
}
