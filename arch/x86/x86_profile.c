/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The profile's table: open addressing, a short search from where the hash points.  Where all slots
 * of the search are in use, the one with the least count gives way: places met once push each other
 * out, those met often stay.  The table is printed by looking for the next smaller entry again and
 * again: slow, but seldom done, and the table stays as it is while the guest goes on.
 */
#include "arch/x86/x86_profile.h"

#include "hv/core/kheap.h"
#include "hv/lib/printf.h"

#define SLOTS_LOG2 14u
#define SLOTS (1u << SLOTS_LOG2)
#define PROBES 32u

struct slot {
	u32 eip, kind;
	u64 count; /* 0: free */
};
struct x86_profile {
	u64 adds;
	u64 lost; /* events of slots that gave way */
	u64 total;
	struct slot slot[SLOTS];
};

static const char *const emulations[] = {
#define X(name, text) text,
	X86_EMULATIONS(X)
#undef X
};

struct x86_profile *x86_profile_create(void)
{
	return kheap_alloc(sizeof(struct x86_profile));
}

void x86_profile_destroy(struct x86_profile *profile)
{
	kheap_free(profile);
}

u64 x86_profile_adds(const struct x86_profile *profile)
{
	return profile->adds;
}

void x86_profile_add(struct x86_profile *profile, u32 eip, u32 kind, u32 count)
{
	u32 hash = (eip ^ kind << 20) * 0x9e3779b1u >> (32 - SLOTS_LOG2);
	struct slot *least = NULL;

	profile->adds++;
	profile->total += count;
	for (u32 i = 0; i < PROBES; i++) {
		struct slot *slot = &profile->slot[(hash + i) % SLOTS];

		if (slot->count && slot->eip == eip && slot->kind == kind) {
			slot->count += count;
			return;
		}
		if (!least || slot->count < least->count)
			least = slot;
		if (!slot->count)
			break;
	}
	profile->lost += least->count;
	*least = (struct slot){ eip, kind, count };
}

/* The entry that follows @last by falling count, equal ones by place; NULL: none. */
static const struct slot *next(const struct x86_profile *profile, const struct slot *last)
{
	const struct slot *best = NULL;

	for (const struct slot *slot = profile->slot; slot < profile->slot + SLOTS; slot++) {
		if (!slot->count || (best && slot->count <= best->count))
			continue;
		if (!last || slot->count < last->count || (slot->count == last->count && slot > last))
			best = slot;
	}
	return best;
}

static void kind_text(u32 kind, char *text, size_t size)
{
	if (kind < X86_EMULATION_COUNT)
		hv_snprintf(text, size, "%s", emulations[kind]);
	else if (kind == PROFILE_LINK)
		hv_snprintf(text, size, "branch linked");
	else if (kind == PROFILE_MISS)
		hv_snprintf(text, size, "indirect branch not in the tables");
	else if (kind < PROFILE_GUEST)
		hv_snprintf(text, size, "exit by vector %#x", kind - PROFILE_VECTOR);
	else
		hv_snprintf(text, size, "exception %#x of the guest", kind - PROFILE_GUEST);
}

void x86_profile_print(const struct x86_profile *profile, u32 limit,
		       void (*line)(void *opaque, const char *text), void *opaque)
{
	const struct slot *slot = NULL;
	u64 shown = 0;
	char text[128], kind[64];

	while (limit-- && (slot = next(profile, slot))) {
		shown += slot->count;
		kind_text(slot->kind, kind, sizeof(kind));
		hv_snprintf(text, sizeof(text), "profile: %llu %08x %s",
			    (unsigned long long)slot->count, slot->eip, kind);
		line(opaque, text);
	}
	hv_snprintf(text, sizeof(text), "profile: %llu not shown, of %llu; %llu were forgotten",
		    (unsigned long long)(profile->total - shown),
		    (unsigned long long)profile->total, (unsigned long long)profile->lost);
	line(opaque, text);
}
