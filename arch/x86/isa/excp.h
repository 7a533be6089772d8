/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exceptions as the architecture numbers them, and the record of one that waits to be delivered to
 * a guest.  [SDM3A 6.3, 6.15]
 */
#ifndef ARCH_X86_ISA_EXCP_H
#define ARCH_X86_ISA_EXCP_H

#include "hv/lib/types.h"

enum x86_exception {
	EXCP_DE = 0,
	EXCP_DB = 1,
	EXCP_NMI = 2,
	EXCP_BP = 3,
	EXCP_OF = 4,
	EXCP_BR = 5,
	EXCP_UD = 6,
	EXCP_NM = 7,
	EXCP_DF = 8,
	EXCP_TS = 10,
	EXCP_NP = 11,
	EXCP_SS = 12,
	EXCP_GP = 13,
	EXCP_PF = 14,
	EXCP_MF = 16,
	EXCP_AC = 17,
	EXCP_MC = 18,
	EXCP_XM = 19,
};

/* Error code bits: selector errors, then page faults. */
#define ERROR_EXT BIT(0)
#define ERROR_IDT BIT(1)
#define ERROR_TI BIT(2)
#define PF_P BIT(0)
#define PF_W BIT(1)
#define PF_U BIT(2)
#define PF_RSVD BIT(3)
#define PF_I BIT(4)

struct x86_fault {
	u8 vector; /* enum x86_exception */
	bool has_error;
	bool is_trap; /* reported after the instruction: EIP already points behind it */
	u32 error;
	u32 cr2; /* page faults: the faulting linear address; CR2 is set on delivery */
	u32 dr6; /* debug exceptions: bits to set in DR6 on delivery */
};

/* What became of an attempt to do the guest's work. */
enum emul_result {
	EMUL_DONE,
	EMUL_FAULT,     /* cpu->fault says which exception; registers as before the instruction */
	EMUL_UNHANDLED, /* ours: something we lack; the caller stops the VM with the bytes */
};

#endif
