/* SPDX-License-Identifier: GPL-2.0 */
/*
 * INT 80h from ring 3: thousands of calls with all registers checked, with timer interrupts among them;
 * flags; and everything that a kernel may change under it by plain stores: the gate's handler, type
 * and DPL, ESP0 and SS0 in the TSS, the pages of the stack; IDT and TSS as a whole.
 */
#include "tests/lib/guest_timer.h"

#define IF 0x200u
#define TF 0x100u
#define DF 0x400u
#define NT 0x4000u
#define CF 1u
#define AC 0x40000u
#define ID 0x200000u

#define STACK 0x700000u
#define CALLS 5000u
#define INTERRUPT_GATE 0xeu
#define TRAP_GATE 0xfu
#define GATE_ERROR (0x80u * 8 + 2)
#define FLAT_DATA 0x00cf93000000ffffull
#define EXCP_NP 11
#define EXCP_TS 10
#define EXCP_GP 13
#define EXCP_DF 8
enum { T_ESP0 = 1, T_SS0 };

extern u8 int80_entry[], int80_other[], user_calls[], user_one[], user_one_back[];
extern volatile u32 seen_esp, seen_eflags, seen_cs, seen_ss, seen_frame[5], int80_count, other_count;
static u32 kernel_stack[512], other_tss[26];
static u64 other_idt[256];
static volatile u32 ticks, steps, first_step;

static u32 *top_of_stack(void)
{
	return kernel_stack + ARRAY_SIZE(kernel_stack);
}

static void tick(struct trap_frame *frame)
{
	(void)frame;
	ticks++;
	timer_done();
}

static void many(bool with_ticks)
{
	struct user_registers registers = {
		.eip = (u32)user_calls, .eflags = 2 | IF, .esp = STACK, .esi = CALLS,
	};
	u32 result, rounds = 0;

	ticks = 0;
	if (with_ticks)
		timer_every(997);
	/* On a busy machine a tick may come late. */
	do {
		int80_count = 0;
		result = run_in_ring(3, &registers);
	} while (with_ticks && !ticks && !result && ++rounds < 10000);
	timer_stop();
	check(result == 0 && last_trap.ebp == 0 && int80_count == CALLS + 1,
	      "%u calls%s, registers as they should be (%u, %u wrong, %u entries)", CALLS,
	      with_ticks ? " and timer interrupts" : "", result, last_trap.ebp, int80_count);
	check(!with_ticks || ticks > 0, "timer interrupts came");
	check(seen_cs == KERNEL_CS && seen_ss == KERNEL_DS, "the kernel has CS %x, SS %x", seen_cs,
	      seen_ss);
}

/* One call with @eflags; 0, or 1 + what came instead. */
static u32 one(u32 eflags)
{
	struct user_registers registers = {
		.eip = (u32)user_one, .eflags = eflags | 2 | IF, .esp = STACK, .eax = 5,
	};

	seen_esp = 0;
	return run_in_ring(3, &registers);
}

/* The handler has what the INT leaves. */
static bool frame_is(u32 esp0, u32 eflags)
{
	return seen_esp == esp0 - 20 && seen_frame[0] == (u32)user_one_back && seen_frame[1] == USER_CS &&
	       seen_frame[2] == (eflags | 2 | IF) && seen_frame[3] == STACK && seen_frame[4] == USER_DS;
}

static void flags(u32 type)
{
	static const u32 kept[] = { 0, DF, CF, AC, ID, DF | CF, NT };
	u32 wrong = 0, wrong_in = 0, wrong_out = 0;

	set_gate(0x80, type, 3, int80_entry);
	for (u32 round = 0; round < 50; round++)
		for (u32 i = 0; i < ARRAY_SIZE(kept) - (type == TRAP_GATE); i++) {
			wrong += one(kept[i]) != 0 || !frame_is(tss[T_ESP0], kept[i]);
			wrong_in += (seen_eflags & ~2u) !=
				    ((kept[i] & ~NT) | (type == TRAP_GATE ? IF : 0));
			/* A return with NT is to another task, and the handler does not do that. */
			wrong_out += last_trap.eflags != (kept[i] | 2 | IF);
		}
	check(!wrong && !wrong_in && !wrong_out, "flags by %s gate (%u, %u, %u)",
	      type == TRAP_GATE ? "a trap" : "an interrupt", wrong, wrong_in, wrong_out);
}

static void changed_gate(void)
{
	u32 wrong = 0;

	for (u32 i = 0; i < 200; i++) {
		bool other = i & 1, trap = i & 2;

		other_count = 0;
		set_gate(0x80, trap ? TRAP_GATE : INTERRUPT_GATE, 3, other ? int80_other : int80_entry);
		wrong += one(0) != 0 || other_count != other || !!(seen_eflags & IF) != trap;
	}
	check(wrong == 0, "another handler or type counts at once (%u wrong)", wrong);
	set_gate(0x80, INTERRUPT_GATE, 0, int80_entry);
	wrong = one(0);
	check(wrong == EXCP_GP + 1 && last_trap.error == GATE_ERROR && last_trap.eip == (u32)user_one,
	      "DPL 0 is #GP (%u, %x)", wrong, last_trap.error);
	set_gate(0x80, INTERRUPT_GATE, 3, int80_entry);
	idt[0x80] &= ~(0x8000ull << 32);
	wrong = one(0);
	check(wrong == EXCP_NP + 1 && last_trap.error == GATE_ERROR && last_trap.eip == (u32)user_one,
	      "a gate that is not present is #NP (%u, %x)", wrong, last_trap.error);
	set_gate(0x80, INTERRUPT_GATE, 3, int80_entry);
	check(one(0) == 0 && frame_is(tss[T_ESP0], 0), "and present again it works");
}

static void changed_tss(void)
{
	u32 wrong = 0, esp0 = tss[T_ESP0], result;

	for (u32 i = 0; i < 200; i++) {
		tss[T_ESP0] = (u32)top_of_stack() - 4 * (i % 32);
		wrong += one(0) != 0 || !frame_is(tss[T_ESP0], 0);
	}
	check(wrong == 0, "another ESP0 counts at once (%u wrong)", wrong);
	gdt[FREE_SELECTOR / 8] = FLAT_DATA;
	for (u32 i = 0, bad = 0; i < 200; i++) {
		u32 ss = i & 1 ? FREE_SELECTOR : KERNEL_DS;

		tss[T_SS0] = ss;
		bad = one(0) != 0 || !frame_is(tss[T_ESP0], 0) || seen_ss != ss;
		wrong += bad;
	}
	check(wrong == 0, "another SS0 counts at once (%u wrong)", wrong);
	tss[T_SS0] = 0;
	result = one(0);
	tss[T_SS0] = KERNEL_DS;
	/* The handler of #TS has no stack either. */
	check(result == EXCP_DF + 1 || result == EXCP_TS + 1, "SS0 of 0 gets no handler (%u)", result);
	tss[T_ESP0] = esp0;
	check(one(0) == 0 && frame_is(esp0, 0), "and then all is well again");
}

/* The page that the frame goes to. */
static void changed_stack_page(void)
{
	u32 esp0 = tss[T_ESP0], page = 0x500000, before = double_faults, wrong = 0;

	tss[T_ESP0] = page + 0x100;
	for (u32 i = 0; i < 50; i++) {
		*pte_of(page) &= ~PTE_P;
		__asm__ volatile("invlpg (%0)" : : "r"(page) : "memory");
		wrong += one(0) != EXCP_DF + 1;
		*pte_of(page) |= PTE_P;
		wrong += one(0) != 0 || !frame_is(page + 0x100, 0);
	}
	check(wrong == 0 && double_faults == before + 50,
	      "a stack that is not present is a double fault (%u wrong)", wrong);
	tss[T_ESP0] = esp0;
}

static void changed_tables(void)
{
	struct PACKED { u16 limit; u32 base; } old, new = { sizeof(other_idt) - 1, (u32)other_idt };
	u32 base = (u32)other_tss, result;

	for (u32 i = 0; i < 256; i++)
		other_idt[i] = idt[i];
	set_gate(0x80, INTERRUPT_GATE, 3, int80_other);
	other_idt[0x80] = idt[0x80];
	set_gate(0x80, INTERRUPT_GATE, 3, int80_entry);
	other_count = 0;
	__asm__ volatile("sidt %0" : "=m"(old));
	__asm__ volatile("lidt %0" : : "m"(new));
	result = one(0);
	check(result == 0 && other_count == 1, "another IDT (%u, %u)", result, other_count);
	__asm__ volatile("lidt %0" : : "m"(old));
	for (u32 i = 0; i < 26; i++)
		other_tss[i] = tss[i];
	other_tss[T_ESP0] = (u32)top_of_stack();
	gdt[FREE_SELECTOR / 8] = 103 | (u64)(base & 0xffffff) << 16 | 0x89ull << 40 |
				 (u64)(base >> 24) << 56;
	__asm__ volatile("ltr %w0" : : "r"(FREE_SELECTOR));
	result = one(0);
	check(result == 0 && other_count == 1 && frame_is((u32)top_of_stack(), 0), "another TSS (%u)",
	      result);
	gdt[TSS_SELECTOR / 8] &= ~(2ull << 40);
	__asm__ volatile("ltr %w0" : : "r"(TSS_SELECTOR));
	check(one(0) == 0 && frame_is(tss[T_ESP0], 0), "and back");
}

static void step(struct trap_frame *frame)
{
	if (!steps++)
		first_step = frame->eip;
	frame->eflags &= ~TF;
}

/* The kernel runs without TF; the step comes behind the instruction that the IRET leads to. */
static void stepped(void)
{
	u32 wrong = 0;

	set_handler(1, step);
	for (u32 i = 0; i < 100; i++) {
		steps = 0;
		wrong += one(TF) != 0 || steps != 1 || first_step != (u32)user_one_back + 1;
	}
	check(wrong == 0, "with TF the step is behind the call (%u wrong, at +%u)", wrong,
	      first_step - (u32)user_one);
	set_handler(1, NULL);
}

void guest_main(void)
{
	print("cpu-int80\n");
	paging_init();
	user_init();
	double_fault_init();
	timer_init();
	set_handler(TIMER_VECTOR, tick);
	set_gate(0x80, INTERRUPT_GATE, 3, int80_entry);
	many(false);
	many(true);
	set_gate(0x80, TRAP_GATE, 3, int80_entry);
	many(true);
	flags(INTERRUPT_GATE);
	flags(TRAP_GATE);
	changed_gate();
	changed_tss();
	changed_stack_page();
	changed_tables();
	stepped();
}
