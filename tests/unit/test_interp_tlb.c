/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interpreter's TLB: when translations end (flushes by age, INVLPG with large and global pages), and what
 * it learns from the walks of others.
 */
#include "tests/unit/interp_rig.h"

#define PAGE_DIR 0x100000u
#define PAGE_TABLE 0x101000u
#define PTE_RW_USER 0x7u

static void page_identity(void)
{
	rig_write32(PAGE_DIR, PAGE_TABLE | PTE_RW_USER);
	for (u32 page = 0; page < 1024; page++)
		rig_write32(PAGE_TABLE + 4 * page, page << 12 | PTE_RW_USER);
	rig->cpu.cr3 = PAGE_DIR;
	rig->cpu.cr0 |= CR0_PG | CR0_WP;
	interp_flush_tlb(rig->interp);
}
static void set_pte(u32 address, u32 pte)
{
	rig_write32(PAGE_TABLE + (address >> 12) * 4, pte);
}

static u32 traced_address, traced_count;
static void traced(void *opaque, gpa_t address, u32 size)
{
	(void)opaque, (void)size;
	traced_address = (u32)address.v;
	traced_count++;
}

/* Entries carry the age of the flush they follow: no number of flushes may bring one back. */
START_TEST(no_number_of_flushes_revives_a_translation)
{
	page_identity();
	rig_write32(0x30000, 1);
	rig_write32(0x40000, 2);
	for (u32 flushes = 0; flushes < 10000; flushes++) {
		u32 page = flushes & 1 ? 0x40000 : 0x30000, value;

		set_pte(0x30000, page | PTE_RW_USER);
		interp_flush_tlb(rig->interp);
		ck_assert(interp_read_linear(rig->interp, gva(0x30000), &value, 4, 0));
		ck_assert_uint_eq(value, rig_read32(page));
	}
}
END_TEST

/* The entry made after the first flush, seen again after exactly as many as there may be ages. */
START_TEST(ages_of_translations_do_not_come_again)
{
	u32 value;

	page_identity();
	rig_write32(0x30000, 1);
	rig_write32(0x40000, 2);
	for (u32 ages = 4090; ages < 4100; ages++) {
		set_pte(0x30000, 0x30000 | PTE_RW_USER);
		interp_flush_tlb(rig->interp);
		ck_assert(interp_read_linear(rig->interp, gva(0x30000), &value, 4, 0));
		set_pte(0x30000, 0x40000 | PTE_RW_USER);
		for (u32 i = 0; i < ages; i++)
			interp_flush_tlb(rig->interp);
		ck_assert(interp_read_linear(rig->interp, gva(0x30000), &value, 4, 0));
		ck_assert_uint_eq(value, 2);
	}
}
END_TEST

static u32 linear32(u32 address)
{
	u32 value;

	ck_assert(interp_read_linear(rig->interp, gva(address), &value, 4, 0));
	return value;
}

START_TEST(global_translations_end_with_invlpg_and_pge)
{
	page_identity();
	rig->cpu.cr4 |= CR4_PGE;
	rig_write32(0x40000, 2);
	rig_write32(0x50000, 3);
	set_pte(0x30000, 0x40000 | PTE_RW_USER | 0x100);
	interp_flush_tlb(rig->interp);
	ck_assert_uint_eq(linear32(0x30000), 2);
	set_pte(0x30000, 0x50000 | PTE_RW_USER | 0x100);
	interp_flush(rig->interp, TLB_FLUSH_PAGE, gva(0x30fff));
	ck_assert_uint_eq(linear32(0x30000), 3);
	set_pte(0x30000, 0x40000 | PTE_RW_USER);
	rig->cpu.gpr[REG_EAX] = rig->cpu.cr4 & ~CR4_PGE;
	STEP(0x0f, 0x22, 0xe0);
	ck_assert_uint_eq(linear32(0x30000), 2);
	set_pte(0x30000, 0x50000 | PTE_RW_USER);
	interp_flush(rig->interp, TLB_FLUSH_NON_GLOBAL, gva(0));
	ck_assert_uint_eq(linear32(0x30000), 3);
}
END_TEST

START_TEST(invlpg_drops_all_of_a_large_page)
{
	page_identity();
	rig->cpu.cr4 |= CR4_PSE;
	rig_write32(PAGE_DIR + 4, 0x0 | PTE_RW_USER | 0x80); /* 400000: the same 4 MB */
	interp_flush_tlb(rig->interp);
	rig_write32(0x30000, 1);
	ck_assert_uint_eq(linear32(0x430000), 1);
	rig_write32(PAGE_DIR + 4, PAGE_TABLE | PTE_RW_USER);
	set_pte(0x30000, 0x40000 | PTE_RW_USER);
	rig_write32(0x40000, 2);
	interp_flush(rig->interp, TLB_FLUSH_PAGE, gva(0x7ff000));
	ck_assert_uint_eq(linear32(0x430000), 2);
}
END_TEST

/* What a walk found is used, and only until the next flush. */
START_TEST(a_walk_that_was_learned_is_used)
{
	struct walk_result walk;

	page_identity();
	gmem_listen(rig->gmem, GMEM_TRACED, traced, NULL);
	gmem_set_flags(rig->gmem, gpa(0x30000), GMEM_TRACED, 0);
	ck_assert_int_eq(mmu_walk(&rig->cpu, rig->gmem, gva(0x30000), ACCESS_WRITE, &walk), 0);
	interp_learn(rig->interp, gva(0x30000), &walk);
	set_pte(0x30000, 0);
	rig->cpu.gpr[REG_EAX] = 0x11223344;
	STEP(0xa3, LE32(0x30008));
	ck_assert_uint_eq(rig_read32(0x30008), 0x11223344);
	ck_assert_uint_eq(traced_count, 1);
	ck_assert_uint_eq(traced_address, 0x30008);
	rig_ring(3);
	FAULTS(EXCP_PF, 0xa3, LE32(0x30ffe)); /* across pages nothing is kept */
	interp_flush_tlb(rig->interp);
	FAULTS_CODE(EXCP_PF, PF_W | PF_U, 0xa3, LE32(0x30008));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interp_tlb");
	TCase *tcase = tcase_create("interp_tlb");

	tcase_add_test(tcase, no_number_of_flushes_revives_a_translation);
	tcase_add_test(tcase, ages_of_translations_do_not_come_again);
	tcase_add_test(tcase, global_translations_end_with_invlpg_and_pge);
	tcase_add_test(tcase, invlpg_drops_all_of_a_large_page);
	tcase_add_test(tcase, a_walk_that_was_learned_is_used);
	return rig_run(suite, tcase);
}
