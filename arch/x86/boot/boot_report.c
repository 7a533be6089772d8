/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host report's part about what the boot loader said (declared in boot_info.h).
 */
#include "arch/x86/boot/boot_info.h"

#include "hv/core/log.h"

static const char *memory_name(u32 type)
{
	static const char *const names[] = {
		[BOOT_MEMORY_RAM] = "RAM",	 [BOOT_MEMORY_RESERVED] = "reserved",
		[BOOT_MEMORY_ACPI] = "ACPI data", [BOOT_MEMORY_NVS] = "ACPI NVS",
		[BOOT_MEMORY_BAD] = "bad",
	};

	return type < ARRAY_SIZE(names) && names[type] ? names[type] : "reserved";
}

void boot_info_report(const struct boot_info *info)
{
	log_notice("boot: %s, %s firmware, ACPI %s", info->loader[0] ? info->loader : "no name",
		   info->efi ? "UEFI" : "BIOS", info->rsdp ? "from the loader" : "to be searched for");
	for (u32 i = 0; i < info->memory_count; i++)
		log_info("memory %#011llx - %#011llx %s",
			 (unsigned long long)info->memory[i].start,
			 (unsigned long long)(info->memory[i].start + info->memory[i].size),
			 memory_name(info->memory[i].type));
	for (u32 i = 0; i < info->module_count; i++)
		log_info("module %#x - %#x '%s'", info->modules[i].start, info->modules[i].end,
			 info->modules[i].cmdline);
	if (info->bad_tags)
		log_error("boot: %u malformed tags from the loader were not used", info->bad_tags);
	if (info->lost_entries)
		log_error("boot: %u memory ranges or modules beyond our maxima (%u, %u) were not used",
			  info->lost_entries, BOOT_MEMORY_MAX, BOOT_MODULES_MAX);
}
