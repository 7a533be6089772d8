/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segment loads, far transfers, call gates, the questions LAR to ARPL, and hardware task switches in
 * the interpreter, with the faults each can have.
 */
#include "tests/unit/interp_rig.h"

#define TARGET 0x5000u
#define MOV_DS_EAX 0x8e, 0xd8
#define MOV_SS_EAX 0x8e, 0xd0

static void load_faults(u8 vector, u32 error, u16 selector)
{
	rig->cpu.gpr[REG_EAX] = selector;
	FAULTS_CODE(vector, error, MOV_DS_EAX);
}
static void load_ss_faults(u8 vector, u32 error, u16 selector)
{
	rig->cpu.gpr[REG_EAX] = selector;
	FAULTS_CODE(vector, error, MOV_SS_EAX);
}

/* ---- MOV to a segment register ------------------------------------------------------------------- */
START_TEST(data_segments_are_checked_when_loaded)
{
	load_faults(EXCP_GP, 0x300, 0x300); /* beyond the GDT */
	load_faults(EXCP_GP, 0x30c, 0x30c); /* no LDT */
	load_faults(EXCP_GP, SEL_TSS, SEL_TSS);
	rig_descriptor(SEL_FREE, 0, 0xfff, ATTR_CODE32(0u) & ~SEG_TYPE_READABLE);
	load_faults(EXCP_GP, SEL_FREE, SEL_FREE);
	rig_descriptor(SEL_FREE, 0, 0xfff, ATTR_DATA32(0u) & ~SEG_P);
	load_faults(EXCP_NP, SEL_FREE, SEL_FREE);
	load_faults(EXCP_GP, SEL_DATA0, SEL_DATA0 | 3); /* RPL > DPL */
	rig_ring(3);
	load_faults(EXCP_GP, SEL_DATA0, SEL_DATA0); /* CPL > DPL */
	rig_descriptor(SEL_FREE, 0, 0xfff, ATTR_CODE32(0u) | SEG_TYPE_CONFORMING);
	rig->cpu.gpr[REG_EAX] = SEL_FREE | 3;
	STEP(MOV_DS_EAX); /* conforming code at any level */
	rig->cpu.gpr[REG_EAX] = 3;
	STEP(MOV_DS_EAX); /* null */
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].attr, 0);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].selector, 3);
}
END_TEST

START_TEST(ss_wants_a_writable_segment_of_exactly_its_level)
{
	load_ss_faults(EXCP_GP, 0, 0);
	load_ss_faults(EXCP_GP, SEL_DATA3 & ~3, SEL_DATA3);
	load_ss_faults(EXCP_GP, SEL_DATA0, SEL_DATA0 | 1);
	load_ss_faults(EXCP_GP, SEL_CODE0, SEL_CODE0);
	rig_descriptor(SEL_FREE, 0, 0xfff, ATTR_DATA32(0u) & ~SEG_TYPE_WRITABLE);
	load_ss_faults(EXCP_GP, SEL_FREE, SEL_FREE);
	rig_descriptor(SEL_FREE, 0, 0xfff, ATTR_DATA32(0u) & ~SEG_P);
	load_ss_faults(EXCP_SS, SEL_FREE, SEL_FREE);
	ck_assert_uint_eq(rig->cpu.seg[SREG_SS].selector, SEL_DATA0);
}
END_TEST

START_TEST(the_accessed_bit_is_set_in_memory)
{
	rig_descriptor(SEL_FREE, 0x12345678, 0xfffff, ATTR_DATA32(0u) & ~SEG_TYPE_ACCESSED);
	rig->cpu.gpr[REG_EAX] = SEL_FREE;
	STEP(MOV_DS_EAX);
	ck_assert_uint_eq(rig->ram[RIG_GDT + SEL_FREE + 5] & 1, 1);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].base, 0x12345678);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].limit, 0xfffff);
}
END_TEST

START_TEST(the_ldt_serves_selectors_with_ti)
{
	struct x86_segment seg = { 0, ATTR_DATA32(0u), 0x777000, 0xfff };
	u64 raw = descriptor_build(&seg);

	rig_descriptor(SEL_FREE, 0x6000, 15, SEG_P | DESCRIPTOR_LDT);
	rig_write(0x6008, &raw, 8);
	rig->cpu.gpr[REG_EAX] = SEL_FREE;
	STEP(0x0f, 0x00, 0xd0); /* lldt ax */
	load_faults(EXCP_GP, 0x14, 0x14); /* beyond its limit */
	rig->cpu.gpr[REG_EAX] = 0xc;
	STEP(MOV_DS_EAX);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].base, 0x777000);
	rig->cpu.gpr[REG_EAX] = 0;
	STEP(0x0f, 0x00, 0xd0);
	rig->cpu.gpr[REG_EAX] = SEL_DATA0;
	FAULTS_CODE(EXCP_GP, SEL_DATA0, 0x0f, 0x00, 0xd0);
}
END_TEST

START_TEST(lds_loads_both_or_nothing)
{
	rig_write32(0x20000, 0x11223344);
	rig_write32(0x20004, SEL_DATA3);
	STEP(0xc5, 0x1d, LE32(0x20000));
	ck_assert_uint_eq(rig->cpu.gpr[REG_EBX], 0x11223344);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].selector, SEL_DATA3);
	rig_write32(0x20000, 0);
	rig_write32(0x20004, SEL_TSS);
	FAULTS_CODE(EXCP_GP, SEL_TSS, 0xc5, 0x1d, LE32(0x20000));
	ck_assert_uint_eq(rig->cpu.gpr[REG_EBX], 0x11223344);
}
END_TEST

START_TEST(selectors_are_stored_in_two_bytes)
{
	rig_write32(0x20000, 0xffffffff);
	STEP(0x8c, 0x1d, LE32(0x20000));
	ck_assert_uint_eq(rig_read32(0x20000), 0xffff0000 | SEL_DATA0);
	rig->cpu.gpr[REG_EAX] = 0xffffffff;
	STEP(0x8c, 0xd8);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], SEL_DATA0);
	rig->cpu.gpr[REG_EAX] = 0xffffffff;
	STEP(0x66, 0x8c, 0xd8);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 0xffff0000 | SEL_DATA0);
}
END_TEST

/* ---- questions ---------------------------------------------------------------------------------------- */
#define ZF() (rig->cpu.eflags & EFLAGS_ZF)

START_TEST(lar_lsl_verr_and_verw_answer_by_zf)
{
	rig->cpu.gpr[REG_EAX] = SEL_CODE3;
	STEP(0x0f, 0x02, 0xd8); /* lar ebx, eax */
	ck_assert(ZF());
	ck_assert_uint_eq(rig->cpu.gpr[REG_EBX], 0x00c0fb00);
	STEP(0x0f, 0x03, 0xd8); /* lsl */
	ck_assert_uint_eq(rig->cpu.gpr[REG_EBX], 0xffffffff);
	STEP(0x0f, 0x00, 0xe0); /* verr ax */
	ck_assert(ZF());
	STEP(0x0f, 0x00, 0xe8); /* verw ax */
	ck_assert(!ZF());
	rig->cpu.gpr[REG_EAX] = SEL_TSS;
	STEP(0x0f, 0x03, 0xd8);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EBX], 0x2fff);
	STEP(0x0f, 0x00, 0xe0);
	ck_assert(!ZF());
	rig_ring(3);
	rig->cpu.gpr[REG_EBX] = 7;
	STEP(0x0f, 0x02, 0xd8); /* DPL 0: invisible */
	ck_assert(!ZF());
	ck_assert_uint_eq(rig->cpu.gpr[REG_EBX], 7);
	rig->cpu.gpr[REG_EAX] = 0x2f00;
	STEP(0x0f, 0x02, 0xd8);
	ck_assert(!ZF());
}
END_TEST

START_TEST(arpl_raises_an_rpl)
{
	rig->cpu.gpr[REG_EAX] = 0x20;
	rig->cpu.gpr[REG_EBX] = 0x3;
	STEP(0x63, 0xd8);
	ck_assert(ZF());
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 0x23);
	STEP(0x63, 0xd8);
	ck_assert(!ZF());
	rig_real_mode();
	FAULTS(EXCP_UD, 0x63, 0xd8);
}
END_TEST

/* ---- JMP, CALL, RET far ---------------------------------------------------------------------------------- */
#define JMP_FAR(selector, offset) 0xea, LE32(offset), LE16(selector)
#define CALL_FAR(selector, offset) 0x9a, LE32(offset), LE16(selector)

START_TEST(far_jumps_check_the_code_segment)
{
	FAULTS_CODE(EXCP_GP, 0, JMP_FAR(0, TARGET));
	FAULTS_CODE(EXCP_GP, SEL_DATA0, JMP_FAR(SEL_DATA0, TARGET));
	FAULTS_CODE(EXCP_GP, SEL_CODE3 & ~3, JMP_FAR(SEL_CODE3, TARGET));
	FAULTS_CODE(EXCP_GP, SEL_CODE0, JMP_FAR(SEL_CODE0 | 1, TARGET));
	rig_descriptor(SEL_FREE, 0, 0xfff, ATTR_CODE32(0u));
	FAULTS_CODE(EXCP_GP, 0, JMP_FAR(SEL_FREE, 0x1000));
	rig_descriptor(SEL_FREE, 0, 0xfff, ATTR_CODE32(0u) & ~SEG_P);
	FAULTS_CODE(EXCP_NP, SEL_FREE, JMP_FAR(SEL_FREE, 0x10));
	STEP(JMP_FAR(SEL_CODE0, TARGET));
	ck_assert_uint_eq(rig->cpu.eip, TARGET);
}
END_TEST

START_TEST(a_far_call_and_return_are_inverses)
{
	STEP(CALL_FAR(SEL_CODE0, TARGET));
	ck_assert_uint_eq(rig_read32(RIG_STACK - 8), RIG_CODE + 7);
	ck_assert_uint_eq(rig_read32(RIG_STACK - 4), SEL_CODE0);
	STEP(0xca, LE16(8)); /* retf 8 */
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE + 7);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_STACK + 8);
}
END_TEST

START_TEST(a_conforming_segment_runs_at_the_callers_level)
{
	rig_descriptor(SEL_FREE, 0, 0xffffffff, ATTR_CODE32(0u) | SEG_TYPE_CONFORMING);
	rig_ring(3);
	STEP(CALL_FAR(SEL_FREE, TARGET));
	ck_assert_uint_eq(rig->cpu.cpl, 3);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].selector, SEL_FREE | 3);
	STEP(0xcb);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].selector, SEL_CODE3);
}
END_TEST

static void put_call_gate(u16 selector, u32 type, u32 dpl, u16 target, u32 offset, u8 parameters)
{
	struct x86_gate gate = { target, (u16)(SEG_P | dpl << SEG_DPL_SHIFT | type), offset,
				 parameters };
	u64 raw = descriptor_build_gate(&gate);

	rig_write(RIG_GDT + selector, &raw, 8);
}

START_TEST(a_call_gate_switches_stacks_and_copies_parameters)
{
	put_call_gate(SEL_FREE, DESCRIPTOR_CALL_GATE32, 3, SEL_CODE0, TARGET, 2);
	rig_ring(3);
	rig->cpu.gpr[REG_ESP] -= 8;
	rig_write32(RIG_OUTER_STACK - 8, 0xaaaa);
	rig_write32(RIG_OUTER_STACK - 4, 0xbbbb);
	STEP(CALL_FAR(SEL_FREE | 3, 0x99999999));
	ck_assert_uint_eq(rig->cpu.cpl, 0);
	ck_assert_uint_eq(rig->cpu.eip, TARGET);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].selector, SEL_CODE0);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_STACK - 24);
	ck_assert_uint_eq(rig_read32(RIG_STACK - 24), RIG_CODE + 7);
	ck_assert_uint_eq(rig_read32(RIG_STACK - 20), SEL_CODE3);
	ck_assert_uint_eq(rig_read32(RIG_STACK - 16), 0xaaaa);
	ck_assert_uint_eq(rig_read32(RIG_STACK - 12), 0xbbbb);
	ck_assert_uint_eq(rig_read32(RIG_STACK - 8), RIG_OUTER_STACK - 8);
	rig_load(SREG_ES, SEL_DATA0);
	STEP(0xca, LE16(8));
	ck_assert_uint_eq(rig->cpu.cpl, 3);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_OUTER_STACK);
	ck_assert_uint_eq(rig->cpu.seg[SREG_ES].attr, 0);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].selector, SEL_DATA3);
}
END_TEST

START_TEST(a_16_bit_call_gate_pushes_words)
{
	put_call_gate(SEL_FREE, DESCRIPTOR_CALL_GATE16, 3, SEL_CODE0, 0xffff5000, 1);
	rig_ring(3);
	STEP(CALL_FAR(SEL_FREE, 0));
	ck_assert_uint_eq(rig->cpu.eip, 0x5000);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_STACK - 10);
}
END_TEST

START_TEST(call_gates_are_checked)
{
	put_call_gate(SEL_FREE, DESCRIPTOR_CALL_GATE32, 0, SEL_CODE0, TARGET, 0);
	FAULTS_CODE(EXCP_GP, SEL_FREE, CALL_FAR(SEL_FREE | 1, 0)); /* RPL > DPL of the gate */
	rig_ring(3);
	FAULTS_CODE(EXCP_GP, SEL_FREE, CALL_FAR(SEL_FREE, 0));
	put_call_gate(SEL_FREE, DESCRIPTOR_CALL_GATE32, 3, 0, TARGET, 0);
	FAULTS_CODE(EXCP_GP, 0, CALL_FAR(SEL_FREE, 0));
	put_call_gate(SEL_FREE, DESCRIPTOR_CALL_GATE32, 3, SEL_DATA0, TARGET, 0);
	FAULTS_CODE(EXCP_GP, SEL_DATA0, CALL_FAR(SEL_FREE, 0));
	put_call_gate(SEL_FREE, DESCRIPTOR_CALL_GATE32, 3, SEL_CODE0, TARGET, 0);
	FAULTS_CODE(EXCP_GP, SEL_CODE0, JMP_FAR(SEL_FREE, 0)); /* JMP cannot go inwards */
	rig->ram[RIG_GDT + SEL_FREE + 5] &= 0x7f;
	FAULTS_CODE(EXCP_NP, SEL_FREE, CALL_FAR(SEL_FREE, 0));
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_OUTER_STACK);
}
END_TEST

/* ---- tasks ----------------------------------------------------------------------------------------------------- */
#define NEW_TSS 0x7000u
#define SEL_NEW_TSS 0x38
#define NEW_STACK 0xa000u

static void make_task32(void)
{
	memset(rig->ram + NEW_TSS, 0, 104);
	rig_descriptor(SEL_NEW_TSS, NEW_TSS, 103, SEG_P | DESCRIPTOR_TSS32);
	rig_write32(NEW_TSS + 32, TARGET);
	rig_write32(NEW_TSS + 36, EFLAGS_FIXED | EFLAGS_CF);
	rig_write32(NEW_TSS + 40, 0x1111); /* EAX */
	rig_write32(NEW_TSS + 56, NEW_STACK);
	rig_write32(NEW_TSS + 72, SEL_DATA0);
	rig_write32(NEW_TSS + 76, SEL_CODE0);
	rig_write32(NEW_TSS + 80, SEL_DATA0);
	rig_write32(NEW_TSS + 84, SEL_DATA3);
}

START_TEST(jmp_to_a_tss_switches_tasks)
{
	make_task32();
	rig->cpu.gpr[REG_EAX] = 0x2222;
	STEP(JMP_FAR(SEL_NEW_TSS, 0));
	ck_assert_uint_eq(rig->cpu.eip, TARGET);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 0x1111);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], NEW_STACK);
	ck_assert_uint_eq(rig->cpu.eflags, EFLAGS_FIXED | EFLAGS_CF);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].selector, SEL_DATA3);
	ck_assert_uint_eq(rig->cpu.seg[SREG_FS].attr, 0);
	ck_assert_uint_eq(rig->cpu.tr.selector, SEL_NEW_TSS);
	ck_assert_uint_eq(rig->cpu.cr0 & CR0_TS, CR0_TS);
	ck_assert_uint_eq(rig->ram[RIG_GDT + SEL_NEW_TSS + 5], 0x8b);
	ck_assert_uint_eq(rig->ram[RIG_GDT + SEL_TSS + 5], 0x89);
	ck_assert_uint_eq(rig_read32(RIG_TSS + 32), RIG_CODE + 7);
	ck_assert_uint_eq(rig_read32(RIG_TSS + 40), 0x2222);
	ck_assert_uint_eq(rig_read16(RIG_TSS + 76), SEL_CODE0);
}
END_TEST

START_TEST(call_nests_and_iret_returns)
{
	make_task32();
	STEP(CALL_FAR(SEL_NEW_TSS, 0));
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_NT, EFLAGS_NT);
	ck_assert_uint_eq(rig_read16(NEW_TSS), SEL_TSS);
	ck_assert_uint_eq(rig->ram[RIG_GDT + SEL_TSS + 5], 0x8b); /* stays busy */
	rig->cpu.gpr[REG_EAX] = 0x3333;
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE + 7);
	ck_assert_uint_eq(rig->cpu.tr.selector, SEL_TSS);
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_NT, 0);
	ck_assert_uint_eq(rig->ram[RIG_GDT + SEL_NEW_TSS + 5], 0x89);
	ck_assert_uint_eq(rig_read32(NEW_TSS + 40), 0x3333);
	ck_assert_uint_eq(rig_read32(NEW_TSS + 36) & EFLAGS_NT, 0);
}
END_TEST

START_TEST(an_exception_through_a_task_gate_pushes_its_error_code)
{
	make_task32();
	rig_gate(EXCP_DF, DESCRIPTOR_TASK_GATE, 0, SEL_NEW_TSS, 0);
	rig->cpu.fault = (struct x86_fault){ .vector = EXCP_GP, .has_error = true };
	ck_assert_int_eq(interp_deliver_fault(rig->interp), EMUL_DONE); /* no #GP gate */
	ck_assert_uint_eq(rig->cpu.eip, TARGET);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], NEW_STACK - 4);
	ck_assert_uint_eq(rig_read32(NEW_STACK - 4), 0);
	ck_assert_uint_eq(rig_read32(RIG_TSS + 32), RIG_CODE);
}
END_TEST

START_TEST(a_bad_segment_faults_in_the_new_task)
{
	make_task32();
	rig_write32(NEW_TSS + 80, SEL_DATA3); /* SS of the wrong level */
	FAULTS_CODE(EXCP_TS, SEL_DATA3 & ~3, JMP_FAR(SEL_NEW_TSS, 0));
	ck_assert_uint_eq(rig->cpu.eip, TARGET);
	ck_assert_uint_eq(rig->cpu.tr.selector, SEL_NEW_TSS);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].selector, SEL_CODE0);
}
END_TEST

START_TEST(a_bad_tss_faults_in_the_old_task)
{
	make_task32();
	rig_descriptor(SEL_NEW_TSS, NEW_TSS, 102, SEG_P | DESCRIPTOR_TSS32);
	FAULTS_CODE(EXCP_TS, SEL_NEW_TSS, JMP_FAR(SEL_NEW_TSS, 0));
	rig_descriptor(SEL_NEW_TSS, NEW_TSS, 103, SEG_P | DESCRIPTOR_TSS32_BUSY);
	FAULTS_CODE(EXCP_GP, SEL_NEW_TSS, JMP_FAR(SEL_NEW_TSS, 0));
	rig_descriptor(SEL_NEW_TSS, NEW_TSS, 103, DESCRIPTOR_TSS32);
	FAULTS_CODE(EXCP_NP, SEL_NEW_TSS, JMP_FAR(SEL_NEW_TSS, 0));
	rig_descriptor(SEL_NEW_TSS, NEW_TSS, 103, SEG_P | DESCRIPTOR_TSS32);
	rig_ring(3);
	FAULTS_CODE(EXCP_GP, SEL_NEW_TSS, JMP_FAR(SEL_NEW_TSS, 0)); /* DPL 0 */
	rig_ring(0);
	rig->cpu.eflags |= EFLAGS_NT;
	rig_write32(RIG_TSS, SEL_NEW_TSS); /* the link: not busy */
	FAULTS_CODE(EXCP_TS, SEL_NEW_TSS, 0xcf);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE);
	ck_assert_uint_eq(rig->cpu.tr.selector, SEL_TSS);
}
END_TEST

START_TEST(a_16_bit_tss_works_with_words)
{
	memset(rig->ram + NEW_TSS, 0, 44);
	rig_descriptor(SEL_NEW_TSS, NEW_TSS, 43, SEG_P | DESCRIPTOR_TSS16);
	rig_write32(NEW_TSS + 14, TARGET | EFLAGS_FIXED << 16);
	rig_write32(NEW_TSS + 26, NEW_STACK);
	rig_write32(NEW_TSS + 34, SEL_DATA0 | SEL_CODE0 << 16);
	rig_write32(NEW_TSS + 38, SEL_DATA0 | SEL_DATA0 << 16);
	STEP(CALL_FAR(SEL_NEW_TSS, 0));
	ck_assert_uint_eq(rig->cpu.eip, TARGET);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP] & 0xffff, NEW_STACK);
	ck_assert_uint_eq(rig->cpu.seg[SREG_FS].attr, 0);
	rig->cpu.gpr[REG_EDI] = 0x12345678;
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE + 7);
	ck_assert_uint_eq(rig_read16(NEW_TSS + 32), 0x5678);
}
END_TEST

START_TEST(a_task_may_start_in_v86_and_with_a_debug_trap)
{
	make_task32();
	rig_write32(NEW_TSS + 36, EFLAGS_VM);
	rig_write32(NEW_TSS + 76, 0x500);
	rig_write32(NEW_TSS + 100, 1); /* T */
	CODE(JMP_FAR(SEL_NEW_TSS, 0));
	ck_assert_int_eq(interp_step(rig->interp), EMUL_FAULT);
	ck_assert_uint_eq(rig->cpu.fault.vector, EXCP_DB);
	ck_assert_uint_eq(rig->cpu.fault.dr6, DR6_BT);
	ck_assert(x86_v86_mode(&rig->cpu));
	ck_assert_uint_eq(rig->cpu.cpl, 3);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].base, 0x5000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interp_segments");
	TCase *tcase = tcase_create("segments");

	tcase_add_test(tcase, data_segments_are_checked_when_loaded);
	tcase_add_test(tcase, ss_wants_a_writable_segment_of_exactly_its_level);
	tcase_add_test(tcase, the_accessed_bit_is_set_in_memory);
	tcase_add_test(tcase, the_ldt_serves_selectors_with_ti);
	tcase_add_test(tcase, lds_loads_both_or_nothing);
	tcase_add_test(tcase, selectors_are_stored_in_two_bytes);
	tcase_add_test(tcase, lar_lsl_verr_and_verw_answer_by_zf);
	tcase_add_test(tcase, arpl_raises_an_rpl);
	tcase_add_test(tcase, far_jumps_check_the_code_segment);
	tcase_add_test(tcase, a_far_call_and_return_are_inverses);
	tcase_add_test(tcase, a_conforming_segment_runs_at_the_callers_level);
	tcase_add_test(tcase, a_call_gate_switches_stacks_and_copies_parameters);
	tcase_add_test(tcase, a_16_bit_call_gate_pushes_words);
	tcase_add_test(tcase, call_gates_are_checked);
	tcase_add_test(tcase, jmp_to_a_tss_switches_tasks);
	tcase_add_test(tcase, call_nests_and_iret_returns);
	tcase_add_test(tcase, an_exception_through_a_task_gate_pushes_its_error_code);
	tcase_add_test(tcase, a_bad_segment_faults_in_the_new_task);
	tcase_add_test(tcase, a_bad_tss_faults_in_the_old_task);
	tcase_add_test(tcase, a_16_bit_tss_works_with_words);
	tcase_add_test(tcase, a_task_may_start_in_v86_and_with_a_debug_trap);
	return rig_run(suite, tcase);
}
