/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Delivery of interrupts and exceptions by the interpreter, and IRET: real mode, gates of both sizes,
 * inner stacks, V86, error codes, double and triple faults, kernel_rpl.
 */
#include "tests/unit/interp_rig.h"

#define HANDLER 0x5000u
#define FRAME(n) rig_read32(rig->cpu.gpr[REG_ESP] + 4 * (n))

static void deliver(u8 vector)
{
	ck_assert_int_eq(interp_deliver_interrupt(rig->interp, vector), EMUL_DONE);
}
static void deliver_fault(u8 vector, bool has_error, u32 error)
{
	rig->cpu.fault = (struct x86_fault){ .vector = vector, .has_error = has_error,
					     .error = error };
	ck_assert_int_eq(interp_deliver_fault(rig->interp), EMUL_DONE);
}

/* ---- real mode ------------------------------------------------------------------------------- */
START_TEST(real_mode_interrupts_go_through_the_ivt)
{
	rig_real_mode();
	rig_write32(0x21 * 4, 0x12345678);
	rig->cpu.eflags |= EFLAGS_IF | EFLAGS_TF | EFLAGS_CF;
	deliver(0x21);
	ck_assert_uint_eq(rig->cpu.eip, 0x5678);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].base, 0x12340);
	ck_assert_uint_eq(rig->cpu.eflags, EFLAGS_FIXED | EFLAGS_CF);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_STACK - 6);
	ck_assert_uint_eq(rig_read16(RIG_STACK - 6), RIG_CODE);
	ck_assert_uint_eq(rig_read16(RIG_STACK - 2), EFLAGS_FIXED | EFLAGS_IF | EFLAGS_TF | EFLAGS_CF);
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE);
	ck_assert_uint_eq(rig->cpu.eflags, EFLAGS_FIXED | EFLAGS_IF | EFLAGS_TF | EFLAGS_CF);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_STACK);
}
END_TEST

START_TEST(real_mode_exceptions_push_no_error_code)
{
	rig_real_mode();
	rig_write32(EXCP_GP * 4, HANDLER);
	deliver_fault(EXCP_GP, true, 0);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_STACK - 6);
}
END_TEST

START_TEST(an_ivt_that_is_too_short_ends_in_shutdown)
{
	rig_real_mode();
	rig->cpu.idtr.limit = 0x10;
	deliver(0x21);
	ck_assert_uint_eq(rig->cpu.activity, CPU_SHUTDOWN);
}
END_TEST

/* ---- same level ------------------------------------------------------------------------------ */
START_TEST(an_interrupt_gate_clears_if_and_a_trap_gate_does_not)
{
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	rig_gate(0x31, DESCRIPTOR_TRAP_GATE32, 0, SEL_CODE0, HANDLER + 0x10000);
	rig->cpu.eflags |= EFLAGS_IF | EFLAGS_NT | EFLAGS_TF;
	deliver(0x31);
	ck_assert_uint_eq(rig->cpu.eip, HANDLER + 0x10000);
	ck_assert_uint_eq(rig->cpu.eflags, EFLAGS_FIXED | EFLAGS_IF);
	deliver(0x30);
	ck_assert_uint_eq(rig->cpu.eflags, EFLAGS_FIXED);
	ck_assert_uint_eq(FRAME(0), HANDLER + 0x10000);
	ck_assert_uint_eq(FRAME(1), SEL_CODE0);
	ck_assert_uint_eq(FRAME(2), EFLAGS_FIXED | EFLAGS_IF);
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.eip, HANDLER + 0x10000);
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE);
	ck_assert_uint_eq(rig->cpu.eflags, EFLAGS_FIXED | EFLAGS_IF | EFLAGS_NT | EFLAGS_TF);
}
END_TEST

START_TEST(a_16_bit_gate_pushes_words)
{
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE16, 0, SEL_CODE0, HANDLER);
	rig->cpu.eip = 0x12340000 + RIG_CODE;
	deliver(0x30);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_STACK - 6);
	ck_assert_uint_eq(rig->cpu.eip, HANDLER);
	ck_assert_uint_eq(rig_read16(RIG_STACK - 6), RIG_CODE);
	STEP(0x66, 0xcf);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE);
}
END_TEST

START_TEST(faults_push_rf_and_their_error_code)
{
	rig_gate(EXCP_PF, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	rig->cpu.fault = (struct x86_fault){ .vector = EXCP_PF, .has_error = true, .error = 7,
					     .cr2 = 0xc0001234 };
	ck_assert_int_eq(interp_deliver_fault(rig->interp), EMUL_DONE);
	ck_assert_uint_eq(FRAME(0), 7);
	ck_assert_uint_eq(FRAME(1), RIG_CODE);
	ck_assert_uint_eq(FRAME(3), EFLAGS_FIXED | EFLAGS_RF);
	ck_assert_uint_eq(rig->cpu.cr2, 0xc0001234);
	STEP(0x83, 0xc4, 4);
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_RF, EFLAGS_RF);
}
END_TEST

START_TEST(debug_exceptions_set_dr6_and_drop_gd)
{
	rig_gate(EXCP_DB, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	rig->cpu.dr[7] |= DR7_GD;
	FAULTS(EXCP_DB, 0x0f, 0x21, 0xf0); /* mov eax, dr6 */
	ck_assert_int_eq(interp_deliver_fault(rig->interp), EMUL_DONE);
	ck_assert_uint_eq(rig->cpu.dr[6] & DR6_BD, DR6_BD);
	ck_assert_uint_eq(rig->cpu.dr[7] & DR7_GD, 0);
	STEP(0x0f, 0x21, 0xf0);
}
END_TEST

/* ---- to an inner level ----------------------------------------------------------------------- */
START_TEST(an_interrupt_from_user_code_takes_the_stack_of_the_tss)
{
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	rig_ring(3);
	rig->cpu.eflags |= EFLAGS_IF;
	deliver(0x30);
	ck_assert_uint_eq(rig->cpu.cpl, 0);
	ck_assert_uint_eq(rig->cpu.seg[SREG_SS].selector, SEL_DATA0);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_STACK - 20);
	ck_assert_uint_eq(FRAME(1), SEL_CODE3);
	ck_assert_uint_eq(FRAME(3), RIG_OUTER_STACK);
	ck_assert_uint_eq(FRAME(4), SEL_DATA3);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].selector, SEL_DATA3); /* data segments stay */
	rig_load(SREG_FS, SEL_DATA0);
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.cpl, 3);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_OUTER_STACK);
	ck_assert_uint_eq(rig->cpu.seg[SREG_FS].selector, 0); /* was the kernel's */
	ck_assert_uint_eq(rig->cpu.seg[SREG_FS].attr, 0);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].selector, SEL_DATA3);
}
END_TEST

START_TEST(the_owner_may_supply_the_kernel_stack)
{
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	rig_ring(3);
	rig->own_stack = true;
	rig->own_ss = SEL_DATA0;
	rig->own_esp = 0x7000;
	deliver(0x30);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], 0x7000 - 20);
}
END_TEST

START_TEST(a_bad_kernel_stack_is_an_invalid_tss)
{
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	rig_gate(0x31, DESCRIPTOR_INTERRUPT_GATE32, 3, SEL_CODE0, HANDLER);
	rig_gate(EXCP_TS, DESCRIPTOR_TASK_GATE, 0, 0, 0); /* bad: ends in a shutdown */
	rig_write32(RIG_TSS + 8, SEL_DATA3);
	rig_ring(3);
	FAULTS_CODE(EXCP_TS, SEL_DATA3 & ~3, 0xcd, 0x31);
	rig_write32(RIG_TSS + 8, 0);
	FAULTS_CODE(EXCP_TS, 0, 0xcd, 0x31);
	rig_write32(RIG_TSS + 8, 0x2f8);
	FAULTS_CODE(EXCP_TS, 0x2f8, 0xcd, 0x31);
	rig_descriptor(SEL_FREE, 0, 0xfffff, ATTR_DATA32(0u) & ~SEG_P);
	rig_write32(RIG_TSS + 8, SEL_FREE);
	FAULTS_CODE(EXCP_SS, SEL_FREE, 0xcd, 0x31);
	rig->cpu.tr.limit = 8;
	FAULTS_CODE(EXCP_TS, SEL_TSS, 0xcd, 0x31);
	ck_assert_uint_eq(rig->cpu.cpl, 3);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE);
	deliver(0x30);
	ck_assert_uint_eq(rig->cpu.activity, CPU_SHUTDOWN);
}
END_TEST

START_TEST(a_conforming_handler_keeps_the_level)
{
	rig_descriptor(SEL_FREE, 0, 0xffffffff, ATTR_CODE32(0u) | SEG_TYPE_CONFORMING);
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_FREE, HANDLER);
	rig_ring(3);
	deliver(0x30);
	ck_assert_uint_eq(rig->cpu.cpl, 3);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_OUTER_STACK - 12);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].selector, SEL_FREE | 3);
}
END_TEST

/* ---- INT n ----------------------------------------------------------------------------------- */
START_TEST(int_n_needs_the_gates_dpl_and_external_interrupts_do_not)
{
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	rig_ring(3);
	FAULTS_CODE(EXCP_GP, 0x30 * 8 + 2, 0xcd, 0x30);
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 3, SEL_CODE0, HANDLER);
	STEP(0xcd, 0x30);
	ck_assert_uint_eq(FRAME(0), RIG_CODE + 2);
	rig_ring(3);
	FAULTS_CODE(EXCP_GP, EXCP_BP * 8 + 2, 0xcc);
	rig->cpu.eflags |= EFLAGS_OF;
	FAULTS_CODE(EXCP_GP, EXCP_OF * 8 + 2, 0xce);
	rig->cpu.eflags &= ~EFLAGS_OF;
	STEP(0xce);
}
END_TEST

START_TEST(a_software_interrupt_swallows_the_single_step_trap)
{
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	rig->cpu.eflags |= EFLAGS_TF;
	STEP(0xcd, 0x30);
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_TF, 0);
	ck_assert_uint_eq(FRAME(2) & EFLAGS_TF, EFLAGS_TF);
}
END_TEST

START_TEST(gates_are_checked_in_order)
{
	FAULTS_CODE(EXCP_GP, 0x40 * 8 + 2, 0xcd, 0x40); /* no gate at all */
	rig->cpu.idtr.limit = 0x40 * 8 + 6;
	rig_gate(0x40, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	FAULTS_CODE(EXCP_GP, 0x40 * 8 + 2, 0xcd, 0x40);
	rig->cpu.idtr.limit = 0x7ff;
	rig->ram[RIG_IDT + 0x40 * 8 + 5] &= 0x7f;
	FAULTS_CODE(EXCP_NP, 0x40 * 8 + 2, 0xcd, 0x40);
	rig_gate(0x40, DESCRIPTOR_INTERRUPT_GATE32, 0, 0, HANDLER);
	FAULTS_CODE(EXCP_GP, 0, 0xcd, 0x40);
	rig_gate(0x40, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_DATA0, HANDLER);
	FAULTS_CODE(EXCP_GP, SEL_DATA0, 0xcd, 0x40);
	rig_gate(0x40, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE3, HANDLER);
	FAULTS_CODE(EXCP_GP, SEL_CODE3 & ~3, 0xcd, 0x40); /* not to an outer level */
	rig_descriptor(SEL_FREE, 0, 0xfff, ATTR_CODE32(0u));
	rig_gate(0x40, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_FREE, 0x1000);
	FAULTS_CODE(EXCP_GP, 0, 0xcd, 0x40);
}
END_TEST

/* ---- faults on the way ----------------------------------------------------------------------- */
START_TEST(errors_while_delivering_hardware_events_carry_ext)
{
	rig_gate(EXCP_GP, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	deliver(0x41); /* no gate */
	ck_assert_uint_eq(rig->cpu.eip, HANDLER);
	ck_assert_uint_eq(FRAME(0), 0x41 * 8 + 3);
	ck_assert_uint_eq(FRAME(1), RIG_CODE);
}
END_TEST

START_TEST(two_contributory_faults_are_a_double_fault)
{
	rig_gate(EXCP_DF, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	deliver_fault(EXCP_GP, true, 0); /* no gate for #GP: #GP again */
	ck_assert_uint_eq(rig->cpu.eip, HANDLER);
	ck_assert_uint_eq(FRAME(0), 0);
	ck_assert_uint_eq(FRAME(1), RIG_CODE);
}
END_TEST

START_TEST(a_benign_fault_followed_by_another_is_not)
{
	rig_gate(EXCP_GP, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	deliver_fault(EXCP_UD, false, 0);
	ck_assert_uint_eq(rig->cpu.eip, HANDLER);
	ck_assert_uint_eq(FRAME(0), EXCP_UD * 8 + 3);
}
END_TEST

START_TEST(a_page_fault_may_follow_a_contributory_one_but_not_the_reverse)
{
	rig_gate(EXCP_DF, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	deliver_fault(EXCP_PF, true, 2);
	ck_assert_uint_eq(rig->cpu.eip, HANDLER);
	ck_assert_uint_eq(FRAME(0), 0);
}
END_TEST

START_TEST(a_fault_in_a_double_fault_shuts_down)
{
	deliver_fault(EXCP_GP, true, 0);
	ck_assert_uint_eq(rig->cpu.activity, CPU_SHUTDOWN);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_STACK);
}
END_TEST

START_TEST(a_stack_without_room_is_a_stack_fault)
{
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 3, SEL_CODE0, HANDLER);
	rig->cpu.seg[SREG_SS].limit = 0xfff;
	rig->cpu.gpr[REG_ESP] = 8;
	FAULTS_CODE(EXCP_SS, 0, 0xcd, 0x30);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], 8);
	rig_ring(3);
	rig_descriptor(SEL_FREE, 0, 0xfff, ATTR_DATA32(0u));
	rig_write32(RIG_TSS + 4, 8);
	rig_write32(RIG_TSS + 8, SEL_FREE);
	FAULTS_CODE(EXCP_SS, SEL_FREE, 0xcd, 0x30);
}
END_TEST

START_TEST(an_interrupt_wakes_a_halted_cpu_and_nmi_blocks_itself)
{
	rig_gate(EXCP_NMI, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	STEP(0xf4);
	rig->cpu.interrupt_shadow = SHADOW_STI;
	ck_assert_int_eq(interp_deliver_nmi(rig->interp), EMUL_DONE);
	ck_assert_uint_eq(rig->cpu.activity, CPU_RUNNING);
	ck_assert_uint_eq(rig->cpu.interrupt_shadow, 0);
	ck_assert_uint_eq(rig->cpu.nmi_blocked, 1);
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.nmi_blocked, 0);
}
END_TEST

/* ---- IRET ------------------------------------------------------------------------------------ */
static void push_frame(u32 eip, u32 cs, u32 flags, u32 esp, u32 ss)
{
	const u32 frame[] = { eip, cs, flags, esp, ss };

	rig->cpu.gpr[REG_ESP] = RIG_STACK - sizeof(frame);
	rig_write(RIG_STACK - sizeof(frame), frame, sizeof(frame));
}

START_TEST(iret_checks_what_it_returns_to)
{
	push_frame(HANDLER, 0, 2, 0, 0);
	FAULTS_CODE(EXCP_GP, 0, 0xcf);
	push_frame(HANDLER, SEL_DATA0, 2, 0, 0);
	FAULTS_CODE(EXCP_GP, SEL_DATA0, 0xcf);
	push_frame(HANDLER, SEL_CODE3, 2, 0x9000, SEL_DATA0);
	FAULTS_CODE(EXCP_GP, SEL_DATA0, 0xcf);
	push_frame(HANDLER, SEL_CODE3, 2, 0x9000, 0);
	FAULTS_CODE(EXCP_GP, 0, 0xcf);
	push_frame(HANDLER, SEL_CODE0 | 3, 2, 0x9000, SEL_DATA3);
	FAULTS_CODE(EXCP_GP, SEL_CODE0, 0xcf);
	rig_ring(3);
	push_frame(HANDLER, SEL_CODE0, 2, 0x9000, SEL_DATA3);
	FAULTS_CODE(EXCP_GP, SEL_CODE0, 0xcf); /* not inwards */
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE);
}
END_TEST

START_TEST(iret_loads_only_the_flags_its_level_may)
{
	const u32 all = EFLAGS_IF | EFLAGS_IOPL | EFLAGS_VM | EFLAGS_ID | EFLAGS_CF;

	rig_ring(3);
	push_frame(HANDLER, SEL_CODE3, all, 0, 0);
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.eflags, EFLAGS_FIXED | EFLAGS_ID | EFLAGS_CF);
	rig->cpu.eflags = EFLAGS_FIXED | EFLAGS_IOPL;
	push_frame(HANDLER, SEL_CODE3, EFLAGS_IF, 0, 0);
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.eflags, EFLAGS_FIXED | EFLAGS_IF | EFLAGS_IOPL);
}
END_TEST

START_TEST(iret_to_a_16_bit_stack_keeps_the_high_half_of_esp)
{
	rig_descriptor(SEL_FREE, 0, 0xffff, ATTR_DATA16(3u));
	push_frame(HANDLER, SEL_CODE3, 2, 0xabcd1234, SEL_FREE | 3);
	rig->cpu.seg[SREG_SS].base = 0x80000000; /* so that ESP may have a high half */
	rig->cpu.gpr[REG_ESP] += 0x80000000;
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], 0x80001234);
}
END_TEST

/* ---- V86 ------------------------------------------------------------------------------------- */
static void enter_v86(u32 iopl)
{
	const u32 frame[] = { 0x100, 0x200, EFLAGS_VM | EFLAGS_IF | iopl << 12, 0xfff0, 0x300, 0x400,
			      0x500, 0x600, 0x700 };

	rig_ring(0);
	rig->cpu.eflags = EFLAGS_FIXED;
	rig->cpu.gpr[REG_ESP] = RIG_STACK - sizeof(frame);
	rig_write(RIG_STACK - sizeof(frame), frame, sizeof(frame));
	rig->cpu.eip = RIG_CODE;
	STEP(0xcf);
}

START_TEST(iret_enters_v86)
{
	enter_v86(0);
	ck_assert(x86_v86_mode(&rig->cpu));
	ck_assert_uint_eq(rig->cpu.cpl, 3);
	ck_assert_uint_eq(rig->cpu.eip, 0x100);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], 0xfff0);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].base, 0x2000);
	ck_assert_uint_eq(rig->cpu.seg[SREG_SS].base, 0x3000);
	ck_assert_uint_eq(rig->cpu.seg[SREG_ES].base, 0x4000);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].base, 0x5000);
	ck_assert_uint_eq(rig->cpu.seg[SREG_FS].base, 0x6000);
	ck_assert_uint_eq(rig->cpu.seg[SREG_GS].base, 0x7000);
	ck_assert_uint_eq(rig->cpu.seg[SREG_GS].limit, 0xffff);
}
END_TEST

START_TEST(an_interrupt_leaves_v86_with_the_long_frame)
{
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	enter_v86(0);
	deliver(0x30);
	ck_assert_uint_eq(rig->cpu.cpl, 0);
	ck_assert(!x86_v86_mode(&rig->cpu));
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_STACK - 36);
	ck_assert_uint_eq(FRAME(0), 0x100);
	ck_assert_uint_eq(FRAME(1), 0x200);
	ck_assert_uint_eq(FRAME(2), EFLAGS_VM | EFLAGS_IF | EFLAGS_FIXED);
	ck_assert_uint_eq(FRAME(4), 0x300);
	ck_assert_uint_eq(FRAME(5), 0x400);
	ck_assert_uint_eq(FRAME(8), 0x700);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].attr, 0);
	STEP(0xcf);
	ck_assert(x86_v86_mode(&rig->cpu));
	ck_assert_uint_eq(rig->cpu.seg[SREG_GS].base, 0x7000);
}
END_TEST

START_TEST(v86_interrupts_must_go_to_ring_0)
{
	rig_descriptor(SEL_FREE, 0, 0xffffffff, ATTR_CODE32(0u) | SEG_TYPE_CONFORMING);
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 3, SEL_FREE, HANDLER);
	enter_v86(3);
	FAULTS_CODE(EXCP_GP, SEL_FREE, 0xcd, 0x30);
}
END_TEST

START_TEST(iopl_governs_v86)
{
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 3, SEL_CODE0, HANDLER);
	enter_v86(0);
	FAULTS_CODE(EXCP_GP, 0, 0xcd, 0x30);
	FAULTS_CODE(EXCP_GP, 0, 0xfa);
	FAULTS_CODE(EXCP_GP, 0, 0xfb);
	FAULTS_CODE(EXCP_GP, 0, 0x9c);
	FAULTS_CODE(EXCP_GP, 0, 0x9d);
	FAULTS_CODE(EXCP_GP, 0, 0xcf);
	FAULTS(EXCP_UD, 0x0f, 0x00, 0xd0); /* LLDT */
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x22, 0xc0);
	FAULTS_CODE(EXCP_GP, 0, 0xf4);
	enter_v86(3);
	STEP(0x9c);
	STEP(0x9d);
	STEP(0xfa);
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_IF, 0);
	STEP(0xcd, 0x30);
	ck_assert_uint_eq(rig->cpu.cpl, 0);
}
END_TEST

START_TEST(v86_near_and_far_transfers_know_paragraphs)
{
	enter_v86(0);
	STEP(0x9a, LE16(0x10), LE16(0x1234)); /* call far */
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].base, 0x12340);
	ck_assert_uint_eq(rig->cpu.eip, 0x10);
	STEP(0xcb);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].base, 0x2000);
	ck_assert_uint_eq(rig->cpu.eip, 0x105);
	rig->cpu.gpr[REG_EAX] = 0x777;
	STEP(0x8e, 0xd8);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].base, 0x7770);
}
END_TEST

START_TEST(vme_redirects_interrupts_and_virtualizes_if)
{
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 0, SEL_CODE0, HANDLER);
	rig_write32(RIG_TSS + 100, 0x88u << 16); /* I/O bitmap at 88h, redirection at 68h */
	rig->ram[RIG_TSS + 0x68 + 0x30 / 8] = 1; /* INT 30h: to the monitor */
	rig_write32(0x31 * 4, 0x0a000020);
	rig->cpu.cr4 |= CR4_VME;
	enter_v86(0);
	STEP(0xfa);
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_IF, EFLAGS_IF);
	STEP(0xfb);
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_VIF, EFLAGS_VIF);
	STEP(0xcd, 0x31);
	ck_assert(x86_v86_mode(&rig->cpu));
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].base, 0xa000);
	ck_assert_uint_eq(rig->cpu.eip, 0x20);
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_VIF, 0);
	ck_assert_uint_eq(rig_read16(0x3000 + 0xffee) & (EFLAGS_IF | EFLAGS_IOPL),
			  EFLAGS_IF | EFLAGS_IOPL);
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_VIF, EFLAGS_VIF);
	rig->cpu.eflags |= EFLAGS_VIP;
	rig->cpu.eflags &= ~EFLAGS_VIF;
	FAULTS_CODE(EXCP_GP, 0, 0xfb);
	FAULTS_CODE(EXCP_GP, 0, 0xcd, 0x30);
}
END_TEST

/* ---- kernel_rpl ------------------------------------------------------------------------------ */
START_TEST(a_vmi_kernel_shows_rpl_1)
{
	rig_gate(0x30, DESCRIPTOR_INTERRUPT_GATE32, 3, SEL_CODE0, HANDLER);
	rig->cpu.kernel_rpl = 1;
	rig_ring(3);
	STEP(0xcd, 0x30);
	ck_assert_uint_eq(rig->cpu.cpl, 0);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].selector, SEL_CODE0 | 1);
	ck_assert_uint_eq(rig->cpu.seg[SREG_SS].selector, SEL_DATA0 | 1);
	ck_assert_uint_eq(FRAME(1), SEL_CODE3);
	STEP(0xcd, 0x30); /* from the kernel itself */
	ck_assert_uint_eq(FRAME(1), SEL_CODE0 | 1);
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.cpl, 0);
	rig->cpu.gpr[REG_EAX] = SEL_DATA0;
	STEP(0x8e, 0xd0);
	ck_assert_uint_eq(rig->cpu.seg[SREG_SS].selector, SEL_DATA0 | 1);
	rig->cpu.gpr[REG_EAX] = SEL_DATA0 | 1;
	STEP(0x8e, 0xd8);
	STEP(0xcf);
	ck_assert_uint_eq(rig->cpu.cpl, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interp_events");
	TCase *tcase = tcase_create("events");

	tcase_add_test(tcase, real_mode_interrupts_go_through_the_ivt);
	tcase_add_test(tcase, real_mode_exceptions_push_no_error_code);
	tcase_add_test(tcase, an_ivt_that_is_too_short_ends_in_shutdown);
	tcase_add_test(tcase, an_interrupt_gate_clears_if_and_a_trap_gate_does_not);
	tcase_add_test(tcase, a_16_bit_gate_pushes_words);
	tcase_add_test(tcase, faults_push_rf_and_their_error_code);
	tcase_add_test(tcase, debug_exceptions_set_dr6_and_drop_gd);
	tcase_add_test(tcase, an_interrupt_from_user_code_takes_the_stack_of_the_tss);
	tcase_add_test(tcase, the_owner_may_supply_the_kernel_stack);
	tcase_add_test(tcase, a_bad_kernel_stack_is_an_invalid_tss);
	tcase_add_test(tcase, a_conforming_handler_keeps_the_level);
	tcase_add_test(tcase, int_n_needs_the_gates_dpl_and_external_interrupts_do_not);
	tcase_add_test(tcase, a_software_interrupt_swallows_the_single_step_trap);
	tcase_add_test(tcase, gates_are_checked_in_order);
	tcase_add_test(tcase, errors_while_delivering_hardware_events_carry_ext);
	tcase_add_test(tcase, two_contributory_faults_are_a_double_fault);
	tcase_add_test(tcase, a_benign_fault_followed_by_another_is_not);
	tcase_add_test(tcase, a_page_fault_may_follow_a_contributory_one_but_not_the_reverse);
	tcase_add_test(tcase, a_fault_in_a_double_fault_shuts_down);
	tcase_add_test(tcase, a_stack_without_room_is_a_stack_fault);
	tcase_add_test(tcase, an_interrupt_wakes_a_halted_cpu_and_nmi_blocks_itself);
	tcase_add_test(tcase, iret_checks_what_it_returns_to);
	tcase_add_test(tcase, iret_loads_only_the_flags_its_level_may);
	tcase_add_test(tcase, iret_to_a_16_bit_stack_keeps_the_high_half_of_esp);
	tcase_add_test(tcase, iret_enters_v86);
	tcase_add_test(tcase, an_interrupt_leaves_v86_with_the_long_frame);
	tcase_add_test(tcase, v86_interrupts_must_go_to_ring_0);
	tcase_add_test(tcase, iopl_governs_v86);
	tcase_add_test(tcase, v86_near_and_far_transfers_know_paragraphs);
	tcase_add_test(tcase, vme_redirects_interrupts_and_virtualizes_if);
	tcase_add_test(tcase, a_vmi_kernel_shows_rpl_1);
	return rig_run(suite, tcase);
}
