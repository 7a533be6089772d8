/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Building a vcpu's gate (gate.h).  All tables are plain memory taken from pmm and written through
 * the host's map; the machine is touched only by arch/x86/switch, which loads them.
 *
 * Descriptors of our own, at the end of every GDT: LDT, host code and data, the TSS in use, the
 * host's double-fault TSS.  All have DPL 0, so no selector a guest can make reaches them: loading
 * one at CPL 1-3 is #GP.
 */
#include "arch/x86/gate.h"

#include "arch/x86/isa/descriptor.h"
#include "arch/x86/isa/excp.h"
#include "hv/arch.h"
#include "hv/core/pmm.h"
#include "hv/lib/assert.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"

#define PTE_P BIT64(0)
#define PTE_W BIT64(1)
#define PTE_A BIT64(5)
#define PTE_D BIT64(6)
#define PTE_PS BIT64(7)
#define PTE_NX BIT64(63)
#define PTE_COUNT 512

#define TSS_SIZE 0x68
#define TSS_ESP0 1 /* index of dwords */
#define TSS_SS0 2
#define TSS_ESP1 3
#define TSS_SS1 4
#define TSS_IOMAP 25

#define IDT_INTERRUPT_GATE 0x8e00u /* present, DPL 0, 32-bit */
#define IDT_TRAP_GATE 0x8f00u
#define IDT_DPL_SHIFT 13

#define DESC_ACCESSED BIT64(40)
#define DESC_S BIT64(44)
#define DESC_DPL_SHIFT 45
#define DESC_DPL (3ull << DESC_DPL_SHIFT)
#define DESC_P BIT64(47)
#define DESC_L BIT64(53)

#define FLAT_CODE 0x00cf9b000000ffffull /* DPL 0, accessed */
#define FLAT_DATA 0x00cf93000000ffffull
#define TYPE_LDT 0x82ull
#define TYPE_TSS 0x89ull

enum rights { RIGHT_R, RIGHT_W, RIGHT_X };

static u64 make_pte(const struct gate *gate, hpa_t frame, enum rights rights)
{
	u64 pte = frame.v | PTE_P | PTE_A;

	if (rights == RIGHT_W)
		pte |= PTE_W | PTE_D;
	if (rights != RIGHT_X && gate->nx)
		pte |= PTE_NX;
	return pte;
}

/* Map @frame at @offset of the slot: with @guest rights there, @host rights in host space. */
static void map(struct gate *gate, u32 offset, hpa_t frame, enum rights guest, enum rights host)
{
	gate->guest_ptes[offset >> PAGE_SHIFT] = make_pte(gate, frame, guest);
	gate->host_ptes[offset >> PAGE_SHIFT] = make_pte(gate, frame, host);
}

static void *take_page(struct gate *gate, hpa_t *frame)
{
	if (!pmm_alloc_page(frame))
		return NULL;
	gate->pages++;
	return arch_hpa_to_ptr(*frame);
}

static void give_page(struct gate *gate, void *page)
{
	if (!page)
		return;
	pmm_free_page(arch_ptr_to_hpa(page));
	gate->pages--;
}

/* A page at @offset of the slot; NULL without memory. */
static void *map_new(struct gate *gate, u32 offset, enum rights guest, enum rights host)
{
	hpa_t frame;
	void *page = take_page(gate, &frame);

	if (page)
		map(gate, offset, frame, guest, host);
	return page;
}

static u64 make_segment(u32 base, u32 limit, u64 access)
{
	return (limit & 0xffff) | (u64)(base & 0xffffff) << 16 | access << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (u64)(base >> 24) << 56;
}

static u32 table_offset(enum gate_table table)
{
	return table == GATE_TABLE_GDT ? GATE_GDT : GATE_LDT;
}

/* The entry at @offset, in a page of the table's own. */
static u64 *table_entry(struct gate *gate, enum gate_table table, u32 offset)
{
	u64 **page = &gate->table[table][offset >> PAGE_SHIFT];

	if (!*page)
		*page = map_new(gate, table_offset(table) + ALIGN_DOWN(offset, PAGE_SIZE), RIGHT_R,
				table == GATE_TABLE_GDT ? RIGHT_W : RIGHT_R);
	return *page ? *page + (offset & PAGE_MASK) / 8 : NULL;
}

/* To @offset in the gate's text; INT from rings up to @dpl. */
static void set_vector(struct gate *gate, u8 vector, u32 offset, u32 dpl)
{
	u32 entry = gate->base + GATE_TEXT + offset;

	gate->idt[vector] = (entry & 0xffff) | (u64)HOST_CS << 16 |
			    (u64)(IDT_INTERRUPT_GATE | dpl << IDT_DPL_SHIFT) << 32 |
			    (u64)(entry >> 16) << 48;
}

static void init_idt(struct gate *gate)
{
	for (u32 vector = 0; vector < 256; vector++)
		set_vector(gate, (u8)vector, switch_vector_offset((u8)vector),
			   vector == VECTOR_HYPERCALL ? 1 : 0);
	set_vector(gate, VECTOR_LOAD_CR3, switch_load_cr3_offset(), 1);
}

static int init_gdt(struct gate *gate)
{
	u64 *last = table_entry(gate, GATE_TABLE_GDT, GDT_LAST_PAGE);

	if (!last)
		return -ENOMEM;
	last[(HOST_CS & PAGE_MASK) / 8] = FLAT_CODE;
	last[(HOST_DS & PAGE_MASK) / 8] = FLAT_DATA;
	last[(HOST_TSS & PAGE_MASK) / 8] =
		make_segment(gate->base + GATE_TSS, TSS_SIZE - 1, TYPE_TSS);
	last[(HOST_DF_TSS & PAGE_MASK) / 8] = switch_df_tss_descriptor();
	return 0;
}

static void init_tss(struct gate *gate)
{
	gate->tss[TSS_ESP0] = gate->base + GATE_ENTRY_STACK + PAGE_SIZE;
	gate->tss[TSS_SS0] = HOST_DS;
	gate->tss[TSS_ESP1] = gate->base + GATE_SHARED + SHARED_TRAP_SIZE;
	gate->tss[TSS_IOMAP] = 0xffffu << 16; /* beyond the limit: every port traps */
	gate->tss[(GATE_HOST_CR3 - GATE_TSS) / 4] = switch_host_cr3();
}

static int take_pages(struct gate *gate)
{
	gate->guest_ptes = take_page(gate, &gate->guest_pt);
	gate->host_ptes = take_page(gate, &gate->host_pt);
	if (!gate->guest_ptes || !gate->host_ptes)
		return -ENOMEM;
	gate->idt = map_new(gate, GATE_IDT, RIGHT_R, RIGHT_R);
	gate->tss = map_new(gate, GATE_TSS, RIGHT_R, RIGHT_W);
	gate->zero = map_new(gate, GATE_ZERO, RIGHT_R, RIGHT_R);
	gate->shared = map_new(gate, GATE_SHARED, RIGHT_W, RIGHT_W);
	gate->entry_stack = map_new(gate, GATE_ENTRY_STACK, RIGHT_W, RIGHT_W);
	if (!gate->idt || !gate->tss || !gate->zero || !gate->shared || !gate->entry_stack)
		return -ENOMEM;
	return 0;
}

int gate_translate(struct gate *gate, hpa_t cache)
{
	u64 *last = gate->table[GATE_TABLE_GDT][GATE_TABLE_PAGES - 1];

	gate->guest_if = map_new(gate, GATE_IF, RIGHT_W, RIGHT_R);
	if (!gate->guest_if)
		return ERR(-ENOMEM);
	gate->idt[VECTOR_BT] |= (u64)1 << IDT_DPL_SHIFT << 32;
	gate->own_first = BT_CS;
	memset(gate->view, 0, sizeof(gate->view));
	last[(BT_CS & PAGE_MASK) / 8] = FLAT_CODE | 1ull << DESC_DPL_SHIFT;
	gate->cache_pde = cache.v | PTE_P | PTE_A | PTE_D | PTE_PS;
	return 0;
}

void gate_map_desc(struct gate *gate, const hpa_t *frame)
{
	if (frame)
		gate->guest_ptes[GATE_DESC >> PAGE_SHIFT] = make_pte(gate, *frame, RIGHT_W);
	else
		gate->guest_ptes[GATE_DESC >> PAGE_SHIFT] = 0;
}

void gate_lock_if(struct gate *gate, bool locked)
{
	u64 *pte = &gate->guest_ptes[GATE_IF >> PAGE_SHIFT];

	if (gate->if_locked == locked)
		return;
	gate->if_locked = locked;
	*pte = locked ? *pte & ~PTE_W : *pte | PTE_W;
}

int gate_init(struct gate *gate, u32 base, bool nx)
{
	memset(gate, 0, sizeof(*gate));
	gate->own_first = GATE_LDT_SELECTOR;
	gate->base = base;
	gate->nx = nx;
	if (take_pages(gate))
		goto fail;
	map(gate, GATE_TEXT, switch_gate_text(), RIGHT_X, RIGHT_X);
	for (u32 i = 0; i < GATE_TABLE_PAGES; i++) {
		hpa_t zero = arch_ptr_to_hpa(gate->zero);

		map(gate, GATE_GDT + i * PAGE_SIZE, zero, RIGHT_R, RIGHT_R);
		map(gate, GATE_LDT + i * PAGE_SIZE, zero, RIGHT_R, RIGHT_R);
	}
	if (init_gdt(gate))
		goto fail;
	init_idt(gate);
	init_tss(gate);
	return 0;
fail:
	gate_destroy(gate);
	return ERR(-ENOMEM);
}

void gate_destroy(struct gate *gate)
{
	for (u32 table = 0; table < 2; table++)
		for (u32 i = 0; i < GATE_TABLE_PAGES; i++)
			give_page(gate, gate->table[table][i]);
	give_page(gate, gate->idt);
	give_page(gate, gate->tss);
	give_page(gate, gate->zero);
	give_page(gate, gate->shared);
	give_page(gate, gate->guest_if);
	give_page(gate, gate->entry_stack);
	give_page(gate, gate->guest_ptes);
	give_page(gate, gate->host_ptes);
	ASSERT(gate->pages == 0);
	memset(gate, 0, sizeof(*gate));
}

void gate_map_rom(struct gate *gate, const void *rom, u32 size)
{
	hpa_t start = arch_ptr_to_hpa(rom);

	ASSERT(size <= GATE_ROM_PAGES * PAGE_SIZE && IS_ALIGNED(start.v, PAGE_SIZE));
	for (u32 i = 0; i < size; i += PAGE_SIZE)
		map(gate, GATE_ROM + i, hpa(start.v + i), RIGHT_X, RIGHT_R);
}

void gate_pdes(const struct gate *gate, u64 pde[2])
{
	pde[0] = gate->guest_pt.v | PTE_P | PTE_W | PTE_A;
	pde[1] = gate->cache_pde;
}

struct guest_frame *gate_frame(const struct gate *gate)
{
	return (struct guest_frame *)(gate->entry_stack + PAGE_SIZE - sizeof(struct guest_frame));
}

u32 gate_frame_linear(const struct gate *gate)
{
	return gate->base + GATE_ENTRY_STACK + PAGE_SIZE - (u32)sizeof(struct guest_frame);
}

struct guest_frame *gate_exit_frame(const struct gate *gate, u32 address)
{
	u32 offset = address - (gate->base + GATE_ENTRY_STACK);

	/* A frame from CPL 0 is two dwords shorter and may reach the end of the page. */
	if (offset > PAGE_SIZE - offsetof(struct guest_frame, esp))
		return NULL;
	return (struct guest_frame *)(gate->entry_stack + offset);
}

/* What of a guest's descriptor may stand in a table the CPU uses. */
static u64 sanitize(u64 raw)
{
	if (!(raw & DESC_P) || !(raw & DESC_S))
		return 0;
	if ((raw & DESC_DPL) == 0)
		raw |= 1ull << DESC_DPL_SHIFT;
	return (raw | DESC_ACCESSED) & ~DESC_L;
}

static void forget_views(struct gate *gate)
{
	memset(gate->view, 0, sizeof(gate->view));
}

int gate_set_descriptor(struct gate *gate, enum gate_table table, u32 offset, u64 raw)
{
	u64 clean = sanitize(raw);
	u64 *entry;

	ASSERT(IS_ALIGNED(offset, 8) && offset < GATE_TABLE_PAGES * PAGE_SIZE);
	if (table == GATE_TABLE_GDT && offset >= gate->own_first)
		return 0;
	if (!clean && !gate->table[table][offset >> PAGE_SHIFT])
		return 0;
	entry = table_entry(gate, table, offset);
	if (!entry)
		return ERR(-ENOMEM);
	*entry = clean;
	gate->view[offset / 8 % GATE_VIEWS].attr = 0;
	return 0;
}

u64 gate_descriptor(const struct gate *gate, u16 selector)
{
	enum gate_table table = selector & SEL_TI ? GATE_TABLE_LDT : GATE_TABLE_GDT;
	const u64 *page = gate->table[table][(selector & SEL_INDEX) >> PAGE_SHIFT];

	/* As the CPU: the whole descriptor must be in the table. */
	if (table == GATE_TABLE_LDT && (selector & SEL_INDEX) + 7 > gate->ldt_limit)
		return 0;
	if (table == GATE_TABLE_GDT && (selector & SEL_INDEX) >= gate->own_first)
		return 0;
	return page ? page[(selector & PAGE_MASK) / 8] : 0;
}

struct x86_segment gate_segment(const struct gate *gate, u16 selector)
{
	struct x86_segment segment = { .selector = selector };
	u64 raw = selector & ~SEL_RPL ? gate_descriptor(gate, selector) : 0;

	if (!raw)
		return segment;
	segment = descriptor_segment(raw, selector);
	if (seg_dpl(&segment) == 1)
		segment.attr = (u16)(segment.attr & ~SEG_DPL);
	return segment;
}

void gate_clear_table(struct gate *gate, enum gate_table table, u32 offset)
{
	u32 end = table == GATE_TABLE_GDT ? gate->own_first : GATE_TABLE_PAGES * PAGE_SIZE;

	forget_views(gate);
	while (offset < end) {
		u32 page_end = MIN(ALIGN_DOWN(offset, PAGE_SIZE) + PAGE_SIZE, end);
		u64 *page = gate->table[table][offset >> PAGE_SHIFT];

		if (page)
			memset(page + (offset & PAGE_MASK) / 8, 0, page_end - offset);
		offset = page_end;
	}
}

void gate_set_ldt_size(struct gate *gate, u32 bytes)
{
	u64 *last = gate->table[GATE_TABLE_GDT][GATE_TABLE_PAGES - 1];

	forget_views(gate);
	gate->ldt_limit = bytes ? bytes - 1 : 0;
	last[(GATE_LDT_SELECTOR & PAGE_MASK) / 8] =
		bytes ? make_segment(gate->base + GATE_LDT, bytes - 1, TYPE_LDT) : 0;
}

void gate_set_ss1(struct gate *gate, u16 selector)
{
	gate->tss[TSS_SS1] = selector;
}

void gate_set_int80(struct gate *gate, u16 selector, u32 offset)
{
	gate->idt[0x80] = (offset & 0xffff) | (u64)selector << 16 |
			  (u64)(IDT_TRAP_GATE | 3u << IDT_DPL_SHIFT) << 32 |
			  (u64)(offset >> 16) << 48;
}

void gate_clear_int80(struct gate *gate)
{
	set_vector(gate, 0x80, switch_vector_offset(0x80), 0);
}

static void set_constant(struct gate *gate, u32 at, u32 value)
{
	gate->tss[(at - GATE_TSS) / 4] = value;
}

void gate_set_fault(struct gate *gate, u16 cs, u32 eip, u16 ss, u32 mask)
{
	set_constant(gate, GATE_FAULT_CS, cs | 1u);
	set_constant(gate, GATE_FAULT_EIP, eip);
	set_constant(gate, GATE_FAULT_SS, ss | 1u);
	set_constant(gate, GATE_FAULT_ESP, gate->base + GATE_SHARED + SHARED_FAULT_FRAME);
	set_constant(gate, GATE_FAULT_MASK, mask);
	set_vector(gate, EXCP_PF, switch_page_fault_offset(), 0);
}

void gate_clear_fault(struct gate *gate)
{
	set_vector(gate, EXCP_PF, switch_vector_offset(EXCP_PF), 0);
}

void gate_set_root(struct gate *gate, u32 index, u32 cr3, hpa_t root)
{
	u32 *pair = gate->tss + (GATE_ROOTS - GATE_TSS) / 4 + index * 2;

	ASSERT(index < GATE_ROOT_COUNT);
	pair[0] = cr3;
	pair[1] = (u32)root.v;
}

int gate_find_root(const struct gate *gate, hpa_t root, u32 *cr3)
{
	const u32 *pair = gate->tss + (GATE_ROOTS - GATE_TSS) / 4;

	for (u32 i = 0; i < GATE_ROOT_COUNT; i++, pair += 2)
		if (root.v && pair[1] == (u32)root.v) {
			*cr3 = pair[0];
			return (int)i;
		}
	return -1;
}
