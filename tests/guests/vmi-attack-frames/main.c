/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors and frames of every privilege.  Descriptors are put in the GDT by WriteGDTEntry and
 * by LGDT, and in the LDT; each is loaded with every RPL into segment registers, and is the target
 * of far jumps, calls, returns and IRETs, in rings 1 and 3.  What happens must be what a CPU does
 * for a kernel at CPL 0 (model.c), and nobody ever runs with a CS of ring 0 or with IOPL.
 *
 * A descriptor with DPL 1 is the one ambiguity: the CPU takes it for the kernel's, the architecture
 * for an outer ring's.  For it only the absence of privilege is checked.
 */
#include "tests/guests/vmi-attack-frames/frames.h"

void load_ds(u32 selector), load_es(u32 selector), load_fs(u32 selector), load_gs(u32 selector),
	load_ss(u32 selector), pop_ds(u32 selector), pop_ss(u32 selector);
void far_jump(u32 pointer), far_call(u32 pointer);
extern u32 kernel_ss;

static struct PACKED {
	u16 limit;
	u32 base;
} gdt_pointer = { sizeof(gdt) - 1, (u32)gdt };

/* ---- putting a descriptor in place; returns its selector with RPL 0 ---- */

static u32 by_call(u64 raw)
{
	if (vmi_active)
		vmi_write_entry(VMI_CALL_WriteGDTEntry, (u32)gdt, FREE_INDEX, raw);
	else
		gdt[FREE_INDEX] = raw;
	return FREE_SELECTOR;
}

static u32 by_lgdt(u64 raw)
{
	gdt[FREE_INDEX + 1] = raw;
	__asm__ volatile("lgdt %0" : : "m"(gdt_pointer));
	return FREE_SELECTOR + 8;
}

static u32 by_ldt(u64 raw)
{
	if (vmi_active)
		vmi_write_entry(VMI_CALL_WriteLDTEntry, (u32)ldt, 2, raw);
	else
		ldt[2] = raw;
	return 2 * 8 + 4;
}

/* ---- what is done with it ---- */

static bool ambiguous(u64 raw)
{
	return vmi_active && (raw >> 45 & 3) == 1;
}

static const struct {
	const char *name;
	void (*load)(u32 selector);
	bool ss;
} loads[] = {
	{ "mov ds", load_ds, false }, { "mov es", load_es, false }, { "mov fs", load_fs, false },
	{ "mov gs", load_gs, false }, { "pop ds", pop_ds, false },  { "mov ss", load_ss, true },
	{ "pop ss", pop_ss, true },
};

static void load_in_kernel(u32 selector, u64 raw)
{
	for (u32 i = 0; i < ARRAY_SIZE(loads); i++) {
		u32 r = guest_try(loads[i].load, selector);

		if (!ambiguous(raw))
			matches(loads[i].ss ? expect_ss(raw, selector, 0) : expect_data(raw, selector, 0),
				r, 0, loads[i].name, selector, raw);
	}
}

static struct PACKED far_pointer {
	u32 offset;
	u32 selector;
	u32 esp, ss;
} pointer;

static bool is_task(u64 raw)
{
	u32 type = raw >> 40 & 0x1f;

	return type < 0x10 && (type & 3) == 1; /* a TSS, available or not, or a task gate */
}

static void transfer_in_kernel(u32 selector, u64 raw)
{
	u32 offset = user_address(user_landing), r;

	if (is_task(raw))
		return;
	pointer = (struct far_pointer){ .offset = offset, .selector = selector };
	r = guest_try(far_jump, (u32)&pointer);
	if (r == LANDED + 1 && vmi_active && (last_trap.cs & 3) != 1)
		matches((struct expectation){ LANDED + 1, 0 }, r, 0, "far jump", selector, raw);
	if (!ambiguous(raw))
		matches(expect_jump(raw, selector, 0, offset, false), r, 0, "far jump", selector, raw);
	r = guest_try(far_call, (u32)&pointer);
	if (!ambiguous(raw))
		matches(expect_jump(raw, selector, 0, offset, true), r, 0, "far call", selector, raw);
}

static u32 user(const u8 *code, u32 eax)
{
	struct user_registers registers = {
		.eip = user_address(code), .cs = USER_CS, .eflags = 0x202, .esp = USER_STACK,
		.ss = USER_DS, .eax = eax, .ebx = (u32)&pointer,
	};

	return user_run(&registers);
}

/* DPL 1 is no ambiguity for ring 3. */
static void use_in_ring3(u32 selector, u64 raw)
{
	u32 offset = user_address(user_landing);

	matches(expect_data(raw, selector, 3), user(user_segments, selector), 0, "ring 3: mov ds",
		selector, raw);
	matches(expect_ss(raw, selector, 3), user(user_ss, selector), 0, "ring 3: mov ss", selector, raw);
	if (is_task(raw))
		return;
	pointer = (struct far_pointer){ .offset = offset, .selector = selector };
	matches(expect_jump(raw, selector, 3, offset, false), user(user_jump, 0), 3, "ring 3: far jump",
		selector, raw);
	matches(expect_jump(raw, selector, 3, offset, true), user(user_call, 0), 3, "ring 3: far call",
		selector, raw);
}

static u32 descriptors;
static void use(u64 raw)
{
	static u32 (*const ways[])(u64 raw) = { by_call, by_lgdt, by_ldt };

	descriptors++;
	for (u32 way = 0; way < ARRAY_SIZE(ways); way++) {
		u32 selector = ways[way](raw);

		for (u32 rpl = 0; rpl < 4; rpl++) {
			load_in_kernel(selector | rpl, raw);
			transfer_in_kernel(selector | rpl, raw);
			use_in_ring3(selector | rpl, raw);
		}
	}
}

static void test_descriptors(void)
{
	static const u8 types[] = { A_RO, A_RW, A_DOWN, A_CODE, A_CODE_R, A_CONFORMING, A_CONFORMING_R,
				    0x00, 0x02, 0x06, 0x07, 0x09, 0x0b, 0x0e, 0x0f };
	static const struct {
		u32 base, limit, flags;
	} shapes[] = {
		{ 0, 0xfffff, FLAT32 },	     { 0, 0xfffff, FLAT16 },
		{ 0xfff00000, 0x1ff, FLAT32 }, { VMI_GATE + GATE_IDT, 0xfff, BYTES32 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(types) * 4 * 2; i++)
		for (u32 shape = 0; shape < ARRAY_SIZE(shapes); shape++)
			if (types[i / 8] >= 0x10 || shape == 0)
				use(descriptor(types[i / 8], i / 2 % 4, i % 2, shapes[shape].base,
					       shapes[shape].limit, shapes[shape].flags));
	check(mismatches == 0, "%u descriptors do in rings 1 and 3 what a CPU does (%u do not)", descriptors,
	      mismatches);
}

/* LAR, LSL, VERR and VERW of @selector: so many of them answer. */
static u32 answers(u32 selector)
{
	u8 lar, lsl, verr, verw;
	u32 value;

	__asm__("lar %2, %1\n\tsetz %0" : "=q"(lar), "=&r"(value) : "r"(selector) : "cc");
	__asm__("lsl %2, %1\n\tsetz %0" : "=q"(lsl), "=&r"(value) : "r"(selector) : "cc");
	__asm__("verr %w1\n\tsetz %0" : "=q"(verr) : "r"(selector) : "cc");
	__asm__("verw %w1\n\tsetz %0" : "=q"(verw) : "r"(selector) : "cc");
	return lar + lsl + verr + verw;
}

static void test_host_selectors(void)
{
	u32 loaded = 0, reached = 0, seen = 0;

	check(answers(KERNEL_DS) == 4, "LAR, LSL, VERR and VERW answer for the kernel's own");
	for (u32 selector = HOST_FIRST; selector <= 0xffff; selector++) {
		seen += answers(selector);
		for (u32 i = 0; i < ARRAY_SIZE(loads); i++)
			loaded += guest_try(loads[i].load, selector) != 13 + 1 ||
				  last_trap.error != (selector & ~3u);
		loaded += user(user_segments, selector) != 13 + 1;
		loaded += user(user_ss, selector) != 13 + 1;
		pointer = (struct far_pointer){ .offset = user_address(user_landing),
						.selector = selector };
		reached += guest_try(far_jump, (u32)&pointer) != 13 + 1;
		reached += guest_try(far_call, (u32)&pointer) != 13 + 1;
		reached += user(user_jump, 0) != 13 + 1;
		reached += user(user_call, 0) != 13 + 1;
	}
	check(seen == 0, "but not for the hypervisor's selectors (%u did)", seen);
	check(loaded == 0, "the hypervisor's selectors cannot be loaded (%u were)", loaded);
	check(reached == 0, "nor be jumped to (%u were)", reached);
}

/* A segment whose base is the gate gives no more than a flat one. */
extern u8 user_through[], user_through_end[];
__asm__("user_through:\n\tmovw %ax, %gs\n\tmovl $0x1234, %gs:(%ecx)\n\tint $0x81\nuser_through_end:\n");
static void write_through(u32 offset)
{
	__asm__ volatile("movw %w0, %%gs\n\tmovl $0x1234, %%gs:(%1)" : : "r"(FREE_SELECTOR), "r"(offset)
			 : "memory");
}

static void test_access(void)
{
	struct user_registers registers = {
		.eip = USER_CODE + 0x800, .cs = USER_CS, .eflags = 0x202, .esp = USER_STACK,
		.ss = USER_DS, .eax = FREE_SELECTOR | 3,
	};
	u32 wrong = 0;

	for (u32 i = 0; user_through + i < user_through_end; i++)
		((u8 *)USER_CODE)[0x800 + i] = user_through[i];
	for (u32 page = 0; page < 0x70000; page += 0x1000) {
		u32 r;

		by_call(descriptor(A_RW, 3, true, VMI_GATE + page, 0xfffff, FLAT32));
		r = user_run(&registers);
		wrong += r != 14 + 1 || last_trap.error != 6 || last_cr2 != VMI_GATE + page;
		if (page == GATE_SHARED || page == GATE_ENTRY_STACK)
			continue;
		r = guest_try(write_through, 0x10);
		wrong += r != 14 + 1 || last_trap.error != 2 || last_cr2 != VMI_GATE + page + 0x10;
	}
	__asm__ volatile("movw %w0, %%gs" : : "r"(0));
	check(wrong == 0, "segments that begin in the gate write nothing there (%u wrong)", wrong);
}

void guest_main(void)
{
	print("vmi-attack-frames\n");
	paging_init();
	if (vmi_find() && !boot_word("native") && !vmi_start())
		return;
	kernel_ss = KERNEL_DS | (read_cs() & 3u);
	user_init();
	set_gate(LANDED, 0xe, 3, NULL);
	for (u32 i = 0; user_segments + i < user_end; i++)
		((u8 *)USER_CODE)[i] = user_segments[i];
	gdt[LDT_SELECTOR / 8] = descriptor(0x02, 0, true, (u32)ldt, sizeof(ldt) - 1, 0);
	if (vmi_active)
		vmi_write_entry(VMI_CALL_WriteGDTEntry, (u32)gdt, LDT_SELECTOR / 8,
				gdt[LDT_SELECTOR / 8]);
	__asm__ volatile("lldt %w0" : : "r"(LDT_SELECTOR));
	test_descriptors();
	test_host_selectors();
	if (vmi_active)
		test_access();
	test_returns();
	test_tables();
	test_system();
}
