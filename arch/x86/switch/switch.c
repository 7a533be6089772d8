/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C half of the world switch (gate_text.S): which gate, LDT and control-register bits the CPU has
 * loaded (percpu.h), so that each is changed only when it must be.
 */
#include "arch/x86/frame.h"

#include "arch/x86/cpu/cpuid.h"
#include "arch/x86/cpu/host_fpu.h"
#include "arch/x86/cpu/gdt.h"
#include "arch/x86/cpu/host_paging.h"
#include "arch/x86/cpu/msr.h"
#include "arch/x86/cpu/trap.h"
#include "arch/x86/isa/regs.h"
#include "arch/x86/percpu.h"
#include "guest-abi/shared_page.h"
#include "hv/arch.h"

extern u8 gate_text[], gate_sysenter[], gate_load_cr3[], gate_page_fault[];
extern u8 gate_resume[], gate_resume_first[], gate_resume_end[];
/* EAX, EDX, ECX; see gate_text.S. */
u32 switch_enter_asm(u32 root, u32 frame, struct percpu *cpu);

static struct percpu boot_cpu;

#define IDT_LIMIT (256 * 8 - 1)
#define GUEST_CR0 (CR0_TS | CR0_AM)
#define GUEST_CR4 (CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_TSD | CR4_DE)

struct percpu *this_cpu(void)
{
	return &boot_cpu;
}

u32 switch_enter(hpa_t root, u32 frame)
{
	struct percpu *cpu = this_cpu();
	u32 exit_frame = switch_enter_asm((u32)root.v, frame, cpu);

	cpu->fault_address = read_cr2();
	return exit_frame;
}

hpa_t switch_exit_root(void)
{
	return hpa(this_cpu()->exit_cr3);
}

u32 switch_fault_address(void)
{
	return this_cpu()->fault_address;
}

bool switch_is_resume_fault(u32 gate, u32 eip)
{
	u32 offset = eip - gate - GATE_TEXT;

	return offset >= (u32)(gate_resume_first - gate_text) &&
	       offset < (u32)(gate_resume_end - gate_text);
}

static void load_gdt(u32 base)
{
	struct pseudo_descriptor gdtr = { GDT_LIMIT, base };

	__asm__ volatile("lgdt %0" : : "m"(gdtr));
}

static void load_tr(u16 selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

/* LTR refuses a busy TSS, and marks the one it loads. */
static void clear_busy(u32 gdt_base)
{
	u64 *descriptor = (u64 *)(gdt_base + HOST_TSS);

	*descriptor &= ~BIT64(41);
}

/* What the CPU must not do by itself for any guest: enter ring 0 by SYSENTER, tell rings 1-3 our
 * descriptor tables (where it can be told not to). */
static void restrict_cpu(void)
{
	struct percpu *cpu = this_cpu();

	if (cpu->restricted)
		return;
	if (cpu_has(CPU_SEP))
		wrmsr(MSR_SYSENTER_CS, 0);
	if (cpu_has(CPU_UMIP))
		write_cr4(read_cr4() | CR4_UMIP);
	cpu->restricted = true;
}

void switch_set_sysenter(bool on)
{
	struct percpu *cpu = this_cpu();
	u32 gate = on ? cpu->gate : 0;

	if (cpu->sysenter == gate || !cpu_has(CPU_SEP))
		return;
	cpu->sysenter = gate;
	if (on) {
		wrmsr(MSR_SYSENTER_ESP, gate + GATE_ENTRY_STACK + PAGE_SIZE);
		wrmsr(MSR_SYSENTER_EIP, gate + GATE_TEXT + (u32)(gate_sysenter - gate_text));
	}
	wrmsr(MSR_SYSENTER_CS, on ? HOST_CS : 0);
}

void switch_load_gate(u32 gate, hpa_t host_gate)
{
	struct percpu *cpu = this_cpu();

	if (cpu->gate && cpu->gate != gate)
		switch_unload_gate();
	restrict_cpu();
	__asm__ volatile("sidt %0" : "=m"(cpu->host_idtr));
	host_gate_set_pde(gate, host_gate.v | PTE_P | PTE_W);
	*(volatile u32 *)(gate + GATE_HOST_CPU) = (u32)cpu;
	cpu->guest_idtr = (struct pseudo_descriptor){ IDT_LIMIT, gate + GATE_IDT };
	cpu->resume = gate + GATE_TEXT + (u32)(gate_resume - gate_text);
	cpu->gate = gate;
	load_gdt(gate + GATE_GDT);
	clear_busy(gate + GATE_GDT);
	load_tr(HOST_TSS);
}

void switch_unload_gate(void)
{
	struct percpu *cpu = this_cpu();

	if (!cpu->gate)
		return;
	switch_set_sysenter(false);
	switch_load_ldt(0);
	gdt_reload();
	host_gate_set_pde(cpu->gate, 0);
	cpu->gate = 0;
	cpu->gate_owner = NULL;
}

void switch_load_ldt(u16 selector)
{
	__asm__ volatile("lldt %0" : : "r"(selector) : "memory");
}

hpa_t switch_gate_text(void)
{
	return arch_ptr_to_hpa(gate_text);
}

u32 switch_vector_offset(u8 vector)
{
	return vector * 8u;
}

u32 switch_page_fault_offset(void)
{
	return (u32)(gate_page_fault - gate_text);
}

u32 switch_load_cr3_offset(void)
{
	return (u32)(gate_load_cr3 - gate_text);
}

bool switch_has_nx(void)
{
	return host_nx() != 0;
}

u32 switch_host_cr3(void)
{
	return host_cr3();
}

u64 switch_df_tss_descriptor(void)
{
	return *gdt_entry(HOST_DF_TSS);
}

void switch_load_fpu(void *image)
{
	fpu_own(image);
}

void switch_forget_fpu(void *image)
{
	fpu_forget(image);
}

void switch_set_guest_cr0(u32 bits)
{
	u32 cr0 = read_cr0();
	u32 wanted = (cr0 & ~GUEST_CR0) | (bits & GUEST_CR0);

	if (bits & CR0_EM)
		wanted |= CR0_TS;
	if (wanted != cr0)
		write_cr0(wanted);
}

void switch_set_guest_cr4(u32 bits)
{
	u32 cr4 = read_cr4();
	u32 wanted = (cr4 & ~GUEST_CR4) | (bits & GUEST_CR4);

	if (wanted != cr4)
		write_cr4(wanted);
}

/* A breakpoint that touches the gate is not loaded: its own accesses must not trap in ring 0.  Nor
 * are execute breakpoints: the interpreter runs guests that have one. */
static bool touches_gate(u32 address)
{
	return this_cpu()->gate && address - (this_cpu()->gate - 8) < GATE_SLOT_SIZE + 8;
}

/* DR7 is loaded by the way in, and cleared by the way out if its constant in the gate says so. */
static void set_guest_dr7(u32 dr7)
{
	this_cpu()->guest_dr7 = dr7;
	*(volatile u32 *)(this_cpu()->gate + GATE_DR7) = dr7;
}

void switch_load_debug(const u32 dr[8])
{
	u32 dr7 = dr[7] & ~DR7_GD;

	if (!(dr7 & DR7_ENABLED))
		return;
	for (u32 i = 0; i < 4; i++)
		if (touches_gate(dr[i]) || !(dr7 >> (16 + 4 * i) & 3))
			dr7 &= ~(3u << (i * 2));
	__asm__ volatile("mov %0, %%dr0\n\tmov %1, %%dr1\n\tmov %2, %%dr2\n\tmov %3, %%dr3"
			 : : "r"(dr[0]), "r"(dr[1]), "r"(dr[2]), "r"(dr[3]));
	__asm__ volatile("mov %0, %%dr6" : : "r"(DR6_FIXED));
	set_guest_dr7(dr7 & DR7_ENABLED ? dr7 | DR7_FIXED : 0);
}

void switch_unload_debug(void)
{
	if (this_cpu()->guest_dr7)
		set_guest_dr7(0);
}

u32 switch_take_dr6(void)
{
	u32 dr6;

	__asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
	__asm__ volatile("mov %0, %%dr6" : : "r"(DR6_FIXED));
	return dr6 & ~DR6_FIXED;
}

void switch_external_interrupt(u8 vector)
{
	if (vector == EXCP_NMI)
		trap_dispatch_nmi();
	else
		trap_dispatch_external(vector);
}
