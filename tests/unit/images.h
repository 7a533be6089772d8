/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel images for the loader's tests, made in memory: a bzImage of protocol 2.12 and an ELF file
 * with up to eight program headers.  A test takes a good one and spoils what it is about.  Offsets
 * are those of the formats' own documents, not of our structs.
 */
#ifndef TESTS_UNIT_IMAGES_H
#define TESTS_UNIT_IMAGES_H

#include <stdlib.h>
#include <string.h>

#include "hv/load/load.h"

static inline void image_put(u8 *image, u32 offset, u32 size, u64 value)
{
	memcpy(image + offset, &value, size);
}

#define BZ_SECTS 2u
#define BZ_SETUP ((BZ_SECTS + 1) * 512)
#define BZ_BODY 8192u
#define BZ_SIZE (BZ_SETUP + BZ_BODY)
#define BZ_PREFERRED 0x1000000u
#define BZ_INIT_SIZE 0x400000u

static inline u8 bz_byte(u32 offset)
{
	return (u8)(offset * 7 + offset / 256 + 1);
}

/* A relocatable kernel that prefers 16 MB; body byte n is bz_byte(n). */
static inline void make_bzimage(u8 *to)
{
	memset(to, 0x90, BZ_SETUP);
	memset(to + 0x1f1, 0, 0x26c - 0x1f1);
	image_put(to, 0x1f1, 1, BZ_SECTS);
	image_put(to, 0x1f4, 4, BZ_BODY / 16);
	image_put(to, 0x1fe, 2, 0xaa55);
	image_put(to, 0x200, 2, 0x6aeb); /* jmp 26c */
	image_put(to, 0x202, 4, 0x53726448);
	image_put(to, 0x206, 2, 0x20c);
	image_put(to, 0x211, 1, 0x01);
	image_put(to, 0x214, 4, 0x100000);
	image_put(to, 0x22c, 4, 0x37ffffff);
	image_put(to, 0x230, 4, 0x1000000);
	image_put(to, 0x234, 1, 1);
	image_put(to, 0x238, 4, 2047);
	image_put(to, 0x258, 8, BZ_PREFERRED);
	image_put(to, 0x260, 4, BZ_INIT_SIZE);
	for (u32 i = 0; i < BZ_BODY; i++)
		to[BZ_SETUP + i] = bz_byte(i);
}

#define ELF_SIZE 4096u
#define ELF_HEADERS 52u
#define ELF_ENTRY 0x100010u
/* Offset of member @member of program header @index. */
#define ELF_SEGMENT(index, member) (ELF_HEADERS + (index)*32 + (member))
#define ELF_TYPE 0
#define ELF_OFFSET 4
#define ELF_VADDR 8
#define ELF_PADDR 12
#define ELF_FILESZ 16
#define ELF_MEMSZ 20

static inline void elf_segment(u8 *to, u32 index, u32 offset, u32 paddr, u32 filesz, u32 memsz)
{
	image_put(to, ELF_SEGMENT(index, ELF_TYPE), 4, 1);
	image_put(to, ELF_SEGMENT(index, ELF_OFFSET), 4, offset);
	image_put(to, ELF_SEGMENT(index, ELF_VADDR), 4, paddr + 0xc0000000u);
	image_put(to, ELF_SEGMENT(index, ELF_PADDR), 4, paddr);
	image_put(to, ELF_SEGMENT(index, ELF_FILESZ), 4, filesz);
	image_put(to, ELF_SEGMENT(index, ELF_MEMSZ), 4, memsz);
}

/* Text at 1 MB, data with a bss at 1 MB + 8000h, as of Linux (virtual = physical + C0000000). */
static inline void make_elf(u8 *to)
{
	static const u8 ident[] = { 0x7f, 'E', 'L', 'F', 1, 1, 1 };

	for (u32 i = 0; i < ELF_SIZE; i++)
		to[i] = bz_byte(i);
	memset(to, 0, ELF_SEGMENT(8, 0));
	memcpy(to, ident, sizeof(ident));
	image_put(to, 16, 2, 2);
	image_put(to, 18, 2, 3);
	image_put(to, 20, 4, 1);
	image_put(to, 24, 4, ELF_ENTRY);
	image_put(to, 28, 4, ELF_HEADERS);
	image_put(to, 40, 2, 52);
	image_put(to, 42, 2, 32);
	image_put(to, 44, 2, 2);
	elf_segment(to, 0, 0x400, 0x100000, 0x800, 0x800);
	elf_segment(to, 1, 0xc00, 0x108000, 0x300, 0x5000);
}

/* @size bytes of @image as a module of their own on the heap: reading beyond is caught. */
static inline struct module image_module(const char *name, const u8 *image, size_t size)
{
	u8 *copy = malloc(size ? size : 1);

	memcpy(copy, image, size);
	return (struct module){ name, copy, size };
}

#endif
