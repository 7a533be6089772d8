/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files that deal with the FPU; private to the interpreter.
 */
#ifndef ARCH_X86_INTERP_FPU_H
#define ARCH_X86_INTERP_FPU_H

#include "arch/x86/interp/interp_priv.h"

/* Offsets in the FXSAVE image. */
#define FPU_FCW 0
#define FPU_FSW 2
#define FPU_TAGS 4
#define FPU_FOP 6
#define FPU_FIP 8
#define FPU_FCS 12
#define FPU_FDP 16
#define FPU_FDS 20
#define FPU_MXCSR 24
#define FPU_MXCSR_MASK 28
#define FPU_ST0 32
#define FPU_XMM0 160

/* May the guest use the x87 / MMX / SSE now?  #NM, #UD by CR0 and CR4 otherwise. */
enum emul_result fpu_check_x87(struct interp *ip);
enum emul_result fpu_check_mmx(struct interp *ip);
enum emul_result fpu_check_sse(struct interp *ip);
/* Control, status, tags and pointers as FNINIT leaves them; data registers stay. */
void fpu_env_reset(struct interp *ip);

#endif
