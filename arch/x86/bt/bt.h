/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The binary translator: a guest kernel's ring-0 code becomes code that runs in ring 1, in the
 * translation cache, at nearly the speed of the original.  docs/translator.md has the whole idea.
 *
 * The unit is a block: up to 32 instructions in a row, from one entry.  Most instructions are copied as
 * they are; branches go to other translations; a few sensitive ones become short sequences on the
 * shared page; all the rest is a call-out, an INT that makes the interpreter execute the one
 * instruction.  The guest sees guest addresses only: what is pushed, popped and compared is the
 * guest's EIP.
 *
 * A block is known by the EIP it was made from (CS is flat, so that is its linear address) and valid
 * as long as
 *   - the bytes it was made from are the same: their frames have GMEM_CODE, and whoever writes to
 *     them tells bt_code_written() (smc.c);
 *   - the linear page leads to the same frame: codemap.c checks that at each flush of the guest's;
 *   - the mode is the same: bt_set_mode().
 * What is not valid is dropped: nothing leads to it any more.
 *
 * An exit from the cache is turned back into the guest's state, exact to the instruction, by
 * bt_recover().  Nothing that the guest can write is trusted: the spill slots hold guest registers
 * only.
 *
 * Pure: the cache is memory that is given; host tests run what is emitted.
 */
#ifndef ARCH_X86_BT_BT_H
#define ARCH_X86_BT_BT_H

#include "arch/x86/frame.h"
#include "arch/x86/isa/insn.h"
#include "arch/x86/isa/regs.h"
#include "guest-abi/shared_page.h"
#include "hv/core/gmem.h"

/* Cache and branch tables together: one large page. */
#define BT_CACHE_BYTES LARGE_PAGE_SIZE

/* For tests of the translator itself; 0: the normal value. */
struct bt_knobs {
	u32 max_insns;   /* in a block */
	u32 cache_bytes; /* for code */
	bool no_chain;   /* every branch leaves the cache */
};

/* How blocks are cut at an instruction that they are copied with. */
enum bt_cut { BT_CUT_NONE, BT_CUT_BEFORE, BT_CUT_AROUND /* it is a block */ };

struct bt_config {
	struct gmem *gmem;
	u8 *cache;        /* BT_CACHE_BYTES, the host's view */
	u32 cache_linear; /* where the guest space shows it, read-only */
	u32 shared_linear, if_linear; /* GATE_SHARED and GATE_IF there */
	/* The guest's CPU has @insn, and executes it as the real one does. */
	bool (*supports)(void *opaque, const struct x86_insn *insn);
	/* The frame of @address has got a flag: no writable mapping of it may be left. */
	void (*protect)(void *opaque, gpa_t address);
	void *opaque;
	bool light;       /* MOV to CR3 by VECTOR_LOAD_CR3 (not with PAE), INVLPG by a note on the shared page */
	bool warm_up;     /* code is translated when it is met the second time */
	/* NULL, or exec=both: blocks have to be settled (bt_compared), and are cut at what cannot be compared. */
	enum bt_cut (*cut)(const struct x86_insn *insn);
	struct bt_knobs knobs;
};

/* What a translation depends on besides code bytes. */
struct bt_mode {
	u16 cs;           /* selector of the kernel's code segment */
	u16 sysexit_cs;   /* user code selector for SYSEXIT in the cache; 0: not there */
	u8 format;        /* enum ptformat_id */
	bool polled;      /* shadow descriptors are looked after at exits only: segment loads are call-outs */
};

struct bt_stats {
	u32 blocks, insns, callouts, chained, misses, dropped, flushes, declined, slow_pages;
	u32 adapted, restored;
	u32 code_bytes; /* of the cache in use */
};

struct bt;

/* NULL without memory.  @config's pointers stay the caller's; the gmem's listeners for GMEM_CODE and
 * GMEM_CODEMAP belong to the translator until bt_destroy. */
struct bt *bt_create(const struct bt_config *config);
void bt_destroy(struct bt *bt);
/* Forget all translations. */
void bt_flush(struct bt *bt);
/* The cache and the shared pages are at other linear addresses now (and forget everything). */
void bt_move(struct bt *bt, u32 cache_linear, u32 shared_linear, u32 if_linear);
/* All that is translated from now on, and used, is for @mode. */
void bt_set_mode(struct bt *bt, const struct bt_mode *mode);

enum bt_exit {
	BT_EXIT_NONE,     /* no exit of the cache's: an exception or interrupt at a guest instruction */
	BT_EXIT_EMULATE,  /* a call-out: the instruction at EIP is the interpreter's */
	BT_EXIT_LINK,     /* a branch to EIP, not linked yet */
	BT_EXIT_MISS,     /* an indirect branch to EIP, not in the tables */
};


/* The linear address in the cache where the guest goes on from @cpu's state (CPL 0, CS flat), which
 * is translated if need be.  0: it cannot be translated, or may not run translated for now; the
 * interpreter has to execute at least the next instruction.  Sets A bits in the guest's tables as a
 * fetch does. @after: the exit that led here; a branch gets a block of its own. */
u32 bt_enter(struct bt *bt, struct x86_cpu *cpu, enum bt_exit after);
/* The places in the cache where SYSENTER to @eip arrives: [0] to run on, [1] to exit for the
 * interpreter.  Valid until the next flush (bt_stats.flushes). */
void bt_sysenter_thunks(struct bt *bt, u32 eip, u32 place[2]);

/* How a guest's gate for INT n from CPL 3 looks: to @eip in the kernel's code segment, by a 32-bit TSS at linear
 * @tss whose SS0 is @ss. */
struct bt_trap_gate {
	u32 eip, tss;
	u16 ss;
	bool clears_if; /* an interrupt gate, no trap gate */
};
/* The place in the cache where the CPU arrives from that INT, in ring 1 with the trap frame of the shared
 * page.  Valid as above. */
u32 bt_trap_thunk(struct bt *bt, const struct bt_trap_gate *gate);

struct bt_recovery {
	enum bt_exit exit;
	bool if_known;    /* a fault on the page with IF is settled: @cpu has the new IF */
	bool sysenter;    /* SYSENTER or INT n has just brought the guest here */
	bool before_int;  /* INT n from CPL 3 is under way: the guest's state is in the trap frame, not in @cpu */
	u32 link;         /* BT_EXIT_LINK: for bt_link() */
};

/* The guest is at @tc in the cache (an INT's own address for an exit by INT): make @cpu's
 * registers, which hold the real CPU's, those of the guest between two instructions.
 * False: @tc is not in any translation (the guest jumped there by itself). */
bool bt_recover(struct bt *bt, u32 tc, const struct shared_page *shared, struct x86_cpu *cpu,
		struct bt_recovery *recovery);
/* After bt_enter() gave a place for the EIP of that exit: go there directly from now on. */
void bt_link(struct bt *bt, u32 link, u32 eip);
void bt_enter_indirect(struct bt *bt, u32 eip);

/* The instruction of the last exit faulted on a page that it may not access itself (traced, or no RAM), and is to
 * be emulated.  If that happens again and again it becomes a call-out. */
void bt_trapped(struct bt *bt);
/* An exit by INT without a bt_exit: has the instruction become a call-out so? */
bool bt_is_adapted(struct bt *bt);
/* It has been emulated, and has met such a page (@trapped) or not.  If it does not any more it is put back. */
void bt_adapted(struct bt *bt, bool trapped);

/* The guest flushed translations: @all, or those of @address's page.  Blocks whose linear page leads
 * elsewhere now are dropped. */
void bt_flushed(struct bt *bt, const struct x86_cpu *cpu, bool all, gva_t address);
/* gmem listeners. */
void bt_code_written(void *bt, gpa_t address, u32 size);
void bt_table_written(void *bt, gpa_t address, u32 size);

/* Is there code in any of the regions @first to @last (linear address >> 21)?  And a count of changes to the
 * list of these regions. */
bool bt_has_region(const struct bt *bt, u32 first, u32 last);
u32 bt_region_changes(const struct bt *bt);

/* From now on the store at @eip, the guest's present place, goes to linear @alias, if it is one of 32 bits to linear
 * @address with @ds in DS; that is noted in SHARED_DESC_DIRTY unless it changes nothing.  False: there is
 * no room for more. */
struct bt_redirect {
	u32 eip, address, alias;
	u16 ds;
};
bool bt_redirect(struct bt *bt, const struct bt_redirect *redirect);
void bt_redirect_none(struct bt *bt);

/* exec=both.  No branch leads to or from a block without an exit before it is settled, which a block that is made
 * anew is not: after @times calls of bt_compared() for it.  @place: where it was entered. */
bool bt_settled(const struct bt *bt, u32 place);
void bt_compared(struct bt *bt, u32 place, u32 times);
/* Indirect branches to @eip are exits until bt_enter_indirect(). */
void bt_leave_indirect(struct bt *bt, u32 eip);
/* The last bt_recover() was for a place in another block than the one that has @place. */
bool bt_has_left(const struct bt *bt, u32 place);

/* Counts whenever blocks were dropped: a place in the cache that was valid before may not be now. */
u32 bt_generation(const struct bt *bt);
void bt_get_stats(const struct bt *bt, struct bt_stats *stats);
/* Of these, how often the whole cache was flushed. */
u32 bt_flushes(const struct bt *bt);

/* Inspector: the block at or around guest address @eip, or around that address in the cache, as text lines
 * of guest code with its translation beside it. */
void bt_dump(const struct bt *bt, u32 eip, void (*line)(void *opaque, const char *text),
	     void *opaque);
/* Length in bytes of guest code of the block at @eip, 0 if there is none (exec=both, tests). */
u32 bt_block_length(const struct bt *bt, u32 eip);

#endif
