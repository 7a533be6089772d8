/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts come when they may and not an instruction earlier: the shadows of STI and MOV SS, CLI
 * windows, POPF, IRET, HLT; in ring 0 and in ring 3 with IOPL 3, each hundreds of times so that
 * translated and chained code is what is interrupted.  And an endless loop is left, registers
 * survive, time stamps do not go back, ticks are not lost.
 *
 * With the word "drift" only the last is tested, by two counters of the 8254; that wants an emulator
 * whose clock counts instructions.
 */
#include "tests/guests/cpu-time/cpu_time.h"

static volatile u32 ticks, last_eip, last_if, ticks_wanted, unequal, in_shadow, counter;

static void note(struct trap_frame *frame)
{
	ticks++;
	last_eip = frame->eip;
	last_if = frame->eflags & IF;
	timer_done();
}

static u32 run(u32 ring, const void *code, u32 flags)
{
	struct user_registers registers = {
		.eip = (u32)code, .eflags = 2 | flags | (ring ? IOPL3 : 0), .esp = STACK,
		.ebx = (u32)&counter,
	};

	return run_in_ring(ring, &registers);
}

/* ---- sequences ---- */
static u32 return_to_exit[4] = { 0 };
extern u8 do_exit[];
__asm__("do_exit: int $0x81");

/* Call @code with IF clear as a function in @ring; true if it came back with IF clear. */
static bool call_in(u32 ring, u32 code)
{
	struct user_registers registers = {
		.eip = code, .eflags = 2 | (ring ? IOPL3 : 0), .esp = STACK - sizeof(return_to_exit),
		.ebx = (u32)&counter,
	};

	*(u32 *)registers.esp = (u32)do_exit;
	return run_in_ring(ring, &registers) == 0 && !(last_trap.eflags & IF) &&
	       last_trap.esp == registers.esp + 4;
}

static void sequence(u32 ring, const struct sequence *s)
{
	u32 wrong = 0, early = 0;

	for (u32 i = 0; i < ROUNDS; i++) {
		u32 expected = s->at ? 1 : 0;

		ticks = last_eip = 0;
		timer_pending();
		wrong += !call_in(ring, s->code);
		early += ticks != expected || last_eip != s->at || (ticks && !last_if);
		if (ticks)
			continue;
		__asm__ volatile("sti\n\tnop\n\tcli");
		wrong += ticks != 1;
	}
	check(wrong == 0 && early == 0, "ring %u: %s (%u of %u wrong, %u elsewhere: at %x+%x)", ring,
	      s->text, wrong, ROUNDS, early, s->at, last_eip - s->at);
}

/* ---- loops ---- */
static void loop_tick(struct trap_frame *frame)
{
	ticks++;
	unequal += first != second;
	in_shadow += frame->eip == (u32)mov_ss_1 || frame->eip == (u32)mov_ss_2 ||
		     !(frame->eflags & IF);
	stop = ticks >= ticks_wanted;
	timer_done();
}

static void loops(u32 ring)
{
	u32 result;

	set_handler(TIMER_VECTOR, loop_tick);
	ticks = stop = unequal = in_shadow = counter = 0;
	ticks_wanted = 40;
	timer_every(3001);
	result = run(ring, loop_mov_ss, IF);
	check(result == 0 && in_shadow == 0, "ring %u: nothing between MOV SS and the next (%u, %u of %u)",
	      ring, result, in_shadow, ticks);
	ticks = stop = unequal = in_shadow = first = second = 0;
	result = run(ring, loop_cli, IF);
	check(result == 0 && unequal == 0 && in_shadow == 0 && last_trap.edi == 0,
	      "ring %u: nothing between CLI and STI or POPF (%u, %u of %u)", ring, result, unequal, ticks);
	ticks = stop = 0;
	result = run(ring, loop_registers, IF);
	check(result == 0 && last_trap.edi == 0, "ring %u: registers and flags survive interrupts (%u, %u)",
	      ring, result, ticks);
	timer_stop();
}

static void leave_loop(struct trap_frame *frame)
{
	ticks++;
	if ((frame->cs & 3) == 0)
		last_eip = frame->eip;
	frame->eip = (u32)tight_end;
	timer_done();
}

static void tight(u32 ring)
{
	static const struct {
		const u8 *code;
		const char *text;
	} cases[] = {
		{ tight_jmp, "JMP to itself" }, { tight_pair, "two JMPs" }, { tight_call, "CALL and RET" },
	};

	set_handler(TIMER_VECTOR, leave_loop);
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 wrong = 0;

		ticks = 0;
		for (u32 j = 0; j < ROUNDS / 2; j++) {
			timer_in(100 + 7 * j);
			wrong += run(ring, cases[i].code, IF) != 0;
		}
		check(wrong == 0 && ticks == ROUNDS / 2, "ring %u: an endless loop is left: %s (%u wrong, %u ticks)",
		      ring, cases[i].text, wrong, ticks);
	}
}

/* STI; HLT until an interrupt comes: none is slept through. */
static void idle(void)
{
	set_handler(TIMER_VECTOR, note);
	ticks = 0;
	for (u32 i = 1; i <= ROUNDS; i++) {
		timer_in(20 + i % 50);
		while (ticks < i)
			__asm__ volatile("sti\n\thlt\n\tcli");
	}
	check(ticks == ROUNDS, "each of %u single interrupts ends HLT", ROUNDS);
}

void guest_main(void)
{
	print("cpu-time\n");
	paging_init();
	user_init();
	set_gate(0x82, 0xe, 3, gate_interrupt);
	set_gate(0x83, 0xf, 3, gate_trap);
	timer_init();
	if (boot_word("drift")) {
		drift_test();
		return;
	}
	for (u32 ring = 0; ring <= 3; ring += 3) {
		set_handler(TIMER_VECTOR, note);
		for (const struct sequence *s = sequences; s < sequences_end; s++)
			if (!(ring && s->kernel_only) && !(s->not_tcg && on_bare()))
				sequence(ring, s);
		loops(ring);
		tight(ring);
	}
	idle();
	clock_tests();
}
