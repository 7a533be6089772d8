/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The store of translations: what leads to a block, and that nothing does once it is dropped; the state at
 * places of the cache that are hard to meet by running.  No CPU runs the code.
 */
#include "tests/unit/vcpu_rig.h"

#include "arch/x86/bt/bt.h"

#define CACHE_LINEAR 0xfe400000u
#define SHARED_LINEAR 0xfe800000u
#define HASH_ENTRIES 0x4000u /* of the table that the slow routine probes */

static u8 *cache;
static struct bt *bt;

static bool supports(void *opaque, const struct x86_insn *insn)
{
	(void)opaque;
	(void)insn;
	return true;
}

static void protect(void *opaque, gpa_t address)
{
	(void)opaque;
	(void)address;
}

static void setup(void)
{
	struct bt_mode mode = { .cs = SEL_CODE0 };

	rig_setup();
	cache = aligned_alloc(PAGE_SIZE, BT_CACHE_BYTES);
	bt = bt_create(&(struct bt_config){ .gmem = rig.gmem, .cache = cache,
					    .cache_linear = CACHE_LINEAR,
					    .shared_linear = SHARED_LINEAR,
					    .if_linear = SHARED_LINEAR + 0x1000,
					    .supports = supports, .protect = protect });
	ck_assert_ptr_nonnull(bt);
	bt_set_mode(bt, &mode);
}

static void teardown(void)
{
	bt_destroy(bt);
	free(cache);
	rig_teardown();
}

static u32 enter(u32 eip, enum bt_exit after)
{
	rig.cpu->eip = eip;
	return bt_enter(bt, rig.cpu, after);
}

static u32 branch_entry(u32 eip)
{
	return ((const u32 *)cache)[eip & 0xffff];
}

/* Where all entries of the branch table lead at first: to the slow routine, behind the hash table. */
static u32 routine_offset(void)
{
	return branch_entry(0) - CACHE_LINEAR;
}

/* Debian's kernel had its slow routine overwritten. */
START_TEST(probes_at_the_end_of_the_hash_table_stay_in_it)
{
	u8 before[64];
	u32 entered = 0;

	memcpy(before, cache + routine_offset(), sizeof(before));
	for (u32 eip = 0x10000; eip < 0x70000; eip++) {
		if ((eip ^ eip >> 12) % HASH_ENTRIES < HASH_ENTRIES - 4)
			continue;
		ck_assert_uint_ne(enter(eip, BT_EXIT_MISS), 0);
		entered++;
	}
	ck_assert_uint_gt(entered, 16);
	ck_assert_mem_eq(before, cache + routine_offset(), sizeof(before));
}
END_TEST

struct entry {
	u32 eip, target;
};

static const struct entry *hash_table(void)
{
	return (const struct entry *)(cache + 0x40000);
}

/* None that is free has an EIP whose four probes come by. */
static void check_free_entries(void)
{
	const struct entry *entry = hash_table();

	for (u32 i = 0; i < HASH_ENTRIES + 4; i++)
		if (!entry[i].target)
			ck_assert_uint_ge(i - (entry[i].eip ^ entry[i].eip >> 12) % HASH_ENTRIES,
					  4);
}

/* A kernel that called a null pointer went to linear address 0, in ring 1, untranslated. */
START_TEST(a_free_entry_of_the_hash_table_is_no_target)
{
	check_free_entries();
	rig_code(RIG_CODE, 0x90, 0xc3);
	enter(RIG_CODE, BT_EXIT_MISS);
	gmem_write(rig.gmem, gpa(RIG_CODE), "\x90", 1); /* dropped */
	check_free_entries();
	rig_map(0, 3);
	rig_code(0, 0x90, 0xc3);
	ck_assert_uint_ne(enter(0, BT_EXIT_MISS), 0);
	ck_assert_uint_ne(hash_table()[0].target, 0);
	gmem_write(rig.gmem, gpa(0), "\x90", 1);
	ck_assert_uint_eq(hash_table()[0].target, 0);
	check_free_entries();
}
END_TEST

START_TEST(nothing_leads_to_a_dropped_block)
{
	u32 routine = branch_entry(RIG_CODE);

	rig_code(RIG_CODE, 0x90, 0xc3);
	ck_assert_uint_ne(enter(RIG_CODE, BT_EXIT_MISS), 0);
	ck_assert_uint_ne(branch_entry(RIG_CODE), routine);
	ck_assert_uint_eq(bt_block_length(bt, RIG_CODE), 2);
	ck_assert_uint_eq(gmem_flags(rig.gmem, gpa(RIG_CODE)), GMEM_CODE);
	gmem_write(rig.gmem, gpa(RIG_CODE + 1), "\x90", 1);
	ck_assert_uint_eq(branch_entry(RIG_CODE), routine);
	ck_assert_uint_eq(bt_block_length(bt, RIG_CODE), 0);
	ck_assert_uint_eq(gmem_flags(rig.gmem, gpa(RIG_CODE)), 0);
}
END_TEST

START_TEST(a_write_beside_the_code_drops_nothing)
{
	rig_code(RIG_CODE, 0x90, 0xc3);
	enter(RIG_CODE, BT_EXIT_NONE);
	gmem_write(rig.gmem, gpa(RIG_CODE + 2), "\x90", 1);
	ck_assert_uint_eq(bt_block_length(bt, RIG_CODE), 2);
}
END_TEST

/* At every byte of the slow routine the guest has EAX, ECX, EDX either in registers or in the slots. */
START_TEST(the_slow_routine_loses_no_register_to_an_interrupt)
{
	const struct shared_page shared = { .bt_spill = { 1, 2, 3 }, .bt_eip = 0x1234 };
	u32 end = enter(RIG_CODE, BT_EXIT_NONE) - CACHE_LINEAR; /* the first block is next */
	bool seen_spilled = false;

	for (u32 at = routine_offset(); at < end; at++) {
		struct bt_recovery recovery;
		struct x86_cpu cpu = { .eflags = EFLAGS_FIXED };

		ck_assert(bt_recover(bt, CACHE_LINEAR + at, &shared, &cpu, &recovery));
		ck_assert_uint_eq(cpu.eip, 0x1234);
		/* LAHF and SETO change EAX: from there on it must come from its slot. */
		if (cache[at] == 0x9f && !seen_spilled)
			seen_spilled = true;
		if (cache[at] == 0x0f && cache[at + 1] == 0x90)
			ck_assert_uint_eq(cpu.gpr[REG_EAX], 1);
	}
	ck_assert(seen_spilled);
}
END_TEST

/* A kernel turns SYSENTER off for a task in V86 mode, at each switch to it, and on behind it. */
START_TEST(sysenter_off_and_on_drops_sysexits_only)
{
	struct bt_mode mode = { .cs = SEL_CODE0, .sysexit_cs = 0x1b };
	const u32 other = RIG_CODE + 0x100;

	bt_set_mode(bt, &mode);
	rig_code(RIG_CODE, 0x90, 0x0f, 0x35);
	rig_code(other, 0x90, 0xc3);
	for (u32 i = 0; i < 4; i++) {
		u32 flushes = bt_flushes(bt), place = enter(other, BT_EXIT_NONE);

		ck_assert_uint_ne(enter(RIG_CODE, BT_EXIT_NONE), 0);
		mode.sysexit_cs ^= 0x1b;
		bt_set_mode(bt, &mode);
		ck_assert_uint_eq(bt_flushes(bt), flushes);
		ck_assert_uint_eq(bt_block_length(bt, RIG_CODE), 0);
		ck_assert_uint_eq(enter(other, BT_EXIT_NONE), place);
	}
}
END_TEST

/* More of them than are remembered one by one. */
START_TEST(many_sysexits_are_dropped_all)
{
	struct bt_mode mode = { .cs = SEL_CODE0, .sysexit_cs = 0x1b };

	bt_set_mode(bt, &mode);
	for (u32 i = 0; i < 100; i++) {
		rig_code(RIG_CODE + 16 * i, 0x90, 0x0f, 0x35);
		ck_assert_uint_ne(enter(RIG_CODE + 16 * i, BT_EXIT_NONE), 0);
	}
	mode.sysexit_cs = 0;
	bt_set_mode(bt, &mode);
	for (u32 i = 0; i < 100; i++)
		ck_assert_uint_eq(bt_block_length(bt, RIG_CODE + 16 * i), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bt_cache");
	TCase *tcase = tcase_create("bt_cache");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, probes_at_the_end_of_the_hash_table_stay_in_it);
	tcase_add_test(tcase, a_free_entry_of_the_hash_table_is_no_target);
	tcase_add_test(tcase, nothing_leads_to_a_dropped_block);
	tcase_add_test(tcase, a_write_beside_the_code_drops_nothing);
	tcase_add_test(tcase, the_slow_routine_loses_no_register_to_an_interrupt);
	tcase_add_test(tcase, sysenter_off_and_on_drops_sysexits_only);
	tcase_add_test(tcase, many_sysexits_are_dropped_all);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
