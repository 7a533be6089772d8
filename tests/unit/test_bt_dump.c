/* SPDX-License-Identifier: GPL-2.0 */
/*
 * arch/x86/bt/bt_dump.c: what the inspector shows of blocks; and the knobs that decide how much is in one.
 * The translator works on the rig's memory, without a CPU that would run its code.
 */
#include "tests/unit/vcpu_rig.h"

#include <stdio.h>

#include "arch/x86/bt/bt.h"

#define CACHE_LINEAR 0xfe400000u
#define SHARED_LINEAR 0xfe800000u

static u8 *cache;
static struct bt *bt;
static char shown[65536];
static size_t shown_length;

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

static void start(struct bt_knobs knobs)
{
	struct bt_config config = { .gmem = rig.gmem, .cache = cache, .cache_linear = CACHE_LINEAR,
				    .shared_linear = SHARED_LINEAR, .if_linear = SHARED_LINEAR + 0x1000,
				    .supports = supports, .protect = protect, .knobs = knobs };
	struct bt_mode mode = { .cs = SEL_CODE0 };

	bt_destroy(bt);
	bt = bt_create(&config);
	ck_assert_ptr_nonnull(bt);
	bt_set_mode(bt, &mode);
}

static void setup(void)
{
	rig_setup();
	cache = aligned_alloc(PAGE_SIZE, BT_CACHE_BYTES);
	bt = NULL;
	start((struct bt_knobs){ 0 });
}

static void teardown(void)
{
	bt_destroy(bt);
	free(cache);
	rig_teardown();
}

static void take_line(void *opaque, const char *text)
{
	(void)opaque;
	shown_length += (size_t)snprintf(shown + shown_length, sizeof(shown) - shown_length, "%s\n", text);
	ck_assert_uint_lt(shown_length, sizeof(shown));
}

static const char *dump(u32 eip)
{
	shown_length = 0;
	bt_dump(bt, eip, take_line, NULL);
	return shown;
}

static u32 enter(u32 eip, enum bt_exit after)
{
	rig.cpu->eip = eip;
	return bt_enter(bt, rig.cpu, after);
}

/* There is a line with both. */
static void want(const char *left, const char *right)
{
	for (const char *line = shown; *line; line = strchr(line, '\n') + 1) {
		char copy[256];

		snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(line, "\n"), line);
		if (strstr(copy, left) && strstr(copy, right))
			return;
	}
	ck_abort_msg("no line with '%s' and '%s' in\n%s", left, right, shown);
}

START_TEST(copied_code_stands_beside_its_copy)
{
	char expected[400];
	u32 place;

	rig_code(RIG_CODE, 0x55, 0x89, 0xe5, 0x0f, 0x31, 0xeb, 0xf9); /* push; mov; rdtsc; jmp RIG_CODE */
	place = enter(RIG_CODE, BT_EXIT_NONE);
	snprintf(expected, sizeof(expected),
		 "block of 00010000: 7 bytes of guest code, 12 translated at %08x\n"
		 "00010000 push ebp                           | %08x push ebp\n"
		 "00010001 mov ebp, esp                       | %08x mov ebp, esp\n",
		 place, place, place + 1);
	ck_assert_msg(strncmp(dump(RIG_CODE), expected, strlen(expected)) == 0, "%s", shown);
	want("00010003 rdtsc", "| ");
	want("00010005 jmp 0x00010000", "jmp 0x");
	want("to 00010000, linked", "jmp");
	want("  exit: branch  to 00010000", "int 0x");
}
END_TEST

START_TEST(a_callout_says_so)
{
	rig_code(RIG_CODE, 0xf4, 0xeb, 0xfe);
	enter(RIG_CODE, BT_EXIT_NONE);
	dump(RIG_CODE);
	want("00010000 hlt", "exit: interpreted");
}
END_TEST

START_TEST(any_address_of_a_block_or_its_translation_will_do)
{
	char first[sizeof(shown)];
	u32 place;

	rig_code(RIG_CODE, 0x90, 0x31, 0xc0, 0xeb, 0xfe);
	place = enter(RIG_CODE, BT_EXIT_NONE);
	strcpy(first, dump(RIG_CODE));
	ck_assert_str_eq(dump(RIG_CODE + 2), first);
	ck_assert_str_eq(dump(place + 3), first);
	/* One that begins there comes first. */
	enter(RIG_CODE + 1, BT_EXIT_LINK);
	ck_assert_ptr_nonnull(strstr(dump(RIG_CODE + 1), "block of 00010001: 4 bytes"));
	ck_assert_str_eq(dump(RIG_CODE + 5), "no translation of 00010005\n");
	ck_assert_str_eq(dump(CACHE_LINEAR), "no translation of fe400000\n");
	ck_assert_str_eq(dump(CACHE_LINEAR - 1), "no translation of fe3fffff\n");
}
END_TEST

START_TEST(a_dropped_block_is_found_by_its_place_only)
{
	u32 place;

	rig_code(RIG_CODE, 0x90, 0xeb, 0xfe);
	place = enter(RIG_CODE, BT_EXIT_NONE);
	rig_code(RIG_CODE, 0x91);
	ck_assert_str_eq(dump(RIG_CODE), "no translation of 00010000\n");
	ck_assert_int_eq(strncmp(dump(place), "dropped block of 00010000", 25), 0);
}
END_TEST

START_TEST(code_over_two_pages_is_shown_whole)
{
	u32 at = RIG_CODE + PAGE_SIZE - 2;

	rig_code(at, 0xb8, 0x78, 0x56, 0x34, 0x12, 0xeb, 0xfe);
	rig_map(RIG_CODE + PAGE_SIZE, (RIG_CODE + 5 * PAGE_SIZE) | 3);
	rig_code(RIG_CODE + 5 * PAGE_SIZE, 0xcd, 0xab, 0x12, 0x90, 0xeb, 0xfe);
	enter(at, BT_EXIT_NONE);
	dump(at);
	want("00010ffe mov eax, 0x12ABCD78", "mov eax, 0x12ABCD78");
	want("00011003 nop", "nop");
}
END_TEST

/* Every kind of sequence, at random: each line is bounded, all guest instructions are there. */
START_TEST(every_opcode_can_be_dumped)
{
	u32 seed = getenv("SEED") ? (u32)atoi(getenv("SEED")) : 1;

	fprintf(stderr, "test_bt_dump: SEED=%u\n", seed);
	srand(seed);
	for (u32 opcode = 0; opcode < 512; opcode++) {
		u8 code[64];

		for (u32 i = 0; i < sizeof(code); i++)
			code[i] = (u8)rand();
		code[0] = opcode & 256 ? 0x0f : (u8)opcode;
		code[1] = opcode & 256 ? (u8)opcode : code[1];
		rig_put(RIG_CODE, code, sizeof(code));
		if (!enter(RIG_CODE, opcode & 1 ? BT_EXIT_MISS : BT_EXIT_NONE))
			bt_flush(bt); /* the page has changed too often */
		else
			ck_assert_int_eq(strncmp(dump(RIG_CODE), "block of 00010000", 17), 0);
		for (const char *line = shown; *line; line = strchr(line, '\n') + 1)
			ck_assert_uint_lt(strcspn(line, "\n"), 200);
	}
}
END_TEST

START_TEST(knobs_bound_blocks_and_cache)
{
	struct bt_stats stats;

	for (u32 i = 0; i < 4096; i++)
		rig_code(RIG_CODE + i, 0x90);
	start((struct bt_knobs){ .max_insns = 1 });
	enter(RIG_CODE, BT_EXIT_NONE);
	ck_assert_uint_eq(bt_block_length(bt, RIG_CODE), 1);
	start((struct bt_knobs){ .max_insns = 1000 });
	enter(RIG_CODE, BT_EXIT_NONE);
	ck_assert_uint_eq(bt_block_length(bt, RIG_CODE), 32);
	start((struct bt_knobs){ .max_insns = 1, .cache_bytes = 1 });
	for (u32 i = 0; i < 4096; i++)
		ck_assert_uint_ne(enter(RIG_CODE + i, BT_EXIT_LINK), 0);
	bt_get_stats(bt, &stats);
	ck_assert_uint_ge(stats.flushes, 2);
}
END_TEST

START_TEST(without_chaining_nothing_is_linked_nor_in_the_tables)
{
	struct bt_stats stats;
	const u32 *table = (const u32 *)cache;

	rig_code(RIG_CODE, 0x90, 0xeb, 0xfd); /* nop; jmp to the nop */
	enter(RIG_CODE, BT_EXIT_MISS);
	ck_assert_uint_ne(table[RIG_CODE & 0xffff], table[1]);
	start((struct bt_knobs){ .no_chain = true });
	enter(RIG_CODE, BT_EXIT_MISS);
	bt_enter_indirect(bt, RIG_CODE);
	enter(RIG_CODE + 1, BT_EXIT_LINK);
	bt_get_stats(bt, &stats);
	ck_assert_uint_eq(stats.chained, 0);
	ck_assert_uint_eq(table[RIG_CODE & 0xffff], table[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bt_dump");
	TCase *tcase = tcase_create("bt_dump");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, copied_code_stands_beside_its_copy);
	tcase_add_test(tcase, a_callout_says_so);
	tcase_add_test(tcase, any_address_of_a_block_or_its_translation_will_do);
	tcase_add_test(tcase, a_dropped_block_is_found_by_its_place_only);
	tcase_add_test(tcase, code_over_two_pages_is_shown_whole);
	tcase_add_test(tcase, every_opcode_can_be_dumped);
	tcase_add_test(tcase, knobs_bound_blocks_and_cache);
	tcase_add_test(tcase, without_chaining_nothing_is_linked_nor_in_the_tables);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
