/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest finds in its memory at power-on, besides its kernel.  No real-mode firmware is
 * involved yet: kernels are entered directly in protected mode.  But they look at what a PC's BIOS
 * leaves behind, so that is here: the memory map, the interrupt vectors, the BIOS data area.
 *
 *   0          interrupt vectors, all on one IRET in the BIOS page
 *   400        BIOS data area
 *   90000      what the loader hands to the kernel (zero page, GDT, command line)
 *   9fc00      extended BIOS data area, 1 KB
 *   a0000      nothing: display memory, for whoever models it
 *   c0000      option ROMs: RAM here, for the VMI ROM to be put at BIOS_VMI_ROM
 *   e0000      ACPI: the RSDP first, the tables behind it
 *   f0000      the BIOS page: an IRET, the reset vector
 *   100000     RAM to the end
 *
 * The ACPI tables lie below 1 MB and not at the top of RAM, so that their place depends on nothing;
 * E0000 is where a kernel's own search for the RSDP begins.  The area is marked reserved.
 */
#ifndef HV_LOAD_BIOS_H
#define HV_LOAD_BIOS_H

#include "hv/core/gmem.h"

#define BIOS_DATA 0x400u
#define BIOS_BOOT_PARAMS 0x90000u  /* 4 KB */
#define BIOS_BOOT_GDT 0x91000u	   /* 32 bytes */
#define BIOS_BOOT_COMMAND 0x92000u /* 2048 bytes */
#define BIOS_EBDA 0x9fc00u	   /* end of conventional memory */
#define BIOS_VIDEO 0xa0000u
#define BIOS_OPTION_ROMS 0xc0000u
#define BIOS_VMI_ROM 0xc8000u /* 2 KB-aligned; may reach to BIOS_ACPI */
#define BIOS_ACPI 0xe0000u    /* RSDP; tables up to BIOS_PAGE */
#define BIOS_PAGE 0xf0000u
#define BIOS_IRET 0xfff53u
#define BIOS_RESET 0xffff0u
#define BIOS_HIGH 0x100000u

/* Types of memory as INT 15h, E820 gives them [ACPI 15]. */
#define E820_RAM 1u
#define E820_RESERVED 2u

struct e820_entry {
	u64 start;
	u64 size;
	u32 type;
} PACKED;

/* Back the guest's memory: @memory_bytes (page-aligned, above 1 MB, at most 3 GB) without the
 * display's hole.  0, or -ENOMEM or -EEXIST from gmem with nothing logged; a failed map is to be
 * destroyed. */
int bios_add_memory(struct gmem *gmem, u64 memory_bytes);

/* (Re)write vectors, BIOS data areas and BIOS page, for a PC with @com_ports serial ports (0-4).
 * The memory must have been added. */
void bios_fill(struct gmem *gmem, u32 com_ports);

/* The memory map of a guest with @memory_bytes: returns the count of entries written to @to. */
#define BIOS_E820_ENTRIES 4
u32 bios_e820(u64 memory_bytes, struct e820_entry to[BIOS_E820_ENTRIES]);

#endif
