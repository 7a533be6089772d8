/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page tables of either format for bt-mmu: the first 64 MB identity-mapped for all rings, and what the parts
 * put elsewhere.  Nothing here flushes unless it says so.
 */
#ifndef TESTS_GUESTS_BT_MMU_MMU_H
#define TESTS_GUESTS_BT_MMU_MMU_H

#include "tests/lib/code.h"

#define PTE_PS 0x80u
#define PTE_G 0x100u
#define RW (PTE_P | PTE_W)
#define RWU (PTE_P | PTE_W | PTE_U)

struct space {
	u32 cr3;
	void *top; /* directory, or PDPT */
};
extern bool pae;
extern struct space home;

/* Turn paging off and on again in the given format, in a new address space `home`. */
void mmu_start(bool with_pae);
/* Another space: the same tables below the directories, but for those of @linear's directory entry. */
void space_copy(struct space *space, const struct space *from, u32 linear);
static inline void space_enter(const struct space *space)
{
	write_cr3(space->cr3);
}

/* The entry of @linear in the space: its table is made if there is none. */
void *pte_at(const struct space *space, u32 linear);
/* The directory entry; it covers 4 MB, or 2 MB with PAE. */
void *pde_at(const struct space *space, u32 linear);
static inline u32 pde_span(void)
{
	return pae ? 0x200000u : 0x400000u;
}
static inline u32 entry_size(void)
{
	return pae ? 8 : 4;
}
/* Write an entry: high half last, low half first to make it absent; as kernels do. */
void entry_set(void *entry, u64 value);
static inline u32 entry_get(const void *entry)
{
	return *(const volatile u32 *)entry;
}
/* Set and INVLPG. */
void map(u32 linear, u32 physical, u32 flags);

static inline u32 peek(u32 address)
{
	return *(volatile u32 *)address;
}
static inline void poke(u32 address, u32 value)
{
	*(volatile u32 *)address = value;
}
/* For guest_try. */
void try_read(u32 address);
void try_write(u32 address);
void try_call(u32 address);
/* Is result a #PF at @address with @error? */
bool is_fault(u32 result, u32 address, u32 error);
/* Ring 3 reads, writes or calls @address: 0 or vector + 1.  After user_code(), which maps its page. */
enum user_access { USER_READ, USER_WRITE, USER_CALL };
void user_code(void);
u32 user_try(enum user_access access, u32 address);

void test_protection(void);
void test_lazy(void);
void test_bits(void);
void test_fork(void);
void test_tables(void);
void test_adapt(void);
void test_large(void);
void test_slots(void);
void test_everything_mapped(void);

#endif
