/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transfers between segments and rings: far CALL, JMP, RET and IRET, call gates with parameters,
 * conforming segments, 16-bit code and stacks; and what CS, SS and pushed frames show on the way.
 */
#include "tests/guests/cpu-segments/segments.h"

#define ROUNDS 100u
#define LOW_CODE 0x8000u

/* Far pointers for the pieces below. */
struct PACKED far_pointer {
	u32 offset;
	u16 selector;
};
static struct far_pointer target;

extern u8 see_cs[], far_call[], far_called[], far_jump[], gate_call[], gate_called[],
	far_ret_outer[], iret_outer[], arrive[], code16[], code16_end[], to16[], stack16[];
__asm__("see_cs:\n\tpushl %cs\n\tpopl %eax\n\tmovl %cs, %ebx\n\tpushl %ss\n\tpopl %ecx\n\tmovl %ss, %edx\n"
	"\tint $0x81\n"
	/* The function keeps what CALL pushed in EAX. */
	"far_call:\n\tlcall *(%edx)\n\tmovl %cs, %ebx\n\tint $0x81\n"
	"far_called:\n\tmovl 4(%esp), %eax\n\tmovl %cs, %ecx\n\tlret\n"
	"far_jump:\n\tljmp *(%edx)\n"
	/* Two parameters; the gate's function adds them and drops them. */
	"gate_call:\n\tpushl $0x11\n\tpushl $0x2200\n\tlcall *(%edx)\n\tmovl %ss, %esi\n\tint $0x81\n"
	"gate_called:\n\tmovl 8(%esp), %eax\n\taddl 12(%esp), %eax\n\tmovl %cs, %ecx\n\tmovl 4(%esp), %ebx\n"
	"\tmovl %ss, %edi\n\tlret $8\n"
	/* EAX = SS, EDX = CS to return to; ECX = flags */
	"far_ret_outer:\n\tpushl %eax\n\tpushl $0x6f0000\n\tpushl %edx\n\tpushl $arrive\n\tlret\n"
	"iret_outer:\n\tpushl %eax\n\tpushl $0x6f0000\n\tpushl $0x202\n\tpushl %edx\n\tpushl $arrive\n\tiret\n"
	"arrive:\n\tmovl %cs, %eax\n\tmovl %ss, %ebx\n\tint $0x81\n"
	/* A 16-bit function in low memory: EAX counts; back by a 32-bit far RET. */
	"code16:\n\t.code16\n\tmovw $0x1ff, %cx\n1:\taddl $3, %eax\n\tpushw %ax\n\tpopw %bx\n\tloop 1b\n"
	"\tlretl\n\t.code32\ncode16_end:\n"
	"to16:\n\tlcall *(%edx)\n\tint $0x81\n"
	/* ESI = a 16-bit stack: only SP moves.  EBX = what POP finds, ECX = ESP then. */
	"stack16:\n\tmovl %ss, %edi\n\tmovl %esp, %ebp\n\tmovl %esi, %ss\n\tmovl $0x12340000, %esp\n"
	"\tpushl $0x55667788\n\tmovl %esp, %ecx\n\tpopl %ebx\n\tmovl %esp, %edx\n"
	"\tmovl %edi, %ss\n\tmovl %ebp, %esp\n\tint $0x81\n");

static void shown(void)
{
	static const u16 cs[4] = { KERNEL_CS, SEL_RING1_CODE | 1, SEL_RING2_CODE | 2, USER_CS };
	static const u16 ss[4] = { KERNEL_DS, SEL_RING1_DATA | 1, SEL_RING2_DATA | 2, USER_DS };

	for (u32 ring = 0; ring < 4; ring++) {
		u32 wrong = 0;

		for (u32 i = 0; i < ROUNDS; i++) {
			wrong += run_with(ring, see_cs, 0, 0) != 0;
			wrong += (last_trap.eax & 0xffff) != cs[ring] || last_trap.ebx != cs[ring];
			wrong += (last_trap.ecx & 0xffff) != ss[ring] || last_trap.edx != ss[ring];
			wrong += last_trap.cs != cs[ring] || (last_trap.ss & 0xffff) != ss[ring];
			wrong += last_trap.esp != STACK;
		}
		check(wrong == 0, "ring %u: CS %x and SS %x as they are (%u wrong)", ring, last_trap.ebx,
		      last_trap.edx, wrong);
	}
}

static void far_calls(void)
{
	static const u16 cs[4] = { KERNEL_CS, SEL_RING1_CODE | 1, SEL_RING2_CODE | 2, USER_CS };

	for (u32 ring = 0; ring < 4; ring++) {
		u32 wrong = 0;

		for (u32 i = 0; i < ROUNDS; i++) {
			target = (struct far_pointer){ (u32)far_called, cs[ring] };
			wrong += run_with(ring, far_call, 0, (u32)&target) != 0;
			wrong += (last_trap.eax & 0xffff) != cs[ring] || last_trap.ebx != cs[ring];
			wrong += last_trap.ecx != cs[ring] || last_trap.esp != STACK;
			/* A conforming segment runs at the caller's level. */
			target.selector = SEL_CONFORMING;
			wrong += run_with(ring, far_call, 0, (u32)&target) != 0;
			wrong += last_trap.ecx != (SEL_CONFORMING | ring) || last_trap.ebx != cs[ring];
			target = (struct far_pointer){ (u32)arrive, SEL_CONFORMING | 3 };
			wrong += run_with(ring, far_jump, 0, (u32)&target) != 0;
			wrong += last_trap.eax != (SEL_CONFORMING | ring) || last_trap.cs != last_trap.eax;
		}
		check(wrong == 0, "ring %u: far calls in the ring, to conforming code, and jumps (%u wrong, %x)",
		      ring, wrong, last_trap.ecx);
	}
}

static void refused(void)
{
	static const struct {
		u32 ring;
		u16 selector;
		u8 vector;
		u16 error;
	} cases[] = {
		{ 3, KERNEL_CS, 13, KERNEL_CS }, { 3, KERNEL_CS | 3, 13, KERNEL_CS }, { 0, USER_CS, 13, USER_CS & ~3 },
		{ 1, KERNEL_CS, 13, KERNEL_CS }, { 3, 0, 13, 0 }, { 0, 0, 13, 0 },
		{ 0, KERNEL_DS, 13, KERNEL_DS }, { 3, USER_DS, 13, USER_DS & ~3 },
		{ 0, 8 * GDT_ENTRIES, 13, 8 * GDT_ENTRIES }, { 0, SEL_RING3_CONFORMING, 13, SEL_RING3_CONFORMING },
	};
	u32 wrong = 0, at = 0;

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		for (u32 j = 0; j < 20; j++) {
			u32 result;

			target = (struct far_pointer){ (u32)far_called, cases[i].selector };
			result = run_with(cases[i].ring, j % 2 ? far_call : far_jump, 0, (u32)&target);
			if (result == cases[i].vector + 1u && last_trap.error == cases[i].error &&
			    last_trap.eip == (u32)(j % 2 ? far_call : far_jump) && last_trap.esp == STACK)
				continue;
			wrong++;
			at = i;
		}
	check(wrong == 0, "far transfers that are refused (%u wrong: case %u)", wrong, at);
}

static u64 call_gate(u32 selector, u32 dpl, u32 parameters)
{
	u32 offset = (u32)gate_called;

	return (offset & 0xffff) | (u64)selector << 16 | (u64)parameters << 32 | (u64)0x8c << 40 | DPL(dpl) |
	       (u64)(offset >> 16) << 48;
}

static void gates(void)
{
	static const u16 cs[4] = { KERNEL_CS, SEL_RING1_CODE, SEL_RING2_CODE, USER_CS & ~3 };
	u32 result;

	for (u32 from = 0; from < 4; from++)
		for (u32 to = 0; to <= from; to++) {
			u32 wrong = 0;

			for (u32 i = 0; i < ROUNDS / 2; i++) {
				gdt[SEL_GATE / 8] = call_gate(cs[to], 3, 2);
				target = (struct far_pointer){ 0xdead, SEL_GATE | 3 };
				wrong += run_with(from, gate_call, 0, (u32)&target) != 0;
				wrong += last_trap.eax != 0x2211 || last_trap.ecx != (cs[to] | to);
				wrong += (last_trap.ebx & 0xffff) != (cs[from] | from);
				wrong += (last_trap.edi & 3) != to || (last_trap.esi & 3) != from;
				wrong += last_trap.esp != STACK;
			}
			check(wrong == 0, "a call gate from ring %u to ring %u and back (%u wrong, %x)", from, to,
			      wrong, last_trap.eax);
		}
	gdt[SEL_GATE / 8] = call_gate(KERNEL_CS, 0, 2);
	result = run_with(3, gate_call, 0, (u32)&target);
	check(result == 14 && last_trap.error == SEL_GATE, "a call gate of DPL 0 is closed to ring 3 (%u, %x)",
	      result, last_trap.error);
	gdt[SEL_GATE / 8] = call_gate(KERNEL_CS, 3, 2) & ~SEGMENT_P;
	result = run_with(3, gate_call, 0, (u32)&target);
	check(result == 12 && last_trap.error == SEL_GATE, "one that is not present is #NP (%u, %x)", result,
	      last_trap.error);
	gdt[SEL_GATE / 8] = 0;
}

static void outwards(void)
{
	static const u16 cs[4] = { KERNEL_CS, SEL_RING1_CODE | 1, SEL_RING2_CODE | 2, USER_CS };
	static const u16 ss[4] = { KERNEL_DS, SEL_RING1_DATA | 1, SEL_RING2_DATA | 2, USER_DS };

	for (u32 from = 0; from < 4; from++)
		for (u32 to = from + 1; to < 4; to++) {
			u32 wrong = 0;

			for (u32 i = 0; i < ROUNDS; i++) {
				wrong += run_with(from, i % 2 ? far_ret_outer : iret_outer, ss[to], cs[to]) != 0;
				wrong += last_trap.eax != cs[to] || last_trap.ebx != ss[to];
				wrong += last_trap.cs != cs[to] || last_trap.esp != 0x6f0000;
				/* Ring 0's DS and ES do not go out; ring 3's FS and GS do. */
				wrong += !from && ((last_trap.ds | last_trap.es) & 0xffff);
				wrong += (last_trap.fs & 0xffff) != USER_DS || (last_trap.gs & 0xffff) != USER_DS;
			}
			check(wrong == 0, "far RET and IRET from ring %u to ring %u (%u wrong, CS %x, DS %x)", from, to,
			      wrong, last_trap.cs, last_trap.ds);
		}
}

static void bits16(void)
{
	for (u32 i = 0; code16 + i < code16_end; i++)
		((u8 *)LOW_CODE)[i] = code16[i];
	for (u32 ring = 0; ring <= 3; ring += 3) {
		u32 wrong = 0;

		for (u32 i = 0; i < ROUNDS / 2; i++) {
			target = (struct far_pointer){ LOW_CODE, (u16)(ring ? SEL_USER_CODE16 | 3 : SEL_CODE16) };
			wrong += run_with(ring, to16, i, (u32)&target) != 0;
			wrong += last_trap.eax != i + 3 * 0x1ff || last_trap.esp != STACK;
			wrong += (last_trap.ebx & 0xffff) != (last_trap.eax & 0xffff);
		}
		check(wrong == 0, "ring %u: 16-bit code (%u wrong, %x)", ring, wrong, last_trap.eax);
	}
	for (u32 ring = 0; ring <= 3; ring += 3) {
		struct user_registers registers = {
			.eip = (u32)stack16, .eflags = 2, .esp = STACK,
			.esi = ring ? SEL_USER_STACK16 | 3 : SEL_STACK16,
		};
		u32 wrong = 0;

		for (u32 i = 0; i < ROUNDS; i++) {
			wrong += run_in_ring(ring, &registers) != 0 || last_trap.ebx != 0x55667788;
			wrong += last_trap.ecx != 0x1234fffc || last_trap.edx != 0x12340000;
		}
		check(wrong == 0, "ring %u: a 16-bit stack wraps and keeps the upper half of ESP (%u wrong, %x)", ring,
		      wrong, last_trap.ecx);
	}
}

void transfer_tests(void)
{
	shown();
	far_calls();
	refused();
	gates();
	outwards();
	bits16();
}
