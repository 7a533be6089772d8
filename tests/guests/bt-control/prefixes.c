/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Prefixes: those that mean nothing, segment overrides with bases of their own, and operand size 16 on
 * branches, which cuts EIP to 16 bits.
 */
#include "tests/guests/bt-control/control.h"

#define FS_BASE 0x10000u
#define GS_BASE 0x20000u
#define DATA (AREA + 0x200000)
#define HIGH (LINEAR + 0x5000) /* code at HIGH and at LOW, with equal low 16 bits */
#define LOW 0x5000u

struct piece {
	u32 eax; /* what it leaves */
	u8 size, bytes[22];
};

/* In: EAX 1, ECX 2, EBX = ESI = DATA, EDI = DATA + 256; a RET follows. */
static const struct piece pieces[] = {
	{ 1, 2, { 0xf3, 0xc3 } },
	{ 1, 2, { 0xf2, 0xc3 } },
	{ 1, 3, { 0x2e, 0x65, 0xc3 } },
	{ 1, 2, { 0x67, 0xc3 } },
	{ 1, 2, { 0xf3, 0x90 } },
	{ 1, 4, { 0x66, 0x66, 0x66, 0x90 } },
	{ 2, 2, { 0xf2, 0x40 } },
	{ 2, 2, { 0xf3, 0x40 } },
	{ 2, 5, { 0xf2, 0xf3, 0x67, 0x26, 0x40 } },
	{ 0x1ffff, 6, { 0xb8, 0xfe, 0xff, 0x01, 0, 0x40 } },
	{ 0x10000, 8, { 0xb8, 0xff, 0xff, 0x01, 0, 0x66, 0x40, 0x90 } },
	{ 0x1234, 5, { 0x66, 0x66, 0xb8, 0x34, 0x12 } },
	{ 1, 9, { 0x2e, 0x74, 1, 0x90, 0x3e, 0x75, 1, 0x90, 0x90 } },
	{ 1, 7, { 0x26, 0xe8, 1, 0, 0, 0, 0xc3 } },
	{ 1, 7, { 0xf2, 0xe8, 1, 0, 0, 0, 0xc3 } },
	{ 1, 4, { 0xf2, 0xeb, 1, 0xf4 } },
	{ 1, 7, { 0x3e, 0xe9, 1, 0, 0, 0, 0xf4 } },
	{ 1, 10, { 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 } },
	{ 0xd0, 2, { 0x8b, 0x03 } },
	{ 0xd0, 3, { 0x2e, 0x8b, 0x03 } },
	{ 0xd0, 3, { 0x36, 0x8b, 0x03 } },
	{ 0xd0, 3, { 0x26, 0x8b, 0x03 } },
	{ 0xf5, 3, { 0x64, 0x8b, 0x03 } },
	{ 0x65, 3, { 0x65, 0x8b, 0x03 } },
	{ 0x65, 5, { 0x2e, 0x64, 0x65, 0x8b, 0x03 } },
	{ 0xf5, 6, { 0x65, 0x2e, 0x64, 0x8b, 0x45, 0 } },
	{ 0x65, 4, { 0x65, 0x8b, 0x04, 0x23 } }, /* no index */
	{ 0xf5, 4, { 0x64, 0xad, 0x90, 0x90 } },
	{ 0x65, 6, { 0x65, 0xa5, 0x8b, 0x47, 0xfc, 0x90 } },
	{ 0x65, 8, { 0xf3, 0x65, 0xa4, 0x0f, 0xb6, 0x47, 0xfe, 0x90 } },
	{ 0x65, 8, { 0x65, 0xf3, 0x66, 0xa5, 0x8b, 0x47, 0xfc, 0x90 } },
	{ 1, 6, { 0xff, 0x33, 0x36, 0x8f, 0x03, 0x90 } },
	{ 0xf5, 5, { 0x64, 0xff, 0x33, 0x58, 0x90 } },
	{ 0xf5, 9, { 0x64, 0xff, 0x33, 0x26, 0x8f, 0x07, 0x8b, 0x07, 0x90 } },
};

static bool one_piece(u32 number)
{
	const struct piece *piece = &pieces[number];
	struct code_state s = {
		.eax = 1, .ecx = 2, .ebx = DATA, .esi = DATA, .ebp = DATA, .edi = DATA + 256, .eflags = 2,
	};
	u8 *at = (u8 *)AREA;

	*(u32 *)DATA = 0xd0;
	*(u32 *)(DATA + FS_BASE) = 0xf5;
	*(u32 *)(DATA + GS_BASE) = 0x65;
	memcpy(at, piece->bytes, piece->size);
	at[piece->size] = 0xc3;
	for (u32 i = 0; i < 4; i++) {
		struct code_state t = s;
		u32 r = code_try(at, &t);

		if (!r && t.eax == piece->eax && !t.esp_lost)
			continue;
		print("piece %u: eax %x vector %d\n", number, t.eax, (int)r - 1);
		return false;
	}
	return true;
}

static u64 data_at(u32 base)
{
	return 0x00cf92000000ffffull | (u64)(base & 0xffffff) << 16 | (u64)(base >> 24) << 56;
}

static void load_fs_gs(u32 fs, u32 gs)
{
	__asm__ volatile("movw %w0, %%fs\n\tmovw %w1, %%gs" : : "r"(fs), "r"(gs));
}

/* A base with which the sum wraps: LINEAR + something at a negative base. */
static bool wrapping(void)
{
	struct code_state s = { .ebx = DATA + 0x1000, .eflags = 2 };
	u8 *at = (u8 *)AREA;

	gdt[FREE_SELECTOR / 8 + 2] = data_at(0u - 0x1000);
	load_fs_gs(FREE_SELECTOR + 16, KERNEL_DS);
	EMIT(at, 0x64, 0x8b, 0x03, 0xc3);
	code_run((void *)AREA, &s);
	return s.eax == 0xd0;
}

/* ---- 16-bit operand size on branches ------------------------------------------------------------------ */
struct branch {
	bool low; /* does it go to LOW? */
	u8 size, bytes[8];
	bool pushed; /* 2 bytes are left on the stack */
};

/* At HIGH: to 5 bytes behind themselves or, with @low, to the same place in LOW.  EAX = HIGH + 40h, ZF. */
static const struct branch branches[] = {
	{ true, 3, { 0x66, 0xeb, 5 }, false },
	{ false, 2, { 0xeb, 5 }, false },
	{ true, 4, { 0x66, 0xe9, 5, 0 }, false },
	{ true, 3, { 0x66, 0x74, 5 }, false },
	{ false, 3, { 0x66, 0x75, 5 }, false },
	{ true, 5, { 0x66, 0x0f, 0x84, 5, 0 }, false },
	{ false, 5, { 0x66, 0x0f, 0x85, 5, 0 }, false },
	{ true, 3, { 0x66, 0xe2, 5 }, false },
	{ false, 3, { 0x66, 0xe3, 5 }, false },
	{ true, 3, { 0x66, 0xff, 0xe0 }, false },
	{ false, 2, { 0xff, 0xe0 }, false },
	{ true, 4, { 0x66, 0x50, 0x66, 0xc3 }, false },
	{ false, 2, { 0x50, 0xc3 }, false },
	{ true, 6, { 0x66, 0x50, 0x66, 0xff, 0x24, 0x24 }, true },
	{ true, 4, { 0x66, 0xe8, 5, 0 }, true },
	{ true, 3, { 0x66, 0xff, 0xd0 }, true },
};

static bool one_branch(const struct branch *branch)
{
	struct code_state s = { .eax = HIGH + 0x40, .ecx = 9, .eflags = FLAG_ONE | FLAG_ZF };
	u8 *at = (u8 *)LOW + 0x60;

	memset((void *)HIGH, 0x90, 0x60);
	memset((void *)LOW, 0x90, 0x60);
	memcpy((void *)HIGH, branch->bytes, branch->size);
	emit_return((u8 *)HIGH + 0x60, 1);
	if (branch->pushed)
		EMIT(at, 0x83, 0xc4, 2); /* ADD ESP, 2 */
	emit_return(at, 2);
	for (u32 i = 0; i < 3; i++) {
		struct code_state t = s;

		if (code_try((void *)HIGH, &t) || t.eax != (branch->low ? 2 : 1))
			return false;
	}
	return true;
}

static void test_branches(void)
{
	u32 bad = 0, old = *pte_of(LOW);

	code_map(HIGH, AREA + 0x1000, PTE_P | PTE_W);
	code_map(LOW, AREA + 0x3000, PTE_P | PTE_W);
	for (u32 i = 0; i < ARRAY_SIZE(branches); i++) {
		bool good = one_branch(&branches[i]);

		if (!good)
			print("branch %u is wrong\n", i);
		bad += !good;
	}
	*pte_of(LOW) = old;
	invlpg(LOW);
	check(!bad, "branches with operand size 16 cut EIP when taken");
}

void test_prefixes(void)
{
	u32 bad = 0;

	gdt[FREE_SELECTOR / 8] = data_at(FS_BASE);
	gdt[FREE_SELECTOR / 8 + 1] = data_at(GS_BASE);
	load_fs_gs(FREE_SELECTOR, FREE_SELECTOR + 8);
	for (u32 i = 0; i < ARRAY_SIZE(pieces); i++)
		bad += !one_piece(i);
	check(!bad, "%u pieces with redundant prefixes and segment overrides", ARRAY_SIZE(pieces));
	check(wrapping(), "a segment base that wraps");
	load_fs_gs(KERNEL_DS, KERNEL_DS);
	test_branches();
}
