/* SPDX-License-Identifier: GPL-2.0 */
/* The end of VMI by CR0.PG, as kexec brings it about, and its next beginning. */
#include "tests/unit/vcpu_rig.h"

static void expect_left(u32 eip)
{
	ck_assert(!rig.vcpu->killed);
	ck_assert(!rig.vcpu->vmi.active && !rig.vcpu->has_gate);
	ck_assert_uint_eq(rig.cpu->eip, eip);
	ck_assert_uint_eq(rig.cpu->kernel_rpl, 0);
	ck_assert_uint_eq(rig.cpu->seg[SREG_CS].selector, SEL_CODE0);
	ck_assert_uint_eq(rig.cpu->seg[SREG_SS].selector, SEL_DATA0);
	rig.cpu->cr0 |= CR0_PG;
	ck_assert_uint_eq(rig_vmi_init(), 0);
	ck_assert(rig.vcpu->vmi.active);
}

START_TEST(mov_to_cr0_without_pg_ends_vmi_and_it_can_begin_again)
{
	for (u32 i = 0; i < 3; i++) {
		rig_kernel();
		rig_code(RIG_CODE, 0x0f, 0x22, 0xc0); /* mov cr0, eax */
		rig.cpu->gpr[REG_EAX] = rig.cpu->cr0 & ~CR0_PG;
		rig_exit(EXCP_GP, 0);
		expect_left(RIG_CODE + 3);
	}
	ck_assert(rig.vcpu->stats.leaves == 3);
}
END_TEST

START_TEST(set_cr0_without_pg_returns_to_its_caller_in_ring_0)
{
	u32 esp;

	rig_kernel();
	esp = rig.cpu->gpr[REG_ESP];
	rig.cpu->gpr[REG_EAX] = rig.cpu->cr0 & ~CR0_PG;
	rig_call(VMI_CALL_SetCR0);
	ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], esp);
	expect_left(RIG_CODE + 5);
	rig_kernel();
	rig.cpu->gpr[REG_EAX] = rig.cpu->cr0 & ~CR0_PG;
	rig.cpu->gpr[REG_ESP] = 0xf0000000; /* no memory: RET reads ones */
	rig.cpu->eip = ROM_AFTER(VMI_CALL_SetCR0);
	rig_exit(VECTOR_HYPERCALL, 0);
	expect_left(~0u);
}
END_TEST

/* What a kernel does on its way to real mode, or to the next kernel: no GDT, then no paging. */
START_TEST(a_kernel_that_turns_paging_off_without_a_gdt_is_translated_again)
{
	rig_kernel();
	rig_store(RIG_DATA, 0);
	rig_store(RIG_DATA + 4, 0);
	rig.cpu->gpr[REG_EAX] = RIG_DATA;
	rig_call(VMI_CALL_SetGDT);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_INTERPRETER);
	ck_assert_uint_eq(rig.cpu->seg[SREG_DS].limit, ~0u);
	ck_assert_uint_eq(rig.cpu->seg[SREG_CS].limit, ~0u);
	ck_assert_uint_eq(rig.cpu->seg[SREG_SS].limit, ~0u);
	ck_assert_uint_eq(rig.cpu->seg[SREG_CS].selector & SEL_RPL, 1);
	rig.cpu->eip = RIG_CODE;
	rig_code(RIG_CODE, 0x0f, 0x22, 0xc0); /* MOV CR0, EAX */
	rig.cpu->gpr[REG_EAX] = CR0_PE;
	x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE + 3);
	ck_assert(!rig.vcpu->vmi.active);
	ck_assert_uint_eq(rig.cpu->kernel_rpl, 0);
	ck_assert_uint_eq(rig.cpu->seg[SREG_CS].selector & SEL_RPL, 0);
	ck_assert_uint_eq(rig.cpu->seg[SREG_SS].selector & SEL_RPL, 0);
	ck_assert_uint_eq(rig.cpu->seg[SREG_CS].limit, ~0u);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		mov_to_cr0_without_pg_ends_vmi_and_it_can_begin_again,
		set_cr0_without_pg_returns_to_its_caller_in_ring_0,
		a_kernel_that_turns_paging_off_without_a_gdt_is_translated_again,
	};

	return rig_main("vmi_leave", rig_setup_vmi, tests, ARRAY_SIZE(tests));
}
