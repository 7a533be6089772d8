/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ROM's own code and the hypervisor's work in it: interrupts and faults at every instruction of
 * the int-0x80 stubs and of the IRET.  The instructions are those of the real image; the
 * interpreter executes them, so a state in the middle of the ROM is one that a CPU would reach.
 */
#include "tests/unit/vcpu_rig.h"

#define KERNEL_ESP (RIG_STACK - 0x100)
#define USER_FLAGS (EFLAGS_FIXED | EFLAGS_IF | EFLAGS_CF)
#define NESTED_ESP (RIG_STACK - 0x400) /* the kernel's own, for an int 0x80 of ring 1 */

extern const u8 vmi_gate_image[], vmi_gate_image_end[];

static struct {
	u32 int80_stub, int80_copy, int80_trap_stub, int80_stub_end, iret_window, iret_window_end;
} marks;

static void setup(void)
{
	const u8 *at = vmi_gate_image;

	rig_setup_vmi();
	while (memcmp(at, "VMImarks", 8))
		at++;
	memcpy(&marks, at + 8, sizeof(marks));
	rig.cpu->gpr[REG_EAX] = SEL_DATA0;
	rig.cpu->gpr[REG_EDX] = KERNEL_ESP;
	rig_call(VMI_CALL_UpdateKernelStack);
	rig_kernel();
	rig.vector = 0x31;
}

/* The address of routine @call, from the option ROM's table. */
static u32 routine(u32 call)
{
	rig_kernel();
	rig.cpu->gpr[REG_EAX] = call;
	rig.cpu->gpr[REG_ESP] -= 4;
	rig_store(rig.cpu->gpr[REG_ESP], RIG_CODE);
	rig.cpu->eip = VMI_ROM_ADDRESS + offsetof(struct vmi_rom_header, get_relocation);
	while (rig.cpu->eip != RIG_CODE)
		x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	return rig.cpu->gpr[REG_EAX];
}

/* One instruction of the ROM, not rolled forward. */
static void step(void)
{
	x86_direct_fill_shared(rig.vcpu);
	ck_assert_int_eq(interp_step(rig.vcpu->interp), EMUL_DONE);
	x86_direct_take_shared(rig.vcpu);
}

static u32 length_at(u32 address)
{
	struct x86_insn insn;
	u32 offset = address - (VMI_GATE + GATE_ROM);

	ck_assert_int_eq(insn_decode(vmi_gate_image + offset, 15, true, &insn), DECODE_OK);
	return insn.length;
}

/* The run loop meets a waiting interrupt, and then a real one ends the turn at once. */
static void interrupt(void)
{
	x86_vcpu_set_intr(rig.vcpu, 0, true);
	rig_exit_vector = VECTOR_LAPIC_TIMER;
	fake_switch.guest = rig_guest_exits;
	x86_vcpu_run(rig.vcpu);
	x86_vcpu_set_intr(rig.vcpu, 0, false);
	ck_assert_msg(!rig.vcpu->killed, "%s", x86_vcpu_kill_reason(rig.vcpu));
}

/* ---- int 0x80 from ring 3 ---- */

static const u32 user_frame[5] = {RIG_USER + 2, SEL_CODE3, USER_FLAGS, RIG_USER_STACK, SEL_DATA3};

/* The CPU has just entered the stub through the direct gate. */
static void enter_stub(bool interrupt_gate)
{
	u16 selector = SEL_DATA3;

	rig.vcpu->vmi.int80_clears_if = interrupt_gate;
	rig_kernel();
	for (u32 i = 0; i < REG_COUNT; i++)
		rig.cpu->gpr[i] = 0x01010101u * i;
	rig.cpu->seg[SREG_DS] = rig.cpu->seg[SREG_ES] = rig_segment(selector);
	rig.cpu->seg[SREG_FS] = rig.cpu->seg[SREG_GS] = (struct x86_segment){0};
	rig.cpu->eflags = EFLAGS_FIXED | EFLAGS_IF;
	rig.cpu->gpr[REG_ESP] = VMI_SHARED;
	rig.cpu->eip = interrupt_gate ? marks.int80_stub : marks.int80_trap_stub;
	memcpy(rig.vcpu->gate.shared->trap_frame, user_frame, sizeof(user_frame));
	/* Nothing may depend on what is below the kernel stack's top. */
	for (u32 i = 1; i < 20; i++)
		rig_store(KERNEL_ESP - 4 * i, 0xcccccccc);
}

/* Five dwords at @esp are the user's frame, and all other registers the user's. */
static void expect_user_frame(u32 esp)
{
	for (u32 i = 0; i < 5; i++)
		ck_assert_uint_eq(rig_load(esp + 4 * i), user_frame[i]);
	for (u32 i = 0; i < REG_COUNT; i++)
		if (i != REG_ESP)
			ck_assert_uint_eq(rig.cpu->gpr[i], 0x01010101u * i);
	ck_assert_uint_eq(rig.cpu->seg[SREG_DS].selector, SEL_DATA3);
}

static u32 steps_to_handler(bool interrupt_gate)
{
	u32 steps = 0;

	enter_stub(interrupt_gate);
	for (; rig.cpu->eip != RIG_HANDLER(0x80); steps++) {
		ck_assert_uint_lt(steps, 30);
		step();
	}
	ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], KERNEL_ESP - 20);
	expect_user_frame(KERNEL_ESP - 20);
	ck_assert_uint_eq(rig.cpu->eflags & EFLAGS_IF, interrupt_gate ? 0 : EFLAGS_IF);
	return steps;
}

START_TEST(the_stubs_move_the_frame_to_the_kernel_stack)
{
	ck_assert_uint_gt(steps_to_handler(false), 7);
	ck_assert_uint_gt(steps_to_handler(true), 8);
}
END_TEST

START_TEST(an_interrupt_in_the_trap_stub_comes_at_the_guests_handler)
{
	u32 steps = steps_to_handler(false);

	for (u32 k = 0; k <= steps; k++) {
		enter_stub(false);
		for (u32 i = 0; i < k; i++)
			step();
		interrupt();
		rig_expect_delivered(0x31, false, RIG_HANDLER(0x80));
		ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], KERNEL_ESP - 20 - 12);
		ck_assert_uint_eq(rig_load(KERNEL_ESP - 28), SEL_CODE0 | 1);
		ck_assert(rig_load(KERNEL_ESP - 24) & EFLAGS_IF);
		expect_user_frame(KERNEL_ESP - 20);
	}
	ck_assert(rig.vcpu->stats.rolled == steps);
}
END_TEST

START_TEST(an_interrupt_in_the_interrupt_stub_waits)
{
	u32 steps = steps_to_handler(true);

	for (u32 k = 0; k <= steps; k++) {
		enter_stub(true);
		for (u32 i = 0; i < k; i++)
			step();
		rig.acknowledged = 0;
		interrupt();
		for (u32 i = 0; rig.cpu->eip != RIG_HANDLER(0x80); i++) {
			ck_assert_uint_lt(i, 30);
			step();
		}
		ck_assert_uint_eq(rig.acknowledged, 0);
		ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], KERNEL_ESP - 20);
		ck_assert(!(rig.cpu->eflags & EFLAGS_IF));
		expect_user_frame(KERNEL_ESP - 20);
	}
}
END_TEST

START_TEST(a_page_fault_in_a_stub_does_not_lose_the_frame)
{
	/* The kernel stack's page is not in the shadow yet, or is traced: at each push. */
	u32 steps = steps_to_handler(false);

	for (u32 k = 0; k < steps; k++) {
		enter_stub(false);
		for (u32 i = 0; i < k; i++)
			step();
		ck_assert(vmi_in_rom(rig.vcpu));
		ck_assert(vmi_finish_rom(rig.vcpu));
		ck_assert_uint_eq(rig.cpu->eip, RIG_HANDLER(0x80));
		ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], KERNEL_ESP - 20);
		expect_user_frame(KERNEL_ESP - 20);
	}
}
END_TEST

START_TEST(a_kernel_stack_that_cannot_be_written_stops_the_guest)
{
	rig.vcpu->vmi.kernel_esp = RIG_HOLE + 16;
	enter_stub(false);
	x86_vcpu_set_intr(rig.vcpu, 0, true);
	x86_vcpu_run(rig.vcpu);
	ck_assert(rig.vcpu->killed || rig.cpu->activity == CPU_SHUTDOWN);
	ck_assert_uint_eq(rig.acknowledged, 0);
}
END_TEST

/* ---- int 0x80 from ring 1 ---- */

/* The kernel's own int 0x80: the CPU has pushed three dwords on its stack, with the hardware's IF.
 */
static void enter_stub_from_kernel(bool interrupt_gate, bool vif)
{
	enter_stub(interrupt_gate);
	rig.cpu->gpr[REG_ESP] = NESTED_ESP - 12;
	rig_store(NESTED_ESP - 12, RIG_CODE + 2);
	rig_store(NESTED_ESP - 8, SEL_CODE0 | 1);
	rig_store(NESTED_ESP - 4, EFLAGS_FIXED | EFLAGS_IF);
	rig.cpu->eflags = EFLAGS_FIXED | (vif ? EFLAGS_IF : 0);
}

START_TEST(int80_of_the_kernel_stays_on_its_stack_with_the_virtual_if)
{
	for (u32 i = 0; i < 4; i++) {
		bool interrupt_gate = i & 1, vif = i & 2;

		enter_stub_from_kernel(interrupt_gate, vif);
		for (u32 n = 0; rig.cpu->eip != RIG_HANDLER(0x80); n++) {
			ck_assert_uint_lt(n, 30);
			step();
		}
		ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], NESTED_ESP - 12);
		ck_assert_uint_eq(rig_load(NESTED_ESP - 12), RIG_CODE + 2);
		ck_assert_uint_eq(rig_load(NESTED_ESP - 4), EFLAGS_FIXED | (vif ? EFLAGS_IF : 0));
		ck_assert_uint_eq(rig.cpu->eflags & EFLAGS_IF,
				  vif && !interrupt_gate ? EFLAGS_IF : 0);
		ck_assert_uint_eq(rig_load(KERNEL_ESP - 20), 0xcccccccc);
	}
}
END_TEST

START_TEST(int80_of_the_kernel_is_never_rolled)
{
	for (u32 i = 0; i < 4; i++)
		for (u32 k = 0;; k++) {
			u32 eip;

			enter_stub_from_kernel(i & 1, i & 2);
			for (u32 n = 0; n < k && rig.cpu->eip != RIG_HANDLER(0x80); n++)
				step();
			eip = rig.cpu->eip;
			if (eip == RIG_HANDLER(0x80))
				break;
			ck_assert(!vmi_finish_rom(rig.vcpu));
			if (rig.cpu->eflags & EFLAGS_IF) {
				interrupt(); /* an ordinary one, below the frame */
				rig_expect_delivered(0x31, false, eip);
				ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], NESTED_ESP - 24);
			}
		}
	ck_assert(rig.vcpu->stats.rolled == 0);
}
END_TEST

/* ---- IRET ---- */

#define SITE (RIG_CODE + 0x100) /* of the CALL */
#define FRAME (KERNEL_ESP - 0x80)

/* A kernel at SITE has called the ROM's IRET with this frame. */
static void enter_iret(u32 eip, u32 cs, u32 eflags)
{
	rig_kernel();
	rig_store(FRAME - 4, SITE + 5);
	rig_store(FRAME, eip);
	rig_store(FRAME + 4, cs);
	rig_store(FRAME + 8, eflags);
	rig_store(FRAME + 12, RIG_USER_STACK);
	rig_store(FRAME + 16, SEL_DATA3);
	rig.cpu->gpr[REG_ESP] = FRAME - 4;
	rig.vcpu->gate.shared->iret_site = 0;
}

static void expect_user(u32 flags)
{
	ck_assert_uint_eq(rig.cpu->cpl, 3);
	ck_assert_uint_eq(rig.cpu->eip, RIG_USER);
	ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], RIG_USER_STACK);
	ck_assert_uint_eq(rig.cpu->seg[SREG_SS].selector, SEL_DATA3);
	ck_assert_uint_eq(rig.cpu->eflags, flags);
}

START_TEST(iret_to_user_code_needs_no_exit)
{
	u32 iret = routine(VMI_CALL_IRET);

	enter_iret(RIG_USER, SEL_CODE3, USER_FLAGS);
	rig.cpu->eip = iret;
	for (u32 n = 0; rig.cpu->cpl == 0; n++) {
		ck_assert_uint_lt(n, 15);
		ck_assert_uint_ne(rig.cpu->eip, ROM_SLOT(VMI_CALL_IRET));
		step();
	}
	expect_user(USER_FLAGS);
	ck_assert_uint_eq(rig.vcpu->gate.shared->iret_site, SITE + 5);
}
END_TEST

START_TEST(iret_to_the_kernel_takes_its_if)
{
	u32 iret = routine(VMI_CALL_IRET);

	for (u32 i = 0; i < 4; i++) {
		enter_iret(RIG_CODE + 0x40, SEL_CODE0 | 1, EFLAGS_FIXED | (i & 1 ? EFLAGS_IF : 0));
		rig.cpu->eflags |= i & 2 ? EFLAGS_IF : 0;
		rig.cpu->eip = iret;
		for (u32 n = 0; vmi_in_rom(rig.vcpu); n++) {
			ck_assert_uint_lt(n, 15);
			step();
		}
		ck_assert_uint_eq(rig.cpu->eip, RIG_CODE + 0x40);
		ck_assert_uint_eq(rig.cpu->eflags, EFLAGS_FIXED | (i & 1 ? EFLAGS_IF : 0));
		ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], FRAME + 12);
	}
}
END_TEST

START_TEST(iret_with_flags_out_of_the_ordinary_is_the_hypervisors)
{
	static const u32 flags[] = {EFLAGS_FIXED | EFLAGS_IF | EFLAGS_NT,
				    EFLAGS_FIXED /* IF=0 at CPL 3 */};
	u32 iret = routine(VMI_CALL_IRET);

	for (u32 i = 0; i < ARRAY_SIZE(flags); i++) {
		enter_iret(RIG_USER, SEL_CODE3, flags[i]);
		rig.cpu->eip = iret;
		for (u32 n = 0; rig.cpu->eip != ROM_SLOT(VMI_CALL_IRET); n++) {
			ck_assert_uint_lt(n, 15);
			step();
		}
		rig.cpu->eip = ROM_AFTER(VMI_CALL_IRET);
		rig_exit(VECTOR_HYPERCALL, 0);
		expect_user(flags[i]);
	}
}
END_TEST

/* Every instruction from which only the IRET is left to do. */
static u32 next_in_window(u32 at)
{
	u32 next = at ? at + length_at(at) : marks.iret_window;

	if (next == marks.iret_window_end)
		return ROM_SLOT(VMI_CALL_IRET);
	return at == ROM_SLOT(VMI_CALL_IRET) ? 0 : next;
}

static void enter_window(u32 at, u32 eip, u32 cs, u32 eflags, bool vif)
{
	enter_iret(eip, cs, eflags);
	rig.cpu->gpr[REG_ESP] = FRAME; /* the return address is popped */
	rig.vcpu->gate.shared->iret_site = SITE + 5;
	rig.cpu->eflags |= vif ? EFLAGS_IF : 0;
	rig.cpu->eip = at;
}

START_TEST(an_interrupt_in_the_iret_window_comes_at_the_target)
{
	u32 count = 0;

	for (u32 at = next_in_window(0); at; at = next_in_window(at), count++) {
		enter_window(at, RIG_USER, SEL_CODE3, USER_FLAGS, true);
		interrupt();
		rig_expect_delivered(0x31, false, RIG_USER);
		ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], KERNEL_ESP - 20);
		ck_assert_uint_eq(rig_load(KERNEL_ESP - 16), SEL_CODE3);
		ck_assert_uint_eq(rig_load(KERNEL_ESP - 12), USER_FLAGS);
	}
	ck_assert_uint_ge(count, 9);
	ck_assert(rig.vcpu->stats.rolled == count);
}
END_TEST

START_TEST(an_iret_that_masks_interrupts_is_not_interrupted_in_the_window)
{
	for (u32 at = next_in_window(0); at; at = next_in_window(at)) {
		enter_window(at, RIG_CODE + 0x40, SEL_CODE0 | 1, EFLAGS_FIXED, true);
		rig.acknowledged = 0;
		interrupt();
		ck_assert_uint_eq(rig.acknowledged, 0);
		ck_assert_uint_eq(rig.cpu->eip, RIG_CODE + 0x40);
		ck_assert_uint_eq(rig.cpu->eflags, EFLAGS_FIXED);
	}
}
END_TEST

START_TEST(with_interrupts_off_the_window_goes_on_at_its_own_pace)
{
	for (u32 at = next_in_window(0); at; at = next_in_window(at)) {
		enter_window(at, RIG_USER, SEL_CODE3, USER_FLAGS, false);
		vmi_roll_forward(rig.vcpu);
		ck_assert_uint_eq(rig.cpu->eip, at);
	}
	ck_assert(rig.vcpu->stats.rolled == 0);
}
END_TEST

START_TEST(before_the_window_an_interrupt_is_an_ordinary_one)
{
	u32 iret = routine(VMI_CALL_IRET);

	for (u32 at = iret; at < marks.iret_window; at += length_at(at)) {
		enter_iret(RIG_USER, SEL_CODE3, USER_FLAGS);
		rig.cpu->gpr[REG_ESP] = at == iret ? FRAME - 4 : FRAME;
		rig.cpu->eflags |= EFLAGS_IF;
		rig.cpu->eip = at;
		interrupt();
		rig_expect_delivered(0x31, false, at);
	}
}
END_TEST

START_TEST(a_faulting_iret_is_reported_where_the_rom_was_called)
{
	static const struct {
		u32 cs;
		u8 vector;
		u32 error;
	} faults[] = {
		{SEL_FREE | 3, EXCP_NP, SEL_FREE},     /* absent */
		{SEL_DATA3, EXCP_GP, SEL_DATA3 & ~3u}, /* no code */
		{0, EXCP_GP, 0},
		{0x1f8 | 3, EXCP_GP, 0x1f8}, /* beyond the table */
	};

	rig_store64(RIG_GDT + SEL_FREE, FLAT_CODE3 & ~BIT64(47));
	for (u32 i = 0; i < ARRAY_SIZE(faults); i++)
		for (u32 at = next_in_window(0); at; at = next_in_window(at)) {
			enter_window(at, RIG_USER, faults[i].cs, USER_FLAGS, true);
			ck_assert(rig_exit(EXCP_GP, 0x6666));
			rig_expect_delivered(faults[i].vector, true, SITE);
			ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], FRAME - 16);
			ck_assert_uint_eq(rig_load(FRAME - 16), faults[i].error);
			ck_assert_uint_eq(rig_load(FRAME - 8), SEL_CODE0 | 1);
			ck_assert(!(rig_load(FRAME - 4) & EFLAGS_IF));
			ck_assert_uint_eq(rig_load(FRAME),
					  RIG_USER); /* the frame is there to be mended */
		}
}
END_TEST

START_TEST(a_single_stepped_iret_has_returned)
{
	enter_window(marks.iret_window, RIG_USER, SEL_CODE3, USER_FLAGS, true);
	rig.cpu->eflags |= EFLAGS_TF;
	rig.vcpu->vmi.iopl = 1u << EFLAGS_IOPL_SHIFT;
	ck_assert(vmi_finish_rom(rig.vcpu));
	rig_expect_delivered(EXCP_DB, false, RIG_USER);
	ck_assert_uint_eq(rig_load(rig.cpu->gpr[REG_ESP] + 4), SEL_CODE3);
	ck_assert_uint_eq(rig_load(rig.cpu->gpr[REG_ESP] + 8),
			  USER_FLAGS | 1u << EFLAGS_IOPL_SHIFT);
}
END_TEST

/* ---- the interrupt mask ---- */

/* Call routine @call to its return. */
static void call_routine(u32 address)
{
	rig.cpu->gpr[REG_ESP] = RIG_STACK - 4;
	rig_store(RIG_STACK - 4, RIG_CODE);
	rig.cpu->eip = address;
	for (u32 n = 0; rig.cpu->eip != RIG_CODE; n++) {
		ck_assert_uint_lt(n, 15);
		step();
	}
}

START_TEST(the_mask_calls_work_on_the_virtual_if_and_keep_registers)
{
	u32 enable = routine(VMI_CALL_EnableInterrupts),
	    disable = routine(VMI_CALL_DisableInterrupts);
	u32 get = routine(VMI_CALL_GetInterruptMask), set = routine(VMI_CALL_SetInterruptMask);
	u32 before[REG_COUNT];

	rig_kernel();
	rig.cpu->seg[SREG_DS] = rig.cpu->seg[SREG_ES] = (struct x86_segment){0};
	call_routine(enable);
	ck_assert(rig.cpu->eflags & EFLAGS_IF);
	call_routine(get);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], EFLAGS_IF);
	memcpy(before, rig.cpu->gpr, sizeof(before));
	call_routine(disable);
	ck_assert(!(rig.cpu->eflags & EFLAGS_IF));
	call_routine(set);
	ck_assert(rig.cpu->eflags & EFLAGS_IF);
	ck_assert_mem_eq(before, rig.cpu->gpr, sizeof(before));
	rig.cpu->gpr[REG_EAX] = ~EFLAGS_IF;
	call_routine(set);
	ck_assert(!(rig.cpu->eflags & EFLAGS_IF));
}
END_TEST

START_TEST(enabling_with_an_interrupt_waiting_makes_the_call)
{
	u32 enable = routine(VMI_CALL_EnableInterrupts);

	rig_kernel();
	rig.vcpu->intr = true;
	rig.cpu->gpr[REG_ESP] = RIG_STACK - 4;
	rig.cpu->eip = enable;
	rig_store(RIG_STACK - 4, RIG_CODE);
	x86_direct_fill_shared(rig.vcpu);
	for (u32 n = 0; rig.cpu->eip != ROM_SLOT(HYPERCALL_IRQ_PENDING); n++) {
		ck_assert_uint_lt(n, 10);
		ck_assert_int_eq(interp_step(rig.vcpu->interp), EMUL_DONE);
	}
	rig.cpu->eip = ROM_AFTER(HYPERCALL_IRQ_PENDING);
	rig_exit_vector = VECTOR_HYPERCALL;
	x86_direct_take_shared(rig.vcpu);
	interrupt();
	rig_expect_delivered(0x31, false, ROM_AFTER(HYPERCALL_IRQ_PENDING));
}
END_TEST

START_TEST(the_rom_reads_control_registers_from_the_shared_page)
{
	static const u32 get[] = {VMI_CALL_GetCR0, VMI_CALL_GetCR2, VMI_CALL_GetCR3,
				  VMI_CALL_GetCR4};
	u32 address[ARRAY_SIZE(get)], set = routine(VMI_CALL_SetCR2);

	for (u32 i = 0; i < ARRAY_SIZE(get); i++)
		address[i] = routine(get[i]);
	rig_kernel();
	rig.cpu->gpr[REG_EAX] = 0x13579bdf;
	call_routine(set);
	ck_assert_uint_eq(rig.cpu->cr2, 0x13579bdf);
	for (u32 i = 0; i < ARRAY_SIZE(get); i++) {
		const u32 values[] = {rig.cpu->cr0, rig.cpu->cr2, rig.cpu->cr3, rig.cpu->cr4};

		call_routine(address[i]);
		ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], values[i]);
	}
}
END_TEST

static void setup_with_rom(void)
{
	setup();
	ck_assert_int_eq(vmi_load_rom(rig.gmem, false), 0);
}

/* Linux asks for the first of each pair only, and makes the second call then, too: a kernel with PAE went to 0. */
START_TEST(what_linux_calls_unasked_is_offered)
{
	static const u8 pairs[][2] = {
		{ VMI_CALL_SetPxELong, VMI_CALL_UpdatePxELong },
		{ VMI_CALL_AllocatePage, VMI_CALL_ReleasePage },
		{ VMI_CALL_GetCycleFrequency, VMI_CALL_GetCycleCounter },
		{ VMI_CALL_GetCycleFrequency, VMI_CALL_SetAlarm },
		{ VMI_CALL_GetCycleFrequency, VMI_CALL_CancelAlarm },
		{ VMI_CALL_GetCycleFrequency, VMI_CALL_GetWallclockTime },
	};
	static const u32 answers[] = {
#define ANSWER_CALL VMI_RELOCATION_CALL_REL
#define ANSWER_NOP VMI_RELOCATION_NOP
#define ANSWER_NONE VMI_RELOCATION_NONE
#define ANSWER_APIC VMI_RELOCATION_CALL_REL
#define VMI_CALL(number, name, answer, where) [number] = ANSWER_##answer,
#include "guest-abi/vmi_calls.def"
#undef VMI_CALL
	};

	for (u32 i = 0; i < ARRAY_SIZE(pairs); i++)
		if (answers[pairs[i][0]] == VMI_RELOCATION_CALL_REL)
			ck_assert_uint_eq(answers[pairs[i][1]], VMI_RELOCATION_CALL_REL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_linux_calls_unasked_is_offered,
		the_stubs_move_the_frame_to_the_kernel_stack,
		an_interrupt_in_the_trap_stub_comes_at_the_guests_handler,
		an_interrupt_in_the_interrupt_stub_waits,
		a_page_fault_in_a_stub_does_not_lose_the_frame,
		a_kernel_stack_that_cannot_be_written_stops_the_guest,
		int80_of_the_kernel_stays_on_its_stack_with_the_virtual_if,
		int80_of_the_kernel_is_never_rolled,
		iret_to_user_code_needs_no_exit,
		iret_to_the_kernel_takes_its_if,
		iret_with_flags_out_of_the_ordinary_is_the_hypervisors,
		an_interrupt_in_the_iret_window_comes_at_the_target,
		an_iret_that_masks_interrupts_is_not_interrupted_in_the_window,
		with_interrupts_off_the_window_goes_on_at_its_own_pace,
		before_the_window_an_interrupt_is_an_ordinary_one,
		a_faulting_iret_is_reported_where_the_rom_was_called,
		a_single_stepped_iret_has_returned,
		the_mask_calls_work_on_the_virtual_if_and_keep_registers,
		enabling_with_an_interrupt_waiting_makes_the_call,
		the_rom_reads_control_registers_from_the_shared_page,
	};

	return rig_main("vmi_rom", setup_with_rom, tests, ARRAY_SIZE(tests));
}
