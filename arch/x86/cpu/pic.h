/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The real pair of 8259 interrupt controllers, edge-triggered lines 0-15 at VECTOR_PIC_BASE.  Every
 * line is masked until somebody registers a handler (irq_register in trap.h).  [i8259A]
 */
#ifndef ARCH_X86_CPU_PIC_H
#define ARCH_X86_CPU_PIC_H

#include "hv/lib/types.h"

#define PIC_LINES 16

void pic_init(void);
void pic_unmask(u32 line);
void pic_mask(u32 line);
/* End of interrupt for @line, given before its handler runs (the lines are edge-triggered and
 * interrupts are masked).  False if the interrupt was a spurious one. */
bool pic_acknowledge(u32 line);

#endif
