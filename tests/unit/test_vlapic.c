/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of hv/dev/vlapic.c and its parts from [SDM3A 10], through a bus with the registers at FEE00000.
 */
#include "hv/dev/vlapic.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake/fake.h"

#define ID 0x20u
#define VERSION 0x30u
#define TPR 0x80u
#define APR 0x90u
#define PPR 0xa0u
#define EOI 0xb0u
#define LDR 0xd0u
#define DFR 0xe0u
#define SVR 0xf0u
#define ISR 0x100u
#define TMR 0x180u
#define IRR 0x200u
#define ESR 0x280u
#define ICR 0x300u
#define ICR_TO 0x310u
#define TIMER 0x320u
#define THERMAL 0x330u
#define PMC 0x340u
#define LINT0 0x350u
#define LINT1 0x360u
#define LVT_ERRORS 0x370u
#define INITIAL 0x380u
#define CURRENT 0x390u
#define DIVIDE 0x3e0u
#define MASK 0x10000u
#define PERIODIC 0x20000u
#define EXTINT_VECTOR 0x38

static struct bus *bus;
static struct timer_queue queue;
static struct vlapic apic;
static bool intr;
static u32 nmis, extints, taken, ended, readies;

static void set_intr(void *opaque, u32 index, bool level)
{
	(void)opaque;
	(void)index;
	intr = level;
}
static void set_nmi(void *opaque, u32 index, bool level)
{
	(void)opaque;
	(void)index;
	nmis += level;
}
static u8 extint(void *opaque)
{
	(void)opaque;
	extints++;
	vlapic_set_lint(&apic, 0, false);
	return EXTINT_VECTOR;
}
static void note_taken(void *opaque, u8 vector)
{
	(void)opaque;
	taken = vector;
}
static void note_ended(void *opaque, u8 vector)
{
	(void)opaque;
	ended = vector;
}

static void note_ready(void *opaque)
{
	(void)opaque;
	readies++;
}

static u32 get(u32 offset)
{
	return bus_mmio_read(bus, gpa(VLAPIC_BASE + offset), 4);
}
static void put(u32 offset, u32 value)
{
	bus_mmio_write(bus, gpa(VLAPIC_BASE + offset), 4, value);
}
static bool bit_of(u32 registers, u32 vector)
{
	return get(registers + vector / 32 * 16) >> vector % 32 & 1;
}
static void self(u32 vector)
{
	put(ICR, 0x40000 | vector);
}
static void pass(u64 ns)
{
	fake_advance_ns(ns);
	timer_run(&queue);
}
static bool send(u32 mode, u32 vector, u32 to, bool logical, bool level)
{
	struct apic_message message = { (u8)vector, (u8)mode, (u8)to, logical, level };

	return vlapic_send(&apic, &message);
}

static void setup(void)
{
	struct vlapic_wiring wiring = {
		.clock = &fake_clock, .timers = &queue, .intr = { set_intr, NULL, 0 }, .nmi = { set_nmi, NULL, 0 },
		.extint = extint, .taken = note_taken, .ended = note_ended,
		.ready = note_ready,
	};

	fake_reset();
	fake_advance_ns(1000);
	timer_queue_init(&queue, &fake_clock);
	intr = false;
	nmis = extints = taken = ended = readies = 0;
	bus = bus_create();
	vlapic_init(&apic, &wiring);
	ck_assert_int_eq(bus_add_mmio(bus, gpa(VLAPIC_BASE), VLAPIC_SIZE, &vlapic_ops, &apic), 0);
}

static void setup_on(void)
{
	setup();
	put(SVR, 0x1ff);
}

static void teardown(void)
{
	bus_destroy(bus);
	ck_assert_uint_eq(fake_outstanding(), 0);
}

/* ---- registers ---- */

static const struct {
	u32 offset, at_reset, writable;
} registers[] = {
	{ ID, 0, 0xff000000 },
	{ VERSION, 0x50014, 0 },
	{ TPR, 0, 0xff },
	{ APR, 0, 0 },
	{ EOI, 0, 0 },
	{ 0xc0, 0, 0 },
	{ LDR, 0, 0xff000000 },
	{ DFR, ~0u, 0xf0000000 },
	{ ISR, 0, 0 },
	{ TMR + 0x70, 0, 0 },
	{ IRR + 0x30, 0, 0 },
	{ ESR, 0, 0 },
	{ ICR_TO, 0, 0xff000000 },
	{ TIMER, MASK, 0x300ff },
	{ THERMAL, MASK, 0x107ff },
	{ PMC, MASK, 0x107ff },
	{ LINT0, MASK, 0x1a7ff },
	{ LINT1, MASK, 0x1a7ff },
	{ LVT_ERRORS, MASK, 0x100ff },
	{ INITIAL, 0, ~0u },
	{ DIVIDE, 0, 0xb },
	{ SVR, 0x1ff, 0x3ff },
};

static void check_reset(void)
{
	for (u32 i = 0; i + 1 < ARRAY_SIZE(registers); i++)
		ck_assert_uint_eq(get(registers[i].offset), registers[i].at_reset);
	ck_assert_uint_eq(get(SVR), 0xff);
	ck_assert_uint_eq(get(PPR), 0);
	ck_assert_uint_eq(get(ICR), 0);
	ck_assert_uint_eq(get(CURRENT), 0);
	ck_assert_uint_eq(apic.base, 0xfee00900);
}

START_TEST(registers_after_reset)
{
	check_reset();
}
END_TEST

START_TEST(registers_keep_the_bits_they_have)
{
	for (u32 i = 0; i < ARRAY_SIZE(registers); i++) {
		u32 fixed = registers[i].at_reset & ~registers[i].writable;

		put(registers[i].offset, ~0u);
		ck_assert_uint_eq(get(registers[i].offset), fixed | registers[i].writable);
		put(registers[i].offset, registers[i].offset == SVR ? 0x100 : 0);
		if (registers[i].offset != SVR)
			ck_assert_uint_eq(get(registers[i].offset), fixed);
	}
	put(ICR_TO, 0x55000000); /* nobody */
	put(ICR, ~0xc0000u & ~0x700u); /* a fixed interrupt's end: none */
	ck_assert_uint_eq(get(ICR), 0x000c8ff & 0x00ccfff & ~0x700u);
}
END_TEST

START_TEST(slots_without_register_are_errors)
{
	put(LVT_ERRORS, 0x51);
	ck_assert_uint_eq(get(0x40), 0);
	ck_assert(intr);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x51);
	put(EOI, 0);
	ck_assert_uint_eq(get(ESR), 0); /* it shows what was there when it was last written */
	put(ESR, 0);
	ck_assert_uint_eq(get(ESR), 0x80);
	put(ESR, 0);
	ck_assert_uint_eq(get(ESR), 0);
	put(0xff0, 1);
	ck_assert(intr);
	put(ESR, 0);
	ck_assert_uint_eq(get(ESR), 0x80);
}
END_TEST

START_TEST(odd_accesses)
{
	put(LINT0, 0x10734);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(VLAPIC_BASE + LINT0), 1), 0x34);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(VLAPIC_BASE + LINT0 + 1), 1), 0x07);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(VLAPIC_BASE + LINT0 + 2), 2), 1);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(VLAPIC_BASE + LINT0 + 4), 4), 0);
	ck_assert_uint_eq(bus_mmio_read(bus, gpa(VLAPIC_BASE + LINT0 + 15), 4), 0);
	bus_mmio_write(bus, gpa(VLAPIC_BASE + LINT0), 1, 0x55);
	bus_mmio_write(bus, gpa(VLAPIC_BASE + LINT0), 2, 0x5555);
	bus_mmio_write(bus, gpa(VLAPIC_BASE + LINT0 + 2), 4, 0x55555555);
	bus_mmio_write(bus, gpa(VLAPIC_BASE + LINT0 - 2), 4, 0x55555555);
	bus_mmio_write(bus, gpa(VLAPIC_BASE + 0xffe), 4, 0x55555555);
	ck_assert_uint_eq(get(LINT0), 0x10734);
	put(ESR, 0);
	ck_assert_uint_eq(get(ESR), 0);
}
END_TEST

START_TEST(software_off_masks_and_lets_nothing_in)
{
	put(TIMER, 0x40);
	put(LINT0, 0x700);
	self(0x60);
	put(SVR, 0xff);
	ck_assert_uint_eq(get(TIMER), MASK | 0x40);
	ck_assert_uint_eq(get(LINT0), MASK | 0x700);
	put(TIMER, 0x41);
	ck_assert_uint_eq(get(TIMER), MASK | 0x41);
	self(0x70);
	ck_assert(!bit_of(IRR, 0x70));
	ck_assert(!send(APIC_FIXED, 0x71, 0, false, false));
	ck_assert(send(APIC_NMI, 0, 0, false, false));
	ck_assert_uint_eq(nmis, 1);
	/* What was there before stays. */
	ck_assert(intr);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x60);
	put(EOI, 0);
	readies = 0;
	put(SVR, 0x1ff);
	put(SVR, 0x1ff);
	ck_assert_uint_eq(readies, 1);
	ck_assert_uint_eq(get(TIMER), MASK | 0x41);
	self(0x70);
	ck_assert(intr);
}
END_TEST

/* ---- priorities ---- */

START_TEST(an_ipi_to_oneself_goes_through_irr_and_isr)
{
	self(0x61);
	ck_assert(intr);
	ck_assert(bit_of(IRR, 0x61) && !bit_of(ISR, 0x61));
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x61);
	ck_assert(!intr);
	ck_assert(!bit_of(IRR, 0x61) && bit_of(ISR, 0x61) && !bit_of(TMR, 0x61));
	ck_assert_uint_eq(taken, 0x61);
	ck_assert_uint_eq(get(PPR), 0x60);
	put(EOI, 0x12345678);
	ck_assert(!bit_of(ISR, 0x61));
	ck_assert_uint_eq(get(PPR), 0);
	ck_assert_uint_eq(ended, 0);
	put(EOI, 0); /* none in service */
	ck_assert_uint_eq(get(PPR), 0);
}
END_TEST

START_TEST(higher_classes_interrupt_lower_ones_only)
{
	self(0x61);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x61);
	self(0x6f);
	self(0x51);
	ck_assert(!intr);
	self(0x70);
	ck_assert(intr);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x70);
	put(EOI, 0);
	ck_assert(!intr);
	ck_assert(bit_of(ISR, 0x61) && !bit_of(ISR, 0x70));
	put(EOI, 0);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x6f);
	put(EOI, 0);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x51);
	put(EOI, 0);
	ck_assert(!intr);
}
END_TEST

START_TEST(tpr_holds_back_its_class_and_those_below)
{
	put(TPR, 0x6a);
	self(0x6f);
	ck_assert(!intr);
	ck_assert_uint_eq(get(PPR), 0x6a);
	ck_assert_uint_eq(get(APR), 0x6a);
	put(TPR, 0x5f);
	ck_assert(intr);
	put(TPR, 0x60);
	ck_assert(!intr);
	self(0x80);
	ck_assert(intr);
	ck_assert_uint_eq(get(APR), 0x80);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x80);
	ck_assert_uint_eq(get(PPR), 0x80);
	ck_assert_uint_eq(get(APR), 0x60);
	put(TPR, 0x83);
	ck_assert_uint_eq(get(PPR), 0x83);
	put(EOI, 0);
	put(TPR, 0);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x6f);
}
END_TEST

START_TEST(every_vector_is_in_its_place)
{
	for (u32 vector = 16; vector < 256; vector++) {
		self(vector);
		ck_assert(bit_of(IRR, vector));
		ck_assert_uint_eq(vlapic_acknowledge(&apic), vector);
		ck_assert(bit_of(ISR, vector));
		put(EOI, 0);
	}
	for (u32 i = 0; i < 8; i++)
		ck_assert_uint_eq(get(IRR + 16 * i) | get(ISR + 16 * i) | get(TMR + 16 * i), 0);
}
END_TEST

START_TEST(nothing_to_take_is_the_spurious_vector)
{
	put(SVR, 0x1ef);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0xef);
	ck_assert_uint_eq(get(PPR), 0);
}
END_TEST

/* ---- IPIs and messages ---- */

START_TEST(vectors_below_16_are_errors)
{
	put(LVT_ERRORS, 0x51);
	self(0x0f);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x51);
	put(EOI, 0);
	put(ESR, 0);
	ck_assert_uint_eq(get(ESR), 0x20);
	ck_assert(!send(APIC_FIXED, 0x0f, 0, false, false));
	put(ESR, 0);
	ck_assert_uint_eq(get(ESR), 0x40);
	put(EOI, 0);
	put(LVT_ERRORS, 0x05); /* it cannot even report itself */
	self(0);
	put(ESR, 0);
	ck_assert_uint_eq(get(ESR), 0x60);
}
END_TEST

static bool gets(u32 to, u32 icr)
{
	bool got;

	put(ICR_TO, to << 24);
	put(ICR, icr | 0x4044);
	got = intr;
	if (got) {
		ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x44);
		put(EOI, 0);
	}
	return got;
}

START_TEST(destinations)
{
	ck_assert(gets(0, 0));
	ck_assert(!gets(1, 0));
	ck_assert(gets(0xff, 0));
	put(ID, 0x05000000);
	ck_assert(!gets(0, 0));
	ck_assert(gets(5, 0));
	ck_assert(gets(5, 0x100)); /* lowest priority of one */
	put(LDR, 0x24000000);
	ck_assert(gets(0x04, 0x800));
	ck_assert(gets(0x30, 0x800));
	ck_assert(!gets(0x03, 0x800));
	put(DFR, 0); /* clusters: member 4 of cluster 2 */
	ck_assert(gets(0x24, 0x800));
	ck_assert(gets(0x2c, 0x800));
	ck_assert(!gets(0x23, 0x800));
	ck_assert(!gets(0x34, 0x800));
	ck_assert(gets(0xf4, 0x800));
	ck_assert(gets(0xff, 0x800));
	ck_assert(gets(1, 0x80000)); /* all including self */
	ck_assert(!gets(5, 0xc0000)); /* all others */
}
END_TEST

START_TEST(ipis_that_are_no_vectors)
{
	put(ICR_TO, 0);
	put(ICR, 0x4400);
	ck_assert_uint_eq(nmis, 1);
	put(ICR, 0x84400); /* only fixed ones go to oneself by shorthand */
	put(ICR, 0x4200);  /* SMI */
	put(ICR, 0x4500);  /* INIT */
	put(ICR, 0x8500);  /* and its end */
	put(ICR, 0x4610);  /* STARTUP */
	put(ICR, 0xc4610);
	ck_assert_uint_eq(nmis, 1);
	ck_assert(!intr);
	put(ESR, 0);
	ck_assert_uint_eq(get(ESR), 0);
}
END_TEST

START_TEST(the_end_of_a_level_is_told)
{
	ck_assert(send(APIC_FIXED, 0x71, 0, false, true));
	ck_assert(bit_of(TMR, 0x71));
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x71);
	ck_assert_uint_eq(taken, 0);
	put(EOI, 0);
	ck_assert_uint_eq(ended, 0x71);
	ended = 0;
	ck_assert(send(APIC_LOWEST, 0x71, 0, false, false));
	ck_assert(!bit_of(TMR, 0x71));
	vlapic_acknowledge(&apic);
	put(EOI, 0);
	ck_assert_uint_eq(ended, 0);
	ck_assert(!send(APIC_FIXED, 0x71, 1, false, false));
}
END_TEST

/* ---- LINT0, LINT1 ---- */

START_TEST(virtual_wire)
{
	vlapic_set_lint(&apic, 0, true);
	ck_assert(!intr);
	put(LINT0, 0x700);
	ck_assert(intr);
	put(TPR, 0xff); /* no matter */
	ck_assert(intr);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), EXTINT_VECTOR);
	ck_assert_uint_eq(extints, 1);
	ck_assert(!intr);
	for (u32 i = 0; i < 8; i++)
		ck_assert_uint_eq(get(IRR + 16 * i) | get(ISR + 16 * i), 0);
	put(TPR, 0);
	vlapic_set_lint(&apic, 0, true);
	self(0x30); /* first */
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x30);
	ck_assert(intr);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), EXTINT_VECTOR);
	vlapic_set_lint(&apic, 0, true);
	put(LINT0, MASK | 0x700);
	ck_assert(!intr);
}
END_TEST

START_TEST(an_extint_of_an_io_apic_is_a_level_too)
{
	vlapic_set_extint(&apic, true);
	ck_assert(intr);
	vlapic_set_extint(&apic, false);
	ck_assert(!intr);
}
END_TEST

START_TEST(lint_pins_as_edges_levels_and_nmi)
{
	put(LINT1, 0x400);
	vlapic_set_lint(&apic, 1, true);
	vlapic_set_lint(&apic, 1, true);
	ck_assert_uint_eq(nmis, 1);
	vlapic_set_lint(&apic, 1, false);
	put(LINT1, MASK | 0x400);
	vlapic_set_lint(&apic, 1, true);
	put(LINT1, 0x400); /* too late */
	ck_assert_uint_eq(nmis, 1);
	put(LINT0, 0x41);
	vlapic_set_lint(&apic, 0, true);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x41);
	put(EOI, 0);
	ck_assert(!intr);
	put(LINT0, 0x8042); /* still high: a level */
	ck_assert_uint_eq(get(LINT0), 0xc042);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x42);
	put(EOI, 0);
	ck_assert(intr);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x42);
	vlapic_set_lint(&apic, 0, false);
	put(EOI, 0);
	ck_assert(!intr);
	ck_assert_uint_eq(get(LINT0), 0x8042);
	ck_assert_uint_eq(ended, 0x42);
}
END_TEST

START_TEST(while_it_is_off_the_pins_are_the_cpus)
{
	self(0x61);
	ck_assert(vlapic_set_base(&apic, 0xfee00100));
	ck_assert(!intr);
	vlapic_set_lint(&apic, 0, true);
	ck_assert(intr);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), EXTINT_VECTOR);
	vlapic_set_lint(&apic, 1, true);
	ck_assert_uint_eq(nmis, 1);
	ck_assert(!send(APIC_FIXED, 0x71, 0, false, false));
	ck_assert(vlapic_set_base(&apic, 0xfee00900));
	ck_assert(!intr);
	check_reset();
}
END_TEST

START_TEST(base_register)
{
	ck_assert(vlapic_set_base(&apic, 0x812345800ull));
	ck_assert_uint_eq(apic.base, 0x812345800ull);
	ck_assert(!vlapic_set_base(&apic, 0xfee00d00)); /* x2APIC */
	ck_assert(!vlapic_set_base(&apic, 0xfee00901));
	ck_assert(!vlapic_set_base(&apic, 0xfee00b00));
	ck_assert(!vlapic_set_base(&apic, 1ull << 36 | 0x900));
	ck_assert_uint_eq(apic.base, 0x812345800ull);
	vlapic_reset(&apic);
	ck_assert_uint_eq(apic.base, 0xfee00900);
}
END_TEST

/* ---- timer ---- */

START_TEST(one_shot)
{
	put(DIVIDE, 0xb); /* 1 */
	put(TIMER, 0x40);
	put(INITIAL, 1000);
	ck_assert_uint_eq(get(CURRENT), 1000);
	pass(999);
	ck_assert_uint_eq(get(CURRENT), 1);
	ck_assert(!intr);
	pass(1);
	ck_assert_uint_eq(get(CURRENT), 0);
	ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x40);
	put(EOI, 0);
	pass(5000);
	ck_assert(!intr);
	ck_assert_uint_eq(get(CURRENT), 0);
	ck_assert_uint_eq(get(INITIAL), 1000);
	put(INITIAL, 1000);
	put(INITIAL, 0); /* stops it */
	ck_assert_uint_eq(get(CURRENT), 0);
	pass(5000);
	ck_assert(!intr);
	ck_assert_uint_eq(timer_next_ns(&queue), TIMER_NEVER);
}
END_TEST

START_TEST(divider)
{
	static const u32 codes[] = { 0xb, 0, 1, 2, 3, 8, 9, 0xa };

	put(TIMER, 0x40);
	for (u32 i = 0; i < 8; i++) {
		put(DIVIDE, codes[i]);
		put(INITIAL, 100);
		pass((50ull << i) + (1u << i) / 2);
		ck_assert_uint_eq(get(CURRENT), 50);
		pass(50ull << i);
		ck_assert(intr);
		vlapic_acknowledge(&apic);
		put(EOI, 0);
	}
	/* In the middle: the count stays. */
	put(DIVIDE, 0xb);
	put(INITIAL, 1000);
	pass(400);
	put(DIVIDE, 1);
	ck_assert_uint_eq(get(CURRENT), 600);
	pass(2399);
	ck_assert_uint_eq(get(CURRENT), 1);
	ck_assert(!intr);
	pass(1);
	ck_assert(intr);
}
END_TEST

START_TEST(longest_count)
{
	put(DIVIDE, 0xa);
	put(TIMER, 0x40);
	put(INITIAL, ~0u);
	pass(0xffffffffull * 128 - 1);
	ck_assert(!intr);
	ck_assert_uint_eq(get(CURRENT), 1);
	pass(1);
	ck_assert(intr);
}
END_TEST

START_TEST(periodic_does_not_drift)
{
	u32 ticks = 0;

	put(DIVIDE, 0xb);
	put(TIMER, PERIODIC | 0x40);
	put(INITIAL, 1000000);
	for (u32 i = 0; i < 1000; i++) {
		pass(30001);
		if (intr) {
			ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x40);
			put(EOI, 0);
			ticks++;
		}
	}
	ck_assert_uint_eq(ticks, 30);
	ck_assert_uint_eq(get(CURRENT), 31 * 1000000 - 30001 * 1000);
	ck_assert_uint_eq(timer_next_ns(&queue) - clock_now_ns(&fake_clock), 31 * 1000000 - 30001 * 1000);
}
END_TEST

START_TEST(periods_that_came_too_late_are_owed)
{
	u32 ticks = 0;

	put(DIVIDE, 0xb);
	put(TIMER, PERIODIC | 0x40);
	put(INITIAL, 1000000);
	pass(10 * 1000000 + 100);
	ck_assert_uint_eq(get(CURRENT), 1000000 - 100);
	ck_assert(intr);
	for (u32 i = 0; i < 200; i++) { /* 20 periods more */
		if (intr) {
			ck_assert_uint_eq(vlapic_acknowledge(&apic), 0x40);
			put(EOI, 0);
			ck_assert(!intr); /* not at once */
			ticks++;
		}
		if (i == 30)
			ck_assert_uint_le(ticks, 8);
		pass(100000);
	}
	ck_assert_uint_eq(ticks + (intr ? 1 : 0), 30);
	put(TIMER, MASK | PERIODIC | 0x40);
	pass(10 * 1000000);
	put(TIMER, PERIODIC | 0x40); /* nobody waited meanwhile */
	if (intr)
		vlapic_acknowledge(&apic);
	put(EOI, 0);
	timer_run(&queue);
	ck_assert(!intr);
	pass(1000000);
	ck_assert(intr);
}
END_TEST

START_TEST(a_period_of_nothing_does_not_eat_the_host)
{
	u32 fired = 0;

	put(DIVIDE, 0xb);
	put(TIMER, PERIODIC | 0x40);
	put(INITIAL, 1);
	for (u64 end = clock_now_ns(&fake_clock) + 1000000; clock_now_ns(&fake_clock) < end; fired++) {
		if (intr) {
			vlapic_acknowledge(&apic);
			put(EOI, 0);
		}
		ck_assert(timer_next_ns(&queue) != TIMER_NEVER);
		pass(MAX(timer_next_ns(&queue), clock_now_ns(&fake_clock)) - clock_now_ns(&fake_clock));
	}
	ck_assert_uint_le(fired, 55);
	ck_assert(intr);
}
END_TEST

START_TEST(masked_it_counts_and_nobody_waits)
{
	put(DIVIDE, 0xb);
	put(TIMER, MASK | PERIODIC | 0x40);
	put(INITIAL, 1000);
	ck_assert_uint_eq(timer_next_ns(&queue), TIMER_NEVER);
	pass(2400);
	ck_assert_uint_eq(get(CURRENT), 600);
	put(TIMER, PERIODIC | 0x40);
	ck_assert_uint_eq(get(CURRENT), 600);
	pass(599);
	ck_assert(!intr);
	pass(1);
	ck_assert(intr);
	put(TIMER, 0x40); /* one-shot from here */
	ck_assert_uint_eq(get(CURRENT), 1000);
	vlapic_acknowledge(&apic);
	put(EOI, 0);
	pass(1000);
	ck_assert(intr);
	ck_assert_uint_eq(get(CURRENT), 0);
	vlapic_acknowledge(&apic);
	put(EOI, 0);
	put(TIMER, PERIODIC | 0x40);
	ck_assert_uint_eq(get(CURRENT), 1000);
	pass(1000);
	ck_assert(intr);
}
END_TEST

START_TEST(reset_stops_the_timer)
{
	put(TIMER, 0x40);
	put(INITIAL, 1000);
	vlapic_reset(&apic);
	ck_assert_uint_eq(timer_next_ns(&queue), TIMER_NEVER);
	pass(10000);
	ck_assert(!intr);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		registers_keep_the_bits_they_have, slots_without_register_are_errors, odd_accesses,
		software_off_masks_and_lets_nothing_in, an_ipi_to_oneself_goes_through_irr_and_isr,
		higher_classes_interrupt_lower_ones_only, tpr_holds_back_its_class_and_those_below,
		every_vector_is_in_its_place, nothing_to_take_is_the_spurious_vector,
		vectors_below_16_are_errors, destinations, ipis_that_are_no_vectors,
		the_end_of_a_level_is_told, virtual_wire, an_extint_of_an_io_apic_is_a_level_too,
		lint_pins_as_edges_levels_and_nmi, while_it_is_off_the_pins_are_the_cpus, base_register, one_shot,
		divider, longest_count, periodic_does_not_drift, periods_that_came_too_late_are_owed,
		a_period_of_nothing_does_not_eat_the_host,
		masked_it_counts_and_nobody_waits, reset_stops_the_timer,
	};
	TCase *on = tcase_create("on"), *off = tcase_create("off");
	Suite *suite = suite_create("vlapic");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(on, setup_on, teardown);
	tcase_add_checked_fixture(off, setup, teardown);
	for (u32 i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(on, tests[i]);
	tcase_add_test(off, registers_after_reset);
	suite_add_tcase(suite, on);
	suite_add_tcase(suite, off);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
