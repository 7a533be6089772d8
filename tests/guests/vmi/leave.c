/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way out of VMI and back in: kexec turns paging off, in ring 1, by the instruction or by SetCR0, and starts a
 * kernel that thinks itself on a PC.  It may find the ROM and do the same again.
 */
#include "tests/guests/vmi/conform.h"

#define CR0_PG 0x80000000u

extern u32 iret_routine; /* start.S */
void native_iret(void);

static void paging_off_by_instruction(void)
{
	__asm__ volatile("movl %%cr0, %%eax\n\tandl $0x7fffffff, %%eax\n\tmovl %%eax, %%cr0" : : : "eax", "memory");
}

static void paging_off_by_call(void)
{
	vmi(VMI_CALL_SetCR0, vmi(VMI_CALL_GetCR0, 0, 0, 0) & ~CR0_PG, 0, 0);
}

static u32 native_cr0(void)
{
	u32 cr0;

	__asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
	return cr0;
}

static u32 native_flags(void)
{
	u32 flags;

	__asm__ volatile("pushfl\n\tpopl %0" : "=r"(flags));
	return flags;
}

/* A kernel in ring 0, with its own stack for ring 3 and an IRET of its own. */
static void be_native(void)
{
	vmi_active = false;
	iret_routine = (u32)native_iret;
	expect((read_cs() & 3) == 0 && !(native_cr0() & CR0_PG));
	__asm__ volatile("sti");
	expect(native_flags() & IF);
	__asm__ volatile("cli");
	expect(!(native_flags() & IF));
	__asm__ volatile("movl %0, %%cr0" : : "r"(native_cr0() | CR0_PG) : "memory");
	user_init();
	expect(run_user(USER_CODE, USER_STACK) == 0);
}

static void once(void (*paging_off)(void))
{
	paging_off();
	be_native();
	expect(vmi_init() == 0 && (read_cs() & 3) == 1);
	user_init();
	expect(run_user(USER_CODE, USER_STACK) == 0);
	vmi_set_if(true);
	expect(vmi_get_if());
	vmi_set_if(false);
}

void leaving(void)
{
	vmi_set_if(false);
	for (u32 i = 0; i < 3; i++) {
		once(paging_off_by_instruction);
		once(paging_off_by_call);
	}
	check_expected("paging off ends VMI, the kernel is in ring 0, and VMI_Init works again");
}
