/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 8042 keyboard controller of a PC (ports 60h and 64h) with a keyboard on its first port and
 * nothing on its second [IBM PS/2 Technical Reference, "Keyboard and Auxiliary Device Controller"].
 *
 * The controller's output buffer holds one byte.  What else wants to be read waits in the keyboard's
 * own queue, or as an answer of the controller; the buffer is filled again as soon as it is read,
 * answers first.  Each byte raises IRQ1 (keyboard, answers) or IRQ12 (second port) if the command
 * byte says so.  A byte sent to the second port gets the controller's time-out report (FEh with
 * STATUS.TO), as on a machine whose mouse is unplugged.  vps2_keyboard.h is the keyboard itself.
 */
#ifndef HV_DEV_VPS2_H
#define HV_DEV_VPS2_H

#include "hv/core/bus.h"
#include "hv/core/irqline.h"
#include "hv/dev/vps2_keyboard.h"

struct vps2_wiring {
	struct irqline irq1;
	struct irqline irq12;
	struct irqline a20;   /* level of output port bit 1 */
	struct irqline reset; /* raised and lowered when a guest asks for a reset */
};

struct vps2 {
	/* controller */
	u8 ram[32]; /* [0] is the command byte */
	u8 output_port;
	u8 status;  /* SYS, A2 and TO; the rest follows from the output buffer */
	u8 data;    /* output buffer */
	bool full;
	bool from_aux;
	u8 command; /* that waits for its byte at port 60h; 0: none */
	u8 answer;  /* of the controller, not yet in the output buffer */
	bool answer_waits;
	bool answer_from_aux;
	bool answer_timed_out;
	bool break_follows; /* translation: F0h was swallowed */
	bool irq1, irq12;   /* levels */
	struct vps2_keyboard keyboard;
	struct vps2_wiring wiring;
};

extern const struct bus_ops vps2_data_ops;    /* port 60h, opaque: the vps2 */
extern const struct bus_ops vps2_command_ops; /* port 64h */

void vps2_init(struct vps2 *ps2, const struct vps2_wiring *wiring);
void vps2_reset(struct vps2 *ps2);
/* Keys go down or up: @count bytes of scan code set 2 as a keyboard sends them (E0h and F0h prefixes
 * included).  All or nothing; false if the keyboard's buffer has no room or scanning is off. */
bool vps2_key(struct vps2 *ps2, const u8 *bytes, u32 count);

#endif
