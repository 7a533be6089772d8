/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A Linux program that does what user programs do to a kernel's entry code, and prints what came of
 * it.  Nothing in it says what is right: a PC does.  tests/qemu_userland.py runs it under the same
 * kernel on plain QEMU and under Romulus, and wants the same lines.  So it prints nothing that
 * depends on time or chance, and leaves out what QEMU itself gets wrong (ICEBP).
 */
#ifndef TESTS_USERLAND_USERLAND_H
#define TESTS_USERLAND_USERLAND_H

#include <setjmp.h>

extern sigjmp_buf userland_jump;

void userland_catch_signals(void);

/* Before and after the statement of ATTEMPT; the latter prints what signal came, and its details. */
void userland_before(void);
void userland_after(const char *name);

#define ATTEMPT(name, statement)                 \
	do {                                     \
		userland_before();               \
		if (!sigsetjmp(userland_jump, 1)) { \
			statement;               \
		}                                \
		userland_after(name);            \
	} while (0)

/* Runs @child in a process of its own; what wait() says of it. */
int userland_in_child(int (*child)(void));

void userland_instructions(void); /* instructions and accesses that user code may not do */
void userland_frames(void);	  /* signal frames that IRET refuses */
void userland_segments(void);	  /* LDT, TLS, ports */
void userland_memory(void);	  /* page tables */
void userland_processes(void);	  /* debugger, FPU, threads, pipes */

#endif
