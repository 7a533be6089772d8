/* SPDX-License-Identifier: GPL-2.0 */
/* What a kernel does not survive: its VM is reset or stopped, and nobody else notices. */
#include "tests/guests/vmi-bad-calls/bad.h"

static const struct {
	const char *word;
	enum vmi_call call;
	u32 argument;
} deadly[] = {
	{ "cr3-empty", VMI_CALL_SetCR3, 0x800000 },	{ "cr3-rom", VMI_CALL_SetCR3, 0xc8000 },
	{ "cr3-bios", VMI_CALL_SetCR3, 0xf0000 },	{ "cr3-mmio", VMI_CALL_SetCR3, 0xfee00000 },
	{ "cr3-beyond", VMI_CALL_SetCR3, 0x7ffff000 },	{ "cr3-garbage", VMI_CALL_SetCR3, 0xffffffff },
};

static struct PACKED {
	u16 limit;
	u32 base;
} nowhere = { 0xffff, 0xdead0000 }, empty = { 0, 0 };

static void use_table(enum vmi_call call, void *table)
{
	vmi(call, (u32)table, 0, 0);
	__asm__ volatile("int3");
}

void try_something_deadly(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(deadly); i++) {
		if (!boot_word(deadly[i].word))
			continue;
		print("deadly: %s\n", deadly[i].word);
		vmi(deadly[i].call, deadly[i].argument, 0, 0);
		check(false, "%s had no effect", deadly[i].word);
	}
	if (boot_word("idt-nowhere"))
		use_table(VMI_CALL_SetIDT, &nowhere);
	if (boot_word("idt-empty"))
		use_table(VMI_CALL_SetIDT, &empty);
	if (boot_word("gdt-nowhere"))
		use_table(VMI_CALL_SetGDT, &nowhere);
	if (boot_word("gdt-empty"))
		use_table(VMI_CALL_SetGDT, &empty);
}
