/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls, returns and indirect branches: in pairs and not, and so many targets with equal low bits that
 * whatever predicts where a branch goes must be wrong and notice it.
 */
#include "tests/guests/bt-control/control.h"
#include "tests/lib/random.h"

#define ROUNDS 50u

static bool recursion(void)
{
	for (u32 i = 0; i < ROUNDS; i++)
		if (calls_recurse(1000) != 1000 || calls_recurse(i) != i ||
		    calls_longjmp(100 + i) != 100 + i || calls_mutual(500 + i) != (i & 1))
			return false;
	return calls_recurse(2500) == 2500;
}

static bool changed_returns(void)
{
	for (u32 i = 0; i < 9 * ROUNDS; i++)
		if (calls_skip(i % 9) != 8 - i % 9 || calls_push_ret(i % 9) != 8 - i % 9)
			return false;
	for (u32 i = 0; i < 9 * ROUNDS; i++) /* and in another order */
		if (calls_skip(i * i % 9) != 8 - i * i % 9 || calls_push_ret(i * 7 % 9) != 8 - i * 7 % 9)
			return false;
	return true;
}

/* @argument's place on the stack is that of calls_retpoline's second; the first is in between. */
#define TARGET(n)                                                                                  \
	static u32 target##n(u32 self)                                                             \
	{                                                                                          \
		return self == (u32)target##n ? n : ~0u;                                           \
	}
TARGET(0)
TARGET(1)
TARGET(2)
TARGET(3)
TARGET(4)
TARGET(5)
TARGET(6)
TARGET(7)

static bool retpolines(void)
{
	static u32 (*const targets[])(u32) = { target0, target1, target2, target3,
					       target4, target5, target6, target7 };

	for (u32 i = 0; i < 8 * ROUNDS; i++) {
		u32 n = i % 3 ? i % 8 : random_u32() % 8;

		if (calls_retpoline(targets[n], 0) != n || targets[n]((u32)targets[n]) != n)
			return false;
	}
	return true;
}

bool calls_all(void)
{
	return recursion() && changed_returns() && retpolines() && !calls_where() && !calls_ret_imm() &&
	       calls_indirect() == 0x3ff;
}

void test_calls(void)
{
	bool same = true;
	u32 esp = 0;

	check(recursion(), "recursion 1000 and 2500 deep, and a jump out of it");
	check(changed_returns(), "return addresses that the callee moved or pushed itself");
	check(retpolines(), "retpolines to changing targets");
	for (u32 i = 0; i < ROUNDS; i++) {
		same &= !calls_where() && !calls_ret_imm() && calls_indirect() == 0x3ff;
		if (!esp)
			esp = calls_esp();
	}
	check(same, "call and pop, RET imm16, LRET imm16, indirect through register, memory, stack, table");
	check(!esp, "ESP as an operand: PUSH, POP, PUSHA, ENTER, LEAVE, XCHG (%u)", esp);
}

/* ---- equal low bits ------------------------------------------------------------------------------ */
/*
 * At LINEAR + n * 64 KB for each place n: 128 functions of 32 bytes that return who they are; 128
 * callers of 32 bytes, whose return sites differ in the upper bits only.
 */
#define PLACES 40u
#define STUBS 128u
#define STUB_SIZE 32u
#define CALLERS 0x1000u
#define PLACE_STEP 0x10000u

static u32 place_id(u32 place, u32 stub)
{
	return place << 16 | stub << 4;
}

static void make_place(u32 place)
{
	u32 base = LINEAR + place * PLACE_STEP;

	code_map(base, AREA + place * 0x2000, PTE_P | PTE_W);
	code_map(base + CALLERS, AREA + place * 0x2000 + 0x1000, PTE_P | PTE_W);
	for (u32 i = 0; i < STUBS; i++) {
		u8 *at = (u8 *)base + i * STUB_SIZE;

		emit_return(at, place_id(place, i));
		at = (u8 *)base + CALLERS + i * STUB_SIZE;
		if (i % 3) {
			EMIT(at, 0xff, 0xd1); /* CALL ECX */
		} else {
			EMIT(at, 0x90, 0x90, 0x51, 0xff, 0x14, 0x24, 0x59); /* through the stack */
		}
		EMIT(at, 0x05); /* ADD EAX, imm32; RET */
		at = emit32(at, place_id(place, i) << 4 | 1);
		emit8(at, 0xc3);
	}
}

void make_places(void)
{
	for (u32 place = 0; place < PLACES; place++)
		make_place(place);
}

/* Call caller @i of place @a, which calls function @j of place @b. */
static bool call_pair(u32 a, u32 i, u32 b, u32 j)
{
	u32 caller = LINEAR + a * PLACE_STEP + CALLERS + i * STUB_SIZE, result;
	u32 callee = LINEAR + b * PLACE_STEP + j * STUB_SIZE;

	__asm__ volatile("call *%2" : "=a"(result) : "c"(callee), "r"(caller) : "memory");
	return result == place_id(b, j) + (place_id(a, i) << 4 | 1);
}

static bool pairs(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		u32 r = random_u32();

		if (!call_pair(r % PLACES, r >> 6 & 127, (r >> 13) % PLACES, r >> 20 & 127))
			return false;
	}
	return true;
}

bool targets_all(void)
{
	return pairs(2000);
}

void test_targets(void)
{
	bool in_order = true, across = true;

	make_places();
	for (u32 i = 0; i < STUBS; i++)
		for (u32 place = 0; place < PLACES; place++)
			in_order &= call_pair(place, i, place, i);
	for (u32 place = 0; place < PLACES; place++)
		for (u32 i = 0; i < STUBS; i++)
			across &= call_pair(place, i, PLACES - 1 - place, i);
	check(in_order, "%u call and return sites whose low 16 bits are equal in %u places", PLACES * STUBS,
	      PLACES);
	check(across, "the same across places");
	check(pairs(10000), "the same at random");
}
