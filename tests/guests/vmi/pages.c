/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entries of page tables in either format, as kernels change them, and the flushes that follow: calls 38 to 41,
 * 46, 47.  UpdatePxE is called where it is offered, and must make no difference.
 */
#include "tests/guests/vmi/window.h"

#define PTE_PS 0x80u
#define CR4_PSE 0x10u
#define CR4_PGE 0x80u

static void link_table(void)
{
	/* Linux says ZEROED of pages with garbage in them, before it fills them. */
	for (u32 i = 0; i < sizeof(table); i++)
		table[i] = 0xe7;
	announce(table, VMI_PAGE_PT, NULL, 0, 0);
	for (u32 i = 0; i < entries(); i++)
		set(entry(table, i), 0, VMI_PAGE_PT);
	set(directory_entry(0), (u32)table | FLAGS_RW, VMI_PAGE_PD);
}

static void set_entries(void)
{
	void *first = entry(table, 0), *last = entry(table, entries() - 1);

	expect(faults(read_at, page(0), 0));
	set(first, PAGE_A | FLAGS_RW, VMI_PAGE_PT); /* becomes present: no flush */
	expect(*at(page(0)) == VALUE(PAGE_A));
	set(first, PAGE_B | FLAGS_RW, VMI_PAGE_PT);
	inval(page(0));
	expect(*at(page(0)) == VALUE(PAGE_B));
	expect((get(first) & (PTE_A | PTE_D)) == PTE_A);
	*at(page(0)) = VALUE(PAGE_B);
	expect((get(first) & (PTE_A | PTE_D)) == (PTE_A | PTE_D));
	set(first, PAGE_A | PTE_P | PTE_U, VMI_PAGE_PT | VMI_PAGE_CURRENT_AS | page(0));
	inval(page(0));
	expect(*at(page(0)) == VALUE(PAGE_A) && faults(write_at, page(0), 3));
	set(first, PAGE_A | FLAGS_RW, VMI_PAGE_PT | VMI_PAGE_CURRENT_AS | VMI_PAGE_DEFER | page(0));
	inval(page(0));
	expect(guest_try(write_at, page(0)) == 0);
	/* The level in the flags means nothing. */
	set(last, PAGE_B | FLAGS_RW, VMI_PAGE_PD | VMI_PAGE_PDP);
	expect(*at(page(entries() - 1)) == VALUE(PAGE_B));
	set(directory_entry(0), 0, VMI_PAGE_PT);
	call(VMI_CALL_FlushTLB, 1, 0, 0);
	expect(faults(read_at, page(0), 0));
	set(directory_entry(0), (u32)table | FLAGS_RW, VMI_PAGE_PT);
	expect(*at(page(0)) == VALUE(PAGE_A));
	set(first, 0, VMI_PAGE_PT);
	set(last, 0, VMI_PAGE_PT);
	inval(page(0));
	inval(page(entries() - 1));
	expect(faults(read_at, page(0), 0) && faults(write_at, page(entries() - 1), 2));
}

static void large_page(void)
{
	u32 base = SCRATCH & ~(large_bytes() - 1), inside = SCRATCH - base;
	u32 cr4 = call(VMI_CALL_GetCR4, 0, 0, 0);

	call(VMI_CALL_SetCR4, cr4 | CR4_PSE, 0, 0);
	set(directory_entry(1), base | FLAGS_RW | PTE_PS, VMI_PAGE_PT);
	expect(*at(WINDOW + large_bytes() + inside) == VALUE(PAGE_A));
	expect(*at(WINDOW + large_bytes() + inside + 0x1000) == VALUE(PAGE_B));
	set(directory_entry(1), 0, VMI_PAGE_PD);
	inval(WINDOW + large_bytes() + inside);
	expect(faults(read_at, WINDOW + large_bytes() + inside, 0));
	call(VMI_CALL_SetCR4, cr4, 0, 0);
}

static bool has_nx(void)
{
	struct registers r = registers_for(0x80000001, 0, 0);

	return call_registers(VMI_CALL_CPUID, &r) && r.edx & 1u << 20;
}

static void set_nxe(u32 value)
{
	__asm__ volatile("wrmsr" : : "c"(MSR_EFER), "a"(value), "d"(0));
}

static void no_execute(void)
{
	u8 *code = (u8 *)SCRATCH + 0x2000;

	if (!has_nx())
		return;
	code[0] = 0xc3;
	set_nxe(EFER_NXE);
	set(entry(table, 3), (u32)code | FLAGS_RW, VMI_PAGE_PT);
	expect(guest_try(run_at, page(3)) == 0);
	set(entry(table, 3), (u32)code | FLAGS_RW | PTE_NX, VMI_PAGE_PT);
	inval(page(3));
	expect(faults(run_at, page(3), 0x11) && guest_try(read_at, page(3)) == 0);
	set(entry(table, 3), 0, VMI_PAGE_PT);
	inval(page(3));
	set_nxe(0);
}

/* The call for the other format is nothing but its store. */
static void other_format(void)
{
	static u32 words[2] ALIGNED(8) = { 1, 2 };

	if (pae) {
		call(VMI_CALL_SetPxE, 0x1234567, (u32)words, VMI_PAGE_PT);
		expect(words[0] == 0x1234567 && words[1] == 2);
	} else {
		call5(VMI_CALL_SetPxELong, 0x1234567, 0x89abcdef, (u32)words, VMI_PAGE_PDP, 0);
		expect(words[0] == 0x1234567 && words[1] == 0x89abcdef);
		/* On a live page directory, as Linux 2.6.22 does before it switches to PAE. */
		call5(VMI_CALL_SetPxELong, (u32)table | FLAGS_RW, 0, (u32)directory_entry(6), VMI_PAGE_PDP, 0);
		expect(get(directory_entry(6)) == ((u32)table | FLAGS_RW) && !get(directory_entry(7)));
		set(entry(table, 0), PAGE_A | FLAGS_RW, VMI_PAGE_PT);
		expect(*at(WINDOW + 6 * large_bytes()) == VALUE(PAGE_A));
		call5(VMI_CALL_SetPxELong, 0, 0, (u32)directory_entry(6), VMI_PAGE_PDP, 0);
		set(entry(table, 0), 0, VMI_PAGE_PT);
		call(VMI_CALL_FlushTLB, 1, 0, 0);
	}
}

static void set_calls(void)
{
	static const char *const what = "entries appear, move, change rights and go, at all levels";

	set_entries();
	large_page();
	if (pae)
		no_execute();
	verdict(pae ? VMI_CALL_SetPxELong : VMI_CALL_SetPxE, what);
	other_format();
	verdict(pae ? VMI_CALL_SetPxE : VMI_CALL_SetPxELong, "the store alone, in the other format");
}

static void update_calls(void)
{
	void *first = entry(table, 0);
	u32 old = 0;

	set(first, PAGE_A | FLAGS_RW, VMI_PAGE_PT);
	write_at(page(0));
	__asm__ volatile("lock btrl $1, %0" : "+m"(*(u32 *)first) : : "cc"); /* write-protect, as fork does */
	updated(first, VMI_PAGE_PT | VMI_PAGE_CURRENT_AS | page(0));
	inval(page(0));
	expect(faults(write_at, page(0), 3));
	__asm__ volatile("lock btsl $1, %0" : "+m"(*(u32 *)first) : : "cc");
	updated(first, VMI_PAGE_PT | VMI_PAGE_DEFER | VMI_PAGE_CURRENT_AS | page(0));
	inval(page(0));
	expect(guest_try(write_at, page(0)) == 0);
	__asm__ volatile("lock btrl $5, %0" : "+m"(*(u32 *)first) : : "cc"); /* not young */
	updated(first, VMI_PAGE_PT);
	inval(page(0));
	read_at(page(0));
	expect(get(first) & PTE_A);
	__asm__ volatile("xchgl %0, %1" : "+r"(old), "+m"(*(u32 *)first)); /* ptep_get_and_clear */
	updated(first, VMI_PAGE_PT | VMI_PAGE_CURRENT_AS | page(0));
	inval(page(0));
	expect(old & PTE_D && faults(read_at, page(0), 0));
	store(first, PAGE_B | FLAGS_RW);
	updated(first, VMI_PAGE_PT);
	expect(*at(page(0)) == VALUE(PAGE_B));
	store(first, 0);
	updated(first, VMI_PAGE_PT);
	inval(page(0));
	verdict(VMI_CALL_UpdatePxE, "locked instructions on entries take effect");
	verdict(VMI_CALL_UpdatePxELong, "the same");
}

static void flushes(void)
{
	void *first = entry(table, 0), *second = entry(table, 1);
	u32 cr4 = call(VMI_CALL_GetCR4, 0, 0, 0);

	store(first, PAGE_A | FLAGS_RW);
	store(second, PAGE_A | FLAGS_RW);
	expect(*at(page(0)) == VALUE(PAGE_A) && *at(page(1)) == VALUE(PAGE_A));
	store(first, PAGE_B | FLAGS_RW);
	inval(page(0) + 0xffc);
	expect(*at(page(0)) == VALUE(PAGE_B) && *at(page(1)) == VALUE(PAGE_A));
	inval(0xfffff000); /* what is not the kernel's, nor mapped: nothing */
	inval(VMI_SHARED);
	verdict(VMI_CALL_InvalPage, "any address within the page; unmapped ones do no harm");
	call(VMI_CALL_SetCR4, cr4 | CR4_PGE, 0, 0);
	store(first, PAGE_A | FLAGS_RW | 0x100);
	store(second, PAGE_B | FLAGS_RW | 0x100);
	call(VMI_CALL_FlushTLB, VMI_FLUSH_TLB, 0, 0);
	call(VMI_CALL_FlushTLB, VMI_FLUSH_TLB | VMI_FLUSH_GLOBAL, 0, 0);
	expect(*at(page(0)) == VALUE(PAGE_A) && *at(page(1)) == VALUE(PAGE_B));
	store(first, 0);
	store(second, 0);
	call(VMI_CALL_FlushTLB, VMI_FLUSH_TLB | VMI_FLUSH_GLOBAL, 0, 0);
	expect(faults(read_at, page(0), 0) && faults(read_at, page(1), 0));
	call(VMI_CALL_SetCR4, cr4, 0, 0);
	call(VMI_CALL_FlushTLB, 0, 0, 0);
	call(VMI_CALL_FlushTLB, 0xfffffffc, 0, 0);
	verdict(VMI_CALL_FlushTLB, "all pages, global ones too; no flags, nothing");
}

void table_calls(void)
{
	link_table();
	set_calls();
	update_calls();
	flushes();
}
