/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The header of an ELF file for the 386 [System V ABI, chapter 4], as its two readers need it:
 * elf.c for the segments, elf_sections.c for the sections.  Both copy structures out of the file
 * before they look at them: nothing in a file is aligned.
 */
#ifndef HV_LOAD_ELF_PRIV_H
#define HV_LOAD_ELF_PRIV_H

#include "hv/load/load.h"

struct elf_header {
	u8 magic[4];
	u8 class, data, ident_version, abi, pad[8];
	u16 type, machine;
	u32 version, entry, phoff, shoff, flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
} PACKED;
ASSERT_SIZE(struct elf_header, 52);

/* The header of a file that has at least as many bytes. */
struct elf_header elf_read_header(const struct module *kernel);

#endif
