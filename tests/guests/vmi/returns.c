/* SPDX-License-Identifier: GPL-2.0 */
/* Ways to ring 3 and back: IRET, SYSEXIT, SetIOPLMask: calls 33, 34, 61. */
#include "tests/guests/vmi/conform.h"

#define MSR_SYSENTER_CS 0x174u
#define AC_ID 0x240000u

static struct user_registers user(u32 piece)
{
	return (struct user_registers){
		.eip = USER_CODE + 16 * piece, .cs = USER_CS, .eflags = IF | 2, .esp = USER_STACK, .ss = USER_DS,
		.eax = 1, .ebx = 2, .ecx = 3, .edx = 4, .esi = 5, .edi = 6, .ebp = 7,
	};
}

static bool all_arrived(void)
{
	const struct trap_frame *t = &last_trap;

	return t->eax == 1 && t->ebx == 2 && t->ecx == 3 && t->edx == 4 && t->esi == 5 && t->edi == 6 &&
	       t->ebp == 7 && t->esp == USER_STACK && t->ss == USER_DS && t->cs == USER_CS;
}

/* An IRET that cannot be: the fault is the call site's, with ESP at the frame. */
static void faulting(u32 cs, u32 ss, u32 error)
{
	struct user_registers r = user(0);
	const u32 *frame;

	r.cs = cs;
	r.ss = ss;
	expect(user_run(&r) == 13 + 1 && last_trap.error == error);
	expect(last_trap.eip == (u32)vmi_iret_site && (last_trap.cs & 3) == 1);
	frame = (const u32 *)last_trap.esp;
	expect(frame[0] == USER_CODE && (frame[1] & 0xffff) == cs && frame[3] == USER_STACK);
	expect(!vmi_get_if());
}

static volatile u32 seen_ticks, tick_cs;
static void tick(struct trap_frame *frame)
{
	seen_ticks++;
	tick_cs = frame->cs;
	timer_done();
	if (frame->cs == USER_CS)
		frame->eip = USER_CODE; /* out of the loop */
}

static void kernel_return(u32 eflags)
{
	/* To the kernel itself, CS with RPL 0 as Linux builds frames too. */
	__asm__ volatile("pushl %0\n\tpushl %1\n\tpushl $1f\n\tjmp *%%cs:iret_routine\n1:"
			 : : "r"(eflags), "r"(KERNEL_CS | 1) : "memory", "cc");
}

static void irets(void)
{
	struct user_registers r = user(0);

	r.eflags |= AC_ID | 0x8d5;
	expect(user_run(&r) == 0 && all_arrived());
	expect((last_trap.eflags & 0x240fd7) == (AC_ID | 0x8d5 | 2 | IF)); /* AC ID, flags, IF */
	kernel_return(2);
	expect(!vmi_get_if());
	kernel_return(IF | 2);
	expect(vmi_get_if());
	vmi_set_if(false);
	/* An interrupt that waits comes before the first user instruction. */
	set_handler(TIMER_VECTOR, tick);
	timer_pending();
	r = user(4);
	expect(user_run(&r) == 0 && seen_ticks == 1 && tick_cs == USER_CS);
	/* And one that comes later ends the loop. */
	timer_in(20000);
	expect(user_run(&r) == 0 && seen_ticks == 2 && tick_cs == USER_CS);
	timer_stop();
	set_handler(TIMER_VECTOR, NULL);
	faulting(0xfb, USER_DS, 0xf8);	       /* empty */
	faulting(USER_DS, USER_DS, USER_DS & ~3u); /* data in CS */
	faulting(USER_CS, KERNEL_DS, KERNEL_DS);   /* SS of ring 0 */
	faulting(USER_CS, 3, 0);		       /* null in SS */
	r = user(0);
	r.eip = 0xd0000000;
	expect(user_run(&r) == 14 + 1 && last_trap.error == 4 && last_trap.eip == 0xd0000000);
	expect(last_trap.cs == USER_CS);
	verdict(VMI_CALL_IRET, "all registers and flags arrive; a fault is the call site's, with the frame at ESP");
}

extern void sysexit_to(u32 eip);
__asm__(".globl sysexit_to\nsysexit_to:\n\tmovl 4(%esp), %edx\n\tmovl $0xd00000, %ecx\n\tmovl $1, %eax\n"
	"\tmovl $2, %ebx\n\tmovl $5, %esi\n\tmovl $6, %edi\n\tmovl $7, %ebp\n\tcall *sysexit_routine\n");
u32 sysexit_routine;

static void wrmsr(u32 index, u32 value)
{
	__asm__ volatile("wrmsr" : : "c"(index), "a"(value), "d"(0));
}

static void sysexits(void)
{
	sysexit_routine = vmi_relocation(VMI_CALL_SYSEXIT).eip;
	wrmsr(MSR_SYSENTER_CS, 0);
	expect(guest_try(sysexit_to, USER_CODE) == 13 + 1 && last_trap.error == 0);
	wrmsr(MSR_SYSENTER_CS, KERNEL_CS);
	expect(guest_try(sysexit_to, USER_CODE) == USER_EXIT + 1);
	expect(last_trap.eip == USER_CODE + 2 && last_trap.esp == USER_STACK && last_trap.cs == USER_CS);
	expect(last_trap.ss == USER_DS && last_trap.eflags & IF);
	expect(last_trap.eax == 1 && last_trap.ebx == 2 && last_trap.esi == 5 && last_trap.edi == 6 &&
	       last_trap.ebp == 7);
	wrmsr(MSR_SYSENTER_CS, 0);
	verdict(VMI_CALL_SYSEXIT, "registers arrive, with IF set; #GP without SYSENTER_CS");
}

static void iopl(void)
{
	struct user_registers port = user(1), masked = user(2);

	expect(user_run(&port) == 13 + 1 && last_trap.error == 0 && last_trap.eip == port.eip);
	expect((last_trap.eflags & 0x3000) == 0);
	call(VMI_CALL_SetIOPLMask, 0x3000, 0, 0);
	expect(user_run(&port) == 0 && (last_trap.eax & 0xff) == 0xff);
	expect((last_trap.eflags & 0x3000) == 0x3000);
	call(VMI_CALL_SetIOPLMask, 0x2000, 0, 0);
	expect(user_run(&port) == 13 + 1 && (last_trap.eflags & 0x3000) == 0x2000);
	call(VMI_CALL_SetIOPLMask, 0, 0, 0);
	expect(user_run(&port) == 13 + 1 && user_run(&masked) == 13 + 1);
	verdict(VMI_CALL_SetIOPLMask, "ports of ring 3 with 3, #GP below; frames show it");
}

void return_calls(void)
{
	irets();
	sysexits();
	iopl();
}
