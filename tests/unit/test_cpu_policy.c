/* SPDX-License-Identifier: GPL-2.0 */
/* What CPU a guest is told it has, and the lines that the counters print. */
#include <check.h>
#include <string.h>

#include "arch/x86/cpu_policy.h"
#include "arch/x86/mmu/shadow.h"
#include "arch/x86/x86_stats.h"

static u32 highest_extended, host_edx = ~0u, asked;

/* A host whose every register has @host_edx's bits, and which dislikes leaves it does not have. */
static void host(u32 leaf, u32 subleaf, u32 out[4])
{
	ck_assert_uint_eq(subleaf, 0);
	ck_assert(leaf <= 1 || leaf == 0x80000000u || leaf <= highest_extended);
	asked++;
	for (u32 i = 0; i < 4; i++)
		out[i] = host_edx;
	if (leaf == 0x80000000u)
		out[0] = highest_extended;
	if (leaf == 0)
		memcpy(&out[1], "GenuntelineI", 12);
}

static void setup(void)
{
	highest_extended = 0x80000008u;
	host_edx = ~0u;
	asked = 0;
	cpu_policy_init(host);
}

START_TEST(highest_leaves_are_those_of_the_table)
{
	u32 out[4];

	cpu_policy_cpuid(0, 0, out);
	ck_assert_uint_eq(out[0], 1);
	ck_assert_mem_eq(&out[1], "GenuntelineI", 12);
	cpu_policy_cpuid(0x80000000u, 0, out);
	ck_assert_uint_eq(out[0], 0x80000008u);
}
END_TEST

START_TEST(features_beyond_the_table_are_hidden)
{
	u32 out[4];

	cpu_policy_cpuid(1, 0, out);
	ck_assert_uint_eq(out[0], ~0u);		/* family, model, stepping: the host's */
	ck_assert_uint_eq(out[1] & ~0xffu, 0);	/* no APIC id, no CLFLUSH line */
	ck_assert_uint_eq(out[3] & BIT(9), 0);	/* APIC */
	ck_assert_uint_eq(out[3] & BIT(12), 0); /* MTRR */
	ck_assert_uint_eq(out[3] & BIT(1), 0);	/* VME */
	ck_assert_uint_eq(out[2] & BIT(5), 0);	/* VMX */
	ck_assert_uint_eq(out[2] & BIT(26), 0); /* XSAVE */
	cpu_policy_cpuid(0x80000001u, 0, out);
	ck_assert_uint_eq(out[3], BIT(20));
	ck_assert_uint_eq(out[0] | out[1] | out[2], 0);
}
END_TEST

START_TEST(a_feature_needs_the_host)
{
	u32 out[4];

	host_edx = 0;
	cpu_policy_init(host);
	cpu_policy_cpuid(1, 0, out);
	ck_assert_uint_eq(out[2] | out[3], 0);
	cpu_policy_cpuid(0x80000001u, 0, out);
	ck_assert_uint_eq(out[3], 0);
	ck_assert_uint_eq(cpu_policy_cr4(), 0);
}
END_TEST

START_TEST(the_hypervisors_leaves_tell_its_name_and_the_tscs_frequency)
{
	u32 out[4];

	cpu_policy_cpuid(0x40000000u, 0, out);
	ck_assert_uint_eq(out[0], 0x40000010u);
	ck_assert_mem_eq(&out[1], "RomulusRomul", 12);
	cpu_policy_set_tsc(2400000);
	cpu_policy_cpuid(0x40000010u, 0, out);
	ck_assert_uint_eq(out[0], 2400000);
	ck_assert_uint_eq(out[1] | out[2] | out[3], 0);
}
END_TEST

START_TEST(each_cr4_bit_allowed_has_its_feature)
{
	static const struct {
		u32 cr4, edx;
	} pairs[] = {
		{CR4_TSD, BIT(4)},	   {CR4_DE, BIT(2)},   {CR4_PSE, BIT(3)},
		{CR4_PAE, BIT(6)},	   {CR4_PGE, BIT(13)}, {CR4_OSFXSR, BIT(24)},
		{CR4_OSXMMEXCPT, BIT(25)},
	};
	u32 out[4], all = 0;

	cpu_policy_cpuid(1, 0, out);
	for (u32 i = 0; i < ARRAY_SIZE(pairs); i++) {
		ck_assert(out[3] & pairs[i].edx);
		all |= pairs[i].cr4;
	}
	ck_assert_uint_eq(all, cpu_policy_cr4());
}
END_TEST

START_TEST(unknown_leaves_answer_as_the_highest_basic_one)
{
	static const u32 leaves[] = {2, 4, 7, 0xd, 0x40000001u, 0x80000009u, ~0u};
	u32 out[4], one[4];

	cpu_policy_cpuid(1, 0, one);
	for (u32 i = 0; i < ARRAY_SIZE(leaves); i++) {
		memset(out, 0, sizeof(out));
		cpu_policy_cpuid(leaves[i], i, out);
		ck_assert_mem_eq(out, one, sizeof(out));
	}
}
END_TEST

START_TEST(a_host_without_extended_leaves_is_not_asked_for_them)
{
	u32 out[4];

	/* A Pentium III answers 80000000 with its highest basic leaf. */
	highest_extended = 0x03020101;
	cpu_policy_init(host);
	cpu_policy_cpuid(0x80000002u, 0, out);
	ck_assert_uint_eq(out[0] | out[1] | out[2] | out[3], 0);
	cpu_policy_cpuid(0x80000008u, 0, out);
	ck_assert_uint_eq(out[0], 0x2024);
}
END_TEST

START_TEST(the_host_is_asked_only_once)
{
	u32 out[4], before = asked;

	cpu_policy_cpuid(1, 0, out);
	cpu_policy_cpuid(0x80000002u, 0, out);
	ck_assert_uint_eq(asked, before);
}
END_TEST

START_TEST(msrs_of_the_table_have_one_value_and_others_do_not_exist)
{
	u64 value = 1;

	ck_assert(cpu_policy_read_msr(0x8b, &value));
	ck_assert(value == 0);
	ck_assert(cpu_policy_write_msr(0x8b, 0));
	ck_assert(!cpu_policy_write_msr(0x8b, 1));
	ck_assert(cpu_policy_read_msr(0x17, &value));
	ck_assert(cpu_policy_read_msr(0xc0010055, &value) && value == 0);
	ck_assert(!cpu_policy_read_msr(0x1d9, &value));
	ck_assert(!cpu_policy_write_msr(0x1d9, 0));
}
END_TEST

/* ---- counters ---- */

static char lines[4096];

static void line(void *opaque, const char *text)
{
	ck_assert_ptr_eq(opaque, lines);
	ck_assert_uint_lt(strlen(lines) + strlen(text) + 2, sizeof(lines));
	strcat(strcat(lines, text), "\n");
}

START_TEST(counters_of_nothing_print_nothing)
{
	struct x86_stats stats = {.exits = 0};
	struct shadow_stats shadow = {.fills = 0};

	lines[0] = 0;
	x86_stats_print(&stats, line, lines);
	x86_stats_print_shadow(&shadow, line, lines);
	ck_assert_str_eq(lines, "");
}
END_TEST

START_TEST(each_counter_prints_its_name)
{
	struct x86_stats stats = {.exits = 7};
	struct shadow_stats shadow = {.roots_reused = 3};

	stats.emulated[EMULATE_IRET] = 5000000000ull;
	stats.vectors[0x20] = 1;
	stats.calls[33] = 2;
	stats.calls[HYPERCALL_IRQ_PENDING] = 4;
	lines[0] = 0;
	x86_stats_print(&stats, line, lines);
	x86_stats_print_shadow(&shadow, line, lines);
	ck_assert_str_eq(lines, "           7 heavy exits\n"
				"  5000000000 emulated: IRET of the ROM\n"
				"           1 exit by vector 0x20\n"
				"           2 VMI IRET\n"
				"           4 VMI interrupts enabled with one pending\n"
				"           3 shadow roots reused\n");
}
END_TEST

START_TEST(every_call_has_a_name)
{
	struct x86_stats stats = {.exits = 0};
	u32 count = 0;

	memset(lines, 0, sizeof(lines));
	for (u32 i = 0; i < HYPERCALL_SLOTS; i++)
		stats.calls[i] = 1;
	x86_stats_print(&stats, line, lines);
	ck_assert_ptr_null(strstr(lines, "(null)"));
	for (const char *c = lines; *c; c++)
		count += *c == '\n';
	ck_assert_uint_eq(count, HYPERCALL_SLOTS);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		highest_leaves_are_those_of_the_table,
		features_beyond_the_table_are_hidden,
		a_feature_needs_the_host,
		the_hypervisors_leaves_tell_its_name_and_the_tscs_frequency,
		each_cr4_bit_allowed_has_its_feature,
		unknown_leaves_answer_as_the_highest_basic_one,
		a_host_without_extended_leaves_is_not_asked_for_them,
		the_host_is_asked_only_once,
		msrs_of_the_table_have_one_value_and_others_do_not_exist,
		counters_of_nothing_print_nothing,
		each_counter_prints_its_name,
		every_call_has_a_name,
	};
	Suite *suite = suite_create("cpu_policy");
	TCase *tcase = tcase_create("cpu_policy");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, NULL);
	for (u32 i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
