/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ASSERT states what only a bug of ours can break.  It is kept in release builds and ends in a
 * panic with registers and trace.  Never assert on a value that a guest, a disk, a wire or a
 * configuration file can choose.
 */
#ifndef HV_LIB_ASSERT_H
#define HV_LIB_ASSERT_H

#include "hv/lib/types.h"

/* Provided by hv/core/panic.c (tests: tests/fake).  Does not return. */
NORETURN void assert_failed(const char *expression, const char *file, int line);

#define ASSERT(expression)                                                                         \
	do {                                                                                       \
		if (__builtin_expect(!(expression), 0))                                            \
			assert_failed(#expression, __FILE__, __LINE__);                            \
	} while (0)

#endif
