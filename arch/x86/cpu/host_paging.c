/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Implementation of host_paging.h.  All accessed and dirty bits are set from the start, so the CPU
 * never writes to these tables.  (QEMU sets bit 5 in the PDPT nevertheless, where a CPU has it
 * reserved: who copies an entry of host_pdpt masks it with PTE_ADDRESS.)
 */
#include "arch/x86/cpu/host_paging.h"

#include "arch/x86/boot/boot_info.h"
#include "arch/x86/boot/image.h"
#include "arch/x86/cpu/cpuid.h"
#include "arch/x86/cpu/gdt.h"
#include "arch/x86/cpu/msr.h"
#include "arch/x86/frame.h"
#include "hv/arch.h"
#include "hv/core/pmm.h"
#include "hv/lib/assert.h"
#include "hv/lib/err.h"

#define ENTRIES 512
#define PDPT_ENTRIES 4
#define IMAGE_TABLES 4 /* 8 MB in 4 KB pages: low memory and the image */
#define IMAGE_TABLES_END (IMAGE_TABLES * LARGE_PAGE_SIZE)
#define RAM_RIGHTS (PTE_P | PTE_W | PTE_A | PTE_D)
#define PAT_WC 1ull
#define PAT_INDEX_WC 4 /* PAT=1, PCD=0, PWT=0: unused by the power-on default */

extern u8 *const stack_guards_start[], *const stack_guards_end[];

static u64 pdpt[PDPT_ENTRIES] ALIGNED(32);
static u64 directories[PDPT_ENTRIES][ENTRIES] ALIGNED(4096);
static u64 image_tables[IMAGE_TABLES][ENTRIES] ALIGNED(4096);
static u64 nx;
static u32 window_next = HOST_WINDOW_START;

u32 host_cr3(void)
{
	return (u32)pdpt;
}

u64 *host_pdpt(void)
{
	return pdpt;
}

u64 host_nx(void)
{
	return nx;
}

void *arch_hpa_to_ptr(hpa_t address)
{
	return (void *)(u32)address.v;
}

hpa_t arch_ptr_to_hpa(const void *pointer)
{
	return hpa((u32)pointer);
}

static u64 *directory_entry(u32 linear)
{
	return &directories[linear >> 30][linear >> LARGE_PAGE_SHIFT & (ENTRIES - 1)];
}

static u64 *image_entry(u32 linear)
{
	ASSERT(linear < IMAGE_TABLES_END);
	return &image_tables[0][linear >> PAGE_SHIFT];
}

/* ---- building --------------------------------------------------------------------------------- */

static void map_ram(u64 start, u64 end)
{
	end = MIN(end, (u64)HOST_RAM_END);
	for (u64 at = ALIGN_DOWN(start, (u64)LARGE_PAGE_SIZE); at < end; at += LARGE_PAGE_SIZE)
		*directory_entry((u32)at) = at | RAM_RIGHTS | PTE_PS | nx;
}

static void map_all_ram(const struct boot_info *info)
{
	for (u32 i = 0; i < info->memory_count; i++) {
		const struct boot_memory *range = &info->memory[i];

		if (range->type == BOOT_MEMORY_RAM || range->type == BOOT_MEMORY_ACPI ||
		    range->type == BOOT_MEMORY_NVS)
			map_ram(range->start, range->start + range->size);
	}
}

static void set_rights(const u8 *start, const u8 *end, u64 rights)
{
	for (u32 at = (u32)start; at < (u32)end; at += PAGE_SIZE)
		*image_entry(at) = at | rights;
}

static void map_image(void)
{
	ASSERT((u32)image_end <= IMAGE_TABLES_END);
	set_rights((u8 *)PAGE_SIZE, (u8 *)IMAGE_TABLES_END, RAM_RIGHTS | nx);
	*image_entry(0) = 0;
	set_rights(image_start, image_text_end, PTE_P | PTE_A | PTE_D);
	set_rights(image_text_end, image_rodata_end, PTE_P | PTE_A | PTE_D | nx);
	set_rights(image_data_end, image_end, PTE_P | PTE_A | PTE_D | nx);
	for (u8 *const *guard = stack_guards_start; guard < stack_guards_end; guard++)
		*image_entry((u32)*guard) = 0;
	for (u32 i = 0; i < IMAGE_TABLES; i++)
		*directory_entry(i * LARGE_PAGE_SIZE) = (u32)image_tables[i] | RAM_RIGHTS;
}

static void program_pat(void)
{
	u64 pat;

	if (!cpu_has(CPU_PAT) || !rdmsr_safe(MSR_PAT, &pat))
		return;
	pat &= ~(0xffull << (8 * PAT_INDEX_WC));
	wrmsr_safe(MSR_PAT, pat | PAT_WC << (8 * PAT_INDEX_WC));
}

static void enable(void)
{
	u64 efer;

	/* Nothing stays as firmware left it: no SYSCALL into ring 0, no AVX state that is not
	 * switched, no global pages, no SMEP or SMAP. */
	if (rdmsr_safe(MSR_EFER, &efer))
		wrmsr_safe(MSR_EFER, (efer & ~(u64)EFER_SCE) | (nx ? EFER_NXE : 0));
	write_cr3(host_cr3());
	write_cr4(CR4_PAE | CR4_PSE);
	write_cr0((read_cr0() & ~(CR0_CD | CR0_NW | CR0_AM)) | CR0_PG | CR0_WP | CR0_NE);
	gdt_set_double_fault_cr3(host_cr3());
}

void host_paging_init(const struct boot_info *info)
{
	nx = cpu_has(CPU_NX) ? PTE_NX : 0;
	for (u32 i = 0; i < PDPT_ENTRIES; i++)
		pdpt[i] = (u32)directories[i] | PTE_P;
	map_all_ram(info);
	map_image();
	program_pat();
	enable();
}

/* ---- the device window ------------------------------------------------------------------------ */

u64 host_cache_bits(enum host_cache cache)
{
	if (cache == HOST_WRITE_BACK)
		return 0;
	if (cache == HOST_WRITE_COMBINING && cpu_has(CPU_PAT))
		return PTE_PAT;
	return PTE_PCD | PTE_PWT;
}

/* Entry of the window's page table for @linear; the table is made when it is first needed. */
static u64 *window_entry(u32 linear)
{
	u64 *pde = directory_entry(linear);
	hpa_t table;

	if (!*pde) {
		if (!pmm_alloc_page(&table))
			return NULL;
		*pde = table.v | RAM_RIGHTS;
	}
	return (u64 *)(u32)(*pde & PTE_ADDRESS) + (linear >> PAGE_SHIFT & (ENTRIES - 1));
}

static void *map_window(hpa_t address, u32 size, u64 bits)
{
	u32 offset = (u32)address.v & PAGE_MASK;
	u32 linear = window_next;
	u32 pages = (u32)(((u64)offset + size + PAGE_MASK) >> PAGE_SHIFT);

	if (pages > (HOST_WINDOW_END - linear) >> PAGE_SHIFT) {
		ERR(-ENOSPC);
		return NULL;
	}
	for (u32 i = 0; i < pages; i++) {
		u64 *entry = window_entry(linear + i * PAGE_SIZE);

		if (!entry)
			return NULL;
		*entry = ((address.v & PTE_ADDRESS) + (u64)i * PAGE_SIZE) | bits;
	}
	window_next += pages * PAGE_SIZE;
	return (u8 *)linear + offset;
}

void *map_device(hpa_t address, u32 size, enum host_cache cache)
{
	return map_window(address, size, RAM_RIGHTS | nx | host_cache_bits(cache));
}

void *map_alias(hpa_t frame, u64 rights)
{
	return map_window(frame, PAGE_SIZE, PTE_P | PTE_A | PTE_D | (rights & (PTE_W | nx)));
}

/* ---- the gate --------------------------------------------------------------------------------- */

static bool in_gate(u32 linear)
{
	static const u32 slots[] = GATE_SLOTS;

	for (u32 i = 0; i < ARRAY_SIZE(slots); i++)
		if (linear - slots[i] < GATE_SLOT_SIZE)
			return true;
	return false;
}

void host_gate_set_pde(u32 linear, u64 pde)
{
	ASSERT(in_gate(linear));
	*directory_entry(linear) = pde;
	write_cr3(host_cr3());
}
