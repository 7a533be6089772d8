/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a guest's exits come from: how often, by guest EIP and kind.  The counters of x86_stats.h say
 * that there are many page faults; this says which of the kernel's functions have them.
 *
 * Off until somebody asks (x86_vcpu_profile), since each exit costs a search then.  An exit is
 * counted once: as the emulation that it led to, or else by its vector, and whether the guest got an
 * exception out of it.  A real interrupt is a kind as well, and those are a sample of where time goes.
 *
 * A hash table of fixed size, which forgets the rarest.
 */
#ifndef ARCH_X86_X86_PROFILE_H
#define ARCH_X86_X86_PROFILE_H

#include "arch/x86/x86_stats.h"

/* Kinds: an enum x86_emulation, or one of these. */
enum x86_profile_kind {
	PROFILE_LINK = X86_EMULATION_COUNT, /* translated code reached a branch's target first */
	PROFILE_MISS,			    /* an indirect branch's target was in no table */
	PROFILE_VECTOR,			    /* + vector: an exit without more */
	PROFILE_GUEST = PROFILE_VECTOR + 256, /* + vector: one that is the guest's exception */
	PROFILE_KINDS = PROFILE_GUEST + 256,
};

struct x86_profile;

/* NULL without memory.  The caller owns it until x86_profile_destroy, which takes NULL too. */
struct x86_profile *x86_profile_create(void);
void x86_profile_destroy(struct x86_profile *profile);

/* @count events of @kind at @eip. */
void x86_profile_add(struct x86_profile *profile, u32 eip, u32 kind, u32 count);
/* How many calls of x86_profile_add there were. */
u64 x86_profile_adds(const struct x86_profile *profile);

/* The @limit most frequent, as lines "profile: COUNT EIP KIND" by falling count, then what is not
 * among them. */
void x86_profile_print(const struct x86_profile *profile, u32 limit,
		       void (*line)(void *opaque, const char *text), void *opaque);

#endif
