/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The VMI ABI as a guest sees it: the ROM header it searches for, the relocation record, and the
 * constants of the calls.  API version 3.0.  The text that explains them is guest-abi/README.md.
 */
#ifndef GUEST_ABI_VMI_H
#define GUEST_ABI_VMI_H

#define VMI_SIGNATURE 0x696d5663 /* "cVmi" */
#define VMI_API_MAJOR 3
#define VMI_API_MINOR 0
#define VMI_ROM_FIRST 0xc0000
#define VMI_ROM_END 0xe0000
#define VMI_ROM_STEP 2048

#define VMI_PCI_VENDOR 0x15ad
#define VMI_PCI_DEVICE 0x0801
#define VMI_PCI_CLASS 0x058000 /* memory controller, other */

/* Type in a relocation record. */
#define VMI_RELOCATION_NONE 0
#define VMI_RELOCATION_CALL_REL 1
#define VMI_RELOCATION_JUMP_REL 2
#define VMI_RELOCATION_NOP 3

/* Flags of page-table calls: the level, then what else is said. */
#define VMI_PAGE_PT 0x01
#define VMI_PAGE_PD 0x02
#define VMI_PAGE_PDP 0x04
#define VMI_PAGE_PAE 0x10   /* AllocatePage, ReleasePage */
#define VMI_PAGE_CLONE 0x20
#define VMI_PAGE_ZEROED 0x40
#define VMI_PAGE_CURRENT_AS 0x10 /* SetPxE, UpdatePxE: the address bits are valid */
#define VMI_PAGE_DEFER 0x20
#define VMI_PAGE_VA_MASK 0xfffff000

#define VMI_FLUSH_TLB 1
#define VMI_FLUSH_GLOBAL 2

/* GetCycleCounter, and bits 7-0 of the flags of alarms: which counter. */
#define VMI_CYCLES_REAL 0
#define VMI_CYCLES_AVAILABLE 1
#define VMI_CYCLES_STOLEN 2
#define VMI_ALARM_COUNTER_MASK 0xff
#define VMI_ALARM_PERIODIC 0x100
#define VMI_ALARM_WIRED_LVTT 0x10000 /* else IRQ 0 */

#ifndef __ASSEMBLY__
#include <stdint.h>

struct vmi_rom_header {
	uint16_t rom_signature; /* AA55 */
	uint8_t rom_length;     /* units of 512 bytes */
	uint8_t rom_entry[4];
	uint8_t pad0;
	uint32_t vmi_signature;
	uint8_t api_minor;
	uint8_t api_major;
	uint8_t jump_slots;
	uint8_t reserved1;
	uint32_t virtual_top; /* the guest keeps off linear addresses from here on */
	uint16_t reserved2;
	uint16_t license_offset;
	uint16_t pci_offset;
	uint16_t pnp_offset;
	uint32_t pad3;
	uint8_t reserved3[0x60];
	uint8_t init[8];           /* code: VMI_Init */
	uint8_t get_relocation[8]; /* code: GetRelocationInfo */
};

enum vmi_call {
#define VMI_CALL(number, name, answer, where) VMI_CALL_##name = (number),
#include "guest-abi/vmi_calls.def"
#undef VMI_CALL
	VMI_CALL_COUNT
};
#endif

#endif
