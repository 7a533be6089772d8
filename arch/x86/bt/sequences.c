/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inline sequences.
 *
 * Each is a few instructions on the shared page that together do one guest instruction.  Rules that
 * make it exact although an exception or an interrupt may stop it anywhere:
 *
 * - up to a point of commitment the guest is before the instruction: marks say which registers to
 *   take from the spill slots, and the whole is started over;
 * - that point is one instruction (often the one that pops, pushes or loads flags), and behind it the guest is
 *   after the instruction: marks say where EIP and IF are;
 * - flags are changed only where the guest's instruction loads all of them anyway.
 *
 * The guest's IF is a dword on a page of its own.  While an interrupt waits for it that page is
 * read-only (x86_translated.c): an instruction that sets IF faults, and is done by the interpreter, after
 * which the interrupt is taken.  So no sequence looks for pending interrupts.
 */
#include "arch/x86/bt/bt_priv.h"

#include "arch/x86/mmu/ptformat.h"

#define REG8_AL 0
#define OPCODE_JMP 0xe9u
#define OPCODE_JCC 0x0f80u
#define SHORT_JZ 0x74u
#define SHORT_JNZ 0x75u
#define SHORT_JMP 0xebu
#define SHORT_JECXZ 0xe3u

#define EAX BIT(REG_EAX)
#define ECX BIT(REG_ECX)
#define EDX BIT(REG_EDX)
#define ESP BIT(REG_ESP)

static u32 if_address(const struct emit *e)
{
	return e->bt->config.if_linear;
}

static u32 behind(const struct source *s)
{
	return s->eip + s->insn->length;
}

/* MOV @reg, [ESP + @offset] and its reverse. */
static void load_stack(struct emit *e, u32 reg, u32 offset)
{
	emit8(e, 0x8b);
	emit8(e, 0x44 | reg << 3);
	emit8(e, 0x24);
	emit8(e, offset);
}

static void save_stack(struct emit *e, u32 reg, u32 offset)
{
	emit8(e, 0x89);
	emit8(e, 0x44 | reg << 3);
	emit8(e, 0x24);
	emit8(e, offset);
}

/* LEA ESP, [ESP + @count]: ADD without flags. */
static void add_esp(struct emit *e, u32 count)
{
	emit_bytes(e, (const u8[]){ 0x8d, 0xa4, 0x24 }, 3);
	emit32(e, count);
}

static void test_eax(struct emit *e, u32 mask)
{
	emit8(e, 0xa9);
	emit32(e, mask);
}

static void and_eax(struct emit *e, u32 mask)
{
	emit8(e, 0x25);
	emit32(e, mask);
}

/* The target is in SHARED_BT_EIP, the guest's ECX in its slot: MOVZX ECX, its low half; JMP [table]. */
static void indirect_jump(struct emit *e, u32 spilled)
{
	emit_bytes(e, (const u8[]){ 0x36, 0x0f, 0xb7, 0x0d }, 4);
	emit32(e, e->bt->config.shared_linear + SHARED_BT_EIP);
	emit_mark(e, e->eip, spilled | ECX, MARK_EIP_SLOT);
	emit_bytes(e, (const u8[]){ 0x2e, 0xff, 0x24, 0x8d }, 4);
	emit32(e, e->bt->config.cache_linear);
}

/* ---- branches ---- */

void emit_branch(struct emit *e, u32 opcode, u32 target)
{
	if (opcode > 0xff)
		emit8(e, opcode >> 8);
	emit8(e, opcode);
	link_new(e->bt, block_number(e->bt, e->block), emit_offset(e), target);
	emit32(e, 0);
	e->block->link_count++;
}

static u32 target_of(const struct source *s)
{
	return behind(s) + s->insn->imm;
}

static enum next seq_jmp(struct emit *e, const struct source *s)
{
	emit_branch(e, OPCODE_JMP, target_of(s));
	return NEXT_END;
}

static enum next seq_jcc(struct emit *e, const struct source *s)
{
	emit_branch(e, OPCODE_JCC + s->insn->cond, target_of(s));
	return NEXT_GO_ON;
}

/* LOOP and JCXZ have 8-bit displacements only. */
static enum next seq_loop(struct emit *e, const struct source *s)
{
	u8 *taken, *over;

	if (s->insn->address_size == 2)
		emit8(e, 0x67);
	taken = emit_short(e, s->insn->opcode);
	emit_mark(e, behind(s), 0, 0);
	over = emit_short(e, SHORT_JMP);
	emit_here(e, taken);
	emit_mark(e, behind(s), 0, MARK_EIP_LINK);
	emit_branch(e, OPCODE_JMP, target_of(s));
	emit_here(e, over);
	return NEXT_GO_ON;
}

static void push_imm(struct emit *e, u32 value)
{
	emit8(e, 0x68);
	emit32(e, value);
}

static enum next seq_call(struct emit *e, const struct source *s)
{
	push_imm(e, behind(s));
	emit_mark(e, s->eip, 0, MARK_EIP_LINK);
	emit_branch(e, OPCODE_JMP, target_of(s));
	return NEXT_END;
}

/* MOV ECX, r/m with the operand of the present instruction, whose opcode is FF. */
static void load_operand(struct emit *e, const struct source *s)
{
	const u8 *byte = s->bytes;

	for (; *byte != 0xff; byte++)
		if (*byte != 0xf2 && *byte != 0xf3)
			emit8(e, *byte);
	emit8(e, 0x8b);
	emit8(e, (byte[1] & 0xc7) | REG_ECX << 3);
	emit_bytes(e, byte + 2, s->insn->length - (u32)(byte + 2 - s->bytes));
}

static enum next seq_indirect(struct emit *e, const struct source *s, bool call)
{
	emit_save(e, REG_ECX, spill_slot(REG_ECX));
	load_operand(e, s);
	emit_mark(e, s->eip, ECX, 0);
	emit_save(e, REG_ECX, SHARED_BT_EIP);
	if (call)
		push_imm(e, behind(s));
	emit_mark(e, s->eip, ECX, MARK_EIP_SLOT);
	indirect_jump(e, ECX);
	return NEXT_END;
}

static enum next seq_jmp_indirect(struct emit *e, const struct source *s)
{
	return seq_indirect(e, s, false);
}

static enum next seq_call_indirect(struct emit *e, const struct source *s)
{
	return seq_indirect(e, s, true);
}

static enum next seq_ret(struct emit *e, const struct source *s)
{
	u32 extra = s->insn->operand_count ? s->insn->imm & 0xffff : 0;

	emit_save(e, REG_ECX, spill_slot(REG_ECX));
	if (extra) {
		load_stack(e, REG_ECX, 0);
		emit_mark(e, s->eip, ECX, 0);
		emit_save(e, REG_ECX, SHARED_BT_EIP);
		add_esp(e, 4 + extra);
		emit_mark(e, s->eip, ECX, MARK_EIP_SLOT);
	} else {
		emit_bytes(e, (const u8[]){ 0x36, 0x8f, 0x05 }, 3); /* POP [SHARED_BT_EIP] */
		emit32(e, e->bt->config.shared_linear + SHARED_BT_EIP);
		emit_mark(e, s->eip, 0, MARK_EIP_SLOT);
	}
	indirect_jump(e, 0);
	return NEXT_END;
}

void emit_pad(struct emit *e, u32 eip)
{
	u8 *hit;

	emit_mark(e, e->eip, ECX, MARK_EIP_SLOT);
	emit_load(e, REG_ECX, SHARED_BT_EIP);
	emit_bytes(e, (const u8[]){ 0x8d, 0x89 }, 2); /* LEA ECX, [ECX - eip] */
	emit32(e, 0 - eip);
	hit = emit_short(e, SHORT_JECXZ);
	emit_jump(e, e->bt->slow_routine);
	emit_here(e, hit);
	emit_load(e, REG_ECX, spill_slot(REG_ECX));
}

#define SLOW_SPILLED (EAX | ECX | EDX)

/* Flags to EAX and from there to their slot, in the form of LAHF and SETO; and back. */
static void save_flags(struct emit *e)
{
	emit_bytes(e, (const u8[]){ 0x9f, 0x0f, 0x90, 0xc0 }, 4); /* LAHF; SETO AL */
	emit_save(e, REG_EAX, SHARED_BT_FLAGS);
}

static void restore_flags(struct emit *e)
{
	emit_load(e, REG_EAX, SHARED_BT_FLAGS);
	emit_bytes(e, (const u8[]){ 0x04, 0x7f, 0x9e }, 3); /* ADD AL, 127; SAHF */
	emit_load(e, REG_EAX, spill_slot(REG_EAX));
	emit_load(e, REG_EDX, spill_slot(REG_EDX));
}

/* Where pads and the branch table lead that do not know the target: probe the hash table, whose
 * index is (EIP ^ EIP >> 12) modulo its size (cache.c: insert_block). */
void emit_slow_routine(struct emit *e)
{
	u32 table = tc_linear(e->bt, HASH_OFFSET);
	u8 *hit[HASH_PROBES];

	emit_mark(e, 0, ECX, MARK_EIP_SLOT);
	emit_save(e, REG_EAX, spill_slot(REG_EAX));
	emit_save(e, REG_EDX, spill_slot(REG_EDX));
	emit_mark(e, 0, SLOW_SPILLED, MARK_EIP_SLOT);
	save_flags(e);
	emit_mark(e, 0, SLOW_SPILLED, MARK_EIP_SLOT | MARK_SPECIAL);
	emit_load(e, REG_ECX, SHARED_BT_EIP);
	emit_bytes(e, (const u8[]){ 0x89, 0xca, 0xc1, 0xea, 12, 0x31, 0xca, 0x81, 0xe2 }, 9);
	emit32(e, HASH_ENTRIES - 1); /* MOV EDX, ECX; SHR EDX, 12; XOR EDX, ECX; AND EDX, size - 1 */
	for (u32 i = 0; i < HASH_PROBES; i++) {
		emit_bytes(e, (const u8[]){ 0x2e, 0x3b, 0x0c, 0xd5 }, 4); /* CMP ECX, CS:[EDX * 8] */
		emit32(e, table + i * 8);
		hit[i] = emit_short(e, SHORT_JZ);
	}
	restore_flags(e);
	emit_mark(e, 0, ECX, MARK_EIP_SLOT | BT_EXIT_MISS);
	emit_exit(e);
	emit_mark(e, 0, SLOW_SPILLED, MARK_EIP_SLOT | MARK_SPECIAL);
	for (u32 i = HASH_PROBES; i-- > 0;) {
		emit_here(e, hit[i]);
		if (i)
			emit_bytes(e, (const u8[]){ 0x8d, 0x52, 1 }, 3); /* LEA EDX, [EDX + 1] */
	}
	emit_bytes(e, (const u8[]){ 0x2e, 0x8b, 0x0c, 0xd5 }, 4); /* MOV ECX, CS:[EDX * 8 + 4] */
	emit32(e, table + 4);
	emit_save(e, REG_ECX, SHARED_BT_TARGET);
	restore_flags(e);
	emit_mark(e, 0, ECX, MARK_EIP_SLOT);
	emit_load(e, REG_ECX, spill_slot(REG_ECX));
	emit_mark(e, 0, 0, MARK_EIP_SLOT);
	emit_bytes(e, (const u8[]){ 0x36, 0xff, 0x25 }, 3); /* JMP [SHARED_BT_TARGET] */
	emit32(e, e->bt->config.shared_linear + SHARED_BT_TARGET);
}

void emit_thunk(struct emit *e, u32 eip, bool emulate)
{
	if (emulate) {
		emit_mark(e, eip, 0, MARK_IF_ZERO | BT_EXIT_EMULATE);
		emit_exit(e);
		return;
	}
	emit_mark(e, eip, 0, MARK_EIP_LINK | MARK_IF_ZERO);
	emit_store_imm(e, if_address(e), 0);
	emit_mark(e, eip, 0, MARK_EIP_LINK);
	emit_branch(e, OPCODE_JMP, eip);
}

/* From the frame on the shared page to the stack that the guest's TSS has now.  Until the last push the
 * INT has not happened; if SS0 is not what the CPU has loaded, the interpreter does it. */
void emit_trap_thunk(struct emit *e, const struct bt_trap_gate *gate)
{
	u8 *same_ss;

	emit_mark(e, gate->eip, 0, 0);
	emit_save(e, REG_ECX, spill_slot(REG_ECX));
	emit_bytes(e, (const u8[]){ 0x36, 0x0f, 0xb7, 0x0d }, 4); /* MOVZX ECX, word [SS: TSS.SS0] */
	emit32(e, gate->tss + 8);
	emit_mark(e, gate->eip, ECX, 0);
	emit_bytes(e, (const u8[]){ 0x8d, 0x89 }, 2); /* LEA ECX, [ECX - SS0] */
	emit32(e, 0u - gate->ss);
	same_ss = emit_short(e, SHORT_JECXZ);
	emit_mark(e, gate->eip, ECX, BT_EXIT_EMULATE);
	emit_exit(e);
	emit_mark(e, gate->eip, ECX, 0);
	emit_here(e, same_ss);
	emit_load(e, REG_ECX, spill_slot(REG_ECX));
	emit_mark(e, gate->eip, 0, 0);
	emit_load_at(e, REG_ESP, gate->tss + 4);
	for (u32 i = 5; i-- > 0;) {
		emit_bytes(e, (const u8[]){ 0x36, 0xff, 0x35 }, 3); /* PUSH dword [SS: frame] */
		emit32(e, e->bt->config.shared_linear + SHARED_TRAP_FRAME + i * 4);
	}
	if (gate->clears_if) {
		emit_mark(e, gate->eip, 0, MARK_EIP_LINK | MARK_IF_ZERO);
		emit_store_imm(e, if_address(e), 0);
	}
	emit_mark(e, gate->eip, 0, MARK_EIP_LINK);
	emit_branch(e, OPCODE_JMP, gate->eip);
}

/* ---- flags and interrupts ---- */

static enum next seq_cli(struct emit *e, const struct source *s)
{
	(void)s;
	emit_store_imm(e, if_address(e), 0);
	return NEXT_GO_ON;
}

static enum next seq_sti(struct emit *e, const struct source *s)
{
	emit_store_imm(e, if_address(e), EFLAGS_IF);
	e->shadow_eip = behind(s);
	e->shadow = true;
	return NEXT_GO_ON;
}

/* What the CPU pushes has its own IF, which is 1: add the guest's minus that. */
static enum next seq_pushf(struct emit *e, const struct source *s)
{
	emit8(e, 0x9c);
	emit_mark(e, s->eip, 0, MARK_ESP_4);
	emit_save(e, REG_EAX, spill_slot(REG_EAX));
	emit_save(e, REG_ECX, spill_slot(REG_ECX));
	emit_load_at(e, REG_EAX, if_address(e));
	emit_mark(e, s->eip, EAX, MARK_ESP_4);
	load_stack(e, REG_ECX, 0);
	emit_mark(e, s->eip, EAX | ECX, MARK_ESP_4);
	emit_bytes(e, (const u8[]){ 0x8d, 0x84, 0x01 }, 3); /* LEA EAX, [ECX + EAX - IF] */
	emit32(e, 0u - EFLAGS_IF);
	save_stack(e, REG_EAX, 0);
	emit_mark(e, behind(s), EAX | ECX, 0);
	emit_load(e, REG_EAX, spill_slot(REG_EAX));
	emit_load(e, REG_ECX, spill_slot(REG_ECX));
	return NEXT_GO_ON;
}

#define POPF_RARE (EFLAGS_TF | EFLAGS_IOPL | EFLAGS_NT)
#define IRET_RARE (POPF_RARE | EFLAGS_VM)

/* EAX is the guest's, spilled: the interpreter does the whole instruction. */
static void give_up(struct emit *e, const struct source *s, u32 spilled)
{
	emit_mark(e, s->eip, spilled, BT_EXIT_EMULATE);
	emit_exit(e);
	emit_mark(e, s->eip, spilled, 0);
}

static enum next seq_popf(struct emit *e, const struct source *s)
{
	u8 *usual;

	emit_save(e, REG_EAX, spill_slot(REG_EAX));
	load_stack(e, REG_EAX, 0);
	emit_mark(e, s->eip, EAX, 0);
	test_eax(e, POPF_RARE);
	usual = emit_short(e, SHORT_JZ);
	give_up(e, s, EAX);
	emit_here(e, usual);
	and_eax(e, EFLAGS_IF);
	emit8(e, 0x9d);
	emit_mark(e, behind(s), EAX, MARK_IF_EAX);
	emit_save_at(e, REG_EAX, if_address(e));
	emit_mark(e, behind(s), EAX, 0);
	emit_load(e, REG_EAX, spill_slot(REG_EAX));
	return NEXT_GO_ON;
}

/* To CPL 3 with the CPU's own IRET, which in ring 1 keeps the real IF and IOPL. EAX: the new CS. */
static void iret_to_user(struct emit *e, const struct source *s, u8 *rare[2])
{
	emit_bytes(e, (const u8[]){ 0x24, 3, 0x3c, 3 }, 4); /* AND AL, 3; CMP AL, 3 */
	rare[0] = emit_short(e, SHORT_JNZ);
	emit_bytes(e, (const u8[]){ 0xf6, 0x44, 0x24, 9, EFLAGS_IF >> 8 }, 5); /* TEST [ESP + 9], IF */
	rare[1] = emit_short(e, SHORT_JZ);
	emit_store_imm(e, if_address(e), EFLAGS_IF);
	emit_mark(e, s->eip, EAX, MARK_SPECIAL);
	emit_load(e, REG_EAX, spill_slot(REG_EAX));
	emit_mark(e, s->eip, 0, MARK_SPECIAL);
	emit8(e, 0xcf);
}

/* To CPL 0: three pops, of which the last commits. */
static void iret_to_kernel(struct emit *e, const struct source *s)
{
	emit_save(e, REG_ECX, spill_slot(REG_ECX));
	load_stack(e, REG_ECX, 0);
	emit_mark(e, s->eip, EAX | ECX, 0);
	emit_save(e, REG_ECX, SHARED_BT_EIP);
	load_stack(e, REG_EAX, 8);
	and_eax(e, EFLAGS_IF);
	add_esp(e, 8);
	emit_mark(e, s->eip, EAX | ECX, MARK_ESP_8);
	emit8(e, 0x9d);
	emit_mark(e, s->eip, EAX | ECX, MARK_EIP_SLOT | MARK_IF_EAX);
	emit_save_at(e, REG_EAX, if_address(e));
	emit_mark(e, s->eip, EAX | ECX, MARK_EIP_SLOT);
	emit_load(e, REG_EAX, spill_slot(REG_EAX));
	indirect_jump(e, ECX);
}

static enum next seq_iret(struct emit *e, const struct source *s)
{
	u8 *rare_flags, *user, *other_cs, *rare[2];

	if (e->bt->mode.polled)
		return NEXT_CALLOUT;
	emit_clean_check(e, s);
	emit_save(e, REG_EAX, spill_slot(REG_EAX));
	load_stack(e, REG_EAX, 8);
	emit_mark(e, s->eip, EAX, 0);
	test_eax(e, IRET_RARE);
	rare_flags = emit_short(e, SHORT_JNZ);
	load_stack(e, REG_EAX, 4);
	emit_bytes(e, (const u8[]){ 0xa8, 3 }, 2); /* TEST AL, 3 */
	user = emit_short(e, SHORT_JNZ);
	emit_bytes(e, (const u8[]){ 0x66, 0x3d }, 2); /* CMP AX, cs */
	emit16(e, e->bt->mode.cs);
	other_cs = emit_short(e, SHORT_JNZ);
	iret_to_kernel(e, s);
	emit_mark(e, s->eip, EAX, 0);
	emit_here(e, user);
	iret_to_user(e, s, rare);
	emit_here(e, rare_flags);
	emit_here(e, other_cs);
	emit_here(e, rare[0]);
	emit_here(e, rare[1]);
	emit_mark(e, s->eip, EAX, BT_EXIT_EMULATE);
	emit_exit(e);
	return NEXT_END;
}

/* As an IRET from a frame on the shared page: the guest's stack is not to be touched. */
static enum next seq_sysexit(struct emit *e, const struct source *s)
{
	u32 cs = e->bt->mode.sysexit_cs;
	u8 *masked;

	note_sysexit(e->bt, e->block);
	if (!cs || s->insn->operand_size != 4 || e->bt->mode.polled)
		return NEXT_CALLOUT;
	emit_clean_check(e, s);
	emit_save(e, REG_ECX, spill_slot(REG_ECX));
	emit_load_at(e, REG_ECX, if_address(e));
	emit_mark(e, s->eip, ECX, 0);
	masked = emit_short(e, SHORT_JECXZ);
	emit_load(e, REG_ECX, spill_slot(REG_ECX));
	emit_save(e, REG_ESP, spill_slot(REG_ESP));
	emit_mark(e, s->eip, 0, 0);
	emit8(e, 0xbc); /* MOV ESP, end of the frame */
	emit32(e, e->bt->config.shared_linear + SHARED_BT_FRAME + 5 * 4);
	emit_mark(e, s->eip, ESP, 0);
	push_imm(e, cs + 8);
	emit8(e, 0x51);
	emit8(e, 0x9c);
	push_imm(e, cs);
	emit8(e, 0x52);
	emit8(e, 0xcf);
	emit_here(e, masked);
	emit_mark(e, s->eip, ECX, BT_EXIT_EMULATE);
	emit_exit(e);
	return NEXT_END;
}

/* ---- segment and control registers ---- */

static enum next seq_push_sreg(struct emit *e, const struct source *s)
{
	if (s->insn->operand[0].reg == SREG_CS && s->insn->operand_size == 4) {
		push_imm(e, e->bt->mode.cs);
		return NEXT_GO_ON;
	}
	if (s->insn->operand[0].reg == SREG_SS || s->insn->operand[0].reg == SREG_CS)
		return NEXT_CALLOUT;
	emit_bytes(e, s->bytes, s->insn->length);
	return NEXT_GO_ON;
}

/* The CPU checks the load against the shadow descriptor; what that does not allow faults, and the
 * interpreter decides. */
static enum next seq_load_sreg(struct emit *e, const struct source *s)
{
	if (s->insn->operand[0].reg == SREG_SS || s->insn->operand[0].reg == SREG_CS ||
	    e->bt->mode.polled)
		return NEXT_CALLOUT;
	emit_clean_check(e, s);
	emit_bytes(e, s->bytes, s->insn->length);
	return NEXT_GO_ON;
}

static enum next seq_load_far(struct emit *e, const struct source *s)
{
	if (e->bt->mode.polled)
		return NEXT_CALLOUT;
	emit_clean_check(e, s);
	emit_bytes(e, s->bytes, s->insn->length);
	return NEXT_GO_ON;
}

/* TZCNT and LZCNT are BSF and BSR on a CPU without them, as the guest's is. */
static enum next seq_bit_scan(struct emit *e, const struct source *s)
{
	const u8 *byte = s->bytes;

	for (; *byte != 0x0f; byte++)
		if (*byte != 0xf3)
			emit8(e, *byte);
	emit_bytes(e, byte, s->insn->length - (u32)(byte - s->bytes));
	return NEXT_GO_ON;
}

/* CS as the guest knows it; SS without the 1 that ring 1 has in its RPL. */
static enum next seq_store_sreg(struct emit *e, const struct source *s)
{
	const struct x86_operand *to = &s->insn->operand[0];
	u32 sreg = s->insn->operand[1].reg;

	if (sreg != SREG_CS && sreg != SREG_SS) {
		emit_bytes(e, s->bytes, s->insn->length);
		return NEXT_GO_ON;
	}
	if (to->kind != OPERAND_REG || s->insn->operand_size != 4 || to->reg == REG_ESP)
		return NEXT_CALLOUT;
	if (sreg == SREG_CS) {
		emit8(e, 0xb8 + to->reg);
		emit32(e, e->bt->mode.cs);
		return NEXT_GO_ON;
	}
	emit_save(e, to->reg, spill_slot(to->reg));
	emit_bytes(e, s->bytes, s->insn->length);
	emit_mark(e, s->eip, BIT(to->reg), 0);
	emit_bytes(e, (const u8[]){ 0x8d, (u8)(0x40 | to->reg << 3 | to->reg), 0xff }, 3); /* LEA r, [r - 1] */
	return NEXT_GO_ON;
}

static enum next seq_read_cr(struct emit *e, const struct source *s)
{
	static const u8 slot[5] = { SHARED_CR0, 0, SHARED_CR2, SHARED_CR3, SHARED_CR4 };
	u32 number = s->insn->operand[1].reg;

	if (number >= ARRAY_SIZE(slot) || !slot[number] || s->insn->prefixes & PREFIX_LOCK)
		return NEXT_CALLOUT;
	emit_load(e, s->insn->operand[0].reg, slot[number]);
	return NEXT_GO_ON;
}

/* The gate does it, or exits: then the interpreter does. */
static enum next seq_write_cr(struct emit *e, const struct source *s)
{
	u32 reg = s->insn->operand[1].reg;

	if (!e->bt->config.light || s->insn->operand[0].reg != 3 || s->insn->prefixes & PREFIX_LOCK ||
	    e->bt->mode.format == PTF_PAE || e->bt->mode.format == PTF_PAE_NX)
		return NEXT_CALLOUT;
	emit_save(e, REG_EAX, spill_slot(REG_EAX));
	emit_bytes(e, (const u8[]){ 0x89, (u8)(0xc0 | reg << 3) }, 2); /* MOV EAX, reg */
	emit_mark(e, s->eip, EAX, BT_EXIT_EMULATE);
	emit_int(e, VECTOR_LOAD_CR3);
	emit_mark(e, behind(s), EAX, 0);
	emit_load(e, REG_EAX, spill_slot(REG_EAX));
	return NEXT_GO_ON;
}

/* Why that is enough: x86_roots.c. */
static enum next seq_invlpg(struct emit *e, const struct source *s)
{
	if (!e->bt->config.light || s->insn->prefixes & PREFIX_LOCK)
		return NEXT_CALLOUT;
	emit_store_imm(e, e->bt->config.shared_linear + SHARED_FLUSHED, 1);
	return NEXT_GO_ON;
}

typedef enum next sequence_fn(struct emit *e, const struct source *s);

/* @wide: the table's entry holds for a 32-bit operand only; else it is called out. */
static const struct {
	u16 op;
	bool wide;
	sequence_fn *fn;
} sequences[] = {
	{ OP_JMP_NEAR, true, seq_jmp },
	{ OP_JCC, true, seq_jcc },
	{ OP_CALL_NEAR, true, seq_call },
	{ OP_RET_NEAR, true, seq_ret },
	{ OP_JMP_NEAR_IND, true, seq_jmp_indirect },
	{ OP_CALL_NEAR_IND, true, seq_call_indirect },
	{ OP_LOOP, true, seq_loop },
	{ OP_LOOPE, true, seq_loop },
	{ OP_LOOPNE, true, seq_loop },
	{ OP_JCXZ, true, seq_loop },
	{ OP_TZCNT, false, seq_bit_scan },
	{ OP_LZCNT, false, seq_bit_scan },
	{ OP_CLI, false, seq_cli },
	{ OP_STI, false, seq_sti },
	{ OP_PUSHF, true, seq_pushf },
	{ OP_POPF, true, seq_popf },
	{ OP_IRET, true, seq_iret },
	{ OP_SYSEXIT, false, seq_sysexit },
	{ OP_PUSH_SREG, false, seq_push_sreg },
	{ OP_POP_SREG, false, seq_load_sreg },
	{ OP_MOV_TO_SREG, false, seq_load_sreg },
	{ OP_LDS, false, seq_load_far },
	{ OP_LES, false, seq_load_far },
	{ OP_LFS, false, seq_load_far },
	{ OP_LGS, false, seq_load_far },
	{ OP_MOV_SREG_TO, false, seq_store_sreg },
	{ OP_MOV_FROM_CR, false, seq_read_cr },
	{ OP_MOV_TO_CR, false, seq_write_cr },
	{ OP_INVLPG, false, seq_invlpg },
};

enum next sequence(struct emit *e, const struct source *s)
{
	for (u32 i = 0; i < ARRAY_SIZE(sequences); i++)
		if (sequences[i].op == s->insn->op)
			return sequences[i].wide && s->insn->operand_size != 4 ? NEXT_CALLOUT :
										 sequences[i].fn(e, s);
	return NEXT_CALLOUT;
}
