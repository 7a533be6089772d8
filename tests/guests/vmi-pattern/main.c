/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one VM leaves behind for the next.  With the word "leave" this kernel fills all it can reach
 * with a pattern: its memory, the writable pages of its gate, FPU and SSE registers, debug
 * registers; then it powers off (or, with "reset", resets itself, with "again" three times, or with
 * "killed", gets itself stopped).  With the word "find" it waits until another VM has done so, and
 * only then makes its own gate by VMI_Init, of pages that were the other's.  It looks for the
 * pattern in all memory, in what ring 1 can read of the gate, and in the registers.
 */
#include "guest-abi/hypercall.h"
#include "tests/lib/vmi.h"

#define PATTERN 0x5eed0c0du
#define PAGE 0x1000u
#define CR4_OSFXSR 0x200u
#define OWN_END 0x500000u /* this kernel lies between 4 MB and there */
#define OWN_START 0x400000u

static u8 image[512] ALIGNED(16);
static u32 found;

static void enable_fpu(void)
{
	__asm__ volatile("movl %%cr4, %%eax\n\torl %0, %%eax\n\tmovl %%eax, %%cr4"
			 : : "i"(CR4_OSFXSR) : "eax");
	__asm__ volatile("clts");
}

/* ---- leaving it ---- */

static void fill(u32 from, u32 to)
{
	for (u32 at = from; at < to; at += 4)
		*(volatile u32 *)at = PATTERN;
}

static void fill_registers(void)
{
	u32 *word = (u32 *)image;

	__asm__ volatile("fninit\n\tfxsave %0" : "=m"(image));
	for (u32 i = 8; i < 72; i++)
		word[i] = i < 40 && i % 4 == 2 ? 0x3fff : i < 40 && i % 4 == 3 ? 0 : PATTERN;
	__asm__ volatile("fxrstor %0" : : "m"(image));
	for (u32 i = 0; i < 4; i++)
		vmi(VMI_CALL_SetDR, i, PATTERN, 0);
	vmi(VMI_CALL_SetDR, 7, 0xffff0055, 0);
}

/* Memory outlives a reset: this counts them. */
static u32 starts_before(u32 memory)
{
	volatile u32 *mark = (volatile u32 *)(memory - PAGE);

	if (mark[0] != ~PATTERN)
		mark[1] = 0;
	mark[0] = ~PATTERN;
	return mark[1]++;
}

static void leave(u32 memory)
{
	u32 before = starts_before(memory);

	if (boot_word("again") && before == 3)
		return;
	if (!vmi_start())
		return;
	user_init();
	enable_fpu();
	fill(0x10000, 0x90000);
	fill(0x100000, OWN_START);
	fill(OWN_END, memory - PAGE);
	fill_registers();
	/* The entry stack's top is overwritten by every exit: the calls come first. */
	fill(VMI_GATE + GATE_ENTRY_STACK, VMI_GATE + GATE_ENTRY_STACK + PAGE);
	fill(VMI_SHARED + sizeof(struct shared_page), VMI_SHARED + PAGE);
	print("PASS: pattern left\n");
	if (boot_word("killed"))
		__asm__ volatile("call *%0" : : "r"(VMI_GATE + GATE_ROM + VMI_CALL_WRMSR * 8));
	if (boot_word("reset") || boot_word("again"))
		outb(0x64, 0xfe);
}

/* ---- finding it ---- */

static void wait(u32 seconds)
{
	u32 second, now;

	outb(0x70, 0);
	second = inb(0x71);
	while (seconds) {
		outb(0x70, 0);
		now = inb(0x71);
		seconds -= now != second;
		second = now;
	}
}

static void look(u32 from, u32 to, const char *where)
{
	u32 before = found;

	for (u32 at = from; at < to; at += 4) {
		/* Compared in two halves, so that the pattern is not in this code's own stack. */
		if (*(volatile u16 *)at != (u16)PATTERN || *(volatile u16 *)(at + 2) != PATTERN >> 16)
			continue;
		if (found++ < 10)
			print("at %x\n", at);
	}
	check(found == before, "not in %s (%u words)", where, found - before);
}

static void read_one(u32 address)
{
	(void)*(volatile u32 *)address;
}

static void look_in_gate(void)
{
	u32 pages = 0;

	for (u32 offset = 0; offset < 0x400000; offset += PAGE) {
		u32 at = VMI_GATE + offset;

		if (guest_try(read_one, at))
			continue;
		pages++;
		for (u32 i = 0; i < PAGE; i += 4)
			found += *(volatile u16 *)(at + i) == (u16)PATTERN &&
				 *(volatile u16 *)(at + i + 2) == PATTERN >> 16;
	}
	check(found == 0, "not in %u readable pages of the gate (%u words)", pages, found);
}

static void look_in_registers(const char *when)
{
	u32 dirty = 0;

	__asm__ volatile("fxsave %0" : "=m"(image));
	for (u32 i = 32; i < 288; i++)
		dirty += image[i] != 0;
	check(dirty == 0, "x87 and SSE registers are empty %s (%u bytes are not)", when, dirty);
}

static void look_in_debug_registers(void)
{
	u32 dr0, dr3, dr7;

	__asm__ volatile("movl %%dr0, %0" : "=r"(dr0));
	__asm__ volatile("movl %%dr3, %0" : "=r"(dr3));
	__asm__ volatile("movl %%dr7, %0" : "=r"(dr7));
	check(!dr0 && !dr3 && dr7 == 0x400, "debug registers are as after reset (%x %x %x)", dr0, dr3,
	      dr7);
}

static void find(u32 memory)
{
	check(vmi_find(), "the VMI ROM is found");
	if (!vmi_rom)
		return;
	wait(boot_number("wait=", 3));
	enable_fpu();
	look_in_registers("before VMI_Init");
	look_in_debug_registers();
	check(vmi_init() == 0, "VMI_Init succeeds");
	look_in_registers("after it");
	look_in_debug_registers();
	look_in_gate();
	look(0x10000, 0x90000, "low memory");
	look(0x100000, OWN_START, "memory below this kernel");
	look(OWN_END, memory, "memory above it");
	look_in_gate();
}

void guest_main(void)
{
	u32 memory = boot_number("memory=", 0xc00000);

	print("vmi-pattern\n");
	paging_init();
	if (boot_word("leave"))
		leave(memory);
	else
		find(memory);
}
