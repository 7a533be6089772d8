/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code that is written.
 *
 * A guest page with translations has GMEM_CODE: it is not writable through the shadow, so each store to
 * it comes to the interpreter and then here, before the next guest instruction.  What was made from
 * the bytes that changed is dropped; for pages that mix code and data the parts of the page that hold code
 * are remembered in granules of 128 bytes.  When nothing is left the flag goes, and the page is writable again.
 *
 * A page that is written again and again while it has translations is left to the interpreter, which
 * looks at each instruction's bytes anyway, for a while.
 */
#include "arch/x86/bt/bt_priv.h"

#include "hv/lib/assert.h"
#include "hv/lib/string.h"

#define GRANULE_SHIFT 7
#define WRITES_LIMIT 256u    /* to a page with translations: it becomes slow */
#define HIT_WEIGHT 4u        /* of a write that hits a translation */
#define DECLINES_LIMIT 2000u /* entries into a slow page: it is tried again */

static u32 *bucket(struct bt *bt, u32 gfn)
{
	return &bt->page_buckets[gfn % PAGE_BUCKETS];
}

static struct code_page *find_page(struct bt *bt, u32 gfn)
{
	u32 i = *bucket(bt, gfn);

	while (i && bt->pages[i].gfn != gfn)
		i = bt->pages[i].next;
	return i ? &bt->pages[i] : NULL;
}

static u32 granules(u32 offset, u32 size)
{
	u32 first = offset >> GRANULE_SHIFT, last = (offset + size - 1) >> GRANULE_SHIFT;

	return (0xffffffffu >> (31 - (last - first))) << first;
}

bool page_is_translatable(struct bt *bt, u32 gfn)
{
	struct code_page *page = find_page(bt, gfn);

	if (!page || !page->slow)
		return true;
	if (++page->declined < DECLINES_LIMIT)
		return false;
	page->slow = false;
	page->declined = page->writes = 0;
	return true;
}

static struct code_page *add_page(struct bt *bt, u32 gfn)
{
	u32 number = bt->page_count++;
	struct code_page *page = &bt->pages[number];

	ASSERT(number < PAGE_LIMIT); /* room_for_block() */
	*page = (struct code_page){ .gfn = gfn, .next = *bucket(bt, gfn) };
	*bucket(bt, gfn) = number;
	return page;
}

void page_add_block(struct bt *bt, u32 number, u32 which, u32 offset, u32 size)
{
	struct bt_block *block = &bt->blocks[number];
	struct code_page *page = find_page(bt, block->gfn[which]);
	gpa_t address = gpa_of_pfn(block->gfn[which]);

	if (!page)
		page = add_page(bt, block->gfn[which]);
	if (!page->blocks) {
		page->granules = 0;
		gmem_set_flags(bt->config.gmem, address, GMEM_CODE, 0);
		bt->config.protect(bt->config.opaque, address);
	}
	page->granules |= granules(offset, size);
	block->page_next[which] = page->blocks;
	page->blocks = number;
}

void page_add_bytes(struct bt *bt, u32 gfn, u32 offset, u32 size)
{
	find_page(bt, gfn)->granules |= granules(offset, size);
}

/* In the list of page @gfn, which of a block's two links is meant? */
static u32 which_of(const struct bt_block *block, u32 gfn)
{
	return block->gfn[0] == gfn ? 0 : 1;
}

u32 page_first(struct bt *bt, u32 gfn)
{
	const struct code_page *page = find_page(bt, gfn);

	return page ? page->blocks : 0;
}

u32 page_next(const struct bt *bt, u32 gfn, u32 number)
{
	return bt->blocks[number].page_next[which_of(&bt->blocks[number], gfn)];
}

void page_remove_block(struct bt *bt, u32 number, u32 which)
{
	u32 gfn = bt->blocks[number].gfn[which];
	struct code_page *page = find_page(bt, gfn);
	u32 *at = &page->blocks;

	while (*at != number)
		at = &bt->blocks[*at].page_next[which_of(&bt->blocks[*at], gfn)];
	*at = bt->blocks[number].page_next[which];
	if (!page->blocks)
		gmem_set_flags(bt->config.gmem, gpa_of_pfn(gfn), 0, GMEM_CODE);
}

/* Does the block have bytes of page @gfn in [start, end)? */
static bool overlaps(const struct bt_block *block, u32 gfn, u32 start, u32 end)
{
	u32 offset = block->eip & PAGE_MASK;
	u32 in_first = MIN((u32)block->length, PAGE_SIZE - offset);

	if (block->gfn[0] == gfn && start < offset + in_first && end > offset)
		return true;
	/* One page may follow itself: the block is in its list once (translate.c). */
	return (block->gfn[1] == gfn || block->gfn[1] == NO_GFN) &&
	       start < block->length - in_first;
}

static bool drop_overlapping(struct bt *bt, struct code_page *page, u32 start, u32 end)
{
	bool any = false;
	u32 next;

	for (u32 i = page->blocks; i; i = next) {
		next = page_next(bt, page->gfn, i);
		if (!overlaps(&bt->blocks[i], page->gfn, start, end))
			continue;
		drop_block(bt, i);
		any = true;
	}
	return any;
}

static void make_slow(struct bt *bt, struct code_page *page)
{
	while (page->blocks)
		drop_block(bt, page->blocks);
	page->slow = true;
	page->declined = 0;
	bt->stats.slow_pages++;
}

void bt_code_written(void *opaque, gpa_t address, u32 size)
{
	struct bt *bt = opaque;
	struct code_page *page = find_page(bt, (u32)gpa_pfn(address));
	u32 offset = (u32)address.v & PAGE_MASK;

	if (!page || !page->blocks || !size)
		return;
	page->writes++;
	if (page->granules & granules(offset, size) &&
	    drop_overlapping(bt, page, offset, offset + size))
		page->writes += HIT_WEIGHT - 1;
	if (page->writes > WRITES_LIMIT && page->blocks)
		make_slow(bt, page);
}

void forget_pages(struct bt *bt)
{
	for (u32 i = 1; i < bt->page_count; i++)
		if (bt->pages[i].blocks)
			gmem_set_flags(bt->config.gmem, gpa_of_pfn(bt->pages[i].gfn), 0, GMEM_CODE);
	memset(bt->page_buckets, 0, sizeof(bt->page_buckets));
	bt->page_count = 1;
}
