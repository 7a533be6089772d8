/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A benchmark: run() does @ops operations, and only that is measured.  prepare() and finish() stand
 * around each measured part; they may be NULL.  The unit of an operation is in docs/benchmarks.md.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "tests/bench/sys.h"

struct bench {
	const char *name;
	u32 ops;
	void (*run)(u32 ops);
	void (*prepare)(u32 ops);
	void (*finish)(u32 ops);
};

/* Ends with a name that is NULL. */
extern const struct bench user_benches[], memory_benches[], process_benches[], load_benches[];

/* Say that what must not happen has, and end this process; the next benchmark follows. */
void bench_fail(const char *what) __attribute__((noreturn));
/* An anonymous mapping of @size bytes. */
char *bench_map(u32 size);
/* How a program finds the kernel's fast system call, 0 if it offers none. */
extern u32 bench_sysinfo;
/* /dev/port, open for reading and writing; the position is the port. */
extern int bench_ports;
/* The program itself, and the word that makes it end at once. */
#define BENCH_PATH "/init"
#define BENCH_EXIT "exit"

#endif
