/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate as the CPU would see it: tables are read through the page tables that gate_init builds,
 * not through the pointers it keeps.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arch/x86/gate.h"
#include "arch/x86/isa/descriptor.h"
#include "hv/arch.h"
#include "tests/fake/fake.h"
#include "tests/fake/switch.h"

#define PTE_P BIT64(0)
#define PTE_W BIT64(1)
#define PTE_A BIT64(5)
#define PTE_D BIT64(6)
#define PTE_NX BIT64(63)
#define PTE_FRAME 0xffffff000ull
#define DESC_P BIT64(47)
#define DESC_DPL (3ull << 45)
#define DESC_L BIT64(53)

#define CODE0 0x00cf9a000000ffffull
#define DATA0 0x00cf92000000ffffull
#define CODE3 0x00cffa000000ffffull
#define DATA3 0x00cff2000000ffffull

extern const u8 vmi_gate_image[], vmi_gate_image_end[];
#define ROM_SIZE ((u32)(vmi_gate_image_end - vmi_gate_image))

static struct gate gate;

static void setup(void)
{
	fake_reset();
	fake_switch_reset();
	ck_assert_int_eq(gate_init(&gate, GATE_SLOT_VMI, true), 0);
}

static void teardown(void)
{
	gate_destroy(&gate);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

static const u64 *page_table(bool host)
{
	return arch_hpa_to_ptr(host ? gate.host_pt : gate.guest_pt);
}

/* Eight bytes at @offset of the slot, as the guest's space shows them. */
static u64 seen(u32 offset)
{
	u64 pte = page_table(false)[offset >> PAGE_SHIFT];
	u64 value;

	ck_assert(pte & PTE_P);
	memcpy(&value, (u8 *)arch_hpa_to_ptr(hpa(pte & PTE_FRAME)) + (offset & PAGE_MASK), 8);
	return value;
}

static u64 after_setting(u64 raw)
{
	ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_GDT, 0x60, raw), 0);
	return seen(GATE_GDT + 0x60);
}

/* ---- pages ---- */

static const struct {
	u32 offset, pages;
	char guest, host;
} layout[] = {
	{GATE_TEXT, 1, 'X', 'X'},
	{GATE_IDT, 1, 'R', 'R'},
	{GATE_TSS, 1, 'R', 'W'},
	{GATE_GDT, 15, 'R', 'R'},
	{GATE_GDT + GDT_LAST_PAGE, 1, 'R', 'W'},
	{GATE_LDT, 16, 'R', 'R'},
	{GATE_ZERO, 1, 'R', 'R'},
	{GATE_SHARED, 1, 'W', 'W'},
	{GATE_ENTRY_STACK, 1, 'W', 'W'},
	{GATE_ROM, 1, 'X', 'R'}, /* the image's size; one page today */
};

static char right_of(u32 index, bool host)
{
	for (u32 i = 0; i < ARRAY_SIZE(layout); i++) {
		u32 first = layout[i].offset >> PAGE_SHIFT;

		if (index >= first && index < first + layout[i].pages)
			return host ? layout[i].host : layout[i].guest;
	}
	return '-';
}

/* The bits of an entry beside its frame: supervisor only, accessed, dirty if writable. */
static u64 bits_of(char right, bool nx)
{
	switch (right) {
	case 'R':
		return PTE_P | PTE_A | (nx ? PTE_NX : 0);
	case 'W':
		return PTE_P | PTE_A | PTE_W | PTE_D | (nx ? PTE_NX : 0);
	case 'X':
		return PTE_P | PTE_A;
	default:
		return 0;
	}
}

static void check_rights(bool nx)
{
	for (u32 host = 0; host < 2; host++)
		for (u32 i = 0; i < 512; i++) {
			u64 pte = page_table(host)[i];
			char right = right_of(i, host);

			ck_assert_msg((pte & ~PTE_FRAME) == bits_of(right, nx),
				      "page %#x, host %u, nx %u: %llx, not %c", i << PAGE_SHIFT,
				      host, nx, (unsigned long long)pte, right);
			if (right == '-')
				ck_assert(pte == 0);
		}
}

START_TEST(each_page_has_exactly_the_rights_of_the_layout)
{
	ck_assert_uint_eq(ROM_SIZE, PAGE_SIZE);
	gate_map_rom(&gate, vmi_gate_image, ROM_SIZE);
	check_rights(true);
	gate_destroy(&gate);
	ck_assert_int_eq(gate_init(&gate, GATE_SLOT_VMI, false), 0);
	gate_map_rom(&gate, vmi_gate_image, ROM_SIZE);
	check_rights(false);
}
END_TEST

START_TEST(a_descriptor_page_of_its_own_has_the_same_rights)
{
	gate_map_rom(&gate, vmi_gate_image, ROM_SIZE);
	for (u32 i = 0; i < GATE_TABLE_PAGES - 1; i++) {
		ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_LDT, i * PAGE_SIZE, DATA3),
				 0);
		ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_LDT, 0xfff8, DATA3), 0);
	}
	check_rights(true);
}
END_TEST

START_TEST(both_spaces_show_the_same_frames)
{
	gate_map_rom(&gate, vmi_gate_image, ROM_SIZE);
	ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_GDT, 0x60, CODE0), 0);
	for (u32 i = 0; i < 512; i++)
		ck_assert((page_table(false)[i] & PTE_FRAME) == (page_table(true)[i] & PTE_FRAME));
	ck_assert((page_table(false)[GATE_TEXT >> PAGE_SHIFT] & PTE_FRAME) == switch_gate_text().v);
	ck_assert((page_table(false)[GATE_ROM >> PAGE_SHIFT] & PTE_FRAME) ==
		  arch_ptr_to_hpa(vmi_gate_image).v);
}
END_TEST

START_TEST(no_other_frame_is_shared_between_two_places)
{
	for (u32 i = 0; i < 512; i++)
		for (u32 j = 0; j < i; j++) {
			u64 a = page_table(false)[i], b = page_table(false)[j];

			if (a && b && (a & PTE_FRAME) != arch_ptr_to_hpa(gate.zero).v)
				ck_assert((a & PTE_FRAME) != (b & PTE_FRAME));
		}
}
END_TEST

START_TEST(unused_table_pages_share_the_zero_page)
{
	u64 zero = page_table(false)[GATE_ZERO >> PAGE_SHIFT] & PTE_FRAME;
	u32 pages = gate.pages;

	/* The GDT's pages, and the LDT's behind them. */
	for (u32 i = 0; i < 2 * GATE_TABLE_PAGES; i++)
		if (i != GATE_TABLE_PAGES - 1)
			ck_assert((page_table(false)[(GATE_GDT >> PAGE_SHIFT) + i] & PTE_FRAME) ==
				  zero);
	ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_GDT, 0x3010, CODE0), 0);
	ck_assert((page_table(false)[(GATE_GDT + 0x3000) >> PAGE_SHIFT] & PTE_FRAME) != zero);
	ck_assert((page_table(false)[(GATE_GDT + 0x2000) >> PAGE_SHIFT] & PTE_FRAME) == zero);
	ck_assert_uint_eq(gate.pages, pages + 1);
	for (u32 i = 0; i < PAGE_SIZE; i += 8)
		ck_assert(seen(GATE_ZERO + i) == 0);
}
END_TEST

START_TEST(the_directory_entry_is_the_supervisors_and_the_second_2_mb_are_empty)
{
	u64 pde[2];

	gate_pdes(&gate, pde);
	ck_assert((pde[0] & PTE_FRAME) == gate.guest_pt.v);
	ck_assert((pde[0] & ~PTE_FRAME) == (PTE_P | PTE_W | PTE_A));
	ck_assert(pde[1] == 0);
}
END_TEST

/* ---- descriptors ---- */

START_TEST(dpl0_becomes_dpl1)
{
	ck_assert(after_setting(CODE0) == (CODE0 | BIT64(45) | BIT64(40)));
	ck_assert(after_setting(DATA0) == (DATA0 | BIT64(45) | BIT64(40)));
}
END_TEST

START_TEST(other_privilege_levels_stay)
{
	for (u64 dpl = 1; dpl < 4; dpl++)
		ck_assert((after_setting(DATA0 | dpl << 45) & DESC_DPL) >> 45 == dpl);
}
END_TEST

START_TEST(conforming_code_of_dpl0_becomes_dpl1)
{
	u64 raw = CODE0 | BIT64(42);

	ck_assert(after_setting(raw) == (raw | BIT64(45) | BIT64(40)));
	ck_assert(after_setting(raw | DESC_DPL) == (raw | DESC_DPL | BIT64(40)));
}
END_TEST

START_TEST(system_descriptors_and_gates_are_dropped)
{
	for (u64 type = 0; type < 16; type++)
		for (u64 dpl = 0; dpl < 4; dpl++) {
			after_setting(CODE0);
			ck_assert(after_setting(0x00008000000810c0ull | type << 40 | dpl << 45) ==
				  0);
		}
}
END_TEST

START_TEST(absent_descriptors_are_dropped)
{
	after_setting(CODE0);
	ck_assert(after_setting(CODE0 & ~DESC_P) == 0);
}
END_TEST

START_TEST(the_64_bit_code_flag_is_dropped)
{
	ck_assert(!(after_setting(CODE3 | DESC_L) & DESC_L));
}
END_TEST

START_TEST(no_descriptor_whatever_its_bits_gives_ring_0)
{
	const char *text = getenv("SEED");
	u32 seed = text ? (u32)strtoul(text, NULL, 0) : (u32)time(NULL);

	printf("SEED=%u\n", seed);
	srand(seed);
	for (u32 i = 0; i < 100000; i++) {
		u64 raw = (u64)rand() << 42 ^ (u64)rand() << 21 ^ (u64)rand();
		u64 clean = after_setting(raw);

		if (!clean)
			continue;
		ck_assert_msg((clean & DESC_DPL) && (clean & BIT64(44)) && (clean & DESC_P) &&
				      (clean & BIT64(40)) && !(clean & DESC_L),
			      "%llx became %llx", (unsigned long long)raw,
			      (unsigned long long)clean);
		ck_assert((clean & 0xff1f0effffffffffull) ==
			  (raw & 0xff1f0effffffffffull & ~DESC_L));
	}
}
END_TEST

START_TEST(an_empty_descriptor_takes_no_page)
{
	u32 pages = gate.pages;

	ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_GDT, 0x4000, 0), 0);
	ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_LDT, 0x4000, CODE0 & ~DESC_P), 0);
	ck_assert_uint_eq(gate.pages, pages);
}
END_TEST

START_TEST(own_selectors_cannot_be_overwritten_read_or_cleared)
{
	u64 before[5];

	gate_set_ldt_size(&gate, 0x100);
	for (u32 i = 0; i < 5; i++)
		before[i] = seen(GATE_GDT + GATE_LDT_SELECTOR + 8 * i);
	for (u32 i = 0; i < 5; i++) {
		u32 offset = GATE_LDT_SELECTOR + 8 * i;

		ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_GDT, offset, CODE3), 0);
		ck_assert(gate_descriptor(&gate, (u16)offset) == 0);
	}
	gate_clear_table(&gate, GATE_TABLE_GDT, 0);
	for (u32 i = 0; i < 5; i++)
		ck_assert(seen(GATE_GDT + GATE_LDT_SELECTOR + 8 * i) == before[i]);
	/* The same offsets of the LDT are the guest's. */
	ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_LDT, HOST_CS, CODE3), 0);
	ck_assert(seen(GATE_LDT + HOST_CS) == (CODE3 | BIT64(40)));
}
END_TEST

START_TEST(the_last_descriptor_below_ours_is_the_guests)
{
	ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_GDT, GATE_LDT_SELECTOR - 8, CODE3),
			 0);
	ck_assert(gate_descriptor(&gate, GATE_LDT_SELECTOR - 8) == (CODE3 | BIT64(40)));
}
END_TEST

START_TEST(clearing_starts_at_the_offset)
{
	for (u32 offset = 0xff0; offset <= 0x1008; offset += 8)
		ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_GDT, offset, DATA3), 0);
	gate_clear_table(&gate, GATE_TABLE_GDT, 0xff8);
	ck_assert(seen(GATE_GDT + 0xff0) != 0);
	for (u32 offset = 0xff8; offset <= 0x1008; offset += 8)
		ck_assert(seen(GATE_GDT + offset) == 0);
}
END_TEST

START_TEST(our_descriptors_are_ring_0s)
{
	struct x86_segment tss = descriptor_segment(seen(GATE_GDT + HOST_TSS), HOST_TSS);

	ck_assert(seen(GATE_GDT + HOST_CS) == (CODE0 | BIT64(40)));
	ck_assert(seen(GATE_GDT + HOST_DS) == (DATA0 | BIT64(40)));
	ck_assert(seen(GATE_GDT + HOST_DF_TSS) == FAKE_DF_TSS);
	ck_assert_uint_eq(tss.attr, SEG_P | DESCRIPTOR_TSS32);
	ck_assert_uint_eq(tss.base, GATE_SLOT_VMI + GATE_TSS);
	ck_assert_uint_eq(tss.limit, 0x67);
}
END_TEST

/* ---- LDT ---- */

START_TEST(ldt_size_is_the_descriptors_limit)
{
	static const u32 sizes[] = {1, 8, 0x28, 0x1000, 0x10000};

	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct x86_segment ldt;

		gate_set_ldt_size(&gate, sizes[i]);
		ldt = descriptor_segment(seen(GATE_GDT + GATE_LDT_SELECTOR), GATE_LDT_SELECTOR);
		ck_assert_uint_eq(ldt.limit, sizes[i] - 1);
		ck_assert_uint_eq(ldt.base, GATE_SLOT_VMI + GATE_LDT);
		ck_assert_uint_eq(ldt.attr, SEG_P | DESCRIPTOR_LDT);
	}
	gate_set_ldt_size(&gate, 0);
	ck_assert(seen(GATE_GDT + GATE_LDT_SELECTOR) == 0);
}
END_TEST

START_TEST(selectors_beyond_the_ldt_find_nothing)
{
	for (u32 offset = 0; offset < 0x30; offset += 8)
		ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_LDT, offset, DATA3), 0);
	gate_set_ldt_size(&gate, 0x20);
	ck_assert(gate_descriptor(&gate, 0x18 | SEL_TI | 3) == (DATA3 | BIT64(40)));
	ck_assert(gate_descriptor(&gate, 0x20 | SEL_TI | 3) == 0);
	gate_set_ldt_size(&gate, 0x1f);
	ck_assert(gate_descriptor(&gate, 0x10 | SEL_TI | 3) != 0);
	ck_assert(gate_descriptor(&gate, 0x18 | SEL_TI | 3) == 0);
	gate_set_ldt_size(&gate, 0);
	ck_assert(gate_descriptor(&gate, 0 | SEL_TI | 3) == 0);
}
END_TEST

/* ---- IDT and TSS ---- */

START_TEST(every_vector_enters_the_gates_text_by_an_interrupt_gate)
{
	for (u32 vector = 0; vector < 256; vector++) {
		struct x86_gate entry = descriptor_gate(seen(GATE_IDT + vector * 8));
		u32 dpl = vector == VECTOR_HYPERCALL || vector == VECTOR_LOAD_CR3 ? 1 : 0;
		u32 offset = vector == VECTOR_LOAD_CR3 ? switch_load_cr3_offset()
						       : FAKE_VECTOR_SIZE * vector;

		ck_assert_uint_eq(entry.selector, HOST_CS);
		ck_assert_uint_eq(entry.attr,
				  SEG_P | DESCRIPTOR_INTERRUPT_GATE32 | dpl << SEG_DPL_SHIFT);
		ck_assert_uint_eq(entry.offset, GATE_SLOT_VMI + GATE_TEXT + offset);
	}
}
END_TEST

START_TEST(int80_opens_to_ring_3_and_closes_again)
{
	u64 closed = seen(GATE_IDT + 0x80 * 8), neighbour = seen(GATE_IDT + 0x81 * 8);
	struct x86_gate entry;

	gate_set_int80(&gate, 0x60, 0xffc61234);
	entry = descriptor_gate(seen(GATE_IDT + 0x80 * 8));
	ck_assert_uint_eq(entry.selector, 0x60);
	ck_assert_uint_eq(entry.attr, SEG_P | SEG_DPL | DESCRIPTOR_TRAP_GATE32);
	ck_assert_uint_eq(entry.offset, 0xffc61234);
	ck_assert(seen(GATE_IDT + 0x81 * 8) == neighbour);
	gate_clear_int80(&gate);
	ck_assert(seen(GATE_IDT + 0x80 * 8) == closed);
}
END_TEST

static u32 tss_dword(u32 offset)
{
	return (u32)seen(GATE_TSS + offset);
}

START_TEST(the_tss_gives_each_ring_its_stack_and_no_port)
{
	gate_set_ss1(&gate, 0x69);
	ck_assert_uint_eq(tss_dword(4), GATE_SLOT_VMI + GATE_ENTRY_STACK + PAGE_SIZE);
	ck_assert_uint_eq(tss_dword(8), HOST_DS);
	ck_assert_uint_eq(tss_dword(12),
			  GATE_SLOT_VMI + GATE_SHARED + SHARED_TRAP_FRAME + SHARED_TRAP_SIZE);
	ck_assert_uint_eq(tss_dword(16), 0x69);
	ck_assert_uint_ge(tss_dword(100) >> 16, 0x67);
	ck_assert_uint_eq((u32)seen(GATE_HOST_CR3), FAKE_HOST_CR3);
}
END_TEST

START_TEST(what_overruns_the_direct_trap_stack_hits_a_read_only_page)
{
	ck_assert_uint_eq(GATE_SHARED - PAGE_SIZE, GATE_ZERO);
	ck_assert_uint_eq(right_of(GATE_ZERO >> PAGE_SHIFT, false), 'R');
	ck_assert_uint_eq(right_of((GATE_ENTRY_STACK >> PAGE_SHIFT) - 1, false), '-');
}
END_TEST

/* ---- frames ---- */

START_TEST(the_next_frame_is_at_the_top_of_the_entry_stack)
{
	u32 linear = gate_frame_linear(&gate);

	ck_assert_uint_eq(linear + sizeof(struct guest_frame), tss_dword(4));
	gate_frame(&gate)->eip = 0x12345678;
	ck_assert_uint_eq((u32)seen(linear - GATE_SLOT_VMI + offsetof(struct guest_frame, eip)),
			  0x12345678);
	ck_assert(gate_exit_frame(&gate, linear) == gate_frame(&gate));
}
END_TEST

START_TEST(frames_off_the_entry_stack_are_refused)
{
	u32 stack = GATE_SLOT_VMI + GATE_ENTRY_STACK;
	u32 ring0 = offsetof(struct guest_frame, esp); /* such a frame has no ESP and SS */

	ck_assert(gate_exit_frame(&gate, stack) == (void *)gate.entry_stack);
	ck_assert(gate_exit_frame(&gate, stack + PAGE_SIZE - ring0) != NULL);
	ck_assert(!gate_exit_frame(&gate, stack + PAGE_SIZE - ring0 + 4));
	ck_assert(!gate_exit_frame(&gate, stack + PAGE_SIZE));
	ck_assert(!gate_exit_frame(&gate, stack - 4));
	ck_assert(!gate_exit_frame(&gate, 0));
	ck_assert(!gate_exit_frame(&gate, ~3u));
	ck_assert(!gate_exit_frame(&gate, GATE_SLOT_VMI + GATE_SHARED));
}
END_TEST

/* ---- memory ---- */

START_TEST(destroy_returns_every_page)
{
	for (u32 offset = 0; offset < GATE_LDT_SELECTOR; offset += 0x800) {
		ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_GDT, offset, CODE3), 0);
		ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_LDT, offset, CODE3), 0);
	}
	ck_assert_uint_eq(fake_outstanding(), 7 + 16 + 16);
	ck_assert_uint_eq(gate.pages, fake_outstanding());
	/* The teardown looks at what is left. */
}
END_TEST

START_TEST(init_without_memory_takes_nothing_wherever_it_fails)
{
	struct gate other;
	u32 before = fake_outstanding(), n = 1;

	for (;; n++) {
		fake_fail_allocation(n);
		if (gate_init(&other, GATE_SLOT_VMI, true) == 0)
			break;
		ck_assert_uint_eq(fake_outstanding(), before);
	}
	fake_fail_allocation(0);
	ck_assert_uint_eq(n, 9); /* seven pages, and one of the GDT */
	gate_destroy(&other);
	ck_assert_uint_eq(fake_outstanding(), before);
}
END_TEST

START_TEST(a_descriptor_without_memory_changes_nothing)
{
	u64 before = page_table(false)[GATE_LDT >> PAGE_SHIFT];

	fake_fail_allocation(1);
	ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_LDT, 8, DATA3), -ENOMEM);
	ck_assert(page_table(false)[GATE_LDT >> PAGE_SHIFT] == before);
	ck_assert(seen(GATE_LDT + 8) == 0);
	ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_LDT, 8, DATA3), 0);
}
END_TEST

START_TEST(a_view_follows_its_table)
{
	const u16 selector = 0x60 | 1, local = 0x08 | SEL_TI | 3;

	ck_assert_uint_eq(gate_view(&gate, selector)->attr, 0);
	ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_GDT, 0x60, CODE0), 0);
	ck_assert_uint_eq(seg_dpl(gate_view(&gate, selector)), 0);
	ck_assert(attr_is_code(gate_view(&gate, selector)->attr));
	ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_GDT, 0x60, DATA3), 0);
	ck_assert_uint_eq(seg_dpl(gate_view(&gate, selector)), 3);
	ck_assert_uint_eq(gate_view(&gate, selector)->selector, selector);
	gate_clear_table(&gate, GATE_TABLE_GDT, 0);
	ck_assert_uint_eq(gate_view(&gate, selector)->attr, 0);

	ck_assert_int_eq(gate_set_descriptor(&gate, GATE_TABLE_LDT, 8, DATA3), 0);
	ck_assert_uint_eq(gate_view(&gate, local)->attr, 0);
	gate_set_ldt_size(&gate, 16);
	ck_assert_uint_ne(gate_view(&gate, local)->attr, 0);
	gate_set_ldt_size(&gate, 15);
	ck_assert_uint_eq(gate_view(&gate, local)->attr, 0);
	ck_assert_uint_eq(gate_view(&gate, 0)->attr, 0);
	ck_assert_uint_eq(gate_view(&gate, 3)->attr, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_view_follows_its_table,
		each_page_has_exactly_the_rights_of_the_layout,
		a_descriptor_page_of_its_own_has_the_same_rights,
		both_spaces_show_the_same_frames,
		no_other_frame_is_shared_between_two_places,
		unused_table_pages_share_the_zero_page,
		the_directory_entry_is_the_supervisors_and_the_second_2_mb_are_empty,
		dpl0_becomes_dpl1,
		other_privilege_levels_stay,
		conforming_code_of_dpl0_becomes_dpl1,
		system_descriptors_and_gates_are_dropped,
		absent_descriptors_are_dropped,
		the_64_bit_code_flag_is_dropped,
		no_descriptor_whatever_its_bits_gives_ring_0,
		an_empty_descriptor_takes_no_page,
		own_selectors_cannot_be_overwritten_read_or_cleared,
		the_last_descriptor_below_ours_is_the_guests,
		clearing_starts_at_the_offset,
		our_descriptors_are_ring_0s,
		ldt_size_is_the_descriptors_limit,
		selectors_beyond_the_ldt_find_nothing,
		every_vector_enters_the_gates_text_by_an_interrupt_gate,
		int80_opens_to_ring_3_and_closes_again,
		the_tss_gives_each_ring_its_stack_and_no_port,
		what_overruns_the_direct_trap_stack_hits_a_read_only_page,
		the_next_frame_is_at_the_top_of_the_entry_stack,
		frames_off_the_entry_stack_are_refused,
		destroy_returns_every_page,
		init_without_memory_takes_nothing_wherever_it_fails,
		a_descriptor_without_memory_changes_nothing,
	};
	Suite *suite = suite_create("gate");
	TCase *tcase = tcase_create("gate");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	for (u32 i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
