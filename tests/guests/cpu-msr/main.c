/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPU that a guest is told it has: model-specific registers, CPUID, bits of control registers, and
 * instructions of features that are hidden, each as a table.  What TCG does not do (it reads unknown
 * MSRs as 0, and shows more features) is checked under Romulus only.
 */
#include "tests/lib/guest.h"

#define IF 0x200u
#define STACK 0x700000u
#define BSP 0x100u
#define GP 13
#define UD 6

struct access {
	u32 index, low, high;
};

static void read(u32 at)
{
	struct access *access = (struct access *)at;

	__asm__ volatile("rdmsr" : "=a"(access->low), "=d"(access->high) : "c"(access->index));
}

static void write(u32 at)
{
	const struct access *access = (const struct access *)at;

	__asm__ volatile("wrmsr" : : "a"(access->low), "d"(access->high), "c"(access->index) : "memory");
}

/* The value, and whether there is such an MSR. */
static bool msr_read(u32 index, u32 *low)
{
	struct access access = { .index = index };
	u32 result = guest_try(read, (u32)&access);

	*low = access.low;
	return result == 0;
}

static bool msr_write(u32 index, u32 low, u32 high)
{
	struct access access = { index, low, high };

	return guest_try(write, (u32)&access) == 0;
}

enum kind { FREE, FIXED, TIME, EFER };
static const struct msr {
	const char *name;
	u32 index;
	enum kind kind;
} msrs[] = {
	{ "TSC", 0x10, TIME },		   { "PLATFORM_ID", 0x17, FIXED },    { "BIOS_SIGN_ID", 0x8b, FIXED },
	{ "SYSENTER_CS", 0x174, FREE },	   { "SYSENTER_ESP", 0x175, FREE },   { "SYSENTER_EIP", 0x176, FREE },
	{ "EFER", 0xc0000080u, EFER },
};

static bool known(u32 index)
{
	for (u32 i = 0; i < ARRAY_SIZE(msrs); i++)
		if (msrs[i].index == index)
			return true;
	return false;
}

static bool works(const struct msr *msr)
{
	u32 value, again;

	if (!msr_read(msr->index, &value))
		return false;
	switch (msr->kind) {
	case FREE:
		return msr_write(msr->index, 0x1238, 0) && msr_read(msr->index, &again) && again == 0x1238 &&
		       msr_write(msr->index, value, 0);
	case FIXED:
		return on_bare() || (value == 0 && msr_write(msr->index, 0, 0) && !msr_write(msr->index, 1, 0));
	case TIME:
		/* Set far ahead, it goes on from there. */
		return msr_write(msr->index, 0, 0x40000000) && msr_read(msr->index, &again) &&
		       msr_read(msr->index, &value) && (value > again || value < 0x1000000);
	default:
		return msr_write(msr->index, 0x800, 0) && msr_read(msr->index, &again) && again == 0x800 &&
		       msr_write(msr->index, 0, 0) && (on_bare() || (!msr_write(msr->index, 1, 0) &&
		       !msr_write(msr->index, BSP, 0)));
	}
}

static void no_others(u32 from, u32 to)
{
	u32 wrong = 0, first = 0, value;

	for (u32 index = from; index != to; index++) {
		if (known(index) || (!msr_read(index, &value) && last_trap.vector == GP && !last_trap.error &&
				     !msr_write(index, 0, 0) && last_trap.vector == GP))
			continue;
		first = wrong++ ? first : index;
	}
	check(wrong == 0, "MSRs %x to %x: all others are #GP(0) (%u wrong, the first is %x)", from, to - 1, wrong,
	      first);
}

/* ---- ring 3, and instructions ---- */
#define CODE(name, bytes) extern u8 name[]; __asm__(#name ": .byte " bytes "\n\tint $0x81")
CODE(do_rdmsr, "0x0f, 0x32");
CODE(do_wrmsr, "0x0f, 0x30");
CODE(do_rdpmc, "0x0f, 0x33");
CODE(do_rdtsc, "0x0f, 0x31");
CODE(do_rdtscp, "0x0f, 0x01, 0xf9");
CODE(do_syscall, "0x0f, 0x05");
CODE(do_monitor, "0x0f, 0x01, 0xc8");
CODE(do_mwait, "0x0f, 0x01, 0xc9");
CODE(do_xgetbv, "0x0f, 0x01, 0xd0");
CODE(do_vmcall, "0x0f, 0x01, 0xc1");
CODE(do_vmrun, "0x0f, 0x01, 0xd8");
CODE(do_clac, "0x0f, 0x01, 0xca");
CODE(do_rdrand, "0x0f, 0xc7, 0xf0");
CODE(do_rdseed, "0x0f, 0xc7, 0xf8");
CODE(do_aesenc, "0x66, 0x0f, 0x38, 0xdc, 0xc1");
CODE(do_pclmul, "0x66, 0x0f, 0x3a, 0x44, 0xc1, 0x00");
CODE(do_movbe, "0x0f, 0x38, 0xf0, 0x06");
CODE(do_adcx, "0x66, 0x0f, 0x38, 0xf6, 0xc1");
CODE(do_extrq, "0x66, 0x0f, 0x79, 0xc1");
CODE(do_invpcid, "0x66, 0x0f, 0x38, 0x82, 0x06");
CODE(do_andn, "0xc4, 0xe2, 0x78, 0xf2, 0xc1");
CODE(do_vaddps, "0xc5, 0xf4, 0x58, 0xc2");
CODE(do_salc, "0xd6");
CODE(do_ud1, "0x0f, 0xb9, 0xc0");
CODE(do_0fff, "0x0f, 0xff, 0xc0");

static const struct instruction {
	const char *name;
	const u8 *code;
	u8 ring0, ring3; /* vector; 0 works */
	bool any;	 /* the same with TCG */
	bool hidden;	 /* by CPUID: ring 3 may have it */
} instructions[] = {
	{ "RDMSR of the TSC", do_rdmsr, 0, GP, true, false },
	{ "WRMSR of an unknown MSR", do_wrmsr, GP, GP, false, false },
	{ "RDPMC", do_rdpmc, GP, GP, false, false },
	{ "RDTSC", do_rdtsc, 0, 0, true, false },
	{ "SALC", do_salc, 0, 0, true, false },
	{ "UD1", do_ud1, UD, UD, true, false },
	{ "0F FF", do_0fff, UD, UD, true, false },
	{ "VMCALL", do_vmcall, UD, UD, false, false },
	{ "XGETBV", do_xgetbv, UD, UD, true, false },
	{ "VADDPS", do_vaddps, UD, UD, true, false },
	{ "VMRUN", do_vmrun, UD, UD, false, false },
	{ "SYSCALL", do_syscall, UD, UD, false, false },
	{ "MONITOR", do_monitor, UD, UD, false, false },
	{ "MWAIT", do_mwait, UD, UD, false, false },
	{ "CLAC", do_clac, UD, UD, false, false },
	{ "INVPCID", do_invpcid, UD, UD, false, false },
	{ "RDTSCP", do_rdtscp, UD, UD, false, true },
	{ "RDRAND", do_rdrand, UD, UD, false, true },
	{ "RDSEED", do_rdseed, UD, UD, false, true },
	{ "AESENC", do_aesenc, UD, UD, false, true },
	{ "PCLMULQDQ", do_pclmul, UD, UD, false, true },
	{ "MOVBE", do_movbe, UD, UD, false, true },
	{ "ADCX", do_adcx, UD, UD, false, true },
	{ "EXTRQ", do_extrq, UD, UD, false, true },
	{ "ANDN", do_andn, UD, UD, false, true },
};

static u32 run(u32 ring, const u8 *code, u32 ecx)
{
	struct user_registers registers = {
		.eip = (u32)code, .eflags = 2 | IF, .esp = STACK, .esi = 0x600000, .eax = 0x600000, .ecx = ecx,
	};

	return run_in_ring(ring, &registers);
}

static void executed(u32 ring)
{
	for (u32 i = 0; i < ARRAY_SIZE(instructions); i++) {
		const struct instruction *in = &instructions[i];
		u32 vector = ring ? in->ring3 : in->ring0, wrong = 0, result = 0;

		if ((on_bare() && !in->any) || (ring && in->hidden))
			continue;
		for (u32 j = 0; j < 20; j++) {
			result = run(ring, in->code, in->code == do_wrmsr ? 0x12345 : 0x10);
			wrong += result != (vector ? vector + 1u : 0) || (vector && last_trap.eip != (u32)in->code);
		}
		if (vector)
			check(wrong == 0, "ring %u: %s is exception %u (%u wrong: %d)", ring, in->name, vector, wrong,
			      (int)result - 1);
		else
			check(wrong == 0, "ring %u: %s works (%u wrong: %d)", ring, in->name, wrong, (int)result - 1);
	}
}

/* ---- control registers ---- */
static void set_cr4(u32 value)
{
	__asm__ volatile("movl %0, %%cr4" : : "r"(value) : "memory");
}
static void set_cr0(u32 value)
{
	__asm__ volatile("movl %0, %%cr0" : : "r"(value) : "memory");
}

#define CR4_TSD 4u
static void control(void)
{
	u32 cr0, cr4, value, wrong = 0, allowed = 0x69c; /* TSD, DE, PSE, PGE, OSFXSR, OSXMMEXCPT */

	__asm__ volatile("movl %%cr4, %0\n\tmovl %%cr0, %1" : "=r"(cr4), "=r"(cr0));
	for (u32 i = 0; i < 32; i++) {
		if (i == 5 || (on_bare() && !(allowed >> i & 1)))
			continue;
		if (!(allowed >> i & 1)) {
			wrong += guest_try(set_cr4, cr4 | BIT(i)) != GP + 1 || last_trap.error;
			continue;
		}
		wrong += guest_try(set_cr4, cr4 | BIT(i)) != 0;
		__asm__ volatile("movl %%cr4, %0" : "=r"(value));
		wrong += value != (cr4 | BIT(i));
		set_cr4(cr4);
	}
	check(wrong == 0, "CR4: what CPUID offers can be set, all else is #GP(0) (%u wrong)", wrong);
	if (!on_bare()) {
		check(guest_try(set_cr0, (cr0 & ~1u) | BIT(31)) == GP + 1, "CR0.PG without PE is #GP");
		check(guest_try(set_cr0, cr0 | BIT(29)) == GP + 1, "CR0.NW without CD is #GP");
	}
	set_cr4(cr4 | CR4_TSD);
	check(run(3, do_rdtsc, 0) == GP + 1 && run(0, do_rdtsc, 0) == 0, "CR4.TSD takes RDTSC from ring 3");
	set_cr4(cr4);
	check(run(3, do_rdtsc, 0) == 0, "and gives it back");
}

/* ---- CPUID ---- */
struct leaf {
	u32 eax, ebx, ecx, edx;
};

static struct leaf cpuid(u32 number)
{
	struct leaf l;

	__asm__ volatile("cpuid" : "=a"(l.eax), "=b"(l.ebx), "=c"(l.ecx), "=d"(l.edx) : "a"(number), "c"(0));
	return l;
}

static bool same(struct leaf a, struct leaf b)
{
	return a.eax == b.eax && a.ebx == b.ebx && a.ecx == b.ecx && a.edx == b.edx;
}

#define OFFERED_EDX 0x0780a97du
#define NEEDED_EDX 0x0000a97du
#define OFFERED_ECX 0x00980201u
static void identification(void)
{
	struct leaf one = cpuid(1);

	check(cpuid(0).eax == 1, "CPUID: leaf 1 is the last");
	check(!(one.edx & ~OFFERED_EDX) && !(one.ecx & ~OFFERED_ECX) && (one.edx & NEEDED_EDX) == NEEDED_EDX,
	      "leaf 1 offers what there is (%x %x)", one.edx, one.ecx);
	check(!(one.ebx & ~0xffu), "no local APIC, no CLFLUSH (%x)", one.ebx);
	check(same(one, cpuid(2)) && same(one, cpuid(7)) && same(one, cpuid(0xd)) && same(one, cpuid(0x12345)),
	      "leaves beyond are the last");
	check(cpuid(0x80000000u).eax == 0x80000008u && !(cpuid(0x80000001u).edx & ~BIT(20)) &&
	      !cpuid(0x80000001u).ecx, "of the extended features only NX");
	check(cpuid(0x40000000u).ecx == 0x5273756c && cpuid(0x40000010u).eax, "Romulus and the TSC's rate");
}

void guest_main(void)
{
	print("cpu-msr\n");
	paging_init();
	user_init();
	for (u32 i = 0; i < ARRAY_SIZE(msrs); i++)
		check(works(&msrs[i]), "MSR %x: %s", msrs[i].index, msrs[i].name);
	for (u32 ring = 0; ring <= 3; ring += 3)
		executed(ring);
	control();
	if (on_bare())
		return;
	no_others(0, 0x800);
	no_others(0x40000000, 0x40000100);
	no_others(0xc0000000u, 0xc0000110u);
	no_others(0xc0010000u, 0xc0010020u);
	identification();
}
