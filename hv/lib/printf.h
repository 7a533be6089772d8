/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Formatted text without a C library.  Supported: %d %i %u %x %X %o %c %s %p %% with the flags
 * '-', '0', '#', '+', ' ', a width, a precision (numbers or '*'), and the lengths hh h l ll z.
 * Floating point is absent: the FPU belongs to the guest.  hv_* names, because host tests also
 * link the C library's printf and compare the two.
 */
#ifndef HV_LIB_PRINTF_H
#define HV_LIB_PRINTF_H

#include <stdarg.h>
#include "hv/lib/types.h"

/* Write at most @size bytes to @to, always NUL-terminated when size > 0.
 * Returns the length the whole text would have had, as C11's snprintf does. */
int hv_snprintf(char *to, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
int hv_vsnprintf(char *to, size_t size, const char *format, va_list args);

#endif
