/* SPDX-License-Identifier: GPL-2.0 */
/* Far returns and IRETs with frames of every privilege, and flags that a kernel or a user may not give. */
#include "tests/guests/vmi-attack-frames/frames.h"

#define IF 0x200u
#define TF 0x100u
#define NT 0x4000u
#define RF 0x10000u
#define IOPL 0x3000u
#define AC 0x40000u
#define ID 0x200000u

void far_return(u32 frame), iret_rom(u32 frame), iret_native(u32 frame);

static struct frame {
	u32 eip, cs, eflags, esp, ss;
} frame;

static struct far {
	u32 eip, cs, esp, ss;
} far;

/* Descriptors for the frames, from FREE_INDEX + 2 on. */
static const struct {
	u32 type, dpl;
	bool present;
	u32 flags;
} extra[] = {
	{ A_CODE_R, 2, true, FLAT32 },	     { A_RW, 2, true, FLAT32 },
	{ A_CONFORMING_R, 0, true, FLAT32 }, { A_CONFORMING_R, 3, true, FLAT32 },
	{ A_CODE_R, 3, false, FLAT32 },	     { A_RW, 3, false, FLAT32 },
	{ A_RO, 3, true, FLAT32 },	     { A_CODE_R, 0, true, FLAT16 },
	{ A_CODE_R, 3, true, FLAT16 },	     { A_RW, 3, true, FLAT16 },
};
#define EXTRA(n) (FREE_SELECTOR + 16 + 8 * (n))

static void install(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(extra); i++) {
		u64 raw = descriptor(extra[i].type, extra[i].dpl, extra[i].present, 0, 0xfffff,
				     extra[i].flags);

		if (vmi_active)
			vmi_write_entry(VMI_CALL_WriteGDTEntry, (u32)gdt, EXTRA(i) / 8, raw);
		else
			gdt[EXTRA(i) / 8] = raw;
	}
}

static u32 user_frame(const u8 *code, const void *at)
{
	struct user_registers registers = {
		.eip = user_address(code), .cs = USER_CS, .eflags = 0x202, .esp = USER_STACK - 0x100,
		.ss = USER_DS, .ebx = (u32)at,
	};

	return user_run(&registers);
}

static u32 frames;
static void return_to(u32 cs, u32 ss)
{
	u32 landing = user_address(user_landing), to, r;
	u64 cs_raw = raw_of(cs), ss_raw = raw_of(ss);
	struct expectation expected = expect_return(cs_raw, cs, ss_raw, ss, 0, landing, &to);

	frames++;
	frame = (struct frame){ landing, cs, 0x202, USER_STACK, ss };
	far = (struct far){ landing, cs, USER_STACK, ss };
	r = guest_try(iret_rom, (u32)&frame);
	matches(expected, r, to, "iret", cs << 16 | ss, cs_raw);
	if (vmi_active && r && r != LANDED + 1 && last_trap.eip != (u32)vmi_iret_site && mismatches++ < 40)
		print("iret to %x:%x: fault at %x, not at the call\n", cs, ss, last_trap.eip);
	matches(expected, guest_try(iret_native, (u32)&frame), to, "native iret", cs << 16 | ss, cs_raw);
	matches(expected, guest_try(far_return, (u32)&far), to, "far return", cs << 16 | ss, cs_raw);
	expected = expect_return(cs_raw, cs, ss_raw, ss, 3, landing, &to);
	matches(expected, user_frame(user_iret, &frame), to, "ring 3: iret", cs << 16 | ss, cs_raw);
	matches(expected, user_frame(user_return, &far), to, "ring 3: far return", cs << 16 | ss, cs_raw);
}

static void all_frames(void)
{
	static const u16 bases[] = { 0, KERNEL_CS, USER_CS & ~3, KERNEL_DS, EXTRA(0), EXTRA(2), EXTRA(3),
				     EXTRA(4), EXTRA(7), EXTRA(8), TSS_SELECTOR, HOST_CS, HOST_DS };
	static const u16 stacks[] = { 0, KERNEL_DS, USER_DS & ~3, EXTRA(1), EXTRA(5), EXTRA(6), EXTRA(9),
				      TSS_SELECTOR, HOST_DS };

	mismatches = 0;
	for (u32 i = 0; i < ARRAY_SIZE(bases) * 4; i++)
		for (u32 j = 0; j < ARRAY_SIZE(stacks) * 4; j++)
			return_to(bases[i / 4] | i % 4, stacks[j / 4] | j % 4);
	check(mismatches == 0, "%u frames return as a CPU does, by three ways and in ring 3 (%u do not)",
	      frames, mismatches);
}

/* ---- flags ---- */

extern u8 user_flags[], user_flags_end[];
__asm__("user_flags:\n\tnop\n\tint $0x82\nuser_flags_end:\n");

/* IRET to ring 3 or the kernel with @flags; false if the code there sees what it must not. */
static bool flags_are_right(void (*iret)(u32), u32 cs, u32 ss, u32 flags)
{
	u32 kept = NT | AC | ID | 0x8d5, forbidden = 0x23000, r;

	frame = (struct frame){ USER_CODE + 0x900, cs, flags | 2, USER_STACK, ss };
	r = guest_try(iret, (u32)&frame);
	if (r != (flags & TF ? 1 + 1 : LANDED + 1))
		return false;
	if (vmi_active && (last_trap.eflags & forbidden))
		return false;
	return ((last_trap.eflags ^ flags) & kept) == 0;
}

static void all_flags(void)
{
	static const u32 bits[] = { IF, TF, NT, RF, IOPL, AC, ID, 0x8d5 };
	u32 wrong = 0;

	for (u32 i = 0; user_flags + i < user_flags_end; i++)
		((u8 *)USER_CODE)[0x900 + i] = user_flags[i];
	for (u32 set = 0; set < 1u << ARRAY_SIZE(bits); set++) {
		u32 flags = 0;

		for (u32 i = 0; i < ARRAY_SIZE(bits); i++)
			flags |= set >> i & 1 ? bits[i] : 0;
		for (u32 way = 0; way < 4; way++) {
			void (*iret)(u32) = way & 1 ? iret_native : iret_rom;
			bool ok = flags_are_right(iret, way & 2 ? USER_CS : read_cs(), USER_DS, flags);

			if (!ok && wrong++ < 20)
				print("flags %x, way %u: vector %d eflags %x at %x\n", flags, way,
				      (int)last_trap.vector, last_trap.eflags, last_trap.eip);
		}
	}
	check(wrong == 0, "IRET gives flags, but never IOPL (%u wrong)", wrong);
}

void test_returns(void)
{
	install();
	all_frames();
	all_flags();
}
