/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest memory for the interpreter's handlers, in three layers:
 *
 *   op   operands of the instruction: registers, immediates, memory
 *   mem  segment:offset, with the checks of the hidden part and of alignment
 *   lin  linear addresses: software TLB, pages, devices
 *
 * All of them fault exactly; whatever is to be modified is first read by a function that checks for
 * writing (a "place"), so that the store afterwards cannot fail.  Included by interp_priv.h only.
 */
#ifndef ARCH_X86_INTERP_MEMORY_H
#define ARCH_X86_INTERP_MEMORY_H

#ifndef ARCH_X86_INTERP_INTERP_PRIV_H
#include "arch/x86/interp/interp_priv.h"
#else

/* ---- memory: lin --------------------------------------------------------------------------- */
/* All of it, all that is not global, or all that may come from the page of @address. */
void tlb_flush(struct interp *ip);
void tlb_flush_kind(struct interp *ip, enum tlb_flush kind, u32 address);
/* The only entry that @address can be in. */
static inline struct tlb_entry *tlb_entry(struct interp *ip, u32 address)
{
	return &ip->tlb[(address >> PAGE_SHIFT) % TLB_ENTRIES];
}
static inline bool tlb_holds(const struct interp *ip, const struct tlb_entry *entry, u32 address)
{
	u32 age = entry->tag ^ address >> PAGE_SHIFT;

	return LIKELY(age == ip->tlb_age) || age == ip->tlb_global_age;
}
/* A walk has said what @address, used by the running code, is: so need not we. */
void tlb_fill(struct interp *ip, u32 address, const struct walk_result *walk);
/* Pages of which a larger one consists, of which @address lies in: INVLPG drops them together. */
void tlb_note_large(struct interp *ip, u32 address, const struct walk_result *walk);
/* The TLB and what else was derived is dropped if gmem or DR7 changed. */
void tlb_renew(struct interp *ip);
static inline void tlb_sync(struct interp *ip)
{
	if (UNLIKELY(*ip->generation != ip->seen_generation || ip->cpu->dr[7] != ip->seen_dr7))
		tlb_renew(ip);
}
/* Host pointer for @access to @address if there is an entry with that right. */
static inline u8 *tlb_look(const struct interp *ip, u32 address, u32 access)
{
	const struct tlb_entry *entry = &ip->tlb[(address >> PAGE_SHIFT) % TLB_ENTRIES];

	if (UNLIKELY(!tlb_holds(ip, entry, address) || !(entry->rights & TLB_RIGHT(access))))
		return NULL;
	return entry->host + (address & PAGE_MASK);
}
static inline u32 access_user(const struct interp *ip)
{
	return ip->cpu->cpl == 3 ? ACCESS_USER : 0;
}
/* @size up to a page; no segment, no alignment check.  @access: ACCESS_USER or 0. */
enum emul_result lin_read(struct interp *ip, u32 from, void *to, u32 size, u32 access);
enum emul_result lin_write(struct interp *ip, u32 to, const void *from, u32 size, u32 access);
/* Translate for writing and remember where: neither reads nor writes. */
enum emul_result lin_place(struct interp *ip, u32 address, u32 size, u32 access,
			   struct mem_place *place);
/* Host pointer to RAM at @address for @access up to the end of its page; NULL if it takes the slow
 * way (MMIO, traced, breakpoints).  Faults are raised. */
enum emul_result lin_pointer_slow(struct interp *ip, u32 address, u32 access, u8 **host);
static inline enum emul_result lin_pointer(struct interp *ip, u32 address, u32 access, u8 **host)
{
	*host = tlb_look(ip, address, access);
	return LIKELY(*host != NULL) ? EMUL_DONE : lin_pointer_slow(ip, address, access, host);
}
enum emul_result lin_read32(struct interp *ip, u32 from, u32 size, u32 access, u32 *value);
enum emul_result lin_write32(struct interp *ip, u32 to, u32 size, u32 access, u32 value);
void place_read(struct interp *ip, const struct mem_place *place, void *to);
void place_write(struct interp *ip, const struct mem_place *place, const void *from);

/* ---- memory: mem --------------------------------------------------------------------------- */
/* Check [offset, offset + size) against segment @seg and give its linear address. */
enum emul_result mem_check(struct interp *ip, u32 seg, u32 offset, u32 size, bool write,
			   u32 *linear);
/* Is [offset, offset + size) within the limit of @seg?  Unlike segment_limit_holds() this lets an
 * access run over the end of a segment of 4 GB, as CPUs do. */
bool segment_contains(const struct x86_segment *seg, u32 offset, u32 size);
/* #AC if alignment is checked and @linear is not a multiple of @align. */
enum emul_result mem_align(struct interp *ip, u32 linear, u32 align);
enum emul_result mem_read_slow(struct interp *ip, u32 seg, u32 offset, u32 size, u32 *value);
enum emul_result mem_write_slow(struct interp *ip, u32 seg, u32 offset, u32 size, u32 value);

/* The common case inline: a plain data segment, an aligned operand, a page in the TLB.  The TLB is
 * empty while data breakpoints are armed. */
static inline u8 *mem_fast(struct interp *ip, u32 seg, u32 offset, u32 size, u32 access)
{
	const u32 plain = SEG_P | SEG_S | SEG_TYPE_WRITABLE;
	const struct x86_segment *segment = &ip->cpu->seg[seg];
	u32 linear = segment->base + offset, last = offset + (size - 1);
	const struct tlb_entry *entry = &ip->tlb[(linear >> PAGE_SHIFT) % TLB_ENTRIES];

	if (UNLIKELY((segment->attr & (plain | SEG_TYPE_CODE | SEG_TYPE_EXPAND_DOWN)) != plain ||
		     last > segment->limit || last < offset || linear & (size - 1)))
		return NULL;
	if (UNLIKELY(!tlb_holds(ip, entry, linear) ||
		     !(entry->rights & TLB_RIGHT(access | access_user(ip)))))
		return NULL;
	return entry->host + (linear & PAGE_MASK);
}

typedef u32 unaligned_u32 __attribute__((aligned(1)));
typedef u16 unaligned_u16 __attribute__((aligned(1)));

static inline u32 load_sized(const u8 *host, u32 size)
{
	if (size == 4)
		return *(const unaligned_u32 *)host;
	return size == 2 ? *(const unaligned_u16 *)host : *host;
}
static inline void store_sized(u8 *host, u32 size, u32 value)
{
	if (size == 4)
		*(unaligned_u32 *)host = value;
	else if (size == 2)
		*(unaligned_u16 *)host = (u16)value;
	else
		*host = (u8)value;
}

static inline enum emul_result mem_read(struct interp *ip, u32 seg, u32 offset, u32 size,
					u32 *value)
{
	const u8 *host = mem_fast(ip, seg, offset, size, ACCESS_READ);

	if (UNLIKELY(!host))
		return mem_read_slow(ip, seg, offset, size, value);
	*value = load_sized(host, size);
	return EMUL_DONE;
}
static inline enum emul_result mem_write(struct interp *ip, u32 seg, u32 offset, u32 size,
					 u32 value)
{
	u8 *host = mem_fast(ip, seg, offset, size, ACCESS_WRITE);

	if (UNLIKELY(!host))
		return mem_write_slow(ip, seg, offset, size, value);
	store_sized(host, size, value);
	return EMUL_DONE;
}
enum emul_result mem_modify_slow(struct interp *ip, u32 seg, u32 offset, u32 size,
				 struct mem_place *place, u32 *value);
static inline enum emul_result mem_modify(struct interp *ip, u32 seg, u32 offset, u32 size,
					  struct mem_place *place, u32 *value)
{
	place->host = mem_fast(ip, seg, offset, size, ACCESS_WRITE);
	if (UNLIKELY(!place->host))
		return mem_modify_slow(ip, seg, offset, size, place, value);
	place->size = size;
	*value = load_sized(place->host, size);
	return EMUL_DONE;
}
/* Blocks of any size up to a page; @align as the instruction wants it under #AC. */
enum emul_result mem_read_block(struct interp *ip, u32 seg, u32 offset, void *to, u32 size,
				u32 align);
enum emul_result mem_write_block(struct interp *ip, u32 seg, u32 offset, const void *from, u32 size,
				 u32 align);

/* ---- operands ------------------------------------------------------------------------------ */
/* Offset of the instruction's memory operand within its segment. */
static inline u32 op_offset(const struct interp *ip, const struct x86_insn *insn)
{
	const struct x86_mem *mem = &insn->mem;
	u32 offset = mem->disp;

	if (mem->base != REG_NONE)
		offset += ip->cpu->gpr[mem->base];
	if (mem->index != REG_NONE)
		offset += ip->cpu->gpr[mem->index] << mem->scale;
	return insn->address_size == 4 ? offset : offset & 0xffff;
}
/* An operand that is no register. */
enum emul_result op_read_other(struct interp *ip, const struct x86_insn *insn, u32 index,
			       u32 *value);
static inline enum emul_result op_read(struct interp *ip, const struct x86_insn *insn, u32 index,
				       u32 *value)
{
	const struct x86_operand *operand = &insn->operand[index];

	if (operand->kind != OPERAND_REG)
		return op_read_other(ip, insn, index, value);
	*value = gpr_read(ip->cpu, operand->reg, operand->size);
	return EMUL_DONE;
}
static inline enum emul_result op_write(struct interp *ip, const struct x86_insn *insn, u32 index,
					u32 value)
{
	const struct x86_operand *operand = &insn->operand[index];

	if (operand->kind != OPERAND_REG)
		return mem_write(ip, insn->mem.seg, op_offset(ip, insn), operand->size, value);
	gpr_write(ip->cpu, operand->reg, operand->size, value);
	return EMUL_DONE;
}
/* Read operand @index with the intention to write it by op_finish (which cannot fail). */
static inline enum emul_result op_modify(struct interp *ip, const struct x86_insn *insn, u32 index,
					 struct mem_place *place, u32 *value)
{
	const struct x86_operand *operand = &insn->operand[index];

	if (operand->kind != OPERAND_REG)
		return mem_modify(ip, insn->mem.seg, op_offset(ip, insn), operand->size, place,
				  value);
	*value = gpr_read(ip->cpu, operand->reg, operand->size);
	return EMUL_DONE;
}
static inline void op_finish(struct interp *ip, const struct x86_insn *insn, u32 index,
			     const struct mem_place *place, u32 value)
{
	const struct x86_operand *operand = &insn->operand[index];

	if (operand->kind == OPERAND_REG)
		gpr_write(ip->cpu, operand->reg, operand->size, value);
	else if (LIKELY(place->host != NULL))
		store_sized(place->host, operand->size, value);
	else
		place_write(ip, place, &value);
}

#endif
#endif
