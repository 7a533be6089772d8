/* SPDX-License-Identifier: GPL-2.0 */
/*
 * arch/x86/x86_both.c: what the rehearsal leaves behind (nothing), and that each kind of difference is found.
 * "The translated code" is a function of the test, which does what it likes.
 */
#include "tests/unit/vcpu_rig.h"

#include <stdio.h>

/* inc eax; mov [ebx], eax; jmp to the beginning.  In the cache: 1, 2 and 5 bytes, and the exit. */
#define CODE 0x40, 0x89, 0x03, 0xeb, 0xfb
#define EXIT_AFTER 10u /* with the INT */

static struct guest_frame change; /* added to what the code should do */
static u32 stored, store_at, seen, exit_after;

static void run_block(struct guest_frame *frame)
{
	u32 value = stored;

	seen = rig_load(RIG_DATA);
	if (store_at)
		ck_assert(gmem_write(rig.gmem, gpa(store_at), &value, 4));
	frame->eax += 1 + change.eax;
	frame->edi += change.edi;
	frame->fs += change.fs;
	frame->esp += change.esp;
	frame->eflags = (frame->eflags & ~EFLAGS_ARITH) | change.eflags;
	frame->eip += change.eip ? change.eip : exit_after;
	frame->vector = change.eip ? EXCP_PF : VECTOR_BT; /* a hidden fault */
	frame->error = 2;
	x86_vcpu_end_turn(rig.vcpu);
}

static void setup(void)
{
	rig_setup();
	rig.vcpu->config.interpret = false;
	rig.vcpu->config.compare = true;
	rig.vcpu->config.knobs.no_chain = true;
	/* Only accessed descriptors can be used without the interpreter. */
	rig_store64(RIG_GDT + SEL_CODE0, FLAT_CODE0 | BIT64(40));
	rig_store64(RIG_GDT + SEL_DATA0, FLAT_DATA0 | BIT64(40));
	rig_code(RIG_CODE, CODE);
	rig.cpu->gpr[REG_EBX] = RIG_DATA;
	rig_store(RIG_DATA, 0x55);
	change = (struct guest_frame){ 0 };
	exit_after = EXIT_AFTER;
	stored = 7;
	store_at = RIG_DATA;
	fake_switch.guest = run_block;
}

/* Run the block once; why the VM was stopped. */
static const char *outcome(void)
{
	rig.cpu->eip = RIG_CODE;
	rig.cpu->gpr[REG_EAX] = 6;
	x86_vcpu_run(rig.vcpu);
	return x86_vcpu_kill_reason(rig.vcpu);
}

START_TEST(the_same_result_goes_on_and_the_rehearsal_leaves_no_trace)
{
	ck_assert_str_eq(outcome(), "");
	ck_assert_uint_eq(rig.vcpu->stats.compared, 1);
	ck_assert_uint_eq(seen, 0x55);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], 7);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE);
	ck_assert_uint_eq(rig_load(RIG_DATA), 7);
}
END_TEST

START_TEST(a_register_is_named_with_both_values)
{
	change.edi = 0x10;
	ck_assert_str_eq(outcome(), "exec=both: from 00010000 to 00010000: edi: translated 0x10, "
				    "interpreted 0");
	ck_assert_ptr_nonnull(strstr(fake_log(), "block of 00010000"));
}
END_TEST

START_TEST(each_kind_of_difference_is_found)
{
	change.esp = 4;
	ck_assert_ptr_nonnull(strstr(outcome(), "esp: "));
	rig_teardown();
	setup();
	change.fs = 0u - SEL_DATA0;
	ck_assert_ptr_nonnull(strstr(outcome(), "fs: translated 0, interpreted 0x10"));
	rig_teardown();
	setup();
	change.eflags = EFLAGS_CF;
	ck_assert_ptr_nonnull(strstr(outcome(), "eflags: translated 0x1, interpreted 0"));
	rig_teardown();
	setup();
	stored = 0x107;
	ck_assert_ptr_nonnull(strstr(outcome(), "memory a001: translated 0x1, interpreted 0"));
	rig_teardown();
	setup();
	store_at = 0;
	ck_assert_ptr_nonnull(strstr(outcome(), "memory a000: translated 0x55, interpreted 0x7"));
}
END_TEST

START_TEST(an_exit_on_the_way_is_compared_as_far_as_it_came)
{
	change.eip = 1; /* before the store */
	store_at = 0;
	fake_switch.cr2 = RIG_DATA;
	ck_assert_str_eq(outcome(), "");
	ck_assert_uint_eq(rig.vcpu->stats.compared, 1);
}
END_TEST

START_TEST(what_cannot_be_rehearsed_is_not_compared)
{
	rig_code(RIG_CODE, 0x0f, 0x31, 0x40, 0xeb, 0xfb); /* rdtsc, which is a block */
	exit_after = 9;
	change.edi = 5;
	ck_assert_str_eq(outcome(), "");
	ck_assert_uint_eq(rig.vcpu->stats.compared, 0);
	ck_assert_uint_eq(rig.vcpu->stats.not_compared, 1);
}
END_TEST

START_TEST(a_device_is_not_touched_by_a_rehearsal)
{
	rig.cpu->gpr[REG_EBX] = RIG_DEVICE;
	change.edi = 5;
	ck_assert_str_eq(outcome(), "");
	ck_assert_uint_eq(rig.vcpu->stats.not_compared, 1);
	ck_assert_ptr_null(strstr(fake_log(), "block of"));
}
END_TEST

START_TEST(a_block_is_cut_at_what_cannot_be_compared)
{
	rig_code(RIG_CODE, 0x40, 0x0f, 0x31, 0xeb, 0xfb);
	exit_after = 8; /* behind one byte, a jump and the exit */
	store_at = 0;
	ck_assert_str_eq(outcome(), "");
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE + 1);
	ck_assert_uint_eq(rig.vcpu->stats.compared, 1);
	change.edi = 5;
	ck_assert_str_eq(outcome(), "exec=both: from 00010000 to 00010001: edi: translated 0x5, "
				    "interpreted 0");
}
END_TEST

START_TEST(without_a_number_every_run_is_compared)
{
	for (u32 i = 1; i < 400; i++) {
		rig_store(RIG_DATA, 0x55 + i);
		ck_assert_str_eq(outcome(), "");
		ck_assert_uint_eq(seen, 0x55 + i);
		ck_assert_uint_eq(rig.vcpu->stats.compared, i);
	}
	change.edi = 1;
	ck_assert_ptr_nonnull(strstr(outcome(), "edi: "));
}
END_TEST

START_TEST(a_block_that_was_compared_often_enough_runs_without)
{
	rig.vcpu->config.compare_repeat = 3;
	for (u32 i = 1; i <= 3; i++)
		ck_assert_str_eq(outcome(), "");
	change.edi = 1;
	ck_assert_str_eq(outcome(), "");
	ck_assert_uint_eq(rig.vcpu->stats.compared, 3);
	ck_assert_uint_eq(rig.vcpu->stats.not_compared, 0);
}
END_TEST

START_TEST(an_exit_on_the_way_does_not_count)
{
	rig.vcpu->config.compare_repeat = 1;
	fake_switch.cr2 = RIG_DATA;
	change.eip = 1;
	for (u32 i = 0; i < 5; i++)
		ck_assert_str_eq(outcome(), "");
	change.edi = 1;
	ck_assert_ptr_nonnull(strstr(outcome(), "edi: "));
}
END_TEST

START_TEST(code_that_changed_is_compared_again)
{
	rig.vcpu->config.compare_repeat = 1;
	ck_assert_str_eq(outcome(), "");
	rig_code(RIG_CODE, CODE);
	ck_assert_str_eq(outcome(), "");
	ck_assert_uint_eq(rig.vcpu->stats.compared, 2);
}
END_TEST

static void count_write(void *opaque, gpa_t address, u32 size)
{
	ck_assert_uint_eq(address.v, RIG_DATA);
	ck_assert_uint_eq(size, 4);
	++*(u32 *)opaque;
}

/* Or the page tables of the code itself, which it writes to, would be taken from the CPU each time. */
START_TEST(nobody_hears_of_the_writes_of_a_rehearsal)
{
	u32 heard = 0;

	ck_assert_str_eq(outcome(), "");
	gmem_listen(rig.gmem, GMEM_CODEMAP, count_write, &heard);
	gmem_set_flags(rig.gmem, gpa(RIG_DATA), GMEM_CODEMAP, 0);
	ck_assert_str_eq(outcome(), "");
	ck_assert_uint_eq(rig.vcpu->stats.compared, 2);
	ck_assert_uint_eq(heard, 1); /* run_block's */
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_same_result_goes_on_and_the_rehearsal_leaves_no_trace,
		a_register_is_named_with_both_values,
		each_kind_of_difference_is_found,
		an_exit_on_the_way_is_compared_as_far_as_it_came,
		what_cannot_be_rehearsed_is_not_compared,
		a_device_is_not_touched_by_a_rehearsal,
		a_block_is_cut_at_what_cannot_be_compared,
		without_a_number_every_run_is_compared,
		a_block_that_was_compared_often_enough_runs_without,
		an_exit_on_the_way_does_not_count,
		code_that_changed_is_compared_again,
		nobody_hears_of_the_writes_of_a_rehearsal,
	};

	return rig_main("both", setup, tests, ARRAY_SIZE(tests));
}
