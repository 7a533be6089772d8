/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One instruction that writes to page tables again and again, then to plain memory, then to both in turns; whose
 * pages vanish meanwhile; and whose own bytes change.  Whatever is done to make it cheaper where it is, it
 * does the same each time.
 */
#include "tests/guests/bt-mmu/mmu.h"

#define V 0x8000000u         /* a page that is used, so that its table is */
#define OTHER (V + 0x1000)   /* its entry may be anything: nobody goes there */
#define NOWHERE (V + 0x2000) /* not present */
#define ROUNDS 60u

static u32 op_mov(u32 old, u32 edx)
{
	(void)old;
	return edx;
}
static u32 op_mov8(u32 old, u32 edx)
{
	return (old & ~0xffu) | (edx & 0xff);
}
static u32 op_or(u32 old, u32 edx)
{
	return old | edx;
}
static u32 op_and(u32 old, u32 edx)
{
	return old & edx;
}
static u32 op_add(u32 old, u32 edx)
{
	return old + edx;
}
static u32 op_bts(u32 old, u32 edx)
{
	(void)edx;
	return old | BIT(5);
}

/* [EAX] and EDX; ECX is 0. */
static const struct op {
	u8 bytes[8];
	u32 (*model)(u32 old, u32 edx);
	bool keeps_flags;
} ops[] = {
	{ { 0x89, 0x10, 0xc3 }, op_mov, true },
	{ { 0x89, 0x14, 0x88, 0xc3 }, op_mov, true },
	{ { 0x87, 0x10, 0xc3 }, op_mov, true },
	{ { 0x88, 0x10, 0xc3 }, op_mov8, true },
	{ { 0x09, 0x10, 0xc3 }, op_or, false },
	{ { 0x21, 0x10, 0xc3 }, op_and, false },
	{ { 0xf0, 0x01, 0x10, 0xc3 }, op_add, false },
	{ { 0x0f, 0xba, 0x28, 0x05, 0xc3 }, op_bts, false },
};

static u8 *code;

/* The operation on the dword at @address, which may fault: true if all is as it must be. */
static bool once(const struct op *op, u32 address, u32 edx, u32 flags)
{
	struct code_state state = { .eax = address, .edx = edx, .eflags = flags };
	u32 before = peek(address);

	if (code_try(code, &state))
		return false;
	return peek(address) == op->model(before, edx) && state.eax == address && !state.esp_lost &&
	       (!op->keeps_flags || (state.eflags & FLAGS_STATUS) == (flags & FLAGS_STATUS));
}

static bool faults(u32 address, u32 error)
{
	struct code_state state = { .eax = address, .edx = 0x12345678 };

	return is_fault(code_try(code, &state), address, error) && last_trap.eip == (u32)code &&
	       last_trap.eax == address && last_trap.edx == 0x12345678;
}

/* Where the instruction writes in each round: 0 the page table, 1 plain memory, 2 both in turns, 3 a
 * few times here, a few there. */
static bool to_table(u32 phase, u32 round)
{
	return phase == 2 ? round % 2 : phase == 3 ? round / 12 % 2 : !phase;
}

static bool phases(const struct op *op, u32 plain)
{
	bool good = true;

	for (u32 phase = 0; phase < 4 && good; phase++) {
		for (u32 i = 0; i < ROUNDS && good; i++) {
			u32 where = to_table(phase, i) ? (u32)pte_at(&home, OTHER) : plain;

			good = peek(V) == 1 && once(op, where, i * 0x01234567 + 0x89abcdef, code_flags(i));
		}
		/* In the midst of whatever it is now.  To TCG the fault of some that read and write is a read. */
		good = good && (faults(NOWHERE, 2) || faults(NOWHERE, 0)) && faults(V + 0x3000, 3);
	}
	return good;
}

/* MOV to an entry that is used at once. */
static bool remaps(const u32 frame[2])
{
	bool good = true;

	memcpy(code, ops[0].bytes, sizeof(ops[0].bytes));
	for (u32 i = 0; i < 4 * ROUNDS && good; i++) {
		good = once(&ops[0], (u32)pte_at(&home, V), frame[i % 2] | RW, FLAG_ONE);
		invlpg(V);
		good = good && peek(V) == 1 + i % 2;
	}
	return good;
}

void test_adapt(void)
{
	u32 frame[2] = { (u32)pages(1), (u32)pages(1) }, plain = (u32)pages(1);

	code = pages(1);
	poke(frame[0], 1);
	poke(frame[1], 2);
	map(V, frame[0], RW);
	map(V + 0x3000, frame[1], PTE_P);
	for (u32 round = 0; round < 2; round++)
		for (u32 i = 0; i < ARRAY_SIZE(ops); i++) {
			/* Over the one before, which has become whatever it is. */
			memcpy(code, ops[i].bytes, sizeof(ops[i].bytes));
			entry_set(pte_at(&home, OTHER), 0);
			if (!phases(&ops[i], plain)) {
				check(false, "instruction %u writes to page tables and to plain memory", i);
				return;
			}
		}
	check(true, "%u instructions write to page tables and to plain memory, fault, and are changed",
	      (u32)ARRAY_SIZE(ops));
	check(remaps(frame), "a MOV that maps other frames again and again");
	entry_set(pte_at(&home, OTHER), 0);
	map(V, 0, 0);
	map(V + 0x3000, 0, 0);
}
