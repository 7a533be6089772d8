/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The short way of delivering events against the general one: random states, most of them what a flat kernel
 * has with a few bits wrong, are delivered both ways, and registers and memory compared.
 */
#include "tests/unit/interp_rig.h"

#include "tests/unit/interp_random.h"

#define CASES 30000u
#define USED 0x20000u /* all that a case touches lies below */
#define PAGE_DIR 0x1e000u
#define PAGE_TABLE 0x1f000u
#define OTHER_STACK 0xd000u
#define STATE offsetof(struct x86_cpu, fault)

static bool one_in(u32 n)
{
	return !random_below(n);
}

/* Flip a bit of the dword at @at, rarely. */
static void damage(u32 at, u32 odds)
{
	if (one_in(odds))
		rig_write32(at, rig_read32(at) ^ BIT(random_below(32)));
}

static void random_tables(u8 vector)
{
	u32 type = one_in(2) ? DESCRIPTOR_INTERRUPT_GATE32 : DESCRIPTOR_TRAP_GATE32;

	rig_tables();
	rig_gate(vector, type, one_in(2) ? 3 : 0, SEL_CODE0, random32());
	rig_gate(EXCP_DF, type, 0, SEL_CODE0, random32());
	for (u32 selector = SEL_CODE0; selector <= SEL_TSS; selector += 8) {
		damage(RIG_GDT + (selector & SEL_INDEX), 25);
		damage(RIG_GDT + (selector & SEL_INDEX) + 4, 25);
	}
	damage(RIG_IDT + vector * 8u, 15);
	damage(RIG_IDT + vector * 8u + 4, 15);
	damage(RIG_TSS + 8, 20);
	rig_write32(RIG_TSS + 4, one_in(4) ? OTHER_STACK - random_below(64) : RIG_STACK);
	if (one_in(30))
		rig->cpu.tr.limit = random_below(16);
	if (one_in(30))
		rig->cpu.idtr.limit = (u16)(vector * 8u + 5 + random_below(4));
	if (one_in(30))
		rig->cpu.gdtr.limit = (u16)((random_below(4) + 1) * 8 + 5 + random_below(4));
	if (one_in(30))
		rig->cpu.tr.attr ^= DESCRIPTOR_TYPE_32BIT;
}

static void random_paging(void)
{
	rig->cpu.cr0 &= ~(CR0_PG | CR0_WP);
	if (one_in(3))
		return;
	rig_write32(PAGE_DIR, PAGE_TABLE | 7);
	for (u32 page = 0; page < 1024; page++)
		rig_write32(PAGE_TABLE + 4 * page, page << 12 | (one_in(2) ? 3 : 7));
	for (u32 i = 0; i < 3; i++) {
		u32 page = random_below(16);

		damage(PAGE_TABLE + 4 * page, 6);
	}
	rig->cpu.cr3 = PAGE_DIR;
	rig->cpu.cr0 |= CR0_PG | (one_in(2) ? CR0_WP : 0);
}

static void random_registers(void)
{
	struct x86_cpu *cpu = &rig->cpu;
	u32 cpl = one_in(2) ? 3 : 0;

	cpu->kernel_rpl = one_in(3);
	rig_ring(cpl);
	for (u32 reg = 0; reg < SREG_COUNT; reg++)
		if (one_in(60))
			cpu->seg[reg].attr ^= (u16)BIT(random_below(16));
	if (one_in(40))
		cpu->seg[SREG_SS].base = random32() & 0xfff;
	if (one_in(40))
		cpu->seg[SREG_SS].limit = random32() & 0xffff;
	cpu->gpr[REG_ESP] -= one_in(3) ? random_below(RIG_STACK) : random_below(16) * 4;
	cpu->eflags = (random32() & 0x003d3fd5) | EFLAGS_FIXED | (one_in(2) ? EFLAGS_NT : 0);
	if (one_in(20))
		cpu->eflags |= EFLAGS_VM;
	if (cpu->eflags & EFLAGS_VM)
		cpu->cpl = 3;
	if (one_in(40))
		cpu->cpl = (u8)random_below(4);
	cpu->eip = random32();
	cpu->interrupt_shadow = (u8)random_below(4);
	cpu->activity = one_in(4) ? CPU_HALTED : CPU_RUNNING;
	rig->own_stack = one_in(3);
	rig->own_ss = (u16)(one_in(10) ? random_below(64) : SEL_DATA0 | cpu->kernel_rpl);
	rig->own_esp = OTHER_STACK - random_below(3) * 4;
}

static bool random_event(struct x86_fault *fault, u8 vector)
{
	*fault = (struct x86_fault){
		.vector = vector, .has_error = one_in(2), .error = random32() & 0x1f,
		.is_trap = one_in(4), .cr2 = random32(), .dr6 = random32() & 0xe00f,
	};
	return one_in(3);
}

static void deliver(bool fast, bool interrupt, const struct x86_fault *fault)
{
	interp_use_fast_delivery(rig->interp, fast);
	interp_flush_tlb(rig->interp);
	rig->cpu.fault = *fault;
	if (interrupt)
		ck_assert_int_eq(interp_deliver_interrupt(rig->interp, fault->vector), EMUL_DONE);
	else
		ck_assert_int_eq(interp_deliver_fault(rig->interp), EMUL_DONE);
}

START_TEST(both_ways_of_delivery_give_the_same)
{
	static u8 memory[USED], result[USED];
	static struct x86_cpu before, after;
	struct x86_cpu clean = rig->cpu;
	u32 taken;

	random_start();
	for (u32 i = 0; i < CASES; i++) {
		u8 vector = (u8)(one_in(4) ? EXCP_PF : random_below(64));
		bool traced = one_in(30), interrupt;
		struct x86_fault fault;

		rig->cpu = clean;
		random_tables(vector);
		random_paging();
		random_registers();
		interrupt = random_event(&fault, vector);
		gmem_set_flags(rig->gmem, gpa(RIG_STACK - 1), traced ? GMEM_TRACED : 0, GMEM_TRACED);
		memcpy(memory, rig->ram, USED);
		before = rig->cpu;
		deliver(false, interrupt, &fault);
		memcpy(result, rig->ram, USED);
		after = rig->cpu;

		memcpy(rig->ram, memory, USED);
		rig->cpu = before;
		deliver(true, interrupt, &fault);
		ck_assert_msg(!memcmp(rig->ram, result, USED), "memory, case %u, SEED=%u", i, random_seed);
		ck_assert_msg(!memcmp(&rig->cpu, &after, STATE), "registers, case %u, SEED=%u", i,
			      random_seed);
	}
	/* That there is something to compare: a good part is usual, and a good part is not. */
	taken = interp_fast_deliveries(rig->interp);
	ck_assert_uint_gt(taken, CASES / 8);
	ck_assert_uint_lt(taken, CASES - CASES / 8);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interp_deliver");
	TCase *tcase = tcase_create("interp_deliver");

	tcase_add_test(tcase, both_ways_of_delivery_give_the_same);
	return rig_run(suite, tcase);
}
