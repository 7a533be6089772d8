/* SPDX-License-Identifier: GPL-2.0 */
/* The signal catcher, and the order of the tests: see userland.h. */
#define _GNU_SOURCE
#include "tests/userland/userland.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

sigjmp_buf userland_jump;

static volatile struct {
	int number, code, trap, error, cs;
} caught;

static void catcher(int number, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	caught.number = number;
	caught.code = info->si_code;
	caught.trap = regs[REG_TRAPNO];
	caught.error = regs[REG_ERR];
	caught.cs = regs[REG_CS];
	siglongjmp(userland_jump, 1);
}

void userland_catch_signals(void)
{
	static const int numbers[] = { SIGSEGV, SIGILL, SIGBUS, SIGFPE, SIGTRAP };
	static char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = {
		.sa_sigaction = catcher,
		.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK,
	};

	sigaltstack(&alternate, NULL);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

void userland_before(void)
{
	caught.number = 0;
}

void userland_after(const char *name)
{
	if (caught.number)
		printf("%s: signal %d code %d trap %d error %x cs %x\n", name, caught.number,
		       caught.code, caught.trap, caught.error, caught.cs);
	else
		printf("%s: no signal\n", name);
	fflush(stdout);
}

int userland_in_child(int (*child)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(child());
	waitpid(pid, &status, 0);
	return status;
}

int main(void)
{
	userland_catch_signals();
	userland_instructions();
	userland_frames();
	userland_segments();
	userland_memory();
	userland_processes();
	printf("end\n");
	return 0;
}
