/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Jumps to where no code is: unmapped addresses, a page that maps no memory, the gate's range
 * before and after VMI_Init, the ends of the address space; runs and writes ROM.  The exceptions
 * are a PC's.
 */
#include "tests/lib/vmi.h"

#define MMIO 0x3000000u
#define WINDOW 0xffc00000u
#define USER_STACK 0x700000u

static void jump(u32 address)
{
	__asm__ volatile("call *%0" : : "r"(address) : "eax", "ecx", "edx", "memory");
}

static bool is_page_fault(u32 result, u32 address, u32 error)
{
	return result == 14 + 1 && last_cr2 == address && last_trap.eip == address &&
	       last_trap.error == error;
}

static void unmapped(u32 address, const char *what)
{
	u32 r = guest_try(jump, address);

	check(is_page_fault(r, address, 0), "kernel: a jump to %s is #PF (%d error %x at %x cr2 %x)", what,
	      (int)r - 1, last_trap.error, last_trap.eip, last_cr2);
	r = run_user(address, USER_STACK);
	check(is_page_fault(r, address, 4), "ring 3: the same (%d error %x at %x cr2 %x)", (int)r - 1,
	      last_trap.error, last_trap.eip, last_cr2);
}

/* The last byte of a page is the first of an instruction; the next page is not there. */
static void across(void)
{
	u8 *last = (u8 *)0x900fff;
	u32 r;

	*last = 0xb8; /* MOV EAX, imm32 */
	*pte_of(0x901000) = 0;
	__asm__ volatile("movl %%cr3, %%eax\n\tmovl %%eax, %%cr3" : : : "eax", "memory");
	r = guest_try(jump, (u32)last);
	check(r == 14 + 1 && last_cr2 == 0x901000 && last_trap.eip == (u32)last,
	      "kernel: an instruction across the end is #PF at the page behind (%d, cr2 %x)", (int)r - 1,
	      last_cr2);
	r = run_user((u32)last, USER_STACK);
	check(r == 14 + 1 && last_cr2 == 0x901000 && last_trap.eip == (u32)last,
	      "ring 3: the same (%d, cr2 %x)", (int)r - 1, last_cr2);
}

static void not_memory(void)
{
	u32 r;

	*pte_of(MMIO) = 0xe0000000 | PTE_P | PTE_W | PTE_U;
	__asm__ volatile("movl %%cr3, %%eax\n\tmovl %%eax, %%cr3" : : : "eax", "memory");
	r = guest_try(jump, MMIO + 0x10);
	check(r == 6 + 1 && last_trap.eip == MMIO + 0x10,
	      "kernel: where no memory is, FF FF is #UD (%d at %x)", (int)r - 1, last_trap.eip);
	r = run_user(MMIO + 0x10, USER_STACK);
	check(r == 6 + 1 && last_trap.eip == MMIO + 0x10, "ring 3: the same (%d at %x)", (int)r - 1,
	      last_trap.eip);
}

static void rom(void)
{
	volatile u32 *word = (volatile u32 *)vmi_rom;
	u32 before[4] = { word[0], word[1], word[2], word[32] };

	for (u32 i = 0; i < 4096 / 4; i++)
		word[i] = ~word[i];
	check(word[0] == before[0] && word[1] == before[1] && word[2] == before[2] && word[32] == before[3],
	      "writing ROM has no effect");
	check(vmi_relocation(VMI_CALL_IRET).type == VMI_RELOCATION_CALL_REL, "code in ROM runs");
	check(guest_try(jump, (u32)vmi_rom + 3) == 13 + 1, "a far return without a frame is #GP");
}

static void everything(void)
{
	user_init();
	unmapped(0x80000000, "an unmapped address");
	unmapped(WINDOW + 0x300000, "the hypervisor's range");
	unmapped(0xfffffff0, "the end of the address space");
	unmapped(0x40000123, "another");
	across();
	not_memory();
	rom();
}

void guest_main(void)
{
	print("bad-jump\n");
	paging_init();
	if (!vmi_find())
		return;
	everything();
	unmapped(WINDOW, "where the gate will be");
	check(vmi_init() == 0, "VMI_Init succeeds");
	everything();
}
