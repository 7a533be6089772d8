/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The local APIC and the I/O APIC of a PC with one processor, as firmware leaves them and as a kernel uses them:
 * the virtual wire, IPIs to oneself, priorities, the timer, edges and levels of the I/O APIC, NMIs, off and on.
 * What TCG does otherwise than the manual is checked under Romulus only.
 */
#include "tests/lib/guest_timer.h"

#define LAPIC 0xfee00000u
#define IOAPIC 0xfec00000u
#define APIC_SLOT (IOAPIC >> 22) /* of both, in the page directory */

#define ID 0x20
#define VERSION 0x30
#define TPR 0x80
#define PPR 0xa0
#define EOI 0xb0
#define SVR 0xf0
#define ISR 0x100
#define TMR 0x180
#define IRR 0x200
#define ESR 0x280
#define ICR 0x300
#define ICR_TO 0x310
#define LVT_TIMER 0x320
#define LVT_LINT0 0x350
#define LVT_LINT1 0x360
#define LVT_ERROR 0x370
#define INITIAL 0x380
#define CURRENT 0x390
#define DIVIDE 0x3e0

#define MASK 0x10000u
#define PERIODIC 0x20000u
#define LEVEL 0x8000u
#define REMOTE_IRR 0x4000u
#define EXTINT 0x700u
#define NMI 0x400u
#define TO_SELF 0x40000u

#define LOW 0x51
#define MIDDLE 0x62
#define HIGH 0x73
#define TICK 0x81
#define ERROR 0x91
#define PIN 0xa1
#define SPURIOUS 0xff
#define PIN_IRQ0 2
#define PIN_COM1 4
#define COM1 0x3f8
#define BASE_MSR 0x1b

static u32 apic_table[1024] ALIGNED(4096);
static volatile u32 count[256];
static volatile u32 order, nesting;

static u32 get(u32 offset)
{
	return *(volatile u32 *)(LAPIC + offset);
}
static void put(u32 offset, u32 value)
{
	*(volatile u32 *)(LAPIC + offset) = value;
}
static u32 io_get(u32 reg)
{
	*(volatile u32 *)IOAPIC = reg;
	return *(volatile u32 *)(IOAPIC + 0x10);
}
static void io_put(u32 reg, u32 value)
{
	*(volatile u32 *)IOAPIC = reg;
	*(volatile u32 *)(IOAPIC + 0x10) = value;
}
static void set_entry(u32 pin, u32 low)
{
	io_put(0x10 + 2 * pin, low);
}
static u32 entry(u32 pin)
{
	return io_get(0x10 + 2 * pin);
}
static bool bit_of(u32 registers, u32 vector)
{
	return get(registers + vector / 32 * 16) >> vector % 32 & 1;
}

static u64 rdtsc(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}
static u64 rdmsr(u32 index)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
	return (u64)high << 32 | low;
}
static void wrmsr(u32 index, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(index), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}
static bool cpuid_apic(void)
{
	u32 eax = 1, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return edx >> 9 & 1;
}

/* What is pending comes now. */
static void window(void)
{
	__asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
}

/* Until @vector has come @wanted times, or surely never will. */
static bool wait_for(u8 vector, u32 wanted)
{
	u64 start = rdtsc();

	while (count[vector] < wanted && rdtsc() - start < 1ull << 35)
		window();
	return count[vector] >= wanted;
}

static void ends(struct trap_frame *frame)
{
	count[frame->vector]++;
	order = order << 8 | frame->vector;
	put(EOI, 0);
}

/* ---- what is there ---- */
static void identification(void)
{
	check(cpuid_apic(), "CPUID shows a local APIC");
	check((u32)rdmsr(BASE_MSR) == 0xfee00900, "it is on, at FEE00000, of the boot processor (%x)",
	      (u32)rdmsr(BASE_MSR));
	check((get(VERSION) & 0xff00ff) >= 0x040010, "version %x", get(VERSION));
	check(get(SVR) & 0x100 && (get(LVT_LINT0) & 0x10700) == EXTINT && (get(LVT_LINT1) & 0x10700) == NMI,
	      "firmware has left the virtual wire");
	check((io_get(1) & 0xff00ff) >= 0x170011, "the I/O APIC has 24 pins (%x)", io_get(1));
	put(TPR, 0xa5);
	check(get(TPR) == 0xa5 && get(PPR) == 0xa5, "TPR is kept, and is PPR");
	put(TPR, 0);
}

/* ---- the virtual wire ---- */
static void wire_tick(struct trap_frame *frame)
{
	(void)frame;
	count[TIMER_VECTOR]++;
	timer_done();
}

static void virtual_wire(void)
{
	count[TIMER_VECTOR] = 0;
	timer_in(100);
	check(wait_for(TIMER_VECTOR, 1), "IRQ 0 comes through the 8259 and LINT0");
	put(LVT_LINT0, MASK | EXTINT);
	timer_pending();
	for (u32 i = 0; i < 1000; i++)
		window();
	check(count[TIMER_VECTOR] == 1, "not with LINT0 masked");
	put(TPR, 0xff);
	put(LVT_LINT0, EXTINT);
	check(wait_for(TIMER_VECTOR, 2), "then unmasked it does, whatever TPR says");
	put(TPR, 0);
	timer_stop();
}

/* ---- IPIs and priorities ---- */
static void nests(struct trap_frame *frame)
{
	u32 vector = frame->vector;

	count[vector]++;
	order = order << 8 | vector;
	nesting++;
	put(ICR, TO_SELF | LOW);    /* not now */
	window();
	put(ICR, TO_SELF | HIGH);   /* now */
	window();
	nesting--;
	put(EOI, 0);
}

static void outer(struct trap_frame *frame)
{
	count[frame->vector]++;
	order = order << 8 | frame->vector | (nesting ? 0 : 0x80);
	put(EOI, 0);
}

static void priorities(void)
{
	u32 wrong = 0;

	set_handler(LOW, ends);
	set_handler(MIDDLE, ends);
	set_handler(HIGH, ends);
	for (u32 i = 0; i < 300; i++) {
		u32 before = count[MIDDLE];

		put(ICR, TO_SELF | MIDDLE);
		wrong += !bit_of(IRR, MIDDLE) || bit_of(ISR, MIDDLE);
		window();
		wrong += count[MIDDLE] != before + 1 || bit_of(IRR, MIDDLE) || bit_of(ISR, MIDDLE);
	}
	check(wrong == 0, "an IPI to oneself, 300 times: IRR, then the handler (%u wrong)", wrong);
	order = 0;
	put(ICR, TO_SELF | LOW);
	put(ICR, TO_SELF | HIGH);
	put(ICR, TO_SELF | MIDDLE);
	window();
	window();
	window();
	check(order == (HIGH << 16 | MIDDLE << 8 | LOW), "the highest vector comes first (%x)", order);
	order = 0;
	put(TPR, MIDDLE);
	put(ICR, TO_SELF | LOW);
	put(ICR, TO_SELF | MIDDLE);
	put(ICR, TO_SELF | HIGH);
	window();
	window();
	check(order == HIGH, "TPR holds back its own class and those below (%x)", order);
	put(TPR, MIDDLE - 0x10);
	window();
	window();
	check(order == (HIGH << 8 | MIDDLE), "lowered, it lets the next class through (%x)", order);
	put(TPR, 0);
	window();
	check(order == (HIGH << 16 | MIDDLE << 8 | LOW), "and all at 0 (%x)", order);

	set_handler(MIDDLE, nests);
	set_handler(HIGH, outer);
	set_handler(LOW, outer);
	order = 0;
	put(ICR, TO_SELF | MIDDLE);
	window();
	window();
	check(order == (MIDDLE << 16 | HIGH << 8 | LOW | 0x80), "a handler is interrupted by higher classes only (%x)",
	      order);
	check(get(PPR) == 0, "all is ended");
	put(ICR_TO, get(ID));
	put(ICR, 0x4000 | LOW);
	window();
	put(ICR_TO, 0xff000000);
	put(ICR, 0x4000 | LOW);
	window();
	put(ICR, 0x80000 | LOW);
	window();
	put(ICR, 0xc0000 | LOW);
	window();
	put(ICR_TO, get(ID) ^ 0x01000000);
	put(ICR, 0x4000 | LOW);
	window();
	check(order == (LOW | 0x80) * 0x01010101u,
	      "to its ID, to all, to all by shorthand, but not to others (%x)", order);
}

static void errors(void)
{
	set_handler(ERROR, ends);
	put(LVT_ERROR, ERROR);
	put(ESR, 0);
	put(ESR, 0);
	if (!on_bare()) /* TCG delivers it */
		put(ICR, TO_SELF | 5);
	window();
	put(ESR, 0);
	check(on_bare() || (get(ESR) & 0x60 && count[ERROR] == 1), "vector 5 is an error (%x, %u)", get(ESR),
	      count[ERROR]);
	put(LVT_ERROR, MASK | ERROR);
	put(ESR, 0);
	check(get(0x40) == 0, "a register that is none reads 0");
	put(ESR, 0);
	check(get(ESR) == 0x80, "and is an error");
	put(ESR, 0);
	check(get(ESR) == 0 || on_bare(), "once");
}

/* ---- timer ---- */
static void timer(void)
{
	u32 first, second;

	set_handler(TICK, ends);
	put(DIVIDE, 3); /* 16 */
	put(LVT_TIMER, TICK);
	put(INITIAL, 50000);
	first = get(CURRENT);
	second = get(CURRENT);
	check(first <= 50000 && second <= first, "the timer counts down");
	check(wait_for(TICK, 1) && get(CURRENT) == 0, "and interrupts at 0, where it stays");
	for (u32 i = 0; i < 1000; i++)
		window();
	check(count[TICK] == 1, "once");
	put(INITIAL, 50000);
	put(INITIAL, 0);
	for (u32 i = 0; i < 1000; i++)
		window();
	check(count[TICK] == 1 && get(CURRENT) == 0, "0 stops it");
	put(LVT_TIMER, MASK | TICK);
	put(INITIAL, 1000);
	while (get(CURRENT))
		;
	put(LVT_TIMER, TICK);
	window();
	check(count[TICK] == 1, "masked it is not heard");
	put(LVT_TIMER, PERIODIC | TICK);
	put(INITIAL, 20000);
	check(wait_for(TICK, 51), "periodic it goes on");
	first = 0;
	for (u32 i = 0; i < 1000; i++)
		first += get(CURRENT) > 20000;
	check(first == 0, "never above its initial count");
	put(INITIAL, 0);
	put(LVT_TIMER, MASK | TICK);
	window();
	count[TICK] = 0;
	put(LVT_TIMER, TICK);
	put(INITIAL, 100000);
	while (!count[TICK])
		__asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
	check(count[TICK] == 1, "it wakes HLT");
	put(LVT_TIMER, MASK | TICK);
}

/* ---- I/O APIC ---- */

/* Until counter 0 has run out: its status byte shows OUT.  (An 8259 that is masked may remember an edge before.) */
static void wait_for_wire(void)
{
	do
		outb(0x43, 0xe2);
	while (!(inb(0x40) & 0x80));
}

static void edges(void)
{
	set_handler(PIN, ends);
	count[PIN] = 0;
	outb(0x21, 0xff); /* the 8259s are out of it */
	put(LVT_LINT0, MASK | EXTINT);
	io_put(0x11 + 2 * PIN_IRQ0, get(ID));
	set_entry(PIN_IRQ0, PIN);
	timer_in(100);
	check(wait_for(PIN, 1), "IRQ 0 is pin 2");
	for (u32 i = 0; i < 1000; i++)
		window();
	check(count[PIN] == 1, "an edge comes once");
	set_entry(PIN_IRQ0, MASK | PIN);
	timer_in(100);
	wait_for_wire();
	set_entry(PIN_IRQ0, PIN);
	for (u32 i = 0; i < 1000; i++)
		window();
	/* QEMU's wire may rise well after its counter says so. */
	check(count[PIN] == 1 || on_bare(), "an edge on a masked pin is lost");
	timer_in(100);
	check(wait_for(PIN, 2), "the next one is not");
	timer_every(2000);
	outb(0x21, 0xff);
	check(wait_for(PIN, 52), "they go on");
	timer_stop();
	outb(0x21, 0xff);
	set_entry(PIN_IRQ0, MASK);
	count[PIN] = 0;
	window();
}

static u32 levels_seen, remote_irrs;

/* Three times before the device is served. */
static void level(struct trap_frame *frame)
{
	count[frame->vector]++;
	levels_seen += bit_of(TMR, PIN);
	remote_irrs += (entry(PIN_COM1) & REMOTE_IRR) != 0;
	if (count[PIN] == 3)
		outb(COM1 + 1, 0);
	put(EOI, 0);
}

static void levels(void)
{
	count[PIN] = 0;
	set_handler(PIN, level);
	outb(COM1 + 4, 0x0b); /* OUT2: the interrupt is connected */
	io_put(0x11 + 2 * PIN_COM1, get(ID));
	set_entry(PIN_COM1, MASK | LEVEL | PIN);
	outb(COM1 + 1, 2); /* the transmitter is empty, and stays so */
	for (u32 i = 0; i < 100; i++)
		window();
	check(count[PIN] == 0, "a masked level waits");
	set_entry(PIN_COM1, LEVEL | PIN);
	check(wait_for(PIN, 3), "unmasked it comes, again after each EOI");
	for (u32 i = 0; i < 1000; i++)
		window();
	check(count[PIN] == 3 && levels_seen == 3 && remote_irrs == 3, "until it falls; TMR, remote IRR (%u %u %u)",
	      count[PIN], levels_seen, remote_irrs);
	check(!(entry(PIN_COM1) & REMOTE_IRR), "remote IRR is clear again");
	set_entry(PIN_COM1, MASK);
	outb(COM1 + 4, 3);
}

static void extint_pin(void)
{
	if (on_bare()) /* QEMU's board has no wire there */
		return;
	timer_init();
	count[TIMER_VECTOR] = 0;
	set_entry(0, EXTINT);
	timer_in(100);
	check(wait_for(TIMER_VECTOR, 1), "the 8259s are also at pin 0");
	set_entry(0, MASK);
	timer_stop();
}

/* ---- NMI ---- */
static u32 nmis, nmi_depth, nmi_deepest;

static void nmi(struct trap_frame *frame)
{
	(void)frame;
	nmi_depth++;
	if (nmi_depth > nmi_deepest)
		nmi_deepest = nmi_depth;
	if (nmis++ == 0) {
		put(ICR, 0x4000 | NMI);
		__asm__ volatile("nop\n\tnop");
	}
	nmi_depth--;
}

static void nmi_test(void)
{
	set_handler(2, nmi);
	put(ICR_TO, get(ID));
	for (u32 i = 0; i < 20; i++) {
		nmis = 0;
		put(ICR, 0x4000 | NMI);
		for (u32 j = 0; j < 100000 && *(volatile u32 *)&nmis < 2; j++)
			; /* TCG looks for it at the end of a block */
		if (nmis != 2 || nmi_deepest != 1)
			break;
	}
	check(nmis == 2 && nmi_deepest == 1, "an NMI needs no IF, and waits for the IRET of the one before (%u, %u)",
	      nmis, nmi_deepest);
}

/* ---- off ---- */
static void off(void)
{
	put(SVR, 0xff);
	put(LVT_TIMER, TICK);
	check(get(LVT_TIMER) & MASK || on_bare(), "off by software all is masked");
	put(ICR, TO_SELF | LOW);
	window();
	check(!bit_of(IRR, LOW) || on_bare(), "and nothing comes in");
	put(SVR, 0x100 | SPURIOUS);
	wrmsr(BASE_MSR, 0xfee00100);
	check(!cpuid_apic(), "off by MSR, CPUID does not show it");
	if (on_bare()) /* TCG forgets the 8259s, and does not switch it on again */
		return;
	timer_init();
	count[TIMER_VECTOR] = 0;
	timer_in(100);
	check(wait_for(TIMER_VECTOR, 1), "and the 8259s have the CPU for themselves");
	timer_stop();
	wrmsr(BASE_MSR, 0xfee00900);
	check(cpuid_apic() && get(SVR) == 0xff && get(LVT_LINT0) == MASK, "on again it is as after RESET");
	wrmsr(BASE_MSR, 0xfee01900);
	check(get(SVR) == ~0u && *(volatile u32 *)(LAPIC + 0x1000 + SVR) == 0xff, "it can be moved");
	wrmsr(BASE_MSR, 0xfee00900);
}

void guest_main(void)
{
	print("cpu-apic\n");
	paging_init();
	for (u32 i = 0; i < 1024; i++)
		apic_table[i] = ((APIC_SLOT << 22) + (i << 12)) | PTE_P | PTE_W | 0x10;
	page_directory[APIC_SLOT] = (u32)apic_table | PTE_P | PTE_W;
	set_handler(TIMER_VECTOR, wire_tick);
	timer_init();
	identification();
	virtual_wire();
	priorities();
	errors();
	timer();
	edges();
	levels();
	extint_pin();
	nmi_test();
	off();
}
