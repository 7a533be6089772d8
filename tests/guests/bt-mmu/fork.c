/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernels do to whole tables: fork with copy on write, exec, tables written as data by every kind of
 * store, by ring 3, and through a table that maps itself.
 */
#include "tests/guests/bt-mmu/mmu.h"

#define V 0x8000000u
#define SHARED_PAGES 32u
#define FORKS 60u

static u32 frames_used, frame_pool, cow_faults;
static const struct space *current;

static u32 new_frame(void)
{
	return frame_pool + 4096 * (frames_used++ % (SHARED_PAGES * 3));
}

/* #PF: a write to a read-only page gets a copy of its own. */
static void copy_on_write(struct trap_frame *frame)
{
	u32 page = last_cr2 & ~0xfffu, copy = new_frame();
	void *entry = pte_at(current, page);

	if ((frame->error & 3) != 3 || page - V >= SHARED_PAGES * 4096) {
		print("unexpected #PF at %x for %x, error %x\n", frame->eip, last_cr2, frame->error);
		check(false, "only writes to shared pages fault");
		guest_exit();
	}
	cow_faults++;
	memcpy((void *)copy, (void *)page, 4096);
	entry_set(entry, copy | RWU);
	invlpg(page);
}

/* Copy the table entry by entry, read-only in both. */
static void fork(struct space *child, const struct space *parent)
{
	for (u32 i = 0; i < SHARED_PAGES; i++) {
		void *from = pte_at(parent, V + i * 4096);
		u64 entry = entry_get(from) & ~PTE_W;

		entry_set(from, entry);
		entry_set(pte_at(child, V + i * 4096), entry);
	}
}

static bool family(struct space *parent, struct space *child, u32 round)
{
	bool good = true;

	fork(child, parent);
	cow_faults = 0;
	current = child;
	space_enter(child);
	for (u32 i = round % 3; i < SHARED_PAGES; i += 3) {
		good &= peek(V + i * 4096) == i * 1000 + round;
		poke(V + i * 4096, i);
		good &= !user_try(USER_WRITE, V + i * 4096 + 8) && peek(V + i * 4096) == i;
	}
	good &= cow_faults == (SHARED_PAGES - round % 3 + 2) / 3;
	current = parent;
	space_enter(parent);
	for (u32 i = 0; i < SHARED_PAGES; i++) {
		good &= peek(V + i * 4096) == i * 1000 + round && peek(V + i * 4096 + 8) == 0;
		poke(V + i * 4096, i * 1000 + round + 1);
	}
	return good && cow_faults == (SHARED_PAGES - round % 3 + 2) / 3 + SHARED_PAGES;
}

void test_fork(void)
{
	struct space parent, children[3];
	bool good = true;

	space_copy(&parent, &home, V);
	for (u32 i = 0; i < ARRAY_SIZE(children); i++)
		space_copy(&children[i], &home, V);
	frame_pool = (u32)pages(SHARED_PAGES * 3);
	space_enter(&parent);
	for (u32 i = 0; i < SHARED_PAGES; i++) {
		entry_set(pte_at(&parent, V + i * 4096), new_frame() | RWU);
		poke(V + i * 4096, i * 1000);
	}
	set_handler(14, copy_on_write);
	for (u32 round = 0; round < FORKS && good; round++)
		good = family(&parent, &children[round % 3], round);
	set_handler(14, NULL);
	space_enter(&home);
	check(good, "%u forks with copy on write", FORKS);
}

/* ---- tables as data --------------------------------------------------------------------------------- */
/* Change the low half of @entry, which is @old, by a store of kind @kind. */
static void store(volatile u32 *entry, u32 old, u32 new, u32 kind)
{
	switch (kind) {
	case 0:
		__asm__ volatile("xchgl %0, %1" : "+r"(new), "+m"(*entry));
		break;
	case 1:
		__asm__ volatile("lock; cmpxchgl %2, %1" : "+a"(old), "+m"(*entry) : "r"(new));
		break;
	case 2:
		__asm__ volatile("lock; cmpxchg8b (%4)" : : "a"(old), "d"(entry[1]), "b"(new), "c"(entry[1]),
				 "r"(entry) : "memory");
		break;
	case 3: /* the frame's number first, then the flags, byte by byte */
		((volatile u8 *)entry)[2] = (u8)(new >> 16);
		((volatile u8 *)entry)[3] = (u8)(new >> 24);
		((volatile u8 *)entry)[1] = (u8)(new >> 8);
		((volatile u8 *)entry)[0] = (u8)new;
		break;
	case 4:
		((volatile u16 *)entry)[1] = (u16)(new >> 16);
		((volatile u16 *)entry)[0] = (u16)new;
		break;
	case 5:
		__asm__ volatile("addl %1, %0" : "+m"(*entry) : "r"(new - old));
		break;
	case 6:
		__asm__ volatile("pushl %1\n\tpopl %0" : "=m"(*entry) : "r"(new));
		break;
	case 7: {
		u32 *to = (u32 *)entry, *from = &new, count = 1;

		__asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
		break;
	}
	case 8: /* not present by a single bit, then anew */
		__asm__ volatile("lock; btrl $0, %0" : "+m"(*entry));
		*entry = new;
		break;
	default:
		__asm__ volatile("fildl %1\n\tfistpl %0" : "=m"(*entry) : "m"(new));
	}
}

#define KINDS 10u
#define FRAMES 8u

static bool stores(u32 alias)
{
	u32 frames = (u32)pages(FRAMES), old = frames | RWU;
	volatile u32 *entry = pte_at(&home, V);

	if (alias)
		entry = (volatile u32 *)(alias + ((u32)entry & 0xfff));
	entry_set((void *)entry, old);
	invlpg(V);
	for (u32 i = 0; i < FRAMES; i++)
		poke(frames + i * 4096, i);
	for (u32 i = 0; i < 100 * KINDS; i++) {
		u32 number = i * 3 / 2 % FRAMES, new = (frames + 4096 * number) | RWU;

		old = *entry; /* with A and D */
		store(entry, old, new, i % KINDS);
		invlpg(V);
		if (peek(V) != number)
			return false;
		poke(V + 4, i);
		if (peek((new & ~0xfffu) + 4) != i || (*entry & PTE_D) != PTE_D)
			return false;
	}
	return true;
}

/* Ring 3 may write a page table: its entry is what it wrote, and the kernel flushes. */
static bool by_user(u32 alias)
{
	u32 frames = (u32)pages(2), entry = alias + ((u32)pte_at(&home, V) & 0xfff);

	for (u32 i = 0; i < 300; i++) {
		struct user_registers r = {
			.cs = USER_CS, .ss = USER_DS, .eflags = 0x202, .ebx = entry,
			.eax = (frames + 4096 * (i % 2)) | RWU,
		};
		static u8 *code;

		if (!code)
			code = pages(1);
		memcpy(code, (const u8[]){ 0x89, 0x03, 0xcd, USER_EXIT }, 4);
		r.eip = (u32)code;
		r.esp = (u32)code + 4096;
		poke(frames + 4096 * (i % 2), i);
		if (user_run(&r))
			return false;
		invlpg(V);
		if (peek(V) != i)
			return false;
	}
	return true;
}

/* Whole tables cleared and filled by REP. */
static bool by_rep(void)
{
	u32 frame = (u32)pages(1), copy = (u32)pages(1), table;

	map(V, frame, RWU);
	table = (u32)pte_at(&home, V) & ~0xfffu;
	for (u32 i = 0; i < 60; i++) {
		u32 to = table, from = copy, count = 1024, r;

		poke(V, i);
		memcpy((void *)copy, (void *)table, 4096);
		__asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(0) : "memory");
		write_cr3(home.cr3);
		r = guest_try(try_read, V);
		if (!is_fault(r, V, 0))
			return false;
		to = table;
		count = 1024;
		__asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
		if (peek(V) != i)
			return false;
	}
	return true;
}

/* A directory that is its own table: entries through their linear address. */
static bool self_mapped(void)
{
	u32 slot = 0xc0000000u >> 22, frames = (u32)pages(2);
	u32 *directory = home.top, window = slot << 22;

	if (pae) /* 4 directories, one of them maps all 4 as tables of 8 MB at C0000000 */
		for (u32 i = 0; i < 4; i++)
			entry_set(pde_at(&home, 0xc0000000u + i * 0x200000),
				  (((u64 *)home.top)[i] & ~0xfffull) | RW);
	else
		directory[slot] = home.cr3 | RW;
	pte_at(&home, V);
	write_cr3(home.cr3);
	for (u32 i = 0; i < 300; i++) {
		volatile u32 *entry = (volatile u32 *)(window + (V >> 12) * entry_size());

		entry[0] = (frames + i % 2 * 4096) | RW;
		invlpg(V);
		poke(V, i);
		if (peek(frames + i % 2 * 4096) != i || (entry[0] & (PTE_A | PTE_D)) != (PTE_A | PTE_D) ||
		    entry[0] != entry_get(pte_at(&home, V)))
			return false;
	}
	for (u32 i = 0; i < 4; i++)
		entry_set(pde_at(&home, 0xc0000000u + i * 0x200000), 0);
	write_cr3(home.cr3);
	return true;
}

void test_tables(void)
{
	u32 alias = 0xa000000;

	map(alias, (u32)pte_at(&home, V) & ~0xfffu, RWU);
	check(stores(0) && stores(alias), "page tables written by %u kinds of stores", KINDS);
	check(by_user(alias), "a page table written by ring 3");
	check(by_rep(), "page tables cleared and filled by REP");
	check(self_mapped(), "a directory that maps itself");
	map(alias, 0, 0);
	map(V, 0, 0);
}
