/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interpreter against Unicorn (QEMU's TCG): random instructions on random states, in 32-bit flat
 * protected mode and in 16-bit real mode.  Both sides have the same two pieces of memory, one for
 * data and one for code; whatever reaches beyond them is thrown away, and so is what TCG is known
 * not to do like a CPU (limits, alignment of SSE operands).  Flags that the SDM leaves undefined are
 * left out of the comparison.  So is an instruction over which Unicorn's TCG fails in itself ("tcg fatal
 * error", and abort()), as it rarely does: the case is thrown away, and that engine with it.
 *
 * SEED=n repeats a run; COUNT=n changes how many instructions each test tries.
 */
#include <check.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include "arch/x86/interp/interp.h"
#include "tests/fake/fake.h"
#include "tests/unit/interp_random.h"

#define DATA_BASE 0x10000u
#define DATA_SIZE 0x20000u
#define CODE_BASE 0x80000u
#define CODE_SIZE 0x10000u
#define CODE_STEP 32u
#define DEFAULT_COUNT 5000

/* Unicorn leaks. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

struct side_by_side {
	struct x86_cpu cpu;
	struct gmem *gmem;
	struct bus *bus;
	struct interp *interp;
	u8 *other_data, *other_code; /* Unicorn's memory */
	uc_engine *uc;
	int interrupt; /* vector that Unicorn met, or -1 */
	bool outside;  /* our side touched what is not there */
	bool code32;
	u32 next_code;
};
static struct side_by_side *both;

/* ---- our side ------------------------------------------------------------------------------- */
static void flushed(void *opaque, enum tlb_flush kind, gva_t address)
{
	(void)opaque, (void)kind, (void)address;
}
static void cpuid(void *opaque, u32 leaf, u32 subleaf, u32 out[4])
{
	(void)opaque, (void)subleaf;
	memset(out, 0, 16);
	if (leaf == 1) {
		out[2] = BIT(0) | BIT(9) | BIT(19) | BIT(20) | BIT(23);
		out[3] = 0x07ff8bffu;
	}
}
static bool read_msr(void *opaque, u32 index, u64 *value)
{
	(void)opaque, (void)index, (void)value;
	return false;
}
static bool write_msr(void *opaque, u32 index, u64 value)
{
	(void)opaque, (void)index, (void)value;
	return false;
}
static u64 tsc(void *opaque)
{
	(void)opaque;
	return 0;
}
static bool kernel_stack(void *opaque, u16 *ss, u32 *esp)
{
	(void)opaque, (void)ss, (void)esp;
	return false;
}
static const struct interp_ops ops = { flushed, cpuid, read_msr, write_msr, tsc, ~0u, kernel_stack };

static u32 outside_read(void *opaque, u32 offset, u32 size)
{
	(void)opaque, (void)offset, (void)size;
	both->outside = true;
	return 0;
}
static void outside_write(void *opaque, u32 offset, u32 size, u32 value)
{
	(void)opaque, (void)offset, (void)size, (void)value;
	both->outside = true;
}
static const struct bus_ops outside_ops = { outside_read, outside_write, 4 };

static void add_outside(u32 first, u32 end)
{
	ck_assert_int_eq(bus_add_mmio(both->bus, gpa(first), end - first, &outside_ops, NULL), 0);
}

static void make_ours(void)
{
	both->gmem = gmem_create(&fake_source);
	both->bus = bus_create();
	ck_assert_int_eq(gmem_add_ram(both->gmem, gpa(DATA_BASE), DATA_SIZE), 0);
	ck_assert_int_eq(gmem_add_ram(both->gmem, gpa(CODE_BASE), CODE_SIZE), 0);
	add_outside(0, DATA_BASE);
	add_outside(DATA_BASE + DATA_SIZE, CODE_BASE);
	add_outside(CODE_BASE + CODE_SIZE, 0xf0000000u);
	add_outside(0xf0000000u, 0); /* that is, 4 GB */
	both->interp = interp_create(&both->cpu, both->gmem, both->bus, &ops, NULL);
}

static u8 *our_pointer(u32 address)
{
	return gmem_ptr(both->gmem, gpa(address), 1, true);
}

static void clear_code(void)
{
	for (u32 at = 0; at < CODE_SIZE; at += PAGE_SIZE)
		memset(our_pointer(CODE_BASE + at), 0x90, PAGE_SIZE);
}

/* ---- Unicorn's side -------------------------------------------------------------------------- */
static void on_interrupt(uc_engine *uc, uint32_t number, void *opaque)
{
	(void)opaque;
	both->interrupt = (int)number;
	uc_emu_stop(uc);
}

static void check_uc(uc_err err)
{
	if (err)
		ck_abort_msg("unicorn: %s", uc_strerror(err));
}

static void open_unicorn(void)
{
	uc_hook hook;

	memset(both->other_code, 0x90, CODE_SIZE);
	check_uc(uc_open(UC_ARCH_X86, both->code32 ? UC_MODE_32 : UC_MODE_16, &both->uc));
	check_uc(uc_mem_map_ptr(both->uc, DATA_BASE, DATA_SIZE, UC_PROT_ALL, both->other_data));
	check_uc(uc_mem_map_ptr(both->uc, CODE_BASE, CODE_SIZE, UC_PROT_ALL, both->other_code));
	check_uc(uc_hook_add(both->uc, &hook, UC_HOOK_INTR, (void *)on_interrupt, NULL, 1, 0));
}

static void make_unicorn(void)
{
	both->other_data = aligned_alloc(PAGE_SIZE, DATA_SIZE);
	both->other_code = aligned_alloc(PAGE_SIZE, CODE_SIZE);
	open_unicorn();
}

/* ---- state ------------------------------------------------------------------------------------ */
static const int uc_gpr[REG_COUNT] = { UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX,
				       UC_X86_REG_EBX, UC_X86_REG_ESP, UC_X86_REG_EBP,
				       UC_X86_REG_ESI, UC_X86_REG_EDI };
static const int uc_sreg[SREG_COUNT] = { UC_X86_REG_ES, UC_X86_REG_CS, UC_X86_REG_SS,
					 UC_X86_REG_DS, UC_X86_REG_FS, UC_X86_REG_GS };

static u32 uc_get(int reg)
{
	u64 value = 0;

	check_uc(uc_reg_read(both->uc, reg, &value));
	return (u32)value;
}
static void uc_set(int reg, u32 value)
{
	u64 wide = value;

	check_uc(uc_reg_write(both->uc, reg, &wide));
}

static void reset_ours(void)
{
	struct x86_cpu *cpu = &both->cpu;

	x86_cpu_reset(cpu);
	cpu->cr0 = CR0_ET | CR0_NE | (both->code32 ? CR0_PE : 0);
	cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
	for (u32 reg = 0; reg < SREG_COUNT; reg++)
		cpu->seg[reg] = (struct x86_segment){
			.attr = (u16)((both->code32 ? SEG_DB | SEG_G : 0) | SEG_P | SEG_S |
				      (reg == SREG_CS && both->code32 ? 0xb : 0x3)),
			.limit = both->code32 ? 0xffffffffu : 0xffff,
		};
}

/* Segments of real mode: somewhere in data, code at CODE_BASE. */
static void random_segments(void)
{
	for (u32 reg = 0; reg < SREG_COUNT; reg++) {
		struct x86_segment *seg = &both->cpu.seg[reg];

		seg->selector = (u16)(reg == SREG_CS ? CODE_BASE >> 4 :
						       (DATA_BASE >> 4) + random_below(0x1000));
		seg->base = (u32)seg->selector << 4;
		uc_set(uc_sreg[reg], seg->selector);
	}
}

/* A register: an address in the data, a small number, a special one, or anything. */
static u32 random_register(void)
{
	static const u32 special[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff,
				       0x80000000, 0xffffffff, 0xfffffffe };

	switch (random_below(8)) {
	case 0:
		return random32();
	case 1:
		return special[random_below(ARRAY_SIZE(special))];
	case 2:
		return random_below(64);
	default:
		return both->code32 ? DATA_BASE + 0x800 + random_below(DATA_SIZE - 0x1000) :
				      (random32() & 0xffff0000u) | (0x800 + random_below(0xe000));
	}
}

static void random_state(void)
{
	struct x86_cpu *cpu = &both->cpu;

	for (u32 reg = 0; reg < REG_COUNT; reg++)
		cpu->gpr[reg] = random_register();
	cpu->gpr[REG_ESP] = both->code32 ?
				    DATA_BASE + 0x1000 + random_below(DATA_SIZE - 0x2000) :
				    0x1000 + random_below(0xe000);
	if (random_below(2))
		cpu->gpr[REG_ECX] = random_below(40);
	cpu->eflags = EFLAGS_FIXED | (random32() & (EFLAGS_ARITH | EFLAGS_DF));
	cpu->eip = (both->code32 ? CODE_BASE : 0) + both->next_code;
	for (u32 reg = 0; reg < REG_COUNT; reg++)
		uc_set(uc_gpr[reg], cpu->gpr[reg]);
	if (!both->code32)
		random_segments();
	uc_set(UC_X86_REG_EFLAGS, cpu->eflags);
}

/* ---- one instruction --------------------------------------------------------------------------- */
static u8 bytes[18];
static struct x86_insn tried;
static struct x86_cpu before;

static void report(const char *what, u32 ours, u32 theirs)
{
	char text[128] = "?", hex[64];
	int at = 0;

	insn_format(&tried, before.eip, text, sizeof(text));
	for (u32 i = 0; i < tried.length; i++)
		at += snprintf(hex + at, sizeof(hex) - (size_t)at, "%02x ", bytes[i]);
	for (u32 i = 0; i < REG_COUNT; i++)
		printf("r%u %08x -> %08x (%08x)\n", i, before.gpr[i], both->cpu.gpr[i],
		       uc_get(uc_gpr[i]));
	printf("flags %08x -> %08x (%08x)\n", before.eflags, both->cpu.eflags,
	       uc_get(UC_X86_REG_EFLAGS));
	fflush(stdout); /* Check ends this process without it */
	ck_abort_msg("SEED=%u: %s[%s]: %s is %x, Unicorn has %x", random_seed, hex, text, what, ours,
		     theirs);
}

/* A jump to where a later case will be: TCG would translate what is there now, and keep it.  Over a
 * jump into itself Unicorn dies. */
static bool leads_to_other_code(void)
{
	return (tried.props & INSN_BRANCH) && (both->cpu.eip % CODE_STEP == 0 ||
					       both->cpu.eip - before.eip < tried.length);
}

/* Ours first; false if the case is to be thrown away. */
static bool run_ours(enum emul_result *result)
{
	both->outside = false;
	do
		*result = interp_step(both->interp);
	while (*result == EMUL_DONE && (tried.props & INSN_STRING) && both->cpu.eip == before.eip &&
	       !both->outside);
	both->cpu.eflags &= ~EFLAGS_RF;
	if (*result == EMUL_FAULT && (both->cpu.fault.vector == EXCP_GP ||
				      both->cpu.fault.vector == EXCP_SS))
		return false; /* limits, alignment: TCG does not check */
	return !both->outside && !leads_to_other_code();
}

static sigjmp_buf unicorn_fails;
static void on_abort(int number)
{
	(void)number;
	siglongjmp(unicorn_fails, 1);
}

/* As uc_emu_start(); false if TCG aborts. */
static bool start_unicorn(u64 begin, u64 end, size_t count, uc_err *err)
{
	if (sigsetjmp(unicorn_fails, 1)) {
		signal(SIGABRT, SIG_DFL);
		open_unicorn(); /* what is left of the old one cannot even be closed */
		return false;
	}
	signal(SIGABRT, on_abort);
	*err = uc_emu_start(both->uc, begin, end, 0, count);
	signal(SIGABRT, SIG_DFL);
	return true;
}

/* False if there is nothing to compare with. */
static bool run_theirs(void)
{
	u32 linear = before.eip + (both->code32 ? 0 : CODE_BASE);
	bool repeated = (tried.props & INSN_STRING) && (tried.prefixes & (PREFIX_REP | PREFIX_REPNE));
	u64 end = linear + tried.length;
	uc_err err;

	both->interrupt = -1;
	if (!start_unicorn(linear, repeated ? end : 0, repeated ? 0 : 1, &err))
		return false;
	/* A branch may lead to where nothing is; it has been executed then. */
	if (err && err != UC_ERR_FETCH_UNMAPPED && both->interrupt < 0)
		report(uc_strerror(err), 0, 1);
	return true;
}

static void compare_registers(void)
{
	const u32 mask = ~random_undefined_flags(&tried, &before);
	u32 flags = uc_get(UC_X86_REG_EFLAGS);

	for (u32 reg = 0; reg < REG_COUNT; reg++)
		if (both->cpu.gpr[reg] != uc_get(uc_gpr[reg]))
			report("register", both->cpu.gpr[reg], uc_get(uc_gpr[reg]));
	if ((uc_get(UC_X86_REG_EIP) ^ both->cpu.eip) & (both->code32 ? 0xffffffffu : 0xffff))
		report("EIP", both->cpu.eip, uc_get(UC_X86_REG_EIP));
	if ((flags ^ both->cpu.eflags) & mask & (EFLAGS_ARITH | EFLAGS_DF))
		report("EFLAGS", both->cpu.eflags, flags);
	for (u32 reg = 0; !both->code32 && reg < SREG_COUNT; reg++)
		if (uc_get(uc_sreg[reg]) != both->cpu.seg[reg].selector)
			report("selector", both->cpu.seg[reg].selector, uc_get(uc_sreg[reg]));
}

static void compare_memory(void)
{
	for (u32 at = 0; at < DATA_SIZE; at += PAGE_SIZE) {
		const u8 *ours = our_pointer(DATA_BASE + at);

		if (!memcmp(ours, both->other_data + at, PAGE_SIZE))
			continue;
		for (u32 i = 0; i < PAGE_SIZE; i++)
			if (ours[i] != both->other_data[at + i])
				report("memory", ours[i], both->other_data[at + i]);
	}
}

static void refresh_memory(bool random)
{
	for (u32 at = 0; random && at < DATA_SIZE; at += 4) {
		u32 value = random_below(4) ? random32() : random_register();

		memcpy(both->other_data + at, &value, 4);
	}
	for (u32 at = 0; at < DATA_SIZE; at += PAGE_SIZE)
		memcpy(our_pointer(DATA_BASE + at), both->other_data + at, PAGE_SIZE);
}

static void place_code(void)
{
	/* A jump to itself behind the instruction keeps TCG from translating further. */
	memset(bytes + tried.length, 0x90, sizeof(bytes) - tried.length);
	memcpy(bytes + tried.length, (const u8[]){ 0xeb, 0xfe }, 2);
	both->next_code += CODE_STEP;
	if (both->next_code + CODE_STEP > CODE_SIZE) {
		both->next_code = 0; /* a new engine, for the old one has cached the old code */
		check_uc(uc_close(both->uc));
		open_unicorn();
		clear_code();
	}
	memcpy(our_pointer(CODE_BASE + both->next_code), bytes, sizeof(bytes));
	memcpy(both->other_code + both->next_code, bytes, sizeof(bytes));
}

static bool one_case(random_filter_fn *wanted, void (*load)(void), void (*compare)(void))
{
	enum emul_result result;

	random_instruction(bytes, both->code32, wanted, &tried);
	place_code();
	random_state();
	if (load)
		load();
	before = both->cpu;
	if (!run_ours(&result) || !run_theirs()) {
		refresh_memory(false);
		reset_ours();
		return false;
	}
	if (result == EMUL_UNHANDLED)
		report("result", result, 0);
	if ((result == EMUL_FAULT) != (both->interrupt >= 0) ||
	    (result == EMUL_FAULT && both->cpu.fault.vector != both->interrupt))
		report("fault", result == EMUL_FAULT ? both->cpu.fault.vector : 999,
		       (u32)both->interrupt);
	/* Unicorn never gets out of a fault: the next one would be a double fault. */
	if (result == EMUL_FAULT)
		both->next_code = CODE_SIZE;
	if (result == EMUL_DONE) {
		compare_registers();
		compare_memory();
		if (compare)
			compare();
	}
	return true;
}

static void run_slice(bool code32, random_filter_fn *wanted, void (*load)(void),
		      void (*compare)(void))
{
	const char *text = getenv("COUNT");
	u32 count = text ? (u32)atoi(text) : DEFAULT_COUNT, done = 0, thrown_away = 0;

	both->code32 = code32;
	make_ours();
	clear_code();
	make_unicorn();
	reset_ours();
	refresh_memory(true);
	while (done + thrown_away < count)
		if (one_case(wanted, load, compare))
			done++;
		else
			thrown_away++;
	printf("SEED=%u: %u instructions agree, %u thrown away\n", random_seed, done, thrown_away);
}

/* ---- FPU ------------------------------------------------------------------------------------------ */
#include "tests/unit/interp_random_fpu.h"

/* ---- tests ------------------------------------------------------------------------------------------ */
START_TEST(integer_instructions_agree_in_32_bits)
{
	run_slice(true, random_is_integer, NULL, NULL);
}
END_TEST

START_TEST(integer_instructions_agree_in_real_mode)
{
	run_slice(false, random_is_integer_or_segment, NULL, NULL);
}
END_TEST

START_TEST(string_instructions_agree)
{
	run_slice(true, random_is_string, NULL, NULL);
}
END_TEST

START_TEST(x87_instructions_agree)
{
	run_slice(true, random_is_x87, load_x87, compare_x87);
}
END_TEST

START_TEST(mmx_and_sse_instructions_agree)
{
	run_slice(true, random_is_sse, load_sse, compare_sse);
}
END_TEST

static void setup(void)
{
	fake_reset();
	both = aligned_alloc(16, ALIGN_UP(sizeof(*both), (size_t)16));
	memset(both, 0, sizeof(*both));
	random_start();
}

int main(void)
{
	Suite *suite = suite_create("interp_unicorn");
	TCase *tcase = tcase_create("random");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_set_timeout(tcase, 3600);
	tcase_add_test(tcase, integer_instructions_agree_in_32_bits);
	tcase_add_test(tcase, integer_instructions_agree_in_real_mode);
	tcase_add_test(tcase, string_instructions_agree);
	tcase_add_test(tcase, x87_instructions_agree);
	tcase_add_test(tcase, mmx_and_sse_instructions_agree);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
