/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of vmi-bad-calls. */
#ifndef TESTS_BAD_CALLS_H
#define TESTS_BAD_CALLS_H

#include "tests/lib/vmi.h"

/* Pages that are mapped to nothing, to where no memory is, and beyond the guest's RAM. */
#define UNMAPPED 0xa01000u
#define MMIO 0xa03000u
#define BEYOND 0xa05000u

/* Do what a word of the command line says, if there is one; then it does not return. */
void try_something_deadly(void);

#endif
