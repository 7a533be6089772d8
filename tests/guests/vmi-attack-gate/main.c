/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads and writes every page of the gate's 4 MB from rings 1 and 3.  Paging must give ring 3
 * nothing, ring 1 what guest-abi/shared_page.h documents, and writes only to the shared page and
 * the entry stack; the guest sees the faults of its own page tables, where nothing is mapped.  Then
 * it scribbles over what it may write, maps pages of its own at the gate's addresses, and uses far
 * calls from ring 3 with a stack in the gate, whose pushes QEMU's TCG does with supervisor rights.
 */
#include "tests/lib/random.h"
#include "tests/lib/vmi.h"

#define PAGE 0x1000u
#define GATE_PAGES 1024u
#define USER_CODE 0x600000u
#define USER_STACK 0x700000u

enum rights { NOTHING, READ, WRITE };

/* What ring 1 may do with the page at @offset. */
static enum rights documented(u32 offset)
{
	switch (offset) {
	case GATE_SHARED:
	case GATE_ENTRY_STACK:
		return WRITE;
	case GATE_TEXT:
	case GATE_IDT:
	case GATE_TSS:
	case GATE_ZERO:
	case GATE_ROM:
		return READ;
	default:
		return offset >= GATE_GDT && offset < GATE_LDT + 0x10000 ? READ : NOTHING;
	}
}

static bool is_optional(u32 offset)
{
	return offset > GATE_ROM && offset < GATE_ROM + GATE_ROM_PAGES * PAGE;
}

static u32 value;
static void read_at(u32 address)
{
	value = *(volatile u32 *)address;
}
static void write_at(u32 address)
{
	*(volatile u32 *)address = value;
}
static void write_byte_at(u32 address)
{
	*(volatile u8 *)address = (u8)value;
}
static void exchange_at(u32 address)
{
	__asm__ volatile("lock; xaddl %0, (%1)" : : "r"(0), "r"(address) : "memory");
}
static void push_at(u32 address)
{
	__asm__ volatile("movl %%esp, %%ecx\n\tmovl %0, %%esp\n\tpushl %%eax\n\tmovl %%ecx, %%esp"
			 : : "r"(address + 4) : "ecx", "memory");
}

static bool faulted(u32 result, u32 address, u32 error)
{
	return result == 14 + 1 && last_cr2 == address && last_trap.error == error;
}

static u32 checksum;
static void add_page(u32 page)
{
	const volatile u32 *word = (const volatile u32 *)page;

	for (u32 i = 0; i < PAGE / 4; i++)
		checksum = (checksum << 1 | checksum >> 31) + word[i];
}

static u32 read_only_sum(void)
{
	checksum = 0;
	for (u32 i = 0; i < GATE_PAGES; i++)
		if (documented(i * PAGE) == READ && i * PAGE != GATE_TSS)
			add_page(vmi_gate(i * PAGE));
	return checksum;
}

/* ---- ring 1 ---- */

static void ring1_reads(void)
{
	u32 readable = 0, wrong = 0;

	for (u32 i = 0; i < GATE_PAGES; i++) {
		u32 at = vmi_gate(i * PAGE + random_u32() % (PAGE - 4)), r = guest_try(read_at, at);
		bool may = documented(i * PAGE) != NOTHING;

		readable += r == 0;
		if (r ? (may || !faulted(r, at, 0)) : (!may && !is_optional(i * PAGE))) {
			wrong++;
			print("read of %x: %u error %x cr2 %x\n", at, r, last_trap.error, last_cr2);
		}
	}
	check(wrong == 0, "ring 1 reads what is documented, and gets its own #PF elsewhere");
	print("%u pages are readable\n", readable);
}

static bool write_is_right(u32 at, void (*how)(u32))
{
	u32 r = guest_try(how, at);

	if (documented((at - VMI_GATE) & ~(PAGE - 1)) == WRITE)
		return r == 0;
	/* As the guest's tables have it: not present.  For a locked instruction TCG reads first. */
	return faulted(r, at, 2) || (how == exchange_at && faulted(r, at, 0));
}

static void ring1_writes(void)
{
	u32 before = read_only_sum(), wrong = 0;
	void (*const ways[])(u32) = { write_at, write_byte_at, exchange_at };

	for (u32 i = 0; i < GATE_PAGES * ARRAY_SIZE(ways); i++) {
		u32 page = vmi_gate(i / ARRAY_SIZE(ways) * PAGE);
		u32 at = page + (i % 2 ? random_u32() % (PAGE - 4) : PAGE - 4);

		value = 0;
		guest_try(read_at, at);
		if (documented(page - VMI_GATE) != WRITE)
			value = ~value;
		if (!write_is_right(at, ways[i % ARRAY_SIZE(ways)])) {
			wrong++;
			print("write to %x: error %x cr2 %x\n", at, last_trap.error, last_cr2);
		}
	}
	check(wrong == 0, "ring 1 writes to the shared page and the entry stack, and nowhere else");
	check(read_only_sum() == before, "the read-only pages are as before");
}

static void ring1_pushes(void)
{
	u32 before = read_only_sum(), wrong = 0;

	for (u32 i = 0; i < GATE_PAGES; i++) {
		u32 r = guest_try(push_at, vmi_gate(i * PAGE + 0x800));

		if (documented(i * PAGE) == WRITE ? r != 0 : r != 8 + 1)
			wrong++;
	}
	check(wrong == 0, "a push there is a double fault of this guest");
	check(read_only_sum() == before, "and changes nothing");
}

/* ---- ring 3 ---- */

extern u8 user_read[], user_write[], user_far_call[], user_code_end[];
__asm__("user_read:\n\tmovl (%ebx), %eax\n\tint $0x81\n"
	"user_write:\n\tmovl %eax, (%ebx)\n\tint $0x81\n"
	"user_far_call:\n\tmovl %ebx, %esp\n\tlcall $0x23, $0x600200\n"
	"user_code_end:\n");

static u32 user_at(u32 address, const u8 *code)
{
	struct user_registers registers = {
		.eip = USER_CODE + (u32)(code - user_read), .cs = USER_CS, .eflags = 0x202,
		.esp = USER_STACK, .ss = USER_DS, .eax = 0x55aa1234, .ebx = address,
	};

	return user_run(&registers);
}

static void ring3_accesses(void)
{
	u32 before = read_only_sum(), wrong = 0;

	for (u32 i = 0; i < GATE_PAGES; i++) {
		u32 at = vmi_gate(i * PAGE + random_u32() % (PAGE - 4));

		wrong += !faulted(user_at(at, user_read), at, 4);
		wrong += !faulted(user_at(at, user_write), at, 6);
		wrong += !faulted(run_user(at, USER_STACK), at, 4);
	}
	check(wrong == 0, "ring 3 reads, writes and executes nothing of the gate (%u wrong)", wrong);
	check(read_only_sum() == before, "nothing changed");
}

static void ring3_far_calls(void)
{
	u32 before = read_only_sum(), written = 0, wrong = 0;

	*(u16 *)(USER_CODE + 0x200) = 0x81cd; /* int $0x81 */
	for (u32 i = 0; i < GATE_PAGES; i++) {
		u32 at = vmi_gate(i * PAGE + 0x400), r = user_at(at, user_far_call);

		if (r == 0 && documented(i * PAGE) == WRITE)
			written++;
		else if (r != 14 + 1 || last_cr2 - (at - 8) > 4)
			wrong++;
	}
	print("%u pages were written by a far call of ring 3\n", written);
	check(wrong == 0, "a far call with its stack in the gate faults (%u wrong)", wrong);
	check(read_only_sum() == before, "nothing changed that ring 1 could not change as well");
}

/* ---- scribbling ---- */

static void scribble(u32 page, u32 pattern)
{
	volatile u32 *word = (volatile u32 *)page;

	for (u32 i = 0; i < PAGE / 4; i++)
		word[i] = pattern == 0 ? random_u32() : pattern == 1 ? 0 : ~0u;
}

static volatile u32 syscalls;
static void system_call(struct trap_frame *frame)
{
	syscalls += frame->eax == 7;
}

extern u8 user_syscall[];
__asm__("user_syscall:\n\tmovl $7, %eax\n\tint $0x80\n\tint $0x81\n");

static void scribbling(void)
{
	u32 before, good = 0;
	const u32 rounds = 300;

	for (u32 i = 0; i < sizeof(u32) * 4; i++)
		((u8 *)USER_CODE)[0x300 + i] = user_syscall[i];
	set_handler(0x80, system_call);
	set_gate(0x80, 0xe, 3, NULL);
	vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 0x80, idt[0x80]);
	before = read_only_sum(); /* with the direct gate open */
	for (u32 i = 0; i < rounds; i++) {
		u32 calls = syscalls;

		scribble(vmi_gate(GATE_SHARED), i % 4);
		scribble(vmi_gate(GATE_ENTRY_STACK), i % 4);
		good += vmi(VMI_CALL_GetTR, 0, 0, 0) == TSS_SELECTOR;
		/* What the guest put there is its own: it makes it right again. */
		vmi_set_if(false);
		vmi(VMI_CALL_UpdateKernelStack, KERNEL_DS, tss[1], 0);
		vmi_write_entry(VMI_CALL_WriteIDTEntry, (u32)idt, 0x80, idt[0x80]);
		good += run_user(USER_CODE + 0x300, USER_STACK) == 0;
		good += syscalls == calls + 1;
	}
	check(good == 3 * rounds, "it calls, takes exceptions and runs ring 3 after scribbling (%u)", good);
	check(read_only_sum() == before, "the read-only pages are as before");
}

/* ---- the guest maps its own pages at the gate's addresses ---- */

static u32 own_table[1024] ALIGNED(4096);
static u32 own_page[1024] ALIGNED(4096);

static void own_mapping(void)
{
	u32 before = read_only_sum(), wrong = 0;

	for (u32 i = 0; i < 1024; i++) {
		own_table[i] = (u32)own_page | PTE_P | PTE_W | PTE_U;
		own_page[i] = 0x81cd81cd; /* int $0x81 */
	}
	page_directory[1023] = (u32)own_table | PTE_P | PTE_W | PTE_U;
	vmi(VMI_CALL_FlushTLB, VMI_FLUSH_TLB | VMI_FLUSH_GLOBAL, 0, 0);
	check(read_only_sum() == before, "a page mapped at the gate does not show to ring 1");
	for (u32 i = 0; i < GATE_PAGES; i++) {
		u32 at = vmi_gate(i * PAGE + 0x100);

		wrong += user_at(at, user_read) != 0 || last_trap.eax != 0x81cd81cd;
		wrong += run_user(at, USER_STACK) != 0;
		own_page[0x80] = 0;
		wrong += user_at(vmi_gate(i * PAGE + 0x200), user_write) != 0;
		wrong += own_page[0x80] != 0x55aa1234;
	}
	check(wrong == 0, "ring 3 reads, writes and executes its own page there (%u wrong)", wrong);
	wrong = 0;
	for (u32 i = 0; i < GATE_PAGES; i++) {
		if (documented(i * PAGE) == WRITE)
			continue;
		own_page[0x80] = 0;
		value = 0x99;
		wrong += guest_try(write_at, vmi_gate(i * PAGE + 0x200)) != 0 || own_page[0x80] != 0x99;
	}
	check(wrong == 0, "a write of ring 1 goes to its own page (%u wrong)", wrong);
	check(read_only_sum() == before, "and never to the gate");
	page_directory[1023] = 0;
	vmi(VMI_CALL_FlushTLB, VMI_FLUSH_TLB | VMI_FLUSH_GLOBAL, 0, 0);
}

void guest_main(void)
{
	print("vmi-attack-gate, seed=%x\n", random_seed(boot_number("seed=", 0)));
	paging_init();
	if (!vmi_start())
		return;
	user_init();
	double_fault_init();
	for (u32 i = 0; user_read + i < user_code_end; i++)
		((u8 *)USER_CODE)[i] = user_read[i];
	ring1_reads();
	ring1_writes();
	ring1_pushes();
	ring3_accesses();
	ring3_far_calls();
	scribbling();
	own_mapping();
	ring1_reads();
}
