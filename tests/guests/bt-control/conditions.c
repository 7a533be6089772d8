/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Conditional branches: each condition with each combination of flags, taken and not, forward and
 * backward, short and near; SETcc and CMOVcc beside them; LOOP, LOOPE, LOOPNE and JECXZ.
 */
#include "tests/guests/bt-control/control.h"

static bool condition(u32 cc, u32 flags)
{
	bool cf = flags & FLAG_CF, zf = flags & FLAG_ZF, sf = flags & FLAG_SF, of = flags & FLAG_OF;
	bool of_pair[] = { of, cf, zf, cf || zf, sf, flags & FLAG_PF, sf != of, zf || sf != of };

	return of_pair[cc / 2] != (cc & 1);
}

/* EAX gets bit 0 by a short branch, 1 by a near one, 2 and 3 by the same backward; SETcc CL, CMOVcc EDX. */
static void make_condition(u8 *at, u32 cc)
{
	at = emit8(at, 0x70 + cc);
	EMIT(at, 2, 0xeb, 3, 0x8d, 0x40, 1, 0x0f); /* over JMP +3; LEA EAX, 1(EAX) */
	at = emit8(at, 0x80 + cc);
	EMIT(at, 2, 0, 0, 0, 0xeb, 3, 0x8d, 0x40, 2);
	EMIT(at, 0xeb, 5, 0x8d, 0x40, 4, 0xeb, 4); /* JMP to the branch; LEA; JMP behind it */
	at = emit8(at, 0x70 + cc);
	EMIT(at, 0xf9, 0x90, 0x90); /* to the LEA */
	EMIT(at, 0xeb, 5, 0x8d, 0x40, 8, 0xeb, 6);
	at = emit8(emit8(at, 0x0f), 0x80 + cc);
	EMIT(at, 0xf5, 0xff, 0xff, 0xff, 0x0f);
	at = emit8(at, 0x90 + cc);
	EMIT(at, 0xc1, 0x0f);
	at = emit8(at, 0x40 + cc);
	EMIT(at, 0xd3, 0xc3);
}

static bool one_condition(u32 cc, u32 number)
{
	u32 flags = code_flags(number);
	struct code_state s = { .eflags = flags, .ebx = 0x1234, .edx = 0x5678 };
	bool taken = condition(cc, flags);

	code_run((void *)(AREA + cc * 64), &s);
	return s.eax == (taken ? 0xf : 0) && s.ecx == taken && s.edx == (taken ? 0x1234 : 0x5678) &&
	       s.eflags == flags && !s.esp_lost;
}

/* CMP of each pair, then each condition: what C says. */
static bool compared(u32 cc, s32 a, s32 b)
{
	u32 ua = (u32)a, ub = (u32)b, difference = ua - ub;
	u8 low = (u8)difference;
	bool overflow = ((ua ^ ub) & (ua ^ difference)) >> 31;
	bool even = !((low ^ low >> 1 ^ low >> 2 ^ low >> 3 ^ low >> 4 ^ low >> 5 ^ low >> 6 ^ low >> 7) & 1);
	bool wants[] = { overflow, ua < ub, a == b, ua <= ub, difference >> 31, even, a < b, a <= b };
	struct code_state s = { .eflags = FLAG_ONE, .ebx = ua, .edx = ub };

	code_run((void *)(AREA + 0x800 + cc * 16), &s);
	return s.eax == (u32)(wants[cc / 2] != (cc & 1));
}

static bool all_compared(void)
{
	static const s32 values[] = { 0, 1, -1, 2, 0x7fffffff, -0x7fffffff - 1, 0x80, 255, 0x12345678 };
	bool good = true;

	for (u32 cc = 0; cc < 16; cc++) {
		u8 *at = (u8 *)AREA + 0x800 + cc * 16;

		EMIT(at, 0x39, 0xd3); /* CMP EBX, EDX; MOV EAX, 0; Jcc over; RET; INC EAX; RET */
		EMIT(at, 0xb8, 0, 0, 0, 0);
		at = emit8(at, 0x70 + cc);
		EMIT(at, 1, 0xc3, 0x40, 0xc3);
		for (u32 i = 0; i < ARRAY_SIZE(values); i++)
			for (u32 j = 0; j < ARRAY_SIZE(values); j++)
				good &= compared(cc, values[i], values[j]);
	}
	return good;
}

void test_conditions(void)
{
	bool good = true;

	for (u32 cc = 0; cc < 16; cc++)
		make_condition((u8 *)AREA + cc * 64, cc);
	for (u32 round = 0; round < 3; round++)
		for (u32 number = 0; number < STATUS_COMBINATIONS; number++)
			for (u32 cc = 0; cc < 16; cc++)
				good &= one_condition(cc, round == 1 ? 63 - number : number);
	check(good, "Jcc, SETcc, CMOVcc: 16 conditions with 64 combinations of flags, both ways");
	check(all_compared(), "the conditions after CMP");
}

/* ---- loops ---------------------------------------------------------------------------------------- */
/* LOOPNE, LOOPE, LOOP, JECXZ are E0 to E3; behind 67 they use CX. */
static bool one_loop(u32 op, bool small, u32 ecx, u32 number)
{
	struct code_state s = { .eflags = code_flags(number), .ecx = ecx, .eax = 7 };
	u32 count = op == 3 ? ecx : ecx - 1, want_ecx = count;
	bool zf = s.eflags & FLAG_ZF, taken;

	if (small) {
		count &= 0xffff;
		want_ecx = (ecx & 0xffff0000) | count;
	}
	taken = op == 3 ? !count : count && (op == 2 || zf == (op == 1));
	code_run((void *)(AREA + op * 32 + small * 16), &s);
	return s.eax == (taken ? 1 : 0) && s.ecx == want_ecx && s.eflags == code_flags(number);
}

static bool all_loops(void)
{
	static const u32 values[] = { 0, 1, 2, 3, 0xffff, 0x10000, 0x10001, 0x7fffffff, 0x80000000, 0xffffffff };
	bool good = true;

	for (u32 i = 0; i < 8; i++) {
		u8 *at = (u8 *)AREA + i * 16;

		at = emit8(at, i & 1 ? 0x67 : 0x3e);
		at = emit8(at, 0xe0 + i / 2);
		EMIT(at, 6, 0xb8, 0, 0, 0, 0, 0xc3, 0xb8, 1, 0, 0, 0, 0xc3);
		for (u32 number = 0; number < STATUS_COMBINATIONS; number++)
			for (u32 j = 0; j < ARRAY_SIZE(values); j++)
				good &= one_loop(i / 2, i & 1, values[j], number);
	}
	return good;
}

/* Loops that run: INC EAX; LOOP back, and with a JECXZ into its own middle. */
static bool running_loops(void)
{
	u8 *at = (u8 *)AREA;
	bool good = true;

	EMIT(at, 0xe3, 3, 0x40, 0xe2, 0xfd, 0xc3);	   /* JECXZ end; INC EAX; LOOP; RET */
	EMIT(at, 0x40, 0x39, 0xd0, 0xe0, 0xfb, 0xc3);	   /* INC EAX; CMP EAX, EDX; LOOPNE; RET */
	EMIT(at, 0x4a, 0x75, 0xfd, 0x41, 0xeb, 0, 0xc3); /* DEC EDX; JNZ; INC ECX; JMP; RET */
	EMIT(at, 0x40, 0x67, 0xe2, 0xfc, 0xc3);		   /* INC EAX; LOOP by CX; RET */
	for (u32 n = 0; n < 200; n++) {
		struct code_state a = { .ecx = n, .eflags = 2 }, b = { .ecx = 300, .edx = n + 1, .eflags = 2 };
		struct code_state c = { .edx = n + 1, .eflags = 2 }, d = { .ecx = 0xabc00001 + n, .eflags = 2 };

		code_run((void *)AREA, &a);
		code_run((void *)(AREA + 6), &b);
		code_run((void *)(AREA + 12), &c);
		code_run((void *)(AREA + 19), &d);
		good &= a.eax == n && !a.ecx && b.eax == n + 1 && b.ecx == 299 - n && c.ecx == 1 && !c.edx;
		good &= d.eax == n + 1 && d.ecx == 0xabc00000;
	}
	return good;
}

bool loops_all(void)
{
	return all_loops() && running_loops();
}

void test_loops(void)
{
	check(all_loops(), "LOOP, LOOPE, LOOPNE, JECXZ by ECX and CX, with all flags");
	check(running_loops(), "loops that run");
}
