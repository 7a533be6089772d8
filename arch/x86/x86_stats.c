/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Printing a vcpu's counters (x86_stats.h): only those that counted anything, with the names from the
 * lists.
 */
#include "arch/x86/x86_stats.h"

#include "arch/x86/bt/bt.h"
#include "arch/x86/mmu/shadow.h"
#include "hv/lib/printf.h"

struct counter {
	const char *text;
	size_t offset;
};
static const struct counter counters[] = {
#define X(name, text) { text, offsetof(struct x86_stats, name) },
	X86_COUNTERS(X)
#undef X
};
static const char *const emulations[] = {
#define X(name, text) text,
	X86_EMULATIONS(X)
#undef X
};
static const char *const calls[HYPERCALL_SLOTS] = {
#define VMI_CALL(number, name, answer, where) [number] = #name,
#include "guest-abi/vmi_calls.def"
#undef VMI_CALL
	[HYPERCALL_IRQ_PENDING] = "interrupts enabled with one pending",
};

typedef void line_fn(void *opaque, const char *text);

static void print(u64 value, const char *kind, const char *name, line_fn *line, void *opaque)
{
	char text[128];

	if (!value)
		return;
	hv_snprintf(text, sizeof(text), "%12llu %s%s", (unsigned long long)value, kind, name);
	line(opaque, text);
}

void x86_stats_print(const struct x86_stats *stats, line_fn *line, void *opaque)
{
	u32 i;
	char number[16];

	for (i = 0; i < ARRAY_SIZE(counters); i++)
		print(*(const u64 *)((const u8 *)stats + counters[i].offset), "", counters[i].text, line,
		      opaque);
	for (i = 0; i < ARRAY_SIZE(emulations); i++)
		print(stats->emulated[i], "", emulations[i], line, opaque);
	for (i = 0; i < ARRAY_SIZE(stats->vectors); i++) {
		hv_snprintf(number, sizeof(number), "%#x", i);
		print(stats->vectors[i], "exit by vector ", number, line, opaque);
	}
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		print(stats->calls[i], "VMI ", calls[i], line, opaque);
	for (i = 0; i < OP_COUNT; i++)
		print(stats->callouts[i], "call-out: ", insn_op_name(i), line, opaque);
}

void x86_stats_print_shadow(const struct shadow_stats *stats, line_fn *line, void *opaque)
{
	const struct {
		const char *text;
		u32 value;
	} values[] = {
		{ "shadow entries filled at a fault", stats->fills },
		{ "shadow entries prefetched", stats->prefetches },
		{ "page faults that were the guest's", stats->guest_faults },
		{ "writes to traced page tables", stats->traced_writes },
		{ "page tables unshadowed", stats->unshadowed },
		{ "shadow pages recycled", stats->recycled },
		{ "shadow roots built", stats->roots_built },
		{ "shadow roots reused", stats->roots_reused },
	};

	for (u32 i = 0; i < ARRAY_SIZE(values); i++)
		print(values[i].value, "", values[i].text, line, opaque);
}

void x86_stats_print_bt(const struct bt_stats *stats, line_fn *line, void *opaque)
{
	const struct {
		const char *text;
		u32 value;
	} values[] = {
		{ "blocks translated", stats->blocks },
		{ "instructions in them", stats->insns },
		{ "bytes of code in the cache", stats->code_bytes },
		{ "call-outs in them", stats->callouts },
		{ "branches linked", stats->chained },
		{ "blocks dropped", stats->dropped },
		{ "flushes of the translation cache", stats->flushes },
		{ "entries declined", stats->declined },
		{ "pages left to the interpreter", stats->slow_pages },
		{ "instructions made call-outs since they kept faulting", stats->adapted },
		{ "of these, put back", stats->restored },
	};

	for (u32 i = 0; i < ARRAY_SIZE(values); i++)
		print(values[i].value, "", values[i].text, line, opaque);
}
