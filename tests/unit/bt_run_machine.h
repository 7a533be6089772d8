/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Three machines with the same memory, for test_bt_run.c: `plain` is interpreted, `fast` is
 * translated and shows its memory at the linear addresses that the guest uses, `uc` is Unicorn.
 *
 * Paging is on, so that what is not there is a page fault.  Around the data nothing is mapped in
 * this process either; what a guest touches elsewhere is never executed natively.
 */
#ifndef TESTS_UNIT_BT_RUN_MACHINE_H
#define TESTS_UNIT_BT_RUN_MACHINE_H

#include <sys/syscall.h>
#include <unicorn/unicorn.h>

#include "arch/x86/bt/bt.h"
#include "arch/x86/interp/interp.h"
#include "tests/fake/fake.h"
#include "tests/unit/bt_run_native.h"

/* Linear addresses: below what AddressSanitizer has for itself. */
#define GUARD 0x100000u
#define DATA 0x10000000u
#define DATA_SIZE 0x4000u
#define CODE 0x11000000u
#define CODE_SIZE 0x10000u
#define CACHE 0x12000000u
#define SHARED 0x13000000u
#define GDT_LINEAR (CODE + 2 * CODE_SIZE) /* for the interpreter's IRET; may be read by accident */
#define IF_PAGE (SHARED + PAGE_SIZE)
/* Guest-physical. */
#define DIRECTORY 0x1000u
#define DATA_TABLE 0x2000u
#define CODE_TABLE 0x3000u
#define GDT 0x4000u
#define DATA_GPA 0x10000u
#define CODE_GPA 0x20000u
#define RAM_SIZE 0x40000u

#define KERNEL_CS 0x60u
#define PTE_P 1u
#define PTE_W 2u

struct machine {
	struct x86_cpu cpu ALIGNED(16);
	struct gmem *gmem;
	struct bus *bus;
	struct interp *interp;
	u8 *data; /* all of its pages in a row */
};
static struct machine plain, fast;
static struct bt *bt;
static u32 slow_routine;
static uc_engine *uc;
static u8 *uc_data, *uc_code;

static struct shared_page *shared_page(void)
{
	return (struct shared_page *)SHARED;
}
static u32 *if_page(void)
{
	return (u32 *)IF_PAGE;
}

/* ---- what the interpreter and the translator ask for -------------------------------------------
 */
static void flushed(void *opaque, enum tlb_flush kind, gva_t address)
{
	(void)opaque, (void)kind, (void)address;
}
static void cpuid(void *opaque, u32 leaf, u32 subleaf, u32 out[4])
{
	(void)opaque, (void)subleaf;
	memset(out, 0, 16);
	if (leaf == 1) {
		out[2] = BIT(0) | BIT(9) | BIT(19) | BIT(20) | BIT(23);
		out[3] = 0x07ff8bffu;
	}
}
static bool read_msr(void *opaque, u32 index, u64 *value)
{
	(void)opaque, (void)index, (void)value;
	return false;
}
static bool write_msr(void *opaque, u32 index, u64 value)
{
	(void)opaque, (void)index, (void)value;
	return false;
}
static u64 tsc(void *opaque)
{
	(void)opaque;
	return 0;
}
static bool kernel_stack(void *opaque, u16 *ss, u32 *esp)
{
	(void)opaque, (void)ss, (void)esp;
	return false;
}
static const struct interp_ops ops = {
	flushed, cpuid, read_msr, write_msr, tsc, ~0u, kernel_stack
};

static bool supports(void *opaque, const struct x86_insn *insn)
{
	(void)opaque;
	return interp_supports(fast.interp, insn);
}
static void protect(void *opaque, gpa_t address)
{
	(void)opaque, (void)address;
}

/* ---- memory ---- */
static void *map_at(uintptr_t at, size_t size, int rights, int flags, int fd, u32 offset)
{
	void *got = mmap((void *)at, size, rights, flags | (at ? MAP_FIXED : 0), fd, (off_t)offset);

	ck_assert_ptr_ne(got, MAP_FAILED);
	return got;
}

/* @size bytes of guest RAM from @from on, also seen at @at (0: anywhere). */
static u8 *alias(struct machine *m, u32 from, u32 size, u32 at, int rights)
{
	int fd = (int)syscall(SYS_memfd_create, "guest", 0);

	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	for (u32 i = 0; i < size; i += PAGE_SIZE)
		map_at((uintptr_t)gmem_ptr(m->gmem, gpa(from + i), PAGE_SIZE, true), PAGE_SIZE,
		       PROT_READ | PROT_WRITE, MAP_SHARED, fd, i);
	return map_at(at, size, rights, MAP_SHARED, fd, 0);
}

static void put32(struct machine *m, u32 at, u32 value)
{
	ck_assert(gmem_write(m->gmem, gpa(at), &value, 4));
}

static void make_tables(struct machine *m)
{
	put32(m, DIRECTORY + (DATA >> 22) * 4, DATA_TABLE | PTE_P | PTE_W);
	put32(m, DIRECTORY + (CODE >> 22) * 4, CODE_TABLE | PTE_P | PTE_W);
	for (u32 i = 0; i < DATA_SIZE; i += PAGE_SIZE)
		put32(m, DATA_TABLE + ((DATA + i) >> 12 & 0x3ff) * 4,
		      (DATA_GPA + i) | PTE_P | PTE_W);
	for (u32 i = 0; i < CODE_SIZE; i += PAGE_SIZE)
		put32(m, CODE_TABLE + ((CODE + i) >> 12 & 0x3ff) * 4, (CODE_GPA + i) | PTE_P);
}

/* The kernel's code segment is all that there is. */
static void make_gdt(struct machine *m)
{
	put32(m, CODE_TABLE + (GDT_LINEAR >> 12 & 0x3ff) * 4, GDT | PTE_P);
	put32(m, GDT + KERNEL_CS, 0x0000ffffu);
	put32(m, GDT + KERNEL_CS + 4, 0x00cf9b00u);
}

static void make_machine(struct machine *m)
{
	m->gmem = gmem_create(&fake_source);
	m->bus = bus_create();
	ck_assert_int_eq(gmem_add_ram(m->gmem, gpa(0), RAM_SIZE), 0);
	m->interp = interp_create(&m->cpu, m->gmem, m->bus, &ops, NULL);
	make_tables(m);
	make_gdt(m);
}

static void make_bt(const struct bt_knobs *knobs)
{
	struct bt_mode mode = { .cs = KERNEL_CS };

	bt_destroy(bt);
	bt = bt_create(&(struct bt_config){ .gmem = fast.gmem,
					    .cache = (u8 *)CACHE,
					    .cache_linear = CACHE,
					    .shared_linear = SHARED,
					    .if_linear = IF_PAGE,
					    .supports = supports,
					    .protect = protect,
					    .knobs = *knobs });
	ck_assert_ptr_nonnull(bt);
	bt_set_mode(bt, &mode);
	slow_routine = *(const u32 *)CACHE;
}

/* Let indirect branches to the @size bytes at @eip go by the slow routine, which all entries of the
 * branch table lead to at first. */
static void forget_branches(u32 eip, u32 size)
{
	u32 *table = (u32 *)CACHE;

	for (u32 at = eip; at < eip + size; at++)
		table[at & 0xffff] = slow_routine;
}

static void open_unicorn(void)
{
	if (uc)
		uc_close(uc);
	ck_assert_int_eq(uc_open(UC_ARCH_X86, UC_MODE_32, &uc), 0);
	ck_assert_int_eq(uc_mem_map_ptr(uc, DATA, DATA_SIZE, UC_PROT_ALL, uc_data), 0);
	ck_assert_int_eq(uc_mem_map_ptr(uc, GDT_LINEAR, PAGE_SIZE, UC_PROT_READ,
					(void *)GDT_LINEAR), 0);
	ck_assert_int_eq(uc_mem_map_ptr(uc, CODE, CODE_SIZE, UC_PROT_READ | UC_PROT_EXEC, uc_code),
			 0);
}

static void make_machines(void)
{
	const int fresh = MAP_PRIVATE | MAP_ANONYMOUS;

	fake_reset();
	make_machine(&plain);
	make_machine(&fast);
	plain.data = alias(&plain, DATA_GPA, DATA_SIZE, 0, PROT_READ | PROT_WRITE);
	map_at(DATA - GUARD, 2 * GUARD + DATA_SIZE, PROT_NONE, fresh, -1, 0);
	fast.data = alias(&fast, DATA_GPA, DATA_SIZE, DATA, PROT_READ | PROT_WRITE);
	alias(&fast, CODE_GPA, CODE_SIZE, CODE, PROT_READ);
	alias(&fast, GDT, PAGE_SIZE, GDT_LINEAR, PROT_READ);
	make_gdt(&fast); /* the alias is empty */
	map_at(CACHE, BT_CACHE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, fresh, -1, 0);
	map_at(SHARED, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, fresh, -1, 0);
	make_bt(&(struct bt_knobs){ 0 });
	uc_data = map_at(0, DATA_SIZE, PROT_READ | PROT_WRITE, fresh, -1, 0);
	uc_code = map_at(0, CODE_SIZE, PROT_READ | PROT_WRITE, fresh, -1, 0);
	open_unicorn();
	native_setup();
}

static void write_code(struct machine *m, u32 eip, const u8 *bytes, u32 size)
{
	ck_assert(gmem_write(m->gmem, gpa(eip - CODE + CODE_GPA), bytes, size));
}

/* ---- registers ---- */
static void reset_cpu(struct x86_cpu *cpu)
{
	x86_cpu_reset(cpu);
	cpu->cr0 = CR0_PG | CR0_WP | CR0_ET | CR0_NE | CR0_PE;
	cpu->cr2 = 0x12345678;
	cpu->cr3 = DIRECTORY;
	cpu->gdtr = (struct x86_table){ GDT_LINEAR, KERNEL_CS + 7 };
	cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
	for (u32 reg = 0; reg < SREG_COUNT; reg++)
		cpu->seg[reg] = (struct x86_segment){
			.selector = (u16)native_selector(reg),
			.attr = (u16)(SEG_DB | SEG_G | SEG_P | SEG_S |
				      (reg == SREG_CS ? 0xb : 0x3)),
			.limit = 0xffffffffu,
		};
	cpu->seg[SREG_CS].selector = KERNEL_CS;
	/* Translated code sees an RPL that is 1 higher. */
	cpu->seg[SREG_SS].selector--;
}

static const int uc_gpr[REG_COUNT] = { UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX,
				       UC_X86_REG_EBX, UC_X86_REG_ESP, UC_X86_REG_EBP,
				       UC_X86_REG_ESI, UC_X86_REG_EDI };

static u32 uc_get(int reg)
{
	u64 value = 0;

	ck_assert_int_eq(uc_reg_read(uc, reg, &value), 0);
	return (u32)value;
}
static void uc_set(int reg, u32 value)
{
	u64 wide = value;

	ck_assert_int_eq(uc_reg_write(uc, reg, &wide), 0);
}

#endif
