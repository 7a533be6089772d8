/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The map is a table of 2 MB extents; one that holds no memory is a null pointer.  An extent of
 * RAM has one of two backings:
 *
 *   whole      one 2 MB host extent, all of it RAM: @detail is null, a frame is base + index
 *   detailed   @detail has a word per 4 KB page: host page number << 2 | enum gmem_type
 *
 * Partly populated extents (the first megabytes of a PC) are detailed from the start, and a whole
 * one becomes so when part of it turns into ROM; its 2 MB of host memory stay together and are
 * freed as one.  The flags of a frame are a byte beside it, allocated with the extent, so that
 * setting a flag cannot fail; @flagged counts the frames that have any, which makes the question
 * "may this be mapped large" one comparison.
 *
 * Cost: 8 KB, and 532 bytes per extent (2 KB more where detailed): 0.03 % of the RAM.
 */
#include "hv/core/gmem.h"

#include "hv/arch.h"
#include "hv/core/kheap.h"
#include "hv/lib/assert.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"

#define EXTENT_COUNT 2048u /* 4 GB */
#define EXTENT_PAGES (LARGE_PAGE_SIZE / PAGE_SIZE)
#define ADDRESS_END ((u64)EXTENT_COUNT * LARGE_PAGE_SIZE)

#define DETAIL_TYPE 3u
#define DETAIL_SHIFT 2

struct extent {
	u8 *host;    /* pointer to, and host address of the 2 MB; meaningless unless @owns_large */
	u64 large;
	u32 *detail; /* null: whole */
	u16 flagged;
	bool owns_large;
	u8 flags[EXTENT_PAGES];
};

struct listener {
	gmem_listener_fn *fn;
	void *opaque;
};

struct gmem {
	struct gmem_source source;
	u32 generation;
	u64 ram_bytes;
	u64 overhead_bytes;
	struct listener listeners[GMEM_FLAGS]; /* by bit */
	struct extent *extents[EXTENT_COUNT];
};

static struct extent *extent_of(const struct gmem *gmem, gpa_t address)
{
	if (address.v >> 32)
		return NULL;
	return gmem->extents[(u32)address.v / LARGE_PAGE_SIZE];
}

static u32 index_of(gpa_t address)
{
	return (u32)address.v / PAGE_SIZE % EXTENT_PAGES;
}

static u32 detail_entry(u64 frame, enum gmem_type type)
{
	ASSERT(frame >> PAGE_SHIFT < BIT64(32 - DETAIL_SHIFT));
	return (u32)(frame >> PAGE_SHIFT) << DETAIL_SHIFT | type;
}

/* Type of page @index of an extent, and its host frame if it has one. */
static inline enum gmem_type look_up(const struct extent *extent, u32 index, u64 *frame)
{
	u32 entry;

	if (!extent)
		return GMEM_NONE;
	if (!extent->detail) {
		*frame = extent->large | index * PAGE_SIZE;
		return GMEM_RAM;
	}
	entry = extent->detail[index];
	*frame = (u64)(entry >> DETAIL_SHIFT) << PAGE_SHIFT;
	return entry & DETAIL_TYPE;
}

static void *charged_alloc(struct gmem *gmem, size_t size)
{
	void *object = kheap_alloc(size);

	if (object)
		gmem->overhead_bytes += size;
	return object;
}

static void charged_free(struct gmem *gmem, void *object, size_t size)
{
	if (object)
		gmem->overhead_bytes -= size;
	kheap_free(object);
}

struct gmem *gmem_create(const struct gmem_source *source)
{
	struct gmem *gmem = kheap_alloc(sizeof(*gmem));

	if (!gmem)
		return NULL;
	gmem->source = *source;
	gmem->overhead_bytes = sizeof(*gmem);
	return gmem;
}

/* Give back the memory of @extent and the extent itself. */
static void extent_destroy(struct gmem *gmem, struct extent *extent)
{
	const struct gmem_source *source = &gmem->source;

	if (extent->owns_large)
		source->free_large(source->opaque, hpa(extent->large));
	for (u32 i = 0; extent->detail && !extent->owns_large && i < EXTENT_PAGES; i++)
		if (extent->detail[i] & DETAIL_TYPE)
			source->free_page(source->opaque,
					  hpa_of_pfn(extent->detail[i] >> DETAIL_SHIFT));
	charged_free(gmem, extent->detail, EXTENT_PAGES * sizeof(u32));
	charged_free(gmem, extent, sizeof(*extent));
}

void gmem_destroy(struct gmem *gmem)
{
	if (!gmem)
		return;
	for (u32 i = 0; i < EXTENT_COUNT; i++)
		if (gmem->extents[i])
			extent_destroy(gmem, gmem->extents[i]);
	kheap_free(gmem);
}

/* Give a whole extent its page table, so that its pages can differ. */
static bool make_detailed(struct gmem *gmem, struct extent *extent)
{
	if (extent->detail)
		return true;
	extent->detail = charged_alloc(gmem, EXTENT_PAGES * sizeof(u32));
	for (u32 i = 0; extent->detail && extent->owns_large && i < EXTENT_PAGES; i++)
		extent->detail[i] = detail_entry(extent->large + i * PAGE_SIZE, GMEM_RAM);
	return extent->detail;
}

/* Undo add_pages for [start, end) of one extent. */
static void remove_pages(struct gmem *gmem, u64 start, u64 end)
{
	struct extent **slot = &gmem->extents[start / LARGE_PAGE_SIZE];
	struct extent *extent = *slot;
	bool empty = true;

	if (!extent)
		return;
	for (u64 at = start; extent->detail && at < end; at += PAGE_SIZE) {
		u32 *entry = &extent->detail[index_of(gpa(at))];

		if (*entry)
			gmem->source.free_page(gmem->source.opaque,
					       hpa_of_pfn(*entry >> DETAIL_SHIFT));
		*entry = 0;
	}
	for (u32 i = 0; extent->detail && i < EXTENT_PAGES; i++)
		empty &= !extent->detail[i];
	if (empty) {
		extent_destroy(gmem, extent);
		*slot = NULL;
	}
}

/* Back [start, end), which lie within one extent.  False: out of memory, remove_pages cleans up. */
static bool add_pages(struct gmem *gmem, u64 start, u64 end)
{
	struct extent **slot = &gmem->extents[start / LARGE_PAGE_SIZE];
	hpa_t frame;

	if (!*slot)
		*slot = charged_alloc(gmem, sizeof(**slot));
	if (!*slot)
		return false;
	if (end - start == LARGE_PAGE_SIZE &&
	    gmem->source.alloc_large(gmem->source.opaque, &frame)) {
		(*slot)->owns_large = true;
		(*slot)->large = frame.v;
		(*slot)->host = arch_hpa_to_ptr(frame);
		return true;
	}
	if (!make_detailed(gmem, *slot))
		return false;
	for (u64 at = start; at < end; at += PAGE_SIZE) {
		if (!gmem->source.alloc_page(gmem->source.opaque, &frame))
			return false;
		(*slot)->detail[index_of(gpa(at))] = detail_entry(frame.v, GMEM_RAM);
	}
	return true;
}

static u64 extent_end(u64 at, u64 end)
{
	return MIN(ALIGN_DOWN(at, LARGE_PAGE_SIZE) + LARGE_PAGE_SIZE, end);
}

int gmem_add_ram(struct gmem *gmem, gpa_t start, u64 size)
{
	u64 end = start.v + size, at, next;

	ASSERT(IS_ALIGNED(start.v, PAGE_SIZE) && IS_ALIGNED(size, PAGE_SIZE));
	if (start.v > ADDRESS_END || size > ADDRESS_END - start.v)
		return ERR(-EINVAL);
	for (at = start.v; at < end; at += PAGE_SIZE)
		if (gmem_type(gmem, gpa(at)) != GMEM_NONE)
			return ERR(-EEXIST);
	for (at = start.v; at < end; at = next) {
		next = extent_end(at, end);
		if (!add_pages(gmem, at, next))
			goto no_memory;
	}
	gmem->ram_bytes += size;
	gmem->generation++;
	return 0;

no_memory:
	for (u64 undo = start.v; undo < next; undo = extent_end(undo, next))
		remove_pages(gmem, undo, extent_end(undo, next));
	return ERR(-ENOMEM);
}

int gmem_protect_rom(struct gmem *gmem, gpa_t start, u64 size)
{
	ASSERT(IS_ALIGNED(start.v, PAGE_SIZE) && IS_ALIGNED(size, PAGE_SIZE));
	for (gpa_t at = start; at.v - start.v < size; at.v += PAGE_SIZE) {
		struct extent *extent = extent_of(gmem, at);

		if (gmem_type(gmem, at) != GMEM_RAM)
			return ERR(-EINVAL);
		if (!make_detailed(gmem, extent))
			return ERR(-ENOMEM);
		extent->detail[index_of(at)] = detail_entry(
			(u64)(extent->detail[index_of(at)] >> DETAIL_SHIFT) << PAGE_SHIFT, GMEM_ROM);
		gmem->ram_bytes -= PAGE_SIZE;
	}
	gmem->generation++;
	return 0;
}

u64 gmem_ram_bytes(const struct gmem *gmem)
{
	return gmem->ram_bytes;
}

u64 gmem_overhead_bytes(const struct gmem *gmem)
{
	return gmem->overhead_bytes;
}

enum gmem_type gmem_type(const struct gmem *gmem, gpa_t address)
{
	u64 frame;

	return look_up(extent_of(gmem, address), index_of(address), &frame);
}

enum gmem_type gmem_page(const struct gmem *gmem, gpa_t address, hpa_t *frame, u8 *flags)
{
	const struct extent *extent = extent_of(gmem, address);

	*flags = extent ? extent->flags[index_of(address)] : 0;
	return look_up(extent, index_of(address), &frame->v);
}

bool gmem_frame(const struct gmem *gmem, gpa_t address, hpa_t *frame)
{
	return look_up(extent_of(gmem, address), index_of(address), &frame->v) != GMEM_NONE;
}

bool gmem_large_frame(const struct gmem *gmem, gpa_t address, hpa_t *frame)
{
	const struct extent *extent = extent_of(gmem, address);

	if (!extent || extent->detail || extent->flagged)
		return false;
	*frame = hpa(extent->large);
	return true;
}

void *gmem_ptr(const struct gmem *gmem, gpa_t address, u32 size, bool write)
{
	const struct extent *extent = extent_of(gmem, address);
	u32 offset = (u32)address.v & PAGE_MASK;
	enum gmem_type type;
	u64 frame;

	if (!extent || size > PAGE_SIZE - offset)
		return NULL;
	if (!extent->detail)
		return extent->host + ((u32)address.v & (LARGE_PAGE_SIZE - 1));
	type = look_up(extent, index_of(address), &frame);
	if (type == GMEM_NONE || (write && type != GMEM_RAM))
		return NULL;
	return (u8 *)arch_hpa_to_ptr(hpa(frame)) + offset;
}

void gmem_written_for(struct gmem *gmem, gpa_t address, u32 size, u8 flags)
{
	flags &= gmem_flags(gmem, address);
	if (!flags)
		return;
	for (u32 i = 0; flags; i++, flags >>= 1) {
		const struct listener *listener = &gmem->listeners[i];

		if ((flags & 1) && listener->fn)
			listener->fn(listener->opaque, address, size);
	}
}

void gmem_written(struct gmem *gmem, gpa_t address, u32 size)
{
	gmem_written_for(gmem, address, size, 0xff);
}

static u32 chunk_size(gpa_t address, size_t size)
{
	return (u32)MIN(size, (size_t)(PAGE_SIZE - ((u32)address.v & PAGE_MASK)));
}

bool gmem_read(const struct gmem *gmem, gpa_t from, void *to, size_t size)
{
	for (u32 chunk; size; from.v += chunk, to = (u8 *)to + chunk, size -= chunk) {
		const void *source;

		chunk = chunk_size(from, size);
		source = gmem_ptr(gmem, from, chunk, false);
		if (!source)
			return false;
		memcpy(to, source, chunk);
	}
	return true;
}

static bool copy_in(struct gmem *gmem, gpa_t to, const u8 *from, size_t size, bool write)
{
	for (u32 chunk; size; to.v += chunk, from += chunk, size -= chunk) {
		void *target;

		chunk = chunk_size(to, size);
		target = gmem_ptr(gmem, to, chunk, write);
		if (!target)
			return false;
		memcpy(target, from, chunk);
		gmem_written(gmem, to, chunk);
	}
	return true;
}

bool gmem_write(struct gmem *gmem, gpa_t to, const void *from, size_t size)
{
	return copy_in(gmem, to, from, size, true);
}

bool gmem_load(struct gmem *gmem, gpa_t to, const void *from, size_t size)
{
	return copy_in(gmem, to, from, size, false);
}

u8 gmem_flags(const struct gmem *gmem, gpa_t address)
{
	const struct extent *extent = extent_of(gmem, address);

	return extent ? extent->flags[index_of(address)] : 0;
}

void gmem_set_flags(struct gmem *gmem, gpa_t address, u8 set, u8 clear)
{
	struct extent *extent = extent_of(gmem, address);
	u8 before, after;

	if (gmem_type(gmem, address) == GMEM_NONE)
		return;
	before = extent->flags[index_of(address)];
	after = (u8)((before & ~clear) | set);
	extent->flags[index_of(address)] = after;
	extent->flagged = (u16)(extent->flagged + !!after - !!before);
	if (after & ~before)
		gmem->generation++;
}

u32 gmem_generation(const struct gmem *gmem)
{
	return gmem->generation;
}

const u32 *gmem_generation_of(const struct gmem *gmem)
{
	return &gmem->generation;
}

void gmem_listen(struct gmem *gmem, u8 flag, gmem_listener_fn *fn, void *opaque)
{
	u32 bit = (u32)__builtin_ctz(flag);

	ASSERT(bit < GMEM_FLAGS && flag == BIT(bit));
	gmem->listeners[bit] = (struct listener){ fn, opaque };
}
