/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The translator against the interpreter and Unicorn: random sequences of guest instructions are
 * interpreted, translated and run on the real CPU, and run by Unicorn; registers, EIP, flags, IF,
 * FPU and memory must be the same in the end, or at the fault that ends them.
 *
 * Some are also single-stepped through the emitted code.  At each emitted instruction bt_recover()
 * must give a state that the interpreter has gone through, never an earlier one than before; now
 * and then the rest is interpreted from there, or the cache entered anew.
 *
 * SEED=n repeats a run; COUNT=n changes how many sequences are tried.  Needs a 32-bit process.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __i386__

#include "tests/unit/bt_run_trace.h"

#define DEFAULT_COUNT 12000u
#define TRAP_STEP 1u

/* ---- the translator's side ---- */
static struct {
	bool step; /* trap after each emitted instruction */
	bool held; /* an interrupt waits: the page with IF is read-only */
	u32 at;	   /* in the trace */
	bool over;
	enum bt_exit after;
	struct bt_recovery recovery;
} run;

/* The state is one of the interpreter's, and not before the last one seen. */
static void follow(const struct x86_cpu *cpu, const char *what)
{
	const struct state *now = &trace[run.at];

	if (!run.step || equals(cpu, now))
		return;
	if (run.at < trace_end && equals(cpu, now + 1))
		run.at++;
	else if (!now->repeated || cpu->eip != now->eip)
		fail_case(what, cpu, run.at);
}

static void fill_native(u32 place)
{
	struct shared_page *shared = shared_page();

	memcpy(native.gpr, fast.cpu.gpr, sizeof(native.gpr));
	memcpy(native.fpu, fast.cpu.fpu, sizeof(native.fpu));
	native.eip = place;
	native.eflags = fast.cpu.eflags;
	native.step = run.step;
	shared->cr0 = fast.cpu.cr0;
	shared->cr2 = fast.cpu.cr2;
	shared->cr3 = fast.cpu.cr3;
	shared->cr4 = fast.cpu.cr4;
	*if_page() = fast.cpu.eflags & EFLAGS_IF;
}

static void take(struct x86_cpu *cpu, bool is_exit)
{
	*cpu = fast.cpu;
	memcpy(cpu->gpr, native.gpr, sizeof(native.gpr));
	memcpy(cpu->fpu, native.fpu, sizeof(native.fpu));
	cpu->eflags = native.eflags | EFLAGS_FIXED | (*if_page() & EFLAGS_IF);
	cpu->interrupt_shadow = 0;
	if (!bt_recover(bt, native.eip, shared_page(), cpu, &run.recovery))
		fail_case("not in the cache", cpu, run.at);
	if (!is_exit && run.recovery.exit == BT_EXIT_LINK)
		run.recovery.link = 0;
}

/* The interpreter goes on from what was recovered, and arrives at the same. */
static void continue_from(const struct x86_cpu *cpu)
{
	static u8 kept_data[DATA_SIZE];
	struct x86_cpu kept = fast.cpu;
	u32 steps = 0;

	memcpy(kept_data, fast.data, DATA_SIZE);
	fast.cpu = *cpu;
	advance(&fast, &steps);
	compare_end(&fast.cpu, "continued from here, the end is another");
	fast.cpu = kept;
	memcpy(fast.data, kept_data, DATA_SIZE);
	counts.continued++;
}

/* True: enter the cache anew from @fast's state. */
static bool check_step(void)
{
	struct x86_cpu cpu;

	take(&cpu, false);
	follow(&cpu, "recovered in the middle");
	counts.steps++;
	if (!random_below(8))
		continue_from(&cpu);
	if (random_below(16))
		return false;
	fast.cpu = cpu;
	return true;
}

/* Run from @native; false: interrupted between two instructions. */
static bool run_emitted(void)
{
	native_take_signals();
	for (;;) {
		bool pushf = run.step && *(const u8 *)(uintptr_t)native.eip == 0x9c;

		native_run();
		if (native.trap != TRAP_STEP)
			return true;
		if (pushf) /* it has pushed our TF */
			((u8 *)(uintptr_t)native.gpr[REG_ESP])[1] &= (u8) ~(EFLAGS_TF >> 8);
		if (check_step())
			return false;
		native_take_signals();
	}
}

static void interpret_one(void)
{
	enum emul_result result = interp_step(fast.interp);

	fast.cpu.eflags &= ~EFLAGS_RF;
	if (result != EMUL_DONE) {
		compare_fault(&fast.cpu, fast.cpu.fault.vector, fast.cpu.fault.cr2);
		run.over = true;
	}
}

static void after_exit(void)
{
	const u8 *code = (const u8 *)(uintptr_t)native.eip;
	bool is_exit = native.trap == EXCP_GP && code[0] == 0xcd && code[1] == 0x41;

	take(&fast.cpu, is_exit);
	run.after = is_exit ? run.recovery.exit : BT_EXIT_NONE;
	if (!is_exit && native.trap == EXCP_PF && native.address - IF_PAGE < 4) {
		if (!run.recovery.if_known)
			interpret_one();
		if (run.recovery.if_known)
			follow(&fast.cpu, "recovered behind a POPF that sets IF");
	} else if (!is_exit) {
		compare_fault(&fast.cpu, native.trap, native.address);
		run.over = true;
	} else if (run.after == BT_EXIT_EMULATE) {
		if (fast.cpu.eip == made.base + made.code.size)
			return;
		follow(&fast.cpu, "recovered at a call-out");
		interpret_one();
	}
}

static bool fits(const struct x86_cpu *cpu)
{
	return !(cpu->eflags & (EFLAGS_TF | EFLAGS_NT | EFLAGS_IOPL)) && !cpu->interrupt_shadow;
}

static void go_on(void)
{
	u32 place = fits(&fast.cpu) ? bt_enter(bt, &fast.cpu, run.after) : 0;

	if (place && run.after == BT_EXIT_LINK)
		bt_link(bt, run.recovery.link, fast.cpu.eip);
	if (place && run.after == BT_EXIT_MISS)
		bt_enter_indirect(bt, fast.cpu.eip);
	run.after = BT_EXIT_NONE;
	if (!place) {
		interpret_one();
		return;
	}
	mprotect(if_page(), PAGE_SIZE, PROT_READ | PROT_WRITE);
	fill_native(place);
	if (run.held)
		mprotect(if_page(), PAGE_SIZE, PROT_READ);
	if (run_emitted())
		after_exit();
}

static void translate_and_run(bool step, bool held)
{
	u32 budget = 20 * MOST_STEPS;

	mode_text = step ? ", stepped" : held ? ", interrupt waiting" : "";
	memset(&run, 0, sizeof(run));
	run.step = step;
	run.held = held;
	fast.cpu = start;
	memcpy(fast.data, start_data, DATA_SIZE);
	if (random_below(2))
		forget_branches(made.base, CASE_ROOM);
	while (!run.over && fast.cpu.eip != made.base + made.code.size) {
		if (!budget--)
			fail_case("does not end", &fast.cpu, run.at);
		go_on();
		if (!run.over)
			follow(&fast.cpu, "recovered");
	}
	/* A POPA that faults in the middle has loaded some registers on a real CPU. */
	if (run.over && last_op() == OP_POPA) {
		ck_assert_uint_eq(fast.cpu.gpr[REG_ESP], plain.cpu.gpr[REG_ESP]);
		memcpy(fast.cpu.gpr, plain.cpu.gpr, sizeof(fast.cpu.gpr));
	}
	if (!run.over && made.ends_by_fault)
		fail_case("no fault", &fast.cpu, trace_end);
	compare_end(&fast.cpu, "the end differs");
}

/* ---- Unicorn ---- */
static void compare_unicorn(void)
{
	struct x86_cpu cpu = start;
	u32 flags = start.eflags & ~trace[0].undefined;

	memcpy(uc_data, start_data, DATA_SIZE);
	for (u32 reg = 0; reg < REG_COUNT; reg++)
		uc_set(uc_gpr[reg], start.gpr[reg]);
	uc_set(UC_X86_REG_EFLAGS, flags);
	if (uc_emu_start(uc, made.base, made.base + made.code.size, 0, 0))
		fail_case("Unicorn faults", &cpu, trace_end);
	for (u32 reg = 0; reg < REG_COUNT; reg++)
		cpu.gpr[reg] = uc_get(uc_gpr[reg]);
	cpu.eip = uc_get(UC_X86_REG_EIP);
	cpu.eflags = uc_get(UC_X86_REG_EFLAGS);
	cpu.interrupt_shadow = SHADOW_STI;
	if (!equals(&cpu, &trace[trace_end]))
		fail_case("Unicorn ends otherwise", &cpu, trace_end);
	if (memcmp(plain.data, uc_data, DATA_SIZE))
		fail_case("Unicorn's memory differs", &cpu, trace_end);
	counts.unicorn++;
}

/* ---- cases ---- */
/* Another translator now and then, with room for code that has not been executed yet. */
static void renew(void)
{
	struct bt_knobs knobs = { 0 };

	if (!random_below(3))
		knobs.max_insns = 1 + random_below(4);
	if (!random_below(3))
		knobs.cache_bytes = 0x4000;
	knobs.no_chain = !random_below(4);
	make_bt(&knobs);
	open_unicorn();
}

static void one_case(void)
{
	/* Every other case is near the end of a page. */
	u32 room = case_number % (CODE_SIZE / (2 * CASE_ROOM) - 1);
	u32 base = CODE + (room + 1) * 2 * CASE_ROOM - random_below(160);

	if (!room)
		renew();
	random_start_state(base);
	plain.cpu = start;
	memcpy(plain.data, start_data, DATA_SIZE);
	make_code(base);
	if (!interpret())
		return;
	translate_and_run(false, false);
	if (!random_below(4))
		translate_and_run(false, true);
	if (!random_below(4)) {
		translate_and_run(true, !random_below(4));
		counts.stepped++;
	}
	mode_text = ", Unicorn";
	if (made.for_unicorn && !made.ends_by_fault)
		compare_unicorn();
	counts.faults += made.ends_by_fault;
	counts.cases++;
}

START_TEST(translated_code_does_what_the_interpreter_does)
{
	const char *text = getenv("COUNT");
	u32 count = text ? (u32)atoi(text) : DEFAULT_COUNT;

	random_start();
	printf("SEED=%u\n", random_seed);
	fflush(stdout);
	make_machines();
	for (case_number = 0; case_number < count; case_number++)
		one_case();
	printf("%u sequences agree, %u of them end by a fault; %u with Unicorn; %u single-stepped: "
	       "%u steps, continued from %u of them\n",
	       counts.cases, counts.faults, counts.unicorn, counts.stepped, counts.steps,
	       counts.continued);
}
END_TEST

/* Unicorn leaks. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int main(void)
{
	Suite *suite = suite_create("bt_run");
	TCase *tcase = tcase_create("random");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 36000);
	tcase_add_test(tcase, translated_code_does_what_the_interpreter_does);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#else

int main(void)
{
	printf("skipped: emitted code runs in a 32-bit process only\n");
	return 0;
}

#endif
