/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of boot_memory.h.  A cursor walks through each RAM range; everything that is in
 * its way, of whatever kind, is an obstacle with a start and an end.
 */
#include "arch/x86/boot/boot_memory.h"

#include "arch/x86/boot/boot_info.h"

struct walk {
	const struct boot_info *info;
	const struct boot_hole *holes;
	u32 hole_count;
	u32 current; /* the RAM range that is being walked */
};

static struct boot_hole pages_inside(u64 start, u64 end)
{
	return (struct boot_hole){ ALIGN_UP(start, (u64)PAGE_SIZE),
				   ALIGN_DOWN(end, (u64)PAGE_SIZE) };
}

static struct boot_hole pages_touched(u64 start, u64 end)
{
	if (start == end)
		return (struct boot_hole){ 0, 0 };
	return (struct boot_hole){ ALIGN_DOWN(start, (u64)PAGE_SIZE),
				   ALIGN_UP(MIN(end, ~0ull - PAGE_SIZE), (u64)PAGE_SIZE) };
}

/* The @index-th obstacle; false behind the last one. */
static bool obstacle(const struct walk *walk, u32 index, struct boot_hole *out)
{
	const struct boot_memory *range;

	*out = (struct boot_hole){ 0, MIB };
	if (index == 0)
		return true;
	index--;
	if (index < walk->hole_count) {
		*out = pages_touched(walk->holes[index].start, walk->holes[index].end);
		return true;
	}
	index -= walk->hole_count;
	if (index >= walk->info->memory_count)
		return false;
	range = &walk->info->memory[index];
	*out = (struct boot_hole){ 0, 0 };
	if (range->type != BOOT_MEMORY_RAM)
		*out = pages_touched(range->start, range->start + range->size);
	else if (index < walk->current) /* of overlapping RAM ranges the first one counts */
		*out = pages_inside(range->start, range->start + range->size);
	return true;
}

/* Where the first obstacle that concerns @at begins or, if @at is inside of one, ends. */
static u64 next_change(const struct walk *walk, u64 at, u64 end, bool *blocked)
{
	struct boot_hole o;
	u64 next = end;

	*blocked = false;
	for (u32 i = 0; obstacle(walk, i, &o); i++) {
		if (o.start <= at && at < o.end) {
			*blocked = true;
			return MIN(o.end, end);
		}
		if (o.start > at && o.start < next && o.end > o.start)
			next = o.start;
	}
	return next;
}

void boot_memory_free(const struct boot_info *info, const struct boot_hole *holes, u32 hole_count,
		      u64 limit, void (*give)(hpa_t start, u64 size))
{
	struct walk walk = { info, holes, hole_count, 0 };

	for (; walk.current < info->memory_count; walk.current++) {
		const struct boot_memory *range = &info->memory[walk.current];
		u64 end = ALIGN_DOWN(MIN(range->start + range->size, limit), (u64)PAGE_SIZE);
		u64 at = ALIGN_UP(range->start, (u64)PAGE_SIZE);

		if (range->type != BOOT_MEMORY_RAM || range->start >= limit)
			continue;
		while (at < end) {
			bool blocked;
			u64 next = next_change(&walk, at, end, &blocked);

			if (!blocked)
				give(hpa(at), next - at);
			at = next;
		}
	}
}

u64 boot_memory_total(const struct boot_info *info)
{
	u64 total = 0;

	for (u32 i = 0; i < info->memory_count; i++)
		if (info->memory[i].type == BOOT_MEMORY_RAM)
			total += info->memory[i].size;
	return total;
}
