/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A test kernel as a VMI guest: finds the ROM as Linux does, calls VMI_Init, and returns from
 * exceptions through the ROM's IRET from a patched CALL, so that a faulting IRET has a call site.
 */
#ifndef TESTS_LIB_VMI_H
#define TESTS_LIB_VMI_H

#include "guest-abi/shared_page.h"
#include "guest-abi/vmi.h"
#include "tests/lib/guest.h"

extern const struct vmi_rom_header *vmi_rom; /* NULL: none found yet */
extern bool vmi_active;			     /* in ring 1 */

/* Look for the ROM; false if there is none. */
bool vmi_find(void);
/* vmi_find and VMI_Init, each reported by check(); false if either failed.  After paging_init. */
bool vmi_start(void);
/* VMI_Init alone; its result. */
u32 vmi_init(void);

struct vmi_relocation {
	u32 eip, type;
};
struct vmi_relocation vmi_relocation(u32 call);

/* Call with up to three register arguments; EAX. */
u32 vmi(enum vmi_call call, u32 a, u32 d, u32 c);
/* Call WriteGDTEntry, WriteLDTEntry or WriteIDTEntry for entry @index of the table at @base. */
void vmi_write_entry(enum vmi_call call, u32 base, u32 index, u64 raw);

/* The guest's interrupt flag, by calls 29-31. */
void vmi_set_if(bool on);
bool vmi_get_if(void);

/* The address of the CALL that stands for IRET in this kernel. */
extern u8 vmi_iret_site[];

/* The gate, for tests that attack it. */
static inline u32 vmi_gate(u32 offset)
{
	return VMI_GATE + offset;
}
static inline volatile struct shared_page *vmi_shared(void)
{
	return (volatile struct shared_page *)VMI_SHARED;
}

#endif
