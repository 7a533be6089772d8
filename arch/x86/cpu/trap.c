/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of trap.h: the host's IDT, and what happens behind its stubs.
 */
#include "arch/x86/cpu/trap.h"

#include "arch/x86/cpu/gdt.h"
#include "arch/x86/cpu/lapic.h"
#include "arch/x86/cpu/msr.h"
#include "arch/x86/cpu/pic.h"
#include "arch/x86/frame.h"
#include "arch/x86/isa/excp.h"
#include "hv/core/log.h"
#include "hv/core/panic.h"
#include "hv/core/stats.h"
#include "hv/core/trace.h"

#define GATE_INTERRUPT 0x8e00u /* present, ring 0, 32-bit interrupt gate */
#define GATE_TASK 0x8500u
#define GATE_DPL_SHIFT 13
#define EXCEPTION_COUNT 32

struct extable_entry {
	u32 fault, fixup;
};
extern const struct extable_entry extable_start[], extable_end[];

static u64 idt[256] ALIGNED(8);
static struct {
	irq_fn *handler;
	void *opaque;
} irqs[PIC_LINES];
static struct {
	u32 start, size, fixup;
} fixup_range;
static trap_user_fn *user_handler;

u32 trap_fixup_vector;
u32 trap_fixup_error;

static const char *const exception_names[EXCEPTION_COUNT] = {
	"#DE divide error", "#DB debug", "NMI", "#BP breakpoint", "#OF overflow", "#BR bound",
	"#UD invalid opcode", "#NM no FPU", "#DF double fault", "coprocessor overrun",
	"#TS invalid TSS", "#NP segment not present", "#SS stack fault", "#GP general protection",
	"#PF page fault", "vector 15", "#MF x87 error", "#AC alignment", "#MC machine check",
	"#XM SIMD error",
};

/* ---- panic report ----------------------------------------------------------------------------- */

static void log_registers(const struct trap_frame *f)
{
	bool outer = f->cs & 3 || f->vector == EXCP_DF; /* the frame has ESP and SS */

	log_error("  eax=%08x ebx=%08x ecx=%08x edx=%08x", f->eax, f->ebx, f->ecx, f->edx);
	log_error("  esi=%08x edi=%08x ebp=%08x esp=%08x", f->esi, f->edi, f->ebp,
		  outer ? f->esp : (u32)&f->esp);
	log_error("  eip=%08x eflags=%08x error=%08x", f->eip, f->eflags, f->error);
	log_error("  cs=%04x ds=%04x es=%04x fs=%04x gs=%04x ss=%04x", f->cs & 0xffff,
		  f->ds & 0xffff, f->es & 0xffff, f->fs & 0xffff, f->gs & 0xffff,
		  outer ? f->ss & 0xffff : HOST_DS);
	log_error("  cr0=%08x cr2=%08x cr3=%08x cr4=%08x", read_cr0(), read_cr2(), read_cr3(),
		  read_cr4());
}

static const struct trap_frame *panic_frame;

/* Registers of the trap that led here; for a panic by a call, just who called. */
static void report_cpu(void *opaque)
{
	(void)opaque;
	if (panic_frame) {
		log_registers(panic_frame);
		backtrace_log(panic_frame->eip, panic_frame->ebp);
	} else {
		backtrace_log((u32)__builtin_return_address(0), (u32)__builtin_frame_address(0));
	}
}
static struct panic_reporter reporter = { report_cpu, NULL, NULL };

NORETURN static void fatal_exception(const struct trap_frame *frame)
{
	u32 offset = 0;
	const char *symbol = backtrace_symbol(frame->eip, &offset);
	const char *name = exception_names[frame->vector];

	panic_frame = frame;
	panic("%s in the hypervisor at %08x (%s+%#x)", name ? name : "exception", frame->eip,
	      symbol ? symbol : "?", offset);
}

/* ---- exceptions ------------------------------------------------------------------------------- */

static bool fix_up(struct trap_frame *frame)
{
	u32 to = 0;

	for (const struct extable_entry *entry = extable_start; entry < extable_end; entry++)
		if (entry->fault == frame->eip)
			to = entry->fixup;
	if (frame->eip - fixup_range.start < fixup_range.size)
		to = fixup_range.fixup;
	if (!to)
		return false;
	trap_fixup_vector = frame->vector;
	trap_fixup_error = frame->error;
	frame->eip = to;
	return true;
}

static void handle_exception(struct trap_frame *frame)
{
	if (frame->cs & 3 || frame->eflags & EFLAGS_VM) {
		if (user_handler && user_handler(frame))
			return;
	} else if (fix_up(frame)) {
		return;
	}
	fatal_exception(frame);
}

void trap_dispatch_nmi(void)
{
	stat_inc(nmi_count);
}

/* ---- interrupts ------------------------------------------------------------------------------- */

void irq_register(u32 line, irq_fn *handler, void *opaque)
{
	irqs[line].opaque = opaque;
	irqs[line].handler = handler;
	pic_unmask(line);
}

static void dispatch_line(u32 line)
{
	if (!pic_acknowledge(line)) {
		stat_inc(spurious_irqs);
		return;
	}
	if (irqs[line].handler)
		irqs[line].handler(irqs[line].opaque);
	else
		stat_inc(unexpected_irqs);
}

void trap_dispatch_external(u32 vector)
{
	stat_inc(host_irqs);
	trace(TRACE_HOST, "interrupt vector %#x", vector);
	if (vector - VECTOR_PIC_BASE < PIC_LINES)
		dispatch_line(vector - VECTOR_PIC_BASE);
	else if (!lapic_dispatch(vector))
		stat_inc(unexpected_irqs);
}

/* From entry.S. */
void trap_handle(struct trap_frame *frame);
void trap_handle(struct trap_frame *frame)
{
	if (frame->vector == EXCP_NMI)
		trap_dispatch_nmi();
	else if (frame->vector < EXCEPTION_COUNT)
		handle_exception(frame);
	else if (frame->cs & 3 && user_handler && user_handler(frame))
		return;
	else
		trap_dispatch_external(frame->vector);
}

NORETURN void trap_handle_double_fault(void);
NORETURN void trap_handle_double_fault(void)
{
	static struct trap_frame frame;
	const struct tss *tss = gdt_interrupted_task();

	frame = (struct trap_frame){
		.gs = tss->gs, .fs = tss->fs, .es = tss->es, .ds = tss->ds,
		.edi = tss->edi, .esi = tss->esi, .ebp = tss->ebp, .ebx = tss->ebx,
		.edx = tss->edx, .ecx = tss->ecx, .eax = tss->eax, .vector = EXCP_DF,
		.eip = tss->eip, .cs = tss->cs, .eflags = tss->eflags, .esp = tss->esp, .ss = tss->ss,
	};
	fatal_exception(&frame);
}

/* ---- set-up ----------------------------------------------------------------------------------- */

static u64 gate(u32 selector, u32 offset, u32 type)
{
	return (u64)((offset & 0xffff0000u) | type) << 32 | selector << 16 | (offset & 0xffff);
}

void trap_set_gate_dpl(u32 vector, u32 dpl)
{
	idt[vector] = gate(HOST_CS, (u32)trap_stubs[vector], GATE_INTERRUPT | dpl << GATE_DPL_SHIFT);
}

void trap_set_fixup_range(u32 start, u32 size, u32 fixup)
{
	fixup_range.start = start;
	fixup_range.size = size;
	fixup_range.fixup = fixup;
}

void trap_set_user_handler(trap_user_fn *handler)
{
	user_handler = handler;
}

void trap_reload(void)
{
	struct {
		u16 limit;
		u32 base;
	} PACKED idtr = { sizeof(idt) - 1, (u32)idt };

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

void trap_init(void)
{
	for (u32 vector = 0; vector < ARRAY_SIZE(idt); vector++)
		trap_set_gate_dpl(vector, 0);
	idt[EXCP_DF] = gate(HOST_DF_TSS, 0, GATE_TASK);
	trap_reload();
	panic_add_reporter(&reporter);
}
