/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PAE: rights and NX of all levels, 2 MB pages, changes of the format under way, and the four entries
 * that a CPU keeps in registers.
 */
#include "tests/guests/cpu-paging/paging.h"

#define MSR_EFER 0xc0000080u
#define EFER_NXE 0x800u
#define NX (1ull << 63)
#define LARGE 0x200000u

static u64 pdpt[4] ALIGNED(32), other_pdpt[4] ALIGNED(32);
static u64 directory[512] ALIGNED(4096), table[512] ALIGNED(4096);

/* Identity-map the first 64 MB (but ABSENT and the rest of its 4 MB) by 2 MB pages, the window by a table. */
static void build(void)
{
	for (u32 i = 0; i < 32; i++)
		directory[i] = (u64)(i * LARGE) | PTE_PS | 7;
	directory[ABSENT / LARGE] = 0;
	for (u32 i = 0; i < 512; i++)
		table[i] = (u64)((WINDOW & ~(LARGE - 1)) + i * 4096) | 7;
	directory[WINDOW / LARGE] = (u32)table | 7;
	pdpt[0] = other_pdpt[0] = (u32)directory | PTE_P;
}

static void set_format(bool pae, u32 cr3)
{
	set_cr0(get_cr0() & ~CR0_PG);
	set_cr4(pae ? get_cr4() | CR4_PAE : get_cr4() & ~CR4_PAE);
	set_cr3(cr3);
	set_cr0(get_cr0() | CR0_PG);
}

static void set_nx(bool on)
{
	__asm__ volatile("wrmsr" : : "c"(MSR_EFER), "a"(on ? EFER_NXE : 0), "d"(0));
}

static u32 expected(u32 ring, enum access access, u64 pde, u64 pte)
{
	u64 both = pde & pte;
	u32 code = (ring ? 4 : 0) | (access == WRITE ? 2 : 0) | (access == EXECUTE ? 0x10 : 0);

	if (!(both & PTE_P))
		return code;
	if ((ring && !(both & PTE_U)) || (access == WRITE && !(both & PTE_W)) ||
	    (access == EXECUTE && (pde | pte) & NX))
		return code | 1;
	return ACCESS_OK;
}

static void rights(void)
{
	u64 *pde = &directory[WINDOW / LARGE], *pte = &table[0];
	u32 wrong = 0, bits = 0, cases = 0;

	strange = 0;
	for (u32 i = 0; i < 256; i++)
		for (u32 j = 0; j < 6; j++) {
			enum access access = j / 2;
			u32 ring = j % 2 * 3, got;

			*pde = (u32)table | (i & 7) | (i & 8 ? NX : 0);
			*pte = PAGE_1 | (i >> 4 & 7) | (i & 128 ? NX : 0);
			invlpg(WINDOW);
			got = access_at(ring, access, WINDOW);
			wrong += got != expected(ring, access, *pde, *pte);
			cases++;
			if (got == ACCESS_OK)
				bits += !(*pde & PTE_A) || !(*pte & PTE_A) || !(*pte & PTE_D) != (access != WRITE);
		}
	*pde = (u32)table | 7;
	check(wrong == 0 && bits == 0 && strange == 0,
	      "PAE: %u accesses by all rights and NX of two levels (%u wrong, %u A and D bits, %u strange)", cases,
	      wrong, bits, strange);
}

static void large_pages(void)
{
	u64 *pde = &directory[ABSENT / LARGE];
	u32 at = ABSENT + (PAGE_1 & (LARGE - 1)), wrong = 0;

	for (u32 i = 0; i < 192; i++) {
		u64 bits = (i % 4 << 1) | (i & 4 ? NX : 0) | PTE_P;
		u32 ring = i / 8 % 2 * 3, got;
		enum access access = i / 16 % 3;

		*pde = (PAGE_1 & ~(LARGE - 1)) | PTE_PS | bits;
		invlpg(at);
		got = access_at(ring, access, at);
		wrong += got != expected(ring, access, 7, bits);
		wrong += got == ACCESS_OK && access == READ && value_read() != PAGE_1;
		wrong += got == ACCESS_OK && (!(*pde & PTE_A) || !(*pde & PTE_D) != (access != WRITE));
	}
	*pde = 0;
	check(wrong == 0, "PAE: 2 MB pages: rights, NX, A and D bits (%u wrong)", wrong);
}

static void no_nx(void)
{
	u32 wrong = 0;

	set_nx(false);
	table[0] = PAGE_1 | 7 | NX;
	invlpg(WINDOW);
	/* Bit 63 is reserved now. */
	wrong += access_at(3, READ, WINDOW) != (on_bare() ? last_trap.error : 0xd);
	wrong += !(last_trap.error & 8);
	table[0] = PAGE_1 | 7;
	invlpg(WINDOW);
	wrong += access_at(3, EXECUTE, WINDOW) != ACCESS_OK;
	table[0] = 0;
	invlpg(WINDOW);
	/* Without NX a fetch does not say so. */
	wrong += access_at(3, EXECUTE, WINDOW) != 4;
	set_nx(true);
	wrong += access_at(3, EXECUTE, WINDOW) != 0x14;
	table[0] = PAGE_1 | 7;
	check(wrong == 0, "PAE: EFER.NXE off and on (%u wrong, %x)", wrong, last_trap.error);
}

static void remaps(void)
{
	u32 wrong = 0;

	for (u32 i = 0; i < 200; i++) {
		u32 page = i % 2 ? PAGE_2 : PAGE_1;

		table[0] = page | 7;
		if (i & 2)
			invlpg(WINDOW);
		else
			set_cr3((u32)(i & 4 ? pdpt : other_pdpt));
		wrong += access_at(i / 4 % 2 * 3, READ, WINDOW) != ACCESS_OK || value_read() != page;
	}
	check(wrong == 0, "PAE: a page moved by INVLPG and CR3 loads (%u wrong)", wrong);
}

static void load_cr3(u32 value)
{
	set_cr3(value);
}

/* Upper gigabytes, by entries of the PDPT that come and go. */
static void pdptes(void)
{
	u32 wrong = 0, at = 0x80000000u + WINDOW, got;

	for (u32 i = 0; i < 50; i++) {
		pdpt[2] = (u32)directory | PTE_P;
		set_cr3((u32)pdpt);
		wrong += access_at(3, READ, at) != ACCESS_OK || value_read() != ((u32 *)WINDOW)[1];
		pdpt[2] = 0;
		/* Kept in the CPU until CR3 is loaded. */
		invlpg(at);
		wrong += !on_bare() && access_at(3, READ, at) != ACCESS_OK;
		set_cr3((u32)pdpt);
		wrong += access_at(3, READ, at) != 4;
	}
	check(wrong == 0, "PAE: entries of the PDPT are read by MOV CR3 (%u wrong)", wrong);
	if (on_bare())
		return;
	pdpt[2] = (u32)directory | PTE_P | PTE_W;
	got = guest_try(load_cr3, (u32)pdpt);
	check(got == 13 + 1 && last_trap.error == 0, "PAE: a reserved bit in one is #GP(0) at MOV CR3 (%u)", got);
	pdpt[2] = 0;
}

static void formats(void)
{
	u32 wrong = 0;

	table[0] = PAGE_2 | 7;
	*pte_of(WINDOW) = PAGE_1 | 7;
	for (u32 i = 0; i < 60; i++) {
		bool pae = i % 2;

		set_format(pae, pae ? (u32)pdpt : (u32)page_directory);
		wrong += access_at(i / 2 % 2 * 3, READ, WINDOW) != ACCESS_OK;
		wrong += value_read() != (pae ? PAGE_2 : PAGE_1);
		wrong += access_at(3, EXECUTE, WINDOW) != ACCESS_OK;
	}
	set_format(false, (u32)page_directory);
	check(wrong == 0, "both formats in turns (%u wrong)", wrong);
}

void pae_tests(void)
{
	build();
	set_nx(true);
	set_format(true, (u32)pdpt);
	rights();
	large_pages();
	no_nx();
	remaps();
	pdptes();
	formats();
}
