/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loop that everything runs in: timers, terminal, and the VMs in turns.  One CPU: whoever is
 * runnable gets a slice, and when nobody is, the CPU waits for the next timer or interrupt.
 */
#ifndef HV_VM_HOST_H
#define HV_VM_HOST_H

#include "hv/core/timer.h"
#include "hv/hostdev.h"
#include "hv/load/load.h"

/* Create the VMs that romulus.conf (one of @modules) describes, and run them until the last has
 * ended.  @terminal: where consoles and monitor are; NULL for none.  Returns the status of the run
 * (enum vm_status): the worst of the VMs', or VM_STATUS_STOPPED if one could not be created. */
int host_run(const struct module *modules, u32 module_count, const struct char_dev *terminal);

#endif
