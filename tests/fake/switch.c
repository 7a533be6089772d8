/* SPDX-License-Identifier: GPL-2.0 */
/* See switch.h. */
#include "tests/fake/switch.h"

#include <string.h>

#include "arch/x86/isa/regs.h"
#include "arch/x86/percpu.h"
#include "hv/arch.h"
#include "hv/lib/assert.h"
#include "tests/fake/fake.h"

#define PTE_P BIT64(0)
#define PTE_W BIT64(1)
#define PTE_U BIT64(2)
#define PTE_PS BIT64(7)
#define PTE_FRAME 0xffffff000ull
#define GARBAGE 0xdead0000u

struct fake_switch fake_switch;
static struct percpu cpu;
extern const u8 vmi_gate_image[], vmi_gate_image_end[];

static u8 text[PAGE_SIZE] ALIGNED(4096); /* stands for the gate's: only its address counts */

struct percpu *this_cpu(void)
{
	return &cpu;
}

void fake_switch_reset(void)
{
	memset(&fake_switch, 0, sizeof(fake_switch));
	memset(&cpu, 0, sizeof(cpu));
	fake_switch.nx = true;
	fake_add_image(text, sizeof(text));
	fake_add_image(vmi_gate_image, (size_t)(vmi_gate_image_end - vmi_gate_image));
}

static u64 entry_at(u64 table, u32 index)
{
	return ((const u64 *)arch_hpa_to_ptr(hpa(table & PTE_FRAME)))[index];
}

u64 fake_switch_pte(hpa_t root, u32 address)
{
	const u64 *pdpte = arch_hpa_to_ptr(root);
	u64 entry = pdpte[address >> 30];

	if (!(entry & PTE_P))
		return 0;
	entry = entry_at(entry, address >> 21 & 511);
	if (!(entry & PTE_P) || entry & PTE_PS)
		return entry;
	entry = entry_at(entry, address >> 12 & 511);
	return entry & PTE_P ? entry : 0;
}

static u8 *in_guest_space(u32 address)
{
	u64 pte = fake_switch_pte(fake_switch.root, address);

	ASSERT((pte & (PTE_P | PTE_W | PTE_U)) == (PTE_P | PTE_W));
	return (u8 *)arch_hpa_to_ptr(hpa(pte & PTE_FRAME)) + (address & PAGE_MASK);
}

static void check_entry(const struct guest_frame *frame)
{
	ASSERT(fake_switch.gate);
	ASSERT((frame->eflags & (EFLAGS_IF | EFLAGS_IOPL | EFLAGS_VM | EFLAGS_FIXED)) ==
	       (EFLAGS_IF | EFLAGS_FIXED));
	ASSERT(frame->cs & SEL_RPL);
	ASSERT((frame->ss & SEL_RPL) == (frame->cs & SEL_RPL));
}

/* Selector slots have any upper half, vectors are sign-extended, PUSHA stores some ESP. */
static void scribble(struct guest_frame *frame)
{
	u32 *const selectors[] = {&frame->gs, &frame->fs, &frame->es,
				  &frame->ds, &frame->cs, &frame->ss};

	for (u32 i = 0; i < ARRAY_SIZE(selectors); i++)
		*selectors[i] = (*selectors[i] & 0xffff) | GARBAGE;
	frame->vector = (u32)(s32)(s8)frame->vector;
	frame->esp_unused = GARBAGE;
}

u32 switch_enter(hpa_t root, u32 address)
{
	struct guest_frame frame;
	u8 *at;

	fake_switch.root = root;
	fake_switch.entries++;
	at = in_guest_space(address);
	memcpy(&frame, at, sizeof(frame));
	check_entry(&frame);
	ASSERT(fake_switch.guest);
	fake_switch.guest(&frame);
	scribble(&frame);
	memcpy(at, &frame, sizeof(frame));
	return fake_switch.exit_frame ? fake_switch.exit_frame : address;
}

hpa_t switch_exit_root(void)
{
	return fake_switch.root;
}

u32 switch_page_fault_offset(void)
{
	return 0x980;
}

u32 switch_load_cr3_offset(void)
{
	return 0x900;
}

u32 switch_fault_address(void)
{
	return fake_switch.cr2;
}

void switch_set_sysenter(bool on)
{
	fake_switch.sysenter = on;
}

bool switch_is_resume_fault(u32 gate, u32 eip)
{
	return eip - gate >= FAKE_RESUME_FIRST && eip - gate < FAKE_RESUME_END;
}

void switch_load_gate(u32 gate, hpa_t host_gate)
{
	fake_switch.gate = gate;
	fake_switch.host_gate = host_gate;
	fake_switch.gate_loads++;
}

void switch_unload_gate(void)
{
	cpu.gate_owner = NULL;
	fake_switch.gate = 0;
	fake_switch.ldt = 0;
}

void switch_load_ldt(u16 selector)
{
	ASSERT(fake_switch.gate);
	fake_switch.ldt = selector;
}

hpa_t switch_gate_text(void)
{
	return arch_ptr_to_hpa(text);
}

u32 switch_vector_offset(u8 vector)
{
	return vector * FAKE_VECTOR_SIZE;
}

bool switch_has_nx(void)
{
	return fake_switch.nx;
}

u32 switch_host_cr3(void)
{
	return FAKE_HOST_CR3;
}

u64 switch_df_tss_descriptor(void)
{
	return FAKE_DF_TSS;
}

void switch_set_guest_cr0(u32 cr0)
{
	fake_switch.cr0 = cr0;
}

void switch_set_guest_cr4(u32 bits)
{
	fake_switch.cr4 = bits;
}

void switch_load_debug(const u32 dr[8])
{
	memcpy(fake_switch.dr, dr, sizeof(fake_switch.dr));
	fake_switch.debug = true;
}

void switch_unload_debug(void)
{
	fake_switch.debug = false;
}

u32 switch_take_dr6(void)
{
	u32 dr6 = fake_switch.dr6;

	fake_switch.dr6 = 0;
	return dr6;
}

void switch_load_fpu(void *image)
{
	fake_switch.fpu = image;
}

void switch_forget_fpu(void *image)
{
	if (fake_switch.fpu == image)
		fake_switch.fpu = NULL;
}

void switch_external_interrupt(u8 vector)
{
	fake_switch.external = vector;
	fake_switch.externals++;
}
