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

struct bt_mark mark_at(const struct bt *bt, u32 number, u32 offset, u32 *eip)
{
	const struct bt_block *block = &bt->blocks[number];
	u32 count = number + 1 < bt->block_count ? block[1].mark : bt->mark_count;
	const struct bt_mark *mark = &bt->marks[block->mark], *end = &bt->marks[count];
	const struct bt_mark *found = NULL;
	u32 at = block->begin, guest = block->eip;

	for (; mark < end && (at += mark->tc) <= offset; mark++) {
		guest += mark->eip;
		found = mark;
	}
	*eip = guest;
	return found ? *found : (struct bt_mark){ 0 };
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

bool bt_recover(struct bt *bt, u32 tc, const struct shared_page *shared, struct x86_cpu *cpu,
		struct bt_recovery *recovery)
{
	u32 offset = tc - bt->config.cache_linear, number = block_at(bt, offset), link = 0;
	const struct bt_block *block = &bt->blocks[number];
	struct bt_mark mark;

	if (!number)
		return false;
	mark = mark_at(bt, number, offset, &cpu->eip);
	*recovery = (struct bt_recovery){ .exit = mark.flags & MARK_EXIT };
	recovery->before_int = block->kind == BLOCK_TRAP && !(mark.flags & MARK_EIP_LINK) &&
			       recovery->exit != BT_EXIT_LINK;
	recover_if(cpu, mark.flags, recovery);
	correct_esp(cpu, mark.flags);
	if (recovery->exit == BT_EXIT_LINK || mark.flags & MARK_EIP_LINK) {
		link = link_of(bt, block, offset, recovery->exit == BT_EXIT_LINK);
		cpu->eip = bt->links[link].target;
		recovery->link = link;
	}
	if (mark.flags & MARK_EIP_SLOT) {
		cpu->eip = READ_ONCE(shared->bt_eip);
		if (mark.flags & MARK_SPECIAL)
			flags_from_slot(cpu, READ_ONCE(shared->bt_flags));
	} else if ((mark.flags & MARK_ESP_4) == MARK_SPECIAL) {
		/* The sequence has set IF for the code behind the IRET already.  What comes before an
		 * IRET to user code has it clear, or may have for one instruction. */
		cpu->eflags &= ~EFLAGS_IF;
	}
	for (u32 reg = 0; reg < REG_COUNT; reg++)
		if (mark.spilled & BIT(reg))
			cpu->gpr[reg] = READ_ONCE(shared->bt_spill[reg]);
	bt->last_block = number;
	return true;
}
