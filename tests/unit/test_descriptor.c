/* SPDX-License-Identifier: GPL-2.0 */
/* Descriptors: known ones from Linux' GDT and from the manual's pictures, and there and back. */
#include "arch/x86/isa/descriptor.h"

#include <check.h>
#include <stdlib.h>

START_TEST(flat_code_unpacks)
{
	struct x86_segment segment = descriptor_segment(0x00cf9a000000ffff, 0x60);

	ck_assert_uint_eq(segment.selector, 0x60);
	ck_assert_uint_eq(segment.base, 0);
	ck_assert_uint_eq(segment.limit, 0xffffffff);
	ck_assert_uint_eq(segment.attr, 0xc09a);
	ck_assert(attr_is_code(segment.attr) && attr_is_readable(segment.attr));
	ck_assert(!attr_is_writable(segment.attr) && !attr_is_conforming(segment.attr));
	ck_assert_uint_eq(attr_dpl(segment.attr), 0);
}
END_TEST

START_TEST(every_field_has_its_bits)
{
	/* Base 0x12345678, limit 0xabcde, G D/B L AVL 0101, P DPL 3 data. */
	u64 raw = 0x125af2345678bcdeull;
	struct x86_segment segment = descriptor_segment(raw, 0);

	ck_assert_uint_eq(segment.base, 0x12345678);
	ck_assert_uint_eq(segment.limit, 0xabcde);
	ck_assert_uint_eq(segment.attr, 0x50f2);
	ck_assert_uint_eq(attr_dpl(segment.attr), 3);
	ck_assert(segment.attr & SEG_P);
	ck_assert(segment.attr & SEG_DB);
	ck_assert(!(segment.attr & SEG_G));
	ck_assert(segment.attr & SEG_AVL);
	ck_assert(attr_is_data(segment.attr) && attr_is_writable(segment.attr));
	ck_assert(descriptor_build(&segment) == raw);
}
END_TEST

START_TEST(any_descriptor_survives_there_and_back)
{
	u64 raw = 1;

	for (u32 i = 0; i < 100000; i++) {
		struct x86_segment segment;

		raw = raw * 6364136223846793005ull + 1442695040888963407ull;
		segment = descriptor_segment(raw, (u16)i);
		ck_assert(descriptor_can_hold(&segment));
		ck_assert(descriptor_build(&segment) == raw);
		ck_assert_uint_eq(segment.attr & 0x0f00, 0);
	}
}
END_TEST

START_TEST(limit_is_never_rounded_up)
{
	struct x86_segment segment = { .attr = SEG_G | SEG_P | SEG_S, .limit = 0x12345 };

	ck_assert(!descriptor_can_hold(&segment));
	ck_assert_uint_eq(descriptor_limit(descriptor_build(&segment)), 0x11fff);
	segment.limit = 0x12fff;
	ck_assert(descriptor_can_hold(&segment));
	ck_assert_uint_eq(descriptor_limit(descriptor_build(&segment)), 0x12fff);
	segment.attr ^= SEG_G;
	segment.limit = 0xfffff;
	ck_assert(descriptor_can_hold(&segment));
	segment.limit = 0x100000;
	ck_assert(!descriptor_can_hold(&segment));
}
END_TEST

START_TEST(gates_unpack_and_pack)
{
	struct x86_gate gate = descriptor_gate(0xc0128e0000601234ull);

	ck_assert_uint_eq(gate.selector, 0x60);
	ck_assert_uint_eq(gate.offset, 0xc0121234);
	ck_assert_uint_eq(gate.attr, 0x8e);
	ck_assert_uint_eq(attr_type(gate.attr), DESCRIPTOR_INTERRUPT_GATE32);
	ck_assert(descriptor_build_gate(&gate) == 0xc0128e0000601234ull);

	gate = descriptor_gate(0xffffec1f00085678ull);
	ck_assert_uint_eq(attr_type(gate.attr), DESCRIPTOR_CALL_GATE32);
	ck_assert_uint_eq(attr_dpl(gate.attr), 3);
	ck_assert_uint_eq(gate.parameters, 31);
	ck_assert(descriptor_build_gate(&gate) == 0xffffec1f00085678ull);
}
END_TEST

START_TEST(sixteen_bit_gates_ignore_the_upper_offset)
{
	struct x86_gate gate = descriptor_gate(0xabcd860000101234ull);

	ck_assert_uint_eq(attr_type(gate.attr), DESCRIPTOR_INTERRUPT_GATE16);
	ck_assert_uint_eq(gate.offset, 0x1234);
}
END_TEST

START_TEST(tss_types_are_told_apart)
{
	ck_assert(attr_is_tss(SEG_P | DESCRIPTOR_TSS32, false));
	ck_assert(attr_is_tss(SEG_P | DESCRIPTOR_TSS16, false));
	ck_assert(attr_is_tss(SEG_P | DESCRIPTOR_TSS32_BUSY, true));
	ck_assert(!attr_is_tss(SEG_P | DESCRIPTOR_TSS32_BUSY, false));
	ck_assert(!attr_is_tss(SEG_P | DESCRIPTOR_LDT, false));
	ck_assert(!attr_is_tss(SEG_P | SEG_S | DESCRIPTOR_TSS32, false));
	ck_assert(attr_is_system(DESCRIPTOR_LDT));
}
END_TEST

START_TEST(limit_check_knows_the_last_byte)
{
	struct x86_segment segment = { .attr = SEG_P | SEG_S | SEG_TYPE_WRITABLE, .limit = 0xfff };

	ck_assert(segment_limit_holds(&segment, 0xffc, 4));
	ck_assert(!segment_limit_holds(&segment, 0xffd, 4));
	ck_assert(segment_limit_holds(&segment, 0xfff, 1));
	segment.limit = 0xffffffff;
	ck_assert(segment_limit_holds(&segment, 0xfffffffc, 4));
	ck_assert(!segment_limit_holds(&segment, 0xfffffffd, 4));
}
END_TEST

START_TEST(expand_down_is_valid_above_the_limit)
{
	struct x86_segment segment = {
		.attr = SEG_P | SEG_S | SEG_TYPE_WRITABLE | SEG_TYPE_EXPAND_DOWN, .limit = 0xfff,
	};

	ck_assert(!segment_limit_holds(&segment, 0xfff, 1));
	ck_assert(segment_limit_holds(&segment, 0x1000, 1));
	ck_assert(segment_limit_holds(&segment, 0xfffc, 4));
	ck_assert(!segment_limit_holds(&segment, 0xfffd, 4));
	segment.attr |= SEG_DB;
	ck_assert(segment_limit_holds(&segment, 0xfffd, 4));
	ck_assert(segment_limit_holds(&segment, 0xfffffffc, 4));
}
END_TEST

START_TEST(reset_state_is_the_manuals)
{
	static struct x86_cpu cpu;

	cpu.gpr[REG_EBX] = 1;
	x86_cpu_reset(&cpu);
	ck_assert_uint_eq(cpu.seg[SREG_CS].base + cpu.eip, 0xfffffff0);
	ck_assert_uint_eq(cpu.seg[SREG_CS].selector, 0xf000);
	ck_assert(attr_is_code(cpu.seg[SREG_CS].attr));
	ck_assert(attr_is_writable(cpu.seg[SREG_SS].attr));
	ck_assert_uint_eq(cpu.cr0, 0x60000010);
	ck_assert_uint_eq(cpu.eflags, 2);
	ck_assert_uint_eq(cpu.dr[6], 0xffff0ff0);
	ck_assert_uint_eq(cpu.dr[7], 0x400);
	ck_assert_uint_eq(cpu.idtr.limit, 0xffff);
	ck_assert_uint_eq(cpu.gpr[REG_EBX], 0);
	ck_assert_uint_eq(cpu.activity, CPU_RUNNING);
	ck_assert_uint_eq(cpu.fpu[24] | cpu.fpu[25] << 8, 0x1f80);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("descriptor");
	TCase *tests = tcase_create("descriptor");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, flat_code_unpacks);
	tcase_add_test(tests, every_field_has_its_bits);
	tcase_add_test(tests, any_descriptor_survives_there_and_back);
	tcase_add_test(tests, limit_is_never_rounded_up);
	tcase_add_test(tests, gates_unpack_and_pack);
	tcase_add_test(tests, sixteen_bit_gates_ignore_the_upper_offset);
	tcase_add_test(tests, tss_types_are_told_apart);
	tcase_add_test(tests, limit_check_knows_the_last_byte);
	tcase_add_test(tests, expand_down_is_valid_above_the_limit);
	tcase_add_test(tests, reset_state_is_the_manuals);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
