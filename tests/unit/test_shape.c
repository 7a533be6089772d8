/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is remembered of an instruction's shape against the decoder: whatever was remembered, each
 * instruction that is found must be what the decoder says.
 *
 * SEED=n repeats the random run, COUNT=n changes its length.
 */
#include "arch/x86/isa/shape.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct insn_shapes shapes;

static void build(u8 *bytes, u32 map, u32 opcode, u32 modrm)
{
	u32 at = 0;

	for (u32 i = 0; i < INSN_SHAPE_BYTES; i++)
		bytes[i] = (u8)(modrm * 37 + i * 11); /* SIB, displacement, immediate: anything */
	if (map)
		bytes[at++] = 0x0f;
	bytes[at++] = (u8)opcode;
	bytes[at] = (u8)modrm;
}

static bool learn(const u8 *bytes, struct x86_insn *insn)
{
	if (insn_decode(bytes, INSN_MAX_LENGTH, true, insn) != DECODE_OK)
		return false;
	insn_shape_learn(&shapes, bytes, insn);
	return true;
}

/* True if @bytes are of a known shape. */
static bool check(const u8 *bytes, const struct x86_insn *like)
{
	u32 length = insn_shape_length(&shapes, bytes);
	struct x86_insn insn;

	if (!length)
		return false;
	ck_assert_msg(insn_decode(bytes, INSN_MAX_LENGTH, true, &insn) == DECODE_OK && insn.length == length,
		      "%02x %02x %02x %02x: length %u; the decoder says %u", bytes[0], bytes[1],
		      bytes[2], bytes[3], length, insn.length);
	if (like)
		ck_assert_msg(insn.op == like->op && insn.props == like->props,
			      "%02x %02x %02x: %s; remembered %s", bytes[0], bytes[1], bytes[2],
			      insn_op_name(insn.op), insn_op_name(like->op));
	return true;
}

/* Remember each ModRM alone, look at all others. */
static void try_opcode(u32 map, u32 opcode)
{
	u8 bytes[INSN_SHAPE_BYTES];
	struct x86_insn insn;

	for (u32 modrm = 0; modrm < 256; modrm++) {
		memset(&shapes, 0, sizeof(shapes));
		build(bytes, map, opcode, modrm);
		if (!learn(bytes, &insn) || (!insn.has_modrm && modrm % 64))
			continue;
		for (u32 other = 0; other < 256; other++) {
			build(bytes, map, opcode, other);
			check(bytes, &insn);
		}
	}
}

START_TEST(one_instruction_tells_only_of_its_like)
{
	for (u32 opcode = 0; opcode < 256; opcode++)
		try_opcode((u32)_i, opcode);
}
END_TEST

START_TEST(common_instructions_are_remembered)
{
	static const u8 common[][INSN_SHAPE_BYTES] = {
		{ 0x89, 0xd8 }, { 0x8b, 0x44, 0x24, 0x08 }, { 0x50 }, { 0x83, 0xc4, 0x10 },
		{ 0xb8, 1, 2, 3, 4 }, { 0x0f, 0xb6, 0xc0 }, { 0x85, 0xc0 }, { 0xd9, 0x00 },
		{ 0xf7, 0x05, 1, 2, 3, 4, 5, 6, 7, 8 },
	};
	struct x86_insn insn;

	memset(&shapes, 0, sizeof(shapes));
	for (u32 i = 0; i < ARRAY_SIZE(common); i++) {
		ck_assert(learn(common[i], &insn));
		ck_assert_uint_eq(insn_shape_length(&shapes, common[i]), insn.length);
	}
}
END_TEST

START_TEST(random_code_is_as_long_as_the_decoder_says)
{
	const char *text = getenv("SEED"), *length = getenv("COUNT");
	unsigned seed = text ? (unsigned)strtoul(text, NULL, 0) : (unsigned)time(NULL);
	u32 count = length ? (u32)strtoul(length, NULL, 0) : 1000000, known = 0;
	u8 bytes[INSN_SHAPE_BYTES];
	struct x86_insn insn;

	printf("SEED=%u\n", seed);
	srand(seed);
	memset(&shapes, 0, sizeof(shapes));
	for (u32 n = 0; n < count; n++) {
		for (u32 i = 0; i < sizeof(bytes); i++)
			bytes[i] = (u8)(rand() >> 7);
		if (n % 4 == 0)
			bytes[0] = 0x0f;
		if (check(bytes, NULL))
			known++;
		else
			learn(bytes, &insn);
	}
	ck_assert_uint_gt(known, count / 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shape");
	TCase *tests = tcase_create("shape");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, one_instruction_tells_only_of_its_like, 0, 2);
	tcase_add_test(tests, common_instructions_are_remembered);
	tcase_add_test(tests, random_code_is_as_long_as_the_decoder_says);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
