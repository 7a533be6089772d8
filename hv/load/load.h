/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Putting a kernel into a guest's memory and the vcpu at its entry point, as a boot loader would.
 * Kernels are boot modules: a Linux bzImage (bzimage.h) or an ELF executable for the 386, Linux's
 * vmlinux among them (elf.h); these are entered as Linux's 32-bit boot protocol says [Linux
 * Documentation/x86/boot.rst]: protected mode without paging, flat segments 10h (code) and 18h
 * (data) from a GDT in guest memory, interrupts off, ESI at the "zero page" with command line,
 * initrd and memory map.  Kernels that the configuration calls multiboot: multiboot.h.
 *
 * Images come from a disk: every number in them is checked before it is used, in 64 bits.  A
 * refusal is one logged line that names the VM, the file, what was found and what was expected.
 *
 * In two steps, so that nothing is written before everything was checked: a format's *_parse()
 * fills struct kernel_image, its *_place() cannot fail.
 */
#ifndef HV_LOAD_LOAD_H
#define HV_LOAD_LOAD_H

#include "hv/core/gmem.h"

struct vm_config;
struct x86_cpu;

/* A file that the host's boot loader put into memory; all of it stays the caller's. */
struct module {
	const char *name;
	const u8 *data;
	size_t size;
};

struct load_request {
	struct gmem *gmem;		/* with its memory added (load_add_memory) */
	const struct vm_config *config; /* memory_bytes must match gmem */
	const struct module *modules;
	u32 module_count;
	u32 com_ports; /* how many serial ports the guest has */
	bool quiet;    /* a good load is not logged */
	gpa_t rsdp;    /* the ACPI root pointer; 0 if the guest has no ACPI */
};

/* Prepare the guest's memory and set @cpu to the kernel's entry.  May be repeated on used memory:
 * that is a reset.  0; -ENOENT (no such module), -ENOEXEC (not a kernel we can load), -ENOSPC (does
 * not fit): logged, memory and @cpu unchanged. */
int load_kernel(const struct load_request *request, struct x86_cpu *cpu);

/* Back the guest's memory (bios_add_memory) as @config says, if the host's @free_bytes suffice.
 * 0; -ENOMEM, -EEXIST: logged; destroy the map then. */
int load_add_memory(struct gmem *gmem, const struct vm_config *config, u64 free_bytes);

/* The module called @name, or NULL. */
const struct module *module_find(const struct module *modules, u32 count, const char *name);

/* ---- between load.c and the formats ------------------------------------------------------- */

/* Whom a message is about, and the room there is. */
struct load_place {
	const char *vm;
	const struct module *kernel;
	u32 memory_end; /* end of RAM; RAM begins at BIOS_HIGH for our purposes */
	bool anywhere;	/* ELF: it will be moved, its own addresses need not be in RAM */
};

/* A kernel found good. */
struct kernel_image {
	u32 entry;	  /* guest-physical */
	u32 start;	  /* ELF: the lowest address that is loaded */
	u32 end;	  /* end of what it needs until it manages its memory */
	u32 initrd_end;	  /* an initrd must lie below */
	u32 command_max;  /* longest command line, without its NUL */
	u32 load_address; /* bzImage: of the protected-mode part */
	u32 setup_bytes;  /* bzImage: size of the real-mode part in front of it; 0: ELF */
	u32 image_bytes;  /* bzImage: size of the protected-mode part */
};

/* Log "vm 'V': kernel 'K' ..." and give -@error. */
int load_refuse(const struct load_place *place, int error, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* Zero guest RAM [start, end). */
void load_zero(struct gmem *gmem, u32 start, u32 end);

/* Copy @size bytes to guest RAM, which must be there. */
void load_put(struct gmem *gmem, u32 address, const void *bytes, size_t size);

/* Log that the boot loader gave no module @name, which the configuration wants for @role; gives
 * -ENOENT. */
int load_no_module(const struct load_request *request, const char *role, const char *name);

/* Put the GDT at BIOS_BOOT_GDT and set @cpu to @entry: protected mode without paging, flat segments
 * 10h and 18h, interrupts off, a small stack, all other registers 0. */
void load_enter(struct gmem *gmem, struct x86_cpu *cpu, u32 entry);

#endif
