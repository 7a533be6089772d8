/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The runtime of our test kernels: console, report, descriptor tables, exceptions, paging,
 * power-off. A test prints a line `PASS: sentence` or `FAIL: sentence` for each check and ends with
 * `DONE: P passed, F failed`, then powers off.  The same kernel runs on bare QEMU or Bochs and
 * under Romulus.
 */
#ifndef TESTS_LIB_GUEST_H
#define TESTS_LIB_GUEST_H

#include "hv/lib/types.h"

#define KERNEL_CS 0x10
#define KERNEL_DS 0x18
#define USER_CS 0x23
#define USER_DS 0x2b
#define TSS_SELECTOR 0x30
#define LDT_SELECTOR 0x38
#define DF_TSS_SELECTOR 0x40
#define FREE_SELECTOR 0x48 /* first of the entries tests may use */
#define GDT_ENTRIES 32

struct trap_frame {
	u32 edi, esi, ebp, esp_unused, ebx, edx, ecx, eax;
	u32 ds, es, fs, gs;
	u32 vector, error;
	u32 eip, cs, eflags;
	u32 esp, ss; /* only from an outer ring */
	u32 v86_es, v86_ds, v86_fs, v86_gs; /* only from V86 mode */
};

extern u64 gdt[GDT_ENTRIES];
extern u64 idt[256];
extern u32 tss[26];

/* The test itself. */
void guest_main(void);

void print(const char *format, ...) PRINTF_LIKE(1, 2);
/* Report one check. */
void check(bool ok, const char *format, ...) PRINTF_LIKE(2, 3);
NORETURN void guest_exit(void);

/* Called for every vector that has a handler; others end the test with FAIL unless a guest_try is
 * under way. */
typedef void trap_handler(struct trap_frame *frame);
void set_handler(u8 vector, trap_handler *handler);
/* A gate of the IDT: @type 0xe interrupt, 0xf trap; to @entry (NULL: the usual stub). */
void set_gate(u8 vector, u32 type, u32 dpl, const void *entry);

/* Call fn(argument); 0, or 1 + vector of the exception that ended it (details in last_trap). */
u32 guest_try(void (*fn)(u32), u32 argument);
/* What the exception found; esp and ss also if it came in the kernel itself. */
extern struct trap_frame last_trap;
extern u32 last_cr2;

/* The words of the boot loader's command line: true if @word is among them. */
bool boot_word(const char *word);
/* The hexadecimal number behind @prefix ("seed=") on the command line, or @otherwise. */
u32 boot_number(const char *prefix, u32 otherwise);
/* Registers at the entry. */
extern u32 boot_eax, boot_ebx, boot_esi, boot_cr0, boot_eflags;
/* Is there no Romulus below?  For what TCG is known to do otherwise than a CPU (docs/caveats.md). */
bool on_bare(void);

/* ---- user.c: ring 3, and the task of double faults ---- */

/* What user_enter (start.S) loads. */
struct user_registers {
	u32 eip, cs, eflags, esp, ss;
	u32 eax, ebx, ecx, edx, esi, edi, ebp;
};
/* A TSS with a stack for entries from ring 3, and a gate that ring 3 may use: int $USER_EXIT.  After
 * paging_init, and after VMI_Init if there is one. */
void user_init(void);
#define USER_EXIT 0x81
/* For guest_try: go to ring 3 (or where the registers say); @registers is a struct user_registers *. */
void user_enter(u32 registers);
/* Run until int $USER_EXIT (returns 0, details in last_trap) or another trap (1 + vector). */
u32 user_run(const struct user_registers *registers);
/* The same, in flat segments of ring 3 with IF set. */
u32 run_user(u32 code, u32 stack);

/* The same two for code in the kernel, on the stack of @registers (with TF set, the 12 bytes below it
 * are used to get there).  CS and SS stay. */
void kernel_enter(u32 registers);
u32 kernel_run(const struct user_registers *registers);
/* Ring 0 or 3 with flat segments (cs and ss are ignored). */
u32 run_in_ring(u32 ring, const struct user_registers *registers);

/* From now on a double fault ends the guest_try under way, whatever became of ESP: vector 8 gets a
 * task gate.  After user_init. */
void double_fault_init(void);
extern u32 double_faults; /* so many came */

/* Identity-map the first 64 MB with 4 KB pages, user-accessible where @user, and turn paging on. */
void paging_init(void);
extern u32 page_directory[1024];
u32 *pte_of(u32 address); /* in the first 64 MB */
/* Make code and constants read-only; the caller flushes the TLB. */
void protect_text(void);
#define PTE_P 1u
#define PTE_W 2u
#define PTE_U 4u
#define PTE_A 0x20u
#define PTE_D 0x40u

static inline void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
static inline void outw(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}
static inline void outl(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}
static inline u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}
static inline u32 inl(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}
static inline u16 read_cs(void)
{
	u16 cs;

	__asm__ volatile("movw %%cs, %0" : "=r"(cs));
	return cs;
}

#endif
