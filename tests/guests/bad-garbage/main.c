/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Executes random bytes: in ring 0 before VMI_Init (interpreted), in ring 1 after it, and in ring
 * 3; with single steps and without.  Every exception comes back to the test, a bad stack by the
 * task of double faults, and endless loops by a timer.  Words: seed=, rounds=.  Without the ROM it
 * runs on a bare PC.
 *
 * Left out are instructions that could end the test: port output, HLT, and those that load
 * descriptor tables, control registers or MSRs (vmi-bad-calls has these), and what masks the timer.
 * So that stores seldom hit what the test needs, little is mapped, and its code is read-only.
 */
#include "tests/lib/random.h"
#include "tests/lib/vmi.h"

#define CODE 0x800000u /* 16 bytes of code, at the end of a page or elsewhere in it */
#define STACK 0x900000u
#define DATA 0xa00000u
#define OWN_START 0x400000u
#define OWN_END 0x500000u
#define IF 0x200u
#define TF 0x100u
#define NE 0x20u
#define GARBAGE_SIZE 24u
#define STEPS_MAX 64u
#define TICKS_MAX 10u

static u32 vectors[257];
static bool show; /* word "show": print each piece */
static u64 saved_gdt[GDT_ENTRIES];
static u32 saved_tss[26];

/* ---- what may not be executed ---- */

static bool forbidden(u8 byte, u8 next)
{
	switch (byte) {
	case 0x6c ... 0x6f: /* INS, OUTS */
	case 0xe6:
	case 0xe7: /* OUT */
	case 0xee:
	case 0xef:
	case 0xf4: /* HLT */
	case 0xfa: /* CLI */
	case 0x9d: /* POPF, IRET: IF, TF */
	case 0xcf:
		return true;
	case 0x0f:
		return next <= 0x01 || next == 0x05 || next == 0x07 || (next >= 0x20 && next <= 0x26) ||
		       next == 0x30 || next == 0x34 || next == 0x35;
	case 0xcd:
		return next == 8; /* the task gate expects an error code */
	default:
		return false;
	}
}

static void make_garbage(u8 *at)
{
	for (u32 i = 0; i < GARBAGE_SIZE; i++) {
		do {
			at[i] = (u8)random_u32();
			/* Two-byte opcodes are as many as others; let them come as often. */
			if (i && random_u32() % 8 == 0)
				at[i - 1] = 0x0f;
		} while (forbidden(at[i], 0xff) || (i && forbidden(at[i - 1], at[i])));
	}
	at[GARBAGE_SIZE] = 0xcd; /* int $0x82: through */
	at[GARBAGE_SIZE + 1] = 0x82;
}

/* ---- running it ---- */

extern u32 try_esp;
extern u8 guest_try_end[];
static volatile u32 steps, ticks;

/* Back to the test, from a handler. */
static void give_up(u32 result)
{
	__asm__ volatile("movl %0, %%esp\n\tjmp guest_try_end" : : "r"(try_esp), "a"(result));
}

static void step(struct trap_frame *frame)
{
	if (!(frame->eflags & TF) || !try_esp || ++steps > STEPS_MAX) {
		last_trap = *frame;
		give_up(1 + 1);
	}
}

static void tick(struct trap_frame *frame)
{
	outb(0x20, 0x20);
	ticks++;
	/* Garbage may also have jumped into this kernel, and loop there. */
	if (try_esp && (frame->eip < OWN_START || frame->eip >= OWN_END || ticks > TICKS_MAX))
		give_up(0x20 + 1);
}

struct start {
	u32 eip, eflags, esp, eax, ebx, ecx, edx, esi, edi, ebp;
};
extern struct start start;
struct start start;

/* In the kernel's ring: registers, then flags last, then a jump. */
void garbage_enter(u32 unused);
__asm__(".globl garbage_enter\ngarbage_enter:\n\tmovl $start, %eax\n\tmovl 8(%eax), %esp\n"
	"\tpushl 0(%eax)\n\tmovl 16(%eax), %ebx\n\tmovl 20(%eax), %ecx\n\tmovl 24(%eax), %edx\n"
	"\tmovl 28(%eax), %esi\n\tmovl 32(%eax), %edi\n\tmovl 36(%eax), %ebp\n"
	"\tpushl 4(%eax)\n\tmovl 12(%eax), %eax\n\tpopfl\n\tret\n");

static u32 interesting(void)
{
	static const u32 values[] = { 0, 1, ~0u, 0x80000000, DATA, DATA + 0xffe, STACK, CODE, 8, 0xffc00000 };
	u32 kind = random_u32() % 16;

	return kind < ARRAY_SIZE(values) ? values[kind] : kind < 14 ? DATA + random_u32() % 4096 : random_u32();
}

static void mend(void)
{
	/* An interrupt that found a bad stack became a double fault, and its handler never ran. */
	outb(0x20, 0x20);
	for (u32 i = 0; i < GDT_ENTRIES; i++)
		if (gdt[i] != saved_gdt[i] && i != TSS_SELECTOR / 8 && i != DF_TSS_SELECTOR / 8)
			gdt[i] = saved_gdt[i];
	for (u32 i = 0; i < ARRAY_SIZE(saved_tss); i++)
		if (i < 4 || i == 7 || i >= 24)
			tss[i] = saved_tss[i];
	__asm__ volatile("movw %w0, %%ds\n\tmovw %w0, %%es\n\tmovw %w0, %%fs\n\tmovw %w0, %%gs\n\t"
			 "movl %1, %%eax\n\tmovl %%eax, %%dr7\n\tclts\n\tfninit"
			 : : "r"(KERNEL_DS), "i"(0x400) : "eax");
	if (vmi_active)
		vmi_set_if(false);
	else
		__asm__ volatile("cli");
}

static void one(bool ring3, bool stepped)
{
	u32 at = CODE + (random_u32() % 2 ? 4096 - GARBAGE_SIZE - 2 : random_u32() % 4000), r;
	u32 flags = 2 | (stepped ? TF : 0);
	struct user_registers user = {
		.eip = at, .cs = USER_CS, .eflags = flags | IF, .esp = STACK + 0x800, .ss = USER_DS,
		.eax = interesting(), .ebx = interesting(), .ecx = interesting(), .edx = interesting(),
		.esi = interesting(), .edi = interesting(), .ebp = interesting(),
	};

	make_garbage((u8 *)at);
	start = (struct start){ at, flags | (vmi_active ? 0 : IF), STACK + 0x800, user.eax, user.ebx,
				user.ecx, user.edx, user.esi, user.edi, user.ebp };
	steps = ticks = 0;
	if (show)
		print("%u %08x%08x%08x%08x%08x%08x\n", ring3, ((u32 *)at)[0], ((u32 *)at)[1], ((u32 *)at)[2],
		      ((u32 *)at)[3], ((u32 *)at)[4], ((u32 *)at)[5]);
	if (!ring3 && vmi_active)
		vmi_set_if(true);
	r = guest_try(ring3 ? user_enter : garbage_enter, ring3 ? (u32)&user : 0);
	mend();
	vectors[r > 256 ? 256 : r]++;
}

static void many(const char *where, bool ring3, u32 rounds)
{
	for (u32 i = 0; i < ARRAY_SIZE(vectors); i++)
		vectors[i] = 0;
	for (u32 i = 0; i < rounds; i++)
		one(ring3, i % 2);
	print("%s:", where);
	for (u32 i = 0; i < ARRAY_SIZE(vectors); i++)
		if (vectors[i])
			print(" %d:%u", (int)i - 1, vectors[i]);
	print("\n");
	check(vectors[0] == 0, "%u pieces of garbage in %s ended by an exception", rounds, where);
	check(vectors[6 + 1] && vectors[14 + 1], "invalid opcodes and page faults among them");
}

static void timer_start(void)
{
	outb(0x20, 0x11);
	outb(0x21, 0x20);
	outb(0x21, 0x04);
	outb(0x21, 0x01);
	outb(0x43, 0x34);
	outb(0x40, 0); /* 18 Hz, or in slow emulators there would be little else */
	outb(0x40, 0);
	outb(0x21, 0xfe);
}

/* Only pages for garbage are there; this kernel's are not for ring 3, and its code for nobody to write. */
static void protect(void)
{
	for (u32 at = 0; at < 0x4000000; at += 4096) {
		if (at >= OWN_START && at < OWN_END)
			*pte_of(at) &= ~PTE_U;
		else if (at != CODE && at != STACK && at != DATA &&
			 (at < VMI_ROM_FIRST || at >= VMI_ROM_END))
			*pte_of(at) = 0;
	}
	protect_text();
	__asm__ volatile("movl %%cr3, %%eax\n\tmovl %%eax, %%cr3" : : : "eax", "memory");
}

static void set_up(void)
{
	user_init();
	double_fault_init();
	for (u32 i = 0; i < GDT_ENTRIES; i++)
		saved_gdt[i] = gdt[i];
	for (u32 i = 0; i < ARRAY_SIZE(saved_tss); i++)
		saved_tss[i] = tss[i];
	set_handler(1, step);
	set_handler(0x20, tick);
	set_gate(0x82, 0xe, 3, NULL);
	__asm__ volatile("movl %%cr0, %%eax\n\torl %0, %%eax\n\tmovl %%eax, %%cr0" : : "i"(NE) : "eax");
}

void guest_main(void)
{
	u32 rounds = boot_number("rounds=", 0x600);
	show = boot_word("show");
	bool native = boot_word("native");

	print("bad-garbage, seed=%x\n", random_seed(boot_number("seed=", 1)));
	paging_init();
	protect();
	timer_start();
	set_up();
	many("ring 0", false, rounds);
	many("ring 3", true, rounds);
	if (native || !vmi_find())
		return;
	check(vmi_init() == 0, "VMI_Init succeeds");
	set_up();
	many("ring 1", false, rounds);
	many("ring 3", true, rounds);
}
