/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One PC without its CPU and memory: all device models of a VM, wired together and claimed on the
 * VM's bus.  The CPU side sees a bus, an INTR wire with machine_acknowledge(), and wires that ask for
 * reset and power-off.
 *
 * With APICs an IRQ is an input of the 8259s and of the I/O APIC at the same time: IRQ n is pin n, but IRQ 0
 * is pin 2.  INTR of the 8259s is pin 0, and LINT0 of the local APIC, by which they work as ever until a kernel
 * says otherwise.
 *
 * The reset and power-off wires are raised from inside a device's write function.  Whoever listens
 * notes the wish and acts on it when the instruction is over: machine_reset() must not be called
 * from within.
 *
 *   port      device                     port      device
 *   20 A0     vpic                       3F8       vuart (COM1), IRQ4
 *   40 61     vpit, IRQ0                 402 E9    vdebug console
 *   60 64     vps2, IRQ1 IRQ12           4D0       vpic (ELCR)
 *   70        vrtc, IRQ8                 600       vacpi_pm, IRQ9
 *   80        vdebug POST code           CF8       vpci, CF9 reset
 *   92        vport92                    B2        vacpi_pm SMI command
 */
#ifndef HV_DEV_MACHINE_H
#define HV_DEV_MACHINE_H

#include "hv/dev/vacpi_pm.h"
#include "hv/dev/vdebug.h"
#include "hv/dev/vioapic.h"
#include "hv/dev/vlapic.h"
#include "hv/dev/vpci.h"
#include "hv/dev/vpic.h"
#include "hv/dev/vpiix.h"
#include "hv/dev/vpit.h"
#include "hv/dev/vport92.h"
#include "hv/dev/vps2.h"
#include "hv/dev/vrtc.h"
#include "hv/dev/vuart.h"
#include "hv/dev/vvmi.h"

#define MACHINE_COM_PORTS 1u

struct machine_wiring {
	/* Borrowed for the machine's life. */
	struct bus *bus;
	const struct clock *clock;
	struct timer_queue *timers;
	struct irqline intr;	  /* to the CPU */
	struct irqline reset;	  /* raised and lowered: the guest wants a reset */
	struct irqline power_off; /* raised: the guest has switched itself off */
	struct irqline a20;	  /* address line 20 is let through */
	bool apic;		  /* there are a local APIC and an I/O APIC */
	struct irqline nmi;	  /* raised and lowered: an NMI for the CPU */
	struct irqline armed;	  /* raised: the guest has set a timer that the host may have to set, too */
	struct vuart_sink com1;	  /* what the guest prints on COM1 */
	struct vuart_sink debug;  /* ports E9h and 402h; without a write they do not exist */
	u64 epoch_s;		  /* seconds since 1970, now */
	u64 ram_bytes;		  /* from address 0, for the memory-size fields in CMOS */
	const void *vmi_rom;	  /* option ROM of the VMI device; NULL: there is none */
	u32 vmi_rom_bytes;
};

struct machine {
	struct bus *bus;
	struct vpic pic;
	bool apic; /* the next two are there */
	bool lapic_mapped;
	gpa_t lapic_at;
	struct vlapic lapic;
	struct vioapic ioapic;
	struct vpit pit;
	struct vrtc rtc;
	struct vps2 ps2;
	struct vuart com1;
	struct vpci pci;
	struct vpiix piix;
	struct vvmi vvmi; /* with a ROM */
	struct vacpi_pm pm;
	struct vport92 port92;
	struct vdebug debug;
	struct irqline a20;
	u8 a20_gates;	       /* who lets A20 through: bit 0 vps2, bit 1 vport92 */
	u8 irq_drivers[VPIC_INPUTS]; /* per IRQ, a bit for each wire that is high */
};

/* Set up all devices, as a PC's BIOS leaves them, and claim their ports.  0, or what the bus said
 * (-ENOMEM; -EEXIST if the caller put something else there).  @machine must not move. */
int machine_init(struct machine *machine, const struct machine_wiring *wiring);
/* The RESET pin and what a BIOS does before it boots: interrupt controllers initialized (vectors 8
 * and 70h) and masked, counter 0 at 18.2 Hz, keyboard on with translation, A20 through, PCI links on the
 * level-triggered IRQs 10 and 11. */
void machine_reset(struct machine *machine);

/* A rising edge for IRQ 0 from elsewhere than the 8254, whose output may be high all the while; it is
 * held until it is taken. */
void machine_alarm(struct machine *machine);
/* The same for the local APIC's timer: an interrupt by its vector, if that is not masked. */
void machine_alarm_lvtt(struct machine *machine);
/* IA32_APIC_BASE is written: false, and nothing done, if that is #GP.  Where RAM or another device is, they answer
 * and not the APIC. */
bool machine_set_apic_base(struct machine *machine, u64 value);
/* The CPU takes the interrupt that INTR announces: its vector. */
u8 machine_acknowledge(struct machine *machine);
/* What is typed at the guest's COM1: returns how many bytes were taken (a receive function of
 * console_deliver; @machine is a struct machine). */
size_t machine_com1_receive(void *machine, const void *bytes, size_t size);

#endif
