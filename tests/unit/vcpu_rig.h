/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small VM for the tests of the vcpu and of VMI: a flat 32-bit kernel with paging on, its own
 * descriptor tables, and the fake world switch for a CPU.  Linear 0-4 MB is mapped page by page:
 *
 *	0x01000  page directory   0x02000  page table       0x03000  GDT      0x04000  IDT
 *	0x05000  TSS              0x06000  LDT              0x09000  kernel stack top
 *	0x0a000  data             0x10000  kernel code      0x40000  handler of vector n at n * 16
 *	0x200000 user code        0x210000 user stack top   0x300000 not present
 *	0x301000 device (none)    0x302000 the GDT's page once more
 */
#ifndef TESTS_UNIT_VCPU_RIG_H
#define TESTS_UNIT_VCPU_RIG_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/cpu_policy.h"
#include "arch/x86/isa/descriptor.h"
#include "arch/x86/x86_vcpu.h"
#include "guest-abi/hypercall.h"
#include "hv/arch.h"
#include "tests/fake/fake.h"
#include "tests/fake/switch.h"

#define RIG_RAM (4u * MIB)
#define RIG_PD 0x1000u
#define RIG_PT 0x2000u
#define RIG_GDT 0x3000u
#define RIG_GDT_LIMIT 0xffu
#define RIG_IDT 0x4000u
#define RIG_TSS 0x5000u
#define RIG_LDT 0x6000u
#define RIG_STACK 0x9000u
#define RIG_DATA 0xa000u
#define RIG_CODE 0x10000u
#define RIG_HANDLER(n) (0x40000u + (n)*16u)
#define RIG_USER 0x200000u
#define RIG_USER_STACK 0x210000u
#define RIG_HOLE 0x300000u
#define RIG_DEVICE 0x301000u
#define RIG_GDT_ALIAS 0x302000u
#define RIG_DEVICE_GPA 0x800000u

#define SEL_CODE0 0x08
#define SEL_DATA0 0x10
#define SEL_CODE3 0x1b
#define SEL_DATA3 0x23
#define SEL_TSS 0x28
#define SEL_LDT 0x30
#define SEL_STACK16 0x38
#define SEL_RING2_CODE 0x42
#define SEL_RING2_DATA 0x4a
#define SEL_FREE 0x50 /* tests put theirs from here on */

#define FLAT_CODE0 0x00cf9a000000ffffull
#define FLAT_DATA0 0x00cf92000000ffffull
#define FLAT_CODE3 0x00cffa000000ffffull
#define FLAT_DATA3 0x00cff2000000ffffull

/* The ROM's slot of a call: its INT, and EIP as the exit finds it. */
#define ROM_SLOT(n) (VMI_GATE + GATE_ROM + (n)*HYPERCALL_SLOT_SIZE)
#define ROM_AFTER(n) (ROM_SLOT(n) + HYPERCALL_INT_SIZE)

struct rig {
	struct gmem *gmem;
	struct bus *bus;
	struct x86_vcpu *vcpu;
	struct x86_cpu *cpu; /* the vcpu's */
	struct timer_queue timers;
	u32 acknowledged, resets, power_offs, alarms, lvtt_alarms;
	u8 vector; /* what the interrupt controller announces */
};
static struct rig rig UNUSED;

static u8 rig_acknowledge(void *opaque)
{
	struct rig *r = opaque;

	r->acknowledged++;
	r->vcpu->intr = false;
	return r->vector;
}
static void rig_machine_reset(void *opaque)
{
	((struct rig *)opaque)->resets++;
}
static void rig_power_off(void *opaque)
{
	((struct rig *)opaque)->power_offs++;
}
static void rig_alarm(void *opaque, bool lvtt)
{
	struct rig *r = opaque;

	r->alarms += !lvtt;
	r->lvtt_alarms += lvtt;
}
static bool rig_set_apic_base(void *opaque, u64 value)
{
	(void)opaque;
	return !(value & 0xff);
}
static u64 rig_wallclock(void *opaque)
{
	(void)opaque;
	return 0x123456789abcdef0ull;
}
static const struct x86_vcpu_ops rig_ops = {rig_acknowledge, rig_machine_reset, rig_power_off, rig_alarm,
					    rig_set_apic_base, rig_wallclock};

static void rig_cpuid(u32 leaf, u32 subleaf, u32 out[4])
{
	(void)leaf, (void)subleaf;
	memset(out, 0xff, 4 * sizeof(*out));
}

/* ---- guest memory (by physical address, which the kernel's linear one equals) ---- */
static inline void rig_store(u32 at, u32 value)
{
	ck_assert(gmem_write(rig.gmem, gpa(at), &value, 4));
}
static inline void rig_store64(u32 at, u64 value)
{
	ck_assert(gmem_write(rig.gmem, gpa(at), &value, 8));
}
static inline u32 rig_load(u32 at)
{
	u32 value = 0;

	ck_assert(gmem_read(rig.gmem, gpa(at), &value, 4));
	return value;
}
static inline u64 rig_load64(u32 at)
{
	return rig_load(at) | (u64)rig_load(at + 4) << 32;
}
static inline void rig_put(u32 at, const void *bytes, u32 size)
{
	ck_assert(gmem_write(rig.gmem, gpa(at), bytes, size));
}
#define rig_code(at, ...)                                                                          \
	rig_put(at, ((const u8[]){__VA_ARGS__}), sizeof((const u8[]){__VA_ARGS__}))

/* Guest page-table entry of linear @address in the first 4 MB. */
static inline void rig_map(u32 address, u32 entry)
{
	rig_store(RIG_PT + (address >> PAGE_SHIFT) * 4, entry);
}

static void rig_tables(void)
{
	static const u64 gdt[] = {
		0,
		FLAT_CODE0,
		FLAT_DATA0,
		FLAT_CODE3,
		FLAT_DATA3,
		0x0000890000000067ull | (u64)RIG_TSS << 16,
		0x0000820000000027ull | (u64)RIG_LDT << 16,
		FLAT_DATA0 & ~BIT64(54), /* 16-bit stack */
		FLAT_CODE0 | 2ull << 45,
		FLAT_DATA0 | 2ull << 45,
	};

	rig_store(RIG_PD, RIG_PT | 7);
	for (u32 at = PAGE_SIZE; at < RIG_RAM; at += PAGE_SIZE)
		rig_map(at, at | (at >= RIG_USER ? 7 : 3));
	rig_map(RIG_HOLE, 0);
	rig_map(RIG_DEVICE, RIG_DEVICE_GPA | 3);
	rig_map(RIG_GDT_ALIAS, RIG_GDT | 3);
	rig_put(RIG_GDT, gdt, sizeof(gdt));
	for (u32 n = 0; n < 256; n++) {
		struct x86_gate gate = {SEL_CODE0, SEG_P | DESCRIPTOR_INTERRUPT_GATE32,
					RIG_HANDLER(n), 0};

		if (n == 0x80)
			gate.attr = SEG_P | SEG_DPL | DESCRIPTOR_TRAP_GATE32;
		rig_store64(RIG_IDT + n * 8, descriptor_build_gate(&gate));
	}
	rig_store(RIG_TSS + 4, RIG_STACK);
	rig_store(RIG_TSS + 8, SEL_DATA0);
	rig_store64(RIG_LDT, FLAT_DATA3);
	rig_store64(RIG_LDT + 8, FLAT_DATA0);
}

static inline struct x86_segment rig_segment(u16 selector)
{
	return descriptor_segment(rig_load64(RIG_GDT + (selector & SEL_INDEX)) | BIT64(40),
				  selector);
}

/* Kernel registers: flat, at RIG_CODE, interrupts off. */
static void rig_kernel(void)
{
	struct x86_cpu *cpu = rig.cpu;

	for (u32 i = 0; i < SREG_COUNT; i++)
		cpu->seg[i] = rig_segment(SEL_DATA0);
	cpu->seg[SREG_CS] = rig_segment(SEL_CODE0);
	cpu->cpl = 0;
	cpu->eflags = EFLAGS_FIXED;
	cpu->eip = RIG_CODE;
	cpu->gpr[REG_ESP] = RIG_STACK;
	if (cpu->kernel_rpl) {
		cpu->seg[SREG_CS].selector |= cpu->kernel_rpl;
		cpu->seg[SREG_SS].selector |= cpu->kernel_rpl;
	}
	rig.vcpu->check_segments = true;
}

/* The guest's tables have changed and LGDT and LLDT were done. */
static inline void rig_load_tables(struct x86_vcpu *vcpu)
{
	vcpu->gdt_stale = vcpu->ldt_stale = true;
	x86_direct_load_stale(vcpu);
}

/* User registers, interrupts on. */
static inline void rig_user(void)
{
	rig_kernel();
	for (u32 i = 0; i < SREG_COUNT; i++)
		rig.cpu->seg[i] = rig_segment(SEL_DATA3);
	rig.cpu->seg[SREG_CS] = rig_segment(SEL_CODE3);
	rig.cpu->cpl = 3;
	rig.cpu->eflags |= EFLAGS_IF;
	rig.cpu->eip = RIG_USER;
	rig.cpu->gpr[REG_ESP] = RIG_USER_STACK;
}

/* There is a local APIC, says the configuration; set before rig_setup(). */
static bool rig_apic UNUSED;

static struct x86_vcpu_config rig_config(void)
{
	return (struct x86_vcpu_config){.name = "test",
					.gmem = rig.gmem,
					.bus = rig.bus,
					.pages = &fake_source,
					.shadow_pages = 64,
					.timers = &rig.timers,
					.vmi = true,
					.apic = rig_apic,
					.interpret = true,
					.ops = &rig_ops,
					.opaque = &rig};
}

/* A vcpu as its kernel is just before VMI_Init. */
static void rig_setup(void)
{
	struct x86_vcpu_config config;

	fake_reset();
	fake_switch_reset();
	cpu_policy_init(rig_cpuid);
	memset(&rig, 0, sizeof(rig));
	timer_queue_init(&rig.timers, &fake_clock);
	rig.gmem = gmem_create(&fake_source);
	ck_assert_int_eq(gmem_add_ram(rig.gmem, gpa(0), RIG_RAM), 0);
	rig.bus = bus_create();
	config = rig_config();
	rig.vcpu = x86_vcpu_create(&config);
	ck_assert_ptr_nonnull(rig.vcpu);
	rig.cpu = &rig.vcpu->cpu;
	rig_tables();
	rig.cpu->cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	rig.cpu->cr3 = RIG_PD;
	rig.cpu->gdtr = (struct x86_table){RIG_GDT, RIG_GDT_LIMIT};
	rig.cpu->idtr = (struct x86_table){RIG_IDT, 0x7ff};
	rig.cpu->tr = rig_segment(SEL_TSS);
	rig.cpu->tr.attr = SEG_P | DESCRIPTOR_TSS32_BUSY;
	rig.cpu->ldtr = (struct x86_segment){0};
	rig_kernel();
}

static void rig_teardown(void)
{
	x86_vcpu_destroy(rig.vcpu);
	bus_destroy(rig.bus);
	gmem_destroy(rig.gmem);
	ck_assert_uint_eq(fake_outstanding(), 0);
	ck_assert_uint_eq(fake_switch.gate, 0);
}

/* VMI_Init as the option ROM does it; the answer in EAX. */
static u32 rig_vmi_init(void)
{
	rig_code(RIG_CODE, 0xef); /* out dx, eax */
	rig.cpu->eip = RIG_CODE;
	rig.cpu->gpr[REG_EAX] = ROM_INIT_MAGIC;
	rig.cpu->gpr[REG_EDX] = ROM_INIT_PORT;
	x86_vcpu_emulate(rig.vcpu, EMULATE_BEFORE_INIT);
	return rig.cpu->gpr[REG_EAX];
}

/* The same, with a kernel in ring 1 as the result. */
static inline void rig_setup_vmi(void)
{
	rig_setup();
	ck_assert_uint_eq(rig_vmi_init(), 0);
	rig_kernel();
}

/* ---- guests for fake_switch.guest ---- */
static u8 rig_exit_vector UNUSED;
static u32 rig_exit_error UNUSED;

static inline void rig_guest_exits(struct guest_frame *frame)
{
	frame->vector = rig_exit_vector;
	frame->error = rig_exit_error;
}

/* One entry that ends with @vector at the registers that are loaded; what x86_direct_run says. */
static inline bool rig_exit(u8 vector, u32 error)
{
	rig_exit_vector = vector;
	rig_exit_error = error;
	fake_switch.guest = rig_guest_exits;
	return x86_direct_run(rig.vcpu, 0);
}

/* Call @number of the ROM from RIG_CODE: the CALL's return address on the stack, then the INT. */
static inline void rig_call(u32 number)
{
	rig.cpu->gpr[REG_ESP] -= 4;
	rig_store(rig.cpu->gpr[REG_ESP], RIG_CODE + 5);
	rig.cpu->eip = ROM_AFTER(number);
	rig_exit(VECTOR_HYPERCALL, 0);
}

/* WriteGDTEntry, WriteLDTEntry or WriteIDTEntry, by the kernel. */
static inline void rig_write_entry(u32 call, u32 table, u32 index, u64 raw)
{
	rig_kernel();
	rig.cpu->gpr[REG_ESP] -= 4;
	rig_store(rig.cpu->gpr[REG_ESP], (u32)(raw >> 32));
	rig.cpu->gpr[REG_EAX] = table;
	rig.cpu->gpr[REG_EDX] = index;
	rig.cpu->gpr[REG_ECX] = (u32)raw;
	rig_call(call);
}

/* @vector has been delivered to the guest's kernel, interrupting @eip. */
static inline void rig_expect_delivered(u8 vector, bool has_error, u32 eip)
{
	u32 esp = rig.cpu->gpr[REG_ESP];

	ck_assert_msg(rig.cpu->eip == RIG_HANDLER(vector), "EIP is %08x, not the handler of %u",
		      rig.cpu->eip, vector);
	ck_assert_uint_eq(rig.cpu->cpl, 0);
	ck_assert_uint_eq(rig_load(esp + (has_error ? 4 : 0)), eip);
}

static inline int rig_main(const char *name, void (*setup)(void), const TTest *const *tests,
			   u32 count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, rig_teardown);
	for (u32 i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#endif
