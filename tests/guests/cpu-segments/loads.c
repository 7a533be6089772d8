/* SPDX-License-Identifier: GPL-2.0 */
/* Loads of data-segment registers and SS, in each way, in ring 0 and ring 3: result, faults, accessed bits. */
#include "tests/guests/cpu-segments/segments.h"

/* EAX is the selector, EDX a place in memory; each ends with int $0x81 or the fault at its label. */
extern u8 mov_ds[], mov_es[], mov_fs[], mov_gs[], mov_ss[], pop_ds[], pop_es[], pop_fs[], pop_gs[],
	pop_ss[], lds[], les[], lfs[], lgs[], lss[];
__asm__(".macro mov_load name, reg\n\\name:\n\tmovl %eax, %\\reg\n\tint $0x81\n.endm\n"
	".macro pop_load name, reg\n\tpushl %eax\n\\name:\n\tpopl %\\reg\n\tint $0x81\n.endm\n"
	".macro far_load name\n\\name:\n\t\\name (%edx), %ebx\n\tint $0x81\n.endm\n"
	"mov_load mov_ds, ds\nmov_load mov_es, es\nmov_load mov_fs, fs\nmov_load mov_gs, gs\n"
	"mov_load mov_ss, ss\npop_load pop_ds, ds\npop_load pop_es, es\npop_load pop_fs, fs\n"
	"pop_load pop_gs, gs\npop_load pop_ss, ss\nfar_load lds\nfar_load les\nfar_load lfs\n"
	"far_load lgs\nfar_load lss\n");

enum target { TO_DS, TO_ES, TO_FS, TO_GS, TO_SS };
static const struct way {
	const char *text;
	const u8 *code;
	enum target to;
	u8 start; /* bytes of code before the load, to be run first */
	bool far;
} ways[] = {
	{ "MOV DS", mov_ds, TO_DS, 0, false },	{ "MOV ES", mov_es, TO_ES, 0, false },
	{ "MOV FS", mov_fs, TO_FS, 0, false },	{ "MOV GS", mov_gs, TO_GS, 0, false },
	{ "MOV SS", mov_ss, TO_SS, 0, false },	{ "POP DS", pop_ds, TO_DS, 1, false },
	{ "POP ES", pop_es, TO_ES, 1, false },	{ "POP FS", pop_fs, TO_FS, 1, false },
	{ "POP GS", pop_gs, TO_GS, 1, false },	{ "POP SS", pop_ss, TO_SS, 1, false },
	{ "LDS", lds, TO_DS, 0, true },		{ "LES", les, TO_ES, 0, true },
	{ "LFS", lfs, TO_FS, 0, true },		{ "LGS", lgs, TO_GS, 0, true },
	{ "LSS", lss, TO_SS, 0, true },
};

#define OK 0
#define GP 13
#define NP 11
#define SS 12
/* What becomes of a load of @selector into a data register and into SS, by ring 0 and 3. */
static const struct load_case {
	const char *text;
	u16 selector;
	u8 data0, data3, ss0, ss3;
} cases[] = {
	{ "a null selector", 0, OK, OK, GP, GP },
	{ "a null selector with RPL 3", 3, OK, OK, GP, GP },
	{ "data of ring 3", SEL_TLS | 3, OK, OK, GP, OK },
	{ "data of ring 3 with RPL 0", SEL_TLS, OK, OK, GP, GP },
	{ "data of ring 0", KERNEL_DS, OK, GP, OK, GP },
	{ "data of ring 0 with RPL 3", KERNEL_DS | 3, GP, GP, GP, GP },
	{ "data of ring 1", SEL_RING1_DATA | 1, OK, GP, GP, GP },
	{ "read-only data", SEL_READ_ONLY | 3, OK, OK, GP, GP },
	{ "code that cannot be read", SEL_EXECUTE_ONLY | 3, GP, GP, GP, GP },
	{ "conforming code of ring 0", SEL_CONFORMING | 3, OK, OK, GP, GP },
	{ "a segment that is not present", SEL_ABSENT | 3, NP, NP, GP, SS },
	{ "a TSS", TSS_SELECTOR, GP, GP, GP, GP },
	{ "an empty descriptor", SEL_GATE | 3, GP, GP, GP, GP },
	{ "a selector beyond the table", 8 * GDT_ENTRIES | 3, GP, GP, GP, GP },
	{ "a selector of no LDT", 4 | 3, GP, GP, GP, GP },
};

static u32 shown(enum target to)
{
	switch (to) {
	case TO_DS:
		return last_trap.ds & 0xffff;
	case TO_ES:
		return last_trap.es & 0xffff;
	case TO_FS:
		return last_trap.fs & 0xffff;
	case TO_GS:
		return last_trap.gs & 0xffff;
	default:
		return last_trap.ss & 0xffff;
	}
}

/* One load; true if all is as @c says. */
static bool load(u32 ring, const struct way *way, const struct load_case *c)
{
	bool ss = way->to == TO_SS;
	u32 expected = ring ? (ss ? c->ss3 : c->data3) : (ss ? c->ss0 : c->data0);
	u32 before = way->to == TO_SS ? (ring ? USER_DS : KERNEL_DS) :
		     way->to < TO_FS && !ring ? KERNEL_DS : USER_DS;
	u32 *place = (u32 *)DATA, result;

	place[0] = 0xfeed;
	place[1] = c->selector;
	result = run_with(ring, way->code - way->start, c->selector, DATA);
	if (expected == OK)
		return result == 0 && shown(way->to) == c->selector && last_trap.esp == STACK &&
		       last_trap.ebx == (way->far ? 0xfeed : 0x1234);
	return result == expected + 1 && last_trap.eip == (u32)way->code && last_trap.ebx == 0x1234 &&
	       last_trap.error == (c->selector & 0xfffcu) && shown(way->to) == before &&
	       last_trap.esp == STACK - 4 * way->start;
}

static void all_loads(u32 ring)
{
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *first = "";
		u32 wrong = 0, result = 0;

		for (u32 round = 0; round < 5; round++)
			for (u32 j = 0; j < ARRAY_SIZE(ways); j++) {
				if (load(ring, &ways[j], &cases[i]))
					continue;
				if (!wrong++) {
					first = ways[j].text;
					result = last_trap.vector << 16 | last_trap.error;
				}
			}
		check(wrong == 0, "ring %u loads %s (%u wrong: %s, %x)", ring, cases[i].text, wrong, first,
		      result);
	}
}

static void accessed_bits(u32 ring)
{
	u32 wrong = 0;

	for (u32 i = 0; i < ARRAY_SIZE(ways); i++) {
		u32 selector = ways[i].to != TO_SS ? SEL_READ_ONLY | 3 : ring ? SEL_TLS | 3 : SEL_STACK16;

		/* A kernel cannot take an exception on a 16-bit stack at this address. */
		if (selector == SEL_STACK16)
			continue;
		for (u32 j = 0; j < 20; j++) {
			gdt[selector / 8] &= ~ACCESSED;
			((u32 *)DATA)[1] = selector;
			wrong += run_with(ring, ways[i].code - ways[i].start, selector, DATA) != 0;
			wrong += !(gdt[selector / 8] & ACCESSED);
		}
	}
	gdt[SEL_ABSENT / 8] &= ~ACCESSED;
	run_with(ring, mov_ds, SEL_ABSENT | 3, 0);
	wrong += (gdt[SEL_ABSENT / 8] & ACCESSED) != 0;
	check(wrong == 0, "ring %u: a load sets the accessed bit in the guest's table (%u wrong)", ring, wrong);
}

void load_tests(void)
{
	for (u32 ring = 0; ring <= 3; ring += 3) {
		all_loads(ring);
		accessed_bits(ring);
	}
}
