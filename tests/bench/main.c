/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The benchmarks' program: the guest's first process, started by the kernel as /init.  Each benchmark
 * gets a process of its own, so that none inherits the memory of another (and the kernel does not
 * log the faults of process 1).
 *
 * Time is the TSC.  Under `-icount shift=0` it counts executed instructions, in QEMU's PC and for a
 * guest of Romulus alike, since Romulus gives guests the real one.  Each benchmark is run once
 * without being measured, then `rounds=` times; the result on the console is
 *
 *   BENCH name operations ticks      (of the fastest round)
 *
 * after BENCH-RUN name; or BENCH-FAILED name, why; and the next one begins.  First of all BENCH-PLAN
 * tells all names, so that whoever reads knows which ones are missing when the guest dies.
 *
 * Around the last round a mark goes to port E9h (romulus.conf: debug = log), with the hypervisor's
 * counters, outside of the time that is measured.  The benchmark "empty" does nothing: what is counted
 * for it is what the marks cost.  Words after "--" of the kernel's command line: rounds=N,
 * only=name,name..., from=name (that one and those behind it).
 */
#include "tests/bench/bench.h"

#define STDOUT 1
#define DEBUG_PORT 0xe9u
#define SYSLOG_READ_ALL 3
#define LOG_BYTES (1u << 17)
#define POWER_OFF 0x4321fedcu
#define REBOOT_MAGIC1 0xfee1deadu
#define REBOOT_MAGIC2 672274793u
#define BENCH_SAID_WHY 9 /* exit status: bench_fail() has said it all */
#define EXITED(status) ((status) >> 8)

static u32 rounds = 1;
static const char *only, *from; /* NULL: all, the first */
static const char *running;	/* the benchmark of this process, NULL in the first one */
static const struct bench *const tables[] = { user_benches, memory_benches, process_benches,
					      load_benches };
int bench_ports = -1;
u32 bench_sysinfo;

/* ---- text ---- */

static u32 length(const char *text)
{
	u32 n = 0;

	while (text[n])
		n++;
	return n;
}

static int starts(const char *text, const char *with)
{
	while (*with && *text == *with) {
		text++;
		with++;
	}
	return !*with;
}

static int same(const char *a, const char *b)
{
	return starts(a, b) && length(a) == length(b);
}

/* Is @name among the words of @list, which commas separate? */
static int listed(const char *list, const char *name)
{
	while (*list) {
		const char *end = list + length(name);

		if (starts(list, name) && (!*end || *end == ','))
			return 1;
		while (*list && *list++ != ',')
			;
	}
	return 0;
}

static void say(const char *text)
{
	sys3(SYS_WRITE, STDOUT, text, length(text));
}

static void say_number(u64 value)
{
	char digits[24];
	u32 i = sizeof(digits);

	digits[--i] = 0;
	do {
		u32 high = (u32)(value >> 32), low = (u32)value, quotient = high / 10, rest = high % 10;

		asm("divl %2" : "+a"(low), "+d"(rest) : "rm"(10));
		value = (u64)quotient << 32 | low;
		digits[--i] = (char)('0' + rest);
	} while (value);
	say(digits + i);
}

static void power_off(void)
{
	sys4(SYS_REBOOT, REBOOT_MAGIC1, REBOOT_MAGIC2, POWER_OFF, 0);
}

void bench_fail(const char *what)
{
	say("BENCH-FAILED ");
	say(running ? running : "start");
	say(" ");
	say(what);
	say("\n");
	if (!running)
		power_off();
	for (;;)
		sys1(SYS_EXIT, BENCH_SAID_WHY);
}

char *bench_map(u32 size)
{
	int address = sys5(SYS_MMAP2, 0, size, PROT_RW, MAP_PRIVATE_ANONYMOUS, ~0u);

	if ((u32)address > -PAGE)
		bench_fail("mmap");
	return (char *)address;
}

/* ---- measuring ---- */

static u64 ticks(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

/* Each byte is an OUT by the kernel; the file position is the port. */
static void mark(const char *text)
{
	for (; *text; text++) {
		sys3(SYS_LSEEK, bench_ports, DEBUG_PORT, 0);
		sys3(SYS_WRITE, bench_ports, text, 1);
	}
}

static void begin_mark(const char *name)
{
	mark("begin ");
	mark(name);
	mark("\ncounters\n");
}

static void end_mark(const char *name)
{
	mark("counters\nend ");
	mark(name);
	mark("\n");
}

static void nothing(u32 ops)
{
	(void)ops;
}

static const struct bench empty = { "empty", 1, nothing, 0, 0 };

static u64 round_of(const struct bench *bench, u32 ops, int marked)
{
	u64 start, end;

	if (bench->prepare)
		bench->prepare(ops);
	if (marked)
		begin_mark(bench->name);
	start = ticks();
	bench->run(ops);
	end = ticks();
	if (marked)
		end_mark(bench->name);
	if (bench->finish)
		bench->finish(ops);
	return end - start;
}

static void run(const struct bench *bench)
{
	u64 best = ~0ull;

	round_of(bench, (bench->ops + 3) / 4, 0);
	for (u32 i = 0; i < rounds; i++) {
		u64 took = round_of(bench, bench->ops, i == rounds - 1);

		if (took < best)
			best = took;
	}
	say("BENCH ");
	say(bench->name);
	say(" ");
	say_number(bench->ops);
	say(" ");
	say_number(best);
	say("\n");
}

static void run_in_child(const struct bench *bench)
{
	int pid, status = -1;

	say("BENCH-RUN ");
	say(bench->name);
	say("\n");
	pid = sys0(SYS_FORK);
	if (!pid) {
		running = bench->name;
		run(bench);
		sys1(SYS_EXIT, 0);
	}
	if (sys3(SYS_WAITPID, pid, &status, 0) == pid && !status)
		return;
	if (EXITED(status) == BENCH_SAID_WHY)
		return;
	say("BENCH-FAILED ");
	say(bench->name);
	say(" its process ended with wait status ");
	say_number((u32)status);
	say("\n");
}

static int selected(const struct bench *bench)
{
	if (from && same(from, bench->name))
		from = 0;
	return !from && (!only || listed(only, bench->name));
}

static void for_all_selected(void (*function)(const struct bench *bench))
{
	const char *from_there = from;

	for (u32 i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct bench *bench = tables[i]; bench->name; bench++)
			if (selected(bench))
				function(bench);
	from = from_there;
}

static void say_name(const struct bench *bench)
{
	say(" ");
	say(bench->name);
}

static void say_plan(void)
{
	say("BENCH-PLAN");
	for_all_selected(say_name);
	say("\n");
}

/* ---- what the kernel said ---- */

/* The line of the kernel's log that has @what, without its priority. */
static void say_log_line(const char *log, const char *what)
{
	const char *line = log;

	for (const char *at = log; *at; at++) {
		if (*at == '\n')
			line = at + 1;
		if (!starts(at, what))
			continue;
		say("LOG ");
		for (at = line; *at && *at != '\n'; at++)
			sys3(SYS_WRITE, STDOUT, at, 1);
		say("\n");
		return;
	}
}

static void say_log(void)
{
	char *log = bench_map(LOG_BYTES);

	sys3(SYS_SYSLOG, SYSLOG_READ_ALL, log, LOG_BYTES - 1);
	say_log_line(log, "Run " BENCH_PATH);
	say_log_line(log, "VMI: kernel runs");
	say_log_line(log, "Switched to clocksource");
	sys2(SYS_MUNMAP, log, LOG_BYTES);
}

/* For the rate of the TSC: whoever reads the console knows the time. */
static void say_tsc(void)
{
	say("TSC ");
	say_number(ticks());
	say("\n");
}

static void mount_all(void)
{
	sys2(SYS_MKDIR, "/dev", 0755);
	sys2(SYS_MKDIR, "/tmp", 0755);
	sys5(SYS_MOUNT, (u32) "dev", (u32) "/dev", (u32) "devtmpfs", 0, 0);
	sys5(SYS_MOUNT, (u32) "tmp", (u32) "/tmp", (u32) "tmpfs", 0, 0);
	bench_ports = sys3(SYS_OPEN, "/dev/port", O_RDWR, 0);
}

static u32 number(const char *digits)
{
	u32 value = 0;

	while (*digits >= '0' && *digits <= '9')
		value = value * 10 + (u32)(*digits++ - '0');
	return value;
}

static void take_argument(const char *word)
{
	if (starts(word, "rounds="))
		rounds = number(word + 7);
	if (starts(word, "only="))
		only = word + 5;
	if (starts(word, "from="))
		from = word + 5;
}

static void find_sysinfo(const u32 *vector)
{
	for (; vector[0]; vector += 2)
		if (vector[0] == AT_SYSINFO)
			bench_sysinfo = vector[1];
}

/* @stack: argc, argv, 0, environment, 0, auxiliary vector. */
int main(u32 *stack)
{
	u32 argc = stack[0];
	const char **argv = (const char **)(stack + 1), **end = argv + argc + 1;

	if (argc > 1 && same(argv[1], BENCH_EXIT))
		return 0;
	while (*end)
		end++;
	find_sysinfo((const u32 *)(end + 1));
	for (u32 i = 1; i < argc; i++)
		take_argument(argv[i]);
	mount_all();
	begin_mark("start");
	say_log();
	say_plan();
	say_tsc();
	run_in_child(&empty);
	for_all_selected(run_in_child);
	say_tsc();
	say("BENCH-DONE\n");
	power_off();
	return 1;
}
