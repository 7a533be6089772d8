/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMI conformance: finds the ROM as Linux does, and makes every one of the 74 calls: with what it should
 * do, what it must not touch, and the odd arguments that real kernels have. It prints one line for each call
 * (conform.h).  A call that answers NONE is judged by what a kernel does instead: its native instruction, or nothing.
 *
 * Words of the command line: pae (PAE before VMI_Init), pae-late (PAE switched on inside VMI, as Linux 2.6.22 to
 * 2.6.24 do), reboot, shutdown (the call that ends the VM),
 * cost (cost.c).
 */
#include "tests/guests/vmi/conform.h"
#include "tests/lib/pae.h"

#define KEPT(n) (0x5a5a0000u | (n))

bool pae;

static const struct {
	u8 answer;
	const char *name;
} calls[VMI_CALL_COUNT] = {
#define ANSWER_CALL VMI_RELOCATION_CALL_REL
#define ANSWER_NOP VMI_RELOCATION_NOP
#define ANSWER_NONE VMI_RELOCATION_NONE
#define ANSWER_APIC 0xff
#define VMI_CALL(number, name, answer, where) [number] = { ANSWER_##answer, #name },
#include "guest-abi/vmi_calls.def"
#undef VMI_CALL
};

/* ---- verdicts ---- */

static u8 judged[VMI_CALL_COUNT];
static const char *failed_what, *failed_file;
static u32 failed_line;

void expect_that(bool holds, const char *what, const char *file, u32 line)
{
	if (holds || failed_what)
		return;
	failed_what = what;
	failed_file = file;
	failed_line = line;
}

void verdict(enum vmi_call number, const char *what)
{
	judged[number]++;
	if (failed_what)
		check(false, "%u %s: %s: not so at %s:%u: %s", number, calls[number].name, what, failed_file,
		      failed_line, failed_what);
	else
		check(true, "%u %s: %s", number, calls[number].name, what);
	failed_what = NULL;
}

void check_expected(const char *what)
{
	if (failed_what)
		check(false, "%s: not so at %s:%u: %s", what, failed_file, failed_line, failed_what);
	else
		check(true, "%s", what);
	failed_what = NULL;
}

void all_were_judged(void)
{
	u32 missing = 0;

	for (u32 i = 0; i < VMI_CALL_COUNT; i++) {
		if (judged[i] == 1)
			continue;
		missing++;
		print("%u %s: %u verdicts\n", i, calls[i].name, judged[i]);
	}
	check(missing == 0, "each of the %u calls was judged once", VMI_CALL_COUNT);
}

/* ---- calls ---- */

bool offered(enum vmi_call number)
{
	return vmi_relocation(number).type == VMI_RELOCATION_CALL_REL;
}

struct registers registers_for(u32 a, u32 d, u32 c)
{
	return (struct registers){ .eax = a, .edx = d, .ecx = c, .ebx = KEPT(1), .esi = KEPT(2), .edi = KEPT(3),
				   .ebp = KEPT(4), .eflags = 2, .ds = KERNEL_DS, .es = KERNEL_DS,
				   .fs = USER_DS, .gs = KERNEL_DS, .argument4 = KEPT(5),
				   .argument5 = KEPT(6) };
}

bool call_registers(enum vmi_call number, struct registers *r)
{
	struct registers before = *r;
	bool fast = number >= VMI_CALL_EnableInterrupts && number <= VMI_CALL_SetInterruptMask;

	call_at(vmi_relocation(number).eip, r);
	if (r->esi != before.esi || r->edi != before.edi || r->ebp != before.ebp || r->esp_lost ||
	    r->ds != before.ds || r->es != before.es || r->fs != before.fs || r->gs != before.gs)
		return false;
	if (number != VMI_CALL_CPUID && r->ebx != before.ebx)
		return false;
	if (fast && (r->ecx != before.ecx || r->edx != before.edx ||
		     (number != VMI_CALL_GetInterruptMask && r->eax != before.eax)))
		return false;
	return true;
}

u32 call5(enum vmi_call number, u32 a, u32 d, u32 c, u32 e, u32 f)
{
	struct registers r = registers_for(a, d, c);

	r.argument4 = e;
	r.argument5 = f;
	if (!call_registers(number, &r))
		expect_that(false, "a register or ESP came back changed", calls[number].name, number);
	return r.eax;
}

u32 call(enum vmi_call number, u32 a, u32 d, u32 c)
{
	return call5(number, a, d, c, 0, 0);
}

u64 call64(enum vmi_call number, u32 a)
{
	struct registers r = registers_for(a, 0, 0);

	expect(call_registers(number, &r));
	return r.eax | (u64)r.edx << 32;
}

void try_call(u32 pending)
{
	const struct pending *p = (const struct pending *)pending;

	call5(p->number, p->a, p->d, p->c, p->e, p->f);
}

u32 call_faults(enum vmi_call number, u32 a, u32 d, u32 c)
{
	struct pending p = { number, a, d, c, 0, 0 };

	return guest_try(try_call, (u32)&p);
}

/* ---- the ROM ---- */

static bool is_text(const char *text, const char *wanted)
{
	while (*wanted && *text == *wanted)
		text++, wanted++;
	return *text == *wanted;
}

static void headers(void)
{
	const u8 *rom = (const u8 *)vmi_rom, *pci = rom + vmi_rom->pci_offset, *pnp = rom + vmi_rom->pnp_offset;
	u8 sum = 0;

	for (u32 i = 0; i < vmi_rom->rom_length * 512u; i++)
		sum = (u8)(sum + rom[i]);
	check(sum == 0 && vmi_rom->api_minor == 0, "the ROM adds up to 0 and has API version 3.%u",
	      vmi_rom->api_minor);
	check(vmi_rom->license_offset && is_text((const char *)rom + vmi_rom->license_offset, "GPL"),
	      "its licence is one that Linux takes");
	check(*(const u32 *)pci == 0x52494350 && *(const u32 *)(pci + 4) == 0x080115ad,
	      "its PCI header names 15ad:0801");
	check(*(const u32 *)pnp == 0x506e5024 && rom[*(const u16 *)(pnp + 14)] == 'R' &&
	      rom[*(const u16 *)(pnp + 16)] == 'H', "its PnP header names manufacturer and product");
	check(vmi_rom->virtual_top % 0x400000 == 0 && vmi_rom->virtual_top > 0xf0000000,
	      "the linear space below %x is the kernel's", vmi_rom->virtual_top);
}

void discovery(void)
{
	u32 wrong = 0, outside = 0;

	headers();
	for (u32 i = 0; i < VMI_CALL_COUNT + 1000; i++) {
		struct vmi_relocation r = vmi_relocation(i);
		u32 answer = i < VMI_CALL_COUNT ? calls[i].answer : VMI_RELOCATION_NONE;

		if (answer == ANSWER_APIC)
			answer = boot_word("apic") ? VMI_RELOCATION_CALL_REL : VMI_RELOCATION_NONE;
		wrong += r.type != answer;
		outside += r.type == VMI_RELOCATION_CALL_REL ? r.eip < vmi_rom->virtual_top : r.eip != 0;
	}
	wrong += vmi_relocation(~0u).type != 0 || vmi_relocation(0x80000021).type != 0;
	check(wrong == 0 && outside == 0, "GetRelocationInfo answers as the list says (%u wrong, %u outside)",
	      wrong, outside);
}

static void start(void)
{
	u8 *to = (u8 *)USER_CODE;
	extern u8 user_pieces[], user_pieces_end[];

	pae = boot_word("pae");
	if (pae)
		pae_paging_init();
	else
		paging_init();
	for (const u8 *from = user_pieces; from < user_pieces_end; from++)
		*to++ = *from;
}

/* SetCR3 comes first: the PDPT is a page directory for a moment, as 2.6.22's swapper_pg_dir is. */
static void switch_to_pae(void)
{
	u32 cr4 = vmi(VMI_CALL_GetCR4, 0, 0, 0);

	pae_build();
	for (u32 i = 0; i < 4; i++)
		*(u64 *)&page_directory[768 + i * 2] = pae_pdpt[i];
	vmi(VMI_CALL_SetCR3, (u32)&page_directory[768], 0, 0);
	vmi(VMI_CALL_SetCR4, cr4 | CR4_PAE, 0, 0);
	vmi(VMI_CALL_FlushTLB, 3, 0, 0);
	vmi(VMI_CALL_SetCR3, (u32)pae_pdpt, 0, 0);
	pae = true;
	check(vmi(VMI_CALL_GetCR4, 0, 0, 0) & CR4_PAE, "PAE is switched on inside VMI");
}

void guest_main(void)
{
	start();
	if (!vmi_start())
		return;
	check(vmi_init() != 0 && (read_cs() & 3) == 1, "a second VMI_Init is refused, and nothing changes");
	if (boot_word("pae-late"))
		switch_to_pae();
	user_init();
	timer_init();
	if (boot_word("cost")) {
		costs();
		return;
	}
	discovery();
	pci_device();
	control_calls();
	descriptor_calls();
	flag_calls();
	return_calls();
	page_calls();
	demand_faults();
	instruction_calls();
	time_calls();
	leaving();
	end_calls();
	all_were_judged();
}
