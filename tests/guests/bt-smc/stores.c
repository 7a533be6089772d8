/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every way to store, at MOV EAX, imm32; RET: the next call must return what was stored. The page has other
 * functions, which must stay as they are.
 */
#include "tests/guests/bt-smc/smc.h"

/* Make the 4 bytes at @at, which are @old, @new. */
typedef void store_fn(u32 *at, u32 old, u32 new);

static void store_4(u32 *at, u32 old UNUSED, u32 new)
{
	*(volatile u32 *)at = new;
}
static void store_2(u32 *at, u32 old UNUSED, u32 new)
{
	((volatile u16 *)at)[1] = (u16)(new >> 16);
	((volatile u16 *)at)[0] = (u16)new;
}
static void store_1(u32 *at, u32 old UNUSED, u32 new)
{
	for (u32 i = 0; i < 4; i++)
		((volatile u8 *)at)[i] = (u8)(new >> 8 * i);
}
static void store_xchg(u32 *at, u32 old UNUSED, u32 new)
{
	__asm__ volatile("xchgl %0, %1" : "+r"(new), "+m"(*at));
}
static void store_cmpxchg(u32 *at, u32 old, u32 new)
{
	__asm__ volatile("lock; cmpxchgl %2, %1" : "+a"(old), "+m"(*at) : "r"(new));
}
static void store_xadd(u32 *at, u32 old, u32 new)
{
	u32 difference = new - old;

	__asm__ volatile("lock; xaddl %0, %1" : "+r"(difference), "+m"(*at));
}
static void store_cmpxchg8b(u32 *at, u32 old, u32 new)
{
	u32 high = at[1];

	__asm__ volatile("lock; cmpxchg8b (%4)" : "+a"(old), "+d"(high)
			 : "b"(new), "c"(high), "r"(at) : "memory");
}
static void store_add(u32 *at, u32 old, u32 new)
{
	__asm__ volatile("addl %1, %0" : "+m"(*at) : "r"(new - old));
}
static void store_xor(u32 *at, u32 old, u32 new)
{
	__asm__ volatile("lock; xorl %1, %0" : "+m"(*at) : "r"(new ^ old));
}
static void store_not(u32 *at, u32 old UNUSED, u32 new)
{
	*(volatile u32 *)at = ~new;
	__asm__ volatile("notl %0" : "+m"(*at));
}
static void store_bits(u32 *at, u32 old, u32 new)
{
	for (u32 i = 0; i < 32; i++)
		if ((old ^ new) >> i & 1)
			__asm__ volatile("btcl %1, (%0)" : : "r"(at), "r"(i) : "memory");
}
static void store_rotate(u32 *at, u32 old UNUSED, u32 new)
{
	*(volatile u32 *)at = new >> 8 | new << 24;
	__asm__ volatile("roll $8, %0" : "+m"(*at));
}
static void store_push(u32 *at, u32 old UNUSED, u32 new)
{
	u32 esp;

	__asm__ volatile("movl %%esp, %0\n\tmovl %1, %%esp\n\tpushl %2\n\tmovl %0, %%esp"
			 : "=&r"(esp) : "r"(at + 1), "r"(new) : "memory");
}
static void store_pop(u32 *at, u32 old UNUSED, u32 new)
{
	__asm__ volatile("pushl %1\n\tpopl (%0)" : : "r"(at), "r"(new) : "memory");
}
static void store_movs(u32 *at, u32 old UNUSED, u32 new)
{
	u32 count = 4;
	const u32 *from = &new;

	__asm__ volatile("rep movsb" : "+S"(from), "+D"(at), "+c"(count) : : "memory");
}
static void store_movs_all(u32 *at, u32 old UNUSED, u32 new)
{
	u32 copy[2] = { 0, 0xc3 }, count = 2;
	const u32 *from = copy;

	copy[0] = new;
	copy[1] = at[1];
	__asm__ volatile("rep movsl" : "+S"(from), "+D"(at), "+c"(count) : : "memory");
}
static void store_stos(u32 *at, u32 old UNUSED, u32 new)
{
	__asm__ volatile("stosl" : "+D"(at) : "a"(new) : "memory");
}
static void store_down(u32 *at, u32 old UNUSED, u32 new)
{
	u32 count = 4;
	const u8 *from = (const u8 *)&new + 3;
	u8 *to = (u8 *)at + 3;

	__asm__ volatile("std\n\trep movsb\n\tcld" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
}
static void store_fist(u32 *at, u32 old UNUSED, u32 new)
{
	__asm__ volatile("fildl %1\n\tfistpl %0" : "=m"(*at) : "m"(new));
}
static void store_fist8(u32 *at, u32 old UNUSED, u32 new)
{
	u32 value[2] = { 0, 0 };

	value[0] = new;
	value[1] = at[1];
	__asm__ volatile("fildll %1\n\tfistpll %0" : "=m"(*(u64 *)at) : "m"(*(u64 *)value));
}
static void store_mmx(u32 *at, u32 old UNUSED, u32 new)
{
	u32 value[2] = { 0, 0 };

	value[0] = new;
	value[1] = at[1];
	__asm__ volatile("movq %1, %%mm0\n\tmovq %%mm0, %0\n\temms"
			 : "=m"(*(u64 *)at) : "m"(*(u64 *)value));
}
static void store_setcc(u32 *at, u32 old UNUSED, u32 new)
{
	/* Bits one by one through SETC, which stores a whole byte of 0 or 1. */
	*(volatile u32 *)at = new & ~1u;
	if (!(new & 0xfe))
		__asm__ volatile("btl $0, %1\n\tsetc %0" : "=m"(*(u8 *)at) : "r"(new) : "cc");
	else
		*(volatile u32 *)at = new;
}
static void store_sgdt(u32 *at, u32 old UNUSED, u32 new)
{
	u8 table[6]; /* over the code and away again */

	memcpy(table, at, sizeof(table));
	__asm__ volatile("sgdt (%0)" : : "r"(at) : "memory");
	memcpy(at, table, sizeof(table));
	*(volatile u32 *)at = new;
}

static const struct {
	const char *name;
	store_fn *store;
} stores[] = {
	{ "MOV of 4", store_4 }, { "of 2", store_2 }, { "of 1", store_1 }, { "XCHG", store_xchg },
	{ "LOCK CMPXCHG", store_cmpxchg }, { "LOCK XADD", store_xadd }, { "CMPXCHG8B", store_cmpxchg8b },
	{ "ADD", store_add }, { "LOCK XOR", store_xor }, { "NOT", store_not }, { "BTC", store_bits },
	{ "ROL", store_rotate }, { "PUSH", store_push }, { "POP", store_pop }, { "REP MOVSB", store_movs },
	{ "REP MOVSD", store_movs_all }, { "STOSD", store_stos }, { "backward MOVSB", store_down },
	{ "FISTP of 4", store_fist }, { "FISTP of 8", store_fist8 }, { "MOVQ", store_mmx },
	{ "SETC", store_setcc }, { "SGDT", store_sgdt },
};

/* The victim stands at each alignment in turn; its neighbours are called too. */
static bool one_kind(store_fn *store, u32 number)
{
	u8 *page = pages(1), *code = page + 0x100 + number % 8, *near = code + 6, *far = page + 0x800;
	u32 old = 0x11111111;

	emit_return(code, old);
	emit_return(near, 1);
	emit_return(far, 2);
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 new = i * 0x1000193 + number;

		if (code_call(code) != old || code_call(near) != 1)
			return false;
		store((u32 *)(code + 1), old, new);
		if (code_call(code) != new || code_call(code) != new || code_call(far) != 2)
			return false;
		old = new;
	}
	return code_call(near) == 1;
}

void test_stores(void)
{
	u32 bad = 0;

	__asm__ volatile("fninit");
	for (u32 i = 0; i < ARRAY_SIZE(stores); i++) {
		bool good = one_kind(stores[i].store, i);

		if (!good)
			print("%s is wrong\n", stores[i].name);
		bad += !good;
	}
	check(!bad, "%u kinds of stores to code, %u times each", ARRAY_SIZE(stores), ROUNDS);
}
