/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest-physical memory of one VM: which addresses are RAM, ROM or nothing, and which host
 * frame backs each.  RAM comes in 2 MB host extents where it can (so that large guest pages stay
 * large in the shadow), in 4 KB frames otherwise.  Devices (MMIO) are not kept here: an address
 * that gmem does not back goes to the bus.
 *
 * Every 4 KB frame has a few flags.  GMEM_TRACED says that somebody (the shadow MMU for page
 * tables, later the translator for code) must hear of each change by others: gmem_write and every
 * holder of a pointer from gmem_ptr(..., write) go through gmem_written().  A traced frame is never
 * writable in a shadow page table or a software TLB.
 *
 * One vcpu thread of control at a time (first version): no lock.
 */
#ifndef HV_CORE_GMEM_H
#define HV_CORE_GMEM_H

#include "hv/lib/addr.h"

struct gmem;

enum gmem_type { GMEM_NONE, GMEM_RAM, GMEM_ROM };

#define GMEM_TRACED BIT(0) /* shadow: a guest page table */
#define GMEM_CODE BIT(1)   /* translator: holds translated code */
#define GMEM_CODEMAP BIT(2) /* translator: a page table through which code was found */
#define GMEM_DESC BIT(3)   /* vcpu: a descriptor table that is shadowed */
#define GMEM_FLAGS 4

/* Where gmem gets host frames from; pmm on the bare machine, an arena in tests. */
struct gmem_source {
	/* 2 MB-aligned extent, or 4 KB frame; zeroed by the source.  False if there is none. */
	bool (*alloc_large)(void *opaque, hpa_t *frame);
	bool (*alloc_page)(void *opaque, hpa_t *frame);
	void (*free_large)(void *opaque, hpa_t frame);
	void (*free_page)(void *opaque, hpa_t frame);
	void *opaque;
};

/* Told after bytes [address, address + size) within one page changed by other means than a direct
 * guest store (interpreter, device, loader) while the frame's flags had a bit of @flags set. */
typedef void gmem_listener_fn(void *opaque, gpa_t address, u32 size);

/* Create an empty map.  NULL without memory.  Everything is owned by the gmem until destroy, which
 * gives all frames back (scrubbing is the source's duty on the next allocation). */
struct gmem *gmem_create(const struct gmem_source *source);
void gmem_destroy(struct gmem *gmem);

/* Back [start, start + size) with zeroed RAM (page-aligned).  0, or with nothing added: -EEXIST,
 * -ENOMEM, -EINVAL for what does not end below 4 GB. */
int gmem_add_ram(struct gmem *gmem, gpa_t start, u64 size);
/* Make [start, start + size) of existing RAM read-only for the guest (ROM).  Page-aligned.
 * 0, -ENOMEM, or -EINVAL if part of it is not RAM; pages before that may have become ROM. */
int gmem_protect_rom(struct gmem *gmem, gpa_t start, u64 size);
/* Bytes of RAM in the map, and bytes of host memory spent on the map itself. */
u64 gmem_ram_bytes(const struct gmem *gmem);
u64 gmem_overhead_bytes(const struct gmem *gmem);

enum gmem_type gmem_type(const struct gmem *gmem, gpa_t address);
/* All about the page that holds @address; without memory *frame is undefined and *flags 0. */
enum gmem_type gmem_page(const struct gmem *gmem, gpa_t address, hpa_t *frame, u8 *flags);
/* Host frame of the page that holds @address; false if not RAM or ROM. */
bool gmem_frame(const struct gmem *gmem, gpa_t address, hpa_t *frame);
/* Like gmem_frame for a whole 2 MB-aligned extent: true only if the extent that holds @address is
 * RAM throughout, contiguous and 2 MB-aligned in host memory, and no frame in it has a flag. */
bool gmem_large_frame(const struct gmem *gmem, gpa_t address, hpa_t *frame);

/* Pointer to @size bytes at @address for reading, or for writing by somebody who honours flags
 * and calls gmem_written(); NULL if they cross a page or are not backed (write: not RAM). */
void *gmem_ptr(const struct gmem *gmem, gpa_t address, u32 size, bool write);
void gmem_written(struct gmem *gmem, gpa_t address, u32 size);
/* The same, telling only the listeners of @flags: for a change that some of them need not hear of
 * (accessed and dirty bits, see walk.h). */
void gmem_written_for(struct gmem *gmem, gpa_t address, u32 size, u8 flags);

/* Copy; may cross pages.  False if any byte is not backed (write: not RAM); then nothing or a
 * prefix was copied.  gmem_write tells the listener.  gmem_load writes ROM too (loaders only). */
bool gmem_read(const struct gmem *gmem, gpa_t from, void *to, size_t size);
bool gmem_write(struct gmem *gmem, gpa_t to, const void *from, size_t size);
bool gmem_load(struct gmem *gmem, gpa_t to, const void *from, size_t size);

/* Flags of the frame that holds @address.  Only RAM and ROM have flags: elsewhere they read as 0 and
 * cannot be set. */
u8 gmem_flags(const struct gmem *gmem, gpa_t address);
void gmem_set_flags(struct gmem *gmem, gpa_t address, u8 set, u8 clear);
/* @generation changes whenever a cached pointer or right may have become stale (a flag was set,
 * the map changed): software TLBs compare it. */
u32 gmem_generation(const struct gmem *gmem);
/* Where it is, for those who look often. */
const u32 *gmem_generation_of(const struct gmem *gmem);
/* Register the one listener for @flag (one of GMEM_*). */
void gmem_listen(struct gmem *gmem, u8 flag, gmem_listener_fn *fn, void *opaque);

#endif
