/* SPDX-License-Identifier: GPL-2.0 */
/*
 * String instructions.  One iteration is a small function that moves an element and then (E)SI and
 * (E)DI; repeat() runs it under REP.  A fault in the middle leaves the registers where the faulting
 * iteration began, which is what restarting needs.
 *
 * A step does a bounded number of iterations and then leaves EIP on the instruction, so interrupts
 * come in between.  REP MOVS and REP STOS upwards in plain RAM, of which kernels do so much, go a page
 * run at a time.
 */
#include "arch/x86/interp/alu.h"
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"

#define ITERATIONS_PER_STEP 256u

typedef enum emul_result iteration_fn(struct interp *ip, const struct x86_insn *insn);

/* ---- index registers ----------------------------------------------------------------------------- */
static inline u32 index_read(const struct interp *ip, const struct x86_insn *insn, u32 reg)
{
	return gpr_read(ip->cpu, reg, insn->address_size);
}

static inline void index_advance(struct interp *ip, const struct x86_insn *insn, u32 reg)
{
	u32 step = insn->operand_size;

	if (ip->cpu->eflags & EFLAGS_DF)
		step = 0 - step;
	gpr_write(ip->cpu, reg, insn->address_size, ip->cpu->gpr[reg] + step);
}

static bool is_repeated(const struct x86_insn *insn)
{
	return insn->prefixes & (PREFIX_REP | PREFIX_REPNE);
}

/* ---- repetition ------------------------------------------------------------------------------------ */
/* The instruction is not finished: come back to it.  RF keeps its code breakpoint from hitting again. */
static void stay(struct interp *ip)
{
	ip->cpu->eip = ip->start_eip;
	ip->cpu->eflags |= EFLAGS_RF;
}

static void count_down(struct interp *ip, const struct x86_insn *insn, u32 by)
{
	gpr_write(ip->cpu, REG_ECX, insn->address_size, ip->cpu->gpr[REG_ECX] - by);
}

/* Has an iteration of CMPS or SCAS met the condition that ends its repetition? */
static bool ends_scan(const struct interp *ip, const struct x86_insn *insn)
{
	bool equal = ip->cpu->eflags & EFLAGS_ZF;

	return insn->prefixes & PREFIX_REP ? !equal : equal;
}

static enum emul_result repeat(struct interp *ip, const struct x86_insn *insn,
			       iteration_fn *iteration, bool scan)
{
	/* With TF or breakpoints armed a trap may come after each iteration. */
	u32 budget = ip->cpu->eflags & EFLAGS_TF || ip->cpu->dr[7] & 0xff ? 1 :
									    ITERATIONS_PER_STEP;

	if (!is_repeated(insn))
		return iteration(ip, insn);
	while (index_read(ip, insn, REG_ECX)) {
		if (!budget--) {
			stay(ip);
			return EMUL_DONE;
		}
		TRY(iteration(ip, insn));
		count_down(ip, insn, 1);
		if (scan && ends_scan(ip, insn))
			return EMUL_DONE;
	}
	return EMUL_DONE;
}

/* ---- page runs ---------------------------------------------------------------------------------------- */
/* How many elements, at most @count, from @offset upwards lie in one page of @linear without wrapping
 * the address size? */
static u32 run_length(const struct x86_insn *insn, u32 offset, u32 linear, u32 count)
{
	u32 size = insn->operand_size;
	u32 in_page = (PAGE_SIZE - (linear & PAGE_MASK)) / size;

	if (insn->address_size == 2)
		in_page = MIN(in_page, (0x10000 - offset) / size);
	return MIN(in_page, count);
}

static bool may_run(const struct interp *ip, const struct x86_insn *insn)
{
	return is_repeated(insn) && !(ip->cpu->eflags & (EFLAGS_DF | EFLAGS_TF)) &&
	       !(ip->cpu->dr[7] & 0xff);
}

static void finish_run(struct interp *ip, const struct x86_insn *insn, u32 count)
{
	count_down(ip, insn, count);
	if (index_read(ip, insn, REG_ECX))
		stay(ip);
}

static void index_add(struct interp *ip, const struct x86_insn *insn, u32 reg, u32 bytes)
{
	gpr_write(ip->cpu, reg, insn->address_size, ip->cpu->gpr[reg] + bytes);
}

/* A forward copy whose destination lies just above its source repeats a pattern: element by element. */
static void copy_up(u8 *to, const u8 *from, u32 bytes, u32 size)
{
	if (to <= from || to >= from + bytes) {
		memmove(to, from, bytes);
		return;
	}
	for (u32 at = 0; at < bytes; at += size)
		memmove(to + at, from + at, size);
}

static void fill(u8 *to, u32 value, u32 bytes, u32 size)
{
	if (size == 1) {
		memset(to, (int)value, bytes);
		return;
	}
	for (u32 at = 0; at < bytes; at += size)
		memcpy(to + at, &value, size);
}

/* Sets *count to the elements done; 0 if the run is not simple and the slow way must be taken. */
static enum emul_result run_movs(struct interp *ip, const struct x86_insn *insn, u32 *count)
{
	u32 from = index_read(ip, insn, REG_ESI), to = index_read(ip, insn, REG_EDI);
	const struct x86_segment *source = &ip->cpu->seg[insn->mem.seg];
	u32 length, linear_from, linear_to;
	u8 *host_from, *host_to;

	length = index_read(ip, insn, REG_ECX);
	length = run_length(insn, from, source->base + from, length);
	length = run_length(insn, to, ip->cpu->seg[SREG_ES].base + to, length);
	*count = 0;
	if (length < 2 ||
	    mem_check(ip, insn->mem.seg, from, length * insn->operand_size, false, &linear_from) ||
	    mem_check(ip, SREG_ES, to, length * insn->operand_size, true, &linear_to))
		return EMUL_DONE;
	TRY(lin_pointer(ip, linear_from, access_user(ip), &host_from));
	TRY(lin_pointer(ip, linear_to, access_user(ip) | ACCESS_WRITE, &host_to));
	/* The second look-up may have displaced the first. */
	TRY(lin_pointer(ip, linear_from, access_user(ip), &host_from));
	if (!host_from || !host_to)
		return EMUL_DONE;
	copy_up(host_to, host_from, length * insn->operand_size, insn->operand_size);
	index_add(ip, insn, REG_ESI, length * insn->operand_size);
	index_add(ip, insn, REG_EDI, length * insn->operand_size);
	*count = length;
	return EMUL_DONE;
}

static enum emul_result run_stos(struct interp *ip, const struct x86_insn *insn, u32 *count)
{
	u32 to = index_read(ip, insn, REG_EDI), linear, length;
	u8 *host;

	length = run_length(insn, to, ip->cpu->seg[SREG_ES].base + to,
			    index_read(ip, insn, REG_ECX));
	*count = 0;
	if (length < 2 || mem_check(ip, SREG_ES, to, length * insn->operand_size, true, &linear))
		return EMUL_DONE;
	TRY(lin_pointer(ip, linear, access_user(ip) | ACCESS_WRITE, &host));
	if (!host)
		return EMUL_DONE;
	fill(host, ip->cpu->gpr[REG_EAX], length * insn->operand_size, insn->operand_size);
	index_add(ip, insn, REG_EDI, length * insn->operand_size);
	*count = length;
	return EMUL_DONE;
}

/* Alignment checks need every element's address; the slow way makes them. */
static enum emul_result run_or_repeat(struct interp *ip, const struct x86_insn *insn,
				      enum emul_result (*run)(struct interp *,
							      const struct x86_insn *, u32 *),
				      iteration_fn *iteration)
{
	u32 count = 0;

	if (may_run(ip, insn) && !(ip->cpu->eflags & EFLAGS_AC))
		TRY(run(ip, insn, &count));
	if (!count)
		return repeat(ip, insn, iteration, false);
	finish_run(ip, insn, count);
	return EMUL_DONE;
}

/* ---- the instructions ------------------------------------------------------------------------------------ */
static enum emul_result movs_one(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size, value;

	TRY(mem_read(ip, insn->mem.seg, index_read(ip, insn, REG_ESI), size, &value));
	TRY(mem_write(ip, SREG_ES, index_read(ip, insn, REG_EDI), size, value));
	index_advance(ip, insn, REG_ESI);
	index_advance(ip, insn, REG_EDI);
	return EMUL_DONE;
}
enum emul_result exec_movs(struct interp *ip, const struct x86_insn *insn)
{
	return run_or_repeat(ip, insn, run_movs, movs_one);
}

static enum emul_result stos_one(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size;

	TRY(mem_write(ip, SREG_ES, index_read(ip, insn, REG_EDI), size, ip->cpu->gpr[REG_EAX]));
	index_advance(ip, insn, REG_EDI);
	return EMUL_DONE;
}
enum emul_result exec_stos(struct interp *ip, const struct x86_insn *insn)
{
	return run_or_repeat(ip, insn, run_stos, stos_one);
}

static enum emul_result lods_one(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size, value;

	TRY(mem_read(ip, insn->mem.seg, index_read(ip, insn, REG_ESI), size, &value));
	gpr_write(ip->cpu, REG_EAX, size, value);
	index_advance(ip, insn, REG_ESI);
	return EMUL_DONE;
}
enum emul_result exec_lods(struct interp *ip, const struct x86_insn *insn)
{
	return repeat(ip, insn, lods_one, false);
}

static enum emul_result cmps_one(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size, a, b;

	TRY(mem_read(ip, insn->mem.seg, index_read(ip, insn, REG_ESI), size, &a));
	TRY(mem_read(ip, SREG_ES, index_read(ip, insn, REG_EDI), size, &b));
	alu_sub(a, b, size, &ip->cpu->eflags);
	index_advance(ip, insn, REG_ESI);
	index_advance(ip, insn, REG_EDI);
	return EMUL_DONE;
}
enum emul_result exec_cmps(struct interp *ip, const struct x86_insn *insn)
{
	return repeat(ip, insn, cmps_one, true);
}

static enum emul_result scas_one(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size, value;

	TRY(mem_read(ip, SREG_ES, index_read(ip, insn, REG_EDI), size, &value));
	alu_sub(ip->cpu->gpr[REG_EAX], value, size, &ip->cpu->eflags);
	index_advance(ip, insn, REG_EDI);
	return EMUL_DONE;
}
enum emul_result exec_scas(struct interp *ip, const struct x86_insn *insn)
{
	return repeat(ip, insn, scas_one, true);
}

/* The destination is checked before the port is read: the read cannot be taken back. */
static enum emul_result ins_one(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size, port = ip->cpu->gpr[REG_EDX] & 0xffff, linear, value;
	struct mem_place place;

	TRY(mem_check(ip, SREG_ES, index_read(ip, insn, REG_EDI), size, true, &linear));
	TRY(mem_align(ip, linear, size));
	TRY(lin_place(ip, linear, size, access_user(ip), &place));
	value = bus_pio_read(ip->bus, (u16)port, size);
	place_write(ip, &place, &value);
	index_advance(ip, insn, REG_EDI);
	return EMUL_DONE;
}

static enum emul_result outs_one(struct interp *ip, const struct x86_insn *insn)
{
	u32 size = insn->operand_size, port = ip->cpu->gpr[REG_EDX] & 0xffff, value;

	TRY(mem_read(ip, insn->mem.seg, index_read(ip, insn, REG_ESI), size, &value));
	bus_pio_write(ip->bus, (u16)port, size, value);
	index_advance(ip, insn, REG_ESI);
	return EMUL_DONE;
}

enum emul_result exec_ins(struct interp *ip, const struct x86_insn *insn)
{
	TRY(io_check(ip, ip->cpu->gpr[REG_EDX] & 0xffff, insn->operand_size));
	return repeat(ip, insn, ins_one, false);
}

enum emul_result exec_outs(struct interp *ip, const struct x86_insn *insn)
{
	TRY(io_check(ip, ip->cpu->gpr[REG_EDX] & 0xffff, insn->operand_size));
	return repeat(ip, insn, outs_one, false);
}
