/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random code for test_bt_run.c.  It grows at its end while `plain` executes it: an item that leads
 * astray (to memory that the process has for itself, into an endless loop, away from the code) is
 * taken back and another one tried.  So long sequences come about whose every access is known to be
 * harmless.
 */
#ifndef TESTS_UNIT_BT_RUN_CODE_H
#define TESTS_UNIT_BT_RUN_CODE_H

#include "tests/unit/bt_run_items.h"

#define MOST_STEPS 600u

enum outcome { REACHED, FAULTED, ASTRAY };

/* Does the real CPU fault there, too? */
static bool is_safe_fault(const struct x86_fault *fault)
{
	switch (fault->vector) {
	case EXCP_PF:
		return fault->cr2 - (DATA - GUARD) < 2 * GUARD + DATA_SIZE ||
		       fault->cr2 < 0x10000 || fault->cr2 - CODE < CODE_SIZE;
	case EXCP_GP:
	case EXCP_DE:
	case EXCP_BR:
		return true;
	default:
		return false;
	}
}

static bool is_astray(const struct x86_cpu *cpu)
{
	u32 offset = cpu->eip - made.base;

	if (cpu->eflags & (EFLAGS_TF | EFLAGS_AC | EFLAGS_ID | EFLAGS_VM) || cpu->activity)
		return true;
	return offset < CASE_ROOM ? offset > made.code.size || !made.code.starts[offset]
				  : cpu->eip - CODE < CODE_SIZE || cpu->eip - DATA < DATA_SIZE;
}

/* Interpret on until the end of the code. */
static enum outcome advance(struct machine *m, u32 *steps)
{
	while (m->cpu.eip != made.base + made.code.size) {
		enum emul_result result;

		if (is_astray(&m->cpu) || ++*steps > MOST_STEPS)
			return ASTRAY;
		result = interp_step(m->interp);
		m->cpu.eflags &= ~EFLAGS_RF;
		if (result == EMUL_FAULT)
			return is_safe_fault(&m->cpu.fault) ? FAULTED : ASTRAY;
		if (result != EMUL_DONE)
			return ASTRAY;
	}
	return m->cpu.eflags & (EFLAGS_TF | EFLAGS_AC | EFLAGS_ID) ? ASTRAY : REACHED;
}

/* One more item that @plain gets through, or a fault that ends the case. */
static bool grow(u32 *steps)
{
	static __typeof__(made) kept;
	static u8 kept_data[DATA_SIZE];
	struct x86_cpu kept_cpu = plain.cpu;
	u32 kept_steps = *steps;

	kept = made;
	memcpy(kept_data, plain.data, DATA_SIZE);
	for (u32 tries = 0; tries < 10; tries++) {
		enum outcome outcome;

		made.target[made.targets++] = made.code.size;
		add_item(&made.code);
		made.code.starts[made.code.size] = 1;
		write_code(&plain, made.base, made.code.bytes, CASE_ROOM);
		outcome = advance(&plain, steps);
		if (outcome == REACHED || (outcome == FAULTED && !random_below(4))) {
			made.ends_by_fault = outcome == FAULTED;
			return true;
		}
		made = kept;
		plain.cpu = kept_cpu;
		*steps = kept_steps;
		memcpy(plain.data, kept_data, DATA_SIZE);
	}
	return false;
}

/* Code at @base, from the state that @plain has. */
static void make_code(u32 base)
{
	u32 steps = 0, items = 1 + random_below(MOST_ITEMS);

	memset(&made, 0, sizeof(made));
	made.base = base;
	made.for_unicorn = true;
	made.portable = random_below(2);
	made.code.starts[0] = 1;
	while (items-- > 0 && !made.ends_by_fault && made.code.size < CASE_ROOM - 256)
		if (!grow(&steps))
			break;
	made.code.bytes[made.code.size] = 0xcc; /* the end */
	write_code(&plain, base, made.code.bytes, CASE_ROOM);
	write_code(&fast, base, made.code.bytes, CASE_ROOM);
	memcpy(uc_code + (base - CODE), made.code.bytes, CASE_ROOM);
}

#endif
