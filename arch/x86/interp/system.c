/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control and debug registers, the descriptor-table registers, and the other instructions by which a
 * kernel governs the CPU.  What only CPL 0 may do is checked by interp_step (INSN_PRIVILEGED); what
 * depends on IOPL, CR4 or the mode is checked here.
 */
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"

/* ---- control registers ------------------------------------------------------------------------- */
#define CR0_BITS                                                                                   \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG)

static void flushed(struct interp *ip, enum tlb_flush kind, u32 address)
{
	tlb_flush_kind(ip, kind, address);
	ip->ops->tlb_flushed(ip->opaque, kind, gva(address));
}

/* Load the PDPTEs if PAE paging is on; #GP(0) if they are bad. */
static enum emul_result load_pdptes(struct interp *ip)
{
	if (!(ip->cpu->cr0 & CR0_PG) || !(ip->cpu->cr4 & CR4_PAE))
		return EMUL_DONE;
	return mmu_load_pdptes(ip->cpu, ip->gmem) ? EMUL_DONE : raise_gp0(ip);
}

static enum emul_result set_cr0(struct interp *ip, u32 value)
{
	struct x86_cpu *cpu = ip->cpu;
	u32 old = cpu->cr0, changed;

	value = (value & CR0_BITS) | CR0_ET;
	changed = old ^ value;
	if ((value & CR0_PG && !(value & CR0_PE)) || (value & CR0_NW && !(value & CR0_CD)))
		return raise_gp0(ip);
	cpu->cr0 = value;
	if (changed & (CR0_PG | CR0_CD | CR0_NW) && load_pdptes(ip) != EMUL_DONE) {
		cpu->cr0 = old;
		return EMUL_FAULT;
	}
	if (changed & CR0_PE)
		cpu->cpl = 0;
	if (changed & (CR0_PG | CR0_WP | CR0_PE))
		flushed(ip, TLB_FLUSH_ALL, 0);
	return EMUL_DONE;
}

enum emul_result system_set_cr3(struct interp *ip, u32 value)
{
	u32 old = ip->cpu->cr3;

	ip->cpu->cr3 = value;
	if (load_pdptes(ip) != EMUL_DONE) {
		ip->cpu->cr3 = old;
		return EMUL_FAULT;
	}
	flushed(ip, TLB_FLUSH_NON_GLOBAL, 0);
	return EMUL_DONE;
}

static enum emul_result set_cr4(struct interp *ip, u32 value)
{
	const u32 paging_bits = CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP;
	u32 old = ip->cpu->cr4, changed = old ^ value;

	if (value & ~ip->ops->cr4_allowed)
		return raise_gp0(ip);
	ip->cpu->cr4 = value;
	if (changed & paging_bits && load_pdptes(ip) != EMUL_DONE) {
		ip->cpu->cr4 = old;
		return EMUL_FAULT;
	}
	if (changed & paging_bits)
		flushed(ip, TLB_FLUSH_ALL, 0);
	return EMUL_DONE;
}

enum emul_result exec_mov_from_cr(struct interp *ip, const struct x86_insn *insn)
{
	const struct x86_cpu *cpu = ip->cpu;
	const u32 value[8] = { cpu->cr0, 0, cpu->cr2, cpu->cr3, cpu->cr4 };

	ip->cpu->gpr[insn->operand[0].reg] = value[insn->operand[1].reg & 7];
	return EMUL_DONE;
}

enum emul_result exec_mov_to_cr(struct interp *ip, const struct x86_insn *insn)
{
	u32 value = ip->cpu->gpr[insn->operand[1].reg];

	switch (insn->operand[0].reg) {
	case 0:
		return set_cr0(ip, value);
	case 2:
		ip->cpu->cr2 = value;
		return EMUL_DONE;
	case 3:
		return system_set_cr3(ip, value);
	case 4:
		return set_cr4(ip, value);
	default:
		return raise_ud(ip);
	}
}

enum emul_result exec_clts(struct interp *ip, const struct x86_insn *insn)
{
	(void)insn;
	ip->cpu->cr0 &= ~CR0_TS;
	return EMUL_DONE;
}

/* CR4.UMIP hides the tables from user code. */
static enum emul_result check_umip(struct interp *ip)
{
	return ip->cpu->cr4 & CR4_UMIP && ip->cpu->cpl ? raise_gp0(ip) : EMUL_DONE;
}

enum emul_result exec_smsw(struct interp *ip, const struct x86_insn *insn)
{
	TRY(check_umip(ip));
	return op_write(ip, insn, 0, ip->cpu->cr0);
}

/* Loads PE, MP, EM and TS; PE can only be set. */
enum emul_result exec_lmsw(struct interp *ip, const struct x86_insn *insn)
{
	u32 value, old = ip->cpu->cr0;

	TRY(op_read(ip, insn, 0, &value));
	return set_cr0(ip, (old & ~(CR0_MP | CR0_EM | CR0_TS)) | (value & 0xf));
}

enum emul_result exec_invlpg(struct interp *ip, const struct x86_insn *insn)
{
	flushed(ip, TLB_FLUSH_PAGE, ip->cpu->seg[insn->mem.seg].base + op_offset(ip, insn));
	return EMUL_DONE;
}

/* ---- debug registers ------------------------------------------------------------------------------ */
#define DR6_WRITABLE 0x0000e00fu
#define DR7_RESERVED 0x0000d800u /* read as 0 */

/* DR4 and DR5 are other names of DR6 and DR7, unless CR4.DE; DR7.GD traps every access. */
static enum emul_result debug_register(struct interp *ip, u32 *reg)
{
	if (*reg == 4 || *reg == 5) {
		if (ip->cpu->cr4 & CR4_DE)
			return raise_ud(ip);
		*reg += 2;
	}
	if (ip->cpu->dr[7] & DR7_GD) {
		raise(ip, EXCP_DB);
		ip->cpu->fault.dr6 = DR6_BD;
		return EMUL_FAULT;
	}
	return EMUL_DONE;
}

enum emul_result exec_mov_from_dr(struct interp *ip, const struct x86_insn *insn)
{
	u32 reg = insn->operand[1].reg;

	TRY(debug_register(ip, &reg));
	ip->cpu->gpr[insn->operand[0].reg] = ip->cpu->dr[reg];
	return EMUL_DONE;
}

enum emul_result exec_mov_to_dr(struct interp *ip, const struct x86_insn *insn)
{
	u32 reg = insn->operand[0].reg, value = ip->cpu->gpr[insn->operand[1].reg];

	TRY(debug_register(ip, &reg));
	if (reg == 6)
		value = (value & DR6_WRITABLE) | DR6_FIXED;
	if (reg == 7)
		value = (value & ~DR7_RESERVED) | DR7_FIXED;
	ip->cpu->dr[reg] = value;
	tlb_sync(ip);
	return EMUL_DONE;
}

/* ---- descriptor tables ------------------------------------------------------------------------------ */
static enum emul_result load_table(struct interp *ip, const struct x86_insn *insn,
				   struct x86_table *table)
{
	u32 offset = op_offset(ip, insn), limit, base;

	TRY(mem_read(ip, insn->mem.seg, offset, 2, &limit));
	TRY(mem_read(ip, insn->mem.seg, offset + 2, 4, &base));
	table->limit = (u16)limit;
	table->base = insn->operand_size == 2 ? base & 0xffffff : base;
	return EMUL_DONE;
}
enum emul_result exec_lgdt(struct interp *ip, const struct x86_insn *insn)
{
	return load_table(ip, insn, &ip->cpu->gdtr);
}
enum emul_result exec_lidt(struct interp *ip, const struct x86_insn *insn)
{
	return load_table(ip, insn, &ip->cpu->idtr);
}

static enum emul_result store_table(struct interp *ip, const struct x86_insn *insn,
				    const struct x86_table *table)
{
	u32 base = insn->operand_size == 2 ? table->base & 0xffffff : table->base;
	u8 image[6];

	TRY(check_umip(ip));
	memcpy(image, &table->limit, 2);
	memcpy(image + 2, &base, 4);
	return mem_write_block(ip, insn->mem.seg, op_offset(ip, insn), image, sizeof(image), 4);
}
enum emul_result exec_sgdt(struct interp *ip, const struct x86_insn *insn)
{
	return store_table(ip, insn, &ip->cpu->gdtr);
}
enum emul_result exec_sidt(struct interp *ip, const struct x86_insn *insn)
{
	return store_table(ip, insn, &ip->cpu->idtr);
}

static enum emul_result store_selector(struct interp *ip, const struct x86_insn *insn,
				       u16 selector)
{
	if (x86_real_segments(ip->cpu))
		return raise_ud(ip);
	TRY(check_umip(ip));
	return op_write(ip, insn, 0, selector);
}
enum emul_result exec_sldt(struct interp *ip, const struct x86_insn *insn)
{
	return store_selector(ip, insn, ip->cpu->ldtr.selector);
}
enum emul_result exec_str(struct interp *ip, const struct x86_insn *insn)
{
	return store_selector(ip, insn, ip->cpu->tr.selector);
}

/* LLDT and LTR take a system descriptor from the GDT. */
static enum emul_result system_selector(struct interp *ip, const struct x86_insn *insn,
					u16 *selector)
{
	u32 value;

	if (x86_real_segments(ip->cpu))
		return raise_ud(ip);
	if (ip->cpu->cpl)
		return raise_gp0(ip);
	TRY(op_read(ip, insn, 0, &value));
	*selector = (u16)value;
	return value & SEL_TI ? raise_sel(ip, EXCP_GP, *selector) : EMUL_DONE;
}

enum emul_result exec_lldt(struct interp *ip, const struct x86_insn *insn)
{
	struct descriptor d;
	u16 selector;

	TRY(system_selector(ip, insn, &selector));
	if (selector_is_null(selector)) {
		segment_null(&ip->cpu->ldtr);
		ip->cpu->ldtr.selector = selector;
		return EMUL_DONE;
	}
	TRY(desc_read(ip, selector, EXCP_GP, &d));
	if ((d.attr & (SEG_S | SEG_TYPE)) != DESCRIPTOR_LDT)
		return raise_sel(ip, EXCP_GP, selector);
	if (!(d.attr & SEG_P))
		return raise_sel(ip, EXCP_NP, selector);
	ip->cpu->ldtr = descriptor_segment(d.raw, selector);
	return EMUL_DONE;
}

enum emul_result exec_ltr(struct interp *ip, const struct x86_insn *insn)
{
	struct descriptor d;
	u16 selector;

	TRY(system_selector(ip, insn, &selector));
	if (selector_is_null(selector))
		return raise_gp0(ip);
	TRY(desc_read(ip, selector, EXCP_GP, &d));
	if (!attr_is_tss(d.attr, false))
		return raise_sel(ip, EXCP_GP, selector);
	if (!(d.attr & SEG_P))
		return raise_sel(ip, EXCP_NP, selector);
	TRY(desc_set_busy(ip, &d, true));
	ip->cpu->tr = descriptor_segment(d.raw, selector);
	ip->cpu->tr.attr |= DESCRIPTOR_TYPE_BUSY;
	return EMUL_DONE;
}

/* ---- interrupt flag, HLT ------------------------------------------------------------------------------ */
/* Which flag CLI and STI work on: IF if IOPL allows; else VIF with VME in V86 or PVI at CPL 3; 0 is
 * #GP(0). */
static u32 interrupt_flag(const struct x86_cpu *cpu)
{
	if (!x86_protected_mode(cpu) || cpu->cpl <= x86_iopl(cpu))
		return EFLAGS_IF;
	if (cpu->cpl == 3 && (cpu->cr4 & (x86_v86_mode(cpu) ? CR4_VME : CR4_PVI)))
		return EFLAGS_VIF;
	return 0;
}

enum emul_result exec_cli(struct interp *ip, const struct x86_insn *insn)
{
	u32 flag = interrupt_flag(ip->cpu);

	(void)insn;
	if (!flag)
		return raise_gp0(ip);
	ip->cpu->eflags &= ~flag;
	return EMUL_DONE;
}

enum emul_result exec_sti(struct interp *ip, const struct x86_insn *insn)
{
	u32 flag = interrupt_flag(ip->cpu);

	(void)insn;
	if (!flag || (flag == EFLAGS_VIF && (ip->cpu->eflags & EFLAGS_VIP)))
		return raise_gp0(ip);
	if (flag == EFLAGS_IF && !(ip->cpu->eflags & EFLAGS_IF))
		ip->new_shadow |= SHADOW_STI;
	ip->cpu->eflags |= flag;
	return EMUL_DONE;
}

enum emul_result exec_hlt(struct interp *ip, const struct x86_insn *insn)
{
	(void)insn;
	ip->cpu->activity = CPU_HALTED;
	return EMUL_DONE;
}
