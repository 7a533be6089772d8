/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Putting the VMI option ROM where a guest looks for it, after the checks a guest or a BIOS would
 * make.  The image is built with the hypervisor, so a failure here means a broken build; it is said
 * clearly because a guest would only fall back to "no VMI found".
 */
#include "arch/x86/vmi/vmi.h"

#include "hv/core/gmem.h"
#include "hv/core/log.h"
#include "hv/lib/err.h"

extern const u8 vmi_option_image[], vmi_option_image_end[];
extern const u8 vmi_plain_image[], vmi_plain_image_end[];
extern const u8 vmi_gate_image[], vmi_gate_image_end[];

const char *vmi_rom_defect(const u8 *image, u32 size)
{
	const struct vmi_rom_header *header = (const struct vmi_rom_header *)image;
	u8 sum = 0;

	if (size < sizeof(*header) || header->rom_signature != 0xaa55)
		return "does not start with 55 AA";
	if (header->rom_length * 512u != size)
		return "length byte does not match its size";
	if (header->vmi_signature != VMI_SIGNATURE || header->api_major != VMI_API_MAJOR)
		return "has no VMI 3 signature";
	for (u32 i = 0; i < size; i++)
		sum = (u8)(sum + image[i]);
	return sum ? "checksum is not 0" : NULL;
}

const void *vmi_option_rom(bool apic, u32 *size)
{
	if (!apic) {
		*size = (u32)(vmi_plain_image_end - vmi_plain_image);
		return vmi_plain_image;
	}
	*size = (u32)(vmi_option_image_end - vmi_option_image);
	return vmi_option_image;
}

int vmi_load_rom(struct gmem *gmem, bool apic)
{
	u32 size;
	const void *image = vmi_option_rom(apic, &size);
	const char *wrong = vmi_rom_defect(image, size);

	if (wrong) {
		log_error("VMI ROM (%u bytes) %s; the VM is not started", size, wrong);
		return -ENOEXEC;
	}
	if (!gmem_load(gmem, gpa(VMI_ROM_ADDRESS), image, size)) {
		log_error("VMI ROM: no guest memory at %#x", VMI_ROM_ADDRESS);
		return -EFAULT;
	}
	if (gmem_type(gmem, gpa(VMI_ROM_ADDRESS)) == GMEM_ROM)
		return 0; /* since before a reset */
	return gmem_protect_rom(gmem, gpa(VMI_ROM_ADDRESS), ALIGN_UP(size, PAGE_SIZE));
}

const void *vmi_gate_rom(u32 *size)
{
	*size = (u32)(vmi_gate_image_end - vmi_gate_image);
	return vmi_gate_image;
}
