/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walking an ELF file's section headers.  A section without an address, with bytes in the file, is
 * one that no segment holds: GRUB loads those behind the kernel, each at its alignment, and so do
 * we.  next() is the one place that computes where; measuring and copying both use it, so they
 * cannot disagree.
 */
#include "hv/load/elf_sections.h"

#include "hv/lib/err.h"
#include "hv/lib/string.h"
#include "hv/load/elf_priv.h"

#define SECTION_NO_BITS 8 /* bss */

struct section {
	u32 name, type, flags, addr, offset, size, link, info, addralign, entsize;
} PACKED;
ASSERT_SIZE(struct section, ELF_SECTION_BYTES);

/* Header @index; the table has been checked. */
static struct section read_section(const struct module *kernel, u32 index)
{
	struct elf_header header = elf_read_header(kernel);
	struct section section;

	memcpy(&section, kernel->data + header.shoff + index * sizeof(section), sizeof(section));
	return section;
}

static bool is_left_over(const struct section *section)
{
	return !section->addr && section->size && section->type != SECTION_NO_BITS;
}

static int check_section(const struct load_place *place, const struct section *s, u32 index)
{
	unsigned long long end = (u64)s->offset + s->size;

	if (!is_left_over(s))
		return 0;
	if (end > place->kernel->size)
		return load_refuse(
			place, ENOEXEC,
			"is truncated: ELF section %u ends at %llu, the module has %u bytes", index,
			end, (u32)place->kernel->size);
	if (s->addralign & (s->addralign - 1))
		return load_refuse(place, ENOEXEC,
				   "has ELF section %u with alignment 0x%x; expected a power of "
				   "two",
				   index, s->addralign);
	return 0;
}

static int check_table(const struct load_place *place, const struct elf_header *h)
{
	unsigned long long end = (u64)h->shoff + h->shnum * sizeof(struct section);

	if (h->shentsize != sizeof(struct section))
		return load_refuse(place, ENOEXEC,
				   "has ELF section headers of %u bytes; expected %u", h->shentsize,
				   (u32)sizeof(struct section));
	if (h->shnum > ELF_SECTIONS_MAX || h->shstrndx >= h->shnum)
		return load_refuse(place, ENOEXEC,
				   "has %u ELF sections, with names in number %u; expected at most "
				   "%u, and one of them",
				   h->shnum, h->shstrndx, ELF_SECTIONS_MAX);
	if (end > place->kernel->size)
		return load_refuse(
			place, ENOEXEC,
			"is truncated: its ELF section headers end at %llu, the module has %u "
			"bytes",
			end, (u32)place->kernel->size);
	return 0;
}

int elf_sections_parse(const struct load_place *place, struct elf_sections *to)
{
	struct elf_header h = elf_read_header(place->kernel);
	int error;

	to->count = h.shoff ? h.shnum : 0;
	to->names = h.shstrndx;
	if (!to->count)
		return 0;
	error = check_table(place, &h);
	for (u32 i = 0; i < h.shnum && !error; i++) {
		struct section s = read_section(place->kernel, i);

		error = check_section(place, &s, i);
	}
	return error;
}

/* Where the left-over section @s goes if @at is free; *@end is behind it. */
static u64 next(const struct section *s, u64 at, u64 *end)
{
	u64 start = ALIGN_UP(at, s->addralign ? s->addralign : 1);

	*end = start + s->size;
	return start;
}

u64 elf_sections_end(const struct module *kernel, const struct elf_sections *sections)
{
	u64 at = sections->start;

	for (u32 i = 0; i < sections->count; i++) {
		struct section s = read_section(kernel, i);

		if (is_left_over(&s))
			next(&s, at, &at);
	}
	return at;
}

void elf_sections_place(const struct module *kernel, const struct elf_sections *sections,
			struct gmem *gmem, u32 table)
{
	u64 at = sections->start;

	for (u32 i = 0; i < sections->count; i++) {
		struct section s = read_section(kernel, i);

		if (is_left_over(&s)) {
			s.addr = (u32)next(&s, at, &at);
			load_put(gmem, s.addr, kernel->data + s.offset, s.size);
		}
		load_put(gmem, table + i * ELF_SECTION_BYTES, &s, sizeof(s));
	}
}
