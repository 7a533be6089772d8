/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PC's own screen and keyboard: the display that the boot loader left (VGA text or a
 * framebuffer) as a place for the log, and together with the keyboard as a terminal.
 */
#ifndef HV_HOST_SCREEN_H
#define HV_HOST_SCREEN_H

#include "hv/hostdev.h"

struct boot_info;

/* Find the display and let the log go there too; false if there is none that we can use.  Needs
 * map_device. */
bool host_screen_init(const struct boot_info *info);
/* Set up the keyboard as well and return both as a terminal; NULL without display.  Needs irqs. */
const struct char_dev *host_screen_terminal(void);

#endif
