/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's own descriptors: flat ring-0 segments and two TSSs, in the last page of a GDT of which
 * only that page exists (frame.h says why), and the stacks that go with them.
 *
 * The TSS in use serves for its stack pointer only (traps from the conformance probe's rings); the
 * other one is the task of a double fault: a stack and registers that are good whatever happened.
 */
#ifndef ARCH_X86_CPU_GDT_H
#define ARCH_X86_CPU_GDT_H

#include "arch/x86/frame.h"
#include "hv/lib/types.h"

/* Hardware task state, 32 bits [SDM3A 7.2.1]. */
struct tss {
	u16 backlink, reserved0;
	u32 esp0;
	u16 ss0, reserved1;
	u32 esp1;
	u16 ss1, reserved2;
	u32 esp2;
	u16 ss2, reserved3;
	u32 cr3, eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u16 es, reserved4, cs, reserved5, ss, reserved6, ds, reserved7, fs, reserved8, gs, reserved9;
	u16 ldt, reserved10;
	u16 trap, io_map_base;
};
ASSERT_SIZE(struct tss, 104);
ASSERT_OFFSET(struct tss, cr3, 28);
ASSERT_OFFSET(struct tss, io_map_base, 102);

/* Define a stack of @size bytes (a multiple of the page size) above a page that host_paging.c leaves
 * unmapped.  HOST_STACK_TOP is its initial ESP.  (The '#' hides the section flags that the compiler
 * would add: stacks take no room in the image file.) */
#define HOST_STACK(name, size)                                                                     \
	static u8 name[PAGE_SIZE + (size)] ALIGNED(4096)                                           \
		__attribute__((section(".stacks,\"aw\",@nobits#")));                               \
	static const u8 *const name##_guard __attribute__((used, section(".stack_guards"))) = name
#define HOST_STACK_TOP(name) ((u32)(name) + sizeof(name))

/* The host's GDT page (4 KB, page-aligned, identity-mapped); its linear base as LGDT takes it. */
extern u64 gdt_page[512];
#define GDT_BASE ((u32)gdt_page - GDT_LAST_PAGE)

/* Descriptor with a 32-bit base; @access is bits 40-47, @flags the G D/B L AVL nibble. */
u64 gdt_descriptor(u32 base, u32 limit, u8 access, u8 flags);
/* The descriptor that @selector (in the last page) names; for the world switch and the probe. */
u64 *gdt_entry(u16 selector);

/* Build the tables, load GDTR, segment registers and TR. */
void gdt_init(void);
/* GDTR, segments and TR again, after a guest or a probe used others. */
void gdt_reload(void);
/* The double-fault task runs on page tables @cr3. */
void gdt_set_double_fault_cr3(u32 cr3);
/* ESP that a trap from rings 1-3 of host space gets. */
void gdt_set_ring0_stack(u32 esp);
/* Registers of the code that double-faulted: in the host's TSS, by the task switch. */
const struct tss *gdt_interrupted_task(void);

#endif
