/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of pmm.h.  Memory is seen as 2 MB extents, each with a bitmap of its used frames.
 * Extents that are wholly free and those that are partly so are on two lists: single frames come
 * from a partly used extent as long as there is one, so that whole extents last.  Everything is
 * zeroed when it is given out, which also covers what firmware and boot loader left in it.
 *
 * Frames that were never added count as used, so a hole inside an extent needs no special case; an
 * extent with a hole just never becomes wholly free.
 */
#include "hv/core/pmm.h"

#include "hv/arch.h"
#include "hv/core/stats.h"
#include "hv/core/lock.h"
#include "hv/lib/assert.h"
#include "hv/lib/bitmap.h"
#include "hv/lib/list.h"
#include "hv/lib/string.h"

#define FRAMES_PER_EXTENT (LARGE_PAGE_SIZE / PAGE_SIZE)
#define EXTENT_COUNT 2048 /* 4 GB */
#define PMM_END ((u64)EXTENT_COUNT * LARGE_PAGE_SIZE)

struct extent {
	struct list link; /* in wholly_free, partly_free, or nowhere */
	u32 free_count;
	u32 used[BITMAP_WORDS(FRAMES_PER_EXTENT)];
};

static struct lock frames_lock; /* all of the below */
static struct extent extents[EXTENT_COUNT];
static struct list wholly_free, partly_free;
static u64 free_frames, total_frames;

static void init_once(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	list_init(&wholly_free);
	list_init(&partly_free);
	for (u32 i = 0; i < EXTENT_COUNT; i++) {
		list_init(&extents[i].link);
		bitmap_set_range(extents[i].used, 0, FRAMES_PER_EXTENT);
	}
}

static struct extent *extent_of(hpa_t frame)
{
	ASSERT(frame.v < PMM_END);
	return &extents[(u32)(frame.v >> LARGE_PAGE_SHIFT)];
}

static u32 index_of(hpa_t frame)
{
	return (u32)(frame.v >> PAGE_SHIFT) % FRAMES_PER_EXTENT;
}

static hpa_t frame_of(const struct extent *extent, u32 index)
{
	u64 start = (u64)(extent - extents) << LARGE_PAGE_SHIFT;

	return hpa(start + ((u64)index << PAGE_SHIFT));
}

/* Put @extent on the list that its count of free frames calls for. */
static void relist(struct extent *extent)
{
	list_remove(&extent->link);
	if (extent->free_count == FRAMES_PER_EXTENT)
		list_add_tail(&wholly_free, &extent->link);
	else if (extent->free_count)
		list_add(&partly_free, &extent->link);
}

static void mark_free(hpa_t frame)
{
	struct extent *extent = extent_of(frame);
	u32 index = index_of(frame);

	ASSERT(bitmap_test(extent->used, index)); /* freed twice */
	bitmap_clear(extent->used, index);
	extent->free_count++;
	free_frames++;
	if (extent->free_count == 1 || extent->free_count == FRAMES_PER_EXTENT)
		relist(extent);
}

void pmm_add(hpa_t start, u64 size)
{
	u64 first = ALIGN_UP(start.v, (u64)PAGE_SIZE);
	u64 end = MIN(ALIGN_DOWN(start.v + size, (u64)PAGE_SIZE), PMM_END);

	init_once();
	for (u64 frame = first; frame < end; frame += PAGE_SIZE) {
		mark_free(hpa(frame));
		total_frames++;
	}
}

static struct extent *first_extent(struct list *head)
{
	return list_empty(head) ? NULL : list_entry(head->next, struct extent, link);
}

static bool take_page_locked(hpa_t *frame)
{
	struct extent *extent;
	u32 index;

	init_once();
	extent = first_extent(&partly_free);
	if (!extent)
		extent = first_extent(&wholly_free);
	if (!extent)
		return false;
	index = bitmap_next_clear(extent->used, FRAMES_PER_EXTENT, 0);
	bitmap_set(extent->used, index);
	extent->free_count--;
	free_frames--;
	if (extent->free_count == 0 || extent->free_count == FRAMES_PER_EXTENT - 1)
		relist(extent);
	*frame = frame_of(extent, index);
	return true;
}

static bool take_large_locked(hpa_t *frame)
{
	struct extent *extent;

	init_once();
	extent = first_extent(&wholly_free);
	if (!extent)
		return false;
	bitmap_set_range(extent->used, 0, FRAMES_PER_EXTENT);
	extent->free_count = 0;
	free_frames -= FRAMES_PER_EXTENT;
	relist(extent);
	*frame = frame_of(extent, 0);
	return true;
}

bool pmm_alloc_page(hpa_t *frame)
{
	bool taken;

	lock_acquire(&frames_lock);
	taken = take_page_locked(frame);
	lock_release(&frames_lock);
	if (!taken)
		return false;
	memset(arch_hpa_to_ptr(*frame), 0, PAGE_SIZE);
	stat_inc(pages_allocated);
	return true;
}

bool pmm_alloc_large(hpa_t *frame)
{
	bool taken;

	lock_acquire(&frames_lock);
	taken = take_large_locked(frame);
	lock_release(&frames_lock);
	if (!taken)
		return false;
	memset(arch_hpa_to_ptr(*frame), 0, LARGE_PAGE_SIZE);
	stat_add(pages_allocated, FRAMES_PER_EXTENT);
	return true;
}

void pmm_free_page(hpa_t frame)
{
	ASSERT(IS_ALIGNED(frame.v, (u64)PAGE_SIZE));
	lock_acquire(&frames_lock);
	mark_free(frame);
	lock_release(&frames_lock);
	stat_inc(pages_freed);
}

void pmm_free_large(hpa_t frame)
{
	ASSERT(IS_ALIGNED(frame.v, (u64)LARGE_PAGE_SIZE));
	lock_acquire(&frames_lock);
	for (u32 i = 0; i < FRAMES_PER_EXTENT; i++)
		mark_free(hpa(frame.v + (u64)i * PAGE_SIZE));
	lock_release(&frames_lock);
	stat_add(pages_freed, FRAMES_PER_EXTENT);
}

u64 pmm_free_bytes(void)
{
	return free_frames << PAGE_SHIFT;
}

u64 pmm_total_bytes(void)
{
	return total_frames << PAGE_SHIFT;
}
