/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reverse map: which shadow entries refer to a host frame.  Two questions need it: "who maps
 * this guest frame writable" when the frame becomes a page table, and "which entries point to this
 * shadow page" when the page is dropped.  Both are about a host frame, so one hash table by frame
 * number serves; a node is just the entry's location, since the entry itself says the frame.
 * Read-only mappings are not in it: nobody ever has to find them.
 *
 * The number of nodes is fixed.  If none is free, or a chain becomes too long, some entry is zapped
 * and its node taken: an entry that is missing costs one hidden fault, and every operation here is
 * bounded, whatever the guest maps.
 */
#include "arch/x86/mmu/shadow_priv.h"
#include "hv/lib/assert.h"

#define CHAIN_MAX 128u

static struct rmap_node *node_at(const struct shadow *shadow, u32 i)
{
	return &shadow->nodes[i / NODES_PER_PAGE][i % NODES_PER_PAGE];
}

static u32 *head_of(const struct shadow *shadow, u32 pfn)
{
	u32 i = (pfn * 0x9e3779b1u) >> (32 - shadow->head_bits);

	return &shadow->heads[i / HEADS_PER_PAGE][i % HEADS_PER_PAGE];
}

static u32 spte_pfn(u64 spte)
{
	return (u32)((spte & PTE_FRAME) >> PAGE_SHIFT);
}

static u64 entry_at(const struct shadow *shadow, u32 location)
{
	return sp_at(shadow, location / ENTRIES)->entries[location % ENTRIES];
}

/* A free node.  Zaps what the hand points at if there is none. */
static u32 take_node(struct shadow *shadow)
{
	u32 node;

	if (!shadow->free_node && shadow->fresh_node < shadow->node_count)
		return shadow->fresh_node++;
	if (!shadow->free_node) {
		shadow->node_hand = shadow->node_hand % (shadow->node_count - 1) + 1;
		spte_zap(shadow, node_at(shadow, shadow->node_hand)->location);
	}
	node = shadow->free_node;
	ASSERT(node);
	shadow->free_node = node_at(shadow, node)->next;
	return node;
}

/* Keep the chain at @head below its greatest length by zapping its oldest entry. */
static void limit_chain(struct shadow *shadow, u32 head)
{
	u32 length = 0, last = 0;

	for (u32 i = head; i; i = node_at(shadow, i)->next, length++)
		last = i;
	if (length >= CHAIN_MAX)
		spte_zap(shadow, node_at(shadow, last)->location);
}

void rmap_add(struct shadow *shadow, u32 location, u64 spte)
{
	u32 *head = head_of(shadow, spte_pfn(spte));
	u32 node;

	limit_chain(shadow, *head);
	node = take_node(shadow);
	*node_at(shadow, node) = (struct rmap_node){ location, *head };
	*head = node;
}

void rmap_remove(struct shadow *shadow, u32 location, u64 spte)
{
	u32 *link = head_of(shadow, spte_pfn(spte));
	u32 node;

	while (*link && node_at(shadow, *link)->location != location)
		link = &node_at(shadow, *link)->next;
	node = *link;
	ASSERT(node);
	*link = node_at(shadow, node)->next;
	node_at(shadow, node)->next = shadow->free_node;
	shadow->free_node = node;
}

bool rmap_knows(const struct shadow *shadow, u32 location, u64 spte)
{
	u32 i = *head_of(shadow, spte_pfn(spte));

	while (i && node_at(shadow, i)->location != location)
		i = node_at(shadow, i)->next;
	return i;
}

void rmap_each(struct shadow *shadow, u32 pfn, bool large,
	       bool (*fn)(struct shadow *shadow, u32 location, u64 spte))
{
	u32 next;

	for (u32 i = *head_of(shadow, pfn); i; i = next) {
		u32 location = node_at(shadow, i)->location;
		u64 spte = entry_at(shadow, location);

		next = node_at(shadow, i)->next;
		if (spte_pfn(spte) == pfn && !(spte & PTE_PS) == !large &&
		    !fn(shadow, location, spte))
			break;
	}
}

bool rmap_referenced(struct shadow *shadow, const struct shadow_page *sp)
{
	for (u32 i = *head_of(shadow, sp->pfn); i; i = node_at(shadow, i)->next)
		if (spte_pfn(entry_at(shadow, node_at(shadow, i)->location)) == sp->pfn)
			return true;
	return false;
}
