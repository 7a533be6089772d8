/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the linear pages of translated code lead.
 *
 * Blocks are found by EIP and branch to each other, so a linear page must lead to the frame from which its
 * blocks were made, in whatever address space the guest runs.  A CPU may use an old translation
 * until the guest flushes it; so it is enough to look when it does:
 *
 * - a directory entry is compared, for each 2 MB region with code, at each flush (CR3 load,
 *   INVLPG there).  Kernels have few such regions, and all their address spaces the same entries for them;
 * - page tables below have GMEM_CODEMAP: a write to an entry that led to code is seen at once.
 *
 * What leads elsewhere is dropped.
 */
#include "arch/x86/bt/bt_priv.h"

#include "arch/x86/mmu/ptformat.h"
#include "arch/x86/mmu/walk.h"
#include "hv/lib/string.h"

#define REGION_SHIFT 21
/* Of an entry: what decides whether, and where, a fetch by the kernel goes, and that it sets no A. */
#define ENTRY_MATTERS (PTE_P | PTE_A | PTE_PS | PTE_FRAME | PTE_XD)

static u32 *bucket(struct bt *bt, u32 page)
{
	return &bt->map_buckets[page % PAGE_BUCKETS];
}

static u32 *table_bucket(struct bt *bt, u32 gfn)
{
	return &bt->table_buckets[gfn % PAGE_BUCKETS];
}

static struct map_entry *find(struct bt *bt, u32 page)
{
	u32 i = *bucket(bt, page);

	while (i && bt->map[i].page != page)
		i = bt->map[i].next;
	return i ? &bt->map[i] : NULL;
}

static u64 read_entry(const struct bt *bt, gpa_t at, u32 size)
{
	const u32 *from = gmem_ptr(bt->config.gmem, at, size, false);

	if (!from)
		return ~0ull;
	return READ_ONCE(from[0]) | (size == 8 ? (u64)READ_ONCE(from[1]) << 32 : 0);
}

/* The directory entry that @cpu's tables have now for linear @address. */
static u64 directory_entry(const struct bt *bt, const struct x86_cpu *cpu, u32 address)
{
	const struct ptformat *format = ptformat_of(cpu);
	u64 table = cpu->cr3 & format->cr3_mask;

	if (format->pdptes) {
		if (!(cpu->pdpte[address >> 30] & PTE_P))
			return 0;
		table = cpu->pdpte[address >> 30] & PTE_FRAME;
	}
	table += ptformat_offset(format, &format->level[format->pdptes], address);
	return read_entry(bt, gpa(table), format->entry_size) & ENTRY_MATTERS;
}

static void add_region(struct bt *bt, u32 number, u64 entry)
{
	for (u32 i = 0; i < bt->region_count; i++)
		if (bt->regions[i].number == number)
			return;
	bt->region_changes++;
	bt->regions[bt->region_count++] = (struct region){ number, entry & ENTRY_MATTERS };
}

static void add_table(struct bt *bt, struct map_entry *entry, u64 pde, u64 pte)
{
	gpa_t address = gpa(pde & PTE_FRAME);
	u32 *head = table_bucket(bt, (u32)gpa_pfn(address));

	entry->table = (u32)gpa_pfn(address);
	entry->entry = pte & ENTRY_MATTERS;
	entry->table_next = *head;
	*head = (u32)(entry - bt->map);
	if (gmem_flags(bt->config.gmem, address) & GMEM_CODEMAP)
		return;
	gmem_set_flags(bt->config.gmem, address, GMEM_CODEMAP, 0);
	bt->config.protect(bt->config.opaque, address);
}

u32 map_page(struct bt *bt, struct x86_cpu *cpu, u32 page)
{
	struct map_entry *entry = find(bt, page);
	struct x86_fault fault = cpu->fault;
	struct walk_result walk;
	u32 number;

	if (entry)
		return entry->gfn;
	if (mmu_walk(cpu, bt->config.gmem, gva(page << PAGE_SHIFT), ACCESS_FETCH, &walk)) {
		cpu->fault = fault; /* the interpreter will find it again, when it is due */
		return NO_GFN;
	}
	number = bt->map_count++;
	entry = &bt->map[number];
	*entry = (struct map_entry){ .page = page, .gfn = (u32)gpa_pfn(walk.gpa), .table = NO_GFN,
				     .next = *bucket(bt, page) };
	*bucket(bt, page) = number;
	if (walk.levels)
		add_region(bt, page >> (REGION_SHIFT - PAGE_SHIFT),
			   directory_entry(bt, cpu, page << PAGE_SHIFT));
	if (walk.levels && walk.page_shift == PAGE_SHIFT)
		add_table(bt, entry, walk.entry[walk.levels - 2], walk.entry[walk.levels - 1]);
	return entry->gfn;
}

static bool touches_page(const struct bt_block *block, u32 page)
{
	return block->eip >> PAGE_SHIFT == page || (block->eip + block->length - 1) >> PAGE_SHIFT == page;
}

/* The page of @entry leads elsewhere: drop what was made from it, and the entry. */
static void drop_entry(struct bt *bt, struct map_entry *entry)
{
	u32 *at = bucket(bt, entry->page), next;

	for (u32 i = page_first(bt, entry->gfn); i; i = next) {
		next = page_next(bt, entry->gfn, i);
		if (touches_page(&bt->blocks[i], entry->page))
			drop_block(bt, i);
	}
	while (&bt->map[*at] != entry)
		at = &bt->map[*at].next;
	*at = entry->next;
	if (entry->table == NO_GFN)
		return;
	at = table_bucket(bt, entry->table);
	while (&bt->map[*at] != entry)
		at = &bt->map[*at].table_next;
	*at = entry->table_next;
}

static void drop_region(struct bt *bt, u32 i)
{
	u32 first = bt->regions[i].number << (REGION_SHIFT - PAGE_SHIFT);

	bt->regions[i] = bt->regions[--bt->region_count];
	bt->region_changes++;
	for (u32 page = first; page < first + BIT(REGION_SHIFT - PAGE_SHIFT); page++) {
		struct map_entry *entry = find(bt, page);

		if (entry)
			drop_entry(bt, entry);
	}
}

void bt_flushed(struct bt *bt, const struct x86_cpu *cpu, bool all, gva_t address)
{
	u32 number = address.v >> REGION_SHIFT;

	for (u32 i = bt->region_count; i-- > 0;)
		if ((all || (bt->regions[i].number ^ number) <= 1) && /* 4 MB pages have two */
		    directory_entry(bt, cpu, bt->regions[i].number << REGION_SHIFT) !=
			    bt->regions[i].entry)
			drop_region(bt, i);
}

void bt_table_written(void *opaque, gpa_t address, u32 size)
{
	struct bt *bt = opaque;
	u32 gfn = (u32)gpa_pfn(address), offset = (u32)address.v & PAGE_MASK, next;
	u32 entry_size = bt->mode.format >= PTF_PAE ? 8 : 4, per_table = PAGE_SIZE / entry_size;

	for (u32 i = *table_bucket(bt, gfn); i; i = next) {
		struct map_entry *entry = &bt->map[i];
		u32 at = entry->page % per_table * entry_size;

		next = entry->table_next;
		if (entry->table == gfn && at < offset + size && at + entry_size > offset &&
		    (read_entry(bt, gpa(gpa_of_pfn(gfn).v + at), entry_size) & ENTRY_MATTERS) !=
			    entry->entry)
			drop_entry(bt, entry);
	}
}

void forget_map(struct bt *bt)
{
	for (u32 i = 1; i < bt->map_count; i++)
		if (bt->map[i].table != NO_GFN)
			gmem_set_flags(bt->config.gmem, gpa_of_pfn(bt->map[i].table), 0,
				       GMEM_CODEMAP);
	memset(bt->map_buckets, 0, sizeof(bt->map_buckets));
	memset(bt->table_buckets, 0, sizeof(bt->table_buckets));
	bt->map_count = 1;
	bt->region_count = 0;
	bt->region_changes++;
}

bool bt_has_region(const struct bt *bt, u32 first, u32 last)
{
	for (u32 i = 0; i < bt->region_count; i++)
		if (bt->regions[i].number - first <= last - first)
			return true;
	return false;
}

u32 bt_region_changes(const struct bt *bt)
{
	return bt->region_changes;
}
