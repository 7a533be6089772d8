/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The decoder: prefixes, then down the trie of decode_table.c to the instruction's entry, then its
 * operands.  Which bytes belong to an instruction is known only on the way, so every fetch is
 * checked against the end of what may be read; running over it is noted (decoder.over), the missing
 * bytes read as zero, and the verdict at the very end is "too long" or "truncated".  That keeps the
 * way straight: there is no error path before the last lines.
 *
 * Prefixes [SDM2 2.1.1]: any order and number; of several segment overrides, and of F2 and F3, the
 * last wins.  Where a mandatory prefix tells opcodes apart, F2 and F3 take precedence over 66.
 */
#include "arch/x86/isa/decode_table.h"
#include "arch/x86/isa/regs.h"

struct decoder {
	const u8 *at;
	const u8 *end;
	bool over; /* the instruction reaches beyond @end */
	bool code32;
	u8 segment; /* override, or SEGMENT_DEFAULT */
};
#define SEGMENT_DEFAULT 0xff

static inline u32 fetch_byte(struct decoder *d)
{
	if (__builtin_expect(d->at == d->end, 0)) {
		d->over = true;
		return 0;
	}
	return *d->at++;
}

/* @size: 1, 2 or 4. */
static u32 fetch(struct decoder *d, u32 size)
{
	const u8 *at = d->at;

	if (__builtin_expect((size_t)(d->end - at) < size, 0)) {
		d->over = true;
		d->at = d->end;
		return 0;
	}
	d->at += size;
	if (size == 1)
		return at[0];
	if (size == 2)
		return at[0] | (u32)at[1] << 8;
	return at[0] | (u32)at[1] << 8 | (u32)at[2] << 16 | (u32)at[3] << 24;
}

static u32 fetch_signed(struct decoder *d, u32 size)
{
	u32 value = fetch(d, size);

	if (size == 1)
		return (u32)(s8)value;
	return size == 2 ? (u32)(s16)value : value;
}

/* ---- prefixes ------------------------------------------------------------------------------- */

static void legacy_prefix(struct decoder *d, struct x86_insn *insn, u32 byte)
{
	switch (byte) {
	case 0xf0:
		insn->prefixes |= PREFIX_LOCK;
		return;
	case 0xf2:
		insn->prefixes = (u8)((insn->prefixes & ~PREFIX_REP) | PREFIX_REPNE);
		return;
	case 0xf3:
		insn->prefixes = (u8)((insn->prefixes & ~PREFIX_REPNE) | PREFIX_REP);
		return;
	case 0x66:
		insn->prefixes |= PREFIX_OPSIZE;
		insn->operand_size = d->code32 ? 2 : 4;
		return;
	case 0x67:
		insn->prefixes |= PREFIX_ADSIZE;
		insn->address_size = d->code32 ? 2 : 4;
		return;
	}
	/* 26 2e 36 3e 64 65: ES CS SS DS FS GS */
	insn->prefixes |= PREFIX_SEG;
	d->segment = (u8)(byte < 0x40 ? byte >> 3 & 3 : SREG_FS + (byte & 1));
}

/* ---- from bytes to an entry of the table ----------------------------------------------------- */

static u32 modrm_mod(const struct x86_insn *insn)
{
	return insn->modrm >> 6;
}
static u32 modrm_reg(const struct x86_insn *insn)
{
	return insn->modrm >> 3 & 7;
}
static u32 modrm_rm(const struct x86_insn *insn)
{
	return insn->modrm & 7;
}

static void need_modrm(struct decoder *d, struct x86_insn *insn)
{
	if (insn->has_modrm)
		return;
	insn->has_modrm = true;
	insn->modrm = (u8)fetch_byte(d);
}

/* The entry that follows opcode byte @byte of the map @entry leads to. */
static const struct opcode *next_map(struct decoder *d, struct x86_insn *insn,
				     const struct opcode *entry)
{
	insn->map = insn->map == MAP_ONE_BYTE ? MAP_0F : insn->opcode == 0x38 ? MAP_0F38 : MAP_0F3A;
	insn->opcode = (u8)fetch_byte(d);
	return &entry->next[insn->opcode];
}

static const struct opcode *next_prefix(const struct decoder *d, struct x86_insn *insn,
					const struct opcode *entry)
{
	if (insn->prefixes & PREFIX_REP) {
		insn->mandatory_prefix = 0xf3;
		return &entry->next[2];
	}
	if (insn->prefixes & PREFIX_REPNE) {
		insn->mandatory_prefix = 0xf2;
		return &entry->next[3];
	}
	if (insn->prefixes & PREFIX_OPSIZE) {
		insn->mandatory_prefix = 0x66;
		insn->operand_size = d->code32 ? 4 : 2;
		return &entry->next[1];
	}
	return &entry->next[0];
}

/* F2 or F3 may choose another opcode than the one that is there without them. */
static const struct opcode *next_rep(struct x86_insn *insn, const struct opcode *entry)
{
	const struct opcode *next = entry->next;

	if (insn->prefixes & PREFIX_REP)
		next = &entry->next[1];
	else if (insn->prefixes & PREFIX_REPNE)
		next = &entry->next[2];
	if (next->op != entry->next[0].op)
		insn->mandatory_prefix = insn->prefixes & PREFIX_REP ? 0xf3 : 0xf2;
	return next;
}

static const struct opcode *next_entry(struct decoder *d, struct x86_insn *insn,
				       const struct opcode *entry)
{
	switch ((enum opcode_next)entry->next_by) {
	case NEXT_LEGACY_PREFIX:
		legacy_prefix(d, insn, insn->opcode);
		insn->opcode = (u8)fetch_byte(d);
		return &opcode_map_one_byte[insn->opcode];
	case NEXT_MAP:
		return next_map(d, insn, entry);
	case NEXT_PREFIX:
		return next_prefix(d, insn, entry);
	case NEXT_REP:
		return next_rep(insn, entry);
	default:
		break;
	}
	need_modrm(d, insn);
	if (entry->next_by == NEXT_REG)
		return &entry->next[modrm_reg(insn)];
	if (entry->next_by == NEXT_MODREG)
		return &entry->next[modrm_reg(insn) + (modrm_mod(insn) == 3 ? 8 : 0)];
	if (entry->next_by == NEXT_MOD)
		return &entry->next[modrm_mod(insn) == 3];
	return &entry->next[modrm_rm(insn)];
}

/* ---- memory operands ------------------------------------------------------------------------- */

/* Base and index of the 16-bit forms by ModRM.rm [SDM2 table 2-1]; rm 6 with mod 0 is disp16. */
static const struct {
	u8 base, index;
} mem16_forms[8] = {
	{ REG_EBX, REG_ESI },  { REG_EBX, REG_EDI },  { REG_EBP, REG_ESI },  { REG_EBP, REG_EDI },
	{ REG_ESI, REG_NONE }, { REG_EDI, REG_NONE }, { REG_EBP, REG_NONE }, { REG_EBX, REG_NONE },
};

static void decode_mem16(struct decoder *d, struct x86_insn *insn)
{
	u32 mod = modrm_mod(insn), rm = modrm_rm(insn);

	if (mod == 0 && rm == 6) {
		insn->mem.disp = fetch_signed(d, 2);
		return;
	}
	insn->mem.base = mem16_forms[rm].base;
	insn->mem.index = mem16_forms[rm].index;
	if (mod)
		insn->mem.disp = fetch_signed(d, mod);
}

static void decode_mem32(struct decoder *d, struct x86_insn *insn)
{
	u32 mod = modrm_mod(insn), base = modrm_rm(insn);

	if (base == 4) {
		u32 sib = fetch_byte(d), index = sib >> 3 & 7;

		base = sib & 7;
		if (index != 4) {
			insn->mem.index = (u8)index;
			insn->mem.scale = (u8)(sib >> 6);
		}
	}
	if (mod == 0 && base == 5) {
		insn->mem.disp = fetch(d, 4);
		return;
	}
	insn->mem.base = (u8)base;
	if (mod)
		insn->mem.disp = fetch_signed(d, mod == 1 ? 1 : 4);
}

static void decode_mem(struct decoder *d, struct x86_insn *insn)
{
	if (insn->address_size == 4)
		decode_mem32(d, insn);
	else
		decode_mem16(d, insn);
	if (d->segment == SEGMENT_DEFAULT &&
	    (insn->mem.base == REG_EBP || insn->mem.base == REG_ESP))
		insn->mem.seg = SREG_SS;
}

/* ---- operands -------------------------------------------------------------------------------- */

/* Bytes by size code, for operand size 2 and 4. */
static const u16 size_bytes[2][S_COUNT] = {
	{ [S_b] = 1, [S_w] = 2, [S_d] = 4, [S_q] = 8, [S_v] = 2, [S_x] = 16, [S_t] = 10, [S_p] = 4,
	  [S_s] = 6, [S_a] = 4, [S_n] = 14, [S_r] = 94, [S_f] = 512, [S_g] = 576 },
	{ [S_b] = 1, [S_w] = 2, [S_d] = 4, [S_q] = 8, [S_v] = 4, [S_x] = 16, [S_t] = 10, [S_p] = 6,
	  [S_s] = 6, [S_a] = 8, [S_n] = 28, [S_r] = 108, [S_f] = 512, [S_g] = 576 },
};

static void set_reg(struct x86_operand *operand, enum operand_kind kind, u32 reg)
{
	operand->kind = (u8)kind;
	operand->reg = (u8)reg;
}

/* ModRM.rm as a register of @kind, or memory. */
static void set_rm(const struct x86_insn *insn, struct x86_operand *operand, enum operand_kind kind,
		   u32 register_size)
{
	if (modrm_mod(insn) != 3) {
		operand->kind = OPERAND_MEM;
		return;
	}
	set_reg(operand, kind, modrm_rm(insn));
	operand->size = (u16)register_size;
}

/* ModRM.rm as a register of @kind; memory is invalid. */
static bool set_rm_register(const struct x86_insn *insn, struct x86_operand *operand,
			    enum operand_kind kind)
{
	set_reg(operand, kind, modrm_rm(insn));
	return modrm_mod(insn) == 3;
}

static bool set_control(const struct x86_insn *insn, struct x86_operand *operand)
{
	set_reg(operand, OPERAND_CR, modrm_reg(insn));
	return BIT(modrm_reg(insn)) & (BIT(0) | BIT(2) | BIT(3) | BIT(4));
}

/* There are six segment registers, and CS is never a destination of MOV. */
static bool set_segment(const struct x86_insn *insn, struct x86_operand *operand)
{
	set_reg(operand, OPERAND_SREG, modrm_reg(insn));
	return operand->reg <= SREG_GS &&
	       !(operand->reg == SREG_CS && (operand->access & OPERAND_WRITE));
}

static void set_moffs(struct decoder *d, struct x86_insn *insn, struct x86_operand *operand)
{
	operand->kind = OPERAND_MEM;
	insn->mem.disp = fetch_signed(d, insn->address_size);
}

static void set_far(struct decoder *d, struct x86_insn *insn, struct x86_operand *operand)
{
	operand->kind = OPERAND_FAR;
	insn->imm = fetch(d, insn->operand_size);
	insn->imm2 = fetch(d, 2);
}

static void set_immediate(struct x86_operand *operand, enum operand_kind kind, u32 *to, u32 value)
{
	operand->kind = (u8)kind;
	*to = value;
}

/* Fill @operand (size and access are there); false if the encoding is invalid. */
static bool decode_operand(struct decoder *d, struct x86_insn *insn, struct x86_operand *operand,
			   u32 spec)
{
	switch ((enum operand_addressing)OPERAND_ADDRESSING(spec)) {
	case A_NONE: break;
	case A_I: set_immediate(operand, OPERAND_IMM, &insn->imm, fetch(d, operand->size)); break;
	case A_SI: set_immediate(operand, OPERAND_IMM, &insn->imm, fetch_signed(d, 1)); break;
	case A_I2: set_immediate(operand, OPERAND_IMM2, &insn->imm2, fetch(d, 1)); break;
	case A_J:
		set_immediate(operand, OPERAND_REL, &insn->imm, fetch_signed(d, operand->size));
		break;
	case A_A: set_far(d, insn, operand); break;
	case A_O: set_moffs(d, insn, operand); break;
	case A_Z: set_reg(operand, OPERAND_REG, insn->opcode & 7); break;
	case A_ACC: set_reg(operand, OPERAND_REG, REG_EAX); break;
	case A_CL: set_reg(operand, OPERAND_REG, REG_ECX); break;
	case A_DX: set_reg(operand, OPERAND_REG, REG_EDX); break;
	case A_ONE: operand->kind = OPERAND_CONST1; break;
	case A_SEG: set_reg(operand, OPERAND_SREG, insn->opcode >> 3 & 7); break;
	case A_ST: set_reg(operand, OPERAND_ST, 0); break;
	case A_E: set_rm(insn, operand, OPERAND_REG, operand->size); break;
	case A_EW: set_rm(insn, operand, OPERAND_REG, operand->size); break;
	case A_ED: set_rm(insn, operand, OPERAND_REG, 4); break;
	case A_G: set_reg(operand, OPERAND_REG, modrm_reg(insn)); break;
	case A_M: operand->kind = OPERAND_MEM; return modrm_mod(insn) != 3;
	case A_R: return set_rm_register(insn, operand, OPERAND_REG);
	case A_RX: set_reg(operand, OPERAND_REG, modrm_rm(insn)); break;
	case A_S: return set_segment(insn, operand);
	case A_C: return set_control(insn, operand);
	case A_D: set_reg(operand, OPERAND_DR, modrm_reg(insn)); break;
	case A_P: set_reg(operand, OPERAND_MMX, modrm_reg(insn)); break;
	case A_Q: set_rm(insn, operand, OPERAND_MMX, 8); break;
	case A_N: return set_rm_register(insn, operand, OPERAND_MMX);
	case A_V: set_reg(operand, OPERAND_XMM, modrm_reg(insn)); break;
	case A_W: set_rm(insn, operand, OPERAND_XMM, 16); break;
	case A_U: return set_rm_register(insn, operand, OPERAND_XMM);
	case A_STI: set_reg(operand, OPERAND_ST, modrm_rm(insn)); break;
	}
	return true;
}

static bool decode_operands(struct decoder *d, struct x86_insn *insn, const struct opcode *entry)
{
	const u16 *sizes = size_bytes[insn->operand_size == 4];
	u32 n;

	for (n = 0; n < ARRAY_SIZE(entry->operand) && entry->operand[n]; n++) {
		struct x86_operand *operand = &insn->operand[n];
		u32 spec = entry->operand[n];

		operand->size = sizes[OPERAND_SIZE_CODE(spec)];
		operand->access = (u8)OPERAND_ACCESS(spec);
		if (!decode_operand(d, insn, operand, spec))
			return false;
		/* SLDT, STR, SMSW, LAR and moves of segment registers: 16 bits in memory. */
		if (OPERAND_ADDRESSING(spec) == A_EW && operand->kind == OPERAND_MEM)
			operand->size = 2;
	}
	insn->operand_count = (u8)n;
	return true;
}

/* ---- all together ---------------------------------------------------------------------------- */

static bool lock_allowed(const struct x86_insn *insn, const struct opcode *entry)
{
	return (entry->flags & OPCODE_LOCK) && insn->operand[0].kind == OPERAND_MEM;
}

/* Everything after the opcode.  False: #UD. */
static bool decode_rest(struct decoder *d, struct x86_insn *insn, const struct opcode *entry)
{
	insn->op = entry->op;
	insn->props = entry->props;
	insn->cond = insn->opcode & 15;
	insn->mem.seg = d->segment == SEGMENT_DEFAULT ? SREG_DS : d->segment;
	if (entry->flags & OPCODE_MODRM) {
		need_modrm(d, insn);
		if (modrm_mod(insn) != 3 && !(entry->flags & OPCODE_NO_MEMORY))
			decode_mem(d, insn);
	}
	if (!decode_operands(d, insn, entry))
		return false;
	if (entry->flags & OPCODE_EDI)
		insn->mem.base = REG_EDI;
	if (entry->flags & OPCODE_BYTE)
		insn->operand_size = 1;
	return !(insn->prefixes & PREFIX_LOCK) || lock_allowed(insn, entry);
}

/* Member by member: for the whole struct compilers choose a string instruction, which is slow. */
static inline void clear(struct x86_insn *insn, bool code32)
{
	insn->prefixes = 0;
	insn->map = MAP_ONE_BYTE;
	insn->mandatory_prefix = 0;
	insn->has_modrm = false;
	insn->modrm = 0;
	insn->operand_size = code32 ? 4 : 2;
	insn->address_size = code32 ? 4 : 2;
	insn->operand[0] = insn->operand[1] = (struct x86_operand){ 0 };
	insn->operand[2] = insn->operand[3] = (struct x86_operand){ 0 };
	insn->mem = (struct x86_mem){ .base = REG_NONE, .index = REG_NONE };
	insn->imm = 0;
	insn->imm2 = 0;
}

enum decode_result insn_decode(const u8 *bytes, u32 size, bool code32, struct x86_insn *insn)
{
	u32 available = MIN(size, (u32)INSN_MAX_LENGTH);
	struct decoder d = {
		.at = bytes,
		.end = bytes + available,
		.code32 = code32,
		.segment = SEGMENT_DEFAULT,
	};
	const struct opcode *entry;
	bool valid;

	clear(insn, code32);
	insn->opcode = (u8)fetch_byte(&d);
	entry = &opcode_map_one_byte[insn->opcode];
	while (entry->next_by != NEXT_NONE)
		entry = next_entry(&d, insn, entry);
	valid = entry->op != OP_INVALID && decode_rest(&d, insn, entry);
	insn->length = (u8)(d.at - bytes);
	if (d.over)
		return available == INSN_MAX_LENGTH ? DECODE_TOO_LONG : DECODE_TRUNCATED;
	return valid ? DECODE_OK : DECODE_INVALID;
}
