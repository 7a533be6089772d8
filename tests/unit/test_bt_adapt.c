/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instructions that keep faulting become call-outs where they stand, and are put back when they need not be.
 * No CPU runs the code: the test says where an exit came from.
 */
#include "tests/unit/vcpu_rig.h"

#include "arch/x86/bt/bt.h"

#define CACHE_LINEAR 0xfe400000u
#define SHARED_LINEAR 0xfe800000u
#define TRAPS 8u

static u8 *cache;
static struct bt *bt;
static struct bt_recovery recovery;

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

/* Translate what is at RIG_CODE; where it is in the cache. */
static u32 enter(void)
{
	rig.cpu->eip = RIG_CODE;
	return bt_enter(bt, rig.cpu, BT_EXIT_NONE);
}

/* An exit at @place: the guest is at RIG_CODE + @at. */
static void leave(u32 place, u32 at)
{
	static const struct shared_page shared;

	ck_assert(bt_recover(bt, place, &shared, rig.cpu, &recovery));
	ck_assert_uint_eq(recovery.exit, BT_EXIT_NONE);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE + at);
}

static void trap(u32 place, u32 at, u32 times)
{
	for (u32 i = 0; i < times; i++) {
		leave(place, at);
		bt_trapped(bt);
	}
}

static bool is_int(u32 place)
{
	return cache[place - CACHE_LINEAR] == 0xcd && cache[place - CACHE_LINEAR + 1] == VECTOR_BT;
}

/* NOP; MOV [EAX], EDX; INC ECX; RET */
static u32 enter_mov(void)
{
	rig_code(RIG_CODE, 0x90, 0x89, 0x10, 0x41, 0xc3);
	return enter();
}

START_TEST(what_faults_again_and_again_becomes_a_call_out)
{
	u32 place = enter_mov();
	struct bt_stats stats;

	trap(place + 1, 1, TRAPS - 1);
	ck_assert(!is_int(place + 1));
	ck_assert(!bt_is_adapted(bt));
	trap(place + 1, 1, 1);
	ck_assert(is_int(place + 1));
	leave(place + 1, 1);
	ck_assert(bt_is_adapted(bt));
	bt_get_stats(bt, &stats);
	ck_assert_uint_eq(stats.adapted, 1);
	/* And the guest goes on behind it in the same block, or at it. */
	rig.cpu->eip = RIG_CODE + 3;
	ck_assert_uint_eq(bt_enter(bt, rig.cpu, BT_EXIT_NONE), place + 3);
	leave(place + 1, 1);
	ck_assert_uint_eq(bt_enter(bt, rig.cpu, BT_EXIT_NONE), place + 1);
	leave(place + 3, 3);
	ck_assert(!bt_is_adapted(bt));
}
END_TEST

/* Put it back by two misses in a row. */
static void miss_twice(u32 place)
{
	for (u32 i = 0; i < 2; i++) {
		ck_assert(is_int(place + 1));
		leave(place + 1, 1);
		bt_adapted(bt, false);
	}
}

START_TEST(what_need_not_be_one_is_put_back_and_has_to_fault_more_often)
{
	u32 place = enter_mov();

	trap(place + 1, 1, TRAPS);
	leave(place + 1, 1);
	bt_adapted(bt, false);
	leave(place + 1, 1);
	bt_adapted(bt, true); /* it had to be */
	miss_twice(place);
	ck_assert_uint_eq(cache[place + 1 - CACHE_LINEAR], 0x89);
	ck_assert_uint_eq(cache[place + 2 - CACHE_LINEAR], 0x10);
	trap(place + 1, 1, 2 * TRAPS - 1);
	ck_assert(!is_int(place + 1));
	trap(place + 1, 1, 1);
	miss_twice(place);
	ck_assert_uint_eq(cache[place + 1 - CACHE_LINEAR], 0x89);
}
END_TEST

START_TEST(what_has_no_room_or_repeats_stays_as_it_is)
{
	u32 place;

	rig_code(RIG_CODE, 0x57, 0xf3, 0xab, 0x66, 0xa5, 0xc3); /* PUSH EDI; REP STOSD; MOVSW */
	place = enter();
	trap(place, 0, 4 * TRAPS);
	trap(place + 1, 1, 4 * TRAPS);
	trap(place + 3, 3, 4 * TRAPS);
	ck_assert_mem_eq(cache + place - CACHE_LINEAR, "\x57\xf3\xab\x66\xa5", 5);
}
END_TEST

START_TEST(a_flush_in_between_is_survived)
{
	u32 place = enter_mov();

	trap(place + 1, 1, TRAPS);
	leave(place + 1, 1);
	bt_flush(bt);
	ck_assert(!bt_is_adapted(bt));
	bt_adapted(bt, false);
	bt_trapped(bt);
	place = enter_mov();
	ck_assert(!is_int(place + 1));
	leave(place + 1, 1);
	ck_assert(!bt_is_adapted(bt));
}
END_TEST

START_TEST(a_block_that_is_dropped_is_made_anew)
{
	u32 place = enter_mov(), again;

	trap(place + 1, 1, TRAPS);
	leave(place + 1, 1);
	gmem_write(rig.gmem, gpa(RIG_CODE + 1), "\x01", 1); /* ADD [EAX], EDX */
	bt_adapted(bt, true);
	again = enter();
	ck_assert_uint_ne(again, place);
	ck_assert_uint_eq(cache[again + 1 - CACHE_LINEAR], 0x01);
	leave(again + 1, 1);
	ck_assert(!bt_is_adapted(bt));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bt_adapt");
	TCase *tcase = tcase_create("bt_adapt");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_faults_again_and_again_becomes_a_call_out);
	tcase_add_test(tcase, what_need_not_be_one_is_put_back_and_has_to_fault_more_often);
	tcase_add_test(tcase, what_has_no_room_or_repeats_stays_as_it_is);
	tcase_add_test(tcase, a_flush_in_between_is_survived);
	tcase_add_test(tcase, a_block_that_is_dropped_is_made_anew);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
