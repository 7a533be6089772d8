/* SPDX-License-Identifier: GPL-2.0 */
/* CPUID, control and debug registers, the time-stamp counter: calls 0, 15 to 25, 27, 28. */
#include "tests/guests/vmi/conform.h"
#include "tests/lib/pae.h"

#define CR0_TS 8u
#define CR0_WP 0x10000u
#define CR0_PG 0x80000000u
#define CR4_TSD 4u
#define CR4_PSE 0x10u
#define CR4_PGE 0x80u
#define HIDDEN_ECX (1u << 3 | 1u << 26 | 1u << 27 | 1u << 31) /* MONITOR, XSAVE, OSXSAVE, and no hypervisor bit */

static void cpuid_calls(void)
{
	struct registers r = registers_for(0, 0, 0);

	expect(call_registers(VMI_CALL_CPUID, &r) && r.eax >= 1 && r.ebx);
	r = registers_for(1, 0x12345, 0xffffffff);
	expect(call_registers(VMI_CALL_CPUID, &r));
	expect(!(r.ecx & HIDDEN_ECX) && (r.edx & 0x2000019) == 0x2000019); /* FPU PSE TSC SSE */
	expect(!!(r.edx & 0x200) == boot_word("apic") && !(r.edx & 0x800)); /* APIC, SEP */
	r = registers_for(0x80000000, 0, 0);
	expect(call_registers(VMI_CALL_CPUID, &r) && r.eax >= 0x80000001);
	verdict(VMI_CALL_CPUID, "leaves, what is hidden, EBX ECX EDX");
}

static void use_fpu(u32 unused)
{
	(void)unused;
	__asm__ volatile("fnop");
}

static void write_zero(u32 at)
{
	*(volatile u32 *)at = 0;
}

static void cr0_calls(void)
{
	u32 cr0 = call(VMI_CALL_GetCR0, 0, 0, 0);

	expect(cr0 & CR0_PG && cr0 & CR0_WP);
	verdict(VMI_CALL_GetCR0, "what was set");
	call(VMI_CALL_SetCR0, cr0 | CR0_TS, 0, 0);
	expect(call(VMI_CALL_GetCR0, 0, 0, 0) == (cr0 | CR0_TS));
	expect(guest_try(use_fpu, 0) == 7 + 1);
	expect(call_faults(VMI_CALL_SetCR0, CR0_PG, 0, 0) == 13 + 1 && last_trap.error == 0); /* PG without PE */
	expect(call(VMI_CALL_GetCR0, 0, 0, 0) == (cr0 | CR0_TS));
	verdict(VMI_CALL_SetCR0, "TS makes #NM, nonsense #GP");
	call(VMI_CALL_CLTS, 0, 0, 0);
	expect(call(VMI_CALL_GetCR0, 0, 0, 0) == (cr0 & ~CR0_TS) && guest_try(use_fpu, 0) == 0);
	verdict(VMI_CALL_CLTS, "the FPU works again");
}

static void cr2_calls(void)
{
	call(VMI_CALL_SetCR2, 0x13579bdf, 0, 0);
	expect(call(VMI_CALL_GetCR2, 0, 0, 0) == 0x13579bdf);
	verdict(VMI_CALL_SetCR2, "read back by GetCR2");
	expect(guest_try(write_zero, 0xd0000008) == 14 + 1 && last_trap.error == 2);
	expect(call(VMI_CALL_GetCR2, 0, 0, 0) == 0xd0000008);
	call(VMI_CALL_SetCR2, 0, 0, 0);
	expect(call(VMI_CALL_GetCR2, 0, 0, 0) == 0);
	verdict(VMI_CALL_GetCR2, "a page fault's address");
}

static void read_tsc(u32 unused)
{
	(void)unused;
	__asm__ volatile("rdtsc" : : : "eax", "edx");
}

static void cr4_calls(void)
{
	u32 cr4 = call(VMI_CALL_GetCR4, 0, 0, 0);

	expect(!(cr4 & CR4_PAE) == !pae);
	verdict(VMI_CALL_GetCR4, "shows PAE");
	call(VMI_CALL_SetCR4, cr4 | CR4_PSE | CR4_PGE, 0, 0);
	expect(call(VMI_CALL_GetCR4, 0, 0, 0) == (cr4 | CR4_PSE | CR4_PGE));
	expect(call_faults(VMI_CALL_SetCR4, cr4 | 1u << 30, 0, 0) == 13 + 1 && last_trap.error == 0);
	expect(call_faults(VMI_CALL_SetCR4, cr4 | 1u << 13, 0, 0) == 13 + 1); /* VMX, which CPUID hides */
	expect(call(VMI_CALL_GetCR4, 0, 0, 0) == (cr4 | CR4_PSE | CR4_PGE));
	call(VMI_CALL_SetCR4, cr4, 0, 0);
	expect(call(VMI_CALL_GetCR4, 0, 0, 0) == cr4);
	/* TSD is for ring 3; the kernel's RDTSC goes on. */
	call(VMI_CALL_SetCR4, cr4 | CR4_TSD, 0, 0);
	expect(guest_try(read_tsc, 0) == 0);
	call(VMI_CALL_SetCR4, cr4, 0, 0);
	verdict(VMI_CALL_SetCR4, "PSE, PGE, TSD on and off; reserved bits are #GP");
}

static void cr3_calls(void)
{
	u32 cr3 = pae ? (u32)pae_pdpt : (u32)page_directory;

	expect(call(VMI_CALL_GetCR3, 0, 0, 0) == cr3);
	call(VMI_CALL_SetCR3, cr3 | 0x18, 0, 0); /* PWT, PCD */
	expect(call(VMI_CALL_GetCR3, 0, 0, 0) == (cr3 | 0x18));
	call(VMI_CALL_SetCR3, cr3, 0, 0);
	verdict(VMI_CALL_GetCR3, "what SetCR3 was given");
}

static volatile u32 debug_hits, debug_dr6;
static void debug_trap(struct trap_frame *frame)
{
	(void)frame;
	debug_hits++;
	debug_dr6 = vmi(VMI_CALL_GetDR, 6, 0, 0);
	vmi(VMI_CALL_SetDR, 6, 0, 0);
}

static void debug_calls(void)
{
	static volatile u32 watched;

	for (u32 n = 0; n < 4; n++)
		call(VMI_CALL_SetDR, n, 0x12340000 + n, 0);
	for (u32 n = 0; n < 4; n++)
		expect(call(VMI_CALL_GetDR, n, 0, 0) == 0x12340000 + n);
	for (u32 n = 8; n; n *= 2) /* no such registers: nothing happens */
		call(VMI_CALL_SetDR, n, 0xffffffff, 0);
	for (u32 n = 0; n < 4; n++)
		expect(call(VMI_CALL_GetDR, n, 0, 0) == 0x12340000 + n);
	verdict(VMI_CALL_GetDR, "DR0-3 by number");
	set_handler(1, debug_trap);
	call(VMI_CALL_SetDR, 0, (u32)&watched, 0);
	call(VMI_CALL_SetDR, 7, 0xd0002, 0); /* writes of 4 bytes */
	watched = 1;
	expect(debug_hits == 1 && (debug_dr6 & 0xf) == 1);
	call(VMI_CALL_SetDR, 7, 0, 0);
	watched = 2;
	expect(debug_hits == 1 && (call(VMI_CALL_GetDR, 7, 0, 0) & ~0x400u) == 0);
	/* A breakpoint on the hypervisor's part of the linear space may be refused, but nothing more. */
	call(VMI_CALL_SetDR, 1, VMI_GATE + GATE_IDT, 0);
	call(VMI_CALL_SetDR, 7, 0xf0000c, 0);
	__asm__ volatile("int3" : : : "memory");
	call(VMI_CALL_SetDR, 7, 0, 0);
	expect(debug_hits == 1);
	verdict(VMI_CALL_SetDR, "a breakpoint on data comes once; none on what is not the guest's");
}

static void breakpoint(struct trap_frame *frame)
{
	(void)frame;
}

static void tsc_call(void)
{
	u64 before = call64(VMI_CALL_RDTSC, 0), after;
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	after = call64(VMI_CALL_RDTSC, 0);
	expect(before <= (low | (u64)high << 32) && (low | (u64)high << 32) <= after && before < after);
	verdict(VMI_CALL_RDTSC, "goes with the instruction, and never back");
}

void control_calls(void)
{
	set_handler(3, breakpoint);
	cpuid_calls();
	cr0_calls();
	cr2_calls();
	cr3_calls();
	cr4_calls();
	debug_calls();
	tsc_call();
	set_handler(3, NULL);
}
