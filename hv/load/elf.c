/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading an ELF executable.  The checks are ordered so that each may rely on those before it: the
 * identification, then the table of program headers, then each segment by itself, then segments
 * against each other, then the entry point.  Sums are taken in 64 bits, so none can wrap.
 *
 * Segments below 1 MB are refused: that is where the BIOS's and the loader's own data lie.
 */
#include "hv/load/elf.h"

#include "hv/lib/assert.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"
#include "hv/load/bios.h"
#include "hv/load/elf_priv.h"

#define ELF_CLASS_32 1
#define ELF_CLASS_64 2
#define ELF_LITTLE_ENDIAN 1
#define ELF_EXECUTABLE 2
#define ELF_386 3
#define ELF_X86_64 62
#define SEGMENT_LOAD 1

#define COMMAND_MAX 2047u /* of Linux for the 386, which such a kernel is taken for */
#define INITRD_END 0x38000000u

struct elf_segment {
	u32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
} PACKED;
ASSERT_SIZE(struct elf_segment, 32);

bool elf_recognise(const struct module *kernel)
{
	static const char magic[] = { 0x7f, 'E', 'L', 'F' };

	return kernel->size >= sizeof(magic) && memcmp(kernel->data, magic, sizeof(magic)) == 0;
}

struct elf_header elf_read_header(const struct module *kernel)
{
	struct elf_header header;

	memcpy(&header, kernel->data, sizeof(header));
	return header;
}

/* Program header @index; the table has been checked. */
static struct elf_segment read_segment(const struct module *kernel, const struct elf_header *header,
				       u32 index)
{
	struct elf_segment segment;

	memcpy(&segment, kernel->data + header->phoff + index * sizeof(segment), sizeof(segment));
	return segment;
}

static bool is_loaded(const struct elf_segment *segment)
{
	return segment->type == SEGMENT_LOAD && segment->memsz;
}

static int check_identity(const struct load_place *place, const struct elf_header *h)
{
	if (h->class == ELF_CLASS_64 || h->machine == ELF_X86_64)
		return load_refuse(place, ENOEXEC, "is a 64-bit ELF file; expected a 32-bit one");
	if (h->class != ELF_CLASS_32 || h->data != ELF_LITTLE_ENDIAN || h->machine != ELF_386)
		return load_refuse(
			place, ENOEXEC,
			"is an ELF file of class %u, data %u, machine %u; expected 1, 1 and "
			"3 (386)",
			h->class, h->data, h->machine);
	if (h->type != ELF_EXECUTABLE)
		return load_refuse(place, ENOEXEC,
				   "is an ELF file of type %u; expected 2 (executable)", h->type);
	return 0;
}

static int check_table(const struct load_place *place, const struct elf_header *h)
{
	unsigned long long end = (u64)h->phoff + h->phnum * sizeof(struct elf_segment);

	if (h->phentsize != sizeof(struct elf_segment))
		return load_refuse(place, ENOEXEC,
				   "has ELF program headers of %u bytes; expected %u", h->phentsize,
				   (u32)sizeof(struct elf_segment));
	if (!h->phnum || h->phnum > ELF_MAX_SEGMENTS)
		return load_refuse(place, ENOEXEC, "has %u ELF program headers; expected 1 to %u",
				   h->phnum, ELF_MAX_SEGMENTS);
	if (end > place->kernel->size)
		return load_refuse(
			place, ENOEXEC,
			"is truncated: its ELF program headers end at %llu, the module has "
			"%u bytes",
			end, (u32)place->kernel->size);
	return 0;
}

static int check_segment(const struct load_place *place, const struct elf_segment *s, u32 index)
{
	unsigned long long file_end = (u64)s->offset + s->filesz;
	unsigned long long memory_end = (u64)s->paddr + s->memsz;
	u32 lowest = place->anywhere ? 0 : BIOS_HIGH;
	u32 highest = place->anywhere ? ~0u : place->memory_end;

	if (s->filesz > s->memsz)
		return load_refuse(place, ENOEXEC,
				   "has ELF segment %u with %u bytes in the file and %u in memory; "
				   "expected no more than that",
				   index, s->filesz, s->memsz);
	if (file_end > place->kernel->size)
		return load_refuse(
			place, ENOEXEC,
			"is truncated: ELF segment %u ends at %llu, the module has %u bytes", index,
			file_end, (u32)place->kernel->size);
	if (s->paddr < lowest || memory_end > highest)
		return load_refuse(
			place, ENOSPC,
			"has ELF segment %u at 0x%x to 0x%llx; the VM's memory for kernels "
			"is 0x%x to 0x%x",
			index, s->paddr, memory_end, lowest, highest);
	return 0;
}

/* Segment @index, good by itself, against those before it. */
static int check_overlap(const struct load_place *place, const struct elf_header *h,
			 const struct elf_segment *s, u32 index)
{
	for (u32 i = 0; i < index; i++) {
		struct elf_segment other = read_segment(place->kernel, h, i);

		if (is_loaded(&other) && s->paddr < other.paddr + other.memsz &&
		    other.paddr < s->paddr + s->memsz)
			return load_refuse(place, ENOEXEC,
					   "has ELF segments %u and %u that overlap at 0x%x", i,
					   index, MAX(s->paddr, other.paddr));
	}
	return 0;
}

static int check_segments(const struct load_place *place, const struct elf_header *h,
			  struct kernel_image *image)
{
	int error = 0;

	image->start = ~0u;
	image->end = 0;
	for (u32 i = 0; i < h->phnum && !error; i++) {
		struct elf_segment s = read_segment(place->kernel, h, i);

		if (!is_loaded(&s))
			continue;
		error = check_segment(place, &s, i);
		if (!error)
			error = check_overlap(place, h, &s, i);
		image->start = MIN(image->start, s.paddr);
		image->end = MAX(image->end, s.paddr + s.memsz);
	}
	if (!error && !image->end)
		error = load_refuse(place, ENOEXEC, "has no ELF segment to load; expected PT_LOAD");
	return error;
}

static int find_entry(const struct load_place *place, const struct elf_header *h,
		      struct kernel_image *image)
{
	bool found = false;

	for (u32 i = 0; i < h->phnum; i++) {
		struct elf_segment s = read_segment(place->kernel, h, i);

		if (!is_loaded(&s))
			continue;
		if (h->entry - s.paddr < s.memsz) { /* wraps on purpose */
			image->entry = h->entry;
			return 0;
		}
		if (!found && h->entry - s.vaddr < s.memsz) {
			image->entry = s.paddr + (h->entry - s.vaddr);
			found = true;
		}
	}
	return found ? 0
		     : load_refuse(place, ENOEXEC,
				   "has ELF entry point 0x%x; expected one within a segment",
				   h->entry);
}

int elf_parse(const struct load_place *place, struct kernel_image *image)
{
	struct elf_header h;
	int error;

	if (place->kernel->size < sizeof(h))
		return load_refuse(place, ENOEXEC,
				   "is truncated: an ELF header has %u bytes, the module %u",
				   (u32)sizeof(h), (u32)place->kernel->size);
	h = elf_read_header(place->kernel);
	error = check_identity(place, &h);
	if (!error)
		error = check_table(place, &h);
	if (!error)
		error = check_segments(place, &h, image);
	if (!error)
		error = find_entry(place, &h, image);
	image->setup_bytes = 0;
	image->command_max = COMMAND_MAX;
	image->initrd_end = MIN(INITRD_END, place->memory_end);
	return error;
}

void elf_place(const struct module *kernel, u32 moved, struct gmem *gmem)
{
	struct elf_header h = elf_read_header(kernel);

	for (u32 i = 0; i < h.phnum; i++) {
		struct elf_segment s = read_segment(kernel, &h, i);
		u32 start = s.paddr + moved;
		bool written;

		if (!is_loaded(&s))
			continue;
		written = gmem_load(gmem, gpa(start), kernel->data + s.offset, s.filesz);
		ASSERT(written); /* parse checked it against the end of RAM */
		load_zero(gmem, start + s.filesz, start + s.memsz);
	}
}
