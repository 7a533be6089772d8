/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exceptions in the middle of a block: EIP, registers, ESP and flags are those of the instruction that
 * faults, all before it done and nothing after it.  A bad ESP makes double faults, taken by a task.
 */
#include "tests/guests/bt-control/control.h"

#define HOLE (LINEAR + 0x10000) /* not present; the pages around it are */
#define DATA (AREA + 0x300000)
#define STACK_BELOW (HOLE - 8)  /* what pops from here on ends in the hole, and #PF can be delivered */
#define KEEP 0u
#define READ_OR_WRITE 2u /* an instruction that does both may fault as either */
#define HALF_DONE 0x10000u /* TCG's POPA keeps what it has read before the fault */

struct faulty {
	u8 vector, size, bytes[9];
	u32 error, esp; /* KEEP: the kernel's own stack */
	u32 ignored;	/* bits of the error code */
};

/* EAX counts; EBX DATA, ECX 3, EDX 5, ESI DATA, EDI and EBP HOLE.  CF and PF are set. */
static const struct faulty faulties[] = {
	{ 14, 2, { 0x8b, 0x07 }, 0, KEEP, 0 },	   /* MOV */
	{ 14, 2, { 0x89, 0x07 }, 2, KEEP, 0 },
	{ 14, 2, { 0x01, 0x07 }, 2, KEEP, READ_OR_WRITE },	   /* ADD to memory */
	{ 14, 2, { 0x13, 0x07 }, 0, KEEP, 0 },	   /* ADC from memory */
	{ 14, 2, { 0xff, 0x37 }, 0, KEEP, 0 },	   /* PUSH */
	{ 14, 2, { 0x8f, 0x07 }, 2, KEEP, 0 },	   /* POP */
	{ 14, 2, { 0xff, 0x17 }, 0, KEEP, 0 },	   /* CALL */
	{ 14, 2, { 0xff, 0x27 }, 0, KEEP, 0 },	   /* JMP */
	{ 14, 1, { 0xa5 }, 2, KEEP, 0 },		   /* MOVSD */
	{ 14, 1, { 0xab }, 2, KEEP, 0 },		   /* STOSD */
	{ 14, 1, { 0xa7 }, 0, KEEP, 0 },		   /* CMPSD */
	{ 14, 2, { 0xf3, 0xaa }, 2, KEEP, 0 },	   /* REP STOSB */
	{ 14, 2, { 0xf2, 0xae }, 0, KEEP, 0 },	   /* REPNE SCASB */
	{ 14, 3, { 0x0f, 0xc1, 0x07 }, 2, KEEP, READ_OR_WRITE },  /* XADD */
	{ 14, 3, { 0x0f, 0xb1, 0x07 }, 2, KEEP, READ_OR_WRITE },  /* CMPXCHG */
	{ 14, 3, { 0x0f, 0xc7, 0x0f }, 2, KEEP, READ_OR_WRITE },  /* CMPXCHG8B */
	{ 14, 2, { 0x87, 0x07 }, 2, KEEP, READ_OR_WRITE },	   /* XCHG */
	{ 14, 3, { 0xc1, 0x07, 5 }, 2, KEEP, READ_OR_WRITE },	   /* ROL */
	{ 14, 2, { 0xf7, 0x37 }, 0, KEEP, 0 },	   /* DIV */
	{ 14, 3, { 0x0f, 0xaf, 0x07 }, 0, KEEP, 0 },  /* IMUL */
	{ 14, 3, { 0x0f, 0xab, 0x07 }, 2, KEEP, READ_OR_WRITE },  /* BTS */
	{ 14, 3, { 0x0f, 0x92, 0x07 }, 2, KEEP, 0 },  /* SETB */
	{ 14, 2, { 0x8e, 0x07 }, 0, KEEP, 0 },	   /* MOV ES */
	{ 14, 2, { 0xc4, 0x07 }, 0, KEEP, 0 },	   /* LES */
	{ 14, 3, { 0x0f, 0x01, 0x17 }, 0, KEEP, 0 },  /* LGDT */
	{ 14, 2, { 0xd9, 0x07 }, 0, KEEP, 0 }, /* FLD */
	{ 0, 2, { 0xf7, 0xf2 }, 0, KEEP, 0 },	   /* DIV EDX */
	{ 6, 2, { 0x0f, 0x0b }, 0, KEEP, 0 },	   /* UD2 */
	{ 6, 2, { 0xf0, 0x40 }, 0, KEEP, 0 },	   /* LOCK INC EAX */
	{ 13, 7, { 0xea, 0, 0, 0, 0, 0xf0, 0x01 }, 0x1f0, KEEP, 0 }, /* JMP FAR, over the GDT's limit */
	{ 13, 2, { 0x8e, 0xc0 }, 4, KEEP, 0 },	   /* MOV ES, EAX: of an LDT that is not there */
	{ 14, 1, { 0xc3 }, 0, HOLE, 0 },		   /* RET */
	{ 14, 3, { 0xc2, 8, 0 }, 0, HOLE, 0 },
	{ 14, 1, { 0x58 }, 0, HOLE, 0 },		   /* POP */
	{ 14, 1, { 0x9d }, 0, HOLE, 0 },		   /* POPF */
	{ 14, 2, { 0x8f, 0x03 }, 0, HOLE, 0 },
	{ 14, 1, { 0x61 }, 0, STACK_BELOW, HALF_DONE },	   /* POPA, over the end */
	{ 14, 1, { 0xcf }, 0, STACK_BELOW, 0 },	   /* IRET */
	{ 14, 1, { 0xcb }, 0, HOLE - 4, 0 },	   /* RETF */
	{ 14, 1, { 0xc9 }, 0, KEEP, 0 },		   /* LEAVE: from EBP */
	{ 14, 1, { 0x07 }, 0, HOLE, 0 },		   /* POP ES */
	{ 14, 2, { 0x0f, 0xa1 }, 0, HOLE, 0 },  /* POP FS */
	{ 8, 1, { 0x50 }, 0, HOLE + 64, 0 },	   /* PUSH */
	{ 8, 5, { 0xe8, 0, 0, 0, 0 }, 0, HOLE + 64, 0 }, /* CALL */
	{ 8, 2, { 0xff, 0xd3 }, 0, HOLE + 64, 0 },	   /* CALL EBX */
	{ 8, 2, { 0xff, 0x13 }, 0, HOLE + 64, 0 },	   /* CALL (EBX) */
	{ 8, 1, { 0x9c }, 0, HOLE + 64, 0 },	   /* PUSHF */
	{ 8, 1, { 0x60 }, 0, HOLE + 64, 0 },	   /* PUSHA */
	{ 8, 4, { 0xc8, 8, 0, 0 }, 0, HOLE + 64, 0 }, /* ENTER */
	{ 8, 2, { 0xff, 0x33 }, 0, HOLE + 64, 0 },	   /* PUSH (EBX) */
	{ 8, 1, { 0x1e }, 0, HOLE + 64, 0 },	   /* PUSH DS */
	{ 8, 2, { 0x0f, 0x0b }, 0, HOLE + 64, 0 },	   /* UD2 with nowhere to push */
};

extern u32 fault_esp, fault_kept_esp;
u32 fault_esp, fault_kept_esp;

/* The block: loads ESP if asked, three increments, CMP for the flags, the faulty one, and more increments. */
static void make_block(const struct faulty *faulty, u8 **fault)
{
	u8 *at = (u8 *)AREA;

	at = emit32(emit8(emit8(at, 0x89), 0x25), (u32)&fault_kept_esp);
	if (faulty->esp)
		at = emit32(emit8(at, 0xbc), faulty->esp);
	EMIT(at, 0x40, 0x40, 0x40, 0x39, 0xd1, 0x40); /* CMP ECX, EDX: CF, SF, AF; INC keeps CF */
	*fault = at;
	memcpy(at, faulty->bytes, faulty->size);
	at += faulty->size;
	EMIT(at, 0x40, 0x43, 0x41, 0xcc, 0xf4); /* INT3: none of the vectors above */
}

static bool state_matches(const struct faulty *faulty, const u8 *fault, u32 result)
{
	u32 esp = faulty->esp ? faulty->esp : fault_kept_esp;
	const struct trap_frame *t = &last_trap;
	bool page = faulty->vector == 14;

	if (result != faulty->vector + 1u || t->eip != (u32)fault || t->esp != esp ||
	    (t->eflags & FLAGS_STATUS) != FLAG_CF)
		return false;
	if (result == 8 + 1)
		return true;
	return !((t->error ^ faulty->error) & ~faulty->ignored) && (!page || (last_cr2 & ~0xfffu) == HOLE) &&
	       t->eax == 4 && t->ebx == DATA && t->ecx == 3 && t->edx == 5 &&
	       (faulty->ignored == HALF_DONE || (t->esi == DATA && t->edi == HOLE)) && t->ebp == HOLE;
}

static bool one_fault(u32 number)
{
	const struct faulty *faulty = &faulties[number];
	struct code_state s = {
		.ebx = DATA, .ecx = 3, .edx = 5, .esi = DATA, .edi = HOLE, .ebp = HOLE, .eflags = 2,
	};
	u8 *fault;

	make_block(faulty, &fault);
	for (u32 i = 0; i < 5; i++) {
		u32 r = code_try((void *)AREA, &s);

		if (state_matches(faulty, fault, r))
			continue;
		print("%u (%x %x): vector %d error %x eip %x, want %x; eflags %x esp %x, want %x; eax %x\n",
		      number, fault[0], fault[1], (int)r - 1, last_trap.error, last_trap.eip, (u32)fault,
		      last_trap.eflags, last_trap.esp,
		      faulty->esp ? faulty->esp : fault_kept_esp, last_trap.eax);
		return false;
	}
	return true;
}

/* REP STOSD over the beginning of the hole: what was done is done, and can go on. */
static bool half_a_string(void)
{
	struct code_state s = { .eax = 0x55, .ecx = 8, .edi = HOLE - 12, .eflags = 2 };
	u8 *at = (u8 *)AREA;

	EMIT(at, 0x40, 0xf3, 0xab, 0xc3);
	for (u32 i = 0; i < 5; i++) {
		memset((void *)(HOLE - 12), 0, 12);
		if (code_try((void *)AREA, &s) != 14 + 1 || last_trap.eip != AREA + 1 || last_trap.ecx != 5 ||
		    last_trap.edi != HOLE || last_cr2 != HOLE || last_trap.error != 2 ||
		    *(volatile u32 *)(HOLE - 4) != 0x56 || *(volatile u32 *)(HOLE - 12) != 0x56)
			return false;
	}
	return true;
}

/* A branch to where nothing is: done, and then the fetch faults; CALL has pushed. */
static bool branches_into_the_hole(void)
{
	static const u8 codes[][3] = { { 0xff, 0xe7, 0 }, { 0xff, 0xd7, 4 }, { 0x57, 0xc3, 0 } };

	for (u32 i = 0; i < 30; i++) {
		const u8 *code = codes[i % 3];
		struct code_state s = { .eax = 1, .edi = HOLE + 4 * i, .eflags = 2 };
		struct faulty faulty = { .size = 2, .bytes = { code[0], code[1] } };
		u8 *fault;

		make_block(&faulty, &fault);
		if (code_try((void *)AREA, &s) != 14 + 1 || last_trap.eip != HOLE + 4 * i ||
		    last_cr2 != HOLE + 4 * i || last_trap.error || last_trap.eax != 5 ||
		    fault_kept_esp - last_trap.esp != code[2])
			return false;
	}
	return true;
}

void test_faults(void)
{
	u32 bad = 0;

	code_map(HOLE - 0x1000, AREA + 0x8000, PTE_P | PTE_W);
	code_map(HOLE, 0, 0);
	code_map(HOLE + 0x1000, AREA + 0xa000, PTE_P | PTE_W);
	__asm__ volatile("lldt %w0" : : "r"(0)); /* which not every boot loader leaves so */
	memset((void *)DATA, 0, 64);
	memset((void *)(HOLE - 64), 0, 64);
	for (u32 i = 0; i < ARRAY_SIZE(faulties); i++)
		bad += !one_fault(i);
	check(!bad, "%u kinds of faults in the middle of a block are precise (%u of them not)",
	      ARRAY_SIZE(faulties), bad);
	check(half_a_string(), "a string instruction that faults half-way has done half");
	check(branches_into_the_hole(), "branches to a missing page fault there");
	code_map(HOLE, HOLE, PTE_P | PTE_W | PTE_U);
}
