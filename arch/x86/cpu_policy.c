/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPU model of cpu_policy.h: the host's family and brand, with the features that every engine
 * supports and no others.
 */
#include "arch/x86/cpu_policy.h"

#include "hv/lib/string.h"

#define LEAF1_EDX                                                                                  \
	(BIT(0) /* FPU */ | BIT(2) /* DE */ | BIT(3) /* PSE */ | BIT(4) /* TSC */ |                \
	 BIT(5) /* MSR */ | BIT(6) /* PAE */ | BIT(8) /* CX8 */ | CPUID_SEP | BIT(13) /* PGE */ |              \
	 BIT(15) /* CMOV */ | BIT(23) /* MMX */ | BIT(24) /* FXSR */ | BIT(25) /* SSE */ |         \
	 BIT(26) /* SSE2 */)
#define LEAF1_ECX                                                                                  \
	(BIT(0) /* SSE3 */ | BIT(9) /* SSSE3 */ | BIT(19) /* SSE4.1 */ | BIT(20) /* SSE4.2 */ |    \
	 BIT(23) /* POPCNT */)
#define LEAF80000001_EDX BIT(20) /* NX */
#define LEAF80000008_EAX 0x2024u /* 36 physical, 32 linear address bits */

/* Leaves for guests that know of hypervisors: the highest one and a name ("RomulusRomul"), and in
 * EAX the TSC's frequency in kHz, in EBX that of the local APIC's timer if there is one. */
#define HYPERVISOR_FIRST 0x40000000u
#define HYPERVISOR_TIMING 0x40000010u

enum { EAX, EBX, ECX, EDX };

struct leaf {
	u32 number;
	u32 keep[4]; /* host bits that pass */
	u32 set[4];  /* bits that are always there */
};

static const struct leaf leaves[] = {
	{ 0x00000000, { 0, ~0u, ~0u, ~0u }, { 1 } },
	{ 0x00000001, { ~0u, 0x000000ff, LEAF1_ECX, LEAF1_EDX }, { 0 } },
	{ HYPERVISOR_FIRST, { 0 }, { HYPERVISOR_TIMING, 0x756d6f52, 0x5273756c, 0x6c756d6f } },
	{ HYPERVISOR_TIMING, { 0 }, { 0 } },
	{ 0x80000000u, { 0 }, { 0x80000008u } },
	{ 0x80000001u, { 0, 0, 0, LEAF80000001_EDX }, { 0 } },
	{ 0x80000002u, { ~0u, ~0u, ~0u, ~0u }, { 0 } },
	{ 0x80000003u, { ~0u, ~0u, ~0u, ~0u }, { 0 } },
	{ 0x80000004u, { ~0u, ~0u, ~0u, ~0u }, { 0 } },
	{ 0x80000005u, { 0 }, { 0 } },
	{ 0x80000006u, { 0 }, { 0 } },
	{ 0x80000007u, { 0 }, { 0 } },
	{ 0x80000008u, { 0 }, { LEAF80000008_EAX } },
};
#define HIGHEST_BASIC 1

static u32 answers[ARRAY_SIZE(leaves)][4];

void cpu_policy_init(void (*host)(u32 leaf, u32 subleaf, u32 out[4]))
{
	u32 highest[4];

	host(0x80000000u, 0, highest);
	for (u32 i = 0; i < ARRAY_SIZE(leaves); i++) {
		const struct leaf *leaf = &leaves[i];
		u32 out[4] = { 0 };

		if (leaf->number <= HIGHEST_BASIC ||
		    (leaf->number & 0x80000000u && leaf->number <= highest[EAX]))
			host(leaf->number, 0, out);
		for (u32 reg = 0; reg < 4; reg++)
			answers[i][reg] = (out[reg] & leaf->keep[reg]) | leaf->set[reg];
	}
}

void cpu_policy_set_tsc(u32 khz)
{
	for (u32 i = 0; i < ARRAY_SIZE(leaves); i++)
		if (leaves[i].number == HYPERVISOR_TIMING)
			answers[i][EAX] = khz;
}

static const struct {
	u32 cr4;
	u32 feature; /* bit of leaf 1's EDX */
} cr4_features[] = {
	{ CR4_DE, BIT(2) },	{ CR4_PSE, BIT(3) },	 { CR4_TSD, BIT(4) },
	{ CR4_PAE, BIT(6) },	{ CR4_PGE, BIT(13) },	 { CR4_OSFXSR, BIT(24) },
	{ CR4_OSXMMEXCPT, BIT(25) },
};

u32 cpu_policy_cr4(void)
{
	u32 leaf[4], allowed = 0;

	cpu_policy_cpuid(1, 0, leaf);
	for (u32 i = 0; i < ARRAY_SIZE(cr4_features); i++)
		if (leaf[EDX] & cr4_features[i].feature)
			allowed |= cr4_features[i].cr4;
	return allowed;
}

void cpu_policy_cpuid(u32 leaf, u32 subleaf, u32 out[4])
{
	(void)subleaf;
	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 i = 0; i < ARRAY_SIZE(leaves); i++)
			if (leaves[i].number == leaf) {
				memcpy(out, answers[i], sizeof(answers[i]));
				return;
			}
		leaf = HIGHEST_BASIC;
	}
}

void cpu_policy_add_apic(u32 leaf, bool enabled, u32 out[4])
{
	if (leaf == 1 && enabled)
		out[EDX] |= CPUID_APIC;
	else if (leaf == HYPERVISOR_TIMING)
		out[EBX] = CPU_POLICY_APIC_KHZ;
}

/* MSRs that exist and have one value.  Writing the same value is accepted. */
static const struct {
	u32 index;
	u64 value;
} fixed_msrs[] = {
	{ 0x17, 0 }, /* IA32_PLATFORM_ID */
	{ 0x8b, 0 }, /* IA32_BIOS_SIGN_ID: no microcode update */
	{ 0xc0010055, 0 }, /* AMD's interrupt pending message: no C1E. Read by kernels on family 0Fh unasked */
};

bool cpu_policy_read_msr(u32 index, u64 *value)
{
	for (u32 i = 0; i < ARRAY_SIZE(fixed_msrs); i++)
		if (fixed_msrs[i].index == index) {
			*value = fixed_msrs[i].value;
			return true;
		}
	return false;
}

bool cpu_policy_write_msr(u32 index, u64 value)
{
	u64 fixed;

	return cpu_policy_read_msr(index, &fixed) && fixed == value;
}
