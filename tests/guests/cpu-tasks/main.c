/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hardware task switches: by JMP, CALL, IRET with NT, task gates in the GDT and in the IDT; to tasks of
 * ring 0 and ring 3; busy bits, back links, NT, TS; and the I/O bitmap of the TSS in ring 3.
 */
#include "tests/lib/guest.h"

#define ROUNDS 100u
#define IF 0x200u
#define NT 0x4000u
#define CR0_TS 8u
#define STACK 0x700000u
#define OTHER_STACK 0x6f0000u
#define OTHER FREE_SELECTOR	       /* TSS of another task */
#define GATE (FREE_SELECTOR + 8)      /* task gate to it */
#define FAULT_TASK (FREE_SELECTOR + 16)
#define BUSY (1ull << 41)
#define TSS_TYPE (0x89ull << 40)

enum { T_LINK, T_CR3 = 7, T_EIP, T_EFLAGS, T_EAX, T_ECX, T_EDX, T_EBX, T_ESP, T_EBP, T_ESI, T_EDI, T_ES, T_CS,
       T_SS, T_DS, T_FS, T_GS, T_LDT, T_IOMAP };

/* With an I/O bitmap of ports 0 to 3FF and the byte behind it. */
static u8 big_tss[104 + 129] ALIGNED(128);
static u32 other[26] ALIGNED(128), fault_task[26] ALIGNED(128);
static volatile u32 seen_eax, seen_nt, seen_link, seen_ts, seen_tr, faults, fault_eip;
extern volatile u32 fault_error;
volatile u32 fault_error; /* the assembly pops it */

static u64 descriptor(const void *at, u32 limit)
{
	u32 base = (u32)at;

	return limit | (u64)(base & 0xffffff) << 16 | TSS_TYPE | (u64)(base >> 24) << 56;
}

static void fill(u32 *task, const void *eip, u32 ring)
{
	for (u32 i = 0; i < 26; i++)
		task[i] = 0;
	task[1] = OTHER_STACK + 0x800;
	task[2] = KERNEL_DS;
	task[T_CR3] = (u32)page_directory;
	task[T_EIP] = (u32)eip;
	task[T_EFLAGS] = 2;
	task[T_ESP] = OTHER_STACK;
	task[T_CS] = ring ? USER_CS : KERNEL_CS;
	task[T_ES] = task[T_SS] = task[T_DS] = ring ? USER_DS : KERNEL_DS;
	task[T_IOMAP] = 0xffffu << 16;
	for (u32 i = T_EAX; i <= T_EDI; i++)
		if (i != T_ESP)
			task[i] = 0x1000 + i;
}

static u32 task_register(void)
{
	u32 tr;

	__asm__ volatile("str %0" : "=r"(tr));
	return tr & 0xffff;
}

static u32 get_ts(void)
{
	u32 cr0;

	__asm__ volatile("movl %%cr0, %0\n\tclts" : "=r"(cr0));
	return cr0 & CR0_TS;
}

/* ---- the other task of ring 0: notes what it sees, and returns by IRET or by JMP ---- */
extern u8 other_task[], jump_task[], user_task[], fault_entry[];
void other_note(u32 eax, u32 eflags);
__asm__("other_task:\n\tpushfl\n\tpushl %eax\n\tcall other_note\n\tpopl %eax\n\taddl $4, %esp\n"
	"\tincl %eax\n\tmovl $0x77, %ebx\n\tiret\n\tjmp other_task\n"
	"jump_task:\n\tincl %eax\n\tljmp $0x30, $0\n\tjmp jump_task\n"
	"user_task:\n\tincl %eax\n\tint $0x81\n"
	/* An exception by a task gate: the error code is on the stack. */
	"fault_entry:\n\tpopl fault_error\n\tcall fault_note\n\tiret\n\tjmp fault_entry\n");

void other_note(u32 eax, u32 eflags)
{
	seen_eax = eax;
	seen_nt = eflags & NT;
	seen_link = other[T_LINK] & 0xffff;
	seen_tr = task_register();
	seen_ts = get_ts();
}

/* The interrupted task's state is in its TSS: let it go on at EBX. */
void fault_note(void);
void fault_note(void)
{
	faults++;
	fault_eip = tss[T_EIP];
	tss[T_EIP] = tss[T_EBX];
}

/* CALL FAR to @selector with marked registers; number of things that are wrong. */
static u32 call_task(u32 selector)
{
	const struct PACKED {
		u32 offset;
		u16 selector;
	} target = { 0xdead, (u16)selector };
	u32 a = 0x11, b = 0x22, c = 0x33, d = 0x44, s = 0x55, flags;

	__asm__ volatile("stc\n\tlcall *%6\n\tpushfl\n\tpopl %5"
			 : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(s), "=D"(flags)
			 : "m"(target)
			 : "memory");
	/* TCG loses CF. */
	return (a != 0x11) + (b != 0x22) + (c != 0x33) + (d != 0x44) + (s != 0x55) +
	       !(flags & 1 || on_bare()) + !!(flags & NT);
}

static void calls(u32 selector, const char *what)
{
	u32 wrong = 0;

	fill(other, other_task, 0);
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 before = other[T_EAX];

		get_ts();
		wrong += call_task(selector);
		wrong += seen_eax != before || other[T_EAX] != before + 1 || other[T_EBX] != 0x77;
		wrong += !seen_nt || seen_link != TSS_SELECTOR || seen_tr != OTHER || !seen_ts || !get_ts();
		wrong += task_register() != TSS_SELECTOR || other[T_EFLAGS] & NT;
		wrong += !(gdt[TSS_SELECTOR / 8] & BUSY) || gdt[OTHER / 8] & BUSY;
	}
	check(wrong == 0, "CALL to a %s and IRET back, %u times (%u wrong)", what, ROUNDS, wrong);
}

static void jumps(void)
{
	u32 wrong = 0;

	fill(other, jump_task, 0);
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 b = 0x22, before = other[T_EAX];

		__asm__ volatile("ljmp %1, $0" : "+b"(b) : "i"(OTHER) : "memory");
		wrong += b != 0x22 || other[T_EAX] != before + 1 || task_register() != TSS_SELECTOR;
		wrong += !(gdt[TSS_SELECTOR / 8] & BUSY) || gdt[OTHER / 8] & BUSY;
		get_ts();
	}
	check(wrong == 0, "JMP to a TSS and back, %u times (%u wrong)", ROUNDS, wrong);
}

/* A task of ring 3 ends by int $0x81 through its own ring-0 stack; this task goes on by a JMP's save. */
static u32 back_to_us(void)
{
	/* guest_try_end runs in the other task: make TR ours again. */
	gdt[TSS_SELECTOR / 8] &= ~BUSY;
	gdt[OTHER / 8] &= ~BUSY;
	__asm__ volatile("ltr %w0\n\tclts" : : "r"(TSS_SELECTOR));
	return last_trap.eax;
}

static void jump_other(u32 unused)
{
	(void)unused;
	__asm__ volatile("ljmp %0, $0" : : "i"(OTHER) : "memory");
}

static void user_tasks(void)
{
	u32 wrong = 0, result = 0;

	for (u32 i = 0; i < ROUNDS / 2; i++) {
		fill(other, user_task, 3);
		other[T_EAX] = i;
		other[T_EFLAGS] = 2 | IF;
		result = guest_try(jump_other, 0);
		wrong += result != USER_EXIT + 1 || last_trap.cs != USER_CS || last_trap.esp != OTHER_STACK;
		wrong += task_register() != OTHER || back_to_us() != i + 1;
		wrong += last_trap.ebx != 0x1000 + T_EBX || last_trap.edi != 0x1000 + T_EDI;
	}
	check(wrong == 0, "JMP to a task of ring 3 (%u wrong: %d)", wrong, (int)result - 1);
}

static void refused(void)
{
	u32 wrong = 0, result;

	fill(other, jump_task, 0);
	for (u32 i = 0; i < 20; i++) {
		gdt[OTHER / 8] |= BUSY;
		result = guest_try(jump_other, 0);
		wrong += result != 13 + 1 || last_trap.error != OTHER;
		gdt[OTHER / 8] = descriptor(other, 102);
		result = guest_try(jump_other, 0);
		wrong += result != 10 + 1 || last_trap.error != OTHER;
		gdt[OTHER / 8] = descriptor(other, 103) & ~(1ull << 47);
		result = guest_try(jump_other, 0);
		wrong += result != 11 + 1 || last_trap.error != OTHER;
		gdt[OTHER / 8] = descriptor(other, 103);
	}
	check(wrong == 0, "JMP to a TSS that is busy, too short, absent (%u wrong)", wrong);
}

/* ---- exceptions by task gates ---- */
extern u8 do_fault[], do_fault_at[], do_fault_on[];
__asm__("do_fault:\n\tmovl $do_fault_on, %ebx\n\tmovl $0x1234, %ecx\n\tstc\ndo_fault_at:\n"
	"\tmovl 0xa00000, %eax\n\tud2\ndo_fault_on:\n\tmovl %ecx, %esi\n\tint $0x81\n");

static void fault_gates(u32 ring)
{
	struct user_registers registers = { .eip = (u32)do_fault, .eflags = 2 | IF, .esp = STACK };
	u64 saved = idt[14];
	u32 wrong = 0, result = 0;

	*pte_of(0xa00000) = 0;
	__asm__ volatile("invlpg 0xa00000");
	fill(fault_task, fault_entry, 0);
	idt[14] = (u64)FAULT_TASK << 16 | (u64)0x8500 << 32;
	faults = 0;
	for (u32 i = 0; i < ROUNDS; i++) {
		result = run_in_ring(ring, &registers);
		wrong += result != 0 || last_trap.esi != 0x1234 || !(last_trap.eflags & 1) || faults != i + 1;
		wrong += fault_eip != (u32)do_fault_at || fault_error != (ring ? 4 : 0);
		wrong += last_trap.esp != STACK || task_register() != TSS_SELECTOR || !get_ts();
		wrong += gdt[FAULT_TASK / 8] & BUSY ? 1 : 0;
	}
	idt[14] = saved;
	check(wrong == 0, "ring %u: page faults by a task gate (%u wrong: %d, %u, error %x)", ring, wrong,
	      (int)result - 1, faults, fault_error);
}

static void int_gates(u32 ring)
{
	static u32 user_code[] = { 0x81cd83cd }; /* int $0x83; int $0x81 */
	struct user_registers registers = { .eip = (u32)user_code, .eflags = 2 | IF, .esp = STACK, .eax = 5 };
	u32 wrong = 0, result = 0;

	fill(other, other_task, 0);
	idt[0x83] = (u64)OTHER << 16 | (u64)0xe500 << 32;
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 before = other[T_EAX];

		result = run_in_ring(ring, &registers);
		wrong += result != 0 || last_trap.eax != 5 || other[T_EAX] != before + 1;
		wrong += seen_link != TSS_SELECTOR || !(last_trap.eflags & IF) || last_trap.eflags & NT;
	}
	check(wrong == 0, "ring %u: INT by a task gate (%u wrong: %d)", ring, wrong, (int)result - 1);
}

/* ---- I/O bitmap ---- */
extern u8 do_in8[], do_in16[], do_out8[];
__asm__("do_in8:\n\tinb %dx, %al\n\tint $0x81\ndo_in16:\n\tinw %dx, %ax\n\tint $0x81\n"
	"do_out8:\n\toutb %al, %dx\n\tint $0x81\n");

static bool may(const u8 *code, u32 port)
{
	struct user_registers registers = { .eip = (u32)code, .eflags = 2 | IF, .esp = STACK, .edx = port };
	u32 result = run_in_ring(3, &registers);

	return result == 0 || !(result == 13 + 1 && last_trap.error == 0 && last_trap.eip == (u32)code);
}

static void set_tr(const void *at, u32 limit)
{
	gdt[TSS_SELECTOR / 8] = descriptor(at, limit);
	__asm__ volatile("ltr %w0" : : "r"(TSS_SELECTOR) : "memory");
}

static void io_bitmap(void)
{
	u8 *bitmap = big_tss + 104;
	u32 wrong = 0;

	for (u32 i = 0; i < 12; i++)
		((u32 *)big_tss)[i] = tss[i];
	((u32 *)big_tss)[T_IOMAP] = 104u << 16;
	for (u32 i = 0; i < 129; i++)
		bitmap[i] = 0xff;
	set_tr(big_tss, sizeof(big_tss) - 1);
	for (u32 i = 0; i < 50; i++) {
		bitmap[0x80 / 8] = (u8)~2;
		wrong += may(do_in8, 0x80) || !may(do_in8, 0x81) || may(do_in8, 0x82) || may(do_in16, 0x81);
		wrong += !may(do_out8, 0x81) || may(do_out8, 0x80);
		bitmap[0x80 / 8] = (u8)~6;
		wrong += !may(do_in16, 0x81) || may(do_in16, 0x82);
		bitmap[0x80 / 8] = 0xff;
		wrong += may(do_in8, 0x81);
	}
	check(wrong == 0, "the I/O bitmap opens ports to ring 3 one by one (%u wrong)", wrong);
	bitmap[127] = 0;
	wrong = !may(do_in8, 0x3fd) || may(do_in8, 0x400) || may(do_in8, 0xffff);
	set_tr(big_tss, 104 + 127);
	wrong += may(do_in8, 0x3fd);
	check(wrong == 0, "two bytes of it must be within the limit (%u wrong)", wrong);
	set_tr(tss, 103);
	wrong = may(do_in8, 0x81);
	check(wrong == 0, "none: no ports");
}

void guest_main(void)
{
	print("cpu-tasks\n");
	paging_init();
	user_init();
	gdt[OTHER / 8] = descriptor(other, 103);
	gdt[FAULT_TASK / 8] = descriptor(fault_task, 103);
	gdt[GATE / 8] = (u64)OTHER << 16 | (u64)0x8500 << 32;
	calls(OTHER, "TSS");
	calls(GATE, "task gate");
	jumps();
	refused();
	user_tasks();
	for (u32 ring = 0; ring <= 3; ring += 3) {
		fault_gates(ring);
		int_gates(ring);
	}
	io_bitmap();
}
