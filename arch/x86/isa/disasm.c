/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An instruction as text: Intel syntax in the spelling of Zydis' formatter, with the size of every
 * memory operand written out.  It prints what the decoder found and consults no table of encodings,
 * so what it shows is what the interpreter will do.
 *
 * Where one operation stands for several mnemonics (ops.def), size or condition complete the name.
 */
#include "arch/x86/isa/insn.h"
#include "arch/x86/isa/regs.h"

/* The text so far.  Writing beyond @size only counts. */
struct text {
	char *to;
	size_t size;
	size_t length;
};

static void put_char(struct text *text, char c)
{
	if (text->length + 1 < text->size)
		text->to[text->length] = c;
	text->length++;
}

static void put(struct text *text, const char *string)
{
	while (*string)
		put_char(text, *string++);
}

/* "0x" and at least @digits upper-case digits. */
static void put_hex(struct text *text, u32 value, u32 digits)
{
	u32 shift = 28;

	put(text, "0x");
	while (shift && !(value >> shift) && shift / 4 >= digits)
		shift -= 4;
	for (;; shift -= 4) {
		put_char(text, "0123456789ABCDEF"[value >> shift & 15]);
		if (!shift)
			return;
	}
}

static void put_numbered(struct text *text, const char *name, u32 number)
{
	put(text, name);
	put_char(text, (char)('0' + number));
}

/* ---- mnemonics ------------------------------------------------------------------------------- */

static const char *const op_names[OP_COUNT] = {
	[OP_INVALID] = "(bad)",
#define OP(name, text) [OP_##name] = text,
#include "arch/x86/isa/ops.def"
#undef OP
};

const char *insn_op_name(enum x86_op op)
{
	return op < OP_COUNT ? op_names[op] : op_names[OP_INVALID];
}

static const char *const condition_names[16] = {
	"o", "no", "b", "nb", "z", "nz", "be", "nbe", "s", "ns", "p", "np", "l", "nl", "le", "nle",
};

static void put_repeat(struct text *text, const struct x86_insn *insn)
{
	if (!(insn->props & INSN_STRING))
		return;
	if (insn->prefixes & PREFIX_REPNE)
		put(text, "repne ");
	else if (insn->prefixes & PREFIX_REP)
		put(text, insn->op == OP_CMPS || insn->op == OP_SCAS ? "repe " : "rep ");
}

static void put_mnemonic(struct text *text, const struct x86_insn *insn)
{
	bool wide = insn->operand_size == 4;

	switch (insn->op) {
	case OP_JCC: put(text, "j"); break;
	case OP_SETCC: put(text, "set"); break;
	case OP_CMOVCC: put(text, "cmov"); break;
	case OP_CBW: put(text, wide ? "cwde" : "cbw"); return;
	case OP_CWD: put(text, wide ? "cdq" : "cwd"); return;
	case OP_JCXZ: put(text, insn->address_size == 4 ? "jecxz" : "jcxz"); return;
	default: put(text, insn_op_name(insn->op)); break;
	}
	switch (insn->op) {
	case OP_JCC:
	case OP_SETCC:
	case OP_CMOVCC: put(text, condition_names[insn->cond]); break;
	case OP_PUSHA:
	case OP_POPA:
	case OP_PUSHF:
	case OP_POPF:
	case OP_IRET: put(text, wide ? "d" : ""); break;
	case OP_CALL_FAR:
	case OP_JMP_FAR:
	case OP_RET_FAR: put(text, " far"); break;
	default:
		if (insn->props & INSN_STRING)
			put_char(text, wide ? 'd' : insn->operand_size == 2 ? 'w' : 'b');
	}
}

/* ---- operands -------------------------------------------------------------------------------- */

static const char *const reg8_names[8] = { "al", "cl", "dl", "bl", "ah", "ch", "dh", "bh" };
static const char *const reg32_names[8] = {
	"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
};
static const char *const sreg_names[8] = { "es", "cs", "ss", "ds", "fs", "gs", "?", "?" };

static void put_reg(struct text *text, u32 reg, u32 size)
{
	if (size == 1)
		put(text, reg8_names[reg & 7]);
	else
		put(text, reg32_names[reg & 7] + (size == 2));
}

static const char *pointer_size(u32 size)
{
	static const char *const names[17] = {
		[1] = "byte ptr ", [2] = "word ptr ", [4] = "dword ptr ", [6] = "fword ptr ",
		[8] = "qword ptr ", [10] = "tbyte ptr ", [16] = "xmmword ptr ",
	};

	return size < ARRAY_SIZE(names) && names[size] ? names[size] : "";
}

static void put_disp(struct text *text, u32 disp)
{
	put_char(text, disp >> 31 ? '-' : '+');
	put_hex(text, disp >> 31 ? -disp : disp, 2);
}

static void put_address(struct text *text, const struct x86_mem *mem, u32 address_size)
{
	bool has_base = mem->base != REG_NONE, has_index = mem->index != REG_NONE;

	put_char(text, '[');
	if (has_base)
		put_reg(text, mem->base, address_size);
	if (has_base && has_index)
		put_char(text, '+');
	if (has_index) {
		put_reg(text, mem->index, address_size);
		if (address_size == 4)
			put_numbered(text, "*", 1u << mem->scale);
	}
	if (!has_base && !has_index)
		put_hex(text, address_size == 4 ? mem->disp : mem->disp & 0xffff, 2 * address_size);
	else if (mem->disp)
		put_disp(text, mem->disp);
	put_char(text, ']');
}

static void put_mem(struct text *text, const struct x86_insn *insn, u32 size)
{
	if (insn->op != OP_LEA) {
		put(text, pointer_size(size));
		if (insn->prefixes & PREFIX_SEG) {
			put(text, sreg_names[insn->mem.seg & 7]);
			put_char(text, ':');
		}
	}
	put_address(text, &insn->mem, insn->address_size);
}

static u32 truncated(u32 value, u32 size)
{
	return size >= 4 ? value : value & (BIT(8 * size) - 1);
}

static void put_target(struct text *text, const struct x86_insn *insn, u32 eip)
{
	u32 target = eip + insn->length + insn->imm;

	put_hex(text, truncated(target, insn->operand_size), 2u * insn->operand_size);
}

static void put_far(struct text *text, const struct x86_insn *insn)
{
	put_hex(text, insn->imm2, 4);
	put_char(text, ':');
	put_hex(text, insn->imm, 2u * insn->operand_size);
}

static void put_operand(struct text *text, const struct x86_insn *insn,
			const struct x86_operand *operand, u32 eip)
{
	switch ((enum operand_kind)operand->kind) {
	case OPERAND_NONE: break;
	case OPERAND_REG: put_reg(text, operand->reg, operand->size); break;
	case OPERAND_MEM: put_mem(text, insn, operand->size); break;
	case OPERAND_IMM: put_hex(text, truncated(insn->imm, operand->size), 2); break;
	case OPERAND_IMM2: put_hex(text, insn->imm2, 2); break;
	case OPERAND_REL: put_target(text, insn, eip); break;
	case OPERAND_FAR: put_far(text, insn); break;
	case OPERAND_SREG: put(text, sreg_names[operand->reg & 7]); break;
	case OPERAND_CR: put_numbered(text, "cr", operand->reg); break;
	case OPERAND_DR: put_numbered(text, "dr", operand->reg); break;
	case OPERAND_ST: put_numbered(text, "st", operand->reg); break;
	case OPERAND_MMX: put_numbered(text, "mm", operand->reg); break;
	case OPERAND_XMM: put_numbered(text, "xmm", operand->reg); break;
	case OPERAND_CONST1: put(text, "0x01"); break;
	}
}

int insn_format(const struct x86_insn *insn, u32 eip, char *to, size_t size)
{
	struct text text = { .to = to, .size = size };

	if (insn->prefixes & PREFIX_LOCK)
		put(&text, "lock ");
	put_repeat(&text, insn);
	put_mnemonic(&text, insn);
	for (u32 n = 0; n < insn->operand_count; n++) {
		put(&text, n ? ", " : " ");
		put_operand(&text, insn, &insn->operand[n], eip);
	}
	if (size)
		to[MIN(text.length, size - 1)] = 0;
	return (int)text.length;
}
