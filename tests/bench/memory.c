/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page tables and faults: fresh pages, mappings made and undone, protection, and faults that the
 * program handles itself.
 */
#include "tests/bench/bench.h"

#define MMAP_PAGES 16u

static char *area; /* of the benchmark that runs */

static void map_area(u32 ops)
{
	area = bench_map(ops * PAGE);
}

static void unmap_area(u32 ops)
{
	sys2(SYS_MUNMAP, area, ops * PAGE);
}

/* The first write to each of @ops anonymous pages. */
static void touch(u32 ops)
{
	for (u32 i = 0; i < ops; i++)
		*(volatile char *)(area + i * PAGE) = 1;
}

static void map_touch_unmap(u32 ops)
{
	while (ops--) {
		char *memory = bench_map(MMAP_PAGES * PAGE);

		for (u32 i = 0; i < MMAP_PAGES; i++)
			*(volatile char *)(memory + i * PAGE) = 1;
		sys2(SYS_MUNMAP, memory, MMAP_PAGES * PAGE);
	}
}

static void one_page(u32 ops)
{
	(void)ops;
	area = bench_map(PAGE);
	*(volatile char *)area = 1;
}

/* Protect a page, and make it writable again. */
static void protect(u32 ops)
{
	while (ops--) {
		sys3(SYS_MPROTECT, area, PAGE, PROT_NONE);
		sys3(SYS_MPROTECT, area, PAGE, PROT_RW);
		*(volatile char *)area = 1;
	}
}

static void catch(int signal, void (*handler)(int signal, void *info, void *context))
{
	struct sys_sigaction action = { handler, SA_SIGINFO_RESTORER_NODEFER, sys_restore, { 0, 0 } };

	if (sys4(SYS_RT_SIGACTION, (u32)signal, (u32)&action, 0, sizeof(action.mask)))
		bench_fail("rt_sigaction");
}

/* Skip the instruction that faulted: its EIP is the 15th word of the context's registers. */
#define CONTEXT_EIP (5 + 14)

static void skip_store(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	((u32 *)context)[CONTEXT_EIP] += 2; /* movl %eax, (%ebx) */
}

static void skip_divide(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	((u32 *)context)[CONTEXT_EIP] += 2; /* divl %ecx */
}

static void catch_store(u32 ops)
{
	(void)ops;
	area = bench_map(PAGE);
	sys3(SYS_MPROTECT, area, PAGE, PROT_NONE);
	catch(SIGSEGV, skip_store);
}

static void store(u32 ops)
{
	while (ops--)
		asm volatile("movl %%eax, (%%ebx)" : : "a"(0), "b"(area) : "memory");
}

static void catch_divide(u32 ops)
{
	(void)ops;
	catch(SIGFPE, skip_divide);
}

static void divide(u32 ops)
{
	u32 low = 1, high = 0;

	while (ops--)
		asm volatile("divl %%ecx" : "+a"(low), "+d"(high) : "c"(0) : "cc");
}

/* clang-format off */
const struct bench memory_benches[] = {
	{ "pgfault", 2000, touch, map_area, unmap_area },
	{ "mmap", 100, map_touch_unmap, 0, 0 },
	{ "mprotect", 2000, protect, one_page, 0 },
	{ "segv", 2000, store, catch_store, 0 },
	{ "divzero", 2000, divide, catch_divide, 0 },
	{ 0, 0, 0, 0, 0 },
};
/* clang-format on */
