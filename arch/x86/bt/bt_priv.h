/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the translator share; see bt.h for the idea.
 *
 *   translate.c   a block: decode, choose, emit
 *   sequences.c   the instructions that are neither copied nor called out
 *   emit.c        bytes into the cache, and the map from them to guest instructions
 *   cache.c       blocks: found, made, dropped; the tables for indirect branches
 *   chain.c       links between blocks
 *   smc.c         code that is written
 *   codemap.c     linear pages that lead elsewhere
 *   adapt.c       instructions that keep faulting
 *   recover.c     from a place in the cache to the guest's state
 *   bt_dump.c     the inspector
 *
 * The cache, by offset:
 *
 *   00000   branch table: for the low 16 bits of a guest EIP, the linear address of a pad, or of the
 *           slow routine
 *   40000   hash table of blocks for the slow routine: EIP, linear address of the body
 *           and a few entries more, for probes that begin at the last one
 *   60020   code: the slow routine first, then blocks in the order of their making
 *
 * An indirect branch puts its target into the shared page (SHARED_BT_EIP), saves ECX there, and jumps through the
 * branch table.  The pad compares the target with its own EIP, without touching flags (LEA, JECXZ), restores ECX,
 * and is in the block; if they differ it goes to the slow routine, which probes the hash table.
 */
#ifndef ARCH_X86_BT_BT_PRIV_H
#define ARCH_X86_BT_BT_PRIV_H

#include "arch/x86/bt/bt.h"
#include "arch/x86/isa/shape.h"

#define BRANCH_ENTRIES 0x10000u
#define HASH_OFFSET 0x40000u
#define HASH_ENTRIES 0x4000u
#define HASH_PROBES 4u
#define CODE_OFFSET (HASH_OFFSET + (HASH_ENTRIES + HASH_PROBES) * 8u)

#define MAX_INSNS 32u
/* The most code bytes a block can have: room is made before one is begun. */
#define BLOCK_ROOM 0x2000u

/* As many as code has room for. */
#define BLOCK_LIMIT 32768u
#define SYSEXITS 64u
#define LINK_LIMIT 57344u
#define MARK_LIMIT 0x90000u /* bytes */
#define PAGE_LIMIT 4096u
#define MAP_LIMIT 4096u

#define NO_GFN 0xffffffffu

/* How far the guest is at an address in the cache.  Marks of a block are in order; one is in force from its
 * byte up to the next one's. */
struct bt_mark {
	u32 tc;      /* bytes of code since the mark before; up to 255 */
	u32 eip;     /* bytes of guest code since the mark before; the same */
	u32 spilled; /* guest registers whose value is in the spill slots, by number */
	u32 flags;   /* MARK_*, and the exit */
};
#define MARK_EXIT 3u           /* enum bt_exit, for an INT */
#define MARK_EIP_SLOT BIT(2)   /* EIP is in SHARED_BT_EIP */
#define MARK_EIP_LINK BIT(3)   /* EIP is the target of the block's next link */
#define MARK_IF_EAX BIT(4)     /* the guest's IF is that bit of EAX as the CPU has it */
#define MARK_IF_ZERO BIT(5)    /* the guest's IF is clear, whatever the page says */
#define MARK_SPECIAL BIT(6)    /* with EIP_SLOT: flags are in their slot; else: an IRET has set IF already */
#define MARK_ESP_8 BIT(7)      /* ESP is 8 too high */
#define MARK_ESP_4 (BIT(7) | BIT(6)) /* 4 too low */
/* Both: in the shadow of STI. */
#define MARK_SHADOW (MARK_IF_EAX | MARK_IF_ZERO)
/* A mark without flags and spills stands at a boundary: the cache may be entered there.
 *
 * Marks are kept as a string of bytes.  Most say that an instruction was copied, or a stub begins:
 *
 *	0000 tttt            both tc and eip are t
 *	0010 tttt            tc is t, nothing else but BT_EXIT_LINK
 *	1ttt teee            tc is t, eip is e
 *	0001 0000, 4 bytes   the four members
 */
#define MARK_FULL 0x10u
#define MARK_STUB 0x20u
#define MARK_PAIR 0x80u

/* The mark at @at; returns where the next one is. */
static inline const u8 *mark_read(const u8 *at, struct bt_mark *mark)
{
	u32 head = *at++;

	if (head < MARK_FULL) {
		*mark = (struct bt_mark){ .tc = head, .eip = head };
	} else if (head >= MARK_PAIR) {
		*mark = (struct bt_mark){ .tc = head >> 3 & 15, .eip = head & 7 };
	} else if (head >= MARK_STUB) {
		*mark = (struct bt_mark){ .tc = head & 15, .flags = BT_EXIT_LINK };
	} else {
		*mark = (struct bt_mark){ at[0], at[1], at[2], at[3] };
		at += 4;
	}
	return at;
}

static inline bool mark_is_boundary(const struct bt_mark *mark)
{
	return !mark->flags && !mark->spilled;
}

/* What is known of a place in the cache where an exit came from. */
struct bt_place {
	u32 offset;
	u32 block;
	struct bt_mark mark;  /* in force there */
	u32 at, eip;          /* where that mark is, and the guest */
	u32 next, next_eip;   /* the same of the mark behind it, if the cache may be entered there; else next is 0 */
	u8 traps, traps_needed; /* adapt.c */
};
#define PLACES 256u

/* An instruction that is a call-out for now. */
struct bt_patch {
	u32 offset; /* in the cache, or 0 */
	u8 bytes[2]; /* that the INT replaced */
	u8 missed;  /* how often in a row it need not have been one */
};
#define PATCHES 256u

enum block_kind { BLOCK_DEAD, BLOCK_CODE, BLOCK_PAD, BLOCK_ROUTINE, BLOCK_TRAP };

struct bt_block {
	u32 eip;       /* pads: the block's, too */
	u32 gfn[2];    /* guest pages of the bytes; second NO_GFN if all are in one */
	u32 page_next[2]; /* in the lists of these pages */
	u32 begin;     /* offset in the cache */
	u32 mark;      /* offset of its marks; they end where the next block's begin */
	u32 hash_next;
	u32 first_link;
	u32 in_links;  /* list of links that lead here */
	u32 pad;       /* its pad: offset in the cache, or 0 */
	u16 length;    /* bytes of guest code */
	u8 kind;       /* enum block_kind */
	u8 body;       /* bytes of pad in front of the body */
	u8 link_count;
	u16 compared;  /* times, before it was settled */
	bool settled;
};

/* A direct branch from block @from. */
struct bt_link {
	u32 site; /* offset in the cache of its rel32 */
	u32 stub; /* where it goes while not linked */
	u32 target; /* guest EIP */
	u32 from;
	u32 to;   /* block, or 0 */
	u32 next; /* that lead to the same block */
};

/* A guest page with translations. */
struct code_page {
	u32 gfn;
	u32 next;    /* in the hash chain, or free list */
	u32 blocks;  /* list */
	u32 granules; /* which 128 bytes hold translated code */
	u16 writes;  /* that have hit translated code, or come near it, lately */
	u16 declined; /* entries since it is left to the interpreter */
	bool slow;   /* left to the interpreter */
};

/* A linear page of code, and where it led when it was translated. */
struct map_entry {
	u32 page; /* linear page number */
	u32 gfn;
	u32 table; /* guest page of its page table, or NO_GFN */
	u64 entry; /* in that table, without the bits that do not matter */
	u32 next, table_next;
};

#define BUCKETS 4096u
#define PAGE_BUCKETS 1024u
#define REDIRECTS 16u
#define MET_BITS 0x20000u
#define REGIONS 64u

/* 2 MB of linear space with code, and what decides where they lead. */
struct region {
	u32 number; /* linear address >> 21 */
	u64 entry;  /* the directory entry, without the bits that do not matter */
};

struct emit {
	struct bt *bt;
	u8 *base, *at;     /* base: start of the block's code */
	u32 begin;         /* offset in the cache of base */
	struct bt_block *block;
	u32 eip;           /* guest address of the mark before */
	u32 marked;        /* bytes of code at the mark before */
	u32 state;         /* of that mark: spilled, and above them flags */
	bool shadow;       /* the instruction at shadow_eip is behind STI */
	u32 shadow_eip;
};

struct bt {
	struct bt_config config;
	struct bt_mode mode;
	bool has_mode;
	u32 max_insns, code_end;
	u32 code_used;  /* offset in the cache of the first free byte */
	u32 slow_routine;
	u32 generation;
	struct bt_place *last; /* that an exit came from, or NULL */
	struct bt_place places[PLACES]; /* by offset */
	struct bt_patch patches[PATCHES]; /* the same */

	struct bt_block *blocks;
	struct bt_link *links;
	u8 *marks;
	struct code_page *pages;
	struct map_entry *map;
	u32 block_count, link_count, mark_bytes, page_count, map_count;
	u32 free_page;
	struct region regions[REGIONS];
	u32 region_count, region_changes;

	u32 buckets[BUCKETS];
	u32 page_buckets[PAGE_BUCKETS];
	u32 met[MET_BITS / 32]; /* EIPs at which the cache was to be entered, and nothing was there */
	u32 map_buckets[PAGE_BUCKETS], table_buckets[PAGE_BUCKETS];
	struct insn_shapes copied; /* what was copied before */
	struct bt_redirect redirect[REDIRECTS];
	u32 redirect_count, redirect_pages; /* a bit for each page, some have the same */
	u32 sysexits[SYSEXITS], sysexit_count; /* blocks made by what mode.sysexit_cs is */
	struct bt_stats stats;
	/* A block is made here: an emulator below us has to look at each store to a page with code. */
	u8 draft[BLOCK_ROOM];
};

static inline u32 tc_linear(const struct bt *bt, u32 offset)
{
	return bt->config.cache_linear + offset;
}

/* ---- emit.c ---- */
void emit_begin(struct bt *bt, struct emit *e, struct bt_block *block);
/* Give the code to the block; everything is in the cache. */
void emit_end(struct emit *e);
void emit_full_mark(struct emit *e, u32 eip, u32 spilled, u32 flags);
static inline void emit_mark(struct emit *e, u32 eip, u32 spilled, u32 flags)
{
	u32 at = (u32)(e->at - e->base), tc = at - e->marked;

	if (spilled || flags || tc != eip - e->eip || tc >= MARK_FULL || e->shadow) {
		emit_full_mark(e, eip, spilled, flags);
		return;
	}
	e->bt->marks[e->bt->mark_bytes++] = (u8)tc;
	e->marked = at;
	e->eip = eip;
	e->state = 0;
}
static inline void emit8(struct emit *e, u32 byte)
{
	*e->at++ = (u8)byte;
}
void emit16(struct emit *e, u32 value);
void emit32(struct emit *e, u32 value);
void emit_bytes(struct emit *e, const u8 *bytes, u32 count);
static inline u32 emit_offset(const struct emit *e)
{
	return e->begin + (u32)(e->at - e->base);
}
/* MOV between a register and a dword of the shared page. */
void emit_save(struct emit *e, u32 reg, u32 shared);
void emit_load(struct emit *e, u32 reg, u32 shared);
/* ECX's value to the guest's register slots, and back. */
static inline u32 spill_slot(u32 reg)
{
	return SHARED_BT_SPILL + reg * 4;
}
/* MOV dword [SS: @linear], @value; MOV reg, [SS: @linear] and the reverse. */
void emit_store_imm(struct emit *e, u32 linear, u32 value);
void emit_load_at(struct emit *e, u32 reg, u32 linear);
void emit_save_at(struct emit *e, u32 reg, u32 linear);
void emit_int(struct emit *e, u32 vector);
void emit_exit(struct emit *e);
/* JMP or Jcc rel32 to an offset in the cache. */
void emit_jump(struct emit *e, u32 offset);
/* A short forward jump (@opcode: a 1-byte rel8 opcode), to be completed by emit_here. */
u8 *emit_short(struct emit *e, u32 opcode);
void emit_here(struct emit *e, u8 *from);

/* ---- translate.c ---- */
/* The exits of the block's links, behind its code; and links to what is translated already. */
void emit_stubs(struct emit *e);
void link_known(struct bt *bt, const struct bt_block *block);
u32 translate(struct bt *bt, struct x86_cpu *cpu, u32 eip, bool indirect);

/* ---- sequences.c ---- */
/* What to do after an instruction. */
enum next { NEXT_GO_ON, NEXT_END /* nothing behind it is reached */, NEXT_CALLOUT /* nothing emitted */ };
/* An instruction being translated. */
struct source {
	const struct x86_insn *insn;
	const u8 *bytes;
	u32 eip;
};
enum next sequence(struct emit *e, const struct source *s);
/* The pad of a block at @eip; leads into what is emitted next. */
void emit_pad(struct emit *e, u32 eip);
void emit_slow_routine(struct emit *e);
void emit_thunk(struct emit *e, u32 eip, bool emulate);
void emit_trap_thunk(struct emit *e, const struct bt_trap_gate *gate);
/* A direct branch: @opcode is E9, or 0F80 + condition. */
void emit_branch(struct emit *e, u32 opcode, u32 target);

/* ---- redirect.c ---- */
bool find_redirected(const struct bt *bt, u32 eip);
static inline bool is_redirected(const struct bt *bt, u32 eip)
{
	return bt->redirect_pages & BIT(eip >> PAGE_SHIFT & 31) && find_redirected(bt, eip);
}
/* A store that goes elsewhere; false if it is none. */
bool emit_redirected(struct emit *e, const struct source *s);
/* Exit, for the instruction to be emulated, if there were any. */
void emit_clean_check(struct emit *e, const struct source *s);

/* ---- cache.c ---- */
struct bt_block *block_begin(struct bt *bt, u32 eip, enum block_kind kind);
u32 block_number(const struct bt *bt, const struct bt_block *block);
void leave_tables(struct bt *bt, const struct bt_block *block);
u32 find_block(const struct bt *bt, u32 eip);
void insert_block(struct bt *bt, u32 number);
void drop_block(struct bt *bt, u32 number);
/* There is a SYSEXIT in @block, which is being made. */
void note_sysexit(struct bt *bt, const struct bt_block *block);
bool room_for_block(const struct bt *bt);
static inline u32 block_body(const struct bt_block *block)
{
	return block->begin + block->body;
}

/* ---- chain.c ---- */
/* Branches may lead to block @number, and from it to others, without an exit. */
bool may_chain(const struct bt *bt, u32 number);
u32 link_new(struct bt *bt, u32 from, u32 site, u32 target);
void link_to(struct bt *bt, u32 link, u32 block);
void unlink_all(struct bt *bt, struct bt_block *block);
void write_rel32(struct bt *bt, u32 site, u32 target);

/* ---- smc.c ---- */
/* May code of guest page @gfn be translated now? */
bool page_is_translatable(struct bt *bt, u32 gfn);
void page_add_block(struct bt *bt, u32 number, u32 which, u32 offset, u32 size);
/* More bytes of a block that is there already. */
void page_add_bytes(struct bt *bt, u32 gfn, u32 offset, u32 size);
/* The first block in the list of guest page @gfn, the next one, or 0. */
u32 page_first(struct bt *bt, u32 gfn);
u32 page_next(const struct bt *bt, u32 gfn, u32 number);
void page_remove_block(struct bt *bt, u32 number, u32 which);
void forget_pages(struct bt *bt);

/* ---- recover.c ---- */
/* The block whose code holds @offset of the cache, or 0. */
u32 block_at(const struct bt *bt, u32 offset);
/* The mark in force at @offset in block @number, and where the guest is there. */
struct bt_mark mark_at(const struct bt *bt, u32 number, u32 offset, u32 *eip);

/* ---- codemap.c ---- */
/* The frame's number behind linear @page for a fetch now, remembered; NO_GFN: none, or no room. */
u32 map_page(struct bt *bt, struct x86_cpu *cpu, u32 page);
void forget_map(struct bt *bt);

#endif
