/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors that change: a thread-local segment rewritten by plain stores and used at once, as Linux
 * does at each task switch; LDTs; and a register whose descriptor has changed keeps the old segment.
 */
#include "tests/guests/cpu-segments/segments.h"

#define ROUNDS 500u
#define PLACES 8u

static u64 ldt[4], ldt2[4];
/* EAX = selector: load GS and read offsets 0 and, below the base, -4 (EDX). */
extern u8 read_gs[], read_fs_kept[], read_at_edx[];
__asm__("read_gs:\n\tmovl %eax, %gs\n\tmovl %gs:0, %ecx\n\tmovl %gs:(%edx), %ebx\n\tint $0x81\n"
	"read_at_edx:\n\tmovl %gs:(%edx), %ebx\n\tint $0x81\n"
	"read_fs_kept:\n\tmovl %fs:0, %ecx\n\tint $0x81\n");

static u32 *place(u32 i)
{
	return (u32 *)(DATA + 0x100 * (i % PLACES) + 0x80);
}

static void fill(void)
{
	for (u32 i = 0; i < PLACES; i++) {
		place(i)[0] = 0xabc000 + i;
		place(i)[-1] = 0xdef000 + i;
	}
}

static void switches(u32 ring, u64 *entry, u32 selector, const char *what)
{
	u32 wrong = 0;

	for (u32 i = 0; i < ROUNDS; i++) {
		*entry = with_base(FLAT | WRITE_DATA | DPL(3), (u32)place(i));
		wrong += run_with(ring, read_gs, selector, 0u - 4) != 0;
		wrong += last_trap.ecx != 0xabc000 + i % PLACES || last_trap.ebx != 0xdef000 + i % PLACES;
		wrong += !(*entry & ACCESSED);
	}
	check(wrong == 0, "ring %u: a segment in the %s moved %u times by plain stores (%u wrong)", ring, what,
	      ROUNDS, wrong);
}

/* Kernel only, without leaving: the same code, a store and a load each time. */
static void switches_inside(void)
{
	u32 wrong = 0, value, old;

	for (u32 i = 0; i < ROUNDS * 4; i++) {
		u64 raw = with_base(FLAT | WRITE_DATA | ACCESSED, (u32)place(i + 1));

		gdt[SEL_TLS / 8] = with_base(FLAT | WRITE_DATA | ACCESSED, (u32)place(i));
		__asm__ volatile("movl %3, %%gs\n\tmovl %4, (%2)\n\tmovl %5, 4(%2)\n\tmovl %%gs:0, %0\n\t"
				 "movl %3, %%gs\n\tmovl %%gs:0, %1"
				 : "=&r"(old), "=&r"(value)
				 : "r"(&gdt[SEL_TLS / 8]), "r"(SEL_TLS), "r"((u32)raw), "r"((u32)(raw >> 32))
				 : "memory");
		wrong += old != 0xabc000 + i % PLACES || value != 0xabc000 + (i + 1) % PLACES;
	}
	check(wrong == 0, "GS keeps its segment until it is loaded again (%u wrong)", wrong);
	__asm__ volatile("movl %0, %%gs" : : "r"(0));
}

/* FS is loaded in ring 0, its descriptor destroyed, and used in ring 3. */
static void kept_over_iret(void)
{
	u32 wrong = 0;

	for (u32 i = 0; i < ROUNDS / 5; i++) {
		struct user_registers registers = { .eip = (u32)read_fs_kept, .eflags = 2 | IF, .esp = STACK };

		gdt[SEL_TLS / 8] = with_base(FLAT | WRITE_DATA | DPL(3), (u32)place(i));
		__asm__ volatile("movl %0, %%fs" : : "r"(SEL_TLS | 3) : "memory");
		gdt[SEL_TLS / 8] = with_base(FLAT | WRITE_DATA | DPL(3), (u32)place(i + 1));
		wrong += run_in_ring(3, &registers) != 0 || last_trap.ecx != 0xabc000 + i % PLACES;
	}
	check(wrong == 0, "a segment loaded in ring 0 is still that in ring 3 (%u wrong)", wrong);
}

/*
 * One piece of code stores the low half of a descriptor again and again, by a register and a constant, with
 * all flags and registers checked; then to another place; then through a DS that is not flat.
 */
static u8 store_code[64] ALIGNED(64);

static u32 store_once(u32 i, u32 ds, u32 *low)
{
	struct code_state s = { .eax = i % 3 ? 0x5a5a0000 + i : 0xffff, .ecx = (u32)low, .ebx = ds, .edx = ~i,
				.esi = 0x11, .edi = 0x22, .ebp = 0x33, .eflags = code_flags(i) };
	struct code_state t = s;

	code_run(store_code, &t);
	return t.eax != s.eax || t.ecx != s.ecx || t.ebx != s.ebx || t.edx != s.edx || t.esi != s.esi ||
	       t.edi != s.edi || t.ebp != s.ebp ||
	       ((t.eflags ^ s.eflags) & FLAGS_STATUS);
}

static void stores(void)
{
	u32 *low = (u32 *)&gdt[SEL_TLS / 8], *other = (u32 *)(DATA + 0x10), wrong = 0, kept;
	u8 *at = store_code;

	EMIT(at, 0x1e, 0x8e, 0xdb, 0x89, 0x01); /* PUSH DS; MOV DS, EBX; MOV [ECX], EAX */
	EMIT(at, 0xc7, 0x41, 0x04, 0x01, 0x93, 0xcf, 0x00); /* MOV dword [ECX + 4], imm */
	EMIT(at, 0x1f, 0xc3);                               /* POP DS; RET */
	for (u32 i = 0; i < ROUNDS; i++) {
		wrong += store_once(i, KERNEL_DS, low);
		wrong += low[0] != (i % 3 ? 0x5a5a0000 + i : 0xffff) || low[1] != 0x00cf9301;
	}
	check(wrong == 0, "stores to a descriptor keep registers and flags (%u wrong)", wrong);
	kept = low[0];
	for (u32 i = 1; i < ROUNDS; i += 3) {
		wrong += store_once(i, KERNEL_DS, other);
		wrong += other[0] != 0x5a5a0000 + i || other[1] != 0x00cf9301 || low[0] != kept;
	}
	check(wrong == 0, "the same code stores elsewhere (%u wrong)", wrong);
	gdt[SEL_READ_ONLY / 8] = with_base(FLAT | WRITE_DATA | ACCESSED, (u32)other - (u32)low);
	for (u32 i = 2; i < ROUNDS; i += 3) {
		other[0] = other[1] = 0;
		wrong += store_once(i, SEL_READ_ONLY, low);
		wrong += other[0] != 0x5a5a0000 + i || other[1] != 0x00cf9301 || low[0] != kept;
	}
	check(wrong == 0, "and through a segment with a base (%u wrong)", wrong);
	gdt[SEL_READ_ONLY / 8] = FLAT | READ_DATA | DPL(3);
}

static void lldt(u32 selector)
{
	__asm__ volatile("lldt %w0" : : "r"(selector) : "memory");
}

static u64 ldt_descriptor(const u64 *table, u32 limit)
{
	return with_base(limit | SEGMENT_P | 2ull << 40, (u32)table);
}

static void ldts(void)
{
	u32 wrong = 0, result, sldt;

	gdt[LDT_SELECTOR / 8] = ldt_descriptor(ldt, sizeof(ldt) - 1);
	gdt[SEL_LDT2 / 8] = ldt_descriptor(ldt2, sizeof(ldt2) - 1);
	lldt(LDT_SELECTOR);
	switches(0, &ldt[1], 8 | 4 | 3, "LDT");
	switches(3, &ldt[1], 8 | 4 | 3, "LDT");
	ldt[2] = with_base(FLAT | WRITE_DATA | DPL(3), (u32)place(1));
	ldt2[2] = with_base(FLAT | WRITE_DATA | DPL(3), (u32)place(2));
	for (u32 i = 0; i < ROUNDS; i++) {
		lldt(i % 2 ? SEL_LDT2 : LDT_SELECTOR);
		wrong += run_with(3, read_gs, 16 | 4 | 3, 0) != 0;
		wrong += last_trap.ecx != 0xabc001 + i % 2;
	}
	check(wrong == 0, "two LDTs in turns (%u wrong)", wrong);
	__asm__ volatile("sldt %0" : "=r"(sldt));
	check((sldt & 0xffff) == SEL_LDT2, "SLDT shows the selector (%x)", sldt);
	result = run_with(3, read_gs, 32 | 4 | 3, 0);
	check(result == 14 && last_trap.error == (32 | 4), "a selector beyond the LDT (%u, %x)", result,
	      last_trap.error);
	lldt(0);
	result = run_with(3, read_gs, 16 | 4 | 3, 0);
	check(result == 14 && last_trap.error == (16 | 4), "no LDT any more (%u, %x)", result,
	      last_trap.error);
}

/* Offsets FFC and below are outside of expand-down segment with limit FFF. */
static void limits(void)
{
	static const struct {
		const char *text;
		u64 raw;
		u32 offset;
		bool inside;
	} cases[] = {
		{ "expand-down, above its limit", EXPAND_DOWN | SEGMENT_D | 0xfff, 0x1000, true },
		{ "expand-down, across its limit", EXPAND_DOWN | SEGMENT_D | 0xfff, 0xffe, false },
		{ "expand-down, below its limit", EXPAND_DOWN | SEGMENT_D | 0xfff, 0x10, false },
		{ "expand-down of 64 KB, at its end", EXPAND_DOWN | 0xfff, 0xfffc, true },
		{ "expand-down of 64 KB, beyond", EXPAND_DOWN | 0xfff, 0x10000, false },
		{ "the last dword", WRITE_DATA | 0xfff, 0xffc, true },
		{ "across the limit", WRITE_DATA | 0xfff, 0xffd, false },
	};

	for (u32 ring = 0; ring <= 3; ring += 3)
		for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
			struct user_registers registers = { .eflags = 2, .esp = STACK };
			u32 wrong = 0, result = 0;

			for (u32 j = 0; j < 20; j++) {
				gdt[SEL_TLS / 8] = with_base(cases[i].raw | DPL(3), DATA - 0x1000);
				__asm__ volatile("movl %0, %%gs" : : "r"(SEL_TLS | 3) : "memory");
				registers.eip = (u32)read_at_edx;
				registers.edx = cases[i].offset;
				result = run_in_ring(ring, &registers);
				wrong += result != (cases[i].inside ? 0 : 1 + 13) ||
					 (!cases[i].inside && last_trap.error);
			}
			check(wrong == 0, "ring %u: %s (%u wrong, %u)", ring, cases[i].text, wrong, result);
		}
}

void tls_tests(void)
{
	fill();
	switches(0, &gdt[SEL_TLS / 8], SEL_TLS | 3, "GDT");
	switches(3, &gdt[SEL_TLS / 8], SEL_TLS | 3, "GDT");
	switches_inside();
	kept_over_iret();
	stores();
	fill();
	ldts();
	if (boot_word("limits"))
		limits();
	gdt[SEL_TLS / 8] = with_base(FLAT | WRITE_DATA | DPL(3), DATA);
}
