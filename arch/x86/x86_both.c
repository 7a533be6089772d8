/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rehearsal and comparison (x86_both.h).
 *
 * A write of the rehearsal is a write of the guest's as far as others are concerned: who traces the frame is told,
 * and told again when it is undone.  So a rehearsal may drop the very block that is to run; it is
 * translated again.  A and D bits stay set: a CPU may set them early, too.
 */
#include "arch/x86/x86_both.h"

#include "hv/core/kheap.h"
#include "hv/core/log.h"
#include "hv/lib/string.h"

#define STEPS 32u
#define COMPARED_FLAGS (EFLAGS_ARITH | EFLAGS_DF | EFLAGS_IF)

/* Where the interpreter was between two instructions. */
struct note {
	u32 gpr[REG_COUNT];
	u32 eip, eflags;
	u32 vague;  /* flags that the instructions before left undefined */
	u32 writes; /* in the journal up to here */
};

struct x86_both {
	bool armed;
	bool complete; /* the cache cannot get beyond the last note in one run */
	u32 count;
	struct note note[STEPS + 1];
	struct interp_journal journal;
	struct x86_cpu saved;
};

void x86_both_release(struct x86_vcpu *vcpu)
{
	kheap_free(vcpu->both);
	vcpu->both = NULL;
}

/* ---- rehearsal ---- */

static const u8 copied[OP_COUNT] = {
#define IDENT(op) [OP_##op] = 1,
#include "arch/x86/bt/ident.def"
#undef IDENT
};

static bool can_be_rehearsed(const struct x86_insn *insn, u32 vague)
{
	if (insn->props & (INSN_X87 | INSN_MMX | INSN_SSE | INSN_IO | INSN_ALIGN16) ||
	    (insn->props & INSN_STRING && insn->prefixes & (PREFIX_REP | PREFIX_REPNE)))
		return false;
	switch (insn->op) {
	case OP_RDTSC:
	case OP_FXSAVE:
	case OP_FXRSTOR:
	case OP_LDMXCSR:
	case OP_STMXCSR:
		return false;
	case OP_PUSHF: /* they make registers or memory of flags */
	case OP_LAHF:
	case OP_SALC:
		return !vague;
	case OP_JMP_NEAR:
	case OP_JCC:
	case OP_CALL_NEAR:
	case OP_RET_NEAR:
	case OP_JMP_NEAR_IND:
	case OP_CALL_NEAR_IND:
	case OP_LOOP:
	case OP_LOOPE:
	case OP_LOOPNE:
	case OP_JCXZ:
	case OP_CLI:
	case OP_STI:
	case OP_POPF:
	case OP_PUSH_SREG:
	case OP_POP_SREG:
	case OP_MOV_TO_SREG:
	case OP_MOV_SREG_TO:
	case OP_MOV_FROM_CR:
		return true;
	default:
		return copied[insn->op];
	}
}

/* The undefined flags after @insn, with those of @vague before it.  Rather too many. */
static u32 vague_after(const struct x86_insn *insn, u32 vague)
{
	if (!(insn->props & INSN_WRITES_ARITH))
		return vague;
	switch (insn->op) {
	case OP_ADD:
	case OP_ADC:
	case OP_SUB:
	case OP_SBB:
	case OP_CMP:
	case OP_NEG:
	case OP_XADD:
	case OP_CMPXCHG:
	case OP_POPF:
		return 0;
	case OP_AND:
	case OP_OR:
	case OP_XOR:
	case OP_TEST:
		return EFLAGS_AF;
	case OP_INC:
	case OP_DEC:
		return vague & EFLAGS_CF;
	case OP_SHL:
	case OP_SHR:
	case OP_SAR:
		return vague | EFLAGS_AF | EFLAGS_OF;
	default:
		return EFLAGS_ARITH;
	}
}

static void take_note(struct x86_both *both, const struct x86_cpu *cpu, u32 vague)
{
	struct note *note = &both->note[both->count++];

	memcpy(note->gpr, cpu->gpr, sizeof(note->gpr));
	note->eip = cpu->eip;
	note->eflags = cpu->eflags;
	note->vague = vague;
	note->writes = both->journal.count;
}

/* The instruction at EIP, whose segment is flat. */
static bool look(struct x86_vcpu *vcpu, struct x86_insn *insn)
{
	u32 eip = vcpu->cpu.eip, size = MIN((u32)INSN_MAX_LENGTH, PAGE_SIZE - (eip & PAGE_MASK));
	u8 bytes[INSN_MAX_LENGTH];
	enum decode_result result;

	if (!interp_read_linear(vcpu->interp, gva(eip), bytes, size, 0))
		return false;
	result = insn_decode(bytes, size, true, insn);
	if (result == DECODE_TRUNCATED && size < INSN_MAX_LENGTH &&
	    interp_read_linear(vcpu->interp, gva(eip + size), bytes + size, INSN_MAX_LENGTH - size, 0))
		result = insn_decode(bytes, INSN_MAX_LENGTH, true, insn);
	return result == DECODE_OK;
}

static void go_ahead(struct x86_vcpu *vcpu)
{
	struct x86_both *both = vcpu->both;
	struct x86_cpu *cpu = &vcpu->cpu;
	u32 vague = 0;

	both->count = 0;
	both->complete = false;
	take_note(both, cpu, 0);
	while (both->count <= STEPS) {
		u32 eip = cpu->eip;
		struct x86_insn insn;

		if (!look(vcpu, &insn) || !can_be_rehearsed(&insn, vague) ||
		    interp_step(vcpu->interp) != EMUL_DONE || both->journal.blocked)
			return;
		vague = vague_after(&insn, vague);
		take_note(both, cpu, vague);
		if (cpu->eip != eip + insn.length)
			break;
	}
	both->complete = true;
}

static void undo(struct x86_vcpu *vcpu)
{
	const struct interp_journal *journal = &vcpu->both->journal;

	for (u32 i = journal->count; i-- > 0;)
		gmem_write(vcpu->config.gmem, journal->write[i].at, journal->write[i].before,
			   journal->write[i].size);
}

static struct x86_both *make(struct x86_vcpu *vcpu)
{
	if (!vcpu->both)
		vcpu->both = kheap_alloc(sizeof(*vcpu->both));
	if (!vcpu->both)
		x86_vcpu_kill(vcpu, "no memory to compare executions");
	return vcpu->both;
}

u32 x86_both_rehearse(struct x86_vcpu *vcpu)
{
	struct x86_both *both = make(vcpu);
	u32 place;

	if (!both)
		return 0;
	both->saved = vcpu->cpu;
	both->journal.count = 0;
	both->journal.blocked = false;
	interp_set_journal(vcpu->interp, &both->journal);
	go_ahead(vcpu);
	interp_set_journal(vcpu->interp, NULL);
	undo(vcpu);
	vcpu->cpu = both->saved;
	place = x86_translated_enter(vcpu); /* once more: see above */
	both->armed = place != 0;
	return place;
}

/* ---- comparison ---- */

struct difference {
	const char *what;
	u32 at; /* memory: guest-physical */
	u32 translated, interpreted;
};

/* @vague: flags beyond the note's. */
static bool compare_registers(const struct x86_cpu *cpu, const struct note *note, u32 vague, struct difference *d)
{
	static const char *const names[REG_COUNT] = { "eax", "ecx", "edx", "ebx",
						      "esp", "ebp", "esi", "edi" };
	u32 flags = COMPARED_FLAGS & ~(note->vague | vague);

	for (u32 i = 0; i < REG_COUNT; i++)
		if (cpu->gpr[i] != note->gpr[i]) {
			*d = (struct difference){ names[i], 0, cpu->gpr[i], note->gpr[i] };
			return false;
		}
	*d = (struct difference){ "eflags", 0, cpu->eflags & flags, note->eflags & flags };
	return d->translated == d->interpreted;
}

static bool written_later(const struct interp_journal *journal, u32 i, u32 count, u64 byte)
{
	for (i++; i < count; i++)
		if (byte - journal->write[i].at.v < journal->write[i].size)
			return true;
	return false;
}

static bool compare_memory(const struct x86_vcpu *vcpu, const struct note *note, struct difference *d)
{
	const struct interp_journal *journal = &vcpu->both->journal;

	for (u32 i = 0; i < note->writes; i++) {
		const struct interp_write *write = &journal->write[i];
		u8 now[JOURNAL_BYTES];

		if (!gmem_read(vcpu->config.gmem, write->at, now, write->size))
			continue;
		for (u32 b = 0; b < write->size; b++) {
			*d = (struct difference){ "memory", (u32)write->at.v + b, now[b], write->after[b] };
			if (now[b] != write->after[b] &&
			    !written_later(journal, i, note->writes, write->at.v + b))
				return false;
		}
	}
	return true;
}

static void log_line(void *opaque, const char *text)
{
	log_notice("vm %s: %s", ((struct x86_vcpu *)opaque)->config.name, text);
}

static void report(struct x86_vcpu *vcpu, const struct difference *d)
{
	u32 from = vcpu->both->note[0].eip;

	x86_vcpu_kill(vcpu, "exec=both: from %08x to %08x: %s%s%.0x: translated %#x, interpreted %#x", from,
		      vcpu->cpu.eip, d->what, d->at ? " " : "", d->at, d->translated, d->interpreted);
	bt_dump(vcpu->translated.bt, from, log_line, vcpu);
}

/* What the guest executes next; *partial: it may have done some of that already, a REP or (TCG does that) POPA. */
static enum x86_op next_op(struct x86_vcpu *vcpu, bool *partial)
{
	struct x86_fault fault = vcpu->cpu.fault;
	struct x86_insn insn = { 0 };
	bool found = look(vcpu, &insn);

	vcpu->cpu.fault = fault;
	*partial = found && (insn.props & INSN_STRING || insn.op == OP_POPA);
	return found ? insn.op : OP_COUNT;
}

/* A sequence may change flags before the point where it loads all of them. */
static u32 vague_before(enum x86_op op)
{
	return op == OP_POPF || op == OP_IRET ? EFLAGS_ARITH : 0;
}

void x86_both_compare(struct x86_vcpu *vcpu)
{
	struct x86_both *both = vcpu->both;
	enum bt_exit exit = vcpu->translated.recovery.exit;
	struct difference d = { "eip", 0, 0, 0 };
	bool found = false, partial;
	u32 vague;

	if (!both || !both->armed)
		return;
	both->armed = false;
	vague = vague_before(next_op(vcpu, &partial));
	for (u32 i = 0; vcpu->translated.in_cache && i < both->count; i++) {
		if (both->note[i].eip != vcpu->cpu.eip)
			continue;
		found = true;
		if (compare_registers(&vcpu->cpu, &both->note[i], vague, &d) &&
		    compare_memory(vcpu, &both->note[i], &d)) {
			vcpu->stats.compared++;
			return;
		}
	}
	/* Behind what could not be rehearsed a branch may lead back to where a note is. */
	if (!vcpu->translated.in_cache || partial ||
	    (!both->complete && (!found || exit == BT_EXIT_LINK || exit == BT_EXIT_MISS))) {
		vcpu->stats.not_compared++;
		return;
	}
	if (!found)
		d = (struct difference){ "eip", 0, vcpu->cpu.eip, both->note[both->count - 1].eip };
	report(vcpu, &d);
}
