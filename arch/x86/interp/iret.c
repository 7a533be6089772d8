/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IRET in all its forms: real mode, V86 (IOPL-sensitive, with VME if it is on), back to the task that
 * the TSS links to, from the kernel into V86, and otherwise a far return that also loads EFLAGS.
 * Which flags are loaded depends on CPL and IOPL before the return.  [SDM2 IRET; SDM3B 20.2, 20.3]
 */
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"

#define IRET_FLAGS                                                                                 \
	(EFLAGS_ARITH | EFLAGS_TF | EFLAGS_DF | EFLAGS_NT | EFLAGS_RF | EFLAGS_AC | EFLAGS_ID)

static enum emul_result iret_to_v86(struct interp *ip, const struct far_frame *frame, u32 flags)
{
	static const u8 order[] = { SREG_SS, SREG_ES, SREG_DS, SREG_FS, SREG_GS };
	struct x86_cpu *cpu = ip->cpu;
	u32 esp, selector[ARRAY_SIZE(order)];

	TRY(stack_peek(ip, 12, 4, &esp));
	for (u32 i = 0; i < ARRAY_SIZE(order); i++)
		TRY(stack_peek(ip, 16 + 4 * i, 4, &selector[i]));
	if (frame->eip > 0xffff)
		return raise_gp0(ip);
	cpu->eflags = (flags & (IRET_FLAGS | EFLAGS_IF | EFLAGS_IOPL | EFLAGS_VIF | EFLAGS_VIP)) |
		      EFLAGS_VM | EFLAGS_FIXED;
	cpu->cpl = 3;
	segment_load_v86(ip, SREG_CS, frame->cs);
	for (u32 i = 0; i < ARRAY_SIZE(order); i++)
		segment_load_v86(ip, order[i], (u16)selector[i]);
	cpu->gpr[REG_ESP] = esp;
	cpu->eip = frame->eip;
	return EMUL_DONE;
}

static enum emul_result iret_task(struct interp *ip)
{
	struct descriptor d;
	u16 link;

	TRY(lin_read(ip, ip->cpu->tr.base, &link, 2, 0));
	if (link & SEL_TI || !desc_locate(ip, link, &d.address))
		return raise_sel(ip, EXCP_TS, link);
	TRY(desc_read(ip, link, EXCP_TS, &d));
	if (!attr_is_tss(d.attr, true))
		return raise_sel(ip, EXCP_TS, link);
	if (!(d.attr & SEG_P))
		return raise_sel(ip, EXCP_NP, link);
	return task_switch(ip, link, &d, TASK_IRET, NULL);
}

/* Virtual-8086 extensions: a 16-bit IRET with IOPL < 3 works on VIF. */
static enum emul_result iret_vme(struct interp *ip, const struct far_frame *frame, u32 flags)
{
	if (((flags & EFLAGS_IF) && (ip->cpu->eflags & EFLAGS_VIP)) || (flags & EFLAGS_TF))
		return raise_gp0(ip);
	TRY(far_return_real(ip, frame));
	flags_load(ip->cpu, flags, IRET_FLAGS & 0xffff);
	flags_load(ip->cpu, flags & EFLAGS_IF ? EFLAGS_VIF : 0, EFLAGS_VIF);
	return EMUL_DONE;
}

static u32 iret_mask(const struct x86_cpu *cpu, u32 size)
{
	u32 mask = IRET_FLAGS;

	if (cpu->cpl <= x86_iopl(cpu))
		mask |= EFLAGS_IF;
	if (cpu->cpl == 0)
		mask |= EFLAGS_IOPL;
	if (cpu->cpl == 0 && x86_protected_mode(cpu))
		mask |= EFLAGS_VIF | EFLAGS_VIP;
	return size == 2 ? mask & 0xffff : mask;
}

enum emul_result exec_iret(struct interp *ip, const struct x86_insn *insn)
{
	struct x86_cpu *cpu = ip->cpu;
	struct far_frame frame = { .size = insn->operand_size, .release = 3u * insn->operand_size };
	bool real = x86_real_segments(cpu);
	u32 flags, mask = iret_mask(cpu, frame.size);

	if (!real && (cpu->eflags & EFLAGS_NT))
		return iret_task(ip);
	if (x86_v86_mode(cpu) && x86_iopl(cpu) < 3 && (!(cpu->cr4 & CR4_VME) || frame.size == 4))
		return raise_gp0(ip);
	TRY(far_read_frame(ip, &frame));
	TRY(stack_peek(ip, 2 * frame.size, frame.size, &flags));
	if (x86_v86_mode(cpu) && x86_iopl(cpu) < 3)
		return iret_vme(ip, &frame, flags);
	cpu->nmi_blocked = 0;
	if (!real && (flags & EFLAGS_VM) && frame.size == 4 && cpu->cpl == 0)
		return iret_to_v86(ip, &frame, flags);
	TRY(real ? far_return_real(ip, &frame) : far_return_protected(ip, &frame));
	flags_load(cpu, flags, mask);
	return EMUL_DONE;
}
