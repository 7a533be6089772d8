/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first VMI guest: finds the ROM as Linux does, calls VMI_Init, and works in ring 1: prints
 * from there, takes and returns from exceptions, uses the interrupt flag calls, gets a timer
 * interrupt, runs ring-3 code that makes system calls through the direct gate.
 */
#include "guest-abi/vmi.h"
#include "tests/lib/guest.h"

#define IF 0x200u

static const struct vmi_rom_header *rom;

struct relocation {
	u32 eip, type;
};

static const struct vmi_rom_header *find_rom(void)
{
	for (u32 at = VMI_ROM_FIRST; at < VMI_ROM_END; at += VMI_ROM_STEP) {
		const struct vmi_rom_header *h = (const void *)at;

		if (h->rom_signature == 0xaa55 && h->vmi_signature == VMI_SIGNATURE &&
		    h->api_major == VMI_API_MAJOR)
			return h;
	}
	return NULL;
}

static struct relocation relocation(enum vmi_call call)
{
	struct relocation r;

	__asm__ volatile("call *%3" : "=a"(r.eip), "=d"(r.type) : "a"(call), "r"(rom->get_relocation)
			 : "ecx", "memory");
	return r;
}

/* Call @call with up to three register arguments; EAX. */
static u32 vmi(enum vmi_call call, u32 a, u32 d, u32 c)
{
	struct relocation r = relocation(call);

	__asm__ volatile("call *%3" : "+a"(a), "+d"(d), "+c"(c) : "r"(r.eip) : "memory");
	return a;
}

static void set_if(bool on)
{
	vmi(on ? VMI_CALL_EnableInterrupts : VMI_CALL_DisableInterrupts, 0, 0, 0);
}

static bool get_if(void)
{
	return vmi(VMI_CALL_GetInterruptMask, 0, 0, 0) & IF;
}

/* IRET by the ROM: a CALL, so that [ESP] is a return address. */
__asm__("vmi_iret_site:\n\tcall *vmi_iret_eip\n");
extern u8 vmi_iret_site[];
u32 vmi_iret_eip;
extern u32 iret_routine;

static volatile u32 ticks;
static void tick(struct trap_frame *frame)
{
	ticks++;
	check(frame->eflags & IF, "a timer interrupt comes with IF set in its frame");
	check(!get_if(), "and finds interrupts masked");
	outb(0x20, 0x20);
}

static void timer_test(void)
{
	set_handler(0x20, tick);
	outb(0x20, 0x11);
	outb(0x21, 0x20);
	outb(0x21, 0x04);
	outb(0x21, 0x01);
	outb(0x43, 0x30); /* channel 0, one shot */
	outb(0x40, 0xff);
	outb(0x40, 0x10);
	outb(0x21, 0xfe);
	for (volatile u32 i = 0; i < 3000000; i++)
		;
	check(ticks == 0, "no interrupt while masked");
	set_if(true);
	for (u32 i = 0; i < 100 && !ticks; i++)
		vmi(VMI_CALL_Halt, 0, 0, 0);
	set_if(false);
	check(ticks == 1, "the timer interrupted once (%u)", ticks);
}

static void breakpoint(struct trap_frame *frame)
{
	check((frame->cs & 3) == 1, "an exception frame shows CS with RPL 1 (%x)", frame->cs);
	frame->eax = 0x1234;
}

static volatile u32 user_calls;
static void system_call(struct trap_frame *frame)
{
	user_calls++;
	if (user_calls == 1) {
		check((frame->cs & 3) == 3, "int 0x80 comes from ring 3 (%x)", frame->cs);
		check(frame->eax == 77 && frame->ebx == 88, "with its registers");
		check(!get_if(), "through an interrupt gate: IF is clear");
	}
	frame->eax++;
}

static volatile u32 kernel_calls;
static void kernel_call(struct trap_frame *frame)
{
	kernel_calls++;
	check((frame->cs & 3) == 1, "int 0x80 from ring 1 shows CS of ring 1 (%x)", frame->cs);
	check(!(frame->eflags & IF) == (kernel_calls == 2), "and the virtual IF in its flags");
	check(!get_if(), "through an interrupt gate: IF is clear");
}

static void leave_user(struct trap_frame *frame)
{
	last_trap = *frame;
	__asm__ volatile("movl %0, %%esp\n\tmovl $0, %%eax\n\tjmp guest_try_end" : : "r"(*(u32 *)&frame->esp_unused));
}

extern u8 user_code[], user_code_end[];
__asm__("user_code:\n\tmovl $77, %eax\n\tmovl $88, %ebx\n\tint $0x80\n\tint $0x80\n\tint $0x80\n"
	"\tmovl $0x600000, %ecx\n1:\tdecl %ecx\n\tjnz 1b\n\tint $0x81\nuser_code_end:\n");

static u32 kernel_stack[1024];

static void enter_user(u32 unused)
{
	(void)unused;
	__asm__ volatile("pushl %0\n\tpushl %1\n\tpushl $0x202\n\tpushl %2\n\tpushl %3\n\t"
			 "jmp *iret_routine"
			 : : "i"(USER_DS), "i"(0x700000), "i"(USER_CS), "r"(0x600000));
}

extern u32 try_esp;
static void end_user(struct trap_frame *frame)
{
	(void)leave_user;
	last_trap = *frame;
	__asm__ volatile("movl %0, %%esp\n\txorl %%eax, %%eax\n\tjmp guest_try_end" : : "r"(try_esp));
}

static void user_test(void)
{
	u8 *to = (u8 *)0x600000;

	for (u8 *from = user_code; from < user_code_end; from++)
		*to++ = *from;
	set_handler(0x80, system_call);
	set_handler(0x81, end_user);
	set_gate(0x80, 0xe, 3, NULL);
	set_gate(0x81, 0xe, 3, NULL);
	vmi(VMI_CALL_UpdateKernelStack, KERNEL_DS, (u32)(kernel_stack + 1024), 0);
	{
		struct PACKED {
			u16 limit;
			u32 base;
		} pointer = { sizeof(idt) - 1, (u32)idt };

		vmi(VMI_CALL_SetIDT, (u32)&pointer, 0, 0);
	}
	check(guest_try(enter_user, 0) == 0, "ring 3 ran and came back");
	set_handler(0x80, kernel_call);
	set_if(true);
	__asm__ volatile("int $0x80");
	set_if(false);
	__asm__ volatile("int $0x80");
	check(kernel_calls == 2, "the kernel's own int 0x80 arrives on its own stack");
	check(user_calls == 3 && last_trap.eax == 80, "three system calls (%u, %u)", user_calls, last_trap.eax);
}

void guest_main(void)
{
	struct relocation r;
	u32 result;

	print("vmi-first: hello from ring %u\n", read_cs() & 3);
	paging_init();
	rom = find_rom();
	check(rom != NULL, "the VMI ROM is found");
	if (!rom)
		return;
	__asm__ volatile("call *%1" : "=a"(result) : "r"(rom->init) : "ecx", "edx", "memory");
	check(result == 0, "VMI_Init succeeds");
	check((read_cs() & 3) == 1, "the kernel runs in ring 1 (CS %x)", read_cs());
	r = relocation(VMI_CALL_IRET);
	check(r.type == VMI_RELOCATION_CALL_REL, "IRET is offered");
	vmi_iret_eip = r.eip;
	iret_routine = (u32)vmi_iret_site;
	print("hello from ring %u\n", read_cs() & 3);
	check(!get_if(), "interrupts start masked");
	set_if(true);
	check(get_if(), "EnableInterrupts");
	set_if(false);
	check(!get_if(), "DisableInterrupts");
	set_handler(3, breakpoint);
	__asm__ volatile("int3" : "=a"(result));
	check(result == 0x1234, "int3 returns through the ROM's IRET");
	timer_test();
	user_test();
}
