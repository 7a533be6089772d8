/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PCI configuration space of bus 0 by mechanism #1 [PCI 2.1, 3.7.4.1], and the reset register at
 * CF9h that shares its ports.
 *
 * A function is a table of 256 bytes and a mask of the bits a guest may change; everything else
 * follows from those.  A base address register whose low bits are not writable answers the usual
 * question for its size by itself.  A function hears of each write after it happened.
 */
#ifndef HV_DEV_VPCI_H
#define HV_DEV_VPCI_H

#include "hv/core/bus.h"
#include "hv/core/irqline.h"

#define VPCI_FUNCTIONS 64u /* of bus 0: 8 slots with 8 functions each */
#define VPCI_DEVFN(slot, function) ((slot) << 3 | (function))

/* Offsets in configuration space. */
#define VPCI_COMMAND 0x04u
#define VPCI_STATUS 0x06u
#define VPCI_BAR(n) (0x10u + 4 * (n))
#define VPCI_SUBSYSTEM 0x2cu
#define VPCI_INTERRUPT_LINE 0x3cu
#define VPCI_INTERRUPT_PIN 0x3du

#define VPCI_COMMAND_IO BIT(0)
#define VPCI_COMMAND_MEMORY BIT(1)
#define VPCI_COMMAND_MASTER BIT(2)

struct vpci_function {
	u8 config[256];
	u8 writable[256];
	/* Bytes [offset, offset + size) were written; may be NULL. */
	void (*written)(void *opaque, u32 offset, u32 size);
	void *opaque;
};

/* What identifies a function. */
struct vpci_id {
	u16 vendor, device;
	u32 class; /* class, subclass, interface: 24 bits */
	u8 revision;
	bool multifunction;
};

struct vpci {
	u32 address; /* CONFIG_ADDRESS */
	u8 rcr;	     /* reset control register */
	struct vpci_function *function[VPCI_FUNCTIONS];
	struct irqline reset;
};

extern const struct bus_ops vpci_address_ops; /* ports CF8h-CFBh, opaque: the vpci */
extern const struct bus_ops vpci_data_ops;    /* ports CFCh-CFFh */

void vpci_init(struct vpci *pci, struct irqline reset);
/* CONFIG_ADDRESS and RCR; the functions are their owners' to reset. */
void vpci_reset(struct vpci *pci);
/* Plug @function (the caller's, for the vpci's life) in at @devfn.  0; -EEXIST if that is taken. */
int vpci_add(struct vpci *pci, u32 devfn, struct vpci_function *function);

/* Make all of @function's space read-only zeros, but for its identity. */
void vpci_function_init(struct vpci_function *function, const struct vpci_id *id);
/* Base address register @n for @size bytes (a power of two); @flags are its low bits (1: ports). */
void vpci_set_bar(struct vpci_function *function, u32 n, u32 size, u32 flags);
/* Read or set @size bytes of configuration space, regardless of the mask. */
u32 vpci_get(const struct vpci_function *function, u32 offset, u32 size);
void vpci_put(struct vpci_function *function, u32 offset, u32 size, u32 value);
/* Let the guest change the bits of @mask in the @size bytes at @offset. */
void vpci_allow(struct vpci_function *function, u32 offset, u32 size, u32 mask);

#endif
