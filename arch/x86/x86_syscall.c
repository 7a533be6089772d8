/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls of a translated guest that need no exit: SYSENTER, SYSEXIT, INT 80h.
 *
 * SYSENTER: the gate's ring-0 code goes on to a thunk in the translation cache (gate_text.S).  INT 80h: the gate
 * in our IDT leads there directly; the CPU leaves its frame on the shared page, and the thunk copies it to the
 * stack that the guest's TSS names at that moment, for a guest may change ESP0 with each task.  Both are armed only
 * while the guest's descriptors, MSRs and gate are what every kernel makes them: flat, 32-bit.
 */
#include "arch/x86/x86_vcpu.h"

#include "hv/lib/string.h"

bool x86_translated_is_flat(const struct x86_segment *segment, u32 type, u32 dpl)
{
	u32 want = SEG_P | SEG_S | SEG_DB | type | dpl << SEG_DPL_SHIFT;
	u32 care = SEG_P | SEG_S | SEG_DB | SEG_DPL | SEG_TYPE_CODE |
		   (type & SEG_TYPE_CODE ? 0 : SEG_TYPE_WRITABLE | SEG_TYPE_EXPAND_DOWN);

	return (segment->attr & care) == want && segment->base == 0 && segment->limit == ~0u;
}

static bool flat_in_table(const struct x86_vcpu *vcpu, u32 selector, u32 type, u32 dpl)
{
	struct x86_segment segment = x86_direct_segment(vcpu, (u16)selector);

	return x86_translated_is_flat(&segment, type, dpl);
}

/* ---- SYSENTER and SYSEXIT ---- */

static void find_sysexit(struct x86_vcpu *vcpu)
{
	u32 cs = ((u32)vcpu->cpu.sysenter_cs & SEL_INDEX) + 16;
	bool usual = (vcpu->cpu.sysenter_cs & SEL_INDEX) && cs < GDT_LIMIT - 8 &&
		     flat_in_table(vcpu, cs | 3, SEG_TYPE_CODE, 3) &&
		     flat_in_table(vcpu, (cs + 8) | 3, SEG_TYPE_WRITABLE, 3);

	vcpu->translated.sysexit_cs = usual ? (u16)(cs | 3) : 0;
}

/* SYSENTER may go to the cache if it arrives in the code segment that translations are made for. */
static void arm_sysenter(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	u32 cs = (u32)vcpu->cpu.sysenter_cs & SEL_INDEX, place[2];
	u32 *constants = vcpu->gate.tss - GATE_TSS / 4;

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
}

/* ---- INT 80h ---- */

#define GATE_PRESENT BIT(15)
#define GATE_DPL (3u << 13)
#define GATE_TYPE 0x1f00u
#define GATE_INTERRUPT32 0x0e00u
#define GATE_TRAP32 0x0f00u
#define TSS32_AVAILABLE 9u
#define TSS32_BUSY 11u
#define TSS_STACK0_END 11u /* the last byte of SS0, and what is beside it */

static bool read_dword(struct x86_vcpu *vcpu, u32 address, u32 *value)
{
	return interp_read_linear(vcpu->interp, gva(address), value, 4, ACCESS_READ);
}

/* The guest's gate, if CPL 3 may use it and it leads to where translated code starts from. */
static bool read_gate(struct x86_vcpu *vcpu, struct bt_trap_gate *gate)
{
	const struct x86_table *idtr = &vcpu->cpu.idtr;
	u32 cs = vcpu->translated.cs.selector & SEL_INDEX, low, high;

	if (idtr->limit < INT80_OFFSET + 7 ||
	    !read_dword(vcpu, idtr->base + INT80_OFFSET, &low) ||
	    !read_dword(vcpu, idtr->base + INT80_OFFSET + 4, &high))
		return false;
	gate->eip = (high & 0xffff0000u) | (low & 0xffff);
	gate->clears_if = (high & GATE_TYPE) == GATE_INTERRUPT32;
	return high & GATE_PRESENT && (high & GATE_DPL) == GATE_DPL &&
	       (gate->clears_if || (high & GATE_TYPE) == GATE_TRAP32) && cs &&
	       (low >> 16 & ~SEL_RPL) == cs && flat_in_table(vcpu, cs, SEG_TYPE_CODE, 0);
}

/* The task's kernel stack, with a segment that translated code may have in SS. */
static bool read_tss(struct x86_vcpu *vcpu, struct bt_trap_gate *gate)
{
	const struct x86_segment *tr = &vcpu->cpu.tr;
	u32 type = tr->attr & SEG_TYPE, ss;

	if ((type != TSS32_AVAILABLE && type != TSS32_BUSY) || tr->limit < TSS_STACK0_END ||
	    tr->base - vcpu->gate.base < GATE_SLOT_SIZE || tr->base > 0u - PAGE_SIZE ||
	    !read_dword(vcpu, tr->base + 8, &ss))
		return false;
	gate->tss = tr->base;
	gate->ss = (u16)ss;
	return !(ss & (SEL_RPL | SEL_TI)) && ss & SEL_INDEX && (ss & 0xffff) < GDT_LIMIT - 8 &&
	       flat_in_table(vcpu, ss & 0xffff, SEG_TYPE_WRITABLE, 0);
}

static void arm_int80(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	struct bt_trap_gate gate;
	bool usual = !vcpu->config.compare && t->idt_stray_writes < STRAY_LIMIT;

	if (t->int80_stale)
		x86_translated_trace_idt(vcpu, usual);
	t->int80_stale = false;
	t->int80_tss = vcpu->cpu.tr.base;
	if (!usual || !read_gate(vcpu, &gate) || !read_tss(vcpu, &gate)) {
		gate_clear_int80(&vcpu->gate);
		return;
	}
	gate_set_ss1(&vcpu->gate, gate.ss | 1);
	gate_set_int80(&vcpu->gate, BT_CS, bt_trap_thunk(t->bt, &gate));
}

/* ---- both ---- */

void x86_syscall_arm(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;

	t->system_stale = false;
	/* The second thunk may flush the first; then there is room for both. */
	do {
		t->thunk_flushes = bt_flushes(t->bt);
		arm_sysenter(vcpu);
		arm_int80(vcpu);
	} while (t->thunk_flushes != bt_flushes(t->bt));
}

void x86_syscall_prepare(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;

	if (!t->system_stale && !t->int80_stale && t->int80_tss == vcpu->cpu.tr.base &&
	    t->thunk_flushes == bt_flushes(t->bt))
		return;
	find_sysexit(vcpu);
	x86_syscall_arm(vcpu);
}

void x86_syscall_follow(struct x86_vcpu *vcpu, enum x86_op op)
{
	if (op == OP_WRMSR)
		vcpu->translated.system_stale = true;
	if (op == OP_LIDT)
		vcpu->translated.idt_stray_writes = 0;
	if (op == OP_LIDT || op == OP_LTR)
		vcpu->translated.int80_stale = true;
}
