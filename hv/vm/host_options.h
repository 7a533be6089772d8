/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hypervisor's own command line, given in GRUB's menu: words of the form name=value, separated
 * by blanks, e.g. "terminal=com2 log=error exit=isa-debug-exit".  docs/config.md lists them.
 */
#ifndef HV_VM_HOST_OPTIONS_H
#define HV_VM_HOST_OPTIONS_H

#include "hv/lib/types.h"

/* AUTO: the first serial port where there is one, otherwise the screen and the keyboard. */
enum host_terminal {
	HOST_TERMINAL_AUTO,
	HOST_TERMINAL_COM1,
	HOST_TERMINAL_COM2,
	HOST_TERMINAL_SCREEN
};
enum host_exit { HOST_EXIT_POWER_OFF, HOST_EXIT_ISA_DEBUG };

struct host_options {
	u32 terminal; /* enum host_terminal: where the guests' consoles and the monitor are */
	u32 log;      /* enum log_level: the least important messages to show */
	u32 exit;     /* enum host_exit: how the run ends */
	u32 trace;    /* TRACE_* classes to record besides the default ones */
};

/* Parse the hypervisor's command line (@text may be NULL) into @out; what is not given has its
 * default.  Unknown words are logged and skipped; returns how many there were. */
u32 host_options_parse(const char *text, struct host_options *out);

#endif
