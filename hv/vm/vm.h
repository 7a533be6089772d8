/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One virtual machine: memory, machine, vcpu, and where it is in its life.
 *
 *   vm_create -> running -> (reset -> running)* -> ended
 *
 * A VM ends when its guest powers it off, when it is reset and the configuration says `stop`, when
 * its guest broke what cannot be mended, or when the user stops it.  The end has a status that
 * becomes the run's: see enum vm_status.  Nothing here outlives the VM: vm_destroy gives all memory back.
 */
#ifndef HV_VM_VM_H
#define HV_VM_VM_H

#include "hv/core/timer.h"
#include "hv/dev/machine.h"
#include "hv/load/load.h"
#include "hv/vm/config.h"
#include "hv/vm/console.h"
#include "hv/vm/debug_port.h"
#include "hv/vm/monitor.h"

struct x86_vcpu;

/* How a VM ended; the values are tools/romulus' exit statuses. */
enum vm_status {
	VM_STATUS_OK = 0,           /* powered off, or reset with on_reset = stop */
	VM_STATUS_STOPPED = 2,      /* refused, or stopped by us or the user */
	VM_STATUS_TRIPLE_FAULT = 3, /* with on_reset = stop */
};

enum vm_state { VM_RUNNING, VM_PAUSED, VM_ENDED };

struct vm {
	const struct vm_config *config;
	const struct module *modules;
	u32 module_count;
	struct timer_queue timers; /* of its devices */
	const struct clock *clock;
	enum vm_state state;
	enum vm_status status; /* if ended */
	const char *why;       /* short, for the monitor */
	struct gmem *gmem;
	struct bus *bus;
	struct machine machine;
	struct x86_vcpu *vcpu;
	struct console_port port;
	struct debug_port debug_port;
	bool halted;    /* the vcpu has nothing to do until an interrupt */
	bool reset_wanted, power_off_wanted;
	u32 resets;
	u64 epoch_ns;   /* wall clock at time 0 of @clock */
	u64 kept_bytes; /* heap taken at creation; more comes with direct execution */
};

/* What all VMs share. */
struct vm_environment {
	const struct module *modules;
	u32 module_count;
	const struct clock *clock;
	struct console *console;
};

/* Build a VM with its kernel loaded, ready to run.  NULL: refused, and the reason logged. */
struct vm *vm_create(const struct vm_config *config, const struct vm_environment *environment);
void vm_destroy(struct vm *vm);

/* Execute for a bounded time; acts on what the guest asked for (reset, power-off) and on how it
 * stopped.  Not to be called unless vm_runnable. */
void vm_run(struct vm *vm);
/* It runs, and is not waiting for an interrupt. */
bool vm_runnable(const struct vm *vm);
/* Give typed bytes to the guest's serial port. */
void vm_deliver_input(struct vm *vm);

/* For the monitor: NULL, or why not. */
const char *vm_stop(struct vm *vm);
const char *vm_resume(struct vm *vm);
const char *vm_reset(struct vm *vm);
void vm_info(const struct vm *vm, struct monitor_vm *info);
void vm_registers(const struct vm *vm, monitor_line_fn *line, void *opaque);
void vm_counters(const struct vm *vm, monitor_line_fn *line, void *opaque);
void vm_translation(const struct vm *vm, const u32 *eip, monitor_line_fn *line, void *opaque);
/* Begin anew to count its exits by place, or end it; print the @limit most frequent. */
const char *vm_profile(struct vm *vm, bool on);
const char *vm_profile_print(const struct vm *vm, u32 limit, monitor_line_fn *line, void *opaque);

#endif
