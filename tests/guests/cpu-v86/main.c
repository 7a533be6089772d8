/* SPDX-License-Identifier: GPL-2.0 */
/*
 * V86 mode with IOPL 0 and 3: code in low memory, entered by IRET from ring 0 and left by exceptions.
 * What is sensitive to IOPL, port I/O, software interrupts, faults, interrupts among it all; segment
 * registers as paragraphs; and a monitor that reflects INT n as a kernel does.
 */
#include "tests/lib/guest_timer.h"

#define ROUNDS 100u
#define IF 0x200u
#define IOPL3 0x3000u
#define VM 0x20000u

#define CODE 0x8000u /* linear; CS = 800 */
#define V86_CS (CODE >> 4)
#define V86_STACK 0x900u /* SS */
#define V86_SP 0x800u
#define DATA 0xa000u /* DS = A00 */

/* What v86_enter loads: a frame as IRET wants it, and EAX, ECX. */
struct v86_frame {
	u32 eip, cs, eflags, esp, ss, es, ds, fs, gs, eax, ecx;
};
void v86_enter(u32 frame);
extern u8 v86_code[], v86_code_end[];
__asm__("v86_enter:\n\tmovl 4(%esp), %ebx\n\tmovl $32, %ecx\n1:\tpushl (%ebx,%ecx)\n\tsubl $4, %ecx\n\tjns 1b\n"
	"\tmovl 36(%ebx), %eax\n\tmovl 40(%ebx), %ecx\n\tiret\n");

/* Pieces of 16-bit code, each with the offset at which it is to stop. */
#define PIECE(name, code) "p_" name ":\n\t" code "\n"
extern u8 p_loop[], p_cli[], p_sti[], p_pushf[], p_popf[], p_int[], p_iret[], p_in[], p_hlt[], p_ud[], p_div[],
	p_segments[], p_lgdt[], p_mov_cr[], p_int3[], p_limit[], p_arpl[];
__asm__("v86_code:\n\t.code16\n"
	PIECE("loop", "movw %ax, %bx\n1:\tpushw %cx\n\tpopw %dx\n\taddw %dx, %bx\n\tcallw 2f\n\tloop 1b\n\thlt\n"
		      "2:\tretw")
	PIECE("cli", "nop\n\tcli\n\thlt")
	PIECE("sti", "nop\n\tsti\n\thlt")
	PIECE("pushf", "nop\n\tpushfw\n\tpopw %ax\n\thlt")
	PIECE("popf", "pushw %cx\n\tpopfw\n\tpushfw\n\tpopw %ax\n\thlt")
	PIECE("int", "nop\n\tint $0x21\n\thlt")
	PIECE("int3", "nop\n\tint3\n\thlt")
	PIECE("iret", "pushw %cx\n\tpushw %cs\n\tpushw $(9f - v86_code)\n"
		      "\tiretw\n\tnop\n9:\tpushfw\n\tpopw %ax\n\thlt")
	PIECE("in", "movw %cx, %dx\n\tinb %dx, %al\n\thlt")
	PIECE("hlt", "hlt")
	PIECE("ud", "nop\n\tud2")
	PIECE("div", "xorw %cx, %cx\n\tdivw %cx")
	PIECE("segments", "movw %ax, %es\n\tmovw %es, %bx\n\tmovl %es:0, %ecx\n"
			  "\tpushw %ds\n\tpopw %fs\n\tmovl %fs:4, %edx\n\thlt")
	PIECE("lgdt", "lgdtw 0\n\thlt")
	PIECE("mov_cr", "movl %eax, %cr0\n\thlt")
	PIECE("arpl", "arpl %ax, %cx\n\thlt")
	PIECE("limit", "movb 0xffff, %al\n\tmovw 0xffff, %ax\n\thlt")
	"v86_code_end:\n\t.code32\n");

static volatile u32 ticks, reflected;

static u32 run(const u8 *piece, u32 flags, u32 eax, u32 ecx)
{
	struct v86_frame frame = {
		.eip = (u32)(piece - v86_code), .cs = V86_CS, .eflags = 2 | VM | flags, .esp = V86_SP,
		.ss = V86_STACK, .es = 1, .ds = DATA >> 4, .fs = 0x1234, .gs = 0xffff, .eax = eax, .ecx = ecx,
	};

	return guest_try(v86_enter, (u32)&frame);
}

/* Did it end by #GP(0) at the @offset of @piece, in V86 mode? */
static bool gp_at(u32 result, const u8 *piece, u32 offset)
{
	return result == 13 + 1 && last_trap.error == 0 && last_trap.eip == (u32)(piece - v86_code) + offset &&
	       last_trap.eflags & VM && (last_trap.cs & 0xffff) == V86_CS;
}

static void tick(struct trap_frame *frame)
{
	(void)frame;
	ticks++;
	timer_done();
}

static void plain(u32 iopl)
{
	u32 wrong = 0;

	ticks = 0;
	timer_every(1009);
	for (u32 i = 0; i < 50; i++) {
		wrong += !gp_at(run(p_loop, IF | iopl, i, 500), p_loop, 11);
		wrong += (last_trap.ebx & 0xffff) != (u16)(i + 500 * 501 / 2) || (last_trap.ecx & 0xffff);
		wrong += last_trap.esp != V86_SP || (last_trap.ss & 0xffff) != V86_STACK;
		wrong += last_trap.v86_es != 1 || last_trap.v86_ds != DATA >> 4;
		wrong += last_trap.v86_fs != 0x1234 || last_trap.v86_gs != 0xffff;
		wrong += last_trap.fs || last_trap.gs || !(last_trap.eflags & IF);
	}
	timer_stop();
	check(wrong == 0, "IOPL %u: a loop with interrupts, ended by HLT's #GP (%u wrong, %u ticks, eip %x)",
	      iopl >> 12, wrong, ticks, last_trap.eip);
}

/* IOPL 0: each is #GP(0) at itself. */
static void trapping(void)
{
	static const struct {
		const char *text;
		const u8 *piece;
		u32 offset;
	} cases[] = {
		{ "CLI", p_cli, 1 }, { "STI", p_sti, 1 }, { "PUSHF", p_pushf, 1 }, { "POPF", p_popf, 1 },
		{ "INT n", p_int, 1 }, { "HLT", p_hlt, 0 }, { "LGDT", p_lgdt, 0 }, { "MOV CR0", p_mov_cr, 0 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 wrong = 0;

		for (u32 j = 0; j < ROUNDS; j++)
			wrong += !gp_at(run(cases[i].piece, IF, 0, 0), cases[i].piece, cases[i].offset);
		check(wrong == 0, "IOPL 0: %s is #GP(0) (%u wrong: %u, %x at %x)", cases[i].text, wrong,
		      last_trap.vector, last_trap.error, last_trap.eip);
	}
}

/* IOPL 3: they work. */
static void working(void)
{
	u32 wrong = 0, result = 0;

	for (u32 i = 0; i < ROUNDS; i++) {
		wrong += !gp_at(run(p_cli, IF | IOPL3, 0, 0), p_cli, 2) || last_trap.eflags & IF;
		wrong += !gp_at(run(p_sti, IOPL3, 0, 0), p_sti, 2) || !(last_trap.eflags & IF);
		wrong += !gp_at(run(p_pushf, IF | IOPL3 | 1, 0, 0), p_pushf, 3);
		wrong += (last_trap.eax & 0xffff) != (2 | IF | IOPL3 | 1);
		/* IOPL does not change, IF does. */
		wrong += !gp_at(run(p_popf, IF | IOPL3, 0, 0x8d5), p_popf, 4);
		wrong += (last_trap.eax & 0xffff) != (0x8d7 | IOPL3) || last_trap.eflags & IF;
		wrong += !gp_at(run(p_iret, IOPL3, 0, IF | 1), p_iret, 9);
		wrong += (last_trap.eax & 0xffff) != (3 | IF | IOPL3) || last_trap.esp != V86_SP;
	}
	check(wrong == 0, "IOPL 3: CLI, STI, PUSHF, POPF, IRET work (%u wrong, %x at %x)", wrong, last_trap.eax,
	      last_trap.eip);
	wrong = 0;
	/* INT goes through the IDT, to ring 0, if its gate has DPL 3. */
	for (u32 i = 0; i < ROUNDS; i++) {
		result = run(p_int, IF | IOPL3, 7, 0);
		wrong += result != 0x21 + 1 || last_trap.eip != (u32)(p_int - v86_code) + 3 ||
			 !(last_trap.eflags & VM);
	}
	check(wrong == 0, "IOPL 3: INT n by a gate of DPL 3 (%u wrong: %d)", wrong, (int)result - 1);
}

static void faults(u32 iopl)
{
	u32 wrong = 0;

	for (u32 i = 0; i < ROUNDS; i++) {
		wrong += run(p_ud, IF | iopl, 0, 0) != 6 + 1 || last_trap.eip != (u32)(p_ud - v86_code) + 1;
		wrong += run(p_div, IF | iopl, 0, 0) != 1 || last_trap.eip != (u32)(p_div - v86_code) + 2;
		wrong += run(p_arpl, IF | iopl, 0, 0) != 6 + 1 || last_trap.eip != (u32)(p_arpl - v86_code);
		wrong += run(p_int3, IF | iopl, 0, 0) != 3 + 1 || last_trap.eip != (u32)(p_int3 - v86_code) + 2;
		wrong += last_trap.esp != V86_SP || (last_trap.cs & 0xffff) != V86_CS;
	}
	check(wrong == 0, "IOPL %u: #UD, #DE, INT3 (%u wrong)", iopl >> 12, wrong);
	wrong = 0;
	((u32 *)DATA)[0] = 0xcafe;
	((u32 *)DATA)[1] = 0xbabe;
	for (u32 i = 0; i < ROUNDS; i++) {
		wrong += run(p_segments, IF | iopl, DATA >> 4, 0) != 13 + 1;
		wrong += last_trap.ecx != 0xcafe || last_trap.edx != 0xbabe || (last_trap.ebx & 0xffff) != DATA >> 4;
		wrong += last_trap.v86_es != DATA >> 4 || last_trap.v86_fs != DATA >> 4;
	}
	check(wrong == 0, "IOPL %u: segment registers are paragraphs (%u wrong)", iopl >> 12, wrong);
	/* A page fault: the page of DATA is not for users. */
	wrong = 0;
	for (u32 i = 0; i < 20; i++) {
		*pte_of(DATA) &= ~PTE_U;
		__asm__ volatile("invlpg %0" : : "m"(*(u8 *)DATA));
		wrong += run(p_segments, IF | iopl, DATA >> 4, 0) != 14 + 1;
		wrong += last_cr2 != DATA || last_trap.error != 5;
		*pte_of(DATA) |= PTE_U;
	}
	check(wrong == 0, "IOPL %u: it is user code to the page tables (%u wrong, %x)", iopl >> 12, wrong, last_cr2);
}

/* In V86 mode the bitmap decides whatever IOPL is. */
static void ports(void)
{
	static u8 big_tss[104 + 33] ALIGNED(128);
	u32 base = (u32)big_tss, wrong = 0;

	for (u32 i = 0; i < 26; i++)
		((u32 *)big_tss)[i] = tss[i];
	for (u32 i = 104; i < sizeof(big_tss); i++)
		big_tss[i] = 0xff;
	big_tss[104 + 0x80 / 8] = (u8)~2;
	*(u16 *)(big_tss + 102) = 104;
	gdt[TSS_SELECTOR / 8] = (sizeof(big_tss) - 1) | (u64)(base & 0xffffff) << 16 | 0x89ull << 40 |
				(u64)(base >> 24) << 56;
	__asm__ volatile("ltr %w0" : : "r"(TSS_SELECTOR));
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 iopl = i % 2 ? IOPL3 : 0;

		wrong += !gp_at(run(p_in, IF | iopl, 0, 0x81), p_in, 3);
		wrong += !gp_at(run(p_in, IF | iopl, 0, 0x80), p_in, 2);
		wrong += !gp_at(run(p_in, IF | iopl, 0, 0x3f8), p_in, 2);
	}
	check(wrong == 0, "ports by the I/O bitmap, with IOPL 3 too (%u wrong)", wrong);
}

/* A monitor: INT 21h is done by the kernel, which goes on behind it. */
static void reflect(struct trap_frame *frame)
{
	u8 *at = (u8 *)((frame->cs & 0xffff) * 16 + frame->eip);

	if (!(frame->eflags & VM) || at[0] != 0xcd) {
		/* The HLT at the end: out of V86 mode. */
		frame->eip = (u32)(p_ud - v86_code) + 1;
		return;
	}
	reflected++;
	frame->eax += at[1];
	frame->eip += 2;
}

static void monitor(void)
{
	u32 wrong = 0;

	set_handler(13, reflect);
	reflected = 0;
	for (u32 i = 0; i < ROUNDS; i++) {
		wrong += run(p_int, IF, i, 0) != 6 + 1 || last_trap.eax != i + 0x21;
		wrong += last_trap.v86_ds != DATA >> 4 || last_trap.esp != V86_SP;
	}
	set_handler(13, NULL);
	check(wrong == 0 && reflected == ROUNDS, "a monitor does INT n and returns to V86 mode (%u wrong)", wrong);
}

void guest_main(void)
{
	print("cpu-v86\n");
	paging_init();
	user_init();
	timer_init();
	set_handler(TIMER_VECTOR, tick);
	set_gate(0x21, 0xe, 3, NULL);
	for (u32 i = 0; v86_code + i < v86_code_end; i++)
		((u8 *)CODE)[i] = v86_code[i];
	plain(0);
	plain(IOPL3);
	trapping();
	working();
	faults(0);
	faults(IOPL3);
	ports();
	monitor();
}
