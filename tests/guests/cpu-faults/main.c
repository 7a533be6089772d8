/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exceptions are precise: each of many instructions faults in the middle of a block, in ring 0 and in
 * ring 3, dozens of times; EIP, ESP, flags and all registers are what they were before it, error code
 * and CR2 say what happened.  Then faults in the delivery of faults.  With the word "strict"
 * also what TCG does otherwise; with "triple" and a way the kernel ends in a triple fault.
 */
#include "tests/guests/cpu-faults/faults.h"

#define ROUNDS 30u
#define EAX 0x12345678u
#define EBX 0x9abcdef0u
#define EDX 0x7ffffffeu /* + 1 in the piece */
#define ARITHMETIC 0x8d5u
#define CF_PF_ZF 0x45u
#define DF 0x400u

static void idt_limit(u32 limit)
{
	const struct PACKED {
		u16 limit;
		u32 base;
	} pointer = { (u16)limit, (u32)idt };

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

static struct user_registers start_of(const struct fault_case *c)
{
	return (struct user_registers){
		.eip = c->code, .eflags = 2 | IF, .esp = c->esp, .eax = EAX, .ebx = EBX, .ecx = c->ecx,
		.edx = EDX, .esi = c->esi, .edi = c->edi, .ebp = c->ebp,
	};
}

/* What in last_trap is not as it should be: a bit for each register. */
static u32 compare(const struct fault_case *c)
{
	const struct trap_frame *t = &last_trap;
	u32 wrong = 0, eip = c->special & FETCH ? c->eip : c->at;

	wrong |= (t->eip != eip) << 0;
	wrong |= (t->esp != (c->esp_after == ESP_SAME ? c->esp : c->esp_after)) << 1;
	wrong |= (!(c->special & ANY_EAX) && t->eax != EAX) << 2;
	wrong |= (t->ebx != EBX) << 3;
	wrong |= (t->ecx != (c->ecx_after == (u32)ECX_SAME ? c->ecx : c->ecx_after)) << 4;
	wrong |= (t->edx != EDX + 1) << 5;
	wrong |= (t->esi != (c->esi_after ? c->esi_after : c->esi)) << 6;
	wrong |= (t->edi != (c->edi_after ? c->edi_after : c->edi)) << 7;
	wrong |= (t->ebp != c->ebp) << 8;
	wrong |= (!(c->special & ANY_FLAGS) && (t->eflags & ARITHMETIC) != CF_PF_ZF) << 9;
	wrong |= (!(t->eflags & DF) != !(c->special & DOWN)) << 10;
	wrong |= (!(t->eflags & IF)) << 11;
	/* TCG does not set RF. */
	wrong |= (!on_bare() && !(t->eflags & RF)) << 12;
	return wrong;
}

/* A double fault leaves the state in the TSS; only the lib's view of it is compared. */
static u32 compare_double(const struct fault_case *c)
{
	u32 wrong = 0;

	wrong |= (last_trap.eip != c->at) << 0;
	wrong |= (last_trap.esp != (c->esp_after == ESP_SAME ? c->esp : c->esp_after)) << 1;
	wrong |= ((last_trap.eflags & ARITHMETIC) != CF_PF_ZF) << 9;
	return wrong;
}

static u32 one(u32 ring, const struct fault_case *c)
{
	struct user_registers registers = start_of(c);
	u32 result, error = c->error | (ring && c->vector == 14 ? 4u : 0);

	((u32 *)GOOD)[0] = c->special & BOUNDS ? EAX + 1 : 0;
	((u32 *)GOOD)[1] = c->special & BOUNDS ? EAX + 2 : 0;
	if (c->special & SHORT_IDT)
		idt_limit(8 * 0xff - 1);
	result = run_in_ring(ring, &registers);
	idt_limit(8 * 256 - 1);
	if (!ring && c->special & BAD_STACK)
		return result == 8 + 1 ? compare_double(c) : 0x80000000u;
	if (result != c->vector + 1)
		return 0x40000000u | result;
	if (c->special & NOT_TCG && !boot_word("strict"))
		return last_trap.eip != c->at || last_trap.esp != c->esp;
	if (last_trap.error != error || (c->vector == 14 && last_cr2 != c->cr2))
		return 0x20000000u | last_trap.error;
	return compare(c);
}

static void precise(u32 ring)
{
	for (const struct fault_case *c = fault_cases; c < fault_cases_end; c++) {
		u32 wrong = 0, what = 0, value;

		for (u32 i = 0; i < ROUNDS; i++) {
			value = one(ring, c);
			if (value) {
				wrong++;
				what = value;
			}
		}
		check(wrong == 0, "ring %u: %s (%u wrong: %x, eip %x+%x, esp %x, cr2 %x)", ring, c->text, wrong,
		      what, c->at, last_trap.eip - c->at, last_trap.esp, last_cr2);
	}
}

static void pages(void)
{
	*pte_of(BAD) = 0;
	*pte_of(READ_ONLY) &= ~PTE_W;
	__asm__ volatile("movl %%cr3, %%eax\n\tmovl %%eax, %%cr3" : : : "eax", "memory");
	for (u32 i = 0; i < PAGE / 4; i++)
		((u32 *)GOOD)[i] = 0;
}

void guest_main(void)
{
	print("cpu-faults\n");
	paging_init();
	user_init();
	if (boot_word("triple"))
		triple_fault();
	double_fault_init();
	idt[0x90] = 0;
	set_gate(0x90, 0xe, 3, NULL);
	idt[0x90] &= ~(1ull << 47);
	pages();
	precise(3);
	precise(0);
	delivery_tests();
}
