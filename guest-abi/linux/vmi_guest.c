// SPDX-License-Identifier: GPL-2.0
/*
 * VMI for the 32-bit kernel: finding the ROM, entering the hypervisor, patching the call sites.
 *
 * Two steps, since both have their one right moment in setup_arch():
 *
 * vmi_probe() runs before anything touches the fixmap, because the ROM's header says how much
 * linear space at the top belongs to the hypervisor, and the fixmap must keep below.
 *
 * vmi_activate() runs when the command line is parsed.  VMI_Init returns with the kernel in ring 1:
 * privileged instructions trap from then on and are emulated, but PUSHF, POPF and IRET silently
 * do the wrong thing with IF.  So nothing between VMI_Init and the end of the patching may touch
 * the interrupt flag: no printk, no lock, no local_irq_save().
 *
 * Page-table calls are notifications: the hypervisor is right without them, if slower, so code that
 * changes tables by plain stores (boot, exit) needs no hook.
 */
#define pr_fmt(fmt) "VMI: " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <asm/cpufeature.h>
#include <asm/desc.h>
#include <asm/fixmap.h>
#include <asm/io.h>
#include <asm/processor.h>
#include <asm/sync_core.h>
#include <asm/vmi_guest.h>

#define VMI_ROM_FIRST		0xc0000
#define VMI_ROM_END		0xe0000
#define VMI_ROM_STEP		2048
#define VMI_ROM_SIGNATURE	0xaa55
#define VMI_SIGNATURE		0x696d5663	/* "cVmi" */
#define VMI_API_MAJOR		3

struct vmi_rom_header {
	u16 rom_signature;
	u8 rom_length;		/* 512-byte units */
	u8 rom_entry[4];
	u8 pad0;
	u32 vmi_signature;
	u8 api_minor;
	u8 api_major;
	u8 jump_slots;
	u8 reserved1;
	u32 virtual_top;
	u16 reserved2;
	u16 license_offset;
	u16 pci_offset;
	u16 pnp_offset;
	u32 pad3;
	u8 reserved3[0x60];
	u8 init[8];		/* code */
	u8 get_relocation[8];	/* code */
} __packed;

struct vmi_pci_header {
	char signature[4];	/* PCIR */
	u16 vendor;
	u16 device;
	u8 pad[10];
	u8 rom_minor;
	u8 rom_major;
} __packed;

struct vmi_pnp_header {
	char signature[4];	/* $PnP */
	u8 pad[10];
	u16 manufacturer_offset;
	u16 product_offset;
} __packed;

#define VMI_PCI_VENDOR		0x15ad
#define VMI_PCI_DEVICE		0x0801

#define IO_DELAY_TYPE_NONE	3		/* io_delay.c's */

enum vmi_relocation_type {
	VMI_RELOCATION_NONE,
	VMI_RELOCATION_CALL_REL,
	VMI_RELOCATION_JUMP_REL,
	VMI_RELOCATION_NOP,
};

/* What the ROM answered for each call. */
struct vmi_relocation {
	u32 target;
	u8 type;
};

/* The kernel is built with -mregparm=3, the convention of VMI's C calls. */
typedef u32 vmi_init_t(void);
typedef u64 vmi_get_relocation_t(u32 call);
typedef void vmi_write_entry_t(void *table, int entry, u32 low, u32 high);
typedef void vmi_update_kernel_stack_t(u32 ss, unsigned long sp0);
typedef void vmi_allocate_page_t(u32 pfn, u32 flags, u32 clone_pfn, u32 start, u32 count);
typedef void vmi_release_page_t(u32 pfn, u32 flags);
typedef void vmi_flush_tlb_t(u32 flags);
typedef void vmi_set_linear_mapping_t(u32 slot, u32 va, u32 pages, u32 first_pfn);

/* Calls that C code makes; NULL where the ROM does not offer one. */
static struct {
	vmi_write_entry_t *write_gdt_entry, *write_ldt_entry, *write_idt_entry;
	vmi_update_kernel_stack_t *update_kernel_stack;
	vmi_allocate_page_t *allocate_page;
	vmi_release_page_t *release_page;
	vmi_flush_tlb_t *flush_tlb;
	vmi_set_linear_mapping_t *set_linear_mapping;
} vmi_ops __ro_after_init;

unsigned int vmi_kernel_rpl __ro_after_init;

static struct vmi_rom_header *vmi_rom __initdata;
static struct vmi_relocation vmi_relocations[VMI_CALLS] __ro_after_init;
static unsigned int vmi_sites_patched __ro_after_init;
static bool vmi_active __ro_after_init;
static bool vmi_disabled __initdata;

extern const struct vmi_site __vmi_sites[], __vmi_sites_end[];

static int __init vmi_setup(char *arg)
{
	if (!arg || strcmp(arg, "off"))
		return -EINVAL;
	vmi_disabled = true;
	return 0;
}
early_param("vmi", vmi_setup);

/* ---- finding the ROM ---- */

static const void *__init vmi_rom_at(const struct vmi_rom_header *rom, u16 offset)
{
	return (const u8 *)rom + offset;
}

static const char *__init vmi_rom_string(const struct vmi_rom_header *rom, u16 offset)
{
	return offset ? vmi_rom_at(rom, offset) : "(unnamed)";
}

/* The ROM becomes part of the kernel, so it must carry the kernel's licence. */
static bool __init vmi_license_ok(const struct vmi_rom_header *rom)
{
	const char *license = rom->license_offset ?
			      vmi_rom_string(rom, rom->license_offset) : "unspecified";

	if (!strcmp(license, "GPL") || !strcmp(license, "GPL v2"))
		return true;
	pr_warn("Non GPL license `%.32s' found for ROM. Not used.\n", license);
	return false;
}

static bool __init vmi_rom_usable(const struct vmi_rom_header *rom)
{
	if (rom->rom_signature != VMI_ROM_SIGNATURE || rom->vmi_signature != VMI_SIGNATURE)
		return false;
	if (rom->api_major != VMI_API_MAJOR) {
		pr_warn("Found mismatched rom version %d.%d\n", rom->api_major, rom->api_minor);
		return false;
	}
	return rom->pci_offset && vmi_license_ok(rom);
}

static void __init vmi_print_banner(const struct vmi_rom_header *rom)
{
	const struct vmi_pci_header *pci = vmi_rom_at(rom, rom->pci_offset);
	const struct vmi_pnp_header *pnp = vmi_rom_at(rom, rom->pnp_offset);
	bool named = rom->pnp_offset && !memcmp(pnp->signature, "$PnP", 4);

	if (pci->vendor != VMI_PCI_VENDOR || pci->device != VMI_PCI_DEVICE)
		pr_warn("ROM from unknown manufacturer %04x:%04x\n", pci->vendor, pci->device);
	pr_warn("Found %s %s, API version %d.%d, ROM version %d.%d\n",
		named ? vmi_rom_string(rom, pnp->manufacturer_offset) : "(unnamed)",
		named ? vmi_rom_string(rom, pnp->product_offset) : "(unnamed)",
		rom->api_major, rom->api_minor, pci->rom_major, pci->rom_minor);
}

void __init vmi_probe(void)
{
	unsigned long base;

	for (base = VMI_ROM_FIRST; base < VMI_ROM_END && !vmi_rom; base += VMI_ROM_STEP) {
		struct vmi_rom_header *rom = phys_to_virt(base);

		if (vmi_rom_usable(rom))
			vmi_rom = rom;
	}
	if (!vmi_rom)
		return;
	vmi_print_banner(vmi_rom);
	if (vmi_rom->virtual_top)
		reserve_top_address(-vmi_rom->virtual_top);
}

/* ---- patching ---- */

static void vmi_patch_site(const struct vmi_site *site)
{
	const struct vmi_relocation *relocation = &vmi_relocations[site->call];
	u8 *insn = (u8 *)site + site->offset;
	s32 displacement = relocation->target - (u32)(insn + VMI_SITE_SIZE);

	switch (relocation->type) {
	case VMI_RELOCATION_CALL_REL:
	case VMI_RELOCATION_JUMP_REL:
		insn[0] = relocation->type == VMI_RELOCATION_CALL_REL ? 0xe8 : 0xe9;
		memcpy(insn + 1, &displacement, sizeof(displacement));
		memset(insn + VMI_SITE_SIZE, 0x90, site->size - VMI_SITE_SIZE);
		break;
	case VMI_RELOCATION_NOP:
		memset(insn, 0x90, site->size);
		break;
	default:
		return;
	}
	vmi_sites_patched++;
}

/*
 * For the kernel at activation, for a module before any of it has run.  Plain stores are enough:
 * the text is still writable, and nobody executes it.
 */
void vmi_patch_sites(const struct vmi_site *start, const struct vmi_site *end)
{
	const struct vmi_site *site;

	if (!vmi_active)
		return;
	for (site = start; site < end; site++)
		vmi_patch_site(site);
	sync_core();
}

/* ---- entering the hypervisor ---- */

/* What JUMP means for a call that returns, and NOP for one that has a result, nobody defined. */
static bool __init vmi_answer_valid(u32 call, u8 type)
{
	switch (type) {
	case VMI_RELOCATION_CALL_REL:
		return true;
	case VMI_RELOCATION_JUMP_REL:
		return call == VMI_CALL_IRET || call == VMI_CALL_SYSEXIT;
	case VMI_RELOCATION_NOP:
		return call == VMI_CALL_WBINVD || call == VMI_CALL_IODelay;
	default:
		return false;
	}
}

static void __init vmi_query_relocations(void)
{
	vmi_get_relocation_t *get_relocation = (void *)vmi_rom->get_relocation;
	u32 call;

	for (call = 0; call < VMI_CALLS; call++) {
		u64 answer = get_relocation(call);
		u8 type = answer >> 32;

		if (!vmi_answer_valid(call, type))
			continue;
		vmi_relocations[call].type = type;
		vmi_relocations[call].target = answer;
	}
}

void *__init vmi_function(u32 call)
{
	if (vmi_relocations[call].type != VMI_RELOCATION_CALL_REL)
		return NULL;
	return (void *)vmi_relocations[call].target;
}

static void __init vmi_fill_ops(void)
{
	vmi_ops.write_gdt_entry = vmi_function(VMI_CALL_WriteGDTEntry);
	vmi_ops.write_ldt_entry = vmi_function(VMI_CALL_WriteLDTEntry);
	vmi_ops.write_idt_entry = vmi_function(VMI_CALL_WriteIDTEntry);
	vmi_ops.update_kernel_stack = vmi_function(VMI_CALL_UpdateKernelStack);
	vmi_ops.allocate_page = vmi_function(VMI_CALL_AllocatePage);
	vmi_ops.release_page = vmi_function(VMI_CALL_ReleasePage);
	vmi_ops.flush_tlb = vmi_function(VMI_CALL_FlushTLB);
	vmi_ops.set_linear_mapping = vmi_function(VMI_CALL_SetLinearMapping);
}

/* Outside ring 0 these instructions do the wrong thing without trapping. */
static const u8 vmi_required_calls[] __initconst = {
	VMI_CALL_EnableInterrupts, VMI_CALL_DisableInterrupts, VMI_CALL_GetInterruptMask,
	VMI_CALL_IRET,
};

static void __init vmi_check_required_calls(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(vmi_required_calls); i++) {
		u8 call = vmi_required_calls[i];

		if (vmi_relocations[call].type == VMI_RELOCATION_NONE)
			panic("VMI: the ROM does not offer call %d, which must not stay native", call);
	}
}

/*
 * Features that were found natively but are of no use or harmful outside ring 0.  A hypervisor
 * should hide them, but the first look at CPUID may have been at the CPU's own.
 */
static void __init vmi_clear_features(void)
{
	setup_clear_cpu_cap(X86_FEATURE_MWAIT);
	setup_clear_cpu_cap(X86_FEATURE_SMEP);
	setup_clear_cpu_cap(X86_FEATURE_SMAP);
	setup_clear_cpu_cap(X86_FEATURE_UMIP);
	setup_clear_cpu_cap(X86_FEATURE_INVPCID);
	setup_clear_cpu_cap(X86_FEATURE_XSAVE);
	if (vmi_relocations[VMI_CALL_SYSEXIT].type == VMI_RELOCATION_NONE)
		setup_clear_cpu_cap(X86_FEATURE_SEP);
}

/* ---- activation ---- */

void __init vmi_activate(void)
{
	vmi_init_t *init;
	u32 error;
	u16 cs;

	if (!vmi_rom)
		return;
	if (vmi_disabled) {
		pr_info("disabled on the command line\n");
		return;
	}
	init = (void *)vmi_rom->init;
	error = init();
	if (error) {
		pr_err("VMI_Init failed with %u, staying native\n", error);
		return;
	}

	/* No use of the interrupt flag from here ... */
	asm volatile("mov %%cs, %0" : "=rm" (cs));
	vmi_kernel_rpl = cs & SEGMENT_RPL_MASK;
	vmi_query_relocations();
	vmi_fill_ops();
	vmi_active = true;
	vmi_patch_sites(__vmi_sites, __vmi_sites_end);
	/* ... to here. */

	vmi_check_required_calls();
	if (vmi_ops.set_linear_mapping)
		vmi_ops.set_linear_mapping(0, PAGE_OFFSET, MAXMEM >> PAGE_SHIFT, 0);
	if (vmi_relocations[VMI_CALL_IODelay].type == VMI_RELOCATION_NOP)
		io_delay_type = IO_DELAY_TYPE_NONE;
	vmi_clear_features();
	vmi_clock_init();
	pr_info("kernel runs in ring %u, %u of %u call sites use the ROM\n", vmi_kernel_rpl,
		vmi_sites_patched, (unsigned int)(__vmi_sites_end - __vmi_sites));
}

/* ---- descriptors ---- */

static bool vmi_write_entry(vmi_write_entry_t *write, void *table, int entry, const void *desc)
{
	const u32 *words = desc;

	if (!write)
		return false;
	write(table, entry, words[0], words[1]);
	return true;
}

bool vmi_write_gdt_entry(void *table, int entry, const void *desc)
{
	return vmi_write_entry(vmi_ops.write_gdt_entry, table, entry, desc);
}
EXPORT_SYMBOL_GPL(vmi_write_gdt_entry);

bool vmi_write_ldt_entry(void *table, int entry, const void *desc)
{
	return vmi_write_entry(vmi_ops.write_ldt_entry, table, entry, desc);
}

bool vmi_write_idt_entry(void *table, int entry, const void *desc)
{
	return vmi_write_entry(vmi_ops.write_idt_entry, table, entry, desc);
}

/* Each write is a hypercall, and most switches change nothing: most threads use one entry or none. */
bool vmi_load_tls(struct thread_struct *t, unsigned int cpu)
{
	struct desc_struct *tls = get_cpu_gdt_rw(cpu) + GDT_ENTRY_TLS_MIN;
	int i;

	if (!vmi_ops.write_gdt_entry)
		return false;
	for (i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++)
		if (memcmp(&tls[i], &t->tls_array[i], sizeof(tls[i])))
			vmi_write_gdt_entry(tls - GDT_ENTRY_TLS_MIN, GDT_ENTRY_TLS_MIN + i,
					    &t->tls_array[i]);
	return true;
}

/* The caller has stored sp0 in the TSS. */
void vmi_update_kernel_stack(unsigned long sp0)
{
	if (vmi_ops.update_kernel_stack)
		vmi_ops.update_kernel_stack(__KERNEL_DS, sp0);
}

/* ---- memory ---- */

/* Where the kernel maps pages NX, those of the ROM must not be: sites call into it. */
bool vmi_is_rom(unsigned long addr)
{
	return vmi_active && addr >= PAGE_OFFSET + VMI_ROM_FIRST && addr < PAGE_OFFSET + VMI_ROM_END;
}

/* Called from VMI_SITE_LONG(), with the call's registers: EDX:EAX and ECX, which C may destroy. */
void vmi_native_set_64bit(u64 value, u64 *entry)
{
	set_64bit(entry, value);
}
EXPORT_SYMBOL_GPL(vmi_native_set_64bit);

bool vmi_flush_tlb_global(void)
{
	if (!vmi_ops.flush_tlb)
		return false;
	vmi_ops.flush_tlb(VMI_FLUSH_TLB | VMI_FLUSH_GLOBAL);
	return true;
}

void vmi_allocate_page(unsigned long pfn, u32 flags, unsigned long clone_pfn, u32 start, u32 count)
{
	if (vmi_ops.allocate_page)
		vmi_ops.allocate_page(pfn, flags, clone_pfn, start, count);
}

void vmi_release_page(unsigned long pfn, u32 flags)
{
	if (vmi_ops.release_page)
		vmi_ops.release_page(pfn, flags);
}
