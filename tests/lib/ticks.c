/* SPDX-License-Identifier: GPL-2.0 */
/* The handler; see ticks.h. */
#include "tests/lib/ticks.h"

#include "tests/lib/guest_timer.h"

#define HZ_1000 1193u
#define FLAGS_NEVER 0xffda8028u /* reserved, VM, VIF, VIP */
#define FLAGS_ALWAYS 0x202u

volatile u32 ticks, ticks_bad;
static ticks_judge *judge_now;
static struct trap_frame bad;

static void tick(struct trap_frame *frame)
{
	bool good = (frame->eflags & FLAGS_ALWAYS) == FLAGS_ALWAYS && !(frame->eflags & FLAGS_NEVER);

	timer_done();
	ticks++;
	if (good && judge_now)
		good = judge_now(frame);
	if (!good && !ticks_bad++)
		bad = *frame;
}

void ticks_start(ticks_judge *judge)
{
	judge_now = judge;
	ticks = ticks_bad = 0;
	set_handler(TIMER_VECTOR, tick);
	timer_init();
	timer_every(HZ_1000);
	__asm__ volatile("sti");
}

void ticks_stop(const char *what)
{
	__asm__ volatile("cli");
	timer_stop();
	if (ticks_bad)
		print("first: eip %x flags %x cs %x eax %x ecx %x edx %x ebx %x esi %x edi %x ebp %x\n",
		      bad.eip, bad.eflags, bad.cs, bad.eax, bad.ecx, bad.edx, bad.ebx, bad.esi, bad.edi,
		      bad.ebp);
	check(!ticks_bad, "interrupts during %s found sane states (%u of them not)", what, ticks_bad);
}
