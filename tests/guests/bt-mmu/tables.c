/* SPDX-License-Identifier: GPL-2.0 */
/* Page tables of both formats, and accesses for the parts; see mmu.h. */
#include "tests/guests/bt-mmu/mmu.h"

#define CR0_PG 0x80000000u
#define CR0_WP 0x10000u
#define CR4_PSE 0x10u
#define CR4_PAE 0x20u
#define IDENTITY 0x4000000u

bool pae;
struct space home;
static u8 *user_page;

void entry_set(void *entry, u64 value)
{
	volatile u32 *words = entry;

	if (!pae) {
		words[0] = (u32)value;
		return;
	}
	if (value & PTE_P && !(words[0] & PTE_P)) {
		words[1] = (u32)(value >> 32);
		words[0] = (u32)value;
	} else {
		words[0] = (u32)value;
		words[1] = (u32)(value >> 32);
	}
}

void *pde_at(const struct space *space, u32 linear)
{
	u64 *pdpt = space->top;

	if (!pae)
		return (u32 *)space->top + (linear >> 22);
	return (u64 *)(u32)(pdpt[linear >> 30] & ~0xfffull) + (linear >> 21 & 511);
}

void *pte_at(const struct space *space, u32 linear)
{
	void *pde = pde_at(space, linear);
	u32 table;

	if (!(entry_get(pde) & PTE_P) || entry_get(pde) & PTE_PS)
		entry_set(pde, (u32)pages(1) | RWU);
	table = entry_get(pde) & ~0xfffu;
	return (u8 *)table + (linear >> 12 & (pae ? 511 : 1023)) * entry_size();
}

static void make_top(struct space *space)
{
	space->top = pages(1);
	space->cr3 = (u32)space->top;
	for (u32 i = 0; pae && i < 4; i++)
		((u64 *)space->top)[i] = (u32)pages(1) | PTE_P;
}

void mmu_start(bool with_pae)
{
	u32 cr0, cr4;

	pae = with_pae;
	make_top(&home);
	for (u32 at = 0; at < IDENTITY; at += 4096)
		entry_set(pte_at(&home, at), at | RWU);
	__asm__ volatile("movl %%cr0, %0\n\tmovl %%cr4, %1" : "=r"(cr0), "=r"(cr4));
	cr4 = (cr4 & ~CR4_PAE) | CR4_PSE | (pae ? CR4_PAE : 0);
	__asm__ volatile("movl %0, %%cr0\n\tmovl %1, %%cr4\n\tmovl %2, %%cr3\n\tmovl %3, %%cr0"
			 : : "r"(cr0 & ~CR0_PG), "r"(cr4), "r"(home.cr3), "r"(cr0 | CR0_PG | CR0_WP) : "memory");
	tss[7] = home.cr3;
}

void space_copy(struct space *space, const struct space *from, u32 linear)
{
	make_top(space);
	for (u64 at = 0; at < 1ull << 32; at += pde_span())
		entry_set(pde_at(space, (u32)at), *(u64 *)pde_at(from, (u32)at) & (pae ? ~0ull : 0xffffffffu));
	entry_set(pde_at(space, linear), 0);
}

void map(u32 linear, u32 physical, u32 flags)
{
	entry_set(pte_at(&home, linear), flags ? physical | flags : 0);
	invlpg(linear);
}

/* ---- accesses ------------------------------------------------------------------------------------- */
void try_read(u32 address)
{
	peek(address);
}

void try_write(u32 address)
{
	poke(address, 0x77777777);
}

void try_call(u32 address)
{
	code_call((void *)address);
}

bool is_fault(u32 result, u32 address, u32 error)
{
	return result == 14 + 1 && last_cr2 == address && last_trap.error == error;
}

void user_code(void)
{
	u8 *at;

	user_page = pages(2);
	at = user_page;
	EMIT(at, 0x8b, 0x03, 0xcd, USER_EXIT); /* MOV EAX, (EBX) */
	at = user_page + 16;
	EMIT(at, 0x89, 0x03, 0xcd, USER_EXIT);
	at = user_page + 32;
	EMIT(at, 0xff, 0xd3, 0xcd, USER_EXIT);
}

u32 user_try(enum user_access access, u32 address)
{
	struct user_registers registers = {
		.eip = (u32)user_page + 16 * access, .cs = USER_CS, .ss = USER_DS, .eflags = 0x202,
		.esp = (u32)user_page + 8192, .eax = 0x99999999, .ebx = address,
	};

	return user_run(&registers);
}
