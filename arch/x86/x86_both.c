/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rehearsal and comparison (x86_both.h).
 *
 * Nobody is told of a write of the rehearsal's, nor of its undoing: who traces the frame would only hear
 * twice of what does not last, and drop blocks for it.  A and D bits stay set: a CPU may set them early, too.
 * That may drop blocks; so the place to enter is looked up again then.
 */
#include "arch/x86/x86_both.h"

#include "arch/x86/x86_comparable.h"
#include "hv/core/kheap.h"
#include "hv/core/log.h"
#include "hv/lib/string.h"

#define STEPS 32u
#define COMPARED_FLAGS (EFLAGS_ARITH | EFLAGS_DF | EFLAGS_IF)

/* Where the interpreter was between two instructions. */
struct note {
	u32 gpr[REG_COUNT];
	u32 eip, eflags;
	u16 selector[SREG_COUNT];
	u32 vague;  /* flags that the instructions before left undefined */
	u32 writes; /* in the journal up to here */
};

/* What was found at an address, and is there as long as the bytes are. */
struct decoded {
	u32 eip; /* 0: free */
	u8 bytes[INSN_MAX_LENGTH];
	struct x86_insn insn;
};
#define DECODED 1024u

struct x86_both {
	bool armed;
	bool complete; /* the cache cannot get beyond the last note in one run */
	u32 count;
	struct note note[STEPS + 1];
	u32 place; /* in the cache, where the run began */
	struct interp_journal journal;
	struct x86_cpu saved;
	struct decoded decoded[DECODED];
};

void x86_both_release(struct x86_vcpu *vcpu)
{
	kheap_free(vcpu->both);
	vcpu->both = NULL;
}

/* ---- rehearsal ---- */

static void take_note(struct x86_both *both, const struct x86_cpu *cpu, u32 vague)
{
	struct note *note = &both->note[both->count++];

	memcpy(note->gpr, cpu->gpr, sizeof(note->gpr));
	for (u32 i = 0; i < SREG_COUNT; i++)
		note->selector[i] = cpu->seg[i].selector;
	note->eip = cpu->eip;
	note->eflags = cpu->eflags;
	note->vague = vague;
	note->writes = both->journal.count;
}

/* The instruction at EIP, whose segment is flat. */
static bool look(struct x86_vcpu *vcpu, struct x86_insn *insn)
{
	u32 eip = vcpu->cpu.eip, size = MIN((u32)INSN_MAX_LENGTH, PAGE_SIZE - (eip & PAGE_MASK));
	struct decoded *known = &vcpu->both->decoded[eip % DECODED];
	u8 bytes[INSN_MAX_LENGTH];
	enum decode_result result;

	if (!interp_read_linear(vcpu->interp, gva(eip), bytes, size, 0))
		return false;
	if (known->eip == eip && size >= known->insn.length &&
	    memcmp(known->bytes, bytes, known->insn.length) == 0) {
		*insn = known->insn;
		return true;
	}
	result = insn_decode(bytes, size, true, insn);
	if (result == DECODE_TRUNCATED && size < INSN_MAX_LENGTH &&
	    interp_read_linear(vcpu->interp, gva(eip + size), bytes + size, INSN_MAX_LENGTH - size, 0))
		result = insn_decode(bytes, INSN_MAX_LENGTH, true, insn);
	if (result != DECODE_OK)
		return false;
	known->eip = eip;
	memcpy(known->bytes, bytes, insn->length);
	known->insn = *insn;
	return true;
}

static bool is_indirect(enum x86_op op)
{
	return op == OP_RET_NEAR || op == OP_JMP_NEAR_IND || op == OP_CALL_NEAR_IND;
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

		if (!look(vcpu, &insn))
			return;
		if (!x86_comparable(&insn, vague)) {
			both->complete = both->count > 1 && x86_comparable_cut(&insn) != BT_CUT_NONE;
			return;
		}
		if (interp_step(vcpu->interp) != EMUL_DONE || both->journal.blocked)
			return;
		vague = x86_comparable_vague(&insn, vague);
		take_note(both, cpu, vague);
		if (is_indirect(insn.op))
			bt_leave_indirect(vcpu->translated.bt, cpu->eip);
		if (cpu->eip != eip + insn.length)
			break;
	}
	both->complete = true;
}

static void undo(struct x86_vcpu *vcpu)
{
	const struct interp_journal *journal = &vcpu->both->journal;

	for (u32 i = journal->count; i-- > 0;) {
		const struct interp_write *write = &journal->write[i];

		memcpy(gmem_ptr(vcpu->config.gmem, write->at, write->size, true), write->before,
		       write->size);
		if (gmem_flags(vcpu->config.gmem, write->at)) /* a page table, perhaps */
			interp_flush_tlb(vcpu->interp);
	}
}

static struct x86_both *make(struct x86_vcpu *vcpu)
{
	if (!vcpu->both)
		vcpu->both = kheap_alloc(sizeof(*vcpu->both));
	if (!vcpu->both)
		x86_vcpu_kill(vcpu, "no memory to compare executions");
	return vcpu->both;
}

u32 x86_both_rehearse(struct x86_vcpu *vcpu, u32 place)
{
	struct x86_both *both = make(vcpu);
	u32 generation = bt_generation(vcpu->translated.bt);

	if (!both)
		return 0;
	both->armed = false;
	if (bt_settled(vcpu->translated.bt, place))
		return place;
	both->saved = vcpu->cpu;
	both->journal.count = 0;
	both->journal.blocked = false;
	interp_set_journal(vcpu->interp, &both->journal);
	go_ahead(vcpu);
	interp_set_journal(vcpu->interp, NULL);
	undo(vcpu);
	vcpu->cpu = both->saved;
	if (generation != bt_generation(vcpu->translated.bt)) /* see above */
		place = x86_translated_enter(vcpu);
	both->armed = place != 0;
	both->place = place;
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
	static const char *const segments[SREG_COUNT] = {
		[SREG_ES] = "es", [SREG_CS] = "cs", [SREG_SS] = "ss",
		[SREG_DS] = "ds", [SREG_FS] = "fs", [SREG_GS] = "gs",
	};
	u32 flags = COMPARED_FLAGS & ~(note->vague | vague);

	for (u32 i = 0; i < REG_COUNT; i++)
		if (cpu->gpr[i] != note->gpr[i]) {
			*d = (struct difference){ names[i], 0, cpu->gpr[i], note->gpr[i] };
			return false;
		}
	for (u32 i = 0; i < SREG_COUNT; i++)
		if (cpu->seg[i].selector != note->selector[i]) {
			*d = (struct difference){ segments[i], 0, cpu->seg[i].selector, note->selector[i] };
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

/* The run reached an exit of its block's, or what comes behind the block. */
static void settle(struct x86_vcpu *vcpu)
{
	enum bt_exit exit = vcpu->translated.recovery.exit;
	u32 place = vcpu->both->place;

	if (!vcpu->translated.in_cache || exit == BT_EXIT_LINK || exit == BT_EXIT_MISS ||
	    bt_has_left(vcpu->translated.bt, place))
		bt_compared(vcpu->translated.bt, place, vcpu->config.compare_repeat);
}

/* One of the notes of this EIP is what the CPU has; if not, @d says what is not.  *found: there are any. */
static bool find_note(struct x86_vcpu *vcpu, u32 vague, bool *found, struct difference *d)
{
	struct x86_both *both = vcpu->both;

	for (u32 i = 0; i < both->count; i++) {
		if (both->note[i].eip != vcpu->cpu.eip)
			continue;
		*found = true;
		if (compare_registers(&vcpu->cpu, &both->note[i], vague, d) &&
		    compare_memory(vcpu, &both->note[i], d))
			return true;
	}
	return false;
}

/* Nothing can be said of a run that got beyond the last note. */
static bool has_passed(const struct x86_vcpu *vcpu, bool found)
{
	enum bt_exit exit = vcpu->translated.recovery.exit;

	/* Behind what could not be rehearsed a branch may lead back to where a note is. */
	return !vcpu->translated.in_cache ||
	       (!vcpu->both->complete && (!found || exit == BT_EXIT_LINK || exit == BT_EXIT_MISS ||
					  bt_has_left(vcpu->translated.bt, vcpu->both->place)));
}

void x86_both_compare(struct x86_vcpu *vcpu)
{
	struct x86_both *both = vcpu->both;
	struct difference d = { "eip", 0, 0, 0 };
	bool found = false, partial;
	u32 vague;

	if (!both || !both->armed)
		return;
	both->armed = false;
	vague = vague_before(next_op(vcpu, &partial));
	if (vcpu->translated.in_cache && find_note(vcpu, vague, &found, &d)) {
		vcpu->stats.compared++;
	} else if (partial || has_passed(vcpu, found)) {
		vcpu->stats.not_compared++;
	} else {
		if (!found)
			d = (struct difference){ "eip", 0, vcpu->cpu.eip,
						 both->note[both->count - 1].eip };
		report(vcpu, &d);
		return;
	}
	settle(vcpu);
}
