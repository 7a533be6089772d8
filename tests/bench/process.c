/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes: making them, replacing them, switching between them; files on a tmpfs; a device.
 */
#include "tests/bench/bench.h"

#define FILE_PATH "/tmp/file"
#define POST_PORT 0x80u

static int to_child[2], to_parent[2];
static int child;
static char block[PAGE];

#define OWN_PAGES 64u

/* A process that is forked has some memory: this much, as a small shell has. */
static void own_memory(u32 ops)
{
	static char *memory;

	(void)ops;
	if (!memory)
		memory = bench_map(OWN_PAGES * PAGE);
	for (u32 i = 0; i < OWN_PAGES; i++)
		*(volatile char *)(memory + i * PAGE) = 1;
}

static void wait_for(int pid)
{
	if (sys3(SYS_WAITPID, pid, 0, 0) != pid)
		bench_fail("waitpid");
}

static void fork_wait(u32 ops)
{
	while (ops--) {
		int pid = sys0(SYS_FORK);

		if (!pid)
			sys1(SYS_EXIT, 0);
		wait_for(pid);
	}
}

static void fork_exec(u32 ops)
{
	static const char *const argv[] = { BENCH_PATH, BENCH_EXIT, 0 };
	static const char *const envp[] = { 0 };

	while (ops--) {
		int pid = sys0(SYS_FORK);

		if (!pid) {
			sys3(SYS_EXECVE, BENCH_PATH, argv, envp);
			sys1(SYS_EXIT, 1);
		}
		wait_for(pid);
	}
}

/* A child that answers every byte until the pipe is closed. */
static void start_child(u32 ops)
{
	char byte;

	(void)ops;
	if (sys1(SYS_PIPE, to_child) || sys1(SYS_PIPE, to_parent))
		bench_fail("pipe");
	child = sys0(SYS_FORK);
	if (child)
		return;
	sys1(SYS_CLOSE, to_child[1]);
	while (sys3(SYS_READ, to_child[0], &byte, 1) == 1)
		sys3(SYS_WRITE, to_parent[1], &byte, 1);
	sys1(SYS_EXIT, 0);
}

static void end_child(u32 ops)
{
	(void)ops;
	sys1(SYS_CLOSE, to_child[0]);
	sys1(SYS_CLOSE, to_child[1]);
	sys1(SYS_CLOSE, to_parent[0]);
	sys1(SYS_CLOSE, to_parent[1]);
	wait_for(child);
}

static void ping_pong(u32 ops)
{
	char byte = 0;

	while (ops--)
		if (sys3(SYS_WRITE, to_child[1], &byte, 1) != 1 ||
		    sys3(SYS_READ, to_parent[0], &byte, 1) != 1)
			bench_fail("pipe");
}

/* Create a file, write a page to it, remove it. */
static void file(u32 ops)
{
	while (ops--) {
		int fd = sys3(SYS_OPEN, FILE_PATH, O_RDWR | O_CREAT, 0600);

		if (fd < 0 || sys3(SYS_WRITE, fd, block, PAGE) != (int)PAGE)
			bench_fail("file");
		sys1(SYS_CLOSE, fd);
		sys1(SYS_UNLINK, FILE_PATH);
	}
}

/* Read an I/O port: natively one instruction of the kernel. */
static void read_port(u32 ops)
{
	char byte;

	while (ops--) {
		sys3(SYS_LSEEK, bench_ports, POST_PORT, 0);
		if (sys3(SYS_READ, bench_ports, &byte, 1) != 1)
			bench_fail("port");
	}
}

/* clang-format off */
const struct bench process_benches[] = {
	{ "pipe", 500, ping_pong, start_child, end_child },
	{ "forkwait", 100, fork_wait, own_memory, 0 },
	{ "forkexec", 100, fork_exec, own_memory, 0 },
	{ "file", 500, file, 0, 0 },
	{ "port", 2000, read_port, 0, 0 },
	{ 0, 0, 0, 0, 0 },
};
/* clang-format on */
