/* SPDX-License-Identifier: GPL-2.0 */
/* The shadow MMU, one property a test.  test_shadow_model.c has the random comparison. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/mmu/ptformat.h"
#include "arch/x86/mmu/shadow.h"
#include "hv/arch.h"
#include "tests/fake/fake.h"
#include "tests/fake/fake_mmu.h"

#define PD 0x10000u
#define PT 0x11000u
#define OTHER_PD 0x12000u
#define DATA 0x600000u
#define GATE 0xffc00000u
#define PWU (PTE_P | PTE_W | PTE_U)
#define PWUAD (PWU | PTE_A | PTE_D)
#define POOL 200u

static struct gmem *gmem;
static struct shadow *shadow;
static struct x86_cpu cpu;
static struct fake_mmu mmu;
static hpa_t cr3;
static const u64 gate_pde[2] = { 0x2600000 | PTE_P | PTE_PS | PTE_W, 0x2800000 | PTE_P | PTE_PS };

static void store(u32 at, u32 value)
{
	ck_assert(gmem_write(gmem, gpa(at), &value, 4));
}

static u32 load(u32 at)
{
	u32 value = 0;

	ck_assert(gmem_read(gmem, gpa(at), &value, 4));
	return value;
}

static void switch_root(void)
{
	cr3 = shadow_root(shadow, &cpu);
	fake_mmu_load(&mmu, cr3);
}

static u64 *pdpte_of(u32 address)
{
	return (u64 *)arch_hpa_to_ptr(cr3) + (address >> 30);
}

/* The shadow's PDE and (if there is a table) leaf for @address; 0 if there is none. */
static u64 pde_of(u32 address)
{
	u64 pdpte = *pdpte_of(address);

	if (!(pdpte & PTE_P))
		return 0;
	return ((u64 *)arch_hpa_to_ptr(hpa(pdpte & PTE_FRAME)))[address >> 21 & 511];
}

static u64 leaf_of(u32 address)
{
	u64 pde = pde_of(address);

	if (!(pde & PTE_P) || (pde & PTE_PS))
		return pde;
	return ((u64 *)arch_hpa_to_ptr(hpa(pde & PTE_FRAME)))[address >> 12 & 511];
}

static bool hardware(u32 address, u32 access)
{
	u32 error;
	hpa_t at;

	if (shadow_take_tlb_flush(shadow))
		fake_mmu_load(&mmu, cr3);
	return fake_mmu_access(&mmu, address, access, &at, &error);
}

/* Access until it succeeds or somebody else is responsible; counts hidden faults. */
static enum shadow_fault touch(u32 address, u32 access, u32 *faults)
{
	enum shadow_fault outcome = SHADOW_RETRY;

	while (!hardware(address, access) && outcome == SHADOW_RETRY) {
		outcome = shadow_page_fault(shadow, &cpu, gva(address), access);
		*faults += outcome == SHADOW_RETRY;
	}
	return outcome;
}

static u32 faults_of(u32 address, u32 access)
{
	u32 faults = 0;

	ck_assert_int_eq(touch(address, access, &faults), SHADOW_RETRY);
	return faults;
}

static enum shadow_fault outcome_of(u32 address, u32 access)
{
	u32 faults = 0;

	return touch(address, access, &faults);
}

static void check_consistent(void)
{
	ck_assert_msg(shadow_check(shadow, &cpu) == 0, "%s", fake_log());
}

/* 16 MB of RAM; linear 0-4 MB: PT with 32 pages of DATA; 4 MB on and C0000000 on: large, physical
 * 4 MB and 8 MB on. */
static void setup(void)
{
	fake_reset();
	gmem = gmem_create(&fake_source);
	ck_assert_int_eq(gmem_add_ram(gmem, gpa(0), 0xa0000), 0);
	ck_assert_int_eq(gmem_add_ram(gmem, gpa(0xc0000), 16 * MIB - 0xc0000), 0);
	ck_assert_int_eq(gmem_protect_rom(gmem, gpa(0xc0000), 0x10000), 0);
	store(PD, PT | PWU);
	store(PD + 4, 0x400000 | PWU | PTE_PS);
	store(PD + 0x300 * 4, 0x800000 | PTE_P | PTE_W | PTE_PS);
	for (u32 i = 0; i < 32; i++)
		store(PT + i * 4, (DATA + i * PAGE_SIZE) | PWU);
	cpu = (struct x86_cpu){ .cr0 = CR0_PE | CR0_PG | CR0_WP, .cr3 = PD, .cr4 = CR4_PSE };
	mmu = (struct fake_mmu){ .nx = true };
	shadow = shadow_create(gmem, &fake_source, POOL, true);
	shadow_set_gate(shadow, gva(GATE), gate_pde);
	switch_root();
}

static void teardown(void)
{
	shadow_destroy(shadow);
	gmem_destroy(gmem);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

START_TEST(the_gate_is_in_every_root_from_the_start)
{
	ck_assert_uint_eq(pde_of(GATE), gate_pde[0]);
	ck_assert_uint_eq(pde_of(GATE + LARGE_PAGE_SIZE), gate_pde[1]);
	store(PD + 0x3fe * 4, 0x800000 | PWU | PTE_PS);
	ck_assert_uint_eq(faults_of(0xff800000, 0), 1); /* the directory beside it exists now */
	ck_assert_uint_eq(pde_of(GATE), gate_pde[0]);
	cpu.cr3 = OTHER_PD;
	switch_root();
	ck_assert_uint_eq(pde_of(GATE), gate_pde[0]);
	cpu.cr0 &= ~CR0_PG;
	switch_root();
	ck_assert_uint_eq(pde_of(GATE + LARGE_PAGE_SIZE), gate_pde[1]);
}
END_TEST

START_TEST(the_gate_survives_unshadowing_and_recycling)
{
	store(PD + 0x3fe * 4, 0x800000 | PWU | PTE_PS);
	faults_of(0xff800000, 0);
	for (u32 i = 0; i < 20; i++)
		store(PD + 0x3f0 * 4, i << 22);
	ck_assert_uint_eq(pde_of(0xff800000), 0);
	ck_assert_uint_eq(pde_of(GATE), gate_pde[0]);
}
END_TEST

START_TEST(a_guest_mapping_in_the_gate_is_emulated)
{
	store(PD + 0x3ff * 4, 0x800000 | PWU | PTE_PS);
	ck_assert_int_eq(shadow_page_fault(shadow, &cpu, gva(GATE + 0x5000), PF_W), SHADOW_EMULATE);
	store(PD + 0x3ff * 4, 0);
	ck_assert_int_eq(shadow_page_fault(shadow, &cpu, gva(GATE + 0x5000), PF_W | PF_P),
			 SHADOW_GUEST);
	ck_assert_uint_eq(cpu.fault.error, PF_W);
	ck_assert_uint_eq(pde_of(GATE), gate_pde[0]);
}
END_TEST

START_TEST(the_gate_can_move)
{
	const u64 moved[2] = { gate_pde[1], gate_pde[0] };

	faults_of(0, 0);
	shadow_set_gate(shadow, gva(0x80000000), moved);
	switch_root();
	ck_assert_uint_eq(pde_of(GATE), 0);
	ck_assert_uint_eq(pde_of(0x80000000), moved[0]);
	faults_of(0, 0);
	check_consistent();
}
END_TEST

START_TEST(a_bit_comes_before_the_entry_and_d_before_the_right_to_write)
{
	ck_assert_uint_eq(leaf_of(0x3000), 0);
	ck_assert_uint_eq(faults_of(0x3000, 0), 1);
	ck_assert_uint_eq(load(PT + 12), (DATA + 0x3000) | PWU | PTE_A);
	ck_assert(!(leaf_of(0x3000) & PTE_W));
	ck_assert_uint_eq(leaf_of(0x4000), 0);
	ck_assert_uint_eq(faults_of(0x3000, PF_W | PF_U), 1);
	ck_assert_uint_eq(load(PT + 12), (DATA + 0x3000) | PWUAD);
	ck_assert(leaf_of(0x3000) & PTE_W);
	ck_assert_uint_eq(faults_of(0x3000, PF_W), 0);
	check_consistent();
}
END_TEST

START_TEST(clearing_a_or_d_takes_the_entry_or_the_right)
{
	faults_of(0x3000, PF_W);
	store(PT + 12, (DATA + 0x3000) | PWU | PTE_A);
	ck_assert(!(leaf_of(0x3000) & PTE_W) && (leaf_of(0x3000) & PTE_P));
	store(PT + 12, (DATA + 0x3000) | PWU);
	ck_assert_uint_eq(leaf_of(0x3000), 0);
	faults_of(0x3000, PF_W);
	store(PD, PT | PWU);
	ck_assert_uint_eq(pde_of(0x3000), 0);
}
END_TEST

START_TEST(the_guests_own_faults_are_told_apart)
{
	store(PT + 0, DATA | PTE_P | PTE_W);
	ck_assert_int_eq(outcome_of(0, PF_U), SHADOW_GUEST);
	ck_assert_uint_eq(cpu.fault.error, PF_P | PF_U);
	ck_assert_int_eq(outcome_of(0x40000, PF_W), SHADOW_GUEST);
	ck_assert_uint_eq(cpu.fault.error, PF_W);
	ck_assert_uint_eq(cpu.fault.cr2, 0x40000);
	store(PD + 8, 0x00802000 | PWU | PTE_PS);
	ck_assert_int_eq(outcome_of(0x800000, PF_I), SHADOW_GUEST);
	ck_assert_uint_eq(cpu.fault.error, PF_P | PF_RSVD);
}
END_TEST

START_TEST(devices_and_rom_go_to_the_interpreter)
{
	store(PT + 0, 0xa0000 | PWU);
	store(PT + 4, 0xc0000 | PWU);
	store(PT + 8, 0xfee00000 | PWU);
	ck_assert_int_eq(outcome_of(0x0000, 0), SHADOW_EMULATE);
	ck_assert_int_eq(outcome_of(0x2000, 0), SHADOW_EMULATE);
	ck_assert_uint_eq(faults_of(0x1000, 0), 1);
	ck_assert_int_eq(outcome_of(0x1000, PF_W), SHADOW_EMULATE);
}
END_TEST

START_TEST(neighbours_in_use_come_along)
{
	struct shadow_stats stats;

	for (u32 i = 0; i < 8; i++)
		store(PT + i * 4, (DATA + i * PAGE_SIZE) | PWUAD);
	faults_of(0x3000, 0);
	for (u32 i = 0; i < 8; i++)
		ck_assert_uint_eq(faults_of(i * PAGE_SIZE, PF_W), 0);
	ck_assert_uint_eq(faults_of(8 * PAGE_SIZE, 0), 1);
	shadow_get_stats(shadow, &stats);
	ck_assert_uint_eq(stats.prefetches, 7);
}
END_TEST

START_TEST(large_pages_stay_large)
{
	ck_assert_uint_eq(faults_of(0x523000, PF_W), 1);
	ck_assert(pde_of(0x523000) & PTE_PS);
	ck_assert_uint_eq(faults_of(0x400000, PF_W), 0);
	ck_assert_uint_eq(pde_of(0x600000), 0); /* the other half of the 4 MB page */
	ck_assert_uint_eq(faults_of(0x600000, 0), 1);
	ck_assert_uint_eq(load(PD + 4), 0x400000 | PWUAD | PTE_PS);
	check_consistent();
}
END_TEST

START_TEST(a_table_inside_a_large_page_splits_it)
{
	faults_of(0x460000, PF_W);
	ck_assert(pde_of(0x460000) & PTE_PS);
	/* A new page table at physical 451000, for linear 800000. */
	store(0x451000, DATA | PWU);
	store(PD + 8, 0x451000 | PWU);
	faults_of(0x800000, 0);
	ck_assert(!hardware(0x451000, PF_W));
	ck_assert_int_eq(outcome_of(0x451000, PF_W), SHADOW_EMULATE);
	ck_assert_uint_le(faults_of(0x452000, PF_W), 1);
	ck_assert(!(pde_of(0x452000) & PTE_PS));
	ck_assert_uint_le(faults_of(0x451000, 0), 1);
	check_consistent();
	/* The table is given up: its frame is ordinary memory again. */
	store(PD + 8, 0);
	store(0x451000, 0);
	store(0x451004, 0);
	ck_assert_uint_eq(gmem_flags(gmem, gpa(0x451000)), 0);
	ck_assert_int_eq(outcome_of(0x451000, PF_W), SHADOW_RETRY);
	check_consistent();
}
END_TEST

START_TEST(tables_are_never_writable)
{
	store(PT + 0, PT | PWU);
	store(PT + 4, PD | PWU);
	ck_assert_int_eq(outcome_of(0x0000, PF_W), SHADOW_EMULATE);
	ck_assert_int_eq(outcome_of(0x1000, PF_W), SHADOW_EMULATE);
	ck_assert_int_eq(outcome_of(0x0000, 0), SHADOW_RETRY);
	/* A frame that is mapped writable, and then becomes a table. */
	store(DATA + 0x5000, DATA | PWU);
	faults_of(0x5000, PF_W);
	ck_assert(hardware(0x5000, PF_W));
	store(PD + 8, (DATA + 0x5000) | PWU);
	faults_of(0x800000, 0);
	ck_assert(!hardware(0x5000, PF_W));
	ck_assert_int_eq(outcome_of(0x5000, PF_W), SHADOW_EMULATE);
	check_consistent();
}
END_TEST

START_TEST(a_directory_can_be_its_own_page_table)
{
	store(PD + 0x3f0 * 4, PD | PWU);
	ck_assert_uint_eq(faults_of(0xfc000000, 0), 1);
	ck_assert_int_eq(outcome_of(0xfc3f0000, PF_W), SHADOW_EMULATE); /* the directory itself */
	faults_of(0x3000, PF_W);
	ck_assert(pde_of(0x3000) & PTE_P);
	store(PD, 0); /* what the emulated write through FC3F0000 does */
	ck_assert_uint_eq(pde_of(0x3000), 0);
	ck_assert_uint_eq(leaf_of(0xfc000000), 0);
	check_consistent();
}
END_TEST

START_TEST(entries_that_are_written_are_refreshed)
{
	faults_of(0x3000, PF_W);
	store(PT + 3 * 4, (DATA + 0x9000) | PWUAD);
	ck_assert_uint_eq(faults_of(0x3000, PF_W), 0);
	store(PT + 40 * 4, (DATA + 0x8000) | PWU | PTE_A);
	ck_assert_uint_eq(faults_of(40 << 12, 0), 0);
	ck_assert_uint_eq(faults_of(40 << 12, PF_W), 1);
	store(PT + 3 * 4, 0);
	ck_assert_int_eq(outcome_of(0x3000, 0), SHADOW_GUEST);
	check_consistent();
}
END_TEST

START_TEST(a_flooded_table_is_left_alone)
{
	u32 writes = 0;

	faults_of(0x3000, PF_W);
	ck_assert_uint_eq(gmem_flags(gmem, gpa(PT)), GMEM_TRACED);
	while (gmem_flags(gmem, gpa(PT)) && writes < 100)
		store(PT + 400 + 4 * ++writes, 0);
	ck_assert_uint_lt(writes, 10);
	ck_assert_uint_eq(pde_of(0x3000), 0);
	ck_assert_uint_eq(faults_of(0x3000, PF_W), 1);
	ck_assert_uint_eq(gmem_flags(gmem, gpa(PT)), GMEM_TRACED);
}
END_TEST

START_TEST(a_window_that_is_used_between_writes_stays)
{
	faults_of(0x3000, PF_W);
	for (u32 i = 0; i < 100; i++) {
		store(PT + 12, (DATA + (i % 32) * PAGE_SIZE) | PWUAD);
		ck_assert_uint_eq(faults_of(0x3000, PF_W), 0);
	}
	ck_assert_uint_eq(gmem_flags(gmem, gpa(PT)), GMEM_TRACED);
}
END_TEST

START_TEST(a_bulk_write_gives_up_the_table)
{
	static u8 zeroes[PAGE_SIZE];

	faults_of(0x3000, PF_W);
	ck_assert(gmem_write(gmem, gpa(PT), zeroes, sizeof(zeroes)));
	ck_assert_uint_eq(gmem_flags(gmem, gpa(PT)), 0);
	ck_assert_int_eq(outcome_of(0x3000, 0), SHADOW_GUEST);
}
END_TEST

START_TEST(roots_are_kept_across_cr3_loads)
{
	struct shadow_stats stats;

	store(OTHER_PD, PT | PWU);
	faults_of(0x3000, PF_W);
	cpu.cr3 = OTHER_PD;
	switch_root();
	ck_assert_uint_eq(faults_of(0x3000, PF_W), 1); /* the directory; the table is shared */
	cpu.cr3 = PD;
	switch_root();
	ck_assert_uint_eq(faults_of(0x3000, PF_W), 0);
	cpu.cr3 = OTHER_PD | CR3_PCD;
	switch_root();
	ck_assert_uint_eq(faults_of(0x3000, PF_W), 0);
	shadow_get_stats(shadow, &stats);
	ck_assert_uint_eq(stats.roots_built, 2);
	ck_assert_uint_eq(stats.roots_reused, 2);
}
END_TEST

START_TEST(more_roots_than_slots_are_recycled)
{
	for (u32 i = 0; i < 300; i++) {
		cpu.cr3 = 0x700000 + i * PAGE_SIZE;
		store(cpu.cr3, PT | PWU);
		switch_root();
		ck_assert_uint_eq(faults_of(0x3000, PF_W), 1);
		ck_assert_uint_eq(pde_of(GATE), gate_pde[0]);
	}
	check_consistent();
}
END_TEST

START_TEST(without_wp_user_pages_change_sides)
{
	store(PT, DATA | PTE_P | PTE_U);
	cpu.cr0 &= ~CR0_WP;
	switch_root();
	ck_assert_uint_eq(faults_of(0, PF_U), 1);
	ck_assert_uint_eq(faults_of(0, PF_W), 1);
	ck_assert(!hardware(0, PF_U));
	ck_assert_uint_eq(faults_of(0, PF_U), 1);
	ck_assert(!hardware(0, PF_W));
	ck_assert_int_eq(outcome_of(0, PF_W | PF_U), SHADOW_GUEST);
	check_consistent();
	cpu.cr0 |= CR0_WP;
	switch_root();
	ck_assert_int_eq(outcome_of(0, PF_W), SHADOW_GUEST);
}
END_TEST

START_TEST(an_unpaged_guest_sees_its_memory)
{
	cpu.cr0 &= ~CR0_PG;
	switch_root();
	ck_assert_uint_eq(faults_of(0x400123, PF_W | PF_U), 1);
	ck_assert(pde_of(0x400123) & PTE_PS);
	ck_assert_uint_eq(faults_of(0x1000, PF_W), 1);
	ck_assert_int_eq(outcome_of(0xa0000, 0), SHADOW_EMULATE);
	ck_assert_int_eq(outcome_of(0xc0000, PF_W), SHADOW_EMULATE);
	ck_assert_int_eq(outcome_of(0xfee00000, PF_I), SHADOW_EMULATE);
	check_consistent();
}
END_TEST

/* L1TF: the CPU may speculate with the address of an entry that is not present or reserved. */
START_TEST(not_present_entries_are_zero)
{
	for (u32 i = 0; i < 8; i++)
		store(PT + i * 4, (DATA + i * PAGE_SIZE) | PWUAD);
	faults_of(0x3000, 0);
	for (u32 i = 0; i < 8; i++) {
		store(PT + i * 4, (DATA + i * PAGE_SIZE) | PTE_W | PTE_U | PTE_A | PTE_D);
		ck_assert_uint_eq(leaf_of(i * PAGE_SIZE), 0);
		faults_of(0x9000, 0); /* the table stays in use */
	}
	for (u32 i = 0; i < 512; i++)
		ck_assert((leaf_of(i << 12) & PTE_P) || !leaf_of(i << 12));
	store(PD, PT | PTE_W | PTE_U | PTE_A);
	ck_assert_uint_eq(pde_of(0), 0);
}
END_TEST

START_TEST(frames_of_hole_addresses_never_appear)
{
	for (u32 i = 0; i < 8; i++)
		store(PT + i * 4, (0xd0000000 + i * PAGE_SIZE) | PWUAD);
	store(PT + 8, DATA | PWUAD);
	faults_of(0x2000, 0);
	for (u32 i = 0; i < 8; i++)
		ck_assert(i == 2 || leaf_of(i << 12) == 0);
	store(PT + 3 * 4, 0xd0001000 | PWUAD);
	ck_assert_uint_eq(leaf_of(0x3000), 0);
}
END_TEST

START_TEST(creation_survives_failure_of_any_allocation)
{
	u32 before, n;

	shadow_destroy(shadow);
	before = fake_outstanding();
	for (n = 1;; n++) {
		fake_fail_allocation(n);
		shadow = shadow_create(gmem, &fake_source, POOL, true);
		fake_fail_allocation(0);
		if (shadow)
			break;
		ck_assert_uint_eq(fake_outstanding(), before);
	}
	ck_assert_uint_gt(n, 10);
}
END_TEST

static u32 pages_left;
static bool scarce_page(void *opaque, hpa_t *frame)
{
	return pages_left && pages_left-- && fake_source.alloc_page(opaque, frame);
}

START_TEST(a_host_without_pages_makes_it_slow_not_wrong)
{
	struct gmem_source source = fake_source;
	struct shadow_stats stats;

	shadow_destroy(shadow);
	source.alloc_page = scarce_page;
	pages_left = 40;
	shadow = shadow_create(gmem, &source, POOL, true);
	ck_assert_ptr_nonnull(shadow);
	pages_left = 0;
	shadow_set_gate(shadow, gva(GATE), gate_pde);
	switch_root();
	for (u32 i = 0; i < 200; i++) {
		u32 place = i % 11 << 22 | 0x3000;

		store(PD + i % 11 * 4, i % 11 * 0x1000 + 0x20000 + PWU);
		store(i % 11 * 0x1000 + 0x2000c, (DATA + i % 32 * PAGE_SIZE) | PWU);
		ck_assert_int_eq(outcome_of(place, PF_W), SHADOW_RETRY);
		check_consistent();
	}
	shadow_get_stats(shadow, &stats);
	ck_assert_uint_gt(stats.recycled, 50);
}
END_TEST

START_TEST(the_budget_is_kept)
{
	struct shadow_stats stats;

	for (u32 i = 0; i < 600; i++) {
		cpu.cr3 = 0x700000 + i * PAGE_SIZE;
		store(cpu.cr3, PT | PWU);
		switch_root();
		faults_of(0x3000, PF_W);
	}
	shadow_get_stats(shadow, &stats);
	ck_assert_uint_eq(stats.pages_total, POOL);
	ck_assert_uint_eq(stats.pages_used, POOL);
	ck_assert_uint_gt(stats.recycled, 100);
}
END_TEST

/* One frame behind every entry: the reverse map's chains stay short. */
START_TEST(many_mappings_of_one_frame_are_bounded)
{
	for (u32 i = 0; i < 1024; i++)
		store(PT + i * 4, DATA | PWUAD);
	for (u32 i = 0; i < 1024; i++)
		faults_of(i << 12, PF_W);
	check_consistent();
	gmem_set_flags(gmem, gpa(DATA), GMEM_CODE, 0);
	shadow_write_protect(shadow, gpa(DATA));
	for (u32 i = 0; i < 1024; i++)
		ck_assert(!hardware(i << 12, PF_W));
}
END_TEST

START_TEST(nx_is_used_only_if_the_host_has_it)
{
	u64 pt = (DATA | PWUAD) | PTE_XD, pd = PT | PWUAD, pdpt = PD | PTE_P;

	gmem_write(gmem, gpa(PT), &pt, 8);
	gmem_write(gmem, gpa(PD), &pd, 8);
	gmem_write(gmem, gpa(OTHER_PD), &pdpt, 8);
	cpu.cr3 = OTHER_PD;
	cpu.cr4 = CR4_PAE;
	cpu.efer = EFER_NXE;
	ck_assert(mmu_load_pdptes(&cpu, gmem));
	switch_root();
	ck_assert_uint_eq(faults_of(0, PF_W), 1);
	ck_assert_int_eq(outcome_of(0, PF_I), SHADOW_GUEST);
	ck_assert_uint_eq(cpu.fault.error, PF_P | PF_I);
	shadow_destroy(shadow);
	shadow = shadow_create(gmem, &fake_source, POOL, false);
	switch_root();
	mmu.nx = false;
	ck_assert_uint_eq(faults_of(0, PF_W), 1);
	ck_assert(!(leaf_of(0) & PTE_XD));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shadow");
	TCase *tcase = tcase_create("shadow");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, the_gate_is_in_every_root_from_the_start);
	tcase_add_test(tcase, the_gate_survives_unshadowing_and_recycling);
	tcase_add_test(tcase, a_guest_mapping_in_the_gate_is_emulated);
	tcase_add_test(tcase, the_gate_can_move);
	tcase_add_test(tcase, a_bit_comes_before_the_entry_and_d_before_the_right_to_write);
	tcase_add_test(tcase, clearing_a_or_d_takes_the_entry_or_the_right);
	tcase_add_test(tcase, the_guests_own_faults_are_told_apart);
	tcase_add_test(tcase, devices_and_rom_go_to_the_interpreter);
	tcase_add_test(tcase, neighbours_in_use_come_along);
	tcase_add_test(tcase, large_pages_stay_large);
	tcase_add_test(tcase, a_table_inside_a_large_page_splits_it);
	tcase_add_test(tcase, tables_are_never_writable);
	tcase_add_test(tcase, a_directory_can_be_its_own_page_table);
	tcase_add_test(tcase, entries_that_are_written_are_refreshed);
	tcase_add_test(tcase, a_flooded_table_is_left_alone);
	tcase_add_test(tcase, a_window_that_is_used_between_writes_stays);
	tcase_add_test(tcase, a_bulk_write_gives_up_the_table);
	tcase_add_test(tcase, roots_are_kept_across_cr3_loads);
	tcase_add_test(tcase, more_roots_than_slots_are_recycled);
	tcase_add_test(tcase, without_wp_user_pages_change_sides);
	tcase_add_test(tcase, an_unpaged_guest_sees_its_memory);
	tcase_add_test(tcase, not_present_entries_are_zero);
	tcase_add_test(tcase, frames_of_hole_addresses_never_appear);
	tcase_add_test(tcase, creation_survives_failure_of_any_allocation);
	tcase_add_test(tcase, a_host_without_pages_makes_it_slow_not_wrong);
	tcase_add_test(tcase, the_budget_is_kept);
	tcase_add_test(tcase, many_mappings_of_one_frame_are_bounded);
	tcase_add_test(tcase, nx_is_used_only_if_the_host_has_it);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
