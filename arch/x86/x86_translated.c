/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the translator (arch/x86/bt) needs of a vcpu: a gate with a translation cache in a slot that the
 * guest does not use, and the way into the cache and out of it.
 *
 * A translated kernel runs in ring 1 with CS = BT_CS and its own data segments, from the shadow GDT and
 * LDT, which x86_desc.c keeps like the guest's.  How user code gets into the cache: x86_syscall.c.
 */
#include "arch/x86/x86_vcpu.h"

#include "arch/x86/mmu/ptformat.h"
#include "arch/x86/x86_comparable.h"
#include "hv/arch.h"
#include "hv/core/log.h"
#include "hv/core/trace.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"

#define NO_SLOT 0xff
#define INT80_SIZE 2u
#define EFLAGS_OF_USER (EFLAGS_ARITH | EFLAGS_TF | EFLAGS_DF | EFLAGS_NT | EFLAGS_RF | EFLAGS_AC | EFLAGS_ID)

static const u32 slots[] = GATE_SLOTS;

static struct bt_mode mode_of(const struct x86_vcpu *vcpu)
{
	return (struct bt_mode){
		.cs = vcpu->cpu.seg[SREG_CS].selector,
		.sysexit_cs = vcpu->translated.sysexit_cs,
		.format = ptformat_of(&vcpu->cpu)->id,
		.polled = vcpu->translated.polled,
	};
}

static u32 flushes(const struct x86_vcpu *vcpu)
{
	return bt_flushes(vcpu->translated.bt);
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
	x86_desc_forget_alias(vcpu);
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
				    .light = !vcpu->config.compare,
				    .warm_up = !vcpu->config.compare,
				    .cut = vcpu->config.compare ? x86_comparable_cut : NULL,
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
	x86_translated_listen(vcpu, true);
	place_translator(vcpu);
	t->slot_stale = true;
	return 0;
}

void x86_translated_release(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	const struct gmem_source *pages = vcpu->config.pages;

	if (t->bt) {
		x86_translated_listen(vcpu, false);
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
	x86_syscall_prepare(vcpu);
	return true;
}

void x86_translated_follow(struct x86_vcpu *vcpu, enum x86_op op)
{
	x86_syscall_follow(vcpu, op);
	if (op == OP_LGDT || op == OP_LLDT) {
		vcpu->translated.polled = false;
		vcpu->translated.stray_writes = 0;
	}
}

void x86_translated_flushed(struct x86_vcpu *vcpu, enum tlb_flush kind)
{
	if (!vcpu->translated.bt)
		return;
	vcpu->translated.slot_stale |= kind != TLB_FLUSH_PAGE;
}

/* ---- in and out ---- */

bool x86_translated_fits(const struct x86_vcpu *vcpu)
{
	const struct x86_cpu *cpu = &vcpu->cpu;

	return !vcpu->translated.no_slot && x86_translated_is_flat(&cpu->seg[SREG_CS], SEG_TYPE_CODE, 0) &&
	       x86_translated_is_flat(&cpu->seg[SREG_SS], SEG_TYPE_WRITABLE, 0) &&
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
			x86_syscall_arm(vcpu);
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

/* An INT 80h of user code has got no further than our thunk: back to before it. */
static void take_trap_frame(struct x86_vcpu *vcpu)
{
	const uint32_t *frame = vcpu->gate.shared->trap_frame;
	struct x86_cpu *cpu = &vcpu->cpu;

	cpu->cpl = 3;
	cpu->eip = READ_ONCE(frame[0]) - INT80_SIZE;
	cpu->seg[SREG_CS] = x86_direct_segment(vcpu, (u16)READ_ONCE(frame[1]));
	cpu->eflags = (READ_ONCE(frame[2]) & EFLAGS_OF_USER) | EFLAGS_FIXED | EFLAGS_IF;
	cpu->gpr[REG_ESP] = READ_ONCE(frame[3]);
	cpu->seg[SREG_SS] = x86_direct_segment(vcpu, (u16)READ_ONCE(frame[4]));
	vcpu->check_segments = true;
}

bool x86_translated_take(struct x86_vcpu *vcpu, const struct guest_frame *frame)
{
	struct x86_cpu *cpu = &vcpu->cpu;
	u16 ss = (u16)(frame->ss & ~SEL_RPL);
	bool exit = (u8)frame->vector == VECTOR_BT || (u8)frame->vector == VECTOR_LOAD_CR3;
	u32 place = frame->eip - (exit ? 2 : 0);

	if ((u16)frame->cs != (BT_CS | 1) || !vcpu->translated.bt)
		return false;
	cpu->seg[SREG_CS] = vcpu->translated.cs;
	if (cpu->seg[SREG_SS].selector != ss)
		cpu->seg[SREG_SS] = x86_direct_segment(vcpu, ss);
	vcpu->translated.in_cache = true;
	if (!bt_recover(vcpu->translated.bt, place, vcpu->gate.shared, cpu,
			&vcpu->translated.recovery))
		return false;
	if (vcpu->translated.recovery.before_int) {
		take_trap_frame(vcpu);
		return true;
	}
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

void x86_translated_trapped(struct x86_vcpu *vcpu)
{
	if (vcpu->translated.in_cache)
		bt_trapped(vcpu->translated.bt);
}

void x86_translated_exit(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	const u8 *bytes;
	bool adapted;

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
		adapted = t->recovery.exit == BT_EXIT_NONE && bt_is_adapted(t->bt);
		x86_vcpu_emulate(vcpu, adapted ? EMULATE_ADAPTED : EMULATE_CALLOUT);
		if (adapted)
			bt_adapted(t->bt, interp_met_special(vcpu->interp));
		vcpu->stats.callouts[interp_last_insn(vcpu->interp, &bytes)->op]++;
		break;
	}
}
