/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page tables of random entries: in RAM, ROM, MMIO and beyond all memory, at every level, linked, announced and
 * released in any order and at the wrong levels; read, written and executed through, by the kernel and by ring 3.
 *
 * What these entries map is never this kernel's own memory writable: a CPU would let it destroy itself.
 */
#include "tests/guests/vmi-hostile/hostile.h"

#define ENTRY_SIZE (pae ? 8u : 4u)
#define ENTRIES (4096 / ENTRY_SIZE)
#define LINKS 4u
#define TABLES 8u /* of the scratch pages; the others are what they map */

static u64 upper[512] ALIGNED(4096);

static void *directory_entry(u32 n)
{
	return pae ? (void *)&upper[n] : (void *)&page_directory[(WINDOW >> 22) + n];
}

static u32 scratch(u32 first, u32 count)
{
	return SCRATCH + (first + random_u32() % count) * 4096;
}

static u64 leaf(void)
{
	static const u32 frames[] = { 0, 0x1000, 0xa0000, 0xc8000, 0xf0000, 0x400000, 0x1000000, 0xe0000000, 0xfee00000,
				      0xfec00000, 0xffc00000, 0xfffff000 };
	u32 flags = random_u32() & 0xfff;

	if (random_u32() & 1)
		return scratch(TABLES, SCRATCH_PAGES - TABLES) | flags;
	return (one_of(frames, ARRAY_SIZE(frames)) & ~0xfffu) | (flags & ~PTE_W) |
	       (pae && random_u32() % 4 == 0 ? (u64)random_u32() << 32 : 0);
}

/* A table, or a thing that is taken for one. */
static u64 link(void)
{
	static const u32 places[] = { 0xc8000, 0xf0000, 0xa0000, 0xfec00000, 0xfee00000, 0x1000000, 0x7ffff000,
				      0xfffff000 };

	if (random_u32() % 4)
		return scratch(0, TABLES) | PTE_P | (random_u32() & (PTE_W | PTE_U));
	return one_of(places, ARRAY_SIZE(places)) | PTE_P | (random_u32() & 0x66u) |
	       (pae && random_u32() % 4 == 0 ? (u64)random_u32() << 32 : 0);
}

static void set(void *at, u64 value)
{
	if (random_u32() & 1) {
		if (pae)
			call5(VMI_CALL_SetPxELong, (u32)value, (u32)(value >> 32), (u32)at, random_u32(), 0);
		else
			call5(VMI_CALL_SetPxE, (u32)value, (u32)at, random_u32(), 0, 0);
	} else if (pae) {
		*(volatile u64 *)at = value;
	} else {
		*(volatile u32 *)at = (u32)value;
	}
}

/* Announcements, at any level, of any scratch page or of what is none. */
static void announce(void)
{
	static const u8 calls[] = { VMI_CALL_AllocatePage, VMI_CALL_ReleasePage, VMI_CALL_UpdatePxE,
				    VMI_CALL_UpdatePxELong, VMI_CALL_SetLinearMapping, VMI_CALL_SetLazyMode };
	u32 call = calls[random_u32() % ARRAY_SIZE(calls)], at = scratch(0, SCRATCH_PAGES);

	if (!offered(call))
		return;
	if (call == VMI_CALL_UpdatePxE || call == VMI_CALL_UpdatePxELong)
		call5(call, at + random_u32() % 4096, random_u32(), 0, 0, 0);
	else
		call5(call, random_u32() & 1 ? at >> 12 : random_u32(), random_u32(), at >> 12, random_u32(),
		      random_u32());
}

static void read_it(u32 at)
{
	(void)*(volatile u32 *)at;
}

static void write_it(u32 at)
{
	*(volatile u32 *)at = 0x600d;
}

static void read_it_as_user(u32 at)
{
	struct user_registers registers = {
		.eip = USER_CODE, .cs = USER_CS, .eflags = 0x202, .esp = USER_STACK, .ss = USER_DS, .ecx = at,
	};

	user_enter((u32)&registers);
}

/* Writes only through tables of ours: what the ROM's bytes map may be this kernel. */
static bool table_is_ours(u32 n)
{
	u64 entry = pae ? *(u64 *)directory_entry(n) : *(u32 *)directory_entry(n);

	return entry - SCRATCH < TABLES * 4096u;
}

static u32 fine, faulted;
static void access(void)
{
	u32 n = random_u32() % LINKS, index = random_u32() % ENTRIES;
	u32 at = WINDOW + (n * ENTRIES + index) * 4096, result;

	switch (random_u32() % 3) {
	case 0:
		if (table_is_ours(n)) {
			result = guest_try(write_it, at);
			break;
		}
		/* fall through */
	case 1:
		result = guest_try(read_it, at);
		break;
	default:
		result = guest_try(read_it_as_user, at);
		result = result == USER_EXIT + 1 ? 0 : result;
		break;
	}
	fine += result == 0;
	faulted += result != 0;
}

static void unlink_all(void)
{
	for (u32 n = 0; n < LINKS; n++)
		set(directory_entry(n), 0);
	call5(VMI_CALL_FlushTLB, 3, 0, 0, 0, 0);
}

static void begin(void)
{
	if (pae) {
		pae_pdpt[1] = (u32)upper | PTE_P;
		call5(VMI_CALL_FlushTLB, 1, 0, 0, 0, 0);
	}
	/* Tables begin with leaves that map nothing. */
	for (u32 i = 0; i < SCRATCH_PAGES * 1024; i++)
		((volatile u32 *)SCRATCH)[i] = 0;
}

void random_tables(u32 count)
{
	begin();
	for (u32 i = 0; i < count; i++) {
		for (u32 k = 0; k < 4; k++)
			set((u8 *)scratch(0, TABLES) + random_u32() % ENTRIES * ENTRY_SIZE, leaf());
		if (i % 4 == 0)
			set(directory_entry(random_u32() % LINKS), link());
		announce();
		call5(i % 3 ? VMI_CALL_InvalPage : VMI_CALL_FlushTLB, i % 3 ? random_u32() : 3, 0, 0, 0, 0);
		access();
	}
	unlink_all();
	recover();
	check(works(), "random page tables: %u accesses, %u faults", fine, faulted);
}

/* ---- the same, with somebody else at the tables ---- */

static volatile u32 ticks;
static void scribble(struct trap_frame *frame)
{
	volatile struct shared_page *shared = vmi_shared();

	(void)frame;
	ticks++;
	for (u32 k = 0; k < 8; k++) {
		u8 *at = (u8 *)scratch(0, TABLES) + random_u32() % ENTRIES * ENTRY_SIZE;

		if (pae)
			*(volatile u64 *)at = leaf();
		else
			*(volatile u32 *)at = (u32)leaf();
	}
	/* A handler is entered in the middle of a call as well: what the ROM reads there may be anything. */
	shared->cr0 = random_u32();
	shared->cr2 = random_u32();
	shared->cr3 = random_u32();
	shared->cr4 = random_u32();
	shared->pending = random_u32() & 1;
	shared->iret_site = random_u32();
	timer_done();
}

void changes_under_way(u32 rounds)
{
	set_handler(TIMER_VECTOR, scribble);
	begin();
	fine = faulted = 0;
	timer_every(300);
	for (u32 i = 0; i < rounds; i++) {
		vmi_set_if(true);
		set(directory_entry(random_u32() % LINKS), scratch(0, TABLES) | PTE_P | PTE_W | PTE_U);
		announce();
		for (volatile u32 k = 0; k < 50; k++)
			;
		access();
	}
	vmi_set_if(false);
	timer_stop();
	set_handler(TIMER_VECTOR, NULL);
	unlink_all();
	recover();
	check(ticks > 0 && works(), "tables that an interrupt changes: %u accesses, %u faults", fine, faulted);
}
