/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A plugin for QEMU's TCG: how often each instruction of some address ranges is executed, for
 * tools/hvprofile.
 *
 * Each counted instruction adds one to a counter of its own before it runs, in the translated code
 * itself, so the counts are exact and the run is hardly slower.  When a given address is executed (a mark)
 * what was counted since the mark before is written and the counters begin again; so a profile can be
 * made of any stretch between two marks, and the output has the size of the code, not of the run.
 *
 * Arguments: out=FILE; mark=ADDRESS, may be left out; each=LOW+SIZE: a counter for each address;
 * sum=LOW+SIZE: one for the range.  Numbers are hexadecimal.  The first range that an address is in
 * counts; what is in none is counted at address 0.
 *
 * Debian's QEMU has no header for plugins: what is used of its interface, version 1, is declared here.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD_U64 = 0, NO_REGISTERS = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
						  void (*fn)(uint64_t id, struct qemu_plugin_tb *tb));
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
						   void (*fn)(unsigned cpu, void *opaque), int flags,
						   void *opaque);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation,
						       void *counter, uint64_t addend);
extern void qemu_plugin_register_atexit_cb(uint64_t id, void (*fn)(uint64_t id, void *opaque),
					   void *opaque);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#define RANGES 32

static struct range {
	uint64_t low, size;
	bool each;
	uint64_t *counts;
} ranges[RANGES];
static unsigned range_count;
static uint64_t others, mark;
static FILE *out;

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static void write_range(struct range *range)
{
	for (uint64_t i = 0; i < (range->each ? range->size : 1); i++) {
		if (range->counts[i])
			fprintf(out, "%llx %llu\n", (unsigned long long)(range->low + i),
				(unsigned long long)range->counts[i]);
		range->counts[i] = 0;
	}
}

/* Everything since the last time. */
static void write_counts(unsigned cpu, void *opaque)
{
	(void)cpu;
	(void)opaque;
	for (unsigned i = 0; i < range_count; i++)
		write_range(&ranges[i]);
	fprintf(out, "0 %llu\nmark\n", (unsigned long long)others);
	others = 0;
}

static void at_exit(uint64_t id, void *opaque)
{
	(void)id;
	write_counts(0, opaque);
	fclose(out);
}

static uint64_t *counter_of(uint64_t address)
{
	for (unsigned i = 0; i < range_count; i++)
		if (address - ranges[i].low < ranges[i].size)
			return &ranges[i].counts[ranges[i].each ? address - ranges[i].low : 0];
	return &others;
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		if (mark && address == mark)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, write_counts, NO_REGISTERS, NULL);
		qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64, counter_of(address), 1);
	}
}

static bool add_range(const char *text, bool each)
{
	struct range *range = &ranges[range_count];
	char *plus;

	range->low = strtoull(text, &plus, 16);
	if (*plus != '+' || range_count == RANGES - 1)
		return false;
	range->size = strtoull(plus + 1, NULL, 16);
	range->each = each;
	range->counts = calloc(each ? range->size : 1, sizeof(*range->counts));
	range_count++;
	return range->counts;
}

static bool argument(const char *text)
{
	if (!strncmp(text, "out=", 4))
		return (out = fopen(text + 4, "w"));
	if (!strncmp(text, "mark=", 5))
		return (mark = strtoull(text + 5, NULL, 16));
	if (!strncmp(text, "each=", 5))
		return add_range(text + 5, true);
	return !strncmp(text, "sum=", 4) && add_range(text + 4, false);
}

__attribute__((visibility("default"))) int qemu_plugin_install(uint64_t id, const void *info, int argc,
							       char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		if (!argument(argv[i])) {
			fprintf(stderr, "hvcount: bad argument %s\n", argv[i]);
			return -1;
		}
	if (!out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
