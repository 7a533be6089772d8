/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of kheap.h: blocks with boundary tags, carved from 2 MB extents (single frames
 * once there is no whole extent left).  Free blocks hang in lists by power of two of their size, so
 * that allocation looks at a bounded number of blocks: any block of a higher list fits, and of the
 * list that may fit only the first few are tried.  Neighbours that are free are joined at once.
 * Extents are kept for the rest of the run.
 *
 *   | header A | object A ... | header B | object B ... | header of size 0, never free |
 *
 * A header knows the size of its block and of the block before it, and carries a magic number that
 * tells an overrun or a double free from a valid object.
 */
#include "hv/core/kheap.h"

#include "hv/arch.h"
#include "hv/core/lock.h"
#include "hv/core/pmm.h"
#include "hv/lib/assert.h"
#include "hv/lib/list.h"
#include "hv/lib/string.h"

#define UNIT 32u /* sizes are multiples of this; the smallest block holds a header and a link */
#define LIST_COUNT 17 /* 32 << 16 is 2 MB */
#define TRIES 8
#define MAGIC_USED 0x75736564u
#define MAGIC_FREE 0x66726565u
#define MAGIC_END 0x656e6473u

struct block {
	u32 magic;
	u32 size;      /* with this header */
	u32 size_before; /* of the block in front; 0 for the first of an extent */
	u32 unused;
	struct list link; /* only while free: the object's first bytes */
};
#define HEADER_SIZE 16u
_Static_assert(offsetof(struct block, link) == HEADER_SIZE, "objects must be 16-byte aligned");

static struct lock heap_lock; /* all of the below */
static struct list free_lists[LIST_COUNT];
static u64 used_bytes;

static u32 list_index(u32 size)
{
	return 31 - (u32)__builtin_clz(size / UNIT);
}

static struct block *block_after(struct block *block)
{
	return (struct block *)((u8 *)block + block->size);
}

static void insert_free(struct block *block)
{
	block->magic = MAGIC_FREE;
	list_add(&free_lists[list_index(block->size)], &block->link);
	block_after(block)->size_before = block->size;
}

static void init_once(void)
{
	if (free_lists[0].next)
		return;
	for (u32 i = 0; i < LIST_COUNT; i++)
		list_init(&free_lists[i]);
}

static bool grow(u32 size)
{
	u32 bytes = LARGE_PAGE_SIZE;
	struct block *block, *end;
	hpa_t frame;

	if (!pmm_alloc_large(&frame)) {
		bytes = PAGE_SIZE;
		if (size + UNIT > bytes || !pmm_alloc_page(&frame))
			return false;
	}
	block = arch_hpa_to_ptr(frame);
	block->size = bytes - UNIT;
	block->size_before = 0;
	end = block_after(block);
	end->magic = MAGIC_END;
	end->size = 0;
	insert_free(block);
	return true;
}

static struct block *find(u32 size)
{
	u32 tries = TRIES;
	u32 index = list_index(size);

	list_for_each(link, &free_lists[index]) {
		struct block *block = list_entry(link, struct block, link);

		if (block->size >= size)
			return block;
		if (!--tries)
			break;
	}
	while (++index < LIST_COUNT)
		if (!list_empty(&free_lists[index]))
			return list_entry(free_lists[index].next, struct block, link);
	return NULL;
}

/* Cut @block down to @size, if what remains is worth a block. */
static void trim(struct block *block, u32 size)
{
	u32 rest_size = block->size - size;
	struct block *rest;

	if (rest_size < 2 * UNIT)
		return;
	block->size = size;
	rest = block_after(block);
	rest->size = rest_size;
	rest->size_before = size;
	insert_free(rest);
}

static struct block *take_locked(u32 size)
{
	struct block *block;

	init_once();
	block = find(size);
	if (!block && grow(size))
		block = find(size);
	if (!block)
		return NULL;
	ASSERT(block->magic == MAGIC_FREE);
	list_remove(&block->link);
	trim(block, size);
	block->magic = MAGIC_USED;
	used_bytes += block->size;
	return block;
}

void *kheap_alloc(size_t size)
{
	u32 whole = ALIGN_UP((u32)MAX(size, sizeof(struct list)) + HEADER_SIZE, UNIT);
	struct block *block;

	if (size > LARGE_PAGE_SIZE - 2 * UNIT)
		return NULL;
	lock_acquire(&heap_lock);
	block = take_locked(whole);
	lock_release(&heap_lock);
	if (!block)
		return NULL;
	memset(&block->link, 0, block->size - HEADER_SIZE);
	return &block->link;
}

static struct block *join_with_before(struct block *block)
{
	struct block *before = (struct block *)((u8 *)block - block->size_before);

	if (!block->size_before || before->magic != MAGIC_FREE)
		return block;
	list_remove(&before->link);
	block->magic = 0;
	before->size += block->size;
	return before;
}

void kheap_free(void *object)
{
	struct block *block, *after;

	if (!object)
		return;
	block = (struct block *)((u8 *)object - HEADER_SIZE);
	lock_acquire(&heap_lock);
	ASSERT(block->magic == MAGIC_USED); /* freed twice, or overrun by the block in front */
	used_bytes -= block->size;
	after = block_after(block);
	ASSERT(after->magic == MAGIC_USED || after->magic == MAGIC_FREE ||
	       after->magic == MAGIC_END); /* this object was overrun */
	if (after->magic == MAGIC_FREE) {
		list_remove(&after->link);
		after->magic = 0;
		block->size += after->size;
	}
	insert_free(join_with_before(block));
	lock_release(&heap_lock);
}

u64 kheap_used_bytes(void)
{
	return used_bytes;
}
