/* SPDX-License-Identifier: GPL-2.0 */
/* What a vcpu has to do with its local APIC: NMIs, CPUID and IA32_APIC_BASE, VMI's two calls. */
#include "tests/unit/vcpu_rig.h"

#define HLT 0xf4
#define IRETD 0xcf
#define NOP 0x90
#define JMP_SELF 0xeb, 0xfe
#define NMI_HANDLER RIG_HANDLER(EXCP_NMI)

static u32 page[1024];
static u32 accesses;

static u32 page_read(void *opaque, u32 offset, u32 size)
{
	(void)opaque, (void)size;
	accesses++;
	return page[offset / 4];
}
static void page_write(void *opaque, u32 offset, u32 size, u32 value)
{
	(void)opaque, (void)size;
	accesses++;
	page[offset / 4] = value;
}
static const struct bus_ops page_ops = { page_read, page_write, 4 };

static void setup_with(bool apic)
{
	rig_apic = apic;
	accesses = 0;
	memset(page, 0, sizeof(page));
	rig_setup();
	ck_assert_int_eq(bus_add_mmio(rig.bus, gpa(0xfee00000), PAGE_SIZE, &page_ops, NULL), 0);
}

static void setup(void)
{
	setup_with(true);
}

static void nmi(void)
{
	x86_vcpu_set_nmi(rig.vcpu, 0, true);
	x86_vcpu_set_nmi(rig.vcpu, 0, false);
}

/* ---- NMI ---- */

START_TEST(an_nmi_needs_no_if_and_wakes)
{
	rig_code(RIG_CODE, HLT);
	rig_code(NMI_HANDLER, JMP_SELF);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_HALTED);
	nmi();
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	rig_expect_delivered(EXCP_NMI, false, RIG_CODE + 1);
	ck_assert_uint_eq(rig.acknowledged, 0);
	ck_assert(!rig.vcpu->nmi);
}
END_TEST

START_TEST(a_second_nmi_waits_for_the_iret)
{
	rig_code(RIG_CODE, NOP, JMP_SELF);
	rig_code(NMI_HANDLER, 0xff, 0x05, 0x00, 0xa0, 0x00, 0x00, 0x83, 0x3d, 0x00, 0xa0, 0x00, 0x00, 2, 0x74,
		 0xfe, IRETD); /* inc [RIG_DATA]; cmp [RIG_DATA], 2; je $; iretd */
	rig_store(RIG_DATA, 0);
	nmi();
	x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	ck_assert_uint_eq(rig_load(RIG_DATA), 0);
	rig.vcpu->turn_over = false;
	/* The first is being handled when the second comes. */
	rig.cpu->nmi_blocked = 1;
	x86_vcpu_run(rig.vcpu);
	ck_assert(rig.vcpu->nmi);
	ck_assert_uint_eq(rig_load(RIG_DATA), 0);
	rig.cpu->nmi_blocked = 0;
	x86_vcpu_run(rig.vcpu);
	ck_assert_uint_eq(rig_load(RIG_DATA), 1);
	ck_assert_uint_eq(rig.cpu->nmi_blocked, 0);
	nmi();
	x86_vcpu_run(rig.vcpu);
	ck_assert_uint_eq(rig_load(RIG_DATA), 2);
	ck_assert_uint_eq(rig.cpu->nmi_blocked, 1);
}
END_TEST

START_TEST(the_handler_of_an_nmi_is_interpreted)
{
	ck_assert_uint_eq(rig_vmi_init(), 0);
	rig_kernel();
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_DIRECT);
	rig.cpu->nmi_blocked = 1;
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_INTERPRETER);
}
END_TEST

START_TEST(an_nmi_waits_for_the_instruction_behind_mov_ss)
{
	rig_code(RIG_CODE, 0x8e, 0xd0, NOP, JMP_SELF); /* mov ss, eax */
	rig_code(NMI_HANDLER, JMP_SELF);
	rig.cpu->gpr[REG_EAX] = SEL_DATA0;
	x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	nmi();
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	rig_expect_delivered(EXCP_NMI, false, RIG_CODE + 3);
}
END_TEST

START_TEST(a_reset_forgets_an_nmi)
{
	nmi();
	x86_vcpu_reset(rig.vcpu);
	ck_assert(!rig.vcpu->nmi);
	ck_assert_uint_eq(rig.cpu->apic_base, APIC_BASE_RESET);
}
END_TEST

/* ---- CPUID, IA32_APIC_BASE ---- */

static u32 cpuid(u32 leaf, u32 reg)
{
	rig_kernel();
	rig_code(RIG_CODE, 0x0f, 0xa2);
	rig.cpu->gpr[REG_EAX] = leaf;
	x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	return rig.cpu->gpr[reg];
}

/* False: #GP. */
static bool set_base(u32 value)
{
	rig_kernel();
	rig_code(RIG_CODE, 0x0f, 0x30); /* wrmsr */
	rig.cpu->gpr[REG_ECX] = MSR_APIC_BASE;
	rig.cpu->gpr[REG_EDX] = 0;
	rig.cpu->gpr[REG_EAX] = value;
	x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	return rig.cpu->eip == RIG_CODE + 2;
}

START_TEST(cpuid_and_msr_follow_the_apic)
{
	ck_assert(cpuid(1, REG_EDX) & CPUID_APIC);
	ck_assert_uint_eq(cpuid(1, REG_EBX) >> 8, 0);
	ck_assert_uint_eq(cpuid(0x40000010, REG_EBX), 1000000);
	ck_assert(set_base(0xfee00100));
	ck_assert_uint_eq(rig.cpu->apic_base, 0xfee00100);
	ck_assert(!(cpuid(1, REG_EDX) & CPUID_APIC));
	ck_assert(!set_base(0xfee00901)); /* the machine says so */
	ck_assert_uint_eq(rig.cpu->apic_base, 0xfee00100);
	ck_assert(set_base(0xfee00900));
	ck_assert(cpuid(1, REG_EDX) & CPUID_APIC);
}
END_TEST

static void setup_without(void)
{
	setup_with(false);
}

START_TEST(without_an_apic_there_is_no_trace_of_it)
{
	ck_assert(!(cpuid(1, REG_EDX) & CPUID_APIC));
	ck_assert_uint_eq(cpuid(0x40000010, REG_EBX), 0);
	ck_assert(!set_base(0xfee00900));
	ck_assert_uint_eq(rig_vmi_init(), 0);
	rig_kernel();
	rig.cpu->gpr[REG_EAX] = 0x30;
	rig_call(VMI_CALL_APICRead);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], ~0u);
	rig_kernel();
	rig_call(VMI_CALL_APICWrite);
	ck_assert_uint_eq(accesses, 0);
	ck_assert(!rig.vcpu->killed);
}
END_TEST

/* ---- VMI ---- */

START_TEST(vmi_reads_and_writes_registers_by_offset_or_address)
{
	static const u32 pointers[] = { 0x320, 0xfee00320, 0xffffb320, 0x320 | 3, 0xdeadb322 };

	ck_assert_uint_eq(rig_vmi_init(), 0);
	for (u32 i = 0; i < ARRAY_SIZE(pointers); i++) {
		rig_kernel();
		rig.cpu->gpr[REG_EAX] = pointers[i];
		rig.cpu->gpr[REG_EDX] = 0x1000 + i;
		rig_call(VMI_CALL_APICWrite);
		ck_assert_uint_eq(page[0x320 / 4], 0x1000 + i);
		ck_assert_uint_eq(rig.cpu->eip, ROM_AFTER(VMI_CALL_APICWrite));
		ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], pointers[i]);
		rig_kernel();
		rig.cpu->gpr[REG_EAX] = pointers[i];
		rig_call(VMI_CALL_APICRead);
		ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], 0x1000 + i);
	}
	accesses = 0;
	rig.cpu->apic_base = 0xfee00100; /* off */
	rig.cpu->gpr[REG_EAX] = 0x320;
	rig_kernel();
	rig_call(VMI_CALL_APICRead);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], ~0u);
	rig.cpu->apic_base = 0x812345900; /* moved to where there is nothing */
	rig.cpu->gpr[REG_EAX] = 0xfff;
	rig_kernel();
	rig_call(VMI_CALL_APICRead);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], ~0u);
	ck_assert_uint_eq(accesses, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_nmi_needs_no_if_and_wakes, a_second_nmi_waits_for_the_iret, the_handler_of_an_nmi_is_interpreted,
		an_nmi_waits_for_the_instruction_behind_mov_ss, a_reset_forgets_an_nmi,
		cpuid_and_msr_follow_the_apic, vmi_reads_and_writes_registers_by_offset_or_address,
	};
	const TTest *const without[] = { without_an_apic_there_is_no_trace_of_it };

	return rig_main("vcpu_apic", setup, tests, ARRAY_SIZE(tests)) |
	       rig_main("vcpu_no_apic", setup_without, without, ARRAY_SIZE(without));
}
