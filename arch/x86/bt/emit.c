/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytes into the cache, and the marks that say how far the guest is at each of them.
 *
 * All memory of ours that translated code uses is at fixed linear addresses in the gate.  It is reached
 * through SS, which is flat and writable whenever translated code runs; DS may be anything.
 */
#include "arch/x86/bt/bt_priv.h"

#include "hv/lib/assert.h"
#include "hv/lib/string.h"

#define SS_OVERRIDE 0x36
#define INT3 0xccu
#define MODRM_DISP32 5 /* mod 0, rm 5 */

void emit_begin(struct bt *bt, struct emit *e, struct bt_block *block)
{
	*e = (struct emit){ .bt = bt, .block = block, .begin = bt->code_used, .eip = block->eip };
	e->base = e->at = bt->draft;
}

void emit_end(struct emit *e)
{
	struct bt *bt = e->bt;

	/* Whole dwords: QEMU makes four stores of one that is not aligned. */
	while (emit_offset(e) % 4)
		emit8(e, INT3);
	ASSERT(e->at - e->base <= (long)BLOCK_ROOM);
	memcpy(bt->config.cache + e->begin, e->base, (size_t)(e->at - e->base));
	bt->code_used = emit_offset(e);
	bt->stats.code_bytes = bt->code_used - CODE_OFFSET;
}

static void add_mark(struct bt *bt, u32 tc, u32 eip, u32 spilled, u32 flags)
{
	u8 *to = &bt->marks[bt->mark_bytes];

	ASSERT(bt->mark_bytes + 5 <= MARK_LIMIT);
	if (!spilled && !flags && tc == eip && tc < 16) {
		*to = (u8)tc;
		bt->mark_bytes++;
	} else if (!spilled && !flags && tc < 16 && eip < 8) {
		*to = (u8)(MARK_PAIR | tc << 3 | eip);
		bt->mark_bytes++;
	} else if (!spilled && flags == BT_EXIT_LINK && tc < 16 && !eip) {
		*to = (u8)(MARK_STUB | tc);
		bt->mark_bytes++;
	} else {
		memcpy(to, (const u8[]){ MARK_FULL, (u8)tc, (u8)eip, (u8)spilled, (u8)flags }, 5);
		bt->mark_bytes += 5;
	}
}

void emit_full_mark(struct emit *e, u32 eip, u32 spilled, u32 flags)
{
	u32 at = (u32)(e->at - e->base), tc = at - e->marked;

	/* At a stub the branch behind STI is done, and so is the shadow. */
	if (e->shadow && eip == e->shadow_eip && (flags & MARK_EXIT) != BT_EXIT_LINK &&
	    !(flags & (MARK_EIP_SLOT | MARK_EIP_LINK | MARK_SHADOW)))
		flags |= MARK_SHADOW;
	/* A long stretch needs marks in between, which say the same as the one before. */
	for (; tc > 255; tc -= 255)
		add_mark(e->bt, 255, 0, e->state & 0xff, e->state >> 8);
	add_mark(e->bt, tc, eip - e->eip, spilled, flags);
	e->marked = at;
	e->eip = eip;
	e->state = spilled | flags << 8;
}

void emit16(struct emit *e, u32 value)
{
	emit8(e, value);
	emit8(e, value >> 8);
}

void emit32(struct emit *e, u32 value)
{
	memcpy(e->at, &value, sizeof(value));
	e->at += sizeof(value);
}

void emit_bytes(struct emit *e, const u8 *bytes, u32 count)
{
	memcpy(e->at, bytes, count);
	e->at += count;
}

/* @opcode with a register and an absolute address. */
static void emit_absolute(struct emit *e, u32 opcode, u32 reg, u32 linear)
{
	emit8(e, SS_OVERRIDE);
	emit8(e, opcode);
	emit8(e, reg << 3 | MODRM_DISP32);
	emit32(e, linear);
}

void emit_save_at(struct emit *e, u32 reg, u32 linear)
{
	emit_absolute(e, 0x89, reg, linear);
}

void emit_load_at(struct emit *e, u32 reg, u32 linear)
{
	emit_absolute(e, 0x8b, reg, linear);
}

void emit_save(struct emit *e, u32 reg, u32 shared)
{
	emit_save_at(e, reg, e->bt->config.shared_linear + shared);
}

void emit_load(struct emit *e, u32 reg, u32 shared)
{
	emit_load_at(e, reg, e->bt->config.shared_linear + shared);
}

void emit_store_imm(struct emit *e, u32 linear, u32 value)
{
	emit_absolute(e, 0xc7, 0, linear);
	emit32(e, value);
}

void emit_int(struct emit *e, u32 vector)
{
	emit8(e, 0xcd);
	emit8(e, vector);
}

void emit_exit(struct emit *e)
{
	emit_int(e, VECTOR_BT);
}

void emit_jump(struct emit *e, u32 offset)
{
	emit8(e, 0xe9);
	emit32(e, offset - (emit_offset(e) + 4));
}

u8 *emit_short(struct emit *e, u32 opcode)
{
	emit8(e, opcode);
	emit8(e, 0);
	return e->at;
}

void emit_here(struct emit *e, u8 *from)
{
	ASSERT(e->at - from < 128);
	from[-1] = (u8)(e->at - from);
}
