/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of vmi-hostile. */
#ifndef TESTS_GUESTS_VMI_HOSTILE_H
#define TESTS_GUESTS_VMI_HOSTILE_H

#include "tests/lib/guest_timer.h"
#include "tests/lib/pae.h"
#include "tests/lib/random.h"
#include "tests/lib/vmi.h"

/* RAM that may become anything, and be written by anyone. */
#define SCRATCH 0xa00000u
#define SCRATCH_PAGES 16u
#define USER_CODE 0xc00000u
#define USER_STACK 0xd00000u
#define WINDOW 0x40000000u

extern bool pae;
static inline u32 one_of(const u32 *list, u32 count)
{
	return list[random_u32() % count];
}
bool offered(u32 call);
/* All arguments a call can have. */
void call5(u32 call, u32 a, u32 d, u32 c, u32 e, u32 f);
/* Undo what random calls may have done to this kernel: call after each. */
void recover(void);
/* Ring 3 and its way back work. */
bool works(void);

void random_calls(u32 count);
void random_tables(u32 count);
void changes_under_way(u32 rounds);

#endif
