/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Linear memory: from a linear address through the guest's page tables to RAM, ROM or a device.
 *
 * The software TLB turns the common case into a compare and a copy.  What it cannot hold goes the
 * slow way at each access: devices, ROM and traced frames (for writing), pages whose D bit is not
 * set yet, and everything while data breakpoints are armed.  An access that crosses a page is
 * translated completely before the first byte moves, so a fault leaves memory as it was.
 */
#include "arch/x86/interp/interp_priv.h"
#include "hv/arch.h"

/* New ages for all; when they are used up, the entries are cleared, and ages begin anew. */
void tlb_flush(struct interp *ip)
{
	ip->fetch_page = TLB_NO_PAGE;
	ip->large_first = TLB_NO_PAGE;
	ip->large_last = 0;
	if (UNLIKELY(ip->tlb_newest >= TLB_AGE_LAST - TLB_AGE_ONE)) {
		for (u32 i = 0; i < TLB_ENTRIES; i++)
			ip->tlb[i].tag = TLB_NO_PAGE;
		ip->tlb_newest = 0;
	}
	ip->tlb_global_age = ip->tlb_newest + TLB_AGE_ONE;
	ip->tlb_age = ip->tlb_newest = ip->tlb_newest + 2 * TLB_AGE_ONE;
}

static void flush_non_global(struct interp *ip)
{
	if (!ip->fetch_global)
		ip->fetch_page = TLB_NO_PAGE;
	if (UNLIKELY(ip->tlb_newest == TLB_AGE_LAST))
		tlb_flush(ip);
	else
		ip->tlb_age = ip->tlb_newest += TLB_AGE_ONE;
}

static void flush_page(struct interp *ip, u32 address)
{
	u32 page = address >> PAGE_SHIFT;

	if (UNLIKELY(page >= ip->large_first && page <= ip->large_last)) {
		tlb_flush(ip);
		return;
	}
	if (ip->fetch_page == page)
		ip->fetch_page = TLB_NO_PAGE;
	if (tlb_holds(ip, tlb_entry(ip, address), address))
		tlb_entry(ip, address)->tag = TLB_NO_PAGE;
}

void tlb_flush_kind(struct interp *ip, enum tlb_flush kind, u32 address)
{
	switch (kind) {
	case TLB_FLUSH_PAGE:
		flush_page(ip, address);
		break;
	case TLB_FLUSH_NON_GLOBAL:
		flush_non_global(ip);
		break;
	case TLB_FLUSH_ALL:
		tlb_flush(ip);
		break;
	}
}

void tlb_note_large(struct interp *ip, u32 address, const struct walk_result *walk)
{
	u32 size = BIT(walk->page_shift), first = ALIGN_DOWN(address, size) >> PAGE_SHIFT;

	if (LIKELY(walk->page_shift == PAGE_SHIFT))
		return;
	ip->large_first = MIN(ip->large_first, first);
	ip->large_last = MAX(ip->large_last, first + (size >> PAGE_SHIFT) - 1);
}

void tlb_renew(struct interp *ip)
{
	ip->seen_generation = *ip->generation;
	ip->seen_dr7 = ip->cpu->dr[7];
	ip->data_breakpoints = false;
	for (u32 i = 0; i < 4; i++) {
		bool enabled = ip->seen_dr7 >> (2 * i) & 3;
		u32 type = ip->seen_dr7 >> (16 + 4 * i) & 3;

		ip->data_breakpoints |= enabled && (type == 1 || type == 3);
	}
	tlb_flush(ip);
}

static inline u8 *tlb_find(const struct interp *ip, u32 address, u32 access)
{
	const struct tlb_entry *entry = &ip->window;
	u8 *host = tlb_look(ip, address, access);

	if (LIKELY(host != NULL))
		return host;
	if (UNLIKELY(entry->tag == address >> PAGE_SHIFT && (entry->rights & TLB_RIGHT(access))))
		return entry->host + (address & PAGE_MASK);
	return NULL;
}

/* @traced: how far a right to write is moved. */
static u32 rights_of(const struct interp *ip, const struct walk_result *walk, bool ram, u32 traced)
{
	bool paging = ip->cpu->cr0 & CR0_PG;
	bool user = !paging || walk->user;
	bool writable = !paging || walk->writable;
	u32 rights = TLB_RIGHT(ACCESS_READ), write = 0;

	if (user)
		rights |= TLB_RIGHT(ACCESS_USER);
	if (!ram || (paging && !walk->dirty))
		return rights;
	if (writable || !(ip->cpu->cr0 & CR0_WP))
		write |= TLB_RIGHT(ACCESS_WRITE);
	if (writable && user)
		write |= TLB_RIGHT(ACCESS_WRITE | ACCESS_USER);
	return rights | write << traced;
}

void tlb_fill(struct interp *ip, u32 address, const struct walk_result *walk)
{
	struct tlb_entry *entry = tlb_entry(ip, address);
	enum gmem_type type;
	hpa_t frame;
	u8 flags;

	type = gmem_page(ip->gmem, walk->gpa, &frame, &flags);
	if (type == GMEM_NONE || UNLIKELY(ip->data_breakpoints))
		return;
	entry->tag = address >> PAGE_SHIFT | (walk->global ? ip->tlb_global_age : ip->tlb_age);
	entry->host = arch_hpa_to_ptr(frame);
	entry->gfn = (u32)gpa_pfn(walk->gpa);
	entry->rights = rights_of(ip, walk, type == GMEM_RAM,
				  flags || ip->journaled ? TLB_TRACED_SHIFT : 0);
	tlb_note_large(ip, address, walk);
}

static enum emul_result translate(struct interp *ip, u32 address, u32 access, gpa_t *to)
{
	struct walk_result walk;

	if (mmu_walk(ip->cpu, ip->gmem, gva(address), access, &walk))
		return EMUL_FAULT;
	/* Setting A and D bits may have changed a traced frame. */
	tlb_sync(ip);
	tlb_fill(ip, address, &walk);
	*to = walk.gpa;
	return EMUL_DONE;
}

enum emul_result lin_pointer_slow(struct interp *ip, u32 address, u32 access, u8 **host)
{
	gpa_t ignored;

	*host = tlb_find(ip, address, access); /* in the window, perhaps */
	if (*host)
		return EMUL_DONE;
	TRY(translate(ip, address, access, &ignored));
	*host = tlb_find(ip, address, access);
	return EMUL_DONE;
}

/* ---- what is not plain RAM ------------------------------------------------------------------ */
static u32 bus_chunk(u32 size)
{
	return size >= 4 ? 4 : size >= 2 ? 2 : 1;
}

/* Note a write of a rehearsal.  False: it may not be done. */
static bool journal_write(struct interp *ip, enum gmem_type type, gpa_t to, const u8 *from, u32 size)
{
	struct interp_journal *journal = ip->journal;
	struct interp_write *write = &journal->write[journal->count];

	if (type == GMEM_ROM)
		return true;
	journal->blocked |= type != GMEM_RAM || size > JOURNAL_BYTES || journal->count == JOURNAL_WRITES;
	if (journal->blocked)
		return false;
	journal->count++;
	write->at = to;
	write->size = size;
	memcpy(write->after, from, size);
	return gmem_read(ip->gmem, to, write->before, size);
}

static void physical_read(struct interp *ip, gpa_t from, u8 *to, u32 size)
{
	const u8 *host = gmem_ptr(ip->gmem, from, size, false);

	if (host) {
		memcpy(to, host, size);
		return;
	}
	if (UNLIKELY(ip->journal)) {
		ip->journal->blocked = true;
		memset(to, 0, size);
		return;
	}
	ip->used_bus = ip->met_special = true;
	for (u32 done = 0, chunk; done < size; done += chunk) {
		u32 value;

		chunk = bus_chunk(size - done);
		value = bus_mmio_read(ip->bus, gpa(from.v + done), chunk);
		memcpy(to + done, &value, chunk);
	}
}

static void physical_write(struct interp *ip, gpa_t to, const u8 *from, u32 size)
{
	enum gmem_type type = gmem_type(ip->gmem, to);

	ip->met_special |= type != GMEM_RAM || gmem_flags(ip->gmem, to); /* the TLB may be late */
	if (UNLIKELY(ip->journal)) {
		if (journal_write(ip, type, to, from, size) && type == GMEM_RAM)
			memcpy(gmem_ptr(ip->gmem, to, size, true), from, size); /* nobody is told */
		return;
	}
	if (type == GMEM_RAM) {
		gmem_write(ip->gmem, to, from, size);
		tlb_sync(ip);
		return;
	}
	if (type == GMEM_ROM)
		return;
	ip->used_bus = true;
	for (u32 done = 0, chunk; done < size; done += chunk) {
		u32 value = 0;

		chunk = bus_chunk(size - done);
		memcpy(&value, from + done, chunk);
		bus_mmio_write(ip->bus, gpa(to.v + done), chunk, value);
	}
}

/* ---- places --------------------------------------------------------------------------------- */
/* A write to a frame that somebody traces, or that may have to be noted: where it is, without a walk. */
static bool find_traced(struct interp *ip, u32 address, u32 access, gpa_t *to)
{
	const struct tlb_entry *entry = tlb_entry(ip, address);

	if (!tlb_holds(ip, entry, address) || !(entry->rights & TLB_TRACED(access)))
		return false;
	*to = gpa((u64)entry->gfn << PAGE_SHIFT | (address & PAGE_MASK));
	return true;
}

static enum emul_result place_find(struct interp *ip, u32 address, u32 size, u32 access,
				   struct mem_place *place)
{
	u32 in_page = PAGE_SIZE - (address & PAGE_MASK);

	place->size = size;
	place->first_size = MIN(size, in_page);
	place->host = NULL;
	if (LIKELY(size <= in_page)) {
		place->host = tlb_find(ip, address, access);
		if (place->host || find_traced(ip, address, access, &place->part[0]))
			return EMUL_DONE;
		TRY(translate(ip, address, access, &place->part[0]));
		place->host = tlb_find(ip, address, access);
		return EMUL_DONE;
	}
	TRY(translate(ip, address, access, &place->part[0]));
	return translate(ip, address + in_page, access, &place->part[1]);
}

enum emul_result lin_place(struct interp *ip, u32 address, u32 size, u32 access,
			   struct mem_place *place)
{
	return place_find(ip, address, size, access | ACCESS_WRITE, place);
}

void place_read(struct interp *ip, const struct mem_place *place, void *to)
{
	if (LIKELY(place->host != NULL)) {
		memcpy(to, place->host, place->size);
		return;
	}
	physical_read(ip, place->part[0], to, place->first_size);
	if (place->size > place->first_size)
		physical_read(ip, place->part[1], (u8 *)to + place->first_size,
			      place->size - place->first_size);
}

void place_write(struct interp *ip, const struct mem_place *place, const void *from)
{
	if (LIKELY(place->host != NULL)) {
		memcpy(place->host, from, place->size);
		return;
	}
	physical_write(ip, place->part[0], from, place->first_size);
	if (place->size > place->first_size)
		physical_write(ip, place->part[1], (const u8 *)from + place->first_size,
			       place->size - place->first_size);
}

/* ---- reads and writes ------------------------------------------------------------------------ */
enum emul_result lin_read(struct interp *ip, u32 from, void *to, u32 size, u32 access)
{
	struct mem_place place;

	TRY(place_find(ip, from, size, access, &place));
	place_read(ip, &place, to);
	return EMUL_DONE;
}

enum emul_result lin_write(struct interp *ip, u32 to, const void *from, u32 size, u32 access)
{
	struct mem_place place;

	TRY(lin_place(ip, to, size, access, &place));
	place_write(ip, &place, from);
	return EMUL_DONE;
}

/* The sizes are spelled out so that each copy is one load or store. */
enum emul_result lin_read32(struct interp *ip, u32 from, u32 size, u32 access, u32 *value)
{
	const u8 *host = tlb_find(ip, from, access);

	if (UNLIKELY(!host || (from & PAGE_MASK) + size > PAGE_SIZE)) {
		u32 slow = 0;

		TRY(lin_read(ip, from, &slow, size, access));
		*value = slow;
		return EMUL_DONE;
	}
	if (size == 4) {
		memcpy(value, host, 4);
	} else if (size == 2) {
		u16 word;

		memcpy(&word, host, 2);
		*value = word;
	} else {
		*value = *host;
	}
	return EMUL_DONE;
}

enum emul_result lin_write32(struct interp *ip, u32 to, u32 size, u32 access, u32 value)
{
	u8 *host = tlb_find(ip, to, access | ACCESS_WRITE);

	if (UNLIKELY(!host || (to & PAGE_MASK) + size > PAGE_SIZE))
		return lin_write(ip, to, &value, size, access);
	if (size == 4)
		memcpy(host, &value, 4);
	else if (size == 2)
		memcpy(host, &value, 2);
	else
		*host = (u8)value;
	return EMUL_DONE;
}
