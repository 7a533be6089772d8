/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few system calls of 32-bit Linux that the benchmarks make, without a C library: nothing is
 * executed that the source does not show.  Each returns what the kernel does, -errno for an error.
 */
#ifndef TESTS_BENCH_SYS_H
#define TESTS_BENCH_SYS_H

typedef unsigned int u32;
typedef unsigned long long u64;

enum {
	SYS_EXIT = 1, SYS_FORK = 2, SYS_READ = 3, SYS_WRITE = 4, SYS_OPEN = 5, SYS_CLOSE = 6,
	SYS_WAITPID = 7, SYS_UNLINK = 10, SYS_EXECVE = 11, SYS_LSEEK = 19, SYS_MOUNT = 21,
	SYS_MKDIR = 39, SYS_PIPE = 42, SYS_DUP2 = 63, SYS_GETPPID = 64, SYS_REBOOT = 88, SYS_MUNMAP = 91,
	SYS_SYSLOG = 103, SYS_MPROTECT = 125, SYS_RT_SIGACTION = 174, SYS_MMAP2 = 192,
	SYS_CLOCK_GETTIME = 265
};

#define O_RDWR 2
#define O_CREAT 0100
#define O_TRUNC 01000
#define PROT_NONE 0
#define PROT_RW 3
#define MAP_PRIVATE_ANONYMOUS 0x22
#define CLOCK_MONOTONIC 1
#define SIGFPE 8
#define SIGSEGV 11
#define AT_SYSINFO 32
#define PAGE 4096u

/* A sixth argument, where a call has one, is 0. */
static inline int sys5(int number, u32 a, u32 b, u32 c, u32 d, u32 e)
{
	int result;

	asm volatile("pushl %%ebp\n\txorl %%ebp, %%ebp\n\tint $0x80\n\tpopl %%ebp"
		     : "=a"(result)
		     : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
		     : "memory", "cc");
	return result;
}

static inline int sys4(int number, u32 a, u32 b, u32 c, u32 d)
{
	int result;

	asm volatile("int $0x80"
		     : "=a"(result)
		     : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d)
		     : "memory");
	return result;
}

#define sys3(number, a, b, c) sys4(number, (u32)(a), (u32)(b), (u32)(c), 0)
#define sys2(number, a, b) sys4(number, (u32)(a), (u32)(b), 0, 0)
#define sys1(number, a) sys4(number, (u32)(a), 0, 0, 0)
#define sys0(number) sys4(number, 0, 0, 0, 0)

/* The return address for signal handlers (start.S). */
void sys_restore(void);

struct sys_sigaction {
	void (*handler)(int signal, void *info, void *context);
	u32 flags;
	void (*restorer)(void);
	u32 mask[2];
};
#define SA_SIGINFO_RESTORER_NODEFER 0x44000004u

#endif
