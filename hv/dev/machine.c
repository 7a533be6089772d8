/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of machine.h.  Most IRQs have one driver, but any may be shared with a PCI link of
 * the ISA bridge: the wires of an IRQ are OR-ed here.  The index of such a wire is the IRQ in its
 * low byte and the driver's number above.
 */
#include "hv/dev/machine.h"

#include "hv/lib/string.h"

enum irq_driver { DRIVER_ISA, DRIVER_PCI_LINKS, DRIVER_ALARM };
enum a20_gate { GATE_PS2, GATE_PORT92 };

#define IRQ_CASCADE 2u
#define PIN_IRQ0 2u /* of the I/O APIC */
#define PIN_8259 0u

/* To both kinds of controllers. */
static void drive_irq(struct machine *machine, u32 irq, bool level)
{
	vpic_set_irq(&machine->pic, irq, level);
	if (machine->apic && irq != IRQ_CASCADE)
		vioapic_set_pin(&machine->ioapic, irq ? irq : PIN_IRQ0, level);
}

static void set_irq(void *opaque, u32 index, bool level)
{
	struct machine *machine = opaque;
	u32 irq = index & 0xff;
	u8 mask = (u8)BIT(index >> 8);
	u8 *drivers = &machine->irq_drivers[irq];

	*drivers = level ? *drivers | mask : *drivers & (u8)~mask;
	drive_irq(machine, irq, *drivers != 0);
}

static struct irqline irq_wire(struct machine *machine, u32 irq, enum irq_driver driver)
{
	return (struct irqline){ set_irq, machine, irq | (u32)driver << 8 };
}

static struct irqline isa_irq(struct machine *machine, u32 irq)
{
	return irq_wire(machine, irq, DRIVER_ISA);
}

static void set_a20(void *opaque, u32 index, bool level)
{
	struct machine *machine = opaque;
	u8 mask = (u8)BIT(index);

	machine->a20_gates = level ? machine->a20_gates | mask : machine->a20_gates & (u8)~mask;
	irqline_set(machine->a20, machine->a20_gates != 0);
}

static void irq_taken(void *opaque, u32 irq)
{
	struct machine *machine = opaque;

	if (irq != 0)
		return;
	if (machine->irq_drivers[0] & BIT(DRIVER_ALARM))
		irqline_set(irq_wire(machine, 0, DRIVER_ALARM), false);
	vpit_irq0_taken(&machine->pit);
}

void machine_alarm(struct machine *machine)
{
	drive_irq(machine, 0, false);
	irqline_set(irq_wire(machine, 0, DRIVER_ALARM), true);
}

/* ---- APICs ---------------------------------------------------------------------------------- */

/* INTR of the 8259s. */
static void set_pic_intr(void *opaque, u32 index, bool level)
{
	struct machine *machine = opaque;

	(void)index;
	vlapic_set_lint(&machine->lapic, 0, level);
	vioapic_set_pin(&machine->ioapic, PIN_8259, level);
}

static u8 take_extint(void *opaque)
{
	return vpic_acknowledge(&((struct machine *)opaque)->pic);
}

static void vector_taken(void *opaque, u8 vector)
{
	vioapic_taken(&((struct machine *)opaque)->ioapic, vector);
}

static void vector_ended(void *opaque, u8 vector)
{
	vioapic_ended(&((struct machine *)opaque)->ioapic, vector);
}

static void lapic_ready(void *opaque)
{
	vioapic_ready(&((struct machine *)opaque)->ioapic);
}

static bool send_to_lapic(void *opaque, const struct apic_message *message)
{
	return vlapic_send(&((struct machine *)opaque)->lapic, message);
}

static void pass_extint(void *opaque, bool level)
{
	vlapic_set_extint(&((struct machine *)opaque)->lapic, level);
}

static void pin_taken(void *opaque, u32 pin)
{
	if (pin == PIN_IRQ0)
		irq_taken(opaque, 0);
}

static void init_apics(struct machine *machine, const struct machine_wiring *wiring)
{
	const struct vlapic_wiring lapic = {
		wiring->clock, wiring->timers, wiring->intr, wiring->nmi, wiring->armed,
		take_extint, vector_taken, vector_ended, lapic_ready, machine,
	};
	const struct vioapic_wiring ioapic = {
		wiring->clock, wiring->timers, send_to_lapic, pass_extint, pin_taken, machine,
	};

	vlapic_init(&machine->lapic, &lapic);
	vioapic_init(&machine->ioapic, &ioapic);
}

/* The registers are where IA32_APIC_BASE says, or nowhere. */
static int map_lapic(struct machine *machine)
{
	gpa_t at = gpa(machine->lapic.base & VLAPIC_BASE_MASK);
	bool wanted = vlapic_enabled(&machine->lapic);
	int error = 0;

	if (machine->lapic_mapped && (!wanted || at.v != machine->lapic_at.v)) {
		bus_remove_mmio(machine->bus, machine->lapic_at);
		machine->lapic_mapped = false;
	}
	if (!machine->lapic_mapped && wanted && bus_mmio_is_free(machine->bus, at, VLAPIC_SIZE)) {
		error = bus_add_mmio(machine->bus, at, VLAPIC_SIZE, &vlapic_ops, &machine->lapic);
		machine->lapic_at = at;
		machine->lapic_mapped = !error;
	}
	return error;
}

bool machine_set_apic_base(struct machine *machine, u64 value)
{
	if (!machine->apic || !vlapic_set_base(&machine->lapic, value))
		return false;
	map_lapic(machine); /* there is room for it: it was there before */
	return true;
}

void machine_alarm_lvtt(struct machine *machine)
{
	if (machine->apic)
		vlapic_raise_timer(&machine->lapic);
}

u8 machine_acknowledge(struct machine *machine)
{
	return machine->apic ? vlapic_acknowledge(&machine->lapic) : vpic_acknowledge(&machine->pic);
}

/* ---- set-up --------------------------------------------------------------------------------- */

struct claim {
	u16 first;
	u16 count;
	const struct bus_ops *ops;
	u32 device; /* offset in struct machine */
};

#define DEVICE(member) offsetof(struct machine, member)
static const struct claim claims[] = {
	{ 0x20, 2, &vpic_master_ops, DEVICE(pic) },
	{ 0x40, 4, &vpit_ops, DEVICE(pit) },
	{ 0x60, 1, &vps2_data_ops, DEVICE(ps2) },
	{ 0x61, 1, &vpit_port61_ops, DEVICE(pit) },
	{ 0x64, 1, &vps2_command_ops, DEVICE(ps2) },
	{ 0x70, 2, &vrtc_ops, DEVICE(rtc) },
	{ 0x80, 1, &vdebug_post_ops, DEVICE(debug) },
	{ 0x92, 1, &vport92_ops, DEVICE(port92) },
	{ 0xa0, 2, &vpic_slave_ops, DEVICE(pic) },
	{ 0xb2, 2, &vacpi_smi_ops, DEVICE(pm) },
	{ 0x3f8, 8, &vuart_ops, DEVICE(com1) },
	{ 0x4d0, 2, &vpic_elcr_ops, DEVICE(pic) },
	{ VPIIX_PM_BASE, VACPI_PM_SIZE, &vacpi_pm_ops, DEVICE(pm) },
	{ 0xcf8, 4, &vpci_address_ops, DEVICE(pci) },
	{ 0xcfc, 4, &vpci_data_ops, DEVICE(pci) },
};
static const struct claim debug_claims[] = {
	{ 0xe9, 1, &vdebug_console_ops, DEVICE(debug) },
	{ 0x402, 1, &vdebug_console_ops, DEVICE(debug) },
};

static int claim(struct machine *machine, struct bus *bus, const struct claim *list, u32 count)
{
	int error = 0;

	for (u32 i = 0; i < count && !error; i++)
		error = bus_add_pio(bus, list[i].first, list[i].count, list[i].ops,
				    (char *)machine + list[i].device);
	return error;
}

static void init_interrupts(struct machine *machine, const struct machine_wiring *wiring)
{
	struct vpic_wiring pic = { wiring->intr, irq_taken, machine };

	if (wiring->apic) {
		init_apics(machine, wiring);
		pic.intr = (struct irqline){ set_pic_intr, machine, 0 };
	}
	vpic_init(&machine->pic, &pic);
	vpit_init(&machine->pit, wiring->clock, wiring->timers, isa_irq(machine, 0));
	vrtc_init(&machine->rtc, wiring->clock, wiring->timers, isa_irq(machine, 8),
		  wiring->epoch_s, wiring->ram_bytes);
}

static void init_ports(struct machine *machine, const struct machine_wiring *wiring)
{
	struct vps2_wiring ps2 = { isa_irq(machine, 1), isa_irq(machine, 12),
				   { set_a20, machine, GATE_PS2 }, wiring->reset };

	vps2_init(&machine->ps2, &ps2);
	vport92_init(&machine->port92, (struct irqline){ set_a20, machine, GATE_PORT92 },
		     wiring->reset);
	vuart_init(&machine->com1, wiring->clock, wiring->timers, isa_irq(machine, 4),
		   &wiring->com1);
	vacpi_pm_init(&machine->pm, wiring->clock, wiring->timers,
		      isa_irq(machine, VACPI_SCI_IRQ), wiring->power_off);
	machine->debug = (struct vdebug){ 0, wiring->debug.write, wiring->debug.opaque };
}

static int init_pci(struct machine *machine, const struct machine_wiring *wiring)
{
	struct irqline links[VPIC_INPUTS];
	int error;

	for (u32 i = 0; i < VPIC_INPUTS; i++)
		links[i] = irq_wire(machine, i, DRIVER_PCI_LINKS);
	vpci_init(&machine->pci, wiring->reset);
	error = vpiix_init(&machine->piix, &machine->pci, links);
	if (!error && wiring->vmi_rom)
		error = vvmi_init(&machine->vvmi, &machine->pci, wiring->bus, wiring->vmi_rom,
				  wiring->vmi_rom_bytes);
	return error;
}

/* ---- what a BIOS leaves behind -------------------------------------------------------------- */

struct port_write {
	const struct bus_ops *ops;
	u32 device;
	u8 offset;
	u8 value;
};

static const struct port_write power_on_self_test[] = {
	{ &vpic_master_ops, DEVICE(pic), 0, 0x11 }, /* ICW1-4: edge, cascade, 8086 */
	{ &vpic_master_ops, DEVICE(pic), 1, 0x08 },
	{ &vpic_master_ops, DEVICE(pic), 1, 0x04 },
	{ &vpic_master_ops, DEVICE(pic), 1, 0x01 },
	{ &vpic_master_ops, DEVICE(pic), 1, 0xff },
	{ &vpic_slave_ops, DEVICE(pic), 0, 0x11 },
	{ &vpic_slave_ops, DEVICE(pic), 1, 0x70 },
	{ &vpic_slave_ops, DEVICE(pic), 1, 0x02 },
	{ &vpic_slave_ops, DEVICE(pic), 1, 0x01 },
	{ &vpic_slave_ops, DEVICE(pic), 1, 0xff },
	{ &vpic_elcr_ops, DEVICE(pic), 1, 0x0c }, /* the IRQs of the PCI links: level */
	{ &vpit_ops, DEVICE(pit), 3, 0x36 }, /* counter 0: mode 3, 65536 */
	{ &vpit_ops, DEVICE(pit), 0, 0 },
	{ &vpit_ops, DEVICE(pit), 0, 0 },
	{ &vpit_ops, DEVICE(pit), 3, 0x54 }, /* counter 1: mode 2, 18 */
	{ &vpit_ops, DEVICE(pit), 1, 18 },
	{ &vpit_ops, DEVICE(pit), 3, 0xb6 }, /* counter 2: mode 3, a tone nobody hears */
	{ &vpit_ops, DEVICE(pit), 2, 0x33 },
	{ &vpit_ops, DEVICE(pit), 2, 0x05 },
	{ &vuart_ops, DEVICE(com1), 3, 0x03 },	     /* eight bits, no parity */
	{ &vps2_command_ops, DEVICE(ps2), 0, 0x60 }, /* IRQ1, translation, tested */
	{ &vps2_data_ops, DEVICE(ps2), 0, 0x65 },
	{ &vps2_command_ops, DEVICE(ps2), 0, 0xd1 }, /* A20 through */
	{ &vps2_data_ops, DEVICE(ps2), 0, 0xdf },
};

/* The 8259s' interrupts go through the local APIC, whose registers are these [SDM3A 10.4.7]. */
static const struct {
	u32 offset, value;
} virtual_wire[] = {
	{ 0xf0, 0x1ff },  /* on, spurious vector FF */
	{ 0x350, 0x700 }, /* LINT0: ExtINT */
	{ 0x360, 0x400 }, /* LINT1: NMI */
};

static void reset_apics(struct machine *machine)
{
	vlapic_reset(&machine->lapic);
	vioapic_reset(&machine->ioapic);
	map_lapic(machine);
	for (u32 i = 0; i < ARRAY_SIZE(virtual_wire); i++)
		vlapic_ops.write(&machine->lapic, virtual_wire[i].offset, 4, virtual_wire[i].value);
}

static const u8 link_irq[VPIIX_LINKS] = { 10, 10, 11, 11 };

void machine_reset(struct machine *machine)
{
	vpit_reset(&machine->pit);
	vrtc_reset(&machine->rtc);
	vps2_reset(&machine->ps2);
	vport92_reset(&machine->port92);
	vuart_reset(&machine->com1);
	vpci_reset(&machine->pci);
	vpiix_reset(&machine->piix);
	if (machine->vvmi.rom)
		vvmi_reset(&machine->vvmi);
	vacpi_pm_reset(&machine->pm);
	irqline_set(irq_wire(machine, 0, DRIVER_ALARM), false);
	vpic_reset(&machine->pic);
	if (machine->apic)
		reset_apics(machine);
	machine->debug.post_code = 0;
	for (u32 i = 0; i < ARRAY_SIZE(power_on_self_test); i++) {
		const struct port_write *port = &power_on_self_test[i];

		port->ops->write((char *)machine + port->device, port->offset, 1, port->value);
	}
	for (u32 link = 0; link < VPIIX_LINKS; link++)
		vpiix_set_route(&machine->piix, link, link_irq[link]);
}

int machine_init(struct machine *machine, const struct machine_wiring *wiring)
{
	int error;

	memset(machine, 0, sizeof(*machine));
	machine->a20 = wiring->a20;
	machine->bus = wiring->bus;
	machine->apic = wiring->apic;
	init_interrupts(machine, wiring);
	init_ports(machine, wiring);
	error = init_pci(machine, wiring);
	if (!error)
		error = claim(machine, wiring->bus, claims, ARRAY_SIZE(claims));
	if (!error && wiring->apic)
		error = map_lapic(machine);
	if (!error && wiring->apic)
		error = bus_add_mmio(wiring->bus, gpa(VIOAPIC_BASE), VIOAPIC_SIZE, &vioapic_ops, &machine->ioapic);
	if (!error && wiring->debug.write)
		error = claim(machine, wiring->bus, debug_claims, ARRAY_SIZE(debug_claims));
	if (!error)
		machine_reset(machine);
	return error;
}

size_t machine_com1_receive(void *machine, const void *bytes, size_t size)
{
	return vuart_receive(&((struct machine *)machine)->com1, bytes, size);
}
