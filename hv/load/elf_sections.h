/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The section headers of an ELF kernel, as a Multiboot loader hands them on: a kernel finds its own
 * symbols by them.  Sections that belong to a segment are where the segment is.  The others (symbol
 * and string tables, debugging information) are loaded too, and the handed-on header of each says
 * where.
 */
#ifndef HV_LOAD_ELF_SECTIONS_H
#define HV_LOAD_ELF_SECTIONS_H

#include "hv/load/load.h"

#define ELF_SECTION_BYTES 40u /* of a header */
#define ELF_SECTIONS_MAX 1024u

struct elf_sections {
	u32 count; /* 0: the file has none */
	u32 names; /* index of the section with their names */
	u32 start; /* where the sections that no segment holds begin */
};

/* Check the section headers of a file that elf_parse found good.  0 and @count and @names of *@to;
 * -ENOEXEC: logged. */
int elf_sections_parse(const struct load_place *place, struct elf_sections *to);

/* Where the sections end that begin at @sections->start; may be beyond 4 GB. */
u64 elf_sections_end(const struct module *kernel, const struct elf_sections *sections);

/* Copy them there, and the headers to @table.  All of it must be RAM. */
void elf_sections_place(const struct module *kernel, const struct elf_sections *sections,
			struct gmem *gmem, u32 table);

#endif
