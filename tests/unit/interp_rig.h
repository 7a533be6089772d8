/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small PC for the interpreter's tests: RAM from address 0, an empty bus with a few recording ports,
 * a CPU in flat 32-bit protected mode, and helpers to put code and descriptors into memory.
 *
 *	0x00500  GDT     0x01000  IDT     0x02000  code     0x08000  stack top (ring 0)
 *	0x03000  TSS     0x09000  stack top (rings 1-3)     0x10000  data
 */
#ifndef TESTS_UNIT_INTERP_RIG_H
#define TESTS_UNIT_INTERP_RIG_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/interp/interp.h"
#include "arch/x86/isa/descriptor.h"
#include "arch/x86/mmu/walk.h"
#include "tests/fake/fake.h"

#define RIG_RAM (4u * MIB)
#define RIG_GDT 0x500u
#define RIG_IDT 0x1000u
#define RIG_CODE 0x2000u
#define RIG_TSS 0x3000u
#define RIG_STACK 0x8000u
#define RIG_OUTER_STACK 0x9000u
#define RIG_DATA 0x10000u

/* Selectors of the GDT that rig_reset builds. */
#define SEL_CODE0 0x08
#define SEL_DATA0 0x10
#define SEL_CODE3 0x1b
#define SEL_DATA3 0x23
#define SEL_TSS 0x28
#define SEL_FREE 0x30 /* tests put theirs from here on */

struct rig {
	struct x86_cpu cpu;
	struct gmem *gmem;
	struct bus *bus;
	struct interp *interp;
	u8 *ram;
	u32 flushes;
	u32 port_value, port_writes; /* of ports 0x80-0x8f */
	u32 feature_edx, feature_ecx;
	bool own_stack; /* ops->kernel_stack answers with the two below */
	u16 own_ss;
	u32 own_esp;
};
static struct rig *rig UNUSED;

static void rig_flushed(void *opaque, enum tlb_flush kind, gva_t address)
{
	(void)kind, (void)address;
	((struct rig *)opaque)->flushes++;
}
static void rig_cpuid(void *opaque, u32 leaf, u32 subleaf, u32 out[4])
{
	const struct rig *r = opaque;

	(void)subleaf;
	memset(out, 0, 16);
	if (leaf == 1) {
		out[2] = r->feature_ecx;
		out[3] = r->feature_edx;
	}
	if (leaf == 0x80000001u)
		out[3] = BIT(20);
}
static bool rig_read_msr(void *opaque, u32 index, u64 *value)
{
	(void)opaque;
	*value = 0x123456789aull;
	return index == 0x17;
}
static bool rig_write_msr(void *opaque, u32 index, u64 value)
{
	(void)opaque, (void)value;
	return index == 0x17;
}
static u64 rig_tsc(void *opaque)
{
	(void)opaque;
	return 1000;
}
static bool rig_kernel_stack(void *opaque, u16 *ss, u32 *esp)
{
	const struct rig *r = opaque;

	*ss = r->own_ss;
	*esp = r->own_esp;
	return r->own_stack;
}
static const struct interp_ops rig_ops = {
	rig_flushed, rig_cpuid, rig_read_msr, rig_write_msr, rig_tsc,
	CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_PGE | CR4_OSFXSR |
		CR4_OSXMMEXCPT | CR4_UMIP,
	rig_kernel_stack,
};

static u32 rig_port_read(void *opaque, u32 offset, u32 size)
{
	(void)size;
	return ((struct rig *)opaque)->port_value + offset;
}
static void rig_port_write(void *opaque, u32 offset, u32 size, u32 value)
{
	struct rig *r = opaque;

	(void)offset, (void)size;
	r->port_value = value;
	r->port_writes++;
}
static const struct bus_ops rig_port_ops = { rig_port_read, rig_port_write, 4 };

static inline void rig_write(u32 at, const void *bytes, u32 size)
{
	memcpy(rig->ram + at, bytes, size);
}
static inline void rig_write32(u32 at, u32 value)
{
	memcpy(rig->ram + at, &value, 4);
}
static inline u32 rig_read32(u32 at)
{
	u32 value;

	memcpy(&value, rig->ram + at, 4);
	return value;
}
static inline u16 rig_read16(u32 at)
{
	return (u16)rig_read32(at);
}

/* A descriptor; @limit in bytes (G is set if it needs it). */
static inline void rig_descriptor(u16 selector, u32 base, u32 limit, u32 attr)
{
	struct x86_segment seg = { 0, (u16)(attr | (limit > 0xfffff ? SEG_G : 0)), base, limit };
	u64 raw = descriptor_build(&seg);

	rig_write(RIG_GDT + (selector & SEL_INDEX), &raw, 8);
}
static inline void rig_gate(u8 vector, u32 type, u32 dpl, u16 selector, u32 offset)
{
	struct x86_gate gate = { selector, (u16)(SEG_P | dpl << SEG_DPL_SHIFT | type), offset, 0 };
	u64 raw = descriptor_build_gate(&gate);

	rig_write(RIG_IDT + vector * 8u, &raw, 8);
}

#define ATTR_CODE32(dpl) (SEG_DB | SEG_P | (dpl) << SEG_DPL_SHIFT | SEG_S | 0xb)
#define ATTR_DATA32(dpl) (SEG_DB | SEG_P | (dpl) << SEG_DPL_SHIFT | SEG_S | 0x3)
#define ATTR_CODE16(dpl) (SEG_P | (dpl) << SEG_DPL_SHIFT | SEG_S | 0xb)
#define ATTR_DATA16(dpl) (SEG_P | (dpl) << SEG_DPL_SHIFT | SEG_S | 0x3)

static inline void rig_load(enum x86_sreg reg, u16 selector)
{
	u64 raw;

	memcpy(&raw, rig->ram + RIG_GDT + (selector & SEL_INDEX), 8);
	rig->cpu.seg[reg] = descriptor_segment(raw, selector);
}

/* All segments for privilege level @cpl, which is 0 or 3. */
static inline void rig_ring(u32 cpl)
{
	u16 data = cpl ? SEL_DATA3 : SEL_DATA0;

	rig_load(SREG_CS, cpl ? SEL_CODE3 : SEL_CODE0);
	rig_load(SREG_SS, data);
	rig_load(SREG_DS, data);
	rig_load(SREG_ES, data);
	rig_load(SREG_FS, data);
	rig_load(SREG_GS, data);
	rig->cpu.cpl = (u8)cpl;
	rig->cpu.gpr[REG_ESP] = cpl ? RIG_OUTER_STACK : RIG_STACK;
}

/* Real mode with the code at RIG_CODE, segment 0, and the IVT at 0. */
static inline void rig_real_mode(void)
{
	rig->cpu.cr0 = CR0_ET;
	for (u32 reg = 0; reg < SREG_COUNT; reg++)
		rig->cpu.seg[reg] = (struct x86_segment){
			.attr = SEG_P | SEG_S | 0x3, .limit = 0xffff
		};
	rig->cpu.idtr = (struct x86_table){ 0, 0x3ff };
	rig->cpu.eip = RIG_CODE;
	rig->cpu.cpl = 0;
	rig->cpu.gpr[REG_ESP] = RIG_STACK;
}

static inline void rig_tables(void)
{
	rig_descriptor(SEL_CODE0, 0, 0xffffffffu, ATTR_CODE32(0u));
	rig_descriptor(SEL_DATA0, 0, 0xffffffffu, ATTR_DATA32(0u));
	rig_descriptor(SEL_CODE3, 0, 0xffffffffu, ATTR_CODE32(3u));
	rig_descriptor(SEL_DATA3, 0, 0xffffffffu, ATTR_DATA32(3u));
	rig_descriptor(SEL_TSS, RIG_TSS, 0x2fff, SEG_P | DESCRIPTOR_TSS32_BUSY);
	rig_write32(RIG_TSS + 4, RIG_STACK);
	rig_write32(RIG_TSS + 8, SEL_DATA0);
	rig_write32(RIG_TSS + 100, 0x68u << 16);
	rig->cpu.gdtr = (struct x86_table){ RIG_GDT, 0x2ff };
	rig->cpu.idtr = (struct x86_table){ RIG_IDT, 0x7ff };
	rig->cpu.tr = (struct x86_segment){ SEL_TSS, SEG_P | DESCRIPTOR_TSS32_BUSY, RIG_TSS,
					    0x2fff };
}

/* The interpreter asks CPUID at creation: change rig->feature_* and call this to make it again. */
static inline void rig_make_interp(void)
{
	interp_destroy(rig->interp);
	rig->interp = interp_create(&rig->cpu, rig->gmem, rig->bus, &rig_ops, rig);
	ck_assert_ptr_nonnull(rig->interp);
}

static void rig_setup(void)
{
	fake_reset();
	rig = aligned_alloc(16, ALIGN_UP(sizeof(*rig), (size_t)16));
	memset(rig, 0, sizeof(*rig));
	rig->feature_edx = 0x07ff83ffu; /* through SSE2, no SYSENTER */
	rig->feature_ecx = BIT(0) | BIT(9) | BIT(19) | BIT(20) | BIT(23);
	rig->gmem = gmem_create(&fake_source);
	ck_assert_int_eq(gmem_add_ram(rig->gmem, gpa(0), RIG_RAM), 0);
	rig->ram = gmem_ptr(rig->gmem, gpa(0), 1, true);
	rig->bus = bus_create();
	ck_assert_int_eq(bus_add_pio(rig->bus, 0x80, 16, &rig_port_ops, rig), 0);
	x86_cpu_reset(&rig->cpu);
	rig->cpu.fpu[0] = 0x7f; /* as after FNINIT */
	rig->cpu.fpu[1] = 0x03;
	rig->cpu.fpu[4] = 0;
	rig->cpu.cr0 = CR0_PE | CR0_ET | CR0_NE;
	rig->cpu.cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
	rig_tables();
	rig_ring(0);
	rig->cpu.eip = RIG_CODE;
	rig_make_interp();
}

static void rig_teardown(void)
{
	interp_destroy(rig->interp);
	bus_destroy(rig->bus);
	gmem_destroy(rig->gmem);
	ck_assert_uint_eq(fake_outstanding(), 0);
	free(rig);
}

/* Put code at EIP (in CS) without executing it. */
#define CODE(...)                                                                                  \
	do {                                                                                       \
		const u8 code_[] = { __VA_ARGS__ };                                                \
		rig_write(rig->cpu.seg[SREG_CS].base + rig->cpu.eip, code_, sizeof(code_));         \
	} while (0)
/* Execute one instruction, given as bytes: it must succeed. */
#define STEP(...)                                                                                  \
	do {                                                                                       \
		CODE(__VA_ARGS__);                                                                 \
		ck_assert_int_eq(interp_step(rig->interp), EMUL_DONE);                             \
	} while (0)
/* Execute one instruction, which must fault with @vector. */
#define FAULTS(vector_, ...)                                                                       \
	do {                                                                                       \
		CODE(__VA_ARGS__);                                                                 \
		ck_assert_int_eq(interp_step(rig->interp), EMUL_FAULT);                            \
		ck_assert_uint_eq(rig->cpu.fault.vector, vector_);                                 \
	} while (0)
/* The same with an error code. */
#define FAULTS_CODE(vector_, error_, ...)                                                          \
	do {                                                                                       \
		FAULTS(vector_, __VA_ARGS__);                                                      \
		ck_assert(rig->cpu.fault.has_error);                                               \
		ck_assert_uint_eq(rig->cpu.fault.error, error_);                                   \
	} while (0)
#define LE16(x) (u8)(x), (u8)((x) >> 8)
#define LE32(x) (u8)(x), (u8)((x) >> 8), (u8)((x) >> 16), (u8)((x) >> 24)

static inline int rig_run(Suite *suite, TCase *tcase)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, rig_setup, rig_teardown);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

#endif
