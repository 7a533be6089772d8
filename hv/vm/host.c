/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host loop; see host.h.  Host code runs with interrupts masked; they come in at two places
 * only: in arch_idle, and in arch_take_interrupts between two turns.  (An interrupt that arrives while a guest
 * runs directly is an exit.)  Nothing is done in their handlers but noting them, so all work is here.
 */
#include "hv/vm/host.h"

#include "hv/arch.h"
#include "hv/core/kheap.h"
#include "hv/core/log.h"
#include "hv/core/pmm.h"
#include "hv/lib/math64.h"
#include "hv/vm/vm.h"

/* A runnable VM gives way to others after this long. */
#define SLICE_NS 10000000ull
/* The terminal is looked at this often while its interrupt may be missing. */
#define POLL_NS 20000000ull

struct host {
	struct clock clock;
	struct timer_queue timers;
	struct timer poll;
	struct console console;
	struct monitor monitor;
	struct vm *vm[CONFIG_MAX_VMS];
	u32 vm_count;
	u32 turn; /* whose slice is next */
	bool power_off;
	bool has_terminal;
	int status;
};

static struct host host;

static u64 now_ns(void *opaque)
{
	(void)opaque;
	return arch_time_ns();
}

static void poll(void *opaque)
{
	(void)opaque;
	timer_arm(&host.poll, arch_time_ns() + POLL_NS);
}

static u32 vm_count(void *opaque)
{
	(void)opaque;
	return host.vm_count;
}
static void info(void *opaque, u32 vm, struct monitor_vm *out)
{
	(void)opaque;
	vm_info(host.vm[vm], out);
}
static void registers(void *opaque, u32 vm, monitor_line_fn *line, void *line_opaque)
{
	(void)opaque;
	vm_registers(host.vm[vm], line, line_opaque);
}
static void counters(void *opaque, u32 vm, monitor_line_fn *line, void *line_opaque)
{
	(void)opaque;
	vm_counters(host.vm[vm], line, line_opaque);
}
static void translation(void *opaque, u32 vm, const u32 *eip, monitor_line_fn *line, void *line_opaque)
{
	(void)opaque;
	vm_translation(host.vm[vm], eip, line, line_opaque);
}
static void host_memory(void *opaque, u64 *total_bytes, u64 *free_bytes)
{
	(void)opaque;
	*total_bytes = pmm_total_bytes();
	*free_bytes = pmm_free_bytes();
}
static void newest_lines(void *opaque, u32 count, monitor_line_fn *line, void *line_opaque)
{
	(void)opaque;
	log_tail(count, line, line_opaque);
}
static const char *profile(void *opaque, u32 vm, bool on)
{
	(void)opaque;
	return vm_profile(host.vm[vm], on);
}
static const char *profile_print(void *opaque, u32 vm, u32 limit, monitor_line_fn *line,
				 void *line_opaque)
{
	(void)opaque;
	return vm_profile_print(host.vm[vm], limit, line, line_opaque);
}
static const char *stop(void *opaque, u32 vm)
{
	(void)opaque;
	return vm_stop(host.vm[vm]);
}
static const char *resume(void *opaque, u32 vm)
{
	(void)opaque;
	return vm_resume(host.vm[vm]);
}
static const char *reset(void *opaque, u32 vm)
{
	(void)opaque;
	return vm_reset(host.vm[vm]);
}
static void power_off(void *opaque)
{
	(void)opaque;
	host.power_off = true;
}
static const struct monitor_ops monitor_ops = {
	.vm_count = vm_count,
	.vm_info = info,
	.registers = registers,
	.counters = counters,
	.translation = translation,
	.host_memory = host_memory,
	.log_tail = newest_lines,
	.profile = profile,
	.profile_print = profile_print,
	.stop = stop,
	.resume = resume,
	.reset = reset,
	.power_off = power_off,
};

static void no_write(void *opaque, const void *bytes, size_t size)
{
	(void)opaque;
	(void)bytes;
	(void)size;
}
static size_t no_read(void *opaque, void *bytes, size_t size)
{
	(void)opaque;
	(void)bytes;
	(void)size;
	return 0;
}

static void init(const struct char_dev *terminal)
{
	static const struct char_dev none = { no_write, no_read, NULL, "none" };

	host.clock = (struct clock){ now_ns, NULL };
	timer_queue_init(&host.timers, &host.clock);
	host.has_terminal = terminal != NULL;
	console_init(&host.console, terminal ? terminal : &none, &host.clock);
	monitor_init(&host.monitor, &host.console, &monitor_ops, NULL);
	timer_init(&host.poll, &host.timers, poll, NULL);
	if (terminal)
		poll(NULL);
}

static void create_vms(const struct module *modules, u32 count)
{
	const struct module *text = module_find(modules, count, CONFIG_FILE);
	struct vm_environment environment = { modules, count, &host.clock, &host.console };
	struct config *config;

	if (!text) {
		log_error("no module named %s: nothing says which VMs to start; expected a module2 line "
			  "for it in GRUB's menu", CONFIG_FILE);
		host.status = VM_STATUS_STOPPED;
		return;
	}
	config = kheap_alloc(sizeof(*config)); /* kept: VMs point into it */
	if (!config) {
		log_error("no memory for the configuration");
		host.status = VM_STATUS_STOPPED;
		return;
	}
	config_parse((const char *)text->data, text->size, config);
	if (config->error_count)
		host.status = VM_STATUS_STOPPED;
	for (u32 i = 0; i < config->vm_count; i++) {
		struct vm *vm = vm_create(&config->vm[i], &environment);

		if (vm)
			host.vm[host.vm_count++] = vm;
		else
			host.status = VM_STATUS_STOPPED;
	}
}

static bool any_alive(void)
{
	for (u32 i = 0; i < host.vm_count; i++)
		if (host.vm[i]->state != VM_ENDED)
			return true;
	return false;
}

/* The next VM that can run, in turns; NULL if none can. */
static struct vm *next_runnable(void)
{
	for (u32 i = 0; i < host.vm_count; i++) {
		struct vm *vm = host.vm[(host.turn + i) % host.vm_count];

		if (vm_runnable(vm)) {
			host.turn = (host.turn + i + 1) % host.vm_count;
			return vm;
		}
	}
	return NULL;
}

/* The earliest deadline of all. */
static u64 next_deadline(void)
{
	u64 next = timer_next_ns(&host.timers);

	for (u32 i = 0; i < host.vm_count; i++)
		if (host.vm[i]->state == VM_RUNNING)
			next = MIN(next, timer_next_ns(&host.vm[i]->timers));
	return next;
}

/* Timers that are due, and what was typed.  True: there is more to do at once. */
static bool serve(void)
{
	bool more;

	timer_run(&host.timers);
	more = console_poll(&host.console);
	for (u32 i = 0; i < host.vm_count; i++) {
		if (host.vm[i]->state == VM_RUNNING)
			timer_run(&host.vm[i]->timers);
		vm_deliver_input(host.vm[i]);
	}
	return more;
}

/* A knob for tests: when to break into @vm's next turn, somewhere.  Every eighth turn is left alone, so that the
 * guest gets on even where the way in takes longer than that. */
static u64 torture_ns(const struct vm *vm)
{
	static u32 turn;
	u32 most_ns = vm->config->knobs.irq_us * 1000;

	if (!most_ns || ++turn % 8 == 0)
		return TIMER_NEVER;
	return arch_time_ns() + (turn * 2654435761u >> 2) % most_ns;
}

/* Run @vm for a slice, or until it stops being runnable. */
static void run_slice(struct vm *vm)
{
	u64 end = arch_time_ns() + SLICE_NS;
	u64 programmed = 0;

	while (vm_runnable(vm) && arch_time_ns() < end && !host.power_off) {
		u64 next = MIN(next_deadline(), end);

		next = MIN(next, torture_ns(vm));
		if (next != programmed)
			arch_timer_set(programmed = next);
		vm_run(vm);
		arch_take_interrupts();
		if (next_deadline() <= arch_time_ns())
			serve();
	}
}

static void wait(void)
{
	u64 next = next_deadline();

	arch_timer_set(next);
	if (next > arch_time_ns())
		arch_idle();
}

int host_run(const struct module *modules, u32 module_count, const struct char_dev *terminal)
{
	init(terminal);
	create_vms(modules, module_count);
	log_notice("host: %u VMs start, %u us after its clock did", host.vm_count,
		 (u32)div64_u32(arch_time_ns(), 1000, NULL));
	while (any_alive() && !host.power_off) {
		/* In this order: what serve() makes runnable must not be slept over. */
		bool more = serve();
		struct vm *vm = next_runnable();

		if (vm)
			run_slice(vm);
		else if (!more)
			wait();
	}
	console_flush(&host.console);
	for (u32 i = 0; i < host.vm_count; i++) {
		host.status = MAX(host.status, (int)host.vm[i]->status);
		vm_destroy(host.vm[i]);
	}
	return host.status;
}
