/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Direct execution and its exits: what goes to the CPU, what is believed of what comes back, and
 * what each exit means.  The kernel is in ring 1 already.
 */
#include "tests/unit/vcpu_rig.h"

#include "arch/x86/mmu/walk.h"

static struct guest_frame loaded; /* as the CPU got it */
static struct guest_frame leaves; /* what it leaves with */
static struct shared_page shared_at_entry;

static void guest_records(struct guest_frame *frame)
{
	loaded = *frame;
	shared_at_entry = *rig.vcpu->gate.shared;
	frame->vector = VECTOR_LAPIC_TIMER;
}

static void guest_replaces(struct guest_frame *frame)
{
	*frame = leaves;
}

/* ---- in ---- */

START_TEST(all_registers_go_to_the_cpu)
{
	struct x86_cpu *cpu = rig.cpu;

	for (u32 i = 0; i < REG_COUNT; i++)
		cpu->gpr[i] = 0x11111111u * (i + 1);
	cpu->eip = 0x87654321;
	cpu->seg[SREG_GS] = rig_segment(SEL_DATA3);
	cpu->eflags = EFLAGS_FIXED | EFLAGS_CF | EFLAGS_DF | EFLAGS_AC | EFLAGS_ID | EFLAGS_TF;
	fake_switch.guest = guest_records;
	ck_assert(!x86_direct_run(rig.vcpu, 0));
	ck_assert_uint_eq(loaded.eax, cpu->gpr[REG_EAX]);
	ck_assert_uint_eq(loaded.ecx, cpu->gpr[REG_ECX]);
	ck_assert_uint_eq(loaded.edx, cpu->gpr[REG_EDX]);
	ck_assert_uint_eq(loaded.ebx, cpu->gpr[REG_EBX]);
	ck_assert_uint_eq(loaded.esp, cpu->gpr[REG_ESP]);
	ck_assert_uint_eq(loaded.ebp, cpu->gpr[REG_EBP]);
	ck_assert_uint_eq(loaded.esi, cpu->gpr[REG_ESI]);
	ck_assert_uint_eq(loaded.edi, cpu->gpr[REG_EDI]);
	ck_assert_uint_eq(loaded.eip, 0x87654321);
	ck_assert_uint_eq(loaded.cs, SEL_CODE0 | 1);
	ck_assert_uint_eq(loaded.ss, SEL_DATA0 | 1);
	ck_assert_uint_eq(loaded.ds, SEL_DATA0);
	ck_assert_uint_eq(loaded.gs, SEL_DATA3);
	ck_assert_uint_eq(loaded.eflags, (cpu->eflags | EFLAGS_IF));
}
END_TEST

START_TEST(a_round_trip_changes_nothing)
{
	struct x86_cpu before;

	for (u32 user = 0; user < 2; user++) {
		if (user)
			rig_user();
		for (u32 i = 0; i < REG_COUNT; i++)
			rig.cpu->gpr[i] = 0x01234567u * (i + 3);
		rig.cpu->cr2 = 0xabcdef01;
		rig.cpu->eflags |= EFLAGS_ZF | EFLAGS_ID;
		before = *rig.cpu;
		rig_exit(VECTOR_LAPIC_TIMER, 0);
		ck_assert_mem_eq(before.gpr, rig.cpu->gpr, sizeof(before.gpr));
		ck_assert_mem_eq(before.seg, rig.cpu->seg, sizeof(before.seg));
		ck_assert_uint_eq(before.eip, rig.cpu->eip);
		ck_assert_uint_eq(before.eflags, rig.cpu->eflags);
		ck_assert_uint_eq(before.cr2, rig.cpu->cr2);
		ck_assert_uint_eq(before.cpl, rig.cpu->cpl);
	}
}
END_TEST

START_TEST(if_iopl_vm_vif_and_vip_never_reach_the_hardware)
{
	/* The fake aborts on IF, IOPL and VM; here for every combination of them. */
	for (u32 i = 0; i < 64; i++) {
		rig.cpu->eflags = EFLAGS_FIXED | (i & 1 ? EFLAGS_IF : 0) | (i >> 1 & 3) << 12 |
				  (i & 8 ? EFLAGS_VM : 0) | (i & 16 ? EFLAGS_VIF : 0) |
				  (i & 32 ? EFLAGS_VIP : 0);
		fake_switch.guest = guest_records;
		x86_direct_run(rig.vcpu, 0);
		ck_assert_uint_eq(loaded.eflags, EFLAGS_FIXED | EFLAGS_IF);
		ck_assert_uint_eq(shared_at_entry.vif, i & 1 ? EFLAGS_IF : 0);
	}
}
END_TEST

START_TEST(the_shared_page_tells_the_rom_what_it_reads)
{
	rig.cpu->cr2 = 0x1111;
	rig.cpu->cr4 = CR4_PGE;
	fake_switch.guest = guest_records;
	x86_direct_run(rig.vcpu, 0);
	ck_assert_uint_eq(shared_at_entry.cr0, rig.cpu->cr0);
	ck_assert_uint_eq(shared_at_entry.cr2, 0x1111);
	ck_assert_uint_eq(shared_at_entry.cr3, RIG_PD);
	ck_assert_uint_eq(shared_at_entry.cr4, CR4_PGE);
	ck_assert_uint_eq(shared_at_entry.pending, 0);
}
END_TEST

START_TEST(a_waiting_interrupt_is_announced_only_while_if_is_clear)
{
	rig.vcpu->intr = true;
	fake_switch.guest = guest_records;
	x86_direct_run(rig.vcpu, 0);
	ck_assert_uint_ne(shared_at_entry.pending, 0);
	rig.cpu->eflags |= EFLAGS_IF;
	x86_direct_run(rig.vcpu, 0);
	ck_assert_uint_eq(shared_at_entry.pending, 0);
}
END_TEST

START_TEST(the_machine_gets_the_guests_control_bits_breakpoints_and_fpu)
{
	rig.cpu->cr0 |= CR0_TS;
	rig.cpu->cr4 = CR4_OSFXSR | CR4_TSD;
	rig.cpu->dr[0] = RIG_DATA;
	rig.cpu->dr[7] = DR7_FIXED | 1 | 1u << 16;
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	ck_assert_uint_eq(fake_switch.cr0, rig.cpu->cr0);
	ck_assert_uint_eq(fake_switch.cr4, rig.cpu->cr4);
	ck_assert_mem_eq(fake_switch.dr, rig.cpu->dr, sizeof(rig.cpu->dr));
	ck_assert_ptr_eq(fake_switch.fpu, rig.cpu->fpu);
	ck_assert(!fake_switch.debug);
}
END_TEST

START_TEST(the_gate_is_loaded_once_and_shown_to_the_host)
{
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	ck_assert_uint_eq(fake_switch.gate_loads, 1);
	ck_assert_uint_eq(fake_switch.gate, GATE_SLOT_VMI);
	ck_assert(fake_switch.host_gate.v == rig.vcpu->gate.host_pt.v);
	ck_assert_uint_eq(fake_switch.entries, 2);
}
END_TEST

START_TEST(the_guests_space_shows_the_gate_and_not_the_hosts_table)
{
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	for (u32 page = 0; page < GATE_SLOT_SIZE; page += PAGE_SIZE) {
		u64 pte = fake_switch_pte(fake_switch.root, GATE_SLOT_VMI + page);
		u64 built =
			page < 512 * PAGE_SIZE ? rig.vcpu->gate.guest_ptes[page >> PAGE_SHIFT] : 0;

		ck_assert(pte == built);
	}
}
END_TEST

/* ---- out ---- */

static void leave_with(u32 eflags, u16 cs, u16 ss)
{
	leaves = (struct guest_frame){.vector = VECTOR_LAPIC_TIMER,
				      .eip = RIG_CODE,
				      .cs = cs,
				      .ss = ss,
				      .ds = SEL_DATA0,
				      .es = SEL_DATA0,
				      .fs = SEL_DATA0,
				      .gs = SEL_DATA0,
				      .eflags = eflags,
				      .esp = RIG_STACK};
	fake_switch.guest = guest_replaces;
}

START_TEST(all_registers_come_back)
{
	leave_with(EFLAGS_FIXED | EFLAGS_IF | EFLAGS_SF, SEL_CODE0 | 1, SEL_DATA0 | 1);
	leaves.eax = 1, leaves.ecx = 2, leaves.edx = 3, leaves.ebx = 4;
	leaves.esp = 5, leaves.ebp = 6, leaves.esi = 7, leaves.edi = 8;
	leaves.eip = 9;
	ck_assert(!x86_direct_run(rig.vcpu, 0));
	for (u32 i = 0; i < REG_COUNT; i++)
		ck_assert_uint_eq(rig.cpu->gpr[i], i + 1);
	ck_assert_uint_eq(rig.cpu->eip, 9);
	ck_assert_uint_eq(rig.cpu->eflags, EFLAGS_FIXED | EFLAGS_SF);
}
END_TEST

START_TEST(a_changed_selector_has_the_tables_hidden_part)
{
	leave_with(EFLAGS_FIXED | EFLAGS_IF, SEL_CODE3, SEL_DATA3);
	leaves.es = 0;
	leaves.fs = 3;
	leaves.gs = SEL_DATA3;
	x86_direct_run(rig.vcpu, 0);
	ck_assert_uint_eq(rig.cpu->cpl, 3);
	ck_assert_uint_eq(rig.cpu->seg[SREG_CS].selector, SEL_CODE3);
	ck_assert_uint_eq(seg_dpl(&rig.cpu->seg[SREG_CS]), 3);
	ck_assert_uint_eq(rig.cpu->seg[SREG_ES].attr, 0);
	ck_assert_uint_eq(rig.cpu->seg[SREG_FS].attr, 0);
	ck_assert_uint_eq(rig.cpu->seg[SREG_FS].selector, 3);
	ck_assert_uint_eq(rig.cpu->seg[SREG_GS].limit, ~0u);
	/* The kernel's DPL is 0 to the guest, 1 in the table. */
	leave_with(EFLAGS_FIXED | EFLAGS_IF, SEL_CODE0 | 1, SEL_DATA0 | 1);
	x86_direct_run(rig.vcpu, 0);
	ck_assert_uint_eq(rig.cpu->cpl, 0);
	ck_assert_uint_eq(seg_dpl(&rig.cpu->seg[SREG_SS]), 0);
}
END_TEST

static u32 vif_after;

static void guest_sets_vif(struct guest_frame *frame)
{
	rig.vcpu->gate.shared->vif = vif_after;
	rig.vcpu->gate.shared->cr2 = 0x77777777;
	frame->vector = VECTOR_LAPIC_TIMER;
}

START_TEST(vif_is_masked)
{
	static const u32 values[] = {0, EFLAGS_IF, ~0u, ~EFLAGS_IF, EFLAGS_VM | EFLAGS_IOPL};

	fake_switch.guest = guest_sets_vif;
	for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
		vif_after = values[i];
		x86_direct_run(rig.vcpu, 0);
		ck_assert_uint_eq(rig.cpu->eflags, EFLAGS_FIXED | (values[i] & EFLAGS_IF));
	}
	ck_assert_uint_eq(rig.cpu->cr2, 0x77777777);
}
END_TEST

START_TEST(user_code_shows_the_iopl_of_setioplmask_and_the_kernel_0)
{
	rig.vcpu->vmi.iopl = 2u << EFLAGS_IOPL_SHIFT;
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	ck_assert_uint_eq(x86_iopl(rig.cpu), 0);
	rig_user();
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	ck_assert_uint_eq(x86_iopl(rig.cpu), 2);
}
END_TEST

START_TEST(ring_2_comes_back_as_ring_2)
{
	leave_with(EFLAGS_FIXED | EFLAGS_IF, SEL_RING2_CODE, SEL_RING2_DATA);
	x86_direct_run(rig.vcpu, 0);
	ck_assert_uint_eq(rig.cpu->cpl, 2);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_INTERPRETER);
}
END_TEST

/* ---- what must not come out ---- */

static void expect_killed(const char *part)
{
	ck_assert(rig.vcpu->killed);
	ck_assert_msg(strstr(x86_vcpu_kill_reason(rig.vcpu), part) != NULL, "%s",
		      x86_vcpu_kill_reason(rig.vcpu));
}

static void check_hole(u32 eflags)
{
	u32 eip = rig.cpu->eip;

	leave_with(eflags, SEL_CODE0 | 1, SEL_DATA0 | 1);
	leaves.eip = 0x66666666;
	ck_assert(!x86_direct_run(rig.vcpu, 0));
	expect_killed("platform hole");
	ck_assert_uint_eq(rig.cpu->eip, eip);
	ck_assert_uint_eq(fake_switch.external, VECTOR_LAPIC_TIMER);
}

START_TEST(vm_is_a_platform_hole)
{
	check_hole(EFLAGS_FIXED | EFLAGS_IF | EFLAGS_VM);
}
END_TEST
START_TEST(iopl_is_a_platform_hole)
{
	check_hole(EFLAGS_FIXED | EFLAGS_IF | BIT(13));
}
END_TEST
START_TEST(a_clear_if_is_a_platform_hole)
{
	check_hole(EFLAGS_FIXED);
}
END_TEST

/* QEMU 7.2's CMPXCHG8B: Debian's kernel was stopped for it. */
START_TEST(bits_that_eflags_does_not_have_are_no_platform_hole)
{
	u32 before = rig.cpu->eflags & ~(EFLAGS_ARITH | EFLAGS_IF);

	leave_with(0xc1201342 | EFLAGS_ZF, SEL_CODE0 | 1, SEL_DATA0 | 1);
	x86_direct_run(rig.vcpu, 0);
	ck_assert(!rig.vcpu->killed);
	ck_assert_uint_eq(rig.cpu->eflags & ~(EFLAGS_ARITH | EFLAGS_IF), before);
	ck_assert(rig.cpu->eflags & EFLAGS_ZF);
}
END_TEST

START_TEST(v86_with_any_cs_is_a_hole_and_no_fault_of_the_way_in)
{
	leave_with(EFLAGS_FIXED | EFLAGS_IF | EFLAGS_VM, 0x1000, 0x2000);
	leaves.vector = EXCP_GP;
	ck_assert(!x86_direct_run(rig.vcpu, 0));
	expect_killed("platform hole");
	ck_assert(rig.vcpu->stats.resume_faults == 0);
	ck_assert_uint_eq(fake_switch.externals, 0);
}
END_TEST

START_TEST(a_frame_off_the_entry_stack_kills)
{
	fake_switch.exit_frame = GATE_SLOT_VMI + GATE_SHARED;
	ck_assert(!rig_exit(EXCP_GP, 0));
	expect_killed("not on the entry stack");
}
END_TEST

static void guest_faults_on_the_way_in(struct guest_frame *frame)
{
	frame->cs = HOST_CS;
	frame->eip = GATE_SLOT_VMI + FAKE_RESUME_FIRST;
	frame->eax = 0x55555555;
	frame->vector = EXCP_GP;
	frame->error = SEL_FREE;
	frame->eflags = EFLAGS_FIXED;
}

START_TEST(a_fault_of_the_way_in_is_the_guests)
{
	fake_switch.guest = guest_faults_on_the_way_in;
	rig.cpu->gpr[REG_EAX] = 0x1234;
	ck_assert(x86_direct_run(rig.vcpu, 0));
	rig_expect_delivered(EXCP_GP, true, RIG_CODE);
	ck_assert_uint_eq(rig_load(rig.cpu->gpr[REG_ESP]), SEL_FREE);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], 0x1234);
	ck_assert(rig.vcpu->stats.resume_faults == 1);
}
END_TEST

static void guest_faults_in_the_gate(struct guest_frame *frame)
{
	guest_faults_on_the_way_in(frame);
	frame->eip = GATE_SLOT_VMI + FAKE_RESUME_END;
}

START_TEST(another_fault_in_ring_0_kills)
{
	fake_switch.guest = guest_faults_in_the_gate;
	ck_assert(!x86_direct_run(rig.vcpu, 0));
	expect_killed("ring 0 of the gate");
}
END_TEST

/* ---- exits ---- */

START_TEST(a_real_interrupt_ends_the_turn)
{
	for (u32 vector = VECTOR_PIC_BASE; vector <= VECTOR_LAPIC_SPURIOUS; vector++) {
		ck_assert(!rig_exit((u8)vector, 0));
		ck_assert_uint_eq(fake_switch.external, vector);
	}
	ck_assert(!rig.vcpu->killed);
	ck_assert(rig.vcpu->stats.external == VECTOR_LAPIC_SPURIOUS - VECTOR_PIC_BASE + 1);
	ck_assert(rig.vcpu->stats.vectors[VECTOR_PIC_BASE] == 1);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE);
}
END_TEST

START_TEST(an_nmi_is_the_hosts)
{
	ck_assert(rig_exit(EXCP_NMI, 0));
	ck_assert_uint_eq(fake_switch.external, EXCP_NMI);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE);
}
END_TEST

static u32 port_reads;

static u32 read_port(void *opaque, u32 offset, u32 size)
{
	(void)opaque, (void)offset, (void)size;
	port_reads++;
	return 0x5a;
}
static void write_port(void *opaque, u32 offset, u32 size, u32 value)
{
	(void)opaque, (void)offset, (void)size, (void)value;
}

START_TEST(a_gp_by_an_in_instruction_is_done_for_the_kernel)
{
	static const struct bus_ops ops = {read_port, write_port, 1};

	ck_assert_int_eq(bus_add_pio(rig.bus, 0x60, 1, &ops, NULL), 0);
	rig_code(RIG_CODE, 0xec); /* in al, dx */
	rig.cpu->gpr[REG_EDX] = 0x60;
	ck_assert(rig_exit(EXCP_GP, 0));
	ck_assert_uint_eq(port_reads, 1);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EAX] & 0xff, 0x5a);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE + 1);
	ck_assert(rig.vcpu->stats.emulated[EMULATE_GP] == 1);
}
END_TEST

START_TEST(the_same_instruction_of_user_code_is_a_gp)
{
	rig_user();
	rig_code(RIG_USER, 0xec);
	ck_assert(rig_exit(EXCP_GP, 0x1234));
	rig_expect_delivered(EXCP_GP, true, RIG_USER);
	ck_assert_uint_eq(rig_load(rig.cpu->gpr[REG_ESP]), 0);
}
END_TEST

START_TEST(cli_in_the_kernel_clears_the_virtual_if)
{
	rig_code(RIG_CODE, 0xfa, 0xfb); /* cli; sti */
	rig.cpu->eflags |= EFLAGS_IF;
	rig_exit(EXCP_GP, 0);
	ck_assert(!(rig.cpu->eflags & EFLAGS_IF));
	rig_exit(EXCP_GP, 0);
	ck_assert(rig.cpu->eflags & EFLAGS_IF);
	ck_assert_uint_eq(rig.cpu->interrupt_shadow, SHADOW_STI);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_INTERPRETER);
}
END_TEST

START_TEST(software_interrupts_of_user_code_go_by_the_guests_idt)
{
	rig_user();
	rig_code(RIG_USER, 0xcd, 0x80, 0xcd, 0x40);
	rig_exit(EXCP_GP, 0x80 * 8 + ERROR_IDT);
	rig_expect_delivered(0x80, false, RIG_USER + 2);
	ck_assert(rig.cpu->eflags & EFLAGS_IF); /* a trap gate */
	/* The hypercall's vector is nothing special from ring 3: the guest's gate has DPL 0. */
	rig_user();
	rig.cpu->eip = RIG_USER + 2;
	rig_exit(EXCP_GP, 0x40 * 8 + ERROR_IDT);
	rig_expect_delivered(EXCP_GP, true, RIG_USER + 2);
	ck_assert_uint_eq(rig_load(rig.cpu->gpr[REG_ESP]), 0x40 * 8 + ERROR_IDT);
}
END_TEST

START_TEST(int3_goes_by_the_guests_idt)
{
	rig_code(RIG_CODE, 0xcc);
	rig_exit(EXCP_GP, EXCP_BP * 8 + ERROR_IDT);
	rig_expect_delivered(EXCP_BP, false, RIG_CODE + 1);
}
END_TEST

START_TEST(ud_is_asked_of_the_interpreter)
{
	rig_code(RIG_CODE, 0x0f, 0x0b);
	rig_exit(EXCP_UD, 0);
	rig_expect_delivered(EXCP_UD, false, RIG_CODE);
	ck_assert(rig.vcpu->stats.emulated[EMULATE_UD] == 1);
}
END_TEST

START_TEST(nm_is_the_guests_only_with_ts_or_em_of_its_own)
{
	rig_code(RIG_CODE, 0xd9, 0xe8); /* fld1 */
	rig.cpu->cr0 |= CR0_TS;
	rig_exit(EXCP_NM, 0);
	rig_expect_delivered(EXCP_NM, false, RIG_CODE);
	rig_kernel();
	rig.cpu->cr0 &= ~CR0_TS;
	rig_exit(EXCP_NM, 0);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE + 2);
}
END_TEST

START_TEST(exceptions_of_operands_are_reflected_as_they_are)
{
	static const u8 vectors[] = {EXCP_DE, EXCP_BR, EXCP_MF, EXCP_XM};

	for (u32 i = 0; i < ARRAY_SIZE(vectors); i++) {
		rig_kernel();
		/* The error slot of these holds the guest's EAX. */
		ck_assert(rig_exit(vectors[i], 0xffffffff));
		rig_expect_delivered(vectors[i], false, RIG_CODE);
	}
	ck_assert(rig.vcpu->stats.faults == ARRAY_SIZE(vectors));
	rig_user();
	rig_exit(EXCP_AC, 0);
	rig_expect_delivered(EXCP_AC, true, RIG_USER);
	ck_assert_uint_eq(rig_load(rig.cpu->gpr[REG_ESP]), 0);
}
END_TEST

START_TEST(a_debug_exception_brings_dr6_along)
{
	fake_switch.dr6 = DR6_BS | 1;
	rig_exit(EXCP_DB, 0);
	rig_expect_delivered(EXCP_DB, false, RIG_CODE);
	ck_assert_uint_eq(rig.cpu->dr[6], DR6_FIXED | DR6_BS | 1);
	ck_assert(!(rig_load(rig.cpu->gpr[REG_ESP] + 8) & EFLAGS_RF));
}
END_TEST

START_TEST(a_segment_fault_is_asked_of_the_interpreter)
{
	/* The descriptor is there for the guest, but not for ring 1: absent in the shadow table. */
	rig_store64(RIG_GDT + SEL_FREE, FLAT_DATA0);
	rig_code(RIG_CODE, 0x8e, 0xe0); /* mov fs, eax */
	rig.cpu->gpr[REG_EAX] = SEL_FREE;
	rig_exit(EXCP_NP, SEL_FREE);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE + 2);
	ck_assert_uint_eq(rig.cpu->seg[SREG_FS].selector, SEL_FREE);
	ck_assert(rig.vcpu->stats.emulated[EMULATE_SEGMENT] == 1);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_INTERPRETER);
}
END_TEST

/* ---- page faults, by the real shadow ---- */

static bool fault_at(u32 address, u32 error)
{
	fake_switch.cr2 = address;
	return rig_exit(EXCP_PF, error);
}

START_TEST(a_hidden_page_fault_is_filled_and_run_on)
{
	ck_assert(fault_at(RIG_DATA + 0x10, ACCESS_READ));
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE);
	ck_assert(rig.vcpu->stats.faults == 0);
	ck_assert(fake_switch_pte(fake_switch.root, RIG_DATA) != 0);
}
END_TEST

START_TEST(a_page_fault_of_the_guests_tables_is_the_guests)
{
	ck_assert(fault_at(RIG_HOLE + 4, PF_W));
	rig_expect_delivered(EXCP_PF, true, RIG_CODE);
	ck_assert_uint_eq(rig_load(rig.cpu->gpr[REG_ESP]), PF_W);
	ck_assert_uint_eq(rig.cpu->cr2, RIG_HOLE + 4);
	/* From ring 3: protection. */
	rig_user();
	ck_assert(fault_at(RIG_DATA, PF_U));
	rig_expect_delivered(EXCP_PF, true, RIG_USER);
	ck_assert_uint_eq(rig_load(rig.cpu->gpr[REG_ESP]), PF_U | PF_P);
	/* The ROM's GetCR2 sees it. */
	fake_switch.guest = guest_records;
	x86_direct_run(rig.vcpu, 0);
	ck_assert_uint_eq(shared_at_entry.cr2, RIG_DATA);
}
END_TEST

START_TEST(a_device_page_is_emulated)
{
	static const struct bus_ops ops = {read_port, write_port, 4};

	ck_assert_int_eq(bus_add_mmio(rig.bus, gpa(RIG_DEVICE_GPA), PAGE_SIZE, &ops, NULL), 0);
	rig_code(RIG_CODE, 0x8b, 0x01); /* mov eax, [ecx] */
	rig.cpu->gpr[REG_ECX] = RIG_DEVICE;
	ck_assert(fault_at(RIG_DEVICE, ACCESS_READ));
	ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], 0x5a);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE + 2);
	ck_assert(rig.vcpu->stats.emulated[EMULATE_PF_IO] == 1);
}
END_TEST

START_TEST(a_store_to_a_page_table_is_emulated_and_takes_effect)
{
	fault_at(RIG_PT, ACCESS_READ);	/* mapped, read-only because it is traced */
	rig_code(RIG_CODE, 0x89, 0x01); /* mov [ecx], eax */
	rig.cpu->gpr[REG_EAX] = RIG_DATA | 3;
	rig.cpu->gpr[REG_ECX] = RIG_PT + (RIG_HOLE >> PAGE_SHIFT) * 4;
	ck_assert(fault_at(rig.cpu->gpr[REG_ECX], PF_W | PF_P));
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE + 2);
	ck_assert(rig.vcpu->stats.emulated[EMULATE_PF_TABLE] == 1);
	ck_assert_uint_eq(rig_load(RIG_PT + (RIG_HOLE >> PAGE_SHIFT) * 4), RIG_DATA | 3);
	ck_assert(fault_at(RIG_HOLE, ACCESS_READ));
	ck_assert(rig.vcpu->stats.faults == 0);
}
END_TEST

START_TEST(touching_the_gate_faults_as_the_guests_tables_say)
{
	rig_user();
	rig_code(RIG_USER, 0x8b, 0x01); /* mov eax, [ecx] */
	rig.cpu->gpr[REG_ECX] = GATE_SLOT_VMI + GATE_GDT;
	ck_assert(fault_at(GATE_SLOT_VMI + GATE_GDT, PF_U | PF_P));
	rig_expect_delivered(EXCP_PF, true, RIG_USER);
	ck_assert_uint_eq(rig_load(rig.cpu->gpr[REG_ESP]), PF_U);
	ck_assert_uint_eq(rig.cpu->cr2, GATE_SLOT_VMI + GATE_GDT);
}
END_TEST

/* ---- descriptor tables follow the guest ---- */

START_TEST(lgdt_in_the_kernel_rebuilds_the_shadow_table)
{
	rig_store64(RIG_GDT + SEL_FREE, FLAT_DATA3);
	rig_store(RIG_DATA, RIG_GDT << 16 | RIG_GDT_LIMIT);
	rig_store(RIG_DATA + 4, 0);
	rig_code(RIG_CODE, 0x0f, 0x01, 0x11); /* lgdt [ecx] */
	rig.cpu->gpr[REG_ECX] = RIG_DATA;
	ck_assert(gate_descriptor(&rig.vcpu->gate, SEL_FREE) == 0);
	rig_exit(EXCP_GP, 0);
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE + 3);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_DIRECT);
	ck_assert(gate_descriptor(&rig.vcpu->gate, SEL_FREE) != 0);
	ck_assert(!rig.vcpu->killed);
}
END_TEST

START_TEST(lgdt_under_single_step_rebuilds_it_too)
{
	rig_store64(RIG_GDT + SEL_FREE, FLAT_DATA3);
	rig_store(RIG_DATA, RIG_GDT << 16 | RIG_GDT_LIMIT);
	rig_code(RIG_CODE, 0x0f, 0x01, 0x11);
	rig.cpu->gpr[REG_ECX] = RIG_DATA;
	rig.cpu->eflags |= EFLAGS_TF;
	rig_exit(EXCP_GP, 0);
	rig_expect_delivered(EXCP_DB, false, RIG_CODE + 3);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_DIRECT);
	ck_assert(gate_descriptor(&rig.vcpu->gate, SEL_FREE) != 0);
}
END_TEST

START_TEST(a_table_that_is_partly_unmapped_gives_what_is_mapped)
{
	/* The table crosses into the hole; its base is not aligned to anything but 8. */
	u32 base = RIG_HOLE - 0x58;
	u8 table[0x58];

	ck_assert(gmem_read(rig.gmem, gpa(RIG_GDT), table, sizeof(table)));
	rig_put(base, table, sizeof(table));
	rig_store64(base + SEL_FREE, FLAT_DATA3);
	rig.cpu->gdtr = (struct x86_table){base, 0xffff};
	rig_load_tables(rig.vcpu);
	ck_assert(gate_descriptor(&rig.vcpu->gate, SEL_CODE0) != 0);
	ck_assert(gate_descriptor(&rig.vcpu->gate, SEL_FREE) != 0);
	ck_assert(gate_descriptor(&rig.vcpu->gate, SEL_FREE + 8) == 0);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_DIRECT);
}
END_TEST

START_TEST(a_shorter_table_leaves_nothing_behind)
{
	rig_store64(RIG_GDT + 0x90, FLAT_DATA3);
	rig_load_tables(rig.vcpu);
	ck_assert(gate_descriptor(&rig.vcpu->gate, 0x90) != 0);
	rig.cpu->gdtr.limit = 0x90 + 6; /* one byte short */
	rig_load_tables(rig.vcpu);
	ck_assert(gate_descriptor(&rig.vcpu->gate, 0x90) == 0);
}
END_TEST

START_TEST(lldt_loads_the_shadow_ldt_and_0_unloads_it)
{
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	rig_code(RIG_CODE, 0x0f, 0x00, 0xd0, 0x0f, 0x00, 0xd1); /* lldt ax; lldt cx */
	rig.cpu->gpr[REG_EAX] = SEL_LDT;
	rig_exit(EXCP_GP, 0);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_DIRECT);
	ck_assert_uint_eq(fake_switch.ldt, GATE_LDT_SELECTOR);
	ck_assert(gate_descriptor(&rig.vcpu->gate, 0 | SEL_TI | 3) == (FLAT_DATA3 | BIT64(40)));
	ck_assert(gate_descriptor(&rig.vcpu->gate, 8 | SEL_TI) ==
		  (FLAT_DATA0 | BIT64(40) | BIT64(45)));
	rig.cpu->gpr[REG_ECX] = 0;
	rig_exit(EXCP_GP, 0);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_DIRECT);
	ck_assert_uint_eq(fake_switch.ldt, 0);
	ck_assert(gate_descriptor(&rig.vcpu->gate, 0 | SEL_TI | 3) == 0);
}
END_TEST

START_TEST(no_memory_for_a_descriptor_page_kills)
{
	rig.cpu->gdtr.limit = 0xffff;
	rig_store64(RIG_GDT + 0x2000, FLAT_DATA3); /* the third page */
	fake_fail_allocation(1);
	rig_load_tables(rig.vcpu);
	expect_killed("no memory for a shadow descriptor table");
}
END_TEST

START_TEST(two_vcpus_take_turns_with_their_gates)
{
	struct x86_vcpu_config config = rig_config();
	struct x86_vcpu *other, *first = rig.vcpu;

	config.vmi = false;
	other = x86_vcpu_create(&config);
	other->cpu = first->cpu;
	ck_assert_int_eq(x86_direct_prepare(other, GATE_SLOT_VMI), 0);
	rig_load_tables(other);
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	ck_assert(fake_switch.host_gate.v == first->gate.host_pt.v);
	rig.vcpu = other;
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	ck_assert(fake_switch.host_gate.v == other->gate.host_pt.v);
	ck_assert_ptr_eq(fake_switch.fpu, other->cpu.fpu);
	rig.vcpu = first;
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	ck_assert_uint_eq(fake_switch.gate_loads, 3);
	x86_vcpu_destroy(other);
	ck_assert_uint_eq(fake_switch.gate, GATE_SLOT_VMI); /* the other's is in use */
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		all_registers_go_to_the_cpu,
		a_round_trip_changes_nothing,
		if_iopl_vm_vif_and_vip_never_reach_the_hardware,
		the_shared_page_tells_the_rom_what_it_reads,
		a_waiting_interrupt_is_announced_only_while_if_is_clear,
		the_machine_gets_the_guests_control_bits_breakpoints_and_fpu,
		the_gate_is_loaded_once_and_shown_to_the_host,
		the_guests_space_shows_the_gate_and_not_the_hosts_table,
		all_registers_come_back,
		a_changed_selector_has_the_tables_hidden_part,
		vif_is_masked,
		user_code_shows_the_iopl_of_setioplmask_and_the_kernel_0,
		ring_2_comes_back_as_ring_2,
		vm_is_a_platform_hole,
		iopl_is_a_platform_hole,
		a_clear_if_is_a_platform_hole,
		bits_that_eflags_does_not_have_are_no_platform_hole,
		v86_with_any_cs_is_a_hole_and_no_fault_of_the_way_in,
		a_frame_off_the_entry_stack_kills,
		a_fault_of_the_way_in_is_the_guests,
		another_fault_in_ring_0_kills,
		a_real_interrupt_ends_the_turn,
		an_nmi_is_the_hosts,
		a_gp_by_an_in_instruction_is_done_for_the_kernel,
		the_same_instruction_of_user_code_is_a_gp,
		cli_in_the_kernel_clears_the_virtual_if,
		software_interrupts_of_user_code_go_by_the_guests_idt,
		int3_goes_by_the_guests_idt,
		ud_is_asked_of_the_interpreter,
		nm_is_the_guests_only_with_ts_or_em_of_its_own,
		exceptions_of_operands_are_reflected_as_they_are,
		a_debug_exception_brings_dr6_along,
		a_segment_fault_is_asked_of_the_interpreter,
		a_hidden_page_fault_is_filled_and_run_on,
		a_page_fault_of_the_guests_tables_is_the_guests,
		a_device_page_is_emulated,
		a_store_to_a_page_table_is_emulated_and_takes_effect,
		touching_the_gate_faults_as_the_guests_tables_say,
		lgdt_in_the_kernel_rebuilds_the_shadow_table,
		lgdt_under_single_step_rebuilds_it_too,
		a_table_that_is_partly_unmapped_gives_what_is_mapped,
		a_shorter_table_leaves_nothing_behind,
		lldt_loads_the_shadow_ldt_and_0_unloads_it,
		no_memory_for_a_descriptor_page_kills,
		two_vcpus_take_turns_with_their_gates,
	};

	return rig_main("direct", rig_setup_vmi, tests, ARRAY_SIZE(tests));
}
