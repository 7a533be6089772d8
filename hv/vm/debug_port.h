/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest writes to ports E9h and 402h, as lines in the hypervisor's log.
 *
 * For tests and benchmarks: a program in the guest marks where it is, and the line "counters" puts
 * the VM's counters there (with `cat /dev/port`-like means and no driver).  Only where romulus.conf
 * says `debug = log`, since the log is shared and slow; else the ports do not exist.
 */
#ifndef HV_VM_DEBUG_PORT_H
#define HV_VM_DEBUG_PORT_H

#include "hv/lib/types.h"

#define DEBUG_PORT_LINE 100 /* longer lines are cut in pieces */

struct vm;

struct debug_port {
	struct vm *vm;
	u32 length;
	char line[DEBUG_PORT_LINE + 1];
};

void debug_port_init(struct debug_port *port, struct vm *vm);
/* Bytes from the guest; @port is a struct debug_port.  What is no printable ASCII is shown as '?'. */
void debug_port_write(void *port, const void *bytes, size_t size);

#endif
