/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shadow MMU against its specification, at random: a guest with a few page tables that refer to
 * each other, to data, ROM, holes and nothing writes entries, loads CR3, toggles CR0.WP and paging,
 * and accesses memory.  Each access is made by a CPU that knows only the shadow tables and its TLB;
 * its outcome must be what mmu_probe says of the guest's own tables.  SEED=n repeats a run.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arch/x86/mmu/ptformat.h"
#include "arch/x86/mmu/shadow.h"
#include "hv/arch.h"
#include "tests/fake/fake.h"
#include "tests/fake/fake_mmu.h"

#define OPERATIONS 30000
#define GATE 0xffc00000u

static struct gmem *gmem;
static struct shadow *shadow;
static struct x86_cpu cpu;
static struct fake_mmu mmu;
static hpa_t cr3;
static u32 seed, random_state;
static u32 emulated, granted, denied, marked;
static const u64 gate_pde[2] = { 0x2600000 | PTE_P | PTE_PS, 0 };

static u32 rnd(u32 below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (u32)((u64)(random_state >> 4) * below >> 28);
}

static bool chance(u32 percent)
{
	return rnd(100) < percent;
}

/* Guest frames that serve as tables: mostly RAM, among data; one in ROM, one in a hole. */
static const u32 table_frames[] = { 0x10,  0x11,  0x12,  0x13,  0x14,  0x205, 0x206, 0x207, 0x300,
				    0x480, 0x481, 0x600, 0x601, 0xc1, 0xa5 };
static const u32 directory_indices[] = { 0, 1, 2, 3, 0x200, 0x201, 0x301, 0x3fe, 0x3ff };

static u32 some_frame(void)
{
	switch (rnd(8)) {
	case 0:
		return table_frames[rnd(ARRAY_SIZE(table_frames))];
	case 1:
		return 0xa0 + rnd(0x40); /* hole and ROM */
	case 2:
		return rnd(0x900); /* RAM, and beyond its end */
	default:
		return 0x400 + rnd(24) + (chance(50) ? 0x200 : 0);
	}
}

static u64 some_entry(bool pae)
{
	u64 entry = (u64)(chance(40) ? table_frames[rnd(ARRAY_SIZE(table_frames))] : some_frame())
		    << PAGE_SHIFT;
	u32 bits = rnd(0x1000);

	if (chance(85))
		bits |= PTE_P;
	if (chance(60))
		bits |= PTE_W;
	if (chance(60))
		bits |= PTE_U;
	if (chance(60))
		bits &= ~PTE_PS;
	else if (chance(80))
		entry = (u64)rnd(6) << (pae ? 21 : 22);
	if (pae && chance(30))
		entry |= PTE_XD;
	if (pae && chance(2))
		entry |= BIT64(32 + rnd(31));
	return entry | bits;
}

static bool pae_mode(void)
{
	return cpu.cr4 & CR4_PAE;
}

static u32 some_address(void)
{
	u32 page = chance(70) ? rnd(16) : rnd(1024);
	u32 index = directory_indices[rnd(ARRAY_SIZE(directory_indices))];

	if (!(cpu.cr0 & CR0_PG))
		return rnd(0x900000);
	if (chance(10))
		index = GATE >> 22;
	return index << 22 | page << 12 | (rnd(0x1000) & ~7u);
}

static u32 some_index(void)
{
	u32 limit = pae_mode() ? 512 : 1024;

	if (chance(40))
		return rnd(16);
	return chance(80) ? directory_indices[rnd(ARRAY_SIZE(directory_indices))] % limit :
			    rnd(limit);
}

static void settle(void)
{
	if (shadow_take_tlb_flush(shadow))
		fake_mmu_load(&mmu, cr3);
	ck_assert_msg(fake_mmu_tlb_is_true(&mmu, cr3), "stale TLB entry");
}

static void switch_root(void)
{
	cr3 = shadow_root(shadow, &cpu);
	fake_mmu_load(&mmu, cr3);
}

/* The interpreter's part: do the access on the guest's tables. */
static void emulate(u32 address, u32 access)
{
	struct walk_result walk;
	u64 value = some_entry(pae_mode());

	emulated++;
	ck_assert_int_eq(mmu_walk(&cpu, gmem, gva(address), access, &walk), 0);
	if (access & ACCESS_WRITE)
		gmem_write(gmem, walk.gpa, &value, pae_mode() ? 8 : 4);
}

static void check_emulation_was_needed(u32 address, gpa_t at, u32 access)
{
	enum gmem_type type = gmem_type(gmem, at);

	ck_assert((address & ~0x3fffffu) == GATE || type == GMEM_NONE ||
		  ((access & ACCESS_WRITE) && (type == GMEM_ROM || gmem_flags(gmem, at))));
}

static void check_marks(u32 address, u32 access)
{
	struct walk_result walk;

	ck_assert_int_eq(mmu_probe(&cpu, gmem, gva(address), access, &walk), 0);
	for (u32 i = pae_mode(); i < walk.levels; i++) {
		if (gmem_type(gmem, walk.entry_gpa[i]) != GMEM_RAM)
			continue;
		ck_assert(walk.entry[i] & PTE_A);
		if (i + 1u == walk.levels && (access & ACCESS_WRITE))
			ck_assert(walk.entry[i] & PTE_D);
	}
}

static void check_grant(u32 address, gpa_t expected, hpa_t at, u32 access)
{
	hpa_t frame;

	granted++;
	ck_assert(gmem_frame(gmem, expected, &frame));
	ck_assert_uint_eq(at.v, frame.v + (address & PAGE_MASK));
	check_marks(address, access);
	if (access & ACCESS_WRITE) {
		u64 value = some_entry(pae_mode());

		ck_assert_int_eq(gmem_type(gmem, expected), GMEM_RAM);
		ck_assert_uint_eq(gmem_flags(gmem, expected), 0);
		memcpy(arch_hpa_to_ptr(at), &value, pae_mode() ? 8 : 4);
	}
}

/* The hardware says that the entry in the guest's page table is not present. */
static void check_absent(u32 address)
{
	struct walk_result walk;

	marked++;
	ck_assert_int_eq(mmu_probe(&cpu, gmem, gva(address), ACCESS_READ, &walk), -EFAULT);
	ck_assert_uint_eq(walk.levels, pae_mode() ? 3 : 2);
	ck_assert(!(walk.entry[walk.levels - 1] & PTE_P));
}

static void access_memory(void)
{
	static const u32 kinds[] = { 0, PF_W, PF_U, PF_U | PF_W, PF_I, PF_I | PF_U };
	u32 address = some_address(), access = kinds[rnd(ARRAY_SIZE(kinds))], error;
	struct walk_result walk;
	bool allowed = !mmu_probe(&cpu, gmem, gva(address), access, &walk);
	hpa_t at;

	for (u32 tries = 0; tries < 6; tries++) {
		enum shadow_fault outcome;

		/* The gate itself is not the guest's business here: it may be readable. */
		if ((address & ~0x3fffffu) == GATE)
			error = access;
		else if (fake_mmu_access(&mmu, address, access, &at, &error)) {
			ck_assert(allowed);
			check_grant(address, walk.gpa, at, access);
			return;
		}
		if (error & PF_RSVD)
			check_absent(address);
		outcome = shadow_page_fault(shadow, &cpu, gva(address), error);
		settle();
		if (outcome == SHADOW_GUEST) {
			denied++;
			ck_assert(!allowed);
			ck_assert_uint_eq(cpu.fault.cr2, address);
			return;
		}
		ck_assert(allowed);
		if (outcome == SHADOW_EMULATE) {
			check_emulation_was_needed(address, walk.gpa, access);
			emulate(address, access);
			return;
		}
	}
	ck_abort_msg("no progress");
}

static void write_entry(void)
{
	u32 size = pae_mode() ? 8 : 4;
	gpa_t at = gpa((u64)table_frames[rnd(ARRAY_SIZE(table_frames))] * PAGE_SIZE +
		       some_index() * size);
	u64 entries[32] = { 0 };

	if (chance(2)) {
		for (u32 i = 0; i < ARRAY_SIZE(entries); i++)
			entries[i] = some_entry(pae_mode());
		gmem_write(gmem, gpa(ALIGN_DOWN(at.v, PAGE_SIZE)), entries, sizeof(entries));
	} else if (chance(40)) {
		gmem_read(gmem, at, entries, size);
		entries[0] ^= BIT64(rnd(size * 8 > 12 ? 12 : 8)); /* one bit of the low byte */
		gmem_write(gmem, at, entries, chance(50) ? size : 1);
	} else {
		entries[0] = some_entry(pae_mode());
		gmem_write(gmem, at, entries, size);
	}
}

static void load_cr3(void)
{
	u32 old = cpu.cr3;

	cpu.cr3 = table_frames[rnd(5)] << PAGE_SHIFT;
	if (pae_mode()) {
		/* PDPTs at the end of data frames, so that they are valid. */
		u32 at = 0x700000 + rnd(4) * 32;

		for (u32 i = 0; i < 4; i++) {
			u64 pdpte = (u64)table_frames[rnd(ARRAY_SIZE(table_frames))] << PAGE_SHIFT |
				    chance(80);

			if (chance(10))
				gmem_write(gmem, gpa(at + i * 8), &pdpte, 8);
		}
		cpu.cr3 = at;
		if (!mmu_load_pdptes(&cpu, gmem))
			cpu.cr3 = old;
	}
	switch_root();
}

static void toggle(void)
{
	switch (rnd(pae_mode() ? 3 : 4)) {
	case 0:
		cpu.cr0 ^= CR0_WP;
		break;
	case 1:
		cpu.cr0 ^= chance(20) || !(cpu.cr0 & CR0_PG) ? CR0_PG : 0;
		break;
	case 2:
		if (pae_mode())
			cpu.efer ^= EFER_NXE;
		else
			cpu.cr4 ^= CR4_PGE;
		break;
	default:
		cpu.cr4 ^= CR4_PSE;
	}
	switch_root();
}

/* Somebody else (the translator) takes an interest in a frame. */
static void flag_frame(void)
{
	gpa_t at = gpa_of_pfn(some_frame());

	if (chance(70)) {
		gmem_set_flags(gmem, at, 0, GMEM_CODE);
	} else {
		gmem_set_flags(gmem, at, GMEM_CODE, 0);
		shadow_write_protect(shadow, at);
	}
}

static void operation(void)
{
	u32 what = rnd(100);

	if (what < 60) {
		access_memory();
	} else if (what < 90) {
		write_entry();
	} else if (what < 94) {
		load_cr3();
	} else if (what < 96) {
		toggle();
	} else if (what < 98) {
		flag_frame();
	} else {
		shadow_invlpg(shadow, &cpu, gva(some_address()));
	}
	settle();
}

static void run(bool pae, u32 pool, bool mark_absent)
{
	struct shadow_stats stats;

	random_state = seed;
	fake_reset();
	gmem = gmem_create(&fake_source);
	ck_assert_int_eq(gmem_add_ram(gmem, gpa(0), 0xa0000), 0);
	ck_assert_int_eq(gmem_add_ram(gmem, gpa(0xc0000), 8 * MIB - 0xc0000), 0);
	ck_assert_int_eq(gmem_protect_rom(gmem, gpa(0xc0000), 0x10000), 0);
	for (u32 i = 0; i < ARRAY_SIZE(table_frames); i++)
		for (u32 n = 0; n < 512; n++) {
			u64 entry = pae ? some_entry(true) :
					  (u32)some_entry(false) | some_entry(false) << 32;

			gmem_load(gmem, gpa((u64)table_frames[i] * PAGE_SIZE + n * 8), &entry, 8);
		}
	cpu = (struct x86_cpu){ .cr0 = CR0_PE | CR0_PG | CR0_WP };
	cpu.cr4 = pae ? CR4_PAE : CR4_PSE;
	mmu = (struct fake_mmu){ .nx = true };
	shadow = shadow_create(gmem, &fake_source, pool, true);
	ck_assert_ptr_nonnull(shadow);
	shadow_set_gate(shadow, gva(GATE), gate_pde);
	if (mark_absent)
		shadow_mark_absent(shadow);
	marked = 0;
	load_cr3();
	for (u32 i = 0; i < OPERATIONS; i++) {
		operation();
		if (i % 256 == 0)
			ck_assert_msg(shadow_check(shadow, &cpu) == 0, "%s", fake_log());
	}
	shadow_get_stats(shadow, &stats);
	ck_assert_uint_le(stats.pages_used, stats.pages_total);
	printf("%s, pool %u: %u granted %u denied %u emulated; fills %u prefetched %u writes %u "
	       "unshadowed %u recycled %u roots %u/%u, %u found absent\n",
	       pae ? "PAE" : "32-bit", pool, granted, denied, emulated, stats.fills,
	       stats.prefetches, stats.traced_writes, stats.unshadowed, stats.recycled,
	       stats.roots_built, stats.roots_reused, marked);
	ck_assert_uint_gt(granted, OPERATIONS / 50);
	ck_assert(!marked == !mark_absent);
	granted = denied = emulated = 0;
	shadow_destroy(shadow);
	for (u32 i = 0; i < 0x900; i++)
		ck_assert(!(gmem_flags(gmem, gpa_of_pfn(i)) & GMEM_TRACED));
	gmem_destroy(gmem);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

START_TEST(shadow_and_guest_tables_agree_32_bit)
{
	run(false, 400, false);
	run(false, 400, true);
}
END_TEST

START_TEST(shadow_and_guest_tables_agree_pae)
{
	run(true, 400, false);
	run(true, 400, true);
}
END_TEST

START_TEST(shadow_and_guest_tables_agree_in_a_tiny_pool)
{
	run(false, 16, false);
	run(false, 16, true);
}
END_TEST

START_TEST(shadow_and_guest_tables_agree_in_a_tiny_pool_pae)
{
	run(true, 16, false);
	run(true, 16, true);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shadow model");
	TCase *tcase = tcase_create("random");
	SRunner *runner = srunner_create(suite);
	const char *given = getenv("SEED");
	int failed;

	seed = given ? (u32)strtoul(given, NULL, 0) : (u32)time(NULL);
	printf("SEED=%u\n", seed);
	fflush(stdout);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, shadow_and_guest_tables_agree_32_bit);
	tcase_add_test(tcase, shadow_and_guest_tables_agree_pae);
	tcase_add_test(tcase, shadow_and_guest_tables_agree_in_a_tiny_pool);
	tcase_add_test(tcase, shadow_and_guest_tables_agree_in_a_tiny_pool_pae);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
