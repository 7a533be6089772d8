/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of the shadow MMU.  All of it, but for a few KB of kheap, comes out of one budget of
 * 4 KB pages: arrays (shadow page descriptors, hash table, reverse map) at creation, sized in
 * proportion to the tables that the rest of the budget allows; pages for tables on demand.
 */
#include "arch/x86/mmu/shadow_priv.h"

#include "hv/arch.h"
#include "hv/core/kheap.h"
#include "hv/lib/err.h"

#define RESERVE 4u          /* shadow pages that exist from the start: enough for any one fault */
#define NODES_PER_TABLE 64u /* per shadow page */

static u32 pages_for(u32 count, u32 per_page)
{
	return (count + per_page - 1) / per_page;
}

static u32 bits_for(u32 count)
{
	u32 bits = 4;

	while (BIT(bits) < count)
		bits++;
	return bits;
}

static u32 node_count(u32 tables)
{
	return tables * NODES_PER_TABLE;
}

/* Pages that the arrays for @tables shadow pages take. */
static u32 array_pages(u32 tables)
{
	return pages_for(tables, SP_PER_PAGE) + pages_for(node_count(tables), NODES_PER_PAGE) +
	       pages_for(BIT(bits_for(node_count(tables) / 4)), HEADS_PER_PAGE) +
	       pages_for(BIT(bits_for(tables)), BUCKETS_PER_PAGE);
}

bool pool_take_frame(struct shadow *shadow, hpa_t *frame)
{
	if (shadow->stats.pages_used >= shadow->stats.pages_total ||
	    !shadow->source.alloc_page(shadow->source.opaque, frame))
		return false;
	shadow->stats.pages_used++;
	return true;
}

/* An array in pages: the table of their addresses, or NULL. */
static void *take_array(struct shadow *shadow, u32 pages)
{
	void **table = kheap_alloc(pages * sizeof(void *));
	hpa_t frame;

	for (u32 i = 0; table && i < pages; i++) {
		if (!pool_take_frame(shadow, &frame))
			break; /* the rest stays NULL, and the caller looks at the last */
		table[i] = arch_hpa_to_ptr(frame);
	}
	return table;
}

static void give_array(struct shadow *shadow, void *array, u32 pages)
{
	void **table = array;

	for (u32 i = 0; table && i < pages && table[i]; i++)
		shadow->source.free_page(shadow->source.opaque, arch_ptr_to_hpa(table[i]));
	kheap_free(table);
}

bool pool_grow(struct shadow *shadow)
{
	struct shadow_page *sp;
	hpa_t frame;

	if (shadow->page_count >= shadow->page_limit || !pool_take_frame(shadow, &frame))
		return false;
	sp = sp_at(shadow, shadow->page_count);
	sp->number = (u16)shadow->page_count;
	sp->pfn = (u32)hpa_pfn(frame);
	sp->entries = arch_hpa_to_ptr(frame);
	sp->hash_next = shadow->free_pages;
	shadow->free_pages = (u16)shadow->page_count++;
	return true;
}

int pool_create(struct shadow *shadow, u32 pool_pages)
{
	u32 tables = MIN(pool_pages, SP_MAX), sps, nodes, heads, buckets;

	shadow->stats.pages_total = pool_pages;
	while (tables + 1 + array_pages(tables) > pool_pages) /* 1: the gate's page */
		tables--;
	shadow->page_limit = tables;
	shadow->node_count = node_count(tables);
	shadow->fresh_node = 1;
	shadow->head_bits = bits_for(shadow->node_count / 4);
	shadow->bucket_bits = bits_for(tables);
	sps = pages_for(tables, SP_PER_PAGE);
	nodes = pages_for(shadow->node_count, NODES_PER_PAGE);
	heads = pages_for(BIT(shadow->head_bits), HEADS_PER_PAGE);
	buckets = pages_for(BIT(shadow->bucket_bits), BUCKETS_PER_PAGE);
	shadow->pages = take_array(shadow, sps);
	shadow->nodes = take_array(shadow, nodes);
	shadow->heads = take_array(shadow, heads);
	shadow->buckets = take_array(shadow, buckets);
	if (!shadow->pages || !shadow->pages[sps - 1] || !shadow->nodes ||
	    !shadow->nodes[nodes - 1] || !shadow->heads || !shadow->heads[heads - 1] ||
	    !shadow->buckets || !shadow->buckets[buckets - 1])
		return ERR(-ENOMEM);
	for (u32 i = 0; i <= RESERVE; i++)
		if (!pool_grow(shadow))
			return ERR(-ENOMEM);
	/* Number 0 came first, so it is the last of the free list; it serves the roots. */
	sp_at(shadow, 0)->role = SP_ROOTS;
	return 0;
}

void pool_destroy(struct shadow *shadow)
{
	for (u32 i = 0; i < shadow->page_count; i++)
		shadow->source.free_page(shadow->source.opaque,
					 hpa_of_pfn(sp_at(shadow, i)->pfn));
	give_array(shadow, shadow->pages, pages_for(shadow->page_limit, SP_PER_PAGE));
	give_array(shadow, shadow->nodes, pages_for(shadow->node_count, NODES_PER_PAGE));
	give_array(shadow, shadow->heads, pages_for(BIT(shadow->head_bits), HEADS_PER_PAGE));
	give_array(shadow, shadow->buckets, pages_for(BIT(shadow->bucket_bits), BUCKETS_PER_PAGE));
}
