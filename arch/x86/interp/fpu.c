/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x87, MMX and SSE.  Their arithmetic is not written again here: the instruction itself is executed on
 * the guest's FPU state (arch_fpu_execute), re-encoded so that a memory operand is a bounce buffer at
 * [EDI] and a general register is EAX.  Around that: the checks of CR0 and CR4, the operand's way from
 * and to guest memory with its faults first, and the x87's record of its last instruction, which the
 * FPU cannot know here.
 *
 * With CR0.NE clear a PC reports x87 errors by IRQ 13; here they are #MF in any case.
 */
#include "arch/x86/interp/fpu.h"

#include "arch/x86/interp/handlers.h"
#include "hv/arch.h"

/* ---- availability -------------------------------------------------------------------------------- */
enum emul_result fpu_check_x87(struct interp *ip)
{
	return ip->cpu->cr0 & (CR0_EM | CR0_TS) ? raise(ip, EXCP_NM) : EMUL_DONE;
}

enum emul_result fpu_check_mmx(struct interp *ip)
{
	if (ip->cpu->cr0 & CR0_EM)
		return raise_ud(ip);
	return ip->cpu->cr0 & CR0_TS ? raise(ip, EXCP_NM) : EMUL_DONE;
}

enum emul_result fpu_check_sse(struct interp *ip)
{
	if (!(ip->cpu->cr4 & CR4_OSFXSR))
		return raise_ud(ip);
	return fpu_check_mmx(ip);
}

static enum emul_result check(struct interp *ip, const struct x86_insn *insn)
{
	const u32 wait_bits = CR0_MP | CR0_TS;

	if (insn->op == OP_FWAIT)
		return (ip->cpu->cr0 & wait_bits) == wait_bits ? raise(ip, EXCP_NM) : EMUL_DONE;
	if (insn->props & INSN_X87)
		return fpu_check_x87(ip);
	return insn->props & INSN_SSE ? fpu_check_sse(ip) : fpu_check_mmx(ip);
}

/* ---- re-encoding ------------------------------------------------------------------------------------ */
/* ModRM fields name the operands; a general register among them is replaced by EAX. */
struct bounce {
	u8 code[16];
	u32 length;
	bool has_memory;
	u32 size;   /* of the memory operand */
	u8 access;
	u8 gpr;     /* the register that EAX stands for, or REG_NONE */
};

static void emit(struct bounce *bounce, u32 byte)
{
	bounce->code[bounce->length++] = (u8)byte;
}

/* Is ModRM.reg (not rm) the general register?  Then rm is an MMX, XMM or memory operand. */
static bool gpr_is_in_reg(const struct x86_insn *insn, u32 index)
{
	/* Only moves to memory or register name their destination in rm: those have the vector
	 * register second. */
	if (insn->operand_count > 1 && insn->operand[!index].kind == OPERAND_MEM)
		return true;
	return (insn->modrm >> 3 & 7) == insn->operand[index].reg && index == 0 &&
	       insn->op != OP_MOVD && insn->op != OP_PEXTRB && insn->op != OP_PEXTRD &&
	       insn->op != OP_EXTRACTPS && !(insn->op == OP_PEXTRW && insn->map == MAP_0F3A);
}

static void find_operands(const struct x86_insn *insn, struct bounce *bounce, u32 *modrm)
{
	bounce->gpr = REG_NONE;
	for (u32 i = 0; i < insn->operand_count; i++) {
		const struct x86_operand *operand = &insn->operand[i];

		if (operand->kind == OPERAND_MEM) {
			bounce->has_memory = true;
			bounce->size = operand->size;
			bounce->access = operand->access;
			*modrm = (*modrm & 0x38) | 7; /* [EDI] */
		} else if (operand->kind == OPERAND_REG) {
			bounce->gpr = operand->reg;
			if (insn->props & INSN_X87)
				continue; /* FNSTSW AX */
			*modrm &= gpr_is_in_reg(insn, i) ? ~0x38u : ~7u;
		}
	}
}

static void encode(const struct x86_insn *insn, struct bounce *bounce)
{
	u32 modrm = insn->modrm;
	bool has_immediate = false;

	find_operands(insn, bounce, &modrm);
	for (u32 i = 0; i < insn->operand_count; i++)
		has_immediate |= insn->operand[i].kind == OPERAND_IMM;
	if (insn->mandatory_prefix)
		emit(bounce, insn->mandatory_prefix);
	if (insn->map != MAP_ONE_BYTE)
		emit(bounce, 0x0f);
	if (insn->map == MAP_0F38)
		emit(bounce, 0x38);
	if (insn->map == MAP_0F3A)
		emit(bounce, 0x3a);
	emit(bounce, insn->opcode);
	if (insn->has_modrm)
		emit(bounce, modrm);
	if (has_immediate)
		emit(bounce, insn->imm);
	if (insn->op == OP_MASKMOVQ || insn->op == OP_MASKMOVDQU) {
		bounce->has_memory = true;
		bounce->size = insn->op == OP_MASKMOVQ ? 8 : 16;
		bounce->access = OPERAND_READ | OPERAND_WRITE;
	}
}

/* SSE4.2's text comparisons take lengths in EAX and EDX and answer in ECX.  The registers of the host
 * that the code may not touch are kept on the stack: 15 bytes in all, as many as are allowed. */
static bool is_string_compare(const struct x86_insn *insn)
{
	return insn->op == OP_PCMPESTRI || insn->op == OP_PCMPESTRM || insn->op == OP_PCMPISTRI ||
	       insn->op == OP_PCMPISTRM;
}

#define BOUNCE_EDX 16 /* behind the operand in the bounce buffer */

static void wrap_string_compare(struct interp *ip, struct bounce *bounce)
{
	const struct bounce inner = *bounce;

	bounce->length = 0;
	memcpy(ip->fpu_bounce + BOUNCE_EDX, &ip->cpu->gpr[REG_EDX], 4);
	emit(bounce, 0x52); /* push edx */
	emit(bounce, 0x51); /* push ecx */
	emit(bounce, 0x8b); /* mov edx, [edi + 16] */
	emit(bounce, 0x57);
	emit(bounce, BOUNCE_EDX);
	for (u32 i = 0; i < inner.length; i++)
		emit(bounce, inner.code[i]);
	emit(bounce, 0x91); /* xchg eax, ecx */
	emit(bounce, 0x59); /* pop ecx */
	emit(bounce, 0x5a); /* pop edx */
}

/* ---- operands in memory ------------------------------------------------------------------------------ */
static u32 natural_alignment(const struct x86_insn *insn, u32 size)
{
	if (insn->props & INSN_X87)
		return size == 10 ? 8 : size & (0 - size);
	return size == 16 ? 1 : size; /* 16 bytes: either #GP by INSN_ALIGN16, or unaligned */
}

/* Check the operand, remember where it goes, and bring what is there into the bounce buffer: also for
 * stores, because an x87 store with an unmasked exception stores nothing. */
static enum emul_result open_memory(struct interp *ip, const struct x86_insn *insn,
				    const struct bounce *bounce, struct mem_place *place)
{
	bool write = bounce->access & OPERAND_WRITE;
	u32 linear, user = access_user(ip);

	TRY(mem_check(ip, insn->mem.seg, op_offset(ip, insn), bounce->size, write, &linear));
	if (insn->props & INSN_ALIGN16 && linear & 15)
		return raise_gp0(ip);
	TRY(mem_align(ip, linear, natural_alignment(insn, bounce->size)));
	if (!write)
		return lin_read(ip, linear, ip->fpu_bounce, bounce->size, user);
	TRY(lin_place(ip, linear, bounce->size, user, place));
	if (bounce->access & OPERAND_READ || insn->props & INSN_X87)
		place_read(ip, place, ip->fpu_bounce);
	return EMUL_DONE;
}

/* ---- the x87's last instruction ------------------------------------------------------------------------ */
static bool is_control(const struct x86_insn *insn)
{
	switch (insn->op) {
	case OP_FWAIT:
	case OP_FLDCW:
	case OP_FNSTCW:
	case OP_FNSTSW:
	case OP_FNCLEX:
		return true;
	default:
		return !(insn->props & INSN_X87);
	}
}

#define POINTERS_SIZE (FPU_MXCSR - FPU_FOP)

static void record_instruction(struct interp *ip, const struct x86_insn *insn,
			       const struct bounce *bounce)
{
	u16 fop = (u16)((insn->opcode & 7) << 8 | insn->modrm);
	u32 fdp = bounce->has_memory ? op_offset(ip, insn) : 0;
	u8 *image = ip->cpu->fpu;

	memcpy(image + FPU_FOP, &fop, 2);
	memcpy(image + FPU_FIP, &ip->start_eip, 4);
	memcpy(image + FPU_FCS, &ip->cpu->seg[SREG_CS].selector, 2);
	if (!bounce->has_memory)
		return;
	memcpy(image + FPU_FDP, &fdp, 4);
	memcpy(image + FPU_FDS, &ip->cpu->seg[insn->mem.seg].selector, 2);
}

/* ---- all together ----------------------------------------------------------------------------------------- */
static enum emul_result raise_fpu(struct interp *ip, int vector)
{
	if (vector == EXCP_XM && !(ip->cpu->cr4 & CR4_OSXMMEXCPT))
		return raise_ud(ip);
	return raise(ip, (u8)vector);
}

static enum emul_result run(struct interp *ip, const struct x86_insn *insn, struct bounce *bounce)
{
	struct x86_cpu *cpu = ip->cpu;
	u32 flags = cpu->eflags & EFLAGS_ARITH, eax = cpu->gpr[REG_EAX];
	u8 pointers[POINTERS_SIZE];
	int vector;

	if (bounce->gpr != REG_NONE)
		eax = cpu->gpr[bounce->gpr];
	memcpy(pointers, cpu->fpu + FPU_FOP, POINTERS_SIZE);
	vector = arch_fpu_execute(bounce->code, bounce->length, ip->fpu_bounce, cpu->fpu, &eax,
				  &flags);
	if (vector >= 0)
		return raise_fpu(ip, vector);
	memcpy(cpu->fpu + FPU_FOP, pointers, POINTERS_SIZE);
	if (insn->props & INSN_WRITES_ARITH)
		flags_load(cpu, flags, EFLAGS_ARITH);
	if (is_string_compare(insn)) {
		if (insn->op == OP_PCMPESTRI || insn->op == OP_PCMPISTRI)
			cpu->gpr[REG_ECX] = eax;
	} else if (bounce->gpr != REG_NONE) {
		cpu->gpr[bounce->gpr] = eax;
	}
	return EMUL_DONE;
}

enum emul_result exec_fpu(struct interp *ip, const struct x86_insn *insn)
{
	struct bounce bounce = { .length = 0 };
	struct mem_place place;

	TRY(check(ip, insn));
	encode(insn, &bounce);
	if (bounce.has_memory)
		TRY(open_memory(ip, insn, &bounce, &place));
	if (is_string_compare(insn))
		wrap_string_compare(ip, &bounce);
	TRY(run(ip, insn, &bounce));
	if (bounce.has_memory && bounce.access & OPERAND_WRITE)
		place_write(ip, &place, ip->fpu_bounce);
	if (insn->op == OP_FNINIT)
		fpu_env_reset(ip);
	else if (!is_control(insn))
		record_instruction(ip, insn, &bounce);
	return EMUL_DONE;
}
