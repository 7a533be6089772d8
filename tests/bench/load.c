/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Real programs, as Debian ships them, doing what they are for: gzip packs a tree of sources, and
 * tcc compiles a program file by file and links it, as make would have it do.  What they made is
 * checked afterwards: gzip reads its file again, and the program runs.
 *
 * tools/bench puts the programs, their library and the sources into the initramfs, and a file that
 * names those to compile, one a line.
 */
#include "tests/bench/bench.h"

#define GZIP "/bin/gzip"
#define TCC "/usr/bin/tcc"
#define TREE "/src"
#define PACKED "/tmp/tree.gz"
#define PROGRAM "/tmp/program"
#define LOAD_SOURCES "/sources"
#define SOURCES_MAX 32u
#define LIST_BYTES 4096u

static char list[LIST_BYTES];
static const char *sources[SOURCES_MAX];
static char objects[SOURCES_MAX][sizeof("/tmp/00.o")];
static u32 source_count;

/* Run @argv with its output in @out (NULL: left alone); its exit must be good. */
static void run_program(const char *const *argv, const char *out)
{
	static const char *const environment[] = { 0 };
	int pid = sys0(SYS_FORK), status = -1;

	if (!pid) {
		int fd = out ? sys3(SYS_OPEN, out, O_RDWR | O_CREAT | O_TRUNC, 0600) : 1;

		if (fd >= 0 && (fd == 1 || sys2(SYS_DUP2, fd, 1) == 1))
			sys3(SYS_EXECVE, argv[0], argv, environment);
		sys1(SYS_EXIT, 127);
	}
	if (sys3(SYS_WAITPID, pid, &status, 0) != pid || status)
		bench_fail(argv[0]);
}

static void gzip_tree(u32 ops)
{
	static const char *const argv[] = { GZIP, "-c", "-r", "-n", TREE, 0 };

	while (ops--)
		run_program(argv, PACKED);
}

static void gzip_check(u32 ops)
{
	static const char *const argv[] = { GZIP, "-t", PACKED, 0 };

	(void)ops;
	run_program(argv, 0);
	sys1(SYS_UNLINK, PACKED);
}

/* Read LOAD_SOURCES; the object of the source number n is /tmp/n.o. */
static void tcc_prepare(u32 ops)
{
	int fd = sys3(SYS_OPEN, LOAD_SOURCES, 0, 0);
	int size = sys3(SYS_READ, fd, list, LIST_BYTES - 1);

	(void)ops;
	sys1(SYS_CLOSE, fd);
	if (size <= 0)
		bench_fail(LOAD_SOURCES);
	source_count = 0;
	for (char *at = list, *word = list; *at; at++) {
		if (*at != '\n')
			continue;
		*at = 0;
		if (source_count == SOURCES_MAX)
			bench_fail("too many sources");
		for (u32 i = 0; i < sizeof(objects[0]); i++)
			objects[source_count][i] = "/tmp/00.o"[i];
		objects[source_count][5] = (char)('0' + source_count / 10);
		objects[source_count][6] = (char)('0' + source_count % 10);
		sources[source_count++] = word;
		word = at + 1;
	}
}

static void tcc_program(u32 ops)
{
	const char *link[SOURCES_MAX + 4] = { TCC, "-o", PROGRAM };

	for (u32 i = 0; i < source_count; i++)
		link[3 + i] = objects[i];
	while (ops--) {
		for (u32 i = 0; i < source_count; i++) {
			const char *const argv[] = { TCC, "-c", "-DHOST_TEST", "-I" TREE,
						     "-o", objects[i], sources[i], 0 };

			run_program(argv, 0);
		}
		run_program(link, 0);
	}
}

static void tcc_check(u32 ops)
{
	static const char *const argv[] = { PROGRAM, 0 };

	(void)ops;
	run_program(argv, 0);
	sys1(SYS_UNLINK, PROGRAM);
	for (u32 i = 0; i < source_count; i++)
		sys1(SYS_UNLINK, objects[i]);
}

/* clang-format off */
const struct bench load_benches[] = {
	{ "gzip", 1, gzip_tree, 0, gzip_check },
	{ "tcc", 1, tcc_program, tcc_prepare, tcc_check },
	{ 0, 0, 0, 0, 0 },
};
/* clang-format on */
