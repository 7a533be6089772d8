/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a place in the cache to the guest's state: find the block, go through its marks up to the
 * place, and put together what the last one says.
 *
 * What is read from the shared page are values of guest registers, each read once; a guest that has
 * changed them has changed its own registers.
 */
#include "arch/x86/bt/bt_priv.h"

/* Blocks are in order. */
u32 block_at(const struct bt *bt, u32 offset)
{
	u32 low = 1, high = bt->block_count;

	if (offset < CODE_OFFSET || offset >= bt->code_used)
		return 0;
	while (high - low > 1) {
		u32 middle = (low + high) / 2;

		if (bt->blocks[middle].begin <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* What the marks of block @number say of @offset. */
static void look_up(const struct bt *bt, u32 number, u32 offset, struct bt_place *place)
{
	const struct bt_block *block = &bt->blocks[number];
	const u8 *mark = &bt->marks[block->mark], *next, *found = NULL;
	const u8 *end = &bt->marks[number + 1 < bt->block_count ? block[1].mark : bt->mark_bytes];
	u32 at = block->begin, eip = block->eip;
	struct bt_mark m = { 0 };

	place->offset = offset;
	place->block = number;
	place->mark = m;
	place->next = 0;
	place->traps = place->traps_needed = 0;
	for (; mark < end; mark = next) {
		next = mark_read(mark, &m);
		if (at + m.tc > offset)
			break;
		at += m.tc;
		eip += m.eip;
		found = mark;
	}
	place->at = at;
	place->eip = eip;
	if (mark < end && mark_is_boundary(&m)) {
		place->next = at + m.tc;
		place->next_eip = eip + m.eip;
	}
	if (found)
		mark_read(found, &place->mark);
}

struct bt_mark mark_at(const struct bt *bt, u32 number, u32 offset, u32 *eip)
{
	struct bt_place place;

	look_up(bt, number, offset, &place);
	*eip = place.eip;
	return place.mark;
}

/* Exits come from the same places again and again, and the code and marks of a place stay as they are until all
 * is forgotten. */
static struct bt_place *place_of(struct bt *bt, u32 offset)
{
	struct bt_place *place = &bt->places[(offset ^ offset >> 8) % PLACES];
	u32 number;

	if (place->offset == offset)
		return place;
	number = block_at(bt, offset);
	if (!number)
		return NULL;
	look_up(bt, number, offset, place);
	return place;
}

/* The link that a branch at or behind @offset belongs to; @stub: whose stub it is. */
static u32 link_of(const struct bt *bt, const struct bt_block *block, u32 offset, bool stub)
{
	for (u32 i = block->first_link; i < block->first_link + block->link_count; i++)
		if (stub ? bt->links[i].stub == offset : bt->links[i].site >= offset)
			return i;
	return 0;
}

/* LAHF and SETO, backwards. */
static void flags_from_slot(struct x86_cpu *cpu, u32 value)
{
	u32 of = value & 1 ? EFLAGS_OF : 0;

	cpu->eflags = (cpu->eflags & ~EFLAGS_ARITH) | (value >> 8 & EFLAGS_ARITH & 0xff) | of;
}

static void correct_esp(struct x86_cpu *cpu, u32 flags)
{
	if ((flags & MARK_ESP_4) == MARK_ESP_4)
		cpu->gpr[REG_ESP] += 4;
	else if (flags & MARK_ESP_8)
		cpu->gpr[REG_ESP] -= 8;
}

static void recover_if(struct x86_cpu *cpu, u32 flags, struct bt_recovery *recovery)
{
	if ((flags & MARK_SHADOW) == MARK_SHADOW) {
		cpu->interrupt_shadow = SHADOW_STI;
	} else if (flags & MARK_IF_EAX) {
		cpu->eflags = (cpu->eflags & ~EFLAGS_IF) | (cpu->gpr[REG_EAX] & EFLAGS_IF);
		recovery->if_known = true;
	} else if (flags & MARK_IF_ZERO) {
		cpu->eflags &= ~EFLAGS_IF;
		recovery->sysenter = true;
	}
}

/* The registers that the mark's flags say of. */
static void recover_special(const struct bt *bt, const struct bt_place *place, const struct shared_page *shared,
			    struct x86_cpu *cpu, struct bt_recovery *recovery)
{
	u32 flags = place->mark.flags;

	recover_if(cpu, flags, recovery);
	correct_esp(cpu, flags);
	if (recovery->exit == BT_EXIT_LINK || flags & MARK_EIP_LINK) {
		recovery->link = link_of(bt, &bt->blocks[place->block], place->offset,
					 recovery->exit == BT_EXIT_LINK);
		cpu->eip = bt->links[recovery->link].target;
	}
	if (flags & MARK_EIP_SLOT) {
		cpu->eip = READ_ONCE(shared->bt_eip);
		if (flags & MARK_SPECIAL)
			flags_from_slot(cpu, READ_ONCE(shared->bt_flags));
	} else if ((flags & MARK_ESP_4) == MARK_SPECIAL) {
		/* The sequence has set IF for the code behind the IRET already.  What comes before an
		 * IRET to user code has it clear, or may have for one instruction. */
		cpu->eflags &= ~EFLAGS_IF;
	}
}

bool bt_recover(struct bt *bt, u32 tc, const struct shared_page *shared, struct x86_cpu *cpu,
		struct bt_recovery *recovery)
{
	struct bt_place *place = place_of(bt, tc - bt->config.cache_linear);

	if (!place)
		return false;
	*recovery = (struct bt_recovery){ .exit = place->mark.flags & MARK_EXIT };
	recovery->before_int = bt->blocks[place->block].kind == BLOCK_TRAP &&
			       !(place->mark.flags & MARK_EIP_LINK) && recovery->exit != BT_EXIT_LINK;
	cpu->eip = place->eip;
	if (place->mark.flags > BT_EXIT_EMULATE)
		recover_special(bt, place, shared, cpu, recovery);
	for (u32 spilled = place->mark.spilled, reg = 0; spilled; spilled >>= 1, reg++)
		if (spilled & 1)
			cpu->gpr[reg] = READ_ONCE(shared->bt_spill[reg]);
	bt->last = place;
	return true;
}
