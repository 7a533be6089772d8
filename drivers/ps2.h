/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PC's keyboard (8042, scan code set 1 as the controller translates it), US layout, as a
 * character device together with a screen: the console of a PC without a serial port.
 */
#ifndef DRIVERS_PS2_H
#define DRIVERS_PS2_H

#include "drivers/screen.h"
#include "hv/hostdev.h"

#define PS2_LINE 1

/* Set up controller and keyboard; false if there is no controller.  Output goes to @screen. */
bool ps2_init(struct screen *screen);
/* Interrupt handler of line PS2_LINE. */
void ps2_interrupt(void *opaque);
/* Keyboard and screen, named "screen". */
const struct char_dev *ps2_char_dev(void);

#endif
