/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Host space: the hypervisor's own PAE page tables.
 *
 *   00000000  page 0               not mapped
 *   00001000  RAM below f0000000   identity; 2 MB pages, writable, never executable (if NX exists)
 *   00100000  the image            4 KB pages: text R-X, constants R--, data RW-; stack guards absent
 *   f0000000  gate slot            only what host_gate_set_pde installs (docs/architecture.md)
 *   fc000000  gate slot
 *   fc400000  device window        map_device, map_alias; up to ff000000
 *   ff400000  gate slot
 *   ffc00000  gate slot
 *
 * Nothing else is mapped, nothing is global, no entry is for user mode.  RAM at f0000000 and above
 * is not used.  All tables are static or from pmm and live for the rest of the run.
 */
#ifndef ARCH_X86_CPU_HOST_PAGING_H
#define ARCH_X86_CPU_HOST_PAGING_H

#include "hv/lib/addr.h"

#define HOST_RAM_END 0xf0000000u
#define HOST_WINDOW_START 0xfc400000u
#define HOST_WINDOW_END 0xff000000u

/* Bits of an entry [SDM3A 4.4.2]. */
#define PTE_P BIT64(0)
#define PTE_W BIT64(1)
#define PTE_U BIT64(2)
#define PTE_PWT BIT64(3)
#define PTE_PCD BIT64(4)
#define PTE_A BIT64(5)
#define PTE_D BIT64(6)
#define PTE_PS BIT64(7)	 /* in a page directory */
#define PTE_PAT BIT64(7) /* in a page table */
#define PTE_NX BIT64(63)
#define PTE_ADDRESS 0x000ffffffffff000ull

enum host_cache { HOST_WRITE_BACK, HOST_UNCACHED, HOST_WRITE_COMBINING };

struct boot_info;
/* Build the tables from the memory map and switch paging on (CR0.WP=1, NX where there is NX). */
void host_paging_init(const struct boot_info *info);

u32 host_cr3(void);
/* The four page-directory pointers; each names one of the four static page directories. */
u64 *host_pdpt(void);
/* PTE_NX if the CPU has it, else 0. */
u64 host_nx(void);

/* Map @size bytes of devices or firmware at @address, writable, for the rest of the run.  NULL if
 * the window or memory is used up. */
void *map_device(hpa_t address, u32 size, enum host_cache cache);
/* Map one frame of RAM a second time with rights of its own (PTE_W, or 0 and executable, or
 * PTE_NX).  NULL as above. */
void *map_alias(hpa_t frame, u64 rights);

/* In a gate slot: install @pde (a page table's hpa | PTE_P | PTE_W, or a 2 MB page) for the 2 MB at
 * @linear, replacing what was there; 0 removes it.  Flushes the TLB. */
void host_gate_set_pde(u32 linear, u64 pde);

/* The cache attributes of @cache as bits of a 4 KB entry. */
u64 host_cache_bits(enum host_cache cache);

#endif
