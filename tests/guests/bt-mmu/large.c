/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Large pages that overlap code, split and joined; and kernels that take the last corners of the linear
 * space, late: where a hypervisor may have put itself.
 */
#include "tests/guests/bt-mmu/mmu.h"

#define BIG 0x10000000u
#define BASE 0x1800000u /* physical, 4 MB-aligned: the last of pages() lie there */

/* Code at one physical place, run and written through small and large pages. */
static bool overlapping(void)
{
	u8 *small = pages(1), *large = (u8 *)BIG + ((u32)small & 0x3fffff);
	u32 physical = (u32)small & ~0x3fffffu;

	for (u32 at = 0; at < 0x400000; at += pde_span())
		entry_set(pde_at(&home, BIG + at), (physical + at) | RWU | PTE_PS);
	write_cr3(home.cr3);
	emit_return(small, 0);
	for (u32 i = 0; i < 400; i++) {
		*(volatile u32 *)((i % 2 ? small : large) + 1) = i;
		__asm__ volatile("cpuid" : : "a"(0) : "ebx", "ecx", "edx", "memory");
		if (code_call(small) != i || code_call(large) != i)
			return false;
	}
	return true;
}

/* One piece becomes a table with another page for the code, and a large page again. */
static bool splitting(void)
{
	u8 *a = pages(1), *b = pages(1), *at = (u8 *)BIG + ((u32)a & (pde_span() - 1));
	u32 table = (u32)pages(1);
	void *entry = pde_at(&home, BIG);

	emit_return(a, 1);
	emit_return(b, 2);
	for (u32 i = 0; i < pde_span() / 4096; i++)
		entry_set((u8 *)table + i * entry_size(), ((u32)b) | RW);
	for (u32 i = 0; i < 300; i++) {
		bool split = i * 3 / 2 % 2;

		entry_set(entry, split ? table | RW : ((u32)a & ~(pde_span() - 1)) | RW | PTE_PS);
		if (i % 3)
			write_cr3(home.cr3);
		else
			invlpg((u32)at);
		if (code_call(at) != (split ? 2 : 1))
			return false;
	}
	return true;
}

/* Large pages: rights, A and D. */
static bool large_rights(void)
{
	void *entry = pde_at(&home, BIG);
	u32 frame = BASE;

	for (u32 i = 0; i < 200; i++) {
		u32 flags = i * 5 / 3 % 8, p = flags & PTE_P, r, at = BIG + i * 4096 % pde_span() / 4096 * 4096 + 0x800;
		u32 before = p ? peek(frame + at - BIG) : 0;

		entry_set(entry, frame | flags | PTE_PS);
		invlpg(at);
		r = guest_try(try_read, at);
		if (p ? r || (entry_get(entry) & (PTE_A | PTE_D)) != PTE_A : !is_fault(r, at, 0))
			return false;
		r = guest_try(try_write, at);
		if (p && flags & PTE_W ? r || !(entry_get(entry) & PTE_D) : !is_fault(r, at, 2 | p))
			return false;
		if (p)
			poke(frame + at - BIG, before);
		r = user_try(USER_READ, at);
		if (p && flags & PTE_U ? r : !is_fault(r, at, 4 | p))
			return false;
	}
	return true;
}

void test_large(void)
{
	check(overlapping(), "code in large and small pages at once");
	check(splitting(), "a large page becomes a table and is one again");
	check(large_rights(), "rights and bits of large pages");
	for (u32 at = 0; at < 0x400000; at += pde_span())
		entry_set(pde_at(&home, BIG + at), 0);
	write_cr3(home.cr3);
}

/* ---- the corners ------------------------------------------------------------------------------------- */
static const u32 slots[] = { 0xffc00000, 0xff400000, 0xfc000000, 0xf0000000 };
#define FRAMES 16u
#define SLOT_PAGES 1024u

/* Sensitive instructions and memory, at home in a corner: PUSHF, CLI, IN, POPF, loads and stores of the
 * page, CALL in the page; returns EBX + number. */
static void make_corner_page(u8 *page, u32 number)
{
	u8 *at = page + 0x20;

	EMIT(at, 0x9c, 0xfa, 0xe4, 0x21, 0x9d, 0xe8, 0, 0, 0, 0, 0x5a); /* ... CALL next; POP EDX */
	EMIT(at, 0x81, 0xe2, 0, 0xf0, 0xff, 0xff);			    /* AND EDX, page */
	EMIT(at, 0xff, 0x42, 0x10, 0x8b, 0x02, 0x01, 0xd8, 0xc3);	    /* INC 10h(EDX); MOV; ADD EBX */
	*(u32 *)page = number;
}

static bool corner_page(u32 linear, u32 number, u32 frame, bool with_user)
{
	struct code_state s = { .ebx = linear, .eflags = 2 };
	u32 before = peek(frame + 0x10);

	code_run((void *)(linear + 0x20), &s);
	if (s.eax != linear + number || s.edx != linear || peek(frame + 0x10) != before + 1 ||
	    peek(linear) != number)
		return false;
	poke(linear + 0x14, linear);
	if (peek(frame + 0x14) != linear)
		return false;
	if (!with_user)
		return true;
	return !user_try(USER_READ, linear) && last_trap.eax == number && !user_try(USER_WRITE, linear + 0x18) &&
	       peek(frame + 0x18) == 0x99999999 && !user_try(USER_CALL, linear + 0x80) && last_trap.eax == 0x4242;
}

static bool slot(u32 base, u32 frames)
{
	u32 r;

	/* Before: nothing is there.  (Reads by the kernel may show the hypervisor: docs/caveats.md.) */
	for (u32 i = 0; i < SLOT_PAGES; i += i < 96 ? 1 : 37) {
		u32 at = base + i * 4096;

		r = guest_try(try_call, at);
		if (!is_fault(r, at, 0) || last_trap.eip != at)
			return false;
		r = user_try(i % 2 ? USER_READ : USER_WRITE, at);
		if (!is_fault(r, at, i % 2 ? 4 : 6))
			return false;
	}
	for (u32 i = 0; i < SLOT_PAGES; i++)
		entry_set(pte_at(&home, base + i * 4096), (frames + i % FRAMES * 4096) | RWU);
	for (u32 i = 0; i < SLOT_PAGES; i += i < 96 ? 1 : 13)
		if (!corner_page(base + i * 4096, i % FRAMES + 5, frames + i % FRAMES * 4096, i % 8 == 1))
			return false;
	/* And away again, one page of it. */
	map(base + 0x5000, 0, 0);
	r = guest_try(try_read, base + 0x5000);
	if (!is_fault(r, base + 0x5000, 0))
		return false;
	map(base + 0x5000, frames, RWU);
	return peek(base + 0x5000) == 5;
}

static u32 corner_frames(void)
{
	u32 frames = (u32)pages(FRAMES);

	for (u32 i = 0; i < FRAMES; i++) {
		make_corner_page((u8 *)frames + i * 4096, i + 5);
		emit_return((u8 *)frames + i * 4096 + 0x80, 0x4242);
	}
	return frames;
}

void test_slots(void)
{
	u32 frames = corner_frames();
	bool in_turn = true;

	for (u32 i = 0; i < ARRAY_SIZE(slots); i++)
		check(slot(slots[i], frames), "4 MB at %x taken late: code, data, ring 3", slots[i]);
	for (u32 round = 0; round < 20; round++) {
		u32 base = slots[round * 3 / 2 % 4], page = round % FRAMES, number = page == 5 ? 0 : page;

		in_turn &= corner_page(base + page * 4096, number + 5, frames + number * 4096, true);
	}
	check(in_turn, "all four in turn");
	for (u32 i = 0; i < ARRAY_SIZE(slots); i++)
		for (u32 at = 0; at < 0x400000; at += pde_span())
			entry_set(pde_at(&home, slots[i] + at), 0);
	write_cr3(home.cr3);
	for (u32 i = 0; i < ARRAY_SIZE(slots); i++) {
		u32 r = guest_try(try_call, slots[i] + 0x20);

		check(is_fault(r, slots[i] + 0x20, 0), "and given back: %x", slots[i]);
	}
}

/* All 4 GB: each piece of the linear space that is free becomes an alias of the first 32 MB. */
void test_everything_mapped(void)
{
	u32 frames = corner_frames(), span = pde_span(), r;
	bool good = true;

	for (u64 at = 0x4000000; at < 1ull << 32; at += span)
		if (!(entry_get(pde_at(&home, (u32)at)) & PTE_P))
			entry_set(pde_at(&home, (u32)at), ((u32)at & 0x1ffffff & ~(span - 1)) | RWU | PTE_PS);
	for (u64 at = frames; at < 1ull << 32 && good; at += 0x2000000)
		if (entry_get(pde_at(&home, (u32)at)) & PTE_PS)
			good = corner_page((u32)at, 5, frames, true);
	check(good, "all 4 GB mapped: code and data at each alias");
	for (u32 i = 0; i < ARRAY_SIZE(slots); i++) {
		good = true;
		for (u32 round = 0; round < 50 && good; round++)
			good = corner_page((slots[i] & ~0x1ffffffu) + frames + round % FRAMES * 4096,
					   round % FRAMES + 5, frames + round % FRAMES * 4096, true);
		check(good, "near %x, often", slots[i]);
	}
	r = peek(0xfffffffc) - peek(0x1fffffc);
	check(!r, "the last word of the linear space");
	for (u64 at = 0x4000000; at < 1ull << 32; at += span)
		if (entry_get(pde_at(&home, (u32)at)) & PTE_PS)
			entry_set(pde_at(&home, (u32)at), 0);
	write_cr3(home.cr3);
}
