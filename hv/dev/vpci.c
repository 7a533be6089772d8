/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vpci.h.  CONFIG_ADDRESS is a register of 32 bits only: narrower accesses to its
 * ports go past it, which is how port CF9h has room in its middle.
 */
#include "hv/dev/vpci.h"

#include "hv/lib/assert.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"

#define ADDRESS_ENABLE BIT(31)
#define ADDRESS_BITS 0x80fffffcu
#define CF9_OFFSET 1u
#define RCR_SRST BIT(1)
#define RCR_RCPU BIT(2)
#define HEADER_TYPE 0x0eu
#define MULTIFUNCTION 0x80u

u32 vpci_get(const struct vpci_function *function, u32 offset, u32 size)
{
	u32 value = 0;

	ASSERT(offset + size <= sizeof(function->config));
	for (u32 i = 0; i < size; i++)
		value |= (u32)function->config[offset + i] << 8 * i;
	return value;
}

static void put(u8 *bytes, u32 offset, u32 size, u32 value)
{
	ASSERT(offset + size <= 256);
	for (u32 i = 0; i < size; i++)
		bytes[offset + i] = (u8)(value >> 8 * i);
}

void vpci_put(struct vpci_function *function, u32 offset, u32 size, u32 value)
{
	put(function->config, offset, size, value);
}

void vpci_allow(struct vpci_function *function, u32 offset, u32 size, u32 mask)
{
	put(function->writable, offset, size, mask);
}

void vpci_set_bar(struct vpci_function *function, u32 n, u32 size, u32 flags)
{
	ASSERT(n < 6 && size >= 4 && IS_ALIGNED(size, size));
	vpci_put(function, VPCI_BAR(n), 4, flags);
	vpci_allow(function, VPCI_BAR(n), 4, ~(size - 1));
}

void vpci_function_init(struct vpci_function *function, const struct vpci_id *id)
{
	memset(function->config, 0, sizeof(function->config));
	memset(function->writable, 0, sizeof(function->writable));
	vpci_put(function, 0, 4, id->vendor | (u32)id->device << 16);
	vpci_put(function, 8, 4, id->revision | id->class << 8);
	if (id->multifunction)
		vpci_put(function, HEADER_TYPE, 1, MULTIFUNCTION);
}

int vpci_add(struct vpci *pci, u32 devfn, struct vpci_function *function)
{
	ASSERT(devfn < VPCI_FUNCTIONS);
	if (pci->function[devfn])
		return ERR(-EEXIST);
	pci->function[devfn] = function;
	return 0;
}

/* ---- ports ---------------------------------------------------------------------------------- */

/* The function that CONFIG_ADDRESS selects, or NULL. */
static struct vpci_function *selected(const struct vpci *pci)
{
	u32 bus_devfn = pci->address >> 8 & 0xffff;

	if (!(pci->address & ADDRESS_ENABLE) || bus_devfn >= VPCI_FUNCTIONS)
		return NULL;
	return pci->function[bus_devfn];
}

static u32 data_read(void *opaque, u32 offset, u32 size)
{
	const struct vpci *pci = opaque;
	const struct vpci_function *function = selected(pci);

	if (!function)
		return ~0u;
	return vpci_get(function, (pci->address & 0xfc) + offset, size);
}

static void data_write(void *opaque, u32 offset, u32 size, u32 value)
{
	const struct vpci *pci = opaque;
	struct vpci_function *function = selected(pci);
	u32 at = (pci->address & 0xfc) + offset;

	if (!function)
		return;
	for (u32 i = 0; i < size; i++) {
		u8 mask = function->writable[at + i];
		u8 byte = (u8)(value >> 8 * i);

		function->config[at + i] = (u8)((function->config[at + i] & ~mask) | (byte & mask));
	}
	if (function->written)
		function->written(function->opaque, at, size);
}

static void write_rcr(struct vpci *pci, u8 value)
{
	bool resets = (value & RCR_RCPU) && !(pci->rcr & RCR_RCPU);

	pci->rcr = value & (RCR_SRST | RCR_RCPU);
	if (resets) {
		irqline_set(pci->reset, true);
		irqline_set(pci->reset, false);
	}
}

static u32 address_read(void *opaque, u32 offset, u32 size)
{
	const struct vpci *pci = opaque;

	if (size == 4)
		return pci->address;
	return offset == CF9_OFFSET && size == 1 ? pci->rcr : ~0u;
}

static void address_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct vpci *pci = opaque;

	if (size == 4)
		pci->address = value & ADDRESS_BITS;
	else if (offset == CF9_OFFSET && size == 1)
		write_rcr(pci, (u8)value);
}

const struct bus_ops vpci_address_ops = { address_read, address_write, 4 };
const struct bus_ops vpci_data_ops = { data_read, data_write, 4 };

void vpci_reset(struct vpci *pci)
{
	pci->address = 0;
	pci->rcr = 0;
}

void vpci_init(struct vpci *pci, struct irqline reset)
{
	memset(pci, 0, sizeof(*pci));
	pci->reset = reset;
}
