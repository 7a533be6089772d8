/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Port I/O: IN and OUT, and who may use which port.  Where IOPL does not allow it (and in V86 always)
 * the bitmap of the TSS decides; the CPU reads two bytes of it, and both must lie within the limit.
 * [SDM1 18.5]
 */
#include "arch/x86/interp/handlers.h"
#include "arch/x86/interp/interp_priv.h"

static enum emul_result check_bitmap(struct interp *ip, u32 port, u32 size)
{
	const struct x86_segment *tr = &ip->cpu->tr;
	u32 base, bits, wanted = (1u << size) - 1;

	if (!(attr_type(tr->attr) & DESCRIPTOR_TYPE_32BIT) || tr->limit < 103)
		return raise_gp0(ip);
	TRY(lin_read32(ip, tr->base + 102, 2, 0, &base));
	base += port / 8;
	if (base + 1 > tr->limit)
		return raise_gp0(ip);
	TRY(lin_read32(ip, tr->base + base, 2, 0, &bits));
	return bits >> (port % 8) & wanted ? raise_gp0(ip) : EMUL_DONE;
}

/* I/O breakpoints, with CR4.DE [SDM3B 17.2.4]. */
static void note_breakpoints(struct interp *ip, u32 port, u32 size)
{
	const u32 dr7 = ip->cpu->dr[7];

	if (!(ip->cpu->cr4 & CR4_DE))
		return;
	for (u32 i = 0; i < 4; i++) {
		u32 extent = dr7 >> (18 + 4 * i) & 3;
		u32 first = ip->cpu->dr[i] & ~extent;

		if ((dr7 >> (2 * i) & 3) && (dr7 >> (16 + 4 * i) & 3) == 2 &&
		    port <= first + extent && port + size - 1 >= first)
			ip->dr6_hits |= BIT(i);
	}
}

enum emul_result io_check(struct interp *ip, u32 port, u32 size)
{
	const struct x86_cpu *cpu = ip->cpu;

	if (x86_protected_mode(cpu) && (cpu->cpl > x86_iopl(cpu) || x86_v86_mode(cpu)))
		TRY(check_bitmap(ip, port, size));
	if (UNLIKELY(cpu->dr[7] & 0xff))
		note_breakpoints(ip, port, size);
	return EMUL_DONE;
}

enum emul_result exec_in(struct interp *ip, const struct x86_insn *insn)
{
	const struct x86_operand *to = &insn->operand[0];
	u32 port;

	TRY(op_read(ip, insn, 1, &port));
	TRY(io_check(ip, port, to->size));
	gpr_write(ip->cpu, to->reg, to->size, bus_pio_read(ip->bus, (u16)port, to->size));
	return EMUL_DONE;
}

enum emul_result exec_out(struct interp *ip, const struct x86_insn *insn)
{
	const struct x86_operand *from = &insn->operand[1];
	u32 port;

	TRY(op_read(ip, insn, 0, &port));
	TRY(io_check(ip, port, from->size));
	bus_pio_write(ip->bus, (u16)port, from->size, gpr_read(ip->cpu, from->reg, from->size));
	return EMUL_DONE;
}
