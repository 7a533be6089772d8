/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the shadow MMU share; see docs/shadow-paging.md for the idea.
 *
 *   shadow.c        create, roots, gate, writes to traced tables
 *   shadow_fill.c   page faults: from the guest's walk to shadow entries
 *   shadow_pool.c   the shadow pages: found by key, created, recycled; their entries changed
 *   shadow_memory.c the budget of pages and the arrays in it
 *   rmap.c          from a host frame to the shadow entries that refer to it
 *   shadow_check.c  the inspector
 *
 * A shadow entry is addressed by its location: number of the shadow page << 9 | index.  Page 0
 * holds the roots, four PDPTEs each.  Every change of an entry goes through spte_set().
 */
#ifndef ARCH_X86_MMU_SHADOW_PRIV_H
#define ARCH_X86_MMU_SHADOW_PRIV_H

#include "arch/x86/mmu/ptformat.h"
#include "arch/x86/mmu/shadow.h"

#define ENTRIES 512u
#define SPTE_REFRESHED BIT(9) /* written for a traced write, without A: see shadow_guest_write */

#define SPTE_LENT BIT(10)      /* would be writable, but that the frame is traced: see give_back_right */

/*
 * In a page table, where the guest's has an entry that is not present: for the CPU it is present with reserved bits, so
 * that the fault is told from that of an entry of which nothing is known (shadow_mark_absent).  The address has all
 * bits set: no memory is there that a CPU with L1TF could look into.
 */
#define SPTE_ABSENT 0x7ffffffffffff001ull

/* What a shadow page is made from.  SP_PD: a guest page directory (or nothing, unpaged); SP_PT: half
 * or all of a guest page table; SP_SPLIT: the 2 MB of guest-physical memory number @gfn, under a
 * guest page that is larger than what the p2m can give. */
enum sp_kind { SP_FREE, SP_ROOTS, SP_PD, SP_PT, SP_SPLIT };

/* A role: kind, and everything besides the guest's entries that the contents depend on. */
#define ROLE_KIND 7u
#define ROLE_FORMAT_SHIFT 3 /* 3 bits, enum ptformat_id */
#define ROLE_PLACE_SHIFT 6  /* 2 bits; PD: which GB of linear space; PT: which half of 1024 entries */
#define ROLE_WP BIT(8)      /* made for CR0.WP = 1 */
#define ROLE_PARENT_W BIT(9) /* PT: the guest's PDE is writable, or CR0.WP = 1 (the shadow PDE says) */

struct shadow_page {
	u64 *entries;
	u32 pfn; /* host page of @entries */
	u32 gfn; /* guest page of the table; SP_SPLIT: guest-physical address >> 21 */
	u16 role;
	u16 hash_next; /* also links the free list */
	u16 older, newer;
	u16 live;  /* entries that are not 0, the gate's aside */
	u16 number;
	u16 refreshed; /* the entry that was written last */
	u8 writes; /* to the guest's table since this page served a fault */
	u8 epoch;  /* when it last became the newest */
	u32 touched; /* bit n: one of the 16 entries from n * 16 on was not 0 since it was created */
} ALIGNED(32);
#define SP_PER_PAGE ((u32)(PAGE_SIZE / sizeof(struct shadow_page)))
#define TOUCHED_GROUP 16u

#define SP_MAX 65535u

/* rmap.c: one node per shadow entry that must be found by the frame it refers to. */
struct rmap_node {
	u32 location;
	u32 next;
};
#define NODES_PER_PAGE (PAGE_SIZE / sizeof(struct rmap_node))
#define HEADS_PER_PAGE (PAGE_SIZE / sizeof(u32))
#define BUCKETS_PER_PAGE (PAGE_SIZE / sizeof(u16))

#define NO_TABLE ~0u /* a PDPTE that is not present */
struct root {
	u32 table[4]; /* guest pages of the page directories */
	u32 role;     /* format and WP */
	u8 next;      /* in the hash chain */
	bool used, referenced;
};
#define ROOTS 128u /* number 0 is "none" */

/* Where the right to write to a frame was taken from, when its guest page became traced. */
struct lent {
	u32 gfn;
	u32 location;
};
#define LENT_COUNT 64u

struct shadow {
	struct gmem *gmem;
	struct gmem_source source;
	bool nx;
	bool tlb_flush;
	u8 current_root;
	u8 root_hand;
	bool use_seen; /* answer of a walk over the rmap */
	struct shadow_page *pinned; /* must not be recycled now */

	gva_t gate_base;
	u64 gate_pde[2];
	bool has_gate;
	bool gate_written;
	bool mark_absent;
	u32 dir_first, dir_last; /* regions whose directory entries may have changed; first > last: none */
	u32 gate_pfn; /* a page directory with nothing but the gate */

	/* Arrays in pages of their own. */
	struct shadow_page **pages;
	u16 **buckets;
	struct rmap_node **nodes;
	u32 **heads;
	u32 page_count, page_limit; /* shadow pages that have memory / may have; number 0 included */
	u32 bucket_bits, node_count, head_bits;
	u16 free_pages; /* list by hash_next */
	u16 newest, oldest;
	u32 free_node, fresh_node, node_hand;

	u32 lent_from; /* shadow_write_protect: the location that lost the right last; 0: none */
	struct lent lent[LENT_COUNT]; /* by guest page, the last one of each place */
	struct walk_result walk; /* of the last page fault */
	struct shadow_stats stats;
	u8 root_bucket[ROOTS];
	struct root roots[ROOTS];
};

static inline struct shadow_page *sp_at(const struct shadow *shadow, u32 number)
{
	return &shadow->pages[number / SP_PER_PAGE][number % SP_PER_PAGE];
}

static inline enum sp_kind sp_kind(const struct shadow_page *sp)
{
	return sp->role & ROLE_KIND;
}

static inline const struct ptformat *sp_format(const struct shadow_page *sp)
{
	return &ptformats[sp->role >> ROLE_FORMAT_SHIFT & 7];
}

static inline u32 sp_place(const struct shadow_page *sp)
{
	return sp->role >> ROLE_PLACE_SHIFT & 3;
}

/* Is @sp derived from a guest page that must be traced? */
static inline bool sp_has_table(const struct shadow_page *sp)
{
	return sp_kind(sp) == SP_PT || (sp_kind(sp) == SP_PD && sp_format(sp)->levels);
}

static inline bool in_gate(const struct shadow *shadow, u32 address)
{
	return shadow->has_gate && (address ^ shadow->gate_base.v) < BIT(22);
}

/* What PDPTE @i of a root without page directory holds: the gate is always there. */
static inline u64 root_empty(const struct shadow *shadow, u32 i)
{
	if (!shadow->has_gate || i != shadow->gate_base.v >> 30)
		return 0;
	return (u64)shadow->gate_pfn << PAGE_SHIFT | PTE_P;
}

static inline u32 location_of(const struct shadow_page *sp, u32 i)
{
	return sp->number * ENTRIES + i;
}

/* Entry @i of @sp, a page table, is 0, and the guest's is not present. */
static inline void spte_mark_absent(struct shadow_page *sp, u32 i)
{
	sp->entries[i] = SPTE_ABSENT;
	sp->touched |= BIT(i / TOUCHED_GROUP);
	sp->live++;
}

/* Does the gate own entry @i of @sp? */
static inline bool sp_gate_entry(const struct shadow *shadow, const struct shadow_page *sp, u32 i)
{
	return sp_kind(sp) == SP_PD &&
	       in_gate(shadow, sp_place(sp) << 30 | i << LARGE_PAGE_SHIFT);
}

/* Must the rmap know of @spte in @sp?  Of what is writable, and of what refers to a table. */
static inline bool spte_tracked(const struct shadow *shadow, const struct shadow_page *sp, u64 spte)
{
	u32 low = (u32)spte;

	if (!(low & PTE_P))
		return false;
	if (sp_kind(sp) == SP_ROOTS)
		return (u32)((spte & PTE_FRAME) >> PAGE_SHIFT) != shadow->gate_pfn;
	return (low & PTE_W) || (sp_kind(sp) == SP_PD && !(low & PTE_PS));
}

/* Directory entries of these regions (linear address >> 21) may be others from now on. */
static inline void note_directories(struct shadow *shadow, u32 first, u32 last)
{
	shadow->dir_first = MIN(shadow->dir_first, first);
	shadow->dir_last = MAX(shadow->dir_last, last);
}
#define ALL_REGIONS 0u, 2047u

/* ---- shadow_memory.c ---- */

/* Arrays and the first few pages.  -ENOMEM; pool_destroy cleans up in any case. */
int pool_create(struct shadow *shadow, u32 pool_pages);
void pool_destroy(struct shadow *shadow);
/* A zeroed page of the VM's budget. */
bool pool_take_frame(struct shadow *shadow, hpa_t *frame);
/* One more shadow page for the free list; false if the budget or the host has none. */
bool pool_grow(struct shadow *shadow);

/* ---- shadow_pool.c ---- */

/* First shadow page derived from guest page @gfn (SP_PD and SP_PT), the next one, or NULL. */
struct shadow_page *sp_first(const struct shadow *shadow, u32 gfn);
struct shadow_page *sp_next(const struct shadow *shadow, const struct shadow_page *sp);
/* The shadow page with this key, made the most recently used one; created, and its guest page
 * traced, if there is none: that may recycle any other page but shadow->pinned. */
struct shadow_page *sp_get(struct shadow *shadow, u32 gfn, u32 role);
/* Drop @sp: nothing refers to it any more, it refers to nothing. */
void sp_free(struct shadow *shadow, struct shadow_page *sp);
/* Drop all that is derived from @gfn, which is no longer traced. */
void sp_unshadow(struct shadow *shadow, u32 gfn);
void sp_free_all(struct shadow *shadow);
/* Change entry @i, keep the rmap, and note if the hardware's TLB may be stale. */
void spte_set(struct shadow *shadow, struct shadow_page *sp, u32 i, u64 spte);
/* Make the entry at @location empty. */
void spte_zap(struct shadow *shadow, u32 location);

/* ---- rmap.c ---- */

/* Note, forget that the entry at @location holds @spte.  Adding may zap other entries. */
void rmap_add(struct shadow *shadow, u32 location, u64 spte);
void rmap_remove(struct shadow *shadow, u32 location, u64 spte);
/* Is the node there? (inspector) */
bool rmap_knows(const struct shadow *shadow, u32 location, u64 spte);
/* Call @fn for each known entry that refers to host page @pfn, as a 4 KB page or a table (@large: as
 * a 2 MB page), until it returns false.  @fn may change the entry it is told of. */
void rmap_each(struct shadow *shadow, u32 pfn, bool large,
	       bool (*fn)(struct shadow *shadow, u32 location, u64 spte));
/* Does anything refer to @sp? */
bool rmap_referenced(struct shadow *shadow, const struct shadow_page *sp);

/* ---- shadow.c ---- */

/* Guest page @gfn has just ceased to be traced: who was to write to it then may do so now. */
void give_back_right(struct shadow *shadow, u32 gfn);

/* ---- shadow_fill.c ---- */

/* What a guest's page-table entry allows without further ado: a shadow entry, or 0.
 * @write: it is needed for a supervisor's write under CR0.WP = 0. */
u64 spte_of_gpte(struct shadow *shadow, const struct shadow_page *sp, u64 gpte, bool write);

#endif
