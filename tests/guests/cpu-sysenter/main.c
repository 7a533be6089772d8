/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SYSENTER and SYSEXIT: thousands of calls with all registers checked, with timer interrupts among
 * them; which flags survive (TF, NT, DF, IF); what the segment registers show; and who gets #GP(0).
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
#define MSR_CS 0x174
#define MSR_ESP 0x175
#define MSR_EIP 0x176
#define CPUID_SEP 0x800u

extern u8 sysenter_entry[], user_calls[], user_calls_back[], user_one[], user_one_back[],
	user_sysexit[], kernel_sysexit[], kernel_sysenter[];
extern volatile u32 seen_esp, seen_eflags, seen_cs, seen_ss, sysenter_count;
static u32 kernel_stack[512];
static volatile u32 ticks, steps, first_step;

static void wrmsr(u32 index, u32 value)
{
	__asm__ volatile("wrmsr" : : "c"(index), "a"(value), "d"(0));
}

static u32 rdmsr(u32 index)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
	return low;
}

static u32 *top_of_stack(void)
{
	return kernel_stack + ARRAY_SIZE(kernel_stack) - 4;
}

/* Point SYSENTER at the kernel; the way back lies on its stack. */
static void set_up(u32 back, u32 user_esp)
{
	top_of_stack()[0] = back;
	top_of_stack()[1] = user_esp;
	wrmsr(MSR_CS, KERNEL_CS);
	wrmsr(MSR_ESP, (u32)top_of_stack());
	wrmsr(MSR_EIP, (u32)sysenter_entry);
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
	u32 result;

	set_up((u32)user_calls_back, STACK);
	ticks = sysenter_count = 0;
	if (with_ticks)
		timer_every(997);
	result = run_in_ring(3, &registers);
	timer_stop();
	check(result == 0 && last_trap.ebp == 0 && sysenter_count == CALLS + 1,
	      "%u calls%s, registers as they should be (%u, %u wrong, %u entries)", CALLS,
	      with_ticks ? " and timer interrupts" : "", result, last_trap.ebp, sysenter_count);
	check(seen_cs == KERNEL_CS && seen_ss == KERNEL_DS && seen_esp == (u32)top_of_stack(),
	      "the kernel has CS %x, SS %x, ESP of the MSR", seen_cs, seen_ss);
	check(last_trap.cs == KERNEL_CS && !(last_trap.eflags & IF), "and IF clear (CS %x, EFLAGS %x)",
	      last_trap.cs, last_trap.eflags);
}

/* One call of number @number with @eflags; what the kernel saw is in seen_eflags. */
static u32 one(u32 number, u32 eflags)
{
	struct user_registers registers = {
		.eip = (u32)user_one, .eflags = eflags, .esp = STACK, .eax = number, .ecx = STACK - 64,
		.edx = (u32)user_one_back,
	};

	set_up((u32)user_one_back, STACK - 64);
	return run_in_ring(3, &registers);
}

static void flags(void)
{
	static const u32 kept[] = { 0, DF, NT, CF, AC, ID, DF | NT | CF };
	u32 wrong_in = 0, wrong_out = 0, result = 0;

	for (u32 round = 0; round < 100; round++)
		for (u32 i = 0; i < ARRAY_SIZE(kept); i++) {
			result += one(1, 2 | IF | kept[i]) != 0;
			wrong_in += (seen_eflags & (IF | kept[i])) != kept[i];
			/* The compare in the kernel has changed CF. */
			wrong_out += (last_trap.eflags & (IF | (kept[i] & ~CF))) != (IF | (kept[i] & ~CF));
			wrong_out += last_trap.esp != STACK - 64 || last_trap.eip != (u32)user_one_back + 2;
		}
	check(!result && !wrong_in && !wrong_out,
	      "DF, NT, CF, AC, ID survive SYSENTER and SYSEXIT, IF does not (%u, %u, %u)", result, wrong_in,
	      wrong_out);
	result = one(3, 2 | IF);
	check(result == 0 && !(last_trap.eflags & IF) && last_trap.cs == USER_CS && last_trap.ss == USER_DS,
	      "SYSEXIT leaves IF clear (%x), CS %x, SS %x", last_trap.eflags, last_trap.cs, last_trap.ss);
}

static void step(struct trap_frame *frame)
{
	if (!steps++)
		first_step = frame->eip;
	/* The handler's TF does not last in the kernel: let it go on without. */
	if (frame->eip == (u32)sysenter_entry)
		frame->eflags &= ~TF;
}

/* TF survives SYSENTER: the first step is at the kernel's first instruction. */
static void stepped(void)
{
	u32 wrong = 0;

	set_handler(1, step);
	for (u32 i = 0; i < 100; i++) {
		steps = 0;
		wrong += one(2, 2 | IF | TF) != 0 || steps != 1 || first_step != (u32)sysenter_entry;
	}
	check(wrong == 0, "with TF the trap is at the kernel's first instruction (%u wrong, %u, %x)", wrong,
	      steps, first_step - (u32)sysenter_entry);
	set_handler(1, NULL);
}

static bool gp0(u32 result, const void *at, u32 esp)
{
	return result == 13 + 1 && last_trap.error == 0 && last_trap.eip == (u32)at && last_trap.esp == esp;
}

static void general_protection(void)
{
	struct user_registers registers = { .eip = (u32)user_sysexit, .eflags = 2 | IF, .esp = STACK };
	u32 result = run_in_ring(3, &registers);

	check(gp0(result, user_sysexit, STACK), "SYSEXIT in ring 3 is #GP(0) (%u)", result);
	wrmsr(MSR_CS, 0);
	registers.eip = (u32)user_one;
	result = run_in_ring(3, &registers);
	check(gp0(result, user_one, STACK), "SYSENTER with SYSENTER_CS=0 is #GP(0) in ring 3 (%u)", result);
	wrmsr(MSR_CS, 3);
	result = run_in_ring(3, &registers);
	check(on_bare() || gp0(result, user_one, STACK), "and with SYSENTER_CS=3 (%u)", result);
	wrmsr(MSR_CS, 0);
	registers.eip = (u32)kernel_sysenter;
	result = run_in_ring(0, &registers);
	check(gp0(result, kernel_sysenter, STACK), "and in ring 0 (%u)", result);
	registers.eip = (u32)kernel_sysexit;
	result = run_in_ring(0, &registers);
	check(gp0(result, kernel_sysexit, STACK), "SYSEXIT with SYSENTER_CS=0 is #GP(0) (%u)", result);
}

/* From ring 0, SYSENTER is a jump to another stack; RPL bits in the MSR do not matter. */
static void from_ring0(void)
{
	struct user_registers registers = { .eip = (u32)kernel_sysenter, .eflags = 2 | IF, .esp = STACK };
	u32 wrong = 0;

	set_up(0, 0);
	wrmsr(MSR_CS, KERNEL_CS | 3);
	for (u32 i = 0; i < 100; i++) {
		seen_esp = 0;
		wrong += run_in_ring(0, &registers) != 0 || seen_esp != (u32)top_of_stack();
		wrong += last_trap.cs != KERNEL_CS || last_trap.ss != KERNEL_DS;
	}
	check(wrong == 0, "SYSENTER in ring 0, RPL of SYSENTER_CS set (%u wrong, CS %x)", wrong, last_trap.cs);
}

/* The MSRs changed between calls: the next call uses them. */
static void changing(void)
{
	u32 wrong = 0;

	for (u32 i = 0; i < 200; i++) {
		struct user_registers registers = { .eip = (u32)user_one, .eflags = 2 | IF, .esp = STACK };
		u32 esp = (u32)top_of_stack() - 16 * (i % 8);

		wrmsr(MSR_CS, KERNEL_CS);
		wrmsr(MSR_EIP, (u32)sysenter_entry);
		wrmsr(MSR_ESP, esp);
		wrong += run_in_ring(3, &registers) != 0 || seen_esp != esp;
		wrong += rdmsr(MSR_ESP) != esp || rdmsr(MSR_EIP) != (u32)sysenter_entry ||
			 rdmsr(MSR_CS) != KERNEL_CS;
	}
	check(wrong == 0, "changed MSRs count at once and read back (%u wrong)", wrong);
}

void guest_main(void)
{
	u32 eax = 1, ebx, ecx, edx;

	print("cpu-sysenter\n");
	paging_init();
	user_init();
	timer_init();
	set_handler(TIMER_VECTOR, tick);
	__asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
	check(edx & CPUID_SEP, "CPUID offers SYSENTER");
	many(false);
	many(true);
	flags();
	stepped();
	general_protection();
	from_ring0();
	changing();
}
