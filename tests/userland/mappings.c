/* SPDX-License-Identifier: GPL-2.0 */
/* Mappings made, protected, copied on write, moved and removed: each step reads all pages back. */
#define _GNU_SOURCE
#include "tests/userland/userland.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u
#define SIZE (1u << 20)

static unsigned char *area;

static unsigned sum(void)
{
	unsigned total = 0;

	for (unsigned i = 0; i < SIZE; i += PAGE)
		total += area[i];
	return total;
}

static void fill(void)
{
	for (unsigned i = 0; i < SIZE; i += PAGE)
		area[i] = (unsigned char)(i / PAGE);
}

static int overwrite(void)
{
	for (unsigned i = 0; i < SIZE; i += PAGE)
		area[i] = 1;
	return sum() == SIZE / PAGE ? 5 : 6;
}

static volatile char deep;

static void recurse(int depth)
{
	volatile char block[2 * PAGE];

	block[0] = (char)depth;
	if (depth >= 0)
		recurse(depth + 1);
	deep = block[0];
}

static int overflow(void)
{
	signal(SIGSEGV, SIG_DFL);
	recurse(0);
	return 0;
}

void userland_memory(void)
{
	area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fill();
	printf("filled %u\n", sum());
	mprotect(area, SIZE, PROT_READ);
	ATTEMPT("write to read-only", area[PAGE] = 1);
	mprotect(area, SIZE, PROT_NONE);
	ATTEMPT("read from nothing", (void)*(volatile unsigned char *)(area + PAGE));
	mprotect(area, SIZE, PROT_READ | PROT_WRITE);
	printf("protected and back %u\n", sum());
	printf("child wrote %x\n", userland_in_child(overwrite));
	printf("parent still has %u\n", sum());
	area = mremap(area, SIZE, 2 * SIZE, MREMAP_MAYMOVE);
	printf("moved %u\n", sum());
	madvise(area, SIZE, MADV_DONTNEED);
	printf("given back %u\n", sum());
	munmap(area, 2 * SIZE);
	ATTEMPT("read unmapped", (void)*(volatile unsigned char *)area);
	printf("stack overflow: signal %d\n", userland_in_child(overflow) & 0x7f);
}
