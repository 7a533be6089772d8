/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI for kernels with PAE: VMI_Init with it, CR4.PAE set while VMI is active (as Linux 2.6.22 to 2.6.24
 * do), CR3 loads with good and bad PDPTEs, and the ROM's SetPxELong.
 */
#include "tests/unit/vcpu_rig.h"

#define PDPT 0x20000u /* four entries there and four at +20h */
#define PD 0x21000u   /* linear 0-4 MB: two page tables */
#define PT 0x22000u
#define RIG_XD BIT64(63)

static void pae_map(u32 address, u64 entry)
{
	rig_store64(PT + (address >> PAGE_SHIFT) * 8, entry);
}

/* The rig's linear space once more, in the other format. */
static void pae_tables(void)
{
	rig_store64(PDPT, PD | 1);
	for (u32 i = 1; i < 4; i++)
		rig_store64(PDPT + i * 8, 0);
	for (u32 i = 0; i < 2; i++)
		rig_store64(PD + i * 8, (PT + i * PAGE_SIZE) | 7);
	for (u32 i = 1; i < 1024; i++)
		pae_map(i * PAGE_SIZE, rig_load(RIG_PT + i * 4));
	rig_put(PDPT + 0x20, (u64[]){ PD | 1, 0, 0, 0x1ff000 | 1 }, 32);
}

static void setup_pae(void)
{
	rig_setup();
	pae_tables();
	rig.cpu->efer = EFER_NXE;
	rig.cpu->cr4 = CR4_PAE;
	rig.cpu->cr3 = PDPT;
	ck_assert(mmu_load_pdptes(rig.cpu, rig.gmem));
	interp_flush_tlb(rig.vcpu->interp);
	ck_assert_uint_eq(rig_vmi_init(), 0);
	rig_kernel();
	ck_assert_int_eq(vmi_load_rom(rig.gmem, false), 0);
}

static void call_with(u32 call, u32 eax)
{
	rig_kernel();
	rig.cpu->gpr[REG_EAX] = eax;
	rig_call(call);
}

/* A hidden page fault at @address, by which the shadow gets it. */
static void touch(u32 address, u32 error)
{
	rig_kernel();
	fake_switch.cr2 = address;
	rig_exit(EXCP_PF, error);
}

static void expect_clean_shadow(void)
{
	if (rig.vcpu->root_stale)
		rig.vcpu->root = shadow_root(rig.vcpu->shadow, rig.cpu);
	rig.vcpu->root_stale = false;
	ck_assert_uint_eq(shadow_check(rig.vcpu->shadow, rig.cpu), 0);
}

START_TEST(init_puts_a_pae_kernel_into_ring_1)
{
	ck_assert(rig.vcpu->vmi.active);
	ck_assert_uint_eq(rig.cpu->kernel_rpl, 1);
	ck_assert_int_eq(x86_vcpu_engine(rig.vcpu), ENGINE_DIRECT);
	touch(RIG_DATA, PF_W);
	ck_assert(rig.vcpu->stats.faults == 0);
	expect_clean_shadow();
}
END_TEST

START_TEST(set_cr3_loads_the_pdptes)
{
	call_with(VMI_CALL_SetCR3, PDPT + 0x20);
	ck_assert_uint_eq(rig.cpu->eip, ROM_AFTER(VMI_CALL_SetCR3));
	ck_assert_uint_eq(rig.cpu->cr3, PDPT + 0x20);
	ck_assert(rig.cpu->pdpte[3] == (0x1ff000 | 1));
	ck_assert(rig.vcpu->root_stale);
	/* A plain change of an entry is not seen before the next load. */
	rig_store64(PDPT + 0x38, 0);
	ck_assert(rig.cpu->pdpte[3] == (0x1ff000 | 1));
	call_with(VMI_CALL_SetCR3, PDPT + 0x20);
	ck_assert(rig.cpu->pdpte[3] == 0);
}
END_TEST

START_TEST(set_cr3_with_a_reserved_bit_in_a_pdpte_is_gp_and_changes_nothing)
{
	static const u64 bad[] = { 1 | BIT(1), 1 | BIT(5), 1 | BIT(8), 1 | BIT64(36), 1 | BIT64(63) };

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		rig_store64(PDPT + 0x28, bad[i]);
		call_with(VMI_CALL_SetCR3, PDPT + 0x20);
		rig_expect_delivered(EXCP_GP, true, ROM_SLOT(VMI_CALL_SetCR3));
		ck_assert_uint_eq(rig_load(rig.cpu->gpr[REG_ESP]), 0);
		ck_assert_uint_eq(rig.cpu->cr3, PDPT);
		ck_assert(rig.cpu->pdpte[0] == (PD | 1) && rig.cpu->pdpte[1] == 0);
	}
	rig_store64(PDPT + 0x28, bad[0] & ~1ull); /* not present: anything goes */
	call_with(VMI_CALL_SetCR3, PDPT + 0x20);
	ck_assert_uint_eq(rig.cpu->cr3, PDPT + 0x20);
}
END_TEST

START_TEST(flush_tlb_reads_the_pdptes_as_a_cr3_load_does)
{
	static const u32 flags[] = { 1, 3, 2 };

	for (u32 i = 0; i < ARRAY_SIZE(flags); i++) {
		rig_store64(PDPT + 0x10, (u64)(0x100000 + i * PAGE_SIZE) | 1);
		call_with(VMI_CALL_FlushTLB, flags[i]);
		ck_assert_uint_eq(rig.cpu->eip, ROM_AFTER(VMI_CALL_FlushTLB));
		ck_assert(rig.cpu->pdpte[2] == ((u64)(0x100000 + i * PAGE_SIZE) | 1));
	}
	rig_store64(PDPT + 0x10, 0x100000 | 3);
	call_with(VMI_CALL_FlushTLB, 0);
	ck_assert_uint_eq(rig.cpu->eip, ROM_AFTER(VMI_CALL_FlushTLB));
	call_with(VMI_CALL_FlushTLB, 3);
	rig_expect_delivered(EXCP_GP, true, ROM_SLOT(VMI_CALL_FlushTLB));
}
END_TEST

START_TEST(pae_is_switched_on_and_off_inside_vmi)
{
	rig_teardown();
	rig_setup();
	ck_assert_uint_eq(rig_vmi_init(), 0);
	pae_tables();
	touch(RIG_DATA, PF_W);
	/* Linux 2.6.22: SetCR3 to the PDPT while PAE is still off, whose first bytes are then PDEs; here
	 * the tables live in one page so that the kernel stays mapped. */
	rig_store64(RIG_PD + 0x400, PD | 1);
	rig_store64(RIG_PD + 0x408, 0);
	rig_store64(RIG_PD + 0x410, 0);
	rig_store64(RIG_PD + 0x418, 0);
	call_with(VMI_CALL_SetCR3, RIG_PD + 0x400);
	ck_assert_uint_eq(rig.cpu->eip, ROM_AFTER(VMI_CALL_SetCR3));
	touch(RIG_DATA, PF_W);
	ck_assert(rig.vcpu->stats.faults == 0);
	call_with(VMI_CALL_SetCR4, CR4_PAE);
	ck_assert_uint_eq(rig.cpu->eip, ROM_AFTER(VMI_CALL_SetCR4));
	ck_assert_uint_eq(rig.cpu->cr4, CR4_PAE);
	ck_assert(rig.cpu->pdpte[0] == (PD | 1));
	call_with(VMI_CALL_FlushTLB, 3);
	touch(RIG_DATA, PF_W);
	ck_assert(rig.vcpu->stats.faults == 0);
	expect_clean_shadow();
	call_with(VMI_CALL_SetCR4, 0);
	touch(RIG_DATA, PF_W);
	ck_assert(rig.vcpu->stats.faults == 0);
	expect_clean_shadow();
}
END_TEST

START_TEST(pae_with_bad_pdptes_is_gp_and_stays_off)
{
	rig_teardown();
	rig_setup();
	ck_assert_uint_eq(rig_vmi_init(), 0);
	call_with(VMI_CALL_SetCR4, CR4_PAE); /* the page directory's entry 0 has bits 1 and 2 */
	rig_expect_delivered(EXCP_GP, true, ROM_SLOT(VMI_CALL_SetCR4));
	ck_assert_uint_eq(rig.cpu->cr4, 0);
}
END_TEST

/* ---- SetPxELong ---- */

static u32 set_pxe_long;

static void find_routine(void)
{
	rig_kernel();
	rig.cpu->gpr[REG_EAX] = VMI_CALL_SetPxELong;
	rig.cpu->gpr[REG_ESP] -= 4;
	rig_store(rig.cpu->gpr[REG_ESP], RIG_CODE);
	rig.cpu->eip = VMI_ROM_ADDRESS + offsetof(struct vmi_rom_header, get_relocation);
	while (rig.cpu->eip != RIG_CODE)
		x86_vcpu_emulate(rig.vcpu, EMULATE_ENGINE);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EDX], VMI_RELOCATION_CALL_REL);
	set_pxe_long = rig.cpu->gpr[REG_EAX];
}

/* As a kernel calls it: the flags are on the stack. */
static void begin_routine(u32 at, u64 entry)
{
	rig_kernel();
	rig.cpu->gpr[REG_ESP] -= 8;
	rig_store(rig.cpu->gpr[REG_ESP], RIG_CODE);
	rig_store(rig.cpu->gpr[REG_ESP] + 4, VMI_PAGE_PT);
	rig.cpu->gpr[REG_EAX] = (u32)entry;
	rig.cpu->gpr[REG_EDX] = (u32)(entry >> 32);
	rig.cpu->gpr[REG_ECX] = at;
	rig.cpu->gpr[REG_EBX] = 0xb0b0b0b0;
	rig.cpu->gpr[REG_ESI] = 0x51515151;
	rig.cpu->gpr[REG_EDI] = 0xd1d1d1d1;
	rig.cpu->eip = set_pxe_long;
}

/* The routine to its end; @between looks at the entry after each instruction. */
static u32 run_routine(void (*between)(void))
{
	u32 steps = 0;

	while (rig.cpu->eip != RIG_CODE && steps < 100) {
		ck_assert_int_eq(interp_step(rig.vcpu->interp), EMUL_DONE);
		between();
		steps++;
	}
	ck_assert_uint_eq(rig.cpu->eip, RIG_CODE);
	ck_assert_uint_eq(rig.cpu->gpr[REG_ESP], RIG_STACK - 4);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EBX], 0xb0b0b0b0);
	ck_assert_uint_eq(rig.cpu->gpr[REG_ESI], 0x51515151);
	ck_assert_uint_eq(rig.cpu->gpr[REG_EDI], 0xd1d1d1d1);
	return steps;
}

static u64 old_entry, new_entry;
static u32 entry_at;
static void never_torn(void)
{
	u64 now = rig_load64(entry_at);

	ck_assert(now == old_entry || now == new_entry);
}

START_TEST(set_pxe_long_is_never_seen_half_done)
{
	static const u64 entries[] = { 0, RIG_DATA | 3, RIG_DATA | 7 | RIG_XD, (RIG_DATA + 0x1000) | 3,
				       0x300000000ull | 3, 0xdeadbeef00000000ull, 0x12345678 };

	find_routine();
	entry_at = PT + (RIG_HOLE >> PAGE_SHIFT) * 8;
	for (u32 i = 0; i < ARRAY_SIZE(entries) * ARRAY_SIZE(entries); i++) {
		u32 steps;

		old_entry = entries[i % ARRAY_SIZE(entries)];
		new_entry = entries[i / ARRAY_SIZE(entries)];
		rig_store64(entry_at, old_entry);
		begin_routine(entry_at, new_entry);
		steps = run_routine(never_torn);
		ck_assert(rig_load64(entry_at) == new_entry);
		if (old_entry >> 32 == new_entry >> 32)
			ck_assert_uint_eq(steps, 4);
	}
}
END_TEST

static u32 changes;
static void changed_meanwhile(void)
{
	/* As A and D bits that the hypervisor sets. */
	if (++changes == 16)
		rig_store64(entry_at, rig_load64(entry_at) | 0x60);
}

START_TEST(set_pxe_long_wins_over_a_change_meanwhile)
{
	find_routine();
	entry_at = PT + (RIG_HOLE >> PAGE_SHIFT) * 8;
	/* The change may come behind any of its instructions. */
	for (u32 when = 0; when < 16; when++) {
		rig_store64(entry_at, RIG_DATA | 3);
		begin_routine(entry_at, RIG_DATA | 7 | RIG_XD);
		changes = 16 - when;
		run_routine(changed_meanwhile);
		ck_assert((rig_load64(entry_at) & ~0x60ull) == (RIG_DATA | 7 | RIG_XD));
	}
}
END_TEST

static void nothing(void)
{
}

static u32 traced_writes(void)
{
	struct shadow_stats stats;

	shadow_get_stats(rig.vcpu->shadow, &stats);
	return stats.traced_writes;
}

START_TEST(set_pxe_long_into_a_shadowed_table_is_one_emulated_store)
{
	static const u64 entries[] = { RIG_DATA | 3 | RIG_XD, RIG_DATA | 1 | RIG_XD, 0,
				       (RIG_DATA + 0x1000) | 7, (RIG_DATA + 0x1000) | 7 | RIG_XD };

	find_routine();
	for (u32 i = 0; i < ARRAY_SIZE(entries); i++) {
		u32 before;

		touch(RIG_GDT_ALIAS, 0); /* the table is shadowed and traced from here on */
		before = traced_writes();
		begin_routine(PT + (RIG_HOLE >> PAGE_SHIFT) * 8, entries[i]);
		run_routine(nothing);
		ck_assert_uint_eq(traced_writes(), before + 1);
		if (entries[i]) {
			touch(RIG_HOLE, 0);
			ck_assert(rig.vcpu->stats.faults == 0);
		}
		expect_clean_shadow();
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		init_puts_a_pae_kernel_into_ring_1,
		set_cr3_loads_the_pdptes,
		set_cr3_with_a_reserved_bit_in_a_pdpte_is_gp_and_changes_nothing,
		flush_tlb_reads_the_pdptes_as_a_cr3_load_does,
		pae_is_switched_on_and_off_inside_vmi,
		pae_with_bad_pdptes_is_gp_and_stays_off,
		set_pxe_long_is_never_seen_half_done,
		set_pxe_long_wins_over_a_change_meanwhile,
		set_pxe_long_into_a_shadowed_table_is_one_emulated_store,
	};

	return rig_main("vmi_pae", setup_pae, tests, ARRAY_SIZE(tests));
}
