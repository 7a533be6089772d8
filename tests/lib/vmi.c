/* SPDX-License-Identifier: GPL-2.0 */
/* The guest's side of VMI; see vmi.h. */
#include "tests/lib/vmi.h"

#define IF 0x200u
#define CALL_SIZE 5

const struct vmi_rom_header *vmi_rom;
bool vmi_active;
extern u32 iret_routine, vmi_iret_offset;

/* What Linux patches over an IRET: CALL rel32.  [ESP] is the return address, below the frame.  It
 * stands among the data, since a test may have made its code read-only. */
__asm__(".pushsection .data\n\t.globl vmi_iret_site\nvmi_iret_site:\n\t.byte 0xe8\n"
	"vmi_iret_offset:\n\t.long 0\n\t.popsection\n");

bool vmi_find(void)
{
	for (u32 at = VMI_ROM_FIRST; at < VMI_ROM_END; at += VMI_ROM_STEP) {
		const struct vmi_rom_header *h = (const void *)at;

		if (h->rom_signature != 0xaa55 || h->vmi_signature != VMI_SIGNATURE ||
		    h->api_major != VMI_API_MAJOR)
			continue;
		vmi_rom = h;
		return true;
	}
	return false;
}

u32 vmi_init(void)
{
	struct vmi_relocation iret;
	u32 result;

	__asm__ volatile("call *%1" : "=a"(result) : "r"(vmi_rom->init) : "ecx", "edx", "memory");
	if (result)
		return result;
	vmi_active = true;
	iret = vmi_relocation(VMI_CALL_IRET);
	check(iret.type == VMI_RELOCATION_CALL_REL, "IRET is offered");
	vmi_iret_offset = iret.eip - (u32)vmi_iret_site - CALL_SIZE;
	iret_routine = (u32)vmi_iret_site;
	return 0;
}

bool vmi_start(void)
{
	check(vmi_find(), "the VMI ROM is found");
	if (!vmi_rom)
		return false;
	check(vmi_init() == 0, "VMI_Init succeeds");
	if (!vmi_active)
		return false;
	check((read_cs() & 3) == 1, "the kernel runs in ring 1 (CS %x)", read_cs());
	return true;
}

struct vmi_relocation vmi_relocation(u32 call)
{
	struct vmi_relocation r;

	__asm__ volatile("call *%3"
			 : "=a"(r.eip), "=d"(r.type)
			 : "a"(call), "r"(vmi_rom->get_relocation)
			 : "ecx", "memory");
	return r;
}

u32 vmi(enum vmi_call call, u32 a, u32 d, u32 c)
{
	struct vmi_relocation r = vmi_relocation(call);

	__asm__ volatile("call *%3" : "+a"(a), "+d"(d), "+c"(c) : "r"(r.eip) : "memory");
	return a;
}

void vmi_write_entry(enum vmi_call call, u32 base, u32 index, u64 raw)
{
	struct vmi_relocation r = vmi_relocation(call);
	u32 low = (u32)raw, high = (u32)(raw >> 32);

	__asm__ volatile("pushl %4\n\tcall *%3\n\taddl $4, %%esp"
			 : "+a"(base), "+d"(index), "+c"(low)
			 : "r"(r.eip), "r"(high)
			 : "memory");
}

void vmi_set_if(bool on)
{
	vmi(on ? VMI_CALL_EnableInterrupts : VMI_CALL_DisableInterrupts, 0, 0, 0);
}

bool vmi_get_if(void)
{
	return vmi(VMI_CALL_GetInterruptMask, 0, 0, 0) & IF;
}
