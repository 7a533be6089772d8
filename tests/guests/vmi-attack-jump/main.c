/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Jumps to every byte of the gate's text and of the ROM's, from ring 1 with assorted registers and
 * stacks (bad ones, in the gate, forged frames of the world switch), by jumps, calls and returns;
 * and from ring 3. Each must end as an exception of this guest, or come back.  A stack that cannot
 * take an exception makes a double fault, whose task puts things right.
 *
 * Left out are slots that end the VM by what they are for (Reboot, Shutdown, Halt without
 * interrupts), bytes that are HLT, and slots that GetRelocationInfo does not name, which vmi-attack-slot calls.
 */
#include "guest-abi/hypercall.h"
#include "tests/lib/random.h"
#include "tests/lib/vmi.h"

#define PAGE 0x1000u
#define USER_CODE 0x600000u
#define USER_STACK 0x700000u
#define SCRATCH 0x800000u
#define SCRATCH_SIZE 0x10000u
#define OWN_START 0x400000u /* guest.lds */
#define VM 0x20000u /* in EFLAGS */
#define HOST_CS 0xffe0u
#define HOST_DS 0xffe8u
#define HOST_TSS 0xfff0u

struct jump {
	u32 target, esp;
	u32 eax, ecx, edx, ebx, esi, edi, ebp;
	u32 way;
};
void jump_enter(u32 jump);
extern u8 jump_pad[];
extern u32 jump_target, jump_way;

static const struct {
	const char *name;
	bool offered; /* a hypercall that returns */
} calls[] = {
#define OFFER_hv true
#define OFFER_rom false
#define OFFER_none false
#define VMI_CALL(number, name, answer, where) [number] = { #name, OFFER_##where },
#include "guest-abi/vmi_calls.def"
#undef VMI_CALL
};

/* ---- what is put on the stack ---- */

enum stack { PADS, FORGED_RING0, FORGED_IOPL, SELECTORS, AT_ZERO, ENTRY_STACK, ENTRY_TOP, SHARED, ZERO_PAGE,
	     UNMAPPED, STACK_COUNT };

static u32 stack_page[2048] ALIGNED(4096);
#define STACK (stack_page + 1024)

static void fill(volatile u32 *at, u32 count, u32 pattern)
{
	while (count--)
		*at++ = pattern;
}

/* Where registers may point, INT3: who jumps there comes back. */
static void fill_scratch(void)
{
	fill((u32 *)SCRATCH, SCRATCH_SIZE / 4, 0xcccccccc);
}

/* A frame as the world switch pops it, that goes to jump_pad with @cs and @eflags. */
static void forge(u32 cs, u32 ss, u32 eflags)
{
	const u32 tail[] = { (u32)jump_pad, cs, eflags, (u32)(STACK + 32), ss };

	fill(STACK, 14, ss);
	for (u32 i = 0; i < ARRAY_SIZE(tail); i++)
		STACK[14 + i] = tail[i];
	fill(STACK + 14 + ARRAY_SIZE(tail), 16, (u32)jump_pad);
}

static u32 prepare_stack(enum stack stack)
{
	u32 entry = vmi_gate(GATE_ENTRY_STACK);

	switch (stack) {
	case FORGED_RING0:
		forge(random_u32() % 2 ? HOST_CS : KERNEL_CS, HOST_DS, 0x3202);
		return (u32)STACK;
	case FORGED_IOPL:
		forge(read_cs(), KERNEL_DS | 1, 0x3202);
		return (u32)STACK;
	case SELECTORS:
		fill(STACK, 32, HOST_CS + random_u32() % 4 * 8);
		return (u32)STACK;
	case ENTRY_STACK:
		fill((u32 *)(entry + 0x800), 32, (u32)jump_pad);
		return entry + 0x800;
	case ENTRY_TOP:
		fill((u32 *)(entry + PAGE - 0x80), 32, (u32)jump_pad);
		return entry + PAGE - 0x4c;
	case SHARED:
		fill((u32 *)(VMI_SHARED + 0x800), 32, (u32)jump_pad);
		return VMI_SHARED + 0x800;
	case ZERO_PAGE: /* read-only; not text, which TCG would take for EFLAGS with VM */
		return vmi_gate(GATE_ZERO) + 0x800;
	case UNMAPPED:
		return 0xdead0000;
	case AT_ZERO:
		return 0;
	default:
		fill(STACK, 32, (u32)jump_pad);
		return (u32)STACK;
	}
}

/* ---- what is in the registers ---- */

static u32 register_value(u32 kind)
{
	static const u32 values[] = { 0, ~VM, VMI_SHARED + 0x100, SCRATCH, VMI_GATE, HOST_DS };

	/* Random ones are beyond what is mapped, or the test would overwrite itself.  None has the bit
	 * that an IRET on TCG would take for V86 mode (vmi-attack-v86). */
	return kind < ARRAY_SIZE(values) ? values[kind] : (random_u32() | 0x80000000) & ~VM;
}

static struct PACKED {
	u16 limit;
	u32 base;
} gdt_pointer = { sizeof(gdt) - 1, (u32)gdt }, idt_pointer = { sizeof(idt) - 1, (u32)idt };

static void make_argument_good(u32 slot, struct jump *jump)
{
	switch (slot) {
	case VMI_CALL_SetGDT:
		jump->eax = (u32)&gdt_pointer;
		break;
	case VMI_CALL_SetIDT:
		jump->eax = (u32)&idt_pointer;
		break;
	case VMI_CALL_SetCR0:
		jump->eax = vmi(VMI_CALL_GetCR0, 0, 0, 0);
		break;
	case VMI_CALL_SetCR3:
		jump->eax = (u32)page_directory;
		break;
	case VMI_CALL_SetCR4:
	case VMI_CALL_SetDR: /* an address, not a control */
		jump->eax = 0;
		break;
	}
}

/* The slot whose INT is executed by code that begins at @offset of the ROM text; or none. */
static u32 slot_reached(u32 offset)
{
	u32 in_slot = offset % HYPERCALL_SLOT_SIZE, slot = offset / HYPERCALL_SLOT_SIZE;

	if (in_slot == 1 || in_slot == HYPERCALL_INT_SIZE)
		return HYPERCALL_SLOTS;
	return in_slot ? slot + 1 : slot;
}

static bool is_halt(u32 target)
{
	return *(const u8 *)target == 0xf4;
}

static bool ends_the_vm(u32 slot)
{
	if (slot == VMI_CALL_IRET || slot >= HYPERCALL_VMI_CALLS)
		return false;
	return !calls[slot].offered || slot == VMI_CALL_Reboot || slot == VMI_CALL_Shutdown ||
	       slot == VMI_CALL_Halt;
}

/* ---- the sweep ---- */

static u32 outcomes[257], cases, wrong;

/* Is @target shortly before the JMP that ends the ROM's stub for page faults, or in its bytes? */
static bool in_fault_stub(u32 target)
{
	for (u32 at = target - 5; at < target + 60; at++)
		if (*(const u16 *)at == 0x25ff && *(const u32 *)(at + 2) == VMI_SHARED + SHARED_FAULT_ENTRY)
			return true;
	return false;
}

static void note(const struct jump *jump, u32 result)
{
	cases++;
	outcomes[result > 256 ? 256 : result]++;
	/* The frame of the ROM's int 0x80 stub is copied from the shared page: not the CPU's word. */
	if (!result || result == 8 + 1 || result == 0x80 + 1)
		return;
	if ((last_trap.cs & 3) == 1 && !(last_trap.eflags & 0x3000))
		return;
	if (result == 14 + 1 && in_fault_stub(jump->target))
		return; /* nor is that of its stub for page faults, from the shared page or wherever ESP was */
	/* An ESP loaded on the way led to where no memory is: the frame reads as ones. */
	if (last_trap.cs == ~0u && last_trap.eflags == ~0u)
		return;
	wrong++;
	print("jump to %x esp %x: vector %u cs %x eflags %x\n", jump->target, jump->esp, result - 1,
	      last_trap.cs, last_trap.eflags);
}

/* What a call may have changed is put back. */
static void mend(void)
{
	vmi_set_if(false);
	vmi(VMI_CALL_UpdateKernelStack, KERNEL_DS, tss[1], 0);
	vmi(VMI_CALL_SetIOPLMask, 0, 0, 0);
	vmi(VMI_CALL_SetLDT, 0, 0, 0);
}

static void jump_to(u32 region, u32 offset, enum stack stack)
{
	u32 slot = region == GATE_ROM ? slot_reached(offset) : HYPERCALL_SLOTS;
	struct jump jump = { .target = vmi_gate(region + offset), .esp = prepare_stack(stack) };
	u32 kind = random_u32() % 8;

	jump.eax = register_value(kind);
	jump.ecx = register_value(kind);
	jump.edx = register_value(kind);
	jump.ebx = register_value(kind);
	jump.esi = register_value(kind);
	jump.edi = register_value(kind);
	jump.ebp = register_value(kind);
	jump.way = jump_way = random_u32() % 5;
	jump_target = jump.target;
	if (is_halt(jump.target))
		return;
	if (slot < HYPERCALL_SLOTS) {
		if (ends_the_vm(slot))
			return;
		make_argument_good(slot, &jump);
	}
	note(&jump, guest_try(jump_enter, (u32)&jump));
	if (slot <= HYPERCALL_SLOTS)
		mend();
}

static void sweep(u32 region, const char *name)
{
	u32 before = 0;

	cases = wrong = 0;
	for (u32 i = 0; i < ARRAY_SIZE(outcomes); i++)
		outcomes[i] = 0;
	for (u32 i = 0; i < PAGE / 4; i++)
		before += *(volatile u32 *)(vmi_gate(region) + i * 4);
	for (u32 offset = 0; offset < PAGE; offset++)
		for (u32 stack = 0; stack < STACK_COUNT; stack++)
			if (stack < AT_ZERO || random_u32() % 3 == 0)
				jump_to(region, offset, (enum stack)stack);
	print("%s: %u jumps: came back %u", name, cases, outcomes[0]);
	for (u32 i = 1; i < ARRAY_SIZE(outcomes); i++)
		if (outcomes[i])
			print(", vector %u %u", i - 1, outcomes[i]);
	print("\n");
	check(wrong == 0, "jumps from ring 1 to %s end in ring 1 with IOPL 0 (%u wrong)", name, wrong);
	for (u32 i = 0; i < PAGE / 4; i++)
		before -= *(volatile u32 *)(vmi_gate(region) + i * 4);
	check(before == 0, "%s is as before", name);
}

static void sweep_ring3(u32 region, const char *name)
{
	u32 bad = 0;

	for (u32 offset = 0; offset < PAGE; offset++) {
		u32 at = vmi_gate(region + offset), r = run_user(at, USER_STACK);

		bad += r != 14 + 1 || last_cr2 != at || last_trap.error != 4;
	}
	check(bad == 0, "jumps from ring 3 to %s are page faults (%u are not)", name, bad);
}

/* ---- the hypercall vector ---- */

extern u8 user_hypercall[], user_hypercall_end[];
__asm__("user_hypercall:\n\tint $0x40\n\tint $0x81\nuser_hypercall_end:\n");

static void hypercall_here(u32 unused)
{
	(void)unused;
	__asm__ volatile("int $0x40");
}

static void hypercalls(void)
{
	u32 r = guest_try(hypercall_here, 0);

	check(r == HYPERCALL_VECTOR + 1, "int 0x40 outside the ROM is the guest's own interrupt (%u)", r);
	for (u32 i = 0; user_hypercall + i < user_hypercall_end; i++)
		((u8 *)USER_CODE)[i] = user_hypercall[i];
	r = run_user(USER_CODE, USER_STACK);
	check(r == 13 + 1 && last_trap.error == 0x202 && last_trap.eip == USER_CODE,
	      "int 0x40 from ring 3 is #GP (%u, error %x)", r, last_trap.error);
	set_gate(HYPERCALL_VECTOR, 0xe, 3, NULL);
	r = run_user(USER_CODE, USER_STACK);
	check(r == HYPERCALL_VECTOR + 1, "unless the guest's own gate lets ring 3 use it (%u)", r);
}

static void far_from_user(void)
{
	static const u16 selectors[] = { HOST_CS, HOST_CS | 3, HOST_DS | 3, HOST_TSS, HOST_TSS | 3,
					 0xffd8, 0xfff8, 0xfffb, KERNEL_CS, 0x11, 0x12, 0x13 };
	u8 *code = (u8 *)USER_CODE;
	u32 bad = 0;

	for (u32 i = 0; i < ARRAY_SIZE(selectors); i++)
		for (u32 opcode = 0x9a; opcode <= 0xea; opcode += 0x50) { /* CALL, JMP far */
			code[0] = (u8)opcode;
			*(u32 *)(code + 1) = vmi_gate(GATE_ROM);
			*(u16 *)(code + 5) = selectors[i];
			bad += run_user(USER_CODE, USER_STACK) != 13 + 1 ||
			       last_trap.error != (selectors[i] & ~3u);
		}
	check(bad == 0, "far jumps and calls from ring 3 to inner selectors are #GP (%u are not)", bad);
}

void guest_main(void)
{
	print("vmi-attack-jump, seed=%x\n", random_seed(boot_number("seed=", 0)));
	paging_init();
	if (!vmi_start())
		return;
	/* What the text of the gate refers to is not this kernel's memory at the same address. */
	for (u32 at = 0; at < OWN_START; at += PAGE)
		if (at < VMI_ROM_FIRST || at >= VMI_ROM_END)
			*pte_of(at) = 0;
	protect_text();
	vmi(VMI_CALL_FlushTLB, VMI_FLUSH_TLB, 0, 0);
	user_init();
	double_fault_init();
	set_gate(0x80, 0xe, 3, NULL);
	vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 0x80, idt[0x80]);
	hypercalls();
	far_from_user();
	sweep_ring3(GATE_TEXT, "the gate's text");
	sweep_ring3(GATE_ROM, "the ROM's text");
	fill_scratch();
	sweep(GATE_TEXT, "the gate's text");
	sweep(GATE_ROM, "the ROM's text");
	check(vmi(VMI_CALL_GetTR, 0, 0, 0) == TSS_SELECTOR, "calls work");
	check(run_user(USER_CODE, USER_STACK) != 0, "ring 3 works");
}
