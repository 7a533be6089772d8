/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vvmi.h.  Configuration space is vpci.c's; here the expansion ROM's window follows
 * what the guest writes.  A guest may put it where other devices answer: then it is not decoded, and
 * what was there first stays.  RAM is in front of all devices anyhow.
 */
#include "hv/dev/vvmi.h"

#include "guest-abi/vmi.h"
#include "hv/lib/assert.h"
#include "hv/lib/string.h"

#define ROM_ENABLE BIT(0)
#define SUBSYSTEM (VMI_PCI_VENDOR | 0x0800u << 16) /* "Hypervisor ROM Interface" */

static const struct vpci_id id = { VMI_PCI_VENDOR, VMI_PCI_DEVICE, VMI_PCI_CLASS, 1, false };

static u32 rom_read(void *opaque, u32 offset, u32 size)
{
	const struct vvmi *vvmi = opaque;

	(void)size;
	return offset < vvmi->rom_bytes ? vvmi->rom[offset] : 0xff;
}

static void rom_write(void *opaque, u32 offset, u32 size, u32 value)
{
	(void)opaque;
	(void)offset;
	(void)size;
	(void)value;
}

static const struct bus_ops rom_ops = { rom_read, rom_write, 1 };

static u32 wanted_window(const struct vvmi *vvmi)
{
	u32 bar = vpci_get(&vvmi->function, VVMI_ROM_BAR, 4);
	u32 command = vpci_get(&vvmi->function, VPCI_COMMAND, 2);

	return bar & ROM_ENABLE && command & VPCI_COMMAND_MEMORY ? bar & ~(VVMI_ROM_WINDOW - 1) : 0;
}

static void move_window(struct vvmi *vvmi)
{
	u32 to = wanted_window(vvmi);

	if (to == vvmi->window)
		return;
	if (vvmi->window)
		bus_remove_mmio(vvmi->bus, gpa(vvmi->window));
	vvmi->window = 0;
	if (!to || !bus_mmio_is_free(vvmi->bus, gpa(to), VVMI_ROM_WINDOW))
		return;
	if (bus_add_mmio(vvmi->bus, gpa(to), VVMI_ROM_WINDOW, &rom_ops, vvmi) == 0)
		vvmi->window = to;
}

static void written(void *opaque, u32 offset, u32 size)
{
	(void)offset;
	(void)size;
	move_window(opaque);
}

void vvmi_reset(struct vvmi *vvmi)
{
	struct vpci_function *function = &vvmi->function;

	vpci_function_init(function, &id);
	vpci_put(function, VPCI_SUBSYSTEM, 4, SUBSYSTEM);
	vpci_put(function, VPCI_COMMAND, 2, VPCI_COMMAND_MEMORY);
	vpci_allow(function, VPCI_COMMAND, 2, VPCI_COMMAND_MEMORY);
	vpci_allow(function, VPCI_INTERRUPT_LINE, 1, 0xff);
	vpci_allow(function, VVMI_ROM_BAR, 4, ~(VVMI_ROM_WINDOW - 1) | ROM_ENABLE);
	move_window(vvmi);
}

int vvmi_init(struct vvmi *vvmi, struct vpci *pci, struct bus *bus, const void *rom, u32 rom_bytes)
{
	ASSERT(rom_bytes <= VVMI_ROM_WINDOW);
	memset(vvmi, 0, sizeof(*vvmi));
	vvmi->bus = bus;
	vvmi->rom = rom;
	vvmi->rom_bytes = rom_bytes;
	vvmi->function.written = written;
	vvmi->function.opaque = vvmi;
	vvmi_reset(vvmi);
	return vpci_add(pci, VPCI_DEVFN(VVMI_SLOT, 0), &vvmi->function);
}
