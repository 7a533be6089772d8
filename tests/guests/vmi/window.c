/* SPDX-License-Identifier: GPL-2.0 */
/* The window of window.h: one set of functions for 32-bit and PAE tables. */
#include "tests/guests/vmi/window.h"

u8 table[4096] ALIGNED(4096), second_table[4096] ALIGNED(4096);
u64 upper[512] ALIGNED(4096);

void *entry(void *of, u32 index)
{
	return (u8 *)of + index * (pae ? 8 : 4);
}

u32 entries(void)
{
	return pae ? 512 : 1024;
}

u32 large_bytes(void)
{
	return entries() * 4096;
}

void *directory_entry(u32 n)
{
	return pae ? (void *)&upper[n] : (void *)&page_directory[(WINDOW >> 22) + n];
}

u64 get(const void *at)
{
	return pae ? *(const volatile u64 *)at : *(const volatile u32 *)at;
}

void store(void *at, u64 value)
{
	if (pae)
		*(volatile u64 *)at = value;
	else
		*(volatile u32 *)at = (u32)value;
}

void set(void *at, u64 value, u32 flags)
{
	if (pae)
		call5(VMI_CALL_SetPxELong, (u32)value, (u32)(value >> 32), (u32)at, flags, 0);
	else
		call(VMI_CALL_SetPxE, (u32)value, (u32)at, flags);
}

void updated(void *at, u32 flags)
{
	enum vmi_call number = pae ? VMI_CALL_UpdatePxELong : VMI_CALL_UpdatePxE;

	if (offered(number))
		call(number, (u32)at, flags, 0);
}

static u32 format_flag(void)
{
	return pae ? VMI_PAGE_PAE : 0;
}

void announce(const void *page, u32 level, const void *source, u32 start, u32 count)
{
	if (offered(VMI_CALL_AllocatePage))
		call5(VMI_CALL_AllocatePage, (u32)page >> 12, level | format_flag() | VMI_PAGE_ZEROED,
		      (u32)source >> 12, start, count);
}

void release(const void *page, u32 level)
{
	if (offered(VMI_CALL_ReleasePage))
		call(VMI_CALL_ReleasePage, (u32)page >> 12, level | format_flag(), 0);
}

void inval(u32 at)
{
	call(VMI_CALL_InvalPage, at, 0, 0);
}

u32 page(u32 n)
{
	return WINDOW + n * 4096;
}

volatile u32 *at(u32 address)
{
	return (volatile u32 *)address;
}

void read_at(u32 address)
{
	(void)*at(address);
}

void write_at(u32 address)
{
	*at(address) = VALUE(PAGE_A);
}

void run_at(u32 address)
{
	((void (*)(void))address)();
}

bool faults(void (*access)(u32), u32 address, u32 error)
{
	return guest_try(access, address) == 14 + 1 && last_trap.error == error &&
	       vmi(VMI_CALL_GetCR2, 0, 0, 0) == address;
}

void page_calls(void)
{
	*at(PAGE_A) = VALUE(PAGE_A);
	*at(PAGE_B) = VALUE(PAGE_B);
	if (pae) {
		pae_pdpt[1] = (u32)upper | PTE_P;
		call(VMI_CALL_FlushTLB, 1, 0, 0); /* reads the PDPTEs, as a CR3 load does */
	}
	table_calls();
	space_calls();
}
