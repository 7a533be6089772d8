/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whole tables and address spaces: calls 17, 44, 45, 48, 73.  What only announces or batches is called where it
 * is offered, and must make no difference to what the tables then mean.
 */
#include "tests/guests/vmi/window.h"

static u8 other_root[4096] ALIGNED(4096);
static u64 other_upper[512] ALIGNED(4096), other_pdpt[4] ALIGNED(32);

/* A page becomes a table with contents, is one, and is data again. */
static void allocate_release(void)
{
	u32 *data = (u32 *)second_table, wrong = 0;

	for (u32 i = 0; i < entries(); i++)
		store(entry(second_table, i), (i & 1 ? PAGE_B : PAGE_A) | FLAGS_RW);
	announce(second_table, VMI_PAGE_PT, NULL, 0, 0);
	set(directory_entry(2), (u32)second_table | FLAGS_RW, VMI_PAGE_PD);
	for (u32 i = 0; i < entries(); i++)
		wrong += *at(page(2 * entries() + i)) != VALUE(i & 1 ? PAGE_B : PAGE_A);
	expect(wrong == 0);
	verdict(VMI_CALL_AllocatePage, "a table with entries in it, whatever ZEROED says");
	set(directory_entry(2), 0, VMI_PAGE_PD);
	release(second_table, VMI_PAGE_PT);
	call(VMI_CALL_FlushTLB, 1, 0, 0);
	for (u32 n = 0; n < 4; n++) {
		for (u32 i = 0; i < 1024; i++)
			data[i] = 0x1000003u * i + n;
		for (u32 i = 0; i < 1024; i++)
			wrong += data[i] != 0x1000003u * i + n;
	}
	expect(wrong == 0 && faults(read_at, page(2 * entries()), 0));
	release(second_table, VMI_PAGE_PT); /* again; at another level; of what never was one */
	release(second_table, VMI_PAGE_PD);
	release((void *)SCRATCH, VMI_PAGE_PT);
	verdict(VMI_CALL_ReleasePage, "the page is data again; twice, and of no table, does no harm");
}

/* Entries by another mapping of their table, as HIGHPTE kernels write them. */
static void linear_mapping(void)
{
	if (offered(VMI_CALL_SetLinearMapping))
		call5(VMI_CALL_SetLinearMapping, 0, 0, 0x4000, 0, 0);
	set(entry(table, 5), (u32)table | FLAGS_RW, VMI_PAGE_PT);
	if (offered(VMI_CALL_SetLinearMapping))
		call5(VMI_CALL_SetLinearMapping, 1, page(5), 1, (u32)table >> 12, 0);
	set(entry((void *)page(5), 6), PAGE_B | FLAGS_RW, VMI_PAGE_PT);
	expect(*at(page(6)) == VALUE(PAGE_B) && (get(entry(table, 6)) & 0xfffff000) == PAGE_B);
	set(entry((void *)page(5), 6), PAGE_A | FLAGS_RW, VMI_PAGE_PT);
	inval(page(6));
	expect(*at(page(6)) == VALUE(PAGE_A));
	set(entry((void *)page(5), 6), 0, VMI_PAGE_PT);
	set(entry(table, 5), 0, VMI_PAGE_PT);
	call(VMI_CALL_FlushTLB, 1, 0, 0);
	verdict(VMI_CALL_SetLinearMapping, "entries may be written by any mapping of their table");
}

static void lazy(u32 mode)
{
	if (offered(VMI_CALL_SetLazyMode))
		call(VMI_CALL_SetLazyMode, mode, 0, 0);
}

static void lazy_mode(void)
{
	lazy(1);
	for (u32 i = 8; i < 40; i++)
		set(entry(table, i), (i & 1 ? PAGE_B : PAGE_A) | FLAGS_RW, VMI_PAGE_PT);
	expect(*at(page(9)) == VALUE(PAGE_B)); /* kmap_atomic in between: used before the batch ends */
	lazy(0);
	for (u32 i = 8; i < 40; i++)
		expect(*at(page(i)) == VALUE(i & 1 ? PAGE_B : PAGE_A));
	lazy(1);
	for (u32 i = 8; i < 40; i++)
		set(entry(table, i), 0, VMI_PAGE_PT | VMI_PAGE_CURRENT_AS | page(i));
	lazy(0);
	call(VMI_CALL_FlushTLB, 1, 0, 0);
	for (u32 i = 8; i < 40; i++)
		expect(faults(read_at, page(i), 0));
	lazy(2);
	call(VMI_CALL_UpdateKernelStack, KERNEL_DS, tss[1], 0);
	lazy(0);
	expect(run_user(USER_CODE, USER_STACK) == 0);
	verdict(VMI_CALL_SetLazyMode, "batches take effect at their end, and at use");
}

/* A second address space: shares all but the window. */
static u32 second_space(void)
{
	if (!pae) {
		for (u32 i = 0; i < 1024; i++)
			((u32 *)other_root)[i] = page_directory[i];
		announce(other_root, VMI_PAGE_PD | VMI_PAGE_CLONE, page_directory, 0, 16);
		((u32 *)other_root)[WINDOW >> 22] = (u32)second_table | FLAGS_RW;
		return (u32)other_root;
	}
	announce(other_upper, VMI_PAGE_PD, NULL, 0, 0);
	store(&other_upper[0], (u32)second_table | FLAGS_RW);
	other_pdpt[0] = pae_pdpt[0];
	other_pdpt[1] = (u32)other_upper | PTE_P;
	return (u32)other_pdpt; /* never announced, as Linux 2.6.22's is not */
}

static void roots(void)
{
	u32 here = call(VMI_CALL_GetCR3, 0, 0, 0), there;

	for (u32 i = 0; i < entries(); i++)
		store(entry(second_table, i), PAGE_B | FLAGS_RW);
	there = second_space();
	set(entry(table, 0), PAGE_A | FLAGS_RW, VMI_PAGE_PT);
	for (u32 i = 0; i < 20; i++) {
		call(VMI_CALL_SetCR3, there, 0, 0);
		expect(*at(page(0)) == VALUE(i & 1 ? PAGE_A : PAGE_B) && call(VMI_CALL_GetCR3, 0, 0, 0) == there);
		/* Of the root that is not in use; it shows when that is loaded. */
		set(entry(table, 0), (i & 1 ? PAGE_A : PAGE_B) | FLAGS_RW, VMI_PAGE_PT);
		call(VMI_CALL_SetCR3, here, 0, 0);
		expect(*at(page(0)) == VALUE(i & 1 ? PAGE_A : PAGE_B));
		set(entry(second_table, 0), (i & 1 ? PAGE_B : PAGE_A) | FLAGS_RW, VMI_PAGE_PT);
	}
	if (pae) {
		other_pdpt[2] = 1 | 2; /* a reserved bit */
		expect(call_faults(VMI_CALL_SetCR3, there, 0, 0) == 13 + 1);
		expect(call(VMI_CALL_GetCR3, 0, 0, 0) == here);
	}
	release(pae ? (void *)other_upper : (void *)other_root, VMI_PAGE_PD);
	verdict(VMI_CALL_SetCR3, pae ? "between two roots with changes of both; bad PDPTEs are #GP" :
				       "between two roots with changes of both");
}

void space_calls(void)
{
	allocate_release();
	linear_mapping();
	lazy_mode();
	roots();
}
