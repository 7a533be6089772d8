/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interpreter's step: fetching, faults that change nothing, memory in all its forms, strings,
 * shadows and debug traps.  Arithmetic is test_interp_unicorn.c's matter.
 */
#include "arch/x86/interp/handlers.h"
#include "tests/unit/interp_rig.h"

/* ---- fetch ------------------------------------------------------------------------------------ */
START_TEST(every_operation_has_a_handler)
{
	static const u8 fpu_bytes[][4] = { { 0xd9, 0xc0 }, { 0x0f, 0xfe, 0xc0 }, { 0x0f, 0x58, 0xc0 } };

	/* From FADD on operations run on the FPU. */
	for (u32 op = 1; op < OP_FADD; op++)
		ck_assert_msg(interp_handlers[op].fn, "no handler for %s", insn_op_name(op));
	for (u32 i = 0; i < ARRAY_SIZE(fpu_bytes); i++) {
		rig_write(rig->cpu.eip, fpu_bytes[i], 3);
		ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE);
	}
}
END_TEST

START_TEST(an_instruction_may_cross_a_page)
{
	rig->cpu.eip = 0x2ffd;
	STEP(0xb8, LE32(0x12345678));
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 0x12345678);
	ck_assert_uint_eq(rig->cpu.eip, 0x3002);
}
END_TEST

START_TEST(changed_code_is_executed_as_changed)
{
	for (u8 i = 0; i < 10; i++) {
		rig->cpu.eip = RIG_CODE;
		STEP(0xb0, i);
		ck_assert_uint_eq(rig->cpu.gpr[REG_EAX] & 0xff, i);
	}
	/* mov byte [RIG_CODE + 8], 90h just before it runs */
	rig->cpu.eip = RIG_CODE;
	CODE(0xc6, 0x05, LE32(RIG_CODE + 7), 0x90, 0xf4);
	ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE);
	ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE);
	ck_assert_uint_eq(rig->cpu.activity, CPU_RUNNING);
}
END_TEST

START_TEST(the_same_bytes_mean_other_things_in_16_bits)
{
	STEP(0xb8, LE32(0x11223344));
	rig->cpu.eip = RIG_CODE;
	rig->cpu.seg[SREG_CS].attr &= (u16)~SEG_DB;
	ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE + 3);
}
END_TEST

START_TEST(code_ends_at_the_limit_of_cs)
{
	rig->cpu.seg[SREG_CS].limit = RIG_CODE + 3;
	FAULTS_CODE(EXCP_GP, 0, 0xb8, LE32(1)); /* one byte too long */
	STEP(0x66, 0xb8, LE16(7));
	FAULTS_CODE(EXCP_GP, 0, 0x90);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE + 4);
}
END_TEST

START_TEST(more_than_15_bytes_are_too_many)
{
	STEP(0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90);
	FAULTS_CODE(EXCP_GP, 0, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
		    0x66, 0x66, 0x66, 0x90);
	FAULTS(EXCP_UD, 0x0f, 0x0b);
	FAULTS(EXCP_UD, 0xf0, 0x90); /* LOCK NOP */
}
END_TEST

START_TEST(the_last_instruction_can_be_asked_for)
{
	const u8 *bytes;

	STEP(0x40);
	ck_assert_uint_eq(interp_last_insn(rig->interp, &bytes)->op, OP_INC);
	ck_assert_uint_eq(bytes[0], 0x40);
}
END_TEST

START_TEST(features_that_cpuid_hides_are_invalid_opcodes)
{
	STEP(0x0f, 0x4f, 0xc1); /* CMOVG */
	STEP(0x66, 0x0f, 0xfe, 0xc0); /* PADDD xmm */
	rig->feature_edx &= ~(BIT(15) | BIT(26));
	rig_make_interp();
	FAULTS(EXCP_UD, 0x0f, 0x4f, 0xc1);
	FAULTS(EXCP_UD, 0x66, 0x0f, 0xfe, 0xc0);
	STEP(0x0f, 0x58, 0xc0); /* ADDPS stays */
	FAULTS(EXCP_UD, 0x0f, 0x34); /* SYSENTER was never there */
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------- */
START_TEST(a_limit_is_the_last_byte_that_exists)
{
	rig->cpu.seg[SREG_DS].limit = 0xfff;
	rig->cpu.gpr[REG_EBX] = 0xffc;
	STEP(0x8b, 0x03);
	rig->cpu.gpr[REG_EBX] = 0xffd;
	FAULTS_CODE(EXCP_GP, 0, 0x8b, 0x03);
	rig->cpu.gpr[REG_EBX] = 0xffffffff;
	FAULTS_CODE(EXCP_GP, 0, 0x8b, 0x03);
}
END_TEST

START_TEST(the_stack_segment_has_its_own_exception)
{
	rig->cpu.seg[SREG_SS].limit = 0xfff;
	rig->cpu.gpr[REG_ESP] = 0x1004;
	FAULTS_CODE(EXCP_SS, 0, 0x50);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], 0x1004);
	rig->cpu.gpr[REG_EBP] = 0x1000;
	FAULTS_CODE(EXCP_SS, 0, 0x8b, 0x45, 0x00);
	rig->cpu.gpr[REG_ESP] = 0x1000;
	STEP(0x50);
}
END_TEST

START_TEST(an_expand_down_segment_is_what_its_limit_excludes)
{
	rig->cpu.seg[SREG_DS].attr |= SEG_TYPE_EXPAND_DOWN;
	rig->cpu.seg[SREG_DS].limit = 0x1fff;
	rig->cpu.gpr[REG_EBX] = 0x2000;
	STEP(0x8b, 0x03);
	rig->cpu.gpr[REG_EBX] = 0x1fff;
	FAULTS_CODE(EXCP_GP, 0, 0x8b, 0x03);
	rig->cpu.seg[SREG_DS].attr &= (u16)~SEG_DB;
	rig->cpu.gpr[REG_EBX] = 0xfffe;
	FAULTS_CODE(EXCP_GP, 0, 0x8b, 0x03); /* past FFFF */
	STEP(0x66, 0x8b, 0x03);
}
END_TEST

START_TEST(a_segment_type_is_checked_at_each_access)
{
	rig->cpu.seg[SREG_DS].attr &= (u16)~SEG_TYPE_WRITABLE;
	STEP(0xa1, LE32(RIG_DATA));
	FAULTS_CODE(EXCP_GP, 0, 0xa3, LE32(RIG_DATA));
	FAULTS_CODE(EXCP_GP, 0, 0x2e, 0xa3, LE32(RIG_DATA)); /* to CS */
	STEP(0x2e, 0xa1, LE32(RIG_DATA));
	rig->cpu.seg[SREG_CS].attr &= (u16)~SEG_TYPE_READABLE;
	FAULTS_CODE(EXCP_GP, 0, 0x2e, 0xa1, LE32(RIG_DATA));
	STEP(0x8e, 0xe0); /* mov fs, ax: null */
	FAULTS_CODE(EXCP_GP, 0, 0x64, 0xa1, LE32(RIG_DATA));
}
END_TEST

START_TEST(a_flat_access_wraps_at_4_gb)
{
	rig->cpu.gpr[REG_EBX] = 0xfffffffe;
	rig_write32(0, 0xddccbbaa);
	STEP(0x8b, 0x03);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 0xbbaaffff);
}
END_TEST

START_TEST(big_real_mode_uses_the_hidden_limit)
{
	rig_real_mode();
	rig->cpu.gpr[REG_EBX] = 0x20000;
	FAULTS(EXCP_GP, 0x67, 0x66, 0x8b, 0x03);
	rig->cpu.seg[SREG_DS].limit = 0xffffffff;
	rig_write32(0x20000, 0x55667788);
	STEP(0x67, 0x66, 0x8b, 0x03);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 0x55667788);
	STEP(0x8e, 0xd8); /* mov ds, ax: keeps the limit */
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].base, 0x77880);
	ck_assert_uint_eq(rig->cpu.seg[SREG_DS].limit, 0xffffffff);
}
END_TEST

START_TEST(alignment_is_checked_in_ring_3_if_asked_for)
{
	rig_ring(3);
	rig->cpu.cr0 |= CR0_AM;
	rig->cpu.gpr[REG_EBX] = RIG_DATA + 2;
	STEP(0x8b, 0x03);
	rig->cpu.eflags |= EFLAGS_AC;
	FAULTS_CODE(EXCP_AC, 0, 0x8b, 0x03);
	STEP(0x66, 0x8b, 0x03);
	rig->cpu.gpr[REG_EBX] = RIG_DATA + 4;
	STEP(0x8b, 0x03);
	rig_ring(0);
	rig->cpu.gpr[REG_EBX] = RIG_DATA + 2;
	STEP(0x8b, 0x03);
}
END_TEST

static u32 mmio_last, mmio_writes;
static u32 mmio_read(void *opaque, u32 offset, u32 size)
{
	(void)opaque;
	return 0x11111111u * size + offset;
}
static void mmio_write(void *opaque, u32 offset, u32 size, u32 value)
{
	(void)opaque, (void)offset, (void)size;
	mmio_last = value;
	mmio_writes++;
}

START_TEST(what_is_not_ram_goes_to_the_bus)
{
	static const struct bus_ops device = { mmio_read, mmio_write, 4 };

	bus_add_mmio(rig->bus, gpa(0xfee00000), 0x1000, &device, NULL);
	STEP(0xa1, LE32(0xfee00010));
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 0x44444444 + 0x10);
	STEP(0x66, 0xa3, LE32(0xfee00000));
	ck_assert_uint_eq(mmio_last, 0x4454);
	STEP(0x83, 0x0d, LE32(0xfee00020), 0x01); /* or dword [], 1: reads and writes once */
	ck_assert_uint_eq(mmio_last, (0x44444444 + 0x20) | 1);
	ck_assert_uint_eq(mmio_writes, 2);
	STEP(0xa1, LE32(0xe0000000));
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 0xffffffff);
}
END_TEST

START_TEST(rom_is_read_and_writes_are_dropped)
{
	rig_write32(0x20000, 0x12345678);
	ck_assert_int_eq(gmem_protect_rom(rig->gmem, gpa(0x20000), 0x1000), 0);
	STEP(0xc7, 0x05, LE32(0x20000), LE32(0));
	STEP(0xa1, LE32(0x20000));
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 0x12345678);
}
END_TEST

static u32 traced_address, traced_count;
static void traced(void *opaque, gpa_t address, u32 size)
{
	(void)opaque, (void)size;
	traced_address = (u32)address.v;
	traced_count++;
}

START_TEST(a_traced_page_reports_every_write)
{
	STEP(0xa3, LE32(0x20000)); /* in the TLB now */
	gmem_listen(rig->gmem, GMEM_TRACED, traced, NULL);
	gmem_set_flags(rig->gmem, gpa(0x20000), GMEM_TRACED, 0);
	STEP(0xa3, LE32(0x20008));
	ck_assert_uint_eq(traced_address, 0x20008);
	STEP(0xff, 0x05, LE32(0x20010)); /* inc */
	ck_assert_uint_eq(traced_count, 2);
	rig->cpu.gpr[REG_EDI] = 0x20100;
	rig->cpu.gpr[REG_ECX] = 4;
	STEP(0xf3, 0xab);
	ck_assert_uint_eq(traced_count, 6);
	ck_assert_uint_eq(traced_address, 0x2010c);
}
END_TEST

/* ---- paging ---------------------------------------------------------------------------------------- */
#define PAGE_DIR 0x100000u
#define PAGE_TABLE 0x101000u
#define PTE_RW_USER 0x7u

static void page_identity(void)
{
	rig_write32(PAGE_DIR, PAGE_TABLE | PTE_RW_USER);
	for (u32 page = 0; page < 1024; page++)
		rig_write32(PAGE_TABLE + 4 * page, page << 12 | PTE_RW_USER);
	rig->cpu.cr3 = PAGE_DIR;
	rig->cpu.cr0 |= CR0_PG | CR0_WP;
	interp_flush_tlb(rig->interp);
}
static void set_pte(u32 address, u32 pte)
{
	rig_write32(PAGE_TABLE + (address >> 12) * 4, pte);
}

START_TEST(page_faults_say_what_was_tried)
{
	page_identity();
	set_pte(0x30000, 0);
	FAULTS_CODE(EXCP_PF, 0, 0xa1, LE32(0x30004));
	ck_assert_uint_eq(rig->cpu.fault.cr2, 0x30004);
	FAULTS_CODE(EXCP_PF, PF_W, 0xff, 0x05, LE32(0x30004)); /* inc: a write from the start */
	set_pte(0x30000, 0x30000 | 5);
	FAULTS_CODE(EXCP_PF, PF_P | PF_W, 0x83, 0x05, LE32(0x30004), 1);
	set_pte(0x30000, 0x30000 | 3);
	rig_ring(3);
	FAULTS_CODE(EXCP_PF, PF_P | PF_U, 0xa1, LE32(0x30004));
}
END_TEST

START_TEST(a_write_across_pages_that_faults_writes_nothing)
{
	page_identity();
	set_pte(0x31000, 0);
	rig_write32(0x30ffc, 0);
	FAULTS_CODE(EXCP_PF, PF_W, 0xc7, 0x05, LE32(0x30ffe), LE32(0xffffffff));
	ck_assert_uint_eq(rig->cpu.fault.cr2, 0x31000);
	ck_assert_uint_eq(rig_read32(0x30ffc), 0);
}
END_TEST

START_TEST(the_tlb_keeps_rights_apart_and_sets_dirty)
{
	page_identity();
	set_pte(0x30000, 0x30000 | 3); /* supervisor */
	STEP(0xa1, LE32(0x30000));
	ck_assert_uint_eq(rig_read32(PAGE_TABLE + 0x30 * 4) & 0x60, 0x20);
	STEP(0xa3, LE32(0x30000));
	ck_assert_uint_eq(rig_read32(PAGE_TABLE + 0x30 * 4) & 0x60, 0x60);
	rig_ring(3);
	FAULTS_CODE(EXCP_PF, PF_P | PF_U, 0xa1, LE32(0x30000));
	FAULTS_CODE(EXCP_PF, PF_P | PF_U | PF_W, 0xa3, LE32(0x30000));
}
END_TEST

START_TEST(write_protection_binds_the_supervisor_if_wp)
{
	page_identity();
	set_pte(0x30000, 0x30000 | 5);
	FAULTS_CODE(EXCP_PF, PF_P | PF_W, 0xa3, LE32(0x30000));
	rig->cpu.gpr[REG_EAX] = rig->cpu.cr0 & ~CR0_WP;
	STEP(0x0f, 0x22, 0xc0); /* mov cr0, eax */
	STEP(0xa3, LE32(0x30000));
	rig->cpu.gpr[REG_EAX] = rig->cpu.cr0 | CR0_WP;
	STEP(0x0f, 0x22, 0xc0);
	FAULTS_CODE(EXCP_PF, PF_P | PF_W, 0xa3, LE32(0x30000));
}
END_TEST

START_TEST(invlpg_and_cr3_loads_drop_translations)
{
	page_identity();
	rig_write32(0x30000, 1);
	rig_write32(0x40000, 2);
	STEP(0xa1, LE32(0x30000));
	set_pte(0x30000, 0x40000 | PTE_RW_USER);
	STEP(0x0f, 0x01, 0x3d, LE32(0x30000));
	STEP(0xa1, LE32(0x30000));
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 2);
	set_pte(0x30000, 0x30000 | PTE_RW_USER);
	rig->cpu.gpr[REG_EAX] = PAGE_DIR;
	STEP(0x0f, 0x22, 0xd8);
	STEP(0xa1, LE32(0x30000));
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 1);
	ck_assert_uint_eq(rig->flushes, 2);
}
END_TEST

START_TEST(code_of_ring_0_cannot_be_fetched_in_ring_3)
{
	page_identity();
	set_pte(RIG_CODE, RIG_CODE | 3);
	STEP(0x90);
	rig_ring(3);
	FAULTS_CODE(EXCP_PF, PF_P | PF_U, 0x90);
}
END_TEST

START_TEST(linear_access_for_others_crosses_pages_and_reports_faults)
{
	u8 bytes[0x3000];

	page_identity();
	memset(bytes, 0x5a, sizeof(bytes));
	ck_assert(interp_write_linear(rig->interp, gva(0x30800), bytes, sizeof(bytes), 0));
	memset(bytes, 0, sizeof(bytes));
	ck_assert(interp_read_linear(rig->interp, gva(0x30800), bytes, sizeof(bytes), ACCESS_USER));
	ck_assert_uint_eq(bytes[0x2fff], 0x5a);
	set_pte(0x31000, 0);
	interp_flush_tlb(rig->interp);
	ck_assert(!interp_read_linear(rig->interp, gva(0x30800), bytes, sizeof(bytes), 0));
	ck_assert_uint_eq(rig->cpu.fault.vector, EXCP_PF);
	rig->cpu.cr0 &= ~CR0_PG;
	interp_flush_tlb(rig->interp);
	ck_assert(!interp_write_linear(rig->interp, gva(0xe0000000), bytes, 4, 0));
	ck_assert_uint_eq(rig->cpu.fault.vector, EXCP_GP);
}
END_TEST

/* ---- strings ----------------------------------------------------------------------------------------- */
static void run_string(u32 most_steps)
{
	u32 eip = rig->cpu.eip;

	while (most_steps--) {
		ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE);
		if (rig->cpu.eip != eip)
			return;
	}
	ck_abort_msg("still repeating");
}

START_TEST(rep_movs_copies_page_runs)
{
	for (u32 i = 0; i < 0x5000; i++)
		rig->ram[0x20000 + i] = (u8)(i * 7);
	rig->cpu.gpr[REG_ESI] = 0x20004;
	rig->cpu.gpr[REG_EDI] = 0x30124;
	rig->cpu.gpr[REG_ECX] = 0x1000;
	CODE(0xf3, 0xa5);
	run_string(40);
	ck_assert_mem_eq(rig->ram + 0x30124, rig->ram + 0x20004, 0x4000);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESI], 0x24004);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ECX], 0);
}
END_TEST

START_TEST(an_overlapping_forward_copy_repeats_its_pattern)
{
	rig_write32(0x20000, 0x04030201);
	rig->cpu.gpr[REG_ESI] = 0x20000;
	rig->cpu.gpr[REG_EDI] = 0x20001;
	rig->cpu.gpr[REG_ECX] = 100;
	CODE(0xf3, 0xa4);
	run_string(3);
	for (u32 i = 0; i <= 100; i++)
		ck_assert_uint_eq(rig->ram[0x20000 + i], 1);
}
END_TEST

START_TEST(a_fault_in_rep_movs_leaves_a_restartable_state)
{
	page_identity();
	set_pte(0x31000, 0);
	rig->cpu.gpr[REG_ESI] = 0x20000;
	rig->cpu.gpr[REG_EDI] = 0x30ff0;
	rig->cpu.gpr[REG_ECX] = 16;
	CODE(0xf3, 0xa5);
	ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE);
	ck_assert_int_eq(interp_step(rig->interp), EMUL_FAULT);
	ck_assert_uint_eq(rig->cpu.fault.cr2, 0x31000);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EDI], 0x31000);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ECX], 12);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE);
	set_pte(0x31000, 0x31000 | PTE_RW_USER);
	run_string(3);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EDI], 0x31030);
}
END_TEST

START_TEST(a_step_does_a_bounded_number_of_iterations)
{
	rig->cpu.gpr[REG_EDI] = 0x20000;
	rig->cpu.gpr[REG_ECX] = 1000;
	rig->cpu.gpr[REG_EAX] = 1;
	STEP(0xf2, 0xae); /* repne scasb */
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ECX], 1000 - 256);
	run_string(4);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EDI], 0x20000 + 1000);
}
END_TEST

START_TEST(string_moves_wrap_16_bit_indexes)
{
	rig_real_mode();
	rig->cpu.gpr[REG_ESI] = 0x12340ffe;
	rig->cpu.gpr[REG_EDI] = 0x5678fffc;
	rig->cpu.gpr[REG_ECX] = 4;
	CODE(0xf3, 0xa5);
	run_string(4);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EDI], 0x56780004);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESI], 0x12341006);
}
END_TEST

START_TEST(port_strings_move_data)
{
	rig->port_value = 0xabcd1234;
	rig->cpu.gpr[REG_EDX] = 0x80;
	rig->cpu.gpr[REG_EDI] = 0x20000;
	rig->cpu.gpr[REG_ECX] = 3;
	CODE(0xf3, 0x6d);
	run_string(2);
	ck_assert_uint_eq(rig_read32(0x20008), 0xabcd1234);
	rig->cpu.gpr[REG_ESI] = 0x20000;
	rig->cpu.gpr[REG_ECX] = 2;
	CODE(0xf3, 0x6e);
	run_string(2);
	ck_assert_uint_eq(rig->port_value, 0x12);
	ck_assert_uint_eq(rig->port_writes, 2);
	STEP(0xe5, 0x84);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 0x16);
}
END_TEST

/* ---- a few instructions that change memory and registers together -------------------------------------- */
START_TEST(cmpxchg8b_compares_and_exchanges)
{
	rig->cpu.gpr[REG_EAX] = 1;
	rig->cpu.gpr[REG_EDX] = 2;
	rig->cpu.gpr[REG_EBX] = 3;
	rig->cpu.gpr[REG_ECX] = 4;
	STEP(0xf0, 0x0f, 0xc7, 0x0d, LE32(0x20000));
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_ZF, 0);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX] | rig->cpu.gpr[REG_EDX], 0);
	STEP(0x0f, 0xc7, 0x0d, LE32(0x20000));
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_ZF, EFLAGS_ZF);
	ck_assert_uint_eq(rig_read32(0x20004), 4);
}
END_TEST

START_TEST(pop_to_memory_uses_the_popped_stack_pointer)
{
	rig->cpu.gpr[REG_ESP] = 0x20000;
	rig_write32(0x20000, 0x77);
	STEP(0x8f, 0x04, 0x24); /* pop dword [esp] */
	ck_assert_uint_eq(rig_read32(0x20004), 0x77);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], 0x20004);
	rig->cpu.seg[SREG_DS].limit = 0;
	FAULTS(EXCP_GP, 0x8f, 0x05, LE32(0x20000));
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], 0x20004);
}
END_TEST

START_TEST(enter_wants_a_writable_new_top)
{
	page_identity();
	set_pte(0x30000, 0);
	rig->cpu.gpr[REG_ESP] = 0x31010;
	rig->cpu.gpr[REG_EBP] = 0x1234;
	FAULTS_CODE(EXCP_PF, PF_W, 0xc8, LE16(0x100), 0);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], 0x31010);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EBP], 0x1234);
	STEP(0xc8, LE16(4), 0);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EBP], 0x3100c);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], 0x31008);
}
END_TEST

START_TEST(bound_faults_outside_its_bounds)
{
	rig_write32(0x20000, 0xfffffff0);
	rig_write32(0x20004, 0x10);
	STEP(0x62, 0x05, LE32(0x20000));
	rig->cpu.gpr[REG_EAX] = 0x11;
	FAULTS(EXCP_BR, 0x62, 0x05, LE32(0x20000));
	rig->cpu.gpr[REG_EAX] = 0xffffffef;
	FAULTS(EXCP_BR, 0x62, 0x05, LE32(0x20000));
}
END_TEST

/* ---- shadows, traps ------------------------------------------------------------------------------------- */
START_TEST(sti_holds_off_interrupts_for_one_instruction)
{
	STEP(0xfb);
	ck_assert_uint_eq(rig->cpu.interrupt_shadow, SHADOW_STI);
	STEP(0x90);
	ck_assert_uint_eq(rig->cpu.interrupt_shadow, 0);
	STEP(0xfb); /* IF was set already */
	ck_assert_uint_eq(rig->cpu.interrupt_shadow, 0);
}
END_TEST

START_TEST(mov_ss_holds_off_once)
{
	rig->cpu.gpr[REG_EAX] = SEL_DATA0;
	STEP(0x8e, 0xd0);
	ck_assert_uint_eq(rig->cpu.interrupt_shadow, SHADOW_MOV_SS);
	STEP(0x8e, 0xd0);
	ck_assert_uint_eq(rig->cpu.interrupt_shadow, 0);
	STEP(0x50);
	STEP(0x17); /* pop ss */
	ck_assert_uint_eq(rig->cpu.interrupt_shadow, SHADOW_MOV_SS);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ESP], RIG_STACK);
}
END_TEST

static void expect_trap(u32 dr6)
{
	ck_assert_int_eq(interp_step(rig->interp), EMUL_FAULT);
	ck_assert_uint_eq(rig->cpu.fault.vector, EXCP_DB);
	ck_assert(rig->cpu.fault.is_trap);
	ck_assert_uint_eq(rig->cpu.fault.dr6, dr6);
}

START_TEST(tf_traps_after_the_instruction)
{
	rig->cpu.eflags |= EFLAGS_TF;
	CODE(0x40, 0x8e, 0xd1, 0x40);
	rig->cpu.gpr[REG_ECX] = SEL_DATA0;
	expect_trap(DR6_BS);
	ck_assert_uint_eq(rig->cpu.gpr[REG_EAX], 1);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE + 1);
	ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE); /* MOV SS */
	expect_trap(DR6_BS);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE + 4);
}
END_TEST

START_TEST(a_repeated_string_traps_after_each_iteration)
{
	rig->cpu.eflags |= EFLAGS_TF;
	rig->cpu.gpr[REG_ECX] = 2;
	rig->cpu.gpr[REG_EDI] = 0x20000;
	CODE(0xf3, 0xaa);
	expect_trap(DR6_BS);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE);
	expect_trap(DR6_BS);
	ck_assert_uint_eq(rig->cpu.gpr[REG_ECX], 0);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE + 2);
}
END_TEST

START_TEST(an_execution_breakpoint_is_a_fault_and_rf_passes_it)
{
	rig->cpu.dr[0] = RIG_CODE;
	rig->cpu.dr[7] |= 1;
	FAULTS(EXCP_DB, 0x90);
	ck_assert(!rig->cpu.fault.is_trap);
	ck_assert_uint_eq(rig->cpu.fault.dr6, 1);
	rig->cpu.eflags |= EFLAGS_RF;
	STEP(0x90);
	ck_assert_uint_eq(rig->cpu.eflags & EFLAGS_RF, 0);
}
END_TEST

START_TEST(a_data_breakpoint_traps_after_the_access)
{
	STEP(0xa3, LE32(0x20000)); /* in the TLB */
	rig->cpu.dr[1] = 0x20002;
	rig->cpu.dr[7] |= 1u << 2 | 0x5u << 20; /* local 1, write, 2 bytes */
	CODE(0xa1, LE32(0x20000), 0xa3, LE32(0x20000));
	ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE);
	expect_trap(BIT(1));
	rig->cpu.dr[7] |= 0x7u << 20; /* read or write */
	CODE(0xa1, LE32(0x20000), 0xa0, LE32(0x20001));
	expect_trap(BIT(1));
	ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE);
}
END_TEST

START_TEST(int1_is_a_trap_without_a_cause)
{
	CODE(0xf1);
	expect_trap(0);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE + 1);
}
END_TEST

START_TEST(hlt_halts)
{
	STEP(0xf4);
	ck_assert_uint_eq(rig->cpu.activity, CPU_HALTED);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE + 1);
}
END_TEST

START_TEST(a_run_ends_where_an_interrupt_may_have_become_due)
{
	u32 budget = 100;

	CODE(0x40, 0x40, 0xfb, 0x40, 0xe4, 0x80, 0x40, 0xa1, LE32(0xe0000000), 0x40, 0xeb, 0xfe);
	ck_assert_int_eq(interp_run(rig->interp, &budget), EMUL_DONE);
	ck_assert_uint_eq(budget, 97); /* STI */
	ck_assert_int_eq(interp_run(rig->interp, &budget), EMUL_DONE);
	ck_assert_uint_eq(budget, 96); /* its shadow */
	ck_assert_int_eq(interp_run(rig->interp, &budget), EMUL_DONE);
	ck_assert_uint_eq(budget, 95); /* IN */
	ck_assert_int_eq(interp_run(rig->interp, &budget), EMUL_DONE);
	ck_assert_uint_eq(budget, 93); /* a device in memory */
	ck_assert_int_eq(interp_run(rig->interp, &budget), EMUL_DONE);
	ck_assert_uint_eq(budget, 0);
	ck_assert_uint_eq(rig->cpu.eip, RIG_CODE + 13);
}
END_TEST

START_TEST(creation_survives_a_lack_of_memory)
{
	for (u32 n = 1; n <= 2; n++) {
		fake_fail_allocation(n);
		ck_assert_ptr_null(interp_create(&rig->cpu, rig->gmem, rig->bus, &rig_ops, rig));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interp");
	TCase *tcase = tcase_create("step");

	tcase_add_test(tcase, every_operation_has_a_handler);
	tcase_add_test(tcase, an_instruction_may_cross_a_page);
	tcase_add_test(tcase, changed_code_is_executed_as_changed);
	tcase_add_test(tcase, the_same_bytes_mean_other_things_in_16_bits);
	tcase_add_test(tcase, code_ends_at_the_limit_of_cs);
	tcase_add_test(tcase, more_than_15_bytes_are_too_many);
	tcase_add_test(tcase, the_last_instruction_can_be_asked_for);
	tcase_add_test(tcase, features_that_cpuid_hides_are_invalid_opcodes);
	tcase_add_test(tcase, a_limit_is_the_last_byte_that_exists);
	tcase_add_test(tcase, the_stack_segment_has_its_own_exception);
	tcase_add_test(tcase, an_expand_down_segment_is_what_its_limit_excludes);
	tcase_add_test(tcase, a_segment_type_is_checked_at_each_access);
	tcase_add_test(tcase, a_flat_access_wraps_at_4_gb);
	tcase_add_test(tcase, big_real_mode_uses_the_hidden_limit);
	tcase_add_test(tcase, alignment_is_checked_in_ring_3_if_asked_for);
	tcase_add_test(tcase, what_is_not_ram_goes_to_the_bus);
	tcase_add_test(tcase, rom_is_read_and_writes_are_dropped);
	tcase_add_test(tcase, a_traced_page_reports_every_write);
	tcase_add_test(tcase, page_faults_say_what_was_tried);
	tcase_add_test(tcase, a_write_across_pages_that_faults_writes_nothing);
	tcase_add_test(tcase, the_tlb_keeps_rights_apart_and_sets_dirty);
	tcase_add_test(tcase, write_protection_binds_the_supervisor_if_wp);
	tcase_add_test(tcase, invlpg_and_cr3_loads_drop_translations);
	tcase_add_test(tcase, code_of_ring_0_cannot_be_fetched_in_ring_3);
	tcase_add_test(tcase, linear_access_for_others_crosses_pages_and_reports_faults);
	tcase_add_test(tcase, rep_movs_copies_page_runs);
	tcase_add_test(tcase, an_overlapping_forward_copy_repeats_its_pattern);
	tcase_add_test(tcase, a_fault_in_rep_movs_leaves_a_restartable_state);
	tcase_add_test(tcase, a_step_does_a_bounded_number_of_iterations);
	tcase_add_test(tcase, string_moves_wrap_16_bit_indexes);
	tcase_add_test(tcase, port_strings_move_data);
	tcase_add_test(tcase, cmpxchg8b_compares_and_exchanges);
	tcase_add_test(tcase, pop_to_memory_uses_the_popped_stack_pointer);
	tcase_add_test(tcase, enter_wants_a_writable_new_top);
	tcase_add_test(tcase, bound_faults_outside_its_bounds);
	tcase_add_test(tcase, sti_holds_off_interrupts_for_one_instruction);
	tcase_add_test(tcase, mov_ss_holds_off_once);
	tcase_add_test(tcase, tf_traps_after_the_instruction);
	tcase_add_test(tcase, a_repeated_string_traps_after_each_iteration);
	tcase_add_test(tcase, an_execution_breakpoint_is_a_fault_and_rf_passes_it);
	tcase_add_test(tcase, a_data_breakpoint_traps_after_the_access);
	tcase_add_test(tcase, int1_is_a_trap_without_a_cause);
	tcase_add_test(tcase, hlt_halts);
	tcase_add_test(tcase, a_run_ends_where_an_interrupt_may_have_become_due);
	tcase_add_test(tcase, creation_survives_a_lack_of_memory);
	return rig_run(suite, tcase);
}
