/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses of the four kinds a hypervisor juggles, each a type of its own, so that mixing them
 * does not compile:
 *
 *   gva_t  guest linear address              gpa_t  guest-physical address
 *   hva_t  host linear address (a pointer)   hpa_t  host-physical address
 *
 * "Linear" is the SDM's word for what follows segmentation and precedes paging.  Crossing from one
 * kind to another is always a named function (gmem_*, arch_hpa_to_ptr ...).  Physical addresses
 * have 64 bits because PAE has more than 32.  One-member structs cost nothing in registers.
 */
#ifndef HV_LIB_ADDR_H
#define HV_LIB_ADDR_H

#include "hv/lib/types.h"

typedef struct { u32 v; } gva_t;
typedef struct { u64 v; } gpa_t;
typedef struct { uintptr_t v; } hva_t;
typedef struct { u64 v; } hpa_t;

static inline gva_t gva(u32 v) { return (gva_t){ v }; }
static inline gpa_t gpa(u64 v) { return (gpa_t){ v }; }
static inline hva_t hva(uintptr_t v) { return (hva_t){ v }; }
static inline hpa_t hpa(u64 v) { return (hpa_t){ v }; }

static inline u64 gpa_pfn(gpa_t a) { return a.v >> PAGE_SHIFT; }
static inline u64 hpa_pfn(hpa_t a) { return a.v >> PAGE_SHIFT; }
static inline gpa_t gpa_of_pfn(u64 pfn) { return gpa(pfn << PAGE_SHIFT); }
static inline hpa_t hpa_of_pfn(u64 pfn) { return hpa(pfn << PAGE_SHIFT); }

#endif
