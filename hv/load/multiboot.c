/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loading a Multiboot kernel, in two steps like load.c: make_plan() settles everything that can
 * fail, carry_out() writes.  Sums of what a file says are taken in 64 bits.
 *
 * A kernel that may be moved is placed at the lowest address that it allows, or the highest if it
 * prefers that.  Modules and left-over ELF sections go behind it, or below if there is no room.
 */
#include "hv/load/multiboot.h"

#include "arch/x86/isa/regs.h"
#include "hv/core/log.h"
#include "hv/lib/assert.h"
#include "hv/lib/err.h"
#include "hv/lib/string.h"
#include "hv/load/bios.h"
#include "hv/load/elf.h"
#include "hv/load/multiboot_priv.h"

#define INFORMATION BIOS_BOOT_COMMAND
#define INFORMATION_END BIOS_EBDA
/* All but the section headers: the structure, and for each module an entry or a tag. */
#define INFORMATION_SMALL (1024 + CONFIG_MODULES_MAX * 32 + CONFIG_MODULES_BYTES)
_Static_assert(INFORMATION_SMALL + CONFIG_APPEND_MAX + ELF_SECTIONS_MAX * ELF_SECTION_BYTES <=
		       INFORMATION_END - INFORMATION,
	       "the information structure may not fit");

/* Where both exist, the later one. */
static const struct multiboot_version *const versions[] = { &multiboot2, &multiboot1 };

u32 multiboot_u32(const struct module *kernel, u32 offset)
{
	u32 value;

	memcpy(&value, kernel->data + offset, sizeof(value));
	return value;
}

u32 multiboot_high_kb(const struct multiboot_plan *plan)
{
	return (plan->place.memory_end - BIOS_HIGH) / KIB;
}

u32 multiboot_module_end(const struct multiboot_module *module)
{
	return module->start + (u32)module->file->size;
}

/* ---- planning: the image ------------------------------------------------------------------ */

static int find_header(struct multiboot_plan *plan)
{
	u32 offset = ~0u;

	for (u32 i = 0; i < ARRAY_SIZE(versions); i++) {
		plan->version = versions[i];
		if (!plan->version->find(plan->place.kernel, &offset))
			continue;
		plan->header.offset = offset;
		return plan->version->parse(&plan->place, &plan->header);
	}
	if (offset != ~0u)
		return load_refuse(&plan->place, ENOEXEC,
				   "has a Multiboot header at 0x%x whose checksum is wrong",
				   offset);
	return load_refuse(&plan->place, ENOEXEC,
			   "has no Multiboot header; expected one in its first 32 KB (version 2) "
			   "or 8 KB (version 1)");
}

/* The part of the file that is copied, by the header's address fields. */
static int plan_file_part(struct multiboot_plan *plan)
{
	struct multiboot_wants *h = &plan->header;
	u64 size = plan->place.kernel->size, bytes;

	if (h->from_file_start)
		h->load_start = h->header_address - h->offset; /* checked next, if it wraps */
	if (h->header_address < h->load_start || h->header_address - h->load_start > h->offset)
		return load_refuse(&plan->place, ENOEXEC,
				   "has Multiboot address fields that load it from 0x%x with the "
				   "header at 0x%x; in the file the header is at 0x%x",
				   h->load_start, h->header_address, h->offset);
	plan->file_offset = h->offset - (h->header_address - h->load_start);
	size -= plan->file_offset;
	bytes = h->load_end ? (u64)h->load_end - h->load_start : size;
	if (h->load_end && h->load_end < h->load_start)
		return load_refuse(&plan->place, ENOEXEC,
				   "has Multiboot address fields from 0x%x to 0x%x; expected "
				   "addresses that grow",
				   h->load_start, h->load_end);
	if (bytes > size)
		return load_refuse(&plan->place, ENOEXEC,
				   "is truncated: its Multiboot header says %u bytes behind 0x%x, "
				   "the module has %u",
				   (u32)bytes, plan->file_offset, (u32)size);
	plan->file_bytes = (u32)bytes;
	return 0;
}

static int plan_by_addresses(struct multiboot_plan *plan)
{
	const struct multiboot_wants *h = &plan->header;
	u32 lowest = h->moves ? 0 : BIOS_HIGH;
	u32 highest = h->moves ? ~0u : plan->place.memory_end;
	int error = plan_file_part(plan);
	unsigned long long end;

	if (error)
		return error;
	end = (u64)h->load_start + plan->file_bytes;
	if (h->bss_end && h->bss_end < end)
		return load_refuse(&plan->place, ENOEXEC,
				   "has Multiboot address fields with bss to 0x%x, but data to "
				   "0x%llx",
				   h->bss_end, end);
	end = MAX(end, (unsigned long long)h->bss_end);
	if (h->load_start < lowest || end > highest)
		return load_refuse(&plan->place, ENOSPC,
				   "is to be loaded at 0x%x to 0x%llx; the VM's memory for kernels "
				   "is 0x%x to 0x%x",
				   h->load_start, end, lowest, highest);
	plan->image.start = h->load_start;
	plan->image.end = (u32)end;
	return 0;
}

static int plan_by_elf(struct multiboot_plan *plan)
{
	int error;

	if (!elf_recognise(plan->place.kernel))
		return load_refuse(&plan->place, ENOEXEC,
				   "has a Multiboot %u header without addresses, and is no ELF "
				   "file; expected one of both",
				   plan->version->number);
	error = elf_parse(&plan->place, &plan->image);
	if (!error)
		error = elf_sections_parse(&plan->place, &plan->sections);
	return error;
}

static int plan_entry(struct multiboot_plan *plan)
{
	if (plan->header.has_entry)
		plan->image.entry = plan->header.entry;
	if (plan->image.entry < plan->image.start || plan->image.entry >= plan->image.end)
		return load_refuse(&plan->place, ENOEXEC,
				   "has Multiboot entry address 0x%x; expected one in the image, "
				   "0x%x to 0x%x",
				   plan->image.entry, plan->image.start, plan->image.end);
	return 0;
}

/* Choose where an image that may be moved goes. */
static int plan_move(struct multiboot_plan *plan)
{
	const struct multiboot_wants *h = &plan->header;
	struct kernel_image *image = &plan->image;
	u64 align = h->align ? h->align : 1, size = image->end - image->start;
	u64 low = MAX(h->lowest, BIOS_HIGH);
	u64 high = MIN((u64)h->highest + 1, (u64)plan->place.memory_end);
	u64 start = ALIGN_UP(low, align);

	if (!h->moves)
		return 0;
	if (h->prefers_high && high >= size)
		start = ALIGN_DOWN(high - size, align);
	if (start < low || start + size > high)
		return load_refuse(&plan->place, ENOSPC,
				   "needs %u bytes within 0x%x to 0x%x, aligned to 0x%x; the VM's "
				   "memory for kernels is 0x%x to 0x%x",
				   (u32)size, h->lowest, h->highest, (u32)align, BIOS_HIGH,
				   plan->place.memory_end);
	plan->moved = (u32)start - image->start; /* may wrap: down */
	image->start += plan->moved;
	image->end += plan->moved;
	image->entry += plan->moved;
	return 0;
}

static int plan_image(struct multiboot_plan *plan)
{
	int error = find_header(plan);

	plan->place.anywhere = plan->header.moves;
	if (!error)
		error = plan->header.has_addresses ? plan_by_addresses(plan) : plan_by_elf(plan);
	if (!error)
		error = plan_entry(plan);
	if (!error)
		error = plan_move(plan);
	return error;
}

/* ---- planning: what comes with it --------------------------------------------------------- */

/* Split "MODULE arguments"; arguments point into the configuration. */
static int find_module(struct multiboot_plan *plan, const char *line)
{
	const struct load_request *request = plan->request;
	struct multiboot_module *module = &plan->modules[plan->module_count++];
	char name[CONFIG_MODULE_MAX + 1];
	size_t length = 0;

	while (line[length] && line[length] != ' ' && line[length] != '\t')
		length++;
	ASSERT(length < sizeof(name)); /* config.c saw to it */
	memcpy(name, line, length);
	name[length] = 0;
	module->file = module_find(request->modules, request->module_count, name);
	while (line[length] == ' ' || line[length] == '\t')
		length++;
	module->arguments = line + length;
	return module->file ? 0 : load_no_module(request, "module", name);
}

/* Give modules and left-over sections their places from @at on; where they end. */
static u64 lay_out(struct multiboot_plan *plan, u64 at)
{
	for (u32 i = 0; i < plan->module_count; i++) {
		plan->modules[i].start = (u32)at;
		at = ALIGN_UP(at + plan->modules[i].file->size, PAGE_SIZE);
	}
	plan->sections.start = (u32)at;
	/* Beyond 4 GB nothing fits anyway. */
	return at >> 32 ? at : elf_sections_end(plan->place.kernel, &plan->sections);
}

static int plan_modules(struct multiboot_plan *plan)
{
	const struct vm_config *config = plan->request->config;
	u64 behind = ALIGN_UP((u64)plan->image.end, PAGE_SIZE), end;
	const char *line = config->modules;
	int error = 0;

	for (u32 i = 0; i < config->module_count && !error; i++) {
		error = find_module(plan, line);
		line += strlen(line) + 1;
	}
	if (error || lay_out(plan, behind) <= plan->place.memory_end)
		return error;
	end = lay_out(plan, BIOS_HIGH);
	if (end > plan->image.start)
		return load_refuse(&plan->place, ENOSPC,
				   "at 0x%x to 0x%x leaves too little memory for its modules and "
				   "symbols, %u KB; the VM's ends at 0x%x",
				   plan->image.start, plan->image.end,
				   (u32)((end - BIOS_HIGH + KIB - 1) / KIB), plan->place.memory_end);
	return 0;
}

static int make_plan(const struct load_request *request, struct multiboot_plan *plan)
{
	const struct vm_config *config = request->config;
	int error;

	*plan = (struct multiboot_plan){ .request = request,
					 .place.vm = config->name,
					 .place.memory_end = (u32)config->memory_bytes };
	plan->place.kernel = module_find(request->modules, request->module_count, config->kernel);
	if (!plan->place.kernel)
		return load_no_module(request, "kernel", config->kernel);
	error = plan_image(plan);
	return error ? error : plan_modules(plan);
}

/* ---- carrying it out ---------------------------------------------------------------------- */

static void put_image(const struct multiboot_plan *plan)
{
	struct gmem *gmem = plan->request->gmem;
	u32 end = plan->image.start + plan->file_bytes;

	if (!plan->header.has_addresses) {
		elf_place(plan->place.kernel, plan->moved, gmem);
		return;
	}
	load_put(gmem, plan->image.start, plan->place.kernel->data + plan->file_offset,
		 plan->file_bytes);
	load_zero(gmem, end, plan->image.end);
}

static void carry_out(const struct multiboot_plan *plan, struct x86_cpu *cpu)
{
	struct gmem *gmem = plan->request->gmem;

	bios_fill(gmem, plan->request->com_ports);
	load_zero(gmem, BIOS_BOOT_PARAMS, INFORMATION_END);
	put_image(plan);
	for (u32 i = 0; i < plan->module_count; i++)
		load_put(gmem, plan->modules[i].start, plan->modules[i].file->data,
			 plan->modules[i].file->size);
	plan->version->put_information(plan, INFORMATION);
	load_enter(gmem, cpu, plan->image.entry);
	cpu->gpr[REG_EAX] = plan->version->magic;
	cpu->gpr[REG_EBX] = INFORMATION;
}

int multiboot_load(const struct load_request *request, struct x86_cpu *cpu)
{
	struct multiboot_plan plan;
	int error = make_plan(request, &plan);

	if (error)
		return error;
	carry_out(&plan, cpu);
	if (!request->quiet)
		log_info("vm '%s': kernel '%s' at 0x%x, entered at 0x%x by Multiboot %u, %u modules",
			 plan.place.vm, plan.place.kernel->name, plan.image.start, plan.image.entry,
			 plan.version->number, plan.module_count);
	return 0;
}
