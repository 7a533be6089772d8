/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that executes garbage: random bytes as code, random descriptors, gates, task states and page
 * tables, in every mode.  Nothing of it may crash the interpreter, touch what is not the guest's (the
 * sanitizers watch), be unhandled, or leave a state that a CPU cannot be in.
 */
#include <stdio.h>

#include "tests/unit/interp_random.h"
#include "tests/unit/interp_rig.h"

#define STEPS 60000u
#define ROUND 400u

static void random_bytes(u32 at, u32 size)
{
	for (u32 i = 0; i < size; i++)
		rig->ram[at + i] = (u8)random32();
}

/* Descriptors that are mostly good, so that the way beyond them is found. */
static void random_tables(void)
{
	random_bytes(RIG_GDT, 0x300);
	rig_tables();
	for (u16 selector = SEL_FREE; selector < 0x300; selector = (u16)(selector + 8)) {
		u32 limit = random_below(2) ? 0xffffffffu : random_below(0x10000);

		if (random_below(4))
			rig_descriptor(selector, random_below(3) ? 0 : random_below(RIG_RAM), limit,
				       (random32() & 0x507f) | SEG_P | (random_below(4) ? SEG_S : 0));
	}
	for (u32 vector = 0; vector < 256; vector++)
		if (random_below(8))
			rig_gate((u8)vector, random_below(4) ? DESCRIPTOR_INTERRUPT_GATE32 :
							       random_below(16),
				 random_below(4),
				 random_below(2) ? SEL_CODE0 : (u16)random_below(0x300),
				 random_below(RIG_RAM));
}

static void random_mode(void)
{
	struct x86_cpu *cpu = &rig->cpu;

	x86_cpu_reset(cpu);
	cpu->cr0 = CR0_PE | CR0_ET | CR0_NE;
	random_tables();
	rig_ring(random_below(2) ? 0 : 3);
	cpu->cr4 = random32() & rig_ops.cr4_allowed & ~CR4_PAE;
	cpu->kernel_rpl = (u8)random_below(2);
	switch (random_below(4)) {
	case 0:
		rig_real_mode();
		break;
	case 1:
		rig_ring(3);
		cpu->eflags |= EFLAGS_VM;
		for (u32 reg = 0; reg < SREG_COUNT; reg++)
			cpu->seg[reg] = (struct x86_segment){ .attr = 0xf3, .limit = 0xffff };
		break;
	case 2:
		for (u32 page = 0; page < 1024; page++)
			rig_write32(0x201000 + 4 * page,
				    page << 12 | (random_below(8) ? 7 : random_below(8)));
		rig_write32(0x200000, 0x201007);
		cpu->cr3 = 0x200000;
		cpu->cr0 |= CR0_PG | (random32() & (CR0_WP | CR0_AM));
		break;
	default:
		break;
	}
	interp_flush_tlb(rig->interp);
}

static void random_registers(void)
{
	struct x86_cpu *cpu = &rig->cpu;

	for (u32 reg = 0; reg < REG_COUNT; reg++)
		cpu->gpr[reg] = random_below(3) ? random_below(0x10000) : random32();
	cpu->gpr[REG_EAX] &= random_below(2) ? 0x2ff : 0xffffffff;
	cpu->gpr[REG_ESP] = RIG_STACK - random_below(0x100);
	cpu->eip = RIG_CODE + random_below(0x200);
	cpu->eflags |= random32() & (EFLAGS_ARITH | EFLAGS_IOPL | EFLAGS_DF | EFLAGS_AC | EFLAGS_IF);
	if (!random_below(16))
		cpu->eflags |= EFLAGS_TF | EFLAGS_NT;
	if (!random_below(8)) {
		cpu->dr[7] = random32() | 3;
		cpu->dr[0] = RIG_DATA;
	}
	random_bytes(RIG_CODE, 0x400);
}

static void check_state(void)
{
	const struct x86_cpu *cpu = &rig->cpu;

	ck_assert(cpu->eflags & EFLAGS_FIXED);
	ck_assert_uint_le(cpu->cpl, 3);
	if (!x86_protected_mode(cpu))
		ck_assert_uint_eq(cpu->cpl, 0);
	else if (x86_v86_mode(cpu))
		ck_assert_uint_eq(cpu->cpl, 3);
	ck_assert(!(cpu->cr0 & CR0_PG) || (cpu->cr0 & CR0_PE));
	ck_assert_uint_eq(cpu->cr4 & ~rig_ops.cr4_allowed, 0);
}

static void one_step(void)
{
	struct x86_cpu *cpu = &rig->cpu;
	struct x86_cpu before = *cpu;
	enum emul_result result = interp_step(rig->interp);

	ck_assert_int_ne(result, EMUL_UNHANDLED);
	check_state();
	if (result == EMUL_DONE)
		return;
	/* A fault, unless a new task has it, changes nothing but what a string has done. */
	if (!cpu->fault.is_trap && cpu->tr.selector == before.tr.selector &&
	    cpu->tr.base == before.tr.base) {
		ck_assert_uint_eq(cpu->eip, before.eip);
		ck_assert_uint_eq(cpu->eflags, before.eflags);
		ck_assert_uint_eq(cpu->gpr[REG_ESP], before.gpr[REG_ESP]);
		ck_assert_mem_eq(cpu->seg, before.seg, sizeof(before.seg));
	}
	ck_assert_int_eq(interp_deliver_fault(rig->interp), EMUL_DONE);
	check_state();
}

START_TEST(garbage_does_no_harm)
{
	random_start();
	printf("SEED=%u\n", random_seed);
	rig->feature_edx |= BIT(11);
	rig_make_interp();
	for (u32 i = 0; i < STEPS; i++) {
		if (i % ROUND == 0)
			random_mode();
		if (i % 8 == 0)
			random_registers();
		rig->cpu.activity = CPU_RUNNING;
		one_step();
		if (!random_below(50))
			interp_deliver_interrupt(rig->interp, (u8)random32());
		check_state();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interp_garbage");
	TCase *tcase = tcase_create("garbage");

	tcase_add_test(tcase, garbage_does_no_harm);
	return rig_run(suite, tcase);
}
