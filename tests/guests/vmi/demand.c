/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Demand paging: user code touches pages whose entries are not present, and the kernel puts them there.  Such a fault
 * may come without an exit (docs/vmi.md), so its frame, CR2, registers and flags are looked at in all detail, for a
 * gate of either type.
 */
#include "tests/guests/vmi/window.h"

#define PAGES 40u /* more than the hypervisor would mark at once */
#define AC 0x40000u
#define RF 0x10000u
#define USER_FLAGS (AC | IF | 0x8d5u | 2u)

static struct {
	u32 count, cr2;
	struct trap_frame frame;
	bool interruptible;
} fault;
static bool with_nx; /* the guest sees the bit for fetches */

static void on_demand(struct trap_frame *frame)
{
	u32 n;

	fault.interruptible = vmi_get_if();
	fault.count++;
	fault.cr2 = call(VMI_CALL_GetCR2, 0, 0, 0);
	fault.frame = *frame;
	n = (fault.cr2 - page(0)) / 4096;
	if (n < PAGES)
		set(entry(table, n), PAGE_A | FLAGS_RW, VMI_PAGE_PT);
}

static struct user_registers touching(u32 piece, u32 address)
{
	return (struct user_registers){
		.eip = USER_CODE + 16 * piece, .cs = USER_CS, .eflags = USER_FLAGS, .esp = USER_STACK - 64,
		.ss = USER_DS, .eax = 1, .ebx = 2, .ecx = 3, .edx = 4, .esi = 5, .edi = address, .ebp = 7,
	};
}

static bool frame_is(const struct user_registers *r, u32 eip, u32 error)
{
	const struct trap_frame *f = &fault.frame;

	return f->eip == eip && f->cs == USER_CS && f->esp == r->esp && f->ss == USER_DS && f->error == error &&
	       (f->eflags & ~RF) == USER_FLAGS && f->eax == r->eax && f->ebx == r->ebx && f->ecx == r->ecx &&
	       f->edx == r->edx && f->esi == r->esi && f->edi == r->edi && f->ebp == r->ebp && f->ds == USER_DS &&
	       f->es == USER_DS;
}

/* Piece @piece touches @address, which faults with @error at @eip, once. */
static void touch(u32 piece, u32 address, u32 eip, u32 error)
{
	struct user_registers r = touching(piece, address);
	u32 before = fault.count;

	expect(user_run(&r) == 0 && fault.count == before + 1);
	expect(fault.cr2 == address);
	expect(frame_is(&r, eip, error));
}

static void each_page(void)
{
	for (u32 n = 0; n < PAGES; n++) {
		u32 piece = n % 2 ? 6 : 5;

		touch(piece, page(n) + n * 100, USER_CODE + 16 * piece, n % 2 ? 6 : 4);
		expect(!fault.interruptible);
	}
	expect(last_trap.eax == 1); /* the last one wrote */
	for (u32 n = 0; n < PAGES; n++) {
		struct user_registers r = touching(5, page(n));
		u32 before = fault.count;

		expect(user_run(&r) == 0 && fault.count == before && last_trap.eax == VALUE(PAGE_A));
	}
}

static void take_away(void)
{
	for (u32 n = 0; n < PAGES; n++)
		set(entry(table, n), 0, VMI_PAGE_PT);
	call(VMI_CALL_FlushTLB, 1, 0, 0);
}

static void fetches(void)
{
	u8 *code = (u8 *)PAGE_A + 0x800;

	code[0] = 0xcd; /* int $0x81 */
	code[1] = USER_EXIT;
	for (u32 n = 0; n < 4; n++)
		touch(7, page(n) + 0x800, page(n) + 0x800, with_nx ? 0x14 : 4);
}

/* A trap gate leaves IF as it was. */
static void trap_gate(void)
{
	set_gate(14, 0xf, 0, NULL);
	vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 14, idt[14]);
	for (u32 n = 8; n < 12; n++) {
		touch(5, page(n) + 4, USER_CODE + 80, 4);
		expect(fault.interruptible);
	}
	set_gate(14, 0xe, 0, NULL);
	vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 14, idt[14]);
}

/* The kernel's own accesses to the same pages. */
static void by_the_kernel(void)
{
	u32 before = fault.count;

	for (u32 n = 20; n < 24; n++) {
		expect(*at(page(n)) == VALUE(PAGE_A));
		expect(fault.frame.cs == (KERNEL_CS | 1) && fault.frame.error == 0 && fault.cr2 == page(n));
	}
	expect(fault.count == before + 4);
}

/* One that the kernel does not mend, and one for a page that it may not see. */
static void denied(void)
{
	struct user_registers r = touching(5, page(PAGES + 1));
	u32 before = fault.count;

	set_handler(14, NULL);
	expect(user_run(&r) == 14 + 1 && last_cr2 == page(PAGES + 1) && last_trap.error == 4);
	set(entry(table, 30), PAGE_A | PTE_P | PTE_W, VMI_PAGE_PT);
	r = touching(5, page(30));
	expect(user_run(&r) == 14 + 1 && last_trap.error == 5);
	set(entry(table, 31), PAGE_A | PTE_P | PTE_U, VMI_PAGE_PT);
	r = touching(6, page(31));
	expect(user_run(&r) == 14 + 1 && last_trap.error == 7 && fault.count == before);
}

void demand_faults(void)
{
	u32 low = 0, high;

	if (pae)
		__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000080));
	with_nx = low & 0x800;
	set(directory_entry(0), (u32)table | FLAGS_RW, VMI_PAGE_PD);
	take_away();
	set_handler(14, on_demand);
	each_page();
	take_away();
	fetches();
	trap_gate();
	by_the_kernel();
	denied();
	set_handler(14, NULL);
	take_away();
	check_expected("page faults of absent pages: frame, CR2, error code, registers, flags");
}
