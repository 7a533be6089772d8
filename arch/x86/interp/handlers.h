/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The functions that execute instructions, one per operation or family, as handlers.def lists them.
 * Each is called with EIP behind the instruction and returns EMUL_DONE or a fault.
 */
#ifndef ARCH_X86_INTERP_HANDLERS_H
#define ARCH_X86_INTERP_HANDLERS_H

#include "arch/x86/interp/interp_priv.h"

#define HANDLER(op, name, feature, properties)                                                     \
	enum emul_result exec_##name(struct interp *ip, const struct x86_insn *insn);
#include "arch/x86/interp/handlers.def"
#undef HANDLER

/* Every x87, MMX and SSE operation that is not listed. */
enum emul_result exec_fpu(struct interp *ip, const struct x86_insn *insn);

/* Properties. */
#define COMPLEX 1   /* may fault after it changed registers: interp_step takes all of them back */
#define OWN_CHECK 2 /* INSN_PRIVILEGED, but the handler itself checks privilege */

struct handler {
	handler_fn *fn; /* NULL: exec_fpu, or nothing at all */
	u8 feature;     /* enum feature; without it the operation is #UD */
	u8 properties;
};
extern const struct handler interp_handlers[OP_COUNT];

#endif
