/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PCI function by which a VM shows that it has a VMI ROM: 15ad:0801, as VMware's hypervisors showed it.
 * Kernels find the ROM in memory at C8000 and need no device; people find this one with lspci.
 *
 * It has one resource, the expansion ROM [PCI 2.1, 6.2.5.2]: with CR.MEMORY and the enable bit set, the
 * image that firmware copied to C8000 can be read at the address in the register, as from any card.
 */
#ifndef HV_DEV_VVMI_H
#define HV_DEV_VVMI_H

#include "hv/dev/vpci.h"

#define VVMI_SLOT 7u /* of bus 0 */
#define VVMI_ROM_BAR 0x30u
#define VVMI_ROM_WINDOW 2048u /* the smallest that the register can say */

struct vvmi {
	struct vpci_function function;
	struct bus *bus;
	const u8 *rom;
	u32 rom_bytes;
	u32 window; /* where the ROM is decoded; 0: nowhere */
};

/* Plug the function into @pci.  @rom (at most VVMI_ROM_WINDOW bytes, borrowed) is what its expansion ROM
 * holds, and @bus where that is decoded.  0, -EEXIST. */
int vvmi_init(struct vvmi *vvmi, struct vpci *pci, struct bus *bus, const void *rom, u32 rom_bytes);
/* As a BIOS leaves it: memory decoding is on (kernels switch it on for base address registers only), the
 * ROM's own enable bit off. */
void vvmi_reset(struct vvmi *vvmi);

#endif
