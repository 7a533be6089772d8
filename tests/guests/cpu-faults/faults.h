/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of cpu-faults share. */
#ifndef TESTS_GUESTS_CPU_FAULTS_FAULTS_H
#define TESTS_GUESTS_CPU_FAULTS_FAULTS_H

#include "tests/guests/cpu-faults/places.h"
#include "tests/lib/guest.h"

#define IF 0x200u
#define RF 0x10000u

/* pieces.S */
struct fault_case {
	const char *text;
	u32 code, at, vector, error, cr2, esp, esp_after, eip, ecx, esi, edi, ebp;
	u32 ecx_after, esi_after, edi_after, special;
};
extern const struct fault_case fault_cases[], fault_cases_end[];

void delivery_tests(void); /* delivery.c */
NORETURN void triple_fault(void);

#endif
