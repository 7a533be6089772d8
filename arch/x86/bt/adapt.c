/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instructions that keep faulting: stores to page tables and other traced pages, devices in memory.
 *
 * Each such access is a page fault, found out by walking the guest's and the shadow's tables, and then the
 * interpreter does the instruction.  One that did so a number of times is made a call-out where it
 * stands: an INT over its first two bytes, after which the interpreter does it without asking why.  The
 * rest of its bytes is reached by nobody: the cache is entered at boundaries only, and the marks stay
 * true.  A place with an INT and a mark that knows of none is such a call-out.
 *
 * An instruction that is in use for plain memory, too, must not stay one.  When it has missed twice in a row
 * its bytes are put back, and it has to fault twice as often before it is tried again.
 */
#include "arch/x86/bt/bt_priv.h"

#include "hv/lib/string.h"

#define TRAPS_FIRST 8u
#define TRAPS_MOST 128u
#define MISSES_MOST 2u
#define INT_BYTES 2u

static struct bt_patch *patch_at(struct bt *bt, u32 offset)
{
	return &bt->patches[(offset ^ offset >> 8) % PATCHES];
}

static void restore(struct bt *bt, struct bt_patch *patch)
{
	if (!patch->offset)
		return;
	memcpy(bt->config.cache + patch->offset, patch->bytes, INT_BYTES);
	patch->offset = 0;
	bt->stats.restored++;
}

/* One guest instruction of two bytes or more, with nothing but its boundaries to resume at, and no REP of many
 * accesses. */
static bool is_suitable(const struct bt *bt, const struct bt_place *place)
{
	struct x86_insn insn;

	return bt->blocks[place->block].kind == BLOCK_CODE && place->offset == place->at &&
	       mark_is_boundary(&place->mark) && place->next >= place->at + INT_BYTES &&
	       insn_decode(bt->config.cache + place->at, place->next - place->at, true, &insn) == DECODE_OK &&
	       !(insn.props & INSN_STRING);
}

void bt_trapped(struct bt *bt)
{
	struct bt_place *place = bt->last;
	struct bt_patch *patch;

	if (!place || ++place->traps < MAX(place->traps_needed, TRAPS_FIRST))
		return;
	place->traps = 0;
	if (!is_suitable(bt, place))
		return;
	patch = patch_at(bt, place->at);
	restore(bt, patch); /* another place's */
	patch->offset = place->at;
	patch->missed = 0;
	memcpy(patch->bytes, bt->config.cache + place->at, INT_BYTES);
	memcpy(bt->config.cache + place->at, (const u8[]){ 0xcd, VECTOR_BT }, INT_BYTES);
	bt->stats.adapted++;
}

/* The last exit's, if its instruction is one. */
static struct bt_patch *last_patch(struct bt *bt)
{
	struct bt_patch *patch = bt->last ? patch_at(bt, bt->last->at) : NULL;

	return patch && patch->offset == bt->last->offset ? patch : NULL;
}

bool bt_is_adapted(struct bt *bt)
{
	return last_patch(bt);
}

void bt_adapted(struct bt *bt, bool trapped)
{
	struct bt_patch *patch = last_patch(bt);
	struct bt_place *place = bt->last;

	/* All may have been forgotten meanwhile. */
	if (!patch)
		return;
	if (trapped) {
		patch->missed = 0;
	} else if (++patch->missed == MISSES_MOST) {
		restore(bt, patch);
		place->traps_needed = (u8)MIN(2 * MAX(place->traps_needed, TRAPS_FIRST), TRAPS_MOST);
	}
}
