/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest walk.  It runs in two passes: the first reads the entries from the root down and finds
 * the address and the rights; the second, only for mmu_walk and only if the access is allowed, sets
 * the missing A bits and the leaf's D bit.  A CPU may set A in the upper tables of a walk that then
 * faults; we never do, which it may as well not.
 *
 * Bits are set by compare-and-exchange against what the first pass read.  If an entry changed in
 * between, the walk starts over: what was used and what is marked are always the same entry.
 *
 * A and D updates are not reported to GMEM_TRACED listeners, though the frames of page tables are
 * traced.  Setting them takes nothing away that a shadow entry grants (an entry without A has no
 * shadow entry, one without D none that is writable), so the shadow stays true to the tables.
 * Translated code in the same frame does hear of it.
 */
#include "arch/x86/mmu/walk.h"

#include "arch/x86/mmu/ptformat.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"

/* Another CPU can make us start over only by changing an entry in the few instructions between our
 * read and our write; if it does so this often, the guest wants its bits lost. */
#define MAX_RESTARTS 64

struct walk {
	const struct ptformat *format;
	struct gmem *gmem;
	struct walk_result *out;
	u32 address;
	u32 error; /* page-fault bits P and RSVD, if the walk failed */
};

/* The entry at @at, in one piece even if somebody is changing it. */
static inline u64 read_entry(const struct gmem *gmem, gpa_t at, u32 size)
{
	const volatile u32 *from = gmem_ptr(gmem, at, size, false);
	u32 low, high;

	if (!from)
		return size == 4 ? ~0u : ~0ull;
	if (size == 4)
		return *from;
	do {
		low = from[0];
		high = from[1];
	} while (low != from[0]);
	return (u64)high << 32 | low;
}

static bool fault(struct walk *walk, u32 error)
{
	walk->error = error;
	return false;
}

/* Without paging: what is asked for is what is there. */
static void identity(struct walk_result *out, gva_t address)
{
	*out = (struct walk_result){
		.gpa = gpa(address.v), .page_shift = PAGE_SHIFT, .writable = true, .user = true,
		.dirty = true,
	};
}

static bool allowed(const struct x86_cpu *cpu, const struct walk_result *out, u32 access)
{
	if ((access & ACCESS_USER) && !out->user)
		return false;
	if ((access & ACCESS_WRITE) && !out->writable &&
	    ((access & ACCESS_USER) || (cpu->cr0 & CR0_WP)))
		return false;
	return !((access & ACCESS_FETCH) && out->no_execute);
}

/* One entry of the walk, as read.  False: it ends here with a fault. */
static inline bool take_entry(struct walk *walk, u32 i, const struct ptformat_level *level, gpa_t at,
			      u64 entry)
{
	struct walk_result *out = walk->out;
	bool leaf = ptformat_is_leaf(level, entry);

	out->entry_gpa[i] = at;
	out->entry[i] = entry;
	if (!(entry & PTE_P)) {
		out->levels = (u8)(i + 1);
		return fault(walk, 0);
	}
	if (entry & (leaf ? level->leaf_reserved : level->reserved))
		return fault(walk, PF_P | PF_RSVD);
	return true;
}

/*
 * First pass: down to the leaf, whatever the access is.  False: walk->error says why not.  All formats
 * end in a directory and tables of one page each; @size, of an entry, and @pdptes, whether
 * there is a level above them, are constants where this is used, so that each use has code of its own.
 */
static inline __attribute__((always_inline)) bool
descend(const struct x86_cpu *cpu, struct walk *walk, u32 size, bool pdptes)
{
	const struct ptformat_level *level = walk->format->level;
	const u32 bits = size == 4 ? 10 : 9;
	struct walk_result *out = walk->out;
	gpa_t table = gpa(cpu->cr3 & walk->format->cr3_mask), at;
	u32 rights = PTE_W | PTE_U, high = 0, i = 0;
	u64 entry;

	if (pdptes) {
		entry = cpu->pdpte[walk->address >> 30];
		if (!take_entry(walk, i++, level++, gpa(0), entry))
			return false;
		table = gpa(entry & PTE_FRAME);
	}
	at = gpa(table.v + (walk->address >> (PAGE_SHIFT + bits) & (BIT(bits) - 1)) * size);
	entry = read_entry(walk->gmem, at, size);
	if (!take_entry(walk, i++, level, at, entry))
		return false;
	if (!ptformat_is_leaf(level, entry)) {
		rights &= (u32)entry;
		high |= (u32)(entry >> 32);
		at = gpa((entry & PTE_FRAME) + (walk->address >> PAGE_SHIFT & (BIT(bits) - 1)) * size);
		entry = read_entry(walk->gmem, at, size);
		level++;
		if (!take_entry(walk, i++, level, at, entry))
			return false;
	}
	rights &= (u32)entry;
	high |= (u32)(entry >> 32);
	out->gpa = gpa((entry & level->leaf_frame) | (walk->address & (BIT(level->shift) - 1)));
	out->page_shift = level->shift;
	out->levels = (u8)i;
	out->writable = rights & PTE_W;
	out->user = rights & PTE_U;
	out->no_execute = high & (u32)(walk->format->xd >> 32);
	out->global = (entry & PTE_G) && (cpu->cr4 & CR4_PGE);
	out->dirty = entry & PTE_D;
	return true;
}

static bool resolve(const struct x86_cpu *cpu, struct walk *walk, u32 access)
{
	bool down = walk->format->pdptes ? descend(cpu, walk, 8, true) : descend(cpu, walk, 4, false);

	return down && (allowed(cpu, walk->out, access) || fault(walk, PF_P));
}

/* Set @bits in the entry of level @i.  False if the entry is no longer what the walk used.  Bits in
 * ROM stay as they are, as a CPU's write to ROM is lost. */
static bool mark(struct walk *walk, u32 i, u32 bits)
{
	struct walk_result *out = walk->out;
	u64 old = out->entry[i], new = old | bits;
	void *entry;
	bool done;

	entry = gmem_ptr(walk->gmem, out->entry_gpa[i], walk->format->entry_size, true);
	if (!entry)
		return true;
	if (walk->format->entry_size == 4)
		done = __sync_bool_compare_and_swap((u32 *)entry, (u32)old, (u32)new);
	else
		done = __sync_bool_compare_and_swap((u64 *)entry, old, new);
	if (done) {
		out->entry[i] = new;
		gmem_written_for(walk->gmem, out->entry_gpa[i], walk->format->entry_size,
				 (u8)~GMEM_TRACED);
	}
	return done;
}

/* Second pass. */
static bool mark_all(struct walk *walk, u32 access)
{
	struct walk_result *out = walk->out;
	u32 leaf = out->levels - 1u, bits = access & ACCESS_WRITE ? PTE_A | PTE_D : PTE_A;

	for (u32 i = walk->format->pdptes; i < leaf; i++)
		if (!((u32)out->entry[i] & PTE_A) && !mark(walk, i, PTE_A))
			return false;
	if (((u32)out->entry[leaf] & bits) != bits && !mark(walk, leaf, bits))
		return false;
	out->dirty |= (access & ACCESS_WRITE) != 0;
	return true;
}

static int page_fault(struct x86_cpu *cpu, const struct walk *walk, u32 access)
{
	u32 error = walk->error | (access & (PF_W | PF_U));

	if ((access & ACCESS_FETCH) && walk->format->xd)
		error |= PF_I;
	cpu->fault = (struct x86_fault){
		.vector = EXCP_PF, .has_error = true, .error = error, .cr2 = walk->address,
	};
	return -EFAULT;
}

int mmu_walk(struct x86_cpu *cpu, struct gmem *gmem, gva_t address, u32 access,
	     struct walk_result *result)
{
	struct walk walk = { ptformat_of(cpu), gmem, result, address.v, 0 };

	if (!walk.format->levels) {
		identity(result, address);
		return 0;
	}
	for (u32 i = 0; i < MAX_RESTARTS; i++) {
		if (!resolve(cpu, &walk, access))
			return page_fault(cpu, &walk, access);
		if (mark_all(&walk, access))
			break;
	}
	return 0;
}

int mmu_probe(const struct x86_cpu *cpu, struct gmem *gmem, gva_t address, u32 access,
	      struct walk_result *result)
{
	struct walk walk = { ptformat_of(cpu), gmem, result, address.v, 0 };

	if (!walk.format->levels) {
		identity(result, address);
		return 0;
	}
	return resolve(cpu, &walk, access) ? 0 : -EFAULT;
}

bool mmu_load_pdptes(struct x86_cpu *cpu, struct gmem *gmem)
{
	u64 loaded[4];

	for (u32 i = 0; i < ARRAY_SIZE(loaded); i++) {
		gpa_t at = gpa((cpu->cr3 & ptformats[PTF_PAE].cr3_mask) + i * sizeof(u64));

		loaded[i] = read_entry(gmem, at, sizeof(u64));
		if ((loaded[i] & PTE_P) && (loaded[i] & PDPTE_RESERVED))
			return false;
	}
	memcpy(cpu->pdpte, loaded, sizeof(loaded));
	return true;
}
