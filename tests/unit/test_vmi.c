/* SPDX-License-Identifier: GPL-2.0 */
/* VMI_Init, GetRelocationInfo as the real ROM answers it, and the calls.  See test_vmi_rom.c for
 * the ROM's own code. */
#include "tests/unit/vcpu_rig.h"

#include <errno.h>

/* ---- the option ROM ---- */

/* Call @offset of the option ROM with @eax as a guest does, interpreted; EDX:EAX. */
static u64 call_option_rom(u32 offset, u32 eax)
{
	struct x86_cpu *cpu = rig.cpu;

	cpu->gpr[REG_EAX] = eax;
	cpu->gpr[REG_ESP] -= 4;
	rig_store(cpu->gpr[REG_ESP], RIG_CODE + 5);
	cpu->eip = VMI_ROM_ADDRESS + offset;
	for (u32 i = 0; i < 50 && cpu->eip != RIG_CODE + 5; i++)
		x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	ck_assert_uint_eq(cpu->eip, RIG_CODE + 5);
	return cpu->gpr[REG_EAX] | (u64)cpu->gpr[REG_EDX] << 32;
}

#define OFFSET_INIT offsetof(struct vmi_rom_header, init)
#define OFFSET_RELOCATION offsetof(struct vmi_rom_header, get_relocation)

static void load_rom(void)
{
	ck_assert_int_eq(vmi_load_rom(rig.gmem, false), 0);
}

START_TEST(the_rom_is_loaded_write_protected_and_survives_a_reset)
{
	load_rom();
	ck_assert_uint_eq(rig_load(VMI_ROM_ADDRESS) & 0xffff, 0xaa55);
	ck_assert_uint_eq(rig_load(VMI_ROM_ADDRESS + 8), VMI_SIGNATURE);
	ck_assert_int_eq(gmem_type(rig.gmem, gpa(VMI_ROM_ADDRESS)), GMEM_ROM);
	load_rom();
}
END_TEST

START_TEST(the_roms_pci_structure_names_the_device_that_lspci_shows)
{
	u32 at;

	load_rom();
	at = VMI_ROM_ADDRESS + (rig_load(VMI_ROM_ADDRESS + 0x18) & 0xffff);
	ck_assert_uint_eq(rig_load(at), 0x52494350); /* PCIR */
	ck_assert_uint_eq(rig_load(at + 4), VMI_PCI_VENDOR | VMI_PCI_DEVICE << 16);
	ck_assert_uint_eq(rig_load(at + 12) >> 8, VMI_PCI_CLASS); /* interface first */
}
END_TEST

START_TEST(the_rom_without_memory_for_it_is_an_error)
{
	struct gmem *empty = gmem_create(&fake_source);

	ck_assert_int_eq(vmi_load_rom(empty, false), -EFAULT);
	ck_assert_ptr_nonnull(strstr(fake_log(), "no guest memory"));
	gmem_destroy(empty);
}
END_TEST

START_TEST(a_damaged_rom_is_refused_with_what_is_wrong)
{
	static const struct {
		u32 at;
		u8 flip;
		const char *wrong;
	} damages[] = {
		{0, 1, "does not start with 55 AA"},
		{2, 1, "length byte does not match its size"},
		{8, 0x20, "has no VMI 3 signature"},
		{13, 1, "has no VMI 3 signature"},
		{0x100, 1, "checksum is not 0"},
	};
	u8 image[1024];

	load_rom();
	ck_assert(gmem_read(rig.gmem, gpa(VMI_ROM_ADDRESS), image, sizeof(image)));
	ck_assert_ptr_null(vmi_rom_defect(image, sizeof(image)));
	ck_assert_ptr_nonnull(vmi_rom_defect(image, 16));
	for (u32 i = 0; i < ARRAY_SIZE(damages); i++) {
		image[damages[i].at] ^= damages[i].flip;
		ck_assert_str_eq(vmi_rom_defect(image, sizeof(image)), damages[i].wrong);
		image[damages[i].at] ^= damages[i].flip;
	}
}
END_TEST

enum where { WHERE_rom, WHERE_hv, WHERE_none };
#define ANSWER_CALL VMI_RELOCATION_CALL_REL
#define ANSWER_NOP VMI_RELOCATION_NOP
#define ANSWER_NONE VMI_RELOCATION_NONE
#define ANSWER_APIC 0xff

static const struct {
	u32 answer;
	enum where where;
	const char *name;
} calls[] = {
#define VMI_CALL(number, name, answer, where) [number] = {ANSWER_##answer, WHERE_##where, #name},
#include "guest-abi/vmi_calls.def"
#undef VMI_CALL
};

static void check_answers(bool apic)
{
	ck_assert_int_eq(vmi_load_rom(rig.gmem, apic), 0);
	ck_assert_uint_eq(ARRAY_SIZE(calls), HYPERCALL_VMI_CALLS);
	for (u32 i = 0; i < ARRAY_SIZE(calls); i++) {
		u64 record = call_option_rom(OFFSET_RELOCATION, i);
		u32 text = ROM_SLOT(HYPERCALL_SLOTS), address = (u32)record;

		bool none = calls[i].answer == ANSWER_APIC && !apic;
		u32 answer = calls[i].answer == ANSWER_APIC ? ANSWER_CALL : calls[i].answer;
		ck_assert_msg(record >> 32 == (none ? ANSWER_NONE : answer), "%s", calls[i].name);
		if (calls[i].where == WHERE_hv && !none)
			ck_assert_uint_eq(address, ROM_SLOT(i));
		else if (calls[i].where == WHERE_rom)
			ck_assert(address >= text && address < VMI_GATE + GATE_ROM + PAGE_SIZE);
		else
			ck_assert_uint_eq(address, 0);
	}
	ck_assert(call_option_rom(OFFSET_RELOCATION, HYPERCALL_VMI_CALLS) == 0);
	ck_assert(call_option_rom(OFFSET_RELOCATION, ~0u) == 0);
}

START_TEST(the_rom_answers_each_call_as_the_list_says)
{
	check_answers(false);
	check_answers(true);
}
END_TEST

/* ---- VMI_Init ---- */

START_TEST(init_by_the_rom_puts_the_kernel_into_ring_1)
{
	load_rom();
	rig.cpu->gpr[REG_EBX] = 0x12345678;
	ck_assert_uint_eq((u32)call_option_rom(OFFSET_INIT, 77), 0);
	ck_assert(rig.vcpu->vmi.active);
	ck_assert_uint_eq(rig.cpu->cpl, 0);
	ck_assert_uint_eq(rig.cpu->kernel_rpl, 1);
	ck_assert_uint_eq(rig.cpu->seg[SREG_CS].selector, SEL_CODE0 | 1);
	ck_assert_uint_eq(rig.cpu->seg[SREG_SS].selector, SEL_DATA0 | 1);
	ck_assert_uint_eq(rig.cpu->seg[SREG_DS].selector, SEL_DATA0);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EBX], 0x12345678);
	ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], RIG_STACK);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_DIRECT);
	ck_assert_ptr_nonnull(strstr(fake_log(), "kernel runs in ring 1"));
}
END_TEST

static void expect_refusal(const char *why)
{
	struct x86_segment before[SREG_COUNT];
	bool active = rig.vcpu->vmi.active;

	memcpy(before, rig.cpu->seg, sizeof(before));
	rig.vcpu->vmi.requested = true;
	rig.vcpu->vmi.requested = true;
	vmi_settle(rig.vcpu);
	ck_assert_uint_ne(rig.cpu->gpr[REG_EAX], 0);
	ck_assert(!rig.vcpu->vmi.requested);
	ck_assert(rig.vcpu->vmi.active == active);
	ck_assert_mem_eq(before, rig.cpu->seg, sizeof(before));
	ck_assert_msg(strstr(fake_log(), why) != NULL, "%s", fake_log());
}

START_TEST(init_is_refused_in_real_mode_and_without_paging)
{
	rig.cpu->cr0 &= ~CR0_PG;
	expect_refusal("not a kernel with paging");
	rig.cpu->cr0 &= ~CR0_PE;
	expect_refusal("not a kernel with paging");
	ck_assert_uint_eq(rig.cpu->kernel_rpl, 0);
	ck_assert(!rig.vcpu->has_gate);
}
END_TEST

START_TEST(init_is_refused_to_user_and_v86_code)
{
	rig_user();
	expect_refusal("not a kernel with paging");
	rig.cpu->eflags |= EFLAGS_VM;
	expect_refusal("not a kernel with paging");
}
END_TEST

START_TEST(init_is_refused_twice_and_the_first_one_stays)
{
	ck_assert_uint_eq(rig_vmi_init(), 0);
	ck_assert_uint_ne(rig_vmi_init(), 0);
	ck_assert(rig.vcpu->vmi.active);
	expect_refusal("active already");
	ck_assert_uint_eq(rig.cpu->kernel_rpl, 1);
}
END_TEST

START_TEST(init_is_refused_on_a_16_bit_stack)
{
	rig.cpu->seg[SREG_SS] = rig_segment(SEL_STACK16);
	expect_refusal("CS and SS");
	ck_assert_uint_eq(rig.cpu->kernel_rpl, 0);
	/* Nothing is broken by that: later it works. */
	rig_kernel();
	ck_assert_uint_eq(rig_vmi_init(), 0);
}
END_TEST

START_TEST(init_without_memory_is_refused_and_works_later)
{
	fake_fail_allocation(3);
	expect_refusal("no memory for its gate");
	ck_assert(!rig.vcpu->killed);
	ck_assert_uint_eq(rig_vmi_init(), 0);
}
END_TEST

START_TEST(only_the_magic_dword_asks_for_init)
{
	static const struct {
		u16 offset;
		u32 size, value;
	} writes[] = {{0, 1, ROM_INIT_MAGIC & 0xff},
		      {0, 2, ROM_INIT_MAGIC & 0xffff},
		      {0, 4, ROM_INIT_MAGIC + 1},
		      {1, 2, 0x694d},
		      {2, 4, ROM_INIT_MAGIC}};

	for (u32 i = 0; i < ARRAY_SIZE(writes); i++) {
		bus_pio_write(rig.bus, (u16)(ROM_INIT_PORT + writes[i].offset), writes[i].size,
			      writes[i].value);
		ck_assert(!rig.vcpu->vmi.requested);
	}
	ck_assert_uint_eq(bus_pio_read(rig.bus, ROM_INIT_PORT, 4), ~0u);
	bus_pio_write(rig.bus, ROM_INIT_PORT, 4, ROM_INIT_MAGIC);
	ck_assert(rig.vcpu->vmi.requested);
}
END_TEST

/* ---- dispatch ---- */

static void start_vmi(void)
{
	ck_assert_uint_eq(rig_vmi_init(), 0);
	rig_kernel();
}

START_TEST(calls_marked_hv_have_a_handler_and_the_others_kill)
{
	for (u32 i = 0; i < HYPERCALL_SLOTS; i++) {
		bool offered = i == VMI_CALL_IRET || i == VMI_CALL_FlushTLB || i == HYPERCALL_IRQ_PENDING ||
			       calls[MIN(i, HYPERCALL_VMI_CALLS - 1u)].where == WHERE_hv;

		start_vmi();
		rig.cpu->gpr[REG_EAX] = rig.cpu->gpr[REG_EDX] = RIG_DATA;
		rig.cpu->gpr[REG_ECX] = 0;
		rig_call(i);
		ck_assert(rig.vcpu->stats.calls[i] == 1);
		ck_assert_msg(rig.vcpu->killed != offered, "call %u: %s", i,
			      x86_vcpu_kill_reason(rig.vcpu));
		if (!offered)
			ck_assert_ptr_nonnull(
				strstr(x86_vcpu_kill_reason(rig.vcpu), "not offered"));
		rig_teardown();
		rig_setup();
	}
}
END_TEST

START_TEST(an_int_elsewhere_is_the_guests_own)
{
	start_vmi();
	rig_code(RIG_CODE, 0xcd, 0x40);
	rig.cpu->eip = RIG_CODE + 2;
	rig_exit(VECTOR_HYPERCALL, 0);
	rig_expect_delivered(0x40, false, RIG_CODE + 2);
	for (u32 i = 0; i < HYPERCALL_SLOTS; i++)
		ck_assert(rig.vcpu->stats.calls[i] == 0);
}
END_TEST

START_TEST(no_eip_but_that_behind_a_slots_int_makes_a_call)
{
	static const u32 foreign[] = {0,
				      1,
				      2,
				      VMI_GATE + GATE_ROM,
				      VMI_GATE + GATE_ROM + 1,
				      ROM_AFTER(5) + 1,
				      ROM_AFTER(5) - 1,
				      ROM_SLOT(5) + 4,
				      ROM_AFTER(HYPERCALL_SLOTS),
				      ROM_AFTER(HYPERCALL_SLOTS + 1000),
				      VMI_GATE + 2,
				      ~0u,
				      ROM_AFTER(0) - 8};

	start_vmi();
	for (u32 i = 0; i < ARRAY_SIZE(foreign); i++) {
		rig_kernel();
		rig.cpu->eip = foreign[i];
		rig_exit(VECTOR_HYPERCALL, 0);
		for (u32 n = 0; n < HYPERCALL_SLOTS; n++)
			ck_assert_msg(rig.vcpu->stats.calls[n] == 0, "EIP %08x is call %u",
				      foreign[i], n);
	}
	ck_assert(!rig.vcpu->killed);
}
END_TEST

/* ---- calls that are an instruction ---- */

START_TEST(control_registers_are_set_with_the_instructions_semantics)
{
	start_vmi();
	rig.cpu->gpr[REG_EAX] = rig.cpu->cr0 | CR0_TS;
	rig_call(VMI_CALL_SetCR0);
	ck_assert_uint_eq(rig.cpu->eip, ROM_AFTER(VMI_CALL_SetCR0));
	ck_assert(rig.cpu->cr0 & CR0_TS);
	rig_call(VMI_CALL_CLTS);
	ck_assert(!(rig.cpu->cr0 & CR0_TS));
	rig.cpu->gpr[REG_EAX] = CR4_PSE;
	rig_call(VMI_CALL_SetCR4);
	ck_assert_uint_eq(rig.cpu->cr4, CR4_PSE);
	rig.vcpu->root_stale = false;
	rig.cpu->gpr[REG_EAX] = RIG_PD;
	rig_call(VMI_CALL_SetCR3);
	ck_assert(rig.vcpu->root_stale);
	/* CR4 without such a bit: #GP on the INT, so that the call is not skipped. */
	rig.cpu->gpr[REG_EAX] = ~0u;
	rig_call(VMI_CALL_SetCR4);
	rig_expect_delivered(EXCP_GP, true, ROM_SLOT(VMI_CALL_SetCR4));
}
END_TEST

START_TEST(get_tables_tell_the_guests_own)
{
	start_vmi();
	rig.cpu->gpr[REG_EAX] = RIG_DATA;
	rig_call(VMI_CALL_GetGDT);
	ck_assert_uint_eq(rig_load(RIG_DATA) & 0xffff, RIG_GDT_LIMIT);
	ck_assert_uint_eq(rig_load(RIG_DATA + 2), RIG_GDT);
	rig.cpu->gpr[REG_EAX] = RIG_DATA;
	rig_call(VMI_CALL_GetIDT);
	ck_assert_uint_eq(rig_load(RIG_DATA + 2), RIG_IDT);
	rig_call(VMI_CALL_GetTR);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], SEL_TSS);
	rig_call(VMI_CALL_GetLDT);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], 0);
}
END_TEST

START_TEST(set_gdt_and_set_ldt_fill_the_shadow_tables)
{
	start_vmi();
	rig_store64(RIG_GDT + SEL_FREE, FLAT_DATA3);
	rig_store(RIG_DATA, RIG_GDT << 16 | RIG_GDT_LIMIT);
	rig_store(RIG_DATA + 4, 0);
	rig.cpu->gpr[REG_EAX] = RIG_DATA;
	rig_call(VMI_CALL_SetGDT);
	rig.cpu->gpr[REG_EAX] = SEL_LDT;
	rig_call(VMI_CALL_SetLDT);
	ck_assert_uint_eq(rig.cpu->ldtr.selector, SEL_LDT);
	rig.vcpu->check_segments = true;
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_DIRECT);
	ck_assert(gate_descriptor(&rig.vcpu->gate, SEL_FREE) != 0);
	ck_assert(gate_descriptor(&rig.vcpu->gate, SEL_TI | 3) != 0);
}
END_TEST

START_TEST(a_call_under_single_step_traps_behind_its_int)
{
	start_vmi();
	rig.cpu->gpr[REG_EAX] = CR4_PSE;
	rig.cpu->eflags |= EFLAGS_TF;
	rig_call(VMI_CALL_SetCR4);
	rig_expect_delivered(EXCP_DB, false, ROM_AFTER(VMI_CALL_SetCR4));
	ck_assert_uint_eq(rig.cpu->cr4, CR4_PSE);
}
END_TEST

/* ---- descriptors ---- */

START_TEST(write_gdt_entry_stores_the_guests_and_shadows_a_safe_one)
{
	start_vmi();
	rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, SEL_FREE / 8, FLAT_DATA0);
	ck_assert_uint_eq(rig.cpu->eip, ROM_AFTER(VMI_CALL_WriteGDTEntry));
	ck_assert(rig_load64(RIG_GDT + SEL_FREE) == FLAT_DATA0);
	ck_assert(gate_descriptor(&rig.vcpu->gate, SEL_FREE) ==
		  (FLAT_DATA0 | BIT64(40) | BIT64(45)));
}
END_TEST

START_TEST(write_gdt_entry_by_another_mapping_of_the_table_counts)
{
	start_vmi();
	rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT_ALIAS, SEL_FREE / 8, FLAT_DATA3);
	ck_assert(rig_load64(RIG_GDT + SEL_FREE) == FLAT_DATA3);
	ck_assert(gate_descriptor(&rig.vcpu->gate, SEL_FREE) == (FLAT_DATA3 | BIT64(40)));
}
END_TEST

START_TEST(write_gdt_entry_elsewhere_is_only_a_store)
{
	start_vmi();
	rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_DATA, SEL_FREE / 8, FLAT_DATA3);
	ck_assert(rig_load64(RIG_DATA + SEL_FREE) == FLAT_DATA3);
	ck_assert(gate_descriptor(&rig.vcpu->gate, SEL_FREE) == 0);
}
END_TEST

START_TEST(entries_beyond_the_limit_are_only_stored)
{
	start_vmi();
	rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, 0x20, FLAT_DATA3);
	ck_assert(rig_load64(RIG_GDT + 0x100) == FLAT_DATA3);
	ck_assert(gate_descriptor(&rig.vcpu->gate, 0x100) == 0);
	/* Of this one only the first bytes are inside. */
	rig.cpu->gdtr.limit = 0x104;
	rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, 0x20, FLAT_DATA3);
	ck_assert(gate_descriptor(&rig.vcpu->gate, 0x100) == 0);
	rig.cpu->gdtr.limit = 0x107;
	rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, 0x20, FLAT_DATA3);
	ck_assert(gate_descriptor(&rig.vcpu->gate, 0x100) != 0);
}
END_TEST

START_TEST(an_entry_over_our_selectors_changes_nothing)
{
	u64 before;

	start_vmi();
	rig.cpu->gdtr.limit = 0xffff;
	before = rig.vcpu->gate.table[GATE_TABLE_GDT][15][(HOST_CS & PAGE_MASK) / 8];
	rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, HOST_CS / 8, FLAT_CODE3);
	ck_assert(rig.vcpu->gate.table[GATE_TABLE_GDT][15][(HOST_CS & PAGE_MASK) / 8] == before);
	ck_assert(!rig.vcpu->killed);
}
END_TEST

START_TEST(a_fault_on_the_pointer_is_delivered_on_the_int)
{
	start_vmi();
	rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_HOLE, 0, FLAT_DATA3);
	rig_expect_delivered(EXCP_PF, true, ROM_SLOT(VMI_CALL_WriteGDTEntry));
	ck_assert_uint_eq(rig.cpu->cr2, RIG_HOLE);
	rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_DEVICE, 0, FLAT_DATA3);
	rig_expect_delivered(EXCP_GP, true, ROM_SLOT(VMI_CALL_WriteGDTEntry));
}
END_TEST

START_TEST(a_fault_on_a_stack_argument_is_delivered_on_the_int)
{
	u32 tss_stack = RIG_STACK;

	start_vmi();
	/* The argument is the first dword of the hole; the frame fits below. */
	rig.cpu->gpr[REG_ESP] = RIG_HOLE;
	rig.cpu->gpr[REG_EAX] = RIG_GDT;
	rig.cpu->gpr[REG_EDX] = 6;
	rig_call(VMI_CALL_WriteGDTEntry);
	ck_assert_uint_ne(rig.cpu->gpr[REG_ESP], tss_stack);
	rig_expect_delivered(EXCP_PF, true, ROM_SLOT(VMI_CALL_WriteGDTEntry));
	ck_assert_uint_eq(rig.cpu->cr2, RIG_HOLE);
}
END_TEST

START_TEST(a_live_register_follows_its_descriptor)
{
	start_vmi();
	rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, SEL_FREE / 8, FLAT_DATA3);
	rig.cpu->seg[SREG_GS] = rig_segment(SEL_FREE | 3);
	rig.cpu->gpr[REG_EAX] = RIG_GDT;
	rig.cpu->gpr[REG_EDX] = SEL_FREE / 8;
	rig.cpu->gpr[REG_ECX] = 0x1234ffff; /* base 1234 */
	rig.cpu->gpr[REG_ESP] -= 4;
	rig_store(rig.cpu->gpr[REG_ESP], FLAT_DATA3 >> 32);
	rig_call(VMI_CALL_WriteGDTEntry);
	ck_assert_uint_eq(rig.cpu->seg[SREG_GS].base, 0x1234);
	ck_assert_uint_eq(rig.cpu->seg[SREG_GS].selector, SEL_FREE | 3);
	x86_direct_set_descriptor(rig.vcpu, GATE_TABLE_GDT, SEL_FREE, 0);
	ck_assert_uint_eq(rig.cpu->seg[SREG_GS].selector, 0);
	ck_assert_uint_eq(rig.cpu->seg[SREG_GS].attr, 0);
}
END_TEST

START_TEST(write_ldt_entry_needs_an_ldt)
{
	start_vmi();
	rig_write_entry(VMI_CALL_WriteLDTEntry, RIG_LDT, 2, FLAT_DATA3);
	ck_assert(rig_load64(RIG_LDT + 16) == FLAT_DATA3);
	ck_assert(gate_descriptor(&rig.vcpu->gate, 16 | SEL_TI) == 0);
	rig.cpu->ldtr = rig_segment(SEL_LDT);
	rig_load_tables(rig.vcpu);
	rig_write_entry(VMI_CALL_WriteLDTEntry, RIG_LDT, 3, FLAT_DATA3);
	ck_assert(gate_descriptor(&rig.vcpu->gate, 24 | SEL_TI) == (FLAT_DATA3 | BIT64(40)));
	rig_write_entry(VMI_CALL_WriteLDTEntry, RIG_LDT, 5, FLAT_DATA3); /* its limit is 27h */
	ck_assert(gate_descriptor(&rig.vcpu->gate, 40 | SEL_TI) == 0);
}
END_TEST

/* ---- int 0x80 and the kernel stack ---- */

static struct x86_gate idt80(void)
{
	return descriptor_gate(rig.vcpu->gate.idt[0x80]);
}

static void update_kernel_stack(void)
{
	rig_kernel();
	rig.cpu->gpr[REG_EAX] = SEL_DATA0;
	rig.cpu->gpr[REG_EDX] = RIG_STACK - 0x100;
	rig_call(VMI_CALL_UpdateKernelStack);
}

START_TEST(update_kernel_stack_opens_the_direct_gate)
{
	u16 ss;
	u32 esp;

	start_vmi();
	ck_assert_uint_eq(idt80().selector, HOST_CS);
	ck_assert(!vmi_kernel_stack(rig.vcpu, &ss, &esp));
	update_kernel_stack();
	ck_assert_uint_eq(rig.vcpu->gate.shared->kernel_esp, RIG_STACK - 0x100);
	ck_assert_uint_eq(rig.vcpu->gate.shared->int80_entry, RIG_HANDLER(0x80));
	ck_assert_uint_eq(rig.vcpu->gate.tss[4], SEL_DATA0 | 1);
	ck_assert_uint_eq(idt80().selector, SEL_CODE0);
	ck_assert_uint_eq(attr_dpl(idt80().attr), 3);
	ck_assert(idt80().offset >= VMI_GATE + GATE_ROM);
	ck_assert(vmi_kernel_stack(rig.vcpu, &ss, &esp));
	ck_assert_uint_eq(ss, SEL_DATA0 | 1);
	ck_assert_uint_eq(esp, RIG_STACK - 0x100);
	/* The interpreter's entries from ring 3 use it, too. */
	rig_user();
	rig_exit(EXCP_DE, 0);
	ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], RIG_STACK - 0x100 - 20);
}
END_TEST

START_TEST(write_idt_entry_0x80_chooses_the_stub)
{
	struct x86_gate gate = {SEL_CODE0, SEG_P | SEG_DPL | DESCRIPTOR_INTERRUPT_GATE32, 0x44440,
				0};
	u32 trap_stub;

	start_vmi();
	update_kernel_stack();
	trap_stub = idt80().offset;
	ck_assert(!rig.vcpu->vmi.int80_clears_if);
	rig_write_entry(VMI_CALL_WriteIDTEntry, RIG_IDT, 0x80, descriptor_build_gate(&gate));
	ck_assert_uint_ne(idt80().offset, trap_stub);
	ck_assert(rig.vcpu->vmi.int80_clears_if);
	ck_assert_uint_eq(rig.vcpu->gate.shared->int80_entry, 0x44440);
	gate.attr = SEG_P | SEG_DPL | DESCRIPTOR_TRAP_GATE32;
	rig_write_entry(VMI_CALL_WriteIDTEntry, RIG_IDT, 0x80, descriptor_build_gate(&gate));
	ck_assert_uint_eq(idt80().offset, trap_stub);
}
END_TEST

START_TEST(a_gate_0x80_that_is_not_for_user_code_is_not_direct)
{
	static const u16 attrs[] = {
		SEG_P | DESCRIPTOR_TRAP_GATE32,	  /* DPL 0 */
		SEG_DPL | DESCRIPTOR_TRAP_GATE32, /* absent */
		SEG_P | SEG_DPL | DESCRIPTOR_TRAP_GATE16, SEG_P | SEG_DPL | DESCRIPTOR_TASK_GATE,
		SEG_P | SEG_DPL | DESCRIPTOR_CALL_GATE32,
	};

	start_vmi();
	for (u32 i = 0; i < ARRAY_SIZE(attrs); i++) {
		struct x86_gate gate = {SEL_CODE0, attrs[i], RIG_HANDLER(0x80), 0};

		rig_store64(RIG_IDT + 0x80 * 8, 0x0000ef0000080000ull | RIG_HANDLER(0x80));
		update_kernel_stack();
		rig_write_entry(VMI_CALL_WriteIDTEntry, RIG_IDT, 0x80, descriptor_build_gate(&gate));
		ck_assert_uint_eq(idt80().selector, HOST_CS);
		ck_assert_uint_eq(attr_dpl(idt80().attr), 0);
	}
}
END_TEST

START_TEST(an_idt_that_ends_before_0x80_closes_the_direct_gate)
{
	start_vmi();
	update_kernel_stack();
	rig.cpu->idtr.limit = 0x406;
	vmi_update_gates(rig.vcpu);
	ck_assert_uint_eq(idt80().selector, HOST_CS);
	rig.cpu->idtr.limit = 0x407;
	vmi_update_gates(rig.vcpu);
	ck_assert_uint_eq(idt80().selector, SEL_CODE0);
	rig.cpu->idtr.base = RIG_HOLE;
	vmi_update_gates(rig.vcpu);
	ck_assert_uint_eq(idt80().selector, HOST_CS);
}
END_TEST

START_TEST(the_direct_gate_needs_flat_kernel_code)
{
	static const u64 others[] = {
		FLAT_CODE0 | 0x10000000ull, /* a base */
		FLAT_CODE0 & ~0xffffull,    /* a limit */
		FLAT_CODE0 & ~BIT64(54),    /* 16-bit */
		FLAT_CODE0 | BIT64(42),	    /* conforming */
		FLAT_CODE3,
		FLAT_DATA0,
		0,
	};

	start_vmi();
	rig_store64(RIG_IDT + 0x80 * 8, 0x0000ef0000000000ull | (u64)SEL_FREE << 16);
	for (u32 i = 0; i < ARRAY_SIZE(others); i++) {
		rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, SEL_FREE / 8, FLAT_CODE0);
		update_kernel_stack();
		vmi_update_gates(rig.vcpu);
		ck_assert_uint_eq(idt80().selector, SEL_FREE);
		rig_write_entry(VMI_CALL_WriteGDTEntry, RIG_GDT, SEL_FREE / 8, others[i]);
		ck_assert_msg(idt80().selector == HOST_CS, "descriptor %u", i);
	}
}
END_TEST

/* ---- the rest ---- */

START_TEST(halt_enables_interrupts_and_sleeps)
{
	start_vmi();
	rig_call(VMI_CALL_Halt);
	ck_assert(rig.cpu->eflags & EFLAGS_IF);
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_HALTED);
	rig.vector = 0x31;
	x86_vcpu_set_intr(rig.vcpu, 0, true);
	rig_exit_vector = VECTOR_LAPIC_TIMER;
	ck_assert_int_eq(x86_vcpu_run(rig.vcpu), VCPU_STOP_TURN);
	rig_expect_delivered(0x31, false, ROM_AFTER(VMI_CALL_Halt));
}
END_TEST

START_TEST(set_iopl_mask_takes_only_the_iopl_bits)
{
	start_vmi();
	rig.cpu->gpr[REG_EAX] = ~0u;
	rig_call(VMI_CALL_SetIOPLMask);
	ck_assert_uint_eq(rig.vcpu->vmi.iopl, EFLAGS_IOPL);
	ck_assert_uint_eq(x86_iopl(rig.cpu), 0); /* the kernel's own never matters */
	rig_user();
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	ck_assert_uint_eq(x86_iopl(rig.cpu), 3);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_INTERPRETER);
}
END_TEST

START_TEST(reboot_and_shutdown_are_the_machines)
{
	start_vmi();
	rig_call(VMI_CALL_Reboot);
	ck_assert_uint_eq(rig.resets, 1);
	rig_call(VMI_CALL_Shutdown);
	ck_assert_uint_eq(rig.power_offs, 1);
}
END_TEST

START_TEST(set_pxe_in_the_rom_stores_into_a_traced_table)
{
	u32 store;

	load_rom();
	store = (u32)call_option_rom(OFFSET_RELOCATION, VMI_CALL_SetPxE);
	start_vmi();
	fake_switch.cr2 = RIG_DATA; /* the table is shadowed from here on */
	rig_exit(EXCP_PF, PF_W);
	rig_kernel();
	rig.cpu->gpr[REG_EAX] = RIG_DATA | 3;
	rig.cpu->gpr[REG_EDX] = RIG_PT + (RIG_HOLE >> PAGE_SHIFT) * 4;
	rig.cpu->eip = store;
	fake_switch.cr2 = rig.cpu->gpr[REG_EDX];
	rig_exit(EXCP_PF, PF_P | PF_W);
	ck_assert_uint_eq(rig.cpu->eip, store + 2);
	ck_assert_uint_eq(rig_load(rig.cpu->gpr[REG_EDX]), RIG_DATA | 3);
	rig_kernel();
	fake_switch.cr2 = RIG_HOLE;
	rig_exit(EXCP_PF, PF_W);
	ck_assert(rig.vcpu->stats.faults == 0);
	rig_kernel();
	rig.cpu->gpr[REG_EDX] = 0xfffffffc; /* where no table is */
	rig.cpu->eip = store;
	fake_switch.cr2 = rig.cpu->gpr[REG_EDX];
	rig_exit(EXCP_PF, PF_W);
	rig_expect_delivered(EXCP_PF, true, store);
}
END_TEST

START_TEST(flush_tlb_acts_on_its_flags)
{
	start_vmi();
	rig_exit(VECTOR_LAPIC_TIMER, 0);
	for (u32 flags = 0; flags < 4; flags++) {
		rig_exit(VECTOR_LAPIC_TIMER, 0);
		rig.cpu->gpr[REG_EAX] = flags;
		rig_call(VMI_CALL_FlushTLB);
		ck_assert(rig.vcpu->root_stale == (flags != 0));
	}
}
END_TEST

START_TEST(debug_registers_go_by_number)
{
	start_vmi();
	for (u32 n = 0; n < 4; n++) {
		rig.cpu->gpr[REG_EAX] = n;
		rig.cpu->gpr[REG_EDX] = 0x1000 * n + 5;
		rig_call(VMI_CALL_SetDR);
		ck_assert_uint_eq(rig.cpu->eip, ROM_AFTER(VMI_CALL_SetDR));
		ck_assert_uint_eq(rig.cpu->dr[n], 0x1000 * n + 5);
		rig.cpu->gpr[REG_EAX] = n;
		rig_call(VMI_CALL_GetDR);
		ck_assert_uint_eq(rig.cpu->gpr[REG_EAX], 0x1000 * n + 5);
	}
	rig.cpu->gpr[REG_EAX] = 8; /* no such register: nothing */
	rig_call(VMI_CALL_SetDR);
	ck_assert_uint_eq(rig.cpu->eip, ROM_AFTER(VMI_CALL_SetDR));
	ck_assert(rig.vcpu->stats.faults == 0);
}
END_TEST

START_TEST(sysexit_without_a_selector_in_its_msr_is_gp)
{
	start_vmi();
	rig.cpu->sysenter_cs = 0;
	rig_call(VMI_CALL_SYSEXIT);
	rig_expect_delivered(EXCP_GP, true, ROM_SLOT(VMI_CALL_SYSEXIT));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_rom_is_loaded_write_protected_and_survives_a_reset,
		the_roms_pci_structure_names_the_device_that_lspci_shows,
		the_rom_without_memory_for_it_is_an_error,
		a_damaged_rom_is_refused_with_what_is_wrong,
		the_rom_answers_each_call_as_the_list_says,
		init_by_the_rom_puts_the_kernel_into_ring_1,
		init_is_refused_in_real_mode_and_without_paging,
		init_is_refused_to_user_and_v86_code,
		init_is_refused_twice_and_the_first_one_stays,
		init_is_refused_on_a_16_bit_stack,
		init_without_memory_is_refused_and_works_later,
		only_the_magic_dword_asks_for_init,
		calls_marked_hv_have_a_handler_and_the_others_kill,
		an_int_elsewhere_is_the_guests_own,
		no_eip_but_that_behind_a_slots_int_makes_a_call,
		control_registers_are_set_with_the_instructions_semantics,
		get_tables_tell_the_guests_own,
		set_gdt_and_set_ldt_fill_the_shadow_tables,
		a_call_under_single_step_traps_behind_its_int,
		write_gdt_entry_stores_the_guests_and_shadows_a_safe_one,
		write_gdt_entry_by_another_mapping_of_the_table_counts,
		write_gdt_entry_elsewhere_is_only_a_store,
		entries_beyond_the_limit_are_only_stored,
		an_entry_over_our_selectors_changes_nothing,
		a_fault_on_the_pointer_is_delivered_on_the_int,
		a_fault_on_a_stack_argument_is_delivered_on_the_int,
		a_live_register_follows_its_descriptor,
		write_ldt_entry_needs_an_ldt,
		update_kernel_stack_opens_the_direct_gate,
		write_idt_entry_0x80_chooses_the_stub,
		a_gate_0x80_that_is_not_for_user_code_is_not_direct,
		an_idt_that_ends_before_0x80_closes_the_direct_gate,
		the_direct_gate_needs_flat_kernel_code,
		halt_enables_interrupts_and_sleeps,
		set_iopl_mask_takes_only_the_iopl_bits,
		reboot_and_shutdown_are_the_machines,
		set_pxe_in_the_rom_stores_into_a_traced_table,
		flush_tlb_acts_on_its_flags,
		debug_registers_go_by_number,
		sysexit_without_a_selector_in_its_msr_is_gp,
	};

	return rig_main("vmi", rig_setup, tests, ARRAY_SIZE(tests));
}
