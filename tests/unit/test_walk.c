/* SPDX-License-Identifier: GPL-2.0 */
/* The guest page walk: each format, each reason to fault, and the A and D bits. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "arch/x86/mmu/ptformat.h"
#include "arch/x86/mmu/walk.h"
#include "tests/fake/fake.h"

#define PD 0x10000u
#define PT 0x11000u
#define PDPT 0x12020u
#define PAGE 0x123000u
#define PWUA (PTE_P | PTE_W | PTE_U | PTE_A)

static struct gmem *gmem;
static struct x86_cpu cpu;
static struct walk_result out;

static void store(u32 at, u64 value, u32 size)
{
	ck_assert(gmem_write(gmem, gpa(at), &value, size));
}

static u64 load(u32 at, u32 size)
{
	u64 value = 0;

	ck_assert(gmem_read(gmem, gpa(at), &value, size));
	return value;
}

/* 401xxx -> PAGE in the 32-bit format; 800000 a large page if @flags has PSE. */
static void setup_32(void)
{
	fake_reset();
	gmem = gmem_create(&fake_source);
	ck_assert_int_eq(gmem_add_ram(gmem, gpa(0), 4 * MIB), 0);
	cpu = (struct x86_cpu){ .cr0 = CR0_PE | CR0_PG | CR0_WP, .cr3 = PD | CR3_PWT | 5 };
	store(PD + 4, PT | PTE_P | PTE_W | PTE_U, 4);
	store(PT + 4, PAGE | PTE_P | PTE_W | PTE_U, 4);
}

static void setup_pae(void)
{
	setup_32();
	cpu.cr4 = CR4_PAE;
	cpu.cr3 = PDPT;
	store(PDPT, PD | PTE_P, 8);
	store(PD + 16, PT | PTE_P | PTE_W | PTE_U, 8);
	store(PD + 8, 0, 8);
	store(PD, 0, 8);
	store(PT, 0, 8);
	store(PT + 8, PAGE | PTE_P | PTE_W | PTE_U, 8);
	ck_assert(mmu_load_pdptes(&cpu, gmem));
}

static void teardown(void)
{
	gmem_destroy(gmem);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

static int walk(u32 address, u32 access)
{
	struct walk_result probed;
	int probe = mmu_probe(&cpu, gmem, gva(address), access, &probed);
	int result = mmu_walk(&cpu, gmem, gva(address), access, &out);

	ck_assert_int_eq(probe, result);
	if (!result) {
		ck_assert_uint_eq(probed.gpa.v, out.gpa.v);
		ck_assert(probed.writable == out.writable && probed.user == out.user);
	}
	return result;
}

static void check_fault(u32 address, u32 access, u32 error)
{
	cpu.fault = (struct x86_fault){ 0 };
	ck_assert_int_eq(walk(address, access), -EFAULT);
	ck_assert_uint_eq(cpu.fault.vector, EXCP_PF);
	ck_assert(cpu.fault.has_error && !cpu.fault.is_trap);
	ck_assert_uint_eq(cpu.fault.error, error);
	ck_assert_uint_eq(cpu.fault.cr2, address);
}

START_TEST(without_paging_addresses_are_physical)
{
	cpu.cr0 = CR0_PE;
	ck_assert_int_eq(walk(0xfffff123, ACCESS_WRITE | ACCESS_USER), 0);
	ck_assert_uint_eq(out.gpa.v, 0xfffff123);
	ck_assert(out.writable && out.user && !out.no_execute && out.dirty && !out.levels);
}
END_TEST

START_TEST(two_levels_translate_and_mark)
{
	ck_assert_int_eq(walk(0x401abc, ACCESS_READ), 0);
	ck_assert_uint_eq(out.gpa.v, PAGE + 0xabc);
	ck_assert_uint_eq(out.page_shift, 12);
	ck_assert_uint_eq(out.levels, 2);
	ck_assert_uint_eq(out.entry_gpa[0].v, PD + 4);
	ck_assert_uint_eq(out.entry_gpa[1].v, PT + 4);
	ck_assert_uint_eq(load(PD + 4, 4), PT | PWUA);
	ck_assert_uint_eq(load(PT + 4, 4), PAGE | PWUA);
	ck_assert(!out.dirty);
	ck_assert_int_eq(walk(0x401abc, ACCESS_WRITE), 0);
	ck_assert_uint_eq(load(PD + 4, 4), PT | PWUA);
	ck_assert_uint_eq(load(PT + 4, 4), PAGE | PWUA | PTE_D);
	ck_assert(out.dirty);
}
END_TEST

START_TEST(absent_entries_fault_without_p_and_mark_nothing)
{
	check_fault(0x402000, ACCESS_READ, 0);
	check_fault(0x402000, ACCESS_WRITE | ACCESS_USER, PF_W | PF_U);
	check_fault(0x402000, ACCESS_FETCH, 0); /* no NX: no I bit */
	check_fault(0x800000, ACCESS_READ, 0);
	ck_assert_uint_eq(load(PD + 4, 4), PT | PTE_P | PTE_W | PTE_U);
}
END_TEST

START_TEST(rights_are_those_of_all_levels)
{
	store(PD + 4, PT | PTE_P | PTE_U, 4);
	check_fault(0x401000, ACCESS_WRITE, PF_P | PF_W);
	check_fault(0x401000, ACCESS_WRITE | ACCESS_USER, PF_P | PF_W | PF_U);
	ck_assert_int_eq(walk(0x401000, ACCESS_USER), 0);
	store(PD + 4, PT | PTE_P | PTE_W, 4);
	check_fault(0x401000, ACCESS_USER, PF_P | PF_U);
	ck_assert_int_eq(walk(0x401000, ACCESS_WRITE), 0);
	ck_assert(out.writable && !out.user);
}
END_TEST

START_TEST(without_wp_the_supervisor_writes_everywhere)
{
	cpu.cr0 &= ~CR0_WP;
	store(PT + 4, PAGE | PTE_P | PTE_U, 4);
	ck_assert_int_eq(walk(0x401000, ACCESS_WRITE), 0);
	ck_assert(!out.writable && out.dirty);
	ck_assert_uint_eq(load(PT + 4, 4), PAGE | PTE_P | PTE_U | PTE_A | PTE_D);
	check_fault(0x401000, ACCESS_WRITE | ACCESS_USER, PF_P | PF_W | PF_U);
}
END_TEST

START_TEST(pse_makes_four_megabyte_pages)
{
	store(PD + 8, 0x00c00000 | PTE_P | PTE_W | PTE_PS | PTE_G, 4);
	cpu.cr4 = CR4_PSE | CR4_PGE;
	ck_assert_int_eq(walk(0x923456, ACCESS_WRITE), 0);
	ck_assert_uint_eq(out.gpa.v, 0xd23456);
	ck_assert_uint_eq(out.page_shift, 22);
	ck_assert_uint_eq(out.levels, 1);
	ck_assert(out.global && out.dirty && !out.user);
	ck_assert_uint_eq(load(PD + 8, 4) & 0xff, PTE_P | PTE_W | PTE_PS | PTE_A | PTE_D);
	for (u32 bit = 13; bit <= 21; bit++) {
		store(PD + 8, 0x00c00000 | PTE_P | PTE_W | PTE_PS | BIT(bit), 4);
		check_fault(0x923456, ACCESS_READ, PF_P | PF_RSVD);
	}
	store(PD + 8, 0x00c00000 | PTE_P | PTE_PS | BIT(12), 4);
	ck_assert_int_eq(walk(0x923456, ACCESS_READ), 0);
}
END_TEST

START_TEST(without_pse_the_ps_bit_is_ignored)
{
	store(PD + 8, PT | PTE_P | PTE_W | PTE_PS, 4);
	ck_assert_int_eq(walk(0x801000, ACCESS_READ), 0);
	ck_assert_uint_eq(out.gpa.v, PAGE);
	ck_assert_uint_eq(out.levels, 2);
}
END_TEST

START_TEST(tables_outside_ram_read_as_ones)
{
	cpu.cr3 = 0x08000000;
	ck_assert_int_eq(walk(0x401abc, ACCESS_WRITE), 0);
	ck_assert_uint_eq(out.gpa.v, 0xfffffabc);
	cpu.cr4 = CR4_PSE;
	check_fault(0x401abc, ACCESS_READ, PF_P | PF_RSVD);
}
END_TEST

START_TEST(tables_in_rom_keep_their_bits)
{
	ck_assert_int_eq(gmem_protect_rom(gmem, gpa(PT), PAGE_SIZE), 0);
	ck_assert_int_eq(walk(0x401abc, ACCESS_WRITE), 0);
	ck_assert_uint_eq(load(PT + 4, 4), PAGE | PTE_P | PTE_W | PTE_U);
	ck_assert_uint_eq(load(PD + 4, 4), PT | PWUA);
}
END_TEST

static u32 heard;
static void hear(void *opaque, gpa_t address, u32 size)
{
	(void)opaque;
	(void)address;
	heard += size;
}

START_TEST(marks_are_told_to_the_translator_not_the_shadow)
{
	u32 code = 0;

	gmem_listen(gmem, GMEM_TRACED, hear, NULL);
	gmem_set_flags(gmem, gpa(PT), GMEM_TRACED, 0);
	ck_assert_int_eq(walk(0x401abc, ACCESS_WRITE), 0);
	ck_assert_uint_eq(heard, 0);
	gmem_listen(gmem, GMEM_CODE, hear, &code);
	gmem_set_flags(gmem, gpa(PD), GMEM_CODE, 0);
	store(PD + 4, PT | PTE_P | PTE_W, 4);
	heard = 0;
	ck_assert_int_eq(walk(0x401abc, ACCESS_WRITE), 0);
	ck_assert_uint_eq(heard, 4);
}
END_TEST

START_TEST(pae_translates_three_levels)
{
	ck_assert_int_eq(walk(0x401abc, ACCESS_WRITE | ACCESS_USER), 0);
	ck_assert_uint_eq(out.gpa.v, PAGE + 0xabc);
	ck_assert_uint_eq(out.levels, 3);
	ck_assert_uint_eq(load(PDPT, 8), PD | PTE_P);
	ck_assert_uint_eq(load(PD + 16, 8), PT | PWUA);
	ck_assert_uint_eq(load(PT + 8, 8), PAGE | PWUA | PTE_D);
	check_fault(0x40000000, ACCESS_READ, 0);
	store(PD + 24, 0x00e00000 | PTE_P | PTE_W | PTE_PS, 8);
	ck_assert_int_eq(walk(0x6abcde, ACCESS_WRITE), 0);
	ck_assert_uint_eq(out.gpa.v, 0xeabcde);
	ck_assert_uint_eq(out.page_shift, 21);
}
END_TEST

START_TEST(pae_addresses_have_36_bits)
{
	store(PT + 8, 0xf00000000ull | PAGE | PTE_P, 8);
	ck_assert_int_eq(walk(0x401abc, ACCESS_READ), 0);
	ck_assert_uint_eq(out.gpa.v, 0xf00000000ull + PAGE + 0xabc);
	for (u32 bit = 36; bit < 64; bit++) {
		store(PT + 8, BIT64(bit) | PAGE | PTE_P, 8);
		check_fault(0x401abc, ACCESS_READ, PF_P | PF_RSVD);
		store(PT + 8, BIT64(bit) | PAGE, 8);
		check_fault(0x401abc, ACCESS_READ, 0);
	}
	store(PT + 8, PAGE | PTE_P, 8);
	store(PD + 16, BIT64(40) | PT | PTE_P, 8);
	check_fault(0x401abc, ACCESS_READ, PF_P | PF_RSVD);
	store(PD + 16, 0x00e02000 | PTE_P | PTE_PS, 8);
	check_fault(0x401abc, ACCESS_READ, PF_P | PF_RSVD);
}
END_TEST

START_TEST(nx_forbids_fetches_and_sets_i)
{
	cpu.efer = EFER_NXE;
	store(PT + 8, PTE_XD | PAGE | PTE_P | PTE_U, 8);
	ck_assert_int_eq(walk(0x401abc, ACCESS_READ | ACCESS_USER), 0);
	ck_assert(out.no_execute);
	check_fault(0x401abc, ACCESS_FETCH | ACCESS_USER, PF_P | PF_U | PF_I);
	check_fault(0x402abc, ACCESS_FETCH, PF_I);
	store(PT + 8, PAGE | PTE_P, 8);
	store(PD + 16, PTE_XD | PT | PTE_P, 8);
	check_fault(0x401abc, ACCESS_FETCH, PF_P | PF_I);
	store(PD + 16, PT | PTE_P, 8);
	ck_assert_int_eq(walk(0x401abc, ACCESS_FETCH), 0);
}
END_TEST

START_TEST(pdptes_are_cached_and_checked_on_load)
{
	store(PDPT, 0, 8);
	ck_assert_int_eq(walk(0x401abc, ACCESS_READ), 0); /* still the loaded one */
	ck_assert(mmu_load_pdptes(&cpu, gmem));
	check_fault(0x401abc, ACCESS_READ, 0);
	for (u32 bit = 1; bit < 64; bit++) {
		bool reserved = (bit < 9 && bit != 3 && bit != 4) || bit >= 36;

		store(PDPT + 8, PD | BIT64(bit) | PTE_P, 8);
		ck_assert(mmu_load_pdptes(&cpu, gmem) == !reserved);
		store(PDPT + 8, PD | BIT64(bit), 8);
		ck_assert(mmu_load_pdptes(&cpu, gmem));
	}
	cpu.cr3 = 0x08000000;
	ck_assert(!mmu_load_pdptes(&cpu, gmem));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("walk");
	TCase *two = tcase_create("32-bit"), *pae = tcase_create("PAE");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(two, setup_32, teardown);
	tcase_add_test(two, without_paging_addresses_are_physical);
	tcase_add_test(two, two_levels_translate_and_mark);
	tcase_add_test(two, absent_entries_fault_without_p_and_mark_nothing);
	tcase_add_test(two, rights_are_those_of_all_levels);
	tcase_add_test(two, without_wp_the_supervisor_writes_everywhere);
	tcase_add_test(two, pse_makes_four_megabyte_pages);
	tcase_add_test(two, without_pse_the_ps_bit_is_ignored);
	tcase_add_test(two, tables_outside_ram_read_as_ones);
	tcase_add_test(two, tables_in_rom_keep_their_bits);
	tcase_add_test(two, marks_are_told_to_the_translator_not_the_shadow);
	tcase_add_checked_fixture(pae, setup_pae, teardown);
	tcase_add_test(pae, pae_translates_three_levels);
	tcase_add_test(pae, pae_addresses_have_36_bits);
	tcase_add_test(pae, nx_forbids_fetches_and_sets_i);
	tcase_add_test(pae, pdptes_are_cached_and_checked_on_load);
	suite_add_tcase(suite, two);
	suite_add_tcase(suite, pae);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
