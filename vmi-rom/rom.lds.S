/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two images come out of one link: .option, copied to guest-physical C8000, and .gate, mapped in
 * the gate.  Linking them together lets the option ROM's table name routines in the gate.
 */
#include "guest-abi/shared_page.h"

SECTIONS
{
	.option 0 : {
		*(.option)
		. = ALIGN(512);
	} = 0
	.gate VMI_GATE + GATE_ROM : {
		*(.gate.slots)
		. = ALIGN(16);
		*(.gate.marks)
		. = ALIGN(16);
		*(.gate.text)
		. = ALIGN(4096);
	}
	ASSERT(SIZEOF(.option) == ROM_BLOCKS * 512, "ROM_BLOCKS does not match the option ROM's size")
	ASSERT(SIZEOF(.gate) <= GATE_ROM_PAGES * 4096, "ROM text too large for its place in the gate")
	/DISCARD/ : { *(.note*) *(.comment) *(.eh_frame) }
}
