/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System instructions and the FPU's edges in the interpreter: control and debug registers, MSRs,
 * descriptor tables, ports and their bitmap, SYSENTER, PAE; FPU availability, state images, errors.
 */
#include "tests/unit/interp_rig.h"

#define MOV_CR0_EAX 0x0f, 0x22, 0xc0
#define MOV_CR3_EAX 0x0f, 0x22, 0xd8
#define MOV_CR4_EAX 0x0f, 0x22, 0xe0

static void set_eax(u32 value)
{
	rig->cpu.gpr[REG_EAX] = value;
}

/* ---- control registers ---------------------------------------------------------------------------- */
START_TEST(cr0_refuses_impossible_combinations)
{
	set_eax(CR0_PG);
	FAULTS_CODE(EXCP_GP, 0, MOV_CR0_EAX);
	set_eax(CR0_PE | CR0_NW);
	FAULTS_CODE(EXCP_GP, 0, MOV_CR0_EAX);
	set_eax(CR0_PE | 0x0000ffc0);
	STEP(MOV_CR0_EAX);
	ck_assert_uint_eq(rig->cpu.cr0, CR0_PE | CR0_ET);
	STEP(0x0f, 0x20, 0xc3); /* mov ebx, cr0 */
	ck_assert_uint_eq(rig->cpu.gpr[REG_EBX], CR0_PE | CR0_ET);
}
END_TEST

START_TEST(cr4_refuses_what_is_not_allowed)
{
	set_eax(CR4_SMEP);
	FAULTS_CODE(EXCP_GP, 0, MOV_CR4_EAX);
	set_eax(CR4_PSE | CR4_PGE);
	STEP(MOV_CR4_EAX);
	ck_assert_uint_eq(rig->cpu.cr4, CR4_PSE | CR4_PGE);
	ck_assert_uint_eq(rig->flushes, 1);
}
END_TEST

START_TEST(user_code_may_not_touch_them)
{
	rig_ring(3);
	FAULTS_CODE(EXCP_GP, 0, MOV_CR0_EAX);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x20, 0xc0);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x06); /* CLTS */
	FAULTS_CODE(EXCP_GP, 0, 0xf4);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x09);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x30);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x01, 0x10); /* LGDT */
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x01, 0x38); /* INVLPG */
	FAULTS_CODE(EXCP_GP, 0, 0xfa);
	STEP(0x0f, 0x01, 0xe3); /* SMSW: allowed */
	ck_assert_uint_eq(rig->cpu.gpr[REG_EBX], rig->cpu.cr0);
	rig->cpu.cr4 |= CR4_UMIP;
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x01, 0xe3);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x00, 0xc8); /* STR */
}
END_TEST

START_TEST(lmsw_sets_pe_and_cannot_clear_it)
{
	rig_real_mode();
	set_eax(0xf);
	STEP(0x0f, 0x01, 0xf0);
	ck_assert_uint_eq(rig->cpu.cr0 & 0xf, 0xf);
	rig->cpu.eip = RIG_CODE;
	set_eax(0);
	STEP(0x0f, 0x01, 0xf0);
	ck_assert_uint_eq(rig->cpu.cr0 & 0xf, CR0_PE);
}
END_TEST

START_TEST(a_switch_to_protected_mode_and_back_works)
{
	rig_real_mode();
	rig_write32(0x600, 0x2ff | RIG_GDT << 16);
	rig_write32(0x604, 0);
	STEP(0x0f, 0x01, 0x16, LE16(0x600)); /* lgdt */
	ck_assert_uint_eq(rig->cpu.gdtr.base, RIG_GDT);
	STEP(0x66, 0xb8, LE32(CR0_PE | CR0_ET));
	STEP(MOV_CR0_EAX);
	STEP(0x66, 0xea, LE32(0x5000), LE16(SEL_CODE0));
	ck_assert_uint_eq(rig->cpu.eip, 0x5000);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].attr & SEG_DB, SEG_DB);
	rig_descriptor(SEL_FREE, 0, 0xffff, ATTR_CODE16(0u));
	STEP(0xea, LE32(0x5100), LE16(SEL_FREE));
	STEP(0x66, 0xb8, LE32(CR0_ET));
	STEP(MOV_CR0_EAX);
	STEP(0xea, LE16(0x10), LE16(0x600));
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].base, 0x6000);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].attr & SEG_DB, 0);
	ck_assert_uint_eq(rig->cpu.cpl, 0);
}
END_TEST

START_TEST(bad_pdptes_refuse_the_load)
{
	rig_write32(0x40000, 0x41000 | 1);
	rig_write32(0x40008, 0x42000 | 0x1e7); /* reserved bits */
	rig->cpu.cr4 |= CR4_PAE;
	rig->cpu.cr3 = 0x40000;
	set_eax(CR0_PE | CR0_PG);
	FAULTS_CODE(EXCP_GP, 0, MOV_CR0_EAX);
	ck_assert_uint_eq(rig->cpu.cr0 & CR0_PG, 0);
	rig_write32(0x40008, 0);
	rig_write32(0x41000, 0x83); /* 2 MB page */
	STEP(MOV_CR0_EAX);
	STEP(0x90);
	rig_write32(0x40020, 0xffe | 1);
	set_eax(0x40020);
	FAULTS_CODE(EXCP_GP, 0, MOV_CR3_EAX);
	ck_assert_uint_eq(rig->cpu.cr3, 0x40000);
}
END_TEST

/* ---- debug registers ------------------------------------------------------------------------------------ */
START_TEST(debug_registers_have_fixed_bits_and_aliases)
{
	set_eax(0xffffffff);
	STEP(0x0f, 0x23, 0xf0); /* mov dr6, eax */
	ck_assert_uint_eq(rig->cpu.dr[6], 0xffffefff);
	set_eax(0);
	STEP(0x0f, 0x23, 0xe0); /* dr4 = dr6 */
	ck_assert_uint_eq(rig->cpu.dr[6], DR6_FIXED);
	STEP(0x0f, 0x23, 0xf8);
	ck_assert_uint_eq(rig->cpu.dr[7], DR7_FIXED);
	rig->cpu.cr4 |= CR4_DE;
	FAULTS(EXCP_UD, 0x0f, 0x23, 0xe0);
}
END_TEST

/* ---- MSRs, CPUID, TSC -------------------------------------------------------------------------------------- */
static void set_msr(u32 index, u32 low, u32 high)
{
	rig->cpu.gpr[REG_ECX] = index;
	rig->cpu.gpr[REG_EAX] = low;
	rig->cpu.gpr[REG_EDX] = high;
}

START_TEST(msrs_exist_if_announced)
{
	set_msr(0x17, 0, 0);
	STEP(0x0f, 0x32);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 0x3456789a);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EDX], 0x12);
	set_msr(0x18, 0, 0);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x32);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x30);
	set_msr(MSR_SYSENTER_CS, 8, 0); /* no SEP */
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x30);
	set_msr(MSR_PAT, 0x00070406, 0x00070406);
	STEP(0x0f, 0x30);
	set_msr(MSR_PAT, 0x02, 0);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x30);
	set_msr(MSR_EFER, (u32)EFER_NXE, 0);
	STEP(0x0f, 0x30);
	ck_assert_uint_eq(rig->cpu.efer, EFER_NXE);
	set_msr(MSR_EFER, 1, 0);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x30);
}
END_TEST

START_TEST(the_tsc_can_be_written_and_forbidden)
{
	set_msr(MSR_TSC, 5000, 1);
	STEP(0x0f, 0x30);
	STEP(0x0f, 0x31);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 5000);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EDX], 1);
	rig->cpu.cr4 |= CR4_TSD;
	STEP(0x0f, 0x31);
	rig_ring(3);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x31);
}
END_TEST

START_TEST(cpuid_is_the_owners)
{
	set_eax(1);
	STEP(0x0f, 0xa2);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EDX], rig->feature_edx);
}
END_TEST

/* ---- tables ---------------------------------------------------------------------------------------------- */
START_TEST(table_registers_are_stored_and_loaded)
{
	STEP(0x0f, 0x01, 0x05, LE32(0x20000)); /* sgdt */
	ck_assert_uint_eq(rig_read16(0x20000), 0x2ff);
	ck_assert_uint_eq(rig_read32(0x20002), RIG_GDT);
	rig_write32(0x20000, 0x55550123);
	rig_write32(0x20004, 0xaabb);
	STEP(0x0f, 0x01, 0x1d, LE32(0x20000)); /* lidt */
	ck_assert_uint_eq(rig->cpu.idtr.base, 0xaabb5555);
	STEP(0x66, 0x0f, 0x01, 0x1d, LE32(0x20000));
	ck_assert_uint_eq(rig->cpu.idtr.base, 0x00bb5555);
	STEP(0x0f, 0x00, 0x0d, LE32(0x20000)); /* str */
	ck_assert_uint_eq(rig_read16(0x20000), SEL_TSS);
}
END_TEST

START_TEST(ltr_wants_an_available_tss_and_makes_it_busy)
{
	set_eax(SEL_TSS);
	FAULTS_CODE(EXCP_GP, SEL_TSS, 0x0f, 0x00, 0xd8); /* busy */
	set_eax(0);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x00, 0xd8);
	rig_descriptor(SEL_FREE, 0x7000, 103, SEG_P | DESCRIPTOR_TSS32);
	set_eax(SEL_FREE);
	STEP(0x0f, 0x00, 0xd8);
	ck_assert_uint_eq(rig->ram[RIG_GDT + SEL_FREE + 5], 0x8b);
	ck_assert_uint_eq(rig->cpu.tr.base, 0x7000);
	rig_ring(3);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x00, 0xd8);
}
END_TEST

/* ---- ports ------------------------------------------------------------------------------------------------ */
START_TEST(the_bitmap_decides_where_iopl_does_not)
{
	rig_ring(3);
	memset(rig->ram + RIG_TSS + 0x68, 0, 0x100);
	rig->ram[RIG_TSS + 0x68 + 0x87 / 8] = 0x80; /* port 87h is forbidden */
	rig->cpu.gpr[REG_EDX] = 0x84;
	STEP(0xec);
	rig->cpu.gpr[REG_EDX] = 0x85;
	FAULTS_CODE(EXCP_GP, 0, 0xed); /* 85h to 88h */
	rig->cpu.gpr[REG_EDX] = 0x87;
	FAULTS_CODE(EXCP_GP, 0, 0xec);
	rig->cpu.eflags |= EFLAGS_IOPL;
	STEP(0xec);
	rig->cpu.eflags &= ~EFLAGS_IOPL;
	/* Two bytes are read, and both must be within the limit. */
	rig->cpu.tr.limit = 0x68 + 0x80 / 8;
	rig->cpu.gpr[REG_EDX] = 0x80;
	FAULTS_CODE(EXCP_GP, 0, 0xec);
	rig->cpu.tr.limit++;
	STEP(0xec);
}
END_TEST

START_TEST(v86_always_asks_the_bitmap)
{
	rig_ring(3);
	rig->cpu.eflags |= EFLAGS_VM | EFLAGS_IOPL;
	rig->ram[RIG_TSS + 0x68 + 0x80 / 8] = 1;
	rig->cpu.gpr[REG_EDX] = 0x80;
	FAULTS_CODE(EXCP_GP, 0, 0xec);
}
END_TEST

START_TEST(ins_checks_its_destination_before_the_port)
{
	rig->cpu.gpr[REG_EDX] = 0x80;
	rig->cpu.gpr[REG_EDI] = 0x2000;
	rig->cpu.seg[SREG_ES].limit = 0xfff;
	FAULTS_CODE(EXCP_GP, 0, 0x6d);
	rig->cpu.gpr[REG_ESI] = 0x2000;
	rig->cpu.seg[SREG_DS].limit = 0xfff;
	FAULTS_CODE(EXCP_GP, 0, 0x6f);
	ck_assert_uint_eq(rig->port_writes, 0);
}
END_TEST

/* ---- SYSENTER ------------------------------------------------------------------------------------------------ */
START_TEST(sysenter_and_sysexit_load_flat_segments)
{
	rig->feature_edx |= BIT(11);
	rig_make_interp();
	rig_ring(3);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x34); /* CS is 0 */
	rig->cpu.sysenter_cs = SEL_CODE0;
	rig->cpu.sysenter_esp = 0x6000;
	rig->cpu.sysenter_eip = 0x5000;
	rig->cpu.eflags |= EFLAGS_IF;
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x35);
	STEP(0x0f, 0x34);
	ck_assert_uint_eq(rig->cpu.eip, 0x5000);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], 0x6000);
	ck_assert_uint_eq(rig->cpu.seg[SREG_SS].selector, SEL_CODE0 + 8);
	ck_assert_uint_eq(rig->cpu.cpl, 0);
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_IF, 0);
	rig->cpu.gpr[REG_ECX] = 0x9000;
	rig->cpu.gpr[REG_EDX] = 0x5100;
	STEP(0x0f, 0x35);
	ck_assert_uint_eq(rig->cpu.cpl, 3);
	ck_assert_uint_eq(rig->cpu.eip, 0x5100);
	ck_assert_uint_eq(rig->cpu.seg[SREG_CS].selector, (SEL_CODE0 + 16) | 3);
	ck_assert_uint_eq(rig->cpu.seg[SREG_SS].selector, (SEL_CODE0 + 24) | 3);
	STEP(0x50);
}
END_TEST

/* ---- FPU ------------------------------------------------------------------------------------------------------ */
START_TEST(the_fpu_is_there_as_cr0_and_cr4_say)
{
	rig->cpu.cr0 |= CR0_TS;
	FAULTS(EXCP_NM, 0xd9, 0xe8); /* fld1 */
	FAULTS(EXCP_NM, 0x0f, 0x58, 0xc1);
	FAULTS(EXCP_NM, 0x0f, 0xfe, 0xc1);
	STEP(0x9b); /* WAIT: only with MP */
	rig->cpu.cr0 |= CR0_MP;
	FAULTS(EXCP_NM, 0x9b);
	rig->cpu.cr0 ^= CR0_TS | CR0_EM;
	FAULTS(EXCP_NM, 0xd9, 0xe8);
	FAULTS(EXCP_UD, 0x0f, 0xfe, 0xc1);
	FAULTS(EXCP_UD, 0x0f, 0x58, 0xc1);
	rig->cpu.cr0 &= ~CR0_EM;
	rig->cpu.cr4 = 0;
	FAULTS(EXCP_UD, 0x0f, 0x58, 0xc1);
	STEP(0x0f, 0xfe, 0xc1);
}
END_TEST

START_TEST(x87_operands_fault_before_the_stack_moves)
{
	u8 before[512];

	STEP(0xd9, 0xe8);
	memcpy(before, rig->cpu.fpu, 512);
	rig->cpu.seg[SREG_DS].limit = 0xfff;
	FAULTS_CODE(EXCP_GP, 0, 0xdd, 0x1d, LE32(0x1000)); /* fstp qword */
	ck_assert_mem_eq(rig->cpu.fpu, before, 288);
	rig->cpu.seg[SREG_DS].limit = 0xffffffff;
	STEP(0xdd, 0x1d, LE32(0x20000));
	ck_assert_uint_eq(rig_read32(0x20004), 0x3ff00000);
	ck_assert_uint_eq(rig->cpu.fpu[4], 0);
}
END_TEST

START_TEST(an_unmasked_x87_error_is_reported_by_the_next_instruction)
{
	rig->cpu.fpu[0] = 0x7b; /* division by zero */
	STEP(0xd9, 0xe8);
	STEP(0xd9, 0xee); /* fldz */
	STEP(0xd8, 0xf9); /* fdivr st0, st1 (1/0) */
	STEP(0xdb, 0xe2); /* FNCLEX does not wait */
	STEP(0xd8, 0xf9);
	FAULTS(EXCP_MF, 0x9b);
	STEP(0xdf, 0xe0); /* fnstsw ax */
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX] & 0x84, 0x84);
	STEP(0xdb, 0xe3); /* fninit */
	STEP(0x9b);
}
END_TEST

START_TEST(fnstenv_shows_the_last_instruction)
{
	u32 at = rig->cpu.eip;

	STEP(0xd9, 0x05, LE32(0x20010)); /* fld dword */
	STEP(0xd9, 0x35, LE32(0x20000)); /* fnstenv */
	ck_assert_uint_eq(rig_read32(0x20000), 0xffff037f);
	ck_assert_uint_eq(rig_read32(0x2000c), at);
	ck_assert_uint_eq(rig_read32(0x20010), SEL_CODE0 | 0x105u << 16);
	ck_assert_uint_eq(rig_read32(0x20014), 0x20010);
	ck_assert_uint_eq(rig_read16(0x20018), SEL_DATA0);
	ck_assert_uint_eq(rig_read16(0x20008), 0x7fff); /* ST0 is 0.0, in register 7 */
}
END_TEST

START_TEST(fsave_and_frstor_are_inverses_in_all_formats)
{
	static const u8 prefixes[2] = { 0x90, 0x66 };
	u8 image[512];

	for (u32 i = 0; i < 4; i++) {
		rig->cpu.eip = RIG_CODE;
		STEP(0xd9, 0xe8);
		STEP(0xd9, 0xeb);
		memcpy(image, rig->cpu.fpu, 512);
		rig->cpu.cr0 ^= i >= 2 ? CR0_PE : 0;
		CODE(prefixes[i & 1], 0xdd, 0x35, LE32(0x20000), prefixes[i & 1], 0xdd, 0x25,
		     LE32(0x20000), prefixes[i & 1], 0x90);
		for (u32 step = 0; step < (i & 1 ? 1 : 2); step++)
			ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE);
		ck_assert_uint_eq(rig->cpu.fpu[4], 0); /* as after FNINIT */
		for (u32 step = 0; step < (i & 1 ? 1 : 2); step++)
			ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE);
		ck_assert_mem_eq(rig->cpu.fpu, image, 6);
		ck_assert_mem_eq(rig->cpu.fpu + 32, image + 32, 128);
		rig->cpu.cr0 |= CR0_PE;
		STEP(0xdb, 0xe3);
	}
}
END_TEST

START_TEST(fxsave_and_fxrstor_check_alignment_and_mxcsr)
{
	memset(rig->cpu.fpu + 160, 0x5a, 128);
	STEP(0x0f, 0xae, 0x05, LE32(0x20000));
	ck_assert_uint_eq(rig->ram[0x20000 + 287], 0x5a);
	ck_assert_uint_eq(rig->ram[0x20000 + 288], 0);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0xae, 0x05, LE32(0x20008));
	rig_write32(0x20018, 0xffff0000);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0xae, 0x0d, LE32(0x20000));
	rig_write32(0x20018, 0x1f80);
	rig->ram[0x20000 + 170] = 1;
	STEP(0x0f, 0xae, 0x0d, LE32(0x20000));
	ck_assert_uint_eq(rig->cpu.fpu[170], 1);
	rig_write32(0x20000, 0x1234ffff);
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0xae, 0x15, LE32(0x20000)); /* ldmxcsr */
	STEP(0x0f, 0xae, 0x1d, LE32(0x20000));
	ck_assert_uint_eq(rig_read32(0x20000), 0x1f80);
}
END_TEST

START_TEST(sse_checks_alignment_and_reports_errors)
{
	FAULTS_CODE(EXCP_GP, 0, 0x0f, 0x28, 0x05, LE32(0x20008)); /* movaps */
	STEP(0x0f, 0x10, 0x05, LE32(0x20008));			    /* movups */
	rig->cpu.fpu[25] = 0x1d; /* unmask division by zero */
	memset(rig->cpu.fpu + 160, 0, 32);
	rig->cpu.fpu[162] = 0x80;
	rig->cpu.fpu[163] = 0x3f; /* xmm0 = 1.0, xmm1 = 0 */
	FAULTS(EXCP_XM, 0xf3, 0x0f, 0x5e, 0xc1);
	rig->cpu.cr4 &= ~CR4_OSXMMEXCPT;
	FAULTS(EXCP_UD, 0xf3, 0x0f, 0x5e, 0xc1);
}
END_TEST

START_TEST(general_registers_reach_the_vector_unit)
{
	rig->cpu.gpr[REG_EDX] = 77;
	STEP(0xf3, 0x0f, 0x2a, 0xca); /* cvtsi2ss xmm1, edx */
	STEP(0xf3, 0x0f, 0x2d, 0xf1); /* cvtss2si esi, xmm1 */
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESI], 77);
	STEP(0x66, 0x0f, 0x6e, 0xd6); /* movd xmm2, esi */
	STEP(0x66, 0x0f, 0x7e, 0xd7); /* movd edi, xmm2 */
	ck_assert_uint_eq(rig->cpu.gpr[REG_EDI], 77);
	STEP(0x66, 0x0f, 0xc5, 0xca, 0x00); /* pextrw ecx, xmm2, 0 */
	ck_assert_uint_eq(rig->cpu.gpr[REG_ECX], 77);
	rig->cpu.gpr[REG_EDI] = 0x20000;
	memset(rig->cpu.fpu + 32, 0xff, 16);
	STEP(0x0f, 0xf7, 0xc0); /* maskmovq mm0, mm0 */
	ck_assert_uint_eq(rig_read32(0x20004), 0xffffffff);
}
END_TEST

START_TEST(text_comparisons_use_eax_edx_and_ecx)
{
	memset(rig->cpu.fpu + 160, 'x', 16);
	memset(rig->cpu.fpu + 176, 'y', 16);
	rig->cpu.fpu[176 + 5] = 'x';
	rig->cpu.gpr[REG_EAX] = 1;
	rig->cpu.gpr[REG_EDX] = 16;
	STEP(0x66, 0x0f, 0x3a, 0x61, 0xc1, 0x00); /* pcmpestri xmm0, xmm1: equal any */
	ck_assert_uint_eq(rig->cpu.gpr[REG_ECX], 5);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 1);
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_CF, EFLAGS_CF);
	rig->cpu.gpr[REG_EDX] = 4;
	STEP(0x66, 0x0f, 0x3a, 0x61, 0xc1, 0x00);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ECX], 16);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interp_system");
	TCase *tcase = tcase_create("system");

	tcase_add_test(tcase, cr0_refuses_impossible_combinations);
	tcase_add_test(tcase, cr4_refuses_what_is_not_allowed);
	tcase_add_test(tcase, user_code_may_not_touch_them);
	tcase_add_test(tcase, lmsw_sets_pe_and_cannot_clear_it);
	tcase_add_test(tcase, a_switch_to_protected_mode_and_back_works);
	tcase_add_test(tcase, bad_pdptes_refuse_the_load);
	tcase_add_test(tcase, debug_registers_have_fixed_bits_and_aliases);
	tcase_add_test(tcase, msrs_exist_if_announced);
	tcase_add_test(tcase, the_tsc_can_be_written_and_forbidden);
	tcase_add_test(tcase, cpuid_is_the_owners);
	tcase_add_test(tcase, table_registers_are_stored_and_loaded);
	tcase_add_test(tcase, ltr_wants_an_available_tss_and_makes_it_busy);
	tcase_add_test(tcase, the_bitmap_decides_where_iopl_does_not);
	tcase_add_test(tcase, v86_always_asks_the_bitmap);
	tcase_add_test(tcase, ins_checks_its_destination_before_the_port);
	tcase_add_test(tcase, sysenter_and_sysexit_load_flat_segments);
	tcase_add_test(tcase, the_fpu_is_there_as_cr0_and_cr4_say);
	tcase_add_test(tcase, x87_operands_fault_before_the_stack_moves);
	tcase_add_test(tcase, an_unmasked_x87_error_is_reported_by_the_next_instruction);
	tcase_add_test(tcase, fnstenv_shows_the_last_instruction);
	tcase_add_test(tcase, fsave_and_frstor_are_inverses_in_all_formats);
	tcase_add_test(tcase, fxsave_and_fxrstor_check_alignment_and_mxcsr);
	tcase_add_test(tcase, sse_checks_alignment_and_reports_errors);
	tcase_add_test(tcase, general_registers_reach_the_vector_unit);
	tcase_add_test(tcase, text_comparisons_use_eax_edx_and_ecx);
	return rig_run(suite, tcase);
}
