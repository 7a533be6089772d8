/* SPDX-License-Identifier: GPL-2.0 */
/* The runtime of test kernels; see guest.h.  Printing is hv/lib/printf.c, built for the guest. */
#include "tests/lib/guest.h"

#include "hv/lib/printf.h"
#include "hv/lib/string.h"

#define COM1 0x3f8
#define LSR 5
#define LSR_THRE 0x20
#define PM1A_CONTROL 0x604 /* PIIX4 as QEMU's firmware and Romulus place it */
#define SLP_EN_S5 0x2000
#define DEBUG_EXIT 0xf4

#define TEXT_START 0x400000u /* guest.lds */

#define FLAT_CODE 0x00cf9a000000ffffull
#define FLAT_DATA 0x00cf92000000ffffull
#define DPL3 (3ull << 45)
#define EFLAGS_VM 0x20000u

u64 gdt[GDT_ENTRIES] = {
	[KERNEL_CS / 8] = FLAT_CODE,
	[KERNEL_DS / 8] = FLAT_DATA,
	[USER_CS / 8] = FLAT_CODE | DPL3,
	[USER_DS / 8] = FLAT_DATA | DPL3,
};
extern const struct PACKED {
	u16 limit;
	u32 base;
} gdt_pointer, idt_pointer;
const __typeof__(gdt_pointer) gdt_pointer = { sizeof(gdt) - 1, (u32)gdt };
u64 idt[256] ALIGNED(8);
const __typeof__(idt_pointer) idt_pointer = { sizeof(idt) - 1, (u32)idt };
u32 tss[26];
u32 page_directory[1024] ALIGNED(4096);
static u32 page_tables[16][1024] ALIGNED(4096);

struct trap_frame last_trap;
u32 last_cr2;
static trap_handler *handlers[256];
static u32 passed, failed;

extern u8 trap_stubs[], stack_top[];
extern u8 guest_try_end[];
extern u32 try_esp;
void guest_start(void);
void trap_dispatch(struct trap_frame *frame);

static void put(char c)
{
	if (c == '\n')
		put('\r');
	while (!(inb(COM1 + LSR) & LSR_THRE))
		;
	outb(COM1, (u8)c);
}

static void vprint(const char *format, va_list args)
{
	static char text[256];

	hv_vsnprintf(text, sizeof(text), format, args);
	for (const char *c = text; *c; c++)
		put(*c);
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprint(format, args);
	va_end(args);
}

void check(bool ok, const char *format, ...)
{
	va_list args;

	print(ok ? "PASS: " : "FAIL: ");
	va_start(args, format);
	vprint(format, args);
	va_end(args);
	print("\n");
	*(ok ? &passed : &failed) += 1;
}

void guest_exit(void)
{
	print("DONE: %u passed, %u failed\n", passed, failed);
	outw(PM1A_CONTROL, SLP_EN_S5);
	outb(DEBUG_EXIT, failed ? 1 : 0);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void set_gate(u8 vector, u32 type, u32 dpl, const void *entry)
{
	u32 offset = entry ? (u32)entry : (u32)trap_stubs + vector * 16u;

	idt[vector] = (offset & 0xffff) | (u64)KERNEL_CS << 16 |
		      (u64)(0x8000 | dpl << 13 | type << 8) << 32 | (u64)(offset >> 16) << 48;
}

void set_handler(u8 vector, trap_handler *handler)
{
	handlers[vector] = handler;
}

/* last_trap is the frame, of which there is more after a change of rings. */
static void remember(const struct trap_frame *frame)
{
	bool v86 = frame->eflags & EFLAGS_VM, outer = v86 || (frame->cs & 3) != (read_cs() & 3);
	u32 size = v86 ? sizeof(*frame) : outer ? offsetof(struct trap_frame, v86_es) :
						  offsetof(struct trap_frame, esp);

	memset(&last_trap, 0, sizeof(last_trap));
	for (u32 i = 0; i < size / 4; i++)
		((u32 *)&last_trap)[i] = ((const u32 *)frame)[i];
	if (outer)
		return;
	last_trap.esp = (u32)&frame->esp;
	__asm__("movl %%ss, %0" : "=r"(last_trap.ss));
}

void trap_dispatch(struct trap_frame *frame)
{
	if (frame->vector == 14)
		__asm__ volatile("movl %%cr2, %0" : "=r"(last_cr2));
	if (handlers[frame->vector]) {
		handlers[frame->vector](frame);
		return;
	}
	remember(frame);
	if (try_esp) {
		/* Return from guest_try with the vector; its stack is as it was at the call. */
		u32 result = frame->vector + 1;

		__asm__ volatile("movl %0, %%esp\n\tjmp guest_try_end" : : "r"(try_esp), "a"(result));
		__builtin_unreachable();
	}
	print("FAIL: unexpected exception %u error %x at %x:%x eflags %x cr2 %x\n", frame->vector,
	      frame->error, frame->cs, frame->eip, frame->eflags, last_cr2);
	failed++;
	guest_exit();
}

/* In Multiboot 2's information: a list of tags, each a type, its size, and its content. */
static const char *multiboot2_command_line(const u32 *tag)
{
	for (; tag[0]; tag += ALIGN_UP(tag[1], 8) / 4)
		if (tag[0] == 1)
			return (const char *)&tag[2];
	return "";
}

/* Where the boot loader left the command line: Multiboot's information, or Linux's zero page. */
static const char *command_line(void)
{
	const u32 *info = (const u32 *)boot_ebx;

	if (boot_eax == 0x2badb002)
		return info[0] & 4 ? (const char *)info[4] : "";
	if (boot_eax == 0x36d76289)
		return multiboot2_command_line(info + 2);
	if (boot_esi && *(const u32 *)(boot_esi + 0x228))
		return *(const char *const *)(boot_esi + 0x228);
	return "";
}

/* Behind @text where it begins a word of the command line; NULL if none begins with it. */
static const char *find_word(const char *text)
{
	const char *line = command_line();

	for (const char *at = line; *at; at++) {
		u32 n = 0;

		if (at != line && at[-1] != ' ')
			continue;
		while (text[n] && at[n] == text[n])
			n++;
		if (!text[n])
			return at + n;
	}
	return NULL;
}

bool boot_word(const char *word)
{
	const char *end = find_word(word);

	return end && (!*end || *end == ' ');
}

u32 boot_number(const char *prefix, u32 otherwise)
{
	const char *at = find_word(prefix);
	u32 value = 0;

	if (!at)
		return otherwise;
	for (; (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f'); at++)
		value = value << 4 | (u32)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
	return value;
}

bool on_bare(void)
{
	u32 eax = 0x40000000, ebx, ecx, edx;

	__asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
	return ebx != 0x756d6f52; /* "Romu" */
}

#define PIC1 0x20
#define PIC2 0xa0

void guest_start(void)
{
	for (u32 i = 0; i < 256; i++)
		set_gate((u8)i, 0xe, i == 3 || i == 4 ? 3 : 0, NULL);
	__asm__ volatile("lidt %0" : : "m"(idt_pointer));
	outb(PIC1 + 1, 0xff);
	outb(PIC2 + 1, 0xff);
	guest_main();
	guest_exit();
}

u32 *pte_of(u32 address)
{
	return &page_tables[address >> 22][address >> 12 & 0x3ff];
}

void paging_init(void)
{
	for (u32 i = 0; i < 16; i++) {
		page_directory[i] = (u32)page_tables[i] | PTE_P | PTE_W | PTE_U;
		for (u32 j = 0; j < 1024; j++)
			page_tables[i][j] = (i << 22 | j << 12) | PTE_P | PTE_W | PTE_U;
	}
	__asm__ volatile("movl %0, %%cr3\n\t"
			 "movl %%cr0, %%eax\n\torl $0x80010000, %%eax\n\tmovl %%eax, %%cr0"
			 : : "r"(page_directory) : "eax", "memory");
}

void protect_text(void)
{
	extern u8 text_end[];

	for (u32 at = TEXT_START; at < (u32)text_end; at += 4096)
		*pte_of(at) &= ~PTE_W;
}
