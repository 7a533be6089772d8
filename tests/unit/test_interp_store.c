/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The short way of a store to a traced frame (interp_learn) against the general one: for every instruction
 * that kernels change page-table entries with, and for some that must not go that way, registers, memory
 * and what the tracer is told must be the same.
 */
#include "tests/unit/interp_rig.h"

#include "tests/unit/interp_random.h"

#define PAGE_DIR 0x100000u
#define PAGE_TABLE 0x101000u
#define TARGET 0x30000u /* the traced page, at the same linear address */
#define CASES 400u

static struct {
	u32 first, end, count;
} told;
static void listener(void *opaque, gpa_t address, u32 size)
{
	(void)opaque;
	told.first = MIN(told.first, (u32)address.v);
	told.end = MAX(told.end, (u32)address.v + size);
	told.count++;
}

static void start(void)
{
	random_start();
	rig_write32(PAGE_DIR, PAGE_TABLE | 7);
	for (u32 page = 0; page < 1024; page++)
		rig_write32(PAGE_TABLE + 4 * page, page << 12 | 0x67);
	rig->cpu.cr3 = PAGE_DIR;
	rig->cpu.cr0 |= CR0_PG | CR0_WP;
	interp_flush_tlb(rig->interp);
	gmem_listen(rig->gmem, GMEM_TRACED, listener, NULL);
	gmem_set_flags(rig->gmem, gpa(TARGET), GMEM_TRACED, 0);
}

static enum emul_result step(bool learn, u32 address)
{
	struct walk_result walk;

	told.first = ~0u;
	told.end = told.count = 0;
	interp_flush_tlb(rig->interp);
	if (learn && !mmu_walk(&rig->cpu, rig->gmem, gva(address), ACCESS_WRITE, &walk))
		interp_learn(rig->interp, gva(address), &walk);
	return interp_step(rig->interp);
}

/* EBX is the address, ECX an index, ESI 0. */
static const struct {
	u8 code[11];
	u32 bytes; /* that the tracer hears of, in one piece */
} stores[] = {
	{ { 0x89, 0x03 }, 4 },					   /* mov [ebx], eax */
	{ { 0x89, 0x04, 0x33 }, 4 },				   /* mov [ebx+esi], eax */
	{ { 0xc7, 0x03, 0x67, 0x50, 0x34, 0x12 }, 4 },		   /* mov dword [ebx], imm */
	{ { 0x66, 0x89, 0x03 }, 2 },				   /* mov [ebx], ax */
	{ { 0x88, 0x23 }, 1 },					   /* mov [ebx], ah */
	{ { 0x87, 0x03 }, 4 },					   /* xchg [ebx], eax */
	{ { 0xf0, 0x80, 0x23, 0xfd }, 1 },			   /* lock and byte [ebx], imm */
	{ { 0xf0, 0x83, 0x0b, 0x42 }, 4 },			   /* lock or dword [ebx], imm */
	{ { 0xf0, 0x0f, 0xba, 0x33, 0x01 }, 4 },		   /* lock btr dword [ebx], 1 */
	{ { 0xf0, 0x0f, 0xba, 0x2b, 0x05 }, 4 },		   /* lock bts dword [ebx], 5 */
	{ { 0xf0, 0x0f, 0xb1, 0x13 }, 4 },			   /* lock cmpxchg [ebx], edx */
	{ { 0xf0, 0x0f, 0xc7, 0x0b }, 8 },			   /* lock cmpxchg8b [ebx] */
	{ { 0xf0, 0x0f, 0xb3, 0x0b }, 4 },			   /* lock btr [ebx], ecx: elsewhere */
	{ { 0xff, 0x03 }, 4 },					   /* inc dword [ebx] */
	{ { 0x8f, 0x03 }, 4 },					   /* pop [ebx] */
	{ { 0xab }, 4 },					   /* stosd to EDI */
};

static void random_case(u32 i, u32 *address)
{
	struct x86_cpu *cpu = &rig->cpu;

	for (u32 reg = 0; reg < REG_COUNT; reg++)
		if (reg != REG_ESP)
			cpu->gpr[reg] = random32();
	*address = TARGET + random_below(0x1000 - 16) / 8 * 8;
	if (!random_below(8))
		*address = TARGET + 0x1000 - 1 - random_below(10);
	cpu->gpr[REG_EBX] = *address;
	cpu->gpr[REG_EDI] = *address;
	cpu->gpr[REG_ECX] = random_below(64); /* the bits of two dwords */
	cpu->gpr[REG_ESI] = 0;
	cpu->eflags = EFLAGS_FIXED | (random32() & (EFLAGS_ARITH | EFLAGS_RF)) |
		      (random_below(4) ? 0 : EFLAGS_TF);
	cpu->eip = RIG_CODE;
	for (u32 at = TARGET; at < TARGET + 0x1000; at += 4)
		rig_write32(at, random32());
	if (random_below(2)) { /* comparisons that succeed */
		cpu->gpr[REG_EAX] = rig_read32(*address);
		cpu->gpr[REG_EDX] = rig_read32(*address + 4);
	}
	if (!random_below(12))
		cpu->seg[SREG_DS].limit = *address + random_below(8);
	rig_write(RIG_CODE, stores[i].code, sizeof(stores[i].code));
}

START_TEST(a_learned_store_is_the_store)
{
	static u8 memory[0x2000], result[0x2000];
	static struct x86_cpu before, after;
	u32 address, piece = 0;

	start();
	for (u32 i = 0; i < ARRAY_SIZE(stores); i++)
		for (u32 n = 0; n < CASES; n++) {
			enum emul_result first;
			u32 told_first, told_end;

			rig_load(SREG_DS, SEL_DATA0);
			random_case(i, &address);
			before = rig->cpu;
			memcpy(memory, rig->ram + TARGET, sizeof(result));
			first = step(false, address);
			after = rig->cpu;
			memcpy(result, rig->ram + TARGET, sizeof(result));
			told_first = told.first;
			told_end = told.end;

			rig->cpu = before;
			memcpy(rig->ram + TARGET, memory, sizeof(result));
			ck_assert_int_eq(step(true, address), first);
			ck_assert_msg(!memcmp(rig->ram + TARGET, result, sizeof(result)),
				      "memory, row %u, SEED=%u", i, random_seed);
			ck_assert_msg(!memcmp(&rig->cpu, &after, offsetof(struct x86_cpu, fpu)),
				      "registers, row %u, SEED=%u", i, random_seed);
			/* The tracer hears of all bytes, and of them only, and in one piece. */
			ck_assert_uint_eq(told.first, told_first);
			ck_assert_uint_eq(told.end, told_end);
			if (told.count == 1 && told.end - told.first == stores[i].bytes)
				piece++;
		}
	ck_assert_uint_gt(piece, ARRAY_SIZE(stores) * CASES * 3 / 4);
}
END_TEST

/* The right that the store was given ends with it, whatever the next instruction is. */
START_TEST(the_right_is_for_one_instruction)
{
	start();
	rig->cpu.gpr[REG_EBX] = TARGET + 8;
	CODE(0x89, 0x03, 0x89, 0x43, 0x10, 0xff, 0x43, 0x20);
	ck_assert_int_eq(step(true, TARGET + 8), EMUL_DONE);
	for (u32 i = 1; i <= 2; i++) {
		ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE);
		ck_assert_uint_eq(told.count, 1 + i);
		ck_assert_uint_eq(told.end, TARGET + 8 + 16 * i + 4);
	}
}
END_TEST

/* A tracer may let go of the frame, or trace others, while it is told. */
START_TEST(a_learned_store_outlives_the_tracing)
{
	start();
	rig->cpu.gpr[REG_EBX] = TARGET + 8;
	rig->cpu.gpr[REG_EAX] = 0x12345678;
	gmem_set_flags(rig->gmem, gpa(TARGET), 0, GMEM_TRACED);
	CODE(0x89, 0x03);
	ck_assert_int_eq(step(true, TARGET + 8), EMUL_DONE);
	ck_assert_uint_eq(rig_read32(TARGET + 8), 0x12345678);
	ck_assert_uint_eq(told.count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interp_store");
	TCase *tcase = tcase_create("interp_store");

	tcase_add_test(tcase, a_learned_store_is_the_store);
	tcase_add_test(tcase, the_right_is_for_one_instruction);
	tcase_add_test(tcase, a_learned_store_outlives_the_tracing);
	return rig_run(suite, tcase);
}
