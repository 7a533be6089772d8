/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Paging as a kernel uses it: rights of both levels with CR0.WP set and clear, A and D bits, changes
 * with INVLPG and CR3 loads, large and global pages, paging off and on; all by reads, writes and
 * fetches of ring 0 and ring 3, against what the manual says.  Then PAE and NX (pae.c).
 */
#include "tests/guests/cpu-paging/paging.h"

u32 strange;

extern u8 do_read[], do_write[], do_execute[];
__asm__("do_read:\n\tmovl 4(%esi), %eax\n\tint $0x81\ndo_write:\n\tmovl %eax, 8(%esi)\n\tint $0x81\n"
	"do_execute:\n\tjmp *%esi\n");

u32 access_at(u32 ring, enum access access, u32 address)
{
	static const u8 *const code[] = { do_read, do_write, do_execute };
	static const u8 offset[] = { 4, 8, 0 };
	struct user_registers registers = {
		.eip = (u32)code[access], .eflags = 2 | IF, .esp = STACK, .esi = address,
	};
	u32 result = run_in_ring(ring, &registers);

	if (!result)
		return ACCESS_OK;
	strange += result != 14 + 1 || last_cr2 != address + offset[access] ||
		   last_trap.eip != (access == EXECUTE ? address : (u32)code[access]);
	return last_trap.error;
}

u32 value_read(void)
{
	return last_trap.eax;
}

static void fill(u32 at)
{
	*(u16 *)at = 0x81cd; /* int $0x81 */
	((u32 *)at)[1] = at;
}

static u32 expected(u32 ring, enum access access, u32 pde, u32 pte, bool wp)
{
	u32 both = pde & pte, code = (ring ? 4 : 0) | (access == WRITE ? 2 : 0);

	if (!(both & PTE_P))
		return code;
	if (ring && !(both & PTE_U))
		return code | 1;
	if (access == WRITE && !(both & PTE_W) && (ring || wp))
		return code | 1;
	return ACCESS_OK;
}

/* All rights, both levels. */
static void rights(bool wp)
{
	u32 *pde = &page_directory[WINDOW >> 22], *pte = pte_of(WINDOW), wrong = 0, bits = 0, cases = 0;

	set_cr0(wp ? get_cr0() | CR0_WP : get_cr0() & ~CR0_WP);
	strange = 0;
	for (u32 i = 0; i < 64; i++)
		for (u32 j = 0; j < 6; j++) {
			enum access access = j / 2;
			u32 ring = j % 2 * 3, want, got;

			*pde = (*pde & ~7u) | (i & 7);
			*pte = PAGE_1 | i >> 3;
			invlpg(WINDOW);
			want = expected(ring, access, *pde, *pte, wp);
			got = access_at(ring, access, WINDOW);
			wrong += want != got;
			cases++;
			if (got != ACCESS_OK)
				continue;
			bits += !(*pde & PTE_A) || !(*pte & PTE_A);
			bits += !(*pte & PTE_D) != (access != WRITE);
		}
	*pde |= 7;
	check(wrong == 0 && bits == 0 && strange == 0,
	      "CR0.WP=%u: %u accesses by all rights of both levels (%u wrong, %u A and D bits, %u strange)", wp,
	      cases, wrong, bits, strange);
	set_cr0(get_cr0() | CR0_WP);
}

/* Toggle WP around a kernel write, as a kernel does to patch itself; user code must not profit. */
static void toggles(void)
{
	u32 wrong = 0;

	*pte_of(WINDOW) = PAGE_1 | PTE_P | PTE_U;
	invlpg(WINDOW);
	for (u32 i = 0; i < 200; i++) {
		set_cr0(get_cr0() & ~CR0_WP);
		*(volatile u32 *)(WINDOW + 8) = i;
		set_cr0(get_cr0() | CR0_WP);
		wrong += ((u32 *)PAGE_1)[2] != i;
		wrong += access_at(i % 2 * 3, WRITE, WINDOW) == ACCESS_OK;
		wrong += access_at(3, READ, WINDOW) != ACCESS_OK;
	}
	check(wrong == 0, "WP taken off for one write at a time (%u wrong)", wrong);
}

static void remaps(void)
{
	u32 wrong = 0;

	for (u32 i = 0; i < 400; i++) {
		u32 page = i % 2 ? PAGE_2 : PAGE_1;

		*pte_of(WINDOW) = page | 7;
		if (i & 2)
			invlpg(WINDOW);
		else
			set_cr3((u32)page_directory);
		wrong += access_at(i / 4 % 2 * 3, READ, WINDOW) != ACCESS_OK || value_read() != page;
		wrong += ((volatile u32 *)WINDOW)[1] != page;
	}
	check(wrong == 0, "a page moved by INVLPG and by CR3 loads (%u wrong)", wrong);
	wrong = 0;
	for (u32 i = 0; i < 200; i++) {
		*pte_of(WINDOW) = 0;
		invlpg(WINDOW);
		wrong += access_at(i % 2 * 3, READ, WINDOW) != (i % 2 ? 4 : 0);
		*pte_of(WINDOW) = PAGE_2 | 7; /* not cached before: no flush needed */
		wrong += access_at(i % 2 * 3, READ, WINDOW) != ACCESS_OK || value_read() != PAGE_2;
	}
	check(wrong == 0, "a page that becomes present needs no flush (%u wrong)", wrong);
	wrong = 0;
	for (u32 i = 0; i < 200; i++) {
		*pte_of(WINDOW) = PAGE_1 | 7;
		invlpg(WINDOW);
		wrong += access_at(i % 2 * 3, i % 3 ? WRITE : READ, WINDOW) != ACCESS_OK;
		wrong += (*pte_of(WINDOW) & (PTE_A | PTE_D)) != (i % 3 ? PTE_A | PTE_D : PTE_A);
		*pte_of(WINDOW) &= ~(PTE_A | PTE_D);
		invlpg(WINDOW);
		wrong += access_at(0, EXECUTE, WINDOW) != ACCESS_OK;
		wrong += (*pte_of(WINDOW) & (PTE_A | PTE_D)) != PTE_A;
	}
	check(wrong == 0, "A and D bits that are cleared come back (%u wrong)", wrong);
}

/* Two address spaces in turns. */
static void two_spaces(void)
{
	static u32 other_directory[1024] ALIGNED(4096), other_table[1024] ALIGNED(4096);
	u32 wrong = 0;

	for (u32 i = 0; i < 1024; i++) {
		other_directory[i] = page_directory[i];
		other_table[i] = *pte_of((WINDOW & ~0x3fffffu) + i * 4096);
	}
	other_directory[WINDOW >> 22] = (u32)other_table | 7;
	other_table[WINDOW >> 12 & 0x3ff] = PAGE_2 | 7;
	*pte_of(WINDOW) = PAGE_1 | 7;
	for (u32 i = 0; i < 400; i++) {
		set_cr3(i % 2 ? (u32)other_directory : (u32)page_directory);
		wrong += access_at(i / 2 % 2 * 3, READ, WINDOW) != ACCESS_OK;
		wrong += value_read() != (i % 2 ? PAGE_2 : PAGE_1);
		wrong += access_at(3, EXECUTE, WINDOW) != ACCESS_OK;
	}
	set_cr3((u32)page_directory);
	check(wrong == 0, "two address spaces in turns (%u wrong)", wrong);
}

static void large_pages(void)
{
	u32 *pde = &page_directory[ABSENT >> 22], saved = *pde, wrong = 0;
	u32 at = ABSENT + (PAGE_1 & 0x3fffff);

	set_cr4(get_cr4() | CR4_PSE);
	for (u32 i = 0; i < 200; i++) {
		u32 bits = i % 4 << 1, ring = i / 4 % 2 * 3; /* W and U */
		enum access access = i / 8 % 3;
		u32 want = expected(ring, access, 7, bits | 1, true), got;

		*pde = (PAGE_1 & ~0x3fffffu) | PTE_PS | bits | PTE_P;
		/* Any address of the page will do, but for TCG. */
		invlpg(on_bare() ? at : ABSENT);
		got = access_at(ring, access, at);
		wrong += got != want;
		if (got == ACCESS_OK) {
			wrong += !(*pde & PTE_A) || !(*pde & PTE_D) != (access != WRITE);
			wrong += access == READ && value_read() != PAGE_1;
		}
	}
	check(wrong == 0 && strange == 0, "4 MB pages: rights, A and D bits (%u wrong, %u strange)", wrong, strange);
	wrong = 0;
	for (u32 i = 0; i < 100; i++) {
		/* Without PSE the same entry is a table: here this page directory itself, a bit differently. */
		*pde = i % 2 ? (PAGE_1 & ~0x3fffffu) | PTE_PS | 7 : (page_directory[PAGE_1 >> 22] & ~0xfffu) | 7;
		invlpg(at);
		wrong += access_at(i / 2 % 2 * 3, READ, at) != ACCESS_OK || value_read() != PAGE_1;
	}
	check(wrong == 0, "a large page and a table in turns (%u wrong)", wrong);
	*pde = saved;
	set_cr4(get_cr4() & ~CR4_PSE);
}

static void global_pages(void)
{
	u32 wrong = 0;

	set_cr4(get_cr4() | CR4_PGE);
	for (u32 i = 0; i < 100; i++) {
		u32 page = i % 2 ? PAGE_2 : PAGE_1;

		*pte_of(WINDOW) = page | PTE_G | 7;
		if (i & 2) {
			set_cr4(get_cr4() & ~CR4_PGE);
			set_cr4(get_cr4() | CR4_PGE);
		} else {
			invlpg(WINDOW);
		}
		wrong += access_at(3, READ, WINDOW) != ACCESS_OK || value_read() != page;
		set_cr3((u32)page_directory);
		wrong += access_at(0, READ, WINDOW) != ACCESS_OK || value_read() != page;
	}
	*pte_of(WINDOW) = PAGE_1 | 7;
	set_cr4(get_cr4() & ~CR4_PGE);
	wrong += access_at(3, READ, WINDOW) != ACCESS_OK || value_read() != PAGE_1;
	check(wrong == 0, "global pages go with INVLPG and with CR4.PGE (%u wrong)", wrong);
}

static void off_and_on(void)
{
	u32 wrong = 0;

	fill(WINDOW + 0x1000);
	*pte_of(WINDOW + 0x1000) = PAGE_2 | 7;
	for (u32 i = 0; i < 100; i++) {
		set_cr0(get_cr0() & ~CR0_PG);
		wrong += ((volatile u32 *)(WINDOW + 0x1000))[1] != WINDOW + 0x1000;
		wrong += access_at(0, EXECUTE, WINDOW + 0x1000) != ACCESS_OK;
		set_cr0(get_cr0() | CR0_PG);
		wrong += ((volatile u32 *)(WINDOW + 0x1000))[1] != PAGE_2;
		wrong += access_at(3, EXECUTE, WINDOW + 0x1000) != ACCESS_OK;
	}
	check(wrong == 0, "paging off and on (%u wrong)", wrong);
}

void guest_main(void)
{
	print("cpu-paging\n");
	fill(PAGE_1);
	fill(PAGE_2);
	paging_init();
	user_init();
	page_directory[ABSENT >> 22] = 0;
	set_cr3((u32)page_directory);
	rights(true);
	rights(false);
	toggles();
	remaps();
	two_spaces();
	large_pages();
	global_pages();
	off_and_on();
	pae_tests();
}
