/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One block: decode, choose, emit.
 *
 * A block goes on behind conditional branches and call-outs, and ends at an unconditional transfer, at the end
 * of its page, or when it is full.  An instruction that reaches over its page is translated only
 * as the first of a block: then it is about to be executed, and looking at the second page is what
 * the CPU would do, too.
 */
#include "arch/x86/bt/bt_priv.h"

#include "arch/x86/mmu/ptformat.h"
#include "hv/lib/string.h"

#define OPCODE_JMP 0xe9u

typedef u32 __attribute__((aligned(1), may_alias)) unaligned_dword;

/* Guest code under translation: the bytes of its pages, by linear address. */
struct window {
	u32 page;          /* linear page number of host[0] */
	u32 gfn[2];
	const u8 *host[2]; /* second NULL: not looked at */
};

static const u8 copied[OP_COUNT] = {
#define IDENT(op) [OP_##op] = 1,
#include "arch/x86/bt/ident.def"
#undef IDENT
};

/* Make page @which of the window, for code that is about to be fetched from it. */
static bool open_page(struct bt *bt, struct x86_cpu *cpu, struct window *window, u32 which)
{
	u32 gfn = map_page(bt, cpu, window->page + which);

	if (gfn == NO_GFN || !page_is_translatable(bt, gfn))
		return false;
	window->gfn[which] = gfn;
	window->host[which] = gmem_ptr(bt->config.gmem, gpa_of_pfn(gfn), PAGE_SIZE, false);
	return window->host[which];
}

/* Copy the bytes at @eip, up to an instruction's length, as far as the window shows them: once. */
static u32 fetch(const struct window *window, u32 eip, u8 *bytes)
{
	u32 which = (eip >> PAGE_SHIFT) - window->page, offset = eip & PAGE_MASK;
	u32 size = MIN((u32)INSN_MAX_LENGTH, PAGE_SIZE - offset);

	memcpy(bytes, window->host[which] + offset, size);
	if (which == 0 && window->host[1] && size < INSN_MAX_LENGTH) {
		memcpy(bytes + size, window->host[1], INSN_MAX_LENGTH - size);
		size = INSN_MAX_LENGTH;
	}
	return size;
}

/* Decode the instruction at @eip.  It may need the second page, if it is the first of a block. */
static bool decode(struct bt *bt, struct x86_cpu *cpu, struct window *window, u32 eip, bool first,
		   u8 *bytes, struct x86_insn *insn)
{
	u32 size = fetch(window, eip, bytes);
	enum decode_result result = insn_decode(bytes, size, true, insn);

	if (result == DECODE_TRUNCATED && first && !window->host[1] && eip < 0 - 2 * PAGE_SIZE &&
	    open_page(bt, cpu, window, 1)) {
		size = fetch(window, eip, bytes);
		result = insn_decode(bytes, size, true, insn);
	}
	return result == DECODE_OK;
}

/* INSN_SHAPE_BYTES, each read once. */
static inline void copy_bytes(u8 *to, const u8 *from)
{
	const unaligned_dword *source = (const unaligned_dword *)from;
	u32 a = READ_ONCE(source[0]), b = READ_ONCE(source[1]);
	u32 c = READ_ONCE(source[2]), d = READ_ONCE(source[3]);
	unaligned_dword *target = (unaligned_dword *)to;

	target[0] = a;
	target[1] = b;
	target[2] = c;
	target[3] = d;
}

static void callout(struct emit *e, u32 eip)
{
	emit_mark(e, eip, 0, BT_EXIT_EMULATE);
	emit_exit(e);
	e->bt->stats.callouts++;
}

static enum next translate_insn(struct emit *e, const struct source *s)
{
	const struct x86_insn *insn = s->insn;
	const struct bt_config *config = &e->bt->config;
	bool fpu = insn->props & (INSN_X87 | INSN_MMX | INSN_SSE);
	enum next next;

	if (is_redirected(e->bt, s->eip) && emit_redirected(e, s))
		return NEXT_GO_ON;
	if (copied[insn->op] || fpu) {
		if (config->supports(config->opaque, insn)) {
			insn_shape_learn(&e->bt->copied, s->bytes, insn);
			emit_bytes(e, s->bytes, insn->length);
			return NEXT_GO_ON;
		}
		next = NEXT_CALLOUT;
	} else {
		next = sequence(e, s);
	}
	if (next == NEXT_CALLOUT) {
		callout(e, s->eip);
		next = insn->props & INSN_BRANCH ? NEXT_END : NEXT_GO_ON;
	}
	return next;
}

/* Where branches go that are not linked, at the end of the block. */
void emit_stubs(struct emit *e)
{
	struct bt *bt = e->bt;

	for (u32 i = 0; i < e->block->link_count; i++) {
		struct bt_link *link = &bt->links[e->block->first_link + i];

		link->stub = emit_offset(e);
		emit_mark(e, e->eip, 0, BT_EXIT_LINK);
		emit_exit(e);
	}
}

void link_known(struct bt *bt, const struct bt_block *block)
{
	for (u32 i = 0; i < block->link_count; i++) {
		u32 link = block->first_link + i, to = find_block(bt, bt->links[link].target);

		write_rel32(bt, bt->links[link].site, bt->links[link].stub);
		if (to)
			link_to(bt, link, to);
	}
}

/* Copy instructions from @eip on, at most @most, whose like was copied before; returns how many. */
static u32 copy_known(struct emit *e, const struct window *window, u32 *eip, u32 most)
{
	u32 which = (*eip >> PAGE_SHIFT) - window->page, offset = *eip & PAGE_MASK, count = 0, length;
	const u8 *host = which < 2 ? window->host[which] : NULL;

	for (; host && count < most && offset <= PAGE_SIZE - INSN_SHAPE_BYTES; count++) {
		if (is_redirected(e->bt, *eip))
			break;
		copy_bytes(e->at, host + offset); /* where they may stay */
		length = insn_shape_length(&e->bt->copied, e->at);
		if (!length)
			break;
		emit_mark(e, *eip, 0, 0);
		e->at += length;
		offset += length;
		*eip += length;
	}
	return count;
}

/* May @insn follow in a block whose last instruction was cut as *@cut says?  *@cut becomes what it is cut as. */
static bool goes_on(const struct bt *bt, const struct x86_insn *insn, enum bt_cut *cut)
{
	enum bt_cut before = *cut;

	*cut = bt->config.cut ? bt->config.cut(insn) : BT_CUT_NONE;
	return before != BT_CUT_AROUND && *cut == BT_CUT_NONE;
}

/* Instructions from @eip on; returns the guest bytes they have. */
static u32 translate_code(struct emit *e, struct x86_cpu *cpu, struct window *window, u32 eip)
{
	struct bt *bt = e->bt;
	u32 start = eip, count = 0;
	enum bt_cut cut = BT_CUT_NONE;
	enum next next = NEXT_GO_ON;

	while (next == NEXT_GO_ON) {
		struct source s;
		u8 bytes[INSN_MAX_LENGTH + 1];
		struct x86_insn insn;
		u32 page;

		if (!bt->config.cut) /* which wants to see each */
			count += copy_known(e, window, &eip, bt->max_insns - count);
		s.eip = eip;
		page = eip >> PAGE_SHIFT;
		/* Room for links and marks, the end of the page: go on in another block. */
		if (count == bt->max_insns || (count && page != window->page &&
					       !(window->host[1] && page == window->page + 1)))
			break;
		if (!decode(bt, cpu, window, eip, count == 0, bytes, &insn)) {
			if (count)
				break;
			callout(e, eip);
			return 1;
		}
		if (count && page == window->page && ((eip + insn.length - 1) >> PAGE_SHIFT) != page)
			break;
		if (!goes_on(bt, &insn, &cut) && count)
			break;
		s.insn = &insn;
		s.bytes = bytes;
		emit_mark(e, eip, 0, 0);
		next = translate_insn(e, &s);
		eip += insn.length;
		count++;
	}
	if (next == NEXT_GO_ON && e->shadow && e->shadow_eip == eip) {
		callout(e, eip); /* the shadow must not get lost on the way to another block */
	} else if (next == NEXT_GO_ON) {
		emit_mark(e, eip, 0, 0);
		emit_branch(e, OPCODE_JMP, eip);
	}
	bt->stats.insns += count;
	return eip - start;
}

u32 translate(struct bt *bt, struct x86_cpu *cpu, u32 eip, bool indirect)
{
	struct window window = { .page = eip >> PAGE_SHIFT, .gfn = { NO_GFN, NO_GFN } };
	struct bt_block *block;
	struct emit e;
	u32 number, in_first;

	if (!room_for_block(bt))
		bt_flush(bt);
	if (!open_page(bt, cpu, &window, 0)) {
		bt->stats.declined++;
		return 0;
	}
	block = block_begin(bt, eip, BLOCK_CODE);
	number = block_number(bt, block);
	emit_begin(bt, &e, block);
	if (indirect) {
		emit_pad(&e, eip);
		block->pad = block->begin;
		block->body = (u8)(e.at - e.base);
	}
	block->length = (u16)translate_code(&e, cpu, &window, eip);
	emit_stubs(&e);
	emit_end(&e);
	in_first = MIN((u32)block->length, PAGE_SIZE - (eip & PAGE_MASK));
	block->gfn[0] = window.gfn[0];
	page_add_block(bt, number, 0, eip & PAGE_MASK, in_first);
	if (block->length > in_first && window.gfn[1] != window.gfn[0]) {
		block->gfn[1] = window.gfn[1];
		page_add_block(bt, number, 1, 0, block->length - in_first);
	} else if (block->length > in_first) {
		page_add_bytes(bt, window.gfn[0], 0, block->length - in_first);
	}
	insert_block(bt, number);
	link_known(bt, block);
	bt->stats.blocks++;
	return number;
}
