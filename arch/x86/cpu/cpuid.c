/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of cpuid.h.
 */
#include "arch/x86/cpu/cpuid.h"

#include "hv/core/log.h"
#include "hv/lib/printf.h"
#include "hv/lib/string.h"

struct cpuid host_cpuid;

void cpuid_read(u32 leaf, u32 subleaf, u32 out[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
			 : "0"(leaf), "2"(subleaf));
}

static void read_signature(struct cpuid *cpu)
{
	u32 r[4];

	cpuid_read(1, 0, r);
	cpu->words[CPUID_1_EDX] = r[3];
	cpu->words[CPUID_1_ECX] = r[2];
	cpu->stepping = r[0] & 0xf;
	cpu->model = r[0] >> 4 & 0xf;
	cpu->family = r[0] >> 8 & 0xf;
	if (cpu->family == 6 || cpu->family == 15)
		cpu->model |= r[0] >> 12 & 0xf0;
	if (cpu->family == 15)
		cpu->family += r[0] >> 20 & 0xff;
}

static void read_name(struct cpuid *cpu)
{
	u32 r[12];
	const char *text = (const char *)r;

	for (u32 i = 0; i < 3; i++)
		cpuid_read(0x80000002 + i, 0, r + 4 * i);
	while (text < (const char *)(r + 12) && *text == ' ') /* Intel pads in front */
		text++;
	memcpy(cpu->name, text, (size_t)((const char *)(r + 12) - text));
}

void cpuid_init(void)
{
	struct cpuid *cpu = &host_cpuid;
	u32 r[4];

	cpuid_read(0, 0, r);
	cpu->max_leaf = r[0];
	memcpy(cpu->vendor, &r[1], 4);
	memcpy(cpu->vendor + 4, &r[3], 4);
	memcpy(cpu->vendor + 8, &r[2], 4);
	read_signature(cpu);
	if (cpu->max_leaf >= 7) {
		cpuid_read(7, 0, r);
		cpu->words[CPUID_7_EBX] = r[1];
		cpu->words[CPUID_7_ECX] = r[2];
		cpu->words[CPUID_7_EDX] = r[3];
	}
	cpuid_read(0x80000000, 0, r);
	if (r[0] < 0x80000001 || r[0] > 0x8000ffff) /* old CPUs answer with the highest leaf */
		return;
	cpu->max_extended_leaf = r[0];
	cpuid_read(0x80000001, 0, r);
	cpu->words[CPUID_80000001_EDX] = r[3];
	cpu->words[CPUID_80000001_ECX] = r[2];
	if (cpu->max_extended_leaf >= 0x80000004)
		read_name(cpu);
}

/* Features that somebody who reads the report might ask for. */
static const struct {
	enum cpu_feature feature;
	const char *name;
} reported[] = {
	{ CPU_FPU, "fpu" },   { CPU_VME, "vme" },	{ CPU_PSE, "pse" },
	{ CPU_TSC, "tsc" },   { CPU_MSR, "msr" },	{ CPU_PAE, "pae" },
	{ CPU_CX8, "cx8" },   { CPU_APIC, "apic" },	{ CPU_SEP, "sep" },
	{ CPU_MTRR, "mtrr" }, { CPU_PGE, "pge" },	{ CPU_CMOV, "cmov" },
	{ CPU_PAT, "pat" },   { CPU_MMX, "mmx" },	{ CPU_FXSR, "fxsr" },
	{ CPU_SSE, "sse" },   { CPU_SSE2, "sse2" },	{ CPU_SSE3, "sse3" },
	{ CPU_NX, "nx" },     { CPU_UMIP, "umip" },	{ CPU_SMEP, "smep" },
	{ CPU_SMAP, "smap" }, { CPU_XSAVE, "xsave" },	{ CPU_LM, "lm" },
	{ CPU_VMX, "vmx" },   { CPU_SVM, "svm" },	{ CPU_HYPERVISOR, "hypervisor" },
};

void cpuid_report(void)
{
	char text[200];
	int length = 0;

	text[0] = 0;
	for (u32 i = 0; i < ARRAY_SIZE(reported); i++)
		if (cpu_has(reported[i].feature))
			length += hv_snprintf(text + length, sizeof(text) - (size_t)length, " %s",
					      reported[i].name);
	log_notice("cpu: %s family %u model %u stepping %u, %s", host_cpuid.vendor,
		   host_cpuid.family, host_cpuid.model, host_cpuid.stepping,
		   host_cpuid.name[0] ? host_cpuid.name : "no name");
	log_notice("cpu features:%s", text);
}
