/* SPDX-License-Identifier: GPL-2.0 */
/* Where the pieces of cpu-faults find memory, and what is special about one.  Also for assembly. */
#ifndef TESTS_GUESTS_CPU_FAULTS_PLACES_H
#define TESTS_GUESTS_CPU_FAULTS_PLACES_H

#define PAGE 0x1000
#define STACK 0x700000
#define BAD 0xa01000 /* an absent page between two good ones */
#define READ_ONLY 0xa04000 /* the page before it is writable */
#define GOOD 0xa08000
#define EBP_START 0x600500

#define ESP_SAME 1 /* no value of ESP */
#define ECX_SAME -1

#define BAD_STACK 1 /* in ring 0 this is a double fault */
#define FETCH 2	    /* EIP is the place that could not be fetched */
#define ANY_FLAGS 4
#define ANY_EAX 8
#define DOWN 16 /* with DF */
#define BOUNDS 32
#define SHORT_IDT 64
#define NOT_TCG 128 /* TCG reports the fault otherwise */

#endif
