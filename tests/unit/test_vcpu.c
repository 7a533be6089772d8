/* SPDX-License-Identifier: GPL-2.0 */
/* The vcpu's life, its run loop and the choice of the engine. */
#include "tests/unit/vcpu_rig.h"

/* ---- life ---- */

START_TEST(a_vcpu_starts_at_the_reset_vector_in_the_interpreter)
{
	struct x86_vcpu_config config = rig_config();
	struct x86_vcpu *other;

	config.vmi = false;
	other = x86_vcpu_create(&config);
	ck_assert_ptr_nonnull(other);
	ck_assert_uint_eq(other->cpu.eip, 0xfff0);
	ck_assert_uint_eq(other->cpu.seg[SREG_CS].base, 0xffff0000);
	ck_assert_int_eq(x86_vcpu_engine(other), ENGINE_INTERPRETER);
	ck_assert_uint_eq(x86_vcpu_overhead_bytes(other), 0);
	x86_vcpu_destroy(other);
}
END_TEST

START_TEST(creation_without_memory_takes_nothing)
{
	struct x86_vcpu_config config = rig_config();
	u32 before = fake_outstanding(), n;

	config.vmi = false;
	for (n = 1;; n++) {
		struct x86_vcpu *other;

		fake_fail_allocation(n);
		other = x86_vcpu_create(&config);
		if (other) {
			fake_fail_allocation(0);
			x86_vcpu_destroy(other);
			break;
		}
		ck_assert_uint_eq(fake_outstanding(), before);
	}
	ck_assert_uint_gt(n, 1);
	ck_assert_uint_eq(fake_outstanding(), before);
}
END_TEST

START_TEST(a_second_vcpu_cannot_claim_the_init_port)
{
	struct x86_vcpu_config config = rig_config();
	u32 before = fake_outstanding();

	ck_assert_ptr_null(x86_vcpu_create(&config));
	ck_assert_uint_eq(fake_outstanding(), before);
}
END_TEST

START_TEST(the_gate_without_memory_takes_nothing_wherever_it_fails)
{
	u32 before = fake_outstanding(), n;

	for (n = 1; n < 1000; n++) {
		fake_fail_allocation(n);
		if (x86_direct_prepare(rig.vcpu, GATE_SLOT_VMI) == 0)
			break;
		ck_assert_uint_eq(fake_outstanding(), before);
		ck_assert(!rig.vcpu->has_gate);
	}
	fake_fail_allocation(0);
	ck_assert_uint_gt(n, 9);
	ck_assert_uint_ge(x86_vcpu_overhead_bytes(rig.vcpu), 8 * PAGE_SIZE);
}
END_TEST

START_TEST(reset_ends_vmi_and_keeps_the_counters)
{
	ck_assert_uint_eq(rig_vmi_init(), 0);
	rig_kernel();
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	x86_vcpu_reset(rig.vcpu);
	ck_assert(!rig.vcpu->vmi.active);
	ck_assert(!rig.vcpu->has_gate);
	ck_assert_uint_eq(fake_switch.gate, 0);
	ck_assert_ptr_null(fake_switch.fpu);
	ck_assert_uint_eq(rig.cpu->kernel_rpl, 0);
	ck_assert_uint_eq(rig.cpu->eip, 0xfff0);
	ck_assert(rig.vcpu->stats.external == 1);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_INTERPRETER);
}
END_TEST

START_TEST(the_fpus_registers_forget_a_vcpu_that_never_ran_directly)
{
	struct x86_vcpu_config config = rig_config();
	struct x86_vcpu *other;

	/* The interpreter leaves FPU state in the registers (hv/arch.h). */
	fake_switch.fpu = rig.cpu->fpu;
	x86_vcpu_reset(rig.vcpu);
	ck_assert_ptr_null(fake_switch.fpu);
	config.vmi = false;
	other = x86_vcpu_create(&config);
	fake_switch.fpu = other->cpu.fpu;
	x86_vcpu_destroy(other);
	ck_assert_ptr_null(fake_switch.fpu);
}
END_TEST

START_TEST(kill_keeps_the_first_reason)
{
	x86_vcpu_kill(rig.vcpu, "number %u", 1);
	x86_vcpu_kill(rig.vcpu, "number %u", 2);
	ck_assert_str_eq(x86_vcpu_kill_reason(rig.vcpu), "number 1");
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_KILLED);
	ck_assert(rig.vcpu->stats.emulated[EMULATE_BEFORE_INIT] == 0);
}
END_TEST

START_TEST(a_long_reason_is_cut)
{
	char text[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	x86_vcpu_kill(rig.vcpu, "%s", text);
	ck_assert_uint_eq(strlen(x86_vcpu_kill_reason(rig.vcpu)),
			  sizeof(rig.vcpu->kill_reason) - 1);
}
END_TEST

/* ---- the run loop, in the interpreter ---- */

#define HLT 0xf4
#define STI 0xfb
#define NOP 0x90
#define JMP_SELF 0xeb, 0xfe

START_TEST(hlt_stops_the_turn_and_an_interrupt_wakes)
{
	rig_code(RIG_CODE, HLT);
	rig.cpu->eflags |= EFLAGS_IF;
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_HALTED);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_HALTED);
	rig_code(RIG_HANDLER(0x31), JMP_SELF);
	rig.vector = 0x31;
	x86_vcpu_set_intr(rig.vcpu, 0, true);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	rig_expect_delivered(0x31, false, RIG_CODE + 1);
	ck_assert(rig.vcpu->stats.interrupts == 1);
}
END_TEST

START_TEST(a_halted_vcpu_with_interrupts_off_sleeps_on)
{
	rig_code(RIG_CODE, HLT);
	x86_vcpu_set_intr(rig.vcpu, 0, true);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_HALTED);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_HALTED);
	ck_assert_uint_eq(rig.acknowledged, 0);
}
END_TEST

START_TEST(no_interrupt_is_acknowledged_with_if_clear)
{
	rig_code(RIG_CODE, JMP_SELF);
	x86_vcpu_set_intr(rig.vcpu, 0, true);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE);
	ck_assert_uint_eq(rig.acknowledged, 0);
}
END_TEST

START_TEST(an_interrupt_waits_for_the_instruction_behind_sti)
{
	rig_code(RIG_CODE, STI, NOP, NOP, HLT);
	rig_code(RIG_HANDLER(0x31), JMP_SELF);
	rig.vector = 0x31;
	x86_vcpu_set_intr(rig.vcpu, 0, true);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	rig_expect_delivered(0x31, false, RIG_CODE + 2);
}
END_TEST

START_TEST(sti_hlt_does_not_lose_the_interrupt)
{
	rig_code(RIG_CODE, STI, HLT);
	rig_code(RIG_HANDLER(0x31), JMP_SELF);
	rig.vector = 0x31;
	x86_vcpu_set_intr(rig.vcpu, 0, true);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	rig_expect_delivered(0x31, false, RIG_CODE + 2);
}
END_TEST

START_TEST(an_interrupt_waits_for_the_instruction_behind_mov_ss)
{
	rig_code(RIG_CODE, 0x8e, 0xd0, NOP, HLT); /* mov ss, eax */
	rig_code(RIG_HANDLER(0x31), JMP_SELF);
	rig.cpu->gpr[REG_EAX] = SEL_DATA0;
	rig.cpu->eflags |= EFLAGS_IF;
	rig.vector = 0x31;
	rig.cpu->interrupt_shadow = 0;
	/* It comes while MOV SS is executed. */
	x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	x86_vcpu_set_intr(rig.vcpu, 0, true);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	rig_expect_delivered(0x31, false, RIG_CODE + 3);
}
END_TEST

START_TEST(a_turn_is_bounded)
{
	rig_code(RIG_CODE, JMP_SELF);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	ck_assert(rig.vcpu->stats.emulated[EMULATE_BEFORE_INIT] == 1024);
	ck_assert_uint_eq(rig_vmi_init(), 0);
	rig_kernel();
	rig_code(RIG_CODE, NOP);
	rig_exit_vector = EXCP_GP;
	fake_switch.guest = rig_guest_exits;
	for (u32 i = 0; i < 100; i++)
		rig_code(RIG_CODE + i, NOP);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	ck_assert_uint_eq(fake_switch.entries, 64);
}
END_TEST

static void end_turn(void *opaque, u32 offset, u32 size, u32 value)
{
	(void)offset, (void)size, (void)value;
	x86_vcpu_end_turn(opaque);
}

static void raise_intr(void *opaque, u32 offset, u32 size, u32 value)
{
	(void)offset, (void)size, (void)value;
	x86_vcpu_set_intr(opaque, 0, true);
}

static u32 read_nothing(void *opaque, u32 offset, u32 size)
{
	(void)opaque, (void)offset, (void)size;
	return 0;
}

START_TEST(a_device_can_end_the_turn)
{
	static const struct bus_ops ops = {read_nothing, end_turn, 1};

	ck_assert_int_eq(bus_add_pio(rig.bus, 0x80, 1, &ops, rig.vcpu), 0);
	rig_code(RIG_CODE, NOP, 0xe6, 0x80, JMP_SELF); /* out 80h, al */
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE + 3);
	ck_assert(rig.vcpu->stats.emulated[EMULATE_BEFORE_INIT] == 2);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	ck_assert(rig.vcpu->stats.emulated[EMULATE_BEFORE_INIT] == 2 + 1024);
}
END_TEST

START_TEST(an_interrupt_raised_by_mmio_comes_before_the_next_instruction)
{
	static const struct bus_ops ops = {read_nothing, raise_intr, 4};

	ck_assert_int_eq(bus_add_mmio(rig.bus, gpa(RIG_DEVICE_GPA), PAGE_SIZE, &ops, rig.vcpu), 0);
	rig_code(RIG_CODE, 0x89, 0x01, NOP, NOP, HLT); /* mov [ecx], eax */
	rig_code(RIG_HANDLER(0x31), JMP_SELF);
	rig.cpu->gpr[REG_ECX] = RIG_DEVICE;
	rig.cpu->eflags |= EFLAGS_IF;
	rig.vector = 0x31;
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	rig_expect_delivered(0x31, false, RIG_CODE + 2);
}
END_TEST

START_TEST(sti_nop_cli_is_a_window)
{
	rig_code(RIG_CODE, STI, NOP, 0xfa, HLT);
	rig_code(RIG_HANDLER(0x31), JMP_SELF);
	rig.vector = 0x31;
	x86_vcpu_set_intr(rig.vcpu, 0, true);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	rig_expect_delivered(0x31, false, RIG_CODE + 2);
}
END_TEST

START_TEST(a_triple_fault_shuts_down)
{
	rig_code(RIG_CODE, 0x0f, 0x0b); /* ud2 */
	rig.cpu->idtr.limit = 0;
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_SHUTDOWN);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_SHUTDOWN);
}
END_TEST

START_TEST(no_interrupt_wakes_from_shutdown)
{
	rig_code(RIG_CODE, 0xff, 0x31); /* push [ecx]: a fault on a stack that is not there */
	rig.cpu->gpr[REG_ECX] = RIG_HOLE;
	rig.cpu->gpr[REG_ESP] = RIG_HOLE + 0x100;
	rig.cpu->eflags |= EFLAGS_IF;
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_SHUTDOWN);
	x86_vcpu_set_intr(rig.vcpu, 0, true);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_SHUTDOWN);
	ck_assert_uint_eq(rig.acknowledged, 0);
}
END_TEST

START_TEST(an_exception_goes_to_the_guests_handler)
{
	rig_code(RIG_CODE, 0xf7, 0xf1); /* div ecx */
	rig_code(RIG_HANDLER(EXCP_DE), JMP_SELF);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	rig_expect_delivered(EXCP_DE, false, RIG_CODE);
	ck_assert(rig.vcpu->stats.faults == 1);
}
END_TEST

START_TEST(garbage_gets_an_exception_and_not_a_kill)
{
	const u8 ff[] = {0xff, 0xff, 0xff, 0xff};

	rig_put(RIG_CODE, ff, sizeof(ff));
	rig_code(RIG_HANDLER(EXCP_UD), JMP_SELF);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	rig_expect_delivered(EXCP_UD, false, RIG_CODE);
}
END_TEST

/* ---- the engine ---- */

static void setup_vmi_kernel(void)
{
	ck_assert_uint_eq(rig_vmi_init(), 0);
	rig_kernel();
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_DIRECT);
}

static void expect_engine(enum x86_engine engine)
{
	rig.vcpu->check_segments = true;
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), engine);
}

START_TEST(before_vmi_init_all_is_interpreted)
{
	expect_engine(ENGINE_INTERPRETER);
	rig_user();
	expect_engine(ENGINE_INTERPRETER);
}
END_TEST

START_TEST(kernel_and_user_code_runs_directly)
{
	setup_vmi_kernel();
	rig.cpu->eflags |= EFLAGS_IF;
	expect_engine(ENGINE_DIRECT);
	rig_user();
	expect_engine(ENGINE_DIRECT);
}
END_TEST

START_TEST(user_code_with_interrupts_off_is_interpreted)
{
	setup_vmi_kernel();
	rig_user();
	rig.cpu->eflags &= ~EFLAGS_IF;
	expect_engine(ENGINE_INTERPRETER);
}
END_TEST

START_TEST(user_code_with_iopl_3_is_interpreted)
{
	setup_vmi_kernel();
	rig_user();
	rig.cpu->eflags |= EFLAGS_IOPL;
	expect_engine(ENGINE_INTERPRETER);
	rig.cpu->eflags ^= BIT(EFLAGS_IOPL_SHIFT); /* IOPL 2 allows user code nothing */
	expect_engine(ENGINE_DIRECT);
}
END_TEST

START_TEST(v86_and_real_mode_are_interpreted)
{
	setup_vmi_kernel();
	rig_user();
	rig.cpu->eflags |= EFLAGS_VM;
	expect_engine(ENGINE_INTERPRETER);
	rig_kernel();
	rig.cpu->cr0 &= ~(CR0_PE | CR0_PG);
	expect_engine(ENGINE_INTERPRETER);
}
END_TEST

START_TEST(shadows_of_sti_and_mov_ss_are_interpreted)
{
	setup_vmi_kernel();
	rig.cpu->interrupt_shadow = SHADOW_STI;
	expect_engine(ENGINE_INTERPRETER);
	rig.cpu->interrupt_shadow = SHADOW_MOV_SS;
	expect_engine(ENGINE_INTERPRETER);
	rig.cpu->interrupt_shadow = 0;
	expect_engine(ENGINE_DIRECT);
}
END_TEST

START_TEST(rings_1_and_2_are_interpreted)
{
	setup_vmi_kernel();
	rig.cpu->seg[SREG_CS] = rig_segment(SEL_RING2_CODE);
	rig.cpu->seg[SREG_SS] = rig_segment(SEL_RING2_DATA);
	for (u8 cpl = 1; cpl < 3; cpl++) {
		rig.cpu->cpl = cpl;
		expect_engine(ENGINE_INTERPRETER);
	}
}
END_TEST

START_TEST(a_16_bit_stack_is_interpreted)
{
	setup_vmi_kernel();
	rig.cpu->seg[SREG_SS] = rig_segment(SEL_STACK16);
	rig.cpu->seg[SREG_SS].selector |= 1;
	expect_engine(ENGINE_INTERPRETER);
	rig_kernel();
	expect_engine(ENGINE_DIRECT);
}
END_TEST

START_TEST(a_hidden_part_unlike_the_table_is_interpreted)
{
	for (u32 i = 0; i < SREG_COUNT; i++) {
		if (!i)
			setup_vmi_kernel();
		rig_kernel();
		rig.cpu->seg[i].base = 0x1000;
		expect_engine(ENGINE_INTERPRETER);
		rig_kernel();
		rig.cpu->seg[i].limit = 0xfffff;
		expect_engine(ENGINE_INTERPRETER);
		rig_kernel();
		rig.cpu->seg[i].attr ^= SEG_TYPE_WRITABLE;
		expect_engine(ENGINE_INTERPRETER);
		rig_kernel();
		expect_engine(ENGINE_DIRECT);
	}
}
END_TEST

START_TEST(the_accessed_bit_and_null_selectors_do_not_matter)
{
	setup_vmi_kernel();
	rig.cpu->seg[SREG_DS].attr &= (u16)~SEG_TYPE_ACCESSED;
	rig.cpu->seg[SREG_ES] = (struct x86_segment){.selector = 3};
	rig.cpu->seg[SREG_GS] = (struct x86_segment){.selector = 0, .base = 5};
	expect_engine(ENGINE_DIRECT);
}
END_TEST

START_TEST(segments_are_compared_only_when_something_touched_them)
{
	setup_vmi_kernel();
	rig.cpu->seg[SREG_DS].base = 4;
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_DIRECT);
	rig_code(RIG_CODE, 0x89, 0xc3, 0x90); /* mov ebx, eax; nop */
	rig.cpu->eip = RIG_CODE;
	x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_DIRECT);
	x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_INTERPRETER);
}
END_TEST

START_TEST(a_code_breakpoint_is_interpreted_and_a_data_breakpoint_is_not)
{
	setup_vmi_kernel();
	for (u32 i = 0; i < 4; i++) {
		rig.cpu->dr[7] = DR7_FIXED | 1u << (2 * i);
		expect_engine(ENGINE_INTERPRETER);
		rig.cpu->dr[7] = DR7_FIXED | 2u << (2 * i);
		expect_engine(ENGINE_INTERPRETER);
		rig.cpu->dr[7] |= 1u << (16 + 4 * i); /* data writes */
		expect_engine(ENGINE_DIRECT);
		rig.cpu->dr[7] = DR7_FIXED; /* nothing enabled: the kind does not matter */
		expect_engine(ENGINE_DIRECT);
	}
}
END_TEST

START_TEST(an_interrupt_is_delivered_between_direct_entries)
{
	setup_vmi_kernel();
	rig.cpu->eflags |= EFLAGS_IF;
	rig.vector = 0x31;
	x86_vcpu_set_intr(rig.vcpu, 0, true);
	rig_exit_vector = VECTOR_LAPIC_TIMER;
	fake_switch.guest = rig_guest_exits;
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	rig_expect_delivered(0x31, false, RIG_CODE);
	ck_assert_uint_eq(fake_switch.entries, 1);
	ck_assert_uint_eq(fake_switch.external, VECTOR_LAPIC_TIMER);
}
END_TEST

START_TEST(a_flush_makes_the_root_stale)
{
	x86_vcpu_flush(rig.vcpu, TLB_FLUSH_ALL,
		       gva(0)); /* without a gate: only the interpreter's */
	setup_vmi_kernel();
	x86_vcpu_flush(rig.vcpu, TLB_FLUSH_PAGE, gva(RIG_DATA));
	ck_assert(rig.vcpu->root_stale);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_vcpu_starts_at_the_reset_vector_in_the_interpreter,
		creation_without_memory_takes_nothing,
		a_second_vcpu_cannot_claim_the_init_port,
		the_gate_without_memory_takes_nothing_wherever_it_fails,
		reset_ends_vmi_and_keeps_the_counters,
		the_fpus_registers_forget_a_vcpu_that_never_ran_directly,
		kill_keeps_the_first_reason,
		a_long_reason_is_cut,
		hlt_stops_the_turn_and_an_interrupt_wakes,
		a_halted_vcpu_with_interrupts_off_sleeps_on,
		no_interrupt_is_acknowledged_with_if_clear,
		an_interrupt_waits_for_the_instruction_behind_sti,
		sti_hlt_does_not_lose_the_interrupt,
		an_interrupt_waits_for_the_instruction_behind_mov_ss,
		a_turn_is_bounded,
		a_device_can_end_the_turn,
		an_interrupt_raised_by_mmio_comes_before_the_next_instruction,
		sti_nop_cli_is_a_window,
		a_triple_fault_shuts_down,
		no_interrupt_wakes_from_shutdown,
		an_exception_goes_to_the_guests_handler,
		garbage_gets_an_exception_and_not_a_kill,
		before_vmi_init_all_is_interpreted,
		kernel_and_user_code_runs_directly,
		user_code_with_interrupts_off_is_interpreted,
		user_code_with_iopl_3_is_interpreted,
		v86_and_real_mode_are_interpreted,
		shadows_of_sti_and_mov_ss_are_interpreted,
		rings_1_and_2_are_interpreted,
		a_16_bit_stack_is_interpreted,
		a_hidden_part_unlike_the_table_is_interpreted,
		the_accessed_bit_and_null_selectors_do_not_matter,
		segments_are_compared_only_when_something_touched_them,
		a_code_breakpoint_is_interpreted_and_a_data_breakpoint_is_not,
		an_interrupt_is_delivered_between_direct_entries,
		a_flush_makes_the_root_stale,
	};

	return rig_main("vcpu", rig_setup, tests, ARRAY_SIZE(tests));
}
