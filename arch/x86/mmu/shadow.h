/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shadow MMU: PAE page tables that the real CPU uses while a guest runs directly, built from
 * the guest's own tables and the p2m.  They are a cache of what the guest's MMU may have in its
 * TLB: an entry is there only if the guest's tables allow it now, or allowed it since the last
 * flush the guest asked for.
 *
 * A root is kept per guest root (CR3 and paging mode), so a CR3 load finds its tables again.
 * Guest page-table pages that are shadowed are traced in gmem: no writable mapping of them exists,
 * and every store to them comes through shadow_guest_write() (after the store was emulated), which
 * drops the shadow entries that depended on the old value.  Pages that are written much and used
 * little are unshadowed.  All shadow pages come from one pool of a fixed size per VM; when it is
 * exhausted the least recently used are recycled.
 *
 * The gate: two consecutive large-page slots (4 MB) of the linear space belong to the hypervisor in every root.
 * shadow_set_gate() names the page-directory entries that are put there, and no guest mapping ever is.
 *
 * Pure: physical pages come from a source, TLB maintenance is reported through flush flags that the
 * caller acts on before the guest runs again.
 */
#ifndef ARCH_X86_MMU_SHADOW_H
#define ARCH_X86_MMU_SHADOW_H

#include "arch/x86/isa/regs.h"
#include "arch/x86/mmu/walk.h"
#include "hv/core/gmem.h"

struct shadow;

struct shadow_stats {
	u32 fills, prefetches, guest_faults, traced_writes, unshadowed, recycled, roots_built,
		roots_reused;
	u32 pages_used, pages_total;
};

/* One shadow per vcpu for now.  @pool_pages: the most 4 KB pages it may take from @source (zeroed; a
 * sixth of them at once, the others on demand; at least 16).  Kheap use is 8 KB and some bytes per
 * pool page.  @nx: the host runs with EFER.NXE.  NULL without memory.  ROM must not be made
 * (gmem_protect_rom) of RAM that a guest has used since. */
struct shadow *shadow_create(struct gmem *gmem, const struct gmem_source *source, u32 pool_pages,
			     bool nx);
void shadow_destroy(struct shadow *shadow);

/* Put @pde[0..1] (complete hardware PAE entries) at linear @base (4 MB-aligned) in every root. */
void shadow_set_gate(struct shadow *shadow, gva_t base, const u64 pde[2]);

/* Does the guest map anything in the 4 MB at @base by its present tables?  (Without paging: no.) */
bool shadow_slot_claimed(const struct shadow *shadow, const struct x86_cpu *cpu, gva_t base);
/* True once since the last call if the guest has written to a directory entry of the gate's slot. */
bool shadow_take_gate_write(struct shadow *shadow);

/* True once since the last call if directory entries of linear regions @first to @last (address >> 21) may
 * have changed in any root, or roots that were handed out lead elsewhere now. */
bool shadow_take_directories(struct shadow *shadow, u32 *first, u32 *last);
/* That would be true. */
bool shadow_directories_changed(const struct shadow *shadow);

/* The hardware CR3 for the guest's present CR0, CR3, CR4, EFER, pdpte: finds or builds the root.
 * To be called when any of these changed, and before the first run. */
hpa_t shadow_root(struct shadow *shadow, const struct x86_cpu *cpu);

enum shadow_fault {
	SHADOW_RETRY,      /* hidden fault: the shadow was filled (or was right); run on */
	SHADOW_GUEST,      /* the guest's own: cpu->fault holds its #PF */
	SHADOW_EMULATE,    /* must be done by the interpreter: MMIO, ROM write, traced page, gate */
};
/* A #PF happened during direct execution: @address is CR2, @error the hardware's error code. */
enum shadow_fault shadow_page_fault(struct shadow *shadow, struct x86_cpu *cpu, gva_t address,
				    u32 error);

/* From now on the fault of an access to a page whose entry in the guest's page table is not present may say so itself,
 * by PF_RSVD in the hardware's error code; no other fault has that.  shadow_page_fault() takes either. */
void shadow_mark_absent(struct shadow *shadow);

/* What the guest's tables say of the address of the last shadow_page_fault() that was no SHADOW_GUEST. */
const struct walk_result *shadow_last_walk(const struct shadow *shadow);

/* The guest is about to fill the page at @address anew: if it is a shadowed page table, it is none any
 * more.  True if it was, and the access may be tried again. */
bool shadow_forget(struct shadow *shadow, const struct x86_cpu *cpu, gva_t address);

/* The guest did INVLPG @address / a flush of all non-global / of all translations (CR3 load, and
 * CR0.PG/WP, CR4.PGE/PAE/PSE changes respectively). */
void shadow_invlpg(struct shadow *shadow, const struct x86_cpu *cpu, gva_t address);
void shadow_flush(struct shadow *shadow, bool global);

/* gmem listener for GMEM_TRACED, registered by shadow_create: bytes of a traced frame have changed. */
void shadow_guest_write(void *shadow, gpa_t address, u32 size);

/* The frame that holds @address must not be writable by direct execution from now on: to be called
 * by whoever sets a gmem flag on it (the shadow does for its own). */
void shadow_write_protect(struct shadow *shadow, gpa_t address);

/* True once since the last call if what the hardware holds of the current root (TLB, PDPTE registers)
 * may be stale: load CR3 before the guest runs again; INVLPG is not enough. */
bool shadow_take_tlb_flush(struct shadow *shadow);

void shadow_get_stats(const struct shadow *shadow, struct shadow_stats *stats);
/* Inspector: compare every present shadow entry of the current root with what mmu_probe says;
 * returns the number of differences, each logged. */
u32 shadow_check(struct shadow *shadow, struct x86_cpu *cpu);

#endif
