/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of gdt.h.
 */
#include "arch/x86/cpu/gdt.h"

#include "arch/x86/cpu/trap.h"
#include "hv/lib/assert.h"

#define ACCESS_CODE 0x9b /* present, ring 0, code, readable, accessed */
#define ACCESS_DATA 0x93 /* present, ring 0, data, writable, accessed */
#define ACCESS_TSS 0x89	 /* present, available 32-bit TSS */
#define FLAGS_FLAT 0xc	 /* 4 KB units, 32-bit */

u64 gdt_page[512] ALIGNED(4096);
static struct tss host_tss ALIGNED(128), double_fault_tss ALIGNED(128);
HOST_STACK(double_fault_stack, PAGE_SIZE);
HOST_STACK(ring0_stack, PAGE_SIZE);

u64 gdt_descriptor(u32 base, u32 limit, u8 access, u8 flags)
{
	u32 low = base << 16 | (limit & 0xffff);
	u32 high = (base & 0xff000000u) | (u32)flags << 20 | (limit & 0xf0000) | (u32)access << 8 |
		   (base >> 16 & 0xff);

	return (u64)high << 32 | low;
}

u64 *gdt_entry(u16 selector)
{
	ASSERT(selector >= GDT_LAST_PAGE);
	return &gdt_page[(selector - GDT_LAST_PAGE) / 8];
}

static void set_tss(u16 selector, const struct tss *tss)
{
	*gdt_entry(selector) = gdt_descriptor((u32)tss, sizeof(*tss) - 1, ACCESS_TSS, 0);
}

void gdt_reload(void)
{
	struct {
		u16 limit;
		u32 base;
	} PACKED gdtr = { GDT_LIMIT, GDT_BASE };

	set_tss(HOST_TSS, &host_tss); /* not busy: LTR wants it so */
	__asm__ volatile("lgdt %0\n\t"
			 "ljmp %1, $1f\n"
			 "1:\tmov %2, %%ds\n\t"
			 "mov %2, %%es\n\t"
			 "mov %2, %%ss\n\t"
			 "mov %3, %%fs\n\t"
			 "mov %3, %%gs\n\t"
			 "ltr %w4\n\t"
			 "lldt %w3"
			 :
			 : "m"(gdtr), "i"(HOST_CS), "r"(HOST_DS), "r"(0), "r"(HOST_TSS)
			 : "memory");
}

void gdt_init(void)
{
	*gdt_entry(HOST_CS) = gdt_descriptor(0, 0xfffff, ACCESS_CODE, FLAGS_FLAT);
	*gdt_entry(HOST_DS) = gdt_descriptor(0, 0xfffff, ACCESS_DATA, FLAGS_FLAT);
	host_tss.ss0 = HOST_DS;
	host_tss.esp0 = HOST_STACK_TOP(ring0_stack);
	host_tss.io_map_base = sizeof(struct tss); /* no map: all ports closed */
	double_fault_tss.io_map_base = sizeof(struct tss);
	double_fault_tss.esp = HOST_STACK_TOP(double_fault_stack);
	double_fault_tss.eip = (u32)trap_double_fault;
	double_fault_tss.eflags = 2;
	double_fault_tss.cs = HOST_CS;
	double_fault_tss.ss = HOST_DS;
	double_fault_tss.ds = HOST_DS;
	double_fault_tss.es = HOST_DS;
	set_tss(HOST_DF_TSS, &double_fault_tss);
	gdt_reload();
}

void gdt_set_double_fault_cr3(u32 cr3)
{
	double_fault_tss.cr3 = cr3;
}

void gdt_set_ring0_stack(u32 esp)
{
	host_tss.esp0 = esp;
}

const struct tss *gdt_interrupted_task(void)
{
	return &host_tss;
}
