/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The virtual interrupt flag and Halt: calls 29 to 32, 35.  Kernels make the first four with user
 * selectors in DS and ES, or none, and with something in every register.
 */
#include "tests/guests/vmi/conform.h"

static volatile u32 ticks, tick_eip;
static volatile bool tick_had_if;

static void tick(struct trap_frame *frame)
{
	ticks++;
	tick_eip = frame->eip;
	tick_had_if = frame->eflags & IF;
	timer_done();
}

static const u16 selectors[] = { KERNEL_DS, USER_DS, 0, 3 };

/* The call with each of the selectors a kernel may have at that moment. */
static void with_selectors(enum vmi_call number, u32 eax, u32 eflags)
{
	for (u32 i = 0; i < ARRAY_SIZE(selectors); i++) {
		struct registers r = registers_for(eax, 0x2d2d2d2d, 0x2c2c2c2c);

		r.ds = r.es = r.fs = r.gs = selectors[i];
		r.eflags = eflags;
		expect(call_registers(number, &r));
		expect(!(r.eflags & 0x400) == !(eflags & 0x400)); /* DF is not among what may change */
	}
}

static bool vif(void)
{
	return vmi_get_if();
}

static void enable_disable(void)
{
	with_selectors(VMI_CALL_EnableInterrupts, 0x1e1e1e1e, 2);
	expect(vif());
	with_selectors(VMI_CALL_EnableInterrupts, 0, 0x402);
	expect(vif());
	with_selectors(VMI_CALL_DisableInterrupts, 0x1d1d1d1d, 2);
	expect(!vif());
	with_selectors(VMI_CALL_DisableInterrupts, 0, 0x8d7);
	expect(!vif());
	/* While it is off nothing comes; with it, at once. */
	timer_pending();
	for (volatile u32 i = 0; i < 10000; i++)
		;
	expect(ticks == 0 && timer_is_pending());
	verdict(VMI_CALL_DisableInterrupts, "with any DS; no interrupt comes");
	with_selectors(VMI_CALL_EnableInterrupts, 0x1e1e1e1e, 2);
	expect(ticks == 1 && tick_had_if && vif());
	vmi_set_if(false);
	verdict(VMI_CALL_EnableInterrupts, "with any DS; what was pending comes before the return");
}

static u32 mask_of(void)
{
	struct registers r = registers_for(0xffffffff, 0x2d2d2d2d, 0x2c2c2c2c);

	r.ds = r.es = 0;
	expect(call_registers(VMI_CALL_GetInterruptMask, &r));
	return r.eax;
}

static void masks(void)
{
	u32 got = mask_of();

	expect((got & IF) == 0);
	vmi_set_if(true);
	expect(mask_of() & IF);
	vmi_set_if(false);
	with_selectors(VMI_CALL_GetInterruptMask, 7, 2);
	verdict(VMI_CALL_GetInterruptMask, "with any DS; the flag, where EFLAGS has it");
	with_selectors(VMI_CALL_SetInterruptMask, 0xffffffff, 2);
	expect(vif());
	with_selectors(VMI_CALL_SetInterruptMask, ~IF, 2);
	expect(!vif());
	with_selectors(VMI_CALL_SetInterruptMask, IF, 2);
	expect(vif());
	with_selectors(VMI_CALL_SetInterruptMask, 0, 0x402);
	expect(!vif());
	ticks = 0;
	timer_pending();
	with_selectors(VMI_CALL_SetInterruptMask, 0x46, 2);
	expect(ticks == 0);
	with_selectors(VMI_CALL_SetInterruptMask, 0x246, 2);
	expect(ticks == 1 && tick_had_if);
	vmi_set_if(false);
	verdict(VMI_CALL_SetInterruptMask, "with any DS; bit 9 alone counts; what was pending comes");
}

/* An interrupt gate clears the flag, a trap gate leaves it, and IRET brings the old one back. */
static volatile u32 flag_in_gate;
static void look(struct trap_frame *frame)
{
	(void)frame;
	flag_in_gate = mask_of() & IF;
}

static void gates(void)
{
	set_handler(0x52, look);
	for (u32 i = 0; i < 4; i++) {
		bool on = i & 1, trap = i & 2;

		set_gate(0x52, trap ? 0xf : 0xe, 0, NULL);
		vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 0x52, idt[0x52]);
		vmi_set_if(on);
		__asm__ volatile("int $0x52" : : : "memory");
		expect(flag_in_gate == (on && trap ? IF : 0) && vif() == on);
	}
	vmi_set_if(false);
}

static void halt(void)
{
	ticks = 0;
	timer_pending();
	call(VMI_CALL_Halt, 0, 0, 0);
	expect(ticks == 1 && tick_had_if && vif());
	for (u32 i = 0; i < 3; i++) {
		vmi_set_if(i & 1);
		ticks = 0;
		timer_in(5000);
		while (!ticks)
			call(VMI_CALL_Halt, 0, 0, 0);
		expect(tick_had_if && vif());
	}
	vmi_set_if(false);
	verdict(VMI_CALL_Halt, "wakes by an interrupt, one that was pending too; the flag is set then");
}

void flag_calls(void)
{
	set_handler(TIMER_VECTOR, tick);
	gates();
	enable_disable();
	masks();
	halt();
	timer_stop();
	set_handler(TIMER_VECTOR, NULL);
}
