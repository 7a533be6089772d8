/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What test_bt_run.c compares with: the states that the interpreter goes through, from a random one
 * on.
 *
 * Not compared are flags that the architecture leaves undefined, the pointers of the FPU (caveat of
 * the translator), and which of two faults comes first.
 */
#ifndef TESTS_UNIT_BT_RUN_TRACE_H
#define TESTS_UNIT_BT_RUN_TRACE_H

#include "tests/unit/bt_run_code.h"

static u32 case_number;
static u8 start_data[DATA_SIZE];
static struct x86_cpu start ALIGNED(16);
static struct {
	u32 steps, cases, stepped, continued, faults, unicorn;
} counts;

/* What the interpreter goes through. */
struct state {
	u32 gpr[REG_COUNT], eip, eflags;
	u32 undefined; /* flags: also those that the next instruction loads without looking */
	bool shadow, repeated;
};
static struct state trace[MOST_STEPS + 2];
static u32 trace_end; /* the last of them */
static const char *mode_text = "";

/* ---- failures ---- */
static void print_line(void *opaque, const char *text)
{
	(void)opaque;
	printf("    %s\n", text);
}

static void print_state(const char *name, const u32 *gpr, u32 eip, u32 eflags)
{
	printf("%-6s eip %08x flags %08x", name, eip, eflags);
	for (u32 reg = 0; reg < REG_COUNT; reg++)
		printf(" %08x", gpr[reg]);
	printf("\n");
}

static void print_code(void)
{
	for (u32 at = 0; at < made.code.size;) {
		struct x86_insn insn;
		char text[100];

		if (insn_decode(made.code.bytes + at, 15, true, &insn) != DECODE_OK)
			break;
		insn_format(&insn, made.base + at, text, sizeof(text));
		printf("  %08x  %s\n", made.base + at, text);
		at += insn.length;
	}
	bt_dump(bt, made.base, print_line, NULL);
}

static void fail_case(const char *what, const struct x86_cpu *cpu, u32 at)
{
	print_code();
	for (u32 i = at ? at - 1 : 0; i <= at + 2 && i <= trace_end; i++)
		print_state(i == at ? "*ref" : "ref", trace[i].gpr, trace[i].eip, trace[i].eflags);
	print_state("got", cpu->gpr, cpu->eip, cpu->eflags);
	print_state("native", native.gpr, native.eip, native.eflags);
	printf("trap %u error %x address %x\n", native.trap, native.error, native.address);
	fflush(stdout);
	ck_abort_msg("SEED=%u, case %u%s: %s; the interpreter's step %u of %u", random_seed,
		     case_number, mode_text, what, at, trace_end);
}

/* ---- the start ---- */
static u32 random_register(void)
{
	static const u32 special[] = {
		0, 1, 0x7f, 0x80, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff
	};

	switch (random_below(6)) {
	case 0:
		return random32();
	case 1:
		return special[random_below(ARRAY_SIZE(special))];
	case 2:
		return random_below(64);
	default:
		return data_address();
	}
}

static void random_fpu(u8 *fpu)
{
	u32 top = random_below(8);

	for (u32 i = 32; i < 288; i++)
		fpu[i] = (u8)random32();
	for (u32 st = 0; st < 8; st++) { /* numbers that are finite, and normal */
		u8 *number = fpu + 32 + 16 * st;

		number[7] |= 0x80;
		number[9] = (u8)((number[9] & 0x80) | 0x3f);
		memset(number + 10, 0, 6);
	}
	fpu[3] = (u8)(top << 3);
	fpu[4] = (u8)~BIT((top + 7) & 7);
}

static void random_start_state(u32 eip)
{
	reset_cpu(&start);
	for (u32 reg = 0; reg < REG_COUNT; reg++)
		start.gpr[reg] = random_register();
	if (random_below(2))
		start.gpr[REG_ECX] = random_below(40);
	start.gpr[REG_ESP] =
		random_below(16) ? DATA + 0x400 + random_below(DATA_SIZE - 0x800) : data_address();
	start.eip = eip;
	start.eflags = EFLAGS_FIXED | (random32() & (EFLAGS_ARITH | EFLAGS_DF | EFLAGS_IF));
	memset(start.fpu, 0, sizeof(start.fpu));
	start.fpu[0] = 0x7f;
	start.fpu[1] = 0x03;
	start.fpu[24] = 0x80;
	start.fpu[25] = 0x1f;
	random_fpu(start.fpu);
	for (u32 at = 0; at < DATA_SIZE; at += 4) {
		u32 value = random_below(4) ? random32() : random_register();

		memcpy(start_data + at, &value, 4);
	}
}

/* ---- the interpreter's side ---- */
static void note(u32 i, u32 undefined)
{
	const struct x86_cpu *cpu = &plain.cpu;

	memcpy(trace[i].gpr, cpu->gpr, sizeof(cpu->gpr));
	trace[i].eip = cpu->eip;
	trace[i].eflags = cpu->eflags;
	trace[i].undefined = undefined;
	trace[i].shadow = cpu->interrupt_shadow;
	trace[i].repeated = false;
	trace_end = i;
}

/* What step @i executes. */
static void note_insn(u32 i, const struct x86_insn *insn)
{
	trace[i].repeated =
		insn->props & INSN_STRING && insn->prefixes & (PREFIX_REP | PREFIX_REPNE);
	/* Its sequence changes them before it is done: sequences.c. */
	if (insn->op == OP_POPF || insn->op == OP_IRET)
		trace[i].undefined |= EFLAGS_ARITH;
}

/* Once more from the start, step by step.  False: it goes another way, as it reads its own code,
 * which has grown meanwhile. */
static bool interpret(void)
{
	u32 undefined = 0, i = 0;

	plain.cpu = start;
	memcpy(plain.data, start_data, DATA_SIZE);
	note(0, 0);
	while (plain.cpu.eip != made.base + made.code.size) {
		struct x86_cpu before = plain.cpu;
		enum emul_result result;
		const struct x86_insn *insn;
		const u8 *bytes;

		if (is_astray(&before) || i == MOST_STEPS)
			return false;
		result = interp_step(plain.interp);
		plain.cpu.eflags &= ~EFLAGS_RF;
		insn = interp_last_insn(plain.interp, &bytes);
		note_insn(i, insn);
		undefined =
			insn->op == OP_CMP ? 0 : undefined | random_undefined_flags(insn, &before);
		if (result != EMUL_DONE) {
			/* The SDM says that CMPS and SCAS have the old flags then; AMD's CPUs
			 * have new ones. */
			if (trace[i].repeated)
				note(i + 1, undefined | EFLAGS_ARITH);
			return made.ends_by_fault && is_safe_fault(&plain.cpu.fault);
		}
		note(++i, undefined);
	}
	return !made.ends_by_fault;
}

static bool equals(const struct x86_cpu *cpu, const struct state *state)
{
	u32 different = cpu->eflags ^ state->eflags;

	return !memcmp(cpu->gpr, state->gpr, sizeof(cpu->gpr)) && cpu->eip == state->eip &&
	       !(different & ~state->undefined) && (cpu->interrupt_shadow || !state->shadow);
}

/* FXSAVE images, but for the pointers, which show the cache's addresses. */
static bool same_fpu(const u8 *a, const u8 *b)
{
	return !memcmp(a, b, 6) && !memcmp(a + 24, b + 24, 4) && !memcmp(a + 32, b + 32, 256);
}

static void compare_end(const struct x86_cpu *cpu, const char *what)
{
	if (!equals(cpu, &trace[trace_end]))
		fail_case(what, cpu, trace_end);
	if (memcmp(plain.data, fast.data, DATA_SIZE))
		fail_case("memory differs", cpu, trace_end);
	if (!same_fpu(cpu->fpu, plain.cpu.fpu))
		fail_case("FPU state differs", cpu, trace_end);
}

/* What the interpreter has come to, reset by nobody since. */
static u32 last_op(void)
{
	const u8 *bytes;

	return interp_last_insn(plain.interp, &bytes)->op;
}

static void compare_fault(const struct x86_cpu *cpu, u32 vector, u32 address)
{
	const struct x86_fault *fault = &plain.cpu.fault;

	if (!made.ends_by_fault)
		fail_case("a fault", cpu, trace_end);
	/* Of two missing operands of CMPS either may be found first. */
	if (last_op() == OP_CMPS)
		return;
	if (vector != fault->vector)
		fail_case("another fault", cpu, trace_end);
	if (vector == EXCP_PF && address != fault->cr2)
		fail_case("a page fault elsewhere", cpu, trace_end);
}

#endif
