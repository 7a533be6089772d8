/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the interpreter share, and nobody else includes.
 *
 * Everything that can fail returns enum emul_result; TRY() passes a failure up.  A handler changes
 * registers only once nothing can fault any more, or is listed as COMPLEX in handlers.def: then
 * interp_step takes the whole state back on a fault (except after ip->committed, when a task switch
 * has reached the new task and the fault belongs to it).  EIP, ESP and EFLAGS are taken back always.
 *
 * Data goes through three layers: op (operands of the instruction), mem (segment:offset with the
 * checks of the hidden part), lin (linear addresses, software TLB, pages, MMIO).
 */
#ifndef ARCH_X86_INTERP_INTERP_PRIV_H
#define ARCH_X86_INTERP_INTERP_PRIV_H

#include "arch/x86/interp/interp.h"
#include "arch/x86/isa/descriptor.h"
#include "arch/x86/mmu/walk.h"
#include "hv/lib/string.h"

#define TRY(expression)                                                                            \
	do {                                                                                       \
		enum emul_result try_ = (expression);                                              \
		if (__builtin_expect(try_ != EMUL_DONE, 0))                                        \
			return try_;                                                               \
	} while (0)
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/*
 * Software TLB.  @rights has a bit for each kind of access that may use @host at once, indexed by
 * the ACCESS_WRITE and ACCESS_USER bits (values 2 and 4): a right is there only if a walk allowed
 * it, a write right only if D is set and nobody traces the frame.  Where somebody does, the bit above
 * it says that the write needs no walk, but gmem_write().
 *
 * An entry belongs to the flush it was made after: its tag is that one's age above the page number, and
 * a flush is a new age.  Global translations have an age of their own, which CR3 loads leave alone.
 */
struct tlb_entry {
	u32 tag; /* page number | age, or TLB_NO_PAGE */
	u32 rights;
	u8 *host; /* start of the page */
	u32 gfn;  /* the guest-physical page */
};
#define TLB_ENTRIES 256u
#define TLB_NO_PAGE 0xffffffffu
#define TLB_AGE_SHIFT 20 /* bits of a page number */
#define TLB_AGE_ONE BIT(TLB_AGE_SHIFT)
#define TLB_AGE_LAST (0xffeu << TLB_AGE_SHIFT) /* the tag of the next could be TLB_NO_PAGE */
#define TLB_RIGHT(access) BIT((access) & (ACCESS_WRITE | ACCESS_USER))
#define TLB_TRACED_SHIFT 1
#define TLB_TRACED(access) (TLB_RIGHT(access) << TLB_TRACED_SHIFT)

/* Decoded instructions, looked up by the host address of their first byte and valid only if the
 * bytes in memory are still the same: so nothing has to be told about code that changes. */
struct decoded;
typedef enum emul_result handler_fn(struct interp *ip, const struct x86_insn *insn);
struct decoded {
	u32 bytes[4]; /* those beyond the instruction do not count */
	u32 last_mask; /* which bits of the last word belong to it */
	u16 mode;     /* DECODED_VALID, and CS's SEG_DB; 0: entry unused */
	u8 last_word; /* index of the last one that the instruction reaches into */
	bool complex;    /* the whole state is saved before */
	bool privileged; /* #GP(0) unless CPL is 0 */
	bool ends_run;   /* interp_run returns after it */
	u8 store_bytes;  /* it writes so many bytes at its memory operand, and no others; 0: or not */
	handler_fn *handler;
	struct x86_insn insn;
};
#define DECODED_VALID 1u
#define DECODED_ENTRIES 4096u

/* A location in memory that was checked for writing, to be read and then written. */
struct mem_place {
	u8 *host; /* NULL: @part holds one or two pieces that are not plain RAM */
	u32 size;
	u32 first_size; /* bytes in part[0] */
	gpa_t part[2];
};

/* An event on its way to a handler. */
enum event_kind {
	EVENT_EXCEPTION, /* by the CPU */
	EVENT_EXTERNAL,  /* interrupt, NMI */
	EVENT_INT_N,     /* INT n: checks DPL and, in V86, IOPL */
	EVENT_INT_3_O,   /* INT3, INTO: check DPL only */
};
struct event {
	enum event_kind kind;
	u8 vector;
	bool has_error;
	bool set_rf; /* faults: the pushed EFLAGS have RF set */
	u32 error;
};

#define SAVED_STATE offsetof(struct x86_cpu, fault)

struct interp {
	struct x86_cpu *cpu;
	struct gmem *gmem;
	struct bus *bus;
	const struct interp_ops *ops;
	void *opaque;
	u32 feature_ecx, feature_edx; /* CPUID leaf 1 as the guest sees it */
	bool has_nx;

	const struct x86_insn *insn;
	u32 start_eip, start_esp, start_eflags;
	bool learned;    /* the next step is the store to @learned_at that interp_learn() told of */
	u32 learned_at;
	u8 new_shadow;   /* interrupt_shadow after this instruction */
	bool no_tf_trap; /* this instruction (INT n) swallows the single-step trap */
	bool committed;
	u8 ext;          /* ERROR_EXT while an external event is being delivered */
	u32 dr6_hits;    /* debug conditions met, to be reported after the instruction */
	struct interp_journal *journal; /* of a rehearsal, or NULL */
	bool journaled;  /* there has been one: the TLB gives nobody a right to write without telling */
	bool used_bus;   /* since interp_run began */
	bool met_special; /* since interp_step began: no plain RAM */
	bool fast_delivery;
	u32 fast_deliveries;

	const u32 *generation; /* gmem's */
	u32 seen_generation; /* of gmem, when the TLB was last known to be good */
	u32 seen_dr7;
	bool data_breakpoints;
	u32 fetch_page; /* linear page of fetch_host, or TLB_NO_PAGE */
	u8 fetch_cpl;
	bool fetch_global;
	const u8 *fetch_host;
	u32 tlb_age, tlb_global_age; /* of the entries that are valid */
	u32 tlb_newest;              /* age given last */
	u32 large_first, large_last; /* linear pages between which entries may be parts of large ones */
	struct tlb_entry tlb[TLB_ENTRIES];
	struct tlb_entry window; /* interp_set_window; its tag is the page, of no age */
	u32 code_window, code_window_size;
	const u8 *code_window_host;

	u32 bytes[4]; /* fetched, to be decoded */
	u8 saved[SAVED_STATE] ALIGNED(16);
	u8 fpu_bounce[512] ALIGNED(16);
	struct decoded *decoded;
	struct decoded *last; /* the entry that interp_step used last */
};

/* ---- faults ------------------------------------------------------------------------------- */
enum emul_result raise(struct interp *ip, u8 vector);
enum emul_result raise_code(struct interp *ip, u8 vector, u32 error);
static inline enum emul_result raise_ud(struct interp *ip)
{
	return raise(ip, EXCP_UD);
}
static inline enum emul_result raise_gp0(struct interp *ip)
{
	return raise_code(ip, EXCP_GP, 0);
}
/* A fault about @selector: its index and TI make the error code. */
static inline enum emul_result raise_sel(struct interp *ip, u8 vector, u16 selector)
{
	return raise_code(ip, vector, selector & ~SEL_RPL);
}
void interp_save(struct interp *ip);
void interp_restore(struct interp *ip);

/* ---- privilege: the two places that know kernel_rpl ------------------------------------------ */
/* RPL of @selector for a privilege check. */
static inline u32 sel_rpl(const struct interp *ip, u16 selector)
{
	u32 rpl = selector & SEL_RPL;

	return rpl == ip->cpu->kernel_rpl ? 0 : rpl;
}
/* @selector as CS or SS show it at privilege level @cpl. */
static inline u16 sel_shown(const struct interp *ip, u16 selector, u32 cpl)
{
	return (u16)((selector & ~SEL_RPL) | (cpl ? cpl : ip->cpu->kernel_rpl));
}

/* ---- registers ------------------------------------------------------------------------------ */
static inline u32 size_mask(u32 size)
{
	return size == 4 ? 0xffffffffu : size == 2 ? 0xffffu : 0xffu;
}
static inline u32 size_sign(u32 size)
{
	return 1u << (size * 8 - 1);
}
static inline u32 gpr_read(const struct x86_cpu *cpu, u32 reg, u32 size)
{
	if (LIKELY(size == 4))
		return cpu->gpr[reg];
	if (size == 2)
		return cpu->gpr[reg] & 0xffff;
	return reg < 4 ? cpu->gpr[reg] & 0xff : (cpu->gpr[reg - 4] >> 8) & 0xff;
}
static inline void gpr_write(struct x86_cpu *cpu, u32 reg, u32 size, u32 value)
{
	if (LIKELY(size == 4))
		cpu->gpr[reg] = value;
	else if (size == 2)
		cpu->gpr[reg] = (cpu->gpr[reg] & ~0xffffu) | (value & 0xffff);
	else if (reg < 4)
		cpu->gpr[reg] = (cpu->gpr[reg] & ~0xffu) | (value & 0xff);
	else
		cpu->gpr[reg - 4] = (cpu->gpr[reg - 4] & ~0xff00u) | (value & 0xff) << 8;
}
/* What the CPU's present EFLAGS become with the bits of @mask taken from @value. */
static inline void flags_load(struct x86_cpu *cpu, u32 value, u32 mask)
{
	cpu->eflags = (cpu->eflags & ~mask) | (value & mask) | EFLAGS_FIXED;
}
bool flags_condition(u32 eflags, u32 cond);

#include "arch/x86/interp/memory.h"

/* ---- instructions -------------------------------------------------------------------------- */
/* Fetch and decode the instruction at CS:EIP (ip->start_eip) into *ip->last. */
enum emul_result fetch_instruction(struct interp *ip);
/* Decode the @size bytes in ip->bytes; more are behind the page boundary or the limit. */
enum emul_result fetch_decode(struct interp *ip, u32 size, struct decoded *entry);

/* ---- the stack ----------------------------------------------------------------------------- */
/* On SS:ESP of the running code. */
enum emul_result stack_push(struct interp *ip, u32 size, u32 value);
enum emul_result stack_pop(struct interp *ip, u32 size, u32 *value);
/* The dword or word @depth bytes above the top, without popping. */
enum emul_result stack_peek(struct interp *ip, u32 depth, u32 size, u32 *value);
/* Add to ESP or SP, as SS.B says. */
void stack_adjust(struct interp *ip, u32 delta);

/* A stack that is not current yet: pushes for gates and interrupts go here, and
 * stack_switch_commit() makes it SS:ESP when nothing can fault any more. */
struct new_stack {
	struct x86_segment ss;
	u32 esp;
	u32 access;
	u32 error; /* selector part of #SS */
};
void new_stack_current(struct interp *ip, struct new_stack *stack);
/* May @size bytes be pushed?  #SS otherwise. */
enum emul_result new_stack_room(struct interp *ip, const struct new_stack *stack, u32 size);
enum emul_result new_stack_push(struct interp *ip, struct new_stack *stack, u32 size, u32 value);
void new_stack_commit(struct interp *ip, const struct new_stack *stack);

/* ---- segments ------------------------------------------------------------------------------ */
/* A descriptor that was read, and where. */
struct descriptor {
	u64 raw;
	u32 address; /* linear */
	u16 attr;    /* as in struct x86_segment */
};

static inline bool selector_is_null(u16 selector)
{
	return !(selector & ~SEL_RPL);
}
/* Find the linear address of @selector's descriptor; false if the table does not hold it. */
bool desc_locate(const struct interp *ip, u16 selector, u32 *address);
/* Read the descriptor of @selector; a selector beyond its table raises @vector. */
enum emul_result desc_read(struct interp *ip, u16 selector, u8 vector, struct descriptor *d);
/* Set the accessed bit in memory (and in @d). */
enum emul_result desc_set_accessed(struct interp *ip, struct descriptor *d);
/* Set or clear the busy bit of a TSS descriptor in memory. */
enum emul_result desc_set_busy(struct interp *ip, const struct descriptor *d, bool busy);
void segment_load_real(struct interp *ip, u32 reg, u16 selector);
void segment_load_v86(struct interp *ip, u32 reg, u16 selector);
/* MOV/POP/Lxx to a segment register, protected mode or not; not CS. */
enum emul_result segment_load(struct interp *ip, u32 reg, u16 selector);
/* SS for privilege level @cpl with faults @vector (#GP, #TS) and #SS/#NP rules; result in *seg. */
enum emul_result segment_load_ss(struct interp *ip, u16 selector, u32 cpl, u8 vector,
				 struct x86_segment *seg);
/* DS, ES, FS, GS in protected mode; violations raise @vector. */
enum emul_result segment_load_data(struct interp *ip, u32 reg, u16 selector, u8 vector);
/* After a return to @cpl: DS, ES, FS, GS that the outer level may not use become null. */
void segment_drop_inner(struct interp *ip, u32 cpl);
void segment_null(struct x86_segment *seg);
/* A flat segment, as SYSENTER and SYSEXIT make them. */
void segment_flat(struct x86_segment *seg, u16 selector, u32 attr);

/* ---- control ------------------------------------------------------------------------------- */
/* Near jump: check the limit and set EIP (16 bits if @size is 2). */
enum emul_result control_jump(struct interp *ip, u32 eip, u32 size);
/* Make *@cs current at level @cpl and EIP @eip, which the caller has checked. */
void control_commit(struct interp *ip, const struct descriptor *d, u16 selector, u32 cpl, u32 eip);
enum emul_result gate_call(struct interp *ip, u16 selector, const struct descriptor *d,
			   bool is_call);

/* What RET and IRET find on the stack. */
struct far_frame {
	u32 size; /* of each item */
	u32 eip;
	u16 cs;
	u32 release;    /* bytes of the frame up to and including CS (and EFLAGS) */
	u32 parameters; /* bytes that RET n drops, on either stack */
};
enum emul_result far_read_frame(struct interp *ip, struct far_frame *frame);
enum emul_result far_return_real(struct interp *ip, const struct far_frame *frame);
enum emul_result far_return_protected(struct interp *ip, const struct far_frame *frame);

/* SS:ESP for entry to @cpl from a less privileged level, from the TSS or ops->kernel_stack. */
enum emul_result exception_inner_stack(struct interp *ip, u32 cpl, struct new_stack *stack);
enum emul_result exception_deliver(struct interp *ip, const struct event *event);
/* The same for an event that goes the usual way between flat segments, if @event does; false: nothing has
 * changed, exception_deliver() is to be asked. */
bool deliver_fast(struct interp *ip, const struct event *event);

enum task_reason { TASK_JMP, TASK_CALL, TASK_IRET, TASK_EVENT };
/* Switch to the TSS @selector, whose descriptor is @d (checked for type, presence and privilege by
 * the caller).  @error, if not NULL, is pushed on the new stack. */
enum emul_result task_switch(struct interp *ip, u16 selector, struct descriptor *d,
			     enum task_reason reason, const u32 *error);
/* Find the TSS behind @selector for a task gate, JMP or CALL: #GP or #NP, @vector for bad types. */
enum emul_result task_find_tss(struct interp *ip, u16 selector, u8 vector, struct descriptor *d);

/* May the running code use @size ports from @port?  #GP(0) otherwise. */
enum emul_result io_check(struct interp *ip, u32 port, u32 size);

/* Load CR3 as MOV does, with checks and all consequences. */
enum emul_result system_set_cr3(struct interp *ip, u32 value);

#endif
