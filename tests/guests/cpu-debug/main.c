/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Debugging in the guest: single steps through many kinds of instructions, each trap at its place and
 * none else; breakpoints on code and data in ring 0 and ring 3, also in code that has run a hundred
 * times before; DR6 and RF; DR7.GD.
 */
#include "tests/lib/guest.h"

#define IF 0x200u
#define TF 0x100u
#define RF 0x10000u
#define IOPL3 0x3000u
#define STACK 0x700000u
#define WATCHED 0x600100u
#define TURNS 20u

#define BD 0x2000u
#define BS 0x4000u
#define GD 0x2000u
#define L(n) (1u << 2 * (n))
#define RW(n, type, length) ((u32)((type) | ((length) - 1) << 2) << (16 + 4 * (n)))
#define EXECUTE 0u
#define WRITE 1u
#define READ_WRITE 3u

extern const u32 step_places[], step_places_end[];
extern u8 stepped[], nothing[], watched[], bp_write[], bp_read[], bp_code[], watched_end[],
	gd_access[], gd_after[], do_int1[], int1_after[], behind_sti[];

static u32 traps[256], trap_count, last_dr6, not_bs, hits[4], places_wrong, expected_eip[4], rf_wrong;

static u32 get_dr6(void)
{
	u32 value;

	__asm__ volatile("movl %%dr6, %0" : "=r"(value));
	return value;
}

static void set_dr6(u32 value)
{
	__asm__ volatile("movl %0, %%dr6" : : "r"(value));
}

static void set_dr7(u32 value)
{
	__asm__ volatile("movl %0, %%dr7" : : "r"(value | 0x400));
}

static u32 run(u32 ring, const void *code, u32 flags, u32 esi)
{
	struct user_registers registers = {
		.eip = (u32)code, .eflags = 2 | flags, .esp = STACK, .esi = esi,
	};

	return run_in_ring(ring, &registers);
}

/* ---- single step ---- */
static void step(struct trap_frame *frame)
{
	if (trap_count < ARRAY_SIZE(traps))
		traps[trap_count] = frame->eip;
	trap_count++;
	not_bs += (get_dr6() & (BS | 0xf)) != BS;
	set_dr6(0);
}

/* With TCG the step after STI is not one. */
static u32 list_places(u32 *list)
{
	u32 n = 0;

	for (const u32 *at = step_places; at < step_places_end; at++)
		if (*at != (u32)behind_sti || !on_bare())
			list[n++] = *at;
	return n;
}

static void steps(u32 ring)
{
	u32 list[64], places = list_places(list), wrong = 0, result = 0, first = 0;

	set_handler(1, step);
	for (u32 i = 0; i < TURNS; i++) {
		trap_count = not_bs = 0;
		set_dr6(0);
		result = run(ring, stepped, IF | TF | (ring ? IOPL3 : 0), 0);
		wrong += result != 0 || trap_count != places || not_bs;
		for (u32 j = 0; j < places && j < trap_count; j++)
			if (traps[j] != list[j]) {
				wrong++;
				first = j << 16 | (u16)traps[j];
				break;
			}
	}
	check(wrong == 0, "ring %u: %u single steps, each at its place (%u wrong: %u, %u steps, %x)", ring, places,
	      wrong, result, trap_count, first);
	set_handler(1, NULL);
}

/* ---- breakpoints ---- */
static void breakpoint(struct trap_frame *frame)
{
	u32 dr6 = get_dr6() & 0xf;

	for (u32 i = 0; i < 4; i++)
		if (dr6 >> i & 1) {
			hits[i]++;
			places_wrong += frame->eip != expected_eip[i];
		}
	trap_count++;
	if (frame->eip == (u32)bp_code) {
		/* The handler's own RF lets it go on; a fault has it set already. */
		rf_wrong += !(frame->eflags & RF);
		frame->eflags |= RF;
	}
	set_dr6(0);
}

static void set_dr(u32 number, u32 value)
{
	switch (number) {
	case 0:
		__asm__ volatile("movl %0, %%dr0" : : "r"(value));
		break;
	case 1:
		__asm__ volatile("movl %0, %%dr1" : : "r"(value));
		break;
	case 2:
		__asm__ volatile("movl %0, %%dr2" : : "r"(value));
		break;
	default:
		__asm__ volatile("movl %0, %%dr3" : : "r"(value));
		break;
	}
}

static void breakpoints_at(u32 ring, const char *text, u32 dr7, const u32 expected[4])
{
	u32 wrong = 0, result = 0;

	/* Translated, chained, without breakpoints first. */
	set_dr7(0);
	wrong += run(ring, watched, IF, 300) != 0 || last_trap.ebx != 300;
	for (u32 round = 0; round < 3; round++) {
		for (u32 i = 0; i < 4; i++)
			hits[i] = 0;
		places_wrong = trap_count = rf_wrong = 0;
		set_dr6(0);
		set_dr7(dr7);
		result = run(ring, watched, IF, TURNS);
		set_dr7(0);
		wrong += result != 0 || last_trap.ebx != TURNS || places_wrong || (rf_wrong && !on_bare());
		for (u32 i = 0; i < 4; i++)
			wrong += hits[i] != expected[i];
	}
	trap_count = 0;
	wrong += run(ring, watched, IF, TURNS) != 0 || trap_count;
	check(wrong == 0, "ring %u: %s (%u wrong: %d, hits %u %u %u %u, %u elsewhere)", ring, text, wrong,
	      (int)result - 1, hits[0], hits[1], hits[2], hits[3], places_wrong);
}

static void breakpoints(u32 ring)
{
	set_handler(1, breakpoint);
	set_dr(0, WATCHED);
	set_dr(1, (u32)bp_code);
	set_dr(2, WATCHED);
	set_dr(3, WATCHED + 4);
	expected_eip[0] = (u32)bp_write;
	expected_eip[1] = (u32)bp_code;
	breakpoints_at(ring, "a breakpoint on writes", L(0) | RW(0, WRITE, 4), (const u32[4]){ TURNS });
	breakpoints_at(ring, "a breakpoint on code", L(1) | RW(1, EXECUTE, 1), (const u32[4]){ 0, TURNS });
	breakpoints_at(ring, "both, and one beside", L(0) | RW(0, WRITE, 4) | L(1) | L(3) | RW(3, READ_WRITE, 4),
		       (const u32[4]){ TURNS, TURNS });
	breakpoints_at(ring, "one that is not enabled", RW(0, WRITE, 4), (const u32[4]){ 0 });
	set_dr(0, WATCHED + 3);
	breakpoints_at(ring, "one byte of what is written", L(0) | RW(0, WRITE, 1), (const u32[4]){ TURNS });
	set_handler(1, NULL);
}

/* Reads and writes are told apart; every access of one turn. */
static void on_access(struct trap_frame *frame)
{
	u32 dr6 = get_dr6() & 0xf;

	hits[0] += dr6 == 4 && frame->eip == (u32)bp_write;
	hits[1] += dr6 == 4 && frame->eip == (u32)bp_read;
	trap_count++;
	set_dr6(0);
}

static void accesses(u32 ring)
{
	u32 result;

	set_handler(1, on_access);
	hits[0] = hits[1] = trap_count = 0;
	set_dr(2, WATCHED);
	set_dr7(L(2) | RW(2, READ_WRITE, 4));
	result = run(ring, watched, IF, TURNS);
	set_dr7(0);
	check(result == 0 && hits[0] == TURNS && hits[1] == TURNS && trap_count == 2 * TURNS,
	      "ring %u: a breakpoint on reads and writes (%u, %u, %u)", ring, hits[0], hits[1], trap_count);
	set_handler(1, NULL);
}

/* ---- DR6, DR7 ---- */
static void keep_dr6(struct trap_frame *frame)
{
	(void)frame;
	last_dr6 = get_dr6();
	trap_count++;
}

static void dr6_merges(void)
{
	u32 result;

	set_handler(1, keep_dr6);
	set_dr6(8);
	set_dr(0, WATCHED);
	set_dr7(L(0) | RW(0, WRITE, 4));
	result = run(0, watched, IF, 1);
	set_dr7(0);
	check(result == 0 && (last_dr6 & 9) == 9, "#DB adds its bits to DR6 and clears none (%x)", last_dr6);
	set_dr6(0);
	set_handler(1, NULL);
}

static void general_detect(void)
{
	u32 wrong = 0, result = 0, dr7;

	for (u32 i = 0; i < TURNS; i++) {
		set_dr7(GD);
		result = run(0, gd_access, 0, 0);
		/* The handler finds GD clear. */
		__asm__ volatile("movl %%dr7, %0" : "=r"(dr7));
		wrong += result != 1 + 1 || last_trap.eip != (u32)gd_access || !(get_dr6() & BD) || dr7 & GD;
		set_dr6(0);
		wrong += run(0, gd_access, 0, 0) != 0;
	}
	check(wrong == 0, "DR7.GD makes an access a fault, once (%u wrong: %d)", wrong, (int)result - 1);
}

static void registers(void)
{
	u32 wrong = 0, value, result;

	for (u32 i = 0; i < 100; i++) {
		set_dr(i & 3, i * 0x1234567);
		switch (i & 3) {
		case 0:
			__asm__ volatile("movl %%dr0, %0" : "=r"(value));
			break;
		case 1:
			__asm__ volatile("movl %%dr1, %0" : "=r"(value));
			break;
		case 2:
			__asm__ volatile("movl %%dr2, %0" : "=r"(value));
			break;
		default:
			__asm__ volatile("movl %%dr3, %0" : "=r"(value));
			break;
		}
		wrong += value != i * 0x1234567;
	}
	check(wrong == 0, "DR0 to DR3 keep what is written (%u wrong)", wrong);
	result = run(3, gd_access, IF, 0);
	check(result == 14 && last_trap.eip == (u32)gd_access, "ring 3 has no debug registers (%u)", result);
}

void guest_main(void)
{
	print("cpu-debug\n");
	paging_init();
	user_init();
	set_gate(0x82, 0xe, 3, nothing);
	for (u32 ring = 0; ring <= 3; ring += 3) {
		steps(ring);
		breakpoints(ring);
		accesses(ring);
	}
	registers();
	/* What TCG does otherwise. */
	if (on_bare())
		return;
	dr6_merges();
	general_detect();
	for (u32 ring = 0; ring <= 3; ring += 3) {
		u32 result = run(ring, do_int1, IF, 0);

		check(result == 2 && last_trap.eip == (u32)int1_after, "ring %u: INT1 is a trap (%u)", ring, result);
	}
}
