/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the user asks for: romulus.conf, a boot module that describes the VMs.  docs/config.md is
 * the user's manual.
 *
 * The text comes from a disk and may be anything: it is not NUL-terminated, and every length is
 * checked.  Each mistake is reported in one line that says where it is, what was found and what was
 * expected.  A VM with a mistake is dropped; the others stay.
 */
#ifndef HV_VM_CONFIG_H
#define HV_VM_CONFIG_H

#include "hv/vm/config_knobs.h"

#define CONFIG_FILE "romulus.conf" /* the module's name */
#define CONFIG_MAX_VMS 16
#define CONFIG_NAME_MAX 31 /* VM names, in characters */
#define CONFIG_MODULE_MAX 63
#define CONFIG_APPEND_MAX 2047
#define CONFIG_MODULES_MAX 16	   /* modules of a Multiboot kernel */
#define CONFIG_MODULES_BYTES 4096u /* their names and arguments together, a NUL behind each */
#define CONFIG_MEMORY_MIN (4ull * MIB)
#define CONFIG_MEMORY_MAX (3072ull * MIB) /* above: the PC's space for devices */
#define CONFIG_MEMORY_DEFAULT (128ull * MIB)
#define CONFIG_MAX_REPORTED 20 /* mistakes reported in full; more are only counted */

enum vm_console { VM_CONSOLE_TERMINAL, VM_CONSOLE_NONE };
enum vm_debug { VM_DEBUG_NONE, VM_DEBUG_LOG, VM_DEBUG_PROFILE };
enum vm_on_reset { VM_ON_RESET_RESET, VM_ON_RESET_STOP };

struct vm_config {
	char name[CONFIG_NAME_MAX + 1];
	char kernel[CONFIG_MODULE_MAX + 1]; /* name of a boot module */
	char initrd[CONFIG_MODULE_MAX + 1]; /* the same; empty for none */
	char append[CONFIG_APPEND_MAX + 1]; /* the kernel's command line */
	/* Multiboot kernels: "MODULE arguments", one behind the other. */
	char modules[CONFIG_MODULES_BYTES + 1]; /* the last byte stays free */
	u32 module_count;
	u32 modules_bytes;
	u32 multiboot;			    /* 1: @kernel is loaded by Multiboot */
	u64 memory_bytes;		    /* page-aligned */
	u32 vmi;			    /* 1: the guest finds the VMI ROM */
	u32 apic;			    /* 1: the guest has a local APIC and an I/O APIC */
	u32 console;			    /* enum vm_console */
	u32 on_reset;			    /* enum vm_on_reset */
	u32 debug;			    /* enum vm_debug */
	struct vm_knobs knobs;		    /* for tests of the translator */
	u32 line;			    /* where its block begins, for later messages */
};

/* 110 KB: not for the stack. */
struct config {
	struct vm_config vm[CONFIG_MAX_VMS];
	u32 vm_count;
	u32 error_count; /* all of them logged, up to CONFIG_MAX_REPORTED */
};

/* Parse @size bytes of @text into @out, which needs no preparation.  Every mistake is logged.  A
 * text without any VM in it is a mistake too. */
void config_parse(const char *text, size_t size, struct config *out);

#endif
