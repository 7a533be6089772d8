/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts 1000 times a second into code whose registers, flags and stack are known at each EIP; and
 * into the other parts of this test, of which only flags and selectors are known.
 */
#include "tests/guests/bt-control/control.h"
#include "tests/lib/ticks.h"

#define HITS 30u /* interrupts to be judged in each loop */
#define STRING_SIZE 20000u

extern u8 inc_start[], inc_end[], closed_start[], closed_end[], closed_start2[], closed_end2[], behind_ss[],
	behind_pop_ss[], called_start[], called_middle[], called_end[], return_sites[], return_sites_end[],
	string_at[], user_start[], user_end[], loop_user[], text_end[];
bool loop_inc(void);
bool loop_closed(void);
bool loop_ss(void);
bool loop_calls(void);
bool loop_string(void);

extern u32 string_from, string_to, string_size;
u32 string_from, string_to, string_size;
static volatile u32 hits; /* interrupts at a place where the judge knows more than flags */

static u32 parity(u32 value)
{
	value ^= value >> 4;
	return 0x9669 >> (value & 15) & 1 ? FLAG_PF : 0; /* 1 where the number of bits is even */
}

/* Status flags after INC to @value with CF set before. */
static u32 flags_of_inc(u32 value)
{
	return FLAG_CF | parity(value & 0xff) | (value & 15 ? 0 : FLAG_AF) | (value ? 0 : FLAG_ZF);
}

static bool counts(const struct trap_frame *frame, const u8 *start, const u8 *end)
{
	u32 at = frame->eip - (u32)start, count = at / 12 * 10 + MIN(at % 12, 10u); /* 10 INC, one JMP */

	if (frame->eip <= (u32)start || frame->eip > (u32)end)
		return true;
	hits++;
	return frame->eax == count && (frame->eflags & FLAGS_STATUS) == flags_of_inc(count);
}

static bool judge_inc(const struct trap_frame *frame)
{
	bool in = frame->eip >= (u32)inc_start && frame->eip <= (u32)inc_end;

	return counts(frame, inc_start, inc_end) &&
	       (!in || (frame->edx == 0x5a5a5a5a && frame->ebx == ~frame->ecx));
}

static bool judge_closed(const struct trap_frame *frame)
{
	u32 at = frame->eip;

	hits++;
	return !(at >= (u32)closed_start && at <= (u32)closed_end) &&
	       !(at >= (u32)closed_start2 && at < (u32)closed_end2);
}

static bool judge_ss(const struct trap_frame *frame)
{
	hits++;
	return frame->eip != (u32)behind_ss && frame->eip != (u32)behind_pop_ss;
}

static bool judge_calls(const struct trap_frame *frame)
{
	const u32 *stack = (const u32 *)trap_esp(frame);
	u32 at = frame->eip;

	if (at < (u32)called_start || at > (u32)called_end)
		return true;
	hits++;
	if (at == (u32)called_middle && *stack++ != frame->eax)
		return false;
	return stack[0] > (u32)return_sites && stack[0] <= (u32)return_sites_end;
}

static bool judge_string(const struct trap_frame *frame)
{
	if (frame->eip != (u32)string_at)
		return true;
	hits++;
	return frame->esi - frame->edi == string_from - string_to &&
	       frame->ecx + frame->edi == string_to + string_size;
}

static bool judge_user(const struct trap_frame *frame)
{
	if (frame->cs != USER_CS)
		return true;
	if (!counts(frame, user_start, user_end) || frame->ss != USER_DS)
		return false;
	if (hits >= HITS)
		((struct trap_frame *)frame)->ebx = 1;
	return true;
}

static void judged(bool (*loop)(void), ticks_judge *judge, const char *what)
{
	bool good = true;

	hits = 0;
	ticks_start(judge);
	code_if = FLAG_IF;
	while (hits < HITS && !ticks_bad && good)
		good = loop();
	code_if = 0;
	ticks_stop(what);
	if (!good)
		check(false, "%s itself went well", what);
}

static void strings(void)
{
	bool same;

	string_from = AREA;
	string_to = AREA + 0x10003;
	string_size = STRING_SIZE;
	for (u32 i = 0; i < STRING_SIZE / 4; i++)
		((u32 *)AREA)[i] = i * 0x10001;
	judged(loop_string, judge_string, "REP MOVSB");
	same = !memcmp((void *)string_from, (void *)string_to, STRING_SIZE);
	check(same, "what REP MOVSB copied meanwhile");
}

static bool judge_any(const struct trap_frame *frame)
{
	u32 at = frame->eip;

	hits++;
	return frame->cs == KERNEL_CS && at >= 0x400000 && at < LINEAR_END && (u16)frame->ds == KERNEL_DS;
}

void test_interrupts(void)
{
	judged(loop_inc, judge_inc, "straight code");
	judged(loop_closed, judge_closed, "CLI, STI, POPF");
	judged(loop_ss, judge_ss, "loads of SS");
	judged(loop_calls, judge_calls, "calls and returns");
	strings();
	hits = 0;
	ticks_start(judge_user);
	__asm__ volatile("cli");
	check(run_user((u32)loop_user, AREA + 0x8000) == 0, "a loop in ring 3 is interrupted until it ends");
	ticks_stop("ring 3");
	judged(calls_all, judge_any, "the calls above");
	make_places();
	judged(targets_all, judge_any, "the targets above");
	judged(loops_all, judge_any, "the loops above");
}
