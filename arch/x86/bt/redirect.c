/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptor stores of a task switch, without an exit.
 *
 * A kernel changes the TLS descriptors in its GDT at each task switch, mostly to what they are already, and
 * the GDT is traced.  Of the few instructions that do that, each always stores at one address.  So it
 * becomes a sequence: if the address is that one, and the value another, then the store goes to the alias,
 * where the gate shows the same page writable, and SHARED_DESC_DIRTY is set.  While that is set, nothing that
 * depends on a descriptor is done in the cache: loads of segment registers and returns to user code exit, and
 * each exit brings the shadow descriptors up to date (x86_desc.c).
 */
#include "arch/x86/bt/bt_priv.h"

#include "hv/lib/string.h"

#define ECX BIT(REG_ECX)
#define SHORT_JMP 0xebu
#define SHORT_JECXZ 0xe3u
#define OPCODE_STORE 0x89u
#define OPCODE_STORE_IMM 0xc7u
#define OPCODE_LEA 0x8du

static const struct bt_redirect *find(const struct bt *bt, u32 eip)
{
	for (u32 i = 0; i < bt->redirect_count; i++)
		if (bt->redirect[i].eip == eip)
			return &bt->redirect[i];
	return NULL;
}

bool find_redirected(const struct bt *bt, u32 eip)
{
	return find(bt, eip);
}

bool bt_redirect(struct bt *bt, const struct bt_redirect *redirect)
{
	if (!find(bt, redirect->eip)) {
		if (bt->redirect_count == REDIRECTS)
			return false;
		bt->redirect[bt->redirect_count++] = *redirect;
		bt->redirect_pages |= BIT(redirect->eip >> PAGE_SHIFT & 31);
		/* From now on segment loads have to look at SHARED_DESC_DIRTY. */
		if (bt->redirect_count == 1) {
			bt_flush(bt);
			return true;
		}
	}
	if (bt->last && bt->blocks[bt->last->block].kind == BLOCK_CODE)
		drop_block(bt, bt->last->block);
	return true;
}

void bt_redirect_none(struct bt *bt)
{
	if (!bt->redirect_count)
		return;
	bt->redirect_count = bt->redirect_pages = 0;
	bt_flush(bt);
}

/* LEA ECX, [ECX + @count], without flags. */
static void add_ecx(struct emit *e, u32 count)
{
	emit_bytes(e, (const u8[]){ OPCODE_LEA, 0x89 }, 2);
	emit32(e, count);
}

static void load_ecx(struct emit *e, const struct source *s)
{
	emit_load(e, REG_ECX, spill_slot(REG_ECX));
	emit_mark(e, s->eip, 0, 0);
}

/* A plain MOV of 32 bits to memory, its modrm byte second, that does not need ECX or ESP as a value. */
static bool is_suitable(const struct source *s)
{
	const struct x86_insn *insn = s->insn;
	u32 opcode = s->bytes[0], reg = s->bytes[1] >> 3 & 7;

	if (insn->op != OP_MOV || insn->operand[0].kind != OPERAND_MEM || insn->address_size != 4)
		return false;
	return opcode == OPCODE_STORE_IMM || (opcode == OPCODE_STORE && reg != REG_ECX && reg != REG_ESP);
}

/* LEA ECX with the store's memory operand. */
static void lea_operand(struct emit *e, const struct source *s, bool imm)
{
	emit_bytes(e, (const u8[]){ OPCODE_LEA, (u8)((s->bytes[1] & 0xc7) | REG_ECX << 3) }, 2);
	emit_bytes(e, s->bytes + 2, s->insn->length - 2 - (imm ? 4 : 0));
	emit_mark(e, s->eip, ECX, 0);
}

/* ECX is 0 if what is at the alias is what the store would put there. */
static void compare_old(struct emit *e, const struct source *s, const struct bt_redirect *r, bool imm)
{
	emit_load_at(e, REG_ECX, r->alias);
	emit_bytes(e, (const u8[]){ 0xf7, 0xd1 }, 2); /* NOT ECX */
	if (imm)
		add_ecx(e, s->insn->imm + 1);
	else /* LEA ECX, [ECX + reg + 1] */
		emit_bytes(e, (const u8[]){ OPCODE_LEA, 0x4c, (u8)((s->bytes[1] & 0x38) | REG_ECX), 1 }, 4);
}

bool emit_redirected(struct emit *e, const struct source *s)
{
	const struct bt_redirect *r = find(e->bt, s->eip);
	bool imm = s->bytes[0] == OPCODE_STORE_IMM;
	u8 *flat, *hit, *same, *other[2], *done[2];

	if (!r || !is_suitable(s))
		return false;
	emit_save(e, REG_ECX, spill_slot(REG_ECX));
	emit_bytes(e, (const u8[]){ 0x8c, 0xd9 }, 2); /* MOV ECX, DS */
	emit_mark(e, s->eip, ECX, 0);
	add_ecx(e, 0u - r->ds);
	flat = emit_short(e, SHORT_JECXZ);
	other[0] = emit_short(e, SHORT_JMP);
	emit_here(e, flat);
	load_ecx(e, s);
	lea_operand(e, s, imm);
	add_ecx(e, 0u - r->address);
	hit = emit_short(e, SHORT_JECXZ);
	other[1] = emit_short(e, SHORT_JMP);
	emit_here(e, hit);
	compare_old(e, s, r, imm);
	same = emit_short(e, SHORT_JECXZ);
	load_ecx(e, s);
	emit_store_imm(e, e->bt->config.shared_linear + SHARED_DESC_DIRTY, 1);
	/* Started over behind it, it would find the value there. */
	if (imm)
		emit_store_imm(e, r->alias, s->insn->imm);
	else
		emit_save_at(e, s->bytes[1] >> 3 & 7, r->alias);
	done[0] = emit_short(e, SHORT_JMP);
	emit_mark(e, s->eip, ECX, 0);
	emit_here(e, same);
	load_ecx(e, s);
	done[1] = emit_short(e, SHORT_JMP);
	emit_mark(e, s->eip, ECX, 0);
	emit_here(e, other[0]);
	emit_here(e, other[1]);
	load_ecx(e, s);
	emit_bytes(e, s->bytes, s->insn->length);
	emit_here(e, done[0]);
	emit_here(e, done[1]);
	return true;
}

void emit_clean_check(struct emit *e, const struct source *s)
{
	u8 *clean;

	if (!e->bt->redirect_count)
		return;
	emit_save(e, REG_ECX, spill_slot(REG_ECX));
	emit_load(e, REG_ECX, SHARED_DESC_DIRTY);
	emit_mark(e, s->eip, ECX, 0);
	clean = emit_short(e, SHORT_JECXZ);
	emit_mark(e, s->eip, ECX, BT_EXIT_EMULATE);
	emit_exit(e);
	emit_mark(e, s->eip, ECX, 0);
	emit_here(e, clean);
	load_ecx(e, s);
}
