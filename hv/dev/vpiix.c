/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of vpiix.h.  The three functions are tables in configuration space, filled here with
 * what the data sheets give as reset values [Intel 82441FX, 82371SB, 82371AB].
 *
 * The one thing that acts is the routing of interrupts: the links' levels and the PIRQRC registers
 * together say which IRQs are high; update() works that out anew after each change and moves the
 * wires that differ.
 */
#include "hv/dev/vpiix.h"

#include "hv/lib/string.h"

#define PAM0 0x59u
#define PIRQRC 0x60u
#define PIRQRC_OFF 0x80u
#define PIRQRC_WRITABLE 0x8fu
#define PMBASE 0x40u
#define PMREGMISC 0x80u
#define SCI_IRQ 9u

/* IRQs a link may use: not those of the timer, keyboard, cascade, clock and coprocessor. */
#define ROUTABLE_IRQS 0xdef8u

static const struct vpci_id host_bridge = { 0x8086, 0x1237, 0x060000, 2, false };
static const struct vpci_id isa_bridge = { 0x8086, 0x7000, 0x060100, 0, true };
static const struct vpci_id power = { 0x8086, 0x7113, 0x068000, 3, false };

static u16 routed_irqs(const struct vpiix *piix)
{
	u32 irqs = 0;

	for (u32 link = 0; link < VPIIX_LINKS; link++) {
		u8 route = piix->isa_bridge.config[PIRQRC + link];

		if (piix->asserted[link] && !(route & PIRQRC_OFF))
			irqs |= BIT(route & 15);
	}
	return (u16)(irqs & ROUTABLE_IRQS);
}

static void update(struct vpiix *piix)
{
	u16 irqs = routed_irqs(piix);
	u16 changed = irqs ^ piix->irqs;

	piix->irqs = irqs;
	for (u32 i = 0; i < 16; i++)
		if (changed & BIT(i))
			irqline_set(piix->irq[i], (irqs & BIT(i)) != 0);
}

void vpiix_set_pin(struct vpiix *piix, u32 slot, u32 pin, bool level)
{
	u32 *asserted = &piix->asserted[(slot + 3 + pin) % VPIIX_LINKS];
	u32 mask = BIT(slot % 8 * 4 + pin);

	*asserted = level ? *asserted | mask : *asserted & ~mask;
	update(piix);
}

void vpiix_set_route(struct vpiix *piix, u32 link, u32 irq)
{
	vpci_put(&piix->isa_bridge, PIRQRC + link, 1, irq);
	update(piix);
}

static void routes_written(void *opaque, u32 offset, u32 size)
{
	(void)offset;
	(void)size;
	update(opaque);
}

static void fill_host_bridge(struct vpci_function *function)
{
	vpci_function_init(function, &host_bridge);
	vpci_put(function, VPCI_COMMAND, 4, 0x02800006); /* memory, master; medium timing */
	vpci_put(function, PAM0, 1, 0x30);
	for (u32 i = 1; i <= 6; i++)
		vpci_put(function, PAM0 + i, 1, 0x33);
}

static void fill_isa_bridge(struct vpci_function *function)
{
	vpci_function_init(function, &isa_bridge);
	vpci_put(function, VPCI_COMMAND, 4, 0x02800007);
	for (u32 link = 0; link < VPIIX_LINKS; link++) {
		vpci_put(function, PIRQRC + link, 1, PIRQRC_OFF);
		vpci_allow(function, PIRQRC + link, 1, PIRQRC_WRITABLE);
	}
}

static void fill_power(struct vpci_function *function)
{
	vpci_function_init(function, &power);
	vpci_put(function, VPCI_COMMAND, 4, 0x02800001);
	vpci_put(function, VPCI_INTERRUPT_LINE, 1, SCI_IRQ);
	vpci_put(function, VPCI_INTERRUPT_PIN, 1, 1);
	vpci_put(function, PMBASE, 4, VPIIX_PM_BASE | 1);
	vpci_put(function, PMREGMISC, 1, 1); /* the ports are enabled */
}

void vpiix_reset(struct vpiix *piix)
{
	fill_host_bridge(&piix->host_bridge);
	fill_isa_bridge(&piix->isa_bridge);
	fill_power(&piix->power);
	update(piix);
}

int vpiix_init(struct vpiix *piix, struct vpci *pci, const struct irqline irq[16])
{
	int error;

	memset(piix, 0, sizeof(*piix));
	memcpy(piix->irq, irq, sizeof(piix->irq));
	piix->isa_bridge.written = routes_written;
	piix->isa_bridge.opaque = piix;
	vpiix_reset(piix);
	error = vpci_add(pci, VPCI_DEVFN(0, 0), &piix->host_bridge);
	if (!error)
		error = vpci_add(pci, VPCI_DEVFN(1, 0), &piix->isa_bridge);
	if (!error)
		error = vpci_add(pci, VPCI_DEVFN(1, 3), &piix->power);
	return error;
}
