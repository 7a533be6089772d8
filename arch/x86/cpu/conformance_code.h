/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers that conformance.c and the code it sends to outer rings agree on: linear addresses of the
 * probe's pages (in a gate slot, gone after the probe) and its selectors (in the last page of the
 * GDT, likewise).
 */
#ifndef ARCH_X86_CPU_CONFORMANCE_CODE_H
#define ARCH_X86_CPU_CONFORMANCE_CODE_H

#define PROBE_BASE 0xf0000000
#define PROBE_CODE (PROBE_BASE + 0x0000)       /* user, read/execute */
#define PROBE_DATA (PROBE_BASE + 0x1000)       /* user, read/write */
#define PROBE_SUPERVISOR (PROBE_BASE + 0x2000) /* supervisor, read/write */
#define PROBE_READ_ONLY (PROBE_BASE + 0x3000)  /* supervisor, read */
#define PROBE_NX (PROBE_BASE + 0x4000)	       /* user, read, no execute where there is NX */
#define PROBE_RESERVED (PROBE_BASE + 0x5000)   /* user, with a reserved bit set */
#define PROBE_SWITCHED (PROBE_BASE + 0x6000)   /* shows one of two frames */
#define PROBE_PAGES 7
#define PROBE_STACK (PROBE_DATA + 0xf00)

#define PROBE_CS3 0xf003 /* flat, ring 3 */
#define PROBE_DS3 0xf00b
#define PROBE_CS1 0xf011 /* flat, ring 1 */
#define PROBE_DS1 0xf019
#define PROBE_SMALL 0xf023	/* data at PROBE_DATA, 16 bytes, ring 3 */
#define PROBE_CONSTANT 0xf02b	/* flat, read-only, ring 3 */
#define PROBE_SHORT_CODE 0xf033 /* code at PROBE_CODE, PROBE_SHORT_SIZE bytes, ring 3 */
#define PROBE_SELECTORS_END 0xf038
#define PROBE_SHORT_SIZE 32

#endif
