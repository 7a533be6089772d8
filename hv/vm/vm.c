/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Building, running and ending one VM (vm.h): where the pure pieces meet.
 */
#include "hv/vm/vm.h"

#include "arch/x86/x86_vcpu.h"
#include "hv/arch.h"
#include "hv/core/kheap.h"
#include "hv/core/log.h"
#include "hv/core/pmm.h"
#include "hv/core/trace.h"
#include "hv/dev/acpi_tables.h"
#include "hv/lib/err.h"
#include "hv/load/bios.h"

/* Shadow tables and gate: at most this part of the guest's memory, plus a constant; together with
 * the p2m and devices below 3 % and 2 MB (docs/memory-map.md). */
#define SHADOW_SHARE 40
#define SHADOW_BASE_PAGES 256
/* A guest that resets in a loop must not hold the host at the speed of its log. */
#define RESETS_LOGGED 16u
#define PROFILE_LINES 1000 /* logged when a VM ends */
#define TRACE_LINES 64 /* shown when a VM is stopped */

static bool source_large(void *opaque, hpa_t *frame)
{
	(void)opaque;
	return pmm_alloc_large(frame);
}
static bool source_page(void *opaque, hpa_t *frame)
{
	(void)opaque;
	return pmm_alloc_page(frame);
}
static void source_free_large(void *opaque, hpa_t frame)
{
	(void)opaque;
	pmm_free_large(frame);
}
static void source_free_page(void *opaque, hpa_t frame)
{
	(void)opaque;
	pmm_free_page(frame);
}
static const struct gmem_source pages = { source_large, source_page, source_free_large,
					  source_free_page, NULL };

static void log_line(void *opaque, const char *text)
{
	log_notice("vm %s: %s", ((struct vm *)opaque)->config->name, text);
}

static void end(struct vm *vm, enum vm_status status, const char *why)
{
	if (vm->state == VM_ENDED)
		return;
	vm->state = VM_ENDED;
	vm->status = status;
	vm->why = why;
	log_notice("vm %s: ended: %s", vm->config->name, why);
	if (!vm->vcpu)
		return;
	x86_vcpu_counters(vm->vcpu, log_line, vm);
	if (vm->config->debug == VM_DEBUG_PROFILE)
		x86_vcpu_profile_print(vm->vcpu, PROFILE_LINES, log_line, vm);
}

/* ---- wires from the machine ---- */

static u8 acknowledge(void *opaque)
{
	return machine_acknowledge(&((struct vm *)opaque)->machine);
}

static void reset_wire(void *opaque, u32 index, bool level)
{
	struct vm *vm = opaque;

	(void)index;
	vm->reset_wanted |= level;
	if (vm->vcpu)
		x86_vcpu_end_turn(vm->vcpu);
}

static void power_off_wire(void *opaque, u32 index, bool level)
{
	struct vm *vm = opaque;

	(void)index;
	vm->power_off_wanted |= level;
	if (vm->vcpu)
		x86_vcpu_end_turn(vm->vcpu);
}

/* A wire that ends HLT has this level. */
static void wake(struct vm *vm, bool level)
{
	if (level && vm->halted && vm->vcpu)
		vmi_time_ready(vm->vcpu);
	if (level)
		vm->halted = false;
}

static void intr_wire(void *opaque, u32 index, bool level)
{
	struct vm *vm = opaque;

	wake(vm, level);
	if (vm->vcpu)
		x86_vcpu_set_intr(vm->vcpu, index, level);
}

static void nmi_wire(void *opaque, u32 index, bool level)
{
	struct vm *vm = opaque;

	wake(vm, level);
	if (vm->vcpu)
		x86_vcpu_set_nmi(vm->vcpu, index, level);
}

/* The host's timer is to be set anew. */
static void armed_wire(void *opaque, u32 index, bool level)
{
	struct vm *vm = opaque;

	(void)index, (void)level;
	if (vm->vcpu)
		x86_vcpu_end_turn(vm->vcpu);
}

static void vmi_reset(void *opaque)
{
	reset_wire(opaque, 0, true);
}

static void vmi_power_off(void *opaque)
{
	power_off_wire(opaque, 0, true);
}

static void vmi_alarm(void *opaque, bool lvtt)
{
	struct vm *vm = opaque;

	if (lvtt)
		machine_alarm_lvtt(&vm->machine);
	else
		machine_alarm(&vm->machine);
}

static bool set_apic_base(void *opaque, u64 value)
{
	return machine_set_apic_base(&((struct vm *)opaque)->machine, value);
}

static u64 wallclock_ns(void *opaque)
{
	const struct vm *vm = opaque;

	return vm->epoch_ns + clock_now_ns(vm->clock);
}

static const struct x86_vcpu_ops vcpu_ops = { acknowledge, vmi_reset, vmi_power_off, vmi_alarm, set_apic_base,
					       wallclock_ns };

/* ---- building ---- */

static int create_machine(struct vm *vm)
{
	u64 epoch_s = arch_wallclock_s();
	struct machine_wiring wiring = {
		.clock = vm->clock,
		.timers = &vm->timers,
		.intr = { intr_wire, vm, 0 },
		.reset = { reset_wire, vm, 0 },
		.power_off = { power_off_wire, vm, 0 },
		.apic = vm->config->apic,
		.nmi = { nmi_wire, vm, 0 },
		.armed = { armed_wire, vm, 0 },
		.com1 = { console_output, &vm->port },
		.epoch_s = epoch_s,
		.ram_bytes = vm->config->memory_bytes,
	};

	vm->epoch_ns = epoch_s * 1000000000u - clock_now_ns(vm->clock);
	if (vm->config->debug == VM_DEBUG_LOG) {
		debug_port_init(&vm->debug_port, vm);
		wiring.debug = (struct vuart_sink){ debug_port_write, &vm->debug_port };
	}
	if (vm->config->console == VM_CONSOLE_NONE)
		wiring.com1.write = NULL;
	timer_queue_init(&vm->timers, vm->clock); /* with it go all timers of the machine before */
	if (vm->config->vmi)
		wiring.vmi_rom = vmi_option_rom(vm->config->apic, &wiring.vmi_rom_bytes);
	vm->bus = wiring.bus = bus_create();
	return vm->bus ? machine_init(&vm->machine, &wiring) : -ENOMEM;
}

static int create_vcpu(struct vm *vm)
{
	u32 memory_pages = (u32)(vm->config->memory_bytes >> PAGE_SHIFT);
	const struct vm_knobs *knobs = &vm->config->knobs;
	struct x86_vcpu_config config = {
		.name = vm->config->name,
		.gmem = vm->gmem,
		.bus = vm->bus,
		.pages = &pages,
		.shadow_pages = SHADOW_BASE_PAGES + memory_pages / SHADOW_SHARE,
		.timers = &vm->timers,
		.vmi = vm->config->vmi,
		.apic = vm->config->apic,
		.compare = knobs->exec == VM_EXEC_BOTH,
		.compare_repeat = knobs->repeat,
		.check_shadow = knobs->shadow,
		.interpret = knobs->exec == VM_EXEC_INTERP,
		.knobs = { .max_insns = knobs->max_insns,
			   .cache_bytes = knobs->cache_bytes,
			   .no_chain = knobs->no_chain },
		.ops = &vcpu_ops,
		.opaque = vm,
	};

	vm->vcpu = x86_vcpu_create(&config);
	if (!vm->vcpu)
		return -ENOMEM;
	return x86_vcpu_profile(vm->vcpu, vm->config->debug == VM_DEBUG_PROFILE);
}

/* Put the ACPI tables where a kernel looks for them; their root pointer, or 0 without memory. */
static gpa_t place_acpi(struct vm *vm)
{
	void *tables = kheap_alloc(ACPI_TABLES_MAX);
	gpa_t rsdp = gpa(0);

	if (tables && acpi_tables_build(tables, ACPI_TABLES_MAX, gpa(BIOS_ACPI), vm->config->apic) > 0 &&
	    gmem_load(vm->gmem, gpa(BIOS_ACPI), tables, ACPI_TABLES_MAX))
		rsdp = gpa(BIOS_ACPI);
	kheap_free(tables);
	return rsdp;
}

/* ACPI tables, kernel and ROM in memory, registers at the kernel's entry. */
static int load(struct vm *vm)
{
	struct load_request request = {
		.gmem = vm->gmem,
		.config = vm->config,
		.modules = vm->modules,
		.module_count = vm->module_count,
		.com_ports = MACHINE_COM_PORTS,
		.quiet = vm->resets > RESETS_LOGGED,
		.rsdp = place_acpi(vm),
	};
	int error = load_kernel(&request, &vm->vcpu->cpu);

	if (!error && vm->config->vmi)
		error = vmi_load_rom(vm->gmem, vm->config->apic);
	vm->halted = false;
	vm->reset_wanted = vm->power_off_wanted = false;
	return error;
}

/* Machine and vcpu with the kernel loaded; the memory is there. */
static int power_on(struct vm *vm)
{
	int error = create_machine(vm);

	if (!error)
		error = create_vcpu(vm);
	if (error) {
		log_error("vm %s: no memory for its devices and vcpu", vm->config->name);
		return error;
	}
	return load(vm);
}

static void power_down(struct vm *vm)
{
	x86_vcpu_destroy(vm->vcpu);
	vm->vcpu = NULL;
	if (vm->bus)
		bus_destroy(vm->bus);
	vm->bus = NULL;
}

struct vm *vm_create(const struct vm_config *config, const struct vm_environment *environment)
{
	u64 used_before = kheap_used_bytes();
	struct vm *vm = kheap_alloc(sizeof(*vm));

	if (!vm) {
		log_error("vm %s: no memory", config->name);
		return NULL;
	}
	vm->config = config;
	vm->modules = environment->modules;
	vm->module_count = environment->module_count;
	vm->clock = environment->clock;
	vm->gmem = gmem_create(&pages);
	if (!vm->gmem || load_add_memory(vm->gmem, config, pmm_free_bytes()) || power_on(vm)) {
		vm_destroy(vm);
		return NULL;
	}
	vm->kept_bytes = kheap_used_bytes() - used_before;
	if (config->console == VM_CONSOLE_TERMINAL)
		console_add(environment->console, &vm->port, config->name);
	log_notice("vm %s: %u MB, kernel %s, vmi %s", config->name,
		   (u32)(config->memory_bytes / MIB), config->kernel, config->vmi ? "on" : "off");
	return vm;
}

void vm_destroy(struct vm *vm)
{
	if (vm->port.console)
		console_remove(&vm->port);
	power_down(vm);
	if (vm->gmem)
		gmem_destroy(vm->gmem);
	kheap_free(vm);
}

/* ---- running ---- */

static void restart(struct vm *vm)
{
	vm->resets++;
	x86_vcpu_reset(vm->vcpu);
	machine_reset(&vm->machine);
	if (load(vm))
		end(vm, VM_STATUS_STOPPED, "could not be reset");
}

/* A reset, by the guest's wish or by a triple fault. */
static void on_reset(struct vm *vm, enum vm_status status, const char *why)
{
	if (vm->config->on_reset == VM_ON_RESET_STOP) {
		end(vm, status, why);
		return;
	}
	if (vm->resets < RESETS_LOGGED)
		log_notice("vm %s: reset: %s", vm->config->name, why);
	else if (vm->resets == RESETS_LOGGED)
		log_notice("vm %s: reset again; further resets are not logged", vm->config->name);
	restart(vm);
}

/* State and last events of a guest that went wrong. */
static void log_state(struct vm *vm)
{
	x86_vcpu_dump(vm->vcpu, log_line, vm);
	if (trace_mask & TRACE_GUEST)
		trace_tail(TRACE_LINES, log_line, vm);
}

static void killed(struct vm *vm)
{
	log_error("vm %s: stopped: %s", vm->config->name, x86_vcpu_kill_reason(vm->vcpu));
	log_state(vm);
	if (vm->vcpu->translated.in_cache)
		x86_vcpu_translation(vm->vcpu, &vm->vcpu->cpu.eip, log_line, vm);
	end(vm, VM_STATUS_STOPPED, "stopped");
}

static void triple_fault(struct vm *vm)
{
	if (vm->resets < RESETS_LOGGED) {
		log_notice("vm %s: triple fault", vm->config->name);
		log_state(vm);
	}
	on_reset(vm, VM_STATUS_TRIPLE_FAULT, "triple fault");
}

void vm_run(struct vm *vm)
{
	enum vcpu_stop stop;

	vmi_time_running(vm->vcpu);
	stop = x86_vcpu_run(vm->vcpu);

	/* What the guest asked of its machine comes before how its CPU fared afterwards. */
	if (vm->power_off_wanted)
		end(vm, VM_STATUS_OK, "powered off");
	else if (vm->reset_wanted)
		on_reset(vm, VM_STATUS_OK, "reset by the guest");
	else if (stop == VCPU_STOP_SHUTDOWN)
		triple_fault(vm);
	else if (stop == VCPU_STOP_KILLED)
		killed(vm);
	else if (stop == VCPU_STOP_HALTED)
		vm->halted = !(vm->vcpu->intr && vm->vcpu->cpu.eflags & EFLAGS_IF);
	if (vm_runnable(vm))
		vmi_time_ready(vm->vcpu);
}

bool vm_runnable(const struct vm *vm)
{
	return vm->state == VM_RUNNING && !vm->halted;
}

void vm_deliver_input(struct vm *vm)
{
	if (vm->state == VM_RUNNING && vm->port.console)
		console_deliver(&vm->port, machine_com1_receive, &vm->machine);
}

/* ---- for the monitor ---- */

const char *vm_stop(struct vm *vm)
{
	if (vm->state != VM_RUNNING)
		return "it is not running";
	vm->state = VM_PAUSED;
	return NULL;
}

const char *vm_resume(struct vm *vm)
{
	if (vm->state != VM_PAUSED)
		return "it is not stopped";
	vm->state = VM_RUNNING;
	return NULL;
}

const char *vm_reset(struct vm *vm)
{
	if (vm->state == VM_ENDED)
		return "it has ended";
	vm->state = VM_RUNNING;
	restart(vm);
	return NULL;
}

void vm_info(const struct vm *vm, struct monitor_vm *info)
{
	static const char *const states[] = { "running", "paused" };

	info->name = vm->config->name;
	info->state = vm->state == VM_ENDED ? vm->why : states[vm->state];
	info->memory_bytes = gmem_ram_bytes(vm->gmem);
	info->kept_bytes = vm->kept_bytes;
	if (vm->vcpu)
		info->kept_bytes += x86_vcpu_overhead_bytes(vm->vcpu);
}

void vm_registers(const struct vm *vm, monitor_line_fn *line, void *opaque)
{
	if (vm->vcpu)
		x86_vcpu_dump(vm->vcpu, line, opaque);
}

void vm_counters(const struct vm *vm, monitor_line_fn *line, void *opaque)
{
	if (vm->vcpu)
		x86_vcpu_counters(vm->vcpu, line, opaque);
}

void vm_translation(const struct vm *vm, const u32 *eip, monitor_line_fn *line, void *opaque)
{
	if (vm->vcpu)
		x86_vcpu_translation(vm->vcpu, eip, line, opaque);
}

const char *vm_profile(struct vm *vm, bool on)
{
	if (!vm->vcpu)
		return "it has no CPU";
	return x86_vcpu_profile(vm->vcpu, on) ? "no memory for a profile" : NULL;
}

const char *vm_profile_print(const struct vm *vm, u32 limit, monitor_line_fn *line, void *opaque)
{
	if (vm->vcpu && x86_vcpu_profile_print(vm->vcpu, limit, line, opaque))
		return NULL;
	return "its profile is off";
}
