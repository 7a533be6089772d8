/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of conformance.h: a table of pieces of code with the exception that each must end
 * in, and a few functions for what only ring 0 can try.
 */
#include "arch/x86/cpu/conformance.h"

#include "arch/x86/cpu/conformance_code.h"
#include "arch/x86/cpu/cpuid.h"
#include "arch/x86/cpu/gdt.h"
#include "arch/x86/cpu/host_paging.h"
#include "arch/x86/cpu/msr.h"
#include "arch/x86/cpu/trap.h"
#include "arch/x86/isa/excp.h"
#include "hv/arch.h"
#include "hv/core/log.h"
#include "hv/core/pmm.h"
#include "hv/lib/err.h"
#include "hv/lib/math64.h"
#include "hv/lib/printf.h"
#include "hv/lib/string.h"

#define NO_MSR 0x0badbeef
#define PDPTE_RESERVED_BIT BIT64(1)
#define PDPTE_GATE (PROBE_BASE >> 30)
#define PTE_RESERVED_BIT BIT64(62)
#define PTE_GLOBAL BIT64(8)
#define TABLE_RIGHTS (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)
#define FIRST_WORD 0x11111111u
#define SECOND_WORD 0x22220b0fu /* begins with UD2 */

static bool facts[CONFORMANCE_COUNT];
static const struct {
	const char *text;
	bool vital;
} fact_table[] = {
#define FACT_VITAL(name, text) [CONFORMS_##name] = { text, true },
#define FACT_OTHER(name, text) [CONFORMS_##name] = { text, false },
	CONFORMANCE_VITAL(FACT_VITAL) CONFORMANCE_OTHER(FACT_OTHER)
};

bool conforms(enum conformance_fact fact)
{
	return facts[fact];
}

/* False for what this CPU need not do because it has no such feature. */
static bool applies(u32 fact)
{
	switch (fact) {
	case CONFORMS_NO_EXECUTE:
		return host_nx();
	case CONFORMS_UMIP:
		return cpu_has(CPU_UMIP);
	case CONFORMS_GLOBAL_SURVIVES:
		return cpu_has(CPU_PGE);
	default:
		return true;
	}
}

/* ---- code in outer rings ---------------------------------------------------------------------- */

#define PIECE(name) extern const u8 piece_##name[], piece_##name##_end[]
PIECE(supervisor_read);
PIECE(read_only_write);
PIECE(out);
PIECE(cli);
PIECE(execute);
PIECE(limit);
PIECE(near_jump);
PIECE(constant);
PIECE(null);
PIECE(far_call);
PIECE(iret);
PIECE(reserved);
PIECE(smsw);

void probe_enter(u32 cs, u32 ss);
void probe_leave(void);

static struct trap_frame outcome; /* of the exception that ended the last piece */

static bool end_piece(struct trap_frame *frame)
{
	outcome = *frame;
	frame->ds = HOST_DS;
	frame->es = HOST_DS;
	frame->fs = 0;
	frame->gs = 0;
	frame->cs = HOST_CS;
	frame->eip = (u32)probe_leave;
	frame->eflags = EFLAGS_FIXED;
	return true;
}

/* Run a piece in ring 1 or 3; returns the vector of the exception that ended it.  The code page is
 * written through the identity map. */
static u32 run(u32 ring, hpa_t code_page, const u8 *piece, const u8 *piece_end)
{
	memcpy(arch_hpa_to_ptr(code_page), piece, (size_t)(piece_end - piece));
	write_cr3(host_cr3()); /* serializes */
	probe_enter(ring == 1 ? PROBE_CS1 : PROBE_CS3, ring == 1 ? PROBE_DS1 : PROBE_DS3);
	return outcome.vector;
}

#define RUN(fact, ring, name, vector) { CONFORMS_##fact, ring, piece_##name, piece_##name##_end, vector }
static const struct {
	enum conformance_fact fact;
	u32 ring;
	const u8 *piece, *piece_end;
	u32 vector; /* on a CPU */
} pieces[] = {
	RUN(USER_PROTECTION, 3, supervisor_read, EXCP_PF),
	RUN(WRITE_PROTECTION, 1, read_only_write, EXCP_PF),
	RUN(IO_PROTECTION, 1, out, EXCP_GP),
	RUN(CLI_PROTECTION, 1, cli, EXCP_GP),
	RUN(NO_EXECUTE, 3, execute, EXCP_PF),
	RUN(SEGMENT_LIMITS, 3, limit, EXCP_GP),
	RUN(CODE_LIMITS, 3, near_jump, EXCP_GP),
	RUN(READ_ONLY_SEGMENTS, 3, constant, EXCP_GP),
	RUN(NULL_SELECTORS, 3, null, EXCP_GP),
	RUN(FAR_CALL_RIGHTS, 3, far_call, EXCP_PF),
	RUN(IRET_VM, 3, iret, EXCP_UD),
	RUN(UMIP, 3, smsw, EXCP_GP),
};

static void probe_pieces(hpa_t code_page)
{
	u32 cr4 = read_cr4();

	if (cpu_has(CPU_UMIP))
		write_cr4(cr4 | CR4_UMIP);
	for (u32 i = 0; i < ARRAY_SIZE(pieces); i++)
		facts[pieces[i].fact] = run(pieces[i].ring, code_page, pieces[i].piece,
					    pieces[i].piece_end) == pieces[i].vector;
	write_cr4(cr4);
	facts[CONFORMS_NO_EXECUTE] &= applies(CONFORMS_NO_EXECUTE);
	facts[CONFORMS_UMIP] &= applies(CONFORMS_UMIP);
	run(3, code_page, piece_reserved, piece_reserved_end);
	facts[CONFORMS_RESERVED_ERROR_P] = outcome.error & PF_P;
}

/* ---- what only ring 0 can try ----------------------------------------------------------------- */

/* Write CR0 or CR3; false if the CPU raised #GP. */
static bool try_cr0(u32 value)
{
	bool ok = false;

	__asm__ volatile("1: mov %1, %%cr0\n\tmovb $1, %0\n2:" EXTABLE(1b, 2b)
			 : "+m"(ok) : "r"(value) : "memory");
	return ok;
}

static bool try_cr3(const u64 *pdpt)
{
	bool ok = false;

	__asm__ volatile("1: mov %1, %%cr3\n\tmovb $1, %0\n2:" EXTABLE(1b, 2b)
			 : "+m"(ok) : "r"(pdpt) : "memory");
	return ok;
}

static void probe_registers(void)
{
	u32 cr0 = read_cr0();
	u64 value;

	facts[CONFORMS_UNKNOWN_MSR] = !rdmsr_safe(NO_MSR, &value);
	facts[CONFORMS_CR0_RESERVED] = !try_cr0((cr0 | CR0_NW) & ~CR0_CD);
	write_cr0(cr0);
}

struct probe_pages {
	hpa_t table, code, data, second, directory;
};

static u32 shown(void)
{
	return *(volatile u32 *)PROBE_SWITCHED;
}

/* @pages->directory leads PROBE_SWITCHED to the second frame, by a copy of all other entries. */
static void make_second_directory(const struct probe_pages *pages, hpa_t table)
{
	u64 *directory = arch_hpa_to_ptr(pages->directory);

	memcpy(directory, arch_hpa_to_ptr(hpa(host_pdpt()[PDPTE_GATE] & PTE_ADDRESS)), PAGE_SIZE);
	memcpy(arch_hpa_to_ptr(table), arch_hpa_to_ptr(pages->table), PAGE_SIZE);
	directory[PROBE_BASE >> LARGE_PAGE_SHIFT & 511] = table.v | TABLE_RIGHTS;
	((u64 *)arch_hpa_to_ptr(table))[PROBE_SWITCHED >> PAGE_SHIFT & 511] =
		pages->second.v | TABLE_RIGHTS;
}

static void probe_pdpt(const struct probe_pages *pages, hpa_t table)
{
	static u64 pdpt[4] ALIGNED(32);

	make_second_directory(pages, table);
	memcpy(pdpt, host_pdpt(), sizeof(pdpt));
	pdpt[0] |= PDPTE_RESERVED_BIT;
	facts[CONFORMS_PDPTE_RESERVED] = !try_cr3(pdpt);
	for (u32 i = 0; i < ARRAY_SIZE(pdpt); i++)
		pdpt[i] = (host_pdpt()[i] & PTE_ADDRESS) | PTE_P;
	try_cr3(pdpt);
	shown();
	facts[CONFORMS_PDPTE_UNTOUCHED] = !(READ_ONCE(pdpt[PDPTE_GATE]) & PTE_A);
	pdpt[PDPTE_GATE] = pages->directory.v | PTE_P;
	invlpg((void *)PROBE_SWITCHED);
	facts[CONFORMS_PDPTE_CACHED] = shown() == FIRST_WORD;
	write_cr3(host_cr3());
}

static void probe_global(const struct probe_pages *pages)
{
	u64 *entry = (u64 *)arch_hpa_to_ptr(pages->table) + (PROBE_SWITCHED >> PAGE_SHIFT & 511);
	u32 cr4 = read_cr4();

	if (!cpu_has(CPU_PGE))
		return;
	write_cr4(cr4 | CR4_PGE);
	WRITE_ONCE(*entry, *entry | PTE_GLOBAL);
	write_cr3(host_cr3());
	shown();
	WRITE_ONCE(*entry, pages->second.v | TABLE_RIGHTS);
	write_cr3(host_cr3());
	facts[CONFORMS_GLOBAL_SURVIVES] = shown() == FIRST_WORD;
	write_cr4(cr4); /* a change of PGE flushes everything */
}

/* ---- set-up ----------------------------------------------------------------------------------- */

static void set_pages(const struct probe_pages *pages)
{
	u64 *table = arch_hpa_to_ptr(pages->table);
	u64 readable = PTE_P | PTE_A | PTE_D;
	u64 first = pages->data.v;

	table[PROBE_CODE >> PAGE_SHIFT & 511] = pages->code.v | readable | PTE_U;
	table[PROBE_DATA >> PAGE_SHIFT & 511] = first | TABLE_RIGHTS;
	table[PROBE_SUPERVISOR >> PAGE_SHIFT & 511] = first | readable | PTE_W;
	table[PROBE_READ_ONLY >> PAGE_SHIFT & 511] = first | readable;
	table[PROBE_NX >> PAGE_SHIFT & 511] = pages->second.v | readable | PTE_U | host_nx();
	table[PROBE_RESERVED >> PAGE_SHIFT & 511] = first | readable | PTE_U | PTE_RESERVED_BIT;
	table[PROBE_SWITCHED >> PAGE_SHIFT & 511] = first | TABLE_RIGHTS;
	*(u32 *)arch_hpa_to_ptr(pages->second) = SECOND_WORD;
	*(u32 *)arch_hpa_to_ptr(pages->data) = FIRST_WORD;
	host_gate_set_pde(PROBE_BASE, pages->table.v | TABLE_RIGHTS);
}

static void set_descriptors(void)
{
	*gdt_entry(PROBE_CS3 & ~3) = gdt_descriptor(0, 0xfffff, 0xfb, 0xc);
	*gdt_entry(PROBE_DS3 & ~3) = gdt_descriptor(0, 0xfffff, 0xf3, 0xc);
	*gdt_entry(PROBE_CS1 & ~3) = gdt_descriptor(0, 0xfffff, 0xbb, 0xc);
	*gdt_entry(PROBE_DS1 & ~3) = gdt_descriptor(0, 0xfffff, 0xb3, 0xc);
	*gdt_entry(PROBE_SMALL & ~3) = gdt_descriptor(PROBE_DATA, 15, 0xf3, 0x4);
	*gdt_entry(PROBE_CONSTANT & ~3) = gdt_descriptor(0, 0xfffff, 0xf1, 0xc);
	*gdt_entry(PROBE_SHORT_CODE & ~3) =
		gdt_descriptor(PROBE_CODE, PROBE_SHORT_SIZE - 1, 0xfb, 0x4);
}

static void clear_descriptors(void)
{
	for (u32 selector = PROBE_CS3 & ~3u; selector < PROBE_SELECTORS_END; selector += 8)
		*gdt_entry((u16)selector) = 0;
}

static bool alloc_pages(hpa_t *pages, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (pmm_alloc_page(&pages[i]))
			continue;
		while (i)
			pmm_free_page(pages[--i]);
		return false;
	}
	return true;
}

static int check_vital(void)
{
	int result = 0;

	for (u32 i = 0; i < CONFORMANCE_COUNT; i++) {
		if (!fact_table[i].vital || facts[i])
			continue;
		log_error("this platform does not enforce what isolation rests on: %s",
			  fact_table[i].text);
		result = -ENOSYS;
	}
	return result;
}

int conformance_probe(void)
{
	hpa_t frames[6];
	struct probe_pages pages;
	u64 start = arch_time_ns();

	if (!alloc_pages(frames, ARRAY_SIZE(frames)))
		return ERR(-ENOMEM);
	pages = (struct probe_pages){ frames[0], frames[1], frames[2], frames[3], frames[4] };
	set_descriptors();
	set_pages(&pages);
	trap_set_user_handler(end_piece);
	probe_pieces(pages.code);
	trap_set_user_handler(NULL);
	probe_registers();
	probe_pdpt(&pages, frames[5]);
	probe_global(&pages);
	host_gate_set_pde(PROBE_BASE, 0);
	clear_descriptors();
	for (u32 i = 0; i < ARRAY_SIZE(frames); i++)
		pmm_free_page(frames[i]);
	log_info("conformance probe: %u us",
		 (u32)div64_u32(arch_time_ns() - start, 1000, NULL));
	return check_vital();
}

/* Facts whose state is @state, over as many lines as it takes. */
static void report(const char *title, bool state)
{
	char line[240];
	int length = 0;

	for (u32 i = 0; i < CONFORMANCE_COUNT; i++) {
		if (facts[i] != state || !applies(i))
			continue;
		if (length && length + strlen(fact_table[i].text) + 3 > sizeof(line)) {
			log_notice("%s: %s;", title, line);
			length = 0;
		}
		length += hv_snprintf(line + length, sizeof(line) - (size_t)length, "%s%s",
				      length ? "; " : "", fact_table[i].text);
	}
	if (length)
		log_notice("%s: %s", title, line);
}

void conformance_report(void)
{
	report("platform has", true);
	report("platform lacks", false);
}
