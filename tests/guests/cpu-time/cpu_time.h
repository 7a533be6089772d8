/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of cpu-time share. */
#ifndef TESTS_GUESTS_CPU_TIME_CPU_TIME_H
#define TESTS_GUESTS_CPU_TIME_CPU_TIME_H

#include "tests/lib/guest_timer.h"

#define IF 0x200u
#define IOPL3 0x3000u
#define STACK 0x700000u
#define ROUNDS 150u

/* sequences.S */
struct sequence {
	const char *text;
	u32 code, at, kernel_only, not_tcg;
};
extern const struct sequence sequences[], sequences_end[];
extern volatile u32 stop, first, second;
extern u8 gate_trap[], gate_interrupt[], loop_mov_ss[], mov_ss_1[], mov_ss_2[], loop_cli[],
	loop_registers[], tight_jmp[], tight_pair[], tight_call[], tight_end[];

/* clock.c: time stamps, ticks against another clock, nested interrupts. */
void clock_tests(void);
void drift_test(void);

#endif
