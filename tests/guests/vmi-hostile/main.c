/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI calls without sense, thousands of them: any call with any arguments, page tables of random entries in
 * places where none can be, and tables that change while they are used and announced, by an interrupt
 * handler that also scribbles over the shared page.  With the word pae in PAE format.
 *
 * Each ends as an exception here, or does no harm; what no kernel survives is vmi-bad-calls' (deadly.c), and with
 * PAE the words pdpte-* and pae-surprise.  flood: alarms without end.  The seed is printed; seed=N repeats a run,
 * rounds=N makes it long.
 */
#include "tests/guests/vmi-hostile/hostile.h"

bool pae;

extern u8 user_code[], user_code_end[];
__asm__("user_code:\n\tmovl (%ecx), %edx\n\tint $0x81\nuser_code_end:\n");

bool offered(u32 call)
{
	return vmi_relocation(call).type == VMI_RELOCATION_CALL_REL;
}

void call5(u32 call, u32 a, u32 d, u32 c, u32 e, u32 f)
{
	u32 eip = vmi_relocation(call).eip;

	__asm__ volatile("pushl %5\n\tpushl %4\n\tcall *%3\n\taddl $8, %%esp"
			 : "+a"(a), "+d"(d), "+c"(c) : "r"(eip), "r"(e), "r"(f) : "memory", "cc", "ebx");
}

void recover(void)
{
	vmi_set_if(false);
	vmi(VMI_CALL_SetDR, 7, 0, 0);
	vmi(VMI_CALL_SetDR, 6, 0, 0);
	vmi(VMI_CALL_SetIOPLMask, 0, 0, 0);
	vmi(VMI_CALL_SetLDT, 0, 0, 0);
	vmi(VMI_CALL_CLTS, 0, 0, 0);
	for (u32 i = 0; i < 2 && offered(VMI_CALL_CancelAlarm); i++)
		vmi(VMI_CALL_CancelAlarm, i, 0, 0);
	timer_done(); /* an interrupt ends a guest_try as an exception does */
	vmi(VMI_CALL_UpdateKernelStack, KERNEL_DS, tss[1], 0);
	__asm__ volatile("cld");
}

bool works(void)
{
	struct user_registers registers = {
		.eip = USER_CODE, .cs = USER_CS, .eflags = 0x202, .esp = USER_STACK, .ss = USER_DS,
		.ecx = USER_STACK,
	};

	return user_run(&registers) == 0 && vmi(VMI_CALL_GetTR, 0, 0, 0) == TSS_SELECTOR;
}

static void set_cr3(u32 value)
{
	vmi(VMI_CALL_SetCR3, value, 0, 0);
}

/* PDPTs in all the wrong places: what reads as ones, or as the ROM's header, has reserved bits. */
static void bad_pdptes(void)
{
	static const u32 roots[] = { 0xc8000, 0xfee00000, 0x1000000, 0x7fffffe0, 0xffffffff, 0xffc41000 };
	u32 wrong = 0;

	for (u32 i = 0; i < ARRAY_SIZE(roots); i++) {
		u32 result = guest_try(set_cr3, roots[i]);

		if (result == 13 + 1 && last_trap.error == 0 && vmi(VMI_CALL_GetCR3, 0, 0, 0) == (u32)pae_pdpt)
			continue;
		wrong++;
		print("root %x: vector %u\n", roots[i], result - 1);
	}
	check(wrong == 0 && works(), "PDPTs in ROM, MMIO and nowhere are #GP (%u wrong)", wrong);
}

/* What reads as zeros has no kernel in it: a triple fault. */
static void try_something_deadly(void)
{
	if (boot_word("pdpte-empty"))
		set_cr3(0x800000);
	if (boot_word("pdpte-bios"))
		set_cr3(0xf0000);
	if (boot_word("pae-surprise"))
		vmi(VMI_CALL_SetCR4, 0, 0, 0); /* the PDPT is no page directory */
}

/* Both alarms with a period of one cycle: they come as often as the hypervisor can bear, and others live on. */
static volatile u32 alarms;
static void count_alarm(struct trap_frame *frame)
{
	(void)frame;
	alarms++;
	timer_done();
}

static void flood(u32 count)
{
	set_handler(TIMER_VECTOR, count_alarm);
	for (u32 i = 0; i < 2 && offered(VMI_CALL_SetAlarm); i++)
		call5(VMI_CALL_SetAlarm, i | VMI_ALARM_PERIODIC, 0, 0, 1, 0);
	vmi_set_if(true);
	while (alarms < count)
		;
	recover();
	timer_stop(); /* forgets the last one */
	set_handler(TIMER_VECTOR, NULL);
	check(works(), "%u alarms of one cycle's period", alarms);
}

static void set_up(void)
{
	pae = boot_word("pae");
	if (pae)
		pae_paging_init();
	else
		paging_init();
	for (u32 i = 0; user_code + i < user_code_end; i++)
		((u8 *)USER_CODE)[i] = user_code[i];
}

void guest_main(void)
{
	u32 rounds = boot_number("rounds=", 3000);

	print("vmi-hostile: seed=%x\n", random_seed(boot_number("seed=", 0)));
	set_up();
	if (!vmi_start())
		return;
	user_init();
	timer_init();
	try_something_deadly();
	check(works(), "ring 3 works");
	if (pae)
		bad_pdptes();
	if (boot_word("flood")) {
		flood(rounds);
		return;
	}
	random_calls(rounds);
	random_tables(rounds);
	changes_under_way(rounds);
}
