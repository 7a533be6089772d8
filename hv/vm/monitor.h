/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The monitor: a command line on the terminal for the one who runs the machine.  It knows words and
 * lines; what it shows and does comes through struct monitor_ops, so that it can be tested without
 * any VM.  docs/monitor.md is the user's manual.
 *
 * VMs are numbered from 0 by whoever implements the operations; commands name them.
 */
#ifndef HV_VM_MONITOR_H
#define HV_VM_MONITOR_H

#include "hv/vm/line_edit.h"

struct console;

/* What the monitor shows of a VM. */
struct monitor_vm {
	const char *name;
	const char *state; /* "running", "stopped: triple fault" ... */
	u64 memory_bytes;  /* the guest's own */
	u64 kept_bytes;	   /* host memory kept for it beyond that: tables, caches, devices */
};

typedef void monitor_line_fn(void *opaque, const char *text);

/* None may be NULL.  @vm is below vm_count.  Functions that give text call @line for each line.
 * Those that return text return NULL, or why it cannot be done. */
struct monitor_ops {
	u32 (*vm_count)(void *opaque);
	void (*vm_info)(void *opaque, u32 vm, struct monitor_vm *info);
	void (*registers)(void *opaque, u32 vm, monitor_line_fn *line, void *line_opaque);
	void (*counters)(void *opaque, u32 vm, monitor_line_fn *line, void *line_opaque);
	/* Of the code at *@eip, or statistics if that is NULL. */
	void (*translation)(void *opaque, u32 vm, const u32 *eip, monitor_line_fn *line,
			    void *line_opaque);
	void (*host_memory)(void *opaque, u64 *total_bytes, u64 *free_bytes);
	void (*log_tail)(void *opaque, u32 count, monitor_line_fn *line, void *line_opaque);
	const char *(*profile)(void *opaque, u32 vm, bool on);
	const char *(*profile_print)(void *opaque, u32 vm, u32 limit, monitor_line_fn *line,
				     void *line_opaque);
	const char *(*stop)(void *opaque, u32 vm);
	const char *(*resume)(void *opaque, u32 vm);
	const char *(*reset)(void *opaque, u32 vm);
	void (*power_off)(void *opaque); /* of the PC; returns if that happens later */
};

struct monitor {
	struct console *console;
	const struct monitor_ops *ops;
	void *opaque;
	struct line_edit edit;
};

/* Become @console's monitor.  Everything passed is borrowed. */
void monitor_init(struct monitor *monitor, struct console *console, const struct monitor_ops *ops,
		  void *opaque);

/* Execute one command line, as if typed; at most LINE_EDIT_MAX characters of it. */
void monitor_execute(struct monitor *monitor, const char *line);

#endif
