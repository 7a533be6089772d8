/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entries that change: present or not, read-only or not, for ring 3 or not, to other frames; A and D bits
 * taken away and set again; changes that take effect when they are flushed.
 */
#include "tests/guests/bt-mmu/mmu.h"

#define V 0x8000000u /* linear pages of this file */
#define ROUNDS 1000u

static void flush(u32 round, u32 linear)
{
	if (round % 3)
		invlpg(linear);
	else
		write_cr3(home.cr3);
}

/* What the kernel and ring 3 can do with a page of these flags. */
static bool rights(u32 linear, u32 flags, bool with_user)
{
	u32 p = flags & PTE_P, r = guest_try(try_read, linear), w;
	bool good = p ? !r : is_fault(r, linear, 0);

	w = guest_try(try_write, linear);
	good &= flags & PTE_W && p ? !w : is_fault(w, linear, 2 | p);
	if (!with_user)
		return good;
	r = user_try(USER_READ, linear);
	good &= flags & PTE_U && p ? !r : is_fault(r, linear, 4 | p);
	w = user_try(USER_WRITE, linear);
	return good && (flags & PTE_U && flags & PTE_W && p ? !w : is_fault(w, linear, 6 | p));
}

void test_protection(void)
{
	u32 frame = (u32)pages(1);
	void *entry = pte_at(&home, V);
	bool good = true, code = true;

	for (u32 i = 0; i < ROUNDS && good; i++) {
		u32 flags = i * 5 / 3 % 8;

		entry_set(entry, frame | flags);
		flush(i, V);
		good = rights(V, flags, i % 4 == 0);
	}
	check(good, "a page with all combinations of P, W, U, %u times", ROUNDS);
	/* Code in it: present or not, for the kernel and ring 3. */
	emit_return((u8 *)frame, 42);
	for (u32 i = 0; i < ROUNDS && code; i++) {
		u32 flags = i * 3 / 2 % 8, p = flags & PTE_P, r;

		entry_set(entry, frame | flags);
		flush(i, V);
		r = guest_try(try_call, V);
		code = p ? !r : is_fault(r, V, 0) && last_trap.eip == V;
		if (i % 4)
			continue;
		r = user_try(USER_CALL, V);
		code &= p && flags & PTE_U ? !r && last_trap.eax == 42 :
					     is_fault(r, V, 4 | p) && last_trap.eip == V;
	}
	check(code, "the same with code in it");
	map(V, 0, 0);
}

/* ---- changes without a flush ---------------------------------------------------------------------- */
/* One of two values is right until the flush, the new one after it; for reads, writes and calls. */
void test_lazy(void)
{
	u32 a = (u32)pages(1), b = (u32)pages(1);
	void *entry = pte_at(&home, V);
	bool good = true;

	emit_return((u8 *)a + 0x10, 1);
	emit_return((u8 *)b + 0x10, 2);
	for (u32 i = 0; i < ROUNDS && good; i++) {
		u32 new = i % 2 ? a : b, old = i % 2 ? b : a, value, called;

		poke(a, 100);
		poke(b, 200);
		entry_set(entry, new | RW);
		value = peek(V);
		called = code_call((void *)(V + 0x10));
		good = (value == 100 || value == 200) && (called == 1 || called == 2);
		flush(i, V);
		poke(V + 4, i + 1);
		good &= peek(V) == (new == a ? 100 : 200) && peek(new + 4) == i + 1 && peek(old + 4) != i + 1;
		good &= code_call((void *)(V + 0x10)) == (new == a ? 1 : 2);
		/* Present from not present needs no flush. */
		entry_set(entry, 0);
		flush(i + 1, V);
		entry_set(entry, old | RW);
		good &= peek(V) == (old == a ? 100 : 200);
		/* Nor does more rights, after the fault at the latest. */
		poke(old + 4, 0);
		entry_set(entry, new | PTE_P);
		invlpg(V);
		peek(V);
		entry_set(entry, new | RW);
		if (guest_try(try_write, V))
			good &= !guest_try(try_write, V);
		good &= peek(new) == 0x77777777;
	}
	check(good, "entries changed without a flush take effect with it, %u times", ROUNDS);
	map(V, 0, 0);
}

/* ---- accessed and dirty ---------------------------------------------------------------------------- */
static bool bits_are(const void *entry, u32 want)
{
	return (entry_get(entry) & (PTE_A | PTE_D)) == want;
}

static bool harvest(void *entry, u32 frame, u32 round)
{
	bool good;

	entry_set(entry, frame | RWU);
	flush(round, V);
	good = bits_are(entry, 0);
	peek(V);
	good &= bits_are(entry, PTE_A);
	poke(V, round);
	good &= bits_are(entry, PTE_A | PTE_D);
	entry_set(entry, frame | RWU | PTE_D);
	flush(round + 1, V);
	good &= !user_try(USER_READ, V) && bits_are(entry, PTE_A | PTE_D);
	entry_set(entry, frame | RWU);
	flush(round, V);
	good &= !user_try(USER_READ, V) && bits_are(entry, PTE_A);
	good &= !user_try(USER_WRITE, V) && bits_are(entry, PTE_A | PTE_D);
	/* By a fetch. */
	entry_set(entry, frame | RWU);
	flush(round, V);
	good &= code_call((void *)(V + 0x20)) == 42 && bits_are(entry, PTE_A);
	/* Fetched often, then harvested. */
	for (u32 i = 0; i < 5; i++) {
		entry_set(entry, frame | RWU);
		flush(round + 2, V);
		good &= code_call((void *)(V + 0x20)) == 42 && bits_are(entry, PTE_A);
	}
	return good;
}

void test_bits(void)
{
	u32 frame = (u32)pages(1);
	void *entry = pte_at(&home, V), *directory = pde_at(&home, V);
	bool good = true, above = true;

	emit_return((u8 *)frame + 0x20, 42);
	for (u32 i = 0; i < ROUNDS / 2 && good; i++)
		good = harvest(entry, frame, i);
	check(good, "A and D bits, set by reads, writes and fetches of the kernel and of ring 3");
	for (u32 i = 0; i < ROUNDS / 4 && above; i++) {
		entry_set(directory, entry_get(directory) & ~PTE_A);
		write_cr3(home.cr3);
		above = !(entry_get(directory) & PTE_A);
		code_call((void *)(V + 0x20));
		above &= !!(entry_get(directory) & PTE_A);
	}
	check(above, "the A bit of the directory's entry");
	map(V, 0, 0);
}
