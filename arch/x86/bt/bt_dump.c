/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inspector: a block's guest code and its translation side by side.
 *
 * What is on the left is where the guest is, by the marks, while the CPU is at what is on the right: that is
 * what an exit there is taken for.  So a sequence that is committed halfway shows the next instruction beside
 * its second half, and one without a place of its own (EIP is in a slot) stays where it was.
 *
 * Everything is read as it is now, and nothing is changed.
 */
#include "arch/x86/bt/bt_priv.h"

#include "hv/lib/printf.h"
#include "hv/lib/string.h"

#define LEFT_WIDTH 44

struct dump {
	const struct bt *bt;
	u32 number; /* of the block */
	void (*line)(void *opaque, const char *text);
	void *opaque;
};

/* @count bytes at most of the block's guest code at @eip; the count there is. */
static u32 guest_bytes(const struct dump *d, u32 eip, u8 *to, u32 count)
{
	const struct bt_block *block = &d->bt->blocks[d->number];
	u32 done, first = block->eip >> PAGE_SHIFT;

	for (done = 0; done < count && eip + done - block->eip < block->length; done++) {
		u32 at = eip + done, second = (at >> PAGE_SHIFT) != first;
		u32 gfn = block->gfn[second && block->gfn[1] != NO_GFN];

		if (!gmem_read(d->bt->config.gmem, gpa(gpa_of_pfn(gfn).v + (at & PAGE_MASK)), to + done, 1))
			break;
	}
	return done;
}

/* The instruction among @count @bytes as text; its length, at least 1. */
static u32 format(const u8 *bytes, u32 count, u32 eip, char *text, size_t size)
{
	struct x86_insn insn;

	if (insn_decode(bytes, count, true, &insn) == DECODE_OK) {
		insn_format(&insn, eip, text, size);
		return insn.length;
	}
	if (count)
		hv_snprintf(text, size, "(%02x)", bytes[0]);
	else
		hv_snprintf(text, size, "...");
	return 1;
}

static const char *exit_name(u32 flags)
{
	static const char *const names[] = {
		[BT_EXIT_NONE] = "",
		[BT_EXIT_EMULATE] = "  exit: interpreted",
		[BT_EXIT_LINK] = "  exit: branch",
		[BT_EXIT_MISS] = "  exit: indirect branch not in the tables",
	};

	return names[flags & MARK_EXIT];
}

/* The link whose branch ends at @end or whose stub is at @at, or 0. */
static u32 link_at(const struct dump *d, u32 at, u32 end)
{
	const struct bt_block *block = &d->bt->blocks[d->number];

	for (u32 i = block->first_link; i < block->first_link + block->link_count; i++)
		if (d->bt->links[i].site + 4 == end || d->bt->links[i].stub == at)
			return i;
	return 0;
}

/* The line of the code at offset @at of the cache; returns its length. */
static u32 dump_one(const struct dump *d, u32 at, u32 end, u32 *guest)
{
	char left[64] = "", right[64], target[48] = "", text[240];
	u8 bytes[INSN_MAX_LENGTH];
	u32 eip, length, link;
	struct bt_mark mark = mark_at(d->bt, d->number, at, &eip);

	if (eip != *guest && d->bt->blocks[d->number].kind != BLOCK_ROUTINE &&
	    d->bt->blocks[d->number].kind != BLOCK_TRAP) {
		u32 count = guest_bytes(d, eip, bytes, sizeof(bytes));
		int used = hv_snprintf(left, sizeof(left), "%08x ", eip);

		format(bytes, count, eip, left + used, sizeof(left) - (u32)used);
	}
	*guest = eip;
	length = format(d->bt->config.cache + at, MIN(end - at, (u32)INSN_MAX_LENGTH),
			tc_linear(d->bt, at), right, sizeof(right));
	link = link_at(d, at, at + length);
	if (link)
		hv_snprintf(target, sizeof(target), "  to %08x%s", d->bt->links[link].target,
			    d->bt->links[link].to ? ", linked" : "");
	hv_snprintf(text, sizeof(text), "%-*s| %08x %s%s%s", LEFT_WIDTH, left,
		    tc_linear(d->bt, at), right, exit_name(mark.flags), target);
	d->line(d->opaque, text);
	return length;
}

static void dump_block(const struct dump *d)
{
	static const char *const kinds[] = { "dropped block", "block", "pad", "routine",
					     "trap gate" };
	const struct bt_block *block = &d->bt->blocks[d->number];
	u32 end = d->number + 1 < d->bt->block_count ? block[1].begin : d->bt->code_used;
	u32 guest = ~block->eip;
	char text[128];

	hv_snprintf(text, sizeof(text), "%s of %08x: %u bytes of guest code, %u translated at %08x",
		    kinds[block->kind], block->eip, block->length, end - block->begin,
		    tc_linear(d->bt, block->begin));
	d->line(d->opaque, text);
	for (u32 at = block->begin; at < end;)
		at += dump_one(d, at, end, &guest);
}

/* The block of @eip: that begins there, or the newest that holds it. */
static u32 block_of(const struct bt *bt, u32 eip)
{
	u32 number = find_block(bt, eip);

	if (eip - bt->config.cache_linear < BT_CACHE_BYTES)
		return block_at(bt, eip - bt->config.cache_linear);
	for (u32 i = bt->block_count - 1; !number && i > 0; i--)
		if (bt->blocks[i].kind == BLOCK_CODE && eip - bt->blocks[i].eip < bt->blocks[i].length)
			number = i;
	return number;
}

void bt_dump(const struct bt *bt, u32 eip, void (*line)(void *opaque, const char *text),
	     void *opaque)
{
	struct dump d = { .bt = bt, .number = block_of(bt, eip), .line = line, .opaque = opaque };
	char text[64];

	if (d.number) {
		dump_block(&d);
		return;
	}
	hv_snprintf(text, sizeof(text), "no translation of %08x", eip);
	line(opaque, text);
}
