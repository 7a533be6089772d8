/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a VMI guest does without taking registers out of a frame: its stores to page tables that are in use, page faults
 * that go from the gate to the ROM, and the hidden faults that end with the frame they came with (x86_light.c).
 */
#include "tests/unit/vcpu_rig.h"

#define KERNEL_ESP (RIG_STACK - 0x100)
#define PTE_OF(address) (RIG_PT + ((address) >> PAGE_SHIFT) * 4)
#define CPL1_CS (SEL_CODE0 | 1u)

extern const u8 vmi_gate_image[];

/* As rom_marks has them. */
static struct {
	u32 int80_stub, int80_copy, int80_trap_stub, int80_stub_end, iret_window, iret_window_end;
	u32 fault_stub, fault_stub_end;
	u32 set_pxe, set_pxe_low, set_pxe_both;
} marks;

static void set_kernel_stack(u16 selector)
{
	rig_kernel();
	rig.cpu->gpr[REG_EAX] = selector;
	rig.cpu->gpr[REG_EDX] = KERNEL_ESP;
	rig_call(VMI_CALL_UpdateKernelStack);
	rig_kernel();
}

static void setup(void)
{
	const u8 *at = vmi_gate_image;

	rig_setup_vmi();
	while (memcmp(at, "VMImarks", 8))
		at++;
	memcpy(&marks, at + 8, sizeof(marks));
	set_kernel_stack(SEL_DATA0);
}

/* ---- stores ---- */

/* The page table is in use, and thus traced. */
static void use_table(void)
{
	fake_switch.cr2 = RIG_DATA;
	rig_kernel();
	rig_exit(EXCP_PF, PF_W);
	rig_kernel();
	ck_assert_uint_eq(gmem_flags(rig.gmem, gpa(RIG_PT)), GMEM_TRACED);
}

/* The ROM's store at @eip to @address faults. */
static void store_at(u32 eip, u32 address)
{
	rig.cpu->eip = eip;
	rig.cpu->gpr[REG_EDX] = rig.cpu->gpr[REG_ECX] = rig.cpu->gpr[REG_ESI] = address;
	rig.cpu->gpr[REG_EAX] = RIG_DATA | 7;
	fake_switch.cr2 = address;
	rig_exit(EXCP_PF, PF_P | PF_W);
}

START_TEST(a_store_of_the_rom_is_done_in_its_frame)
{
	const u32 eips[] = {marks.set_pxe, marks.set_pxe_low};

	use_table();
	for (u32 i = 0; i < ARRAY_SIZE(eips); i++)
		for (u32 n = 0; n < 2; n++) { /* after a walk, and without one */
			u64 light = rig.vcpu->stats.light;
			u32 at = PTE_OF(RIG_HOLE) + 4 * n;

			rig_kernel();
			rig_store(at, 0);
			store_at(eips[i], at);
			ck_assert_uint_eq(rig_load(at), RIG_DATA | 7);
			ck_assert_uint_eq(rig.cpu->eip, eips[i] + 2);
			ck_assert(rig.vcpu->stats.light == light + 1);
			ck_assert(rig.vcpu->stats.emulated[EMULATE_PF_TABLE] == 0);
		}
	ck_assert_uint_eq(shadow_check(rig.vcpu->shadow, rig.cpu), 0);
}
END_TEST

START_TEST(the_exchange_compares_and_tells)
{
	u32 at = PTE_OF(RIG_HOLE);

	use_table();
	for (u32 i = 0; i < 2; i++) {
		rig_kernel();
		rig_store64(at, 0x1111222233334444ull);
		rig.cpu->eflags |= i ? EFLAGS_ZF : 0;
		rig.cpu->eip = marks.set_pxe_both;
		rig.cpu->gpr[REG_ESI] = fake_switch.cr2 = at;
		rig.cpu->gpr[REG_EDX] = 0x11112222;
		rig.cpu->gpr[REG_EAX] = i ? 0x33334445 : 0x33334444;
		rig.cpu->gpr[REG_ECX] = 0x55556666;
		rig.cpu->gpr[REG_EBX] = 0x77778888;
		rig_exit(EXCP_PF, PF_P | PF_W);
		ck_assert_uint_eq(rig.cpu->eip, marks.set_pxe_both + 4);
		ck_assert_uint_eq(rig.cpu->eflags & EFLAGS_ZF, i ? 0 : EFLAGS_ZF);
		ck_assert(rig_load64(at) == (i ? 0x1111222233334444ull : 0x5555666677778888ull));
		ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], 0x33334444);
		ck_assert_uint_eq(rig.cpu->gpr[REG_EDX], 0x11112222);
	}
	ck_assert(rig.vcpu->stats.light == 3);
}
END_TEST

START_TEST(what_only_looks_like_it_is_emulated)
{
	u32 at = PTE_OF(RIG_HOLE);

	use_table();
	store_at(marks.set_pxe, at); /* the page is known */
	rig.vcpu->stats.light = 0;
	rig_kernel();
	store_at(marks.set_pxe, at + 2); /* not aligned */
	rig_kernel();
	rig.cpu->eflags |= EFLAGS_TF;
	store_at(marks.set_pxe, at);
	rig_kernel();
	rig.cpu->dr[7] = 0x402;
	store_at(marks.set_pxe, at);
	rig.cpu->dr[7] = 0x400;
	rig_kernel();
	gmem_set_flags(rig.gmem, gpa(RIG_PT), GMEM_CODE, 0); /* somebody else listens, too */
	store_at(marks.set_pxe, at);
	ck_assert_uint_eq(rig_load(at), RIG_DATA | 7);
	ck_assert(rig.vcpu->stats.light == 0);
	ck_assert(rig.vcpu->stats.emulated[EMULATE_PF_TABLE] == 4);
}
END_TEST

START_TEST(a_page_is_known_until_the_guest_flushes)
{
	u32 other = RIG_DATA + 0x1000;

	use_table();
	store_at(marks.set_pxe, PTE_OF(RIG_HOLE));
	ck_assert(rig.vcpu->vmi.table.known);
	/* Its address leads elsewhere from now on. */
	rig_kernel();
	rig_map(RIG_PT, other | 3);
	rig_store(other + PTE_OF(RIG_HOLE) % PAGE_SIZE, 0);
	rig.vcpu->gate.shared->flushed = 1;
	store_at(marks.set_pxe, PTE_OF(RIG_HOLE));
	ck_assert_uint_eq(rig_load(other + PTE_OF(RIG_HOLE) % PAGE_SIZE), 0); /* a hidden fault: it comes again */
	ck_assert_uint_eq(rig.cpu->eip, marks.set_pxe);
	ck_assert(!rig.vcpu->vmi.table.known);
}
END_TEST

/* ---- page faults that the gate hands to the ROM ---- */

static bool armed(void)
{
	struct x86_gate entry = descriptor_gate(rig.vcpu->gate.idt[EXCP_PF]);

	ck_assert_uint_eq(entry.selector, HOST_CS);
	return entry.offset == GATE_SLOT_VMI + GATE_TEXT + switch_page_fault_offset();
}

static u32 constant(u32 at)
{
	return rig.vcpu->gate.tss[(at - GATE_TSS) / 4];
}

START_TEST(the_gate_has_what_it_needs)
{
	ck_assert(armed());
	ck_assert_uint_eq(constant(GATE_FAULT_CS), CPL1_CS);
	ck_assert_uint_eq(constant(GATE_FAULT_SS), SEL_DATA0 | 1);
	ck_assert_uint_eq(constant(GATE_FAULT_EIP), marks.fault_stub);
	ck_assert_uint_eq(constant(GATE_FAULT_MASK), PF_W | PF_U);
	ck_assert_uint_eq(rig.vcpu->gate.shared->fault_entry, RIG_HANDLER(EXCP_PF));
}
END_TEST

START_TEST(only_an_interrupt_gate_of_the_guest_will_do)
{
	static const u16 attrs[] = {SEG_P | DESCRIPTOR_TRAP_GATE32, DESCRIPTOR_INTERRUPT_GATE32,
				    SEG_P | DESCRIPTOR_INTERRUPT_GATE16, SEG_P | DESCRIPTOR_TASK_GATE};
	struct x86_gate gate = {SEL_CODE0, 0, 0x44440, 0};

	for (u32 i = 0; i < ARRAY_SIZE(attrs); i++) {
		gate.attr = attrs[i];
		rig_write_entry(VMI_CALL_WriteIDTEntry, RIG_IDT, EXCP_PF, descriptor_build_gate(&gate));
		ck_assert(!armed());
		gate.attr = SEG_P | DESCRIPTOR_INTERRUPT_GATE32;
		rig_write_entry(VMI_CALL_WriteIDTEntry, RIG_IDT, EXCP_PF, descriptor_build_gate(&gate));
		ck_assert(armed());
		ck_assert_uint_eq(rig.vcpu->gate.shared->fault_entry, 0x44440);
	}
}
END_TEST

/* The gate loads these segments in ring 0: what would fault there must close it. */
START_TEST(segments_that_would_fault_close_it)
{
	static const u64 stacks[] = {0, FLAT_CODE0, FLAT_DATA3, FLAT_DATA0 & ~BIT64(47), FLAT_DATA0 & ~BIT64(54),
				     FLAT_DATA0 & ~BIT64(41), FLAT_DATA0 | BIT64(42), FLAT_DATA0 | 0x10000};
	static const u64 codes[] = {0, FLAT_DATA0, FLAT_CODE3, FLAT_CODE0 & ~BIT64(47), FLAT_CODE0 | BIT64(42)};
	struct x86_gate gate = {SEL_FREE, SEG_P | DESCRIPTOR_INTERRUPT_GATE32, 0x44440, 0};

	rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, SEL_FREE / 8 + 1, FLAT_DATA0);
	set_kernel_stack(SEL_FREE + 8);
	for (u32 i = 0; i < ARRAY_SIZE(stacks); i++) {
		rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, SEL_FREE / 8 + 1, FLAT_DATA0);
		ck_assert(armed());
		rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, SEL_FREE / 8 + 1, stacks[i]);
		ck_assert_msg(!armed(), "stack %u", i);
	}
	set_kernel_stack(SEL_DATA0);
	rig_write_entry(VMI_CALL_WriteIDTEntry, RIG_IDT, EXCP_PF, descriptor_build_gate(&gate));
	for (u32 i = 0; i < ARRAY_SIZE(codes); i++) {
		rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, SEL_FREE / 8, FLAT_CODE0);
		vmi_update_gates(rig.vcpu);
		ck_assert(armed());
		rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, SEL_FREE / 8, codes[i]);
		ck_assert_msg(!armed(), "code %u", i);
	}
}
END_TEST

START_TEST(a_shorter_gdt_closes_it)
{
	ck_assert(armed());
	rig.cpu->gdtr.limit = SEL_DATA0 - 1; /* without the stack */
	rig_load_tables(rig.vcpu);
	ck_assert(!armed());
}
END_TEST

static const u32 user_frame[6] = {PF_U, RIG_USER, SEL_CODE3, EFLAGS_FIXED | EFLAGS_IF | EFLAGS_CF,
				  RIG_USER_STACK, SEL_DATA3};

/* The gate has just come to the ROM. */
static void enter_stub(void)
{
	rig_kernel();
	for (u32 i = 0; i < REG_COUNT; i++)
		rig.cpu->gpr[i] = 0x01010101u * i;
	rig.cpu->eip = marks.fault_stub;
	rig.cpu->gpr[REG_ESP] = constant(GATE_FAULT_ESP);
	memcpy(rig.vcpu->gate.shared->fault_frame, user_frame, sizeof(user_frame));
}

static void expect_at_handler(void)
{
	ck_assert_uint_eq(rig.cpu->eip, RIG_HANDLER(EXCP_PF));
	ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], KERNEL_ESP - 24);
	for (u32 i = 0; i < ARRAY_SIZE(user_frame); i++)
		ck_assert_uint_eq(rig_load(KERNEL_ESP - 24 + 4 * i), user_frame[i]);
	for (u32 i = 0; i < REG_COUNT; i++)
		if (i != REG_ESP)
			ck_assert_uint_eq(rig.cpu->gpr[i], 0x01010101u * i);
	ck_assert(!(rig.cpu->eflags & EFLAGS_IF));
}

/* At each of its instructions, one that cannot be done by the CPU. */
START_TEST(the_stub_is_completed_wherever_it_stops)
{
	for (u32 k = 0;; k++) {
		enter_stub();
		for (u32 i = 0; i < k && rig.cpu->eip != RIG_HANDLER(EXCP_PF); i++) {
			x86_direct_fill_shared(rig.vcpu);
			ck_assert_int_eq(interp_step(rig.vcpu->interp), EMUL_DONE);
			x86_direct_take_shared(rig.vcpu);
		}
		if (rig.cpu->eip == RIG_HANDLER(EXCP_PF)) {
			expect_at_handler();
			ck_assert_uint_eq(k, 8);
			break;
		}
		ck_assert(vmi_finish_rom(rig.vcpu));
		expect_at_handler();
	}
}
END_TEST

START_TEST(a_stack_that_is_not_there_is_a_double_fault)
{
	enter_stub();
	rig_map(KERNEL_ESP, 0);
	rig.vcpu->gate.shared->flushed = 1;
	fake_switch.cr2 = KERNEL_ESP - 4;
	rig_exit(EXCP_PF, PF_W);
	ck_assert(!rig.vcpu->killed);
	ck_assert_int_eq(rig.cpu->activity, CPU_SHUTDOWN); /* nor is there one for the double fault */
}
END_TEST

/* ---- hidden faults ---- */

START_TEST(a_hidden_fault_changes_no_register)
{
	rig_user();
	for (u32 i = 0; i < REG_COUNT; i++)
		rig.cpu->gpr[i] = 0x01010101u * i;
	rig.cpu->eflags |= EFLAGS_CF | EFLAGS_SF;
	fake_switch.cr2 = RIG_USER;
	rig.vcpu->light_left = 0;
	ck_assert(rig_exit(EXCP_PF, PF_U));
	ck_assert(rig.vcpu->stats.light == 1);
	ck_assert_uint_eq(rig.cpu->cpl, 3);
	ck_assert_uint_eq(rig.cpu->eip, RIG_USER);
	ck_assert_uint_eq(rig.cpu->eflags, EFLAGS_FIXED | EFLAGS_IF | EFLAGS_CF | EFLAGS_SF);
	for (u32 i = 0; i < REG_COUNT; i++)
		ck_assert_uint_eq(rig.cpu->gpr[i], 0x01010101u * i);
}
END_TEST

static u32 crossings;
static void fault_ever(struct guest_frame *frame)
{
	crossings++;
	frame->vector = EXCP_PF;
	frame->error = PF_U;
}

START_TEST(hidden_faults_in_a_row_end_some_time)
{
	rig_user();
	fake_switch.cr2 = RIG_USER;
	fake_switch.guest = fault_ever;
	rig.vcpu->turn_over = false;
	rig.vcpu->light_left = 5;
	ck_assert(x86_direct_run(rig.vcpu, 0));
	ck_assert_uint_eq(crossings, 6);
	ck_assert(rig.vcpu->stats.light == 6);
}
END_TEST

static void garbage_in_flags(struct guest_frame *frame)
{
	fault_ever(frame);
	frame->eflags |= BIT(15) | EFLAGS_IF;
}

START_TEST(a_frame_with_flags_that_no_cpu_gives_is_not_given_back)
{
	rig_user();
	fake_switch.cr2 = RIG_USER;
	fake_switch.guest = garbage_in_flags;
	rig.vcpu->turn_over = false;
	rig.vcpu->light_left = 5;
	ck_assert(x86_direct_run(rig.vcpu, 0));
	ck_assert_uint_eq(crossings, 1);
}
END_TEST

static void setup_all(void)
{
	setup();
	crossings = 0;
}

int main(void)
{
	const TTest *const tests[] = {
		a_store_of_the_rom_is_done_in_its_frame,
		the_exchange_compares_and_tells,
		what_only_looks_like_it_is_emulated,
		a_page_is_known_until_the_guest_flushes,
		the_gate_has_what_it_needs,
		only_an_interrupt_gate_of_the_guest_will_do,
		segments_that_would_fault_close_it,
		a_shorter_gdt_closes_it,
		the_stub_is_completed_wherever_it_stops,
		a_stack_that_is_not_there_is_a_double_fault,
		a_hidden_fault_changes_no_register,
		hidden_faults_in_a_row_end_some_time,
		a_frame_with_flags_that_no_cpu_gives_is_not_given_back,
	};

	return rig_main("vmi_light", setup_all, tests, ARRAY_SIZE(tests));
}
