/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine of the host tests: implements hv/arch.h, hv/core/{kheap,pmm}.h and the hooks of
 * err.h, assert.h and log.h on the development host, written to catch misuse.  Physical memory is an
 * arena whose hpa differs from its pointers by an odd multiple of 4 KB; freed memory is poisoned;
 * time moves only by fake_advance_ns(); allocation fails on demand.
 */
#ifndef TESTS_FAKE_FAKE_H
#define TESTS_FAKE_FAKE_H

#include "hv/core/gmem.h"
#include "hv/core/timer.h"

/* Forget everything: time 0, arena empty, no failures asked for.  Call in each test's setup. */
void fake_reset(void);
/* Move the clock of arch_time_ns(), arch_tsc() and fake_clock. */
void fake_advance_ns(u64 ns);
extern const struct clock fake_clock;
/* The @n-th allocation from now (kheap, pages) fails, once; 0: none. */
void fake_fail_allocation(u32 n);
/* Page frames from the arena, for gmem and shadow. */
extern const struct gmem_source fake_source;
/* Frames and kheap objects that are allocated and not freed; a test ends with 0. */
u32 fake_outstanding(void);
/* Page-aligned memory of this program (a ROM image) counts as host memory too, until fake_reset():
 * arch_ptr_to_hpa gives it an address, by which nobody can reach it. */
void fake_add_image(const void *start, size_t size);
/* The text logged since fake_reset(), for asserting on messages. */
const char *fake_log(void);
/* What arch_power_off/arch_reset would have done is recorded and longjmps to the test. */

#endif
