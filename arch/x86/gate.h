/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One vcpu's gate: the pages that stand at a 4 MB slot of the linear space, in guest space and (with
 * a table of its own) in host space.  guest-abi/shared_page.h draws the layout; gate_text.S is its text.
 *
 * Guest space sees IDT, GDT, LDT and TSS read-only; the host's table maps TSS and GDT writable, because LTR
 * marks the descriptor busy and a double fault in the host saves its state there.  All other
 * changes are made through the pages' own addresses in the host's map.
 *
 * The shadow GDT and LDT are made from the guest's descriptors by gate_set_descriptor(), which is
 * what keeps a guest out of ring 0: nothing with DPL 0, no gates, no TSS gets in, and every
 * accessed bit is set already, since the CPU could not write it.
 */
#ifndef ARCH_X86_GATE_H
#define ARCH_X86_GATE_H

#include "arch/x86/frame.h"
#include "arch/x86/isa/regs.h"
#include "guest-abi/shared_page.h"

#define GATE_TABLE_PAGES 16

enum gate_table { GATE_TABLE_GDT, GATE_TABLE_LDT };

#define GATE_VIEWS 16u

struct gate {
	u32 base;               /* linear address of the slot */
	bool nx;                /* the host runs with EFER.NXE */
	hpa_t guest_pt, host_pt; /* page tables for the slot's first 2 MB */
	u64 *guest_ptes, *host_ptes;
	u64 *idt;
	u32 *tss;
	struct shared_page *shared;
	u8 *entry_stack;
	u64 *table[2][GATE_TABLE_PAGES]; /* by enum gate_table; NULL: the zero page */
	u64 *zero;
	u32 *guest_if;  /* translated guests: the page at GATE_IF, else NULL */
	bool if_locked; /* it is read-only */
	u64 cache_pde;  /* translated guests: the 2 MB at GATE_CACHE */
	u16 own_first;  /* selector of the first descriptor that is ours */
	u32 ldt_limit; /* bytes of the guest's LDT that are in use, minus 1; 0: none */
	u32 pages;     /* host pages taken */
	struct x86_segment view[GATE_VIEWS]; /* gate_view(); attr 0: unused */
};

/* Take pages and build a gate at slot @base.  0, or -ENOMEM with nothing taken. */
int gate_init(struct gate *gate, u32 base, bool nx);
/* Give all pages back (they are scrubbed before anyone else gets them). */
void gate_destroy(struct gate *gate);

/* Let translated code run: @cache (2 MB, the caller's) is the translation cache.  0 or -ENOMEM. */
int gate_translate(struct gate *gate, hpa_t cache);
/* Show the guest's own page @frame at GATE_DESC, writable; NULL: no longer. */
void gate_map_desc(struct gate *gate, const hpa_t *frame);
/* Make the page with the virtual IF read-only to the guest, or writable. */
void gate_lock_if(struct gate *gate, bool locked);

/* Map @size bytes (whole pages) of the host at @rom as the ROM text. */
void gate_map_rom(struct gate *gate, const void *rom, u32 size);

/* The page-directory entries that put the gate into a guest space. */
void gate_pdes(const struct gate *gate, u64 pde[2]);

/* The next entry's frame, on the entry stack: to be written here, and its linear address. */
struct guest_frame *gate_frame(const struct gate *gate);
u32 gate_frame_linear(const struct gate *gate);
/* The frame that an exit left at linear @address; NULL if that is not on the entry stack. */
struct guest_frame *gate_exit_frame(const struct gate *gate, u32 address);

/* Put the guest's descriptor @raw at byte offset @offset (a multiple of 8) of the shadow table,
 * sanitized for ring 1 as the lowest kernel ring.  Offsets of our own descriptors are left alone.
 * 0, or -ENOMEM. */
int gate_set_descriptor(struct gate *gate, enum gate_table table, u32 offset, u64 raw);
/* What the shadow table holds for @selector's index and table: 0 if beyond. */
u64 gate_descriptor(const struct gate *gate, u16 selector);
/* The guest's view of it, what loading @selector gives: its kernel's DPL is 0.  attr is 0 if nothing. */
struct x86_segment gate_segment(const struct gate *gate, u16 selector);
/* The same, remembered until a table changes; valid until the next call. */
static inline const struct x86_segment *gate_view(struct gate *gate, u16 selector)
{
	struct x86_segment *view = &gate->view[(selector >> 3) % GATE_VIEWS];

	if (view->selector != selector || !view->attr)
		*view = gate_segment(gate, selector);
	return view;
}
/* All descriptors from @offset on become empty. */
void gate_clear_table(struct gate *gate, enum gate_table table, u32 offset);
/* Point the LDT descriptor at the shadow LDT with this many bytes; 0: no LDT.  The caller LLDTs. */
void gate_set_ldt_size(struct gate *gate, u32 bytes);
#define GATE_LDT_SELECTOR 0xffd8

/* Translated code may load guest @cr3, which is @root in hardware, without an exit; @root 0: it may not.
 * @index: below GATE_ROOT_COUNT. */
#define GATE_ROOT_COUNT (GATE_ROOTS_SIZE / 8)
void gate_set_root(struct gate *gate, u32 index, u32 cr3, hpa_t root);
/* The index of @root and the guest's CR3 for it; -1 if it is not there. */
int gate_find_root(const struct gate *gate, hpa_t root, u32 *cr3);

/* Ring-1 stack segment of the direct gate. */
void gate_set_ss1(struct gate *gate, u16 selector);
/* Open the direct gate: vector 0x80 goes from ring 3 to @selector:@offset in ring 1; or close it. */
void gate_set_int80(struct gate *gate, u16 selector, u32 offset);
void gate_clear_int80(struct gate *gate);
/* Page faults of user code that are the guest's beyond doubt (gate_text.S) go to @cs:@eip in ring 1, with the
 * stack segment @ss and the bits @mask of the error code; or all are exits. */
void gate_set_fault(struct gate *gate, u16 cs, u32 eip, u16 ss, u32 mask);
void gate_clear_fault(struct gate *gate);

#endif
