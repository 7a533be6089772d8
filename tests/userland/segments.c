/* SPDX-License-Identifier: GPL-2.0 */
/* Segments of the process's own, and what iopl and ioperm allow. */
#define _GNU_SOURCE
#include "tests/userland/userland.h"

#include <asm/ldt.h>
#include <stdio.h>
#include <sys/io.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LDT_SELECTOR(n) ((n) << 3 | 7)
#define CONTENTS_DATA 0
#define CONTENTS_CODE 2
#define EFLAGS_IF_IOPL 0x3200u

enum { DATA, DATA_ABSENT, CODE, CODE_ABSENT };

static void set_entry(unsigned number, unsigned contents, int present)
{
	struct user_desc entry = {
		.entry_number = number,
		.limit = 0xfffff,
		.limit_in_pages = 1,
		.seg_32bit = 1,
		.contents = contents,
		.seg_not_present = !present,
		.useable = 1,
	};

	if (syscall(SYS_modify_ldt, 1, &entry, sizeof(entry)))
		perror("modify_ldt");
}

static int read_by_fs(int selector, const int *where)
{
	int value;

	asm volatile("mov %2, %%fs; mov %%fs:(%1), %0" : "=&r"(value) : "r"(where), "r"(selector), "m"(*where));
	return value;
}

static int child_reads(void)
{
	int value = 7;

	return read_by_fs(LDT_SELECTOR(DATA), &value);
}

/* Far returns into LDT code segments, by IRET's smaller brother, and back. */
static void call_segment(int selector)
{
	asm volatile("push %%cs; push $1f; push %0; push $2f; lret; 2: lret; 1:" ::"r"(selector)
		     : "memory");
}

static void ldt(void)
{
	int value = 42;

	set_entry(DATA, CONTENTS_DATA, 1);
	set_entry(DATA_ABSENT, CONTENTS_DATA, 0);
	set_entry(CODE, CONTENTS_CODE, 1);
	set_entry(CODE_ABSENT, CONTENTS_CODE, 0);
	ATTEMPT("ldt data", printf("by fs %d\n", read_by_fs(LDT_SELECTOR(DATA), &value)));
	ATTEMPT("ldt absent", read_by_fs(LDT_SELECTOR(DATA_ABSENT), &value));
	ATTEMPT("ldt stack absent", asm volatile("mov %0, %%ss" ::"r"(LDT_SELECTOR(DATA_ABSENT))));
	ATTEMPT("ldt code", call_segment(LDT_SELECTOR(CODE)));
	ATTEMPT("ldt code absent", call_segment(LDT_SELECTOR(CODE_ABSENT)));
	printf("ldt in a child: %x\n", userland_in_child(child_reads));
}

static unsigned flags(void)
{
	unsigned value;

	asm volatile("pushf; pop %0" : "=r"(value));
	return value & EFLAGS_IF_IOPL;
}

static void ports(void)
{
	printf("iopl %d\n", iopl(3));
	ATTEMPT("out after iopl", outb(0, 0x80));
	ATTEMPT("cli after iopl", asm volatile("cli"));
	printf("flags %x\n", flags());
	printf("iopl %d\n", iopl(0));
	printf("ioperm %d\n", ioperm(0x80, 1, 1));
	ATTEMPT("out after ioperm", outb(0, 0x80));
	ATTEMPT("out to another port", outb(0, 0x81));
	printf("ioperm %d\n", ioperm(0x80, 1, 0));
	ATTEMPT("out after all", outb(0, 0x80));
}

void userland_segments(void)
{
	ldt();
	ports();
	asm volatile("pushf; xorl $0x3200, (%%esp); popf" ::: "memory", "cc");
	printf("flags after popf %x\n", flags());
}
