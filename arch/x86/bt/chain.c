/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Links: direct branches from block to block.
 *
 * A branch first goes to its stub at the end of the block, an exit.  When the target is known its
 * displacement is changed to lead there.  Each block has a list of what leads to it, so that all can be sent
 * back to their stubs when it is dropped.
 *
 * The displacement is written through the host's own mapping of the cache; the guest does not run
 * meanwhile, and comes back by IRET, which serializes.
 */
#include "arch/x86/bt/bt_priv.h"

#include "hv/lib/string.h"

void write_rel32(struct bt *bt, u32 site, u32 target)
{
	u32 distance = target - (site + 4);

	memcpy(bt->config.cache + site, &distance, sizeof(distance));
}

u32 link_new(struct bt *bt, u32 from, u32 site, u32 target)
{
	bt->links[bt->link_count] = (struct bt_link){ .site = site, .target = target, .from = from };
	return bt->link_count++;
}

bool may_chain(const struct bt *bt, u32 number)
{
	const struct bt_block *block = &bt->blocks[number];

	return !bt->config.knobs.no_chain &&
	       (!bt->config.cut || block->kind != BLOCK_CODE || block->settled);
}

void link_to(struct bt *bt, u32 number, u32 block)
{
	struct bt_link *link = &bt->links[number];

	if (link->to || !may_chain(bt, link->from) || !may_chain(bt, block))
		return;
	link->to = block;
	link->next = bt->blocks[block].in_links;
	bt->blocks[block].in_links = number;
	write_rel32(bt, link->site, block_body(&bt->blocks[block]));
	bt->stats.chained++;
}

static void take_from_list(struct bt *bt, u32 number)
{
	u32 *at = &bt->blocks[bt->links[number].to].in_links;

	while (*at != number)
		at = &bt->links[*at].next;
	*at = bt->links[number].next;
}

static void send_to_stub(struct bt *bt, struct bt_link *link)
{
	link->to = 0;
	write_rel32(bt, link->site, link->stub);
}

void unlink_all(struct bt *bt, struct bt_block *block)
{
	for (u32 i = block->in_links, next; i; i = next) {
		next = bt->links[i].next;
		send_to_stub(bt, &bt->links[i]);
	}
	block->in_links = 0;
	for (u32 i = 0; i < block->link_count; i++) {
		u32 number = block->first_link + i;

		if (!bt->links[number].to)
			continue;
		take_from_list(bt, number);
		send_to_stub(bt, &bt->links[number]);
	}
}

void bt_link(struct bt *bt, u32 number, u32 eip)
{
	u32 to = find_block(bt, eip);

	/* Everything may have been forgotten since the exit. */
	if (!number || number >= bt->link_count || !to || bt->links[number].target != eip ||
	    bt->blocks[bt->links[number].from].kind == BLOCK_DEAD)
		return;
	link_to(bt, number, to);
}

/* ---- exec=both ---- */

static u32 block_of_place(const struct bt *bt, u32 place)
{
	return block_at(bt, place - bt->config.cache_linear);
}

bool bt_settled(const struct bt *bt, u32 place)
{
	return bt->blocks[block_of_place(bt, place)].settled;
}

void bt_compared(struct bt *bt, u32 place, u32 times)
{
	struct bt_block *block = &bt->blocks[block_of_place(bt, place)];

	if (block->kind == BLOCK_CODE && !block->settled)
		block->settled = ++block->compared == times;
}

void bt_leave_indirect(struct bt *bt, u32 eip)
{
	u32 number = find_block(bt, eip);

	if (number)
		leave_tables(bt, &bt->blocks[number]);
}

bool bt_has_left(const struct bt *bt, u32 place)
{
	const struct bt_place *last = bt->last;

	return last && last->block != block_of_place(bt, place) &&
	       bt->blocks[last->block].kind == BLOCK_CODE;
}
