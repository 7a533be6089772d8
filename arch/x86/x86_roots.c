/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Address spaces: CR3 loads and TLB flushes that need no exit, of translated code and of the VMI ROM.
 *
 * Shadow tables follow the guest's at each write, and every entry into guest space loads CR3, so the hardware
 * never has a translation that the guest could want flushed: INVLPG only notes that the interpreter's own TLB
 * is old (SHARED_FLUSHED).  A CR3 that has been loaded lately is in a table of the gate, with the root that
 * the shadow MMU keeps for it; the gate loads that (gate_text.S), and the next exit finds out from the real CR3.
 *
 * What a flush would have to look after besides: translated code must lead where it did (bt/codemap.c).  Directory
 * entries of its regions were compared when a CR3 came into the table; when any changes, in a table
 * that is shadowed or becomes so, the table is emptied and the present one is compared again.  A VMI kernel
 * has no translated code, and only roots that are built anew matter.
 *
 * With PAE all CR3 loads exit, for they read PDPTEs from memory that is not traced.
 */
#include "arch/x86/x86_vcpu.h"

#include "arch/x86/mmu/ptformat.h"

#define MANY 1024u /* regions: roots are not what they were, rather than some entries in one */

static void forget(struct x86_vcpu *vcpu)
{
	for (u32 i = 0; i < GATE_ROOT_COUNT && vcpu->translated.roots_known; i++)
		gate_set_root(&vcpu->gate, i, 0, hpa(0));
	vcpu->translated.roots_known = vcpu->translated.root_noted = false;
}

void x86_roots_flushed(struct x86_vcpu *vcpu, bool modes)
{
	vcpu->translated.maps_stale = true;
	vcpu->translated.root_noted = false;
	if (modes)
		forget(vcpu);
}

void x86_roots_settle(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	u32 first, last;
	bool changed = shadow_take_directories(vcpu->shadow, &first, &last) &&
		       (last - first > MANY || (t->bt && bt_has_region(t->bt, first, last)));

	if (changed)
		forget(vcpu);
	if (!t->bt)
		return;
	if (!changed && !t->maps_stale && !vcpu->root_stale)
		return;
	t->maps_stale = false;
	bt_flushed(t->bt, &vcpu->cpu, true, gva(0));
}

void x86_roots_note(struct x86_vcpu *vcpu)
{
	struct x86_translated *t = &vcpu->translated;
	u32 changes = t->bt ? bt_region_changes(t->bt) : 0, cr3;
	int place;

	/* Code in a region that the others were not asked about. */
	if (t->region_changes != changes)
		forget(vcpu);
	t->region_changes = changes;
	if (t->root_noted)
		return;
	t->root_noted = true;
	if (vcpu->config.compare || ptformat_of(&vcpu->cpu)->levels != 2)
		return;
	/* One CR3 for a root: the real one must tell it. */
	place = gate_find_root(&vcpu->gate, vcpu->root, &cr3);
	if (place < 0) {
		t->root_hand = (u8)((t->root_hand + 1u) % GATE_ROOT_COUNT);
		place = t->root_hand;
	}
	gate_set_root(&vcpu->gate, (u32)place, vcpu->cpu.cr3, vcpu->root);
	t->roots_known = true;
}

void x86_roots_take(struct x86_vcpu *vcpu)
{
	hpa_t root = switch_exit_root();
	u32 cr3;

	if (root.v == vcpu->root.v || gate_find_root(&vcpu->gate, root, &cr3) < 0)
		return;
	vcpu->stats.light_cr3++;
	vcpu->cpu.cr3 = cr3;
	vcpu->root = shadow_root(vcpu->shadow, &vcpu->cpu);
}
