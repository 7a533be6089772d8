/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loading a kernel.  Everything that can fail (files, formats, sizes, room) is settled in plan();
 * carry_out() then writes:
 *
 *   BIOS_BOOT_PARAMS   the zero page [Linux Documentation/x86/zero-page.rst]
 *   BIOS_BOOT_GDT      four descriptors: null, null, flat code, flat data
 *   BIOS_BOOT_COMMAND  the command line
 *   kernel             where its format says
 *   initrd             page-aligned, as high as the kernel can reach it: old kernels do not say how
 *                      much memory they need behind their image, and there they find it
 */
#include "hv/load/load.h"

#include <stdarg.h>

#include "arch/x86/isa/regs.h"
#include "hv/core/log.h"
#include "hv/lib/assert.h"
#include "hv/lib/err.h"
#include "hv/lib/printf.h"
#include "hv/lib/string.h"
#include "hv/load/bios.h"
#include "hv/load/bzimage.h"
#include "hv/load/elf.h"
#include "hv/load/multiboot.h"
#include "hv/vm/config.h"

/* Members of the zero page that are not in the setup header. */
#define ZERO_PAGE_EXT_MEM_K 0x002
#define ZERO_PAGE_RSDP 0x070 /* protocol 2.14 */
#define ZERO_PAGE_ALT_MEM_K 0x1e0
#define ZERO_PAGE_E820_COUNT 0x1e8
#define ZERO_PAGE_E820 0x2d0
#define COMMAND_AREA (CONFIG_APPEND_MAX + 1)

#define VIDEO_MODE_NORMAL 0xffff
#define ELF_AS_PROTOCOL 0x20f /* what an ELF kernel is told that its loader speaks */
#define RSDP_PROTOCOL 0x20e

#define BOOT_CS 0x10
#define BOOT_DS 0x18
static const u64 boot_gdt[] = { 0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff };
#define BOOT_CS_ATTR (SEG_G | SEG_DB | SEG_P | SEG_S | 0xb) /* execute, read, accessed */
#define BOOT_DS_ATTR (SEG_G | SEG_DB | SEG_P | SEG_S | 0x3) /* read, write, accessed */

struct plan {
	struct load_place place;
	struct kernel_image image;
	const struct module *initrd; /* NULL: none */
	u32 initrd_address;
};

const struct module *module_find(const struct module *modules, u32 count, const char *name)
{
	for (u32 i = 0; i < count; i++)
		if (strcmp(modules[i].name, name) == 0)
			return &modules[i];
	return NULL;
}

int load_refuse(const struct load_place *place, int error, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	hv_vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_error("vm '%s': kernel '%s' %s", place->vm, place->kernel->name, text);
	return -error;
}

void load_zero(struct gmem *gmem, u32 start, u32 end)
{
	for (u32 size; start < end; start += size) {
		void *bytes;

		size = MIN(end - start, PAGE_SIZE - (start & PAGE_MASK));
		bytes = gmem_ptr(gmem, gpa(start), size, true);
		ASSERT(bytes);
		memset(bytes, 0, size);
		gmem_written(gmem, gpa(start), size);
	}
}

int load_add_memory(struct gmem *gmem, const struct vm_config *config, u64 free_bytes)
{
	int error = config->memory_bytes > free_bytes ? -ENOMEM
						      : bios_add_memory(gmem, config->memory_bytes);

	if (error)
		log_error("vm '%s': memory = %uK (line %u of " CONFIG_FILE
			  "); the host has %uK left",
			  config->name, (u32)(config->memory_bytes / KIB), config->line,
			  (u32)(free_bytes / KIB));
	return error;
}

/* ---- planning ----------------------------------------------------------------------------- */

int load_no_module(const struct load_request *request, const char *role, const char *name)
{
	char names[128] = "no modules at all";
	int used = 0;

	for (u32 i = 0; i < request->module_count && used < (int)sizeof(names); i++)
		used += hv_snprintf(names + used, sizeof(names) - (size_t)used, "%s%s",
				    i ? ", " : "", request->modules[i].name);
	log_error("vm '%s': no module '%s' for its %s; the boot loader gave: %s",
		  request->config->name, name, role, names);
	return -ENOENT;
}

static int refuse_format(const struct load_place *place)
{
	u8 first[4] = { 0 };

	memcpy(first, place->kernel->data, MIN(place->kernel->size, sizeof(first)));
	return load_refuse(
		place, ENOEXEC,
		"of %u bytes begins with %02x %02x %02x %02x; expected a Linux bzImage or an "
		"ELF executable for the 386",
		(u32)place->kernel->size, first[0], first[1], first[2], first[3]);
}

static int plan_kernel(struct plan *plan)
{
	if (bzimage_recognise(plan->place.kernel))
		return bzimage_parse(&plan->place, &plan->image);
	if (elf_recognise(plan->place.kernel))
		return elf_parse(&plan->place, &plan->image);
	return refuse_format(&plan->place);
}

static int plan_command(const struct load_request *request, const struct plan *plan)
{
	size_t length = strlen(request->config->append);

	if (length > plan->image.command_max)
		return load_refuse(&plan->place, ENOSPC,
				   "takes at most %u characters of append; given are %u",
				   plan->image.command_max, (u32)length);
	return 0;
}

static int plan_initrd(const struct load_request *request, struct plan *plan)
{
	u32 start = ALIGN_UP(plan->image.end, PAGE_SIZE);
	u32 end = ALIGN_DOWN(plan->image.initrd_end, PAGE_SIZE);
	u32 room = end > start ? end - start : 0;

	if (!request->config->initrd[0])
		return 0;
	plan->initrd =
		module_find(request->modules, request->module_count, request->config->initrd);
	if (!plan->initrd)
		return load_no_module(request, "initrd", request->config->initrd);
	if (plan->initrd->size > room) {
		log_error(
			"vm '%s': initrd '%s' has %u bytes; the kernel leaves it %u, from 0x%x to "
			"0x%x",
			plan->place.vm, plan->initrd->name, (u32)plan->initrd->size, room, start,
			MAX(start, end));
		return -ENOSPC;
	}
	plan->initrd_address = ALIGN_DOWN(end - (u32)plan->initrd->size, PAGE_SIZE);
	return 0;
}

static int make_plan(const struct load_request *request, struct plan *plan)
{
	const struct vm_config *config = request->config;
	int error;

	*plan = (struct plan){ .place.vm = config->name,
			       .place.memory_end = (u32)config->memory_bytes };
	plan->place.kernel = module_find(request->modules, request->module_count, config->kernel);
	if (!plan->place.kernel)
		return load_no_module(request, "kernel", config->kernel);
	error = plan_kernel(plan);
	if (!error)
		error = plan_command(request, plan);
	if (!error)
		error = plan_initrd(request, plan);
	return error;
}

/* ---- carrying it out ---------------------------------------------------------------------- */

void load_put(struct gmem *gmem, u32 address, const void *bytes, size_t size)
{
	bool written = gmem_load(gmem, gpa(address), bytes, size);

	ASSERT(written);
}

/* Little-endian on both sides. */
static void put_param(struct gmem *gmem, u32 offset, u32 size, u64 value)
{
	load_put(gmem, BIOS_BOOT_PARAMS + offset, &value, size);
}

static void fill_header(const struct plan *plan, struct setup_header *h)
{
	if (plan->image.setup_bytes) {
		bzimage_header(plan->place.kernel, h);
	} else {
		*h = (struct setup_header){ .boot_flag = BOOT_FLAG,
					    .header = HEADER_MAGIC,
					    .version = ELF_AS_PROTOCOL,
					    .loadflags = LOADFLAG_HIGH };
	}
	h->vid_mode = VIDEO_MODE_NORMAL;
	h->type_of_loader = LOADER_UNDEFINED;
	h->loadflags &= (u8) ~(LOADFLAG_KEEP_SEGMENTS | LOADFLAG_CAN_USE_HEAP);
	h->code32_start = plan->image.entry;
	h->cmd_line_ptr = BIOS_BOOT_COMMAND;
	h->hardware_subarch = 0; /* a PC */
	h->setup_data = 0;
	h->ramdisk_image = plan->initrd_address;
	h->ramdisk_size = plan->initrd ? (u32)plan->initrd->size : 0;
}

static void put_memory_map(struct gmem *gmem, u32 memory_end)
{
	struct e820_entry map[BIOS_E820_ENTRIES];
	u32 count = bios_e820(memory_end, map);
	u32 high_kb = (memory_end - BIOS_HIGH) / KIB;

	put_param(gmem, ZERO_PAGE_EXT_MEM_K, 2, MIN(high_kb, 0xffffu));
	put_param(gmem, ZERO_PAGE_ALT_MEM_K, 4, high_kb);
	put_param(gmem, ZERO_PAGE_E820_COUNT, 1, count);
	load_put(gmem, BIOS_BOOT_PARAMS + ZERO_PAGE_E820, map, count * sizeof(map[0]));
}

static void put_boot_params(const struct load_request *request, const struct plan *plan)
{
	struct gmem *gmem = request->gmem;
	struct setup_header h;

	load_zero(gmem, BIOS_BOOT_PARAMS, BIOS_BOOT_COMMAND + COMMAND_AREA);
	fill_header(plan, &h);
	load_put(gmem, BIOS_BOOT_PARAMS + SETUP_HEADER, &h, sizeof(h));
	if (h.version >= RSDP_PROTOCOL)
		put_param(gmem, ZERO_PAGE_RSDP, 8, request->rsdp.v);
	put_memory_map(gmem, plan->place.memory_end);
	load_put(gmem, BIOS_BOOT_COMMAND, request->config->append, strlen(request->config->append));
}

void load_enter(struct gmem *gmem, struct x86_cpu *cpu, u32 entry)
{
	static const struct x86_segment code = { BOOT_CS, BOOT_CS_ATTR, 0, ~0u };
	static const struct x86_segment data = { BOOT_DS, BOOT_DS_ATTR, 0, ~0u };
	u64 apic_base = cpu->apic_base;

	load_put(gmem, BIOS_BOOT_GDT, boot_gdt, sizeof(boot_gdt));
	x86_cpu_reset(cpu);
	cpu->apic_base = apic_base; /* the machine's */
	for (u32 i = 0; i < SREG_COUNT; i++)
		cpu->seg[i] = i == SREG_CS ? code : data;
	memset(cpu->gpr, 0, sizeof(cpu->gpr));
	cpu->gpr[REG_ESP] = BIOS_BOOT_PARAMS; /* growing down, away from it */
	cpu->eip = entry;
	cpu->eflags = EFLAGS_FIXED;
	cpu->cr0 = CR0_PE | CR0_ET;
	cpu->gdtr = (struct x86_table){ BIOS_BOOT_GDT, sizeof(boot_gdt) - 1 };
	cpu->idtr = (struct x86_table){ 0, 0 }; /* the vectors at 0 are not for protected mode */
}

static int load_linux(const struct load_request *request, struct x86_cpu *cpu)
{
	struct plan plan;
	int error = make_plan(request, &plan);

	if (error)
		return error;
	bios_fill(request->gmem, request->com_ports);
	put_boot_params(request, &plan);
	if (plan.image.setup_bytes)
		bzimage_place(plan.place.kernel, &plan.image, request->gmem);
	else
		elf_place(plan.place.kernel, 0, request->gmem);
	if (plan.initrd)
		load_put(request->gmem, plan.initrd_address, plan.initrd->data, plan.initrd->size);
	load_enter(request->gmem, cpu, plan.image.entry);
	cpu->gpr[REG_ESI] = BIOS_BOOT_PARAMS;
	if (!request->quiet)
		log_info("vm '%s': kernel '%s' at 0x%x, initrd of %u bytes at 0x%x", plan.place.vm,
			 plan.place.kernel->name, plan.image.entry,
			 plan.initrd ? (u32)plan.initrd->size : 0, plan.initrd_address);
	return 0;
}

int load_kernel(const struct load_request *request, struct x86_cpu *cpu)
{
	return request->config->multiboot ? multiboot_load(request, cpu) : load_linux(request, cpu);
}
