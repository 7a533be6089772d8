/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The real FPU, which belongs to guests: the hypervisor itself is compiled not to use it.
 * arch_fpu_execute (hv/arch.h) is implemented here.
 */
#ifndef ARCH_X86_CPU_HOST_FPU_H
#define ARCH_X86_CPU_HOST_FPU_H

/* Set CR0 and CR4 for the use of x87 and SSE; make the page that instructions are executed from.
 * Needs map_alias. */
void host_fpu_init(void);
/*
 * One image at a time is loaded, and stays so until another is wanted: switching between a guest
 * and the interpreter costs nothing.  @image: 512 bytes, 16-byte-aligned; FXSAVE layout where the
 * CPU has FXSR, else FSAVE layout.  While it is owned, its memory is stale.
 */
/* The registers hold @image from now on; the image they held before is saved first. */
void fpu_own(void *image);
/* @image is about to be gone, or set anew by others: if the registers hold it, they do no more. */
void fpu_forget(const void *image);
/* Load and store without ownership; CR0.TS and EM must be clear.  A state that the CPU refuses
 * (reserved MXCSR bits) is not loaded. */
void host_fpu_load(const void *image);
void host_fpu_save(void *image);

#endif
