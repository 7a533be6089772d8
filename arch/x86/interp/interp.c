/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The step: what happens around an instruction.  Interrupt shadows, RF, single-step and breakpoint
 * traps, and taking registers back after a fault.
 *
 * Speed as a 32-bit program on the development machine: a small loop runs at 63 million instructions
 * a second, Linux from its entry to a shell at 45 million.
 */
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"
#include "hv/core/kheap.h"

/* ---- creation ---------------------------------------------------------------------------------- */
struct interp *interp_create(struct x86_cpu *cpu, struct gmem *gmem, struct bus *bus,
			     const struct interp_ops *ops, void *opaque)
{
	struct interp *ip = kheap_alloc(sizeof(*ip));
	u32 out[4];

	if (!ip)
		return NULL;
	ip->decoded = kheap_alloc(DECODED_ENTRIES * sizeof(*ip->decoded));
	if (!ip->decoded) {
		kheap_free(ip);
		return NULL;
	}
	ip->cpu = cpu;
	ip->gmem = gmem;
	ip->bus = bus;
	ip->ops = ops;
	ip->opaque = opaque;
	ops->cpuid(opaque, 1, 0, out);
	ip->feature_ecx = out[2];
	ip->feature_edx = out[3];
	ops->cpuid(opaque, 0x80000001u, 0, out);
	ip->has_nx = out[3] & BIT(20);
	ip->generation = gmem_generation_of(gmem);
	ip->seen_generation = *ip->generation - 1;
	ip->last = &ip->decoded[0];
	ip->window.tag = TLB_NO_PAGE;
	ip->fast_delivery = true;
	ip->tlb_newest = TLB_AGE_LAST; /* so that the first flush clears the entries */
	tlb_flush(ip);
	return ip;
}

void interp_destroy(struct interp *ip)
{
	if (!ip)
		return;
	kheap_free(ip->decoded);
	kheap_free(ip);
}

const struct x86_insn *interp_last_insn(const struct interp *ip, const u8 **bytes)
{
	*bytes = (const u8 *)ip->last->bytes;
	return &ip->last->insn;
}

void interp_set_window(struct interp *ip, gva_t code, const void *code_host, u32 size, gva_t data,
		       void *data_host)
{
	ip->code_window = code.v;
	ip->code_window_host = code_host;
	ip->code_window_size = size;
	ip->window.tag = size ? data.v >> PAGE_SHIFT : TLB_NO_PAGE;
	ip->window.host = data_host;
	ip->window.rights = TLB_RIGHT(ACCESS_READ) | TLB_RIGHT(ACCESS_WRITE);
	tlb_flush(ip);
}

void interp_flush_tlb(struct interp *ip)
{
	tlb_flush(ip);
}

void interp_flush(struct interp *ip, enum tlb_flush kind, gva_t address)
{
	tlb_flush_kind(ip, kind, address.v);
}

void interp_set_journal(struct interp *ip, struct interp_journal *journal)
{
	ip->journal = journal;
	if (!ip->journaled) {
		ip->journaled = true;
		tlb_flush(ip);
	}
}

void interp_learn(struct interp *ip, gva_t address, const struct walk_result *walk)
{
	tlb_sync(ip);
	tlb_fill(ip, address.v, walk);
	ip->learned = true;
	ip->learned_at = address.v;
}

/* ---- memory for others ---------------------------------------------------------------------------- */
bool interp_read_linear(struct interp *ip, gva_t from, void *to, u32 size, u32 access)
{
	tlb_sync(ip);
	for (u32 done = 0, chunk; done < size; done += chunk) {
		chunk = MIN(size - done, PAGE_SIZE - ((from.v + done) & PAGE_MASK));
		if (lin_read(ip, from.v + done, (u8 *)to + done, chunk, access & ACCESS_USER))
			return false;
	}
	return true;
}

bool interp_write_linear(struct interp *ip, gva_t to, const void *from, u32 size, u32 access)
{
	tlb_sync(ip);
	for (u32 done = 0, chunk; done < size; done += chunk) {
		struct mem_place place;

		chunk = MIN(size - done, PAGE_SIZE - ((to.v + done) & PAGE_MASK));
		if (lin_place(ip, to.v + done, chunk, access & ACCESS_USER, &place))
			return false;
		if (!place.host && gmem_type(ip->gmem, place.part[0]) != GMEM_RAM) {
			raise_gp0(ip);
			return false;
		}
		place_write(ip, &place, (const u8 *)from + done);
	}
	return true;
}

/* ---- debug ----------------------------------------------------------------------------------------------- */
/* Execution breakpoints are faults, before the instruction. */
static enum emul_result check_code_breakpoints(struct interp *ip)
{
	const struct x86_cpu *cpu = ip->cpu;
	u32 linear = cpu->seg[SREG_CS].base + cpu->eip, hits = 0;

	for (u32 i = 0; i < 4; i++)
		if ((cpu->dr[7] >> (2 * i) & 3) && !(cpu->dr[7] >> (16 + 4 * i) & 3) &&
		    cpu->dr[i] == linear)
			hits |= BIT(i);
	if (!hits)
		return EMUL_DONE;
	raise(ip, EXCP_DB);
	ip->cpu->fault.dr6 = hits;
	return EMUL_FAULT;
}

/* Single-step and data breakpoints are traps, after the instruction; MOV SS holds them off. */
static enum emul_result report_traps(struct interp *ip)
{
	u32 hits = ip->dr6_hits;

	if (ip->new_shadow & SHADOW_MOV_SS)
		return EMUL_DONE;
	if (ip->start_eflags & EFLAGS_TF && !ip->no_tf_trap)
		hits |= DR6_BS;
	ip->dr6_hits = 0;
	if (!hits)
		return EMUL_DONE;
	raise(ip, EXCP_DB);
	ip->cpu->fault.is_trap = true;
	ip->cpu->fault.dr6 = hits;
	return EMUL_FAULT;
}

/* ---- the step ----------------------------------------------------------------------------------------------- */
static enum emul_result take_back(struct interp *ip, enum emul_result result)
{
	struct x86_cpu *cpu = ip->cpu;

	if (ip->committed || cpu->fault.is_trap)
		return result;
	if (ip->last->complex && ip->last->handler)
		interp_restore(ip);
	ip->dr6_hits = 0;
	cpu->eip = ip->start_eip;
	cpu->gpr[REG_ESP] = ip->start_esp;
	cpu->eflags = ip->start_eflags;
	return result;
}

static inline void begin(struct interp *ip)
{
	const struct x86_cpu *cpu = ip->cpu;

	ip->start_eip = cpu->eip;
	ip->start_esp = cpu->gpr[REG_ESP];
	ip->start_eflags = cpu->eflags;
}

/* What a few instructions need beyond a plain one. */
static enum emul_result prepare(struct interp *ip)
{
	if (ip->last->complex)
		interp_save(ip);
	if (ip->last->privileged && ip->cpu->cpl)
		return raise_gp0(ip);
	return EMUL_DONE;
}

/* Execute what was fetched, and what follows an instruction. */
static inline enum emul_result complete(struct interp *ip)
{
	struct x86_cpu *cpu = ip->cpu;
	const struct decoded *entry = ip->last;
	enum emul_result result = EMUL_DONE;

	if (UNLIKELY(entry->complex | entry->privileged)) {
		cpu->fault.is_trap = false;
		result = prepare(ip);
	}
	if (LIKELY(result == EMUL_DONE)) {
		cpu->eip = ip->start_eip + entry->insn.length;
		cpu->eflags &= ~EFLAGS_RF;
		result = entry->handler(ip, &entry->insn);
	}
	if (UNLIKELY(result != EMUL_DONE))
		return take_back(ip, result);
	/* Of two instructions in a row with the same shadow only the first has it. */
	cpu->interrupt_shadow = ip->new_shadow & ~cpu->interrupt_shadow;
	if (UNLIKELY((ip->start_eflags & EFLAGS_TF) | ip->dr6_hits))
		return report_traps(ip);
	return EMUL_DONE;
}

/*
 * Execute what was fetched, which is known to fault on a store to a frame that somebody traces.  If it writes
 * nothing but its operand, and that is the one, it gets the right to write for this once, and the
 * tracer is told afterwards: so it goes the short way, whatever it is.
 */
static enum emul_result complete_store(struct interp *ip)
{
	const struct x86_insn *insn = &ip->last->insn;
	struct tlb_entry *entry = tlb_entry(ip, ip->learned_at);
	u32 size = ip->last->store_bytes, offset = ip->learned_at & PAGE_MASK, given;
	enum emul_result result;

	ip->learned = false;
	given = (entry->rights >> TLB_TRACED_SHIFT) &
		(TLB_RIGHT(ACCESS_WRITE) | TLB_RIGHT(ACCESS_WRITE | ACCESS_USER));
	if (!size || !given || offset + size > PAGE_SIZE || !tlb_holds(ip, entry, ip->learned_at) ||
	    ip->cpu->seg[insn->mem.seg].base + op_offset(ip, insn) != ip->learned_at)
		return complete(ip);
	entry->rights |= given;
	result = complete(ip);
	entry->rights &= ~given;
	ip->met_special = true;
	if (result == EMUL_DONE || (result == EMUL_FAULT && ip->cpu->fault.is_trap))
		gmem_written(ip->gmem, gpa((u64)entry->gfn << PAGE_SHIFT | offset), size);
	return result;
}

enum emul_result interp_step(struct interp *ip)
{
	struct x86_cpu *cpu = ip->cpu;

	tlb_sync(ip);
	begin(ip);
	ip->new_shadow = 0;
	ip->no_tf_trap = false;
	ip->committed = false;
	ip->met_special = false;
	if (UNLIKELY(cpu->dr[7] & 0xff) && !(cpu->eflags & EFLAGS_RF) &&
	    !(cpu->interrupt_shadow & SHADOW_MOV_SS))
		TRY(check_code_breakpoints(ip));
	TRY(fetch_instruction(ip));
	return UNLIKELY(ip->learned) ? complete_store(ip) : complete(ip);
}

bool interp_met_special(const struct interp *ip)
{
	return ip->met_special;
}

/* Until after an instruction with one of @last. */
static enum emul_result run(struct interp *ip, u32 *budget, u32 last)
{
	const struct x86_cpu *cpu = ip->cpu;
	bool shadowed = cpu->interrupt_shadow; /* an interrupt may wait for this one instruction */
	enum emul_result result;

	ip->used_bus = false;
	result = interp_step(ip);
	(*budget)--;
	/* Whatever needs more than a plain step ends the run: after it these hold again. */
	while (result == EMUL_DONE && *budget && !shadowed && !ip->last->ends_run && !ip->used_bus &&
	       !(ip->last->insn.props & last) && !((cpu->dr[7] & 0xff) | cpu->interrupt_shadow)) {
		begin(ip);
		result = fetch_instruction(ip);
		if (UNLIKELY(result != EMUL_DONE))
			break;
		result = complete(ip);
		(*budget)--;
	}
	return result;
}

enum emul_result interp_run(struct interp *ip, u32 *budget)
{
	return run(ip, budget, 0);
}

enum emul_result interp_run_block(struct interp *ip, u32 *budget)
{
	return run(ip, budget, INSN_BRANCH);
}

enum emul_result interp_execute(struct interp *ip, const u8 *bytes, u32 size)
{
	struct decoded *entry = &ip->decoded[0];

	tlb_sync(ip);
	begin(ip);
	ip->new_shadow = 0;
	ip->no_tf_trap = false;
	ip->committed = false;
	memset(ip->bytes, 0, sizeof(ip->bytes));
	memcpy(ip->bytes, bytes, size);
	ip->last = entry;
	TRY(fetch_decode(ip, size, entry));
	return complete(ip);
}
