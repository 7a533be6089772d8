/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The decoder against Zydis, over the opcode space and over random bytes.
 *
 * Every sample is decoded by both; validity, length, text, operands (size, access), memory form,
 * properties and prefixes must agree.  Where they need not, the tables known[] and left_out() say
 * in which aspect, for which mnemonic or instruction-set extension, and why.
 *
 * SEED=n repeats a random run, COUNT=n changes its length.
 */
#include "arch/x86/isa/insn.h"

#include <Zydis/Zydis.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arch/x86/isa/regs.h"

#define EIP 0x1000u

enum aspect {
	VALIDITY = 1 << 0,
	LENGTH = 1 << 1,
	TEXT = 1 << 2,
	OPERANDS = 1 << 3, /* number and kind */
	SIZE = 1 << 4,
	ACCESS = 1 << 5,
	MEMORY = 1 << 6, /* address and segment */
	FLAGS = 1 << 7,
	CLASS = 1 << 8, /* X87, MMX, SSE */
	ALIGN = 1 << 9,
	PRIVILEGE = 1 << 10,
	BRANCH = 1 << 11,
	PREFIX = 1 << 12,
	WIDTH = 1 << 13, /* operand and address size */
};

struct sample {
	u8 bytes[INSN_MAX_LENGTH + 5];
	u32 size;
	bool code32;
};

struct both {
	const struct sample *sample;
	enum decode_result result;
	struct x86_insn ours;
	ZyanStatus status;
	ZydisDecodedInstruction theirs;
	ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
};

/* ---- differences that are meant -------------------------------------------------------------- */

#define Z(mnemonic) ZYDIS_MNEMONIC_##mnemonic
static const struct {
	u32 aspects;
	ZydisMnemonic mnemonic;
} known[] = {
	/* They name an address without reading it, where Zydis counts a read; a cache line is 64
	 * bytes to Zydis. */
	{ ACCESS, Z(INVLPG) },
	{ ACCESS, Z(PREFETCH) },
	{ ACCESS, Z(PREFETCHW) },
	{ ACCESS, Z(PREFETCHWT1) },
	{ ACCESS, Z(PREFETCHNTA) },
	{ ACCESS, Z(PREFETCHT0) },
	{ ACCESS, Z(PREFETCHT1) },
	{ ACCESS, Z(PREFETCHT2) },
	{ ACCESS, Z(UD0) },
	{ ACCESS, Z(UD1) },
	{ ACCESS | SIZE | TEXT, Z(CLFLUSH) },
	{ ACCESS | SIZE | TEXT, Z(CLFLUSHOPT) },
	{ ACCESS | SIZE | TEXT, Z(CLWB) },
	/* Hint NOPs are NOP Ev, Gv here; Zydis shows what remains of MPX and CET encodings. */
	{ ACCESS | SIZE | TEXT | OPERANDS | PREFIX | WIDTH, Z(NOP) },
	/* LEA's memory has the size of its register, to Zydis of an address, and no segment. */
	{ SIZE | MEMORY, Z(LEA) },
	/* The destination stays if the source is zero, or not accessible. */
	{ ACCESS, Z(BSF) },
	{ ACCESS, Z(BSR) },
	{ ACCESS, Z(LSL) },
	/* REP with a count of zero changes no flags, which Zydis expresses as reading ZF. */
	{ FLAGS, Z(CMPSB) },
	{ FLAGS, Z(CMPSW) },
	{ FLAGS, Z(CMPSD) },
	{ FLAGS, Z(SCASB) },
	{ FLAGS, Z(SCASW) },
	{ FLAGS, Z(SCASD) },
	/* Outside long mode these leave the arithmetic flags alone [AMD64 volume 3]. */
	{ FLAGS | WIDTH, Z(SYSCALL) },
	{ FLAGS | WIDTH, Z(SYSRET) },
	/* #BR is a fault, not a branch. */
	{ BRANCH, Z(BOUND) },
	/* #GP at CPL > 0, which Zydis does not say. */
	{ PRIVILEGE, Z(LGDT) },
	/* #UD, not #GP, at CPL > 0. */
	{ PRIVILEGE, Z(MONITOR) },
	{ PRIVILEGE, Z(MWAIT) },
	{ PRIVILEGE, Z(CLAC) },
	{ PRIVILEGE, Z(STAC) },
	/* SVM: privileged; implicit registers are not operands here. */
	{ PRIVILEGE | OPERANDS | TEXT, Z(VMRUN) },
	{ PRIVILEGE | OPERANDS | TEXT, Z(VMLOAD) },
	{ PRIVILEGE | OPERANDS | TEXT, Z(VMSAVE) },
	{ PRIVILEGE | OPERANDS | TEXT, Z(SKINIT) },
	{ PRIVILEGE | OPERANDS | TEXT, Z(INVLPGA) },
	{ PRIVILEGE, Z(STGI) },
	{ PRIVILEGE, Z(CLGI) },
	/* Always 32 (64) bits, whatever the operand size is. */
	{ WIDTH, Z(VMREAD) },
	{ WIDTH, Z(VMWRITE) },
	{ WIDTH, Z(CMPXCHG8B) },
	/* No XMM register among the operands, but MXCSR is used; or, the MMX state is touched by
	 * the form with a memory operand as well. */
	{ CLASS, Z(CVTPI2PS) },
	{ CLASS, Z(CVTPI2PD) },
	{ CLASS, Z(CVTPS2PI) },
	{ CLASS | ALIGN, Z(CVTPD2PI) },
	{ CLASS, Z(CVTTPS2PI) },
	{ CLASS | ALIGN, Z(CVTTPD2PI) },
	{ CLASS, Z(CVTSS2SI) },
	{ CLASS, Z(CVTSD2SI) },
	{ CLASS, Z(CVTTSS2SI) },
	{ CLASS, Z(CVTTSD2SI) },
	{ CLASS, Z(EMMS) },
	/* The one x87 comparison for which Zydis shows ST(0). */
	{ TEXT | OPERANDS, Z(FUCOMP) },
	{ CLASS, Z(FISTTP) }, /* an x87 instruction that came with SSE3 */
	/* Made for unaligned memory; Zydis' class does not tell. */
	{ ALIGN, Z(MOVUPS) },
	{ ALIGN, Z(MOVUPD) },
	{ ALIGN, Z(MOVDQU) },
	{ ALIGN, Z(LDDQU) },
	{ ALIGN, Z(PCMPESTRM) },
	{ ALIGN, Z(PCMPESTRI) },
	{ ALIGN, Z(PCMPISTRM) },
	{ ALIGN, Z(PCMPISTRI) },
	/* 512 bytes, aligned. */
	{ ALIGN, Z(FXSAVE) },
	{ ALIGN, Z(FXRSTOR) },
};

static u32 aspects_to_ignore(const struct both *both)
{
	u32 ignore = 0;

	for (u32 i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].mnemonic == both->theirs.mnemonic)
			ignore |= known[i].aspects;
	return ignore;
}

/* Extensions that are #UD here (decode_table.c says so). */
static bool left_out(const ZydisDecodedInstruction *theirs)
{
	switch (theirs->meta.isa_ext) {
	case ZYDIS_ISA_EXT_AMD3DNOW:
	case ZYDIS_ISA_EXT_AMD_INVLPGB:
	case ZYDIS_ISA_EXT_CET:
	case ZYDIS_ISA_EXT_CLZERO:
	case ZYDIS_ISA_EXT_ENQCMD:
	case ZYDIS_ISA_EXT_GFNI:
	case ZYDIS_ISA_EXT_HRESET:
	case ZYDIS_ISA_EXT_KEYLOCKER:
	case ZYDIS_ISA_EXT_KEYLOCKER_WIDE:
	case ZYDIS_ISA_EXT_MCOMMIT:
	case ZYDIS_ISA_EXT_MONITORX:
	case ZYDIS_ISA_EXT_MOVDIR:
	case ZYDIS_ISA_EXT_PADLOCK:
	case ZYDIS_ISA_EXT_PCONFIG:
	case ZYDIS_ISA_EXT_PKU:
	case ZYDIS_ISA_EXT_PT:
	case ZYDIS_ISA_EXT_RDPRU:
	case ZYDIS_ISA_EXT_RTM:
	case ZYDIS_ISA_EXT_SERIALIZE:
	case ZYDIS_ISA_EXT_SGX:
	case ZYDIS_ISA_EXT_SGX_ENCLV:
	case ZYDIS_ISA_EXT_SHA:
	case ZYDIS_ISA_EXT_SNP:
	case ZYDIS_ISA_EXT_TDX:
	case ZYDIS_ISA_EXT_TSX_LDTRK:
	case ZYDIS_ISA_EXT_WAITPKG:
		return true;
	default:
		return theirs->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY;
	}
}

/* ---- comparison ------------------------------------------------------------------------------ */

static ZydisDecoder decoders[2];
static ZydisFormatter formatter;

static void setup(void)
{
	static const ZydisDecoderMode off[] = {
		ZYDIS_DECODER_MODE_MPX, ZYDIS_DECODER_MODE_CET, ZYDIS_DECODER_MODE_CLDEMOTE,
	};

	ZydisDecoderInit(&decoders[0], ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
	ZydisDecoderInit(&decoders[1], ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
	for (u32 i = 0; i < 2 * ARRAY_SIZE(off); i++)
		ZydisDecoderEnableMode(&decoders[i & 1], off[i / 2], ZYAN_FALSE);
	ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
	ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_TRUE);
}

static enum decode_result expected_result(const struct both *both)
{
	if (both->status == ZYDIS_STATUS_NO_MORE_DATA)
		return DECODE_TRUNCATED;
	if (both->status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG)
		return DECODE_TOO_LONG;
	if (!ZYAN_SUCCESS(both->status) || left_out(&both->theirs))
		return DECODE_INVALID;
	return DECODE_OK;
}

/* An opcode that does not exist may be #UD although what would have followed makes it too long. */
static bool results_agree(enum decode_result ours, enum decode_result theirs)
{
	return ours == theirs || (ours == DECODE_INVALID && theirs == DECODE_TOO_LONG);
}

static void cut(char *text, size_t count)
{
	memmove(text, text + count, strlen(text + count) + 1);
}

/* The mode-independent part of their text: "bx+si*1" is "bx+si", elided locks are plain locks. */
static void normalise(char *text)
{
	static const char *const drop[] = { "xacquire ", "xrelease ", "zmmword ptr " };
	char *found;

	for (u32 i = 0; i < ARRAY_SIZE(drop); i++)
		while ((found = strstr(text, drop[i])) != NULL)
			cut(found, strlen(drop[i]));
	for (found = text; (found = strstr(found, "i*1")) != NULL; found++)
		if (found[-1] != 'e' && found > text + 1 && found[-2] != 'e')
			cut(found + 1, 2);
}

static bool has_operand(const struct both *both, enum operand_kind kind)
{
	for (u32 i = 0; i < both->ours.operand_count; i++)
		if (both->ours.operand[i].kind == kind)
			return true;
	return false;
}

/* Zydis pads absolute addresses by mode, not by address size, and cuts no branch target to it. */
static bool text_comparable(const struct both *both)
{
	const struct x86_insn *ours = &both->ours;
	u32 native = both->sample->code32 ? 4 : 2;

	if (has_operand(both, OPERAND_MEM) && (ours->mem.base & ours->mem.index) == REG_NONE)
		return ours->address_size == native;
	return !has_operand(both, OPERAND_REL) || ours->operand_size == native;
}

static bool texts_agree(const struct both *both)
{
	char theirs[128], mine[128];

	insn_format(&both->ours, EIP, mine, sizeof(mine));
	ZydisFormatterFormatInstruction(&formatter, &both->theirs, both->operand,
					both->theirs.operand_count_visible, theirs, sizeof(theirs),
					EIP, NULL);
	normalise(theirs);
	return !strcmp(mine, theirs);
}

static u8 their_kind(const ZydisDecodedOperand *operand)
{
	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_MEMORY: return OPERAND_MEM;
	case ZYDIS_OPERAND_TYPE_POINTER: return OPERAND_FAR;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		return operand->imm.is_relative ? OPERAND_REL : OPERAND_IMM;
	default: break;
	}
	switch (ZydisRegisterGetClass(operand->reg.value)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32: return OPERAND_REG;
	case ZYDIS_REGCLASS_SEGMENT: return OPERAND_SREG;
	case ZYDIS_REGCLASS_CONTROL: return OPERAND_CR;
	case ZYDIS_REGCLASS_DEBUG: return OPERAND_DR;
	case ZYDIS_REGCLASS_X87: return OPERAND_ST;
	case ZYDIS_REGCLASS_MMX: return OPERAND_MMX;
	case ZYDIS_REGCLASS_XMM: return OPERAND_XMM;
	default: return OPERAND_NONE;
	}
}

static bool kinds_agree(u8 ours, u8 theirs)
{
	return ours == theirs ||
	       (theirs == OPERAND_IMM && (ours == OPERAND_IMM2 || ours == OPERAND_CONST1));
}

static u8 their_access(const ZydisDecodedOperand *operand)
{
	return (u8)((operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ ? OPERAND_READ : 0) |
		    (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE ? OPERAND_WRITE : 0));
}

/* Where an instruction writes part of a vector register, Zydis does not always count the part that
 * stays as read. */
static bool access_agrees(const struct x86_operand *ours, u8 theirs)
{
	if (ours->kind == OPERAND_XMM || ours->kind == OPERAND_MMX)
		return ours->access == theirs || ours->access == (theirs | OPERAND_READ);
	return ours->access == theirs;
}

static u32 compare_operands(const struct both *both)
{
	u32 differing = 0;

	if (both->ours.operand_count != both->theirs.operand_count_visible)
		return OPERANDS;
	for (u32 i = 0; i < both->ours.operand_count; i++) {
		const struct x86_operand *ours = &both->ours.operand[i];
		const ZydisDecodedOperand *theirs = &both->operand[i];

		if (!kinds_agree(ours->kind, their_kind(theirs)))
			return OPERANDS;
		if (!access_agrees(ours, their_access(theirs)))
			differing |= ACCESS;
		if ((ours->kind == OPERAND_MEM || ours->kind == OPERAND_REG) &&
		    ours->size * 8 != theirs->size)
			differing |= SIZE;
	}
	return differing;
}

/* A general register's number in any width, from Zydis' register. */
static u8 register_number(ZydisRegister reg)
{
	return reg == ZYDIS_REGISTER_NONE ? REG_NONE : (u8)ZydisRegisterGetId(reg);
}

static bool memory_agrees(const struct both *both)
{
	const struct x86_mem *ours = &both->ours.mem;

	if (!has_operand(both, OPERAND_MEM))
		return true;
	for (u32 i = 0; i < both->theirs.operand_count_visible; i++) {
		const ZydisDecodedOperandMem *theirs = &both->operand[i].mem;

		if (both->operand[i].type != ZYDIS_OPERAND_TYPE_MEMORY)
			continue;
		return ours->base == register_number(theirs->base) &&
		       ours->index == register_number(theirs->index) &&
		       (ours->index == REG_NONE || 1u << ours->scale == theirs->scale) &&
		       ours->disp == (u32)theirs->disp.value &&
		       ours->seg == (u8)ZydisRegisterGetId(theirs->segment);
	}
	return false;
}

static bool flags_agree(const struct both *both)
{
	const ZydisAccessedFlags *flags = both->theirs.cpu_flags;
	u32 writes = 0, reads = 0;

	if (flags) {
		writes = flags->modified | flags->set_0 | flags->set_1 | flags->undefined;
		reads = flags->tested;
	}
	return !!(both->ours.props & INSN_WRITES_ARITH) == !!(writes & EFLAGS_ARITH) &&
	       !!(both->ours.props & INSN_READS_ARITH) == !!(reads & EFLAGS_ARITH);
}

static bool classes_agree(const struct both *both)
{
	u32 expected = both->theirs.meta.isa_ext == ZYDIS_ISA_EXT_X87 ? INSN_X87 : 0;

	for (u32 i = 0; i < both->theirs.operand_count; i++) {
		if (both->operand[i].type != ZYDIS_OPERAND_TYPE_REGISTER)
			continue;
		switch (ZydisRegisterGetClass(both->operand[i].reg.value)) {
		case ZYDIS_REGCLASS_MMX: expected |= INSN_MMX; break;
		case ZYDIS_REGCLASS_XMM: expected |= INSN_SSE; break;
		default: break;
		}
		if (both->operand[i].reg.value == ZYDIS_REGISTER_MXCSR)
			expected |= INSN_SSE;
	}
	return (both->ours.props & (INSN_X87 | INSN_MMX | INSN_SSE)) == expected;
}

/* Alignment is checked for 16-byte operands of legacy SSE instructions, but not for those that are
 * there to load and store unaligned (exception class 4 with a footnote in the manual). */
static bool alignment_agrees(const struct both *both)
{
	bool expected = false;

	for (u32 i = 0; i < both->theirs.operand_count_visible; i++) {
		const ZydisDecodedOperand *operand = &both->operand[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY && operand->size == 128)
			expected = both->theirs.meta.exception_class != ZYDIS_EXCEPTION_CLASS_NONE;
	}
	return !has_operand(both, OPERAND_MEM) ||
	       !!(both->ours.props & INSN_ALIGN16) == expected;
}

static bool is_branch(const ZydisDecodedInstruction *theirs)
{
	switch (theirs->meta.category) {
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_SYSRET:
	case ZYDIS_CATEGORY_UNCOND_BR: return true;
	default: return false;
	}
}

static bool prefixes_agree(const struct both *both)
{
	u32 mandatory = 0;

	/* REP is not part of the opcode, though Zydis sometimes says so. */
	if (both->ours.props & INSN_STRING)
		return !both->ours.mandatory_prefix;
	for (u32 i = 0; i < both->theirs.raw.prefix_count; i++)
		if (both->theirs.raw.prefixes[i].type == ZYDIS_PREFIX_TYPE_MANDATORY)
			mandatory = both->theirs.raw.prefixes[i].value;
	return both->ours.mandatory_prefix == mandatory;
}

static bool widths_agree(const struct both *both)
{
	u32 theirs = both->theirs.operand_width / 8u;

	if (both->ours.address_size * 8 != both->theirs.address_width)
		return false;
	if (has_operand(both, OPERAND_CR) || has_operand(both, OPERAND_DR))
		return true; /* 32 bits, whatever the operand size is */
	return both->ours.mandatory_prefix || both->ours.operand_size == theirs ||
	       (theirs == 1 && !(both->ours.props & (INSN_STRING | INSN_IO)));
}

/* The aspects in which the two differ. */
static u32 compare(const struct both *both)
{
	u32 differing = 0;

	if (!results_agree(both->result, expected_result(both)))
		return VALIDITY;
	if (both->result != DECODE_OK)
		return 0;
	if (both->ours.length != both->theirs.length)
		return LENGTH;
	differing |= compare_operands(both);
	if (text_comparable(both) && !texts_agree(both))
		differing |= TEXT;
	if (!memory_agrees(both))
		differing |= MEMORY;
	if (!flags_agree(both))
		differing |= FLAGS;
	if (!classes_agree(both))
		differing |= CLASS;
	if (!alignment_agrees(both))
		differing |= ALIGN;
	if (!(both->ours.props & INSN_PRIVILEGED) !=
	    !(both->theirs.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED))
		differing |= PRIVILEGE;
	if (!(both->ours.props & INSN_BRANCH) != !is_branch(&both->theirs))
		differing |= BRANCH;
	if (!prefixes_agree(both))
		differing |= PREFIX;
	if (!widths_agree(both))
		differing |= WIDTH;
	return differing;
}

/* ---- reporting ------------------------------------------------------------------------------- */

/* One line for each kind of difference and mnemonic, not one for each of a million samples. */
static u32 differences, samples;
static u32 reported[ZYDIS_MNEMONIC_MAX_VALUE + 1];

static void report(const struct both *both, u32 differing)
{
	static const char *const names[] = {
		"validity", "length", "text",  "operands",  "size",   "access", "memory",
		"flags",    "class",  "align", "privilege", "branch", "prefix", "width",
	};
	ZydisMnemonic mnemonic = ZYAN_SUCCESS(both->status) ? both->theirs.mnemonic : 0;
	char mine[128] = "-", theirs[128] = "-";

	differences++;
	if (!(differing & ~reported[mnemonic]))
		return;
	reported[mnemonic] |= differing;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (differing & BIT(i))
			fprintf(stderr, "%s ", names[i]);
	fprintf(stderr, "differ, code%d:", both->sample->code32 ? 32 : 16);
	for (u32 i = 0; i < both->sample->size; i++)
		fprintf(stderr, " %02x", both->sample->bytes[i]);
	if (both->result == DECODE_OK)
		insn_format(&both->ours, EIP, mine, sizeof(mine));
	if (ZYAN_SUCCESS(both->status))
		ZydisFormatterFormatInstruction(&formatter, &both->theirs, both->operand,
						both->theirs.operand_count_visible, theirs,
						sizeof(theirs), EIP, NULL);
	fprintf(stderr, "\n\tours: %d \"%s\"  Zydis: %x \"%s\"\n", both->result, mine, both->status,
		theirs);
}

static u32 random_state;

static u32 random_u32(void)
{
	random_state = random_state * 1664525u + 1013904223u;
	return random_state ^ random_state >> 15;
}

static void check(const struct sample *sample);

/* One of the two knows from a part of the bytes that no instruction starts so, the other wants
 * more.  Then none does, however it goes on. */
static bool ambiguous(const struct both *both)
{
	if (both->result == DECODE_INVALID)
		return both->status == ZYDIS_STATUS_NO_MORE_DATA;
	return both->result == DECODE_TRUNCATED && expected_result(both) == DECODE_INVALID;
}

static void check_continuation(const struct sample *part)
{
	struct sample whole = *part;

	while (whole.size < sizeof(whole.bytes))
		whole.bytes[whole.size++] = (u8)(random_u32() >> 8);
	check(&whole);
}

static void check(const struct sample *sample)
{
	struct both both = { .sample = sample };
	u32 differing;

	both.result = insn_decode(sample->bytes, sample->size, sample->code32, &both.ours);
	both.status = ZydisDecoderDecodeFull(&decoders[sample->code32], sample->bytes, sample->size,
					     &both.theirs, both.operand);
	samples++;
	if (ambiguous(&both)) {
		check_continuation(sample);
		return;
	}
	differing = compare(&both) & ~aspects_to_ignore(&both);
	if (differing)
		report(&both, differing);
}

/* ---- the opcode space ------------------------------------------------------------------------ */

static const struct {
	u8 length;
	u8 bytes[3];
} prefix_sets[] = {
	{ 0, { 0 } },		{ 1, { 0x66 } },	{ 1, { 0xf2 } },
	{ 1, { 0xf3 } },	{ 1, { 0x67 } },	{ 1, { 0xf0 } },
	{ 2, { 0x66, 0xf2 } },	{ 2, { 0xf3, 0x66 } },	{ 2, { 0x66, 0x67 } },
	{ 2, { 0xf2, 0xf3 } },	{ 2, { 0xf3, 0xf2 } },	{ 2, { 0xf0, 0x66 } },
	{ 2, { 0xf2, 0xf0 } },	{ 1, { 0x64 } },	{ 2, { 0x65, 0x2e } },
	{ 3, { 0x36, 0x67, 0x26 } }, { 1, { 0x3e } },
};
static const struct {
	u8 length;
	u8 bytes[2];
} maps[] = { { 0, { 0 } }, { 1, { 0x0f } }, { 2, { 0x0f, 0x38 } }, { 2, { 0x0f, 0x3a } } };

static void check_opcode(u32 map, u32 prefix_set, u32 opcode, u32 modrm, bool code32)
{
	struct sample sample = { .size = INSN_MAX_LENGTH, .code32 = code32 };
	u32 at = 0;

	for (u32 i = 0; i < prefix_sets[prefix_set].length; i++)
		sample.bytes[at++] = prefix_sets[prefix_set].bytes[i];
	for (u32 i = 0; i < maps[map].length; i++)
		sample.bytes[at++] = maps[map].bytes[i];
	sample.bytes[at++] = (u8)opcode;
	sample.bytes[at++] = (u8)modrm;
	/* SIB, displacement and immediate: small, negative, large. */
	for (; at < INSN_MAX_LENGTH; at++)
		sample.bytes[at] = (u8)random_u32();
	check(&sample);
}

START_TEST(opcode_space_agrees_with_zydis)
{
	random_state = 1;
	for (u32 opcode = 0; opcode < 256; opcode++)
		for (u32 modrm = 0; modrm < 256; modrm++)
			for (u32 set = 0; set < ARRAY_SIZE(prefix_sets); set++) {
				/* All forms with the prefixes that select opcodes, else some. */
				if (set > 3 && (modrm * 7 + set) % 16)
					continue;
				check_opcode((u32)_i, set, opcode, modrm, true);
				if (set < 1 || (modrm + set) % 4 == 0)
					check_opcode((u32)_i, set, opcode, modrm, false);
			}
	printf("map %d: %u samples\n", _i, samples);
	ck_assert_uint_eq(differences, 0);
}
END_TEST

/* ---- random bytes ---------------------------------------------------------------------------- */

static u32 setting(const char *name, u32 otherwise)
{
	const char *text = getenv(name);

	return text ? (u32)strtoul(text, NULL, 0) : otherwise;
}

/* Prefixes and escapes are as likely as all else together, sizes from nothing to too much. */
static u8 random_byte(u32 position)
{
	static const u8 favourites[] = {
		0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
		0x0f, 0x0f, 0x0f, 0x0f, 0x38, 0x3a, 0x66, 0x66, 0xf2, 0xf3,
	};
	u32 random = random_u32() >> 8;

	if (position < 13 && random % 100 < 40)
		return favourites[(random >> 8) % ARRAY_SIZE(favourites)];
	return (u8)(random >> 12);
}

static void check_parts(const struct sample *sample)
{
	struct x86_insn whole, part;

	memset(&whole, 0, sizeof(whole)); /* padding */
	memset(&part, 0, sizeof(part));
	if (insn_decode(sample->bytes, sample->size, sample->code32, &whole) != DECODE_OK)
		return;
	for (u32 size = 0; size < whole.length; size++)
		ck_assert_int_eq(insn_decode(sample->bytes, size, sample->code32, &part),
				 DECODE_TRUNCATED);
	ck_assert_int_eq(insn_decode(sample->bytes, whole.length, sample->code32, &part),
			 DECODE_OK);
	ck_assert_int_eq(memcmp(&whole, &part, sizeof(whole)), 0);
}

START_TEST(part_of_an_instruction_is_truncated)
{
	u32 seed = setting("SEED", (u32)time(NULL)), count = setting("COUNT", 700000) / 16;

	printf("SEED=%u COUNT=%u\n", seed, count * 16);
	random_state = seed;
	for (u32 i = 0; i < count; i++) {
		struct sample sample = {
			.code32 = random_u32() >> 16 & 1, .size = INSN_MAX_LENGTH,
		};

		for (u32 at = 0; at < sample.size; at++)
			sample.bytes[at] = random_byte(at);
		check_parts(&sample);
	}
}
END_TEST

START_TEST(random_bytes_agree_with_zydis)
{
	u32 seed = setting("SEED", (u32)time(NULL)), count = setting("COUNT", 700000);

	printf("SEED=%u COUNT=%u\n", seed, count);
	random_state = seed;
	for (u32 i = 0; i < count; i++) {
		struct sample sample = { .code32 = random_u32() >> 16 & 1 };

		sample.size = sizeof(sample.bytes);
		if (!(random_u32() >> 20 & 7))
			sample.size = (random_u32() >> 16) % 16;
		for (u32 at = 0; at < sample.size; at++)
			sample.bytes[at] = random_byte(at);
		check(&sample);
	}
	ck_assert_uint_eq(differences, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode");
	TCase *tests = tcase_create("Zydis");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, opcode_space_agrees_with_zydis, 0, (int)ARRAY_SIZE(maps));
	tcase_add_test(tests, random_bytes_agree_with_zydis);
	tcase_add_test(tests, part_of_an_instruction_is_truncated);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
