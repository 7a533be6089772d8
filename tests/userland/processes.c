/* SPDX-License-Identifier: GPL-2.0 */
/* What a context switch must keep: debug state, FPU, thread-local storage; and time's direction. */
#define _GNU_SOURCE
#include "tests/userland/userland.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define STEPS 100 /* fewer than the debuggee makes: how many a system call takes differs */
#define DR7_WRITE4_LOCAL0 0xd0001

static volatile int watched;

static int system_call(int number)
{
	asm volatile("int $0x80" : "+a"(number) : : "memory");
	return number;
}

static int debuggee(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	watched = 1;
	for (volatile int i = 0; i < STEPS; i++)
		system_call(SYS_getppid);
	watched = 2;
	return 4;
}

static pid_t start_debuggee(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(debuggee());
	waitpid(pid, &status, 0);
	return pid;
}

/* Goes on with @request until @pid ends or has stopped @limit times. */
static int stops(pid_t pid, int request, int limit, int *status)
{
	int count = 0;

	while (count < limit && !ptrace(request, pid, NULL, NULL) &&
	       waitpid(pid, status, 0) == pid && WIFSTOPPED(*status))
		count++;
	return count;
}

static void debugger(void)
{
	int status = 0;
	pid_t pid = start_debuggee();

	printf("single steps %d\n", stops(pid, PTRACE_SINGLESTEP, STEPS, &status));
	stops(pid, PTRACE_CONT, STEPS, &status);
	printf("stepped child ended %x\n", status);

	pid = start_debuggee();
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[0]), &watched);
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]), DR7_WRITE4_LOCAL0);
	printf("watchpoint hits %d\n", stops(pid, PTRACE_CONT, STEPS, &status));
	printf("watched child ended %x\n", status);
}

static int use_fpu(void)
{
	volatile double value = 3;

	for (int i = 0; i < 1000; i++) {
		value = value * 1.5 / 1.5;
		if (i % 100 == 0)
			sched_yield();
	}
	return (int)value;
}

static void fpu(void)
{
	double third = 1.0 / 3;
	int wrong = 0;

	for (int i = 0; i < 20; i++) {
		asm volatile("" : "+t"(third));
		wrong += userland_in_child(use_fpu) != 3 << 8;
	}
	printf("fpu %.17g, wrong children %d\n", third, wrong);
}

static void *thread(void *argument)
{
	static __thread long own;

	own = (long)argument;
	for (int i = 0; i < 1000; i++) {
		sched_yield();
		if (own != (long)argument)
			return NULL;
	}
	return (void *)own;
}

static void threads(void)
{
	pthread_t ids[THREADS];
	int right = 0;

	for (long i = 0; i < THREADS; i++)
		pthread_create(&ids[i], NULL, thread, (void *)(i + 1));
	for (long i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(ids[i], &result);
		right += (long)result == i + 1;
	}
	printf("threads with their own storage %d\n", right);
}

static void clocks(void)
{
	struct itimerval every = { { 0, 20000 }, { 0, 20000 } };
	struct timespec last, now;
	int back = 0;

	signal(SIGALRM, SIG_IGN);
	setitimer(ITIMER_REAL, &every, NULL);
	clock_gettime(CLOCK_MONOTONIC, &last);
	for (int i = 0; i < 20000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		back += now.tv_sec < last.tv_sec ||
			(now.tv_sec == last.tv_sec && now.tv_nsec < last.tv_nsec);
		last = now;
	}
	printf("clock went back %d\n", back);
}

static void pipes(void)
{
	int to[2], from[2], status;
	unsigned char byte = 0;

	if (pipe(to) || pipe(from))
		return;
	if (fork() == 0) {
		close(to[1]);
		while (read(to[0], &byte, 1) == 1) {
			byte++;
			write(from[1], &byte, 1);
		}
		_exit(0);
	}
	for (int i = 0; i < 500; i++) {
		write(to[1], &byte, 1);
		read(from[0], &byte, 1);
	}
	close(to[1]);
	wait(&status);
	printf("ping-pong %u\n", byte);
}

void userland_processes(void)
{
	debugger();
	fpu();
	threads();
	clocks();
	pipes();
	if (vfork() == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	int status = -1;

	wait(&status);
	printf("vfork and exec %d\n", status);
}
