/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IRETD with VM set and IOPL 3, from ring 3 or (word ring1) from ring 1.  A CPU ignores VM there; QEMU's
 * TCG enters V86 mode with all its I/O rights and the right to mask interrupts.  On such a platform
 * the VM must be stopped, whatever the V86 code does next, which a word of the command line says:
 *
 *   int80   an interrupt through the direct gate     spin    nothing, with interrupts on
 *   port    port I/O                                 cli     masks interrupts and loops
 *   halt    HLT                                      zero    as cli, with CS's two low bits clear
 *
 * The V86 code's CS is also a selector, so that a CPU which ignores VM goes on in protected mode, at
 * another linear address, and the test passes there.
 */
#include "tests/lib/vmi.h"

#define EIP 0x6000u
#define STACK 0x8000u
#define EFLAGS 0x23002u /* VM, IOPL 3 */
#define IF 0x200u
#define ENTRY 0x600000u

struct ending {
	const char *word;
	const char *code;
	u32 size, flags, selector;
};

static const struct ending endings[] = {
	{ "int80", "\xcd\x80\xeb\xfe", 4, IF, USER_CS },
	{ "port", "\xb0\x55\xe6\x80\xeb\xfe", 6, IF, USER_CS },
	{ "halt", "\xf4\xeb\xfd", 3, IF, USER_CS },
	{ "spin", "\xeb\xfe", 2, IF, USER_CS },
	{ "cli", "\xfa\xeb\xfe", 3, 0, USER_CS },
	{ "zero", "\xfa\xeb\xfe", 3, 0, USER_CS & ~3u },
};

static void copy(u32 to, const void *from, u32 size)
{
	for (u32 i = 0; i < size; i++)
		((u8 *)to)[i] = ((const u8 *)from)[i];
}

/* EBX = selector, ECX = EFLAGS. */
extern u8 enter_v86[], enter_v86_end[];
__asm__("enter_v86:\n\tpushl $0\n\tpushl $0\n\tpushl $0\n\tpushl $0\n\tpushl $0x2b\n\tpushl $0x8000\n\t"
	"pushl %ecx\n\tpushl %ebx\n\tpushl $0x6000\n\tiretl\nenter_v86_end:\n");

static u32 attack(const struct ending *ending, u32 selector)
{
	struct user_registers registers = {
		.eip = ENTRY, .cs = USER_CS, .eflags = 0x202, .esp = ENTRY + 0x1000, .ss = USER_DS,
		.ebx = selector, .ecx = EFLAGS | ending->flags,
	};

	copy(EIP, "\xcd\x81", 2); /* int $0x81 where protected mode continues */
	copy(EIP + selector * 16, ending->code, ending->size);
	copy(ENTRY, enter_v86, (u32)(enter_v86_end - enter_v86));
	return user_run(&registers);
}

static void from_ring1(u32 eflags)
{
	copy(EIP, "\xcd\x81", 2);
	copy(EIP + read_cs() * 16u, "\xcd\x80\xeb\xfe", 4);
	__asm__ volatile("pushl %0\n\tpushl %1\n\tpushl $0x6000\n\tiretl"
			 : : "r"(eflags), "r"((u32)read_cs()));
}

void guest_main(void)
{
	paging_init();
	if (!vmi_start())
		return;
	user_init();
	set_gate(0x80, 0xe, 3, NULL);
	vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 0x80, idt[0x80]);
	print("entering\n");
	if (boot_word("ring1")) {
		u32 r = guest_try(from_ring1, EFLAGS | IF);

		check(r == USER_EXIT + 1 && !(last_trap.eflags & (EFLAGS & ~2u)),
		      "VM and IOPL are ignored in ring 1 (%u, eflags %x)", r, last_trap.eflags);
	}
	for (u32 i = 0; i < ARRAY_SIZE(endings); i++) {
		u32 r;

		if (!boot_word(endings[i].word))
			continue;
		r = attack(&endings[i], endings[i].selector);
		if (!(endings[i].selector & 3))
			check(r == 13 + 1 && last_trap.error == endings[i].selector,
			      "the selector is refused (%u, error %x)", r, last_trap.error);
		else
			check(r == 0 && !(last_trap.eflags & (EFLAGS & ~2u)),
			      "VM and IOPL are ignored in ring 3 (%u, eflags %x)", r, last_trap.eflags);
	}
}
