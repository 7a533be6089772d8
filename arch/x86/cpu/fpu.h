/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The real FPU, which belongs to guests: the hypervisor itself is compiled not to use it.
 * arch_fpu_execute (hv/arch.h) is implemented here.
 */
#ifndef ARCH_X86_CPU_FPU_H
#define ARCH_X86_CPU_FPU_H

/* Set CR0 and CR4 for the use of x87 and SSE; make the page that instructions are executed from.
 * Needs map_alias. */
void fpu_init(void);
/* Load and store a guest's whole state: FXSAVE layout where the CPU has FXSR, else FSAVE layout.
 * @image: 512 bytes, 16-byte-aligned.  CR0.TS and EM must be clear.  A state that the CPU refuses
 * (reserved MXCSR bits) is not loaded. */
void fpu_load(const void *image);
void fpu_save(void *image);

#endif
