/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A window of the linear space whose tables are the test's, in whichever format is in use: entries by index, ways to
 * change them, and accesses that may fault.
 */
#ifndef TESTS_GUESTS_VMI_WINDOW_H
#define TESTS_GUESTS_VMI_WINDOW_H

#include "tests/guests/vmi/conform.h"
#include "tests/lib/pae.h"

#define WINDOW 0x40000000u
#define PAGE_A (SCRATCH)
#define PAGE_B (SCRATCH + 0x1000)
#define VALUE(page) (0xabc00000u | (page) >> 12)
#define FLAGS_RW (PTE_P | PTE_W | PTE_U)

/* The first table of the window, a spare one, and the directory of the window's gigabyte with PAE. */
extern u8 table[4096], second_table[4096];
extern u64 upper[512];

void *entry(void *of, u32 index);
u32 entries(void);
u32 large_bytes(void);
/* The directory entry for the @nth table of the window. */
void *directory_entry(u32 n);
u64 get(const void *at);
/* As a kernel without VMI. */
void store(void *at, u64 value);
/* By SetPxE or SetPxELong. */
void set(void *at, u64 value, u32 flags);
/* UpdatePxE, AllocatePage, ReleasePage, where they are offered. */
void updated(void *at, u32 flags);
void announce(const void *page, u32 level, const void *source, u32 start, u32 count);
void release(const void *page, u32 level);
void inval(u32 at);
u32 page(u32 n);
volatile u32 *at(u32 address);
/* Accesses for guest_try. */
void read_at(u32 address);
void write_at(u32 address);
void run_at(u32 address);
/* Does @access to @address give a page fault with @error? */
bool faults(void (*access)(u32), u32 address, u32 error);

/* The tests that use it, in two files. */
void table_calls(void); /* 38 to 41, 46, 47 */
void space_calls(void); /* 17, 44, 45, 48, 73 */

#endif
