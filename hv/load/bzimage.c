/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading a bzImage.  Where it is loaded:
 *
 * - A relocatable kernel of protocol 2.10 and later goes to the address it prefers, aligned as it
 *   asks.  Loaded lower, its decompressor would move it there anyway.
 * - Any other goes to 1 MB, where bzImages have always gone.  If it says that it moves itself
 *   (not relocatable, 2.10), that place must exist as well.
 *
 * init_size (2.10) is all the memory that the kernel needs until it knows its memory map; older
 * ones do not say, and only their image is checked.
 */
#include "hv/load/bzimage.h"

#include "hv/lib/assert.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"
#include "hv/load/bios.h"

#define VERSION_MIN 0x202
#define SECTOR 512u
#define SETUP_SECTS_DEFAULT 4 /* what 0 stands for */
#define HEADER_FIXED 0x202u   /* header_length counts from here */
#define PARAGRAPH 16u
/* Up to 2.6.25 the build did not pad the file to the whole paragraphs that syssize counts. */
#define TAIL_MISSING (PARAGRAPH - 1)
#define COMMAND_MAX_OLD 255u
#define INITRD_END_OLD 0x38000000u
#define GIB4 BIT64(32)

bool bzimage_recognise(const struct module *kernel)
{
	static const char magic[] = { 'H', 'd', 'r', 'S' };

	return kernel->size >= HEADER_FIXED + sizeof(magic) &&
	       memcmp(kernel->data + HEADER_FIXED, magic, sizeof(magic)) == 0;
}

void bzimage_header(const struct module *kernel, struct setup_header *header)
{
	size_t end = HEADER_FIXED + kernel->data[HEADER_FIXED - 1];

	end = MIN(end, SETUP_HEADER + sizeof(*header));
	end = MIN(end, kernel->size);
	memset(header, 0, sizeof(*header));
	memcpy(header, kernel->data + SETUP_HEADER, end - SETUP_HEADER);
}

static int check_marks(const struct load_place *place, const struct setup_header *h)
{
	if (h->boot_flag != BOOT_FLAG)
		return load_refuse(place, ENOEXEC, "has boot flag 0x%04x at 0x1fe; expected 0x%04x",
				   h->boot_flag, BOOT_FLAG);
	if (h->version < VERSION_MIN)
		return load_refuse(place, ENOEXEC,
				   "has boot protocol %u.%02u; expected 2.02 or later",
				   h->version >> 8, h->version & 0xff);
	if (!(h->loadflags & LOADFLAG_HIGH))
		return load_refuse(place, ENOEXEC,
				   "is a zImage (loaded below 1 MB); expected a bzImage");
	return 0;
}

/* Cut the file in its two parts. */
static int check_sizes(const struct load_place *place, const struct setup_header *h,
		       struct kernel_image *image)
{
	u32 sectors = (h->setup_sects ? h->setup_sects : SETUP_SECTS_DEFAULT) + 1u;
	unsigned long long told, size = place->kernel->size;

	image->setup_bytes = sectors * SECTOR;
	if (size <= image->setup_bytes)
		return load_refuse(
			place, ENOEXEC,
			"is truncated: setup says %u bytes for itself, the module has %u",
			image->setup_bytes, (u32)size);
	size -= image->setup_bytes;
	told = h->version >= 0x204 ? (unsigned long long)h->syssize * PARAGRAPH : size;
	if (!told)
		return load_refuse(place, ENOEXEC, "is empty: setup says syssize 0");
	if (told > size + TAIL_MISSING)
		return load_refuse(place, ENOEXEC,
				   "is truncated: setup says %llu bytes, the module has %llu",
				   told + image->setup_bytes, size + image->setup_bytes);
	image->image_bytes = (u32)MIN(told, size);
	return 0;
}

/* Choose the load address and see that all the memory the kernel needs is there. */
static int check_memory(const struct load_place *place, const struct setup_header *h,
			struct kernel_image *image)
{
	bool relocatable = h->version >= 0x205 && h->relocatable_kernel;
	unsigned long long load = BIOS_HIGH, end = BIOS_HIGH; /* printf's idea of 64 bits */

	if (relocatable &&
	    (!h->kernel_alignment || h->kernel_alignment & (h->kernel_alignment - 1)))
		return load_refuse(place, ENOEXEC,
				   "has kernel_alignment 0x%x; expected a power of two",
				   h->kernel_alignment);
	if (h->version >= 0x20a) {
		end = MIN(h->pref_address, (u64)GIB4);
		if (relocatable) {
			load = ALIGN_UP(MAX(end, load), h->kernel_alignment);
			end = load;
		}
		end += h->init_size;
	}
	end = MAX(end, load + image->image_bytes);
	if (end > place->memory_end)
		return load_refuse(place, ENOSPC,
				   "needs memory from 0x%llx to 0x%llx; the VM's ends at 0x%x",
				   load, end, place->memory_end);
	image->load_address = (u32)load;
	image->entry = (u32)load;
	image->end = (u32)end;
	return 0;
}

int bzimage_parse(const struct load_place *place, struct kernel_image *image)
{
	struct setup_header h;
	u64 initrd_end = INITRD_END_OLD;
	int error;

	bzimage_header(place->kernel, &h);
	error = check_marks(place, &h);
	if (!error)
		error = check_sizes(place, &h, image);
	if (!error)
		error = check_memory(place, &h, image);
	if (error)
		return error;
	if (h.version >= 0x203)
		initrd_end = (u64)h.initrd_addr_max + 1;
	image->initrd_end = (u32)MIN(initrd_end, (u64)place->memory_end);
	image->command_max = h.version >= 0x206 ? h.cmdline_size : COMMAND_MAX_OLD;
	return 0;
}

void bzimage_place(const struct module *kernel, const struct kernel_image *image, struct gmem *gmem)
{
	bool written = gmem_load(gmem, gpa(image->load_address), kernel->data + image->setup_bytes,
				 image->image_bytes);

	ASSERT(written); /* parse checked it against the end of RAM */
}
