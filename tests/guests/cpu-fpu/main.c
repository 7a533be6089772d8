/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x87 and SSE: #NM by CR0.TS and EM and lazy switching between two owners as kernels do it; state over
 * interrupts and system calls; #MF and #XM with their places; FXSAVE, FXRSTOR, FNSAVE and the
 * environment; in ring 0 and ring 3.
 */
#include "tests/lib/guest_timer.h"

#define ROUNDS 100u
#define IF 0x200u
#define STACK 0x700000u
#define CR0_MP 2u
#define CR0_EM 4u
#define CR0_TS 8u
#define CR0_NE 0x20u
#define CR4_OSFXSR 0x200u
#define CR4_OSXMMEXCPT 0x400u
#define MXCSR_DEFAULT 0x1f80u

static u8 area[2][512] ALIGNED(16), image[512] ALIGNED(16);
static u32 start_edi, current, switches;
static volatile u32 ticks, stop;

static u32 get_cr0(void)
{
	u32 value;

	__asm__ volatile("movl %%cr0, %0" : "=r"(value));
	return value;
}

static void set_cr0(u32 value)
{
	__asm__ volatile("movl %0, %%cr0" : : "r"(value) : "memory");
}

static void set_ts(void)
{
	set_cr0(get_cr0() | CR0_TS);
}

static void clts(void)
{
	__asm__ volatile("clts" : : : "memory");
}

extern u8 do_x87[], do_sse[], do_mmx[], do_fwait[], do_divide[], do_divide_wait[], do_xm[], do_xm_at[], do_loop[],
	do_fxsave[];
__asm__("do_x87:\n\tfld1\n\tfstp %st(0)\n\tint $0x81\n"
	"do_sse:\n\txorps %xmm0, %xmm0\n\tint $0x81\n"
	"do_mmx:\n\tmovd %eax, %mm0\n\temms\n\tint $0x81\n"
	"do_fwait:\n\tfwait\n\tint $0x81\n"
	"do_fxsave:\n\tfxsave (%edi)\n\tint $0x81\n"
	/* 1 / 0, unmasked: reported by the next waiting instruction. */
	"do_divide:\n\tfninit\n\tfldcw (%esi)\n\tfldz\n\tfld1\n\tfdivp\n\tincl %ebx\n"
	"do_divide_wait:\n\tfwait\n\tint $0x81\n"
	"do_xm:\n\tldmxcsr (%esi)\n\txorps %xmm0, %xmm0\n\tmovl $0x3f800000, %eax\n\tmovd %eax, %xmm1\n\tincl %ebx\n"
	"do_xm_at:\n\tdivss %xmm0, %xmm1\n\tint $0x81\n"
	/* Sums in x87, SSE and MMX until `stop`; EDI counts what is wrong.  Interrupts come in between. */
	"do_loop:\n\tfninit\n\tfldz\n\tmovl $0x3f800000, %eax\n\tmovd %eax, %xmm7\n"
	"\txorps %xmm6, %xmm6\n\txorl %ecx, %ecx\n"
	"1:\tfld1\n\tfaddp\n\taddss %xmm7, %xmm6\n\tincl %ecx\n"
	"\tpushl %ecx\n\tfildl (%esp)\n\tpopl %eax\n\tfucomip %st(1)\n\tje 2f\n\tincl %edi\n"
	"2:\tcvttss2si %xmm6, %eax\n\tcmpl %eax, %ecx\n\tje 3f\n\tincl %edi\n"
	"3:\tcmpl $0x10000000, %ecx\n\tje 4f\n\tcmpl $0, stop\n\tje 1b\n4:\tint $0x81\n");

static u32 run(u32 ring, const void *code, u32 esi)
{
	struct user_registers registers = {
		.eip = (u32)code, .eflags = 2 | IF, .esp = STACK, .esi = esi, .edi = start_edi,
	};

	return run_in_ring(ring, &registers);
}

static void clear_fpu(void)
{
	static const u32 mxcsr = MXCSR_DEFAULT;

	clts();
	__asm__ volatile("fninit\n\tldmxcsr %0" : : "m"(mxcsr));
}

/* ---- #NM ---- */
static void unavailable(u32 ring)
{
	static const struct {
		const char *text;
		u32 bits;
		u8 x87, sse, mmx, fwait; /* vector + 1, or 0 */
	} cases[] = {
		{ "TS", CR0_TS, 8, 8, 8, 0 },		   { "TS and MP", CR0_TS | CR0_MP, 8, 8, 8, 8 },
		{ "MP", CR0_MP, 0, 0, 0, 0 },		   { "none", 0, 0, 0, 0, 0 },
		{ "EM", CR0_EM, 8, 7, 7, 0 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 wrong = 0, cr0 = get_cr0() & ~(CR0_TS | CR0_MP | CR0_EM);

		for (u32 j = 0; j < ROUNDS / 2; j++) {
			set_cr0(cr0 | cases[i].bits);
			wrong += run(ring, do_x87, 0) != cases[i].x87;
			wrong += cases[i].x87 && last_trap.eip != (u32)do_x87;
			wrong += run(ring, do_sse, 0) != cases[i].sse;
			wrong += run(ring, do_mmx, 0) != cases[i].mmx;
			wrong += run(ring, do_fwait, 0) != cases[i].fwait;
		}
		set_cr0(cr0 | CR0_MP);
		check(wrong == 0, "ring %u: CR0 with %s: x87, SSE, MMX, FWAIT (%u wrong)", ring, cases[i].text,
		      wrong);
	}
}

/* Two users of the FPU that are switched lazily. */
static void switch_owner(struct trap_frame *frame)
{
	(void)frame;
	clts();
	switches++;
	__asm__ volatile("fxsave %0\n\tfxrstor %1" : "=m"(area[current ^ 1]) : "m"(area[current]));
}

extern u8 do_owner[];
__asm__("do_owner:\n\tfilds (%esi)\n\tfaddp\n\tfists 4(%esi)\n"
	"\taddps %xmm7, %xmm5\n\tcvttss2si %xmm5, %eax\n\tint $0x81\n");

static void lazy(u32 ring)
{
	static struct {
		u16 addend, unused, sum, unused2;
	} data[2] = { { 1, 0, 0, 0 }, { 3, 0, 0, 0 } };
	static const u32 one = 0x3f800000, three = 0x40400000;
	u32 wrong = 0;

	clear_fpu();
	__asm__ volatile("fldz\n\txorps %%xmm5, %%xmm5\n\tmovss %1, %%xmm7\n\tfxsave %0" : "=m"(area[0]) : "m"(one));
	/* The second owner is the one whose state is loaded. */
	__asm__ volatile("movss %1, %%xmm7\n\tfxsave %0" : "=m"(area[1]) : "m"(three));
	set_handler(7, switch_owner);
	current = switches = 0;
	for (u32 i = 1; i <= ROUNDS; i++)
		for (u32 j = 0; j < 2; j++) {
			current = j;
			set_ts();
			wrong += run(ring, do_owner, (u32)&data[j]) != 0;
			wrong += data[j].sum != i * data[j].addend || last_trap.eax != i * data[j].addend;
		}
	set_handler(7, NULL);
	check(wrong == 0 && switches == 2 * ROUNDS,
	      "ring %u: two owners, switched at #NM (%u wrong, %u switches)", ring, wrong, switches);
	clear_fpu();
}

/* ---- interrupts in the middle ---- */
static void tick(struct trap_frame *frame)
{
	(void)frame;
	stop = ++ticks >= 30;
	/* A handler that uses the FPU and puts it back. */
	__asm__ volatile("fxsave %0\n\tfninit\n\tfldpi\n\tpcmpeqd %%xmm6, %%xmm6\n\tfxrstor %0" : "+m"(image));
	timer_done();
}

/* One that comes after the timer was stopped must not meet a later test's CR0.TS. */
static void late_tick(struct trap_frame *frame)
{
	(void)frame;
	timer_done();
}

static void interrupted(u32 ring)
{
	u32 result;

	ticks = stop = 0;
	start_edi = 0;
	set_handler(TIMER_VECTOR, tick);
	timer_every(3001);
	result = run(ring, do_loop, 0);
	timer_stop();
	set_handler(TIMER_VECTOR, late_tick);
	check(result == 0 && last_trap.edi == 0 && ticks,
	      "ring %u: sums go on over interrupts (%u, %u wrong, %u turns)", ring, result, last_trap.edi,
	      last_trap.ecx);
	clear_fpu();
}

/* ---- errors ---- */
static void errors(u32 ring)
{
	static const u16 unmasked = 0x37b;
	static const u32 xm_unmasked = MXCSR_DEFAULT & ~0x200u;
	u32 wrong = 0, result = 0;

	for (u32 i = 0; i < ROUNDS; i++) {
		u16 status;

		result = run(ring, do_divide, (u32)&unmasked);
		__asm__ volatile("fnstsw %0" : "=m"(status));
		wrong += result != 16 + 1 || last_trap.eip != (u32)do_divide_wait || (status & 0x84) != 0x84;
		clear_fpu();
	}
	check(wrong == 0, "ring %u: #MF at the next waiting instruction (%u wrong: %d)", ring, wrong,
	      (int)result - 1);
	/* TCG has no #XM. */
	if (!boot_word("strict"))
		return;
	wrong = 0;
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 mxcsr;

		result = run(ring, do_xm, (u32)&xm_unmasked);
		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
		wrong += result != 19 + 1 || last_trap.eip != (u32)do_xm_at || !(mxcsr & 4);
		clear_fpu();
	}
	check(wrong == 0, "ring %u: #XM at the instruction (%u wrong: %d)", ring, wrong, (int)result - 1);
}

/* ---- saving ---- */
static void saving(void)
{
	static u8 first[512] ALIGNED(16), second[512] ALIGNED(16), old[108];
	u32 wrong = 0, result;
	u16 control = 0x27f, status, tag[14];

	for (u32 i = 0; i < ROUNDS; i++) {
		for (u32 j = 0; j < 512; j++)
			first[j] = second[j] = 0;
		clear_fpu();
		__asm__ volatile("fldcw %1\n\tfldpi\n\tfld1\n\tfldl2e\n\tmovd %2, %%xmm3\n\t"
				 "pshufd $0, %%xmm3, %%xmm4\n\t"
				 "fxsave %0" : "=m"(first) : "m"(control), "r"(i * 0x1010101));
		__asm__ volatile("fninit\n\txorps %xmm3, %xmm3\n\txorps %xmm4, %xmm4");
		__asm__ volatile("fxrstor %1\n\tfxsave %0" : "=m"(second) : "m"(first));
		for (u32 j = 0; j < 288; j++)
			wrong += first[j] != second[j];
		__asm__ volatile("fnsave %0\n\tfnstsw %1" : "=m"(old), "=m"(status));
		wrong += status != 0 || *(u16 *)old != control;
		__asm__ volatile("frstor %1\n\tfnstenv %0" : "=m"(tag) : "m"(old));
		wrong += tag[0] != control || tag[4] != *(u16 *)(old + 8);
	}
	check(wrong == 0, "FXSAVE, FXRSTOR, FNSAVE, FRSTOR, FNSTENV keep everything (%u wrong)", wrong);
	clear_fpu();
	wrong = 0;
	start_edi = 0xa00000 - 256;
	*pte_of(0xa00000) = 0;
	__asm__ volatile("invlpg 0xa00000");
	for (u32 i = 0; i < 20; i++) {
		result = run(i % 2 * 3, do_fxsave, 0);
		wrong += result != 14 + 1 || last_trap.eip != (u32)do_fxsave || (last_cr2 & ~0xfffu) != 0xa00000;
		result = run(i % 2 * 3, do_fxsave, 0);
		wrong += result != 14 + 1;
	}
	check(wrong == 0, "FXSAVE into an absent page is a page fault (%u wrong)", wrong);
}

void guest_main(void)
{
	u32 cr4;

	print("cpu-fpu\n");
	paging_init();
	user_init();
	timer_init();
	__asm__ volatile("movl %%cr4, %0\n\torl %1, %0\n\tmovl %0, %%cr4"
			 : "=&r"(cr4) : "i"(CR4_OSFXSR | CR4_OSXMMEXCPT));
	set_cr0((get_cr0() | CR0_NE | CR0_MP) & ~(CR0_EM | CR0_TS));
	clear_fpu();
	for (u32 ring = 0; ring <= 3; ring += 3) {
		unavailable(ring);
		lazy(ring);
		interrupted(ring);
		errors(ring);
	}
	saving();
}
