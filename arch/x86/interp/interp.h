/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interpreter: executes guest instructions one at a time on a struct x86_cpu, with the exact
 * architectural result, in real mode, V86, and protected mode with 16- and 32-bit segments.  It is
 * the one set of instruction semantics; direct execution and translation come to it for all that
 * they do not do themselves.
 *
 * Faults are precise: interp_step either completes an instruction, or leaves registers as they were
 * and says in cpu->fault which exception the guest gets (memory may have been partly written only
 * where a CPU would).  A REP string instruction does a bounded number of iterations a step and
 * leaves EIP on itself until ECX is 0, so that interrupts come in between.
 *
 * Memory: linear addresses go through mmu_walk and a software TLB, then to RAM by gmem or to a
 * device by the bus.  Each byte of guest memory is read once per use.
 */
#ifndef ARCH_X86_INTERP_INTERP_H
#define ARCH_X86_INTERP_INTERP_H

#include "arch/x86/isa/insn.h"
#include "arch/x86/isa/regs.h"
#include "hv/core/bus.h"
#include "hv/core/gmem.h"

enum tlb_flush { TLB_FLUSH_PAGE, TLB_FLUSH_NON_GLOBAL, TLB_FLUSH_ALL };

/* What differs between the uses of the interpreter.  None may be NULL. */
struct interp_ops {
	/* The guest changed its translations (MOV CRn, INVLPG); the interpreter's own TLB is already
	 * flushed.  @address only for TLB_FLUSH_PAGE. */
	void (*tlb_flushed)(void *opaque, enum tlb_flush kind, gva_t address);
	/* CPUID policy. @out: EAX EBX ECX EDX. */
	void (*cpuid)(void *opaque, u32 leaf, u32 subleaf, u32 out[4]);
	/* MSRs that are not in struct x86_cpu; false: #GP.  Asked for a write of MSR_APIC_BASE as well. */
	bool (*read_msr)(void *opaque, u32 index, u64 *value);
	bool (*write_msr)(void *opaque, u32 index, u64 value);
	/* Host TSC (the interpreter adds cpu->tsc_offset). */
	u64 (*tsc)(void *opaque);
	/* CR0/CR4 bits the guest may set; others are #GP (CR4) or ignored as the CPU does. */
	u32 cr4_allowed;
	/* The stack for an entry to the kernel from CPL 3, if it does not come from the TSS in guest
	 * memory (VMI's UpdateKernelStack).  False: use the TSS. */
	bool (*kernel_stack)(void *opaque, u16 *ss, u32 *esp);
};

struct interp;
struct walk_result;

struct interp *interp_create(struct x86_cpu *cpu, struct gmem *gmem, struct bus *bus,
			     const struct interp_ops *ops, void *opaque);
void interp_destroy(struct interp *interp);

/* Execute the instruction at CS:EIP (or one bounded part of a REP).  Handles TF and debug
 * registers: a trap after the instruction is EMUL_FAULT with fault.is_trap.  HLT sets
 * cpu->activity.  interrupt_shadow is maintained. */
enum emul_result interp_step(struct interp *interp);
/* The same up to *budget times (at least once); *budget is counted down.  Returns early, with
 * EMUL_DONE, after an instruction that touched the bus, was privileged, loaded IF, CS or SS, left a
 * shadow, or took an interrupt: after whatever can change that an interrupt is to be taken. */
enum emul_result interp_run(struct interp *interp, u32 *budget);
/* The same, but no further than a branch. */
enum emul_result interp_run_block(struct interp *interp, u32 *budget);
/* Execute the one instruction in @bytes (@size of them, at most 15) as if it stood at CS:EIP: how
 * calls that mean an instruction are done with that instruction's semantics.  EIP advances by its
 * length, or goes where it branches. */
enum emul_result interp_execute(struct interp *interp, const u8 *bytes, u32 size);
/* The instruction that interp_step last fetched and its bytes, for messages and inspectors. */
const struct x86_insn *interp_last_insn(const struct interp *interp, const u8 **bytes);
/* Did the last interp_step access what the guest may not access itself: a device, ROM, a traced frame? */
bool interp_met_special(const struct interp *interp);

/* The guest's CPU has the instruction: otherwise it is #UD, though the real CPU may have it. */
bool interp_supports(const struct interp *interp, const struct x86_insn *insn);

/* Deliver cpu->fault / an external interrupt / a software-made event through the guest's IVT or IDT.
 * A fault on the way is combined by the double-fault rules and delivered instead; a triple fault
 * sets cpu->activity to CPU_SHUTDOWN.  EMUL_DONE, or EMUL_UNHANDLED. [SDM3A 6.12, 6.15] */
enum emul_result interp_deliver_fault(struct interp *interp);
enum emul_result interp_deliver_interrupt(struct interp *interp, u8 vector);
enum emul_result interp_deliver_nmi(struct interp *interp);

/* Events that go the usual way between flat segments are framed by a shorter path (deliver_fast.c) with
 * the same result.  @on false: never, so that the two can be compared. */
void interp_use_fast_delivery(struct interp *interp, bool on);
/* How many took it. */
u32 interp_fast_deliveries(const struct interp *interp);

/* Drop cached translations: somebody else changed CR0, CR3, CR4, EFER, or the guest flushed. */
void interp_flush_tlb(struct interp *interp);
/* Only those that @kind says; @address for TLB_FLUSH_PAGE. */
void interp_flush(struct interp *interp, enum tlb_flush kind, gva_t address);
/* The instruction that the next step executes is about to access @address, for which @walk was found
 * (mmu_walk, for the CPU's present state): so it needs none, and a store to a traced frame is cheap. */
void interp_learn(struct interp *interp, gva_t address, const struct walk_result *walk);

/* A rehearsal, to be undone: while a journal is set, each write to RAM is noted, but nobody is told who traces
 * the frame (nor when it is undone, in the reverse order; an entry is in one page); and an instruction that would touch
 * a device, or writes more than there is room for, sets @blocked and does nothing useful.  (A and D bits
 * are set all the same.)  From the first journal on no store goes the short way, with or without one: so
 * a rehearsal needs no flush of the TLB, and reads are as fast as ever. */
#define JOURNAL_WRITES 64u
#define JOURNAL_BYTES 16u
struct interp_write {
	gpa_t at;
	u32 size;
	u8 before[JOURNAL_BYTES], after[JOURNAL_BYTES];
};
struct interp_journal {
	bool blocked;
	u32 count;
	struct interp_write write[JOURNAL_WRITES];
};
/* NULL: no more.  @journal stays the caller's. */
void interp_set_journal(struct interp *interp, struct interp_journal *journal);

/* Let supervisor code see what the guest's tables do not map: @size bytes of code at linear @code,
 * to be executed, and one page of data at @data.  The gate of a VMI guest, so that the ROM's code
 * can be interpreted like any other.  Everything stays the caller's; @size 0: none. */
void interp_set_window(struct interp *interp, gva_t code, const void *code_host, u32 size,
		       gva_t data, void *data_host);

/* Guest memory by linear address with the CPU's present paging and the given ACCESS_* bits, for
 * emulation outside an instruction (VMI arguments, frames).  False: cpu->fault holds the #PF (or
 * the range is not RAM for interp_write_linear: then fault.vector is EXCP_GP). May cross pages. */
bool interp_read_linear(struct interp *interp, gva_t from, void *to, u32 size, u32 access);
bool interp_write_linear(struct interp *interp, gva_t to, const void *from, u32 size, u32 access);

/* Load a segment register as MOV to it would at the present CPL, with all checks; EMUL_FAULT with
 * cpu->fault on a violation. */
enum emul_result interp_load_segment(struct interp *interp, enum x86_sreg reg, u16 selector);

#endif
